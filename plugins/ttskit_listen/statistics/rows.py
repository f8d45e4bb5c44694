"""Systems and pairs of a test, row by row, as plain data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from ttskit.measure.inference import Estimate, holm, word
from ttskit.measure.inference.words import equivalence
from ttskit_listen.judgements import Judgement
from ttskit_listen.plan import Kind, SystemHeard
from ttskit_listen.statistics.linear import Estimated, apart, mean, preference, together
from ttskit_listen.statistics.notes import noted
from ttskit_listen.statistics.shares import pooled, share

__all__ = [
    "MIDDLE",
    "OF_PAIRS",
    "finite",
    "pair_effects",
    "pair_notes",
    "pair_rows",
    "plain_estimate",
    "spreads_of",
    "system_rows",
]

OF_PAIRS: tuple[Kind, ...] = ("cmos", "ab", "abx")
MIDDLE: Mapping[str, float] = {"cmos": 0.0, "ab": 0.5, "abx": 0.5}  # the answer that says neither
_SPREADS = ("listener", "sentence", "run", "residual")

Effects = dict[tuple[str, str], Estimated]


def system_rows(judgements: Sequence[Judgement], systems: Sequence[SystemHeard], confidence: float) -> list[dict[str, Any]]:
    """A row for each system that was judged by itself (mos, mushra, transcribe)."""
    rows = []
    for one in systems:
        own = [j for j in judgements if j.system == one.name]
        if not own:
            continue
        effect = mean(own, trained=not (one.natural or one.anchor), confidence=confidence)
        rows.append(
            {
                "system": one.name,
                "n": len(own),
                "listeners": len({j.listener for j in own}),
                "sentences": len({j.sentence for j in own}),
                "runs": len({j.run for j in own if j.run}),
                "mean": effect.estimate.value,
                "low": effect.estimate.low,
                "high": effect.estimate.high,
                "sd": float(np.std([j.value / j.weight for j in own], ddof=1)) if len(own) > 1 else None,
                "natural": one.natural,
                "anchor": one.anchor,
                "about": effect.estimate.about,
                "method": effect.estimate.method,
            }
        )
    return [finite(row) for row in rows]


def pair_effects(judgements: Sequence[Judgement], systems: Sequence[SystemHeard], confidence: float) -> Effects:
    """(system, against) → what the answers say of the two; the later system of the order against the earlier."""
    found: Effects = {}
    kind = judgements[0].kind
    for earlier, later in combinations(systems, 2):
        trained = (not (later.natural or later.anchor), not (earlier.natural or earlier.anchor))
        options: dict[str, Any] = {"trained": trained, "confidence": confidence}
        if kind in OF_PAIRS:
            own = [j for j in judgements if (j.system, j.against) == (later.name, earlier.name)]
            if own:
                made = preference(own, **options) if kind == "cmos" else share(own, **options)
                found[later.name, earlier.name] = made
            continue
        first = [j for j in judgements if j.system == later.name]
        second = [j for j in judgements if j.system == earlier.name]
        if first and second:
            pairs = _same_trials(first, second)
            found[later.name, earlier.name] = together(pairs, **options) if pairs else apart(first, second, **options)
    return found


def _same_trials(first: Sequence[Judgement], second: Sequence[Judgement]) -> list[tuple[Judgement, Judgement]]:
    """Answers on two systems in one trial of one listener."""
    other = {(j.listener, j.trial): j for j in second}
    return [(j, other[j.listener, j.trial]) for j in first if (j.listener, j.trial) in other]


def pair_rows(
    effects: Effects,
    judgements: Sequence[Judgement],
    systems: Sequence[SystemHeard],
    smallest: float | None,
    confidence: float,
) -> list[dict[str, Any]]:
    """A row for each pair, p values adjusted by Holm.

    Pairs with an anchor are a family of their own: that low-passed speech sounds worse is known beforehand, and testing it must
    not cost the systems anything.
    """
    kind = judgements[0].kind
    better = "lower" if kind == "transcribe" else "higher"
    anchors = {one.name for one in systems if one.anchor}
    families: dict[bool, list[tuple[str, str]]] = defaultdict(list)
    for pair in effects:
        families[bool(anchors & set(pair))].append(pair)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for has_anchor, family in families.items():
        estimates = [effects[pair].estimate for pair in family]
        different = holm([one.p for one in estimates])
        same = holm([equivalence(one, smallest) for one in estimates]) if smallest else [1.0] * len(family)
        for pair, one, p, p_same in zip(family, estimates, different, same, strict=True):
            effect = effects[pair]
            rows[pair] = {
                "system": pair[0],
                "against": pair[1],
                **plain_estimate(one),
                "holm": p if one.p is not None else None,
                "word": word(one, smallest or 1.0, better, p=p, p_equivalence=p_same),
                "n": effect.n,
                "better": effect.better if better == "higher" else effect.worse,
                "worse": effect.worse if better == "higher" else effect.better,
                "equal": effect.equal,
                "family": "anchors" if has_anchor else "systems",
            }
    found = [rows[pair] for pair in effects]
    if kind in ("ab", "abx"):
        for row in found:
            own = [j for j in judgements if (j.system, j.against) == (row["system"], row["against"])]
            binomial = pooled(own, confidence=confidence)
            row["binomial"] = asdict(binomial) if binomial else None
    return [finite(row) for row in found]


def plain_estimate(estimate: Estimate) -> dict[str, Any]:
    """What is shown of an estimate."""
    names = ("value", "low", "high", "se", "df", "p", "method", "about", "runs", "sentences")
    return finite({name: getattr(estimate, name) for name in names})


def spreads_of(effects: Effects) -> dict[str, float | None]:
    """Standard deviations of a difference between two systems, over all pairs; None of what could not be told apart."""
    found: dict[str, float | None] = {}
    for name in _SPREADS:
        own = [effect.sd[name] ** 2 for effect in effects.values() if effect.sd.get(name) is not None]
        found[name] = float(np.sqrt(np.mean(own))) if own else None
    return found


def pair_notes(effects: Effects, rows: Sequence[Mapping[str, Any]], systems: Sequence[SystemHeard]) -> list[tuple[str, str]]:
    """What the rows do not say by themselves."""
    notes = [noted("alike", what=f"{a} – {b}") for (a, b), e in effects.items() if e.estimate.method.endswith("none")]
    trained = {one.name for one in systems if not (one.natural or one.anchor)}
    single = [row for row in rows if row["about"] == "these trainings" and {row["system"], row["against"]} & trained]
    if single:
        names = sorted({name for row in single for name in (row["system"], row["against"])} & trained)
        notes.append(noted("these_trainings", systems=", ".join(names)))
    if any(row["about"] == "models" and row["runs"] == 2 for row in rows):
        notes.append(noted("few_trainings"))
    return notes


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with None for what is not finite."""
    return {key: None if isinstance(v, float) and not np.isfinite(v) else v for key, v in row.items()}
