"""Correlations of many measures with what was heard, and the same of many tests drawn anew from listeners and sentences.

Judgements of one listener go together, and so do those of one sentence: answers drawn one by one would give intervals far too
narrow. Listeners and sentences are therefore drawn whole and independently (the pigeonhole bootstrap, Owen 2007): answers of a
drawn listener to a drawn sentence count as often as both were drawn. It is on the safe side. Where systems have several
trainings, what these add is reckoned apart, as the variance over drawn trainings less that over drawn single cells (Cameron,
Gelbach & Miller 2011, on clusters in several ways): drawn with the others they would bring the noise of single cells once more.

Pairs have no side that comes first: swapping a pair changes the sign of both numbers and must change nothing. Each pair counts
as it stands and swapped, which makes Pearson's r the cosine, and Spearman's and Kendall's what they are of the doubled points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttskit_listen.ears.heard import Cells

__all__ = ["Drawn", "correlations", "draws", "draws_of_runs", "grouped_means", "reliability", "within"]

_STATISTICS = 3  # Pearson, Spearman, Kendall
_BATCH_NUMBERS = 4_000_000  # of one array of a batch


@dataclass(frozen=True, eq=False)
class Drawn:
    """Tests drawn anew.

    Args:
        heard: (B, C) mean of each cell over the drawn listeners.
        weight: (B, C) how often the cell was drawn, 0 where no drawn listener heard it.
        systems: (B, K) how often each system was drawn, for what is said of systems.
    """

    heard: np.ndarray
    weight: np.ndarray
    systems: np.ndarray


def draws(cells: Cells, count: int, seed: int) -> Drawn:
    """Draw `count` tests (seeded) of these listeners and sentences."""
    random = np.random.default_rng(seed)
    of_listener = _drawn(random, count, len(cells.listeners))
    of_sentence = _drawn(random, count, int(cells.sentence.max()) + 1)
    counted = of_listener @ cells.count
    weight = np.where(counted > 0, of_sentence[:, cells.sentence], 0.0)
    heard = (of_listener @ cells.total) / np.where(counted > 0, counted, 1.0)
    return Drawn(heard, weight, _drawn(random, count, len(cells.systems)))


def draws_of_runs(cells: Cells, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Weights (B, C) of tests whose trainings are drawn, of tests whose cells are, and the trainings' degrees of freedom.

    Each system's trainings are drawn among themselves; there is nothing to draw, and the last is 0, where each has one.
    """
    random = np.random.default_rng([seed, 1])
    of_run: dict[tuple[str, str], np.ndarray] = {}
    free = 0
    for system in cells.systems:  # whichever side of a pair it stands on
        own = sorted(run for name, run in cells.runs if name == system)
        free += len(own) - 1
        if len(own) > 1:
            table = _drawn(random, count, len(own))
            of_run |= {(system, run): table[:, i] for i, run in enumerate(own)}
    one = np.ones(count)
    sides = [(c.system, c.run) for c in cells.cells], [(c.against, c.against_run) for c in cells.cells]
    first, second = (np.stack([of_run.get(name, one) for name in side], 1) for side in sides)
    return first * second, _drawn(random, count, len(cells.cells)), free


def _drawn(random: np.random.Generator, count: int, size: int) -> np.ndarray:
    table: np.ndarray = random.multinomial(size, np.full(size, 1 / size), count).astype(float)
    return table


def correlations(measured: np.ndarray, heard: np.ndarray, weight: np.ndarray, signed: bool) -> np.ndarray:
    """Pearson's r, Spearman's ρ and Kendall's τ-b of each measure with what was heard, weighted by how often each point counts.

    Args:
        measured: (M, C), or (B, M, C) where it differs from draw to draw; NaN where there is none.
        heard, weight: (B, C).
        signed: whether each point counts as it stands and with both signs changed.

    Returns:
        (3, B, M); NaN where one side does not vary.
    """
    fixed = measured.ndim == 2
    draws_, measures, cells = len(heard), measured.shape[-2], measured.shape[-1]
    found = np.full((_STATISTICS, draws_, measures), np.nan)
    batch = max(1, int(_BATCH_NUMBERS / max(1, cells**2 * (1 if fixed else measures))))
    layers = _layers(measured, signed) if fixed else None
    for start in range(0, draws_, batch):
        part = slice(start, start + batch)
        own = measured if fixed else measured[part]
        y, w = heard[part], weight[part]
        found[0, part] = _pearson(own, y, w, signed)
        found[1:, part] = _ranked(own, layers or _layers(own, signed), y, w, signed)
    return found


def within(measured: np.ndarray, heard: np.ndarray, weight: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(B, M) Pearson's r of what remains when each group's mean (of a system, of a pair of systems) is taken off."""
    there, filled = _masked(measured)
    sums = np.zeros((3, len(heard), len(measured)))
    for number in range(int(group.max()) + 1):
        own = group == number
        sums += _moments(filled[:, own], there[:, own], heard[:, own], weight[:, own], centred=True)
    return _ratio(*sums)


def grouped_means(values: np.ndarray, weight: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Weighted means over the cells of each group, without those that are NaN.

    Args:
        values: (B or 1, M, C); weight: (B, C).

    Returns:
        (B, M, G); NaN for a group without values.
    """
    groups = int(group.max()) + 1
    found = np.full((len(weight), values.shape[1], groups), np.nan)
    for number in range(groups):
        own = group == number
        part, w = values[:, :, own], weight[:, None, own]
        there = np.isfinite(part)
        counted = np.sum(w * there, -1)
        whole = np.sum(w * np.where(there, part, 0.0), -1)
        found[:, :, number] = np.divide(whole, counted, out=np.full_like(whole, np.nan), where=counted > 0)
    return found


def reliability(cells: Cells, seed: int, splits: int = 200) -> dict[str, float]:
    """How well the mean over these listeners would go with that of as many others: halves of the listeners, at random, their
    correlation stepped up to all (Spearman–Brown), the mean over `splits`.

    Returns:
        "sentence", of all points; "within", of what differs inside systems (or pairs of systems); "system". NaN where too few
        points were heard by both halves. The square root is the highest correlation that a perfect measure can be expected to
        reach.
    """
    random = np.random.default_rng(seed)
    listeners = len(cells.listeners)
    if listeners < 4:
        return dict.fromkeys(("sentence", "within", "system"), np.nan)
    first = random.permuted(np.tile(np.arange(listeners) % 2, (splits, 1)), axis=1).astype(float)
    halves, counts = [], []
    for chosen in (first, 1 - first):
        counted = chosen @ cells.count
        halves.append((chosen @ cells.total) / np.where(counted > 0, counted, 1.0))
        counts.append(counted)
    weight = ((counts[0] > 0) & (counts[1] > 0)).astype(float)
    found: dict[str, list[float]] = {"sentence": [], "within": [], "system": []}
    for a, b, w in zip(*halves, weight, strict=True):
        if np.sum(w > 0) < 3:
            continue
        one = (a[None], b[None], w[None])
        found["sentence"].append(float(_pearson(*one, cells.signed)[0, 0]))
        found["within"].append(float(within(*one, cells.group)[0, 0]))
        means = [grouped_means(side[None, None], w[None], cells.group)[0, 0] for side in (a, b)]
        there = np.isfinite(means[0]) & np.isfinite(means[1])
        if there.sum() > 2:
            r = _pearson(means[0][None, there], means[1][None, there], np.ones((1, int(there.sum()))), cells.signed)
            found["system"].append(float(r[0, 0]))
    return {name: _stepped_up(values) for name, values in found.items()}


def _stepped_up(values: list[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    if not known:
        return float("nan")
    mean = float(np.mean(known))
    return 2 * mean / (1 + mean) if mean > 0 else 0.0


def _masked(measured: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where there are values, and the values without their mean and scale, 0 where there are none."""
    there = np.isfinite(measured)
    return there.astype(float), np.where(there, measured, 0.0)


def _pearson(measured: np.ndarray, heard: np.ndarray, weight: np.ndarray, signed: bool) -> np.ndarray:
    there, filled = _masked(measured)
    return _ratio(*_moments(filled, there, heard, weight, centred=not signed))


def _moments(
    filled: np.ndarray, there: np.ndarray, heard: np.ndarray, weight: np.ndarray, centred: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of squares and of products, (B, M) each, about the weighted means or about 0."""
    if filled.ndim == 2:
        times = lambda left, right: left @ right.T  # noqa: E731 - (B, C) and (M, C)
    else:
        times = lambda left, right: np.einsum("bc,bmc->bm", left, right)  # noqa: E731
    xx, yy, xy = times(weight, filled**2), times(weight * heard**2, there), times(weight * heard, filled)
    if centred:
        counted = times(weight, there)
        safe = np.where(counted > 0, counted, 1.0)
        x, y = times(weight, filled), times(weight * heard, there)
        flat = 1e-12 * np.maximum(xx, 1e-300), 1e-12 * np.maximum(yy, 1e-300)  # equal but for rounding
        xx, yy, xy = xx - x**2 / safe, yy - y**2 / safe, xy - x * y / safe
        xx, yy = np.where(xx > flat[0], xx, 0.0), np.where(yy > flat[1], yy, 0.0)
    return xx, yy, xy


def _ratio(xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.maximum(xx, 0.0) * np.maximum(yy, 0.0))
    ratio: np.ndarray = np.divide(xy, scale, out=np.full_like(scale, np.nan), where=scale > 0)
    return np.clip(ratio, -1.0, 1.0)


def _layers(values: np.ndarray, signed: bool) -> list[np.ndarray]:
    """(…, C, C) signs of all differences, and where points count with both signs also of all sums; 0 where a value lacks."""
    values = np.asarray(values, np.float32)
    found = [values[..., :, None] - values[..., None, :]]
    if signed:
        found.append(values[..., :, None] + values[..., None, :])
    return [np.nan_to_num(np.sign(layer)).astype(np.float32) for layer in found]


def _ranked(measured: np.ndarray, layers: list[np.ndarray], heard: np.ndarray, weight: np.ndarray, signed: bool) -> np.ndarray:
    """Spearman's and Kendall's, (2, B, M), from signs of differences: a rank, from the middle, is half their weighted sum."""
    fixed = measured.ndim == 2
    count, measures, size = len(heard), measured.shape[-2], measured.shape[-1]
    there = np.isfinite(measured).astype(np.float32)
    own = _layers(heard, signed)  # (B, C, C)
    w = weight.astype(np.float32)
    if fixed:
        wm = w[:, None, :] * there  # (B, M, C)
        ranks_x = sum(np.matmul(layer, wm.transpose(1, 2, 0)).transpose(2, 0, 1) for layer in layers)
    else:
        wm = w[:, None, :] * there
        ranks_x = sum(np.einsum("bmij,bmj->bmi", layer, wm) for layer in layers)
    ranks_y = sum(np.matmul(wm, layer.transpose(0, 2, 1)) for layer in own)
    xx, yy, xy = (
        (wm * a * b).sum(-1, dtype=np.float64) for a, b in ((ranks_x, ranks_x), (ranks_y, ranks_y), (ranks_x, ranks_y))
    )
    spearman = _ratio(xx, yy, xy)
    pairs = (w[:, :, None] * w[:, None, :]).reshape(count, size**2)
    both = (there[..., :, None] * there[..., None, :]).reshape(*there.shape[:-1], size**2)
    kx = ky = kxy = np.zeros((count, measures))
    for layer, mine in zip(layers, own, strict=True):
        flat, signs = layer.reshape(*layer.shape[:-2], size**2), mine.reshape(count, size**2)
        if fixed:
            kxy = kxy + (pairs * signs) @ flat.T
            kx = kx + pairs @ np.abs(flat).T
            ky = ky + (pairs * np.abs(signs)) @ both.T
        else:
            kxy = kxy + np.einsum("bp,bmp->bm", pairs * signs, flat)
            kx = kx + np.einsum("bp,bmp->bm", pairs, np.abs(flat))
            ky = ky + np.einsum("bp,bmp->bm", pairs * np.abs(signs), both)
    return np.stack([spearman, _ratio(kx, ky, kxy)])
