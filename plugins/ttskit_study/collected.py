"""What a study has so far, read from its folder: every training with its numbers, and what is missing and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ttskit.errors import CheckpointError, TTSKitError
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS
from ttskit.reading import Misread, YamlFault, parse_yaml, read_json
from ttskit_study.layout import RunPlace, StudyFolder
from ttskit_study.spoken import read_cell, read_observations, tidy
from ttskit_study.state import read_state

__all__ = ["Arm", "Collected", "StudyRun", "collect"]

_MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class Arm:
    """A cell: what is trained several times, with different seeds; the unit that effects compare.

    Args:
        name: its folder, fastpitch-5min.
        system, label: of the plan.
        factors: levels by factor.
        minutes: of training speech; None for all.
        corpus: its name in the plan.
        needs: the training that it needs, "" for none.
    """

    name: str
    system: str
    label: str
    factors: Mapping[str, str]
    minutes: float | None
    corpus: str
    needs: str = ""


@dataclass(frozen=True)
class StudyRun:
    """One training.

    Args:
        arm, seed: which.
        place: its folder.
        status: "done" with numbers; else "pending", "running", "interrupted" or "failed".
        why: of "failed", in words.
        cell, spoken, cost: what cell.json, sentences.json and cost.json hold; empty where there are none.
        rows: its observations with the columns of the tidy table, those of natural speech included.
    """

    arm: Arm
    seed: int
    place: RunPlace
    status: str
    why: str = ""
    cell: Mapping[str, Any] = field(default_factory=dict)
    spoken: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[dict[str, Any]] = ()

    @property
    def own(self) -> list[dict[str, Any]]:
        """Numbers of the run itself."""
        return [row for row in self.rows if row["system"] not in (NATURAL, RESYNTHESIS)]


@dataclass(frozen=True)
class Collected:
    """A study as it stands.

    Args:
        folder: the study.
        plan, lock: as they are on disk.
        deviations: what was changed after the plan.
        runs: all trainings that were planned, in the plan's order.
        speed: what speed.json holds, None if there is none.
        problems: files that could not be read, a sentence each.
    """

    folder: Path
    plan: Mapping[str, Any]
    lock: Mapping[str, Any]
    deviations: Sequence[Mapping[str, Any]]
    runs: Sequence[StudyRun]
    speed: Mapping[str, Any] | None
    problems: Sequence[str] = ()

    @property
    def done(self) -> list[StudyRun]:
        """Trainings with numbers."""
        return [run for run in self.runs if run.status == "done"]

    @property
    def arms(self) -> list[Arm]:
        """Every cell of which a training has numbers, in the plan's order."""
        return list({run.arm.name: run.arm for run in self.done}.values())

    @property
    def measures(self) -> dict[str, dict[str, Any]]:
        """What is known of each measure: title, unit, better, digits, how."""
        found: dict[str, dict[str, Any]] = {}
        for run in self.done:
            for key, facts in _mapping(run.spoken.get("measures")).items():
                found.setdefault(str(key), dict(_mapping(facts)))
            for row in run.rows:
                known = {"title": row["measure"], "unit": row["unit"], "better": "", "digits": 2, "how": ""}
                known["measurement"] = row["measurement"]
                found[row["measure"]] = known | found.get(row["measure"], {})
        return found

    def data(self, measurement: str) -> dict[str, Any]:
        """What a measurement left besides its numbers, from the first training that has it."""
        for run in self.done:
            for holder in (run.spoken.get("data"), run.spoken.get("measurements")):
                found = _mapping(_mapping(holder).get(measurement))
                if found:
                    return dict(_mapping(found.get("data")) or found)
        return {}

    def natural(self, measure: str) -> float | None:
        """What natural speech has, recordings first, else recordings through the vocoder; weighted mean over sentences."""
        for name in (NATURAL, RESYNTHESIS):
            for run in self.done:
                found = [
                    row
                    for row in run.rows
                    if row["system"] == name and row["measure"] == measure and math.isfinite(row["value"])
                ]
                weight = sum(row["weight"] for row in found)
                if weight > 0:
                    return sum(row["value"] * row["weight"] for row in found) / weight
        return None


def collect(folder: Path | str) -> Collected:
    """Read a study, complete or not: a training that cannot be read counts as failed, with its reason.

    Raises:
        CheckpointError: the folder is no study (it has no plan that can be read).
    """
    place = StudyFolder(Path(folder))
    problems: list[str] = []
    plan = _plan(place)
    lock = _json(place.lock, problems)
    changed = _json(place.deviations, problems)
    listed = changed.get("deviations", []) if isinstance(changed, Mapping) else changed
    deviations = [one if isinstance(one, Mapping) else {"what": str(one)} for one in listed] if isinstance(listed, list) else []
    speed = _json(place.speed, problems) if place.speed.is_file() else None
    found = [_run(one) for one in place.made()]
    order = {name: n for n, name in enumerate(_mapping(plan.get("systems")))}
    minutes = [float(m) for m in plan.get("minutes") or []]
    found += _not_begun(place, _mapping(lock), {(run.arm.name, run.seed) for run in found}, plan)

    def rank(run: StudyRun) -> tuple[float, ...]:
        amount = run.arm.minutes
        at = minutes.index(amount) if amount in minutes else len(minutes)
        return (order.get(run.arm.system, len(order)), at, run.seed)

    runs = sorted(found, key=lambda run: (run.arm.corpus, *rank(run)))
    return Collected(
        place.path, plan, _mapping(lock), deviations, runs, _mapping(speed) if speed is not None else None, problems
    )


def _plan(place: StudyFolder) -> dict[str, Any]:
    try:
        plan = parse_yaml(place.plan.read_text(encoding="utf-8"))
    except (OSError, ValueError, YamlFault, yaml.YAMLError) as error:
        why = _reason(error)
        raise CheckpointError(f"{place.path} is not a study", f"{place.plan}: {why}", "ttskit study plan PLAN.yaml") from error
    if not isinstance(plan, dict):
        why = f"{place.plan} holds no keys"
        raise CheckpointError(f"{place.path} is not a study", why, "ttskit study plan PLAN.yaml")
    return plan


def _run(place: RunPlace) -> StudyRun:
    """One training from its folder; whatever of it cannot be read makes it a failed one."""
    seed = int(name) if (name := place.folder.name).isdecimal() else 0
    arm = Arm(place.folder.parent.name, place.folder.parent.name, place.folder.parent.name, {}, None, "")
    try:
        cell = read_cell(place.cell_file)
        arm = _arm(place.folder.parent.name, cell)
        state = read_state(place)
        if state.status != "done":
            return StudyRun(arm, seed, place, state.status, state.error, cell)
        rows = list(tidy({**cell, "factors": arm.factors}, read_observations(place.observations)))
        spoken: dict[str, Any] = read_json(place.sentences, dict[str, Any], limit_bytes=_MOST_BYTES)
        cost: dict[str, Any] = read_json(place.cost, dict[str, Any]) if place.cost.is_file() else {}
    except TTSKitError as error:
        return StudyRun(arm, seed, place, "failed", error.what + (f": {error.why}" if error.why else ""))
    except (OSError, Misread, KeyError, TypeError, ValueError) as error:
        why = _reason(error)
        return StudyRun(arm, seed, place, "failed", f"{place.key} cannot be read: {why}")
    return StudyRun(arm, seed, place, "done", "", cell, spoken, cost, rows)


def _arm(name: str, cell: Mapping[str, Any]) -> Arm:
    minutes = cell.get("minutes")
    factors = {str(k): str(v) for k, v in _mapping(cell.get("factors")).items()}
    system = str(cell["system"])
    return Arm(
        name,
        system,
        str(cell.get("label") or system),
        factors,
        None if minutes is None else float(minutes),
        str(cell.get("corpus") or ""),
        str(cell.get("needs") or ""),
    )


def _not_begun(
    place: StudyFolder, lock: Mapping[str, Any], known: set[tuple[str, int]], plan: Mapping[str, Any]
) -> list[StudyRun]:
    """Trainings that the lock names and that have no folder yet."""
    seeds = lock.get("seeds") or plan.get("seeds") or []
    planned = _mapping(plan.get("systems"))
    found = []
    for one in lock.get("cells") or []:
        with suppress(KeyError, TypeError, ValueError):  # a lock that was damaged names fewer
            own = _mapping(planned.get(one["system"]))
            arm = _arm(str(one["name"]), {**one, "factors": own.get("factors"), "label": own.get("label")})
            places = [place.cell(arm.name, int(seed)) for seed in seeds if (arm.name, int(seed)) not in known]
            found += [StudyRun(arm, int(at.folder.name), at, "pending", cell=one) for at in places]
    return found


def _json(path: Path, problems: list[str]) -> Any:
    """What a file of the study holds; an empty mapping, and a problem, where it cannot be read."""
    if not path.is_file():
        return {}
    try:
        return read_json(path, limit_bytes=_MOST_BYTES)
    except (OSError, Misread) as error:
        problems.append(f"{path.name} cannot be read: {_reason(error)}")
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or (
        str(error) if isinstance(error, Misread) else f"{type(error).__name__}: {error}"
    )
