"""From controls to durations, pitch and energy per token."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ttskit.errors import InputError
from ttskit.interfaces import AcousticInput, Controls, ModelContext
from ttskit.interfaces.acoustic import missing_pitch_statistics
from ttskit.nn import fourier_features, whole_frames

LOWEST_HZ = 20.0  # a normalised prediction far below the mean must stay a frequency


# Sines and cosines of normalised pitch: the slowest has one period over ±8 deviations, the fastest two per deviation, which
# is what a comb of harmonics needs up to some 1.5 kHz for a deep and 2.5 kHz for a high voice.
FOURIER_PERIOD, FOURIER_TERMS = 16.0, 32


def pitch_features(pitch: Tensor, kind: str) -> Tensor:
    """Normalised pitch (B, N) as what its embedding sees, (B, N, F): itself, and for "fourier" its sines and cosines.

    A band of a log mel goes up and down as harmonics pass through it: a function of F0 with many periods, which a network
    learns slowly from F0 as one number and at once from sines of it (Tancik et al. 2020, "Fourier features let networks
    learn high frequency functions in low dimensional domains"). Beyond ±8 deviations they stand still, never wrap.
    """
    if kind == "linear":
        return pitch[:, :, None]
    return torch.cat([pitch[:, :, None].float(), fourier_features(pitch, FOURIER_PERIOD, FOURIER_TERMS)], dim=2)


class SpeakerPitch(nn.Module):
    """Per speaker, the statistics that pitch was normalised with; NaN where the corpus gave none. Not in the state dict."""

    def __init__(self, context: ModelContext) -> None:
        super().__init__()
        self.names = context.speakers.names
        missing = (math.nan, math.nan)
        pairs = [(s.mean_hz, s.std_hz) if (s := context.pitch.get(name)) else missing for name in self.names]
        self.register_buffer("stats", torch.tensor(pairs, dtype=torch.float32), persistent=False)

    def of(self, inputs: AcousticInput) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation in Hz, each (B, 1), of each row's speaker or mix of speakers."""
        stats = self.stats.to(inputs.tokens.device)
        if inputs.speaker_weights is not None:
            shares = inputs.speaker_weights[:, :, None].to(stats.dtype)
            rows = torch.where(shares > 0, shares * stats, 0.0).sum(1)
            used = [[i for i, share in enumerate(row) if share > 0] for row in inputs.speaker_weights.tolist()]
        else:
            ids = torch.zeros_like(inputs.lengths) if inputs.speaker is None else inputs.speaker
            rows, used = stats[ids], [[i] for i in ids.tolist()]
        if not bool((rows[:, 1] > 0).all()):
            raise missing_pitch_statistics(next(self.names[i] for row in used for i in row if not stats[i, 1] > 0))
        return rows[:, :1], rows[:, 1:]


def per_token(
    name: str, value: float | Tensor, inputs: AcousticInput, lowest: float = -math.inf, open_end: bool = False
) -> float | Tensor:
    """A control, checked: a number, or (B, N) on the inputs' device; finite, at least (`open_end`: above) `lowest`."""
    return _checked(name, value, inputs, lowest, open_end, holes=False)


def given_or(predicted: Tensor, name: str, value: Tensor | None, inputs: AcousticInput, lowest: float = -math.inf) -> Tensor:
    """Values (B, N) that were given, checked, and the predicted ones where none or NaN was given."""
    if value is None:
        return predicted
    given = torch.as_tensor(_checked(name, value, inputs, lowest, False, holes=True), device=predicted.device)
    return torch.where(torch.isnan(given), predicted, given)


def _checked(
    name: str, value: float | Tensor, inputs: AcousticInput, lowest: float, open_end: bool, holes: bool
) -> float | Tensor:
    tensor = torch.as_tensor(value, dtype=torch.float32, device=inputs.tokens.device)
    if tensor.dim() and tensor.shape != inputs.tokens.shape:
        raise InputError(
            f"control {name!r} has the wrong shape",
            f"it is {tuple(tensor.shape)}, the tokens are {tuple(inputs.tokens.shape)}",
            "give one number, or one per token",
        )
    fine = torch.isfinite(tensor) & ((tensor > lowest) if open_end else (tensor >= lowest))
    if holes:
        fine = fine | torch.isnan(tensor)
    if tensor.dim():  # what stands on padding does not matter
        fine = fine | (torch.arange(tensor.shape[1], device=tensor.device)[None] >= inputs.lengths[:, None])
    if not bool(fine.all()):
        bad = float(tensor[~fine].flatten()[0]) if tensor.dim() else float(tensor)
        bound = f"{'above' if open_end else 'of at least'} {lowest:g}" if lowest > -math.inf else "that is finite"
        raise InputError(f"control {name!r} cannot be {bad:g}", f"it must be a number {bound}", "")
    return tensor if tensor.dim() else float(value)


def controlled_frames(
    durations: Tensor, controls: Controls, inputs: AcousticInput, mask: Tensor, empty: bool = False
) -> Tensor:
    """Whole frames per token (B, N) of predicted durations (B, N), float frames, with the given ones in place and at the pace.

    A row that would have no frame gets one, on its longest token, unless `empty` rows may be. mask: (B, N, 1).
    """
    wanted = given_or(durations, "durations", controls.durations, inputs, 0.0) * mask[:, :, 0]
    return frames_per_token(wanted, per_token("pace", controls.pace, inputs, 0.0, open_end=True), mask, empty)


def controlled_pitch(pitch: Tensor, controls: Controls, inputs: AcousticInput, statistics: SpeakerPitch) -> Tensor:
    """Normalised pitch (B, N) with the given values in place, its range scaled and shifted in semitones."""
    return shaped_pitch(given_or(pitch, "pitch_values", controls.pitch_values, inputs), controls, inputs, statistics)


def controlled_energy(energy: Tensor, controls: Controls, inputs: AcousticInput, mask: Tensor) -> Tensor:
    """Predicted energy (B, N), log(1 + e), for a voice as strong as the controls say. mask: (B, N, 1)."""
    factor = per_token("energy", controls.energy, inputs, 0.0, open_end=True)
    if not isinstance(factor, Tensor) and factor == 1.0:
        return energy
    return shaped_energy(energy, factor) * mask[:, :, 0]


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


def shaped_pitch(pitch: Tensor, controls: Controls, inputs: AcousticInput, statistics: SpeakerPitch) -> Tensor:
    """Normalised pitch (B, N) with its range scaled about the speaker's mean, then shifted in semitones.

    The shift goes through Hz with the statistics of the row's speaker.
    """
    spread = per_token("pitch_range", controls.pitch_range, inputs)
    semitones = per_token("pitch", controls.pitch, inputs)
    if isinstance(spread, Tensor) or spread != 1.0:
        pitch = pitch * spread
    if isinstance(semitones, Tensor) or semitones != 0.0:
        mean_hz, std_hz = statistics.of(inputs)
        hz = (pitch * std_hz + mean_hz).clamp_min(LOWEST_HZ)
        ratio = 2.0 ** (torch.as_tensor(semitones, device=pitch.device) / 12.0)
        pitch = pitch + hz * (ratio - 1.0) / std_hz  # written as a difference: a token that is not shifted stays bit for bit
    return pitch


def shaped_energy(energy: Tensor, factor: float | Tensor) -> Tensor:
    """Energy (B, N), log(1 + e), for a voice `factor` times as strong.

    e is the norm of a frame of log mel, whose values are mostly negative: it *falls* as speech gets
    louder. More energy is therefore a smaller e, and the factor divides.
    """
    return torch.log1p(torch.expm1(energy.clamp_min(0.0)) / factor)
