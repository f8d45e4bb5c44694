"""What systems were given in training is told of every kind of model."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from ttskit.compare.comparability import comparability
from ttskit.compare.given import Help
from ttskit.errors import CorpusError, MismatchError
from ttskit.interfaces import ModelContext
from ttskit.measure.systems import System
from ttskit.plugins import create_registry
from ttskit.symbols import SpeakerTable
from ttskit.training.cost import Cost


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
    given = replace(system(prepared, "fastpitch", "parallel", alignment, alignment="external"), label="given")
    learned = system(prepared, "fastpitch", "parallel")
    attention = system(prepared, "tacotron2", "autoregressive")
    facts = {fact.name: fact for fact in comparability([given, learned, attention], prepared)}
    told = facts["durations given in training"]
    assert (
        told.values == ("yes, alignment 'mfa'" if alignment else "yes", "no", "no")
        and not told.same
        and told.weight == "should"
    )
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
    made = system(prepared, "fastpitch", "parallel")
    systems = [replace(made, label=f"run{n}", run=SimpleNamespace(info=info)) for n, info in enumerate(infos)]
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
    assert [n for n, w in weights.items() if w == "may"] == ["model", "decoding", "frames per step", "steps of the checkpoint"]


def told(prepared, seen, help, parameters=(100, 100)):
    """The facts of two systems of which this is known."""
    names, made = ("one", "two"), system(prepared, "fastpitch", "parallel")

    class Sized(System):
        parameters = property(lambda self: parameters[names.index(self.label)])

    values = {field.name: getattr(made, field.name) for field in fields(System)}
    systems = [Sized(**values | {"label": name}) for name in names]
    return {
        f.name: f
        for f in comparability(systems, prepared, dict(zip(names, seen, strict=True)), dict(zip(names, help, strict=True)))
    }


BARE = Help((), ("pitch",), None, "")


def test_help_size_and_speech_that_differ_are_not_the_models_own(prepared):
    """Seen: "durations from another model" and a model half as large again counted as belonging to the models."""
    read = Cost(10, 1000, 9000, 9900, 1.0, 1e9, 100)
    facts = told(prepared, (read, read), (BARE, BARE))
    assert all(facts[name].same for name in ("utterances read in training", "help that the model names", "parameters"))
    for name, seen, help, parameters in (
        ("utterances read in training", (read, replace(read, utterances=2000)), (BARE, BARE), (100, 100)),
        ("utterances read in training", (read, None), (BARE, BARE), (100, 100)),
        ("learned from the recordings", (read, read), (BARE, replace(BARE, supervision=("durations",))), (100, 100)),
        ("help that the model names", (read, read), (BARE, replace(BARE, aids=("guided attention",))), (100, 100)),
        ("weights at the start", (read, read), (BARE, replace(BARE, start="other, step 9")), (100, 100)),
        ("parameters", (read, read), (BARE, BARE), (100, 107)),
    ):
        facts = told(prepared, seen, help, parameters)
        assert [f.name for f in facts.values() if not f.same] == [name] and facts[name].weight == "should", name
    near = told(prepared, (read, replace(read, utterances=1015)), (BARE, BARE), (100, 104))  # one batch more; four in a hundred
    assert all(fact.same for fact in near.values())


def test_runs_of_one_system_are_one_column_with_all_their_seeds(prepared):
    made = system(prepared, "fastpitch", "parallel")
    runs = [replace(made, label=f"fp-{seed}", of="fp", run=SimpleNamespace(info={"seed": seed})) for seed in (1, 2, 3)]
    facts = {f.name: f for f in comparability([*runs, system(prepared, "tacotron2", "autoregressive")], prepared)}
    assert facts["seed"].values == ("1, 2, 3", "unknown") and len(facts["model"].values) == 2
