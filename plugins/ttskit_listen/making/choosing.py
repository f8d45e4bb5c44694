"""Which sentences are judged: spread over length, group and speaker, hard ones apart; the rest serve practice and checks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ttskit.errors import InputError
from ttskit_listen.making.sources import Utterance
from ttskit_listen.plan import Kind

__all__ = ["HARD", "ChosenSentences", "choose_sentences", "usual_sentences"]

HARD = "hard"  # the group of sentences that comparisons call so
_MOST_TRIALS = 60  # of one listener, unless asked for: about 20 minutes of pairs
_USUAL: Mapping[Kind, int] = {"cmos": 24, "ab": 24, "abx": 24, "mos": 20, "mushra": 12, "transcribe": 24}
_FEWEST = 4


@dataclass(frozen=True)
class ChosenSentences:
    """Ids of sentences: `scored` in the order of their squares (hard ones last), `spare` for practice and checks."""

    scored: tuple[str, ...]
    spare: tuple[str, ...]


def usual_sentences(kind: Kind, conditions: int) -> int:
    """How many sentences a test has where nobody says: fewer where each is heard in many conditions."""
    return max(_FEWEST, min(_USUAL[kind], _MOST_TRIALS // max(1, conditions)))


def choose_sentences(
    sentences: Sequence[Utterance], lengths: Mapping[str, float], count: int | None, hard: int, usual: int, seed: int
) -> ChosenSentences:
    """Choose `count` sentences, and `hard` hard ones besides.

    Each group and speaker gives equally many (as far as it has them), and of each the lengths are spread: sorted by length and
    cut into as many stretches as are wanted, of each stretch one that is drawn.

    Args:
        sentences: those that every system has.
        lengths: of each, in any unit.
        count: None for `usual`, or as many as there are if these are fewer, some kept for practice.

    Raises:
        InputError: there are not so many.
    """
    draw = random.Random(f"sentences {seed}")
    easy = [one for one in sentences if one.group != HARD]
    difficult = [one for one in sentences if one.group == HARD]
    if count is None:
        kept_back = 2 if len(easy) > 2 * _FEWEST else 0  # for practice
        count = min(usual, max(len(easy) - kept_back, 0))
    for wanted, there, option in ((count, easy, "--sentences"), (hard, difficult, "--hard")):
        if wanted > len(there):
            what = "hard sentences" if there is difficult else "sentences"
            why = f"{wanted} asked for, {len(there)} are there that every training of every system has said"
            raise InputError(f"there are not so many {what}", why, f"{option} {len(there)}")
    if count + hard == 0:
        why = f"{len(easy)} usual and {len(difficult)} hard ones are there"
        raise InputError("no sentence would be judged", why, f"--hard {min(len(difficult), usual)}")
    scored = []
    for wanted, there in ((count, easy), (hard, difficult)):
        part = [name for group, share in _shares(there, wanted) for name in _spread(group, lengths, share, draw)]
        draw.shuffle(part)
        scored += part
    rest = [one.id for one in (*easy, *difficult) if one.id not in set(scored)]
    usual_rest = [name for name in rest if name in {one.id for one in easy}]
    draw.shuffle(usual_rest)
    return ChosenSentences(tuple(scored), tuple(usual_rest) or tuple(rest))


def _shares(sentences: Sequence[Utterance], wanted: int) -> list[tuple[list[Utterance], int]]:
    """Groups of one group and speaker, each with how many it gives: one in turn until all are given."""
    groups: dict[tuple[str, str], list[Utterance]] = {}
    for one in sentences:
        groups.setdefault((one.group, one.speaker), []).append(one)
    shares = dict.fromkeys(groups, 0)
    while sum(shares.values()) < wanted:
        for key, own in groups.items():
            if shares[key] < len(own) and sum(shares.values()) < wanted:
                shares[key] += 1
    return [(own, shares[key]) for key, own in groups.items()]


def _spread(sentences: Sequence[Utterance], lengths: Mapping[str, float], wanted: int, draw: random.Random) -> list[str]:
    ordered = sorted(sentences, key=lambda one: (lengths[one.id], one.id))
    edges = [round(i * len(ordered) / wanted) for i in range(wanted + 1)] if wanted else [0]
    return [draw.choice(ordered[a:b]).id for a, b in pairwise(edges)]
