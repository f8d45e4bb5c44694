"""Whether a run may go on with what is asked for now, where a new one may lie, and what it starts from."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ttskit.config import load_recipe
from ttskit.corpus.batches import Rehearsal
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import MismatchError, UsageError
from ttskit.runs import starting
from ttskit.training import start
from ttskit.training.data import corpus_facts, rehearsal_facts


@pytest.fixture
def going_on(corpus, registry, tmp_path):
    """going_on(change) raises if a run of the corpus may not go on with `change`."""
    recipe, plugin = load_recipe("tiny", registry=registry), registry.get("acoustic model", "fastpitch")
    options = recipe.options_for("fastpitch", registry)

    def make(rehearsed=None, model="fastpitch", seed=None, on=corpus, rehearsal=None, **changed):
        info = {
            "seed": recipe.seed,
            "corpus": corpus_facts(corpus),
            "options": start.plain_options(options),
            **({"rehearsal": rehearsal_facts(rehearsed)} if rehearsed else {}),
        }
        run = SimpleNamespace(info=info, model=model, path=tmp_path / "run", recipe=lambda registry: recipe)
        now = recipe.model_copy(update={} if seed is None else {"seed": seed})
        made = options.model_copy(update=changed)
        start._same_training(run, plugin, made, now, on, rehearsal, registry)

    return make


def test_the_same_training_goes_on(going_on, corpus):
    going_on()
    going_on(rehearsed=Rehearsal(corpus, 0.3), rehearsal=Rehearsal(corpus, 0.3))


def test_another_seed_model_or_option_is_refused_with_both_values(going_on, registry):
    """Planted: one of them was not compared, and a resumed training was another one."""
    options = load_recipe("tiny", registry=registry).options_for("fastpitch", registry)
    name, value = next((n, v) for n, v in options.model_dump().items() if type(v) is int)
    for change, says in (
        ({"seed": 77}, "seed: the run has"),
        ({"model": "tacotron2"}, "model: the run has 'tacotron2', now 'fastpitch'"),
        ({name: value + 1}, f"option {name}: the run has {value}, now {value + 1}"),
    ):
        with pytest.raises(MismatchError, match="something else is trained now") as error:
            going_on(**change)
        assert says in error.value.why and "--init-from" in error.value.fix


def test_another_corpus_mel_or_rehearsal_is_refused(going_on, corpus, new_corpus):
    other = PreparedCorpus.open(new_corpus("other", seed=9))
    for change, says in (
        ({"on": other}, "corpus manifest"),
        ({"rehearsal": Rehearsal(other, 0.3)}, "rehearsal share: the run has None, now 0.3"),
        ({"rehearsed": Rehearsal(other, 0.3)}, "rehearsal share: the run has 0.3, now None"),
        ({"rehearsed": Rehearsal(other, 0.3), "rehearsal": Rehearsal(other, 0.4)}, "rehearsal share"),
        ({"rehearsed": Rehearsal(other, 0.3), "rehearsal": Rehearsal(corpus, 0.3)}, "rehearsal manifest"),
        ({"rehearsed": Rehearsal(other, 0.3), "rehearsal": Rehearsal(other, 0.3, ("ana",))}, "rehearsal speakers"),
    ):
        with pytest.raises(MismatchError) as error:
            going_on(**change)
        assert says in error.value.why


def test_a_training_starts_from_the_checkpoint_that_a_run_speaks_with_unless_a_step_is_named(random_run, registry, corpus):
    """Planted: from the best one, which nobody has heard."""
    run, plugin = random_run("run"), registry.get("acoustic model", "fastpitch")
    model = run.load(registry=registry).model
    for step, loss in ((3, 2.0), (5, 1.0), (9, 1.5)):
        run.save(model, step, validation_loss=loss)
    assert start.StartingRun.of(run.path, plugin, corpus.mel).step == 9
    assert start.StartingRun.of(run.path, plugin, corpus.mel, 5).step == 5
    with pytest.raises(MismatchError, match="holds another model"):
        start.StartingRun.of(run.path, registry.get("acoustic model", "tacotron2"), corpus.mel)
    with pytest.raises(MismatchError) as error:
        start.StartingRun.of(run.path, plugin, replace(corpus.mel, f_max_hz=7000.0))
    assert "prepare the corpus with the mel of" in error.value.fix


def test_a_new_run_lies_in_a_folder_of_its_own(tmp_path):
    """Planted: beside what is there."""
    starting.claim(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    starting.claim(tmp_path / "empty")
    for name, file, says in (("notes", "mine.txt", "is not empty"), ("old", "run.json", "is a run already")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("{}", encoding="utf-8")
        with pytest.raises(UsageError, match=says):
            starting.claim(tmp_path / name)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty"):
        starting.claim(tmp_path / "file")
