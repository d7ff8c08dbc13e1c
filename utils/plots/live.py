"""Pictures to play with: sliders, a player, a place to draw. A script in the page does it all, without kernel and network."""

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from utils.plots.pictures import INCH, Picture

SCRIPTS = Path(__file__).parent / "scripts"


class Live(Picture):
    """
    A picture with controls, and a still picture in its place on paper, on GitHub, and where scripts do not run.

    figure, alt: the still.  ground: what the script draws on, in figure.axes[0], [1], …; it shows what never moves.
    scripts: files of `scripts`, the last of which finds `data` as `settings`: numbers, texts, lists and dictionaries of them.
    """

    is_live = True

    def __init__(self, figure: Figure, alt: str, scripts: str, ground: Figure, **data: Any):
        super().__init__(figure, alt)
        self.scripts, self.ground, self.data = ["live", *scripts.split()], ground, data

    def html(self) -> str:
        """The still as an image, and a script that puts the live picture in its place."""
        settings = self.data | {"ground": _ground(self.ground)}
        code = "\n".join((SCRIPTS / f"{name}.js").read_text(encoding="utf-8") for name in self.scripts)
        name = "live-" + hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]
        text = json.dumps(settings | {"name": name}, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        return f'<div id="{name}">{super().html()}</div>\n<script>(function (settings) {{\n{code}}})({text})</script>'


def _ground(figure: Figure) -> dict[str, Any]:
    """A figure as WebP, its size in pixels of the page, and where on it each of its axes lies and what it goes over."""
    figure.set(dpi=2 * INCH, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    small = io.BytesIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(small, format="webp", quality=80, method=2)
    width, height = figure.get_size_inches() * INCH
    places = []
    for ax in figure.axes:
        (left, bottom), (right, top) = ax.get_position().get_points()
        places.append(
            {
                "left": left * width,
                "right": right * width,
                "top": (1 - top) * height,
                "bottom": (1 - bottom) * height,
                "xlim": list(map(float, ax.get_xlim())),
                "ylim": list(map(float, ax.get_ylim())),
            }
        )
    return {"image": base64.b64encode(small.getvalue()).decode(), "width": width, "height": height, "axes": places}


def stills(draw: Callable[[Axes, int], None], frames: int, figsize: tuple[float, float], count: int = 4) -> Figure:
    """Frames of what moves side by side, from the first to the last.  draw: draw(axes, number).  figsize: of one, in inches."""
    figure = Figure(figsize=(10.8, 10.8 / count * figsize[1] / figsize[0] + 0.3))
    for ax, frame in zip(figure.subplots(1, count), still_frames(frames, count), strict=True):
        draw(ax, frame)
        ax.set_ylabel(ax.get_ylabel() if ax is figure.axes[0] else "")
    figure.tight_layout()
    return figure


def still_frames(frames: int, count: int = 4) -> list[int]:
    """The numbers of the frames that stand for all: the first, the last, and those evenly between."""
    return [round(i * (frames - 1) / (count - 1)) for i in range(count)]


_DASHES = {"-": "none", "--": "8 4", "-.": "8 4 2 4", ":": "2 4"}


def dash(linestyle: Any) -> str:
    """A kind of line of Matplotlib as SVG has it."""
    return _DASHES[linestyle] if isinstance(linestyle, str) else " ".join(str(2 * length) for length in linestyle[1])


def rounded(values: Any, digits: int = 4) -> list:
    """Numbers in few digits, as nested lists: what a page has to carry gets small."""
    numbers = np.asarray(values, float)
    short = [float(f"{number:.{digits}g}") if np.isfinite(number) else None for number in numbers.ravel()]
    return np.array(short, object).reshape(numbers.shape).tolist()
