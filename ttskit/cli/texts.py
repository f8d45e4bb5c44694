"""Texts that commands are given: files, standard input and arguments, in whatever encoding they come."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ttskit.cli.output import note
from ttskit.errors import InputError
from ttskit.texts import DecodedText, decode_text, read_text, rows_of

__all__ = ["argument", "file_lines", "stdin_lines", "stdin_text"]

_STDIN = "standard input"


def argument(text: str) -> str:
    """An argument of the command line, also where its bytes are not of the encoding that the system says."""
    if not any("\ud800" <= c <= "\udfff" for c in text):
        return text
    return _whole(decode_text(os.fsencode(text), "the text"), "the text")


def file_lines(path: Path) -> list[str]:
    """Lines of a file that are not blank.

    Raises:
        InputError: unreadable, no text, or with lines whose letters are lost.
    """
    return [line for line in rows_of(_whole(read_text(path), str(path))) if line.strip()]


def stdin_text() -> str:
    """All of standard input.

    Raises:
        InputError: no text, or with letters lost.
    """
    return _whole(decode_text(sys.stdin.buffer.read(), _STDIN), _STDIN)


def stdin_lines() -> Iterator[str]:
    """Lines of standard input, each as soon as it is there; a damaged one is told and given all the same.

    Raises:
        InputError: no text.
    """
    for number, raw in enumerate(sys.stdin.buffer, 1):
        if number == 1 and (b"\0" in raw or raw[:2] in (b"\xff\xfe", b"\xfe\xff")):  # UTF-16: its rows end elsewhere
            decoded = decode_text(raw + sys.stdin.buffer.read(), _STDIN)
            _tell(decoded, _STDIN)
            yield from rows_of(decoded.text)
            return
        decoded = decode_text(raw.rstrip(b"\r\n"), f"line {number} of {_STDIN}")
        _tell(decoded, _STDIN, number - 1)
        yield decoded.text


def _whole(decoded: DecodedText, name: str) -> str:
    """The text, what was supposed of it told; lost letters are an error, for they would be spoken as holes."""
    lost = decoded.lost_lines()
    if lost:
        first, why = next(iter(lost.items()))
        count = f"{len(lost)} lines of {name} are damaged" if len(lost) > 1 else f"line {first} of {name} is damaged"
        raise InputError(count, f"line {first}: {why}", "correct it, or export it again as UTF-8")
    _tell(decoded, name)
    return decoded.text


def _tell(decoded: DecodedText, name: str, before: int = 0) -> None:
    for one in decoded.notes:
        note(f"note: {name}, line {one.line + before}: {one.reason}")
