"""The statistics of a listening test.

`effects` fits linear mixed models, `ordinal` cumulative link ones, `strengths` Bradley–Terry; `linear`, `shares` and `ordered`
say what of a test goes into them; `rows`, `agreeing` and `notes` make plain data of what came out. `transcription` counts word
errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ttskit.measure.inference.words import FEWEST_SENTENCES
from ttskit_listen.judgements import HeardAnswers, Judgement
from ttskit_listen.plan import SystemHeard
from ttskit_listen.statistics.agreeing import reliability_of
from ttskit_listen.statistics.linear import order
from ttskit_listen.statistics.notes import noted
from ttskit_listen.statistics.ordered import ordinal_of
from ttskit_listen.statistics.rows import (
    MIDDLE,
    OF_PAIRS,
    finite,
    pair_effects,
    pair_notes,
    pair_rows,
    plain_estimate,
    spreads_of,
    system_rows,
)
from ttskit_listen.statistics.strengths import strengths

__all__ = ["statistics_of"]

_LEAST_GROUP = 5  # listeners
_SCALES: dict[str, dict[str, Any]] = {
    "cmos": {"low": -3, "high": 3, "unit": "points", "better": "higher"},
    "ab": {"low": -0.5, "high": 0.5, "unit": "share above one half", "better": "higher"},  # no message
    "abx": {"low": -0.5, "high": 0.5, "unit": "share right above one half", "better": "higher"},  # no message
    "mos": {"low": 1, "high": 5, "unit": "points", "better": "higher"},
    "mushra": {"low": 0, "high": 100, "unit": "points", "better": "higher"},
    "transcribe": {"low": 0, "high": None, "unit": "word errors per word", "better": "lower"},  # no message
}

Notes = list[tuple[str, str]]


def statistics_of(heard: HeardAnswers, *, confidence: float = 0.95) -> dict[str, Any]:
    """Everything that the kept judgements say, as plain data; None for what does not apply or has no finite value.

    Returns:
        kind, scale (low, high, unit, better); listeners, judgements, sentences, runs: how many were heard (runs: of the system
            with the fewest).
        systems: of mos, mushra and transcribe: system, n, listeners, sentences, runs, mean, low, high, sd, natural, anchor,
            about, method.
        pairs: system, against, value, low, high, se, df, p, holm, word, n, better, worse, equal, method, about, runs,
            sentences, family ("systems", "anchors"). Values are `system` minus `against`; of ab and abx the share minus one
            half, with `binomial` over pooled answers (value, low, high, p, n; the share itself) beside it.
        ordinal: of mos and cmos: pairs, thresholds, sd, loglik, method.
        strengths: of ab: system, value, low, high (log-odds, mean 0).
        variances: listener, sentence, run, residual: standard deviations of a difference between two systems.
        order: value, low, high, p: how much better a sound is judged for being played first.
        reliability: alpha, icc_one, icc_mean, each with _low and _high; level, raters, units.
        groups: question, answer, listeners, pairs (exploratory).
        notes, notes_es: sentences for the reader, the same ones in English and Spanish.
    """
    kind, given = heard.plan.kind, list(heard.judgements)
    systems = _systems(heard, given)
    found: dict[str, Any] = {
        "kind": kind,
        "scale": dict(_SCALES[kind]),
        "listeners": len({j.listener for j in given}),
        "judgements": len(given),
        "sentences": len({j.sentence for j in given}),
        "runs": _fewest_runs(given, systems),
        **dict.fromkeys(("systems", "pairs", "ordinal", "strengths", "variances", "order", "reliability", "groups")),
    }
    notes: Notes = []
    if not given:
        notes.append(noted("nothing"))
        return {**found, "systems": [], "pairs": [], **_told(notes)}
    if found["listeners"] == 1:
        notes.append(noted("one_listener"))
    if found["sentences"] == 1:
        notes.append(noted("one_sentence"))
    elif found["sentences"] < FEWEST_SENTENCES:
        notes.append(noted("few_sentences", count=found["sentences"], least=FEWEST_SENTENCES))
    if kind not in OF_PAIRS:
        found["systems"] = system_rows(given, systems, confidence)
    effects = pair_effects(given, systems, confidence)
    found["pairs"] = pair_rows(effects, given, systems, heard.design.smallest, confidence)
    notes += pair_notes(effects, found["pairs"], systems)
    found["variances"] = spreads_of(effects)
    if kind in ("mos", "cmos"):
        names = [one.name for one in systems]
        found["ordinal"], more = ordinal_of(given, names, confidence=confidence)
        notes += more
    if kind in ("cmos", "ab"):
        of_order = order(given, middle=MIDDLE[kind], confidence=confidence)
        found["order"] = plain_estimate(of_order) if of_order else None
    if kind == "ab":
        found["strengths"], more = _strengths(given, systems, confidence)
        notes += more
    if any(row.get("binomial") for row in found["pairs"]):
        notes.append(noted("pooled"))
    found["reliability"], more = reliability_of(given, confidence=confidence)
    notes += more
    found["groups"] = _groups(heard, systems, confidence)
    if found["groups"]:
        notes.append(noted("groups"))
    return {**found, **_told(notes)}


def _told(notes: Notes) -> dict[str, list[str]]:
    once = list(dict.fromkeys(notes))
    return {"notes": [english for english, _ in once], "notes_es": [spanish for _, spanish in once]}


def _systems(heard: HeardAnswers, judgements: Sequence[Judgement]) -> list[SystemHeard]:
    """Systems of the design, in its order, and after them whatever else was judged."""
    known = list(heard.design.systems)
    names = {one.name for one in known}
    more = dict.fromkeys(name for j in judgements for name in (j.against, j.system) if name and name not in names)
    return [*known, *(SystemHeard(name=name) for name in more)]


def _fewest_runs(judgements: Sequence[Judgement], systems: Sequence[SystemHeard]) -> int:
    runs: dict[str, set[str]] = {}
    for j in judgements:
        for name, run in ((j.system, j.run), (j.against, j.against_run)):
            runs.setdefault(name, set()).add(run)
    own = [len(runs[one.name]) for one in systems if one.name in runs and not (one.natural or one.anchor)]
    return min(own, default=1)


def _strengths(
    judgements: Sequence[Judgement], systems: Sequence[SystemHeard], confidence: float
) -> tuple[list[dict[str, Any]], Notes]:
    """Bradley–Terry over all pairs of an ab test."""
    heard = {name for j in judgements for name in (j.system, j.against)}
    names = [one.name for one in systems if one.name in heard]
    found = strengths(
        names,
        [j.system for j in judgements],
        [j.against for j in judgements],
        [j.value for j in judgements],
        [[j.listener for j in judgements], [j.sentence for j in judgements]],
        confidence=confidence,
    )
    notes: Notes = []
    if len(found.groups) > 1:
        notes = [
            noted("strengths", first=", ".join(first), second=", ".join(second))
            for first, second in zip(found.groups, found.groups[1:], strict=False)
        ]
    columns = zip(names, found.values, found.low, found.high, strict=True)
    rows = [{"system": name, "value": float(v), "low": float(low), "high": float(high)} for name, v, low, high in columns]
    return [finite(row) for row in rows], notes


def _groups(heard: HeardAnswers, systems: Sequence[SystemHeard], confidence: float) -> list[dict[str, Any]] | None:
    """Pairs once more for each answer to a question of choice that enough listeners gave."""
    found: list[dict[str, Any]] = []
    files = {one.code: one.file for one in heard.listeners}
    for question in heard.plan.questions:
        if question.kind != "choice":
            continue
        answers: dict[str, set[str]] = {}
        for code in {j.listener for j in heard.judgements}:
            answer = files[code].questions.get(question.name, "") if code in files else ""
            if answer:
                answers.setdefault(answer, set()).add(code)
        enough = {answer: codes for answer, codes in answers.items() if len(codes) >= _LEAST_GROUP}
        if len(enough) < 2:
            continue
        for answer in sorted(enough):
            own = [j for j in heard.judgements if j.listener in enough[answer]]
            effects = pair_effects(own, systems, confidence)
            rows = pair_rows(effects, own, systems, None, confidence)
            for row in rows:
                row |= {"word": "not known", "holm": None}  # what was not planned proves nothing
            named = {"question": question.name, "answer": answer, "listeners": len(enough[answer])}
            found.append({**named, "pairs": rows})
    return found or None
