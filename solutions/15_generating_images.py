# %% [markdown]
# # 15 · Generating images
#
# HOOK
#
# **Time:** 80 minutes
#
# After this lab you can
# - build an autoencoder

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(15)

# %% [markdown]
# ## 1 · Two numbers for an image
#
# ### Exercise 15.1 · An autoencoder
# Text.

# %%
def new_networks(outputs):
    """An encoder, from images (n, 64) to `outputs` numbers each, and a decoder.

    The decoder makes images (n, 64), 0 to 1, of codes of two numbers each, (n, 2).
    """
    # BEGIN SOLUTION: two networks with one hidden layer each
    encoder = keras.Sequential([keras.Input((64,)), keras.layers.Dense(128, "relu"),
                                keras.layers.Dense(outputs)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(128, "relu"),
                                keras.layers.Dense(64, "sigmoid")])
    # END SOLUTION
    return encoder, decoder


def reconstruction(X, X_hat):
    """The loss of each image, shape (n,): binary cross entropy, summed over pixels.

    X: images, gray values from 0 to 1, shape (n, d).  X_hat: what was made of them.
    """
    mean = keras.losses.binary_crossentropy(X, X_hat)  # SOLUTION: a number for each image
    return X.shape[1] * mean  # SOLUTION: the sum over its pixels


# %%
check("15.1", new_networks, reconstruction)

# %% [markdown]
# ### Exercise 15.2 · The reparameterization
# Text.

# %%
def reparameterize(mean, log_var):
    """Draw a code z for each image, from a normal distribution: shape (n, 2).

    mean, log_var: its μ and log σ², each of shape (n, 2).
    """
    epsilon = tf.random.normal(tf.shape(mean))  # SOLUTION: draw from N(0, 1)
    return mean + tf.exp(log_var / 2) * epsilon  # SOLUTION: stretch and move it


# %%
check("15.2", reparameterize)

# %% [markdown]
# ### Exercise 15.3 · The KL term
# Text.

# %%
def kl(mean, log_var):
    """How far the distribution of each code is from N(0, 1): shape (n,).

    mean, log_var: μ and log σ², each of shape (n, d).
    """
    each = (mean**2 + tf.exp(log_var) - log_var - 1) / 2  # SOLUTION: of each coordinate
    return tf.reduce_sum(each, axis=1)  # SOLUTION: of each code


# %%
check("15.3", kl)

# %% [markdown]
# ### Exercise 15.4 · The step of a VAE
# Text.

# %%
def vae_step(encoder, decoder, optimizer, X, beta):
    """Take one step with a batch X; return both terms of J, means over the batch.

    encoder: four numbers for each image, μ and log σ².  beta: the weight β.
    """
    with tf.GradientTape() as tape:
        mean, log_var = tf.split(encoder(X), 2, axis=1)
        z = reparameterize(mean, log_var)  # SOLUTION: a code, drawn
        J_pixels = tf.reduce_mean(reconstruction(X, decoder(z)))  # SOLUTION: first term
        J_kl = tf.reduce_mean(kl(mean, log_var))  # SOLUTION: second term
        J = J_pixels + beta * J_kl  # SOLUTION: what the step makes smaller
    # BEGIN SOLUTION: both networks learn
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply(tape.gradient(J, variables), variables)
    # END SOLUTION
    return J_pixels, J_kl


# %%
check("15.4", vae_step)

# %% [markdown]
# ### Exercise 15.5 · Walks through latent space
# Text.

# %%
def walk(decoder, z_a, z_b, steps):
    """Images on the straight way from one code to another: shape (steps, d).

    z_a, z_b: codes, shape (2,), of which the first and the last image are made.
    """
    t = np.linspace(0, 1, steps)[:, None]  # SOLUTION: how far each image is on the way
    return decoder((1 - t) * z_a + t * z_b)  # SOLUTION: decode the codes


def grid(decoder, values):
    """The images of all pairs of values for z1 and z2: shape (k, k, d).

    values: shape (k,), ascending.  z1 grows from left to right, z2 from bottom to top.
    """
    codes = [[z1, z2] for z2 in values[::-1] for z1 in values]  # SOLUTION: row by row
    images = decoder(np.array(codes))  # SOLUTION: decode them
    return np.reshape(images, (len(values), len(values), images.shape[1]))


# %%
check("15.5", walk, grid)

# %% [markdown]
# ### Exercise 15.6 · Draw the rare more often
# Text.

# %%
def draw_probabilities(codes, width):
    """The probability to draw each image, the larger the fewer codes lie near its own.

    codes: shape (n, d).  width: the width h of a neighborhood.  Returns shape (n,).
    """
    squares = np.sum((codes[:, None] - codes) ** 2, axis=2)  # SOLUTION: shape (n, n)
    density = np.sum(np.exp(-squares / (2 * width**2)), axis=1)  # SOLUTION: ρ
    return 1 / density / np.sum(1 / density)  # SOLUTION: p


# %%
check("15.6", draw_probabilities)

# %% [markdown]
# ### Exercise 15.7 · Choose β
# Text.

# %%
best_beta = 0.2  # SOLUTION: your β

# %%
check("15.7", best_beta)
