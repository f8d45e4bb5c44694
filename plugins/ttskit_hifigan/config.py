"""Options of HiFi-GAN: a preset, and what differs from it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ttskit.audio.config import MelConfig
from ttskit.errors import ConfigError


@dataclass(frozen=True, slots=True)
class GeneratorSize:
    """The generator's dimensions (paper, appendix A.1), one entry per upsampling stage or per parallel kernel."""

    resblock: int
    upsample_rates: tuple[int, ...]
    upsample_kernel_sizes: tuple[int, ...]
    upsample_initial_channel: int
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]

    @property
    def samples_per_frame(self) -> int:
        """Samples that one mel frame becomes."""
        return prod(self.upsample_rates)

    @property
    def context_frames(self) -> int:
        """Mel frames on each side that can change a sample: the sum of every layer's reach, rounded up.

        Streaming needs it: with this many neighbours a chunk equals the same frames of one pass.
        """
        reach, samples = 3.0, 1  # conv_pre, kernel 7
        widest = max(
            sum((kernel - 1) * d / 2 + ((kernel - 1) / 2 if self.resblock == 1 else 0) for d in dilations)
            for kernel, dilations in zip(self.resblock_kernel_sizes, self.resblock_dilation_sizes, strict=True)
        )
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=True):
            reach += kernel / rate / samples
            samples *= rate
            reach += widest / samples
        return int(reach + 3 / samples) + 2  # conv_post, and one for each cut inside a frame

    def problems(self) -> list[str]:
        """What keeps these dimensions from being built; empty if nothing."""
        found = []
        stages = len(self.upsample_rates)
        if stages != len(self.upsample_kernel_sizes):
            found.append(f"{stages} upsample_rates but {len(self.upsample_kernel_sizes)} upsample_kernel_sizes")
        if len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            found.append(
                f"{len(self.resblock_kernel_sizes)} resblock_kernel_sizes but "
                f"{len(self.resblock_dilation_sizes)} resblock_dilation_sizes"
            )
        if not stages or min(self.upsample_rates) < 2:
            found.append(f"upsample_rates {list(self.upsample_rates)}: each must be at least 2")
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=False):
            if kernel < rate:
                found.append(f"upsample kernel {kernel} is smaller than its rate {rate}: samples between would stay empty")
        if not self.resblock_kernel_sizes or any(k < 1 or k % 2 == 0 for k in self.resblock_kernel_sizes):
            found.append(f"resblock_kernel_sizes {list(self.resblock_kernel_sizes)}: each must be odd")
        if not all(d and min(d) >= 1 for d in self.resblock_dilation_sizes):
            found.append("resblock_dilation_sizes must each list dilations of at least 1")
        if self.upsample_initial_channel < 2**stages or self.upsample_initial_channel % 2**stages:
            found.append(
                f"upsample_initial_channel {self.upsample_initial_channel} must be a multiple of {2**stages}: "
                f"it is halved {stages} times"
            )
        return found


_KERNELS = {"resblock": 1, "resblock_kernel_sizes": (3, 7, 11), "resblock_dilation_sizes": ((1, 3, 5),) * 3}
_RATES = {"upsample_rates": (8, 8, 2, 2), "upsample_kernel_sizes": (16, 16, 4, 4)}
_LIGHT = {"resblock": 2, "upsample_rates": (8, 8, 4), "upsample_kernel_sizes": (16, 16, 8)}

# V1–V3 are the paper's (table 4 of its appendix). `small` learns a voice on a laptop, `tiny` is for tests; both
# decay by steps: a small corpus has hundreds of times more epochs in the same number of steps.
PRESETS: dict[str, dict[str, Any]] = {
    "V1": {**_KERNELS, **_RATES, "upsample_initial_channel": 512},
    "V2": {**_KERNELS, **_RATES, "upsample_initial_channel": 128},
    "V3": {
        **_LIGHT,
        "upsample_initial_channel": 256,
        "resblock_kernel_sizes": (3, 5, 7),
        "resblock_dilation_sizes": ((1, 2), (2, 6), (3, 12)),
    },
    "small": {
        **_LIGHT,
        "upsample_initial_channel": 128,
        "resblock_kernel_sizes": (3, 5, 7),
        "resblock_dilation_sizes": ((1, 2), (2, 6), (3, 12)),
        "discriminator_scale": 1 / 8,
        "segment_frames": 16,
        "decay_steps": 800,
    },
    "tiny": {
        **_LIGHT,
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": (3, 5),
        "resblock_dilation_sizes": ((1, 2), (2, 6)),
        "discriminator_scale": 1 / 32,
        "segment_frames": 8,
        "decay_steps": 800,
    },
}


_PAPER = {"discriminator_scale": 1.0, "segment_frames": 32}


class HifiganOptions(BaseModel):
    """What HiFi-GAN is built and trained with. What is not given comes from the preset."""

    model_config = ConfigDict(extra="forbid")

    preset: Literal["V1", "V2", "V3", "small", "tiny"] = Field(
        "V1", description="Size: V1 best, V2 small, V3 fast (the paper's); small for laptops, tiny for tests."
    )
    resblock: Literal[1, 2] | None = Field(None, description="Kind of residual block.")
    upsample_rates: tuple[int, ...] | None = Field(None, description="Upsampling per stage; their product is the mel's hop.")
    upsample_kernel_sizes: tuple[int, ...] | None = Field(None, description="Transposed-convolution kernels, one per stage.")
    upsample_initial_channel: int | None = Field(None, ge=2, description="Channels before the first stage; each halves them.")
    resblock_kernel_sizes: tuple[int, ...] | None = Field(None, description="Kernels of the parallel residual blocks, odd.")
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] | None = Field(None, description="Dilations of each of these blocks.")
    discriminator_scale: float | None = Field(
        None, gt=0, le=4, description="Factor on the discriminators' channels; the paper's is 1 (70 million parameters)."
    )
    segment_frames: int | None = Field(None, ge=1, description="Mel frames of a training segment; the paper's is 32.")
    mel_mean: float = Field(
        0.0,
        description="Taken from the log mel before the first layer. With mel_std near the corpus's own values training is "
        "several times faster; the paper's networks take the mel as it is.",
    )
    mel_std: float = Field(1.0, gt=0, description="What the log mel is divided by then.")
    excitation: Literal["none", "harmonic"] = Field(
        "none",
        description="harmonic: the generator filters a pulse train at an F0 that it reads from the mel, and noise, so "
        "that a voice has its harmonics after minutes of training; none: the paper's, from the mel alone.",
    )
    learning_rate: float = Field(2e-4, gt=0, description="AdamW's learning rate, of both optimisers.")
    betas: tuple[float, float] = Field((0.8, 0.99), description="AdamW's betas.")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's weight decay.")
    decay: float = Field(0.999, gt=0, le=1, description="Factor on the learning rate after each epoch.")
    decay_steps: int | None = Field(
        None, ge=1, description="Steps that count as an epoch for the decay; not given, the corpus's own epochs."
    )
    mel_weight: float = Field(45.0, ge=0, description="Weight of the mel loss.")
    feature_weight: float = Field(2.0, ge=0, description="Weight of the feature-matching loss.")
    stft_weight: float = Field(
        0.0, ge=0, description="Weight of a multi-resolution STFT loss besides the paper's (Yamamoto et al. 2020); 0: off."
    )
    pitch_weight: float = Field(1.0, gt=0, description="Weight of the loss of the F0 that is read for a harmonic excitation.")
    generator_warmup: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the training in which a fresh generator learns alone from the spectral losses; "
        "these steps cost a quarter.",
    )
    warmup_rate: float = Field(
        1.0, gt=0, description="Factor on the learning rate at the start of that warm-up; it falls to 1 along a half cosine."
    )
    discriminator_warmup: int = Field(
        200,
        ge=0,
        description="Steps in which fresh discriminators learn alone, where the generator is ahead of them: "
        "after its warm-up, or taken from another run.",
    )
    fine_tuning_rate: float = Field(
        0.5, gt=0, description="Factor on the learning rate where the generator is taken from another run (--init-from)."
    )
    ema_decay: float | None = Field(
        None, gt=0, lt=1, description="Speak with a running average of the generator's weights (0.999, say); off if not given."
    )

    @model_validator(mode="after")
    def _check(self) -> HifiganOptions:
        problems = self.size().problems()
        if not all(0 <= beta < 1 for beta in self.betas):
            problems.append(f"betas {self.betas} must lie within 0 … 1")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def value(self, name: str) -> Any:
        """An option, from the preset where it is not given."""
        given = getattr(self, name)
        return PRESETS[self.preset].get(name, _PAPER.get(name)) if given is None else given

    def size(self) -> GeneratorSize:
        """The generator's dimensions."""
        return GeneratorSize(**{name: self.value(name) for name in GeneratorSize.__dataclass_fields__})

    def check_mel(self, mel: MelConfig) -> None:
        """`ConfigError` unless the rates multiply to the hop and a training segment fits the mel loss."""
        size = self.size()
        if size.samples_per_frame != mel.hop_samples:
            rates = rates_for(mel.hop_samples)
            fix = "choose a mel whose hop is a product of small rates"
            if rates:
                kernels = [2 * rate for rate in rates]
                fix = f"upsample_rates: {rates}, upsample_kernel_sizes: {kernels} (or another mel)"
            raise ConfigError(
                f"hifigan makes {size.samples_per_frame} samples per frame, the mel's hop is {mel.hop_samples}",
                f"upsample_rates {list(size.upsample_rates)} multiply to {size.samples_per_frame}",
                fix,
            )
        need = mel.fft_samples // 2 - mel.hop_samples // 2
        samples = self.value("segment_frames") * mel.hop_samples
        if samples <= need:
            raise ConfigError(
                f"segment_frames {self.value('segment_frames')} is too short for the mel loss",
                f"{samples} samples, one window needs more than {need}",
                f"segment_frames: {need // mel.hop_samples + 8}",
            )


def rates_for(hop_samples: int) -> list[int]:
    """Upsampling rates of at most 8 that multiply to a hop, largest first; empty if a prime factor is over 8."""
    rates, rest = [], hop_samples
    while rest > 1:
        rate = next((r for r in range(8, 1, -1) if rest % r == 0), None)
        if rate is None:
            return []
        rates.append(rate)
        rest //= rate
    return sorted(rates, reverse=True)
