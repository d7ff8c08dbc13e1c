"""
Every picture the labs draw. Each function draws what the student's own code does.

It returns the picture with a description: what there is to see in words, for screen readers and for paper.
"""

from utils.plots.attention import lookup, waves, who_looks
from utils.plots.basics import (
    activations,
    balance,
    computation_graph,
    course_map,
    learning_by_mistakes,
    linear_or_not,
    tensors,
    weighted_sum,
)
from utils.plots.generation import by_group, draws, image_rows, kl_map, latent, latent_grid, rare_codes
from utils.plots.images import accuracies, confusion, feature_maps, features, filters, images, maps, misread, sliding
from utils.plots.losses import chain, descent, landscape, loss_curves, loss_surface, race
from utils.plots.music import score
from utils.plots.networks import compare_regions, data, decision_regions, matrices, network, regions_over_time
from utils.plots.playing import play_cures, play_descent, play_digit, play_kernel, play_latent, play_line
from utils.plots.regularization import fits, luck, patience, stopping, thinned, weight_histograms
from utils.plots.sequences import fading, sampled, unrolled
from utils.plots.training import curves, epoch_times, live_loss, noise, times

__all__ = [
    "accuracies",
    "activations",
    "balance",
    "by_group",
    "chain",
    "compare_regions",
    "computation_graph",
    "confusion",
    "course_map",
    "curves",
    "data",
    "decision_regions",
    "descent",
    "draws",
    "epoch_times",
    "fading",
    "feature_maps",
    "features",
    "filters",
    "fits",
    "image_rows",
    "images",
    "kl_map",
    "landscape",
    "latent",
    "latent_grid",
    "learning_by_mistakes",
    "linear_or_not",
    "live_loss",
    "lookup",
    "loss_curves",
    "loss_surface",
    "luck",
    "maps",
    "matrices",
    "misread",
    "network",
    "noise",
    "patience",
    "play_cures",
    "play_descent",
    "play_digit",
    "play_kernel",
    "play_latent",
    "play_line",
    "race",
    "rare_codes",
    "regions_over_time",
    "sampled",
    "score",
    "sliding",
    "stopping",
    "tensors",
    "thinned",
    "times",
    "unrolled",
    "waves",
    "weight_histograms",
    "weighted_sum",
    "who_looks",
]
