"""Sounds for the predictors: made-up speech that is the same on every machine, and recorded speech where the shared data is."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ttskit.testing import fake_speech

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
RECORDED = SHARED / "data" / "real" / "asterisk_es_16k" / "wavs"
RATE_HZ = 16_000


@pytest.fixture(scope="session")
def made_up() -> np.ndarray:
    """4.9 s of made-up speech at 16 kHz."""
    return fake_speech("la mesa verde y el perro ladra de noche en la calle", RATE_HZ, seed=3)


@pytest.fixture(scope="session")
def recorded() -> list[np.ndarray]:
    """Six recorded sentences of one speaker, at 16 kHz."""
    if not RECORDED.is_dir():
        pytest.skip("needs the shared data (TTSKIT_SHARED)")
    import soundfile

    paths = [path for path in sorted(RECORDED.iterdir()) if 4 < soundfile.info(path).duration < 8][:6]
    return [soundfile.read(path, dtype="float32")[0] for path in paths]


@pytest.fixture(scope="session")
def noisy():
    """noisy(audio) -> with white noise as loud as the speech, a signal-to-noise ratio of 0 dB."""

    def with_noise(audio: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(0).standard_normal(len(audio))
        added = audio + noise * np.sqrt(np.mean(audio.astype(float) ** 2) / np.mean(noise**2))
        return np.clip(added, -1, 1).astype(np.float32)

    return with_noise
