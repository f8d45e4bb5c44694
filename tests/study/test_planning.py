"""A plan becomes a lock: what is counted, and what may not change unseen."""

from __future__ import annotations

import json
import shutil

import pytest

from ttskit.errors import ConfigError, CorpusError, MismatchError, UsageError
from ttskit_study.amounts import batches_of, steps_of, walked
from ttskit_study.layout import StudyFolder, cell_name, slug
from ttskit_study.locked import Lock, deviations
from ttskit_study.opening import note_code, open_study
from ttskit_study.plan import Budget, StudyPlan
from ttskit_study.planning import plan_study
from ttskit_study.resolve import differences
from ttskit_study.state import RunState, write_state


def change(made, old: str, new: str) -> None:
    text = made.plan.read_text(encoding="utf-8")
    assert old in text
    made.plan.write_text(text.replace(old, new), encoding="utf-8")


def begin(made) -> None:
    """As if a training had been begun."""
    write_state(StudyFolder(made.out).cell("whole-all", 1), RunState("pending", attempts=1))


def test_the_lock_says_what_is_trained_and_every_cell_has_its_place(planned):
    lock = planned.open().lock
    assert [cell.name for cell in lock.cells] == ["frames-all", "whole-all"] and [a.name for a in lock.aligners] == ["all"]
    assert [cell.needs for cell in lock.cells] == ["all", None]
    assert all(cell.utterances == 40 for cell in lock.cells)  # the budget, whatever a batch holds
    assert lock.aligners[0].utterances == 8
    assert all(cell.multiply_adds > 0 and cell.frames > 0 for cell in lock.cells)
    assert len(lock.code["sources_sha256"]) == 64 and lock.systems["frames"]["features"] == ["durations"]
    cell = json.loads((planned.out / "cells" / "whole-all" / "2" / "cell.json").read_text(encoding="utf-8"))
    assert cell["factors"] == {"decoding": "NAR"} and cell["training_seed"] == 2 and cell["needs"] is None
    assert (planned.out / "plan.yaml").read_bytes() == planned.plan.read_bytes()


def test_seeds_are_the_same_for_every_system_and_so_are_the_batches(planned):
    opened = planned.open()
    corpus = opened.resolved.corpora["corpus"]
    orders = [batches_of(one, corpus, None, seed).epoch(0) for one in opened.resolved.systems.values() for seed in (1, 2)]
    assert orders[0] == orders[2] and orders[1] == orders[3] and orders[0] != orders[1]
    recipes = [one.recipe_of(2, None, None) for one in opened.resolved.systems.values()]
    assert [recipe.seed for recipe in recipes] == [2, 2]


def test_a_hopeless_attention_is_a_result_and_not_a_failure(planned):
    one = planned.open().resolved.systems["frames"]
    assert one.recipe.training_for("tacotron2").stop_when_hopeless is False


@pytest.mark.parametrize("kind", ["utterances", "frames", "multiply_adds", "seconds"])
def test_a_budget_becomes_the_nearest_number_of_steps(planned, kind):
    opened = planned.open()
    batches = batches_of(opened.resolved.systems["whole"], opened.resolved.corpora["corpus"], None, 1)
    model = opened.resolved.systems["whole"].build(opened.resolved.corpora["corpus"], planned.registry)
    utterances, frames = walked(batches, 7)
    amount = {"utterances": utterances, "frames": frames, "multiply_adds": 7 * 3.0e6, "seconds": 7 * 0.25}[kind]
    budget = Budget.model_validate({kind: amount})
    assert steps_of(budget, batches, model, {0: 0.25}, {0: 3.0e6}) == 7
    assert budget.kind == kind


def test_walking_counts_each_utterance_as_often_as_it_is_trained_on(planned):
    opened = planned.open()
    corpus = opened.resolved.corpora["corpus"]
    batches = batches_of(opened.resolved.systems["whole"], corpus, None, 1)
    steps = len(batches.epoch(0)) + len(batches.epoch(1))
    frames = sum(u.frames for u in corpus.split("train"))
    assert walked(batches, steps) == (2 * len(corpus.split("train")), 2 * frames)


def test_what_is_locked_goes_on_whatever_the_defaults_have_become(planned):
    planned.lock(overrides=["seeds=[3, 4]"])
    study = StudyFolder(planned.out)
    lock = Lock.read(study)
    assert StudyPlan.model_validate(lock.plan).model_dump() == planned.open().resolved.plan.model_dump()
    lock.plan["speak"]["speed_repeats"] = 4  # as if it had been the default of that time
    lock.write(study)
    assert planned.open().resolved.plan.speak.speed_repeats == 4 and planned.open().resolved.plan.seeds == [3, 4]


def test_planning_the_same_again_changes_nothing(planned):
    before = (planned.out / "lock.json").read_bytes()
    begin(planned)
    planned.lock()
    assert (planned.out / "lock.json").read_bytes() == before and deviations(StudyFolder(planned.out)) == []


def test_a_plan_changed_before_anything_was_trained_is_locked_anew(planned):
    change(planned, "seeds: [1, 2]", "seeds: [1, 2, 3]")
    lock = planned.lock()
    assert lock.seeds == [1, 2, 3] and deviations(StudyFolder(planned.out)) == []


def test_a_plan_changed_after_a_training_needs_a_reason_which_is_kept(planned):
    begin(planned)
    change(planned, "seeds: [1, 2]", "seeds: [1, 2, 3]")
    with pytest.raises(UsageError) as error:
        planned.lock()
    assert "plan.seeds: [1, 2] → [1, 2, 3]" in error.value.why and "--deviate" in error.value.fix
    with pytest.raises(UsageError, match="was changed after it was locked"):
        planned.open()
    planned.lock(deviate="the first two did not agree")
    (deviation,) = deviations(StudyFolder(planned.out))
    assert deviation["what"] == "plan.seeds" and deviation["before"] == [1, 2] and deviation["after"] == [1, 2, 3]
    assert deviation["why"] == "the first two did not agree" and deviation["trained_before"] == 1 and deviation["when"]
    assert len(planned.jobs()) == 7


def test_a_system_that_is_added_or_left_out_later_is_a_deviation(planned):
    begin(planned)
    change(planned, "seeds:", "  third: {recipe: tiny, model: fastpitch, set: [models.fastpitch.options.energy=false]}\nseeds:")
    with pytest.raises(UsageError) as error:
        planned.lock()
    assert "plan.systems.third" in error.value.why


def test_the_copy_of_the_plan_is_not_to_be_edited(planned):
    (planned.out / "plan.yaml").write_text("question: another\n", encoding="utf-8")
    with pytest.raises(UsageError, match="changed after it was locked") as error:
        planned.open()
    assert "copy for the record" in error.value.why


def test_a_recipe_changed_after_the_plan_is_named_with_what_differs(planned):
    own = planned.plan.parent / "own.yaml"
    own.write_text("extends: tiny\n", encoding="utf-8")
    change(planned, "whole: {recipe: tiny", "whole: {recipe: own.yaml")
    planned.lock()
    own.write_text("extends: tiny\nmodels: {fastpitch: {options: {energy: false}}}\n", encoding="utf-8")
    with pytest.raises(MismatchError) as error:
        planned.open()
    assert "recipe" in error.value.what and "systems.whole.options.energy: True → False" in error.value.why
    begin(planned)
    with pytest.raises(UsageError, match="changed after trainings were made"):
        planned.lock()
    planned.lock(deviate="energy is another factor")
    assert planned.open().resolved.systems["whole"].settings(planned.registry)["options"]["energy"] is False


def test_a_corpus_that_is_gone_or_changed_is_said(planned, prepared, tmp_path):
    copy = tmp_path / "corpus"
    shutil.copytree(prepared.folder, copy)
    change(planned, prepared.folder.as_posix(), copy.as_posix())
    planned.lock()
    manifest = copy / "manifest.jsonl"
    lines = manifest.read_text(encoding="utf-8").splitlines()
    manifest.write_text("\n".join(lines[1:]) + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="was changed after the plan"):
        planned.open()
    shutil.rmtree(copy)
    with pytest.raises(CorpusError, match="there is no prepared corpus") as error:
        planned.open()
    assert "plan.yaml:2" in error.value.what


def test_two_studies_do_not_share_a_folder(planned):
    other = planned.plan.with_name("other.yaml")
    other.write_text(planned.plan.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(UsageError, match="holds another study") as error:
        plan_study(other, planned.out, planned.registry, timed=False)
    assert "'plan'" in error.value.why and "'other'" in error.value.why


def test_a_folder_with_something_else_in_it_is_left_alone(planned, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty and holds no study"):
        plan_study(planned.plan, tmp_path / "mine", planned.registry, timed=False)
    with pytest.raises(UsageError, match="is not a study"):
        open_study(tmp_path / "mine", planned.registry)


def test_other_code_goes_on_and_is_a_deviation(planned):
    study = StudyFolder(planned.out)
    lock = Lock.read(study)
    lock.model_copy(update={"code": {**lock.code, "torch": "1.0"}}).write(study)
    note_code(planned.open())
    assert deviations(study) == []  # nothing was trained by the other
    lock.model_copy(update={"code": {**lock.code, "torch": "1.0"}}).write(study)
    begin(planned)
    noted = note_code(planned.open())
    (deviation,) = deviations(study)
    assert deviation["what"] == "code.torch" and deviation["before"] == "1.0" and noted.code == lock.code
    note_code(planned.open())
    assert len(deviations(study)) == 1


def test_what_newer_code_adds_is_no_difference():
    assert differences({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}) == {}
    assert differences({"a": {"b": 1}}, {"a": {"b": 2}}) == {"a.b": (1, 2)}
    assert differences({"a": {"b": 1}}, {"a": {}}) == {"a.b": (1, None)}


def test_cells_are_named_by_system_minutes_and_corpus():
    assert cell_name("fastpitch", 5, "corpus") == "fastpitch-5min" and cell_name("fastpitch", None, "corpus") == "fastpitch-all"
    assert cell_name("fast pitch", 2.5, "ana") == "fast-pitch-2.5min-ana" and cell_name("", 5, "corpus") == "5min"
    assert slug("../..") == "x"


def test_a_study_of_several_minutes_has_an_aligner_for_each(planned):
    change(planned, "seeds:", "minutes: [0.2, 0.4]\nseeds:")
    lock = planned.lock()
    assert [one.name for one in lock.aligners] == ["0.2min", "0.4min"]
    assert [(cell.name, cell.needs) for cell in lock.cells][:2] == [("frames-0.2min", "0.2min"), ("whole-0.2min", None)]
    assert not (planned.out / "cells" / "whole-all" / "1" / "cell.json").exists()  # never begun, and no part of it any more
    change(planned, "[0.2, 0.4]", "[0.2, 400]")
    with pytest.raises((CorpusError, ConfigError), match="400 minutes"):
        planned.lock()
