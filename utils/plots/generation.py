"""Pictures of what generates images: codes on a plane, what is decoded from them, and the rare ones among them."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from utils.advice import Advice
from utils.plots import drawing
from utils.plots.drawing import BLUE, GOLD, GRAY, GREEN, LINES, PURPLE, RED
from utils.plots.pictures import Function, picture

DIGITS = [*(color for color, _ in LINES), "black", RED, BLUE]  # of ten digits; each is drawn as its number, too


def codes_on_plane(ax: Axes, codes: np.ndarray, y: np.ndarray, size: float = 5.5) -> None:
    """Draw codes, shape (n, 2), each as its digit, over the axes z1 and z2."""
    for digit in np.unique(y):
        ax.plot(*codes[y == digit].T, linestyle="", marker=f"${digit}$", color=DIGITS[int(digit) % 10], markersize=size)
    ax.set(xlabel="z1", ylabel="z2")


@picture
def latent(named: Mapping[str, tuple[Any, Any]]) -> tuple[Figure, str]:
    """Draw codes on their plane, by name: pairs of codes, shape (n, 2), and the digits, shape (n,), as which they are drawn."""
    figure = Figure(figsize=(min(4.9 * len(named), 10.4), 4.2 if len(named) < 3 else 3.6))
    phrases = []
    for ax, (name, (codes, y)) in zip(figure.subplots(1, len(named), squeeze=False)[0], named.items(), strict=True):
        codes, y = _codes(codes), np.ravel(y)
        codes_on_plane(ax, codes, y, 5.5 if len(named) < 3 else 4.5)
        same = y[_nearest(codes)] == y
        ax.set_title(f"{name}: {np.mean(same):.0%} beside their like", fontsize=10)
        reach = [f"{name_of_z} from {z.min():.1f} to {z.max():.1f}" for name_of_z, z in zip(("z1", "z2"), codes.T, strict=True)]
        places = [f"{digit} ({m[0]:.1f}, {m[1]:.1f})" for digit in np.unique(y) for m in [codes[y == digit].mean(axis=0)]]
        phrases.append(
            f"{name}: {' and '.join(reach)}; for {np.mean(same):.0%} the nearest other code is of the same digit; "
            f"means by digit: {', '.join(places)}"
        )
    figure.tight_layout()
    return figure, f"Codes on a plane, each drawn as its digit. {'. '.join(phrases)}."


def _codes(codes: Any) -> np.ndarray:
    codes = np.asarray(codes, float)
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise Advice(f"This picture needs two numbers for each image; yours have shape {codes.shape}.")
    return codes


def _nearest(codes: np.ndarray) -> np.ndarray:
    """For each code the number of the nearest other one."""
    squares = np.sum((codes[:, None] - codes) ** 2, axis=2)
    np.fill_diagonal(squares, np.inf)
    return squares.argmin(axis=1)


@picture
def image_rows(rows: Mapping[str, Any]) -> tuple[Figure, str]:
    """Draw rows of square images, by name, each of shape (n, pixels)."""
    images = {name: square(each) for name, each in rows.items()}
    columns = max(map(len, images.values()))
    figure = Figure(figsize=(0.78 * columns + 1.5, 0.82 * len(images)))
    for row, (name, made) in enumerate(images.items()):
        for column, image in enumerate(made):
            ax = figure.add_subplot(len(images), columns, row * columns + column + 1)
            ax.imshow(image, cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            if column == 0:
                ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    figure.subplots_adjust(wspace=0.08, hspace=0.12)
    phrases = []
    for name, made in images.items():
        differences = np.abs(made[:, None] - made).mean(axis=(2, 3))[np.triu_indices(len(made), 1)]
        apart = f", on average {differences.mean():.2f} apart in each pixel" if len(made) > 1 else ""
        sure = np.mean(np.abs(made - 0.5) > 0.25)
        phrases.append(f"{name}: {len(made)} images{apart}, and {sure:.0%} of the pixels nearly black or white")
    return figure, f"Rows of images in gray, from 0, black, to 1, white. {'; '.join(phrases)}."


def square(images: Any) -> np.ndarray:
    """Images as shape (n, side, side)."""
    images = np.asarray(images, float)
    images = images.reshape(len(images), -1)
    side = round(images.shape[1] ** 0.5)
    if side**2 != images.shape[1]:
        raise Advice(f"Images of {images.shape[1]} pixels are not square; expected rows of 64 pixels.")
    return images.reshape(-1, side, side)


@picture
def latent_grid(images: Any, values: Any) -> tuple[Figure, str]:
    """Draw what is decoded from a grid of codes as one map.  images: shape (k, k, pixels), z2 downward from the largest."""
    images, values = np.asarray(images, float), np.ravel(np.asarray(values, float))
    if images.ndim != 3 or images.shape[:2] != (len(values), len(values)):
        expected = f"({len(values)}, {len(values)}, pixels)"
        raise Advice(f"The grid has shape {images.shape}; expected {expected}: solve the exercise above first.")
    tiles = square(images.reshape(len(values) ** 2, -1))
    tiles = np.pad(tiles, ((0, 0), (1, 1), (1, 1)))  # black between them, since many digits fill all rows
    side = tiles.shape[1]
    whole = tiles.reshape(len(values), len(values), side, side).swapaxes(1, 2).reshape(len(values) * side, -1)
    half = np.ptp(values) / (len(values) - 1) / 2
    low, high = values[0] - half, values[-1] + half
    figure = Figure(figsize=(5.6, 5.4))
    ax = figure.subplots()
    ax.imshow(whole, cmap="gray", vmin=0, vmax=1, extent=(low, high, low, high))
    ax.set(xlabel="z1", ylabel="z2")
    figure.tight_layout()
    change = np.abs(np.diff(images, axis=1)).mean(), np.abs(np.diff(images, axis=0)).mean()
    return figure, (
        f"A map of {len(values)} × {len(values)} decoded images, for z1 from {values[0]:.1f} at the left to {values[-1]:.1f}, "
        f"and z2 from {values[0]:.1f} at the bottom to {values[-1]:.1f}. From one image to the next a pixel changes by "
        f"{change[0]:.2f} to the right and by {change[1]:.2f} upward, in the mean."
    )


@picture
def draws(reparameterize: Function, mean: Any, log_var: Any, count: int = 150) -> tuple[Figure, str]:
    """Draw codes of a few images many times with `reparameterize`, and around each μ the ellipse of 2 σ.  mean: shape (n, 2)."""
    mean, log_var = (np.asarray(each, np.float32) for each in (mean, log_var))
    sigma = np.exp(log_var / 2)
    z = np.array([np.asarray(reparameterize(mean, log_var), float) for _ in range(count)])
    if z.shape != (count, *mean.shape):
        raise Advice(f"The codes have shape {z.shape[1:]}; expected {mean.shape}: solve the exercise above first.")
    figure = Figure(figsize=(6.4, 4.2))
    ax = figure.subplots()
    phrases = []
    for i, ((color, _), marker) in enumerate(zip(LINES[: len(mean)], "osD^v<>"[: len(mean)], strict=True)):
        ax.plot(*z[:, i].T, linestyle="", marker=marker, markersize=3, alpha=0.6, color=color)
        ax.plot(*mean[i], marker="+", markersize=13, markeredgewidth=2.5, color="black")
        ax.add_patch(Ellipse(mean[i], *(4 * sigma[i]), facecolor="none", edgecolor=color, linewidth=2))
        inside = np.mean(np.sum(((z[:, i] - mean[i]) / sigma[i]) ** 2, axis=1) < 4)
        place, width = (" and ".join(f"{value:.2g}" for value in pair[i]) for pair in (mean, sigma))
        phrases.append(f"μ {place}, σ {width}: {inside:.0%} inside")
    ax.set(xlabel="z1", ylabel="z2", aspect="equal")
    ax.grid(alpha=0.3)
    figure.tight_layout()
    return figure, (
        f"{count} draws of z for each of {len(mean)} images, a cross at each μ, and an ellipse of 2 σ around it, in which 86% of "
        f"the draws should lie. {'; '.join(phrases)}."
    )


@picture
def kl_map(kl: Function) -> tuple[Figure, str]:
    """Draw the KL term of a code of one number as a map over its μ and its σ, by lines of equal height."""
    mean, sigma = np.linspace(-3, 3, 61, dtype=np.float32), np.geomspace(0.1, 4, 60).astype(np.float32)
    pairs = np.stack(np.meshgrid(mean, 2 * np.log(sigma)), axis=-1).reshape(-1, 2)
    heights = np.asarray(kl(pairs[:, :1], pairs[:, 1:]), float).reshape(len(sigma), len(mean))
    row, column = np.unravel_index(heights.argmin(), heights.shape)
    figure = Figure(figsize=(6.4, 3.8))
    ax = figure.subplots()
    levels = [0, 0.1, 0.5, 1, 2, 4, 8] if heights.min() > -0.1 else 8
    ax.contourf(mean, sigma, heights, levels=levels, cmap=drawing.HEIGHTS, extend="max")
    lines = ax.contour(mean, sigma, heights, levels=levels, colors=drawing.CONTOUR, linewidths=0.8)
    ax.clabel(lines, fontsize=9)
    ax.plot(mean[column], sigma[row], **drawing.LOWEST)
    ax.set(xlabel="μ", ylabel="σ", yscale="log", yticks=[0.1, 0.3, 1, 3], yticklabels=["0.1", "0.3", "1", "3"])
    ax.minorticks_off()
    figure.tight_layout()
    phrases = []
    for m, s in ((2, 1), (0, 0.1), (0, 3)):
        height = np.ravel(kl(np.array([[m]], np.float32), np.array([[2 * np.log(s)]], np.float32)))[0]
        phrases.append(f"at μ = {m}, σ = {s} it is {drawing.short(height)}")
    return figure, (
        f"The KL term over μ and σ: lowest, {heights.min():.2f}, at μ = {mean[column]:.1f} and σ = {sigma[row]:.1f}, marked by a "
        f"star; {', '.join(phrases)}."
    )


@picture
def rare_codes(codes: Any, p: Any, rare: Any, name: str = "rare") -> tuple[Figure, str]:
    """
    Draw codes as points that are the larger the more often they are drawn, and the rare ones as crosses.

    codes: shape (n, 2).  p: the probability to draw each, shape (n,).  rare: True for those that are; name: how they are called.
    """
    codes, p, rare = _codes(codes), np.ravel(np.asarray(p, float)), np.ravel(np.asarray(rare, bool))
    figure = Figure(figsize=(6.2, 4.4))
    ax = figure.subplots()
    sizes = 9 * p / p.mean()
    ax.scatter(*codes[~rare].T, s=sizes[~rare], facecolors=BLUE, edgecolors="white", linewidths=0.3, label="the others")
    ax.scatter(*codes[rare].T, s=np.maximum(sizes[rare], 18) * 1.4, marker="x", color=RED, linewidths=1.8, label=name)
    ax.set(xlabel="z1", ylabel="z2")
    drawing.legend_above(ax)
    figure.tight_layout()
    lone = np.argsort(-p)[: max(len(p) // 10, 1)]
    return figure, (
        f"{len(p)} codes on a plane, {rare.sum()} of them {name}. Together these have {p[rare].sum():.0%} of the probability, "
        f"and make {rare.mean():.0%} of the codes; of the tenth with the largest probability they make {rare[lone].mean():.0%}."
    )


@picture
def by_group(groups: Mapping[str, Mapping[str, Any]], xlabel: str = "error") -> tuple[Figure, str]:
    """
    Draw shares by group, and for each group by way: a mark for each start, a black line for the mean, and a line from way to way.

    groups: of each group the ways by name, each with the shares of all starts, in one order.
    """
    rows = [(group, way, np.ravel(np.asarray(shares, float))) for group, ways in groups.items() for way, shares in ways.items()]
    figure = Figure(figsize=(6.8, 0.62 * len(rows) + 0.9))
    ax = figure.subplots()
    looks = zip((BLUE, GOLD, GREEN, PURPLE), "osD^", strict=True)
    kinds = dict(zip(dict.fromkeys(way for _, way, _ in rows), looks, strict=False))
    for row, (_, way, shares) in enumerate(rows):
        color, marker = kinds[way]
        dots = {"linestyle": "", "markersize": 7, "markeredgecolor": "white", "zorder": 3}
        ax.plot(shares, [row] * len(shares), marker=marker, color=color, **dots)
        ax.plot([shares.mean()] * 2, [row - 0.3, row + 0.3], color="black", linewidth=2)
    for row, ((group, _, before), (next_group, _, after)) in enumerate(itertools.pairwise(rows)):
        if group == next_group:
            ax.plot([before, after], [row, row + 1], color=GRAY, linewidth=0.8, zorder=1)
    names = [f"{group}, {way}" for group, way, _ in rows]
    ax.set(yticks=range(len(rows)), yticklabels=names, ylim=(len(rows) - 0.5, -0.5), xlabel=xlabel)
    ax.set_xlim(0, None)
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    phrases = [
        f"{name}: mean {shares.mean():.1%}, from {shares.min():.1%} to {shares.max():.1%}"
        for name, (_, _, shares) in zip(names, rows, strict=True)
    ]
    return figure, f"The {xlabel} of each start. {'; '.join(phrases)}."
