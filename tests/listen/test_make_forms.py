"""What each listener is given: balance over listeners, sentences, sides and trainings, and the checks."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from ttskit_listen.making.forms import Outline, forms_of, scored_of
from ttskit_listen.plan import ANCHORS, KINDS

TWO = {"zorzal": ("1", "2"), "hornero": ("1", "2")}
FOUR = dict.fromkeys(("a", "b", "c", "d"), ("1", "2", "3", "4", "5"))
MIXED = {"zorzal": ("1", "2", "3"), "natural": ("",), "hornero": ("",)}


def outline(kind="cmos", systems=TWO, sentences=24, forms=24, **more) -> Outline:
    ids = tuple(f"u{i:02d}" for i in range(sentences))
    spare = tuple(f"x{i}" for i in range(10))
    facts = {"practice": 3, "same": 2, "gold": 2, "attention": 2, "recorded": frozenset(spare[:5]), **more}
    return Outline(kind, systems, ids, spare, forms, **facts)


def pair_of(shown):
    return tuple(sorted(slot.system for slot in shown.slots[:2]))


@pytest.mark.parametrize("kind", ["cmos", "ab", "abx"])
@pytest.mark.parametrize("systems", [TWO, FOUR, MIXED], ids=["two", "four", "mixed"])
def test_a_listener_hears_each_sentence_once_in_each_pair_and_sides_are_even(kind, systems):
    one = outline(kind, systems)
    pairs = len(systems) * (len(systems) - 1) // 2
    by_sentence: dict = {}
    for form in range(one.forms):
        shown = scored_of(one, form)
        heard = Counter((s.slots[0].sentence, pair_of(s)) for s in shown)
        assert set(heard.values()) == {1} and len(heard) == len(one.scored) * pairs
        for pair in {pair_of(s) for s in shown}:
            first = Counter(s.slots[0].system for s in shown if pair_of(s) == pair)
            assert first[pair[0]] == first[pair[1]], "of each listener"
        for s in shown:
            by_sentence.setdefault((s.slots[0].sentence, pair_of(s)), Counter())[s.slots[0].system] += 1
    assert all(set(sides.values()) == {12} for sides in by_sentence.values()), "of each sentence"


def test_trainings_take_turns_over_sentences_and_listeners_and_meet_both_sides():
    one = outline("cmos", TWO)
    together: Counter = Counter()
    for form in range(one.forms):
        shown = scored_of(one, form)
        runs = Counter((slot.system, slot.run) for s in shown for slot in s.slots)
        assert set(runs.values()) == {12}, "each training equally often for each listener"
        together.update((s.slots[0].system, *sorted((slot.system, slot.run) for slot in s.slots)) for s in shown)
    assert len(together) == 8 and len(set(together.values())) == 1, "every pair of trainings on both sides"
    for sentence in one.scored:
        runs = Counter(
            slot.run for form in range(one.forms) for s in scored_of(one, form) for slot in s.slots if slot.sentence == sentence
        )
        assert runs["1"] == runs["2"]


def test_five_trainings_each_are_spread_as_evenly_as_the_numbers_allow():
    runs = Counter((slot.system, slot.run) for form in forms_of(outline("cmos", FOUR, same=0, gold=0, attention=0, practice=0))
                   for s in form for slot in s.slots)  # fmt: skip
    assert max(runs.values()) / min(runs.values()) < 1.05


@pytest.mark.parametrize("systems", [TWO, FOUR], ids=["two", "four"])
def test_orders_are_balanced_over_places_and_what_comes_after_what(systems):
    """With one pair the sentences follow Williams's square; with several, pairs do, within each block of sentences."""
    one = outline("cmos", systems, same=0, gold=0, attention=0, practice=0)
    after: Counter = Counter()
    places: Counter = Counter()
    for form in range(one.forms):
        shown = scored_of(one, form)
        wide = 1 if systems is TWO else 6
        what = [s.slots[0].sentence for s in shown] if wide == 1 else [pair_of(s) for s in shown]
        blocks = [what] if wide == 1 else [what[i : i + 6] for i in range(0, len(what), 6)]
        for block in blocks:
            assert len(set(block)) == len(block)
            after.update(pairwise(block))
            places.update(enumerate(block))
    assert len(set(places.values())) == 1
    assert len(set(after.values())) == 1
    assert len(after) == (24 * 23 if systems is TWO else 6 * 5)


def test_a_side_is_not_tied_to_its_place_in_the_session():
    one = outline("cmos", TWO)
    first = Counter(scored_of(one, form)[0].slots[0].system for form in range(24))
    assert min(first["zorzal"], first["hornero"]) >= 5


def test_mos_a_sentence_comes_back_only_after_the_others():
    one = outline("mos", {"a": ("1",), "b": ("1",), "natural": ("",)}, sentences=9)
    for form in range(one.forms):
        shown = [(s.slots[0].sentence, s.slots[0].system) for s in scored_of(one, form)]
        assert len(shown) == len(set(shown)) == 27
        for i, (sentence, _) in enumerate(shown):
            assert all(other != sentence for other, _ in shown[i + 1 : i + 7])


@pytest.mark.parametrize("systems", [TWO, FOUR], ids=["two", "four"])
def test_transcribe_no_text_twice_and_systems_and_trainings_crossed_over_listeners(systems):
    one = outline("transcribe", systems, sentences=20, forms=40)
    heard: Counter = Counter()
    for form in range(one.forms):
        shown = [s.slots[0] for s in scored_of(one, form)]
        assert sorted(s.sentence for s in shown) == sorted(one.scored)
        systems_of = Counter(s.system for s in shown)
        assert len(set(systems_of.values())) == 1
        heard.update((s.sentence, s.system, s.run) for s in shown)
    each = 20 * len(systems) * len(next(iter(systems.values())))
    assert len(heard) == each and set(heard.values()) == {20 * 40 // each}


def test_transcribe_each_listener_hears_all_trainings():
    one = outline("transcribe", TWO, sentences=20)
    for form in range(4):
        runs = Counter((s.slots[0].system, s.slots[0].run) for s in scored_of(one, form))
        assert len(runs) == 4 and set(runs.values()) == {5}


def test_abx_x_is_either_equally_often_and_has_its_own_file():
    one = outline("abx", TWO)
    for form in range(8):
        shown = scored_of(one, form)
        answers = Counter(s.right[0] for s in shown)
        assert answers["first"] == answers["second"] == 12
        assert len(Counter((s.right[0], s.slots[0].system) for s in shown)) == 4
        for s in shown:
            a_or_b = s.slots[0 if s.right == ("first",) else 1]
            assert s.slots[2] != a_or_b and s.slots[2].copy == 1
            assert (s.slots[2].system, s.slots[2].run, s.slots[2].sentence) == (a_or_b.system, a_or_b.run, a_or_b.sentence)


def test_mushra_has_hidden_reference_and_anchors_each_in_each_place():
    one = outline("mushra", {"a": ("1", "2"), "b": ("1",), "natural": ("",)}, sentences=10, forms=30)
    places: Counter = Counter()
    for form in range(one.forms):
        for s in scored_of(one, form):
            assert s.reference.system == "natural" and s.reference not in s.slots
            assert [x.system for x in s.slots].count("natural") == 1 + len(ANCHORS)
            assert {x.anchor for x in s.slots if x.anchor} == set(ANCHORS)
            places.update((i, x.system, x.anchor) for i, x in enumerate(s.slots))
    assert len(places) == 25 and len(set(places.values())) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_checks_stand_among_the_others_and_their_right_answers_are_right(kind):
    takes = {
        "cmos": (2, 2, 2),
        "ab": (2, 2, 2),
        "abx": (0, 2, 2),
        "mos": (0, 2, 2),
        "mushra": (0, 0, 0),
        "transcribe": (0, 0, 0),
    }
    same, gold, attention = takes[kind]
    systems = TWO | {"natural": ("",)} if kind in ("mos", "mushra") else TWO
    one = outline(kind, systems, same=same, gold=gold, attention=attention, sentences=12)
    asked = set()
    for form in forms_of(one):
        roles = Counter(s.role for s in form)
        assert (roles["same"], roles["gold"], roles["attention"], roles["practice"]) == (same, gold, attention, 3)
        assert [s.role for s in form[:3]] == ["practice"] * 3 and form[3].role == "scored"
        assert not {x.sentence for s in form if s.role != "scored" for x in s.slots} & set(one.scored)
        for s in form:
            if s.role == "same":
                assert s.slots[0].copy != s.slots[1].copy and len({(x.system, x.run, x.sentence) for x in s.slots}) == 1
            if s.role == "attention":
                asked.add(s.ask)
                assert s.right == (s.ask,)
            if s.role == "gold" and kind != "mos":
                good = next(i for i, x in enumerate(s.slots) if not x.anchor)
                better = {"cmos": (("-3", "-2", "-1"), ("1", "2", "3"))}.get(kind, (("first",), ("second",)))
                if kind != "abx":
                    assert s.right == better[good]
                assert {x.anchor for x in s.slots[:2]} == {"", "gold"}
            if s.role == "gold" and kind == "mos":
                assert s.slots[0].anchor == "gold" and s.right == ("1", "2")
    assert not attention or len(asked) >= 2


def test_gold_spoils_a_recording_where_there_is_one():
    golds = [s for form in forms_of(outline()) for s in form if s.role == "gold"]
    assert {x.system for s in golds for x in s.slots} == {"natural", "zorzal"}
    golds = [s for form in forms_of(outline(recorded=frozenset())) for s in form if s.role == "gold"]
    assert {x.system for s in golds for x in s.slots} == {"zorzal"}


def test_repeats_come_in_the_second_half_and_are_the_same_trial():
    for form in forms_of(outline(repeats=3)):
        again = [(i, s) for i, s in enumerate(form) if s.role == "repeat"]
        assert len({s.slots for _, s in again}) == 3
        for i, s in again:
            before = [j for j, other in enumerate(form) if other.role == "scored" and other.slots == s.slots]
            assert len(before) == 1 and i > before[0] and i > len(form) // 2


def test_without_spare_sentences_checks_use_scored_ones():
    one = Outline("cmos", TWO, ("u0", "u1", "u2"), (), 4, practice=2, same=1, gold=1, attention=1)
    assert all(x.sentence in one.scored for form in forms_of(one) for s in form for x in s.slots)


def test_forms_are_the_same_for_the_same_seed_and_others_for_another():
    assert forms_of(outline()) == forms_of(outline())
    assert forms_of(outline()) != forms_of(outline(seed=2))
