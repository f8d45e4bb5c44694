"""The ordinal model of a test: of opinion scores (mos), and of how much better one of two sounds is (cmos)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats as distributions

from ttskit_listen.judgements import Judgement
from ttskit_listen.statistics.effects import Random, crossed, of_pairs
from ttskit_listen.statistics.notes import noted
from ttskit_listen.statistics.ordinal import NoEstimate, Ordinal, fit_ordinal

__all__ = ["ordinal_of"]

_MOST = 11  # different answers: beyond, a scale is continuous


def ordinal_of(
    judgements: Sequence[Judgement], systems: Sequence[str], *, confidence: float = 0.95
) -> tuple[dict[str, Any] | None, list[tuple[str, str]]]:
    """The model's plain data ("ordinal" of the statistics) and notes; None where it has no finite estimate, or answers
    are no steps of a scale.

    Effects are log-odds of a better answer. Sources of variance are listener and sentence, what each has against single
    systems, and trainings where several were heard. Intervals take Student's quantile of the listeners or the sentences,
    whichever are fewer.

    Args:
        systems: in the order in which differences are taken, later minus earlier.
    """
    kind = judgements[0].kind
    named = [name for name in systems if any(name in (j.system, j.against) for j in judgements)]
    if len(named) < 2 or len({j.value for j in judgements}) > _MOST:
        return None, []
    try:
        found, pairs = _of_pairs(judgements, named) if kind == "cmos" else _of_scores(judgements, named)
    except (ValueError, np.linalg.LinAlgError) as error:
        why = error.why if isinstance(error, NoEstimate) else "lost"  # no message
        return None, [noted("ordinal", what=", ".join(named), why=why)]
    free = min(len({j.listener for j in judgements}), len({j.sentence for j in judgements})) - 1
    quantile = float(distributions.t.ppf((1 + confidence) / 2, max(free, 1)))
    rows = []
    for later, earlier, coefficients in pairs:
        value = float(coefficients @ found.beta)
        se = float(np.sqrt(max(coefficients @ found.covariance @ coefficients, 0.0)))
        p = float(2 * distributions.t.sf(abs(value) / se, max(free, 1))) if se > 0 else None
        names = {"system": later, "against": earlier}
        rows.append({**names, "value": value, "low": value - quantile * se, "high": value + quantile * se, "p": p})
    sd = dict(found.sd)
    method = f"cumulative link mixed model (logit; {', '.join(sd) or 'nothing random'}; Laplace)"  # no message
    thresholds = [float(t) for t in found.thresholds]
    return {"pairs": rows, "thresholds": thresholds, "sd": sd, "loglik": found.loglik, "method": method}, []


_Contrast = tuple[str, str, np.ndarray]


def _of_scores(judgements: Sequence[Judgement], systems: Sequence[str]) -> tuple[Ordinal, list[_Contrast]]:
    """Opinion scores: the first system is what the others are compared with."""
    _, answers = np.unique([j.value for j in judgements], return_inverse=True)
    fixed = np.array([[float(j.system == name) for name in systems[1:]] for j in judgements])
    several = [name for name in systems if len({j.run for j in judgements if j.system == name}) > 1]
    random = [
        crossed("listener", [j.listener for j in judgements]),
        crossed("sentence", [j.sentence for j in judgements]),
        crossed("listener × system", [(j.listener, j.system) for j in judgements]),  # no message
        crossed("sentence × system", [(j.sentence, j.system) for j in judgements]),
    ]
    if several:
        random.append(crossed("run", [(j.system, j.run) if j.system in several else None for j in judgements]))
    found = fit_ordinal(answers, fixed, _told_apart(random))
    places = np.vstack([np.zeros(len(systems) - 1), np.eye(len(systems) - 1)])
    pairs = [(systems[j], systems[i], places[j] - places[i]) for i, j in combinations(range(len(systems)), 2)]
    return found, pairs


def _of_pairs(judgements: Sequence[Judgement], systems: Sequence[str]) -> tuple[Ordinal, list[_Contrast]]:
    """Comparisons: an intercept for each pair, beside the order of play, with thresholds around 0."""
    place = {name: i for i, name in enumerate(systems)}
    names = sorted({(j.system, j.against) for j in judgements}, key=lambda pair: (place[pair[1]], place[pair[0]]))
    sizes = sorted({abs(j.value) for j in judgements})
    if sizes == [0.0]:
        raise NoEstimate("alike")
    middle, far = sizes[0] == 0, len(sizes)
    ranks = {size: i for i, size in enumerate(sizes)}
    if middle:
        answers, steps = np.array([far - 1 + int(np.sign(j.value)) * ranks[abs(j.value)] for j in judgements]), 2 * far - 1
    else:
        answers = np.array([far + ranks[j.value] if j.value > 0 else far - 1 - ranks[-j.value] for j in judgements])
        steps = 2 * far
    columns = [[float((j.system, j.against) == name) for j in judgements] for name in names]
    first = np.array([1.0 if j.first else -1.0 for j in judgements])
    if abs(first.mean()) < 1:
        columns.append(list(first))
    random = [
        of_pairs("listener", [(j.listener, j.system) for j in judgements], [(j.listener, j.against) for j in judgements]),
        of_pairs("sentence", [(j.sentence, j.system) for j in judgements], [(j.sentence, j.against) for j in judgements]),
    ]
    if len(names) == 1:  # of one pair a listener's two columns say the same thing twice
        random = [crossed("listener", [j.listener for j in judgements]), crossed("sentence", [j.sentence for j in judgements])]
    if any(len({j.run for j in judgements if j.system == name}) > 1 for name in systems):
        more, less = [(j.system, j.run) for j in judgements], [(j.against, j.against_run) for j in judgements]
        random.append(of_pairs("run", more, less))
    found = fit_ordinal(answers, np.array(columns).T, _told_apart(random), steps=steps, symmetric=True)
    one = np.eye(len(columns))
    return found, [(later, earlier, one[i]) for i, (later, earlier) in enumerate(names)]


def _told_apart(random: Sequence[Random]) -> list[Random]:
    """Sources with several levels, fewer than answers, and no two that part the answers alike."""
    kept: list[Random] = []
    seen: set[bytes] = set()
    for one in random:
        matrix = one.matrix
        rows, levels = matrix.shape
        if not 1 < levels < rows:
            continue
        key = np.asarray((matrix @ matrix.T @ np.arange(1, rows + 1)), float).round(6).tobytes()
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept
