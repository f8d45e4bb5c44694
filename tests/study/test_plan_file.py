"""The plan's file: everything that is wrong, at once, where it stands."""

from __future__ import annotations

import pytest

from ttskit.config import shipped_recipes
from ttskit.errors import ConfigError, CorpusError, UsageError
from ttskit.plugins import create_registry
from ttskit_study.plan import Budget, StudyPlan, read_plan, shipped_plans
from ttskit_study.resolve import resolve

GOOD = """\
question: Does it?
corpus: prepared
systems:
  a: {recipe: tiny, model: fastpitch, factors: {decoding: NAR}}
budget: {utterances: 10}
"""


def written(tmp_path, text: str):
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def why(tmp_path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read_plan(written(tmp_path, text))
    assert error.value.what.startswith("the plan is not valid")
    return error.value.why


def test_every_problem_is_told_at_once_with_line_and_nearest_key(tmp_path):
    text = GOOD.replace("question", "qestion").replace("factors", "factor").replace("utterances: 10", "utterances: 0")
    lines = why(tmp_path, text + "seeds: [1, one]\n").splitlines()
    assert len(lines) == 5  # the question is missing, besides
    assert any("plan.yaml:1: qestion: unknown key, did you mean 'question'?" in line for line in lines)
    assert any("plan.yaml:4: systems.a.factor: unknown key, did you mean 'factors'?" in line for line in lines)
    assert any("plan.yaml:5: budget.utterances: must be greater than or equal to 1, got 0" in line for line in lines)
    assert any("plan.yaml:6: seeds.1: must be a valid integer" in line for line in lines)


@pytest.mark.parametrize("budget", ["{}", "{utterances: 3, frames: 3}", "{seconds: 10m, multiply_adds: 1.0e+9}"])
def test_exactly_one_amount_is_fixed(tmp_path, budget):
    said = why(tmp_path, GOOD.replace("{utterances: 10}", budget))
    assert "budget: give exactly one of utterances, frames, seconds, multiply_adds" in said


def test_a_budget_of_time_is_written_as_people_do():
    assert Budget.model_validate({"seconds": "10m"}).amount == 600.0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("seeds: [1, 1]\n", "seeds: 1 stands there twice"),
        ("minutes: [5, 5.0]\n", "minutes: 5 stands there twice"),
        ("minutes: [-1]\n", "minutes.0: must be greater than 0"),
        ("speak: {models: [a]}\n", "speak: models: a study trains by systems and budget"),
        ("primary: {}\n", "primary: dictionary should have at least 1 item"),
        ("checkpoint: newest\n", "checkpoint: must be 'last', 'best'"),
    ],
)
def test_what_cannot_be_is_said(tmp_path, more, said):
    assert said in why(tmp_path, GOOD + more)


def test_two_systems_that_would_share_a_folder_are_refused(tmp_path):
    assert "would share a folder: a b, a-b" in why(
        tmp_path, GOOD.replace("  a: ", "  a b: {recipe: tiny}\n  a-b: {recipe: tiny}\n  a: ")
    )


def test_durations_need_an_aligner(tmp_path):
    assert "no aligner is planned, and durations are wanted by a" in why(
        tmp_path, GOOD.replace("model: fastpitch", "model: tacotron2, durations: true")
    )


def test_no_plan_is_an_error_that_names_the_shipped_ones(tmp_path):
    with pytest.raises(UsageError) as error:
        read_plan(tmp_path / "none.yaml")
    assert "study-small" in error.value.why


def test_recipes_are_checked_with_the_plans_line_and_theirs(tmp_path, prepared):
    (tmp_path / "own.yaml").write_text("extends: tiny\nmodels: {fastpitch: {options: {chanels: 3}}}\n", encoding="utf-8")
    text = GOOD.replace("prepared", prepared.folder.as_posix()).replace(
        "  a:", "  b: {recipe: nobody}\n  c: {recipe: own.yaml}\n  a:"
    )
    with pytest.raises(ConfigError) as error:
        resolve(read_plan(written(tmp_path, text)), create_registry())
    one, two = error.value.why.splitlines()
    assert "plan.yaml:4: systems.b: no recipe 'nobody'" in one
    assert "plan.yaml:5: systems.c: " in two and "own.yaml:2" in two and "did you mean 'channels'" in two


def test_help_by_durations_cannot_be_hidden_nor_charged_for_nothing(tmp_path, prepared):
    led = "model: tacotron2, set: [models.tacotron2.options.attention_supervision_weight=1.0]"
    text = GOOD.replace("prepared", prepared.folder.as_posix())
    aligner = "aligner: {recipe: tiny, model: fastpitch}\n"
    with pytest.raises(ConfigError, match="1 problem") as error:
        resolve(read_plan(written(tmp_path, text.replace("model: fastpitch", led))), create_registry())
    assert "is trained on durations: say durations: true" in error.value.why
    charged = text.replace("factors", "durations: true, factors") + aligner
    with pytest.raises(ConfigError) as error:
        resolve(read_plan(written(tmp_path, charged)), create_registry())
    assert "is not trained on durations: leave this out" in error.value.why
    given = text.replace("model: fastpitch", led + ", durations: reference")
    assert resolve(read_plan(written(tmp_path, given)), create_registry()).systems["a"].durations == "reference"
    with pytest.raises(ConfigError, match="1 problem") as error:
        resolve(read_plan(written(tmp_path, given.replace("reference", "nobody"))), create_registry())
    assert "there is no alignment 'nobody'" in error.value.why


def test_an_aligner_must_be_able_to_align(tmp_path, prepared):
    text = GOOD.replace("prepared", prepared.folder.as_posix()) + "aligner: {recipe: tiny, model: nobody}\n"
    with pytest.raises(ConfigError) as error:
        resolve(read_plan(written(tmp_path, text)), create_registry())
    assert "aligner: unknown" in error.value.why or "nobody" in error.value.why


def test_a_missing_corpus_is_named_with_its_line(tmp_path):
    with pytest.raises(CorpusError) as error:
        resolve(read_plan(written(tmp_path, GOOD)), create_registry())
    assert "plan.yaml:2" in error.value.what and str(tmp_path / "prepared") in error.value.what


def test_shipped_plans_are_valid_and_no_recipes():
    plans = shipped_plans()
    assert {"study-small", "study-full"} <= set(plans) and not set(plans) & set(shipped_recipes())
    for name in plans:
        plan = read_plan(name)
        assert {system.recipe for system in plan.systems.values()} <= set(shipped_recipes())
        assert plan.factors == ["decoding", "block"] and len(plan.systems) == 4
    full = read_plan("study-full")
    assert len(full.seeds) == 5 and full.minutes == [5, 15, 60]


def test_overrides_are_laid_over_the_plan(tmp_path):
    plan = read_plan(written(tmp_path, GOOD), ["seeds=[4]", "budget={frames: 7}"])
    assert plan.seeds == [4] and (plan.budget.kind, plan.budget.amount) == ("frames", 7)
    assert StudyPlan.model_validate(plan.to_json()).model_dump() == plan.model_dump()
