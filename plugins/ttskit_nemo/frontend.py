"""NemoIpaFrontend: text to the tokens of a NeMo checkpoint, symbol for symbol as NeMo's IPATokenizer gives them.

Public behaviour (NVIDIA NeMo, `IPATokenizer` with `IpaG2p`): words are looked up in a dictionary, in one
case; a word that is not in it is cut at its hyphens, and what is still unknown is spelt in letters.
Characters that are no tokens are dropped there; here they are dropped as well, and reported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ttskit.errors import ConfigError
from ttskit.interfaces.frontend import Analysis, Frontend, Unknown, Word
from ttskit.symbols import SymbolTable
from ttskit_nemo.config import NemoIpaOptions
from ttskit_nemo.dictionary import STRESSES, Dictionary, cased, read_dictionary
from ttskit_nemo.phones import features_of

SPACE, PAD, OOV, BLANK = " ", "<pad>", "<oov>", "<blank>"
PUNCTUATION = tuple('!"(),-./:;?[]{}¡«»¿‹›')  # of the locale es-ES
_LETTERS = "A-Za-zÀ-ÖØ-öø-ÿ"
# A word may hold hyphens and apostrophes inside; |…| holds tokens as they are; the rest is one chunk.
_CHUNK = re.compile(
    rf"(?P<word>[{_LETTERS}](?:[{_LETTERS}'-]*[{_LETTERS}])?)"
    rf"|(?P<given>\|[^|]*\|)|(?P<rest>[^{_LETTERS}|]+|\|)"
)
_SPANISH_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÁÉÍÑÓÚÜ"


class NemoIpaFrontend(Frontend):
    """Text to a NeMo checkpoint's tokens.

    Args:
        options: the fields of `ttskit_nemo.config.NemoIpaOptions`.

    >>> NemoIpaFrontend().phonemize("¿Che?")
    '  ¿ C H E ?  '
    """

    name = "nemo-ipa"
    version = "1"
    files = ("dictionary",)

    def __init__(self, **options: Any) -> None:
        from pydantic import ValidationError

        try:
            self._how = NemoIpaOptions(**options)
        except ValidationError as error:
            lines = "\n".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ConfigError(
                "options of the frontend nemo-ipa are not valid", lines, f"options: {', '.join(NemoIpaOptions.model_fields)}"
            ) from None
        how = self._how
        self._dictionary = Dictionary({}, frozenset(cased(_SPANISH_LETTERS, how.grapheme_case)), frozenset(), "")
        if how.dictionary:
            path = Path(how.dictionary).absolute()
            self._how = how = how.model_copy(update={"dictionary": str(path)})
            self._dictionary = read_dictionary(path, how.letters, how.grapheme_case, how.use_stresses)
        self.options: Mapping = how.model_dump(mode="json")
        self.lexicon_hash = self._dictionary.hash
        self._table = _table(how, self._dictionary)
        self._sounds = None
        if how.reading == "spanish":
            from ttskit_nemo.spanish import SpanishSounds

            self._sounds = SpanishSounds(how.dialect, self._table)

    @property
    def symbols(self) -> SymbolTable:
        """The checkpoint's inventory, in its order."""
        return self._table

    def analyze(self, text: str) -> Analysis:
        """Read `text` (NFC first: spans count the characters of `Analysis.text`)."""
        text = unicodedata.normalize("NFC", text)
        if self._sounds is not None:
            read = self._sounds.read(text)
            return Analysis(text, read.normalized, read.words, *self._framed(read.tokens), read.unknown)
        tokens: list[tuple[str, int | None]] = []
        words: list[Word] = []
        unknown: list[Unknown] = []
        plain = text.replace("’", "'")
        for match in _CHUNK.finditer(plain):
            chunk, start = match[0], match.start()
            if match["rest"]:
                tokens += [(c, None) for c in chunk if c in self._table]
                unknown += [Unknown(text[i], i) for i, c in enumerate(chunk, start) if c not in self._table]
                continue
            known = [t for t, _ in self._pieces(match) if t in self._table]
            unknown += [Unknown(text[i], i) for t, place in self._pieces(match) if t not in self._table for i in place]
            if known:
                tokens += [(t, len(words)) for t in known]
                words.append(Word(chunk.strip("|").lower(), match.span(), phonemes=tuple(known)))
        while tokens and tokens[-1][0] == SPACE:
            tokens.pop()
        normalized = " ".join(word.text for word in words)
        return Analysis(text, normalized, tuple(words), *self._framed(tokens), tuple(sorted(unknown, key=lambda u: u.position)))

    def _framed(self, tokens: list[tuple[str, int | None]]) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
        edge = [(SPACE, None)] if self._how.pad_with_space else []
        whole = [*edge, *tokens, *edge]
        return tuple(t for t, _ in whole), tuple(w for _, w in whole)

    def _pieces(self, match: re.Match) -> Iterator[tuple[str, range]]:
        """Tokens of a word or of |…|, each with the characters it comes from (exactly, where that is a letter)."""
        start, chunk = match.start(), match[0]
        if match["given"]:
            for part in re.finditer(r"[^ ]+", chunk[1:-1]):
                yield part[0], range(start + 1 + part.start(), start + 1 + part.end())
            return
        if (said := self._look_up(chunk)) is not None:
            yield from ((phone, range(0)) for phone in said)
            return
        for part in re.finditer(r"-|[^-]+", chunk):
            said = None if part[0] == "-" or "-" not in chunk else self._look_up(part[0])
            if said is not None:
                yield from ((phone, range(0)) for phone in said)
                continue
            for i, letter in enumerate(part[0], start + part.start()):
                yield from ((c, range(i, i + 1)) for c in cased(letter, self._how.grapheme_case))

    def _look_up(self, word: str) -> str | None:
        forms = self._dictionary.words.get(cased(word, self._how.grapheme_case), ())
        return None if not forms or (self._how.ignore_ambiguous_words and len(forms) > 1) else forms[0]


def _table(how: NemoIpaOptions, dictionary: Dictionary) -> SymbolTable:
    """The inventory in NeMo's order: letters, phones and marks by code point, then space, padding and specials."""
    marks = (how.non_default_punct_list or PUNCTUATION) if how.punct else ()
    plain = set(dictionary.phones) | set(marks) | ({"'"} if how.apostrophe else set())
    if how.use_chars:
        plain |= dictionary.letters
    special = [OOV] if how.add_blank_at is None else [OOV, BLANK] if how.add_blank_at == "last" else [BLANK, OOV]
    symbols = (*sorted(plain - {SPACE}), SPACE, PAD, *special)
    silent = {*marks, "'", SPACE, PAD, *special, *STRESSES} & set(symbols)
    return SymbolTable(symbols, pad=PAD, space=SPACE, silent=frozenset(silent), features=features_of(symbols))
