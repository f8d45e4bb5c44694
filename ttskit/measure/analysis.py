"""Any audio as the corpus has its recordings: its mel, its pitch extractor, its speaker's range."""

from __future__ import annotations

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.plugins import Registry

__all__ = ["Analyser", "long_enough"]

_ANY_HZ = (50.0, 600.0)  # range of a speaker that the corpus knows nothing of


class Analyser:
    """Mel and F0 of any audio as the corpus has them."""

    def __init__(self, corpus: PreparedCorpus, registry: Registry) -> None:
        settings = (corpus.info.get("settings") or {}).get("corpus") or {}
        known = registry.all("pitch extractor")
        name = settings.get("pitch_extractor", "autocorrelation")
        self.pitch_extractor = name if name in known else next(iter(sorted(known)))
        self._pitch = registry.get("pitch extractor", self.pitch_extractor).load()
        self.mel, self._extract = corpus.mel, MelExtractor(corpus.mel)
        self._ranges = {name: s.get("pitch_range_hz", _ANY_HZ) for name, s in corpus.info["statistics"].items()}

    def __call__(self, audio: np.ndarray, speaker: str) -> tuple[np.ndarray, np.ndarray]:
        """Log mel (M, T) and F0 (T,) in Hz of audio (S,)."""
        audio = long_enough(audio, self.mel)
        with torch.inference_mode():
            mel = self._extract(torch.from_numpy(audio.copy())[None])[0].numpy()
        low, high = self._ranges.get(speaker, _ANY_HZ)
        pitch = np.asarray(self._pitch(audio, self.mel, float(low), float(high)), np.float32)
        return mel, pitch[: mel.shape[1]]


def long_enough(audio: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Audio (S,) with silence behind it where a model said almost nothing: reflection needs more samples than the edge."""
    audio = np.asarray(audio, np.float32)
    return np.pad(audio, (0, max(0, mel.edge_samples + mel.fft_samples - len(audio))))
