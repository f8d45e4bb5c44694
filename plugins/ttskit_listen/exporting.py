"""A test for other platforms, and what came in on the server as files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from ttskit.corpus.storage import write_atomic
from ttskit.errors import InputError, UsageError
from ttskit_listen.folder import TestFolder
from ttskit_listen.serving.refusals import texts
from ttskit_listen.serving.store import Store
from ttskit_listen.serving.tables import answer_name, answer_text, participants_csv

__all__ = ["export_answers", "export_prolific"]


def export_answers(test: TestFolder) -> list[Path]:
    """Write answers/answers-CODE.json of everyone who agreed to take part on the server, complete or not.

    The bytes are those that the static page saves for the same answers. A server may run meanwhile. Files of listeners who have
    withdrawn are removed. Whom a platform sent stands in participants.csv, beside the answers and not among them.

    Raises:
        InputError: no test, or nothing came in on a server.
        CheckpointError: a file is damaged.
    """
    plan = test.plan()
    if not test.database.is_file():
        raise InputError(
            f"{test.path} has no answers of a server",
            f"there is no {test.database}",
            f"first: ttskit listen serve {test.path}; files from the static pages need no export",
        )
    store = Store(test.database, plan)
    try:
        with store.transaction():
            files, participants, progress = store.answer_files(), store.participants(), store.progress()
    finally:
        store.close()
    written = [test.answers / answer_name(file) for file in files]
    for path, file in zip(written, files, strict=True):
        _write(path, answer_text(file))
    for one in progress:
        if one.withdrawn:
            (test.answers / f"answers-{one.code}.json").unlink(missing_ok=True)
    if participants:
        _write(test.path / "participants.csv", participants_csv(participants))
    return written


def export_prolific(test: TestFolder, address: str, language: str, out: Path | None = None) -> Path:
    """Write what is to be entered at Prolific: the link with its placeholder, the completion code, a list of what to check.

    Args:
        address: of the server, as participants reach it.
        language: "es" or "en".
        out: of the text; prolific.txt in the test's folder.

    Raises:
        UsageError: the address is none that a participant could open.
        InputError: no test, or its plan has no completion code.
    """
    plan = test.plan()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            f"{address or 'nothing'} is not the address of a server",
            "Prolific sends participants to it",
            "give it as --address https://example.org/listen/",
        )
    completion = plan.completion
    if not (completion.code or completion.url):
        raise InputError(
            f"{test.path} has no completion code",
            "Prolific pays those who come back with one",
            "make the test again with the code that Prolific gives for the study",
        )
    base = f"{address.rstrip('/')}/"
    code = completion.code
    back = completion.url or f"https://app.prolific.com/submissions/complete?cc={quote(code)}"
    # One placeholder: whoever needs no number of study and session does not keep them.
    link = f"{base}?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}"
    words = texts(language, "export")["prolific"]
    places = {
        "title": plan.title.get(language) or next(iter(plan.title.values()), plan.id),
        "link": link,
        "code": code or "–",
        "back": back,
        "minutes": max(1, round(plan.minutes)),
        "listeners": len(plan.forms),
        "address": base,
        "test": test.path.name,
    }
    text = "\n".join(line.format(**places) for line in words["lines"]) + "\n"
    path = out or test.path / "prolific.txt"
    _write(path, text)
    return path


def _write(path: Path, text: str) -> None:
    write_atomic(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))
