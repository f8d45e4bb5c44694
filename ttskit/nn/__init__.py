"""Parts that models share, each written once: public, with shapes and source, used by our own plugins and free for anyone's.

A module a subject; everything public can be imported from here.
"""

from ttskit.nn.alignment import (
    beta_binomial_prior,
    binarization_loss,
    forward_sum_loss,
    interpolated_beta_binomial_prior,
    log_beta_binomial_prior,
    monotonic_durations,
    monotonic_path,
)
from ttskit.nn.attention import MultiHeadSelfAttention, scaled_dot_product_attention
from ttskit.nn.dropout import Dropout, apply_dropout
from ttskit.nn.masks import length_mask
from ttskit.nn.norms import MaskedBatchNorm1d, sum_over_processes
from ttskit.nn.packing import weight_state
from ttskit.nn.positions import fourier_features, sinusoidal_positions
from ttskit.nn.regulation import regulate, token_means, token_of_frame, whole_frames

__all__ = [
    "Dropout",
    "MaskedBatchNorm1d",
    "MultiHeadSelfAttention",
    "apply_dropout",
    "beta_binomial_prior",
    "binarization_loss",
    "forward_sum_loss",
    "fourier_features",
    "interpolated_beta_binomial_prior",
    "length_mask",
    "log_beta_binomial_prior",
    "monotonic_durations",
    "monotonic_path",
    "regulate",
    "scaled_dot_product_attention",
    "sinusoidal_positions",
    "sum_over_processes",
    "token_means",
    "token_of_frame",
    "weight_state",
    "whole_frames",
]
