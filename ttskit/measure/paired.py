"""A sample beside its recording: as loud as it, and frame by frame along one path, which every measurement shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.loudness import loudness_lufs
from ttskit.audio.mel import MelExtractor
from ttskit.interfaces.measurement import Sample, Sound, Spoken
from ttskit.measure import metrics
from ttskit.measure.analysis import long_enough

__all__ = ["Pair", "matched", "pair_between", "pair_of", "path_between"]

_HEARD_DB = 0.005  # gains below are rounding: the sound is left as it is, bit for bit


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording and what was said, paired.

    Args:
        natural, said: both sounds; `said` as loud as `natural`.
        gain_db: what made it so; NaN where one of them is silent, and nothing was done.
        path: the pairs of frames.
        reference, synthetic: cepstra (order, T) of both.
    """

    natural: Sound
    said: Sound
    gain_db: float
    path: metrics.Path
    reference: np.ndarray
    synthetic: np.ndarray


def matched(natural: Sound, said: Sound, mel: MelConfig) -> tuple[Sound, float]:
    """`said` as loud as `natural` (ITU-R BS.1770), and the gain in dB: its audio, and the mel of it made anew.

    Cepstra without c0 do not see a gain, but log mels have a floor: what is quieter loses its weak sounds in it, and comes
    *nearer* to recordings whose weak sounds it failed to make. A model's own `mel` and the F0 stay as they are.
    """
    gain_db = loudness_lufs(natural.audio, mel.sample_rate_hz) - loudness_lufs(said.audio, mel.sample_rate_hz)
    if not isfinite(gain_db):
        return said, float("nan")
    if abs(gain_db) < _HEARD_DB:
        return said, 0.0
    audio = (said.audio * 10 ** (gain_db / 20)).astype(np.float32)
    with torch.inference_mode():
        audio_mel = _extractor(mel)(torch.from_numpy(long_enough(audio, mel))[None])[0].numpy()
    return replace(said, audio=audio, audio_mel=audio_mel), gain_db


def pair_between(
    natural: Sound,
    said: Sound,
    mel: MelConfig,
    order: int = 13,
    frame_by_frame: bool = False,
    path: metrics.Path | None = None,
) -> Pair:
    """Two sounds at one loudness and paired: in turn, for sounds on one clock, along `path` if it is known, or by DTW."""
    said, gain_db = matched(natural, said, mel)
    reference, synthetic = (metrics.cepstrum(metrics.natural_log_magnitude(s.audio_mel, mel), order) for s in (natural, said))
    if path is None and frame_by_frame:
        frames = np.arange(min(reference.shape[1], synthetic.shape[1]))
        path = metrics.Path(frames, frames, 0.0)
    elif path is None:
        path = metrics.align_cepstra(reference, synthetic)
    return Pair(natural, said, gain_db, path, reference, synthetic)


def path_between(
    natural: Sound, said: Sound, mel: MelConfig, order: int = 13, frame_by_frame: bool = False
) -> tuple[metrics.Path, np.ndarray, np.ndarray]:
    """The path that pairs their frames at one loudness, and the cepstra (order, T) of both.

    In turn, for sounds on one clock, or by DTW.
    """
    pair = pair_between(natural, said, mel, order, frame_by_frame)
    return pair.path, pair.reference, pair.synthetic


def pair_of(spoken: Spoken, sample: Sample, order: int = 13, frame_by_frame: bool = False) -> Pair | None:
    """A sample beside the recording of its sentence; None without one. The path is found once for all who ask."""
    recording = spoken.recording(sample)
    if recording is None:
        return None
    key = (sample.sentence.id, sample.system, sample.seed, order, frame_by_frame)
    pair = pair_between(recording.sound, sample.sound, spoken.mel, order, frame_by_frame, spoken.paths.get(key))
    spoken.paths[key] = pair.path
    return pair


@lru_cache(maxsize=2)
def _extractor(mel: MelConfig) -> MelExtractor:
    return MelExtractor(mel)
