"""Live pictures as the labs draw them, each with a move and what the page then has to say, computed here once more."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tests.devices import tf
from utils import datasets, plots

keras = tf.keras


@dataclass
class Case:
    """A live picture: how it is made, what somebody does with it, and what it says then."""

    make: Callable[[], Any]
    move: Callable[[Any], None]  # of a page of Playwright, where the picture is
    says: Callable[[], str]


def slide(page: Any, **places: int) -> None:
    """Move sliders, by name, to their places."""
    for name, place in places.items():
        page.get_by_role("slider", name=name.replace("_", " ")).fill(str(place))


def two_valleys(w: Any) -> Any:
    return w**4 + 3 * w**3 - 5 * w**2 - 3 * w


def ravine(w: Any) -> Any:
    return 0.05 * (w[0] - 1.5) ** 2 + 2 * w[1] ** 2


def momentum(w: Any, g: Any, state: tuple, learning_rate: float = 0.01, beta: float = 0.9) -> tuple[Any, tuple]:
    v = beta * state[0] + g
    return w - learning_rate * v, (v,)


def convolve(image: Any, kernel: Any) -> np.ndarray:
    return np.einsum("ijab,ab->ij", np.lib.stride_tricks.sliding_window_view(image, np.shape(kernel)), np.asarray(kernel, float))


def short(number: float) -> str:
    """A number in three digits, as a page writes it."""
    return f"{float(f'{number:.3g}'):g}"


@cache
def four() -> np.ndarray:
    X, y = datasets.digits()[0]
    return X[y == 4][0].reshape(8, 8)


def line_says() -> str:
    X, y = datasets.clouds()
    right = np.mean((X @ [1.3, -0.4] + 2.5 > 0) == (y == 1))
    return f"w = [1.3, -0.4], b = 2.5: accuracy {100 * right:.1f} %"


@cache
def perceptron() -> tuple[Any, Any, Any]:
    X, y = datasets.students()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.set_weights([np.array([[1.6], [0]]), np.array([-5.0])])
    return model, X, y[:, None]


def surface() -> Any:
    model, X, y = perceptron()
    return plots.loss_surface(model, keras.losses.BinaryCrossentropy(), X, y, limits=(-0.25, 2), steps=13)


def surface_says() -> str:
    _, X, y = perceptron()
    w1, w2 = np.linspace(-0.25, 2, 13)[[5, 9]]
    p = 1 / (1 + np.exp(-(X[:, :1].astype(float) * w1 + X[:, 1:] * w2 - 5)))
    J = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    return f"w1 = {w1:.2f}, w2 = {w2:.2f}: loss J = {short(J)}"


def descent_says() -> str:
    ends = []
    for slope, w, steps in (
        (lambda w: 4 * w**3 + 9 * w**2 - 10 * w - 3, np.array([3.0]), 100),
        (lambda w: np.array([0.1 * (w[0] - 1.5), 4 * w[1]]), np.array([-1.7, 1.2]), 60),
    ):
        v = np.zeros_like(w)
        for _ in range(steps):
            v = 0.5 * v + slope(w)
            w = w - 0.014 * v
        ends.append(w)
    return f"Two valleys: ends at w = {short(ends[0][0])}. Ravine: J = {short(ravine(ends[1]))} after 60 steps."


PATHS = {name: np.array([[1.5 * rate**i, -1.0 * rate**i] for i in range(9)]) for name, rate in (("sgd", 0.9), ("adam", 0.5))}


def race_says() -> str:
    heights = [f"{name} {short(np.sum(np.float32(path[4]) ** 2))}" for name, path in PATHS.items()]
    return f"step 4, J: {', '.join(heights)}"


@cache
def looks() -> tuple[Any, list]:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    return model, [[np.array([[w], [-w]], np.float32), np.zeros(1, np.float32)] for w in np.linspace(-1, 1, 7)]


def regions() -> Any:
    model, weights = looks()
    X = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    return plots.regions_over_time(model, weights, X, np.array([[1], [0]]), mark={"you": (1, 0)}, limits=(-2, 2))


def kernel_says() -> str:
    kernel = np.array([[-1, 0, 1], [-1, 2.5, 1], [-1, 0, 1]])
    z = convolve(four(), kernel)
    return f"map of 6 × 6: from {short(z.min())} to {short(z.max())}"


def type_a_number(page: Any) -> None:
    page.get_by_label("row 1, column 1 of the kernel").fill("2.5")


def cures_say() -> str:
    runs = datasets.cures()
    ends = [short(runs[part][3, 2, -1]) for part in ("training", "validation")]
    return (
        f"λ = {runs['penalties'][3]:g}, dropout rate {runs['rates'][2]:g}: at the end, training loss {ends[0]}, "
        f"validation loss {ends[1]}"
    )


@cache
def reader() -> Any:
    """A network with every kind of layer that a page computes, trained for a moment."""
    layers = keras.layers
    (X, y), *_ = datasets.digits()
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(2.0, offset=-1.0),
            layers.Conv2D(8, 3, padding="same", activation="elu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(3, strides=2, padding="same"),
            layers.Conv2D(16, 2, strides=2, padding="same", use_bias=False),
            layers.ReLU(),
            layers.AveragePooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(32, "tanh"),
            layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X.reshape(-1, 8, 8, 1), y, epochs=15, verbose=0)
    return model


def digit_says() -> str:
    _, _, (X, y) = datasets.digits()
    p = np.asarray(tf.nn.softmax(reader()(X[1:2].reshape(-1, 8, 8, 1))))[0]
    return f"Your network reads a {y[1]} as {p.argmax()}, {round(100 * p.max())} % sure. Draw one yourself."


@cache
def painter() -> tuple[Any, np.ndarray, np.ndarray]:
    """A decoder with weights that nobody trained, and codes of digits."""
    rng = np.random.default_rng(7)
    layers = [keras.layers.Dense(32, "relu"), keras.layers.Dense(32, "tanh"), keras.layers.Dense(64, "sigmoid")]
    decoder = keras.Sequential([keras.Input((2,)), *layers])
    decoder.set_weights([rng.normal(scale=0.7, size=weight.shape) for weight in decoder.weights])
    return decoder, rng.normal(size=(120, 2)).astype(np.float32), rng.integers(0, 10, 120)


def latent_says() -> str:
    _, codes, y = painter()
    z = np.linspace(-3, 3, 61)[[42, 12]]
    far = np.linalg.norm(codes - z, axis=1)
    return f"z = ({z[0]:.1f}, {z[1]:.1f}): the nearest code, {far.min():.1f} away, is that of a {y[far.argmin()]}."


CASES = {
    "line": Case(lambda: plots.play_line(*datasets.clouds()), lambda page: slide(page, w1=43, w2=26, b=145), line_says),
    "surface": Case(surface, lambda page: slide(page, w1=5, w2=9), surface_says),
    "descent": Case(
        lambda: plots.play_descent(two_valleys, ravine, momentum),
        lambda page: slide(page, learning_rate=6, momentum=1),
        descent_says,
    ),
    "race": Case(lambda: plots.race(lambda w: w[0] ** 2 + w[1] ** 2, PATHS), lambda page: slide(page, step=4), race_says),
    "regions": Case(regions, lambda page: slide(page, epoch=6), lambda: "epoch 6: accuracy 100%, ŷ = 0.73 at you"),
    "sliding": Case(
        lambda: plots.sliding(convolve, four(), [[-1, 0, 1]] * 3),
        lambda page: slide(page, place=20),
        lambda: f"row 3, column 2: {short(convolve(four(), [[-1, 0, 1]] * 3)[3, 2])}",
    ),
    "kernel": Case(lambda: plots.play_kernel({"four": four()}), type_a_number, kernel_says),
    "cures": Case(lambda: plots.play_cures(), lambda page: slide(page, penalty=3, dropout_rate=2), cures_say),
    "latent": Case(lambda: plots.play_latent(*painter()), lambda page: slide(page, z1=42, z2=12), latent_says),
    "digit": Case(
        lambda: plots.play_digit(reader(), *datasets.digits()[2]),
        lambda page: page.get_by_role("button", name="a digit of the test set").click(),
        digit_says,
    ),
}


@cache
def drawn(name: str) -> Any:
    """The picture of a case, made once."""
    return CASES[name].make()
