"""Opening a study that is planned: what it was planned on must be what is there now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.plugins import Registry
from ttskit.runs.lock import RunLock
from ttskit_study.code import code_facts
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Lock, record_deviations
from ttskit_study.plan import StudyPlan, read_plan
from ttskit_study.planning import begun, changes_between, file_digest, locked_facts
from ttskit_study.resolve import Resolved, differences, resolve

__all__ = ["OpenStudy", "note_code", "open_study"]


@dataclass(frozen=True)
class OpenStudy:
    """A study whose plan, recipes and corpora are as they were locked."""

    study: StudyFolder
    lock: Lock
    resolved: Resolved


def open_study(path: Path | str, registry: Registry) -> OpenStudy:
    """Read a study and check that nothing was changed since it was planned, but the code.

    Raises:
        UsageError: no study, or its plan was changed.
        MismatchError: a recipe was changed.
        CorpusError: a corpus is not there, or is another one.
        CheckpointError: lock.json is damaged.
    """
    study = StudyFolder(Path(path))
    lock = Lock.read(study)
    source = Path(lock.plan_file)
    again = f"ttskit study plan {source} -o {study.path}"
    if not study.plan.is_file() or file_digest(study.plan) != lock.plan_sha256:
        raise UsageError(
            f"{study.plan} was changed after it was locked",
            "it is a copy for the record; what is trained stands in lock.json",
            f'change {source} instead, then {again} --deviate "WHY"',
        )
    if source.is_file() and file_digest(source) != lock.plan_sha256:
        raise UsageError(
            f"{source} was changed after it was locked in {study.path}",
            "what is trained is what was locked",
            f'put it back, or lock it anew: {again} --deviate "WHY"',
        )
    resolved = resolve(_plan_of(study, lock), registry)
    changed = changes_between(lock, locked_facts(resolved, registry))
    corpora = sorted(key.split(".")[1] for key in changed if key.startswith("corpora."))
    if corpora:
        name = corpora[0]
        raise CorpusError(
            f"corpus {name!r} of {study.path} was changed after the plan",
            f"its manifest or mel is not that of {lock.corpora[name]['folder']} when it was planned",
            f'put it back, or plan with it as it is: {again} --deviate "WHY"',
        )
    if changed:
        lines = [f"{key.replace('.settings', '')}: {was} → {now}" for key, (was, now) in changed.items()]
        raise MismatchError(
            f"a recipe of {study.path} was changed after the plan",
            "\n".join(lines[:8]),
            f'put it back, or say why it is changed: {again} --deviate "WHY"',
        )
    return OpenStudy(study, lock, resolved)


def _plan_of(study: StudyFolder, lock: Lock) -> StudyPlan:
    """The plan as it was locked, overrides and the defaults of that time included, with the lines of its file."""
    written = read_plan(study.plan, written_as=Path(lock.plan_file))
    try:
        plan = StudyPlan.model_validate(lock.plan)
    except ValidationError:  # of another version, which knew other keys
        return written
    return plan.read_from(written)


def note_code(opened: OpenStudy) -> Lock:
    """Record code that is not that of the plan as a deviation, once trainings were begun; the lock as it is then.

    Another version may compute otherwise: the trainings go on, and the report says so.
    """
    lock = opened.lock
    trained = [*opened.resolved.systems.values(), *([opened.resolved.aligner] if opened.resolved.aligner else [])]
    code = code_facts([one.plugin for one in trained])
    changed = differences(lock.code, code, "code")
    if not changed:
        return lock
    held = opened.study.path / "workers"  # a run's lock has the name of a study's
    held.mkdir(exist_ok=True)
    with RunLock(held):
        lock = Lock.read(opened.study)
        changed = differences(lock.code, code, "code")
        made = begun(opened.study, lock)
        if changed and made:
            record_deviations(opened.study, changed, "the code was another one when the study went on", len(made))
        lock = lock.model_copy(update={"code": code})
        lock.write(opened.study)
    return lock
