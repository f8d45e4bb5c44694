"""The rules find who does not listen, and nobody else; each finding is a number that can be reckoned by hand."""

from __future__ import annotations

import json

import pytest
from answering import answered, response_of
from made_test import made_test

from ttskit_listen.answered.screening import RULES, broken_rules, screened
from ttskit_listen.answers import AnswerFile
from ttskit_listen.plan import Rules


def found(test, file, rules=None, **plan):
    read = AnswerFile.model_validate_json(json.dumps(file))
    return screened(test.plan().model_copy(update=plan), test.key(), rules or Rules(), read)


@pytest.fixture(scope="module")
def cmos(tmp_path_factory):
    """Nine trials: one of practice, five scored, a pair of the same, a gold one, one for attention."""
    return made_test(tmp_path_factory.mktemp("screening"), "cmos", sounds=False, sentences=6)


def role_of(test, answer):
    return test.key().roles[answer["trial"]].role


def with_roles(test, file, **responses):
    answers = [{**one, "response": responses.get(role_of(test, one), one["response"])} for one in file["answers"]]
    return {**file, "answers": answers}


def test_a_careful_listener_stays_with_every_finding_told(cmos):
    one = found(cmos, answered(cmos.plan(), cmos.key(), 0))
    assert one.kept and tuple(one.checks) == RULES
    assert one.checks["least_answered"] == 1 and one.checks["least_gold"] == 1 and one.checks["most_same"] == 0
    assert one.checks["most_hasty"] == 0 and one.checks["mushra_share"] is None and one.checks["headphones"] is None


def test_the_share_answered_leaves_practice_out(cmos):
    trials = len(cmos.plan().forms[0].trials)
    one = found(cmos, answered(cmos.plan(), cmos.key(), 0, most=4))
    assert one.checks["least_answered"] == pytest.approx(3 / (trials - 1)) and one.broken == ("least_answered",)


def test_half_of_gold_and_attention_right(cmos):
    one = found(cmos, with_roles(cmos, answered(cmos.plan(), cmos.key(), 0), gold=-2))
    assert one.checks["least_gold"] == 0.5 and one.broken == ("least_gold",)


def test_a_difference_heard_in_one_sound(cmos):
    one = found(cmos, with_roles(cmos, answered(cmos.plan(), cmos.key(), 0), same=-3))
    assert one.checks["most_same"] == 3 and one.broken == ("most_same",)


def test_always_the_same_answer(cmos):
    one = found(cmos, with_roles(cmos, answered(cmos.plan(), cmos.key(), 0), scored=0))
    assert one.checks["most_alike"] == 1 and one.broken == ("most_alike",)
    few = found(cmos, answered(cmos.plan(), cmos.key(), 0, most=4))
    assert few.checks["most_alike"] is None


def test_answers_before_the_sounds_had_ended(cmos):
    """Two sounds of 0.25 s and a lead: 0.5 s + 2 leads − 0.25 s of slack."""
    plan, key = cmos.plan(), cmos.key()
    for rt_ms, lead_s, share in ((249, 0.0, 1.0), (251, 0.0, 0.0), (1249, 0.5, 1.0), (1251, 0.5, 0.0)):
        one = found(cmos, answered(plan, key, 0, rt_ms=rt_ms), lead_s=lead_s)
        assert one.checks["most_hasty"] == share and one.kept == (share == 0)
    file = answered(plan, key, 0)
    file["answers"][1]["rt_ms"] = file["answers"][2]["rt_ms"] = 1
    assert found(cmos, file).checks["most_hasty"] == pytest.approx(2 / (len(file["answers"]) - 1))
    assert found(cmos, answered(plan, key, 0, rt_ms=0)).checks["most_hasty"] is None


def test_a_hidden_reference_rated_low(tmp_path):
    test = made_test(tmp_path, "mushra", sounds=False, sentences=5)
    plan, key = test.plan(), test.key()

    def low(plan, key, trial, rng):
        given = response_of(plan, key, trial, rng)
        return [min(89, one) for one in given] if int(trial.id[-1]) % 2 else given

    assert found(test, answered(plan, key, 1)).checks["mushra_share"] == 0
    one = found(test, answered(plan, key, 1, respond=low))
    assert one.checks["mushra_share"] == pytest.approx(3 / 5) and one.broken == ("mushra_share",)
    assert found(test, answered(plan, key, 1, respond=low), Rules(mushra_reference=80)).kept


def test_without_a_preference_no_difference_was_heard(tmp_path):
    test = made_test(tmp_path, "ab", sounds=False)
    plan = test.plan().model_copy(update={"allow_none": True})
    file = with_roles(test, answered(plan, test.key(), 0), same="none")
    assert found(test, file, allow_none=True).checks["most_same"] == 0
    assert found(test, file).checks["most_same"] is None  # where nobody may say so, nothing is known
    assert found(test, with_roles(test, file, same="first"), allow_none=True).checks["most_same"] == 1


def test_headphones_are_reported_and_count_only_by_a_rule(cmos):
    file = answered(cmos.plan(), cmos.key(), 0)
    asked = {"headphones": (1, 2, 3, 1, 2, 3)}
    for answers, share in (([1, 2, 3, 1, 2, 1], 5 / 6), ([1, 2, 3, 1, 1, 1], 4 / 6), ([3] * 6 + [1, 2, 3, 1, 2, 3], 1)):
        given = {**file, "headphones": {"answers": answers, "right": 6}}  # what it says of itself is not believed
        assert found(cmos, given, **asked).checks["headphones"] == pytest.approx(share)
        assert found(cmos, given, **asked).kept
        assert found(cmos, given, Rules(headphones=True), **asked).kept == (share > 0.8)
    assert found(cmos, file, Rules(headphones=True), **asked).broken == ("headphones",)


def test_the_edge_of_a_rule_is_inside():
    checks = dict.fromkeys(RULES) | {"least_gold": 0.75, "most_same": 1.0, "most_hasty": 0.2, "mushra_share": 0.15}
    assert broken_rules(Rules(), checks) == ()
    assert broken_rules(Rules(), checks | {"least_gold": 0.74, "mushra_share": 0.16}) == ("least_gold", "mushra_share")
