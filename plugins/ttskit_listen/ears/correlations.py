"""Measures beside ears: how each measure and predictor goes with what the listeners said, and where they disagree most.

Signs are turned such that 1 is a measure that always says what listeners say, whichever side of it is better; of a measure
without a better side the sign is its own. Three things are kept apart, as each can be high where the others are not:

- *sentence*: all sounds (or pairs) together, of these systems. Much of it is differences between systems.
- *within*: what remains when each system's mean (each pair's) is taken off: whether it hears which sentence came out badly.
- *system*: means of systems. Systems are drawn anew for its interval, and of few systems it says next to nothing.

A measure cannot go better with the mean of a few listeners than they with others: `ceiling` is the square root of the
reliability of their means. Intervals are of the correlation with the mean of so many listeners, not of endlessly many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats as distributions

from ttskit.measure.inference import holm
from ttskit_listen.ears.heard import Cells, cells_of
from ttskit_listen.ears.resampling import Drawn, correlations, draws, draws_of_runs, grouped_means, reliability, within
from ttskit_listen.ears.tables import MeasuredValues, read_measured
from ttskit_listen.ears.wrong import disagreements
from ttskit_listen.judgements import HeardAnswers

__all__ = ["FEWEST_POINTS", "FEWEST_SENTENCES", "FEWEST_SYSTEMS", "MOST_PARTIAL", "WIDEST", "ears_of"]

# Below these, and with wider intervals, a correlation says nothing that should be printed without a warning: 0.5 of eight
# points has an interval from −0.3 to 0.9.
FEWEST_POINTS, FEWEST_SENTENCES, FEWEST_SYSTEMS, WIDEST = 20, 6, 8, 0.8
MOST_PARTIAL = 0.8  # share of all sounds below which a measure is not ranked with those of all
_EDGE = 0.9999  # of correlations, whose Fisher transform is not finite at 1
_NAMES = ("pearson", "spearman", "kendall")
_DRAWN = 320  # points up to which all draws are made: time grows with their square
_SHOWN = 6  # measures whose points are kept for pictures


def ears_of(
    heard: HeardAnswers,
    statistics: Mapping[str, Any],
    tables: Sequence[Path],
    *,
    confidence: float = 0.95,
    seed: int = 1,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Correlations of every measure in `tables` with what the kept listeners said, and where the two disagree.

    Args:
        heard: the answers. statistics: of them (`statistics_of`): its reliability is handed on.
        tables: comparisons, studies, their measurements.csv, or tables of others in the columns system, sentence, measure,
            value and perhaps run, title, unit, better (`read_measured`).
        confidence: of the intervals.
        seed, resamples: of the tests that are drawn anew.

    Returns:
        Plain data: "tables", "measures" (the one that goes best with the listeners first), "wrong", "reliability", "ceiling",
        "notes" (each a key of the texts, with its values). A correlation is {"value", "low", "high"}, None where there is none.

    Raises:
        InputError: a table that is none.
    """
    measured = read_measured(tables)
    cells = cells_of(heard)
    whole: dict[str, Any] = {
        "kind": cells.kind,
        "confidence": confidence,
        "resamples": 0,
        "tables": measured.tables,
        "listeners": len(cells.listeners),
        "systems": cells.systems,
        "points": len(cells.cells),
        "sentences": len(set(cells.sentence.tolist())),
        "reliability": dict(statistics.get("reliability") or {}),
        "ceiling": {},
        "measures": [],
        "wrong": [],
        "notes": [],
    }
    if not measured.values:
        return whole
    if len(cells.cells) < 3 or len(cells.listeners) < 2 or whole["sentences"] < 2:
        return whole | {"notes": [{"key": "too_little", "values": {"points": len(cells.cells)}}]}
    keys, values, by_sentence = _chosen(cells, measured)
    if not keys:
        return whole | {"notes": [{"key": "none_measured", "values": {"measures": len(measured.values)}}]}
    count = max(200, min(resamples, int(resamples * (_DRAWN / len(cells.cells)) ** 2)))
    drawn = draws(cells, count, seed)
    ceiling = {n: None if np.isnan(v) else float(np.sqrt(v)) for n, v in reliability(cells, seed).items()}
    facts = [measured.facts[key] for key in keys]
    # Of ABX the size of a difference goes with how often it is heard, whichever side is better.
    turned = [one.better == "lower" and cells.kind != "abx" for one in facts]
    sides = np.where(turned, -1.0, 1.0)[:, None]
    found = _beside(cells, sides * values, np.array(by_sentence), drawn, seed, confidence)
    for one, row, own in zip(facts, found, values, strict=True):
        row |= {"key": one.key, "title": one.title, "unit": one.unit, "better": one.better}
        row["sided"] = bool(one.better) or cells.kind == "abx"
        row["points"] = _points(cells, own) if row["sentence"] else []
    _judged(found, confidence)
    found.sort(key=_order)
    for place, row in enumerate(found):
        row["rank"] = place + 1
        row["points"] = row["points"] if place < _SHOWN else []
    spoken = [one for one, own in zip(facts, by_sentence, strict=True) if own]
    wrong = disagreements(cells, values[by_sentence], spoken, heard.key.sounds)
    notes = _notes(cells, measured, values, len(measured.values) - len(keys), heard)
    return whole | {"resamples": count, "ceiling": ceiling, "measures": found, "wrong": wrong, "notes": notes}


def _chosen(cells: Cells, measured: MeasuredValues) -> tuple[list[str], np.ndarray, list[bool]]:
    """Measures that have something to go with, their values, and whether they have one for each sentence.

    Values of a whole run (parameters, latency) can only go with systems, of which there must be three.
    """
    found: list[tuple[str, np.ndarray, bool]] = []
    for key in measured.values:
        own = cells.measured(measured, key)
        if np.isfinite(own).sum() >= 3:
            found.append((key, own, True))
        elif len(cells.systems) >= 3 and np.isfinite(own := cells.whole(measured, key)).sum() >= 3:
            found.append((key, own, False))
    return [one[0] for one in found], np.array([one[1] for one in found]), [one[2] for one in found]


def _beside(
    cells: Cells, values: np.ndarray, by_sentence: np.ndarray, drawn: Drawn, seed: int, confidence: float
) -> list[dict[str, Any]]:
    """The correlations of each measure (M, C), sides turned."""
    one = np.ones((1, len(cells.cells)))
    heard = cells.heard[None]
    few = min(len(cells.listeners), int(cells.sentence.max()) + 1)
    seen = correlations(values, heard, one, cells.signed)[:, 0]
    again = correlations(values, drawn.heard, drawn.weight, cells.signed)
    inside = within(values, heard, one, cells.group)[0]
    inside_again = within(values, drawn.heard, drawn.weight, cells.group)
    system = _of_systems(cells, values, drawn, confidence)
    runs, free = _of_runs(cells, values, len(drawn.heard) // 2, seed)
    found = []
    for row in range(len(values)):
        points = int(np.isfinite(values[row]).sum())
        sentences = len(set(cells.sentence[np.isfinite(values[row])].tolist()))
        constant = not np.nanstd(values[row]) > 1e-12 * float(np.nanmax(np.abs(values[row])) or 1.0)
        entry: dict[str, Any] = {"sentence": None, "within": None, "system": system[row], "p": None}
        warning = []
        if by_sentence[row]:
            if constant:
                warning.append("constant")
            shown = {
                name: _interval(np.nan if constant else seen[i, row], again[i, :, row], few, confidence, runs[i, row], free)
                for i, name in enumerate(_NAMES)
            }
            entry["p"] = shown["spearman"].pop("p")
            for name in ("pearson", "kendall"):
                shown[name].pop("p")
            entry["sentence"] = {"n": points, "sentences": sentences, **shown}
            entry["within"] = _interval(
                np.nan if constant else inside[row], inside_again[:, row], few, confidence, runs[-1, row], free
            )
            entry["within"].pop("p")
            if points < FEWEST_POINTS or sentences < FEWEST_SENTENCES:
                warning.append("few_points")
            if points < MOST_PARTIAL * len(cells.cells):
                warning.append("partial")
            low, high = shown["spearman"]["low"], shown["spearman"]["high"]
            if low is not None and high is not None and high - low > WIDEST:
                warning.append("wide")
        own_system = system[row]
        if own_system is not None and own_system["systems"] < FEWEST_SYSTEMS:
            warning.append("few_systems")
        entry["warning"] = warning
        found.append(entry)
    return found


def _of_systems(cells: Cells, values: np.ndarray, drawn: Drawn, confidence: float) -> list[dict[str, Any] | None]:
    """Correlations of means of systems (of pairs of systems their mean differences), systems drawn as well."""
    systems = len(cells.systems)
    if systems < 3 or len(cells.groups) < 3:
        return [None] * len(values)
    one = np.ones((1, len(cells.cells)))
    places = {name: i for i, name in enumerate(cells.systems)}
    sides = [[places[name] for name in group if name] for group in cells.groups]

    def means(heard: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return grouped_means(values[None], weight, cells.group), grouped_means(heard[:, None], weight, cells.group)[:, 0]

    measured, heard = means(cells.heard[None], one)
    seen = correlations(measured, heard, np.ones_like(heard), cells.signed)[:, 0]
    measured, again = means(drawn.heard, drawn.weight)
    weight = np.stack([np.prod(drawn.systems[:, own], axis=1) for own in sides], 1)
    weight = np.where(np.isfinite(again), weight, 0.0)
    drawn_again = correlations(measured, np.nan_to_num(again), weight, cells.signed)
    found: list[dict[str, Any] | None] = []
    for row in range(len(values)):
        with_values = set(cells.group[np.isfinite(values[row])].tolist())
        there = [own for group, own in enumerate(sides) if group in with_values]
        own_systems = len({place for own in there for place in own})
        if len(there) < 3 or own_systems < 3:
            found.append(None)
            continue
        shown = {
            name: _interval(seen[i, row], drawn_again[i, :, row], own_systems, confidence) for i, name in enumerate(_NAMES)
        }
        for own_interval in shown.values():
            own_interval.pop("p")
        found.append({"n": len(there), "systems": own_systems, **shown})
    return found


def _of_runs(cells: Cells, values: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, int]:
    """(4, M) what trainings add to the variance of Pearson's, Spearman's, Kendall's and Pearson's within, on Fisher's scale."""
    of_runs, of_cells, free = draws_of_runs(cells, count, seed)
    if not free:
        return np.zeros((4, len(values))), 0
    heard = np.tile(cells.heard, (count, 1))
    spread = []
    for weight in (of_runs, of_cells):
        again = correlations(values, heard, weight, cells.signed)
        again = np.concatenate([again, within(values, heard, weight, cells.group)[None]])
        there = np.isfinite(again)
        z = np.arctanh(np.clip(np.where(there, again, 0.0), -_EDGE, _EDGE))
        number = np.maximum(there.sum(1), 1)
        mean = (z * there).sum(1) / number
        spread.append((((z - mean[:, None]) * there) ** 2).sum(1) / number)
    return np.maximum(spread[0] - spread[1], 0.0), free


def _interval(
    value: float, again: np.ndarray, few: int, confidence: float, more: float = 0.0, free: int = 0
) -> dict[str, float | None]:
    """The interval on Fisher's scale: as wide as the drawn tests spread there, about the value that was seen.

    Drawn listeners hold each other's noise twice, so that the middle of the drawn tests lies too near to 0; how far they
    spread is what is taken from them. `few` is the number of the rarest thing drawn, whose degrees of freedom Student's t has;
    `more` the variance that trainings add, with `free` degrees of freedom (Satterthwaite 1946).
    """
    nothing = {"low": None, "high": None, "p": None}
    if not np.isfinite(value):
        return {"value": None, **nothing}
    known = again[np.isfinite(again)]
    if known.size < 0.8 * again.size or few < 3:
        return {"value": float(value), **nothing}
    at = float(np.arctanh(np.clip(value, -_EDGE, _EDGE)))
    variance = float(np.var(np.arctanh(np.clip(known, -_EDGE, _EDGE)), ddof=1))
    if not variance + more > 0:
        return {"value": float(value), **nothing}
    df = (variance + more) ** 2 / (variance**2 / (few - 1) + (more**2 / free if free else 0.0))
    spread = float(np.sqrt(variance + more))
    half = float(distributions.t.ppf((1 + confidence) / 2, df)) * spread
    p = float(2 * distributions.t.sf(abs(at) / spread, df))
    return {"value": float(value), "low": float(np.tanh(at - half)), "high": float(np.tanh(at + half)), "p": p}


def _judged(found: Sequence[dict[str, Any]], confidence: float) -> None:
    """What may be said of each measure: Holm over all of them, and nothing of few points."""
    tested = [row for row in found if row["p"] is not None]
    for row in found:
        row["holm"], row["word"] = None, "not known"
    for row, p in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["holm"] = p
        if p <= 1 - confidence and "few_points" not in row["warning"]:
            agrees = row["sentence"]["spearman"]["value"] > 0
            row["word"] = ("with" if agrees else "against") if row["sided"] else "tied"


def _order(row: Mapping[str, Any]) -> tuple[int, float]:
    """The one that goes best with the listeners first; after those of all sounds those of some, those without a better side,
    and those of whole systems."""
    value = row["sentence"]["spearman"]["value"] if row["sentence"] else None
    if value is None:
        return 3, 0.0
    return (1 if "partial" in row["warning"] else 0, -value) if row["sided"] else (2, -abs(value))


def _points(cells: Cells, values: np.ndarray) -> list[dict[str, Any]]:
    """Every point of a picture, in the measure's own unit."""
    return [
        {
            "system": cell.system,
            "run": cell.run,
            "against": cell.against,
            "sentence": cell.sentence,
            "heard": float(heard),
            "measured": float(value),
        }
        for cell, heard, value in zip(cells.cells, cells.heard, values, strict=True)
        if np.isfinite(value)
    ]


def _notes(
    cells: Cells, measured: MeasuredValues, values: np.ndarray, left_out: int, heard: HeardAnswers
) -> list[dict[str, Any]]:
    """What a reader must know of how it was made."""
    notes: list[dict[str, Any]] = []
    if any(s.natural or s.anchor for s in heard.design.systems):
        notes.append({"key": "without_natural", "values": {}})
    if left_out:
        notes.append({"key": "left_out", "values": {"measures": left_out, "all": len(measured.values)}})
    without = int((~np.isfinite(values).any(0)).sum())
    if without:
        notes.append({"key": "not_measured", "values": {"points": without, "all": len(cells.cells)}})
    if len(cells.systems) < 3:
        notes.append({"key": "two_systems", "values": {"systems": len(cells.systems)}})
    return notes
