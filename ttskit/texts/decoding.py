"""Bytes to text by evidence: marks, UTF-8, UTF-16 without a mark, then the single-byte encodings that Spanish comes in.

What had to be supposed is told in notes; what is no text is refused for what it is.
"""

from __future__ import annotations

import codecs
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from ttskit.errors import InputError
from ttskit.texts.misread import repaired, strangeness, western

__all__ = ["LIMIT_BYTES", "DecodedText", "TextNote", "decode_text", "read_text", "rows_of"]

LIMIT_BYTES = 256 << 20  # two million lines of a corpus

# The longest mark first: UTF-32's begins as UTF-16's does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_THINGS = (
    (b"RIFF", "a WAV sound"),
    (b"fLaC", "a FLAC sound"),
    (b"OggS", "an Ogg sound"),
    (b"ID3", "an MP3 sound"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive (spreadsheets and word processors write such: save it as CSV or plain text)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file (save it as CSV or plain text)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ooBinaryFile", "Praat's binary form (save it from Praat as a text file)"),
    (b"PAR1", "a Parquet table"),
)
_ROW_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class TextNote:
    """Something that had to be supposed of a text, or that is lost in it.

    Args:
        line: counted from 1.
        kind: "encoding" (which one was supposed), "mojibake" (misread once, repaired), "damaged" (letters are lost).
        reason: for a person.
        lost: that line is not what was written, and must not be spoken.
    """

    line: int
    kind: str
    reason: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Characters of a file: `text` without a byte order mark, the `encoding` they were in, and what had to be supposed."""

    text: str
    encoding: str
    notes: tuple[TextNote, ...] = ()

    def lost_lines(self) -> dict[int, str]:
        """Lines whose letters are lost, and why."""
        return {note.line: note.reason for note in self.notes if note.lost}


def rows_of(text: str) -> list[str]:
    r"""Rows of a text: they end at \n, \r\n or \r only.

    `str.splitlines` knows eight more separators (U+000B, U+0085, U+2028 …), which stand inside sentences that were copied from
    word processors and web pages: a row cut there keeps half a sentence and looks whole.
    """
    rows = _ROW_END.split(text)
    return rows[:-1] if rows[-1] == "" else rows


def read_text(path: Path, name: str = "", repair: bool = True) -> DecodedText:
    """Text of a file, whatever it was saved as.

    Args:
        name: how messages call it; "" is the path.
        repair: take mojibake back; not for inventories and settings, where odd characters are meant.

    Raises:
        InputError: missing, too large for a text, binary, cut inside a character, or in an encoding that nothing tells.
    """
    name = name or str(path)
    try:
        found = Path(path).stat()
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):  # a pipe that nobody writes to waits for ever
            raise InputError(
                f"{name} is a pipe or a device, not a plain file",
                "",
                "name the file itself, or give the text on standard input",
            )
        size = found.st_size
        if size > LIMIT_BYTES:
            raise InputError(f"{name} is too large for a text", f"{size} bytes, limit {LIMIT_BYTES}", "split it")
        with Path(path).open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {name}", error.strerror or str(error), "") from error
    if len(data) > LIMIT_BYTES:  # a pipe or device has no size
        raise InputError(f"{name} is too large for a text", f"more than {LIMIT_BYTES} bytes", "split it")
    return decode_text(data, name, repair)


def decode_text(data: bytes, name: str = "the text", repair: bool = True) -> DecodedText:
    """Text of bytes, decided by what they are: see the module.

    Args:
        name: how messages call it.
        repair: as in `read_text`.

    Raises:
        InputError: binary (named for what it is), cut inside a character, or in an encoding that nothing tells.
    """
    text, encoding, notes = _characters(data, name)
    stray = text.find("\0")
    if stray >= 0:
        raise _binary(name, f"line {_line(text, stray)} has a NUL character")
    text, found = repaired(text.removeprefix("\ufeff")) if repair else (text.removeprefix("\ufeff"), [])
    more = [TextNote(line, kind, reason, lost) for line, kind, reason, lost in found]
    return DecodedText(text, encoding, tuple(notes + more))


def _characters(data: bytes, name: str) -> tuple[str, str, list[TextNote]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding, []
            except UnicodeDecodeError as error:
                if encoding == "utf-8":
                    return _not_utf8(data[len(mark) :], name)
                place = f"byte {error.start + len(mark)} of {len(data)}"
                raise InputError(
                    f"{name} begins as {encoding[:6].upper()} text and does not go on so",
                    f"{place}: {error.reason}; it is cut short, or something was added to it in another encoding",
                    "save it again as UTF-8",
                ) from error
    what = next((what for start, what in _OTHER_THINGS if data.startswith(start)), "")
    if what and (b"\0" in data[:4096] or not _is_utf8(data)):
        raise _binary(name, f"it is {what}")
    if b"\0" in data:
        wide = _wide(data)
        if wide is None:
            raise _binary(name, f"byte {data.index(0)} is NUL, which no text has")
        note = f"no byte order mark; read as {wide[:6].upper()} by where its zero bytes stand"
        return data.decode(wide), wide, [TextNote(1, "encoding", note)]
    try:
        return data.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError:
        return _not_utf8(data, name)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: zero bytes stand at one side of each unit, and what comes out is writing."""
    for encoding, unit in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        if len(data) % unit:
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        sample = text[:20_000]
        plain = sum(31 < ord(c) < 0x250 or c in "\t\n\r" or 0x2000 <= ord(c) < 0x2070 for c in sample)
        if "\0" not in text and plain >= 0.8 * len(sample):
            return encoding
    return None


def _not_utf8(data: bytes, name: str) -> tuple[str, str, list[TextNote]]:
    """Text that is not UTF-8: cut, of two encodings by lines, or of one byte per character."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        first = error
    if len(_CONTROL.findall(data[:65_536].decode("latin-1"))) > 0.02 * min(len(data), 65_536):
        raise _binary(name, "it is full of control characters")
    whole = len(re.findall(rb"[\xc2-\xf4][\x80-\xbf]+", data[: first.start]))
    if first.reason == "unexpected end of data" and (whole or len(data) - first.start > 1):
        raise InputError(
            f"{name} is cut short",
            f"it ends inside a character of UTF-8, in line {_byte_line(data, first.start)}",
            "copy or export it again",
        )
    mixed = _mixed(data, name)
    if mixed is not None:
        return mixed
    return _single_byte(data, name, first)


def _mixed(data: bytes, name: str) -> tuple[str, str, list[TextNote]] | None:
    """Two files joined: some lines are UTF-8 beyond ASCII, the others of one byte per character. None if not so."""
    rows = re.split(rb"(\r\n|\r|\n)", data)
    other = [i for i, row in enumerate(rows) if not _is_utf8(row)]
    bad = set(other)
    if not any(re.search(rb"[\xc2-\xf4][\x80-\xbf]", row) for i, row in enumerate(rows) if i not in bad):
        return None
    encoding = min(
        western(), key=lambda codec: strangeness("\n".join(_by(rows[i], codec) for i in other)) + (codec != "cp1252")
    )
    notes, parts = [], []
    for i, row in enumerate(rows):
        line = i // 2 + 1
        if i not in bad:
            parts.append(row.decode("utf-8"))
            continue
        if re.search(rb"\xc3[\x80-\xbf]", row):  # both in one line: whichever is taken, the other is damaged
            notes.append(TextNote(line, "damaged", f"{row[:60]!r} is part UTF-8 and part not", lost=True))
        parts.append(_by(row, encoding))
    line = other[0] // 2 + 1
    if len(other) > 1:
        told = f"{len(other)} lines are not UTF-8 while the others are: these were read as {encoding}"
    else:
        told = f"one line is not UTF-8 while the others are: it was read as {encoding}"
    return "".join(parts), "utf-8", [TextNote(line, "encoding", told), *notes]


def _single_byte(data: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, str, list[TextNote]]:
    found = [(strangeness(_by(data, codec)), codec) for codec in western()]
    score, encoding = min(found, key=lambda pair: pair[0] + (pair[1] != "cp1252"))  # by far the likeliest: others need evidence
    text = _by(data, encoding)
    letters = [c for c in text[:100_000] if c.isalpha()]
    beyond = sum(ord(c) > 127 for c in letters)
    line = _byte_line(data, error.start)
    if score > 2 or (beyond > 20 and beyond > 0.5 * len(letters)):
        raise InputError(
            f"the encoding of {name} is not known",
            f"line {line}: byte {data[error.start]:#04x} is not UTF-8, and as {encoding} it reads {_around(text, line)!r}",
            "save it as UTF-8",
        )
    shown = "Latin-1 (Windows-1252)" if encoding == "cp1252" else encoding
    told = f"byte {data[error.start]:#04x} is not UTF-8: the file was read as {shown}; save it as UTF-8 to be sure"
    return text, encoding, [TextNote(line, "encoding", told)]


def _by(data: bytes, codec: str) -> str:
    """Decoded by a table of 256 characters; what cp1252 leaves open is Latin-1's."""
    return data.decode("latin-1").translate({i: c for i, c in enumerate(western()[codec]) if ord(c) != i})


def _around(text: str, line: int) -> str:
    rows = rows_of(text)
    return rows[line - 1][:60] if line <= len(rows) else ""


def _line(text: str, position: int) -> int:
    return len(_ROW_END.findall(text[:position])) + 1


def _byte_line(data: bytes, position: int) -> int:
    return len(re.findall(rb"\r\n|\r|\n", data[:position])) + 1


def _binary(name: str, why: str) -> InputError:
    return InputError(f"{name} is not a text file", why, "give one, in UTF-8")
