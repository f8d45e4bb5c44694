"""What stands around the effects: what the trainings cost, how fast the systems speak, and what was equal between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ttskit.reading import Misread, parse_json, read_json
from ttskit_study.collected import Arm, Collected, StudyRun

__all__ = ["AMOUNTS", "comparable", "costs", "speed_of"]

AMOUNTS = ("utterances", "frames", "multiply_adds", "seconds")
_LOGGED = {"step", "epoch", "split", "loss", "gradient_norm", "learning_rate", "frames_per_s", "seconds"}
_FACTS = (  # messages
    "parameters",
    "frames per step of decoding",
    "terms of the loss",
    "input besides text in training",
    "help beyond its paper",
    "durations given in training",
    "steps of the checkpoint",
    "vocoder",
    "yes, alignment {name}",
    "yes",
    "no",
    "none",
    "all",
)


def costs(study: Collected) -> list[dict[str, Any]]:
    """What a training of each cell took, mean over its seeds: its own, what it needed (its aligner), and both together."""
    found = []
    for arm in study.arms:
        own, lent = [], []
        for run in study.done:
            if run.arm.name == arm.name and run.cost:
                own.append(_amounts(run.cost.get("training") or run.cost.get("own") or run.cost))
                lent.append(_amounts(run.cost.get("needs") or run.cost.get("aligner") or {}))
        if own:
            line = {"own": _averaged(own), "aligner": _averaged(lent)}
            line["together"] = {k: line["own"][k] + line["aligner"].get(k, 0.0) for k in line["own"]}
            found.append({"cell": arm.name, "label": arm.label, "minutes": arm.minutes, **line})
    return found


def _amounts(cost: Any) -> dict[str, float]:
    """The amounts of one training, or the sum of several."""
    if isinstance(cost, list):
        each = [_amounts(one) for one in cost]
        return {k: sum(one.get(k, 0.0) for one in each) for k in AMOUNTS if any(k in one for one in each)}
    if not isinstance(cost, Mapping):
        return {}
    return {k: float(cost[k]) for k in AMOUNTS if isinstance(cost.get(k), int | float)}


def _averaged(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {k: float(np.mean([one[k] for one in each if k in one])) for k in AMOUNTS if any(k in one for one in each)}


def speed_of(study: Collected) -> dict[str, Any]:
    """What of speed.json the page shows, what `measure_speeds` and `ranking` of ttskit.measure found; empty without it.

    Returns:
        `systems`: by name, `first_audio` (seconds: value, low, high) and `lengths` (tokens, `latency`: value, low, high);
        `fastest`: who is, by what was timed; `why_not`: why nothing is ranked, "" if it is; `machine`; `repeats`.
    """
    speed = study.speed or {}
    known = {run.arm.system for run in study.runs}
    systems = _map(speed.get("systems")) or {name: own for name, own in speed.items() if name in known}
    found: dict[str, Any] = {}
    repeats: list[int] = []
    for name, own in systems.items():
        own = _map(own)
        lengths = [
            {"tokens": one["tokens"], "latency": _spread(one.get("latency", one.get("latency_s")))}
            for one in own.get("lengths") or []
            if isinstance(one, Mapping) and isinstance(one.get("tokens"), int | float)
        ]
        repeats += [int(_map(one.get("latency")).get("count") or 0) for one in own.get("lengths") or []]
        first = _map(own.get("first_audio"))
        found[str(name)] = {
            "lengths": [one for one in lengths if one["latency"]],
            "first_audio": _spread(first),
            "first_audio_tokens": first.get("tokens"),
            "parameters": own.get("parameters"),
        }
    if not found:
        return {}
    ranked = _map(speed.get("ranking"))
    measured = _map(ranked.get("measures"))
    machine = _map(speed.get("machine")) or next(
        (_map(own)["machine"] for own in systems.values() if "machine" in _map(own)), {}
    )
    return {
        "systems": found,
        "fastest": {key: _map(one).get("fastest") for key, one in measured.items()},
        "why_not": str(ranked.get("why_not") or ""),
        "machine": dict(_map(machine)),
        "repeats": max(repeats, default=0),
    }


def _spread(value: Any) -> dict[str, float | None] | None:
    """A time with the spread of its repeats."""
    if isinstance(value, Mapping) and isinstance(value.get("value"), int | float):
        return {key: value.get(key) for key in ("value", "low", "high")}
    return {"value": float(value), "low": None, "high": None} if isinstance(value, int | float) else None


def comparable(study: Collected) -> dict[str, Any]:
    """`systems` and `facts`: one line for each fact: its value for each system, and whether all are equal.

    Only what was planned to differ (the factors) should; size, frames per step, losses, pitch input and help are what a
    reader must know besides.
    """
    systems: dict[str, tuple[Arm, StudyRun]] = {}
    for run in study.done:
        systems.setdefault(run.arm.system, (run.arm, run))
    lines: dict[str, dict[str, str]] = {}
    planned = set()
    for name, (arm, run) in systems.items():
        for factor, level in arm.factors.items():
            planned.add(factor)
            lines.setdefault(factor, {})[name] = level
        for fact, value in _facts(run).items():
            lines.setdefault(fact, {})[name] = value
    found = []
    for fact, values in lines.items():
        shown = [values.get(name, "–") for name in systems]
        found.append({"fact": fact, "values": shown, "same": len(set(shown)) == 1, "planned": fact in planned})
    return {"systems": [arm.label for arm, _ in systems.values()], "facts": found}


def _facts(run: StudyRun) -> dict[str, str]:
    """What is known of a run, as text."""
    stored = _stored(run)
    options = {**_map(stored.get("options")), **_map(run.spoken.get("options"))}
    told = {**_map(run.cell.get("facts")), **_map(run.spoken)}
    found = {}
    parameters = told.get("parameters") or run.cost.get("parameters")
    if parameters:
        found["parameters"] = f"{float(parameters):,.0f}"
    frames = next(
        (options[k] for k in ("frames_per_step", "n_frames_per_step", "reduction_factor", "reduction") if k in options), 1
    )
    found["frames per step of decoding"] = "all" if str(told.get("decoding")) == "parallel" else str(frames)
    if losses := _losses(run):
        found["terms of the loss"] = ", ".join(losses)
    features = told.get("features")
    if features is not None:
        found["input besides text in training"] = ", ".join(map(str, features)) or "none"
    aids = told.get("aids")
    if aids is not None:
        found["help beyond its paper"] = "; ".join(map(str, aids)) or "none"
    found["durations given in training"] = (
        f"yes, alignment {told['alignment']}" if told.get("alignment") else "yes" if run.arm.needs else "no"
    )
    for fact, key in (("steps of the checkpoint", "step"), ("vocoder", "vocoder")):
        if told.get(key) is not None and not isinstance(told[key], Mapping):
            found[fact] = str(told[key])
    return found


def _losses(run: StudyRun) -> list[str]:
    """Names of the terms that its training logged last; those of the trainer and shares of a schedule are no terms."""
    path = run.place.run / "metrics.jsonl"
    found: list[str] = []
    with suppress(OSError, Misread):
        for line in path.read_bytes().splitlines() if path.is_file() else ():
            row = _map(parse_json(line))
            if row.get("split") == "train":
                found = [str(k) for k in row if k not in _LOGGED and not str(k).endswith("_share")]
    return found


def _stored(run: StudyRun) -> Mapping[str, Any]:
    path = run.place.run / "run.json"
    try:
        return _map(read_json(path)) if path.is_file() else {}
    except (OSError, Misread):
        return {}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
