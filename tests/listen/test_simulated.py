"""Simulated listeners: valid files, the same ones each time, and a truth that can be found in what they answer."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from made_test import SYSTEMS, made_test

from ttskit.errors import UsageError
from ttskit.reading import parse_json
from ttskit_listen.answers import AnswerFile
from ttskit_listen.plan import KINDS, Key, ListeningDesign, ListeningPlan, Rules, SystemHeard, form_of
from ttskit_listen.simulated import HABITS, MARK, Person, Truth, World, is_simulated, planted, simulate

EVEN = Truth(dict.fromkeys(SYSTEMS, 3.2), run_sd=0.0, sentence_sd=0.0, listener_sd=0.0, level_sd=0.0, strict_sd=0.0)


def made(tmp_path, kind, **options) -> tuple[ListeningPlan, Key, ListeningDesign]:
    test = made_test(tmp_path / kind, kind, sounds=False, **options)
    return test.plan(), test.key(), test.design()


def scored(key: Key, file: AnswerFile) -> list:
    return [answer for answer in file.answers if key.roles[answer.trial].role == "scored"]


def differences(plan: ListeningPlan, key: Key, files: list[AnswerFile]) -> np.ndarray:
    """CMOS answers as later system minus earlier one, by their key."""
    found = []
    for file in files:
        for answer in scored(key, file):
            trial = plan.trial(file.form, answer.trial)
            second_is_later = key.sounds[trial.sounds[1]].system == SYSTEMS[1]
            found.append(answer.response if second_is_later else -answer.response)
    return np.array(found, float)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_files_that_fit_the_plan(tmp_path, kind):
    plan, key, design = made(tmp_path, kind, listeners=3)
    files = simulate(plan, key, design, planted(design, 0.5), 7, careless=2, leaves=1)
    assert len(files) == len({file.listener for file in files}) == 7
    allowed = {
        "cmos": set(range(-3, 4)),
        "mos": set(range(1, 6)),
        "ab": {"first", "second"},
        "abx": {"first", "second"},
    }
    for number, file in enumerate(files):
        again = parse_json(json.dumps(file.model_dump(mode="json")), AnswerFile)
        assert again == file and file.test == plan.id
        assert file.form == form_of(file.listener, 3) == number % 3 and is_simulated(file.listener)
        trials = plan.forms[file.form].trials
        assert [a.trial for a in file.answers] == [t.id for t in trials][: len(file.answers)]
        assert set(file.questions) <= {q.name for q in plan.questions}
        assert [a.at for a in file.answers] == sorted(a.at for a in file.answers) and file.began < file.answers[0].at
        for answer, trial in zip(file.answers, trials, strict=False):
            assert len(answer.plays) == len(trial.sounds)
            if kind in allowed:
                assert answer.response in allowed[kind]
            elif kind == "mushra":
                assert len(answer.response) == len(trial.sounds) and all(0 <= one <= 100 for one in answer.response)
            else:
                assert isinstance(answer.response, str) and len(answer.response) < 200
    whole = [file for file in files if file.complete]
    assert len(whole) == 6 and all(len(f.answers) == len(plan.forms[f.form].trials) and f.ended for f in whole)
    (left,) = [file for file in files if not file.complete]
    assert left.ended == "" and 0 < len(left.answers) < len(plan.forms[left.form].trials)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    plan, key, design = made(tmp_path, "cmos")
    first = simulate(plan, key, design, EVEN, 4, seed=3)
    assert simulate(plan, key, design, EVEN, 4, seed=3) == first
    other = simulate(plan, key, design, EVEN, 4, seed=4)
    assert [f.answers for f in other] != [f.answers for f in first]
    assert not {f.listener for f in other} & {f.listener for f in first}


def test_a_person_answers_a_trial_alike_whatever_came_before(tmp_path):
    """A closed browser, a page and a file see the same answers: they depend on the trial, not on how many came before."""
    plan, key, design = made(tmp_path, "cmos")
    trials = plan.forms[0].trials
    forwards = Person(World(plan, key, design, EVEN, 5), "00-simulated1", number=2)
    backwards = Person(World(plan, key, design, EVEN, 5), "00-simulated1", number=2)
    assert [forwards.answer(t) for t in trials] == [backwards.answer(t) for t in reversed(trials)][::-1]


def test_a_planted_difference_is_what_the_answers_say(tmp_path):
    plan, key, design = made(tmp_path, "cmos", listeners=4, sentences=20)
    for wanted in (0.0, 0.8):
        truth = replace(EVEN, systems={SYSTEMS[0]: 3.0, SYSTEMS[1]: 3.0 + wanted})
        found = differences(plan, key, simulate(plan, key, design, truth, 100, seed=2))
        assert found.mean() == pytest.approx(wanted, abs=4 * 1.24 / np.sqrt(found.size) + 0.02)  # rounding: a little
        assert found.std() == pytest.approx(1.24, abs=0.08)  # 1.2 and what rounding to whole numbers adds


def test_trainings_sentences_and_listeners_differ_as_the_truth_says(tmp_path):
    """Each spread alone: differences of means by that thing have the SD that was planted."""
    plan, key, design = made(tmp_path, "cmos", listeners=2, sentences=12)
    quiet = replace(EVEN, residual_sd=0.0)
    world = World(plan, key, design, replace(quiet, run_sd=1.0), 1)
    spread = [
        world.quality(key.sounds["s00000"].model_copy(update={"system": "a", "run": f"a-{i}"}))
        - world.quality(key.sounds["s00000"].model_copy(update={"system": "b", "run": f"b-{i}"}))
        for i in range(600)
    ]
    assert np.std(spread) == pytest.approx(1.0, abs=0.12)
    world = World(plan, key, design, replace(quiet, sentence_sd=1.0), 1)
    spread = [
        world.quality(key.sounds["s00000"].model_copy(update={"system": "a", "sentence": f"u{i}"}))
        - world.quality(key.sounds["s00000"].model_copy(update={"system": "b", "sentence": f"u{i}"}))
        for i in range(600)
    ]
    assert np.std(spread) == pytest.approx(1.0, abs=0.12)
    files = simulate(plan, key, design, replace(quiet, listener_sd=1.0), 300)
    means = [differences(plan, key, [file]).mean() for file in files]
    assert np.std(means) == pytest.approx(1.0, abs=0.15)


def test_the_second_of_a_pair_gains_by_its_place_where_the_truth_says_so(tmp_path):
    plan, key, design = made(tmp_path, "cmos", sentences=20)
    truth = replace(EVEN, second=0.5)
    answers = [a.response for f in simulate(plan, key, design, truth, 60) for a in scored(key, f)]
    assert np.mean(answers) == pytest.approx(0.5, abs=0.12)


def test_careful_listeners_know_what_is_known_and_hear_that_one_sound_is_one(tmp_path):
    for kind in ("cmos", "ab", "mos"):
        plan, key, design = made(tmp_path, kind)
        files = simulate(plan, key, design, EVEN, 60)
        known = [(a, key.roles[a.trial]) for f in files for a in f.answers if key.roles[a.trial].role in ("gold", "attention")]
        right = np.mean([str(answer.response) in role.right for answer, role in known])
        assert right > 0.95
        if kind == "cmos":
            same = [abs(a.response) for f in files for a in f.answers if key.roles[a.trial].role == "same"]
            assert 0.0 < np.mean(same) < 0.35


def test_one_sound_in_two_files_is_heard_as_one(tmp_path):
    """A test gives each place a file of its own: what is the same says the key, not the name."""
    plan, key, design = made(tmp_path, "cmos")
    (same,) = [trial for trial in plan.forms[0].trials if key.roles[trial.id].role == "same"]
    sounds = {**key.sounds, "copy": key.sounds[same.sounds[0]]}
    world = World(plan, key.model_copy(update={"sounds": sounds}), design, EVEN)
    trial = same.model_copy(update={"sounds": (same.sounds[0], "copy")})
    answers = [abs(Person(world, f"00-{MARK}", number=i).answer(trial)) for i in range(200)]
    assert max(answers) == 1 and 0.05 < np.mean(answers) < 0.3


def test_careless_listeners_do_not(tmp_path):
    plan, key, design = made(tmp_path, "cmos", listeners=2, sentences=12)
    world = World(plan, key, design, EVEN)
    known = {t.id for form in plan.forms for t in form.trials if key.roles[t.id].role in ("gold", "attention")}
    for habit in HABITS:
        files = [Person(world, f"00-{MARK}{i}", habit, i).file(0) for i in range(40)]
        right = [str(a.response) in key.roles[a.trial].right for f in files for a in f.answers if a.trial in known]
        assert np.mean(right) < 0.5
        alike = [max(Counter(a.response for a in f.answers).values()) / len(f.answers) for f in files]
        assert all(share == 1 for share in alike) if habit == "same" else np.mean(alike) < 0.5
        quick = [a.rt_ms < 500 and a.heard == 0 for f in files for a in f.answers]
        assert all(quick) if habit == "hasty" else not any(quick)


def test_mushra_hides_a_reference_that_careful_listeners_find(tmp_path):
    plan, key, design = made(tmp_path, "mushra", sentences=10)
    by_system: dict[str, list[int]] = {}
    for file in simulate(plan, key, design, replace(EVEN, systems={SYSTEMS[0]: 2.5, SYSTEMS[1]: 4.0}), 40):
        for answer in scored(key, file):
            for name, score in zip(plan.trial(file.form, answer.trial).sounds, answer.response, strict=True):
                by_system.setdefault(key.sounds[name].system, []).append(score)
    means = {system: np.mean(scores) for system, scores in by_system.items()}
    assert means["natural"] > 95 and means[SYSTEMS[1]] - means[SYSTEMS[0]] == pytest.approx(37.5, abs=3)
    assert np.mean(np.array(by_system["natural"]) < 90) < 0.05


def test_abx_is_chance_for_equal_sounds_and_right_for_different_ones(tmp_path):
    plan, key, design = made(tmp_path, "abx", sentences=10)

    def right(apart: float) -> float:
        truth = replace(EVEN, systems={SYSTEMS[0]: 3.0, SYSTEMS[1]: 3.0 + apart})
        files = simulate(plan, key, design, truth, 60)
        return float(np.mean([a.response in key.roles[a.trial].right for f in files for a in scored(key, f)]))

    assert right(0.0) == pytest.approx(0.5, abs=0.07)
    assert 0.55 < right(1.5) < 0.85 < right(4.0)


def test_worse_speech_is_transcribed_with_more_wrong_words(tmp_path):
    plan, key, design = made(tmp_path, "transcribe", sentences=10)

    def kept(quality: float) -> float:
        files = simulate(plan, key, design, replace(EVEN, systems=dict.fromkeys(SYSTEMS, quality)), 40)
        texts = [
            (key.sounds[plan.trial(f.form, a.trial).sounds[0]].text.split(), a.response.split())
            for f in files
            for a in f.answers
        ]
        return float(np.mean([sum(word in heard for word in said) / len(said) for said, heard in texts]))

    assert kept(2.0) == pytest.approx(0.77, abs=0.04) and kept(4.0) == pytest.approx(0.98, abs=0.02)


def test_who_pays_no_attention_cannot_be_hasty_where_the_pages_wait(tmp_path):
    plan, key, design = made(tmp_path, "cmos")
    hasty = [f for f in simulate(plan, key, design, EVEN, 12, careless=12) if not any(a.heard for a in f.answers)]
    assert plan.whole and hasty == []
    open_plan = plan.model_copy(update={"whole": False})
    hasty = [f for f in simulate(open_plan, key, design, EVEN, 12, careless=12) if not any(a.heard for a in f.answers)]
    assert len(hasty) == 4


def test_a_planted_truth_spreads_the_systems_and_leaves_natural_speech_alone(tmp_path):
    _, _, design = made(tmp_path, "mos", systems=("a", "b", "c"))
    truth = planted(design, 0.6)
    assert truth.systems == {"a": pytest.approx(2.9), "b": pytest.approx(3.2), "c": pytest.approx(3.5)}
    one = design.model_copy(update={"systems": (SystemHeard(name="a"), SystemHeard(name="natural", natural=True))})
    assert planted(one, 0.6).systems == {"a": 3.2}


def test_what_cannot_be_simulated_is_refused(tmp_path):
    plan, key, design = made(tmp_path, "cmos", rules=Rules())
    for listeners, careless, leaves in ((0, 0, 0), (4, 5, 0), (4, 3, 2), (4, -1, 0)):
        with pytest.raises(UsageError, match="cannot be simulated"):
            simulate(plan, key, design, EVEN, listeners, careless=careless, leaves=leaves)
    with pytest.raises(UsageError, match="no listener"):
        Truth({"a": float("nan")})
    with pytest.raises(UsageError, match="no listener"):
        Truth({"a": 3.0}, run_sd=-1.0)
