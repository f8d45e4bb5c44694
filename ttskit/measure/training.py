"""What training cost and how it went: losses against steps and seconds, frames per second, from the runs' own logs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from ttskit.interfaces.measurement import Findings, Measure, Measurement, Observation, Row, Spoken
from ttskit.measure.systems import System
from ttskit.measure.templates import template
from ttskit.pictures.charts import draw_training

__all__ = ["TrainingHistory", "training_curves"]


class TrainingHistory(Measurement):
    """The runs' metrics.jsonl; imported checkpoints have none."""

    def measure(self, spoken: Spoken) -> Findings:
        """Time and rate of each training, and the curves."""
        found = {s.label: training_curves(s) for s in spoken.systems}
        figure = spoken.figure("training.png")
        drawn = draw_training(figure, {name: own["curves"] for name, own in found.items()})
        numbers = {
            Measure("training_s", "training time", "s", "", 0): "seconds",
            Measure("training_frames_per_s", "training speed", "frames/s", "higher", 0): "frames_per_s",
        }
        rows = [
            Row(m, tuple(Observation(name, own[key]) for name, own in found.items() if own[key] is not None))
            for m, key in numbers.items()
        ]
        shown = [row for row in rows if row.observations]
        return Findings(shown, {"training": figure} if drawn else {}, template("training"), {"systems": found})


def training_curves(system: System) -> dict:
    """Losses against steps and seconds, frames per second and time spent, from the run's metrics.jsonl.

    Seconds are those that the trainer logged (training only); a run without them gives none.
    """
    rows = system.run.metrics()
    curves: dict[str, dict[str, Any]] = {}
    for split in ("train", "validation"):
        own = [r for r in rows if r.get("split") == split]
        loss = next((k for k in ("loss", "total") if any(_number(r.get(k)) for r in own)), None)
        if loss is None:
            continue
        own = [r for r in own if _number(r.get(loss))]
        curves[split] = {
            "step": [int(r.get("step", 0)) for r in own],
            "loss": [float(r[loss]) for r in own],
            "seconds": [_first(r, _SECONDS) for r in own],
            "loss_name": loss,
        }
    _fill_seconds(curves)
    rates = [v for r in rows if r.get("split") == "train" and (v := _first(r, ("frames_per_s",))) is not None]
    seconds = [s for c in curves.values() for s in c["seconds"] if s is not None]
    return {
        "curves": curves,
        "frames_per_s": statistics.median(rates) if rates else None,
        "seconds": max(seconds) if seconds else None,
        "steps": system.run.total_steps,
    }


_SECONDS = ("training_s", "train_s", "elapsed_s", "wall_s", "seconds", "time_s")


def _fill_seconds(curves: dict[str, dict[str, list]]) -> None:
    """Validation rows carry no clock of their own: they get the time of the training row at or before their step."""
    train = curves.get("train", {"step": [], "seconds": []})
    known = [(s, t) for s, t in zip(train["step"], train["seconds"], strict=True) if t is not None]
    for curve in curves.values():
        curve["seconds"] = [
            t if t is not None else next((kt for ks, kt in reversed(known) if ks <= s), None)
            for s, t in zip(curve["step"], curve["seconds"], strict=True)
        ]


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


def _first(row: dict, names: Iterable[str]) -> float | None:
    return next((float(row[n]) for n in names if _number(row.get(n))), None)
