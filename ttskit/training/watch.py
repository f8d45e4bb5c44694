"""Is the alignment coming, and is it time to give up? Words for the one, a careful rule for the other.

The measure is diagonality on validation sentences (`alignment.py`). When it should be there is the model's to say
(`AcousticModel.alignment_due`): attention that is shown durations aligns in hundreds of steps, attention left alone on
minutes of speech may never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["DIAGONAL", "GAIN", "HOPELESS", "LEAST_STEPS", "PATIENCE", "STRETCH", "AlignmentWatch"]

DIAGONAL = 0.7  # reached by attention that is one token wide, with a little blur
HOPELESS = 0.35  # attention spread over a whole sentence scores 0.1 to 0.3, by its length; one that is of use 0.5 and more
GAIN = 0.02  # a rise smaller than this between two stretches of validations is none
STRETCH = 3  # validations that are averaged: single ones wander
LEAST_STEPS = 2_000  # a training shorter than this ends soon enough by itself
PATIENCE = 2.0  # times the step at which attention was due


class AlignmentWatch:
    """Follows the diagonality of one training.

    Args:
        due: step by which attention should be diagonal; None for a model that is not watched.
        total: steps of the training.
        rows: validations before this session, as in metrics.jsonl.
        what: what the lines call it: a decoder's "attention", or "alignment".
    """

    def __init__(self, due: int | None, total: int, rows: Iterable[Mapping] = (), what: str = "attention") -> None:
        self.due, self.total, self.what = due, total, what
        self.history: list[tuple[int, float | None]] = [
            (r["step"], r.get("diagonality")) for r in rows if "diagonality" in r or "alignment_unknown" in r
        ]

    def add(self, step: int, diagonality: float | None) -> None:
        """One validation; None where the model's alignment is unknown, which says neither yes nor no."""
        self.history.append((step, diagonality))

    def words(self) -> str:
        """What the last validation means, in one line; "" for a model that is not watched."""
        if self.due is None or not self.history:
            return ""
        step, value = self.history[-1]
        where, needed = f"step {step:,} of {self.total:,}: {self.what}", f"{DIAGONAL} was due by step {self.due:,}"
        if value is None:
            return f"{where} unknown: whether it will align cannot be judged, and this training is not stopped for it"
        if value >= DIAGONAL:
            return f"{where} diagonal (diagonality {value:.2f} of 1)"
        if step < self.due:
            measured = f"diagonality {value:.2f}, from {DIAGONAL} on it is"
            return f"{where} not yet diagonal ({measured}), normal until about step {self.due:,}"
        if self._rising():
            return f"{where} late, and coming (diagonality {value:.2f}; {needed})"
        return f"{where} still not diagonal (diagonality {value:.2f}; {needed}): look at samples/attention"

    def hopeless(self) -> str:
        """Why going on is a waste, or "" as long as it may still align.

        Only long after attention was due, with every validation far from a diagonal and the last ones no better
        than those before. Whoever thinks otherwise sets `training.stop_when_hopeless: false`.
        """
        if self.due is None or not self.history or self.history[-1][1] is None:
            return ""
        step, values = self.history[-1][0], self._known()
        if step < max(LEAST_STEPS, PATIENCE * self.due) or len(values) < 2 * STRETCH or step >= self.total:
            return ""
        best = max(values)
        if best >= HOPELESS or self._rising():
            return ""
        return (
            f"after {step:,} steps the {self.what} is as far from a diagonal as in the beginning: "
            f"{values[-1]:.2f}, at best {best:.2f}; it was due by step {self.due:,}"
        )

    def _known(self) -> list[float]:
        return [value for _, value in self.history if value is not None]

    def _rising(self) -> bool:
        values = self._known()
        if len(values) < 2 * STRETCH:
            return len(values) > 1 and values[-1] > values[0] + GAIN
        last, before = values[-STRETCH:], values[-2 * STRETCH : -STRETCH]
        return sum(last) / STRETCH > sum(before) / STRETCH + GAIN
