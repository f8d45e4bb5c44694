"""Pronunciation dictionaries as NeMo writes them: `WORD  ipa`, one pronunciation a line, variants as `WORD(1)`."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ttskit.errors import ConfigError
from ttskit.texts import rows_of

STRESSES = "ˈˌ"
_VARIANT = re.compile(r"\(\d+\)$")
_FIRST = {"latin1": re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ']"), "ascii": re.compile(r"[A-Z']")}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Words and their pronunciations.

    Args:
        words: word, in the case of look-ups → pronunciations in the file's order, each a string of one-character tokens.
        letters: every letter of a word.
        phones: every character of a pronunciation.
        hash: of the file.
    """

    words: dict[str, tuple[str, ...]]
    letters: frozenset[str]
    phones: frozenset[str]
    hash: str


def cased(text: str, case: str) -> str:
    """`text` in the case of look-ups."""
    return text.upper() if case == "upper" else text.lower() if case == "lower" else text


def read_dictionary(path: Path, letters: str = "latin1", case: str = "upper", stresses: bool = True) -> Dictionary:
    """Read a dictionary.

    Args:
        path: the file, UTF-8.
        letters: "latin1" or "ascii", which first letters make a line count; everything else is skipped, as NeMo does.
        case: "upper", "lower" or "mixed".
        stresses: keep stress marks.

    Raises:
        ConfigError: missing, not UTF-8, or without a single pronunciation.
    """
    try:
        content = path.read_bytes()
        lines = rows_of(content.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the dictionary {path}", str(error), "import the checkpoint again") from error
    words: dict[str, list[str]] = {}
    first = _FIRST[letters]
    for line in lines:
        parts = line.split(maxsplit=1)
        if len(parts) < 2 or not first.match(line):
            continue
        word = cased(_VARIANT.sub("", unicodedata.normalize("NFC", parts[0])), case)
        said = "".join(parts[1].split())
        if not stresses:
            said = said.translate(dict.fromkeys(map(ord, STRESSES)))
        known = words.setdefault(word, [])
        if said not in known:
            known.append(said)
    if not words:
        raise ConfigError(
            f"{path.name} is not a pronunciation dictionary", f"{len(lines)} lines, none of the form WORD  ipa", ""
        )
    graphemes = frozenset(letter for word in words for letter in word)
    phones = frozenset(phone for said in words.values() for form in said for phone in form)
    return Dictionary(
        {word: tuple(said) for word, said in words.items()}, graphemes, phones, hashlib.sha256(content).hexdigest()[:16]
    )
