"""A harmonic-plus-noise excitation for the generator, and the F0 that it needs, read from the mel.

A generator that sees only a mel must invent phase. Where the mel stands still its output repeats with every frame,
so until it has learnt better (in hundreds of thousands of steps) its voices are tones at multiples of the frame rate. Given a
pulse train at F0 and noise, it need only filter (Wang, Takaki and Yamagishi 2020, "Neural source-filter waveform
models", section III); a small network reads F0 from the mel, so that nothing but a mel is needed to speak (as in
Li, Han and Mesgarani 2023, "HiFTNet").
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, log2, pi, prod, sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.audio.pitch import WIDE_RANGE_HZ

CHANNELS = 3  # pulse train, sine, noise
REACH = 6  # frames on each side that `PitchEstimator` sees
_BINS_PER_OCTAVE = 24
_BINS = 1 + ceil(log2(WIDE_RANGE_HZ[1] / WIDE_RANGE_HZ[0]) * _BINS_PER_OCTAVE)
_NEAR = 4  # bins on each side of the likeliest that say where between them F0 lies


class PitchEstimator(nn.Module):
    """F0 and voicing of mel frames, over bins half a semitone apart (Kim et al. 2018, "CREPE", sections 2.1 and 2.2)."""

    def __init__(self, bands: int, channels: int = 128) -> None:
        super().__init__()
        sizes = (bands, channels, channels, channels)
        self.convs = nn.ModuleList(nn.Conv1d(a, b, 5, padding=2) for a, b in pairwise(sizes))
        self.out = nn.Conv1d(channels, _BINS + 1, 1)

    def forward(self, mel: Tensor) -> Tensor:
        """Normalised mel (B, M, T) → logits (B, bins + 1, T), the last of them that of voicing."""
        for conv in self.convs:
            mel = F.leaky_relu(conv(mel), 0.1)
        return self.out(mel)

    @staticmethod
    def hz(logits: Tensor) -> Tensor:
        """F0 (B, T) in Hz, 0 where unvoiced: the mean of the bins about the likeliest, by their probability."""
        bins, voicing = logits[:, :-1], logits[:, -1]
        number = torch.arange(_BINS, device=logits.device, dtype=logits.dtype)[:, None]
        near = (number - bins.argmax(1, keepdim=True)).abs() <= _NEAR
        weight = torch.softmax(bins.masked_fill(~near, float("-inf")), 1)
        f0 = WIDE_RANGE_HZ[0] * 2 ** ((weight * number).sum(1) / _BINS_PER_OCTAVE)
        return torch.where(voicing > 0, f0, torch.zeros_like(f0))

    @staticmethod
    def loss(logits: Tensor, hz: Tensor) -> Tensor:
        """Cross entropy of voicing, and of the bins where there is a voice; mean over all frames (scalar).

        hz (B, T), unvoiced 0. A voiced frame's target is a Gaussian of half a semitone about its F0.
        """
        logits = logits.float()
        voiced = (hz > 0).float()
        centre = torch.log2(hz.clamp(*WIDE_RANGE_HZ) / WIDE_RANGE_HZ[0]) * _BINS_PER_OCTAVE
        number = torch.arange(_BINS, device=hz.device)[:, None]
        target = torch.softmax(-0.5 * (number - centre[:, None]).square(), 1)
        pitch = -(target * torch.log_softmax(logits[:, :-1], 1)).sum(1)
        return (F.binary_cross_entropy_with_logits(logits[:, -1], voiced, reduction="none") + voiced * pitch).mean()


class ExcitationLayers(nn.ModuleList):
    """One convolution per upsampling stage: excitation (B, 3, S) → what is added to the stage's activations."""

    def __init__(self, rates: tuple[int, ...], channels: int) -> None:
        layers = []
        for stage in range(len(rates)):
            channels //= 2
            step = prod(rates[stage + 1 :])
            # Two steps wide, so that every sample is heard; a kernel of the step's own parity keeps the length exact.
            kernel, pad = (2 * step + step % 2, (step + step % 2) // 2) if step > 1 else (1, 0)
            layers.append(nn.Conv1d(CHANNELS, channels, kernel, step, padding=pad))
        super().__init__(layers)


def harmonic_plus_noise(hz: Tensor, hop: int, rate_hz: int, phase: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Pulse train, sine and noise, each of power about 1 where it sounds.

    F0 is interpolated between the centres of frames; pulse and sine fade where voicing changes. The pulse train is the
    sum of all harmonics below the Nyquist frequency, in closed form (Stilson and Smith 1996, "Alias-free digital
    synthesis of classic analog waveforms", section 3).

    Args:
        hz: (B, T + 2) F0, unvoiced 0: a frame on each side of the T that are made.
        hop, rate_hz: samples per frame, and per second.
        phase: (B,) in cycles, at the first sample.
        noise: (B, T * hop).

    Returns:
        (B, 3, T * hop) float32, and the phase (B,) after the last sample.
    """
    place = (torch.arange(hop, device=hz.device, dtype=hz.dtype) + 0.5) / hop - 0.5  # within a frame, 0 at its centre

    def between(x: Tensor) -> Tensor:
        before, here, after = x[:, :-2, None], x[:, 1:-1, None], x[:, 2:, None]
        return torch.where(place < 0, here * (1 + place) - before * place, here * (1 - place) + after * place).flatten(1)

    level = between((hz > 0).to(hz.dtype))
    f0 = torch.where(level > 0, between(hz) / level.clamp_min(1e-6), 0.0)
    cycles = phase[:, None] + torch.cumsum(f0 / rate_hz, 1)
    angle = 2 * pi * (cycles % 1)
    harmonics = torch.floor(rate_hz / 2 / f0.clamp_min(1.0)).clamp_min(1.0)
    half = torch.sin(angle / 2)
    close = half.abs() < 1e-5  # at the pulse itself the quotient's limit
    pulse = torch.where(close, harmonics, torch.sin((harmonics + 0.5) * angle) / (2 * half.masked_fill(close, 1.0)) - 0.5)
    voice = torch.stack([pulse * torch.sqrt(2 / harmonics), sqrt(2) * torch.sin(angle)], 1) * level[:, None]
    return torch.cat([voice.float(), noise.float()[:, None]], 1), cycles[:, -1] % 1


def white_noise(seeds: Tensor, first: int, samples: int) -> Tensor:
    """Uniform noise (B, samples) of power 1, a function of seed (B,) int64 and place alone: `first` … of an endless signal.

    A counter-based generator (Steele, Lea and Flood 2014, the mixing function of "SplitMix64"): the same on every device,
    in any batch and in any cut of a stream.
    """

    def shifted(x: Tensor, bits: int) -> Tensor:
        return (x >> bits) & ((1 << (64 - bits)) - 1)  # without the sign

    x = torch.arange(first, first + samples, device=seeds.device)[None] * _signed(0x9E3779B97F4A7C15)
    x = x + seeds[:, None] * _signed(0xD1342543DE82EF95)
    x = (x ^ shifted(x, 30)) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ shifted(x, 27)) * _signed(0x94D049BB133111EB)
    return (shifted(x ^ shifted(x, 31), 40).float() / (1 << 23) - 1) * sqrt(3)


def _signed(constant: int) -> int:
    return constant - (1 << 64) if constant >= 1 << 63 else constant


def training_excitation(hz: Tensor, hop: int, rate_hz: int, seeds: Tensor) -> Tensor:
    """The excitation (B, 3, T * hop) of segments with F0 (B, T), phase and noise by seeds (B,)."""
    around = torch.cat([hz[:, :1], hz, hz[:, -1:]], 1)
    noise = white_noise(seeds, 0, 1 + hz.shape[1] * hop)
    phase = noise[:, 0] / (2 * sqrt(3)) + 0.5
    return harmonic_plus_noise(around, hop, rate_hz, phase, noise[:, 1:])[0]


class ExcitationStream:
    """The excitation of a mel that comes in pieces; joined, the pieces equal that of the whole.

    F0 is read in double precision on the CPU: a phase is a sum over everything before, in which single precision's
    rounding, other in each cut, would be heard after a minute.

    Args:
        estimator: what reads F0.
        hop, rate_hz: samples per frame, and per second.
    """

    def __init__(self, estimator: PitchEstimator, hop: int, rate_hz: int) -> None:
        self._estimator, self._hop, self._rate_hz = estimator, hop, rate_hz
        self._weights = {name: p.detach().cpu().double() for name, p in estimator.named_parameters()}
        self._mel: Tensor | None = None
        self._read = 0  # frames at the start of `_mel` whose F0 is known
        self._hz: Tensor | None = None  # of the last frame made, and of those that wait for their successor
        self._phase: Tensor | None = None
        self._samples = 0

    @torch.no_grad()
    def extend(self, mel: Tensor, last: bool = False) -> Tensor:
        """Excitation (B, 3, t * hop), float32 on the CPU, of the t frames that can be made now; with `last` of all.

        mel (B, M, T) is normalised; T may be 0 with `last`.
        """
        mel = mel.detach().cpu().double()
        held = mel if self._mel is None else torch.cat([self._mel, mel], 2)
        sure = held.shape[2] - (0 if last else REACH)
        hz = held.new_zeros(held.shape[0], 0)
        if sure > self._read:
            logits = torch.func.functional_call(self._estimator, self._weights, (held,))
            hz = self._estimator.hz(logits)[:, self._read : sure]
            kept = min(sure, REACH)
            held, self._read = held[:, :, sure - kept :], kept
        self._mel = held
        if self._hz is None and hz.shape[1]:
            hz = torch.cat([hz[:, :1], hz], 1)  # before the first frame it is as in the first
            self._phase = hz.new_zeros(hz.shape[0])
        known = hz if self._hz is None else torch.cat([self._hz, hz], 1)
        if last and known.shape[1]:
            known = torch.cat([known, known[:, -1:]], 1)
        frames = max(0, known.shape[1] - 2)
        self._hz = known[:, frames:] if known.shape[1] else None
        if not frames:
            return torch.zeros(held.shape[0], CHANNELS, 0)
        samples = frames * self._hop
        noise = white_noise(torch.zeros(1, dtype=torch.int64), self._samples, samples).expand(held.shape[0], -1)
        self._samples += samples
        made, self._phase = harmonic_plus_noise(known, self._hop, self._rate_hz, self._phase, noise)
        return made
