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
from ttskit.nn.masks import length_mask
from ttskit.nn.norms import MaskedBatchNorm1d, sum_over_processes
from ttskit.nn.packing import weight_state

__all__ = [
    "MaskedBatchNorm1d",
    "beta_binomial_prior",
    "binarization_loss",
    "forward_sum_loss",
    "interpolated_beta_binomial_prior",
    "length_mask",
    "log_beta_binomial_prior",
    "monotonic_durations",
    "monotonic_path",
    "sum_over_processes",
    "weight_state",
]
