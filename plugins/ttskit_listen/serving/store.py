"""Listeners, their answers, and who was invited: what the server keeps. One connection, used by one thread at a time."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ttskit_listen.answers import Answer, AnswerFile
from ttskit_listen.plan import ListeningPlan, form_of
from ttskit_listen.serving.database import connect, transaction
from ttskit_listen.serving.refusals import Refused

__all__ = ["Progress", "Store", "utc_now"]

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_LENGTH = 12  # 31 ** 12: 59 bits


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a listener is: `answered` of the `total` trials that are no practice; times in UTC, "" where not yet."""

    code: str
    form: int
    came: str
    begun: str
    seen: str
    answered: int
    total: int
    ended: str
    withdrawn: str


class Store:
    """The database of a test.

    Args:
        path: listen.sqlite.
        plan: of the test.

    Raises:
        CheckpointError, InputError, TTSKitError: as `database.connect`.
    """

    def __init__(self, path: Path, plan: ListeningPlan) -> None:
        self.path, self.plan = path, plan
        self._wanted = [[trial.id for trial in form.trials if not trial.practice] for form in plan.forms]
        self._connection = connect(path, plan.id)
        self._to_forget = False

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Everything inside is done, and on the disk when it ends, or nothing is."""
        return transaction(self._connection)

    def savepoint(self, step: str) -> None:
        """SAVEPOINT, RELEASE or ROLLBACK TO, within a transaction."""
        self._connection.execute(f"{step} one")

    def forget_deleted(self) -> None:
        """After someone withdrew, let no older state of the database stay in its journal; not within a transaction.

        While another process reads, that is not done, and is tried again the next time.
        """
        if self._to_forget:
            busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._to_forget = bool(busy)

    # Who takes part.

    def register(self, codes: Iterable[str]) -> int:
        """Codes that were given out elsewhere; says how many are new."""
        new, now = 0, utc_now()
        for code in codes:
            form = form_of(code, len(self.plan.forms))
            if form is not None:
                sql = "INSERT OR IGNORE INTO listeners (code, form, came, made) VALUES (?, ?, ?, ?)"  # no message
                new += self._do(sql, code, form, "invited", now)
        return new

    def invite(self, number: int) -> list[str]:
        """New codes, each of the form that has the fewest."""
        return [self._new_code("invited") for _ in range(number)]

    def welcome(self, participant: str, most: int | None) -> str:
        """The code of one who comes to an open test without any; the same one for the same participant.

        Args:
            participant: as the platform that sent them names them, or "".
            most: how many may come so.

        Raises:
            Refused: there were that many.
        """
        if participant:
            found = self._one("SELECT code FROM participants WHERE participant = ?", participant)  # no message
            if found is not None:
                return str(found[0])
        count = self._one("SELECT count(*) FROM listeners WHERE came = 'open' AND withdrawn IS NULL")  # no message
        if most is not None and count is not None and count[0] >= most:
            raise Refused(409, "full")
        code = self._new_code("open")
        if participant:
            self._do("INSERT INTO participants (participant, code) VALUES (?, ?)", participant, code)  # no message
        return code

    def form(self, code: str) -> int:
        """The form of a listener.

        Raises:
            Refused: nobody has this code.
        """
        found = self._one("SELECT form FROM listeners WHERE code = ? AND withdrawn IS NULL", code)  # no message
        if found is None:
            raise Refused(401, "unknown")
        return int(found[0])

    # What listeners send.

    def begin(self, code: str) -> AnswerFile | None:
        """Note that a listener is here; what they have answered so far, or None."""
        self.form(code)
        now = utc_now()
        self._do("UPDATE listeners SET begun = coalesce(begun, ?), seen = ? WHERE code = ?", now, now, code)  # no message
        return self._file(code)

    def put_header(self, code: str, header: AnswerFile) -> None:
        """All of a listener's file but the answers; the last one counts, until the end.

        Raises:
            Refused: the code is unknown, or the test is ended and this is another header.
        """
        self.form(code)
        text = _text(header.model_copy(update={"answers": (), "ended": "", "complete": False}))
        before = self._one("SELECT header, ended FROM listeners WHERE code = ?", code)  # no message
        assert before is not None
        if before[1] and before[0] != text:
            raise Refused(409, "ended")
        self._do("UPDATE listeners SET header = ?, seen = ? WHERE code = ?", text, utc_now(), code)  # no message

    def put_answer(self, code: str, answer: Answer) -> None:
        """One answer; the same one again changes nothing.

        Raises:
            Refused: the code is unknown, nothing was agreed to yet, or the trial has another answer.
        """
        self.form(code)
        header = self._one("SELECT header FROM listeners WHERE code = ?", code)  # no message
        if header is None or header[0] is None:
            raise Refused(409, "no-header")
        text = _text(answer)
        before = self._one("SELECT answer FROM answers WHERE code = ? AND trial = ?", code, answer.trial)  # no message
        if before is None:
            self._do("INSERT INTO answers (code, trial, answer) VALUES (?, ?, ?)", code, answer.trial, text)  # no message
        elif before[0] != text:
            raise Refused(409, "answered")
        self._do("UPDATE listeners SET seen = ? WHERE code = ?", utc_now(), code)  # no message

    def end(self, code: str, ended: str) -> None:
        """A listener's end; the first time given stays.

        Raises:
            Refused: the code is unknown, or answers are missing, which it names (practice is not asked for).
        """
        form = self.form(code)
        there = {row[0] for row in self._all("SELECT trial FROM answers WHERE code = ?", code)}  # no message
        missing = [trial for trial in self._wanted[form] if trial not in there]
        header = self._one("SELECT header FROM listeners WHERE code = ?", code)  # no message
        if missing or header is None or header[0] is None:
            raise Refused(409, "missing", {"missing": missing}, count=len(missing))
        self._do(
            "UPDATE listeners SET ended = coalesce(ended, ?), seen = ? WHERE code = ?", ended, utc_now(), code
        )  # no message

    # What the experimenter asks for.

    def answer_files(self) -> list[AnswerFile]:
        """The file of each listener who agreed to take part and did not withdraw, by code."""
        codes = [row[0] for row in self._all("SELECT code FROM listeners WHERE withdrawn IS NULL ORDER BY code")]  # no message
        return [file for code in codes if (file := self._file(code)) is not None]

    def progress(self) -> list[Progress]:
        """How far each listener is, in the order of the codes."""
        counts: dict[str, set[str]] = {}
        for code, trial in self._all("SELECT code, trial FROM answers"):  # no message
            counts.setdefault(code, set()).add(trial)
        rows = self._all("SELECT code, form, came, begun, seen, ended, withdrawn FROM listeners ORDER BY code")  # no message
        found = []
        for code, form, came, begun, seen, ended, withdrawn in rows:
            wanted = self._wanted[form]
            answered = sum(trial in counts.get(code, ()) for trial in wanted)
            found.append(
                Progress(code, form, came, begun or "", seen or "", answered, len(wanted), ended or "", withdrawn or "")
            )
        return found

    def participants(self) -> list[tuple[str, str]]:
        """(participant, code) of those whom a platform sent."""
        rows = self._all("SELECT participant, code FROM participants ORDER BY participant")  # no message
        return [(row[0], row[1]) for row in rows]

    def withdraw(self, code: str) -> None:
        """Delete what a listener has said, as they wish; the code is no longer good.

        Raises:
            Refused: nobody has this code.
        """
        self.form(code)
        self._do("DELETE FROM answers WHERE code = ?", code)  # no message
        self._do("DELETE FROM participants WHERE code = ?", code)  # no message
        self._do(
            "UPDATE listeners SET header = NULL, ended = NULL, withdrawn = ? WHERE code = ?", utc_now(), code
        )  # no message
        self.log(f"withdrawn: {code}")  # no message
        self._to_forget = True

    def log(self, what: str) -> None:
        """A line that stays."""
        self._do("INSERT INTO log (at, what) VALUES (?, ?)", utc_now(), what)  # no message

    def logged(self) -> list[tuple[str, str]]:
        """(when, what), oldest first."""
        return [(row[0], row[1]) for row in self._all("SELECT at, what FROM log ORDER BY number")]  # no message

    def setting(self, name: str) -> str | None:
        """A value that the server keeps."""
        found = self._one("SELECT value FROM settings WHERE name = ?", name)  # no message
        return None if found is None else str(found[0])

    def set_setting(self, name: str, value: str) -> None:
        """Keep it."""
        self._do("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, value)  # no message

    def _new_code(self, came: str) -> str:
        counts = dict.fromkeys(range(len(self.plan.forms)), (0, 0))
        sql = "SELECT form, count(*), count(begun) FROM listeners WHERE withdrawn IS NULL GROUP BY form"  # no message
        for form, codes, begun in self._all(sql):
            # Who comes counts for an open test; an invited listener may never come.
            counts[form] = (begun, codes) if came == "open" else (codes, begun)
        form = min(counts, key=lambda number: (*counts[number], number))
        code = f"{form:02d}-" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        begun = utc_now() if came == "open" else None
        sql = "INSERT INTO listeners (code, form, came, made, begun) VALUES (?, ?, ?, ?, ?)"  # no message
        self._do(sql, code, form, came, utc_now(), begun)
        return code

    def _file(self, code: str) -> AnswerFile | None:
        found = self._one("SELECT form, header, ended FROM listeners WHERE code = ? AND withdrawn IS NULL", code)  # no message
        if found is None or found[1] is None:
            return None
        form, header, ended = found
        rows = self._all("SELECT trial, answer FROM answers WHERE code = ?", code)  # no message
        texts: dict[str, str] = {row[0]: row[1] for row in rows}
        order = [trial.id for trial in self.plan.forms[form].trials]
        answers = [Answer.model_validate_json(texts[trial]) for trial in order if trial in texts]
        file = AnswerFile.model_validate_json(header)
        return file.model_copy(update={"answers": tuple(answers), "ended": ended or "", "complete": bool(ended)})

    def _do(self, sql: str, *values: Any) -> int:
        return self._connection.execute(sql, values).rowcount

    def _one(self, sql: str, *values: Any) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._connection.execute(sql, values).fetchone()
        return row

    def _all(self, sql: str, *values: Any) -> list[Sequence[Any]]:
        return self._connection.execute(sql, values).fetchall()


def utc_now() -> str:
    """Now, as answer files have times."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(model: AnswerFile | Answer) -> str:
    """One text for one content."""
    plain: Mapping[str, Any] = model.model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))
