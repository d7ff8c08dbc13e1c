# %% [markdown]
# # 5 · Training with GradientTape
#
# Let the network learn: follow the slope of its loss downhill, one step at a time, in code of your own.
#
# **Time:** 75 minutes
#
# After this lab you can
# - take any derivative with the tape, and say what the tape does not see;
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
# Lab 4 ended on a landscape: the loss $J$ over the weights. To walk down it, you need to know the slope where you stand. You
# could try: go a little further, by $h$, and see how much $f$ changes. That is the finite difference,
#
# $$f'(x) \approx \frac{f(x + h) - f(x)}{h}$$
#
# It takes one more call of $f$ for each number that $f$ depends on, and a network has thousands. The **tape** does it in one
# go: it writes down each operation while $f$ is computed, then reads the list backwards.
#
# ### Exercise 5.1 · A derivative by the tape
# Record $f(x)$ and ask the tape for the gradient. The tape follows variables, so the number becomes one first. For
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
# How small should $h$ be? Below, the finite difference of $f(x) = x^3$ at $x = 2$, where the slope is 12, for smaller and
# smaller $h$. Will it get better and better?

# %%
def cube(x):
    return x * x * x


print("tape:", np.round(derivative(cube, 2.0), 3))
x = np.float32(2)
for h in np.array([1e-1, 1e-3, 1e-5, 1e-6, 1e-7], np.float32):
    print(f"h = {h:g}:", np.round((cube(x + h) - cube(x)) / h, 2))

# %% [markdown]
# With a large $h$ the curve bends away; with a small one the digits of float32 run out, until $x + h$ is $x$. The tape has
# neither trouble. Still, a finite difference is a good test of a derivative.
#
# Where the tape saw no way from $x$ to $y$ it answers None: for whole numbers, for NumPy's functions, for what is computed
# outside the `with`, and for plain tensors that it was not told to watch.

# %% [markdown]
# ## 2 · Downhill
# The gradient tells where $J$ grows. So take a small step against it, and again from there. How small, the **learning rate**
# $\eta$ says:
#
# $$w \leftarrow w - \eta \frac{\partial J}{\partial w}$$
#
# ### Exercise 5.2 · Gradient descent
# Fill in the loop. `w` is a variable: change it in place, by `w.assign_sub(…)`, which takes a number away from it. From
# $w = 4.0$ on $J = w^2$ with $\eta = 0.25$, each step halves $w$.

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
# A parabola, and three learning rates. Each step of the first is a tenth of the slope. What will a step do that is nearly the
# whole slope, and what a longer one?

# %%
def parabola(w):
    return w ** 2


plots.descent(parabola, {f"η = {rate}": gradient_descent(parabola, -1.5, rate, 12)
                         for rate in (0.1, 0.9, 1.05)})

# %% [markdown]
# Now the landscape of lab 4: one perceptron, its bias set to -5, and the two weights free. The white circle is where lab 4
# stood. In which direction will the first step go?

# %%
X, y = datasets.students()


def J_of_students(w):
    z = tf.linalg.matvec(X, w) - 5  # the logits, as in lab 4
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z))


path = gradient_descent(J_of_students, np.array([1.6, 0], np.float32), 0.05, 40)
plots.descent(J_of_students, {"gradient descent": path}, limits=(-0.25, 2))

# %% [markdown]
# Long steps where it is steep, short ones where it gets flat: the step is $\eta$ times the slope. Lab 6 is about landscapes
# where that is not enough.
#
# ## 3 · What the tape does
# In a network the loss depends on an early weight by way of everything after it. The chain rule takes it apart. For
# $z_1 = w_1 x$, $\hat y = w_2 \tanh(z_1)$ and $J = (y - \hat y)^2$:
#
# $$\frac{\partial J}{\partial w_2} = \frac{\partial J}{\partial \hat y} \cdot \frac{\partial \hat y}{\partial w_2}
# \qquad \frac{\partial J}{\partial w_1} = \frac{\partial J}{\partial \hat y} \cdot
# \frac{\partial \hat y}{\partial z_1} \cdot \frac{\partial z_1}{\partial w_1}$$
#
# ### Exercise 5.3 · Backpropagation by hand
# Write the derivatives, from the loss back to the first weight; that of $\tanh(z)$ is $1 - \tanh^2(z)$. Each line takes a
# result from above, times one more derivative, and ∂J/∂ŷ is computed once for both weights: therefore it is cheap.

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
# Values go forward, gradients come back. Both gradients are negative here: which way will the next step move the weights,
# and what will that do to ŷ?

# %%
plots.chain(backpropagation, x=1.0, y=1.0, w1=0.5, w2=1.2)

# %% [markdown]
# Against its gradient each weight grows, and ŷ rises towards y.
#
# ## 4 · The training step
# For a whole network you leave the chain rule to the tape, and the change of the weights to an **optimizer**, which has the
# learning rate. One step is: predict, measure, differentiate, change.
#
# ### Exercise 5.4 · The training step
# Write it. The model is told that it is being trained, by `model(X, training=True)`: some layers, such as Dropout in lab 8,
# do their work only then. `optimizer.apply_gradients` takes pairs of a gradient and its variable, as `zip` makes them.

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
# Ten steps with a network for the students. Does the loss fall every time?

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
# ## 5 · Again and again
# One pass over all examples is an **epoch**. Here all of them go through in one step, so an epoch is a step; lab 7 takes them
# in smaller batches.
#
# ### Exercise 5.5 · The loop
# Take a step each epoch, and keep its loss.

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
# Untrained, the network of lab 3 told you 0.1, and so will this one. Train it on 240 of the students. The other 60 are
# **held out**: the network never sees them, and on them you measure what it has learned, rather than what it remembers.
#
# ### Exercise 5.6 · Will I pass this class?
# Choose a network, an optimizer, and how many epochs lie between two looks at it, until it gives you, at (4, 5), a probability
# of at least 0.9, and gets at least 90% of the held-out students right. `keras.optimizers.Adam(rate)` often needs fewer epochs
# than `SGD`.

# %%
X_train, y_train = X[:240], y[:240].reshape(-1, 1)
X_held_out, y_held_out = X[240:], y[240:].reshape(-1, 1)


def train_and_look(model, optimizer, epochs):
    """Train 20 times some epochs; return the weights at the start and after each."""
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
# What did it tell you on the way? Each look is a set of weights; put them back one after the other, and ask.

# %% tags=["nbval-ignore-output"]
you = np.array([[4, 5]], np.float32)
predictions = []
for weights in looks:
    model.set_weights(weights)
    predictions.append(model(you)[0, 0])
plots.curves({"ŷ for you": predictions}, ylabel="ŷ", xlabel="look")

# %% [markdown]
# And everybody else? Guess the shape of the first border, and of the last one. Then press play.

# %% tags=["nbval-ignore-output", "cover"]
plots.regions_over_time(model, looks, X_train, y_train, mark={"you": (4, 5)},
                        limits=(-0.5, 10.5), xlabel="look")

# %% [markdown]
# The loss on the students it trained with falls as long as it can. The ones held out tell how far to believe it. (Who chooses
# by them again and again has seen them, in a way: lab 9 has more.)

# %%
accuracy = np.mean((model(X_held_out) > 0.5) == (y_held_out == 1))
print("you:", "pass" if model(you)[0, 0] > 0.5 else "fail",
      " held-out accuracy at least 90%:", bool(accuracy >= 0.9))

# %% [markdown]
# ## 7 · The same, faster
# Your step runs line by line, and Python is slower than the arithmetic. `tf.function` records it once and replays the graph.
# Better still, one compiled function can run the whole epoch, with its batches: `training.compile_epoch` in `utils/` does, and
# lab 7 builds it with you. How many times faster, for this network and batches of 32?

# %% tags=["nbval-ignore-output"]
plots.times(bench.compare(train_step, network, binary_cross_entropy, X_train, y_train))

# %% [markdown]
# `fit` is Keras's own loop. It records its step too, so it beats your plain one; and it does more around it, in each step and
# at the start of each epoch, so your recorded step beats `fit`. For a network this small most of that time is no arithmetic.
#
# ## What the slides said
# A slide begins with `tf.Variable([tf.random.normal()])`, which lacks the shape of the numbers. It goes on, `while True`, with
# `weights = weights - lr * gradient`. The first pass replaces the variable by a plain tensor:

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
# Yours changes the variable in place, and ends after a number of steps. Other lines of the slides, and what they give today:

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
# Let `gradient_descent` minimize $J(w) = \sin(5 w) + w^2$ from many starts. How many different ends are there, and from which
# starts do you reach the deepest?
#
# ## What you can do now
# - Ask the tape for any slope, and know when it answers None.
# - Walk downhill, and tell a learning rate that is too large by its path.
# - Explain backpropagation with four lines of code.
# - Train a network with a loop that is yours from end to end.
#
# **Next:** lab 6 finds better ways down than the steepest.
