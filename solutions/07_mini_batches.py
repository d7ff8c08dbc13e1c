# %% [markdown]
# # 7 · Mini-batches
#
# Train with a few examples at a time: why that is enough, how to do it right, and how to make it fast.
#
# **Time:** 75 minutes
#
# After this lab you can
# - say what a batch gains and what it costs;
# - cut an epoch into batches, by hand and with `tf.data`;
# - compile a whole epoch of your own training step;
# - split a batch over devices or machines, and get the same gradient.

# %%
from utils import bench, check, datasets, hint, plots, progress, solution
from utils import training, workers

import keras
import numpy as np
import tensorflow as tf

# Two devices out of one processor, for section 6: before anything is computed.
[cpu] = tf.config.list_physical_devices("CPU")
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
keras.utils.set_random_seed(7)

# %% [markdown]
# ## 1 · How many examples does a step need?
# The gradient of the loss is a mean over all $n$ examples. For a million of them, each step would take a million predictions.
# The mean over $B$ of them, drawn at random, is an estimate of it:
#
# $$\frac{\partial J}{\partial W} \approx \frac{1}{B} \sum_{k=1}^{B} \frac{\partial L_k}{\partial W}$$
#
# ### Exercise 7.1 · The gradient of a batch
# Compute it for the examples whose numbers are in `rows`. A loss of Keras takes the mean by itself.

# %%
def batch_gradient(model, loss, X, y, rows):
    """The gradient of the loss over some of the examples, as one flat array.

    X: shape (n, m).  y: shape (n, 1).  rows: the numbers of the examples in the batch.
    """
    with tf.GradientTape() as tape:
        J = loss(y[rows], model(X[rows]))  # SOLUTION: the loss of these examples alone
    gradients = tape.gradient(J, model.trainable_variables)
    return np.concatenate([np.ravel(gradient) for gradient in gradients])


# %%
check("7.1", batch_gradient)

# %% [markdown]
# How far off is the estimate? Draw 200 batches of each size from 100 of the students (one may come twice in a batch), and take
# the variance of their gradients. With 4 times as many examples in a batch, how much will it fall?

# %%
X, y = datasets.students()
y = y.reshape(-1, 1)
loss = keras.losses.BinaryCrossentropy()


def network():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, "tanh"),
                             keras.layers.Dense(1, "sigmoid")])


keras.utils.set_random_seed(7)
model = network()
plots.noise(lambda rows: batch_gradient(model, loss, X, y, rows), n=100)

# %% [markdown]
# It falls as $1/B$. So four times the work halves the typical error, its square root: the first examples of a batch buy the
# most. On the landscape of lab 4 that looks like this; which path belongs to one example?

# %%
def J_of_students(w, rows=range(300)):
    z = tf.linalg.matvec(X[rows], w) - 5  # the logits
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y[rows, 0], z))


def walk(B, steps=60, learning_rate=0.05):
    """The path of gradient descent with B examples a step."""
    rng, w = np.random.default_rng(1), tf.Variable([1.6, 0.0])
    path = [w.numpy()]
    for _ in range(steps):
        rows = rng.choice(len(X), B, replace=False)
        with tf.GradientTape() as tape:
            J = J_of_students(w, rows)
        w.assign_sub(learning_rate * tape.gradient(J, w))
        path.append(w.numpy())
    return path

# %% tags=["cover"]
paths = {"all 300": walk(300), "B = 32": walk(32), "one": walk(1)}
plots.descent(J_of_students, paths, limits=(-0.25, 2))

# %% [markdown]
# ## 2 · Batches
# In an epoch every example has its turn once, in a new random order, so that no batch is ever the same.
#
# ### Exercise 7.2 · The batches of an epoch
# Cut the examples into batches of `batch_size`; the last one has what is left. `rng.permutation(n)` gives the numbers from 0 to
# n - 1 in a random order.

# %%
def batches(X, y, batch_size, rng):
    """The batches of one epoch: a list of pairs, rows of X and the same rows of y.

    rng: a random generator of NumPy, which goes on from epoch to epoch.
    """
    found = []
    order = rng.permutation(len(X))  # SOLUTION: the numbers of the rows, shuffled
    for start in range(0, len(X), batch_size):
        rows = order[start:start + batch_size]  # SOLUTION: those of this batch
        found.append((X[rows], y[rows]))  # SOLUTION: keep the pair
    return found


# %%
check("7.2", batches)

# %%
sizes = [len(y_batch) for _, y_batch in batches(X, y, 64, np.random.default_rng(0))]
print("examples:", len(X), " batches:", sizes)

# %% [markdown]
# For data that come from files, TensorFlow has pipelines, `tf.data`: a chain of steps, each an element at a time. `shuffle`
# keeps a buffer of examples and draws the next one from it.
#
# ### Exercise 7.3 · A pipeline
# Write the same as a pipeline. The slices are single examples. Which comes first, `shuffle` or `batch`, and how large must
# the buffer be?

# %%
def pipeline(X, y, batch_size):
    """A tf.data.Dataset of the batches of one epoch, in a new order each time."""
    examples = tf.data.Dataset.from_tensor_slices((X, y))
    return examples.shuffle(len(X)).batch(batch_size)  # SOLUTION: two more steps


# %%
check("7.3", pipeline)

# %% [markdown]
# Two passes over one pipeline, with the numbers 0 to 9 for examples. Will they have the same order?

# %% tags=["nbval-ignore-output"]
numbers = np.arange(10)
dataset = pipeline(numbers, numbers, 4)
for number in (1, 2):
    print("epoch", number, [rows.numpy().tolist() for rows, _ in dataset])

# %% [markdown]
# ### Exercise 7.4 · The loss of an epoch
# While an epoch runs, each batch reports its mean loss. What is the mean over all examples, when the last batch is smaller? For
# losses of 2, 3 and 7, ten examples and $B = 4$ it is 3.4.

# %%
def epoch_loss(losses, n, batch_size):
    """The mean loss over the n examples of an epoch.

    losses: the mean loss of each batch, in order; all but the last hold batch_size.
    """
    sizes = np.full(len(losses), batch_size)
    sizes[-1] = n - batch_size * (len(losses) - 1)  # SOLUTION: what is left for the last
    return np.sum(losses * sizes) / n  # SOLUTION: weighed with the sizes


# %%
check("7.4", epoch_loss)

# %% [markdown]
# ## 3 · One program for an epoch
# This is your training step from lab 5. In Python it takes milliseconds, for arithmetic that takes microseconds. `tf.function`
# records its operations, and replays them without Python. But Python still calls it once for each batch.

# %%
def train_step(model, optimizer, loss, X, y):
    with tf.GradientTape() as tape:
        J = loss(y, model(X, training=True))
    gradients = tape.gradient(J, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return J

# %% [markdown]
# So record the whole epoch: a loop of TensorFlow's, `tf.range`, around the step, and translate it into one program for the
# processor with `jit_compile=True` (the compiler is called XLA). It wants to know every shape in advance. Therefore batches
# are cut by `tf.slice(tensor, [start], [size])`, whose size is fixed, and the short one comes after the loop.
#
# ### Exercise 7.5 · The compiled epoch
# Fill in the loop. `step` trains with the rows whose numbers it gets. `losses` is a list of TensorFlow's, and
# `losses.write(place, value)` gives back the list with the value in it.

# %%
def compile_epoch(train_step, model, optimizer, loss, X, y, batch_size):
    """Compile epoch(order): train with all rows, batch by batch; return the losses."""
    whole, rest = divmod(len(X), batch_size)
    optimizer.build(model.trainable_variables)  # its variables, before it is recorded
    def step(rows):
        return train_step(model, optimizer, loss,
                          tf.gather(X, rows), tf.gather(y, rows))

    @tf.function(jit_compile=True)
    def epoch(order):  # the numbers of all rows, shape (n,)
        losses = tf.TensorArray(tf.float32, whole + (rest > 0))
        for i in tf.range(whole):
            rows = tf.slice(order, [i * batch_size], [batch_size])  # SOLUTION: cut
            losses = losses.write(i, step(rows))  # SOLUTION: a step, and its loss
        if rest:
            losses = losses.write(whole, step(order[-rest:]))  # SOLUTION: the short one
        return losses.stack()
    return epoch


# %%
check("7.5", compile_epoch)

# %% [markdown]
# Train with it: your batches, your step, your mean. Each epoch is now one call.

# %%
keras.utils.set_random_seed(443)
model, rng = network(), np.random.default_rng(7)
epoch = compile_epoch(train_step, model, keras.optimizers.Adam(0.02), loss, X, y, 32)
history = []
for _ in range(60):
    losses = epoch(tf.constant(rng.permutation(len(X)), tf.int32)).numpy()
    history.append(epoch_loss(losses, len(X), 32))
print("(4, 5) passes:", bool(model(np.array([[4.0, 5.0]]))[0, 0] > 0.9))

# %% tags=["nbval-ignore-output"]
plots.curves({"J": history})

# %% [markdown]
# `training.compile_epoch` in `utils/training.py` has the same loop at its heart. It also shuffles, from a seed; it gives the mean
# loss; it looks at validation data; it adds penalties (lab 8); and it does without XLA where that does not pay, since compiling
# takes seconds. Open it: you can read it now. How long does a step of yours take: one by one, recorded, and compiled?

# %% tags=["nbval-ignore-output"]
optimizer, recorded = keras.optimizers.Adam(), tf.function(train_step)
optimizer.build(model.trainable_variables)  # before it is recorded
order = tf.range(len(X))


def one_by_one(step):
    return len([step(model, optimizer, loss, X_batch, y_batch)
                for X_batch, y_batch in batches(X, y, 32, rng)])


plots.times(bench.measure({"train_step": lambda: one_by_one(train_step),
                           "train_step by tf.function": lambda: one_by_one(recorded),
                           "compiled epoch": lambda: len(epoch(order))}))

# %% [markdown]
# ## 4 · Which batch size?
# Large batches let the processor work on many examples at once; small ones make more steps of an epoch. Guess the shape of the
# curve: the time of an epoch of 1,071 digits, over $B$. (Without XLA's compiler, which would take a second for each size.)

# %% tags=["nbval-ignore-output"]
(digits, labels), _, _ = datasets.digits()
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def digits_network():
    return keras.Sequential([keras.Input((64,)), keras.layers.Dense(128, "relu"),
                             keras.layers.Dense(10)])


plots.epoch_times(lambda B: training.compile_epoch(
    digits_network(), keras.optimizers.Adam(), cross_entropy, digits, labels, B,
    jit_compile=False), batch_sizes=(1, 8, 64, 512))

# %% [markdown]
# From some size on an epoch gets hardly quicker, and it has fewer steps: 17 with $B = 64$, 3 with $B = 512$. So take a batch that
# is large enough to be quick, and no larger.
#
# ## 5 · Two at once
# The gradient of a batch is a mean over examples, and means can be split: half the batch on one device, half on another, and
# the two gradients put together. Each device is called a **replica**, its part of the batch a **shard**, and the putting
# together **all-reduce**.
#
# ### Exercise 7.6 · Two replicas
# Put the gradients of the shards together, so that the result is the gradient of the whole batch. Shards may differ in size.

# %%
def reduced_gradient(gradient, shards):
    """The gradient of the whole batch, from those of its shards.

    gradient: gradient(X, y), the mean over the examples of a shard, an array.
    shards: a list of pairs X, y, one for each replica.
    """
    n = sum(len(y) for _, y in shards)
    parts = [gradient(X, y) * len(y) / n for X, y in shards]  # SOLUTION: weighed by size
    return sum(parts)  # SOLUTION: put together


# %%
check("7.6", reduced_gradient)

# %% [markdown]
# ## 6 · For real
# `tf.distribute.MirroredStrategy` keeps a copy of the model on each device. `strategy.run` runs a function on all of them;
# inside, `all_reduce` adds up. `compute_average_loss` divides by the size of the *whole* batch: so the sum is the mean, and
# unequal shards are right. Seven examples, four here and three there:

# %%
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    twin = network()
twin.set_weights(model.get_weights())


@tf.function
def gradient_on_replicas(X, y):
    with tf.GradientTape() as tape:
        L = keras.losses.binary_crossentropy(y, twin(X, training=True))
        J = tf.nn.compute_average_loss(L, global_batch_size=7)
    gradients = tape.gradient(J, twin.trainable_variables)
    return tf.distribute.get_replica_context().all_reduce("sum", gradients)

# %%
rows = np.split(rng.permutation(len(X))[:7], [4])


def shards(a):
    return strategy.experimental_distribute_values_from_function(
        lambda replica: tf.constant(a[rows[replica.replica_id_in_sync_group]]))


reduced = strategy.run(gradient_on_replicas, (shards(X), shards(y)))
together = [strategy.experimental_local_results(each)[0].numpy() for each in reduced]
together = np.concatenate([np.ravel(each) for each in together])
alone = batch_gradient(model, loss, X, y, np.concatenate(rows))
print("equal to 6 digits:", np.allclose(together, alone, atol=1e-6))

# %% [markdown]
# Why a loop of our own, and not `fit`? Because Keras 3 and strategies do not agree everywhere. With TensorFlow 2.16 and
# Keras 3.0, `optimizer.apply` inside `strategy.run` does not add up the replicas' gradients. With 2.21 and 3.15 it does, but
# `fit` stops with an error where the shards are unequal. The gradient by `all_reduce`, as above, is right with both.
#
# ## Appendix · Two machines
# Across machines the strategy is `MultiWorkerMirroredStrategy`: the same program runs on each, and the variable `TF_CONFIG` tells
# it who takes part. Here two processes on this computer stand for two machines. Each trains on its half of every batch.

# %%
PROGRAM = """
import numpy as np, tensorflow as tf, keras
strategy = tf.distribute.MultiWorkerMirroredStrategy()  # reads TF_CONFIG

from utils import datasets
X, y = datasets.students()
data = tf.data.Dataset.from_tensor_slices((X, y.reshape(-1, 1))).batch(100)
options = tf.data.Options()  # every worker takes its part of each batch
policy = tf.data.experimental.AutoShardPolicy.DATA
options.experimental_distribute.auto_shard_policy = policy
batches = strategy.experimental_distribute_dataset(data.with_options(options))

with strategy.scope():
    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, "tanh"),
                              keras.layers.Dense(1, "sigmoid")])
"""

# %%
PROGRAM += """
@tf.function
def gradient(X, y):
    with tf.GradientTape() as tape:
        L = keras.losses.binary_crossentropy(y, model(X, training=True))
        J = tf.nn.compute_average_loss(L, global_batch_size=100)
    gradients = tape.gradient(J, model.trainable_variables)
    return tf.distribute.get_replica_context().all_reduce("sum", gradients)

for epoch in range(5):
    for X_batch, y_batch in batches:
        for variable, g in zip(model.trainable_variables,
                               strategy.run(gradient, (X_batch, y_batch))):
            variable.assign(variable - 0.1 * g)
print(*[np.round(np.sum(np.abs(W)), 3) for W in model.get_weights()])
"""
first, second = workers.run(PROGRAM)
print("same weights in both processes:", first == second)

# %% [markdown]
# And the same training alone, in this process:

# %%
keras.utils.set_random_seed(7)
alone = network()
optimizer = keras.optimizers.SGD(0.1)
for _ in range(5):
    for start in (0, 100, 200):
        train_step(alone, optimizer, loss, X[start:start + 100], y[start:start + 100])
sums = np.array([np.sum(np.abs(W)) for W in alone.get_weights()])
print("as alone:", np.allclose(sums, np.array(first.split(), float), atol=2e-3))

# %% [markdown]
# ## Stretch
# Large batches make few steps, so each should be longer. Train the digits network for 6 epochs with $B = 16$ and with $B = 256$,
# and find for each the rate that brings the loss lowest. Does the ratio of the rates follow that of the batches?
#
# ## What you can do now
# - Trade noise for speed by the batch size.
# - Cut an epoch into batches without losing or repeating an example.
# - Read `utils/training.py`, the loop of this course, line by line.
# - Split a batch over devices and put the gradients together again.
#
# **Next:** lab 8 makes a network that learns too much, and cures it.
