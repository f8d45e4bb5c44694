"""Quality: how far what was said is from the recording of the same sentence, measured on the audio and alike for all."""

from __future__ import annotations

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import (
    NATURAL,
    RESYNTHESIS,
    Findings,
    Measure,
    Measurement,
    Observation,
    Row,
    Sample,
    Sound,
    Spoken,
)
from ttskit.measure import metrics
from ttskit.measure.analysis import long_enough
from ttskit.measure.charts import draw_rows
from ttskit.measure.templates import template

__all__ = ["Quality", "distances", "path_between"]


class Quality(Measurement):
    """Distances to the recording, of every sample of a recorded sentence but the recording itself.

    Where everything that was said keeps the recording's time (vocoders on recordings' mels), frames are compared in turn;
    otherwise all alike along a DTW path.
    """

    def measure(self, spoken: Spoken) -> Findings:
        """A row per distance; natural speech stands in them through the vocoder."""
        config: CompareConfig = spoken.settings
        order = min(config.mcd_order, spoken.mel.bands - 1)
        in_turn = all(sample.one_clock for sample in spoken.samples)
        found: dict[str, list[Observation]] = {measure.key: [] for measure in _measures(order)}
        judged = [s for s in spoken.samples if s.system != NATURAL and spoken.recording(s) is not None]
        with spoken.counted("quality", len(judged)) as advance:
            for sample in judged:
                recording = spoken.recording(sample)
                assert recording is not None
                self._add(found, sample, recording, spoken, order, in_turn)
                advance(note=sample.system)
        rows = [Row(measure, tuple(found[measure.key])) for measure in _measures(order) if found[measure.key]]
        path = spoken.figure("quality.png")
        drawn = draw_rows(path, rows, spoken.labels, config) if rows else False
        return Findings(rows, {"quality": path} if drawn else {}, template("quality"))

    def _add(
        self,
        found: dict[str, list[Observation]],
        sample: Sample,
        recording: Sample,
        spoken: Spoken,
        order: int,
        in_turn: bool,
    ) -> None:
        """One sample's distances."""
        values = distances(recording.sound, sample.sound, spoken.mel, order, in_turn)
        if sample.sound.mel is not None and sample.system != RESYNTHESIS:  # whose mel is the recording's: 0 by construction
            target = spoken.corpus.features(spoken.corpus.utterance(sample.sentence.id)).mel
            values["mel_l1"] = metrics.mel_l1_after_dtw(
                metrics.natural_log_magnitude(target, spoken.mel),
                metrics.natural_log_magnitude(sample.sound.mel, spoken.mel),
            )
        for key, value in values.items():
            found[key].append(sample.observation(value))


def distances(natural: Sound, said: Sound, mel: MelConfig, order: int = 13, frame_by_frame: bool = False) -> dict[str, float]:
    """Every distance of a sound from its recording, by the key of its measure; all but that of the model's own mel.

    Frame by frame, for sounds on one clock, or along a DTW path. `audio_mel_l1` is given frame by frame only: the path of the
    cepstra is not the one that makes it smallest.
    """
    path, reference, synthetic = path_between(natural, said, mel, order, frame_by_frame)
    audio = (natural.audio, said.audio)
    more = {}
    if frame_by_frame:
        samples = min(map(len, audio))
        audio = (natural.audio[:samples], said.audio[:samples])
        one, other = (metrics.natural_log_magnitude(s.audio_mel, mel) for s in (natural, said))
        more["audio_mel_l1"] = float(np.abs(one[:, path.reference] - other[:, path.synthetic]).mean())
    a, b = (long_enough(wave, mel) for wave in audio)
    return more | {
        "mcd_db": metrics.mel_cepstral_distortion_db(reference, synthetic, path),
        "lsd_db": metrics.log_spectral_distance_db(a, b, mel, None if frame_by_frame else path),
        "log_f0_rmse_semitones": metrics.log_f0_rmse_semitones(natural.pitch_hz, said.pitch_hz, path),
        "voicing_error": metrics.voicing_error(natural.pitch_hz, said.pitch_hz, path),
        "length_ratio": len(said.audio) / max(1, len(natural.audio)),
    }


def path_between(
    natural: Sound, said: Sound, mel: MelConfig, order: int = 13, frame_by_frame: bool = False
) -> tuple[metrics.Path, np.ndarray, np.ndarray]:
    """The path that pairs their frames, and the cepstra (order, T) of both; in turn, for sounds on one clock, or by DTW."""
    reference, synthetic = (metrics.cepstrum(metrics.natural_log_magnitude(s.audio_mel, mel), order) for s in (natural, said))
    if not frame_by_frame:
        return metrics.align_cepstra(reference, synthetic), reference, synthetic
    frames = np.arange(min(reference.shape[1], synthetic.shape[1]))
    return metrics.Path(frames, frames, 0.0), reference, synthetic


def _measures(order: int) -> tuple[Measure, ...]:
    return (
        Measure(
            "mcd_db",
            "mel-cepstral distortion",
            "dB",
            "lower",
            2,
            f"Mel cepstra (cosine transform of the natural-log magnitude mel, coefficients 1 to {order}, c0 left out) of "
            "recording and synthetic audio, aligned by dynamic time warping with unweighted steps; mean over the path of "
            "10/ln 10 · √(2 Σ Δc²). The vocoder's share is included: natural speech stands there through the vocoder.",
            brief="MCD",
        ),
        Measure(
            "lsd_db",
            "log-spectral distance",
            "dB",
            "lower",
            2,
            "Root mean square over frequency bins of the difference of the two spectra in dB, mean over the same path; "
            "spectra are floored 60 dB below the recording's loudest bin. Unlike the cepstra it sees the harmonics.",
        ),
        Measure(
            "log_f0_rmse_semitones",
            "F0 error",
            "semitones",
            "lower",
            2,
            "Root mean square of 12·log2 of the F0 ratio on frames of the same path that are voiced on both "
            "sides. F0 by the corpus's own extractor, in the speaker's range. One semitone is 100 cents.",
            brief="F0",
        ),
        Measure(
            "voicing_error",
            "voicing error",
            "%",
            "lower",
            1,
            "Share of path pairs where one side is voiced and the other is not.",
            100.0,
        ),
        Measure(
            "audio_mel_l1",
            "mel distance of the audio",
            "natural log",
            "lower",
            3,
            "Mean absolute difference of the two log mels, frame by frame: of speech that keeps the recording's time.",
        ),
        Measure("length_ratio", "length", "× natural", "", 2, "Length of the synthetic audio divided by the recording's."),
        Measure(
            "mel_l1",
            "mel distance",
            "natural log",
            "lower",
            3,
            "Mean absolute difference between the model's own mel (before the vocoder) and the recording's, "
            "along the DTW path that makes it smallest.",
        ),
    )
