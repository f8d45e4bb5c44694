"""Frontend: text in, tokens and everything worth knowing about them out. Pure Python, no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ttskit.errors import UsageError
from ttskit.symbols import SymbolTable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Analysis", "Frontend", "FrontendFingerprint", "Reading", "Unknown", "Word"]


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word of the normalised text.

    Args:
        text: as spoken, lower case.
        span: (start, end) characters of the *original* text that it came from.
        syllables: spelling cut into syllables.
        stress: index of the stressed syllable, None for unstressed function words.
        phonemes: its phonemes in IPA, stress mark on the vowel ("ˈa").
    """

    text: str
    span: tuple[int, int]
    syllables: tuple[str, ...] = ()
    stress: int | None = None
    phonemes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A character of the original text that the frontend could not read."""

    character: str
    position: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How one stretch of the original text was read.

    Args:
        span: (start, end) characters of the original text.
        text: what is written there.
        spoken: what is said for it; "" for what is silent by rule (spaces, quotes, markup).
        token_class: the class of token it was taken for: "word", "number", "date", "mark", "silent" …
        rule: the rule of that class that read it.
        alternatives: other readings that rules of this frontend allow, the likelier first.
    """

    span: tuple[int, int]
    text: str
    spoken: str
    token_class: str
    rule: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a frontend found in a text.

    Args:
        text: the original text (Unicode-normalised; spans count its characters).
        normalized: as spoken: numbers and abbreviations in words, punctuation kept.
        words: the spoken words in order.
        tokens: symbols for the acoustic model, boundaries and punctuation included.
        token_words: for each token the index of its word, or None (punctuation, boundary, space).
        unknown: characters that were not read; never dropped without being listed here.
        readings: the text from end to end, stretch by stretch, with the class and rule that read each;
            a frontend that gives readings covers every character by one of them or by `unknown`.
    """

    text: str
    normalized: str
    words: tuple[Word, ...]
    tokens: tuple[str, ...]
    token_words: tuple[int | None, ...]
    unknown: tuple[Unknown, ...] = ()
    readings: tuple[Reading, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FrontendFingerprint:
    """What identifies a frontend's behaviour; travels with corpus and run.

    `files` names the options that are paths of files (a dictionary): a run folder keeps its own copy of
    them. What they hold is identified by `lexicon_hash`, not by where they lie.
    """

    name: str
    version: str
    options: Mapping[str, Any] = field(default_factory=dict)
    lexicon_hash: str = ""
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` reads it back equal."""
        plain = {"name": self.name, "version": self.version, "options": dict(self.options), "lexicon_hash": self.lexicon_hash}
        return {**plain, "files": list(self.files)} if self.files else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FrontendFingerprint:
        """The fingerprint that `to_json` wrote; `Misread` names a field that is missing or of another type."""
        from ttskit.reading import as_type

        return cast("FrontendFingerprint", as_type(cls, data, "frontend"))

    def differences(self, other: FrontendFingerprint) -> list[str]:
        """One line for each fact that differs, for the warning at synthesis; where files lie does not count."""
        mine, theirs = (
            {**f.to_json(), "files": list(f.files), "options": {k: v for k, v in f.options.items() if k not in f.files}}
            for f in (self, other)
        )
        return [f"{key}: {mine[key]} → {theirs[key]}" for key in mine if mine[key] != theirs[key]]


class Frontend(ABC):
    """Turns text into tokens. Deterministic, pure Python, no downloads.

    A plugin's factory is called with the recipe's options as keyword arguments and returns one.
    """

    name: str
    version: str
    options: Mapping[str, Any]
    lexicon_hash: str = ""
    files: tuple[str, ...] = ()  # options that are paths of files, absolute in `options`

    @property
    @abstractmethod
    def symbols(self) -> SymbolTable:
        """Every token that `analyze` can produce, plus padding."""

    @abstractmethod
    def analyze(self, text: str) -> Analysis:
        """Read `text`. Text without anything to speak gives no words and only boundary tokens."""

    def normalize(self, text: str) -> str:
        """The text as it will be spoken."""
        return self.analyze(text).normalized

    def phonemize(self, text: str) -> str:
        """Tokens separated by spaces."""
        return " ".join(self.analyze(text).tokens)

    def check_lexicon(self, path: Path) -> list[str]:
        """A line for each problem of the lexicon file at `path`; only frontends with lexicons have this."""
        raise UsageError(f"frontend {self.name!r} reads no lexicons", str(path), "choose another with --frontend")

    def fingerprint(self) -> FrontendFingerprint:
        """Name, version, options and lexicon hash."""
        return FrontendFingerprint(self.name, self.version, dict(self.options), self.lexicon_hash, self.files)
