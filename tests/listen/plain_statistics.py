"""Statistics in the form of `statistics_of`, by means alone: what pages and tables are tested on without fitting models."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import numpy as np

from ttskit_listen.judgements import HeardAnswers

__all__ = ["plain_statistics"]


def _interval(values: list[float]) -> tuple[float, float, float]:
    mean, half = float(np.mean(values)), 1.96 * float(np.std(values)) / max(1, len(values)) ** 0.5
    return mean, mean - half, mean + half


def plain_statistics(heard: HeardAnswers, *, confidence: float = 0.95) -> dict[str, Any]:
    """Means of what was judged, with intervals as if every answer stood alone."""
    kind = heard.plan.kind
    own: dict[Any, list[Any]] = defaultdict(list)
    for one in heard.judgements:
        own[(one.system, one.against) if one.against else one.system].append(one)
    centre = {"ab": 0.5, "abx": 0.5}.get(kind, 0.0)
    systems, pairs = [], []
    shown = {one.name: one for one in heard.design.systems}
    for name, said in own.items():
        values = [one.value / max(1.0, one.weight) if kind == "transcribe" else one.value for one in said]
        mean, low, high = _interval(values)
        if isinstance(name, tuple):
            counts = {
                "better": sum(v > centre for v in values),
                "worse": sum(v < centre for v in values),
                "equal": sum(v == centre for v in values),
            }
            pairs.append(_pair(*name, mean - centre, low - centre, high - centre, len(values), **counts))
            continue
        systems.append(
            {
                "system": name,
                "n": len(values),
                "listeners": len({one.listener for one in said}),
                "sentences": len({one.sentence for one in said}),
                "runs": len({one.run for one in said if one.run}),
                "mean": mean,
                "low": low,
                "high": high,
                "sd": float(np.std(values)),
                "natural": name in shown and shown[name].natural,
                "anchor": name in shown and shown[name].anchor,
            }
        )
    for a, b in itertools.combinations(systems, 2):
        half = (b["high"] - b["low"] + a["high"] - a["low"]) / 2
        value = b["mean"] - a["mean"]
        pairs.append(_pair(b["system"], a["system"], value, value - half, value + half, b["n"]))
    ordinal = None
    if kind in ("cmos", "mos"):
        ordinal = {"pairs": [{**row, "value": row["value"] * 1.2} for row in pairs], "thresholds": [], "sd": {}, "loglik": -1.0}
    strengths = None
    if kind == "ab":
        strengths = [
            {"system": one.name, "value": i - 0.5, "low": i - 0.9, "high": i - 0.1} for i, one in enumerate(shown.values())
        ]
    return {
        "kind": kind,
        "scale": {"low": 0, "high": 1, "unit": "", "better": "lower" if kind == "transcribe" else "higher"},
        "listeners": sum(one.kept for one in heard.listeners),
        "judgements": len(heard.judgements),
        "sentences": len({one.sentence for one in heard.judgements}),
        "runs": 2,
        "systems": systems,
        "pairs": pairs,
        "ordinal": ordinal,
        "strengths": strengths,
        "variances": {"listener": 0.3, "sentence": 0.4, "run": 0.2, "residual": 1.1} if kind != "abx" else None,
        "order": {"value": 0.1, "low": -0.1, "high": 0.3} if kind in ("cmos", "ab") else None,
        "reliability": {
            "alpha": 0.31,
            "alpha_low": 0.2,
            "alpha_high": 0.4,
            "level": "ordinal",
            "icc_one": 0.25,
            "icc_mean": 0.8,
            "raters": 4,
        },
        "groups": None,
        "notes": [],
    }


def _pair(system: str, against: str, value: float, low: float, high: float, n: int, **counts: int) -> dict[str, Any]:
    word = "better" if low > 0 else "worse" if high < 0 else "not known"
    return {
        "system": system,
        "against": against,
        "value": value,
        "low": low,
        "high": high,
        "p": 0.0004 if word != "not known" else 0.31,
        "holm": 0.0004 if word != "not known" else 0.31,
        "word": word,
        "n": n,
        "better": None,
        "worse": None,
        "equal": None,
        "method": "means",
        "about": "models",
        **counts,
    }
