"""SpanishFrontend: text → normalised words → phonemes → tokens, each with its way back to the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ttskit.interfaces.frontend import Analysis, Frontend, Reading, Unknown, Word
from ttskit_spanish.allophones import Style, realise_words
from ttskit_spanish.g2p import dialect, pronounce
from ttskit_spanish.lexicon.inline import Inline, find_inline
from ttskit_spanish.lexicon.table import project_table
from ttskit_spanish.normalize import Choices, Piece, normalize
from ttskit_spanish.normalize.tags import TAGS
from ttskit_spanish.options import DEFAULTS, checked
from ttskit_spanish.phones import EDGE, PUNCTUATION, SPACE, STRESS, symbol_table
from ttskit_spanish.words import UNSTRESSED

if TYPE_CHECKING:
    from pathlib import Path

# Fields that every fingerprint has; later ones only where they differ from their default, so that
# runs made before an option existed still match.
_FIRST_OPTIONS = frozenset(("dialect", "locale", "fricative", "lleismo", "spaces"))
_NO_SPACE_BEFORE = frozenset(",.;:?!…")
_NO_SPACE_AFTER = frozenset("¿¡")


class SpanishFrontend(Frontend):
    """Spanish text to tokens, by rule.

    Args:
        options: the fields of `ttskit_spanish.config.SpanishOptions`.

    >>> SpanishFrontend().phonemize("¿Vos llamás?")
    '<edge> ¿ b ˈo s ʃ a m ˈa s ? <edge>'
    >>> SpanishFrontend().normalize("Son 21 casas.")
    'son veintiuna casas.'
    """

    name = "spanish"
    version = "1"

    def __init__(self, **options: Any) -> None:
        chosen = checked(options)
        self.options: Mapping = _identity(chosen)
        self._choices = Choices(
            tags={**dict.fromkeys(TAGS, "keep"), **chosen["tags"]} if chosen["annotations"] else None,
            **{name: chosen[name] for name in Choices._fields if name != "tags"},
        )
        self._locale, self._spaces = chosen["locale"], chosen["spaces"]
        self._style = Style(**{name: chosen[name] for name in Style._fields})
        table = None
        if chosen["lexicon"] is not None:
            from pathlib import Path

            path = Path(chosen["lexicon"]).expanduser().absolute()
            table, self.lexicon_hash = project_table(path, chosen["dialect"], chosen["names"])
            self.options, self.files = {**self.options, "lexicon": str(path)}, ("lexicon",)
        own = {name: chosen[name] for name in ("fricative", "lleismo", "hie", "hue", "names")}
        self._dialect = dialect(chosen["dialect"], lexicon=table, **own)
        self._table = symbol_table(self._style.symbols or (table is not None and table.allophones))

    def check_lexicon(self, path: Path) -> list[str]:
        """A line for each problem of the lexicon at `path`."""
        from ttskit_spanish.lexicon.check import check_lexicon

        return [str(problem) for problem in check_lexicon(path)]

    @property
    def symbols(self):
        """The inventory, the same for all dialects; allophones stand at its end if options ask for them."""
        return self._table

    def analyze(self, text: str) -> Analysis:
        """Read `text` (NFC first: spans count the characters of `Analysis.text`)."""
        text = unicodedata.normalize("NFC", text)
        masked, inline = find_inline(text, self._table)
        pieces, unknown, readings = normalize(masked, self._locale, self._choices)
        spoken: list[Piece | Word] = []
        missing, lost = list(unknown), set()
        alone = sum(piece.kind != "mark" for piece in pieces) == 1
        for piece in pieces:
            if piece.kind == "mark":
                spoken.append(piece)
                continue
            word = self._inline(inline[piece.span[0]]) if piece.span[0] in inline else self._word(piece, alone)
            if word is None:
                missing += [Unknown(text[i], i) for i in range(*piece.span)]
                lost.add(piece.span)
            else:
                spoken.append(word)
        if not self._style.plain:
            spoken = realise_words(spoken, self._style, literal=inline)
        tokens, token_words, words, shown = [EDGE], [None], [], []
        for index, item in enumerate(spoken):
            if isinstance(item, Word):
                if self._spaces and index and isinstance(spoken[index - 1], Word):
                    tokens.append(SPACE)
                    token_words.append(None)
                tokens += item.phonemes
                token_words += [len(words)] * len(item.phonemes)
                words.append(item)
            elif item.text in PUNCTUATION:
                tokens.append(item.text)
                token_words.append(None)
            before = spoken[index - 1].text if index else ""
            if index and item.text not in _NO_SPACE_BEFORE and before not in _NO_SPACE_AFTER:
                shown.append(" ")
            shown.append(item.text)
        tokens.append(EDGE)
        token_words.append(None)
        missing.sort(key=lambda u: u.position)
        if inline:
            readings = [_written(r, inline) for r in readings]
        kept: tuple[Reading, ...] = tuple(r for r in readings if r.span not in lost) if lost else tuple(readings)
        return Analysis(text, "".join(shown), tuple(words), tuple(tokens), tuple(token_words), tuple(missing), kept)

    def _inline(self, found: Inline) -> Word:
        stress = 0 if any(p.startswith(STRESS) for p in found.phonemes) else None
        return Word(found.text, found.span, (found.text,), stress, found.phonemes)

    def _word(self, piece: Piece, alone: bool) -> Word | None:
        said = pronounce(piece.text, self._dialect)
        if said is None:
            return None
        if piece.text in UNSTRESSED and not alone:
            bare = tuple(p.removeprefix(STRESS) for p in said.phonemes)
            return Word(piece.text, piece.span, said.syllables, None, bare)
        return Word(piece.text, piece.span, said.syllables, said.stress, said.phonemes)


def _written(reading: Reading, inline: Mapping[int, Inline]) -> Reading:
    """The reading of `[[phonemes]]`, which the normaliser saw as a word."""
    found = inline.get(reading.span[0])
    return reading if found is None else Reading(found.span, found.text, " ".join(found.phonemes), "phonemes", "inline", ())


def _identity(chosen: Mapping[str, Any]) -> dict:
    """The options that tell this frontend from others."""
    return {k: v for k, v in chosen.items() if k in _FIRST_OPTIONS or v != DEFAULTS[k]}
