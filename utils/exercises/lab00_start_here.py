"""Exercises of lab 0: tensors, a node of a computation graph, and a broken answer to mend."""

import keras
import numpy as np
import tensorflow as tf

from utils.checking import Exercise, Mistake, Part, edited, findings_of, require

COUNT = ("no number", "one number", "two numbers", "three numbers", "four numbers")

def tensor(name, right, *also_right, mistakes):
    """One of the tensors, of which the shape counts.  mistakes: pairs of a shape and advice."""
    found, all_mistakes = findings_of(None,
        ("NO_TENSOR", 0.0, "This is a Python {seen}, not a tensor. Let TensorFlow make it: `tf.zeros(shape)`, or `tf.constant(numbers)`."),
        *(("", tf.zeros(shape), advice) for shape, advice in mistakes),
        ("OTHER_SHAPE", tf.zeros((9, 9)), f"The shape of this tensor is {{seen}}. Rank {right.ndim} means {COUNT[right.ndim]} in the shape, one for "
         "each axis; compare with what the TODO line asks for."),
    )
    def shape_of(answer):
        if not (hasattr(answer, "shape") and hasattr(answer, "dtype")):
            return found.NO_TENSOR.about(type(answer).__name__)
        shape = require.numbers(answer).shape
        return shape if shape in (right.shape, *dict(mistakes)) else found.OTHER_SHAPE.about(shape)
    return Part(name, right=right, observe=shape_of, also_right=also_right, mistakes=all_mistakes)

tensors = Exercise("0.1", "Tensors", parts=[
    tensor("scalar", np.ones(()), tf.constant(5.0), np.array(1), tf.Variable(1.0), mistakes=[
        ((1,), "This is a vector with one number in it, of rank 1: each pair of brackets adds an axis. A scalar has none: its shape is ()."),
    ]),
    tensor("vector", np.arange(3.0), tf.constant([1, 2, 3]), np.zeros(3), keras.ops.arange(3), mistakes=[
        ((1, 1, 1), "The 3 is the number of elements, not of axes: this tensor has rank 3, and one number. A vector has one axis, of length 3."),
        ((1, 3), "This is a matrix with one row: its shape (1, 3) has two numbers, so its rank is 2. A vector has one pair of brackets only."),
        ((), "This is a scalar, perhaps the number 3 itself. The 3 belongs into the shape: three numbers, side by side."),
    ]),
    tensor("matrix", np.eye(2, 3), tf.constant([[1, 2, 3], [4, 5, 6]]), np.zeros((2, 3)), keras.ops.zeros((2, 3)), mistakes=[
        ((2,), "This tensor has rank 1: it holds the two numbers 2 and 3, or two others. The shape is an argument, as in `tf.zeros(shape)`."),
        ((3, 2), "Rows and columns are exchanged: rows come first in a shape."),
        ((6,), "The six numbers stand in one row: the rank is 1. A matrix needs them in 2 rows of 3."),
    ]),
    tensor("image", np.ones((28, 28, 3)), tf.ones([28, 28, 3]), np.zeros((28, 28, 3)), tf.fill([28, 28, 3], 0.5), mistakes=[
        ((3, 28, 28), "The colors come first here. TensorFlow keeps them last: height, width, channels."),
        ((28, 28), "The channels are missing: this is a matrix of gray values. A color image has three numbers for each pixel."),
        ((28, 28, 1), "There is one channel here, as in a gray image. A color image has three numbers for each pixel."),
        ((3,), "This is a vector of the three sizes. The sizes are the shape: hand them to `tf.zeros` as one tuple."),
    ]),
    tensor("batch", np.ones((10, 28, 28, 3)), tf.random.normal([10, 28, 28, 3]), np.zeros((10, 28, 28, 3)),
           tf.stack([tf.zeros((28, 28, 3))] * 10), mistakes=[
        ((28, 28, 3), "This is one image, of rank 3. A batch has one more axis, which counts the images."),
        ((10, 28, 28), "The channels are missing: these are ten gray images. A color image has three numbers for each pixel."),
        ((28, 28, 3, 10), "The axis that counts the images comes first, not last: so `batch[0]` is the first image."),
    ]),
], hints=[
    "The rank is the number of axes, which is the number of numbers in the shape. A scalar has no axis at all.",
    "`tf.zeros(shape)` makes a tensor of any shape. A shape is a tuple: () for rank 0, (3,) for rank 1, (2, 3) for rank 2.",
    "For the image, write height, width and channels into one tuple of three; the batch has a 10 in front of them.",
])

def node_inputs(rng):
    """The example of the text, numbers, integers, arrays."""
    yield from ((1.5, 2.5), (2.0, 0.25), (3, 4))
    for shape in [(), (4,), (2, 3)]:
        yield rng.normal(size=shape).astype(np.float32) * 3, rng.normal(size=shape).astype(np.float32) * 3

def e_of_the_graph(a, b):
    c = a + b
    d = b - 1
    return c * d

node = Exercise("0.2", "A computation graph", inputs=node_inputs, mistakes=edited(e_of_the_graph,
    ("c * d", "a + b * d", "This is a + b(b - 1): multiplication comes before addition. The sum needs a node, or brackets, of its own."),
    ("c * d", "c * b - 1", "This is (a + b)b - 1: the 1 is subtracted after the product. Compute d before you multiply by it."),
    ("c * d", "a + b * b - 1", "This is a + b·b - 1: without brackets the product is computed first. Give c and d a line each, then multiply them."),
    ("c * d", "c + d", "The last node adds c and d; it should multiply them."),
    ("b - 1", "1 - b", "The node d is 1 - b here, the wrong way round: so every result has the wrong sign."),
    ("b - 1", "a - 1", "The node d takes 1 from a here; it should take it from b."),
    ("c * d", "c * b", "The last node multiplies c by b; it should multiply c by d."),
    ("b - 1", "c - 1", "The node d takes 1 from c here; it should take it from b."),
    ("b - 1", "b + 1", "The node d adds 1 to b here; it should take 1 away."),
    ("a + b", "a - b", "The node c is the difference of a and b here; it should be their sum."),
    ("a + b", "a * b", "The node c is the product of a and b here; it should be their sum."),
    ("c * d", "c / d", "The last node divides c by d; it should multiply them."),
    ("c * d", "c", "This is the node c alone. Go on: d, then e, and return e."),
    ("c * d", "d", "This is the node d alone. The last line returns e, which is made from c and d."),
    ("c * d", "np.trunc(c * d)", "The digits after the point are cut off at the end: somewhere the result becomes an integer, by `int`, `//` or a "
     "cast. Keep floats as floats."),
    ("c =", "a, b = np.trunc(a), np.trunc(b)\n    c =", "The inputs are cut down to integers before the computation, by `int` or an integer dtype. "
     "Leave a and b as they come."),
), right=np.vectorize(lambda a, b: np.polyval([1.0, a - 1, -a], b)), hints=[  # multiplied out: b² + (a - 1) b - a
    "Follow the drawing from left to right: each node is one line of code and uses names that are there already.",
    "c adds its two inputs, d takes 1 from b. The last node has two arrows coming in: c and d.",
    "`+`, `-` and `*` work on tensors as on numbers; the three lines use one of them each.",
], also_right=[
    lambda a, b: np.multiply(np.add(a, b), np.subtract(b, 1)), lambda a, b: tf.multiply(tf.add(a, b), tf.subtract(b, 1)),
    lambda a, b: a * b - a + b * b - b, lambda a, b: np.asarray(a, np.float64) * (b - 1) + np.asarray(b, np.float64) * (b - 1),
])

def mean_inputs(rng):
    """The example of the text, then arrays of other lengths: one number, negative ones, whole ones."""
    for x in (np.float32([2, 4, 9]), np.float32([7.5]), np.int32([1, 2, 2, 6]), *(rng.normal(size=n).astype(np.float32) * 5 for n in (4, 7))):
        yield (x,)

mean = Exercise("0.3", "Mend a broken answer", right=lambda x: np.average(x), inputs=mean_inputs, mistakes=[
    Mistake(np.sum, "This is the sum of the numbers. For [2, 4, 9] it gives 15, and their mean is 5: the sum still has to be divided by how many "
            "there are.", untouched=True),
    Mistake(lambda x: np.sum(x) / 3, "This divides by 3 whatever comes in. The example has three numbers, others do not: ask x how many it has."),
    Mistake(lambda x: np.sum(x) / 2, "This divides by 2 whatever comes in. A mean divides by how many numbers there are."),
    Mistake(lambda x: np.sum(x) / (len(x) - 1), "This divides by n - 1. That belongs to the variance of a sample; the mean divides by n."),
    Mistake(lambda x: np.sum(x) / (len(x) + 1), "This divides by n + 1: one too many. How many numbers are in x?"),
    Mistake(lambda x: np.sum(x) // len(x), "`//` drops the digits after the point. Division of floats is `/`."),
    Mistake(tf.reduce_mean, "For integers in x this gives an integer: `tf.reduce_mean` keeps the dtype. First convert x to floats."),
    Mistake(np.median, "This is the median, the number in the middle. The mean divides the sum."),
    Mistake(np.max, "This is the largest number, not the mean."),
    Mistake(lambda x: x[0] / len(x), "The first number alone is divided: the `return` stands inside the loop. Move it to the left, under the `for`."),
    Mistake(lambda x: len(x) / np.sum(x), "Numerator and denominator are exchanged: the sum is to be divided, not to divide."),
], hints=[
    "The loop is right: after it, total holds the sum of the numbers. What is the last line missing?",
    "The mean of n numbers is their sum divided by n, and `len(x)` is n.",
], also_right=[lambda x: tf.reduce_mean(tf.cast(x, tf.float32)), lambda x: sum(x) / len(x), lambda x: np.dot(x, np.ones(len(x))) / np.size(x)])

EXERCISES = [tensors, node, mean]
