"""Grouping of near-duplicates and the promise of one utterance per speaker and split."""

import random
import time
from collections import Counter

import pytest

from ttskit.corpus.splits import assign_splits, near_duplicate_groups
from ttskit.errors import CorpusError

WORDS = [a + b for a in "bcdfglmnprst" for b in ("asa", "ero", "ino", "uda", "iento", "osa")]


def sentences(count, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.sample(WORDS, rng.randint(4, 9))) for _ in range(count)]


def test_near_duplicates_are_grouped_and_others_are_not():
    texts = [
        "para escuchar marque uno dos",
        "¡Marque uno, dos, para escuchar!",
        "la casa es azul",
        "para escuchar marque uno tres",
        "la casa",
    ]
    assert near_duplicate_groups(texts, 0.8) == [[0, 1, 3], [2], [4]]
    assert near_duplicate_groups(texts, 1.0) == [[0, 1], [2], [3], [4]]
    assert near_duplicate_groups(["no no no sí", "no sí sí sí"], 0.8) == [[0], [1]]  # repeats count


def test_grouping_equals_comparing_all_pairs():
    texts = sentences(60)
    for i in range(0, 60, 3):  # some copies with one word changed or left out
        words = texts[i].split()
        texts.append(" ".join([*words[:-1], "otra"] if i % 2 else words[1:]))
    for similarity in (0.5, 0.7, 0.8, 0.9):
        groups = {i: g for g, members in enumerate(near_duplicate_groups(texts, similarity)) for i in members}
        bags = [set(t.split()) for t in texts]
        linked = list(range(len(texts)))
        for i in range(len(texts)):
            for j in range(i):
                if 2 * len(bags[i] & bags[j]) >= similarity * (len(bags[i]) + len(bags[j])) - 1e-9:
                    linked = [linked[j] if x == linked[i] else x for x in linked]
        pairs = [(i, j) for i in range(len(texts)) for j in range(i)]
        assert all((groups[i] == groups[j]) == (linked[i] == linked[j]) for i, j in pairs)


def test_some_thousand_utterances_take_no_time_to_speak_of():
    texts = [f"{t} {i % 7}" for i, t in enumerate(sentences(4000, seed=1))]
    start = time.process_time()
    assert sum(len(g) for g in near_duplicate_groups(texts, 0.8)) == 4000
    assert time.process_time() - start < 30  # all pairs would be 8 million comparisons


def test_no_group_is_cut_and_every_speaker_is_everywhere():
    texts = sentences(40) * 2
    speakers = ["ana"] * 40 + ["beto"] * 40  # both read the same sentences
    split = assign_splits(texts, speakers, {"validation": 0.1, "test": 6}, 0.8, seed=3)
    assert split[:40] == split[40:]
    assert Counter(split) == {"train": 66, "validation": 8, "test": 6}
    assert {(s, n) for s, n in zip(split, speakers, strict=True)} == {
        (s, n) for s in ("train", "validation", "test") for n in speakers
    }


def test_splits_are_a_function_of_the_seed():
    texts, speakers = sentences(50), ["ana"] * 50
    first, again, other = (assign_splits(texts, speakers, {"validation": 5, "test": 5}, 0.8, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_one_small_speaker_gets_one_of_each_even_if_the_count_is_one():
    texts = sentences(23)
    split = assign_splits(texts, ["ana"] * 20 + ["beto"] * 3, {"validation": 1, "test": 1}, 0.8, seed=0)
    assert Counter(split[20:]) == {"train": 1, "validation": 1, "test": 1}


def test_too_few_texts_name_the_speaker():
    with pytest.raises(CorpusError, match="speaker 'beto' has too few") as error:
        assign_splits(
            [*sentences(20), "hola mundo", "¡hola, mundo!", "chau"],
            ["ana"] * 20 + ["beto"] * 3,
            {"validation": 1, "test": 1},
            0.8,
            seed=0,
        )
    assert "2 groups of similar texts in 3 usable" in error.value.why


def test_a_speaker_of_three_texts_keeps_one_to_train_on():
    """Planted: validation and test took a speaker's last sentence too."""
    for seed in range(6):
        split = assign_splits(sentences(33), ["ana"] * 30 + ["beto"] * 3, {"validation": 0.3, "test": 0.3}, 0.8, seed)
        assert Counter(split[30:]) == {"train": 1, "validation": 1, "test": 1}
        assert "train" in split[:30]


@pytest.mark.parametrize(("validation", "test"), [(5, 4), (0.1, 0.2), (1, 1), (0.001, 0.5)])
def test_splits_are_as_large_as_asked_for_where_no_group_stands_in_the_way(validation, test):
    """Planted: each was one smaller."""
    split = Counter(assign_splits(sentences(50), ["ana"] * 50, {"validation": validation, "test": test}, 0.8, seed=1))
    wanted = [n if n >= 1 else max(1, round(n * 50)) for n in (validation, test)]
    assert [split["validation"], split["test"]] == wanted and split["train"] == 50 - sum(wanted)


def test_a_group_too_large_for_a_split_stays_in_train():
    texts = [*["hola mundo entero"] * 8, *sentences(12)]
    for seed in range(40):  # in some of them it is the first
        split = assign_splits(texts, ["ana"] * 20, {"validation": 4, "test": 4}, 0.8, seed)
        assert set(split[:8]) == {"train"} and Counter(split) == {"train": 12, "validation": 4, "test": 4}
