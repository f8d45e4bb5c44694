"""Control accuracy: what was asked of a voice against what is measured on the audio it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ttskit.audio.subharmonics import subharmonics
from ttskit.interfaces.measurement import Findings, Measure, Measurement, Observation, Row, Spoken
from ttskit.measure.templates import template

if TYPE_CHECKING:
    from ttskit.synthesis import Voice

__all__ = [
    "ENERGIES",
    "FEWEST",
    "FROM_MEAN",
    "OCTAVES",
    "PACES",
    "RANGES",
    "SHIFTS",
    "Control",
    "ControlRow",
    "measure_control",
]

PACES = (0.8, 0.9, 1.1, 1.25)
SHIFTS = (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)
FROM_MEAN = (-2.0, 0.0, 2.0)  # semitones
RANGES = (0.0, 0.5, 1.5, -1.0)  # flat, less, more, inverted
ENERGIES = (0.8, 1.25)
OCTAVES = 1.0  # around the speaker's mean, where F0 is looked for
FEWEST = 20  # frames that a median is taken of


@dataclass(frozen=True, slots=True)
class ControlRow:
    """One control at one value, over all sentences.

    Args:
        control: "pace", "pitch", "pitch_st", "pitch_range" or "energy".
        asked: factor, semitones, semitones from the mean, or factor.
        measured: the same read off the audio (energy: the change of level in dB); None with too few voiced frames.
        low, high: quartiles: over sentences for pace and energy, over frames for pitch.
        count: sentences or voiced frames.
        unit: of `measured`.
    """

    control: str
    asked: float
    measured: float | None
    low: float | None
    high: float | None
    count: int
    unit: str

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


class Control(Measurement):
    """Every system that has controls says test sentences with each of them and without it."""

    def measure(self, spoken: Spoken) -> Findings:
        """What was asked against what was heard. Its numbers stand in a section of their own, not in the summary."""
        config, corpus = spoken.settings, spoken.corpus
        asked = [(u.text, u.speaker) for u in corpus.split(config.split)[: config.control_limit]]
        able = [s for s in spoken.systems if asked and s.voice.acoustic.controls]
        with spoken.counted("control", sum(_times_said(s.voice) for s in able) * len(asked)) as advance:
            found = {s.label: measure_control(s.voice, asked, partial(advance, note=s.label)) for s in able}
        rows: dict[tuple[str, float], Row] = {}
        for label, own in found.items():
            for row in own["rows"]:
                if row["measured"] is None:
                    continue
                key = (row["control"], row["asked"])
                named = Measure(f"control_{key[0]}_{key[1]:g}", f"{key[0]} {key[1]:g} asked, measured", row["unit"])
                before = rows[key].observations if key in rows else ()
                rows[key] = Row(named, (*before, Observation(label, row["measured"])), summary=False)
        return Findings(list(rows.values()), template=template("control"), data={"systems": found})


def measure_control(voice: Voice, sentences: Sequence[tuple[str, str]], advance: Callable[[], None] = lambda: None) -> dict:
    """Control accuracy of a voice on (text, speaker) sentences; only the controls that its model has.

    Pace is the length of the audio against that without control. Pitch is F0 frame by frame against that without
    control: shifts leave durations as they are, so that frames answer each other; frames count where both are voiced.
    `pitch_st` asks every word for one F0, in semitones from the speaker's mean, and measures F0 from that mean.
    `pitch_range` is the slope of F0's distances from the mean (semitones) against those without control: 0 flat, -1
    mirrored. F0 comes from `subharmonics`, which no training uses.

    `advance` is called whenever a sentence was said.

    Returns:
        {"rows": [ControlRow as plain data], "sentences": their number, "voiced": share of voiced frames without control}.
    """
    have = voice.acoustic.controls
    spoken = [_Sentence(voice, text, speaker, advance) for text, speaker in sentences]
    rows: list[ControlRow] = []
    if "pace" in have:
        rows += [_row("pace", v, [len(s.plain.audio) / len(s.say(pace=v).audio) for s in spoken], "×") for v in PACES]
    known = bool(spoken) and all(s.mean_hz is not None for s in spoken)
    if "pitch" in have and known:
        rows += [_frames("pitch", v, [s.shift(s.say(pitch=v).audio) for s in spoken], "semitones") for v in SHIFTS]
    if "pitch_values" in have and known:
        for asked in FROM_MEAN:
            made = [s.from_mean(s.say(pitch_st=[asked] * s.words).audio) for s in spoken]
            rows.append(_frames("pitch_st", asked, made, "semitones from the mean"))
    if "pitch_range" in have and known:
        rows += [_slope("pitch_range", v, [s.both(s.say(pitch_range=v).audio) for s in spoken]) for v in RANGES]
    if "energy" in have:
        rows += [
            _row("energy", v, [_level_db(s.say(energy=v).audio) - _level_db(s.plain.audio) for s in spoken], "dB")
            for v in ENERGIES
        ]
    voiced = float(np.mean([np.mean(s.f0_hz > 0) for s in spoken])) if spoken else float("nan")
    return {"rows": [row.to_json() for row in rows], "sentences": len(spoken), "voiced": voiced}


def _times_said(voice: Voice) -> int:
    """How often `measure_control` lets a sentence be said, where the speaker's pitch is known."""
    values = {"pace": PACES, "pitch": SHIFTS, "pitch_values": FROM_MEAN, "pitch_range": RANGES, "energy": ENERGIES}
    return 1 + sum(len(own) for control, own in values.items() if control in voice.acoustic.controls)


class _Sentence:
    """A sentence without control, and F0 of anything said of it on the same frames."""

    def __init__(self, voice: Voice, text: str, speaker: str, advance: Callable[[], None]) -> None:
        self.advance = advance
        self.voice, self.text, self.speaker = voice, text, speaker
        stats = voice.acoustic.context.pitch.get(speaker)
        self.mean_hz = stats.mean_hz if stats is not None and stats.std_hz > 0 else None
        self.plain = self.say()
        self.words = sum(len(part.analysis.words) for part in self.plain.parts)
        self.f0_hz = self.track(self.plain.audio)

    def say(self, **how):
        said = self.voice.synthesize(self.text, speaker=self.speaker, markup=False, max_tokens=10_000, **how)
        self.advance()
        return said

    def track(self, audio: np.ndarray) -> np.ndarray:
        mean = self.mean_hz or 150.0
        return subharmonics(audio, self.voice.mel, max(40.0, mean * 2.0**-OCTAVES), mean * 2.0**OCTAVES)

    def from_mean(self, audio: np.ndarray) -> np.ndarray:
        """F0 of the voiced frames in semitones from the speaker's mean."""
        f0_hz = self.track(audio)
        return 12.0 * np.log2(f0_hz[f0_hz > 0] / self.mean_hz)

    def both(self, audio: np.ndarray) -> np.ndarray:
        """(2, frames) without and with control, in semitones from the mean, where both are voiced."""
        other = self.track(audio)
        n = min(len(other), len(self.f0_hz))
        one, other = self.f0_hz[:n], other[:n]
        fine = (one > 0) & (other > 0)
        return 12.0 * np.log2(np.stack([one[fine], other[fine]]) / self.mean_hz)

    def shift(self, audio: np.ndarray) -> np.ndarray:
        one, other = self.both(audio)
        return other - one


def _row(control: str, asked: float, values: Sequence[float], unit: str) -> ControlRow:
    low, middle, high = np.percentile(values, [25, 50, 75]) if len(values) else (np.nan,) * 3
    return ControlRow(control, asked, float(middle), float(low), float(high), len(values), unit)


def _frames(control: str, asked: float, values: Sequence[np.ndarray], unit: str) -> ControlRow:
    every = np.concatenate(values)
    if len(every) < FEWEST:
        return ControlRow(control, asked, None, None, None, len(every), unit)
    return _row(control, asked, every, unit)


def _slope(control: str, asked: float, pairs: Sequence[np.ndarray]) -> ControlRow:
    """Least absolute distances: the median of slopes through the middle of both, by which outliers do not matter."""
    one, other = np.concatenate(pairs, axis=1)
    if not one.size:  # never voiced in both
        return ControlRow(control, asked, None, None, None, 0, "slope")
    one, other = one - np.median(one), other - np.median(other)
    wide = np.abs(one) > 0.5  # semitones: nearer to the mean a slope means nothing
    if wide.sum() < FEWEST:
        return ControlRow(control, asked, None, None, None, int(wide.sum()), "slope")
    return _row(control, asked, other[wide] / one[wide], "slope")


def _level_db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.maximum(np.mean(np.square(audio, dtype=np.float64)), 1e-12)))
