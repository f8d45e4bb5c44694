"""PLCMOS: what crowds heard of speech whose lost packets were concealed, predicted from the audio alone.

Diener, Purin, Sootla, Saabas, Aichner & Cutler 2023, "PLCMOS – A Data-driven Non-intrusive Metric for the Evaluation of Packet
Loss Concealment Algorithms" (Interspeech). Its network lies in the package `speechmos` as an ONNX file.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ttskit.interfaces.measurement import Measure, Sample, Spoken
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.networks import OnnxNetwork, onnx_network
from ttskit_predictors.packages import file_in

__all__ = ["Plcmos", "plcmos_score"]

_FFT, _HOP = 512, 256
_FLOOR = -120.0  # dB below the smallest magnitude that is not zero, where one is
_RATERS, _RATER_SIZE = 15, 64  # raters that are drawn, and the numbers that describe one
_SEED = 1  # of the draw: the package draws others in every call, so that its scores differ by some hundredths


class Plcmos(SamplePredictor):
    """PLCMOS v2, a mean over the same fifteen drawn raters for all that was said."""

    name = "plcmos"
    measures = (
        Measure(
            "plcmos",
            "PLCMOS",
            "",
            "higher",
            2,
            "PLCMOS v2 (Diener et al. 2023), 1 to 5: quality after lost packets were concealed, as a network "
            "predicts it that was trained on crowds' judgements of English speech at 16 kHz with gaps. Gaps "
            "and repeats are what it listens for.",
        ),
    )

    def start(self, spoken: Spoken) -> None:
        self._network = onnx_network(file_in("speechmos", "plcmos_models", "plcmos_v2.onnx"))
        self._raters = np.random.default_rng(_SEED).normal(size=(_RATERS, _RATER_SIZE)).astype(np.float32)

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        return {"plcmos": plcmos_score(audio, self._network, self._raters)}


def plcmos_score(audio: np.ndarray, network: OnnxNetwork, raters: np.ndarray) -> float:
    """The mean over raters (R, 64) of audio (S,) at 16 kHz."""
    feature = _log_power(audio)[None, None]
    return float(np.mean([network(degraded_audio=feature, rater_embed=rater[None])[0] for rater in raters]))


def _log_power(audio: np.ndarray) -> np.ndarray:
    """(T, 257) log power by a Hamming window of 512 samples every 256, the first one half outside; divided by 20."""
    audio = np.concatenate([np.zeros(_FFT - _HOP), audio])
    frames = int(np.ceil(len(audio) / _HOP))
    audio = np.pad(audio, (0, (frames - 1) * _HOP + _FFT - len(audio)))
    window = np.hamming(_FFT + 1)[:-1]
    framed = np.lib.stride_tricks.sliding_window_view(audio, _FFT)[::_HOP] * window
    power = np.abs(np.fft.rfft(framed, _FFT)) ** 2
    sounding = power > 0
    if not sounding.any():
        return np.full(power.shape, -80 / 10 * np.log(10) / 20, np.float32)
    least = np.log(power[sounding].min()) + _FLOOR / 10 * np.log(10)
    return (np.where(sounding, np.log(np.where(sounding, power, 1.0)), least) / 20).astype(np.float32)
