"""From recognised phones to a verdict: what was skipped, repeated, cut, or never ended.

The judge hears the audio only. What counts as a hole or as a repetition is learned from natural
speech: the recogniser errs there too, and its longest ordinary slips are no fault of a voice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np

from ttskit.symbols import SymbolTable

__all__ = [
    "NEVER",
    "VERDICTS",
    "Expected",
    "PhoneAlignment",
    "PhoneRun",
    "Slip",
    "Thresholds",
    "Verdict",
    "align_phones",
    "calibrate",
    "expected_phones",
    "judge",
    "phone_inventory",
    "runs",
]

VERDICTS = (  # gravest first
    "ok",
    "never-ending",
    "unclear",
    "cut",
    "words skipped",
    "words repeated",
    "extra sounds",
    "sounds missing",
    "sounds repeated",
)
NEVER = 1e9  # a limit that no ratio passes
_STRESS = str.maketrans("", "", "ˈˌ")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a sentence should sound like: phones without stress, and for each the index of its word (or None)."""

    phones: tuple[str, ...]
    words: tuple[int | None, ...]


def expected_phones(tokens: Sequence[str], token_words: Sequence[int | None], symbols: SymbolTable) -> Expected:
    """The sounding tokens; stress marks are dropped, as the recogniser is asked what was said, not how."""
    kept = [(t.translate(_STRESS), w) for t, w in zip(tokens, token_words, strict=True) if t not in symbols.silent]
    kept = [(t, w) for t, w in kept if t]
    return Expected(tuple(t for t, _ in kept), tuple(w for _, w in kept))


def phone_inventory(symbols: SymbolTable) -> tuple[str, ...]:
    """Phones that a recogniser of this inventory tells apart, sorted."""
    return tuple(sorted({p for s in symbols.symbols if s not in symbols.silent and (p := s.translate(_STRESS))}))


@dataclass(frozen=True, slots=True)
class PhoneAlignment:
    """Levenshtein alignment of heard with expected phones.

    Args:
        steps: (kind, expected index or None, heard index or None) in order; kind is "match",
            "substitution", "deletion" (expected, not heard) or "insertion" (heard, not expected).
    """

    steps: tuple[tuple[str, int | None, int | None], ...]

    def count(self, kind: str) -> int:
        """Steps of one kind."""
        return sum(step[0] == kind for step in self.steps)

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return len(self.steps) - self.count("match")


def align_phones(expected: Sequence[object], heard: Sequence[object]) -> PhoneAlignment:
    """The alignment with fewest errors; among equals, the one whose deletions and insertions stand together and late."""
    n, m = len(expected), len(heard)
    # In units of the surcharge on opening a gap: so small that it never changes the number of errors.
    opening, error = 1, 4 * (n + m + 1)
    infinite = error * error
    # Cost of reaching a cell by a step on both sides, a deletion, an insertion (Gotoh 1982), one row at a time.
    both, gone, more = [0] + [infinite] * m, [infinite] * (m + 1), [infinite] * (m + 1)
    for j in range(1, m + 1):
        more[j] = min(both[j - 1] + opening, more[j - 1]) + error
    table = [(both, gone, more)]
    for i in range(1, n + 1):
        above_both, above_gone, above_more = table[-1]
        both, gone, more = [infinite] * (m + 1), [infinite] * (m + 1), [infinite] * (m + 1)
        phone = expected[i - 1]
        for j in range(m + 1):
            gone[j] = min(above_gone[j], above_both[j] + opening, above_more[j] + opening) + error
            if j:
                both[j] = min(above_both[j - 1], above_gone[j - 1], above_more[j - 1]) + error * (phone != heard[j - 1])
                more[j] = min(more[j - 1], both[j - 1] + opening, gone[j - 1] + opening) + error
        table.append((both, gone, more))
    steps: list[tuple[str, int | None, int | None]] = []
    i, j = n, m
    state = min((1, 2, 0), key=lambda k: table[n][k][m])
    while i or j:
        if state == 0:
            i, j = i - 1, j - 1
            steps.append(("match" if expected[i] == heard[j] else "substitution", i, j))
            surcharge = (0, 0, 0)
        elif state == 1:
            i -= 1
            steps.append(("deletion", i, None))
            surcharge = (opening, 0, opening)
        else:
            j -= 1
            steps.append(("insertion", None, j))
            surcharge = (opening, opening, 0)
        here = (table[i][0][j] + surcharge[0], table[i][1][j] + surcharge[1], table[i][2][j] + surcharge[2])
        state = min((1, 2, 0), key=here.__getitem__)
    return PhoneAlignment(tuple(reversed(steps)))


@dataclass(frozen=True, slots=True)
class PhoneRun:
    """A stretch of deletions or insertions: `start` … `end` (exclusive) of the expected or heard phones, `count` steps."""

    start: int
    end: int
    count: int


def runs(alignment: PhoneAlignment, kind: str) -> list[PhoneRun]:
    """Stretches of one kind; a single other step inside does not break a stretch (a chance hit within a skipped word)."""
    side = 1 if kind == "deletion" else 2
    found: list[PhoneRun] = []
    last = -10
    for position, step in enumerate(alignment.steps):
        if step[0] != kind:
            continue
        index = step[side]
        if found and position - last <= 2:
            found[-1] = PhoneRun(found[-1].start, index + 1, found[-1].count + 1)
        else:
            found.append(PhoneRun(index, index + 1, 1))
        last = position
    return found


@dataclass(frozen=True, slots=True)
class Slip:
    """Phones of the sentence that were not said, or said twice, by the likelihood of the text with and without them.

    Args:
        kind: "missing" or "twice".
        places: indices of the expected phones.
        ratio: how much likelier the sound is with this slip than without, in nats.
    """

    kind: Literal["missing", "twice"]
    places: tuple[int, ...]
    ratio: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What natural speech allows; made by `calibrate`.

    Args:
        hole: a run of so many phones not heard is a fault.
        insertion: a run of so many phones too many is a fault.
        error_rate: a sentence with a larger share of wrong phones, outside such runs, is unclear; at most 0.9.
        base_s, per_phone_s: expected length of a sentence is base_s + per_phone_s · phones.
        longest: a sentence longer than longest · expected + 1 s never ended.
        missing, twice: log likelihood ratios (nats) above which phones are missing, or said twice.
    """

    hole: int
    insertion: int
    error_rate: float
    base_s: float
    per_phone_s: float
    longest: float
    missing: float = NEVER
    twice: float = NEVER

    def expected_s(self, phones: int) -> float:
        """How long a sentence of so many phones takes in this corpus."""
        return self.base_s + self.per_phone_s * phones

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Judgement of one spoken sentence.

    Args:
        verdict: the gravest of VERDICTS that applies.
        faults: every one that applies.
        errors, phones: phone errors and expected phones (their ratio is the phone error rate).
        heard: recognised phones.
        skipped_words, repeated_words: indices of words, in order.
        seconds, expected_s: length of the audio, and of natural speech of so many phones.
    """

    verdict: str
    faults: tuple[str, ...]
    errors: int
    phones: int
    heard: tuple[str, ...]
    skipped_words: tuple[int, ...]
    repeated_words: tuple[int, ...]
    seconds: float
    expected_s: float
    counts: dict = field(default_factory=dict)

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


def judge(
    expected: Expected,
    heard: Sequence[str],
    seconds: float,
    thresholds: Thresholds,
    finished: bool | None = None,
    slips: Sequence[Slip] = (),
) -> Verdict:
    """Judge one sentence by what was heard, how long it took, and its slips, which are smaller than what a run shows.

    `finished` False (ran into its limit) is never-ending too. In speech that is not understood, slips mean nothing.
    """
    alignment = align_phones(expected.phones, heard)
    n = len(expected.phones)
    holes = [r for r in runs(alignment, "deletion") if r.count >= min(thresholds.hole, max(n, 1))]
    extra = [r for r in runs(alignment, "insertion") if r.count >= thresholds.insertion]
    matched = {step[1] for step in alignment.steps if step[0] == "match"}
    lost_words = set(_words_in(expected, {i for r in holes for i in range(r.start, r.end)} - matched))
    repeats = [(r, source) for r in extra if (source := _source_of_repeat(expected.phones, heard[r.start : r.end])) is not None]
    repeated = {w for _, (a, b) in repeats for w in expected.words[a:b] if w is not None}
    faults = []
    length = thresholds.expected_s(n)
    if finished is False or seconds > thresholds.longest * length + 1.0:
        faults.append("never-ending")
    lost, added = sum(r.count for r in holes), sum(r.count for r in extra)
    rest = alignment.errors - lost - added
    mumbled = 2 * alignment.count("match") < n and seconds > 0.75 * length  # time enough to say it, and half is not there
    if mumbled or (rest > thresholds.error_rate * (n - lost) and rest >= min(3, n)):
        faults.append("unclear")  # before the runs: in speech that is not understood, they mean nothing
    small = _small_slips(expected, [] if "unclear" in faults else slips)
    ending = expected.words[-1] if n else None
    last_too = ending is not None and ending in small.words_lost and len(small.words_lost) < len(set(expected.words))
    if any(r.end >= n and r.start > 0 for r in holes) or (last_too and not holes):
        faults.append("cut")
    if any(r.end < n or r.start == 0 for r in holes) or small.words_lost - lost_words - ({ending} if last_too else set()):
        faults.append("words skipped")
    if repeats or small.words_again:
        faults.append("words repeated")
    if len(repeats) < len(extra):
        faults.append("extra sounds")
    if small.lost and not holes:
        faults.append("sounds missing")
    if small.again and not extra:
        faults.append("sounds repeated")
    lost_words |= small.words_lost
    repeated |= small.words_again
    counts = {kind: alignment.count(kind) for kind in ("match", "substitution", "deletion", "insertion")}
    return Verdict(
        faults[0] if faults else "ok",
        tuple(faults),
        alignment.errors,
        n,
        tuple(heard),
        tuple(sorted(lost_words)),
        tuple(sorted(repeated)),
        seconds,
        length,
        counts,
    )


def calibrate(expected: Sequence[Expected], heard: Sequence[Sequence[str]], seconds: Sequence[float]) -> Thresholds:
    """Thresholds from natural sentences that the recogniser was not trained on, and whose verdicts nobody reports.

    Holes and insertions: one phone more than the 98th percentile of the longest run in a natural
    sentence, at least 3. Unclear: more than 30 % of the phones wrong, and more than twice the 95th
    percentile of the natural error rate (more than 90 % in any case). Never-ending: half as long again as
    the slowest natural sentence, at least twice the expected length.
    """
    alignments = [align_phones(e.phones, h) for e, h in zip(expected, heard, strict=True)]
    phones = np.array([len(e.phones) for e in expected], float)
    rates = np.array([a.errors for a in alignments]) / np.maximum(phones, 1)
    design = np.stack([np.ones_like(phones), phones], 1)
    fit, *_ = np.linalg.lstsq(design, np.asarray(seconds, float), rcond=None)
    base, slope = (
        (float(fit[0]), float(fit[1]))
        if np.ptp(phones) > 0 and fit[0] > 0 and fit[1] > 0
        else (0.0, float(np.sum(seconds) / max(phones.sum(), 1)))
    )
    ratio = float(np.max(np.asarray(seconds) / (base + slope * np.maximum(phones, 1))))

    def limit(kind: str) -> int:
        longest = [max((r.count for r in runs(a, kind)), default=0) for a in alignments]
        return max(3, int(np.ceil(np.percentile(longest, 98))) + 1)

    unclear = float(np.clip(2 * np.percentile(rates, 95), 0.3, 0.9))
    return Thresholds(limit("deletion"), limit("insertion"), unclear, base, slope, max(2.0, 1.5 * ratio))


@dataclass(frozen=True, slots=True)
class _Small:
    """Slips by what they amount to: words of which most is missing, words said twice as a whole, and parts of words."""

    words_lost: set[int]
    words_again: set[int]
    lost: bool
    again: bool


def _small_slips(expected: Expected, slips: Sequence[Slip]) -> _Small:
    missing = {i for s in slips if s.kind == "missing" for i in s.places}
    words_lost = set(_words_in(expected, missing))
    lost = any(s.kind == "missing" and any(expected.words[i] not in words_lost for i in s.places) for s in slips)
    words_again, again = set(), False
    for slip in slips:
        if slip.kind == "twice":
            whole = {w for w in _owners(expected, slip.places) if _phones_of(expected, w) <= set(slip.places)}
            words_again |= whole
            again |= not whole
    return _Small(words_lost, words_again, lost, again)


def _owners(expected: Expected, places: Iterable[int]) -> set[int]:
    return {w for i in places if (w := expected.words[i]) is not None}


def _phones_of(expected: Expected, word: int) -> set[int]:
    return {i for i, w in enumerate(expected.words) if w == word}


def _words_in(expected: Expected, lost: set[int]) -> list[int]:
    """Words of which more than half of the phones are lost."""
    return sorted(w for w in _owners(expected, lost) if 2 * len((own := _phones_of(expected, w)) & lost) > len(own))


def _source_of_repeat(expected: Sequence[str], extra: Sequence[str]) -> tuple[int, int] | None:
    """The stretch of the sentence that `extra` says again: at most 40 % of it wrong; None if there is none."""
    size = len(extra)
    if size == 0 or len(expected) < size:
        return None
    errors = [
        sum(a != b for a, b in zip(expected[start : start + size], extra, strict=True))
        if size <= 3
        else align_phones(expected[start : start + size], extra).errors
        for start in range(len(expected) - size + 1)
    ]
    best = int(np.argmin(errors))
    return (best, best + size) if errors[best] <= 0.4 * size else None
