"""What this number of listeners, sentences and trainings can show, and what more of each would bring."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from ttskit.errors import TTSKitError
from ttskit_listen.calculator import USUAL, Spreads, smallest
from ttskit_listen.judgements import Heard

__all__ = ["shown_of"]


def shown_of(heard: Heard, statistics: Mapping[str, Any], *, confidence: float = 0.95) -> dict[str, Any]:
    """The half width of the intervals there are and, of a CMOS, what the calculator says of this test and of larger ones."""
    halves = [
        (pair["high"] - pair["low"]) / 2
        for pair in statistics.get("pairs") or ()
        if pair.get("low") is not None and pair.get("high") is not None
    ]
    kept = {one.listener for one in heard.judgements}
    size = {
        "listeners": len(kept),
        "sentences": len({one.sentence for one in heard.judgements}),
        "runs": _runs(heard),
    }
    own = _own(statistics)
    found: dict[str, Any] = {"width": median(halves) if halves else None, "smallest": None, "spreads": None, "rows": []}
    if heard.plan.kind != "cmos" or not kept:
        return found
    for times in ({}, {"listeners": 2}, {"sentences": 2}, {"runs": 2}):
        one = {name: count * times.get(name, 1) for name, count in size.items()}
        try:
            difference = smallest(own or USUAL, one["listeners"], one["sentences"], one["runs"], confidence=confidence)
        except (TTSKitError, NotImplementedError, ValueError):
            return found
        found["rows"].append({**one, "smallest": difference})
    found["smallest"] = found["rows"][0]["smallest"]
    found["spreads"] = "own" if own else "usual"
    return found


def _runs(heard: Heard) -> int:
    """Trainings of the system that was trained least often (natural speech and anchors apart)."""
    apart = {one.name for one in heard.design.systems if one.natural or one.anchor}
    runs: dict[str, set[str]] = {}
    for one in heard.judgements:
        for system, run in ((one.system, one.run), (one.against, one.against_run)):
            if system and system not in apart:
                runs.setdefault(system, set()).add(run)
    return max(1, min((len(own) for own in runs.values()), default=1))


def _own(statistics: Mapping[str, Any]) -> Spreads | None:
    """The spreads that this test itself found; None where one of them is not known."""
    spreads = statistics.get("variances") or {}
    values = [spreads.get(name) for name in ("run", "sentence", "listener", "residual")]
    return Spreads(*values) if all(isinstance(v, int | float) for v in values) and values[3] else None
