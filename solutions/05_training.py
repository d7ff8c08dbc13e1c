# %% [markdown]
# # 5 · Training with GradientTape
#
# An untrained network gives you a probability of 0.10 to pass the class. One hundred steps downhill later, in code that you
# wrote yourself, it gives you 0.98.
#
# **Time:** 75 minutes
#
# After this lab you can
# - take any derivative with the tape, and say when the tape gives None;
# - walk down a loss by gradient descent;
# - compute the gradients of a small network by hand;
# - write the training step and the loop around it, and train a network with them.

# %%
from utils import bench, check, datasets, hint, plots, progress, solution

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(5)

# %% [markdown]
# ## 1 · Which way is down?
# Lab 4 ended on a landscape: the loss $J$ over the weights. To walk down it, you need the slope at the place where you stand.
# You could move by a small $h$ and see how much $f$ changes. That is the finite difference:
#
# $$f'(x) \approx \frac{f(x + h) - f(x)}{h}$$
#
# It needs one more call of $f$ for each number that $f$ depends on, and a network has thousands of them. The **tape** needs a
# single call: it records each operation while $f$ is computed, then reads the record backward. You get the **gradient**, the
# list of all slopes.
#
# ### Exercise 5.1 · A derivative by the tape
# Record $f(x)$, then ask the tape for the gradient. The tape follows variables, so the number becomes a variable first. For
# $f(x) = x^2$ at $x = 3.0$ the slope is 6.

# %%
def derivative(f, x):
    """The derivative f'(x), by the tape.

    f: a function of one number, made of TensorFlow's operations.  x: a float.
    """
    x = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = f(x)  # SOLUTION: compute f where the tape sees it
    return tape.gradient(y, x)  # SOLUTION: the gradient of y with respect to x


# %%
check("5.1", derivative)

# %% [markdown]
# How small should $h$ be? The next cell computes the finite difference of $f(x) = x^3$ at $x = 2$, where the slope is 12. From
# line to line $h$ gets smaller. Does the result get better and better?

# %%
def cube(x):
    return x * x * x


print("tape:", np.round(derivative(cube, 2.0), 3))
x = np.float32(2)
for h in np.array([1e-1, 1e-3, 1e-5, 1e-6, 1e-7], np.float32):
    print(f"h = {h:g}:", np.round((cube(x + h) - cube(x)) / h, 2))

# %% [markdown]
# It gets better, then worse. With a large $h$, the curve bends between the two points. With a tiny $h$, float32 has too few
# digits: in the last line $x + h$ is $x$ itself. The tape has neither problem. A finite difference is still a good test of a
# derivative.
#
# The tape answers None where it sees no way from $x$ to $y$:
#
# - $x$ is a whole number;
# - a step on the way is computed by NumPy, or outside the `with`;
# - $x$ is a plain tensor, and `tape.watch(x)` was not called.

# %% [markdown]
# ## 2 · Downhill
# The gradient tells you in which direction $J$ grows. So take a small step against it. Then compute the gradient again, and take
# the next step. The **learning rate** $\eta$ (eta) makes the steps longer or shorter:
#
# $$w \leftarrow w - \eta \frac{\partial J}{\partial w}$$
#
# ### Exercise 5.2 · Gradient descent
# Fill in the loop. `w` is a variable, and `w.assign_sub(step)` takes a step away from it in place. For $J = w^2$ with
# $\eta = 0.25$, each step halves $w$: from 4.0 you get to 2, 1, 0.5, and so on.

# %%
def gradient_descent(J, w, learning_rate, steps):
    """The path down J: w at the start and after each step, steps + 1 entries.

    J: a function of w.  w: where to start, a float or an array of them.
    """
    w = tf.Variable(w)
    path = [w.numpy()]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            height = J(w)  # SOLUTION: the loss at w
        gradient = tape.gradient(height, w)  # SOLUTION: its slope
        w.assign_sub(learning_rate * gradient)  # SOLUTION: a step downhill
        path.append(w.numpy())
    return path


# %%
check("5.2", gradient_descent)

# %% [markdown]
# A parabola, and three learning rates. With $\eta = 0.1$ each step is a tenth of the slope. What will the paths with
# $\eta = 0.9$ and $\eta = 1.05$ look like?

# %%
def parabola(w):
    return w ** 2


plots.descent(parabola, {f"η = {rate}": gradient_descent(parabola, -1.5, rate, 12)
                         for rate in (0.1, 0.9, 1.05)})

# %% [markdown]
# With $\eta = 0.9$ each step jumps to the other side and lands lower than before. With $\eta = 1.05$ each step lands higher, and
# the path leaves the picture.
#
# Now the landscape of lab 4: one perceptron with the bias -5, and two weights that can move. The white circle is the start, where
# lab 4 stood. In which direction will the first step go?

# %%
X, y = datasets.students()


def J_of_students(w):
    z = tf.linalg.matvec(X, w) - 5  # the logits, as in lab 4
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z))


path = gradient_descent(J_of_students, np.array([1.6, 0], np.float32), 0.2, 12)
plots.descent(J_of_students, {"gradient descent": path}, limits=(-0.25, 2))

# %% [markdown]
# To the left and up, straight across the contour lines: no other direction is steeper. The steps are long where the landscape is
# steep and short where it is flat, because each step is $\eta$ times the slope. Lab 6 is about landscapes where that is not
# enough.
#
# ## 3 · What the tape does
# In a network, an early weight changes the loss through everything that comes after it. The chain rule follows this way,
# one derivative at a time. For $z_1 = w_1 x$, $\hat y = w_2 \tanh(z_1)$ and $J = (y - \hat y)^2$:
#
# $$\frac{\partial J}{\partial w_2} = \frac{\partial J}{\partial \hat y} \cdot \frac{\partial \hat y}{\partial w_2}
# \qquad \frac{\partial J}{\partial w_1} = \frac{\partial J}{\partial \hat y} \cdot
# \frac{\partial \hat y}{\partial z_1} \cdot \frac{\partial z_1}{\partial w_1}$$
#
# ### Exercise 5.3 · Backpropagation by hand
# Write the derivatives, from the loss back to the first weight. The derivative of $\tanh(z)$ is $1 - \tanh^2(z)$. Each line
# multiplies a result from above by one more derivative. For $x = y = 1$, $w_1 = 0.5$ and $w_2 = 2$ the two gradients are
# -0.238 and -0.070.

# %%
def backpropagation(x, y, w1, w2):
    """The gradients ∂J/∂w1 and ∂J/∂w2 of J = (y - ŷ)², with ŷ = w2 tanh(w1 x).

    All are numbers.  Returns the two gradients.
    """
    z1 = w1 * x
    y_hat = w2 * np.tanh(z1)
    dJ_dy_hat = -2 * (y - y_hat)  # SOLUTION: how J changes with ŷ
    dJ_dw2 = dJ_dy_hat * np.tanh(z1)  # SOLUTION: on to w2
    dJ_dz1 = dJ_dy_hat * w2 * (1 - np.tanh(z1) ** 2)  # SOLUTION: back to z1
    dJ_dw1 = dJ_dz1 * x  # SOLUTION: and on to w1
    return dJ_dw1, dJ_dw2


# %%
check("5.3", backpropagation)

# %% [markdown]
# Both weights use the same $\partial J / \partial \hat y$, and you compute it once. That is why backpropagation is cheap, in
# networks of any size.
#
# In the picture, values go forward and gradients come back. Both weights have a negative gradient. In which direction will the
# next step move them, and what will that do to $\hat y$?

# %%
plots.chain(backpropagation, x=2.0, y=1.0, w1=0.25, w2=1.2)

# %% [markdown]
# The step goes against the gradient, so both weights grow, and $\hat y$ rises towards $y = 1$.
#
# ## 4 · The training step
# In a large network, the tape applies the chain rule for you. An **optimizer** changes the weights: it is an object that has the
# learning rate. One step of training has four parts: predict, measure, differentiate, change.
#
# ### Exercise 5.4 · The training step
# Write it. `model(X, training=True)` tells the model that it is being trained. Some layers work only then, such as Dropout in
# lab 8. `optimizer.apply_gradients` takes pairs of a gradient and its variable, and `zip` makes these pairs.

# %%
def train_step(model, optimizer, loss, X, y):
    """Take one step of training, and return the loss before it, a number.

    loss: loss(y, y_hat), the mean over the batch.  X, y: the batch.
    """
    with tf.GradientTape() as tape:
        y_hat = model(X, training=True)  # SOLUTION: predict, as in training
        J = loss(y, y_hat)  # SOLUTION: how wrong is that?
    variables = model.trainable_variables
    gradients = tape.gradient(J, variables)  # SOLUTION: the gradients of J
    optimizer.apply_gradients(zip(gradients, variables))  # SOLUTION: change the weights
    return J


# %%
check("5.4", train_step)

# %% [markdown]
# Ten steps with a network for the students. Does the loss fall at every step?

# %%
def network():
    return keras.Sequential([keras.Input((2,)),
                             keras.layers.Dense(8, activation="tanh"),
                             keras.layers.Dense(1, activation="sigmoid")])


keras.utils.set_random_seed(5)
model, optimizer = network(), keras.optimizers.SGD(0.1)
binary_cross_entropy = keras.losses.BinaryCrossentropy()
columns = y.reshape(-1, 1)
plots.curves({"J": [train_step(model, optimizer, binary_cross_entropy, X, columns)
                    for _ in range(10)]}, xlabel="step")

# %% [markdown]
# Here it does. With a rate ten times as large it rises in between: try `SGD(1.0)`.
#
# ## 5 · Again and again
# One pass over all examples is an **epoch**. Here all examples go through the network in one step, so an epoch is one step. Lab 7
# takes them in smaller batches.
#
# ### Exercise 5.5 · The loop
# Take one step in each epoch, and keep its loss.

# %%
def train(model, optimizer, loss, X, y, epochs):
    """Train for some epochs, with all examples in each step.

    Returns the history, a list of the loss of each epoch.
    """
    history = []
    for _ in range(epochs):
        # BEGIN SOLUTION: take a step, and keep the loss
        history.append(train_step(model, optimizer, loss, X, y))
        # END SOLUTION
    return history


# %%
check("5.5", train)

# %% [markdown]
# ## 6 · "Will I pass this class?"
# Train a network on 240 of the students, the **training set**. The other 60 are the **validation set**: the network never
# learns from them. On the training set, it may be right because it remembers the answers. On the validation set it cannot
# remember them.
#
# ### Exercise 5.6 · Will I pass this class?
# Choose a network, an optimizer and a number of epochs. `train_and_look` trains 20 times for that many epochs, and keeps a
# copy of the weights each time. Each copy is one look. At the end, the network should reach
#
# - for you, at (4, 5): a probability of at least 0.9;
# - for the validation set: an **accuracy**, the share of right answers, of at least 90%.
#
# `keras.optimizers.SGD(rate)` takes the steps of 5.2. `Adam(rate)` adapts their length (lab 6), and often needs fewer epochs.

# %%
X_train, y_train = X[:240], y[:240].reshape(-1, 1)
X_val, y_val = X[240:], y[240:].reshape(-1, 1)


def train_and_look(model, optimizer, epochs):
    """Train 20 times; return the weights at the start and after each time."""
    model(X_train[:1])  # now it has weights, whatever it is made of
    looks = [model.get_weights()]
    for _ in range(20):
        train(model, optimizer, binary_cross_entropy, X_train, y_train, epochs)
        looks.append(model.get_weights())
    return looks


# %%
keras.utils.set_random_seed(443)  # untrained, `network()` gives you 0.10
model = network()  # SOLUTION: a model with one output
looks = train_and_look(model, keras.optimizers.Adam(0.05), 5)  # SOLUTION: train it

# %%
check("5.6", model, looks)

# %% [markdown]
# What did the network tell you on the way? The next cell puts the weights of each look back, and asks again. Does your
# probability rise all the time?

# %% tags=["nbval-ignore-output"]
you = np.array([[4, 5]], np.float32)
predictions = []
for weights in looks:
    model.set_weights(weights)
    predictions.append(model(you)[0, 0])
plots.curves({"ŷ for you": predictions}, ylabel="ŷ", xlabel="look")

# %% [markdown]
# It may fall for a while. The network lowers the mean loss of 240 students, and your own $\hat y$ is not a part of it.
#
# And everybody else? At the border $\hat y$ is 0.5. Guess its shape at the first look and at the last one. Then press play.

# %% tags=["nbval-ignore-output", "cover"]
plots.regions_over_time(model, looks, X_train, y_train, mark={"you": (4, 5)},
                        limits=(-0.5, 10.5), xlabel="look")

# %% [markdown]
# At look 0 the colors have nothing to do with the students. In the end the border bends: a student needs enough lectures and
# enough hours.
#
# Training lowers the loss on the training set. The validation set shows whether that helps with other students. (Choose by it
# many times, and it is no longer unseen: lab 9 has more.)

# %%
accuracy = np.mean((model(X_val) > 0.5) == (y_val == 1))
print("you:", "pass" if model(you)[0, 0] > 0.5 else "fail",
      " validation accuracy at least 90%:", bool(accuracy >= 0.9))

# %% [markdown]
# ## 7 · The same, faster
# Your step runs line by line, and Python takes longer than the arithmetic. `tf.function` records the step once, as a graph, and
# then runs the graph without Python. One compiled function can even run a whole epoch, with all its batches:
# `training.compile_epoch` in `utils/` does this, and lab 7 builds it with you. How many times faster will it be, for this network
# and batches of 32?

# %% tags=["nbval-ignore-output"]
plots.times(bench.compare(train_step, network, binary_cross_entropy, X_train, y_train))

# %% [markdown]
# Your plain step takes hundreds of times as long as a step of the compiled epoch. `fit`, Keras's own loop, records its step too,
# so it is faster than your plain step. It also does more around each step and each epoch, so your recorded step is faster than
# `fit`. This network is small: the arithmetic is only a small part of the time.
#
# ## What the slides said
# One slide begins with `tf.Variable([tf.random.normal()])`, where the shape of the random numbers is missing. Then a loop,
# `while True`, repeats `weights = weights - lr * gradient`. Its first round replaces the variable by a plain tensor, and the tape
# does not watch that:

# %%
weights = tf.Variable([1.0, 2.0])
for step in (1, 2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights ** 2)
    gradient = tape.gradient(loss, weights)
    print("step", step, " gradient:", None if gradient is None else gradient.numpy())
    if gradient is not None:
        weights = weights - 0.1 * gradient

# %% [markdown]
# Your function changes the variable in place, and it ends after a number of steps. Here are other lines of the slides, with the
# errors that they give today:

# %%
for line in ("tf.Variable([tf.random.normal()])", "tf.keras.optimizer.SGD()",
             "optimizer.apply_gradients(zip(grads, model.trainable_variables)))",
             "tf.gradients(ys=loss, xs=weights)"):
    try:
        eval(line)
    except Exception as error:
        print(f"{type(error).__name__:15}", line)
print("today:          tf.Variable(tf.random.normal([1])), keras.optimizers.SGD()")

# %% [markdown]
# ## Stretch
# Let `gradient_descent` minimize $J(w) = \sin(5 w) + w^2$ from many starts. In how many different places does it end? From which
# starts do you reach the deepest one?
#
# ## What you can do now
# - Ask the tape for any slope, and know when it answers None.
# - Walk downhill, and recognize a learning rate that is too large by its path.
# - Explain backpropagation with four lines of code.
# - Train a network with a loop that is yours from end to end.
#
# **Next:** lab 6 finds better ways down than the steepest.
