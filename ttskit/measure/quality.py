"""Quality: how far what was said is from the recording of the same sentence, measured on the audio and alike for all."""

from __future__ import annotations

from math import isnan, log
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import log_floor
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
from ttskit.measure.f0 import f0_differences
from ttskit.measure.melcepstrum import mel_cepstra_of
from ttskit.measure.paired import Pair, pair_between, pair_of, path_between
from ttskit.measure.quality_measures import DETAIL, LONG_KNOWN, quality_measures
from ttskit.measure.templates import template
from ttskit.measure.timbre import formant_ratio, timbre_distance_db

__all__ = ["Quality", "QualityOptions", "distances", "free_mel_l1", "mcd_sptk_db", "path_between"]


class QualityOptions(BaseModel):
    """What of quality can be chosen."""

    model_config = ConfigDict(extra="forbid")

    mcd: Literal["mel", "sptk"] = Field(
        "mel",
        description="the mel-cepstral distortion: mel is the cosine transform of the corpus's mel, a row that always stands; "
        "sptk adds the definition of SPTK and WORLD, for numbers of the literature",
    )
    sptk_order: int = Field(24, ge=2, description="mel cepstra 1 … order of the definition of SPTK (c0 left out)")


class Quality(Measurement):
    """Distances to the recording, of every sample of a recorded sentence but the recording itself, at one loudness.

    Where everything that was said keeps the recording's time (vocoders on recordings' mels), frames are compared in turn;
    otherwise all alike along a DTW path.
    """

    def __init__(self, options: QualityOptions | None = None) -> None:
        self.options = options or QualityOptions()

    def measure(self, spoken: Spoken) -> Findings:
        """A row per distance; natural speech stands in them through the vocoder."""
        config: CompareConfig = spoken.settings
        order = min(config.mcd_order, spoken.mel.bands - 1)
        in_turn = all(sample.one_clock for sample in spoken.samples)
        measures = _measures(order, spoken.mel, self.options.sptk_order)
        found: dict[str, list[Observation]] = {measure.key: [] for measure in measures}
        judged = [s for s in spoken.samples if s.system != NATURAL and spoken.recording(s) is not None]
        with spoken.counted("quality", len(judged)) as advance:
            for sample in judged:
                pair = pair_of(spoken, sample, order, in_turn)
                assert pair is not None
                self._add(found, sample, pair, spoken, in_turn)
                advance(note=sample.system)
        summary = LONG_KNOWN if in_turn else {measure.key for measure in measures} - DETAIL
        rows = [Row(m, tuple(found[m.key]), m.key in summary) for m in measures if found[m.key]]
        path = spoken.figure("quality.png")
        drawn = draw_rows(path, [row for row in rows if row.summary], spoken.labels, config) if rows else False
        return Findings(rows, {"quality": path} if drawn else {}, template("quality"))

    def _add(self, found: dict[str, list[Observation]], sample: Sample, pair: Pair, spoken: Spoken, in_turn: bool) -> None:
        """One sample's distances."""
        values = _distances(pair, spoken.mel, in_turn)
        if sample.sound.mel is not None and sample.system != RESYNTHESIS:  # whose mel is the recording's: 0 by construction
            target = spoken.corpus.features(spoken.corpus.utterance(sample.sentence.id)).mel
            values["mel_l1"] = free_mel_l1(target, sample.sound.mel, spoken.mel, 0.0 if isnan(pair.gain_db) else pair.gain_db)
        if self.options.mcd == "sptk":
            values["mcd_sptk_db"] = mcd_sptk_db(pair, spoken.mel, self.options.sptk_order, in_turn)
        for key, value in values.items():
            found[key].append(sample.observation(value))


def distances(natural: Sound, said: Sound, mel: MelConfig, order: int = 13, frame_by_frame: bool = False) -> dict[str, float]:
    """Every distance of a sound from its recording, by the key of its measure; all but that of the model's own mel.

    Frame by frame, for sounds on one clock, or along a DTW path; after `said` has been made as loud as `natural`, but for
    `level_db`, which says by how much it was not. `audio_mel_l1` is given frame by frame only: the path of the cepstra is not
    the one that makes it smallest.
    """
    return _distances(pair_between(natural, said, mel, order, frame_by_frame), mel, frame_by_frame)


def mcd_sptk_db(pair: Pair, mel: MelConfig, order: int = 24, frame_by_frame: bool = False) -> float:
    """The mel-cepstral distortion of SPTK's mel cepstra 1 … order, in dB, along a DTW path of their own (or frame by frame)."""
    samples = min(len(pair.natural.audio), len(pair.said.audio)) if frame_by_frame else None
    a, b = (mel_cepstra_of(long_enough(s.audio[:samples], mel), mel, order)[1:] for s in (pair.natural, pair.said))
    return metrics.mel_cepstral_distortion_db(a, b, pair.path if frame_by_frame else metrics.align_cepstra(a, b))


def free_mel_l1(target: np.ndarray, said: np.ndarray, mel: MelConfig, gain_db: float = 0.0) -> float:
    """Mean absolute difference (natural log) of two log mels (M, T) along the DTW path that makes it smallest.

    `gain_db` makes up for the loudness of what was said; both sides then end at the floor of the one that was raised.
    """
    gain = gain_db * log(10.0) / 20.0
    floor = float(metrics.natural_log_magnitude(np.array(log_floor(mel)), mel)) + max(0.0, gain)
    a, b = metrics.natural_log_magnitude(target, mel), metrics.natural_log_magnitude(said, mel) + gain
    if gain:
        a, b = np.maximum(a, floor), np.maximum(b, floor)
    return metrics.mel_l1_after_dtw(a, b)


def _distances(pair: Pair, mel: MelConfig, frame_by_frame: bool) -> dict[str, float]:
    natural, said, path = pair.natural, pair.said, pair.path
    audio = (natural.audio, said.audio)
    more = {}
    if frame_by_frame:
        samples = min(map(len, audio))
        audio = (natural.audio[:samples], said.audio[:samples])
        one, other = (metrics.natural_log_magnitude(s.audio_mel, mel) for s in (natural, said))
        more["audio_mel_l1"] = float(np.abs(one[:, path.reference] - other[:, path.synthetic]).mean())
    a, b = (long_enough(wave, mel) for wave in audio)
    voiced = (natural.pitch_hz[path.reference] > 0) & (said.pitch_hz[path.synthetic] > 0)
    return more | {
        "mcd_db": metrics.mel_cepstral_distortion_db(pair.reference, pair.synthetic, path),
        "lsd_db": metrics.log_spectral_distance_db(a, b, mel, None if frame_by_frame else path),
        "log_f0_rmse_semitones": metrics.log_f0_rmse_semitones(natural.pitch_hz, said.pitch_hz, path),
        **f0_differences(natural.pitch_hz, said.pitch_hz, path),
        "voicing_error": metrics.voicing_error(natural.pitch_hz, said.pitch_hz, path),
        "level_db": -pair.gain_db,
        "timbre_distance_db": timbre_distance_db(pair.reference, pair.synthetic, voiced, path),
        "formant_ratio": formant_ratio(natural.audio_mel, said.audio_mel, voiced, path, mel),
        "length_ratio": len(said.audio) / max(1, len(natural.audio)),
    }


def _measures(order: int, mel: MelConfig | None = None, sptk_order: int = 24) -> tuple[Measure, ...]:
    return quality_measures(mel or MelConfig(), order, sptk_order)
