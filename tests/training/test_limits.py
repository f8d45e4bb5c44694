"""How long a training lasts: what wins of a call, a recipe and the defaults, and steps from minutes of speech."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ttskit.config.training import TrainingConfig
from ttskit.errors import UsageError
from ttskit.training import speech_models


def asked(recipe, steps=None, budget_s=None, device="auto", threads=None):
    made = speech_models._config(TrainingConfig(**recipe), steps, budget_s, device, threads)
    return {name: getattr(made, name) for name in ("steps", "budget_s", "steps_per_minute") if getattr(made, name) is not None}


@pytest.mark.parametrize(
    ("recipe", "call", "found"),
    [
        ({}, {}, {}),
        ({"steps": 7}, {}, {"steps": 7}),
        ({"steps": 7}, {"steps": 9}, {"steps": 9}),
        ({"steps": 7}, {"budget_s": "2m"}, {"budget_s": 120.0}),  # one limit, not two of which one wins
        ({"budget_s": "1h"}, {"steps": 9}, {"steps": 9}),
        ({"steps_per_minute": 3}, {"steps": 9}, {"steps": 9}),
        ({"steps_per_minute": 3}, {"budget_s": 60}, {"budget_s": 60.0}),
    ],
)
def test_what_a_call_asks_for_replaces_the_recipes_limit(recipe, call, found):
    """Planted: the recipe's steps stood beside the budget of the call, and won."""
    assert asked(recipe, **call) == found


def test_two_limits_none_and_what_is_no_time_are_refused():
    for call, says in (
        ({"steps": 5, "budget_s": 60}, "cannot be given together"),
        ({"steps": 0}, "cannot train 0 steps"),
        ({"budget_s": "soon"}, "not a time"),
    ):
        with pytest.raises(UsageError, match=says):
            asked({}, **call)


def test_a_device_and_threads_of_the_call_win_and_auto_leaves_the_recipes():
    recipe = TrainingConfig(device="cuda:1", threads=3)
    for call, found in ((("auto", None), ("cuda:1", 3)), (("cpu", 1), ("cpu", 1))):
        made = speech_models._config(recipe, None, None, *call)
        assert (made.device, made.threads) == found


@pytest.mark.parametrize(("rate", "steps"), [(100.0, 300), (70.0, 210), (10.0, 200), (66.8, 200)])
def test_steps_from_the_minutes_of_the_training_split_and_two_hundred_at_least(rate, steps):
    """Planted: of the whole corpus, and of any length."""
    spoken = {"train": [60_000, 120_000], "test": [999_999]}  # three minutes at 1 kHz
    corpus = SimpleNamespace(
        split=lambda name: [SimpleNamespace(samples=n) for n in spoken[name]], mel=SimpleNamespace(sample_rate_hz=1000)
    )
    notes: list[str] = []
    facts = speech_models._counted_steps(TrainingConfig(steps_per_minute=rate), corpus, notes.append)
    assert (facts["total"], facts["minutes"]) == (steps, 3.0) and f"{steps} steps" in notes[0]


def test_without_any_limit_there_are_ten_thousand_steps_and_a_budget_is_counted_later():
    assert speech_models._counted_steps(TrainingConfig(), None, print) == {"total": 10_000}
    assert speech_models._counted_steps(TrainingConfig(steps=5), None, print) == {"total": 5}
    assert speech_models._counted_steps(TrainingConfig(budget_s=5), None, print) == {}
