"""Prosody of a recording: frames and pitch per token, for a voice that is to say the same text in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces.acoustic import AcousticBatch, AcousticModel, PitchStats


def copy_prosody(
    path: str | Path, tokens: Sequence[str], model: AcousticModel, speaker: int, statistics: PitchStats | None = None
) -> dict[str, np.ndarray]:
    """Durations (N,) in frames and normalised pitch (N,) of a recording of `tokens`.

    The recording is trimmed and levelled as `ttskit prepare` does; the voice's own model aligns it. Its F0 becomes
    distances from its mean in its deviations, which is how the voice reads pitch: so the contour lands in the
    speaker's own range. Tokens without a voiced frame get 0, as in training.

    Args:
        speaker: whose voice the recording is taken for in the alignment.
        statistics: mean and deviation of who recorded it, where known; None takes them from the recording.

    Raises:
        InputError: a model that does not align, or a recording that is too short for the text.
        AudioError: a file that cannot be used.
    """
    mel_config = model.context.mel
    audio = _prepared(path, mel_config)
    from ttskit.audio.mel import MelExtractor
    from ttskit.audio.pitch import WIDE_RANGE_HZ, autocorrelation, speaker_range_hz

    frames = mel_config.frames(len(audio))
    if frames < len(tokens):
        raise InputError(
            f"{path} is too short for the text",
            f"it has {frames} frames, the text {len(tokens)} tokens",
            "give the text that is spoken in it",
        )
    mel = MelExtractor(mel_config)(torch.from_numpy(audio)[None])
    wide = autocorrelation(audio, mel_config, *WIDE_RANGE_HZ)
    f0_hz = autocorrelation(audio, mel_config, *speaker_range_hz([wide]))
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


def _prepared(path: str | Path, mel: MelConfig) -> np.ndarray:
    """The recording (S,) float32 as a corpus has it: at the mel's rate, trimmed, levelled."""
    from ttskit.audio.files import read_audio
    from ttskit.audio.loudness import levelling_gain_db
    from ttskit.audio.trim import speech_span
    from ttskit.config.corpus import CorpusConfig

    settings, rate = CorpusConfig(), mel.sample_rate_hz
    audio = read_audio(path, rate)
    start, end = speech_span(audio, rate, settings.trim_below_db, settings.trim_margin_s)
    audio = audio[start:end]
    gain = levelling_gain_db(audio, rate, settings.level_dbfs, settings.peak_dbfs)
    return (audio * np.float32(10 ** (gain / 20))).astype(np.float32)
