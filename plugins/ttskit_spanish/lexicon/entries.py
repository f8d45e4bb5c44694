"""The format of a lexicon: TSV or YAML, a word and how it is read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ttskit.errors import InputError
from ttskit_spanish.phones import STRESS, VOWELS, symbol_table

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 8 << 20  # characters, and values, of a lexicon in YAML
DIALECTS = ("rioplatense", "latin_american", "castilian")


class Entry(NamedTuple):
    """One line of a lexicon.

    Args:
        word: lower case; `kirchner-` stands for every word that begins so, `-ware` for every one that ends so.
        reading: a respelling in Spanish orthography (`jáker`), or phonemes between slashes (`/x ˈa k e ɾ/`).
        dialect: the dialect it is for, None for all.
        line: where it stands in its file, from 1; 0 if unknown.
    """

    word: str
    reading: str
    dialect: str | None = None
    line: int = 0


def read_entries(path: Path) -> list[Entry]:
    """Entries of a lexicon file, unchecked: what is wrong with them `lexicon.check` says.

    Args:
        path: `.yaml`/`.yml`: `word: reading` or `word: {dialect: reading}`; anything else is TSV:
            word, reading, optionally dialects separated by commas and a comment; `#` starts a comment line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"lexicon cannot be read: {path}", str(error), "give the path of a UTF-8 TSV or YAML file") from None
    return _from_yaml(text, path) if path.suffix.lower() in (".yaml", ".yml") else from_tsv(text)


def from_tsv(text: str) -> list[Entry]:
    """Entries of a TSV text.

    >>> from_tsv("# loans\\nrouter\\trúter\\nzoom\\tzum\\tcastilian\\tas an example")  # doctest: +NORMALIZE_WHITESPACE
    [Entry(word='router', reading='rúter', dialect=None, line=2),
     Entry(word='zoom', reading='zum', dialect='castilian', line=3)]
    """
    from ttskit.texts import rows_of  # its patterns are compiled on import, which the frontend's must not wait for

    found = []
    for number, line in enumerate(rows_of(text), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        reading = cells[1] if len(cells) > 1 else ""
        dialects = cells[2].replace(" ", "").split(",") if len(cells) > 2 and cells[2] else [None]
        found += [Entry(cells[0], reading, name, number) for name in dialects]
    return found


def _from_yaml(text: str, path: Path) -> list[Entry]:
    from ttskit.reading import YamlFault, parse_yaml

    try:
        data = parse_yaml(text, size=_MOST, nodes=_MOST, unique=False, texts=True)
    except YamlFault as error:
        raise InputError(f"lexicon is not valid YAML: {path}", str(error), "write `word: reading`, one a line") from None
    if data is None:
        return []
    if not isinstance(data, dict):
        raise InputError(f"lexicon is not a mapping: {path}", f"it is a {type(data).__name__}", "write `word: reading`")
    from ttskit.texts import rows_of

    lines = {line.split(":")[0].strip().strip("'\""): number for number, line in enumerate(rows_of(text), 1)}
    found = []
    for word, value in data.items():
        readings = value if isinstance(value, dict) else {None: value}
        for name, reading in readings.items():
            shown = "" if reading in (None, "~") else str(reading)
            found.append(Entry(str(word), shown, None if name is None else str(name), lines.get(str(word), 0)))
    return found


@cache
def _longest_first() -> tuple[str, ...]:
    table = symbol_table(allophones=True)
    return tuple(sorted((s for s in table.symbols if s not in table.silent), key=len, reverse=True))


def parse_phonemes(text: str) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    """Phonemes of IPA text, and the characters (with positions) that are no phoneme here.

    Spaces are optional; a stress mark before a consonant moves to the vowel it belongs to;
    `.` and `ˌ` are passed over; g may stand for ɡ.

    >>> parse_phonemes("xaˈkeɾ"), parse_phonemes("t ʃ Q")
    ((('x', 'a', 'k', 'ˈe', 'ɾ'), []), (('t', 'ʃ'), [('Q', 4)]))
    """
    phones: list[str] = []
    wrong: list[tuple[str, int]] = []
    pending, at = False, 0
    text = text.replace("g", "ɡ").replace("'", STRESS)
    while at < len(text):
        character = text[at]
        if character == STRESS:
            pending = True
            at += 1
            continue
        if character.isspace() or character in ".ˌ\u0361":
            at += 1
            continue
        phone = next((p for p in _longest_first() if text.startswith(p, at)), None)
        if phone is None:
            wrong.append((character, at))
            at += 1
            continue
        at += len(phone)
        if pending and phone in VOWELS:
            phone, pending = STRESS + phone, False
        phones.append(phone)
    return tuple(phones), wrong
