"""Sentences for the student, shown in a notebook without a traceback."""

import textwrap

WIDTH = 76  # what a notebook shows of a line in a window of 800 pixels


class Advice(Exception):
    """Something to tell the student. Notebooks show the sentence alone: no frames, no file names."""

    def _render_traceback_(self) -> list[str]:
        """What IPython, from 7.34 to the newest, shows in place of a traceback."""
        return wrapped(str(self)).splitlines()


def wrapped(text: str) -> str:
    """The text in lines that a notebook shows whole: it breaks longer ones in the middle of a word."""
    return "\n".join(textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in text.splitlines())


def say(text: str) -> None:
    """Print a sentence for the student."""
    print(wrapped(text))
