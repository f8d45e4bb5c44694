"""How small a difference a listening test can show: listeners, sentences and trainings, by simulation."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["USUAL", "Spreads", "smallest"]


@dataclass(frozen=True, slots=True)
class Spreads:
    """Standard deviations of a difference between two systems (of one CMOS answer: a difference by itself).

    Args:
        run: from training to training of the same systems; sentence: from sentence to sentence; listener: from listener to
            listener, of their mean answer; residual: of one answer beside these.
    """

    run: float
    sentence: float
    listener: float
    residual: float


USUAL = Spreads(run=0.21, sentence=0.40, listener=0.39, residual=1.2)


def smallest(
    spreads: Spreads, listeners: int, sentences: int, runs: int, *, power: float = 0.8, confidence: float = 0.95, seed: int = 1
) -> float:
    """The smallest difference that such a test calls different from 0 with this power."""
    raise NotImplementedError
