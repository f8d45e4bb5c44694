"""Effects of a factorial design: each factor with all others equal, at each level of the others, and how two interact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from ttskit.errors import InputError
from ttskit.measure.inference.estimates import Estimate, contrast
from ttskit.measure.inference.trials import Trials

__all__ = ["Effect", "Kind", "design_effects", "effects", "run_spread"]

Kind = Literal["main", "interaction", "simple"]
_Factors = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Effect:
    """A contrast of a factorial design.

    Args:
        name: "decoding: AR − NAR"; "decoding: AR − NAR, block LSTM" for a simple effect; for an interaction
            "decoding: AR − NAR × block: LSTM − transformer", the first difference at the one level less that at the other.
        kind: "main" (averaged over the other factors), "simple" (at one level of another) or "interaction".
        factors: its factor; two for an interaction, and for a simple effect the second is the one that is held.
        coefficients: of each system, for `contrast`.
    """

    name: str
    kind: Kind
    factors: tuple[str, ...]
    coefficients: Mapping[str, float]


def design_effects(factors: _Factors) -> list[Effect]:
    """The contrasts that a design allows: main effects first, then interactions, then simple effects.

    Two levels are compared over systems that are equal in every other factor only. A factor whose levels never meet so, because
    it changes together with another one, has no effect of its own and is left out. Of a factor with several levels each pair is
    compared, in the order in which the levels come.

    Args:
        factors: {system: {factor: level}}; every system with the same factors.

    Raises:
        InputError: systems with other factors than the first.
    """
    names = list(next(iter(factors.values()), {}))
    for system, own in factors.items():
        if set(own) != set(names):
            raise InputError(
                f"system {system!r} has the factors {', '.join(own) or 'none'}", f"others have {', '.join(names)}", "give all"
            )
    levels = {name: list(dict.fromkeys(str(own[name]) for own in factors.values())) for name in names}
    pairs = [(name, a, b) for name in names for a, b in combinations(levels[name], 2)]
    found = [_effect(factors, "main", (pair,)) for pair in pairs]
    found += [_effect(factors, "interaction", two) for two in combinations(pairs, 2) if two[0][0] != two[1][0]]
    for pair in pairs:
        for other in names:
            if other != pair[0]:
                found += [_effect(factors, "simple", (pair,), (other, level)) for level in levels[other]]
    return [effect for effect in found if effect is not None]


def effects(trials: Trials, factors: _Factors, *, confidence: float = 0.95, paired: bool = False) -> dict[str, Estimate]:
    """Every effect of `design_effects` with its interval, `standardised` by the spread of runs.

    Raises:
        InputError: a system of the design without numbers.
    """
    spread = run_spread(trials, list(factors))
    found = {}
    for effect in design_effects(factors):
        estimate = contrast(trials, effect.coefficients, confidence=confidence, paired=paired)
        found[effect.name] = replace(estimate, standardised=estimate.value / spread) if spread > 0 else estimate
    return found


def run_spread(trials: Trials, systems: list[str] | None = None) -> float:
    """Standard deviation between the runs of a system, each run's mean over its sentences, pooled over systems.

    NaN where no system has two runs.
    """
    squares, free = 0.0, 0
    for name in trials.systems if systems is None else systems:
        table = trials.table(name)
        if len(table.runs) > 1:
            means = np.nansum(table.value * table.weight, 1) / table.weight.sum(1)
            squares, free = squares + float(((means - means.mean()) ** 2).sum()), free + len(means) - 1
    return float(np.sqrt(squares / free)) if free else float("nan")


def _effect(
    factors: _Factors, kind: Kind, pairs: tuple[tuple[str, str, str], ...], held: tuple[str, str] | None = None
) -> Effect | None:
    """The contrast of one pair of levels, or of two; None where no combination of the others has all its levels."""
    varied = {name for name, _, _ in pairs}
    signs: dict[tuple[str, ...], float] = {(pairs[0][1],): 1.0, (pairs[0][2],): -1.0}
    if len(pairs) == 2:
        second = {pairs[1][1]: 1.0, pairs[1][2]: -1.0}
        signs = {(*one, two): s * t for one, s in signs.items() for two, t in second.items()}
    groups: dict[tuple[tuple[str, str], ...], dict[tuple[str, ...], list[str]]] = {}
    for system, own in factors.items():
        if held is not None and str(own[held[0]]) != held[1]:
            continue
        key = tuple(str(own[name]) for name, _, _ in pairs)
        if key in signs:
            rest = tuple((name, str(level)) for name, level in own.items() if name not in varied)
            groups.setdefault(tuple(sorted(rest)), {}).setdefault(key, []).append(system)
    whole = [group for group in groups.values() if len(group) == len(signs)]
    if not whole:
        return None
    coefficients = {
        system: signs[key] / len(systems) / len(whole)
        for group in whole
        for key, systems in group.items()
        for system in systems
    }
    said = [f"{name}: {a} − {b}" for name, a, b in pairs]
    name = " × ".join(said) + (f", {held[0]} {held[1]}" if held else "")
    return Effect(name, kind, tuple(n for n, _, _ in pairs) + ((held[0],) if held else ()), coefficients)
