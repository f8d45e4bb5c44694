"""What systems were given in training is told of every kind of model."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ttskit.compare.comparability import comparability
from ttskit.interfaces import ModelContext
from ttskit.measure.systems import System
from ttskit.plugins import create_registry


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
