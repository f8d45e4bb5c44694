"""PESQ and STOI, by the packages of the extra `intrusive`: audio against its recording, sample by sample.

Both compare what happens at the same time, so they suit copy synthesis and a vocoder on teacher-forced mels, and no speech
with a timing of its own: models are measured on what they say with the recording's timing given.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import torch

from ttskit.audio.files import resample
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.measurement import NATURAL, Findings, Measure, Measurement, Observation, Row, Sample, Sound, Spoken
from ttskit.measure.learned import teacher_forced_mels
from ttskit.measure.systems import System
from ttskit.synthesis.voice import part_seed

__all__ = ["Intrusive", "intrusive_scores", "teacher_forced_samples"]

_PACKAGES = {"pesq": "pesq", "stoi": "pystoi"}
_NARROW_HZ, _WIDE_HZ = 8_000, 16_000
_MEASURES = {
    "pesq": Measure(
        "pesq",
        "PESQ, with the recording's timing",
        "",
        "higher",
        2,
        "1 to 4.5: at 8 kHz narrow band (ITU-T P.862 with P.862.1), else wide band at 16 kHz (P.862.2). It compares what "
        "happens at the same time, so that models are given the recording's frames or durations (teacher-forced).",
    ),
    "stoi": Measure(
        "stoi",
        "STOI, with the recording's timing",
        "",
        "higher",
        3,
        "Short-time objective intelligibility, 0 to 1 (Taal et al. 2011), of the same audio as PESQ.",
    ),
}


class Intrusive(Measurement):
    """PESQ and STOI of whatever keeps the recording's time: what is said so anyway, and each model's teacher-forced mels."""

    def measure(self, spoken: Spoken) -> Findings:
        """A row for each of the two whose package is installed."""
        if not any(find_spec(package) for package in _PACKAGES.values()):
            return Findings(notes=["PESQ and STOI are left out: their packages are in the extra ttskit[intrusive]"])
        found: dict[str, list[Observation]] = {name: [] for name in _MEASURES}
        own = [s for s in spoken.samples if s.one_clock and s.system != NATURAL]
        for system in spoken.systems:
            own += teacher_forced_samples(system, spoken) if getattr(system, "teacher_forced", False) else []
        for sample in own:
            recording = spoken.recording(sample)
            if recording is None:
                continue
            samples = min(len(recording.audio), len(sample.audio))
            scores = intrusive_scores(recording.audio[:samples], sample.audio[:samples], spoken.sample_rate_hz)
            for name, value in scores.items():
                found[name].append(sample.observation(value))
        return Findings([Row(_MEASURES[name], tuple(own)) for name, own in found.items() if own])


def teacher_forced_samples(system: System, spoken: Spoken) -> Iterator[Sample]:
    """What the model says of each recording in the recording's own timing, through the shared vocoder."""
    sentences = {s.id: s for s in spoken.sentences if s.recorded}
    utterances = [spoken.corpus.utterance(name) for name in sentences]
    for index, (u, mel) in enumerate(teacher_forced_mels(system, spoken.corpus, utterances)):
        row = Spectrogram(torch.from_numpy(mel)[None], torch.tensor([mel.shape[1]]))
        audio = system.voice.waveform(row, part_seed(0, index))
        sound = Sound(audio, np.zeros((spoken.mel.bands, 0), np.float32), np.zeros(0, np.float32), mel)
        yield Sample(sentences[u.id], system.label, 0, lambda sound=sound: sound, one_clock=True)


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
