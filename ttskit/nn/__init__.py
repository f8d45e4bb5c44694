"""Parts that models share, each written once: public, with shapes and source, used by our own plugins and free for anyone's.

A module a subject; everything public can be imported from here.
"""

from ttskit.nn.activations import Activations, attention_weights, lstm_gates
from ttskit.nn.adversarial import (
    Judged,
    discriminator_loss,
    feature_matching_loss,
    frozen,
    generator_losses,
    least_squares_fake,
    least_squares_real,
)
from ttskit.nn.alignment import (
    BLANK,
    Support,
    beta_binomial_prior,
    binarization_loss,
    forward_sum_loss,
    interpolated_beta_binomial_prior,
    log_beta_binomial_prior,
    monotonic_durations,
    monotonic_path,
)
from ttskit.nn.attention import MultiHeadSelfAttention, scaled_dot_product_attention
from ttskit.nn.attention_aids import (
    attention_durations,
    attention_supervision_loss,
    duration_attention,
    forward_attention,
    guided_attention_loss,
    guided_attention_penalty,
    windowed_energies,
)
from ttskit.nn.discriminators import (
    PERIODS,
    SCALES,
    MultiPeriodDiscriminator,
    MultiScaleDiscriminator,
    PeriodDiscriminator,
    ScaleDiscriminator,
)
from ttskit.nn.dropout import Dropout, apply_dropout, dropout_factors
from ttskit.nn.location_attention import AttentionKeys, LocationAttention, attend
from ttskit.nn.masks import length_mask
from ttskit.nn.norms import MaskedBatchNorm1d, sum_over_processes
from ttskit.nn.packing import weight_state
from ttskit.nn.positions import fourier_features, sinusoidal_positions
from ttskit.nn.regulation import regulate, token_means, token_of_frame, whole_frames
from ttskit.nn.seeded_dropout import SeededDropout, private_generators, seeded_factors, seeded_generators
from ttskit.nn.silence import log_mel_silence
from ttskit.nn.spectral import MelLoss, full_band_mel, multi_resolution_stft_loss
from ttskit.nn.stopping import Endings, StopRule, step_limits, stop_token_loss
from ttskit.nn.streaming import Decoding, SoFar, one_sentence, refined_chunks, speaking_mode, spoken_chunks, within
from ttskit.nn.weight_norm import SpectralNormConv1d, WeightNormConv1d, WeightNormConv2d, WeightNormUpsample, split_weight

__all__ = [
    "BLANK",
    "PERIODS",
    "SCALES",
    "Activations",
    "AttentionKeys",
    "Decoding",
    "Dropout",
    "Endings",
    "Judged",
    "LocationAttention",
    "MaskedBatchNorm1d",
    "MelLoss",
    "MultiHeadSelfAttention",
    "MultiPeriodDiscriminator",
    "MultiScaleDiscriminator",
    "PeriodDiscriminator",
    "ScaleDiscriminator",
    "SeededDropout",
    "SoFar",
    "SpectralNormConv1d",
    "StopRule",
    "Support",
    "WeightNormConv1d",
    "WeightNormConv2d",
    "WeightNormUpsample",
    "apply_dropout",
    "attend",
    "attention_durations",
    "attention_supervision_loss",
    "attention_weights",
    "beta_binomial_prior",
    "binarization_loss",
    "discriminator_loss",
    "dropout_factors",
    "duration_attention",
    "feature_matching_loss",
    "forward_attention",
    "forward_sum_loss",
    "fourier_features",
    "frozen",
    "full_band_mel",
    "generator_losses",
    "guided_attention_loss",
    "guided_attention_penalty",
    "interpolated_beta_binomial_prior",
    "least_squares_fake",
    "least_squares_real",
    "length_mask",
    "log_beta_binomial_prior",
    "log_mel_silence",
    "lstm_gates",
    "monotonic_durations",
    "monotonic_path",
    "multi_resolution_stft_loss",
    "one_sentence",
    "private_generators",
    "refined_chunks",
    "regulate",
    "scaled_dot_product_attention",
    "seeded_factors",
    "seeded_generators",
    "sinusoidal_positions",
    "speaking_mode",
    "split_weight",
    "spoken_chunks",
    "step_limits",
    "stop_token_loss",
    "sum_over_processes",
    "token_means",
    "token_of_frame",
    "weight_state",
    "whole_frames",
    "windowed_energies",
    "within",
]
