"""Verdicts on sentences whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.measure import phones as p
from ttskit.symbols import SymbolTable

TABLE = SymbolTable(
    ("<pad>", " ", ".", "a", "ˈa", "o", "k", "s", "l", "m", "n", "t"),
    pad="<pad>",
    space=" ",
    silent=frozenset({"<pad>", " ", "."}),
)
LIMITS = p.Thresholds(hole=3, insertion=3, error_rate=0.5, base_s=0.1, per_phone_s=0.08, longest=2.0)


def sentence(*words):
    tokens, owners = [], []
    for index, word in enumerate(words):
        tokens += [*word, " "]
        owners += [index] * len(word) + [None]
    return p.expected_phones(tokens, owners, TABLE)


CASA = sentence("lakasa", "tonta", "nomalos", "kasa")


def heard(*words):
    return tuple("".join(words))


def judge(*words, seconds=None, **extra):
    return p.judge(CASA, heard(*words), seconds or LIMITS.expected_s(len(CASA.phones)), LIMITS, **extra)


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def test_alignment_has_the_fewest_errors():
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b = rng.choice(list("abc"), rng.integers(0, 12)), rng.choice(list("abc"), rng.integers(0, 12))
        found = p.align_phones(a, b)
        assert found.errors == levenshtein(list(a), list(b))
        assert [s[1] for s in found.steps if s[1] is not None] == list(range(len(a)))
        assert [s[2] for s in found.steps if s[2] is not None] == list(range(len(b)))


def test_gaps_stay_together():
    found = p.align_phones("kasakasa", "kasa")
    assert [r.count for r in p.runs(found, "deletion")] == [4]


def test_stress_and_silence_are_not_asked_for():
    expected = p.expected_phones(["k", "ˈa", " ", "s", "."], [0, 0, None, 1, None], TABLE)
    assert expected == p.Expected(("k", "a", "s"), (0, 0, 1))
    assert p.phone_inventory(TABLE) == ("a", "k", "l", "m", "n", "o", "s", "t")


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (("lakasa", "tonta", "nomalos", "kasa"), "ok"),
        (("lakasa", "tanta", "nomalos", "kas"), "ok"),  # slips that natural speech has as well
        (("lakasa", "nomalos", "kasa"), "words skipped"),
        (("tonta", "nomalos", "kasa"), "words skipped"),
        (("lakasa", "tonta"), "cut"),
        (("lakasa", "tonta", "tonta", "nomalos", "kasa"), "words repeated"),
        (("lakasa", "tonta", "mmsnnsmm", "nomalos", "kasa"), "extra sounds"),
        (("lokoso", "tanto", "kamtlan", "lomo"), "unclear"),
        ((), "unclear"),  # as long as the sentence, and not one phone of it
    ],
)
def test_verdicts(words, verdict):
    assert judge(*words).verdict == verdict


def test_the_words_at_fault_are_named():
    assert judge("lakasa", "nomalos", "kasa").skipped_words == (1,)
    assert judge("lakasa", "tonta").skipped_words == (2, 3)
    assert judge("lakasa", "tonta", "tonta", "nomalos", "kasa").repeated_words == (1,)
    assert judge("lakasa", "tonta", "nomalos", "kasa").skipped_words == ()


def test_a_voice_that_goes_on_is_never_ending():
    said = ("lakasa", "tonta", "nomalos", "kasa")
    assert judge(*said, seconds=9.0).verdict == "never-ending"
    assert judge(*said, finished=False).verdict == "never-ending"
    assert judge(*said, seconds=2.5).verdict == "ok"
    assert judge(seconds=0.4).verdict == "words skipped"  # too short to have been said


def test_a_word_of_two_phones_can_be_lost():
    lone = sentence("no")
    assert p.judge(lone, (), 0.15, LIMITS).verdict == "words skipped"
    assert p.judge(lone, ("n", "o"), 0.3, LIMITS).verdict == "ok"


def test_thresholds_come_from_natural_speech():
    rng = np.random.default_rng(1)
    expected, said, seconds = [], [], []
    for n in range(60):
        phones = tuple(rng.choice(list("aoksl"), 10 + n % 20))
        expected.append(p.Expected(phones, (0,) * len(phones)))
        said.append(phones[:4] + phones[6:])  # the recogniser never hears two phones together
        seconds.append(0.2 + 0.07 * len(phones))
    found = p.calibrate(expected, said, seconds)
    assert found.hole == 3 and found.insertion == 3
    assert found.base_s == pytest.approx(0.2) and found.per_phone_s == pytest.approx(0.07)
    assert found.longest == pytest.approx(2.0) and found.error_rate == pytest.approx(0.3655, abs=1e-4)
    worse = [s[:3] + s[7:] for s in said]  # a worse recogniser: only longer holes mean anything
    assert p.calibrate(expected, worse, seconds).hole >= 6


def test_limits_are_set_by_the_rare_natural_sentence_and_not_by_the_usual_one():
    """Planted: by the median, the holes of a few natural sentences were faults, and nothing failed."""
    phones = tuple("pelotamisaduchorigen")
    expected = [p.Expected(phones, (0,) * len(phones))] * 40
    seconds = [1.5] * 40
    lost, added = phones[:8] + phones[13:], (*phones[:8], *"kkkk", *phones[8:])
    found = p.calibrate(expected, [phones] * 36 + [lost] * 2 + [added] * 2, seconds)
    assert (found.hole, found.insertion) == (6, 5)  # one more than the longest that two of forty have
    assert p.judge(expected[0], lost, 1.5, found).verdict == "ok"
    usual = p.calibrate(expected, [phones] * 40, seconds)
    assert (usual.hole, usual.insertion) == (3, 3) and p.judge(expected[0], lost, 1.5, usual).verdict == "words skipped"


LOST, AGAIN = p.Slip("missing", (7,), 5.0), p.Slip("twice", (6, 7), 5.0)  # a phone, and a syllable, of the second word


def slipped(*slips, words=("lakasa", "tonta", "nomalos", "kasa")):
    return p.judge(CASA, heard(*words), LIMITS.expected_s(len(CASA.phones)), LIMITS, slips=slips)


@pytest.mark.parametrize(
    ("slips", "faults", "skipped", "repeated"),
    [
        ((LOST,), ("sounds missing",), (), ()),
        ((AGAIN,), ("sounds repeated",), (), ()),
        ((AGAIN, LOST), ("sounds missing", "sounds repeated"), (), ()),
        ((p.Slip("missing", (6, 7, 8), 5.0),), ("words skipped",), (1,), ()),  # three of five phones: most of the word
        ((p.Slip("missing", (6, 7), 5.0), p.Slip("missing", (9,), 5.0)), ("words skipped",), (1,), ()),  # in two pieces
        ((p.Slip("missing", (18, 19, 20, 21), 5.0),), ("cut",), (3,), ()),
        ((p.Slip("twice", (6, 7, 8, 9, 10), 5.0),), ("words repeated",), (), (1,)),
        ((p.Slip("twice", (10, 11), 5.0),), ("sounds repeated",), (), ()),  # across two words, and neither as a whole
    ],
)
def test_slips_that_no_run_shows_are_faults(slips, faults, skipped, repeated):
    found = slipped(*slips)
    assert (found.faults, found.skipped_words, found.repeated_words) == (faults, skipped, repeated)
    assert found.verdict == faults[0] and found.errors == 0


def test_slips_mean_nothing_in_speech_that_is_not_understood():
    found = slipped(LOST, AGAIN, words=("lokoso", "tanto", "kamtlan", "lomo"))
    assert found.verdict == "unclear" and not {"sounds missing", "sounds repeated"} & set(found.faults)


def test_what_a_run_shows_already_is_not_said_twice():
    found = slipped(p.Slip("missing", (6, 7, 8, 9, 10), 30.0), words=("lakasa", "nomalos", "kasa"))
    assert found.faults == ("words skipped",) and found.skipped_words == (1,)
