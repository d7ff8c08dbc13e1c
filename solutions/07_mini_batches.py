# %% [markdown]
# # 7 · Mini-batches
#
# Sixty steps with all 300 students bring the loss down to 0.364; with 32 of them in each step, about a tenth of the work, to
# 0.372. Make such batches, and a loop that trains hundreds of times faster.
#
# **Time:** 75 minutes
#
# After this lab you can
# - say what a batch gains and what it costs;
# - cut an epoch into batches, by hand and with `tf.data`;
# - compile a whole epoch of your own training step;
# - split a batch over devices or machines, and get the same gradient (optional).

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
# The gradient of the loss is a mean over all $n$ examples. With a million examples, each step needs a million predictions.
# The mean over $B$ examples, drawn at random, is an estimate of it:
#
# $$\frac{\partial J}{\partial W} \approx \frac{1}{B} \sum_{k=1}^{B} \frac{\partial L_k}{\partial W}$$
#
# The $B$ examples are a **mini-batch**, or batch for short. A step with such a random estimate is a step of **stochastic**
# gradient descent. This is the S in SGD.
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
# How far off is the estimate? The next cell draws 200 batches of each size from 100 of the students, and computes the
# variance of their gradients. (A student may come twice in a batch.) How much will the variance fall if a batch has 4 times
# as many examples?

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
# It falls to a quarter: the variance goes as $1/B$. The typical error is the root of the variance, so it is only halved. Four
# times the work for half the error: the first examples of a batch help the most.
#
# Now the landscape of lab 4, with a step of all 300 students, of 32, and of a single one. Which path will zigzag most, and
# where will the three end?

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
# All 300 give a smooth path. With 32 it trembles, and with a single student it zigzags. Yet all three end near the lowest
# point.
#
# ## 2 · Batches
# In an epoch, every example is used once. The order is random, and each epoch has a new one, so the batches differ from epoch
# to epoch.
#
# ### Exercise 7.2 · The batches of an epoch
# Cut the examples into batches of `batch_size`. The last batch has the examples that remain. `rng.permutation(n)` gives the
# numbers from 0 to n - 1 in a random order. For 300 examples and a size of 64 you get four batches of 64 and one of 44.

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
# For data in files, TensorFlow has pipelines, `tf.data`. A pipeline is a chain of steps, and the examples pass through it one
# by one. The step `shuffle` keeps some examples in a buffer, and draws the next one from there at random.
#
# ### Exercise 7.3 · A pipeline
# Write the same batches as a pipeline. It begins with single examples. Which step comes first, `shuffle` or `batch`? How
# large must the buffer be, so that any example can come first?

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
# They have not: `shuffle` draws a new order for each pass.
#
# ### Exercise 7.4 · The loss of an epoch
# During an epoch, each batch reports its mean loss. The last batch may be smaller than the others. What is the mean over all
# examples? For losses of 2, 3 and 7, with ten examples and $B = 4$, it is 3.4.

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
# This is your training step from lab 5. Its arithmetic takes microseconds, but Python takes milliseconds to run it.
# `tf.function` records the operations and replays them without Python. Still, Python calls the recorded step once for each
# batch.

# %%
def train_step(model, optimizer, loss, X, y):
    with tf.GradientTape() as tape:
        J = loss(y, model(X, training=True))
    gradients = tape.gradient(J, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return J

# %% [markdown]
# So record the whole epoch: the step, inside a loop of TensorFlow's own over `tf.range`. With `jit_compile=True`, the
# compiler XLA turns it into one program for the processor. XLA must know every shape in advance. So you cut the batches by
# `tf.slice(tensor, [start], [size])`, which has a fixed size, and the short batch comes after the loop.
#
# ### Exercise 7.5 · The compiled epoch
# Fill in the loop. `step` trains with the rows whose numbers it gets, and returns the loss. `losses` is a list of
# TensorFlow's: `losses.write(place, value)` returns the list with this value in it.

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
# Train with it: your batches, your step, your mean. An epoch is now one call.

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
# `training.compile_epoch` in `utils/training.py` has the same loop inside. It also shuffles from a seed, returns the mean
# loss, measures the loss on a validation set, and adds penalties (lab 8). It uses XLA only where that saves time, because
# compiling takes seconds. Open the file: you can read it now.
#
# How long does one of your steps take: plain, recorded, and in the compiled epoch?

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
# The recorded step is many times faster than the plain one, and the compiled epoch many times faster again. The arithmetic is
# the same in all three.
#
# ## 4 · Which batch size?
# With large batches the processor works on many examples at once. With small batches an epoch has more steps. The next cell
# measures the time of an epoch of 1,071 digits, for four sizes $B$. Guess the shape of the curve. (It does without XLA, which
# would compile for about a second for each size.)

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
# At first the time falls steeply, then it levels off. Larger batches hardly save time any more, but they cost steps: an epoch
# has 17 steps with $B = 64$, and 3 with $B = 512$. So take a batch that is large enough to be fast, and no larger.
#
# ## 5 · Two at once (optional)
# You may skip sections 5 and 6: no later lab needs them. The gradient of a batch is a mean over examples, and you can split a
# mean. Each device, called a **replica**, takes a part of the batch, its **shard**. Combining the gradients of all replicas
# is called **all-reduce**.
#
# ### Exercise 7.6 · Two replicas
# Combine the gradients of the shards into the gradient of the whole batch. Shards may differ in size: from 4 examples with
# the gradient 1 and 3 examples with the gradient 8 you get 4.

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
# ## 6 · For real (optional)
# `tf.distribute.MirroredStrategy` keeps a copy of the model on each device. `strategy.run` runs a function on all of them.
# Inside it, `all_reduce` adds up the gradients. `compute_average_loss` divides by the size of the *whole* batch, so the sum
# over the replicas is the mean, also for shards of different size. Seven examples, four here and three there:

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
# ## Appendix · Two machines
# Across machines, the strategy is `MultiWorkerMirroredStrategy`. The same program runs on each machine, and the variable
# `TF_CONFIG` tells it which machines take part. Here, two processes on this computer play two machines. Each trains on its
# half of every batch.

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
# Now the same training alone, in this process. Will it have the same weights in the end?

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
# It has, except for rounding.
#
# ### Why not `fit`?
# Keras 3 and strategies do not always work together. With TensorFlow 2.16 and Keras 3.0, `optimizer.apply` inside
# `strategy.run` does not add up the replicas' gradients. With 2.21 and 3.15 it does, but `fit` can stop with an error if the
# shards differ in size. The gradient by `all_reduce` is right with both.
#
# ## Stretch
# Large batches make few steps, so each step should be longer. Train the digits network for 6 epochs, once with $B = 16$ and
# once with $B = 256$. Which rate brings the loss lowest for each? Is the ratio of the two rates that of the two sizes?
#
# ## What you can do now
# - Trade noise for speed by the batch size.
# - Cut an epoch into batches without losing or repeating an example.
# - Read `utils/training.py`, the loop of this course, line by line.
# - Split a batch over devices, and combine the gradients.
#
# **Next:** lab 8 makes a network that learns too much, and cures it.
