"""Problem: one thing that is wrong with a corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["Problem"]


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
