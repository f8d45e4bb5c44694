"""Checks for measurements: each is asked about a tiny comparison, several times and in several ways."""

from __future__ import annotations

import copy
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.measurement import (
    NATURAL,
    RESYNTHESIS,
    Findings,
    Measure,
    Measurement,
    Observation,
    Remark,
    Row,
    Sample,
    Sound,
    Spoken,
)
from ttskit.measure.run import NEEDS
from ttskit.testing.checks import Check, CheckList, CheckResult, Fault, misspelt, named, need, run_checks
from ttskit.testing.sections import check_section
from ttskit.testing.spoken import TINY_GIVES, tiny_spoken

__all__ = ["check_measurement", "measurement_checks"]

_FACTS, _FINDINGS, _ANSWERS = CheckList(), CheckList(), CheckList()
_KNOWN = ("title", "needs", "place", "small_options", "asked")
_TONES = ("ok", "unsure", "bad")
_Key = tuple[str, str, str, int | None]  # measure, system, sentence, seed


def measurement_checks(plugin: Plugin, spoken: Spoken | None = None, others: Iterable[Plugin] = ()) -> list[Check]:
    """The checks of a measurement.

    One that needs more than `tiny_spoken` has, and is given no other comparison, is checked by what it declares only.

    Args:
        spoken: what it is asked about; `tiny_spoken` if not given.
        others: further measurements, whose keys it must not use.
    """
    subject = _MeasurementSubject(plugin, spoken, [other for other in others if other.name != plugin.name])
    asked = spoken is not None or set(plugin.facts.get("needs", ())) <= set(TINY_GIVES)
    parts = CheckList(_FACTS, _FINDINGS, _ANSWERS) if asked else _FACTS
    return parts.of(plugin.kind, plugin.name, subject)


def check_measurement(plugin: Plugin, spoken: Spoken | None = None, others: Iterable[Plugin] = ()) -> list[CheckResult]:
    """Run them all."""
    return run_checks(measurement_checks(plugin, spoken, others))


class _MeasurementSubject:
    """A measurement, what it is asked about, and what it found when it was first asked."""

    def __init__(self, plugin: Plugin, spoken: Spoken | None, others: list[Plugin]) -> None:
        self.plugin, self.others, self._given = plugin, others, spoken

    @cached_property
    def spoken(self) -> Spoken:
        if self._given is not None:
            return self._given
        self._folder = tempfile.TemporaryDirectory(prefix="ttskit-conformance-", ignore_cleanup_errors=True)
        return tiny_spoken(Path(self._folder.name))

    def make(self) -> Measurement:
        """A fresh one."""
        options = self.plugin.load_options()
        small = dict(self.plugin.facts.get("small_options", {}))
        made = self.plugin.load()() if options is None else self.plugin.load()(options(**small))
        need(isinstance(made, Measurement), f"the factory gives {type(made).__name__}, not a Measurement")
        return made

    @cached_property
    def asked(self) -> Measurement:
        """One that has been asked."""
        return self.make()

    @cached_property
    def findings(self) -> Findings:
        """What it finds when it is first asked."""
        found = self.asked.measure(self.spoken)
        need(isinstance(found, Findings), f"measure() returns {type(found).__name__}, it must return Findings")
        for row in found.rows:
            need(isinstance(row, Row), f"rows hold {type(row).__name__}, they must hold Row")
            need(isinstance(row.measure, Measure), f"a row's measure is {type(row.measure).__name__}, not a Measure")
            for o in row.observations:
                fault = f"row {row.measure.key!r} holds {o!r}, a bare {type(o).__name__}: give sample.observation(value)"
                need(isinstance(o, Observation), fault)
        return found

    @cached_property
    def values(self) -> dict[_Key, float]:
        """Every number of the findings."""
        return _values(self.findings)

    def others_values(self, spoken: Spoken) -> dict[_Key, float]:
        """The numbers that a fresh one finds in another comparison."""
        return _values(self.make().measure(spoken))


def _values(findings: Findings) -> dict[_Key, float]:
    return {(row.measure.key, o.system, o.sentence, o.seed): float(o.value) for row in findings.rows for o in row.observations}


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None or math.isnan(one) or math.isnan(other):
        return one is other or (one is not None and other is not None and math.isnan(one) and math.isnan(other))
    return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-7)


def _differing(one: Mapping[_Key, float], other: Mapping[_Key, float]) -> str:
    """The first number that is not the same in both; "" for none."""
    for key in [*one, *(k for k in other if k not in one)]:
        if not _same(one.get(key), other.get(key)):
            measure, system, sentence, seed = key
            return f"{measure!r} of {system} on {sentence or 'all'} (seed {seed}) is {one.get(key)}, then {other.get(key)}"
    return ""


@_FACTS("declared facts are true")
def _facts(subject: _MeasurementSubject) -> None:
    facts = subject.plugin.facts
    misspelt(facts, _KNOWN)
    need(isinstance(facts.get("title"), str) and bool(facts["title"]), "the description does not declare the fact 'title'")
    unknown = [n for n in facts.get("needs", ()) if n not in NEEDS]
    need(not unknown, f"needs {named(unknown)}, which nothing has; there are: {', '.join(NEEDS)}")
    need(isinstance(facts.get("place", 0), Real), f"place is {facts.get('place')!r}, not a number")


@_FINDINGS("gives findings")
def _gives(subject: _MeasurementSubject) -> None:
    found = subject.findings
    notes = [n for n in found.notes if not isinstance(n, str) or not n]
    need(not isinstance(found.notes, str) and not notes, "notes must be a list of sentences")
    need(bool(found.rows or found.figures or found.data or found.notes), "it finds nothing, and says nothing about it")
    for row in found.rows:
        need(bool(row.observations), f"row {row.measure.key!r} has no observation: leave it out")


@_FINDINGS("measures are described")
def _described(subject: _MeasurementSubject) -> None:
    for row in subject.findings.rows:
        m = row.measure
        need(bool(m.key) and m.key.isascii() and " " not in m.key, f"key {m.key!r} cannot name a column of data")
        need(bool(m.title) and bool(m.how), f"measure {m.key!r} lacks {'a title' if not m.title else 'how it is measured'}")
        need(m.better in ("lower", "higher", ""), f"measure {m.key!r}: better is {m.better!r}, not lower, higher or nothing")
        need(isinstance(m.digits, int) and m.digits >= 0, f"measure {m.key!r} is shown with {m.digits!r} digits")
        need(math.isfinite(m.factor) and m.factor != 0, f"measure {m.key!r} has factor {m.factor!r}")


@_FINDINGS("keys are its own")
def _keys(subject: _MeasurementSubject) -> None:
    keys = [row.measure.key for row in subject.findings.rows]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    need(not twice, f"measure {named([repr(k) for k in twice])} is given twice")
    for other in subject.others:
        measure = getattr(other.load(), "measure_of", None)  # known without asking it
        if isinstance(measure, Measure):
            taken = [k for k in keys if k in (measure.key, f"{measure.key}_hard")]
            need(not taken, f"measure {named([repr(k) for k in taken])} is also given by {other.name!r}: choose another key")


@_FINDINGS("observations are of what was said")
def _observations(subject: _MeasurementSubject) -> None:
    spoken = subject.spoken
    systems = {NATURAL, RESYNTHESIS, *spoken.labels}
    sentences = {s.id for s in spoken.sentences}
    said = {(s.system, s.sentence.id, s.seed) for s in spoken.samples}
    for row in subject.findings.rows:
        key, seen = row.measure.key, set()
        for o in row.observations:
            need(o.system in systems, f"row {key!r} names the system {o.system!r}; there are {', '.join(sorted(systems))}")
            need(not o.sentence or o.sentence in sentences, f"row {key!r} names the sentence {o.sentence!r}, which nobody said")
            if o.sentence and o.seed is not None:
                what = f"{o.system} on {o.sentence} with seed {o.seed}"
                need((o.system, o.sentence, o.seed) in said, f"row {key!r} has a number of {what}, which was not said")
            need((o.system, o.sentence, o.seed) not in seen, f"row {key!r} has two numbers of {o.system} on {o.sentence!r}")
            seen.add((o.system, o.sentence, o.seed))
            need(isinstance(o.value, Real), f"row {key!r} of {o.system}: {o.value!r} is not a number")
            infinite = f"row {key!r} of {o.system} on {o.sentence!r} is {o.value}: give NaN where it is undefined"
            need(math.isnan(o.value) or math.isfinite(o.value), infinite)
            need(math.isfinite(o.weight) and o.weight >= 0, f"row {key!r} of {o.system} has weight {o.weight!r}")


@_FINDINGS("figures, data, remarks")
def _rest(subject: _MeasurementSubject) -> None:
    found, spoken = subject.findings, subject.spoken
    for name, path in found.figures.items():
        inside = isinstance(path, Path) and path.is_relative_to(spoken.folder)
        need(inside, f"figure {name!r} lies at {path}, not below the report's folder: spoken.figure(name) gives its place")
        need(path.is_file(), f"figure {name!r} is not there: {path.name}")
    _plain(found.data, "data")
    said = {(s.system, s.sentence.id, s.seed) for s in spoken.samples}
    for remark in found.remarks:
        need(isinstance(remark, Remark), f"remarks hold {type(remark).__name__}, they must hold Remark")
        of = (remark.system, remark.sentence, remark.seed)
        need(of in said, f"a remark is on {of}, which was not said")
        need(remark.tone in _TONES, f"a remark has the tone {remark.tone!r}; there are {', '.join(_TONES)}")


def _plain(value: Any, where: str) -> None:
    """Data goes into JSON: dictionaries with text keys, lists, text, numbers."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            need(isinstance(key, str), f"{where} has the key {key!r}: keys are text in JSON")
            _plain(inner, f"{where}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _plain(inner, f"{where}[{index}]")
    else:
        try:
            json.dumps(value)
        except TypeError as error:
            raise Fault(
                f"{where} is {type(value).__name__}, which JSON does not have: make it plain numbers, text or lists"
            ) from error


@_FINDINGS("its section renders")
def _renders(subject: _MeasurementSubject) -> None:
    if subject.findings.rows or subject.findings.template:
        check_section(subject.plugin, subject.findings, subject.spoken)


@_ANSWERS("natural speech and hard sentences are measured")
def _anchors(subject: _MeasurementSubject) -> None:
    """What needs no recording is measured on natural speech too, and on hard sentences; what needs one is not."""
    spoken, values = subject.spoken, subject.values
    recorded = {s.id for s in spoken.sentences if s.recorded}
    hard = {s.id for s in spoken.sentences if s.group == "hard"}
    try:
        alone = subject.others_values(_with(spoken, [s for s in spoken.samples if s.system not in (NATURAL, RESYNTHESIS)]))
    except Exception as error:
        fault = f"without recordings it raises {type(error).__name__} ({error}): declare needs: recordings"
        need("recordings" in subject.plugin.facts.get("needs", ()), fault)
        alone = {}
    free: set[str] = set()  # measures of systems' sentences that no recording changes
    for row in subject.findings.rows:
        key = row.measure.key
        own = [k for k in values if k[0] == key and k[1] in spoken.labels and k[2]]
        if not own:
            continue
        natural = [v for k, v in values.items() if k[:2] == (key, NATURAL)]
        if not all(_same(values[k], alone.get(k)) for k in own):
            trivial = len(natural) > 1 and all(_same(v, natural[0]) for v in natural)
            trivial = trivial and not all(_same(values[k], natural[0]) for k in own)  # a count may be 0 everywhere
            always = f"natural speech is always {natural[0] if natural else 0:g}"
            need(not trivial, f"{key!r} compares with the recording, so {always}: leave it out")
            continue
        free.add(key)
        left = sorted({k[2] for k in own if k[2] in recorded} - {k[2] for k in values if k[:2] == (key, NATURAL)})
        fault = f"{key!r} needs no recording, but natural speech has no number of it on {named(left)}: measure NATURAL as well"
        need(not left, fault)
    of_recorded = {k[0] for k in values if k[0] in free and k[2] in recorded}
    of_hard = {k[0] for k in values if k[0] in free and k[2] in hard}
    fault = f"{named(sorted(map(repr, of_recorded)))} needs no recording, but no row is of the hard sentences"
    need(not of_recorded or not hard or bool(of_hard), fault)


@_ANSWERS("identical audio gives the same number")
def _twins(subject: _MeasurementSubject) -> None:
    """Two systems that say the very same get the very same numbers."""
    spoken = subject.spoken
    if len(spoken.labels) < 2:
        return
    one, other = spoken.labels[:2]
    copies = {(s.sentence.id, s.seed): replace(s, system=other) for s in spoken.samples if s.system == one}
    samples = [copies.get((s.sentence.id, s.seed), s) if s.system == other else s for s in spoken.samples]
    values = subject.others_values(_with(spoken, samples))
    for (key, system, sentence, seed), value in values.items():
        twin = values.get((key, other, sentence, seed))
        if system == one and sentence:
            fault = f"two systems with the same audio have {key!r} of {value} and {twin} on {sentence} (seed {seed})"
            need(_same(value, twin), fault)


@_ANSWERS("order of samples")
def _order(subject: _MeasurementSubject) -> None:
    spoken = subject.spoken
    other = subject.others_values(_with(spoken, list(reversed(spoken.samples))))
    differing = _differing(subject.values, other)
    need(not differing, f"the order in which samples come changes the result: {differing}")


@_ANSWERS("asked twice")
def _twice(subject: _MeasurementSubject) -> None:
    """The same instance, and a fresh one, find the same again."""
    first = subject.values
    for who, ask in (("the same measurement, asked again,", subject.asked), ("a fresh measurement", subject.make())):
        differing = _differing(first, _values(ask.measure(subject.spoken)))
        need(not differing, f"{who} finds something else: {differing}")


@_ANSWERS("leaves what was said as it is")
def _unchanged(subject: _MeasurementSubject) -> None:
    """Sounds are shared by all measurements."""
    spoken = subject.spoken
    kept: list[tuple[Sample, Sound]] = []
    samples = []
    for sample in spoken.samples:
        sound = copy.deepcopy(sample.sound)
        kept.append((sample, sound))
        samples.append(replace(sample, load=_giving(copy.deepcopy(sound))))
    subject.make().measure(_with(spoken, samples))
    for (sample, before), after in zip(kept, samples, strict=True):
        for f in fields(Sound):
            one, other = getattr(before, f.name), getattr(after.sound, f.name)
            same = one is other or (one is not None and other is not None and np.array_equal(one, other, equal_nan=True))
            need(same, f"it writes into the {f.name} of {sample.system} on {sample.sentence.id}: others measure the same sound")


def _giving(sound: Sound) -> Callable[[], Sound]:
    return lambda: sound


def _with(spoken: Spoken, samples: list[Sample]) -> Spoken:
    """The same comparison with other samples."""
    return replace(spoken, samples=samples, _recordings=None)
