# %% [markdown]
# # 0 · Start here
#
# Meet a tensor, a computation graph, and a check that tells you which mistake you made.
#
# **Time:** 10 minutes
#
# After this lab you can
# - fill in a TODO, check it, take a hint, and look at a solution;
# - make tensors of any rank and shape;
# - read a small computation as a graph, the form in which TensorFlow differentiates it later.
#
# First run the cell below: click into it and press Shift + Enter.

# %%
from utils import check, hint, plots, progress, solution

import tensorflow as tf

# %% [markdown]
# ## How a lab works
# Each exercise is a cell with a line that says `TODO`. Replace the `...` on it by your own code, run the cell, then run the
# check below it. The check runs your code on the example and on numbers that it makes up on the spot. A ✓ means that it is
# right. Else you are told what is wrong.
#
# Under each check is a line with `hint` and `solution`: remove its first `#` for a hint, or all up to its second `#` for the
# solution. No hint costs you anything.
#
# *NameError: name 'check' is not defined* means that the kernel was restarted: run the cell above again.

# %% [markdown]
# ## 1 · Numbers in boxes
# A network takes in and gives out **tensors**: numbers in a grid. The number of axes of the grid is its **rank**, and how
# many numbers there are along each axis is its **shape**. A single number has no axis: rank 0, shape `()`. Three numbers
# in a row have one axis of length 3: rank 1, shape `(3,)`.
#
# ### Exercise 0.1 · Tensors
# Make the five tensors. Which numbers are in them is up to you: `tf.zeros`, `tf.ones` and `tf.constant` all make tensors.

# %%
scalar = tf.zeros(())  # SOLUTION: rank 0, shape ()
vector = tf.zeros(3)  # SOLUTION: rank 1, shape (3,)
matrix = tf.zeros((2, 3))  # SOLUTION: rank 2, with 2 rows and 3 columns
image = tf.zeros((28, 28, 3))  # SOLUTION: rank 3, a color image of 28 by 28 pixels
batch = tf.zeros((10, 28, 28, 3))  # SOLUTION: rank 4, ten of those images

# %%
check("0.1", scalar, vector, matrix, image, batch)

# %% [markdown]
# Before you run the next cell: how will a tensor of rank 4 look on flat paper?

# %%
plots.tensors(scalar=scalar, vector=vector, matrix=matrix, image=image, batch=batch)

# %% [markdown]
# ## 2 · A computation is a graph
# TensorFlow sees a formula as **nodes** joined by arrows along which tensors flow. Take
#
# $$c = a + b \qquad d = b - 1 \qquad e = c \cdot d$$
#
# The node $e$ waits for $c$ and $d$; these two do not wait for each other. Lab 5 walks along the same arrows backward, and
# that is how a network learns.
#
# ### Exercise 0.2 · A computation graph
# Write the three nodes, one line each. For a = 1.5 and b = 2.5, e is 6.

# %%
def node(a, b):
    """The node e = (a + b)(b - 1) of a computation graph.

    a, b: numbers, or tensors of the same shape.  Returns e, of that shape.
    """
    c = a + b  # SOLUTION: the sum of a and b
    d = b - 1  # SOLUTION: b less 1
    e = c * d  # SOLUTION: the product of the two
    return e


# %%
check("0.2", node)

# %% [markdown]
# The next picture is not a drawing of the formula: it shows the operations that TensorFlow recorded while your function
# ran, with the value of each. How many arrows will come in at the last node?

# %% tags=["cover"]
plots.computation_graph(node, a=1.5, b=2.5)

# %% [markdown]
# ## 3 · When something is wrong
# Here is an answer with a mistake in it. Run the cell, then the check, and read what it says. Then run the two cells
# after it, with the hint and the solution: asked for the first time, `solution` only tells you how many hints are left.
#
# ### Exercise 0.3 · Mend a broken answer
# The function should return the mean of the numbers in x; the mean of 2, 4 and 9 is 5. One line of it is wrong.

# %%
def mean(x):
    """The mean of the numbers in x, shape (n,)."""
    total = 0.0
    for value in x:
        total = total + value
    # BEGIN SOLUTION: mend the line below
    return total / len(x)
    # INSTEAD
    # return total
    # END SOLUTION


# %%
check("0.3", mean)

# %%
hint("0.3")

# %% tags=["nbval-ignore-output"]
solution("0.3")

# %% [markdown]
# If `mean` is right, a beam that rests on it stays level. What does the beam do with the broken answer?

# %%
plots.balance([2.0, 4.0, 9.0], mean)

# %% [markdown]
# ## Your machine, and how far you are
# A GPU makes large networks fast. These labs run without one as well; where TensorFlow finds one, it uses it unasked.

# %% tags=["nbval-ignore-output"]
devices = [device.device_type for device in tf.config.list_physical_devices()]
print("TensorFlow", tf.__version__, "on", devices)

# %% tags=["nbval-ignore-output"]
progress()

# %% tags=["nbval-ignore-output"]
plots.course_map()

# %% [markdown]
# ## What you can do now
# - Work through a lab: TODO, check, hint, solution.
# - Say of any tensor what its rank and its shape are.
# - Read a formula as a graph of operations.
#
# **Stretch:** what is the rank of a video in color, and of a batch of ten such videos? Make both with `tf.zeros`.
#
# **Next:** lab 1 builds the perceptron, the smallest network there is.
