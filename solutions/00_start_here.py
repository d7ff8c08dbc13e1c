# %% [markdown]
# # 0 · Start here
#
# Your answer is wrong, but why? The checks of this course name the mistake: try them on your first tensors, on a small
# computation graph, and on a function that is broken on purpose.
#
# **Time:** 10 minutes
#
# After this lab you can
# - fill in a TODO, check it, take a hint, and look at a solution;
# - make tensors of any rank and shape;
# - read a formula as a graph, the form from which TensorFlow computes slopes in lab 5.

# %%
from utils import check, hint, plots, progress, solution

import tensorflow as tf

# %% [markdown]
# ## How a lab works
# Each exercise is a cell with a `TODO`. Replace the `...` on that line, or the line `raise NotImplementedError` below it,
# with your own code. Run the cell, then run the check below it. The check tries your code on the example and on numbers
# that it makes up. A ✓ means that your answer is right. Otherwise the check tells you what is wrong.
#
# Below each check is a line with `hint` and `solution`. Delete its first `#` to get a hint. Delete everything up to and
# including its second `#` to get the solution. A hint costs nothing.
#
# *NameError: name 'check' is not defined* means that the kernel, the Python process behind this notebook, was restarted.
# Run the two cells above again.

# %% [markdown]
# ## 1 · Numbers in boxes
# A neural network takes in numbers and gives out numbers, in the form of **tensors**. A tensor is a grid of numbers. The
# number of axes of the grid is its **rank**, and the lengths of the axes are its **shape**. A single number has no axis:
# its rank is 0 and its shape is `()`. Three numbers in a row have one axis of length 3: rank 1, shape `(3,)`.
#
# ### Exercise 0.1 · Tensors
# Make five tensors, one of each rank from 0 to 4. You choose the numbers in them. `tf.zeros(shape)` and `tf.ones(shape)`
# make a tensor from its shape, `tf.constant(numbers)` makes one from its numbers. The last tensor is a **batch**, a group
# of examples that a network takes together.

# %%
scalar = tf.zeros(())  # SOLUTION: rank 0, shape ()
vector = tf.zeros(3)  # SOLUTION: rank 1, shape (3,)
matrix = tf.zeros((2, 3))  # SOLUTION: rank 2, with 2 rows and 3 columns
image = tf.zeros((28, 28, 3))  # SOLUTION: rank 3, a color image of 28 by 28 pixels
batch = tf.zeros((10, 28, 28, 3))  # SOLUTION: rank 4, ten of those images

# %%
check("0.1", scalar, vector, matrix, image, batch)

# %% [markdown]
# Before you run the next cell: how can a flat picture show a tensor of rank 4?

# %%
plots.tensors(scalar=scalar, vector=vector, matrix=matrix, image=image, batch=batch)

# %% [markdown]
# The picture shows the color image as a stack of grids, one for each color, and the batch as several such stacks. It draws
# only a part of the numbers.
#
# ## 2 · A computation is a graph
# TensorFlow sees a formula as a graph. Each **node** of the graph is one operation, and tensors flow along the arrows
# between the nodes. Here is an example:
#
# $$c = a + b \qquad d = b - 1 \qquad e = c \cdot d$$
#
# The node $e$ needs the results of $c$ and $d$. The nodes $c$ and $d$ do not need each other. In lab 5 TensorFlow follows
# the same arrows backward, and that is how a network learns.
#
# ### Exercise 0.2 · A computation graph
# Write the three nodes, one line each. For $a = 1.5$ and $b = 2.5$, $e$ is 6.

# %%
def node(a, b):
    """The node e = (a + b)(b - 1) of a computation graph.

    a, b: numbers, or tensors of the same shape.  Returns e, of that shape.
    """
    c = a + b  # SOLUTION: the sum of a and b
    d = b - 1  # SOLUTION: b minus 1
    e = c * d  # SOLUTION: the product of the two
    return e


# %%
check("0.2", node)

# %% [markdown]
# The next picture is not a drawing of the formula. It shows the operations that TensorFlow recorded while your function
# ran, and the value of each. How many arrows lead into the last node?

# %% tags=["cover"]
plots.computation_graph(node, a=1.5, b=2.5)

# %% [markdown]
# Two arrows lead into the last node: one from $c$, the sum, and one from $d$, the difference.
#
# ## 3 · When something is wrong
# The function below has a mistake in it. Run its cell, then the check, and read the message. Then run the next two cells
# for a hint and for the solution. The first time you ask, `solution` tells you only how many hints are left.
#
# ### Exercise 0.3 · Mend a broken answer
# The function should return the mean of the numbers in x. The mean of 2, 4 and 9 is 5. One line of the function is wrong.

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
# The next picture rests a beam on the number that your function returns. If that number is the mean, the beam stays level.
# What would the beam do with the broken answer?

# %%
plots.balance([2.0, 4.0, 9.0], mean)

# %% [markdown]
# On the mean, 5, the beam is level. The broken function returns the sum, 15. Then the support stands to the right of all
# three numbers, and the beam sinks on the left.
#
# ## Your machine and your progress
# A GPU, a graphics processor, makes large networks fast. These labs do not need one. If TensorFlow finds a GPU, it uses it
# without being told.

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
# - Name the rank and the shape of any tensor.
# - Read a formula as a graph of operations.
#
# **Stretch:** what is the rank of a color video, and of a batch of ten such videos? Make both with `tf.zeros`.
#
# **Next:** lab 1 builds the perceptron, the smallest neural network.
