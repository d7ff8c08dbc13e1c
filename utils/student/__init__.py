"""The verbs of a student, and what is kept of their progress."""
