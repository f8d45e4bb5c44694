"""What each listener is given: trials in the order of Latin squares, practice before them, and checks among them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil, gcd
from typing import Literal

from ttskit_listen.making.levels import GOLD
from ttskit_listen.making.sources import NATURAL
from ttskit_listen.making.squares import latin_orders, states
from ttskit_listen.plan import ANCHORS, Kind

__all__ = ["PAIRED", "Outline", "Shown", "Slot", "conditions_of", "forms_of", "scored_of"]

PAIRED = ("cmos", "ab", "abx")  # kinds that ask for one of two
_POOL = 6  # sentences of checks: more would only be more files
_ORDER = ("first", "second")


@dataclass(frozen=True, slots=True)
class Slot:
    """One sound of a trial; `copy` tells two files of the same sound apart."""

    system: str
    run: str
    sentence: str
    anchor: str = ""
    copy: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """One trial before its sounds have names; fields as in `plan.Trial` and `plan.Role`."""

    role: Literal["scored", "practice", "same", "gold", "attention", "repeat"]
    slots: tuple[Slot, ...]
    right: tuple[str, ...] = ()
    reference: Slot | None = None
    ask: str = ""


@dataclass(frozen=True)
class Outline:
    """What forms are made of.

    Args:
        systems: with their trainings, in the order of the design; natural speech among them where it is judged.
        scored, spare: sentences, as `choosing` gives them.
        forms: how many.
        recorded: sentences of which a gold trial spoils a recording; of others it spoils what the first system says.
        practice, same, gold, attention, repeats: how many of each in a form.
        seed: of what is drawn.
    """

    kind: Kind
    systems: dict[str, tuple[str, ...]]
    scored: tuple[str, ...]
    spare: tuple[str, ...]
    forms: int
    recorded: frozenset[str] = frozenset()
    practice: int = 2
    same: int = 0
    gold: int = 0
    attention: int = 0
    repeats: int = 0
    seed: int = 1

    @property
    def checked(self) -> tuple[str, ...]:
        """Sentences of checks: none that are scored, if there are others."""
        return self.spare[self.practice :][:_POOL] or self.spare[:_POOL] or self.scored

    @property
    def practised(self) -> tuple[str, ...]:
        """Sentences of the practice."""
        return (self.spare or self.scored[::-1])[: max(1, self.practice)]


def conditions_of(kind: Kind, systems: Sequence[str]) -> list[tuple[str, ...]]:
    """What a sentence is heard in: every pair of systems, every system, or all at once (mushra)."""
    if kind in PAIRED:
        return list(combinations(systems, 2))
    return [tuple(systems)] if kind == "mushra" else [(name,) for name in systems]


def forms_of(outline: Outline) -> list[list[Shown]]:
    """All trials of all forms, in order."""
    forms = []
    for form in range(outline.forms):
        draw = random.Random(f"form {outline.seed} {form}")  # no message
        scored = scored_of(outline, form)
        forms.append([*_practice(outline, form), *_mixed(scored, list(_checks(outline, form, scored)), draw)])
    return forms


def scored_of(outline: Outline, form: int) -> list[Shown]:
    """The trials of a form that count, in order.

    Sentences stand in blocks of as many as there are conditions. Within a block conditions follow a row of a Latin square that
    is balanced over places and over what comes after what (`squares`), another row for each block and form; blocks follow
    another such square (with one condition: sentences do). Each sentence is heard once in each condition, and comes back only
    after the others; where a text must not be known (transcribe) it is heard in one, which changes from form to form.

    Which side is first, which training of each system speaks, and which sound X is, run through all their combinations from
    sentence to sentence and from form to form.
    """
    conditions = conditions_of(outline.kind, list(outline.systems))
    wide = len(conditions)
    blocks, rows = latin_orders(ceil(len(outline.scored) / wide)), latin_orders(wide)
    draw = random.Random(f"rows {outline.seed}")  # the same for all forms: which row is whose has no pattern in it
    draw.shuffle(blocks)
    draw.shuffle(rows)
    once = outline.kind == "transcribe"
    found = []
    for turn in [form % wide] if once else range(wide):
        for block in blocks[form % len(blocks)]:
            row = form // wide + block if once else form + block + turn
            for condition in rows[row % len(rows)]:
                index = block * wide + (condition - turn) % wide
                if index < len(outline.scored):
                    found.append(_trial(outline, form, index, condition, outline.scored[index]))
    return found


def _trial(outline: Outline, form: int, index: int, condition: int, sentence: str) -> Shown:
    """A scored trial, or one like it."""
    kind, names = outline.kind, list(outline.systems)
    chosen = conditions_of(kind, names)[condition]
    if kind in PAIRED:
        return _pair(outline, chosen, sentence, index + condition, form)
    if kind == "mushra":
        return _mushra(outline, sentence, index + form)
    wide = len(names)
    step = index // wide + form // wide if kind == "transcribe" else index + form
    return Shown("scored", (_slot(outline, chosen[0], sentence, step),))


def _pair(outline: Outline, pair: Sequence[str], sentence: str, step: int, form: int) -> Shown:
    runs = [outline.systems[name] for name in pair]
    sizes = [2, *([2] if outline.kind == "abx" else []), len(runs[0]), len(runs[1])]
    combined = states(sizes)
    # From form to form by about the golden ratio of all combinations: few listeners meet them as evenly as many do. The stride
    # shares no divisor with their number, so that each sentence meets all of them, and its first side changes each time.
    stride = next(n for n in range(round(0.618 * len(combined)), 2 * len(combined)) if gcd(n, len(combined)) == 1)
    first, *middle, one, other = combined[(step + stride * form) % len(combined)]
    slots = [Slot(pair[0], runs[0][one], sentence), Slot(pair[1], runs[1][other], sentence)]
    if first:
        slots.reverse()
    if outline.kind != "abx":
        return Shown("scored", tuple(slots))
    return _with_x("scored", slots, middle[0])


def _with_x(role: Literal["scored", "gold"], slots: Sequence[Slot], which: int) -> Shown:
    return Shown(role, (*slots, replace(slots[which], copy=1)), (_ORDER[which],))


def _mushra(outline: Outline, sentence: str, step: int) -> Shown:
    own = [_slot(outline, name, sentence, step) for name in outline.systems]
    own += [Slot(NATURAL, "", sentence, anchor) for anchor in ANCHORS]
    orders = latin_orders(len(own))
    random.Random(f"sounds {outline.seed}").shuffle(orders)
    order = orders[step % len(orders)]
    return Shown("scored", tuple(own[i] for i in order), reference=Slot(NATURAL, "", sentence, copy=1))


def _slot(outline: Outline, system: str, sentence: str, step: int) -> Slot:
    runs = outline.systems[system]
    return Slot(system, runs[step % len(runs)], sentence)


def _gold(outline: Outline, sentence: str, side: int) -> Shown:
    """One side spoilt: `side` 1 has the good one second."""
    first = next(iter(outline.systems))
    good = Slot(NATURAL, "", sentence) if sentence in outline.recorded else _slot(outline, first, sentence, 0)
    bad = replace(good, anchor=GOLD)
    if outline.kind == "mos":
        return Shown("gold", (bad,), ("1", "2"))
    slots = [bad, good] if side else [good, bad]
    if outline.kind == "abx":
        return _with_x("gold", slots, side)
    if outline.kind == "ab":
        return Shown("gold", tuple(slots), (_ORDER[side],))
    return Shown("gold", tuple(slots), ("1", "2", "3") if side else ("-3", "-2", "-1"))


def _practice(outline: Outline, form: int) -> Iterator[Shown]:
    """Trials to get used to the page; the first has the widest difference that there is."""
    conditions = conditions_of(outline.kind, list(outline.systems))
    for i in range(outline.practice):
        sentence = outline.practised[i % len(outline.practised)]
        if i == 0 and outline.gold:
            yield replace(_gold(outline, sentence, form % 2), role="practice")
        else:
            yield replace(_trial(outline, form, i, (form + i) % len(conditions), sentence), role="practice")


def _checks(outline: Outline, form: int, scored: Sequence[Shown]) -> Iterator[Shown]:
    """Pairs of the same sound, gold and attention trials, and trials that come a second time."""
    names, pool = list(outline.systems), outline.checked
    conditions = conditions_of(outline.kind, names)
    for i in range(outline.same):
        slot = _slot(outline, names[(form + i) % len(names)], pool[(form + i) % len(pool)], form // len(names) + i)
        yield Shown("same", (slot, replace(slot, copy=1)))
    for i in range(outline.gold):
        yield _gold(outline, pool[(form + i + 1) % len(pool)], (form + i) % 2)
    asked = {"cmos": ("-2", "2", "-3", "3"), "mos": ("2", "4", "1", "5")}.get(outline.kind, _ORDER)
    for i in range(outline.attention):
        answer = asked[(form + i) % len(asked)]
        like = _trial(outline, form, i, (form + i) % len(conditions), pool[(form + i + 2) % len(pool)])
        yield replace(like, role="attention", ask=answer, right=(answer,))
    early = scored[: max(1, len(scored) // 2)]
    for i in range(min(outline.repeats, len(early))):
        yield replace(early[(form + i * max(1, len(early) // max(1, outline.repeats))) % len(early)], role="repeat")


def _mixed(scored: Sequence[Shown], checks: list[Shown], draw: random.Random) -> list[Shown]:
    """Checks at about even distances among what counts, none at the very start; repeats in the second half."""
    repeats = [one for one in checks if one.role == "repeat"]
    others = [one for one in checks if one.role != "repeat"]
    draw.shuffle(others)
    total = len(scored)
    places = [(start + width * (i + draw.uniform(0.3, 0.9)) / len(part), one)
              for part, start, width in ((others, 0, total), (repeats, total * 0.6, total * 0.4))
              for i, one in enumerate(part)]  # fmt: skip
    found: list[tuple[float, int, Shown]] = [(float(i), 0, one) for i, one in enumerate(scored)]
    found += [(place, 1, one) for place, one in places]
    return [one for _, _, one in sorted(found, key=lambda entry: entry[:2])]
