"""A model whose explanation is not what it speaks is caught, with the fault named."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.interfaces import Axis, Explanation, Recorded, Step
from ttskit.plugins import create_registry
from ttskit.testing.acoustic import acoustic_checks
from ttskit.testing.checks import run_checks
from ttskit_fastpitch.model import FastPitch

SPOKEN, NAMES, CHANGES = "an explanation is what was spoken", "what is shown has names", "interventions change something"
REFUSED = "interventions that it does not offer"
FASTPITCH = create_registry(only={"fastpitch"}).get("acoustic model", "fastpitch")


def failures(model_class) -> dict[str, str]:
    class Plugin(type(FASTPITCH)):
        def load(self):
            return model_class

    plugin = Plugin("mine", "a test", FASTPITCH.factory, options=FASTPITCH.options, facts=FASTPITCH.facts)
    checks = [check for check in acoustic_checks(plugin) if check.name in (SPOKEN, NAMES, CHANGES, REFUSED)]
    assert len(checks) == 4
    return {r.name: r.message for r in run_checks(checks) if not r.passed}


class ShowsAnotherMel(FastPitch):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        found.spectrogram.mel.add_(1e-6)
        return found


class LeavesAHook(FastPitch):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        self.projection.register_forward_hook(lambda module, given, out: out * 1.1)
        return found


class ChangesNothing(FastPitch):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators)
        return Explanation(found.spectrogram, found.steps, found.interventions, dict(changed or {}))


class DoesNotSay(FastPitch):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        return Explanation(found.spectrogram, found.steps, found.interventions)


class TakesAnything(FastPitch):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        return super().explain(inputs, controls, generators)


class TwoStepsOfOneKey(FastPitch):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        return Explanation(found.spectrogram, found.steps[:1] * 2, found.interventions, found.applied)


class ShowsNan(FastPitch):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        step = Step("right.nan", "nothing", (Recorded("nan", np.full(2, np.nan, np.float32), (Axis("channel"),)),))
        return Explanation(found.spectrogram, (step,), found.interventions, found.applied)


@pytest.mark.parametrize(
    ("model", "check", "words"),
    [
        (ShowsAnotherMel, SPOKEN, "another mel"),
        (LeavesAHook, SPOKEN, "a hook was left behind"),
        (ChangesNothing, CHANGES, "changes nothing"),
        (DoesNotSay, CHANGES, "does not say"),
        (TwoStepsOfOneKey, NAMES, "stands there twice"),
        (ShowsNan, NAMES, "not finite"),
        (TakesAnything, REFUSED, "is accepted"),
    ],
)
def test_a_wrong_explanation_is_caught(model, check, words):
    found = failures(model)
    assert check in found, found
    assert words in found[check]


def test_a_right_one_passes():
    assert failures(FastPitch) == {}


def test_the_axes_of_what_is_shown_are_checked():
    with pytest.raises(ValueError, match="2 dimensions, 1 axes"):
        Recorded("x", np.zeros((2, 2)), (Axis("token"),))
    with pytest.raises(ValueError, match="unknown axis 'tokens'"):
        Recorded("x", np.zeros(2), (Axis("tokens"),))
