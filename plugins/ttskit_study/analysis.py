"""From the numbers of a study to what may be said: effects with intervals and one of four words, and the study's own checks.

Everything is plain data (it becomes results.json); words for people are made by `answers` and the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ttskit.errors import InputError, TTSKitError
from ttskit.measure.inference import Estimate, Trials, contrast, holm, mean, trials_of, word, words_of
from ttskit.measure.inference.counts import share
from ttskit.measure.inference.factors import run_spread
from ttskit.measure.inference.mixed import MixedModel, fit_mixed, statsmodels_here
from ttskit.measure.inference.words import FEWEST_SENTENCES
from ttskit.measure.plain import plain
from ttskit_study.collected import Collected
from ttskit_study.contrasts import CORPUS, MINUTES, Contrast, Design, contrasts_of, design_of
from ttskit_study.halves import halves
from ttskit_study.plan import PRIMARY
from ttskit_study.surroundings import comparable, costs, speed_of

__all__ = ["CONFIDENCE", "FORMAT", "NOT_KNOWN", "analyse", "estimate", "trials_by_measure"]

FORMAT = 1  # of results.json; raised when a key changes its meaning
CONFIDENCE = 0.95
NOT_KNOWN = "not known"
_ROBUST = ("phone_error_rate", "ok_share", "stopped", "skipped", "repeated")  # keys of measures in the section on robustness


def analyse(study: Collected, *, mixed: bool = True) -> dict[str, Any]:
    """What results.json holds.

    Args:
        mixed: whether the linear mixed model is fitted beside the two-way interval, where statsmodels is installed.
    """
    design = design_of(study.arms)
    smallest = {str(k): float(v) for k, v in (study.plan.get("primary") or PRIMARY).items()}
    measures = study.measures
    primary = [key for key in smallest if key in measures]
    secondary = [str(key) for key in study.plan.get("secondary") or [] if key in measures and key not in smallest]
    robust = [key for key in measures if key.startswith(_ROBUST) and key not in (*primary, *secondary)]
    runs = {arm.name: sorted(run.seed for run in study.done if run.arm.name == arm.name) for arm in study.arms}
    trials = trials_by_measure(study, [*primary, *secondary, *robust])
    primary = [key for key in primary if key in trials]
    several = {name for name, own in runs.items() if len(own) > 1}
    lone = [name for name in runs if several and name not in several]
    compared = design_of([arm for arm in study.arms if arm.name not in lone])  # what varies cannot be known of a lone training
    effects, without_model = _effects(compared, trials, primary, secondary, smallest, measures, mixed)
    return plain(
        {
            "format": FORMAT,
            "question": str(study.plan.get("question") or ""),
            "about": "models" if several else "these trainings",
            "confidence": CONFIDENCE,
            "fewest_sentences": FEWEST_SENTENCES,
            "factors": {name: list(found) for name, found in design.levels.items()},
            "partial_factors": list(design.partial),
            "confounded": list(compared.confounded),
            "lone_cells": lone,
            "cells": [
                {
                    "cell": arm.name,
                    "system": arm.system,
                    "label": arm.label,
                    "levels": design.of(arm),
                    "minutes": arm.minutes,
                    "corpus": arm.corpus,
                    "seeds": runs[arm.name],
                }
                for arm in design.arms
            ],
            "trainings": {
                "planned": len(study.runs),
                "done": len(study.done),
                "missing": [
                    {"cell": run.arm.name, "seed": run.seed, "status": run.status, "why": run.why}
                    for run in study.runs
                    if run.status != "done"
                ],
            },
            "measures": {
                key: {
                    **measures[key],
                    "smallest": smallest.get(key),
                    "role": "primary" if key in primary else "secondary" if key in secondary else "robustness",
                    "natural": study.natural(key),
                    "dropped": trials[key].dropped,
                    "sentences": len(trials[key].sentences),
                }
                for key in trials
            },
            "absent_measures": [key for key in smallest if key not in primary],
            "effects": effects,
            "picture": {key: _picture(compared, trials[key]) for key in primary},
            "means": {key: _means(design, trials[key]) for key in trials},
            "same_against_same": halves({key: trials[key] for key in primary}, smallest, CONFIDENCE),
            "faults": _faults(study.data("faults"), [*primary, *secondary, *robust]),
            "judge": study.data("robustness").get("recogniser") or {},
            "speed": speed_of(study),
            "cost": costs(study),
            "comparable": comparable(study),
            "deviations": list(study.deviations),
            "plan": dict(study.plan),
            "lock": {key: value for key, value in study.lock.items() if key not in ("cells", "recipes")},
            "problems": list(study.problems),
            "notes": list(
                dict.fromkeys(
                    [without_model] * bool(without_model) + [str(n) for r in study.done for n in r.spoken.get("notes") or []]
                )
            ),
        }
    )


def _faults(data: Mapping[str, Any], shown: Sequence[str]) -> dict[str, Any]:
    """The planted faults by name (title, unit), and for each the smallest that each measure of the page saw.

    Returns:
        `measures`; `faults`: name, title, unit, and `seen` by measure: strength, or None where it was not seen; a measure that
        gave nothing is not in it.
    """
    entries = [one for one in data.get("smallest") or [] if one.get("measure") in shown]
    titles = data.get("faults") or {}
    faults: dict[str, dict[str, Any]] = {}
    for one in entries:
        known = {
            "name": one["fault"],
            "title": (titles.get(one["fault"]) or {}).get("title", one["fault"]),
            "unit": one.get("unit", ""),
        }
        own = faults.setdefault(one["fault"], {**known, "seen": {}})
        own["seen"][one["measure"]] = one.get("strength") if one.get("seen") else None
    measures = [key for key in shown if any(key in own["seen"] for own in faults.values())]
    return {"measures": measures, "faults": list(faults.values()), "sentences": data.get("sentences")}


def trials_by_measure(study: Collected, keys: Sequence[str]) -> dict[str, Trials]:
    """The trials of each measure: systems are cells, runs are training seeds (equal seeds are pairs)."""
    rows: dict[str, list[dict[str, Any]]] = {key: [] for key in keys}
    for run in study.done:
        for row in run.own:
            if row["measure"] in rows:
                rows[row["measure"]].append({**row, "system": run.arm.name, "run": str(run.seed)})
    made = {key: trials_of(found) for key, found in rows.items() if found}
    return {key: trials for key, trials in made.items() if len(trials)}  # none where no number is finite


# An interaction is no system that could be better: an effect depends on the other factor, or it does not.
_OF_INTERACTION = {"better": "depends", "worse": "depends", "equivalent": "does not depend"}  # no message


def _effects(
    design: Design,
    trials: Mapping[str, Trials],
    primary: Sequence[str],
    secondary: Sequence[str],
    smallest: Mapping[str, float],
    measures: Mapping[str, Mapping[str, Any]],
    mixed: bool,
) -> tuple[list[dict[str, Any]], str]:
    """Every contrast of every primary and secondary measure; Holm over the primary contrasts of the primary measures."""
    contrasts = contrasts_of(design)
    rows: list[tuple[dict[str, Any], Estimate, Contrast, str]] = []
    for key in [k for k in (*primary, *secondary) if k in trials]:
        spread = run_spread(trials[key])
        for one in contrasts:
            try:
                found = estimate(trials[key], one.coefficients, {arm.name: arm.system for arm in design.arms})
            except TTSKitError:
                continue  # no sentence that all of these cells said: there is nothing to compare
            rows.append((_row(one, key, found, spread, key in primary), found, one, key))
    family = {str(n): found for n, (row, found, _, _) in enumerate(rows) if row["primary"] and _may_be_said(found)}
    names = list(family)
    corrected = dict(zip(names, holm([family[n].p for n in names]), strict=True))
    said = words_of(
        family,
        {n: smallest[rows[int(n)][3]] for n in names},
        {n: str(measures[rows[int(n)][3]]["better"]) for n in names},
    )
    for n, (row, found, _, key) in enumerate(rows):
        row["smallest"], row["better"] = smallest.get(key), measures[key]["better"]
        row["p_holm"] = corrected.get(str(n))
        if key not in primary:
            continue
        if row["primary"]:
            row["word"] = said.get(str(n), NOT_KNOWN)
        else:
            row["word"] = word(found, smallest[key], str(measures[key]["better"])) if _may_be_said(found) else NOT_KNOWN
        if row["kind"] == "interaction":
            row["word"] = _OF_INTERACTION.get(row["word"], row["word"])
    why = _add_mixed([(row, one, trials[key]) for row, _, one, key in rows if key in primary]) if mixed else ""
    return [row for row, *_ in rows], why


def estimate(trials: Trials, coefficients: Mapping[str, float], systems: Mapping[str, str]) -> Estimate:
    """A contrast of cells: trainings of different systems are independent, those of one system belong together by seed.

    Cells of one system (its minutes) share what the seed decides, the first weights and the order of the sentences: their part
    of the contrast is one number for each seed and sentence. Systems share the order at most; to count them as independent
    widens the interval of their difference if that moves them the same way, and leaves R − 1 degrees of freedom for each.
    """
    parts: dict[str, dict[str, float]] = {}
    for name, coefficient in coefficients.items():
        if name in trials.systems:
            parts.setdefault(systems.get(name, name), {})[name] = coefficient
    if any(name not in trials.systems for name in coefficients):
        raise InputError("a cell has no numbers of this measure", ", ".join(coefficients), "leave the effect out")
    if all(len(own) == 1 for own in parts.values()):
        return contrast(trials, coefficients, confidence=CONFIDENCE, paired=False)
    rows = []
    for system, own in parts.items():
        tables = [trials.table(name) for name in own]
        for run in (r for r in tables[0].runs if all(r in t.runs for t in tables)):
            for item in (i for i in tables[0].items if all(i in t.items for t in tables)):
                at = [(t.runs.index(run), t.items.index(item)) for t in tables]
                weights = [float(t.weight[place]) for t, place in zip(tables, at, strict=True)]
                if min(weights) > 0:
                    value = sum(c * float(t.value[p]) for c, t, p in zip(own.values(), tables, at, strict=True))
                    whole = {"system": system, "run": run, "sentence": item[0], "speaker": item[1]}
                    rows.append({**whole, "value": value, "weight": sum(weights) / len(weights)})
    joined = trials_of(rows)
    return contrast(joined, dict.fromkeys(joined.systems, 1.0), confidence=CONFIDENCE, paired=False)


def _may_be_said(found: Estimate) -> bool:
    """Whether a claim about models may rest on it: several trainings of each system."""
    return found.about == "models"


def _row(one: Contrast, key: str, found: Estimate, spread: float, primary: bool) -> dict[str, Any]:
    return {
        "measure": key,
        "effect": one.name,
        "kind": one.kind,
        "factors": list(one.factors),
        "levels": [list(pair) for pair in one.levels],
        "given": dict(one.given),
        "primary": primary and one.primary,
        **found.to_json(),
        "standardised": found.value / spread if spread > 0 else None,
        "p_holm": None,
        "word": None,
        "coefficients": dict(one.coefficients),
        "mixed": None,
    }


def _add_mixed(rows: Sequence[tuple[dict[str, Any], Contrast, Trials]]) -> str:
    """The linear mixed model's interval beside each two-way one, one model for each measure; why where it cannot be had."""
    if not statsmodels_here():
        return "the mixed model was not fitted: statsmodels is not installed (extra study)"
    models: dict[int, MixedModel | str] = {}
    for row, one, trials in rows:
        if id(trials) not in models:
            try:
                models[id(trials)] = fit_mixed(trials)
            except TTSKitError as error:
                models[id(trials)] = f"{error.what}: {error.why}"
        model = models[id(trials)]
        if isinstance(model, str):
            row["mixed"] = {"value": None, "low": None, "high": None, "note": model}
        else:
            found = model.contrast(one.coefficients, confidence=CONFIDENCE).to_json()
            row["mixed"] = {k: found[k] for k in ("value", "low", "high", "p", "df", "note")}
    return ""


def _means(design: Design, trials: Trials) -> list[dict[str, Any]]:
    """Mean and interval of every cell, and of each of its trainings."""
    found = []
    for arm in design.arms:
        if arm.name in trials.systems:
            estimate = _mean(trials, arm.name)
            found.append({"cell": arm.name, **estimate.to_json(), "each": _each(trials, arm.name)})
    return found


def _mean(trials: Trials, cell: str) -> Estimate:
    """The mean of a cell; that of sentences which are right or not, in %, stays within 0 and 100 and is never without width."""
    if not set(np.unique(trials.value)) <= {0.0, 100.0}:
        return mean(trials, cell, confidence=CONFIDENCE)
    found = share(trials.mapped(lambda value: value / 100.0), cell, confidence=CONFIDENCE)
    return replace(found, value=100.0 * found.value, low=100.0 * found.low, high=100.0 * found.high, se=100.0 * found.se)


def _each(trials: Trials, name: str) -> list[dict[str, Any]]:
    """The mean of each training of a cell."""
    table = trials.table(name)
    tops, weights = np.nansum(table.value * table.weight, axis=1), table.weight.sum(axis=1)
    return [{"seed": seed, "value": float(t / w)} for seed, t, w in zip(table.runs, tops, weights, strict=True) if w > 0]


def _picture(design: Design, trials: Trials) -> list[dict[str, Any]]:
    """Means by the first two factors, averaged over minutes and corpora: what the picture on the first screen shows.

    Each point is of the cells that are equal in all factors of the systems; where minutes vary only those count that every
    point has, so that no point is of more speech than another.
    """
    groups: dict[tuple, dict[tuple, str]] = {}
    for arm in design.arms:
        own = design.of(arm)
        varied = tuple(own.get(name, "") for name in (MINUTES, CORPUS))
        if arm.name in trials.systems:
            key = tuple((k, v) for k, v in own.items() if k not in (MINUTES, CORPUS))
            groups.setdefault(key, {})[varied] = arm.name
    common = set.intersection(*(set(found) for found in groups.values())) if groups else set()
    points = []
    for levels, found in groups.items():
        names = [name for varied, name in found.items() if varied in common]
        if not names:
            continue
        try:
            if len(names) > 1:
                estimate = contrast(trials, {name: 1 / len(names) for name in names}, confidence=CONFIDENCE)
            else:
                estimate = mean(trials, names[0], confidence=CONFIDENCE)
        except TTSKitError:
            continue
        by_seed: dict[str, list[float]] = {}
        for name in names:
            for one in _each(trials, name):
                by_seed.setdefault(one["seed"], []).append(one["value"])
        each = [{"seed": seed, "value": sum(v) / len(v)} for seed, v in by_seed.items() if len(v) == len(names)]
        points.append({"levels": dict(levels), "cells": names, **estimate.to_json(), "p": None, "each": each})
    return points
