"""Prosody of a recording: frames and pitch per token, for a voice that is to say the same text in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError, PluginError
from ttskit.interfaces.acoustic import AcousticBatch, AcousticModel, PitchStats

if TYPE_CHECKING:
    from ttskit.interfaces.descriptions import Plugin
    from ttskit.plugins import Registry

__all__ = ["PitchReader", "copy_prosody", "token_pitch"]


@dataclass(frozen=True, slots=True)
class PitchReader:
    """Reads F0 as the corpus of a voice had it read, so that a copied contour is of the kind that the model learned.

    Args:
        plugin: the pitch extractor.
        note: one line for the listener where it is not known to be the corpus's own; else "".
    """

    plugin: Plugin
    note: str = ""

    @classmethod
    def choose(cls, wanted: str | None, registry: Registry) -> PitchReader:
        """The extractor `wanted` (see `RunFolder.pitch_extractor`), or the default of recipes where it cannot be had."""
        from ttskit.config.corpus import CorpusConfig

        if wanted is not None and wanted in registry.all("pitch extractor"):
            return cls(registry.get("pitch extractor", wanted))
        default = CorpusConfig().pitch_extractor
        if wanted is None:
            why = "this voice does not say how the F0 of its corpus was read"
        else:
            why = f"the pitch extractor of this voice's corpus, {wanted!r}, is not installed"
        return cls(registry.get("pitch extractor", default), f"{why}: the recording's was read by {default!r}")

    def read(self, audio: np.ndarray, mel: MelConfig) -> np.ndarray:
        """F0 (T,) in Hz of audio (S,) in the range of its speaker, which is found as `ttskit prepare` finds it; unvoiced 0.

        Raises:
            PluginError: the extractor does not give one finite value a frame.
        """
        from ttskit.audio.pitch import WIDE_RANGE_HZ, autocorrelation, speaker_range_hz

        wide = autocorrelation(audio, mel, *WIDE_RANGE_HZ)
        f0_hz = np.asarray(self.plugin.load()(audio, mel, *speaker_range_hz([wide])), dtype=np.float32)
        frames = mel.frames(len(audio))
        if f0_hz.shape != (frames,) or not np.isfinite(f0_hz).all():
            raise PluginError(
                f"pitch extractor {self.plugin.name!r} does not fit the mel",
                f"values of shape {f0_hz.shape} for {frames} frames, or NaN",
                f"ttskit plugins check {self.plugin.name}",
            )
        return f0_hz


def copy_prosody(
    path: str | Path,
    tokens: Sequence[str],
    model: AcousticModel,
    speaker: int,
    statistics: PitchStats | None,
    reader: PitchReader,
    notes: list[str] | None = None,
) -> dict[str, np.ndarray]:
    """Durations (N,) in frames and normalised pitch (N,) of a recording of `tokens`.

    The recording is trimmed and levelled as `ttskit prepare` does; the voice's own model aligns it. Its F0 becomes
    distances from its mean in its deviations, which is how the voice reads pitch: so the contour lands in the
    speaker's own range. Tokens without a voiced frame get 0, as in training.

    Args:
        speaker: whose voice the recording is taken for in the alignment.
        statistics: mean and deviation of who recorded it, where known; None takes them from the recording.
        reader: of its F0.
        notes: gets a line for what is odd about how the file was read (one channel of it, a false length).

    Raises:
        InputError: a model that does not align, or a recording that is too short for the text.
        AudioError: a file that cannot be used.
    """
    mel_config = model.context.mel
    audio, odd = _prepared(path, mel_config)
    if notes is not None:
        notes += [f"{Path(path).name}: {line}" for line in odd]
    from ttskit.audio.mel import MelExtractor

    frames = mel_config.frames(len(audio))
    if frames < len(tokens):
        raise InputError(
            f"{path} is too short for the text",
            f"it has {frames} frames, the text {len(tokens)} tokens",
            "give the text that is spoken in it",
        )
    mel = MelExtractor(mel_config)(torch.from_numpy(audio)[None])
    f0_hz = reader.read(audio, mel_config)
    voiced = f0_hz > 0
    if voiced.sum() < 2:
        why = f"{int(voiced.sum())} of {frames} frames"
        raise InputError(f"{path} has no voiced speech", why, "give a recording of speech")
    stats = statistics or PitchStats(float(f0_hz[voiced].mean()), max(1.0, float(f0_hz[voiced].std())))
    pitch = np.where(voiced, (f0_hz - stats.mean_hz) / stats.std_hz, 0.0).astype(np.float32)
    device = next(model.parameters()).device
    n = torch.tensor([len(tokens)])
    batch = AcousticBatch(
        ids=(Path(path).stem,),
        tokens=torch.tensor([model.context.symbols.ids(tokens)]),
        token_lengths=n,
        mel=mel,
        mel_lengths=torch.tensor([frames]),
        speaker=torch.tensor([speaker]),
        pitch=torch.from_numpy(pitch)[None],
        energy=mel.norm(dim=1),
        seeds=torch.zeros(1, dtype=torch.int64),
    )
    with torch.inference_mode():
        durations = model.durations(batch.to(device))[0].cpu().numpy()
    return {"durations": durations.astype(np.float64), "pitch_values": token_pitch(pitch, voiced, durations)}


def token_pitch(pitch: np.ndarray, voiced: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """Mean (N,) of pitch (T,) over the voiced frames of each token; 0 where there are none."""
    ends = np.concatenate([[0], np.cumsum(durations)]).astype(int)
    sums, counts = (np.concatenate([[0.0], np.cumsum(x, dtype=np.float64)])[ends] for x in (pitch * voiced, voiced))
    return np.diff(sums) / np.maximum(np.diff(counts), 1)


def _prepared(path: str | Path, mel: MelConfig) -> tuple[np.ndarray, Sequence[str]]:
    """The recording (S,) float32 as a corpus has it (at the mel's rate, trimmed, levelled), and notes of how it was read."""
    from ttskit.audio.files import read_recording, resample
    from ttskit.audio.loudness import levelling_gain_db
    from ttskit.audio.trim import speech_span
    from ttskit.config.corpus import CorpusConfig

    settings, rate = CorpusConfig(), mel.sample_rate_hz
    recording = read_recording(path)
    audio = resample(recording.audio, recording.sample_rate_hz, rate)
    start, end = speech_span(audio, rate, settings.trim_below_db, settings.trim_margin_s)
    audio = audio[start:end]
    level = settings.level_dbfs
    gain = 0.0 if level is None else levelling_gain_db(audio, rate, level, settings.peak_dbfs)
    return (audio * np.float32(10 ** (gain / 20))).astype(np.float32), recording.notes
