"""The self-test of a report: faults of a known strength are planted in its own recordings, and every measure is asked.

A measure that did not see a fault when it was planted says nothing by not seeing it in a voice. So each report says, beside its
measures, the smallest fault of each kind that each of them saw, strangers' measures included.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Findings, Measurement, Observation, Row, Sample, Sound, Spoken
from ttskit.measure.analysis import Analyser
from ttskit.measure.faults import FAULTS, KnownSpeech, PlantedFault, known_times_s
from ttskit.measure.inference.words import FEWEST_SENTENCES
from ttskit.measure.run import measure_all
from ttskit.measure.spoken import SoundStore
from ttskit.measure.stats import Interval, ratio_difference_interval
from ttskit.measure.templates import template
from ttskit.plugins import Registry, create_registry

__all__ = ["UNDAMAGED", "FaultOptions", "Faults", "Seen", "smallest_seen"]

UNDAMAGED = "undamaged"
_NAME = "faults"  # of this measurement, which asks all others
_READS_AUDIO = frozenset({"recordings", "exact times"})  # needs of a measurement that asks of a system nothing but its audio


class FaultOptions(BaseModel):
    """What the self-test plants."""

    model_config = ConfigDict(extra="forbid")

    sentences: int = Field(
        6, ge=1, description="sentences that faults are planted in, evenly spread; six at least to say anything"
    )
    strengths: int = Field(2, ge=1, description="strengths of each fault, the strongest first; each costs the same time")
    faults: list[str] | None = Field(None, description="faults that are planted; null for all")
    vocoded: bool = Field(
        True,
        description="plant them in the recordings through the vocoder, as systems are heard, instead of the bare recordings",
    )
    leave_out: list[str] = Field(["intrusive"], description="measurements that are not asked, because they take long")


@dataclass(frozen=True)
class Seen:
    """What one measure makes of one fault of one strength.

    Args:
        measure, fault, strength: which.
        difference: with the fault less without it, over the sentences that have both; None if the measure gives nothing.
        way: "worse" or "better" by what the measure calls so, or "changed", where it sees the fault; "" where it does not.
    """

    measure: str
    fault: str
    strength: float
    difference: Interval | None
    way: str


class Faults(Measurement):
    """Plants each fault with each strength in some recorded sentences and asks the measurements that read audio.

    The samples with a fault belong to no system: a measurement is asked of `Spoken.samples`, as it is of natural speech.
    """

    def __init__(self, options: FaultOptions | None = None, registry: Registry | None = None) -> None:
        self.options, self._registry = options or FaultOptions(), registry

    def measure(self, spoken: Spoken) -> Findings:
        """The smallest fault that each measure sees, under data["smallest"]; every difference under data["cells"]."""
        options = self.options
        wanted = [FAULTS[name] for name in FAULTS if options.faults is None or name in options.faults]
        copy = RESYNTHESIS if options.vocoded and spoken.of(RESYNTHESIS) else NATURAL
        bases = _spread(spoken.of(copy), options.sentences)
        if len(bases) < FEWEST_SENTENCES:
            note = f"What each measure sees: {len(bases)} recorded sentences are too few, {FEWEST_SENTENCES} are needed"
            return Findings(notes=[note])
        registry = self._registry or create_registry()
        asked = _asked(registry, options.leave_out)
        strengths = {fault.name: fault.strengths[-options.strengths :] for fault in wanted}
        with tempfile.TemporaryDirectory() as place, SoundStore(Path(place) / "sounds") as store:
            damaged = _damaged(spoken, bases, wanted, strengths, registry, store, Path(place))
            measured = measure_all(damaged, registry, only=asked)
        rows = [row for one in measured for row in one.findings.rows]
        seen = [
            found
            for row in rows
            for fault in wanted
            for strength in strengths[fault.name]
            if (found := _seen(row, fault, strength, spoken.settings)) is not None
        ]
        data = {
            "smallest": smallest_seen(seen, {fault.name: fault for fault in wanted}),
            "cells": [_cell(one) for one in seen],
            "faults": {f.name: {"title": f.title, "unit": f.unit, "strengths": list(strengths[f.name])} for f in wanted},
            "measures": {row.measure.key: row.measure.to_json() for row in rows},
            "sentences": len(bases),
            "planted_in": copy,
            "exact_times": any(known_times_s(spoken.corpus, spoken.corpus.utterance(s.sentence.id)) is not None for s in bases),
        }
        notes = [f"What each measure sees: {note}" for one in measured for note in one.notes]
        return Findings(template=template("faults"), data=data, notes=notes)


def smallest_seen(seen: Sequence[Seen], faults: Mapping[str, PlantedFault]) -> list[dict[str, Any]]:
    """For each measure and fault the smallest strength that it sees as it sees every stronger one, in the same way.

    One that is seen where a stronger one is not was seen by chance: it does not count. What is not seen at all has the
    strongest that was planted, and `seen` false.
    """
    found = []
    for measure, fault in dict.fromkeys((one.measure, one.fault) for one in seen):
        own = [one for one in seen if (one.measure, one.fault) == (measure, fault)]
        own.sort(key=lambda one: faults[fault].strengths.index(one.strength))
        smallest: Seen | None = None
        for one in reversed(own):
            if not one.way or (smallest is not None and one.way != smallest.way):
                break
            smallest = one
        shown = smallest or own[-1]
        found.append(
            {
                "measure": measure,
                "fault": fault,
                "strength": shown.strength,
                "unit": faults[fault].unit,
                "seen": smallest is not None,
                "way": shown.way if smallest is not None else "",
            }
        )
    return found


def _asked(registry: Registry, left_out: Sequence[str]) -> set[str]:
    """Names of the measurements that read nothing but audio, or that say by the fact `reads_audio` that they do."""
    return {
        name
        for name, plugin in registry.all("measurement").items()
        if name != _NAME
        and name not in left_out
        and (set(plugin.facts.get("needs", ())) <= _READS_AUDIO or plugin.facts.get("reads_audio"))
    }


def _spread(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """At most `limit`, evenly spread."""
    if len(samples) <= limit:
        return list(samples)
    return [samples[(2 * i + 1) * len(samples) // (2 * limit)] for i in range(limit)]


def _label(fault: PlantedFault, strength: float) -> str:
    return f"{fault.name}:{strength:g}"


def _damaged(
    spoken: Spoken,
    bases: Sequence[Sample],
    faults: Sequence[PlantedFault],
    strengths: Mapping[str, Sequence[float]],
    registry: Registry,
    store: SoundStore,
    folder: Path,
) -> Spoken:
    """The recordings, the copies that faults are planted in as they were, and with each fault."""
    analyse = Analyser(spoken.corpus, registry)
    natural = [found for base in bases if (found := spoken.recording(base)) is not None]
    samples = [replace(base, system=UNDAMAGED, seed=0, one_clock=False, load=_audio_only(base.load)) for base in bases]
    whole = {sample.sentence.id: sample for sample in samples}
    total = len(bases) * sum(map(len, strengths.values()))
    with spoken.counted("planted faults", total) as advance:
        for index, base in enumerate(bases):
            speech = _known(spoken, base)
            same = whole[base.sentence.id]
            for fault in faults:
                made: dict[float, Sample | None] = {}
                for strength in strengths[fault.name]:
                    if not fault.has_it(index, len(bases), strength):
                        sample: Sample | None = same
                    elif fault.of_sentences and (known := next((s for s in made.values() if s not in (None, same)), None)):
                        sample = known  # the same fault in this sentence; only how many have it differs
                    else:
                        audio = fault.plant(speech, strength)
                        sample = None
                        if audio is not None and len(audio):
                            sound = Sound(audio, *analyse(audio, base.sentence.speaker))
                            sample = replace(same, load=store.keep(sound))
                    made[strength] = sample
                    if sample is not None:
                        samples.append(replace(sample, system=_label(fault, strength)))
                    advance(note=fault.title)
    settings = spoken.settings.model_copy(update={"seeds": [0]})
    sentences = [base.sentence for base in bases]
    return Spoken(spoken.corpus, [], sentences, [*natural, *samples], settings, folder, spoken.device, spoken.mel)


def _audio_only(load: Callable[[], Sound]) -> Callable[[], Sound]:
    """Without the mel that a vocoder was given, which a fault in the audio does not change."""

    def loaded() -> Sound:
        return replace(load(), mel=None, alignment=None)

    return loaded


def _known(spoken: Spoken, base: Sample) -> KnownSpeech:
    sound, sentence = base.sound, base.sentence
    times_s = known_times_s(spoken.corpus, spoken.corpus.utterance(sentence.id))
    return KnownSpeech(
        np.asarray(sound.audio),
        np.asarray(sound.pitch_hz),
        spoken.mel,
        sentence.tokens,
        sentence.token_words,
        spoken.corpus.symbols,
        times_s,
        sentence.id,
    )


@dataclass(frozen=True)
class _Counted:
    """One system's observations of a row: numerators and denominators by sentence."""

    tops: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


def _of(row: Row, system: str) -> _Counted:
    found = _Counted()
    own: dict[str, list[Observation]] = {}
    for observation in row.observations:
        if observation.system == system and observation.sentence:
            own.setdefault(observation.sentence, []).append(observation)
    for sentence, several in own.items():
        found.tops[sentence] = float(np.mean([o.value * o.weight for o in several]))
        found.weights[sentence] = float(np.mean([o.weight for o in several]))
    return found


def _seen(row: Row, fault: PlantedFault, strength: float, settings: Any) -> Seen | None:
    """Whether a row differs, paired over the sentences; None where too few have the fault (or the row has no sentences at all).

    A measure that is undefined for a sentence with the fault does not see it.
    """
    before, after = _of(row, UNDAMAGED), _of(row, _label(fault, strength))
    both = [s for s in before.tops if s in after.tops]
    if len(both) < FEWEST_SENTENCES:
        return None
    pairs = (([own.tops[s] for s in both], [own.weights[s] for s in both]) for own in (after, before))
    difference = ratio_difference_interval(
        *pairs, confidence=settings.confidence, resamples=settings.resamples, seed=settings.bootstrap_seed
    )
    way = ""
    if difference is not None and difference.count >= FEWEST_SENTENCES and _differs(difference, settings.confidence):
        worse = {"lower": difference.value > 0, "higher": difference.value < 0}.get(row.measure.better)
        way = "changed" if worse is None else "worse" if worse else "better"
    return Seen(row.measure.key, fault.name, strength, difference, way)


def _differs(difference: Interval, confidence: float) -> bool:
    """Whether 0 lies outside the interval, or every sentence changed by the same, which has none: then by the sign test."""
    if difference.has_interval:
        return difference.excludes_zero
    return difference.value != 0 and 2 * 0.5**difference.count <= 1 - confidence


def _cell(one: Seen) -> dict[str, Any]:
    found = one.difference.to_json() if one.difference is not None else dict.fromkeys(("value", "low", "high", "count"))
    return {"measure": one.measure, "fault": one.fault, "strength": one.strength, **found, "way": one.way}
