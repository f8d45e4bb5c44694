"""listen.sqlite: opened, checked, brought up to date; every change is on the disk before it is acknowledged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttskit.disk import explain
from ttskit.errors import CheckpointError, InputError, TTSKitError

__all__ = ["FORMAT", "connect", "transaction"]

_APPLICATION = 0x74746B6C  # a database of ours, for those who look at it with other tools
_WAIT_S = 20.0  # for another process that writes
# Each brings a database from the format of its place in the list to the next; never changed, only added to.
_STEPS = (
    (
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",  # no message
        "CREATE TABLE listeners (code TEXT PRIMARY KEY, form INTEGER NOT NULL, came TEXT NOT NULL, "  # no message
        "made TEXT NOT NULL, begun TEXT, seen TEXT, header TEXT, ended TEXT, withdrawn TEXT) WITHOUT ROWID",
        "CREATE INDEX listeners_by_form ON listeners (form)",  # no message
        "CREATE TABLE answers (code TEXT NOT NULL REFERENCES listeners (code), trial TEXT NOT NULL, "  # no message
        "answer TEXT NOT NULL, PRIMARY KEY (code, trial)) WITHOUT ROWID",
        # Apart from the answers: who took part, as the platform that sent them names them.
        "CREATE TABLE participants (participant TEXT PRIMARY KEY, "  # no message
        "code TEXT NOT NULL UNIQUE REFERENCES listeners (code)) WITHOUT ROWID",
        "CREATE TABLE log (number INTEGER PRIMARY KEY, at TEXT NOT NULL, what TEXT NOT NULL)",  # no message
    ),
)
FORMAT = len(_STEPS)


def connect(path: Path, test: str) -> sqlite3.Connection:
    """Open the database of a test, made if it is not there.

    WAL with synchronous=FULL: a commit is in the journal and flushed (SQLite's documentation of `synchronous`; on macOS only
    with `fullfsync`). What is deleted is overwritten.

    Raises:
        CheckpointError: it is damaged, of a newer version, or another program's.
        InputError: it holds the answers to another test.
        TTSKitError: the place cannot be written.
    """
    with explain(TTSKitError, path), suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # no other user reads who took part
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=1", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        with transaction(connection):
            _up_to_date(connection, path)
            _of_this_test(connection, path, test)
        return connection
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        fix = "move it away with its -wal and -shm files and start anew, or take it from a copy"
        raise CheckpointError(f"{path} cannot be used as the store of a listening test", str(error), fix) from error
    except TTSKitError:
        if connection is not None:
            connection.close()
        raise


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Changes that are made together or not at all; whoever else writes waits."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    fresh = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]  # no message
    if not fresh and application != _APPLICATION:
        raise CheckpointError(
            f"{path} is a database of another program", f"its application id is {application}", "move it away"
        )
    if version > FORMAT:
        raise CheckpointError(
            f"{path} was written by a newer ttskit", f"format {version}, this one knows {FORMAT}", "pip install -U ttskit"
        )
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise CheckpointError(f"{path} is damaged", "the database fails its own check", "take it from a copy")
    for step in _STEPS[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")


def _of_this_test(connection: sqlite3.Connection, path: Path, test: str) -> None:
    connection.execute("INSERT OR IGNORE INTO settings VALUES ('test', ?)", (test,))  # no message
    (found,) = connection.execute("SELECT value FROM settings WHERE name = 'test'").fetchone()  # no message
    if found != test:
        raise InputError(
            f"{path} holds the answers to another test",
            f"they are of test {found}, this folder's plan is {test}",
            "make the new test in a folder of its own, or move the answers away",
        )
