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
from ttskit.nn.attention_aids import (
    attention_durations,
    attention_supervision_loss,
    duration_attention,
    forward_attention,
    guided_attention_loss,
    guided_attention_penalty,
    windowed_energies,
)
from ttskit.nn.location_attention import AttentionKeys, LocationAttention, attend
from ttskit.nn.masks import length_mask
from ttskit.nn.noise import (
    SeededDropout,
    dropout,
    dropout_factors,
    private_generators,
    seeded_factors,
    seeded_generators,
)
from ttskit.nn.norms import MaskedBatchNorm1d, sum_over_processes
from ttskit.nn.packing import weight_state
from ttskit.nn.silence import log_mel_silence
from ttskit.nn.stopping import Endings, StopRule, step_limits, stop_token_loss

__all__ = [
    "AttentionKeys",
    "Endings",
    "LocationAttention",
    "MaskedBatchNorm1d",
    "SeededDropout",
    "StopRule",
    "attend",
    "attention_durations",
    "attention_supervision_loss",
    "beta_binomial_prior",
    "binarization_loss",
    "dropout",
    "dropout_factors",
    "duration_attention",
    "forward_attention",
    "forward_sum_loss",
    "guided_attention_loss",
    "guided_attention_penalty",
    "interpolated_beta_binomial_prior",
    "length_mask",
    "log_beta_binomial_prior",
    "log_mel_silence",
    "monotonic_durations",
    "monotonic_path",
    "private_generators",
    "seeded_factors",
    "seeded_generators",
    "step_limits",
    "stop_token_loss",
    "sum_over_processes",
    "weight_state",
    "windowed_energies",
]
