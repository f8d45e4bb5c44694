"""Files that people give beside a checkpoint: speakers, pitch statistics, symbols."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttskit.errors import InputError, MismatchError
from ttskit.interfaces.acoustic import PitchStats
from ttskit.reading import Misread, as_type, parse_json, shown
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.texts import read_text, rows_of

__all__ = ["pitch_statistics", "speaker_table", "symbol_table"]


def _text(path: Path, what: str) -> str:
    try:
        return read_text(path, repair=False).text
    except InputError as error:
        raise InputError(f"cannot read the {what} {path}", f"{error.what}: {error.why}", "give a UTF-8 text file") from error


def _json(text: str, path: Path, what: str) -> Any:
    try:
        return parse_json(text)
    except Misread as error:
        raise InputError(f"the {what} {path} is not JSON", str(error), "") from error


def speaker_table(path: Path | None, count: int) -> SpeakerTable:
    """Names of `count` speakers from NeMo's files; without one, the names are the ids, "0" and so on.

    Args:
        path: TSV with the header `speaker`, `speaker_id`, or JSON `{"name": id}`.
        count: speakers of the checkpoint.

    Raises:
        InputError: not of either form.
        MismatchError: not exactly the ids 0 … count - 1.
    """
    if path is None:
        return SpeakerTable(tuple(str(i) for i in range(count)))
    text = _text(path, "speakers")
    pairs: list[tuple[str, Any]]
    if text.lstrip().startswith("{"):
        content = _json(text, path, "speakers")
        pairs = list(content.items())
    else:
        rows = [line.split("\t") for line in rows_of(text) if line.strip()]
        if not rows or not {"speaker", "speaker_id"} <= set(rows[0]):
            raise InputError(
                f"the speakers {path} are not in a known form",
                f"first line: {shown(rows[0] if rows else '')}",
                "TSV with the header speaker, speaker_id, or JSON {name: id}",
            )
        name, number = rows[0].index("speaker"), rows[0].index("speaker_id")
        try:
            pairs = [(row[name], row[number]) for row in rows[1:]]
        except IndexError:
            raise InputError(f"the speakers {path} have a line without an id", "", "two columns in each line") from None
    try:
        by_id = {_id(number): name for name, number in pairs}
    except ValueError as error:
        why = f"{error}, must be a whole number"
        raise InputError(f"the speakers {path} have an id that is not a number", why, "0, 1, 2 …") from None
    if sorted(by_id) != list(range(count)) or len(pairs) != count:
        low_high = f"{len(pairs)} names, ids {min(by_id, default=0)} … {max(by_id, default=0)}"
        raise MismatchError(
            "speakers do not fit the checkpoint",
            f"the file has {low_high}, the checkpoint {count} speakers",
            "give the file of this checkpoint, or none",
        )
    return SpeakerTable(tuple(by_id[i] for i in range(count)))


def pitch_statistics(path: Path, speakers: SpeakerTable) -> dict[str, PitchStats]:
    """Pitch statistics per speaker from NeMo's file `{"default": {"pitch_mean", "pitch_std"}, "<id>": {…}}`.

    A speaker that is not in it has the default; where there is no default, it has none.

    Raises:
        InputError: not of this form, or a value that is no positive number.
        MismatchError: it names speakers that the checkpoint does not have.
    """
    content = _json(_text(path, "pitch statistics"), path, "pitch statistics")
    form = '{"default": {"pitch_mean": …, "pitch_std": …}, "0": {…}}'
    if not isinstance(content, Mapping) or not all(isinstance(v, Mapping) for v in content.values()) or not content:
        raise InputError(f"the pitch statistics {path} are not in a known form", "", f"NeMo's form is {form}")
    known = {str(i) for i in range(len(speakers))} | set(speakers.names) | {"default"}
    if strange := [name for name in content if name not in known]:
        raise MismatchError(
            "pitch statistics do not fit the speakers",
            f"unknown: {', '.join(strange[:5])}",
            f"the checkpoint has {len(speakers)} speakers; give the file of this checkpoint",
        )
    stats: dict[str, PitchStats] = {}
    for index, name in enumerate(speakers.names):
        entry = content.get(str(index), content.get(name, content.get("default")))
        if entry is None:
            continue
        try:
            mean, std = (as_type(float, entry[key], f"{name}.{key}") for key in ("pitch_mean", "pitch_std"))
        except (KeyError, Misread) as error:
            raise InputError(f"the pitch statistics {path} are not in a known form", repr(error), f"NeMo's is {form}") from None
        if not (20 < mean < 2000 and 0 < std < 2000):
            why = f"speaker {name}: mean {mean:g}, deviation {std:g}"
            raise InputError(f"the pitch statistics {path} are not in Hz", why, "give mean and deviation of voiced F0")
        stats[name] = PitchStats(mean, std)
    return stats


def _id(written: Any) -> int:
    """A speaker's id, as a number or as its digits."""
    digits = isinstance(written, str) and written.strip().isascii() and written.strip().isdecimal() and len(written) < 10
    if digits or (isinstance(written, int) and not isinstance(written, bool)):
        return int(written)
    raise ValueError(f"got {shown(written)}")


def symbol_table(path: Path, count: int) -> SymbolTable:
    """The symbols of a checkpoint that does not hold them: a JSON list, or one symbol a line.

    Padding is the symbol `<pad>`, or the first one where there is none of that name.

    Raises:
        MismatchError: not `count` symbols.
    """
    text = _text(path, "symbols")
    if text.lstrip().startswith("["):
        symbols = _json(text, path, "symbols")
    else:
        symbols = [line for line in text.split("\n") if line != ""]
        symbols = [line.removesuffix("\r") for line in symbols]
    if not symbols or not all(isinstance(s, str) and s for s in symbols):
        raise InputError(f"the symbols {path} are not in a known form", "", "a JSON list, or one symbol a line")
    if len(symbols) != count:
        raise MismatchError(
            "symbols do not fit the checkpoint's embedding",
            f"the file has {len(symbols)}, the embedding {count}",
            "give the symbols in the order in which it was trained with them",
        )
    silent = frozenset(s for s in symbols if not any(c.isalnum() for c in s))
    pad = "<pad>" if "<pad>" in symbols else symbols[0]
    return SymbolTable(tuple(symbols), pad=pad, space=" " if " " in symbols else None, silent=silent | {pad})
