"""What a picture is: a figure with its description, still or moving, as notebooks, paper and screen readers get it."""

import base64
import functools
import hashlib
import inspect
import io
import json
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
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
        if not solution_runs():  # a solution is read on pages that may show no HTML
            data["text/html"] = self.html()
        return data, {"image/png": {"alt": self.alt, "width": width, "height": height}}

    def __repr__(self) -> str:
        return f"[picture] {self.alt}"


class Animation(Picture):
    """
    A picture that moves, with four of its frames as a still picture for paper, GitHub and screen readers.

    draw: draw(axes, number) adds what is seen in a frame, and sets the title.
    background: draws what lies below in every frame, the labels, and the legend.  figsize: of one frame, in inches.
    """

    def __init__(
        self,
        draw: Callable[[Axes, int], None],
        frames: int,
        alt: str,
        background: Callable[[Axes], None] = lambda ax: None,
        figsize: tuple[float, float] = (4.6, 3.6),
        fps: float = 6,
    ):
        self.draw, self.frames, self.background, self.figsize, self.fps = draw, frames, background, figsize, fps
        stills = Figure(figsize=(10.8, 10.8 / 4 * figsize[1] / figsize[0] + 0.3))
        for ax, frame in zip(stills.subplots(1, 4), still_frames(frames), strict=True):
            background(ax)
            draw(ax, frame)
            ax.set_ylabel(ax.get_ylabel() if ax is stills.axes[0] else "")
        stills.tight_layout()
        super().__init__(stills, alt)

    def html(self) -> str:
        """The stills as an image, and a script that puts a player in their place: play, pause, and a slider; no network."""
        images = self._frames()
        name = "animation-" + hashlib.sha256("".join(images).encode()).hexdigest()[:12]
        settings = json.dumps({"name": name, "frames": images, "pause": round(1000 / self.fps)})
        return f'<div id="{name}">{super().html()}</div>\n<script>({_PLAYER})({settings})</script>'

    def _frames(self) -> list[str]:
        """The frames as WebP: what stays is drawn once, with the margins of the last frame, and what moves goes on top of it."""
        figure = Figure(figsize=self.figsize, dpi=100, facecolor="white")
        canvas, ax = FigureCanvasAgg(figure), figure.subplots()
        self.background(ax)
        below = ax.get_children()

        def moving() -> list[Artist]:
            return sorted((artist for artist in ax.get_children() if artist not in below), key=Artist.get_zorder)

        def clear() -> None:
            for artist in moving():
                artist.remove()
            ax.set_title("")

        self.draw(ax, self.frames - 1)
        figure.tight_layout()
        clear()
        canvas.draw()
        what_stays = canvas.copy_from_bbox(figure.bbox)
        images = []
        for frame in range(self.frames):
            canvas.restore_region(what_stays)
            self.draw(ax, frame)
            for artist in (*moving(), *ax.spines.values(), ax.title):
                ax.draw_artist(artist)
            small = io.BytesIO()
            Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(small, format="webp", quality=80, method=2)
            images.append(base64.b64encode(small.getvalue()).decode())
            clear()
        return images

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_()
        return data | {"text/html": self.html()}, metadata


def still_frames(frames: int) -> list[int]:
    """The four frames of an animation that stand for all: the first, the last, and two between."""
    return [round(i * (frames - 1) / 3) for i in range(4)]


def picture(draw: Callable[..., Any]) -> Callable[..., Picture]:
    """
    Make a picture of the figure and the description that `draw` returns, or of the Animation.

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


_PLAYER = """function (settings) {
  const box = document.getElementById(settings.name), image = box.querySelector("img");
  const play = document.createElement("button"), slider = document.createElement("input"), bar = document.createElement("div");
  const last = settings.frames.length - 1;
  let timer = null;
  slider.type = "range"; slider.min = 0; slider.max = last; slider.setAttribute("aria-label", "frame");
  play.style.minWidth = "5em"; slider.style.width = "320px"; slider.style.verticalAlign = "middle";
  const show = i => { slider.value = i; image.src = "data:image/webp;base64," + settings.frames[i]; };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "\\u25b6 play"; };
  const next = () => { if (+slider.value < last) show(+slider.value + 1); else stop(); };
  const start = () => {
    if (+slider.value === last) show(0);
    timer = setInterval(next, settings.pause); play.textContent = "\\u23f8 pause";
  };
  play.onclick = () => timer === null ? start() : stop();
  slider.oninput = () => { stop(); show(+slider.value); };
  bar.append(play, " ", slider); box.append(bar);
  show(0); stop();
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) start();
}"""
