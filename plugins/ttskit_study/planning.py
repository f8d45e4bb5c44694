"""`ttskit study plan`: from a plan to a study folder whose lock says all that is going to be trained."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttskit.corpus.storage import write_atomic, write_json
from ttskit.errors import UsageError
from ttskit.plugins import Registry
from ttskit.training.budget import cost_s
from ttskit_study.amounts import Amounts, batches_of, steps_of, walked
from ttskit_study.code import code_facts
from ttskit_study.layout import StudyFolder, cell_name
from ttskit_study.locked import FORMAT, Job, Lock, PlannedRun, jobs_of, record_deviations
from ttskit_study.plan import Budget, StudyPlan, read_plan
from ttskit_study.pricing import COUNTED_BY, Price, price
from ttskit_study.resolve import Resolved, Trained, differences, digest, facts_of, resolve
from ttskit_study.state import now

__all__ = ["Planned", "begun", "changes_between", "file_digest", "locked_facts", "plan_study"]

Tell = Callable[[str], None]
_PLAN = "plan"


@dataclass(frozen=True)
class Planned:
    """What `plan_study` did.

    Args:
        study: its folder.
        lock: what is fixed.
        changed: keys that differ from what was locked before; {} for a new study or an unchanged one.
    """

    study: StudyFolder
    lock: Lock
    changed: Mapping[str, tuple[Any, Any]]


def plan_study(
    path: Path | str,
    out: Path | str | None,
    registry: Registry,
    *,
    overrides: Iterable[str] = (),
    deviate: str = "",
    timed: bool = True,
    tell: Tell = lambda text: None,
) -> Planned:
    """Check a plan with all that it names, count what its trainings take, and lock it in the study's folder.

    Args:
        path: the plan, a YAML file or the name of a shipped one.
        out: the folder; the plan's name beside it (of a shipped one: here) if None.
        overrides: "a.b=c" as given to --set.
        deviate: why a plan is changed whose trainings have begun; kept in deviations.json.
        timed: time some steps of every system, for the hours; a budget of seconds is always timed.
        tell: is told what is being looked at.

    Raises:
        ConfigError: all that is wrong with the plan.
        UsageError: another study lies there, or this one has begun and `deviate` does not say why it is changed.
        CorpusError: a corpus that is not there.
    """
    plan = read_plan(path, overrides)
    study = StudyFolder(Path(out) if out is not None else plan.beside(plan.path.stem))
    before = _there(study, plan)
    resolved = resolve(plan, registry)
    facts = locked_facts(resolved, registry)
    changed: dict[str, tuple[Any, Any]] = {}
    if before is not None:
        changed = changes_between(before, facts)
        trained = begun(study, before)
        if changed and trained and not deviate:
            raise _begun(study, changed, len(trained))
        if not changed and file_digest(plan.path) == before.plan_sha256:
            return Planned(study, before, {})
        if changed and trained:
            record_deviations(study, changed, deviate, len(trained))
    lock = _lock(resolved, facts, registry, timed, tell)
    _write(study, resolved, lock, before)
    return Planned(study, lock, changed)


def changes_between(lock: Lock, facts: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs from what was locked: of the plan, the recipes, the corpora."""
    now_known = {name: facts[name] for name in ("plan", "systems", "aligner", "corpora", "vocoder")}
    found: dict[str, tuple[Any, Any]] = {}
    for name, after in now_known.items():
        was = getattr(lock, name)
        if name in ("systems", "aligner"):  # as the recipes say; prices and sizes are no part of them
            was, after = _settings_of(was), _settings_of(after)
        if name == "corpora":
            was, after = ({k: {f: v[f] for f in ("manifest_sha256", "mel")} for k, v in each.items()} for each in (was, after))
        found |= differences(was, after, name)
        if isinstance(was, dict) and isinstance(after, dict) and name != "plan":
            found |= {f"{name}.{key}": (None, "added") for key in after if key not in was}
        if name == "plan":
            found |= {f"plan.{key}": (None, value) for key, value in _new_names(was, after)}
    return found


def begun(study: StudyFolder, lock: Lock) -> list[Job]:
    """The trainings of which there is anything."""
    return [job for job in jobs_of(study, lock) if job.place.run.exists() or job.place.state_file.exists()]


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _settings_of(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "settings" in value:
        return value["settings"]
    return {name: one["settings"] for name, one in value.items()}


def _new_names(was: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Names of the plan's own mappings that were not there: systems, corpora, factors, measures."""
    for key in ("systems", "primary", "corpus"):
        old, new = was.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from ((f"{key}.{name}", value) for name, value in new.items() if name not in old)
    for name, system in after.get("systems", {}).items():
        old = was.get("systems", {}).get(name, {}).get("factors", {})
        yield from ((f"systems.{name}.factors.{k}", v) for k, v in system.get("factors", {}).items() if k not in old)


def _there(study: StudyFolder, plan: StudyPlan) -> Lock | None:
    """The lock of the same study, if there is one."""
    if not study.lock.exists():
        if study.path.exists() and (not study.path.is_dir() or any(study.path.iterdir())):
            raise UsageError(
                f"{study.path} is not empty and holds no study",
                "a study needs a folder of its own",
                "ttskit study plan PLAN -o NEW",
            )
        return None
    lock = Lock.read(study)
    if lock.name != plan.path.stem:
        raise UsageError(
            f"{study.path} holds another study",
            f"it is of the plan {lock.name!r}, this one is {plan.path.stem!r}: two studies do not share a folder",
            f"ttskit study plan {plan.path} -o NEW_FOLDER",
        )
    return lock


def _begun(study: StudyFolder, changed: Mapping[str, tuple[Any, Any]], trained: int) -> UsageError:
    lines = [f"{key}: {_short(was)} → {_short(now)}" for key, (was, now) in changed.items()]
    many = f"{trained} training has begun" if trained == 1 else f"{trained} trainings have begun"
    return UsageError(
        f"the plan of {study.path} was changed after trainings were made",
        "\n".join([many, *lines[:8], *(["…"] if len(lines) > 8 else [])]),
        'put it back, or say why, and the report says so: --deviate "WHY"; or plan a new study: -o NEW_FOLDER',
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def locked_facts(resolved: Resolved, registry: Registry) -> dict[str, Any]:
    """What a lock holds besides prices, and is compared with."""

    def of(one: Trained) -> dict[str, Any]:
        settings = one.settings(registry)
        return {"settings": settings, "recipe_sha256": digest(settings), "recipe": str(one.plan.recipe), "model": one.model}

    plan = resolved.plan
    systems = {
        name: {
            **of(one),
            "factors": plan.systems[name].factors,
            "label": plan.systems[name].label or name,
            "durations": one.durations,
        }
        for name, one in resolved.systems.items()
    }
    return {
        "plan": plan.to_json(),
        "systems": systems,
        "aligner": of(resolved.aligner) if resolved.aligner else None,
        "corpora": {name: facts_of(corpus) for name, corpus in resolved.corpora.items()},
        "vocoder": resolved.vocoder,
    }


def _lock(resolved: Resolved, facts: dict[str, Any], registry: Registry, timed: bool, tell: Tell) -> Lock:
    plan = resolved.plan
    most = max(plan.minutes) if plan.minutes else None
    prices: dict[tuple[str, str], Price] = {}
    everyone = {**resolved.systems, **({"": resolved.aligner} if resolved.aligner else {})}
    for name, one in everyone.items():
        budget = _budget_of(one, plan)
        for corpus, opened in resolved.corpora.items():
            tell(f"counting a step of {name or 'the aligner'}")
            prices[name, corpus] = price(
                one, opened, most, registry, timed=timed or budget.kind == "seconds", device=plan.device, threads=plan.threads
            )
    amounts: list[float | None] = list(plan.minutes) or [None]
    places = [(minutes, corpus) for corpus in resolved.corpora for minutes in amounts]
    aligners = []
    if resolved.aligner is not None and any(one.durations is True for one in resolved.systems.values()):
        for minutes, corpus in places:
            aligners.append(_planned(resolved, "", resolved.aligner, minutes, corpus, prices["", corpus], None))
    cells = [
        _planned(
            resolved,
            name,
            one,
            minutes,
            corpus,
            prices[name, corpus],
            cell_name("", minutes, corpus) if one.durations is True else None,
        )
        for minutes, corpus in places
        for name, one in resolved.systems.items()
    ]
    for name in everyone:
        cost = prices[name, next(iter(resolved.corpora))]
        own = facts["systems"][name] if name else facts["aligner"]
        own |= {"parameters": cost.parameters, "features": list(cost.features), "aids": list(cost.aids)}
        own |= {"multiply_adds_a_step": cost.multiply_adds, "seconds_a_step": cost.seconds}
    plain: dict[str, Any] = {
        "format": FORMAT,
        "name": plan.path.stem,
        "made": now(),
        "plan_file": str(plan.path.resolve()),
        "plan_sha256": file_digest(plan.path),
        "code": code_facts([one.plugin for one in everyone.values()]),
        "budget": {"kind": plan.budget.kind, "amount": plan.budget.amount},
        "multiply_adds_counted_by": COUNTED_BY,
        "seeds": plan.seeds,
        "aligner_seed": plan.aligner.seed if plan.aligner else 1,
        "cells": [cell.model_dump() for cell in cells],
        "aligners": [aligner.model_dump() for aligner in aligners],
        **facts,
    }
    for own in [*plain["systems"].values(), *([plain["aligner"]] if plain["aligner"] else [])]:
        for key in ("multiply_adds_a_step", "seconds_a_step"):
            own[key] = None if own[key] is None else {str(start): value for start, value in own[key].items()}
    return Lock.model_validate(plain)


def _budget_of(one: Trained, plan: StudyPlan) -> Budget:
    own = getattr(one.plan, "budget", None)
    return own if isinstance(own, Budget) else plan.budget


def _planned(
    resolved: Resolved, name: str, one: Trained, minutes: float | None, corpus: str, cost: Price, needs: str | None
) -> PlannedRun:
    plan = resolved.plan
    seed = plan.seeds[0] if name or plan.aligner is None else plan.aligner.seed
    alignment = one.durations if isinstance(one.durations, str) else None
    batches = batches_of(one, resolved.corpora[corpus], minutes, seed, alignment)
    steps = steps_of(_budget_of(one, plan), batches, cost.model, cost.seconds, cost.multiply_adds)
    utterances, frames = walked(batches, steps)
    adds = cost_s(cost.model, steps, cost.multiply_adds)
    seconds = None if cost.seconds is None else cost_s(cost.model, steps, cost.seconds)
    amounts = Amounts(steps, utterances, frames, adds, seconds)
    return PlannedRun(
        name=cell_name(name, minutes, corpus), system=name, minutes=minutes, corpus=corpus, needs=needs, **amounts.to_json()
    )


def _write(study: StudyFolder, resolved: Resolved, lock: Lock, before: Lock | None) -> None:
    """The folder: plan, cells, and the lock last, so that a lock is that of a whole folder."""
    text = resolved.plan.path.read_bytes()
    write_atomic(study.plan, lambda path: path.write_bytes(text))
    kept = set()
    for job in jobs_of(study, lock):
        kept.add(job.key)
        own = lock.systems.get(job.planned.system) or {}
        cell = {
            "cell": job.planned.name,
            "system": job.planned.system,
            "label": own.get("label", "aligner"),
            "factors": own.get("factors", {}),
            "model": (own or lock.aligner or {}).get("model"),
            "minutes": job.planned.minutes,
            "corpus": job.planned.corpus,
            "training_seed": job.seed,
            "needs": job.planned.needs,
            "durations": own.get("durations", False),
            "steps": job.planned.steps,
            "recipe_sha256": (own or lock.aligner or {}).get("recipe_sha256"),
        }
        if not job.place.run.exists():  # what was trained says by what it was
            write_json(job.place.cell_file, cell)
    for job in jobs_of(study, before) if before is not None else []:
        if job.key not in kept and not job.place.run.exists() and not job.place.state_file.exists():
            job.place.cell_file.unlink(missing_ok=True)
    lock.write(study)
