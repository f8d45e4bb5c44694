"""Which effects a set of cells can show: for each factor, interaction and simple effect, a coefficient for every cell.

An effect compares only cells that are equal in everything else, and is the mean over all such comparisons, so that no other
factor leaks into it where the design is incomplete. A factor that only some systems have (help that only frame-by-frame models
need) is *partial*: main effects of the others are of the cells at its first level in the plan, those at other levels are
effects of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from ttskit_study.collected import Arm

__all__ = ["CORPUS", "MINUTES", "Contrast", "Design", "contrasts_of", "design_of"]

MINUTES, CORPUS, SYSTEM = "minutes", "corpus", "system"


@dataclass(frozen=True)
class Contrast:
    """Something to be estimated: Σ coefficient × mean of a cell.

    Args:
        kind: "main", "interaction" or "simple".
        factors: one name, or the two of an interaction.
        levels: (first, second) of each factor; the effect is second − first.
        given: at which levels of the other factors a simple effect is; empty otherwise.
        coefficients: by cell.
        primary: whether the study's claims rest on it (main effects and interactions of the plan's factors).
    """

    kind: str
    factors: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]
    coefficients: Mapping[str, float]
    given: Mapping[str, str] = field(default_factory=dict)
    primary: bool = False

    @property
    def name(self) -> str:
        """As tables have it: "decoding: NAR − AR", "decoding × block", "decoding: NAR − AR | block = LSTM"."""
        if self.kind == "interaction":
            return " × ".join(self.factors)
        first, second = self.levels[0]
        given = ", ".join(f"{k} = {v}" for k, v in self.given.items())
        return f"{self.factors[0]}: {second} − {first}" + (f" | {given}" if given else "")


@dataclass(frozen=True)
class Design:
    """The factors of the cells that have numbers.

    Args:
        arms: the cells.
        levels: by factor, in the plan's order; "minutes" and "corpus" are among them where they vary.
        partial: factors that only some cells have.
        confounded: factors of the plan that are no factors here, since none of them changes alone (or nothing tells systems
            apart): systems are compared as they are.
    """

    arms: Sequence[Arm]
    levels: Mapping[str, Sequence[str]]
    partial: Sequence[str]
    confounded: Sequence[str] = ()

    @property
    def whole(self) -> list[str]:
        """Factors that every cell has."""
        return [name for name in self.levels if name not in self.partial]

    @property
    def factors(self) -> list[str]:
        """Those of the systems: all but minutes and corpus."""
        return [name for name in self.levels if name not in (MINUTES, CORPUS)]

    def of(self, arm: Arm) -> dict[str, str]:
        """The levels of a cell, minutes and corpus included where they vary."""
        found = {name: arm.factors[name] for name in self.levels if name in arm.factors}
        if MINUTES in self.levels:
            found[MINUTES] = _minutes(arm)
        if CORPUS in self.levels:
            found[CORPUS] = arm.corpus
        return found

    @property
    def base(self) -> list[Arm]:
        """Cells that have no partial factor, or its first level."""
        first = {name: self.levels[name][0] for name in self.partial}
        return [arm for arm in self.arms if all(self.of(arm).get(name, level) == level for name, level in first.items())]


def design_of(arms: Sequence[Arm]) -> Design:
    """The factors that vary among the cells, levels in the order in which the plan has them.

    Where no factor of the systems ever changes alone, or systems differ in nothing that the plan calls a factor, "system" is
    the only factor: an effect of decoding that is also one of the block would have the wrong name.
    """
    own: dict[str, dict[str, None]] = {}
    for arm in arms:
        for name, level in arm.factors.items():
            own.setdefault(name, {})[level] = None
    levels = {name: list(found) for name, found in own.items()}
    partial = [name for name in levels if any(name not in arm.factors for arm in arms)]
    levels = {name: found for name, found in levels.items() if len(found) > 1}
    amounts = {arm.minutes: _minutes(arm) for arm in sorted(arms, key=lambda arm: arm.minutes or float("inf"))}
    if len(amounts) > 1:
        levels[MINUTES] = list(amounts.values())
    if len(corpora := list(dict.fromkeys(arm.corpus for arm in arms))) > 1:
        levels[CORPUS] = corpora
    design = Design(arms, levels, [name for name in partial if name in levels])
    places = [tuple(sorted(design.of(arm).items())) for arm in arms]
    own_factors = [name for name in design.levels if name not in (MINUTES, CORPUS)]
    alone = any(_mains(design, name, some) for name in own_factors for some in (design.base, design.arms))
    systems = list(dict.fromkeys(arm.system for arm in arms))
    if len(systems) > 1 and (not alone or len(set(places)) < len(places)):
        rest = {name: found for name, found in levels.items() if name in (MINUTES, CORPUS)}
        named = [replace(arm, factors={SYSTEM: arm.system}) for arm in arms]
        return Design(named, {SYSTEM: systems, **rest}, [], own_factors)
    return design


def contrasts_of(design: Design) -> list[Contrast]:
    """Every effect that the cells can show: main effects, interactions of two factors, then simple effects."""
    whole = [name for name in design.whole if name in design.factors]
    found = [c for name in whole for c in _mains(design, name, design.base, primary=True)]
    found += [c for name in design.partial for c in _mains(design, name, design.arms, primary=True)]
    rest = [name for name in (MINUTES, CORPUS) if name in design.levels]
    found += [c for name in rest for c in _ends(design, name, design.base)]
    for a, b in combinations(whole, 2):
        found += _interaction(design, a, b, primary=True)
    for a in whole:
        found += [c for b in rest for c in _interaction(design, a, b, primary=False)]
    for a in whole:
        for b in design.levels:
            if b == a:
                continue
            for level in design.levels[b]:
                if b in design.partial:
                    if level == design.levels[b][0]:
                        continue  # the main effect is at this level
                    chosen = [arm for arm in design.arms if design.of(arm).get(b, level) == level]
                else:
                    chosen = [arm for arm in design.base if design.of(arm).get(b) == level]
                found += _mains(design, a, chosen, given={b: level})
    for a in design.partial:
        for b in whole:
            for level in design.levels[b]:
                chosen = [arm for arm in design.arms if design.of(arm).get(b) == level]
                found += _mains(design, a, chosen, given={b: level})
    return _different(found)


def _mains(
    design: Design, factor: str, arms: Sequence[Arm], *, primary: bool = False, given: Mapping[str, str] | None = None
) -> list[Contrast]:
    """Each other level of a factor − its first, over the cells that are equal in all else."""
    levels = design.levels[factor]
    kind = "simple" if given else "main"
    found = []
    for second in levels[1:]:
        parts = _matched(design, arms, {factor: (levels[0], second)})
        if parts:
            found.append(Contrast(kind, (factor,), ((levels[0], second),), parts, dict(given or {}), primary))
    return found


def _ends(design: Design, factor: str, arms: Sequence[Arm]) -> list[Contrast]:
    """The last level − the first: what the most minutes are worth."""
    levels = (design.levels[factor][0], design.levels[factor][-1])
    parts = _matched(design, arms, {factor: levels})
    return [Contrast("main", (factor,), (levels,), parts)] if parts else []


def _interaction(design: Design, a: str, b: str, *, primary: bool) -> list[Contrast]:
    """How much larger the effect of `a` is at the last level of `b` than at its first."""
    ends = {a: (design.levels[a][0], design.levels[a][-1]), b: (design.levels[b][0], design.levels[b][-1])}
    parts = _matched(design, design.base, ends)
    return [Contrast("interaction", (a, b), (ends[a], ends[b]), parts, primary=primary)] if parts else []


def _matched(design: Design, arms: Sequence[Arm], ends: Mapping[str, tuple[str, str]]) -> dict[str, float]:
    """Coefficients of the difference (of differences) between two levels; each group of otherwise equal cells weighs the same.

    Partial factors are left out of "otherwise equal" where one of the two sides has no level of them.
    """
    ignored = {name for name in design.partial if name not in ends and _on_one_side(design, arms, name, next(iter(ends)))}
    groups: dict[tuple, dict[tuple[str, ...], str]] = {}
    for arm in arms:
        own = design.of(arm)
        if not all(own.get(name) in pair for name, pair in ends.items()):
            continue
        rest = tuple((k, v) for k, v in own.items() if k not in ends and k not in ignored)
        groups.setdefault(rest, {})[tuple(own[name] for name in ends)] = arm.name
    full = [group for group in groups.values() if len(group) == 2 ** len(ends)]
    found: dict[str, float] = {}
    for group in full:
        for place, arm_name in group.items():
            sign = 1.0
            for level, pair in zip(place, ends.values(), strict=True):
                sign *= 1.0 if level == pair[1] else -1.0
            found[arm_name] = found.get(arm_name, 0.0) + sign / len(full)
    return found


def _on_one_side(design: Design, arms: Sequence[Arm], partial: str, factor: str) -> bool:
    having = {design.of(arm).get(factor) for arm in arms if partial in design.of(arm)}
    lacking = {design.of(arm).get(factor) for arm in arms if partial not in design.of(arm)}
    return bool(having) and bool(lacking) and not having & lacking


def _different(found: Sequence[Contrast]) -> list[Contrast]:
    """Without those that say the same of the same cells as an earlier one (with one level of all else, simple is main)."""
    seen: set[tuple] = set()
    kept = []
    for one in found:
        key = (one.factors, tuple(sorted(one.coefficients.items())))
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept


def _minutes(arm: Arm) -> str:
    return "all" if arm.minutes is None else f"{arm.minutes:g}"
