"""DNSMOS P.835 and P.808: what crowds heard of noisy and denoised speech, predicted from the audio alone.

Reddy, Gopal & Cutler 2022, "DNSMOS P.835" (arXiv 2110.01763) and Reddy, Gopal & Cutler 2021, "DNSMOS" (arXiv 2010.15258). The
networks lie in the package `speechmos` as ONNX files; what is done around them, the papers and its module `dnsmos` say.
"""

from __future__ import annotations

from collections.abc import Mapping

import librosa
import numpy as np

from ttskit.interfaces.measurement import Measure, Sample, Spoken
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.networks import OnnxNetwork, onnx_network
from ttskit_predictors.packages import file_in

__all__ = ["Dnsmos", "dnsmos_scores"]

_RATE_HZ = 16_000
_WINDOW_S = 9.01  # what the networks take; a window begins every second
_MEL_BANDS, _FFT, _HOP = 120, 321, 160
_DYNAMIC_DB = 40.0  # of the mel: decibels below the loudest, so that −40 dB is 0 and 0 dB is 1

# From what the network gives to opinion scores: polynomials, highest power first (those of the package).
_CURVES = {
    "dnsmos_sig": (-0.08397278, 1.22083953, 0.0052439),
    "dnsmos_bak": (-0.13166888, 1.60915514, -0.39604546),
    "dnsmos_ovrl": (-0.06766283, 1.11546468, 0.04602535),
}


class Dnsmos(SamplePredictor):
    """SIG, BAK and OVRL of DNSMOS P.835, and DNSMOS P.808."""

    name = "dnsmos"
    rate_hz = _RATE_HZ
    measures = (
        Measure(
            "dnsmos_sig",
            "DNSMOS SIG",
            "",
            "higher",
            2,
            "DNSMOS P.835 (Reddy et al. 2022), 1 to 5: how good the speech signal is, as a network predicts it "
            "that was trained on crowds' judgements of English noisy and denoised speech at 16 kHz. Not trained "
            "on synthesis, nor on Spanish.",
        ),
        Measure(
            "dnsmos_bak",
            "DNSMOS BAK",
            "",
            "higher",
            2,
            "DNSMOS P.835 (Reddy et al. 2022), 1 to 5: how little the background disturbs, as a network predicts "
            "it that was trained on crowds' judgements of English noisy and denoised speech at 16 kHz. Not "
            "trained on synthesis, nor on Spanish.",
        ),
        Measure(
            "dnsmos_ovrl",
            "DNSMOS OVRL",
            "",
            "higher",
            2,
            "DNSMOS P.835 (Reddy et al. 2022), 1 to 5: the whole, as a network predicts it that was trained on "
            "crowds' judgements of English noisy and denoised speech at 16 kHz. Not trained on synthesis, nor on "
            "Spanish.",
        ),
        Measure(
            "dnsmos_p808",
            "DNSMOS P.808",
            "",
            "higher",
            2,
            "DNSMOS (Reddy et al. 2021), 1 to 5: overall quality by ITU-T P.808, as a network predicts it "
            "that was trained on crowds' judgements of English noisy and denoised speech at 16 kHz. Not "
            "trained on synthesis, nor on Spanish.",
        ),
    )

    def start(self, spoken: Spoken) -> None:
        self._three = onnx_network(file_in("speechmos", "dnsmos_models", "sig_bak_ovr.onnx"))
        self._p808 = onnx_network(file_in("speechmos", "dnsmos_models", "model_v8.onnx"))

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        return dnsmos_scores(audio, self._three, self._p808)


def dnsmos_scores(audio: np.ndarray, three: OnnxNetwork, p808: OnnxNetwork) -> dict[str, float]:
    """The four scores of audio (S,) at 16 kHz in [-1, 1], by key: means over windows of 9.01 s, one a second.

    What is shorter than a window is said again and again until it is as long, doubled each time.
    """
    window = int(_WINDOW_S * _RATE_HZ)
    while len(audio) < window:
        audio = np.concatenate([audio, audio])
    count = int(len(audio) // _RATE_HZ - _WINDOW_S) + 1
    # The package ends a window where its sum of seconds ends when it is rounded, and passes over one that lacks a sample so:
    # scores of what is longer than ten seconds are means over the same windows as there.
    ends = {i: int((i + _WINDOW_S) * _RATE_HZ) - i * _RATE_HZ for i in range(count)}
    starts = [i * _RATE_HZ for i, length in ends.items() if length >= window and i * _RATE_HZ + window <= len(audio)]
    found = [_window_scores(audio[start : start + window].astype(np.float32), three, p808) for start in starts or [0]]
    return {key: float(np.mean([one[key] for one in found])) for key in found[0]}


def _window_scores(audio: np.ndarray, three: OnnxNetwork, p808: OnnxNetwork) -> dict[str, float]:
    """Of one window (144,160,)."""
    raw = three(input_1=audio[None])[0][0].astype(np.float64)
    found = {key: float(np.polyval(curve, raw[i])) for i, (key, curve) in enumerate(_CURVES.items())}
    return found | {"dnsmos_p808": float(p808(input_1=_mel(audio[:-_HOP])[None])[0].item())}


def _mel(audio: np.ndarray) -> np.ndarray:
    """(T, 120) mel in units of 40 dB, 1 at the loudest."""
    power = librosa.feature.melspectrogram(y=audio, sr=_RATE_HZ, n_fft=_FFT, hop_length=_HOP, n_mels=_MEL_BANDS)
    return ((librosa.power_to_db(power, ref=np.max) + _DYNAMIC_DB) / _DYNAMIC_DB).T.astype(np.float32)
