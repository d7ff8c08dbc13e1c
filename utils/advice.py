"""Sentences for the student, shown in a notebook without a traceback."""


class Advice(Exception):
    """Something to tell the student. Notebooks show the sentence alone: no frames, no file names."""

    def _render_traceback_(self) -> list[str]:
        """What IPython, from 7.34 to the newest, shows in place of a traceback."""
        return str(self).splitlines()
