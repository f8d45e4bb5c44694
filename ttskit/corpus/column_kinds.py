"""What stands in a column of a list, counted over all of its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ttskit.corpus.recordings import plain_path, stem_of

__all__ = ["Column", "describe", "same_text"]

_LANGUAGES = frozenset(
    """es spa esp spanish español espanol castellano castilian es-ar es_ar es-es es_es es-mx es_mx es-419 es-us es-cl es-co
    es-pe es-uy en eng english en-us en_us en-gb en_gb pt por portuguese pt-br pt_br fr fra fre french it ita italian de
    deu ger german ca cat catalan gl glg galician eu eus basque gn grn guarani qu que quechua arn mapudungun ay aym nl nld
    ru rus pl pol zh ja jp ko ar hi tr uk el cs ro hu sv da fi no multilingual""".split()
)
_GENDERS = frozenset(
    """m f male female man woman masculino femenino masculine feminine hombre mujer varon varón h other otro
    male_masculine female_feminine""".split()
)
_MANNERS = frozenset(
    """neutral happy sad angry anger fear disgust surprise surprised calm excited feliz triste enojado enojada alegre neutro
    tranquilo miedo sorpresa read spontaneous leido leído espontaneo espontáneo
    studio phone high low true false yes no ok bad good""".split()
)
_PARTS = frozenset("train training dev development val valid validation test eval trn tst entrenamiento prueba".split())
_FOLDERS = "wavs wav clips audio audios flac mp3 train dev val valid validation test eval data recordings grabaciones raw"
_SPLITS = frozenset((".", "..", *_FOLDERS.split()))
_SAMPLE_ROWS = 2_000
_IPA = re.compile("[ˈˌːəɛɔɪʊæɑɐɾʝβðɣŋʃʎɲθχɡ]")
_ARPABET = re.compile(r"\b[A-Z]{1,2}[012]?\b(?: \b[A-Z]{1,2}[012]?\b){2,}")


@dataclass
class Column:
    """The cells of one column.

    Args:
        cells: one per row, as they stand.
        found: share of the cells that name a recording which is there.
    """

    cells: Sequence[str]
    found: float
    values: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, cells: Sequence[str], exists: Callable[[str], bool]) -> Column:
        """A column, its cells looked up among the recordings."""
        asked = cells if len(cells) <= _SAMPLE_ROWS else cells[:: len(cells) // _SAMPLE_ROWS]
        there = sum(exists(cell) for cell in asked) / max(1, len(asked))
        return cls(cells, there, Counter(bare for cell in cells if (bare := cell.strip())))

    @property
    def rows(self) -> int:
        """How many cells there are."""
        return len(self.cells)

    @property
    def filled(self) -> int:
        """How many of them are not empty."""
        return self.values.total()

    @cached_property
    def words(self) -> float:
        """Mean words of a cell."""
        return sum(len(value.split()) * n for value, n in self.values.items()) / max(1, self.filled)

    @cached_property
    def number(self) -> bool:
        """Numbers only."""
        return bool(self.values) and all(re.fullmatch(r"[-+]?\d+([.,:]\d+)*", value) for value in self.values)

    @cached_property
    def few(self) -> bool:
        """More than one value, each on the average at least twice, and short as names are."""
        different = len(self.values)
        short = all(len(v) <= 130 for v in self.values) and sum(len(v.split()) for v in self.values) <= 3 * different
        return different > 1 and self.filled >= 2 * different and short

    @cached_property
    def vocabulary(self) -> str:
        """ "gender", "split" or "manner" (emotion, device) where all values are such words; else ""."""
        low = {value.casefold() for value in self.values}
        found = (name for name, words in (("gender", _GENDERS), ("split", _PARTS), ("manner", _MANNERS)) if low <= words)
        return next(found, "")

    @cached_property
    def accents(self) -> int:
        """Letters beyond ASCII."""
        return sum(len(re.findall(r"[À-ÿ]", cell)) for cell in self.cells[:_SAMPLE_ROWS])

    @cached_property
    def digits(self) -> int:
        """Digits."""
        return sum(len(re.findall(r"\d", cell)) for cell in self.cells[:_SAMPLE_ROWS])

    @cached_property
    def marks(self) -> int:
        """Punctuation marks."""
        return sum(len(re.findall(r"[.,;:¿?¡!…]", cell)) for cell in self.cells[:_SAMPLE_ROWS])

    @cached_property
    def like_paths(self) -> bool:
        """All different, without spaces: they could name files."""
        return (
            self.filled >= 0.9 * self.rows
            and len(self.values) >= 0.9 * self.filled
            and (self.suffixed or sum(" " in value for value in self.values) < 0.2 * len(self.values))
        )

    @cached_property
    def suffixed(self) -> bool:
        """Most end as recordings do."""
        plain = [plain_path(value) for value in self.values]
        return bool(plain) and sum(stem_of(p) != p for p in plain) > 0.8 * len(plain)

    @cached_property
    def folders(self) -> set[str]:
        """Last folders that are more than a place for audio or a split, where every path has one."""
        parts = [plain_path(value).split("/")[:-1] for value in self.values]
        if not parts or any(not part for part in parts):
            return set()
        return {next((p for p in reversed(part) if p.casefold() not in _SPLITS), "") for part in parts} - {""}

    @cached_property
    def kind(self) -> str:
        """empty, language, constant, few numbers, numbers, phones, text, few, codes (one a row), some (that repeat), words."""
        values, different = self.values, len(self.values)
        if not different:
            return "empty"
        low = {value.casefold() for value in values}
        if low <= _LANGUAGES:
            return "language"
        if different == 1:
            return "text" if self.words >= 4 or (self.words >= 2 and self.marks) else "constant"
        if self.number:
            whole = all(re.fullmatch(r"\d+", value) for value in values)
            return "few numbers" if self.few and whole else "numbers"
        letters = "".join(list(values)[:500])
        if all(v.startswith("{") and v.endswith("}") for v in values):
            return "phones"
        if len(_IPA.findall(letters)) > 0.05 * len(letters) or sum(
            bool(_ARPABET.search(v)) for v in list(values)[:200]
        ) > 0.8 * min(200, different):
            return "phones"
        if self.words >= 2 and not (self.few and self.filled >= 4 * different and self.words <= 3):
            return "text"
        if self.few:
            return "few"
        if self._codes:
            return "codes" if different >= 0.95 * self.filled else "some"
        return "words"

    @cached_property
    def _codes(self) -> bool:
        """Identifiers: digits or underscores in them, and no spaces."""
        return sum(bool(re.search(r"[\d_]", v)) and " " not in v for v in self.values) > 0.8 * len(self.values)

    def pairs(self, other: Column) -> bool:
        """Whether each value stands with one of `other` only, both ways."""
        both = {(a.strip(), b.strip()) for a, b in zip(self.cells, other.cells, strict=True)}
        return len(both) == len({a for a, _ in both}) == len({b for _, b in both})

    def sample(self, most: int) -> str:
        """The commonest values, shortened."""
        shown = [_short(value) for value, _ in self.values.most_common(most)]
        return ", ".join(shown) + (f", … {len(self.values)} values" if len(self.values) > most else "")


def same_text(one: Column, other: Column) -> float:
    """How alike the texts of two columns are, row by row: mean share of common letter triples, 0 to 1."""
    shares = []
    for a, b in list(zip(one.cells, other.cells, strict=True))[:500]:
        first, second = _triples(a), _triples(b)
        if first and second:
            shares.append(len(first & second) / min(len(first), len(second)))
    return sum(shares) / len(shares) if shares else 0.0


def _triples(text: str) -> set[str]:
    plain = re.sub(r"[\W_]+", " ", text.casefold()).translate(str.maketrans("áéíóúüñ", "aeiouun")).strip()
    return {plain[i : i + 3] for i in range(len(plain) - 2)}


def describe(column: Column) -> str:
    """A column's first values and how many there are."""
    first = [_short(value) for value in list(column.values)[:3]]
    count = len(column.values)
    shown = ", ".join(first) + (", …" if count > 3 else "")
    files = f", {column.found:.0%} name recordings" if column.found else ""
    return f"{shown or 'empty'} ({count} different in {column.rows} rows{files})"


def _short(value: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in value)
    return plain if len(plain) <= 32 else plain[:31] + "…"
