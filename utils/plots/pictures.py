"""What a picture is: a figure with its description, still or moving, as notebooks, paper and screen readers get it."""

import base64
import functools
import inspect
import io
from collections.abc import Callable
from html import escape
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

from utils.advice import Advice
from utils.checking import errors
from utils.course import solution_runs

Function = Callable[..., Any]
INCH = 100  # an inch of a figure is this many pixels of the page
RESOLUTIONS = (200, 150, INCH)  # in dots per inch: the first with which a picture stays small is taken
LARGEST = 60_000  # bytes of a picture


class Picture:
    """A figure and its description; a notebook shows the one and keeps the other beside it."""

    is_live = False

    def __init__(self, figure: Figure, alt: str):
        self.figure, self.alt = figure, alt

    def png(self) -> bytes:
        """The picture as PNG in at most 128 colors, a third of the size; the same figure gives the same bytes."""
        return self._png_and_size[0]

    @functools.cached_property
    def _png_and_size(self) -> tuple[bytes, tuple[int, int]]:
        """The PNG in the finest resolution that keeps it small, and how many pixels of the page it takes, across and down."""
        for dpi in RESOLUTIONS:
            image, small = _image(self.figure, dpi), io.BytesIO()
            image.quantize(128).save(small, format="png", optimize=True)
            if small.tell() <= LARGEST:
                break
        return small.getvalue(), tuple(round(pixels * INCH / dpi) for pixels in image.size)

    def html(self) -> str:
        """The picture as an element that carries its description: JupyterLab shows a bare PNG without one."""
        png, (width, _) = self._png_and_size
        still = base64.b64encode(png).decode()
        return f'<img alt="{escape(self.alt)}" src="data:image/png;base64,{still}" width="{width}" style="max-width:100%">'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        png, (width, height) = self._png_and_size
        data = {"image/png": png, "text/plain": repr(self)}
        if self.is_live or not solution_runs():  # a solution is read on pages that may show no HTML
            data["text/html"] = self.html()
        return data, {"image/png": {"alt": self.alt, "width": width, "height": height}}

    def __repr__(self) -> str:
        return f"[picture] {self.alt}"


def picture(draw: Callable[..., Any]) -> Callable[..., Picture]:
    """
    Make a picture of the figure and the description that `draw` returns, or of the Picture.

    Where the student's code is not ready for it, say so in a sentence. What is wrong with the picture or with its call is not
    the student's: that stays the error that it is, and in a solution everything does, since its author wrote all of it.
    """

    @functools.wraps(draw)
    def drawn(*args: Any, **options: Any) -> Picture:
        try:
            made = draw(*args, **options)
            return made if isinstance(made, Picture) else Picture(*made)
        except Advice:
            raise
        except Exception as error:
            if solution_runs():
                raise
            if errors.student_frames(error):
                raise Advice(
                    "This picture is drawn with your own code, which is not ready for it: solve the exercise above first.\n"
                    + errors.describe(error)
                ) from None
            if not _takes(draw, args, options) or not any(map(errors.is_students, [*args, *options.values()])):
                raise
            raise Advice(
                "This picture cannot be drawn with what your code gives: solve the exercise above first. If its check passes, "
                f"please report this to your teacher: {draw.__name__}, {type(error).__name__}: {errors.words(error)}"
            ) from None

    return drawn


def _takes(draw: Callable[..., Any], args: tuple, options: dict[str, Any]) -> bool:
    """Whether a picture is called with the arguments that it has."""
    try:
        inspect.signature(draw).bind(*args, **options)
    except TypeError:
        return False
    return True


def _image(figure: Figure, dpi: int) -> Image.Image:
    full = io.BytesIO()
    figure.savefig(full, format="png", dpi=dpi, bbox_inches="tight", facecolor="white", pil_kwargs={"compress_level": 1})
    return Image.open(full).convert("RGB")
