"""PESQ and STOI, by the packages of the extra `intrusive`: audio against its recording, sample by sample.

Both compare what happens at the same time, so they suit copy synthesis and a vocoder on teacher-forced mels, and no speech
with a timing of its own.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np

from ttskit.audio.files import resample

MEASURES = {
    "pesq": "PESQ, 1 to 4.5: at 8 kHz narrow band (ITU-T P.862 with P.862.1), else wide band at 16 kHz (P.862.2)",
    "stoi": "short-time objective intelligibility, 0 to 1 (Taal et al. 2011)",
}
_PACKAGES = {"pesq": "pesq", "stoi": "pystoi"}
_NARROW_HZ, _WIDE_HZ = 8_000, 16_000


def intrusive_scores(natural: np.ndarray, audio: np.ndarray, rate_hz: int) -> dict[str, float]:
    """The measures whose package is installed, of two signals (S,) on one clock; NaN where there is too little speech."""
    measures = {"pesq": _pesq, "stoi": _stoi}
    spoken = bool(natural.any() and audio.any())
    return {
        name: measure(natural, audio, rate_hz) if spoken else float("nan")
        for name, measure in measures.items()
        if find_spec(_PACKAGES[name])
    }


def _pesq(natural: np.ndarray, audio: np.ndarray, rate_hz: int) -> float:
    from pesq import PesqError, pesq

    rate, band = (_NARROW_HZ, "nb") if rate_hz < _WIDE_HZ else (_WIDE_HZ, "wb")
    try:
        return float(pesq(rate, resample(natural, rate_hz, rate), resample(audio, rate_hz, rate), band))
    except (PesqError, ValueError):  # nothing that it takes for an utterance
        return float("nan")


def _stoi(natural: np.ndarray, audio: np.ndarray, rate_hz: int) -> float:
    from pystoi import stoi

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(stoi(natural, audio, rate_hz))
        except (RuntimeWarning, ValueError):  # fewer frames of speech than one of its segments, or than one frame
            return float("nan")
