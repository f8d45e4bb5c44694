"""What systems were given in training is told of every kind of model."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ttskit.compare.comparability import comparability
from ttskit.errors import CorpusError, MismatchError
from ttskit.interfaces import ModelContext
from ttskit.measure.systems import System
from ttskit.plugins import create_registry
from ttskit.symbols import SpeakerTable


def system(prepared, label: str, decoding: str, named: str | None = None, **options) -> System:
    """A model of that name on the prepared corpus, as if trained with a recipe that names an alignment."""
    plugin = create_registry().get("acoustic model", label)
    context: ModelContext = prepared.context()
    model = plugin.load()(plugin.load_options()(**options), context)
    recipe = SimpleNamespace(training_for=lambda name: SimpleNamespace(alignment=named))
    loaded = SimpleNamespace(name=label, model=model, context=context, recipe=recipe, step=1, frontend=prepared.frontend)
    voice = SimpleNamespace(vocoder_name="griffinlim")
    return System(label, SimpleNamespace(info={}), loaded, voice, decoding, True, True)


@pytest.mark.parametrize("alignment", ["mfa", None])
def test_a_parallel_model_trained_on_external_durations_is_listed_as_such(prepared, alignment):
    """FastPitch on durations of another tool was listed with "durations given in training: no"."""
    given = system(prepared, "fastpitch", "parallel", alignment, alignment="external")
    learned = system(prepared, "fastpitch", "parallel")
    attention = system(prepared, "tacotron2", "autoregressive")
    facts = {fact.name: fact for fact in comparability([given, learned, attention], prepared)}
    told = facts["durations given in training"]
    assert told.values == ("yes, alignment 'mfa'" if alignment else "yes", "no", "no") and not told.same
    assert (given.given_durations, learned.given_durations, attention.given_durations) == (True, False, False)


def knowing(prepared, without=(), speakers=("ana",), label="fastpitch") -> System:
    """A system whose run knows the corpus's symbols but some, and these speakers."""
    table = prepared.symbols
    kept = tuple(s for s in table.symbols if s not in without)
    context = replace(
        prepared.context(),
        symbols=replace(
            table,
            symbols=kept,
            silent=table.silent - set(without),
            features={s: f for s, f in table.features.items() if s in kept},
        ),
        speakers=SpeakerTable(speakers),
    )
    known = system(prepared, label, "parallel")
    return replace(known, loaded=SimpleNamespace(**{**vars(known.loaded), "context": context}))


def test_a_run_that_does_not_know_a_sound_or_a_speaker_is_refused_and_one_without_a_mark_is_not(prepared):
    whole = knowing(prepared, speakers=("ana", "zoe"))
    assert comparability([whole, knowing(prepared, without=("¿",))], prepared)
    with pytest.raises(MismatchError, match="does not know the corpus's symbols") as error:
        comparability([whole, knowing(prepared, without=("m", "¿"))], prepared)
    assert error.value.why == "m"
    with pytest.raises(CorpusError, match="does not know speaker 'ana'"):
        comparability([whole, knowing(prepared, speakers=("zoe",))], prepared)


def test_what_is_equal_and_what_is_not(prepared):
    facts = {
        f.name: f.same for f in comparability([knowing(prepared), system(prepared, "tacotron2", "autoregressive")], prepared)
    }
    assert facts["mel content"] and facts["vocoder"] and not facts["model"] and not facts["decoding"]


def facts_of(prepared, *infos):
    systems = [replace(system(prepared, "fastpitch", "parallel"), run=SimpleNamespace(info=info)) for info in infos]
    return {f.name: f for f in comparability(systems, prepared)}


def test_what_a_fair_comparison_has_equal_is_told_where_it_differs(prepared):
    """Planted: everything was "the same", and a budget that differs was the model's own affair."""
    one = {"seed": 1, "corpus": {"manifest_sha256": "a" * 64, "utterances": {"train": 9}}, "steps": {"total": 100}}
    same = facts_of(prepared, one, one)
    assert all(fact.same for fact in same.values())
    for name, change in (
        ("seed", {"seed": 2}),
        ("training data", {"corpus": {**one["corpus"], "manifest_sha256": "b" * 64}}),
        ("utterances (train / validation / test)", {"corpus": {**one["corpus"], "utterances": {"train": 8}}}),
        ("budget", {"steps": {"total": 200}}),
    ):
        facts = facts_of(prepared, one, {**one, **change})
        assert [f.name for f in facts.values() if not f.same] == [name] and facts[name].weight == "should"
    budgets = facts_of(
        prepared, {**one, "steps": {"total": 70, "budget_s": 60}}, {**one, "steps": {"total": 90, "budget_s": 60}}
    )
    assert budgets["budget"].same and budgets["budget"].values == ("60 s", "60 s")  # equal time, whatever the steps
    weights = {name: fact.weight for name, fact in same.items()}
    assert [n for n, w in weights.items() if w == "must"] == ["mel content", "vocoder"]
    assert [n for n, w in weights.items() if w == "may"][:3] == ["model", "decoding", "parameters"]
