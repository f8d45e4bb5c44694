"""Who is faster: by the ratios within each round, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ttskit.interfaces.measurement import Measure, Observation, Repeats, Row
from ttskit.measure import turns

__all__ = ["ranking", "speed_rows"]

_SUMMARY = ("first_audio_s", "latency_s", "acoustic_s", "batch_s")  # what is timed in every round, shown and ranked


def ranking(speeds: Mapping[str, Mapping[str, Any]], confidence: float = 0.95) -> dict[str, Any]:
    """Who is faster, by the ratios within each round, from what `measure_speeds` found.

    The rule: a system is faster than another where the interval of the median of their ratios (`turns.paired_ratio`) does not
    hold 1; it is the fastest where it is faster than every other. Nothing is ranked where other processes kept more of the
    machine busy than was left beside the threads (`turns.MachineLoad.busy`), nor with too few rounds for an interval.

    Returns:
        {"why_not": why nothing is ranked, "" if it is, "confidence", "measures"}, the last one by "first_audio_s", "latency_s",
        "acoustic_s" and "batch_s": {"fastest": label or None, "ratios": {"a / b": `turns.Spread` as data}}.
    """
    labels = list(speeds)
    machines = [own["machine"] for own in speeds.values()]
    rounds = min((len(own["rounds"]["first_audio_s"]) for own in speeds.values()), default=0)
    why_not = ""
    if busy := next((m for m in machines if m["busy"]), None):
        why_not = (
            f"other processes kept {busy['others']:.1f} of {busy['cores']} cores busy beside {busy['threads']} threads "
            "of this one; measure again when the machine is idle"
        )
    elif rounds and turns.median_spread(range(rounds), confidence).low is None:
        why_not = f"{rounds} rounds are too few for an interval of {confidence:.0%}; set compare.speed_repeats to 7 or more"
    measures: dict[str, Any] = {}
    for key in _SUMMARY:
        ratios = {
            (a, b): turns.paired_ratio(speeds[a]["rounds"][key], speeds[b]["rounds"][key], confidence)
            for a in labels
            for b in labels
            if a != b
        }
        clear = {pair for pair, ratio in ratios.items() if ratio.excludes(1.0) and ratio.value < 1.0}
        fastest = [a for a in labels if len(labels) > 1 and all((a, b) in clear for b in labels if b != a)]
        measures[key] = {
            "fastest": fastest[0] if fastest and not why_not else None,
            "ratios": {f"{a} / {b}": ratios[a, b].to_json() for i, a in enumerate(labels) for b in labels[i + 1 :]},
        }
    return {"why_not": why_not, "confidence": confidence, "measures": measures}


def speed_rows(speeds: Mapping[str, Mapping[str, Any]], found: Mapping[str, Any]) -> list[Row]:
    """Lines of the summary; each number of a system with the spread of its rounds."""
    first = next(iter(speeds.values()))
    middle = len(first["lengths"]) // 2
    tokens = first["lengths"][middle]["tokens"]
    text_s, batch_s = first["lengths"][middle]["natural_s"], first["throughput"]["natural_s"]
    listened = first["first_audio"]["tokens"]
    factor = "Seconds of work for a second of speech, of the text's natural length: the same for all."
    timed: tuple[tuple[str, Callable[[float], float], Measure], ...] = (
        (
            "first_audio_s",
            lambda s: s,
            Measure(
                "first_audio_s",
                f"time to first audio, {listened} tokens",
                "s",
                "lower",
                3,
                "From a sentence's text to its first samples, as a stream gives them: a vocoder that streams begins with a "
                "few frames, what does not gives its first part whole.",
            ),
        ),
        (
            "latency_s",
            lambda s: s,
            Measure("latency_s", f"latency, {tokens} tokens, with vocoder", "s", "lower", 3, "From tokens to the whole audio."),
        ),
        (
            "acoustic_s",
            lambda s: s / text_s,
            Measure("acoustic_rtf", f"real-time factor, {tokens} tokens, without vocoder", "", "lower", 3, factor),
        ),
        (
            "batch_s",
            lambda s: batch_s / s,
            Measure(
                "throughput",
                "throughput in batches, without vocoder",
                "s of speech/s",
                "higher",
                1,
                "Seconds of speech, of the texts' natural length, for a second of work.",
            ),
        ),
    )
    rows = [_timed_row(measure, key, of, speeds, found) for key, of, measure in timed]
    counted = {
        Measure("parameters", "parameters", "million", "", 2, factor=1e-6): {n: own["parameters"] for n, own in speeds.items()},
        Measure("memory_mb", "memory while speaking a batch", "MB", "lower", 1): {
            n: own["memory_mb"] for n, own in speeds.items()
        },
    }
    for measure, own in counted.items():
        values = {name: float(value) for name, value in own.items() if value is not None}
        observations = tuple(Observation(name, value) for name, value in values.items())
        rows.append(Row(measure, observations, repeats=Repeats({name: (v, None, None, 1) for name, v in values.items()})))
    return rows


def _timed_row(
    measure: Measure,
    key: str,
    of: Callable[[float], float],
    speeds: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, Any],
) -> Row:
    """A row of what is timed in every round; differences within rounds where something is ranked."""
    rounds = {name: [of(s) for s in own["rounds"][key]] for name, own in speeds.items()}
    confidence = found["confidence"]

    def known(values: Sequence[float]) -> tuple[float, float | None, float | None, int]:
        spread = turns.median_spread(values, confidence)
        return spread.value, spread.low, spread.high, spread.count

    labels = list(rounds)
    pairs = [(a, b) for i, a in enumerate(labels) for b in labels[i + 1 :]] if not found["why_not"] else []
    differences = {f"{a} − {b}": known([x - y for x, y in zip(rounds[a], rounds[b], strict=True)]) for a, b in pairs}
    repeats = Repeats({n: known(own) for n, own in rounds.items()}, differences, found["measures"][key]["fastest"])
    return Row(measure, tuple(Observation(name, own[0]) for name, own in repeats.values.items()), repeats=repeats)
