"""ViSQOL in speech mode: audio against its recording, for what keeps the recording's time.

Hines, Skoglund, Kokaram & Harte 2015, "ViSQOL: an objective speech quality model"; Chinen et al. 2020, "ViSQOL v3". Computed by
the package `visqol-python`, with the polynomial of ViSQOL's own code from similarity to opinion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ttskit.audio.files import resample
from ttskit.interfaces.measurement import NATURAL, Findings, Measure, Sample, Spoken
from ttskit.measure.intrusive import teacher_forced_samples
from ttskit_predictors.asking import SamplePredictor

__all__ = ["Visqol"]

_RATE_HZ = 16_000


class Visqol(SamplePredictor):
    """ViSQOL of what keeps the recording's time, and of each model's teacher-forced mels, as PESQ has it."""

    name = "visqol"
    opinion = False
    rate_hz = _RATE_HZ
    measures = (
        Measure(
            "visqol",
            "ViSQOL, with the recording's timing",
            "",
            "higher",
            2,
            "1 to 5, speech mode at 16 kHz (Hines et al. 2015; Chinen et al. 2020), by the polynomial from "
            "similarity to opinion, of the same audio as PESQ: models are given the recording's frames or "
            "durations (teacher-forced).",
        ),
    )

    def start(self, spoken: Spoken) -> None:
        from visqol import VisqolApi

        self._api = VisqolApi()
        self._api.create(mode="speech", use_lattice_model=False)  # the other mapping needs a runtime that may not be there

    def samples(self, spoken: Spoken) -> Iterable[Sample]:
        own = [s for s in spoken.samples if s.one_clock and s.system != NATURAL]
        for system in spoken.systems:
            own += teacher_forced_samples(system, spoken) if getattr(system, "teacher_forced", False) else []
        return [s for s in own if spoken.recording(s) is not None]

    def measure(self, spoken: Spoken) -> Findings:
        if not spoken.systems:  # the self-test, whose faults change the timing
            return Findings()
        return super().measure(spoken)

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        recording = spoken.recording(sample)
        assert recording is not None  # as `samples` has it
        natural = np.clip(resample(np.asarray(recording.audio, np.float32), spoken.sample_rate_hz, _RATE_HZ), -1.0, 1.0)
        samples = min(len(natural), len(audio))
        found = self._api.measure_from_arrays(natural[:samples].astype(float), audio[:samples].astype(float), _RATE_HZ)
        return {"visqol": float(found.moslqo)}
