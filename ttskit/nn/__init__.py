"""Parts that models share, each written once: public, with shapes and source, used by our own plugins and free for anyone's.

A module a subject; everything public can be imported from here.
"""

from ttskit.nn.adversarial import (
    Judged,
    discriminator_loss,
    feature_matching_loss,
    frozen,
    generator_losses,
    least_squares_fake,
    least_squares_real,
)
from ttskit.nn.discriminators import (
    MultiPeriodDiscriminator,
    MultiScaleDiscriminator,
    PeriodDiscriminator,
    ScaleDiscriminator,
)
from ttskit.nn.masks import length_mask
from ttskit.nn.norms import MaskedBatchNorm1d, sum_over_processes
from ttskit.nn.packing import weight_state
from ttskit.nn.spectral import MelLoss, full_band_mel, multi_resolution_stft_loss
from ttskit.nn.weight_norm import (
    SpectralNormConv1d,
    WeightNormConv1d,
    WeightNormConv2d,
    WeightNormUpsample,
    split_weight,
)

__all__ = [
    "Judged",
    "MaskedBatchNorm1d",
    "MelLoss",
    "MultiPeriodDiscriminator",
    "MultiScaleDiscriminator",
    "PeriodDiscriminator",
    "ScaleDiscriminator",
    "SpectralNormConv1d",
    "WeightNormConv1d",
    "WeightNormConv2d",
    "WeightNormUpsample",
    "discriminator_loss",
    "feature_matching_loss",
    "frozen",
    "full_band_mel",
    "generator_losses",
    "least_squares_fake",
    "least_squares_real",
    "length_mask",
    "multi_resolution_stft_loss",
    "split_weight",
    "sum_over_processes",
    "weight_state",
]
