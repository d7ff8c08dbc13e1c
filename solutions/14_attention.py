# %% [markdown]
# # 14 · Attention
#
# A dance tune repeats itself. An LSTM, after a short training on windows of 64 tokens, guesses about a third of the next tokens
# right. A head of attention looks up what came next the last time in the tune. It guesses 69% right, and nobody has trained it.
# You build a transformer stone by stone, and each stone is compared with Keras's, with the same weights.
#
# **Time:** 90 minutes
#
# After this lab you can
# - write attention, its causal mask, and a layer with several heads;
# - tell a network where a note stands;
# - put a transformer together, and compare it fairly with an LSTM;
# - say what long sequences cost, and write with a cache.

# %%
from utils import check, datasets, hint, plots, progress, solution, training, tunes

import time

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(14)

# %% [markdown]
# ## 1 · A lookup that is soft
# A Python dictionary gives the value whose key equals your **query**. If no key is equal, it gives an error. Attention is a
# lookup that is never empty-handed: it compares the query with every **key**, and returns a mean of all **values**. The better
# a key fits, the more its value counts.
#
# Queries, keys and values are vectors, the rows of $Q$, $K$ and $V$. How well do a query and a key fit? Their dot product
# says so, as in a perceptron. These **scores** become weights by a softmax over the keys:
#
# $$\text{attention}(Q, K, V) = \text{softmax}\left(\frac{Q K^\top}{\sqrt d}\right) V$$
#
# Here $d$ is the length of a query. A dot product of long vectors is a sum of many terms, and it is larger. The $\sqrt d$
# takes that back.

# %% [markdown]
# ### Exercise 14.1 · A soft lookup
# Write it for one matrix or for a whole batch. `tf.matmul` has an option that transposes its second matrix. For the query
# $(1, 0)$, the keys $(1, 0)$ and $(0, 1)$, and the values 10 and 20, the scores are 0.71 and 0, the weights 0.67 and 0.33, and
# the result is 13.3.

# %%
def attention(Q, K, V):
    """For each query the mean of the values, weighted by how well the keys fit.

    Q: queries, shape (…, n, d).  K: keys, shape (…, m, d).
    V: values, shape (…, m, k).  Returns shape (…, n, k).
    """
    d = Q.shape[-1]
    scores = tf.matmul(Q, K, transpose_b=True) / d ** 0.5  # SOLUTION: (…, n, m)
    weights = tf.nn.softmax(scores)  # SOLUTION: for each query they add up to 1
    return weights @ V  # SOLUTION: the weighted mean


# %%
check("14.1", attention)

# %% [markdown]
# With the identity matrix as values, the result is the weights themselves. The picture shows them for three keys, and for a
# query that points to the first key and a little to the second. Then the query gets three times as long, and ten times. What
# will its length do to the weights?

# %%
keys = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
query = np.array([[1, 0.6]], np.float32)
queries = np.concatenate([query, 3 * query, 10 * query])
plots.lookup(attention(queries, keys, np.eye(3, dtype=np.float32)),
             ["query", "3 × query", "10 × query"], ["(1, 0)", "(0, 1)", "(-1, 0)"])

# %% [markdown]
# A short query takes something of every value. A long one takes nearly all of it from the best key, like a dictionary. So a
# network can learn how sharply it looks.
#
# Now the reason for $\sqrt d$. Draw random queries and 16 random keys of length $d$. How large is the largest of the 16
# weights on average, with $\sqrt d$ and without?

# %%
rng = np.random.default_rng(14)
sizes, largest = [1, 4, 16, 64, 256], {"without √d": [], "with √d": []}
for d in sizes:
    Q, K = (rng.normal(size=(n, d)).astype(np.float32) for n in (500, 16))
    for name, factor in (("without √d", d ** 0.5), ("with √d", 1)):
        weights = attention(np.float32(factor) * Q, K, np.eye(16, dtype=np.float32))
        largest[name].append(np.mean(np.max(weights, axis=1)))
plots.curves(largest, x=sizes, xlabel="d", ylabel="largest weight")

# %% [markdown]
# Without it, the softmax is nearly a hard choice for large $d$. There its slope is close to 0, as at the far ends of a sigmoid,
# and a network that begins so learns slowly.

# %% [markdown]
# ## 2 · Nobody looks ahead
# In a melody every note has a query: what came before that helps to guess what comes next? Then $Q$ and $K$ have a row for
# each of $T$ notes, and row $i$ of the weights says how much note $i$ looks at each note.
#
# In training the network sees the whole melody at once, and would read the next note instead of guessing it. The **causal mask**
# forbids that: note $i$ may look at itself and at earlier notes. A hidden note must get the weight 0 *after* the softmax, and the
# others must add up to 1.

# %% [markdown]
# ### Exercise 14.2 · The causal mask
# Return the weights. Which score does the softmax turn into exactly 0? `tf.where(condition, a, b)` takes a where the condition
# is true, and b elsewhere. If all scores are 0 and $T = 3$, the weights are
# $\begin{pmatrix} 1 & 0 & 0 \\ 1/2 & 1/2 & 0 \\ 1/3 & 1/3 & 1/3 \end{pmatrix}$.

# %%
def causal_weights(Q, K):
    """The weights of attention, where nobody looks ahead.

    Q, K: shape (…, T, d).  Returns shape (…, T, T), a row for each query.
    """
    T, d = Q.shape[-2:]
    scores = tf.matmul(Q, K, transpose_b=True) / d ** 0.5
    i, j = np.ogrid[:T, :T]  # i: the note that looks, a column; j: who is seen, a row
    visible = j <= i  # SOLUTION: True where note i may look at note j, shape (T, T)
    return tf.nn.softmax(tf.where(visible, scores, -np.inf))  # SOLUTION: the weights


# %%
check("14.2", causal_weights)

# %% [markdown]
# Here are the weights of six random notes, without the mask and with it. The last row may look at all six in both. Will it be
# the same?

# %%
Q, K = rng.normal(size=(2, 6, 8)).astype(np.float32)
plots.who_looks({"without a mask": attention(Q, K, np.eye(6, dtype=np.float32)),
                 "with the causal mask": causal_weights(Q, K)})

# %% [markdown]
# It is the same. The first row has no choice: the first note looks at itself.

# %% [markdown]
# ## 3 · A layer with heads
# Where do queries, keys and values come from? All three are made from the same $X$, which holds a vector for each note: that is
# **self-attention**. The layer has a matrix for each of them, and learns it: $Q = X W_Q$, $K = X W_K$, $V = X W_V$.
#
# One softmax can look at one thing at a time. So the layer cuts the columns of $Q$, $K$ and $V$ into pieces, one for each
# **head**. Each head looks on its own. Side by side, their results are as wide as $X$ again, and $W_O$ mixes them.

# %% [markdown]
# ### Exercise 14.3 · Self-attention
# Fill in the three methods. Heads get an axis of their own, before $T$, and then `causal_weights` does all of them at once.
# `tf.split(X, n, axis)` gives n pieces, and `tf.stack(pieces, axis)` puts them along a new axis. `tf.unstack` and `tf.concat`
# are the way back. With 2 heads, the row $(1, 2, 3, 4)$ becomes $(1, 2)$ for the first head and $(3, 4)$ for the second.
# Section 6 puts the layer into a model, where B is not known beforehand: do without `X.shape[0]`.

# %%
class SelfAttention(keras.layers.Layer):
    """Causal self-attention with several heads: from (B, T, d) to (B, T, d)."""
    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def build(self, input_shape):
        self.W_Q, self.W_K, self.W_V, self.W_O = (
            self.add_weight(shape=(input_shape[-1],) * 2) for _ in range(4))

    def split(self, X):  # a piece for each head: (B, heads, T, d / heads)
        return tf.stack(tf.split(X, self.heads, axis=-1), axis=1)  # SOLUTION: stack

    def look(self, X):  # who looks at whom, in each head: (B, heads, T, T)
        Q, K = self.split(X @ self.W_Q), self.split(X @ self.W_K)  # SOLUTION: cut
        return causal_weights(Q, K)  # SOLUTION: the weights

    def call(self, X):
        found = self.look(X) @ self.split(X @ self.W_V)  # SOLUTION: what heads find
        return tf.concat(tf.unstack(found, axis=1), axis=-1) @ self.W_O  # SOLUTION: mix


# %%
check("14.3", SelfAttention)

# %% [markdown]
# ## 4 · Where am I?
# A weighted mean does not know in which order its values came. Take eight random vectors as notes, and shuffle the first seven.
# Will the last note notice?

# %%
melody = rng.normal(size=(1, 8, 16)).astype(np.float32)
shuffled = melody[:, [3, 6, 0, 5, 1, 4, 2, 7]]
layer = SelfAttention(heads=2)


def last_note_notices(melody, shuffled):
    difference = layer(melody)[:, -1] - layer(shuffled)[:, -1]
    return bool(np.max(np.abs(difference)) > 1e-3)


print("the last note notices:", last_note_notices(melody, shuffled))

# %% [markdown]
# It does not: the layer gives the same for the last note. But a melody backward is another melody. So every note gets its
# position, added to its vector. The paper that introduced the transformer, "Attention Is All You Need", adds waves to it. Columns
# $2i$ and $2i + 1$ of the vector at position $t$ get
#
# $$\sin\left(t \cdot 10000^{-2i/d}\right) \quad \text{and} \quad \cos\left(t \cdot 10000^{-2i/d}\right)$$
#
# The first pair turns fast and tells neighbors apart. Later pairs turn slowly, like the hands of a clock, and tell far from near.

# %% [markdown]
# ### Exercise 14.4 · Positions
# Add the waves to a batch. Positions count from 0. For $d = 4$, position 0 gets $(0, 1, 0, 1)$, and position 1 gets
# $(0.841, 0.540, 0.010, 1.000)$. Section 6 makes a layer of your function. There X has no numbers yet, so add the waves to X as
# it is, without turning X into an array.

# %%
def add_positions(X):
    """X with its positions added: the same waves for each example of the batch.

    X: shape (B, T, d), with an even d.  Returns the same shape.
    """
    T, d = X.shape[1:]
    t = np.arange(T)[:, None]
    angles = t * 10000.0 ** (-np.arange(0, d, 2) / d)  # SOLUTION: shape (T, d / 2)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1)  # SOLUTION: in pairs
    return X + waves.reshape(T, d).astype("float32")  # SOLUTION: the waves, added


# %%
check("14.4", add_positions)

# %% [markdown]
# Here are the waves of 64 positions, and how well each position fits each other one: the dot products of the waves. Where will
# the dot products be large?

# %%
waves = np.asarray(add_positions(np.zeros((1, 64, 32), np.float32)))[0]
plots.waves(waves)

# %% [markdown]
# Along the diagonal, and on the whole less away from it: near positions fit best. They depend on the distance alone, so a head
# can learn to look a bar back, wherever it is. Does the last note notice the shuffle now?

# %%
print("the last note notices:", last_note_notices(add_positions(melody),
                                                  add_positions(shuffled)))

# %% [markdown]
# ## 5 · A block
# Attention moves information from note to note. What to make of it, a small network decides for each note on its own: two
# Dense layers, the **feed-forward** part. Both parts do not replace $X$, they add to it. Such a **residual** leaves a way on
# which values and gradients pass unchanged, so that many blocks can be stacked.
#
# **Layer normalization** keeps the numbers in range: for each note it shifts and scales its vector to mean 0 and standard
# deviation 1. Each part gets a normalized input, and its output is added to $X$ itself:
#
# $$X \leftarrow X + \text{attention}(\text{norm}_1(X)) \qquad X \leftarrow X + \text{feed-forward}(\text{norm}_2(X))$$

# %% [markdown]
# ### Exercise 14.5 · A block
# Put the parts together. They are made for you. If both parts gave 0, the block would give X as it is.

# %%
class Block(keras.layers.Layer):
    """A block of a transformer: from (B, T, d) to (B, T, d)."""

    def __init__(self, heads, d):
        super().__init__()
        self.norm_1, self.norm_2 = (keras.layers.LayerNormalization() for _ in range(2))
        self.attention = SelfAttention(heads)
        self.feed_forward = keras.Sequential([keras.layers.Dense(2 * d, "relu"),
                                              keras.layers.Dense(d)])

    def call(self, X):
        X = X + self.attention(self.norm_1(X))  # SOLUTION: add attention
        return X + self.feed_forward(self.norm_2(X))  # SOLUTION: add the rest


# %%
check("14.5", Block)

# %% [markdown]
# ## 6 · A transformer that knows tunes
# The data are those of lab 13: dance tunes as rows of tokens. The network reads 64 tokens, and guesses the next one after each
# of them. Its rival is the LSTM of lab 13.

# %%
train, validation, vocabulary = datasets.tunes()
T, size = 64, len(vocabulary)
X, y = tunes.windows(train, T)
X_val, y_val = tunes.windows(validation, T)
print(f"{len(train)} tunes, {len(X)} windows; for validation {len(validation)} tunes")


def lstm():
    return keras.Sequential([keras.Input((T,)), keras.layers.Embedding(size, 64),
                             keras.layers.LSTM(64, return_sequences=True),
                             keras.layers.Dense(size)])


print(f"the LSTM has {lstm().count_params():,} weights")

# %% [markdown]
# ### Exercise 14.6 · A transformer
# Build one that has as many weights as the LSTM, a tenth more or fewer. The first and the last layer can be the same as in the
# LSTM. `keras.layers.Lambda(add_positions)` makes a layer of your function. Between them goes your `Block`: its `d` is the width
# of the embedding, and a cell below looks into it. Before the last layer, a `LayerNormalization` helps.

# %%
def transformer():
    """A new, untrained transformer: tokens (B, T) in, logits (B, T, size) out."""
    # BEGIN SOLUTION: an embedding, positions, a block, and the logits
    return keras.Sequential([keras.Input((T,)), keras.layers.Embedding(size, 64),
                             keras.layers.Lambda(add_positions), Block(4, 64),
                             keras.layers.LayerNormalization(),
                             keras.layers.Dense(size)])
    # END SOLUTION


# %%
check("14.6", transformer)

# %% [markdown]
# Now a fair race: as many weights, the same windows, and as many steps, from three starts each. Each network has the learning
# rate that suits it best, of 0.005, 0.01 and 0.02. Which of the two will have the lower validation loss?

# %% tags=["nbval-ignore-output"]
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
models = {}


def race(name, network, learning_rate):
    def accuracy(model):
        models[name] = model  # in the end, that of the last start
        return np.mean(np.argmax(model(X_val[::3]), axis=-1) == y_val[::3])

    return training.repeat(network, keras.optimizers.Adam(learning_rate), cross_entropy,
                           X[::4], y[::4], epochs=2, batch_size=16, starts=3,
                           validation=(X_val[::3], y_val[::3]), measure=accuracy)


results = {"LSTM": race("LSTM", lstm, 0.02),
           "transformer": race("transformer", transformer, 0.01)}
for name, runs in results.items():
    loss, right = runs["val_loss"][:, -1], runs["measured"]
    print(f"{name:11}  validation loss {loss.mean():.2f}, {loss.min():.2f} to",
          f"{loss.max():.2f}; right: {right.min():.0%} to {right.max():.0%}")

# %% [markdown]
# The LSTM wins. In our run its worst start, with 2.18, is better than the best of the transformer, with 2.33. What came last is
# always in the state of an LSTM. A transformer has to learn, from the positions, that it matters. That takes steps, and these
# networks took 90. With 704 steps, which take minutes, the two come
# close: we measured 1.85 to 1.90 for the LSTM, and 1.89 to 1.90 for the transformer.

# %% [markdown]
# What do the heads of the transformer look at? The picture shows the first 64 tokens of a reel that it has never seen. A row is
# the token that looks. Gold lines are bar lines. Will every head look at the token before?

# %% tags=["nbval-ignore-output"]
def looks(model, tokens):
    """The weights of each head in the first block, shape (heads, T, T)."""
    block = next(layer for layer in model.layers if isinstance(layer, Block))
    X = keras.Model(model.inputs[0], block.input)(tokens[None])
    return block.attention.look(block.norm_1(X))[0]


reels = [tune for tune in validation if vocabulary[tune[0]] == "reel"]
reel = max(reels, key=lambda tune: len(tune) - len(set(zip(tune, tune[1:], tune[2:]))))
heads = looks(models["transformer"], reel[:T])
bar = vocabulary.index("|")
plots.who_looks({f"head {i}": weights for i, weights in enumerate(heads, 1)},
                bars=np.flatnonzero(reel[:T] == bar))

# %% [markdown]
# In our run head 4 looks at the beginning, where the kind of tune stands. The others look at the last few tokens or at some token
# of the last bar, and each head has its own. Yours may share the work in another way.
#
# Attention could do more. A reel repeats itself: what came next the last time will come next again. You can build a head that
# uses this, without any training. Its query holds the last five tokens. The key of a place holds the five tokens *before* it.
# Where the two fit, the token of that place is what came next.

# %%
def context(tokens, n, back):
    """The n tokens that end `back` places before each place, as zeros and ones."""
    padded = np.pad(tokens, (n + back - 1, 0), constant_values=-1)
    starts = [padded[n - 1 - i:][:len(tokens)] for i in range(n)]
    return tf.concat([tf.one_hot(start, size) for start in starts], axis=-1)


def copying_head(tokens, n=5):
    return causal_weights(100 * context(tokens, n, back=0), context(tokens, n, back=1))

# %% [markdown]
# Here is whom it looks at in the same reel, for more than two of its parts. What will the repeats look like?

# %% tags=["cover"]
plots.who_looks({"a head that copies": copying_head(reel[:160])},
                bars=np.flatnonzero(reel[:160] == bar))

# %% [markdown]
# Each repeat is a stripe along the diagonal. The further back lies what is repeated, the further away is the stripe. How many of
# the next tokens does this head guess right, in all tunes for validation? And how many in windows of 64 tokens, which is all that
# your networks see?

# %%
def guessed(tokens):
    """Whether the head that copies guesses each next token right."""
    found = copying_head(tokens) @ tf.one_hot(tokens, size)
    return np.argmax(found, axis=-1)[:-1] == tokens[1:]


whole = [guessed(tune) for tune in validation]
windows = [guessed(np.append(x, target[-1]))
           for x, target in zip(X_val[::3], y_val[::3])]
print(f"in whole tunes {np.mean(np.concatenate(whole)):.0%},",
      f"in windows {np.mean(np.concatenate(windows)):.0%}")

# %% [markdown]
# More than two thirds in whole tunes, and in windows about as many as your networks. In a window a token has 32 others before it
# on average, which is less than four bars: many repeats begin too late. Attention cannot copy what is out of sight.
#
# Large transformers learn such heads by themselves. They need two blocks: the first tells each token what came before it, the
# second looks for that. Olsson and others call them **induction heads** ("In-context Learning and Induction Heads", 2022).

# %% [markdown]
# ## 7 · The price of looking at everybody
# $T$ notes make $T \times T$ scores: twice as many notes, four times as many scores. And a network that writes a melody is asked
# again after each note, with a melody that is one note longer. It computes all the old keys and values anew.
#
# But they are still the same, since nobody looks ahead. So keep them in a **cache**. Only the newest note needs a query, a key
# and a value.

# %% [markdown]
# ### Exercise 14.7 · The cache
# Take one step. The newest key and value go to the end of the cache, and the newest query looks at all of it. `layer` is a
# `SelfAttention`; the cache of no notes has shape (B, heads, 0, k) twice, where k = d / heads. For one melody with $d = 4$ and 2
# heads, keys and values have shape (1, 2, 3, 2) after three notes.

# %%
def step(layer, x, cache):
    """The output of a layer for the newest note, and the cache with that note.

    x: the newest note, shape (B, 1, d).  cache: keys and values of the notes before,
    a pair of shape (B, heads, t, k).  Returns shape (B, 1, d), and the longer pair.
    """
    K, V = cache
    Q = layer.split(x @ layer.W_Q)
    K = tf.concat([K, layer.split(x @ layer.W_K)], axis=2)  # SOLUTION: one key more
    V = tf.concat([V, layer.split(x @ layer.W_V)], axis=2)  # SOLUTION: one value more
    found = attention(Q, K, V)  # SOLUTION: (B, heads, 1, k)
    return tf.concat(tf.unstack(found, axis=1), axis=-1) @ layer.W_O, (K, V)


# %%
check("14.7", step)

# %% [markdown]
# Write 200 notes' worth of outputs with the cache, one after the other, and compare them with those of the whole layer. Then
# count the multiplications that 1,000 notes cost with the cache and without. How many times as many are they without?

# %%
layer, notes = SelfAttention(4), tf.random.normal((1, 200, 64))
expected, outputs, cache = layer(notes), [], (tf.zeros((1, 4, 0, 16)),) * 2
for t in range(200):
    output, cache = step(layer, notes[:, t:t + 1], cache)
    outputs.append(output)
print("the same outputs:", np.allclose(tf.concat(outputs, axis=1), expected, atol=1e-4))


def multiplications(new, t, d=64):
    """For `new` notes of t: the four matrices, then their scores and sums."""
    return 4 * new * d * d + 2 * new * t * d


without = sum(multiplications(t, t) for t in range(1, 1001))
print(f"without the cache: {without:,}",
      f"with it: {sum(multiplications(1, t) for t in range(1, 1001)):,}", sep="\n")

# %% [markdown]
# More than six hundred times as many. And on the clock? The picture shows the time for one more note, after a melody of a given
# length. Both axes have a scale of powers. How steep will the two lines be?

# %% tags=["nbval-ignore-output"]
def milliseconds(run, *args):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run(*args)
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


lengths = [64, 128, 256, 512, 1024]
cost = {"without the cache": [], "with the cache": []}
for t in lengths:
    notes, kept = tf.random.normal((1, t, 64)), tf.random.normal((1, 4, t - 1, 16))
    cost["without the cache"].append(milliseconds(layer, notes))
    cost["with the cache"].append(
        milliseconds(step, layer, notes[:, -1:], (kept, kept)))
plots.curves(cost, x=lengths, xlabel="length of the melody", ylabel="time (ms)",
             log=True)

# %% [markdown]
# Without the cache, the line gets steeper and steeper: at first most of the time goes into what costs the same for any length, in
# the end into the scores, whose number grows as the square. With the cache, the time hardly grows.

# %% [markdown]
# ## Stretch
# Train a transformer with a learned table in place of the waves: a layer whose `build` makes a weight of shape (T, d), and whose
# `call` adds it. Which of the two ends with the lower validation loss, over three starts?
#
# ## What you can do now
# - Write attention with its mask, and say what each of its parts is for.
# - Build a transformer of which you know every line.
# - Compare two networks fairly: as many weights, as many steps, several starts.
# - Read who looks at whom.
# - Say what a long text costs, and why a cache helps.
#
# **Next:** lab 15 generates images.
