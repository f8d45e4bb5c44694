"""Hearing a sentence whose text is known: the phones that were said, and where the text was left or said twice."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ttskit.measure.phones import Expected, Slip
from ttskit.measure.recogniser.edits import Edits, edit_ratios
from ttskit.measure.recogniser.network import PhoneRecogniser

__all__ = ["MOST_SLIPS", "PhoneListener", "questions"]

MOST_SLIPS = 8  # of one sentence: more is not a text with slips in it
_MISSING, _TWICE = (1, 2, 3, 4), (2, 3, 4, 5)  # phones of the stretches that are asked about beside whole words
_IMPOSSIBLE = -1e20  # a log likelihood of no alignment at all: more phones than frames


class PhoneListener:
    """A recogniser that knows what it should hear."""

    def __init__(self, network: PhoneRecogniser) -> None:
        self.network = network
        self._classes = {phone: i + 1 for i, phone in enumerate(network.phones)}

    def classes(self, expected: Expected) -> list[int]:
        """Of the expected phones."""
        return [self._classes[phone] for phone in expected.phones]

    def ratios(self, posteriors: Tensor, expected: Expected) -> Edits | None:
        """Ratios of everything that is asked of log probabilities (T', C).

        None where nothing is expected, or where there are fewer frames than phones.
        """
        if not expected.phones:
            return None
        found = edit_ratios(posteriors, self.classes(expected), *questions(expected.words))
        return found if found.said * len(posteriors) > _IMPOSSIBLE else None

    def slips(self, posteriors: Tensor, expected: Expected, missing: float, twice: float) -> tuple[Slip, ...]:
        """Everything that is missing or said twice with a ratio above its limit: the clearest first, then what is left.

        Each is put into the text before the next is looked for, so that one slip is not reported for its neighbours too.
        """
        said, words, origin = list(self.classes(expected)), list(expected.words), list(range(len(expected.phones)))
        found: list[Slip] = []
        while said and len(found) < MOST_SLIPS:
            edits = edit_ratios(posteriors, said, *questions(words))
            lost, again = edits.likeliest_missing, edits.likeliest_twice
            if edits.said * len(posteriors) < _IMPOSSIBLE:
                break
            over_lost = lost.ratio - missing if lost is not None else -1.0
            over_again = again.ratio - twice if again is not None else -1.0
            if max(over_lost, over_again) <= 0:
                break
            if lost is not None and over_lost >= over_again:
                found.append(Slip("missing", tuple(origin[lost.start : lost.end]), lost.ratio))
                for own in (said, words, origin):
                    del own[lost.start : lost.end]
            elif again is not None:
                found.append(Slip("twice", tuple(origin[again.start : again.end]), again.ratio))
                for own in (said, words, origin):
                    own[again.end : again.end] = own[again.start : again.end]
        return tuple(found)


def questions(words: Sequence[int | None]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Stretches (start, end) that may be missing, and that may be said twice: some phones anywhere, and every whole word."""
    count = len(words)
    whole, start = [], 0
    for i in range(1, count + 1):
        if i == count or words[i] != words[start]:
            whole.append((start, i))
            start = i
    missing = {(a, a + size) for size in _MISSING for a in range(count - size + 1)} | set(whole)
    twice = {(a, a + size) for size in _TWICE for a in range(count - size + 1)} | set(whole)
    return sorted(missing), sorted(twice)
