"""From single sentences to the report's tables: means with intervals, paired differences, the summary on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ttskit.config.comparison import CompareConfig
from ttskit.measure.catalogue import LEARNED, OK_SHARE, PHONE_ERROR, Measure
from ttskit.measure.speech import NATURAL, RESYNTHESIS, Sample
from ttskit.measure.stats import Interval, difference_interval, mean_interval

Values = Mapping[str, Interval | float | None]


def quality(samples: Sequence[Sample], labels: Sequence[str], measures: Sequence[Measure], config: CompareConfig) -> dict:
    """Per measure: each system's mean over sentences with its interval, and the paired difference of each pair.

    Seeds of one sentence are averaged first: the sentence is the unit.
    """
    setting = {"confidence": config.confidence, "resamples": config.resamples, "seed": config.bootstrap_seed}
    sentences = list(dict.fromkeys(s.item.id for s in samples))
    found = {}
    for measure in measures:
        rows = {name: _per_sentence(samples, name, sentences, measure) for name in (RESYNTHESIS, *labels)}
        values = {name: mean_interval(row, **setting) for name, row in rows.items()}
        if not any(values[name] for name in labels):
            continue
        differences = {
            f"{a} − {b}": difference_interval(rows[a], rows[b], **setting)
            for i, a in enumerate(labels)
            for b in labels[i + 1 :]
        }
        spread = {name: _seed_spread(samples, name, measure) for name in labels} if len(config.seeds) > 1 else {}
        found[measure.key] = {
            **measure.to_json(),
            "how": measure.how.replace("{mcd_order}", str(config.mcd_order)),
            "values": values,
            "differences": differences,
            "deviation_over_seeds": spread,
        }
    return found


def third_party(names: Mapping[str, Mapping]) -> list[Measure]:
    """Measures for registered metrics, from the facts in their descriptions."""
    return [
        Measure(name, name, str(facts.get("unit", "")), str(facts.get("better", "")), 3, str(facts.get("summary", "")))
        for name, facts in names.items()
    ]


def summary_rows(
    labels: Sequence[str],
    quality_found: Mapping,
    robustness: Mapping | None,
    speed: Mapping,
    training: Mapping,
    learned: Mapping,
) -> list[dict]:
    """The table on top: one row per number, the best system marked where the numbers allow it."""
    rows = []

    def add(
        measure: Measure, values: Values, natural: Interval | float | None = None, difference: Interval | None = None
    ) -> None:
        if any(values.get(n) is not None for n in labels):
            rows.append(
                {
                    "key": measure.key,
                    "title": measure.title,
                    "unit": measure.unit,
                    "digits": measure.digits,
                    "better": measure.better,
                    "values": {n: _times(values.get(n), measure.factor) for n in labels},
                    "natural": _times(natural, measure.factor),
                    "difference": _times(difference, measure.factor),
                    "best": _best(values, labels, measure.better),
                }
            )

    pair = f"{labels[0]} − {labels[1]}"
    for measure in quality_found.values():
        shown = Measure(**{k: measure[k] for k in ("key", "title", "unit", "better", "digits", "how", "factor")})
        add(shown, measure["values"], measure["values"].get(RESYNTHESIS), measure["differences"].get(pair))
    if robustness is not None:
        for group, title in robustness["groups"].items():
            own = robustness["systems"]
            for measure, key in ((PHONE_ERROR, "phone_error_rate"), (OK_SHARE, "ok_share")):
                named = replace(measure, key=f"{key}_{group}", title=f"{measure.title}, {title}")
                natural = own.get(NATURAL, {}).get(group, {}).get(key)
                add(
                    named,
                    {n: own.get(n, {}).get(group, {}).get(key) for n in labels},
                    natural,
                    robustness["differences"].get(pair, {}).get(group) if key == "phone_error_rate" else None,
                )
    for measure in LEARNED:
        add(measure, {n: learned.get(n, {}).get(measure.key) for n in labels})
    middle = {n: s["lengths"][len(s["lengths"]) // 2] for n, s in speed.items()}
    tokens = next(iter(middle.values()))["tokens"] if middle else 0
    add(
        Measure("latency_s", f"latency, {tokens} tokens, with vocoder", "s", "lower", 3, ""),
        {n: r["acoustic_s"] + r["vocoder_s"] for n, r in middle.items()},
    )
    add(
        Measure("acoustic_rtf", f"real-time factor, {tokens} tokens, without vocoder", "", "lower", 3, ""),
        {n: r["acoustic_rtf"] for n, r in middle.items()},
    )
    add(
        Measure("throughput", "throughput in batches", "frames/s", "higher", 0, ""),
        {n: s["throughput"]["frames_per_s"] for n, s in speed.items()},
    )
    add(Measure("parameters", "parameters", "million", "", 2, "", 1e-6), {n: float(s["parameters"]) for n, s in speed.items()})
    add(
        Measure("memory_mb", "memory while speaking a batch", "MB", "lower", 1, ""),
        {n: s["memory_mb"] for n, s in speed.items()},
    )
    add(Measure("training_s", "training time", "s", "", 0, ""), {n: t["seconds"] for n, t in training.items()})
    add(
        Measure("training_frames_per_s", "training speed", "frames/s", "higher", 0, ""),
        {n: t["frames_per_s"] for n, t in training.items()},
    )
    return rows


def _per_sentence(samples: Sequence[Sample], system: str, sentences: Sequence[str], measure: Measure) -> list[float]:
    values: dict[str, list[float]] = {}
    for s in samples:
        if s.system == system and measure.key in s.scores:
            values.setdefault(s.item.id, []).append(s.scores[measure.key])
    return [float(np.mean(values[i])) if i in values else float("nan") for i in sentences]


def _seed_spread(samples: Sequence[Sample], system: str, measure: Measure) -> float | None:
    by_seed: dict[int, list[float]] = {}
    for s in samples:
        if s.system == system and np.isfinite(s.scores.get(measure.key, np.nan)):
            by_seed.setdefault(s.seed, []).append(s.scores[measure.key])
    return float(np.std([np.mean(v) for v in by_seed.values()], ddof=1)) if len(by_seed) > 1 else None


def _times(value: Interval | float | None, factor: float) -> dict | float | None:
    if isinstance(value, Interval):
        return {"value": value.value * factor, "low": value.low * factor, "high": value.high * factor, "count": value.count}
    return None if value is None else value * factor


def _best(values: Values, labels: Sequence[str], better: str) -> str | None:
    """The best system, only if its interval is clear of every other's, or a single number better by a tenth."""
    known = {n: v for n in labels if (v := values.get(n)) is not None}
    if better not in ("lower", "higher") or len(known) < 2:
        return None
    sign = 1 if better == "lower" else -1
    low = {n: (min(sign * v.low, sign * v.high) if isinstance(v, Interval) else sign * v) for n, v in known.items()}
    high = {n: (max(sign * v.low, sign * v.high) if isinstance(v, Interval) else sign * v) for n, v in known.items()}
    first = min(known, key=lambda n: high[n])
    room = 0.0 if isinstance(known[first], Interval) else 0.1 * abs(high[first])  # timings wander by some per cent
    return first if all(high[first] + room < low[n] for n in known if n != first) else None
