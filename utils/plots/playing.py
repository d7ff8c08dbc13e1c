"""Pictures to play with: weights, rate and momentum, penalty and dropout, a kernel, a digit that is drawn, a latent space."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from utils import datasets
from utils.advice import Advice
from utils.plots import drawing, in_page
from utils.plots.drawing import BLUE, GRAY, RED
from utils.plots.generation import codes_on_plane, square
from utils.plots.live import Live, rounded
from utils.plots.pictures import Function, picture
from utils.quiet_tensorflow import tf


@picture
def play_line(X: Any, y: Any, w: Sequence[float] = (0.5, 0.0), b: float = 0.0, limits: tuple[float, float] = (0, 6)) -> Live:
    """
    Sliders for the two weights and the bias of a perceptron: its regions move, and its accuracy counts.

    X, y: data points, shape (n, 2), and their labels 0 and 1.  w, b: where the sliders stand at first.
    """

    def predict(points: Any) -> np.ndarray:
        return 1 / (1 + np.exp(-(np.asarray(points, float) @ np.asarray(w, float) + b)))

    still, ground = (Figure(figsize=(5.6, 4.4)) for _ in range(2))
    for figure in (still, ground):
        ax = figure.subplots()
        if figure is still:
            drawing.regions(figure, ax, predict, limits, bar=False)
        ax.set(xlabel="x1", ylabel="x2", xlim=limits, ylim=limits)
        drawing.scatter(ax, X, y)
        drawing.legend_above(ax)
        figure.tight_layout()
    state = f"w = [{w[0]:.1f}, {w[1]:.1f}], b = {b:.1f}: accuracy {drawing.binary_accuracy(predict, X, y):.1%}"
    return Live(
        still,
        f"{len(X)} points in two clouds, and the regions of a perceptron with {state}. In the notebook, sliders for w1, w2 and b "
        "move its line.",
        "perceptron",
        ground,
        points=rounded(np.column_stack([X, np.ravel(y)])),
        limits=[list(limits)] * 2,
        values={name: _steps(reach) for name, reach in (("w1", 3), ("w2", 3), ("b", 12))},
        start={name: round(10 * (value + reach)) for name, value, reach in (("w1", w[0], 3), ("w2", w[1], 3), ("b", b, 12))},
    )


def _steps(reach: int) -> list[float]:
    """The tenths from -reach to reach."""
    return [i / 10 for i in range(-10 * reach, 10 * reach + 1)]


RATES = (0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.014, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
BETAS = (0.0, 0.5, 0.8, 0.9, 0.95)


@picture
def play_descent(
    valleys: Function,
    ravine: Function,
    update: Function,
    limits: tuple[float, float] = (-5, 3.4),
    start: tuple[float, float] = (0.01, 0.0),
) -> Live:
    """
    Sliders for the learning rate and the momentum: where 100 steps lead on a curve, and 60 steps on a map.

    valleys: from w to J.  ravine: from w of shape (2,) to J.  update: as `momentum` of lab 6.  start: rate and β at first.
    """
    runs = [[_run(valleys, ravine, update, rate, beta) for rate in RATES] for beta in BETAS]
    place = [RATES.index(start[0]), BETAS.index(start[1])]
    chosen = runs[place[1]][place[0]]
    w = np.linspace(*limits, 241)
    heights = np.array([float(valleys(each)) for each in w])
    still, ground = (_curve_and_map(w, heights, ravine) for _ in range(2))
    steps = np.array([each for each in chosen["valleys"] if each is not None and limits[0] <= each <= limits[1]])
    for ax, path in zip(
        still.axes, (np.column_stack([steps, np.interp(steps, w, heights)]), np.array(chosen["ravine"])), strict=True
    ):
        ax.plot(*path.T, "o-", color=BLUE, markersize=3, linewidth=1)
        ax.plot(*path[0], **drawing.START)
        ax.plot(*path[-1], **drawing.END)
    return Live(
        still,
        f"A curve with two valleys, lowest, {heights.min():.3g}, at w = {w[heights.argmin()]:.2g}, and the map of a ravine. With "
        f"a learning rate of {start[0]:g} and a momentum of {start[1]:g}, the steps end at w = {steps[-1]:.3g} on the curve, and "
        f"in the ravine at J = {chosen['J']:.3g}. In the notebook, sliders choose the rate and the momentum.",
        "descent",
        ground,
        rates=list(RATES),
        betas=list(BETAS),
        start=place,
        curve={"low": limits[0], "high": limits[1], "heights": rounded(heights)},
        runs=runs,
        color=BLUE,
    )


def _curve_and_map(w: np.ndarray, heights: np.ndarray, ravine: Function) -> Figure:
    """A curve over one weight, and the map of J over two, each with its lowest point."""
    figure = Figure(figsize=(10.4, 3.9))
    curve, plan = figure.subplots(1, 2)
    curve.plot(w, heights, color=GRAY, linewidth=1.5)
    curve.plot(w[heights.argmin()], heights.min(), **drawing.LOWEST)
    curve.set(xlabel="w", ylabel="loss J", xlim=w[[0, -1]], title="two valleys")
    grid, J = drawing.heights(ravine, (-2, 2))
    row, column = np.unravel_index(J.argmin(), J.shape)
    plan.contourf(grid, grid, J, levels=drawing.levels(J, log=True), cmap=drawing.HEIGHTS)
    plan.plot(grid[column], grid[row], **drawing.LOWEST)
    plan.set(xlabel="w1", ylabel="w2", xlim=(-2, 2), ylim=(-2, 2), title="a ravine")
    figure.tight_layout()
    return figure


def _run(valleys: Function, ravine: Function, update: Function, rate: float, beta: float) -> dict[str, Any]:
    """The steps with a rate and a momentum, on the curve and on the map, and the J where they end on the map."""
    one = _walk(valleys, update, np.array([3.0]), rate, beta, 100)[:, 0]
    two = _walk(ravine, update, np.array([-1.7, 1.2]), rate, beta, 60)
    end = float(ravine(two[-1]))
    return {"valleys": rounded(one, 3), "ravine": rounded(two, 3), "J": rounded(end, 3) if np.isfinite(end) else None}


def _walk(J: Function, update: Function, w: np.ndarray, rate: float, beta: float, steps: int) -> np.ndarray:
    """The path of an update that has a state of one array, with the slope by central differences; it ends where w is huge."""
    path, state, h = [w], (np.zeros_like(w),), 1e-5
    for _ in range(steps):
        g = np.array([float(np.ravel(J(w + e) - J(w - e))[0]) / (2 * h) for e in h * np.eye(len(w))])
        w, state = update(w.copy(), g, state, rate, beta)
        w = np.asarray(w, float)
        path.append(w)
        if not np.max(np.abs(w)) < 1e3:
            break
    return np.array(path)


@picture
def play_cures() -> Live:
    """
    Sliders for the penalty λ (L2) and the dropout rate: the regions and the losses of lab 8's large network.

    They were computed beforehand, by `data/make_data.py`: the losses are means over starts, the regions are of the first one.
    """
    runs = datasets.cures()
    penalties, rates = runs["penalties"].tolist(), runs["rates"].tolist()
    still, ground = _plane_and_losses(runs), _plane_and_losses(runs)
    plane, losses = still.axes
    side = np.linspace(*plane.get_xlim(), runs["regions"].shape[-1])
    drawing.fill(plane, side, runs["regions"][0, 0] / 255)
    for name in ("training", "validation"):
        losses.plot(runs["epochs"], runs[name][0, 0], color=BLUE, linestyle=drawing.PARTS[name])
    ends = runs["validation"][:, :, -1]
    best = np.unravel_index(ends.argmin(), ends.shape)
    return Live(
        still,
        f"The regions of a large network after training, and its losses on the way. Without a cure the validation loss ends at "
        f"{ends[0, 0]:.2f}; of all settings it is lowest, {ends.min():.2f}, with λ = {penalties[best[0]]:g} and a dropout rate "
        f"of {rates[best[1]]:g}. In the notebook, two sliders choose λ and the rate.",
        "cures",
        ground,
        penalties=penalties,
        rates=rates,
        size=runs["regions"].shape[-1],
        epochs=runs["epochs"].tolist(),
        color=BLUE,
        runs=[
            [
                {
                    "regions": base64.b64encode(runs["regions"][i, j].tobytes()).decode(),
                    "training": rounded(runs["training"][i, j], 3),
                    "validation": rounded(runs["validation"][i, j], 3),
                }
                for j in range(len(rates))
            ]
            for i in range(len(penalties))
        ],
    )


def _plane_and_losses(runs: Mapping[str, np.ndarray]) -> Figure:
    """The examples that the network learned from, and axes for its two losses."""
    figure = Figure(figsize=(10.4, 3.9))
    plane, losses = figure.subplots(1, 2)
    X, y = datasets.students()
    X, y = (X[:60] - X[:60].mean(axis=0)) / X[:60].std(axis=0), y[:60]
    drawing.scatter(plane, X, y)
    plane.set(xlabel="x1", ylabel="x2", xlim=(-2.5, 2.5), ylim=(-2.5, 2.5))
    for name in ("training", "validation"):
        losses.plot([], [], color=BLUE, linestyle=drawing.PARTS[name], label=name)
    losses.set(xlabel="epoch", ylabel="loss J", xlim=(0, runs["epochs"][-1]), ylim=(0, 0.8))
    losses.grid(alpha=0.3)
    losses.legend(loc="upper right", ncols=2, frameon=False)
    figure.tight_layout()
    return figure


KERNELS = {
    "vertical edges": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "horizontal edges": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "nothing": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
}


@picture
def play_kernel(images: Mapping[str, Any], kernels: Mapping[str, Any] | None = None) -> Live:
    """
    Nine numbers to type: a kernel of one's own over an image, and the map that it makes.

    images: by name, shape (h, w), numbers from 0 to 1.  kernels: 3 × 3 numbers by name, to begin with; these come first.
    """
    images = {name: np.asarray(image, float) for name, image in images.items()}
    kernels = {name: np.asarray(kernel, float).tolist() for name, kernel in {**(kernels or {}), **KERNELS}.items()}
    (name, image), (first, kernel) = next(iter(images.items())), next(iter(kernels.items()))
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    output = np.einsum("ijab,ab->ij", windows, np.asarray(kernel))
    still, ground = (Figure(figsize=(8, 4)) for _ in range(2))
    for figure in (still, ground):
        left, right = (figure.add_axes((0.01 + 0.5 * i, 0.02, 0.48, 0.88)) for i in range(2))
        for ax, title in ((left, "image"), (right, "map: blue above 0, red below")):
            ax.set(xticks=[], yticks=[])
            ax.set_title(title, fontsize=11)
        if figure is still:
            largest = np.abs(output).max() or 1.0
            left.imshow(image, cmap="gray", vmin=0, vmax=1)
            right.imshow(output, cmap=drawing.SIGNS, vmin=-largest, vmax=largest)
    return Live(
        still,
        f"An image, {name}, of {' × '.join(map(str, image.shape))} pixels, and the map that the kernel for {first} makes of it, "
        f"from {output.min():.2g} to {output.max():.2g}. In the notebook, the nine numbers of the kernel can be typed.",
        "kernel",
        ground,
        images={each: rounded(pixels, 3) for each, pixels in images.items()},
        kernels=kernels,
        colors=[[255 * part for part in to_rgb(color)] for color in (RED, BLUE)],
    )


@picture
def play_digit(model: Any, X: Any, y: Any) -> Live:
    """
    A place to draw a digit, which a network reads in the page: its weights are written into it.

    model: from images, shape (n, 8, 8, 1), to ten logits or probabilities.  X, y: images of digits, shown until one is drawn.
    """
    X, y = np.asarray(X, np.float32).reshape(-1, 8, 8, 1)[:10], np.ravel(y)[:10]
    outputs = np.asarray(model(X, training=False), float)
    if outputs.shape != (len(X), 10):
        raise Advice(f"This picture needs a network with ten outputs for each image; yours gives shape {outputs.shape}.")
    layers = in_page.layers_of(model, X)
    logits = not np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    probabilities = np.asarray(tf.nn.softmax(outputs)) if logits else outputs
    read = probabilities.argmax(axis=1)
    still, ground = (Figure(figsize=(10, 3.6)) for _ in range(2))
    for figure in (still, ground):
        paper = figure.add_axes((0.01, 0.03, 0.324, 0.9))
        seen = figure.add_axes((0.38, 0.03, 0.2, 0.9 * 0.2 / 0.324))
        bars = figure.add_axes((0.66, 0.12, 0.32, 0.8))
        _frames(paper, seen, bars)
        if figure is still:
            for ax in (paper, seen):
                ax.imshow(X[0, :, :, 0], cmap="gray", vmin=0, vmax=1, extent=(0, 1, 1, 0))
            bars.barh(range(10), probabilities[0], color=BLUE, height=0.7)
    return Live(
        still,
        f"A digit, a {y[0]}, which the network reads as {read[0]}, {probabilities[0].max():.0%} sure. In the notebook there is a "
        "place to draw one, and the network reads it while it is drawn.",
        "network digit",
        ground,
        layers=layers,
        logits=bool(logits),
        digits=[{"image": rounded(image.ravel()), "label": int(label)} for image, label in zip(X, y, strict=True)],
        nib=4,
        color=BLUE,
    )


def _frames(paper: Axes, seen: Axes, bars: Axes) -> None:
    """The places for the digit that is drawn, for what the network gets, and for how sure it is of each digit."""
    for ax, title in ((paper, "draw here"), (seen, "8 × 8 pixels: what it gets")):
        ax.set(xticks=[], yticks=[], facecolor="black", xlim=(0, 1), ylim=(1, 0))
        ax.set_title(title, fontsize=10)
    bars.set(xlim=(0, 1), ylim=(9.6, -0.6), yticks=range(10), xlabel="probability ŷ")
    bars.spines[["top", "right"]].set_visible(False)


@picture
def play_latent(decoder: Any, codes: Any, y: Any) -> Live:
    """
    Sliders for the two numbers of a code, or a place dragged on their plane: what the decoder paints, computed in the page.

    decoder: from codes, shape (n, 2), to square images, shape (n, pixels).  codes, y: of examples, shown as their digits.
    """
    codes, y = np.asarray(codes, np.float32), np.ravel(y)
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise Advice(f"This picture needs two numbers for each image; yours have shape {codes.shape}.")
    layers = in_page.layers_of(decoder, codes)
    image = square(decoder(np.zeros((1, 2), np.float32)))[0]
    reach = max(3.0, np.ceil(np.abs(codes).max()))
    values = np.linspace(-reach, reach, 61)
    still, ground = (Figure(figsize=(8.4, 4.4)) for _ in range(2))
    for figure in (still, ground):
        plane, painted = figure.add_axes((0.075, 0.12, 0.44, 0.84)), figure.add_axes((0.62, 0.2, 0.36, 0.36 * 8.4 / 4.4))
        codes_on_plane(plane, codes, y)
        plane.set(xlim=(-reach, reach), ylim=(-reach, reach))
        painted.set(xticks=[], yticks=[])
        painted.set_title("decoded", fontsize=10)
        if figure is still:
            painted.imshow(image, cmap="gray", vmin=0, vmax=1)
            plane.plot(0, 0, **drawing.YOU)
    nearest = np.linalg.norm(codes, axis=1).argmin()
    return Live(
        still,
        f"A plane with the codes of {len(y)} digits, and the image that is decoded from the place (0, 0) on it; the nearest code "
        f"is that of a {y[nearest]}. In the notebook, sliders for z1 and z2 move the place, or a finger does.",
        "network latent",
        ground,
        layers=layers,
        values=rounded(values),
        start=[30, 30],
        points=[[*place, int(digit)] for place, digit in zip(rounded(codes), y, strict=True)],
        side=len(image),
    )
