"""
How answers are checked.

A lab's table of exercises (utils/exercises) is made of what stands here. The verbs of a student hand an answer to `judge`.
"""

from utils.checking.edits import edited, edits_of, findings_of
from utils.checking.exercise import FINE, Exercise, Finding, Mistake, Part, choice, value
from utils.checking.judging import CHANGED_INPUT, Outcome, Verdict, draw, judge

__all__ = [
    "CHANGED_INPUT",
    "FINE",
    "Exercise",
    "Finding",
    "Mistake",
    "Outcome",
    "Part",
    "Verdict",
    "choice",
    "draw",
    "edited",
    "edits_of",
    "findings_of",
    "judge",
    "value",
]
