"""What is asked for, as a whole, per word, per token or in the text, becomes one value per token of each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from ttskit.errors import InputError
from ttskit.interfaces.acoustic import Controls, PitchStats
from ttskit.interfaces.frontend import Analysis
from ttskit.synthesis.markup import Marked
from ttskit.synthesis.parts import AnalysisPart

__all__ = ["NEUTRAL", "RANGES", "Score", "Values", "Wishes", "part_controls", "stack_controls", "write_score"]

Values = float | Sequence[float | None]  # one number, or one per word or per token (None: the voice's own)

NEUTRAL = {"pace": 1.0, "pitch": 0.0, "pitch_range": 1.0, "energy": 1.0}
RANGES = {"flat": 0.0, "invert": -1.0}  # names of `pitch_range`
_IN_TEXT = {"pace": "pace", "pitch": "pitch", "range": "pitch_range", "energy": "energy"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of the whole text; see `Voice.synthesize`. `pitch_hz` and `pitch_st` cannot be given together."""

    pace: Values = 1.0
    pitch: Values = 0.0
    pitch_range: Values | str = 1.0
    energy: Values = 1.0
    pitch_hz: Sequence[float | None] | None = None
    pitch_st: Sequence[float | None] | None = None


@dataclass(slots=True)
class Score:
    """Every control of one text, on its words (W,) or tokens (N,).

    Args:
        whole: of everything, boundaries included.
        words: on top of it, per word.
        tokens: on top of both, per token.
        hz, st: given F0 per token, in Hz or semitones from the speaker's mean; NaN where none is.
        copied: durations and normalised pitch per token that were copied from a recording.
        speakers: per word what the text says of its speaker, or None.
        pauses: seconds before a word, where the text says so.
    """

    whole: dict[str, float]
    words: dict[str, np.ndarray]
    tokens: dict[str, np.ndarray]
    hz: np.ndarray
    st: np.ndarray
    copied: dict[str, np.ndarray] = field(default_factory=dict)
    speakers: list[str | None] = field(default_factory=list)
    pauses: dict[int, float] = field(default_factory=dict)

    @property
    def cuts(self) -> set[int]:
        """Words that begin a part: after a pause, and where the speaker changes."""
        changes = {w for w in range(1, len(self.speakers)) if self.speakers[w] != self.speakers[w - 1]}
        return changes | set(self.pauses)


def write_score(analysis: Analysis, marked: Marked, wishes: Wishes) -> Score:
    """Put everything that was asked for on the words and tokens of an analysis.

    Raises:
        InputError: a value that is out of bounds, a list that is neither as long as the words nor as the tokens, markup
            without a word in it.
    """
    words, tokens = len(analysis.words), len(analysis.tokens)
    score = Score(
        dict(NEUTRAL),
        {n: np.full(words, v) for n, v in NEUTRAL.items()},
        {n: np.full(tokens, v) for n, v in NEUTRAL.items()},
        *(np.full(tokens, np.nan) for _ in range(2)),
        speakers=[None] * words,
    )
    for name, neutral in NEUTRAL.items():
        value = getattr(wishes, name)
        value = RANGES.get(value, value) if isinstance(value, str) else value
        if isinstance(value, str):
            raise InputError(f"{name} cannot be {value!r}", "", "give a number, flat or invert")
        if not isinstance(value, Sequence | np.ndarray):
            score.whole[name] = _checked(name, value)
            continue
        place, given = _per_unit(name, value, analysis, lambda v, n=name, d=neutral: d if v is None else v)
        (score.words if place == "word" else score.tokens)[name] = given
    _contour(score, wishes, analysis)
    owners = _owners(analysis)
    for span in marked.spans:
        inside = [w for w, word in enumerate(analysis.words) if word.span[0] < span.end and word.span[1] > span.start]
        if not inside:
            raise InputError(
                f"the markup at character {span.position} holds no word",
                repr(marked.text[span.start : span.end]),
                "put its braces around a word",
            )
        _mark(score, span.values, inside, owners)
    for place, seconds, position in marked.pauses:
        after = next((w for w, word in enumerate(analysis.words) if word.span[0] >= place), None)
        if not after:  # none, or the first
            what = f"the pause at character {position} does not stand between two words"
            raise InputError(what, "", "put a word on both sides")
        score.pauses[after] = seconds
    return score


def part_controls(score: Score, piece: AnalysisPart, statistics: Any) -> dict[str, float | np.ndarray]:
    """Controls of one part, as fields of `Controls`: numbers, or one value per token of the part (n,).

    Args:
        statistics: a call that gives the `PitchStats` of who speaks the part; only asked where Hz or semitones are given.
    """
    inside = np.array([-1 if t is None else t for t in piece.tokens])
    real = inside >= 0
    made: dict[str, float | np.ndarray] = {}
    for name, neutral in NEUTRAL.items():
        own = _spread(piece.analysis.token_words, score.words[name][list(piece.words)], neutral)
        more = np.where(real, score.tokens[name][inside], neutral)
        values = score.whole[name] + own + more if name == "pitch" else score.whole[name] * own * more
        made[name] = float(values[0]) if (values == values[0]).all() else values
    pitch = np.full(len(inside), np.nan)
    if "pitch_values" in score.copied:
        pitch = np.where(real, score.copied["pitch_values"][inside], np.nan)
    hz, st = (np.where(real, lane[inside], np.nan) for lane in (score.hz, score.st))
    if not (np.isnan(hz) & np.isnan(st)).all():
        speaker: PitchStats = statistics()
        hz = np.where(np.isnan(st), hz, speaker.mean_hz * 2.0 ** (st / 12.0))
        pitch = np.where(np.isnan(hz), pitch, (hz - speaker.mean_hz) / speaker.std_hz)
    if not np.isnan(pitch).all():
        made["pitch_values"] = pitch
    if "durations" in score.copied:
        made["durations"] = np.where(real, score.copied["durations"][inside], np.nan)
    return made


def stack_controls(rows: Sequence[Mapping[str, float | np.ndarray]], lengths: Sequence[int]) -> Controls:
    """One `Controls` for a batch of parts: numbers where all rows agree on one, else (B, N)."""
    shape = (len(rows), max(lengths))
    made: dict[str, Any] = {}
    for name, neutral in Controls.NEUTRAL.items():
        values = [row.get(name, neutral) for row in rows]
        if all(isinstance(v, float) for v in values) and len(set(values)) == 1:
            made[name] = values[0]
        elif any(v is not None for v in values):
            made[name] = torch.full(shape, torch.nan if neutral is None else neutral)
            for row, (value, n) in enumerate(zip(values, lengths, strict=True)):
                if value is not None:
                    made[name][row, :n] = torch.as_tensor(value, dtype=torch.float32)
    return Controls(**made)


def _spread(owners: Sequence[int | None], values: np.ndarray, neutral: float) -> np.ndarray:
    """Values of words (w,) on tokens (n,).

    A token of no word (a space, a mark) between two words of the same value has that value too; one at an edge of
    the part only if all its words have it, so that a word's control reaches no further than the word.
    """
    alike = bool((values == values[0]).all())
    known = [i for i, w in enumerate(owners) if w is not None]
    made = np.full(len(owners), values[0] if alike else neutral, dtype=np.float64)
    for a, b in pairwise(known):
        one, other = values[owners[a]], values[owners[b]]
        made[a] = one
        made[a + 1 : b] = one if one == other else neutral
    made[known[-1]] = values[owners[known[-1]]]
    return made


def _owners(analysis: Analysis) -> np.ndarray:
    return np.array([-1 if w is None else w for w in analysis.token_words])


def _mark(score: Score, values: Mapping[str, Any], inside: list[int], owners: np.ndarray) -> None:
    """Markup on the words `inside`."""
    for written, name in _IN_TEXT.items():
        if written in values:
            lane = score.words[name]
            lane[inside] = lane[inside] + values[written] if name == "pitch" else lane[inside] * values[written]
    places = np.flatnonzero(np.isin(owners, inside))
    share = np.linspace(0.0, 1.0, len(places)) if len(places) > 1 else np.full(len(places), 0.5)
    if "hz" in values:  # a glide is even in semitones
        first, last = values["hz"]
        score.hz[places], score.st[places] = first * (last / first) ** share, np.nan
    if "st" in values:
        first, last = values["st"]
        score.st[places], score.hz[places] = first + (last - first) * share, np.nan
    if "speaker" in values:
        for word in inside:
            score.speakers[word] = values["speaker"]


def _contour(score: Score, wishes: Wishes, analysis: Analysis) -> None:
    if wishes.pitch_hz is not None and wishes.pitch_st is not None:
        raise InputError("pitch_hz and pitch_st cannot be given together", "both were given", "give one of them")
    owners = _owners(analysis)
    for name, lane in (("pitch_hz", score.hz), ("pitch_st", score.st)):
        value = getattr(wishes, name)
        if value is None:
            continue
        if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
            fix = "give one value per word or per token, None for the voice's own"
            raise InputError(f"{name} must be a list", f"got {value!r}", fix)
        place, given = _per_unit(name, value, analysis, lambda v: np.nan if v is None else v)
        lane[:] = np.where(owners >= 0, given[owners], np.nan) if place == "word" else given


def _per_unit(name: str, value: Sequence, analysis: Analysis, filled: Any) -> tuple[str, np.ndarray]:
    """("word" or "token", checked values)."""
    words, tokens = len(analysis.words), len(analysis.tokens)
    if len(value) not in (words, tokens):
        raise InputError(
            f"{name} has {len(value)} values",
            f"the text has {words} words and {tokens} tokens",
            "give one value per word or one per token; `ttskit text phonemize` shows the tokens",
        )
    place = "word" if len(value) == words else "token"
    shown = [word.text for word in analysis.words] if place == "word" else analysis.tokens
    given = [filled(v) if v is None else _checked(name, v, f" for {place} {i + 1} ({shown[i]!r})") for i, v in enumerate(value)]
    return place, np.array(given, dtype=np.float64)


def _checked(name: str, value: Any, where: str = "") -> float:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and bool(np.isfinite(value))
    if name in ("pace", "energy", "pitch_hz"):
        if not number or not value > 0:
            fix = f"use {name} 1.0 for the voice's own" if name in NEUTRAL else "leave out (None) what the voice is to choose"
            raise InputError(f"{name} must be a positive number", f"got {value!r}{where}", fix)
    elif not number:
        raise InputError(f"{name} must be a finite number", f"got {value!r}{where}", "")
    return float(value)
