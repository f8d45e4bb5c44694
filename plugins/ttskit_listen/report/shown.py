"""What this number of listeners, sentences and trainings can show, and what more of each would bring."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from ttskit.errors import TTSKitError
from ttskit_listen.calculator import USUAL_OF, Spreads, smallest, spreads_from
from ttskit_listen.judgements import HeardAnswers

__all__ = ["shown_of"]

_OF_PAIRS = ("cmos", "ab", "abx")


def shown_of(heard: HeardAnswers, statistics: Mapping[str, Any], *, confidence: float = 0.95) -> dict[str, Any]:
    """The half width of the intervals that there are, and what the calculator says of this test and of larger ones.

    Differences are in the unit of the pairs: of transcriptions a share, where the calculator has points.
    """
    pairs = _of_systems(statistics)
    halves = [
        (pair["high"] - pair["low"]) / 2 for pair in pairs if pair.get("low") is not None and pair.get("high") is not None
    ]
    found: dict[str, Any] = {"width": median(halves) if halves else None, "smallest": None, "spreads": None, "rows": []}
    if not pairs or not heard.judgements:
        return found
    times = 100.0 if heard.plan.kind == "transcribe" else 1.0
    spreads, own = _spreads(heard, statistics, times)
    models = all(pair.get("about") == "models" for pair in pairs)
    size = {
        "listeners": len({one.listener for one in heard.judgements}),
        "sentences": len({one.sentence for one in heard.judgements}),
        "runs": _runs(heard),
    }
    more = {"share": _share(heard, size), "about": "models" if models else "these trainings"}
    # Trainings that were not told apart are not doubled: nothing is said of models.
    for twice in ("", "listeners", "sentences", *(("runs",) if models else ())):
        one = {name: count * (2 if name == twice else 1) for name, count in size.items()}
        try:
            shown = smallest(spreads, one["listeners"], one["sentences"], one["runs"], confidence=confidence, **more)  # type: ignore[arg-type]
        except TTSKitError:
            return found
        found["rows"].append({**one, "smallest": shown / times})
    return {**found, "smallest": found["rows"][0]["smallest"], "spreads": "own" if own else "usual"}


def _of_systems(statistics: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Pairs of systems; natural speech and anchors differ by more."""
    pairs = list(statistics.get("pairs") or ())
    return [pair for pair in pairs if pair.get("family", "systems") == "systems"] or pairs


def _spreads(heard: HeardAnswers, statistics: Mapping[str, Any], times: float) -> tuple[Spreads, bool]:
    """Spreads of a difference, and whether this test found them itself."""
    kind = heard.plan.kind
    given = {name: value and value * times for name, value in (statistics.get("variances") or {}).items()}
    if not given.get("residual"):
        return USUAL_OF[kind], False
    try:
        return spreads_from({"kind": kind, "variances": given}, kind), True
    except TTSKitError:
        return USUAL_OF[kind], False


def _share(heard: HeardAnswers, size: Mapping[str, int]) -> float:
    """Answers about one pair (of single sounds: about one system) for each listener and sentence."""
    apart = {one.name for one in heard.design.systems if one.natural or one.anchor}
    counts: dict[tuple[str, str], int] = {}
    for one in heard.judgements:
        if one.system not in apart and one.against not in apart:
            counts[one.system, one.against] = counts.get((one.system, one.against), 0) + 1
    cells = size["listeners"] * size["sentences"]
    return min(1.0, median(counts.values()) / cells) if counts and cells else 1.0


def _runs(heard: HeardAnswers) -> int:
    """Trainings of the system that was trained least often (natural speech and anchors apart)."""
    apart = {one.name for one in heard.design.systems if one.natural or one.anchor}
    runs: dict[str, set[str]] = {}
    for one in heard.judgements:
        for system, run in ((one.system, one.run), (one.against, one.against_run)):
            if system and system not in apart:
                runs.setdefault(system, set()).add(run)
    return max(1, min((len(own) for own in runs.values()), default=1))
