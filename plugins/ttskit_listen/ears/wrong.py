"""What a measure got wrong: sentences where it and the listeners disagree most about two sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ttskit_listen.ears.heard import Cells, Stimulus
from ttskit_listen.ears.tables import MeasureFacts
from ttskit_listen.plan import SoundKey

__all__ = ["disagreements"]

_MOST_PAIRS = 20_000


def disagreements(
    cells: Cells,
    measured: np.ndarray,
    facts: Sequence[MeasureFacts],
    sounds: Mapping[str, SoundKey],
    each: int = 3,
    most: int = 60,
) -> list[dict[str, Any]]:
    """Pairs of sounds of one sentence of which listeners prefer one and a measure the other, the strongest first.

    Args:
        measured: (M, C) in the measures' units, as `cells.measured`.
        facts: of each row; measures without a better side disagree with nobody.
        sounds: of the key: what can be played.
        each: at most so many of one measure; most: of all.

    Both differences are counted in their own root mean square over all pairs, what was heard drawn towards 0 as far as few
    answers leave it uncertain (as an empirical Bayes estimate). The strength is their harmonic mean: a few values far out
    of a measure make no disagreement of what listeners hardly told apart.
    """
    if cells.kind == "abx" or not cells.cells:
        return []
    first, second, pairs = _pairs(cells)
    noise = _noise(cells)
    if cells.signed:
        heard, uncertain = cells.heard[first], noise[first]
    else:
        heard, uncertain = cells.heard[first] - cells.heard[second], noise[first] + noise[second]
    if not heard.size:
        return []
    square = float(np.mean(heard**2))
    true = max(square - float(np.mean(uncertain)), 0.05 * square)
    shrunk = heard * true / np.where(true + uncertain > 0, true + uncertain, 1.0)
    strength = _standardised(shrunk)
    names = {(s.system, s.run, s.sentence): name for name, s in sounds.items() if not s.anchor}
    texts = {s.sentence: s.text for s in sounds.values() if s.text}
    found = []
    for row, one in zip(measured, facts, strict=True):
        if one.better not in ("lower", "higher"):
            continue
        apart = row[first] if cells.signed else row[first] - row[second]
        side = -1.0 if one.better == "lower" else 1.0
        other_way = _standardised(side * apart)
        both = np.abs(strength) + np.abs(other_way)
        score = np.where(strength * other_way < 0, -2 * strength * other_way / np.where(both > 0, both, 1.0), 0.0)
        worst = np.argsort(-score, kind="stable")
        taken: set[tuple[str, str, str]] = set()
        for place in worst:
            if score[place] <= 0 or len(taken) == each:
                break
            better, other = pairs[place] if heard[place] > 0 else pairs[place][::-1]
            same = (better.sentence, better.system, other.system)  # one training of each is enough to hear it
            if same in taken:
                continue
            taken.add(same)
            sign = 1.0 if heard[place] > 0 else -1.0
            found.append(
                {
                    "measure": one.key,
                    "sentence": better.sentence,
                    "text": texts.get(better.sentence, ""),
                    "system": better.system,
                    "run": better.run,
                    "against": other.system,
                    "against_run": other.run,
                    "heard": float(sign * heard[place]),
                    "measured": float(sign * apart[place]),
                    "unit": one.unit,
                    "strength": float(score[place]),
                    "sounds": [names.get((c.system, c.run, c.sentence), "") for c in (better, other)],
                }
            )
    return sorted(found, key=lambda item: -item["strength"])[:most]


def _pairs(cells: Cells) -> tuple[np.ndarray, np.ndarray, list[tuple[Stimulus, Stimulus]]]:
    """Places of the cells of each pair, and its two sounds."""
    if cells.signed:
        places = np.arange(len(cells.cells))
        sides = [(c, Stimulus(c.sentence, c.against, c.against_run)) for c in cells.cells]
        return places, places, sides
    by_sentence: dict[str, list[int]] = {}
    for place, cell in enumerate(cells.cells):
        by_sentence.setdefault(cell.sentence, []).append(place)
    found: list[tuple[int, int]] = []
    for own in by_sentence.values():
        pairs = ((a, b) for i, a in enumerate(own) for b in own[i + 1 :])
        found += [(a, b) for a, b in pairs if cells.cells[a].system != cells.cells[b].system]
        if len(found) > _MOST_PAIRS:
            break
    first, second = (np.array([pair[side] for pair in found], int) for side in (0, 1))
    return first, second, [(cells.cells[a], cells.cells[b]) for a, b in found]


def _noise(cells: Cells) -> np.ndarray:
    """(C) variance of each cell's mean: that of listeners about it, taken from all cells together."""
    there = cells.count > 0
    value = np.divide(cells.total, cells.count, out=np.zeros_like(cells.total), where=there)
    answers = there.sum(0)
    around = np.where(there, value - cells.heard, 0.0)
    free = float(np.maximum(answers - 1, 0).sum())
    variance: np.ndarray = (float((around**2).sum()) / free if free else 0.0) / np.maximum(answers, 1)
    return variance


def _standardised(values: np.ndarray) -> np.ndarray:
    known = values[np.isfinite(values)]
    size = float(np.sqrt(np.mean(known**2))) if known.size else 0.0
    found: np.ndarray = values / size if size > 0 else np.full_like(values, np.nan)
    return found
