"""Architecture of a vocoder that is a network: its upsampling stages, how far it sees, who judged it while it learned.

Facts that follow from options alone, so that a page can draw a vocoder before anybody has trained one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

__all__ = ["Branch", "Layer", "ReceptiveField", "UpsamplingStage", "VocoderArchitecture"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution of one dimension, as far as its reach goes.

    Place j of what comes out of a convolution depends on places j − p … j − p + (k − 1)·d of what goes in. In a transposed
    one of rate r, place i goes into places i·r − p … i·r − p + k − 1: j depends on ⌈(j + p − k + 1) / r⌉ … ⌊(j + p) / r⌋.

    Args:
        kernel: k, its taps.
        padding: p, what is added before the first place (a convolution), or cut off there (a transposed one).
        dilation: d, from tap to tap.
        rate: r; above 1 it is a transposed convolution, which upsamples by r.
    """

    kernel: int
    padding: int
    dilation: int = 1
    rate: int = 1

    @classmethod
    def same(cls, kernel: int, dilation: int = 1) -> Layer:
        """One that keeps the length: an odd kernel, padded equally on both sides."""
        return cls(kernel, (kernel - 1) * dilation // 2, dilation)

    def seen(self, first: int, last: int) -> tuple[int, int]:
        """The places that go into places first … last."""
        if self.rate == 1:
            return first - self.padding, last - self.padding + (self.kernel - 1) * self.dilation
        return -((self.kernel - 1 - self.padding - first) // self.rate), (last + self.padding) // self.rate

    def reached(self, first: int, last: int) -> tuple[int, int]:
        """The places that places first … last go into."""
        if self.rate == 1:
            return first + self.padding - (self.kernel - 1) * self.dilation, last + self.padding
        return first * self.rate - self.padding, last * self.rate - self.padding + self.kernel - 1


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """Which mel frames a sample depends on, and which samples a frame changes.

    Layer by layer (Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks"): with kernels
    k_l, dilations d_l and rates r_l, a sample depends on about

        R = 1 + Σ_l (k_l − 1) · d_l / Π_{m ≤ l} r_m    frames,

    one more or less as it lies among its frame's samples: a layer after much upsampling adds samples, not frames. Of layers
    side by side the widest counts. A frame changes W_L samples: W_0 = 1, W_l = W_{l−1} + (k_l − 1) · d_l for a convolution, and
    W_l = (W_{l−1} − 1) · r_l + k_l for a transposed one. Places are numbered as if the mel had no ends.

    Args:
        layers: from the mel to the waveform.
    """

    layers: tuple[Layer, ...]

    @property
    def samples_per_frame(self) -> int:
        """Π r_l."""
        return prod(layer.rate for layer in self.layers)

    def frames_of(self, sample: int) -> tuple[int, int]:
        """The first and the last mel frame that a sample depends on."""
        first = last = sample
        for layer in reversed(self.layers):
            first, last = layer.seen(first, last)
        return first, last

    def samples_of(self, frame: int) -> tuple[int, int]:
        """The first and the last sample that a mel frame changes."""
        first = last = frame
        for layer in self.layers:
            first, last = layer.reached(first, last)
        return first, last

    @property
    def frames(self) -> int:
        """R of the sample that depends on most frames."""
        return max(last - first + 1 for first, last in map(self.frames_of, range(self.samples_per_frame)))

    @property
    def samples(self) -> int:
        """W: how many samples a frame changes."""
        first, last = self.samples_of(0)
        return last - first + 1


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the residual blocks that work side by side in a stage.

    Args:
        kernel: of its convolutions.
        dilations: of each of these, one after the other, plain ones (1) among them.
        tensor: key of what comes out of this block, (channel, sample), in the stage's step of an explanation; "" if not shown.
    """

    kernel: int
    dilations: tuple[int, ...]
    tensor: str = ""

    @property
    def places(self) -> int:
        """How many places of what goes in one place of what comes out depends on: 1 + Σ_d (k − 1)·d."""
        return 1 + (self.kernel - 1) * sum(self.dilations)


@dataclass(frozen=True, slots=True)
class UpsamplingStage:
    """One stage: a transposed convolution, and residual blocks whose mean goes on.

    Args:
        rate: places out per place in.
        kernel: of the transposed convolution.
        channels: of what comes out.
        rate_hz: places a second after it.
        branches: its residual blocks.
        step: key of the step of an explanation whose first tensor is what this stage gives, (channel, sample); "" if none.
    """

    rate: int
    kernel: int
    channels: int
    rate_hz: float
    branches: tuple[Branch, ...] = ()
    step: str = ""


@dataclass(frozen=True, slots=True)
class VocoderArchitecture:
    """How a vocoder is built.

    Args:
        channels: before the first stage.
        stages: in order; at their end `rate_hz` is the waveform's.
        field: from mel to waveform.
        remembers: a sample depends besides on every frame before it, by a phase that adds up.
        periods: p of the discriminators that look at the waveform folded into p columns; () if none.
        scales: by what factors others see it pooled, 1 as it is; () if none.
    """

    channels: int
    stages: tuple[UpsamplingStage, ...]
    field: ReceptiveField
    remembers: bool = False
    periods: tuple[int, ...] = ()
    scales: tuple[int, ...] = ()
