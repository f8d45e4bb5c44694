"""The key applied: signs by the design's order, whichever sound was played first."""

from __future__ import annotations

import json

import pytest
from answering import answered, write_answers
from made_test import made_test

from ttskit.errors import InputError
from ttskit_listen.answered.judging import heard_in, heard_of, judgements_of
from ttskit_listen.answered.reading import Received
from ttskit_listen.answers import AnswerFile
from ttskit_listen.plan import Rules


def judged(test, form, respond, errors=None, **plan):
    plan, key, design = test.plan().model_copy(update=plan), test.key(), test.design()
    file = AnswerFile.model_validate_json(json.dumps(answered(plan, key, form, respond=respond)))
    return plan, key, judgements_of(plan, key, design, file, errors)


@pytest.mark.parametrize("kind", ["cmos", "ab"])
def test_who_likes_fastpitch_likes_it_in_both_orders(kind, tmp_path):
    test = made_test(tmp_path, kind, sounds=False)

    def likes(plan, key, trial, rng):
        second = key.sounds[trial.sounds[1]].system == "fastpitch"
        return (2 if second else -2) if kind == "cmos" else ("second" if second else "first")

    for form in range(4):
        plan, key, found = judged(test, form, likes)
        assert len(found) == 6 and {one.first for one in found} == {True, False}
        assert {(one.system, one.against, one.value) for one in found} == {
            ("fastpitch", "tacotron2", 2 if kind == "cmos" else 1)
        }
        for one in found:
            trial = plan.trial(form, one.trial)
            assert one.first == (key.sounds[trial.sounds[0]].system == "fastpitch")
            sounds = {key.sounds[name].system: key.sounds[name] for name in trial.sounds}
            assert (one.run, one.against_run) == (sounds["fastpitch"].run, sounds["tacotron2"].run)
            assert one.sentence == sounds["fastpitch"].sentence and one.place == int(one.trial[-3:])


def test_who_always_likes_the_first_is_even(tmp_path):
    test = made_test(tmp_path, "cmos", sounds=False)
    _, _, found = judged(test, 0, lambda plan, key, trial, rng: -1)
    assert sorted(one.value for one in found) == [-1, -1, -1, 1, 1, 1]
    assert all((one.value > 0) == one.first for one in found)


def test_no_preference_is_a_half(tmp_path):
    test = made_test(tmp_path, "ab", sounds=False)
    _, _, found = judged(test, 0, lambda *_: "none", allow_none=True)
    assert {one.value for one in found} == {0.5}


def test_abx_is_right_by_the_key(tmp_path):
    test = made_test(tmp_path, "abx", sounds=False)

    def right(plan, key, trial, rng):
        return "first" if trial.sounds[2] == trial.sounds[0] else "second"

    for form in range(4):
        assert {one.value for one in judged(test, form, right)[2]} == {1.0}
        wrong = judged(test, form, lambda *a: {"first": "second", "second": "first"}[right(*a)])[2]
        assert {one.value for one in wrong} == {0.0} and len(wrong) == 6


def test_each_sound_is_rated_by_itself(tmp_path):
    mos = made_test(tmp_path / "mos", "mos", sounds=False)
    rating = {"tacotron2": 2, "fastpitch": 3, "natural": 5}
    _, _, found = judged(mos, 0, lambda plan, key, trial, rng: rating[key.sounds[trial.sounds[0]].system])
    assert len(found) == 6 and all(one.value == rating[one.system] and not one.against for one in found)
    mushra = made_test(tmp_path / "mushra", "mushra", sounds=False)
    _, _, found = judged(mushra, 1, lambda plan, key, trial, rng: [10 * rating[key.sounds[n].system] for n in trial.sounds])
    assert len(found) == 18 and all(one.value == 10 * rating[one.system] for one in found)


def test_transcriptions_carry_their_words(tmp_path):
    test = made_test(tmp_path, "transcribe", sounds=False)
    seen = []

    def errors(said, understood):
        seen.append((said, understood))
        return 2.0, 5

    _, _, found = judged(test, 0, lambda *_: "esta es", errors)
    assert {(one.value, one.weight, one.text) for one in found} == {(2.0, 5.0, "esta es")}
    assert len(found) == 6 and all(said.startswith("Esta es la oración") and got == "esta es" for said, got in seen)


def test_those_who_are_left_out_count_in_neither_way(tmp_path):
    test = made_test(tmp_path, "cmos", sounds=False)
    write_answers(test)
    heard = heard_of(test)
    assert len(heard.listeners) == 4 and len(heard.judgements) == len(heard.all_judgements) == 24
    plan, key = test.plan(), test.key()
    hasty = answered(plan, key, 0, rt_ms=1)
    came = Received([AnswerFile.model_validate_json(json.dumps(one)) for one in (hasty, answered(plan, key, 1))])
    heard = heard_in(plan, key, test.design(), came)
    assert [one.kept for one in heard.listeners] == [False, True]
    assert len(heard.all_judgements) == 12 and {one.listener for one in heard.judgements} == {came.files[1].listener}
    loose = heard_in(plan, key, test.design(), came, rules=Rules(most_hasty=1))
    assert len(loose.judgements) == 12


@pytest.mark.parametrize("part", ["key", "design", "sound", "role", "single"])
def test_files_of_different_tests_are_refused(part, tmp_path):
    test = made_test(tmp_path, "cmos", sounds=False)
    plan, key, design = test.plan(), test.key(), test.design()
    if part == "key":
        key = key.model_copy(update={"id": "another"})
    elif part == "design":
        design = design.model_copy(update={"id": "another"})
    elif part == "single":
        trial = plan.forms[0].trials[2]
        one = trial.model_copy(update={"sounds": trial.sounds[:1]})
        form = plan.forms[0].model_copy(update={"trials": (one, *(t for t in plan.forms[0].trials if t.id != trial.id))})
        plan = plan.model_copy(update={"forms": (form, *plan.forms[1:])})
    elif part == "sound":
        key = key.model_copy(update={"sounds": dict(list(key.sounds.items())[1:])})
    else:
        key = key.model_copy(update={"roles": dict(list(key.roles.items())[1:])})
    test.write(plan, key, design)
    with pytest.raises(InputError, match="files of different tests"):
        heard_of(test)
