"""Means, differences and preferences with intervals over listeners, sentences and trainings, from linear mixed models.

Each system, and each pair of systems, has a model of its own on its own answers: natural speech is rated with far less spread
than a voice, and one spread for all would make its interval too wide and those of the voices too narrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ttskit.measure.inference import Estimate
from ttskit_listen.judgements import Judgement
from ttskit_listen.statistics.effects import Fitted, Random, crossed, fit, of_pairs

__all__ = ["Estimated", "apart", "linearised", "mean", "order", "preference", "together"]

_NONE = float("nan")


@dataclass(frozen=True)
class Estimated:
    """An estimate and where its uncertainty comes from.

    Args:
        estimate: with its interval.
        sd: standard deviation of each source; of a difference of two systems, where the estimate is one.
        better, worse, equal: how many answers (or sentences) say that the first is better, worse, neither; None for a mean.
        n: answers.
    """

    estimate: Estimate
    sd: Mapping[str, float] = field(default_factory=dict)
    better: int | None = None
    worse: int | None = None
    equal: int | None = None
    n: int = 0


def mean(judgements: Sequence[Judgement], *, trained: bool = True, confidence: float = 0.95) -> Estimated:
    """The mean of one system's answers (mos, mushra, transcribe).

    Args:
        trained: whether it has trainings; natural speech and anchors have none to be drawn anew.
    """
    values = linearised(judgements)
    runs = _runs([j.run for j in judgements]) if trained else 1
    random = [
        crossed("listener", [j.listener for j in judgements]),
        crossed("sentence", [_item(j) for j in judgements]),
        *([crossed("run", [j.run for j in judgements])] if runs > 1 else []),
        *_clips([(j.run, *_item(j)) for j in judgements]),
    ]
    fixed = np.ones((values.size, 1))
    estimate, fitted = _estimate(values, fixed, random, confidence, runs, _sentences(judgements), trained)
    return Estimated(estimate, _sds(fitted), n=values.size)


def preference(
    judgements: Sequence[Judgement], *, middle: float = 0.0, trained: tuple[bool, bool] = (True, True), confidence: float = 0.95
) -> Estimated:
    """How much better one system is than the other, from answers on pairs (cmos, ab, abx): their mean beside the order.

    Args:
        judgements: of one pair.
        middle: the answer that says neither.
    """
    values = np.array([j.value - middle for j in judgements])
    fixed = [np.ones(values.size)]
    first = np.array([1.0 if j.first else -1.0 for j in judgements])
    if judgements and judgements[0].kind != "abx" and abs(first.mean()) < 1:
        fixed.append(first)
    more = [j.run if trained[0] else None for j in judgements]
    less = [j.against_run if trained[1] else None for j in judgements]
    runs, models = _both_runs(more, less, trained)
    random = _of_differences(judgements, more, less, runs)
    estimate, fitted = _estimate(values, np.column_stack(fixed), random, confidence, runs, _sentences(judgements), models)
    return Estimated(estimate, _sds(fitted), *_counts(values), n=values.size)


def together(
    pairs: Sequence[tuple[Judgement, Judgement]], *, trained: tuple[bool, bool] = (True, True), confidence: float = 0.95
) -> Estimated:
    """First − second of two systems that each listener heard in one and the same trial (mushra)."""
    values = np.array([one.value - other.value for one, other in pairs])
    firsts = [one for one, _ in pairs]
    more = [one.run if trained[0] else None for one, _ in pairs]
    less = [other.run if trained[1] else None for _, other in pairs]
    runs, models = _both_runs(more, less, trained)
    random = _of_differences(firsts, more, less, runs)
    fixed = np.ones((values.size, 1))
    estimate, fitted = _estimate(values, fixed, random, confidence, runs, _sentences(firsts), models)
    return Estimated(estimate, _sds(fitted), *_counts(values), n=values.size)


def apart(
    first: Sequence[Judgement],
    second: Sequence[Judgement],
    *,
    trained: tuple[bool, bool] = (True, True),
    confidence: float = 0.95,
) -> Estimated:
    """First − second of two systems that were heard one at a time (mos, transcribe).

    Listeners and sentences that both systems have in common fall out of the difference; what a listener or a sentence has
    against one of the two stays in it. Counts are of sentences, by their mean answers.
    """
    values = np.concatenate([linearised(first), linearised(second)])
    rows = [*first, *second]
    system = [0] * len(first) + [1] * len(second)
    fixed = np.array([[1.0, 0.0] if s == 0 else [0.0, 1.0] for s in system])
    run = [(s, j.run) if trained[s] else None for s, j in zip(system, rows, strict=True)]
    runs, models = _both_runs([r for r in run if r and not r[0]], [r for r in run if r and r[0]], trained)
    random = [
        crossed("listener", [j.listener for j in rows]),
        crossed("sentence", [_item(j) for j in rows]),
        crossed("listener × system", [(j.listener, s) for j, s in zip(rows, system, strict=True)]),  # no message
        crossed("sentence × system", [(_item(j), s) for j, s in zip(rows, system, strict=True)]),
        *([crossed("run", run)] if runs > 1 else []),
        *_clips([(s, j.run, *_item(j)) for j, s in zip(rows, system, strict=True)]),
    ]
    both = {j.sentence for j in first} & {j.sentence for j in second}
    contrast = np.array([1.0, -1.0])
    estimate, fitted = _estimate(values, fixed, random, confidence, runs, len(both), models, contrast)
    own: list[dict[str, list[float]]] = [defaultdict(list), defaultdict(list)]
    for s, j, value in zip(system, rows, values, strict=True):
        own[s][j.sentence].append(float(value))
    means = np.array([np.mean(own[0][name]) - np.mean(own[1][name]) for name in sorted(both)])
    twice = {"listener": "listener × system", "sentence": "sentence × system"}  # no message
    sd = _sds(fitted)
    sd = {name: float(np.sqrt(2)) * sd.get(twice.get(name, name), 0.0) for name in ("listener", "sentence", "run", "residual")}
    return Estimated(estimate, sd if fitted else {}, *_counts(means), n=values.size)


def order(judgements: Sequence[Judgement], *, middle: float = 0.0, confidence: float = 0.95) -> Estimate | None:
    """How much better a sound is judged for being played first, over all pairs; None where one order only was heard."""
    first = np.array([1.0 if j.first else -1.0 for j in judgements])
    if not first.size or abs(first.mean()) == 1:
        return None
    names = list(dict.fromkeys((j.system, j.against) for j in judgements))
    pair = np.array([[float((j.system, j.against) == name) for name in names] for j in judgements])
    values = np.array([j.value - middle for j in judgements])
    listener = crossed("order", [j.listener for j in judgements]).matrix
    random = [
        Random("order", listener.multiply(first[:, None]).tocsr()),
        crossed("listener", [(j.listener, j.system, j.against) for j in judgements]),
        crossed("sentence", [(_item(j), j.system, j.against) for j in judgements]),
    ]
    fixed = np.column_stack([first, pair])
    c = np.append(1.0, np.zeros(len(names)))
    return _estimate(values, fixed, random, confidence, 1, _sentences(judgements), False, c)[0]


def linearised(judgements: Sequence[Judgement]) -> np.ndarray:
    """Values whose plain mean is Σ value / Σ weight, and that vary as it does (Cochran 1977, 6.3): word errors over words.

    Where all weights are 1 they are the values themselves.
    """
    value, weight = (np.array([getattr(j, name) for j in judgements], float) for name in ("value", "weight"))
    if not value.size or (weight == 1).all():
        return value
    ratio = float(value.sum() / weight.sum())
    return np.asarray(ratio + (value - ratio * weight) / weight.mean())


def _of_differences(
    rows: Sequence[Judgement], more: Sequence[str | None], less: Sequence[str | None], runs: int
) -> list[Random]:
    found = [crossed("listener", [j.listener for j in rows]), crossed("sentence", [_item(j) for j in rows])]
    if runs > 1:
        signed = [[(sign, r) if r is not None else None for r in own] for sign, own in (("+", more), ("-", less))]
        found.append(of_pairs("run", *signed))
        found += _clips([(a, b, *_item(j)) for a, b, j in zip(more, less, rows, strict=True)])
    return found


def _clips(labels: Sequence[Hashable]) -> list[Random]:
    """What one synthesis has that its run and its sentence have not; nothing where hardly any was heard twice."""
    return [crossed("clip", labels)] if len(labels) >= 2 * len(set(labels)) else []


def _estimate(
    values: np.ndarray,
    fixed: np.ndarray,
    random: Sequence[Random],
    confidence: float,
    runs: int,
    sentences: int,
    models: bool,
    contrast: np.ndarray | None = None,
) -> tuple[Estimate, Fitted | None]:
    """The estimate of contrast × β (by default the first effect) and the model; no interval where there is no variance."""
    about = "models" if models and runs > 1 else "these trainings"
    c = np.append(1.0, np.zeros(fixed.shape[1] - 1)) if contrast is None else contrast
    try:
        fitted = fit(values, fixed, random)
        spread = fitted.spread(c)
    except (ValueError, np.linalg.LinAlgError) as error:
        beta = np.linalg.lstsq(fixed, values, rcond=None)[0] if values.size else np.full(c.size, _NONE)
        plain = (float(c @ beta), _NONE, _NONE, _NONE, _NONE, confidence, runs, sentences, "none", None, about)
        return Estimate(*plain, note=str(error)), None  # type: ignore[arg-type]
    value = float(c @ fitted.beta)
    half, se = spread.half(confidence), float(np.sqrt(spread.variance))
    sources = [name for name in fitted.variances if name != "residual"]
    method = f"mixed model ({', '.join(sources) or 'residual only'}; REML, Satterthwaite)"  # no message
    given = (value, value - half, value + half, se, spread.df, confidence, runs, sentences, method, spread.p(value), about)
    return Estimate(*given), fitted  # type: ignore[arg-type]


def _sds(fitted: Fitted | None) -> dict[str, float]:
    return {name: float(np.sqrt(v)) for name, v in fitted.variances.items()} if fitted else {}


def _counts(values: np.ndarray) -> tuple[int, int, int]:
    return int((values > 0).sum()), int((values < 0).sum()), int((values == 0).sum())


def _runs(labels: Sequence[Hashable]) -> int:
    return len({label for label in labels if label not in (None, "")}) or 1


def _both_runs(more: Sequence[Hashable], less: Sequence[Hashable], trained: tuple[bool, bool]) -> tuple[int, bool]:
    """The fewest trainings of a system that has trainings, and whether any has."""
    counts = [_runs(own) for own, has in zip((more, less), trained, strict=True) if has]
    return (min(counts), True) if counts else (1, False)


def _sentences(judgements: Sequence[Judgement]) -> int:
    return len({j.sentence for j in judgements})


def _item(judgement: Judgement) -> tuple[str, str]:
    return judgement.sentence, judgement.speaker
