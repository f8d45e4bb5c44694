"""From controls to durations, pitch and energy per token."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ttskit.errors import InputError
from ttskit.interfaces import AcousticInput, Controls, ModelContext
from ttskit_fastpitch.layers import whole_frames

UNVOICED_BELOW = 1e-3  # |normalised pitch| under this is an unvoiced token's 0
LOWEST_HZ = 20.0  # a normalised prediction far below the mean must stay a frequency


class SpeakerPitch(nn.Module):
    """Per speaker, the statistics that pitch was normalised with; NaN where the corpus gave none. Not in the state dict."""

    def __init__(self, context: ModelContext) -> None:
        super().__init__()
        self.names = context.speakers.names
        missing = (math.nan, math.nan)
        pairs = [(s.mean_hz, s.std_hz) if (s := context.pitch.get(name)) else missing for name in self.names]
        self.register_buffer("stats", torch.tensor(pairs, dtype=torch.float32), persistent=False)

    def of(self, speaker: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation in Hz, each (B, 1), of speakers (B,)."""
        stats = self.stats[speaker]
        known = (stats[:, 1] > 0).tolist()
        if not all(known):
            name = self.names[int(speaker[known.index(False)])]
            raise InputError(
                f"no pitch statistics for speaker {name!r}",
                "a shift in semitones needs the speaker's mean and deviation in Hz",
                "import the voice with --pitch-stats, or train it on a corpus with pitch",
            )
        return stats[:, :1], stats[:, 1:]


def per_token(name: str, value: float | Tensor, inputs: AcousticInput, lowest: float = -math.inf, open_end: bool = False
              ) -> float | Tensor:  # fmt: skip
    """A control, checked: a number, or (B, N) on the inputs' device; finite, at least (`open_end`: above) `lowest`."""
    tensor = torch.as_tensor(value, dtype=torch.float32, device=inputs.tokens.device)
    if tensor.dim() and tensor.shape != inputs.tokens.shape:
        raise InputError(
            f"control {name!r} has the wrong shape",
            f"it is {tuple(tensor.shape)}, the tokens are {tuple(inputs.tokens.shape)}",
            "give one number, or one per token",
        )
    fine = torch.isfinite(tensor) & ((tensor > lowest) if open_end else (tensor >= lowest))
    if tensor.dim():  # what stands on padding does not matter
        fine = fine | (torch.arange(tensor.shape[1], device=tensor.device)[None] >= inputs.lengths[:, None])
    if not bool(fine.all()):
        bad = float(tensor[~fine].flatten()[0]) if tensor.dim() else float(tensor)
        bound = f"{'above' if open_end else 'of at least'} {lowest:g}" if lowest > -math.inf else "that is finite"
        raise InputError(f"control {name!r} cannot be {bad:g}", f"it must be a number {bound}", "")
    return tensor if tensor.dim() else float(value)


def frames_per_token(durations: Tensor, pace: float | Tensor, mask: Tensor, empty: bool = False) -> Tensor:
    """Whole frames (B, N) at a pace. A row that would have none gets one, on its longest token, unless `empty` rows may be.

    Args:
        durations: (B, N) float frames at pace 1.
        pace: speed factor, a number or (B, N).
        mask: (B, N, 1).
    """
    if isinstance(pace, Tensor):  # padding may hold anything, 0 included
        pace = torch.where(mask[:, :, 0] > 0, pace, torch.ones_like(pace))
    frames = whole_frames(durations, pace) * mask[:, :, 0].long()
    if empty:
        return frames
    silent = frames.sum(1) == 0
    longest = (durations + mask[:, :, 0]).argmax(1)
    frames[torch.arange(frames.shape[0], device=frames.device), longest] += silent.long()
    return frames


def shaped_pitch(pitch: Tensor, controls: Controls, inputs: AcousticInput, speaker: Tensor, statistics: SpeakerPitch) -> Tensor:
    """Normalised pitch (B, N) with its range scaled about the speaker's mean, then shifted in semitones.

    The shift goes through Hz with the statistics of the row's speaker. Unvoiced tokens (0) stay 0.
    """
    spread = per_token("pitch_range", controls.pitch_range, inputs)
    semitones = per_token("pitch", controls.pitch, inputs)
    if isinstance(spread, Tensor) or spread != 1.0:
        pitch = pitch * spread
    if isinstance(semitones, Tensor) or semitones != 0.0:
        mean_hz, std_hz = statistics.of(speaker)
        hz = (pitch * std_hz + mean_hz).clamp_min(LOWEST_HZ)
        shifted = (hz * 2.0 ** (torch.as_tensor(semitones, device=pitch.device) / 12.0) - mean_hz) / std_hz
        pitch = torch.where(pitch.abs() < UNVOICED_BELOW, pitch, shifted)
    return pitch


def shaped_energy(energy: Tensor, factor: float | Tensor) -> Tensor:
    """Energy (B, N), log(1 + e), for a voice `factor` times as strong.

    e is the norm of a frame of log mel, whose values are mostly negative: it *falls* as speech gets
    louder. More energy is therefore a smaller e, and the factor divides.
    """
    return torch.log1p(torch.expm1(energy.clamp_min(0.0)) / factor)
