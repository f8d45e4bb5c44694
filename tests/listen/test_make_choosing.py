"""Which sentences are judged: spread over length, group and speaker; hard ones apart."""

from __future__ import annotations

from collections import Counter

import pytest

from ttskit.errors import InputError
from ttskit_listen.making.choosing import choose_sentences, usual_sentences
from ttskit_listen.making.sources import Utterance


def sentences(count: int, group: str = "test", speakers: tuple[str, ...] = ("ana",), start: int = 0) -> list[Utterance]:
    return [
        Utterance(f"{group}{i:03d}", "a" * (i + 1), group, speakers[i % len(speakers)]) for i in range(start, start + count)
    ]


def lengths(made: list[Utterance]) -> dict[str, float]:
    return {one.id: float(len(one.text)) for one in made}


@pytest.mark.parametrize("seed", range(5))
def test_lengths_are_spread_over_all_there_are(seed):
    made = sentences(100)
    chosen = choose_sentences(made, lengths(made), 10, 0, 24, seed)
    tenths = Counter(int(lengths(made)[name] - 1) // 10 for name in chosen.scored)
    assert tenths == dict.fromkeys(range(10), 1)
    assert list(chosen.scored) != sorted(chosen.scored), "drawn, not in order of length"
    assert not set(chosen.scored) & set(chosen.spare) and len(chosen.spare) == 90


def test_speakers_and_groups_give_equally_many_as_far_as_they_have_them():
    made = [*sentences(40, "test", ("ana", "beto")), *sentences(3, "validation", ("ana",))]
    chosen = choose_sentences(made, lengths(made), 15, 0, 24, 1)
    of = {one.id: (one.group, one.speaker) for one in made}
    assert Counter(of[name] for name in chosen.scored) == {("test", "ana"): 6, ("test", "beto"): 6, ("validation", "ana"): 3}


def test_hard_ones_are_only_judged_where_asked_for_and_stand_last():
    made = [*sentences(20), *sentences(10, "hard")]
    chosen = choose_sentences(made, lengths(made), 8, 0, 24, 1)
    assert not any(name.startswith("hard") for name in (*chosen.scored, *chosen.spare))
    chosen = choose_sentences(made, lengths(made), 8, 4, 24, 1)
    assert [name[:4] for name in chosen.scored] == ["test"] * 8 + ["hard"] * 4


def test_the_usual_number_leaves_some_for_practice():
    made = sentences(12)
    chosen = choose_sentences(made, lengths(made), None, 0, 24, 1)
    assert (len(chosen.scored), len(chosen.spare)) == (10, 2)
    assert len(choose_sentences(made, lengths(made), 12, 0, 24, 1).scored) == 12
    assert len(choose_sentences(sentences(5), lengths(made), None, 0, 24, 1).scored) == 5
    assert len(choose_sentences(sentences(50), lengths(sentences(50)), None, 0, 24, 1).scored) == 24


def test_only_hard_ones_serve_practice_where_there_is_nothing_else():
    made = sentences(6, "hard")
    chosen = choose_sentences(made, lengths(made), 0, 4, 24, 1)
    assert len(chosen.scored) == 4 and len(chosen.spare) == 2


@pytest.mark.parametrize(
    ("count", "hard", "error", "fix"),
    [(21, 0, "not so many sentences", "--sentences 20"), (4, 6, "not so many hard sentences", "--hard 5"),
     (0, 0, "no sentence would be judged", "--hard 5")],
)  # fmt: skip
def test_more_than_there_are(count, hard, error, fix):
    made = [*sentences(20), *sentences(5, "hard")]
    with pytest.raises(InputError, match=error) as caught:
        choose_sentences(made, lengths(made), count, hard, 24, 1)
    assert caught.value.fix == fix


def test_the_same_seed_chooses_the_same():
    made = sentences(60)
    one, same, other = (choose_sentences(made, lengths(made), 10, 0, 24, seed) for seed in (1, 1, 2))
    assert one == same != other


def test_many_conditions_ask_for_fewer_sentences():
    assert [usual_sentences("cmos", n) for n in (1, 3, 6, 28)] == [24, 20, 10, 4]
    assert usual_sentences("mushra", 1) == 12
