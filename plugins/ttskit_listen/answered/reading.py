"""Answer files, from wherever they come: each is counted once and whole, or not at all, and then a line says why.

Files come in by mail, from strangers' browsers: they are bounded in size, held to `AnswerFile` and to the plan, and never
believed. A file that says one wrong thing is left out whole, for nobody knows what else in it is wrong.
"""

from __future__ import annotations

import json
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ttskit.errors import InputError
from ttskit.reading import Misread, as_type, read_limited, shown
from ttskit.terminal import plain_line
from ttskit_listen.answers import LIMIT_BYTES, Answer, AnswerFile
from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import ListeningPlan, Trial, form_of

__all__ = ["MOST_FILES", "Received", "misfit", "parsed", "read_answers", "received"]

MOST_FILES = 20_000  # of one analysis
_MOST_UNPACKED = 512 << 20  # of one archive
_MOST_RATIO = 200  # unpacked to packed, of one archive: answers come to about 15
_ENDINGS = (".json", ".zip")
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, MemoryError)
_SENT = ("first", "second")


@dataclass(frozen=True)
class Received:
    """What came in.

    Args:
        files: one for each listener, in the order of their codes.
        problems: a line for each file that is not counted, and why.
    """

    files: Sequence[AnswerFile]
    problems: Sequence[str] = ()


def read_answers(test: TestFolder, paths: Sequence[Path] = (), *, plan: ListeningPlan | None = None) -> Received:
    """All answers to a test: those in its own folder and on its server, and those in `paths`.

    Args:
        paths: files, archives (.zip) and folders of them.
        plan: of the test; read where it is not given.

    Raises:
        InputError: a path is not there.
        CheckpointError: the test, or the server's store, is damaged.
    """
    plan = test.plan() if plan is None else plan
    given = [*([test.answers] if test.answers.is_dir() else []), *(Path(path) for path in paths)]
    for path in given:
        if not path.exists():
            raise InputError(f"{path} is not there", "no answers can be read from it", "name files, folders or .zip archives")
    problems: list[str] = []
    found: list[tuple[str, AnswerFile]] = []
    for name, content in _contents(given, problems):
        try:
            found.append((name, parsed(content)))
        except Misread as error:
            problems.append(f"{name}: it cannot be read: {plain_line(str(error))}")
    if test.database.is_file():
        stored, withdrawn = _stored(test, plan)
        for name, file in found:
            if file.listener in withdrawn:
                problems.append(f"{name}: its listener has withdrawn: delete it")
        found = [(name, file) for name, file in found if file.listener not in withdrawn]
        found += [(f"{test.database.name}: {file.listener}", file) for file in stored]
    return received(plan, found, problems)


def received(plan: ListeningPlan, found: Sequence[tuple[str, AnswerFile]], problems: Sequence[str] = ()) -> Received:
    """Which of some files count: those that fit the plan, one a listener.

    Args:
        found: (name, file); names are told in `problems`.
        problems: what was found before.
    """
    told = list(problems)
    own: dict[str, list[tuple[str, AnswerFile]]] = {}
    for name, file in found:
        if wrong := misfit(plan, file):
            told.append(f"{name}: {wrong}")
        else:
            own.setdefault(file.listener, []).append((name, file))
    kept = []
    for listener in sorted(own):
        longest = _longest([file for _, file in own[listener]])
        if longest is None:
            names = ", ".join(sorted(name for name, _ in own[listener]))
            told.append(f"{names}: they contradict each other about listener {listener}: none of them is counted")
        else:
            kept.append(longest)
    return Received(kept, told)


def parsed(content: bytes) -> AnswerFile:
    """An answer file from its bytes.

    Raises:
        Misread: not JSON, a key twice, NaN, or other fields or types than an answer file has.
    """
    if len(content) > LIMIT_BYTES:
        raise Misread(f"more than {LIMIT_BYTES >> 20} MiB")
    try:
        text = content.decode("utf-8-sig")
        plain = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Misread(f"not UTF-8 text: byte {error.start} is {content[error.start]:#04x}") from None
    except RecursionError:
        raise Misread("lists or mappings inside one another too deeply") from None
    except Misread:
        raise
    except ValueError as error:
        raise Misread(f"not whole JSON: {str(error)[:120]}") from None
    file: AnswerFile = as_type(AnswerFile, plain)
    return file


def misfit(plan: ListeningPlan, file: AnswerFile) -> str:
    """What in a file does not fit the plan, in words; "" if all of it does."""
    if file.test != plan.id:
        return f"it is of another test ({file.test})"
    if not file.consent:
        return "its listener did not agree to take part"
    form = form_of(file.listener, len(plan.forms))
    if form is None or form != file.form:
        return f"form {file.form} is not the one of listener {file.listener}"
    trials = {trial.id: trial for trial in plan.forms[form].trials}
    seen: set[str] = set()
    for answer in file.answers:
        if answer.trial not in trials:
            return f"form {form} has no trial {answer.trial}"
        if answer.trial in seen:
            return f"trial {answer.trial} is answered twice"
        seen.add(answer.trial)
        if wrong := _wrong_response(plan, trials[answer.trial], answer):
            return f"trial {answer.trial}: {wrong}"
    for question in (*plan.questions, *plan.closing):
        given = file.questions.get(question.name, "")
        if question.kind == "choice" and given and given not in question.choices:
            return f"{shown(given)} cannot be chosen as {question.name}"
    if file.headphones and plan.headphones and len(file.headphones.answers) % len(plan.headphones):
        return f"the check for headphones has {len(file.headphones.answers)} answers and {len(plan.headphones)} sounds"
    return ""


def _wrong_response(plan: ListeningPlan, trial: Trial, answer: Answer) -> str:
    value = answer.response
    number = isinstance(value, int) and not isinstance(value, bool)
    match plan.kind:
        case "cmos":
            fits = number and -3 <= value <= 3  # type: ignore[operator]
        case "mos":
            fits = number and 1 <= value <= 5  # type: ignore[operator]
        case "ab":
            fits = value in _SENT or (plan.allow_none and value == "none")
        case "abx":
            fits = value in _SENT
        case "mushra":
            if isinstance(value, tuple) and len(value) != len(trial.sounds):
                return f"{len(value)} scores for {len(trial.sounds)} sounds"
            fits = isinstance(value, tuple)
        case _:
            fits = isinstance(value, str)
    return "" if fits else f"the answer {shown(value)} is none that a test of kind {plan.kind} takes"


def _longest(files: Sequence[AnswerFile]) -> AnswerFile | None:
    """The one that all others are beginnings of; None where they contradict each other."""
    longest = max(files, key=lambda file: (len(file.answers), len(file.questions), file.complete, file.ended))
    return longest if all(_begins(file, longest) for file in files) else None


def _begins(short: AnswerFile, long: AnswerFile) -> bool:
    """Whether one file is an earlier state of another: the same listener, who had answered less."""
    if short.began != long.began or short.answers != long.answers[: len(short.answers)]:
        return False
    if short.headphones not in (None, long.headphones):
        return False
    return all(long.questions.get(name) == value for name, value in short.questions.items())


def _contents(paths: Sequence[Path], problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every answer file in paths, archives and folders; a file that is named twice comes once."""
    seen: set[Path] = set()
    for path in paths:
        inside = path.is_dir()
        files = sorted(one for one in path.rglob("*") if one.suffix.lower() in _ENDINGS and one.is_file()) if inside else [path]
        for file in files:
            if file.resolve() in seen:
                continue
            if len(seen) >= MOST_FILES:
                raise InputError(f"{path}: too many files", f"the most are {MOST_FILES}", "name those of this test")
            seen.add(file.resolve())
            name = plain_line(file.relative_to(path).as_posix() if inside else file.name)
            if file.suffix.lower() == ".zip":
                yield from _of_archive(file, name, problems)
                continue
            try:
                yield name, read_limited(file, LIMIT_BYTES)
            except (OSError, Misread) as error:
                problems.append(f"{name}: it cannot be read: {getattr(error, 'strerror', None) or error}")


def _of_archive(path: Path, name: str, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the answer files in an archive; nothing is unpacked to disk, so names in it lead nowhere."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if _of_answers(one)]
            unpacked = sum(one.file_size for one in members)
            if len(members) > MOST_FILES or unpacked > min(_MOST_UNPACKED, _MOST_RATIO * path.stat().st_size):
                problems.append(
                    f"{name}: the archive would unpack to {len(members)} files with {unpacked} bytes: it is not read"
                )
                return
            for one in members:
                told = f"{name}: {plain_line(one.filename)[:120]}"
                try:
                    with archive.open(one) as file:
                        content = file.read(LIMIT_BYTES + 1)  # as many as there are, whatever its header says
                except _BROKEN_ZIP as error:
                    problems.append(f"{told}: it cannot be unpacked: {plain_line(str(error))[:120]}")
                    continue
                yield told, content
    except _BROKEN_ZIP as error:
        problems.append(f"{name}: the archive cannot be opened: {plain_line(str(error))[:120]}")


def _of_answers(member: zipfile.ZipInfo) -> bool:
    """Whether a member of an archive can be an answer file: no folder, no link, nothing that macOS adds."""
    path = PurePosixPath(member.filename)
    linked = stat.S_ISLNK(member.external_attr >> 16)
    return not (member.is_dir() or linked or "__MACOSX" in path.parts) and path.suffix.lower() == ".json"


def _stored(test: TestFolder, plan: ListeningPlan) -> tuple[Sequence[AnswerFile], frozenset[str]]:
    """What came in on the server, and the codes of those who withdrew there."""
    from ttskit_listen.serving.store import Store

    store = Store(test.database, plan)
    try:
        return store.answer_files(), frozenset(one.code for one in store.progress() if one.withdrawn)
    finally:
        store.close()


def _once(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Misread("a key stands twice in one mapping")
    return found


def _no_number(text: str) -> float:
    raise Misread(f"{text} is not a number that can be counted")
