"""Pauses, heard by a voice activity detector: how many, how long, and how much of a sentence is silent.

Silero VAD (Silero Team 2021 …), whose network lies in the package `silero-vad` as an ONNX file. The package itself is not
imported: it would set the number of threads of the whole process.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ttskit.audio.files import resample
from ttskit.interfaces.measurement import NATURAL, Measure, Sample, Spoken
from ttskit.measure.pauses import SHORTEST_PAUSE_S
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.networks import OnnxNetwork, onnx_network
from ttskit_predictors.packages import file_in

__all__ = ["HeardPauses", "heard_pauses", "speech_probabilities"]

_RATE_HZ = 16_000
_FRAME, _CONTEXT, _STATE = 512, 64, (2, 1, 128)  # samples of a frame and of the one before it, and the network's memory
_BEGINS, _ENDS = 0.5, 0.35  # probability at which speech begins, and below which it ends (the package's own)


class HeardPauses(SamplePredictor):
    """Pauses of each sample, and how much more or less silent it is than its recording."""

    name = "vad"
    opinion = False
    rate_hz = _RATE_HZ
    compares = frozenset({"vad_silence_difference"})
    measures = (
        Measure(
            "vad_pauses",
            "pauses, by a detector",
            "",
            "",
            2,
            "How many pauses there are. By Silero VAD (16 kHz, trained on many languages): speech begins at a "
            "probability of 0.5 and ends below 0.35, in frames of 32 ms; a pause is a silence of 0.2 s or more "
            "between the first and the last speech.",
        ),
        Measure(
            "vad_pause_s",
            "length of pauses, by a detector",
            "s",
            "",
            2,
            "All pauses of a sentence together. By Silero VAD (16 kHz, trained on many languages): speech begins "
            "at a probability of 0.5 and ends below 0.35, in frames of 32 ms; a pause is a silence of 0.2 s or "
            "more between the first and the last speech.",
        ),
        Measure(
            "vad_silence",
            "silence, by a detector",
            "%",
            "",
            1,
            "Share of pauses from the first to the last speech. By Silero VAD (16 kHz, trained on many "
            "languages): speech begins at a probability of 0.5 and ends below 0.35, in frames of 32 ms; a "
            "pause is a silence of 0.2 s or more between the first and the last speech.",
            100.0,
        ),
        Measure(
            "vad_silence_difference",
            "silence against the recording, by a detector",
            "%",
            "lower",
            1,
            "How far the share of pauses is from the recording's, either way. By Silero VAD (16 kHz, trained "
            "on many languages): speech begins at a probability of 0.5 and ends below 0.35, in frames of 32 "
            "ms; a pause is a silence of 0.2 s or more between the first and the last speech.",
            100.0,
        ),
    )

    def start(self, spoken: Spoken) -> None:
        self._network = onnx_network(file_in("silero_vad", "data", "silero_vad.onnx"))

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        found = heard_pauses(speech_probabilities(audio, self._network))
        recording = spoken.recording(sample)
        if recording is not None and sample.system != NATURAL:
            natural = resample(np.asarray(recording.audio, np.float32), spoken.sample_rate_hz, _RATE_HZ)
            share = heard_pauses(speech_probabilities(natural, self._network)).get("vad_silence", float("nan"))
            found["vad_silence_difference"] = abs(found.get("vad_silence", float("nan")) - share)
        return found


def speech_probabilities(audio: np.ndarray, network: OnnxNetwork) -> np.ndarray:
    """(T,) probability of speech in each frame of 512 samples of audio (S,) at 16 kHz; the last one ends in zeros."""
    frames = -(-len(audio) // _FRAME)
    padded = np.pad(audio.astype(np.float32), (_CONTEXT, frames * _FRAME - len(audio)))
    state, rate = np.zeros(_STATE, np.float32), np.array(_RATE_HZ, np.int64)
    found = np.zeros(frames)
    for i in range(frames):
        frame = padded[None, i * _FRAME : (i + 1) * _FRAME + _CONTEXT]
        probability, state = network(input=frame, state=state, sr=rate)
        found[i] = float(probability.item())
    return found


def heard_pauses(probabilities: np.ndarray) -> dict[str, float]:
    """Number and length of pauses and their share of the time from first to last speech; nothing where there is no speech."""
    active, inside = np.zeros(len(probabilities), bool), False
    for i, p in enumerate(probabilities):
        inside = p >= _BEGINS or (inside and p >= _ENDS)
        active[i] = inside
    places = np.flatnonzero(active)
    if not len(places):
        return {}
    gaps_s = (np.diff(places) - 1) * _FRAME / _RATE_HZ
    pauses_s = gaps_s[gaps_s >= SHORTEST_PAUSE_S]
    whole_s = (places[-1] + 1 - places[0]) * _FRAME / _RATE_HZ
    return {
        "vad_pauses": float(len(pauses_s)),
        "vad_pause_s": float(pauses_s.sum()),
        "vad_silence": float(pauses_s.sum() / whole_s),
    }
