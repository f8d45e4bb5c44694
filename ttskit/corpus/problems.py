"""Problem: one thing that is wrong with a corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["KINDS", "Problem"]

# What problems are counted by; tables show them in the reader's language.
KINDS = (  # messages
    "bad line", "duplicate id", "empty", "encoding", "id", "low rate", "missing", "nan", "near name", "no accents",
    "no features", "no file", "no pitch", "no speaker", "no text", "odd file", "other name", "outside", "part of a file",
    "poor match", "reference times", "same recording", "silent", "text", "too long", "too short", "truncated",
    "unknown symbols", "unreadable", "unsaid signs", "word shared out",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an utterance was skipped, or what was noticed about it.

    Args:
        id: the utterance, or "file:line" where there is none yet.
        kind: one or two words to count by ("missing", "no text", "unknown symbols", …).
        reason: what was found, for a person.
        skipped: False for a warning: the utterance is used.
    """

    id: str
    kind: str
    reason: str
    skipped: bool = True

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)
