"""Answers as files: the JSON that the static page saves as well, a zip of them, and tables that open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from ttskit_listen.answers import AnswerFile

__all__ = ["answer_name", "answer_text", "answers_csv", "answers_zip", "guarded", "participants_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = ("listener", "form", "language", "trial", "response", "plays", "heard", "rt_ms", "at")


def answer_name(file: AnswerFile) -> str:
    """The name of a listener's file."""
    return f"answers-{file.listener}.json"


def answer_text(file: AnswerFile) -> str:
    """A listener's file: one text for one content, fields in the order of `AnswerFile`."""
    return json.dumps(file.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def answers_zip(files: Iterable[AnswerFile]) -> bytes:
    """All files in one, the same bytes for the same answers."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(files, key=lambda one: one.listener):
            member = zipfile.ZipInfo(f"answers/{answer_name(file)}", (2000, 1, 1, 0, 0, 0))
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(member, answer_text(file))
    return out.getvalue()


def answers_csv(files: Iterable[AnswerFile]) -> str:
    """A row for each answer."""
    rows = [
        (
            file.listener,
            file.form,
            file.language,
            one.trial,
            _cell(one.response),
            _cell(one.plays),
            one.heard,
            one.rt_ms,
            one.at,
        )
        for file in files
        for one in file.answers
    ]
    return _csv(_COLUMNS, rows)


def participants_csv(participants: Iterable[tuple[str, str]]) -> str:
    """Who has which code."""
    return _csv(("participant", "listener"), list(participants))


def guarded(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _cell(value: Any) -> Any:
    return " ".join(str(one) for one in value) if isinstance(value, tuple) else value


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[guarded(cell) for cell in row] for row in rows])
    return out.getvalue()
