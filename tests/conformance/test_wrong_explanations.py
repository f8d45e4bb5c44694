"""A model whose explanation is not what it speaks is caught, with the fault named."""

from __future__ import annotations

import numpy as np
import pytest
from test_wrong_models import Right, failures

from ttskit.interfaces import Axis, Explanation, Intervention, Recorded, Step
from ttskit.nn import Activations

SPOKEN, NAMES, CHANGES = "an explanation is what was spoken", "what is shown has names", "interventions change something"


class Shows(Right):
    """What an explanation of one's own looks like: one step, one intervention, both by hooks."""

    def interventions(self):
        return (Intervention("embedding.off", "symbols are all alike", ("off",)),)

    def explain(self, inputs, controls=None, generators=None, changed=None):
        base = super().explain(inputs, controls, generators, None if changed is None else {})
        part = next(name for name, _ in self.named_children())
        out_of = {part: lambda x: x * 0} if changed else {}
        with Activations(self, [part], out_of=out_of) as seen:
            spoken = self.infer(inputs, controls, generators)
        array = seen.outputs(part)[0][0].reshape(-1).numpy()
        step = Step("right.part", "a part", (Recorded("out", array, (Axis("channel"),)),), ("embedding.off",))
        return Explanation(spoken, (step, *base.steps[1:]), self.interventions(), dict(changed or {}))


class ShowsAnotherMel(Shows):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        found.spectrogram.mel.add_(1e-6)
        return found


class LeavesAHook(Shows):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        next(self.children()).register_forward_hook(lambda module, given, out: out * 1.1)
        return found


class ChangesNothing(Shows):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators)
        return Explanation(found.spectrogram, found.steps, found.interventions, dict(changed or {}))


class DoesNotSay(Shows):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        return Explanation(found.spectrogram, found.steps, found.interventions)


class TwoStepsOfOneKey(Shows):
    def explain(self, inputs, controls=None, generators=None, changed=None):
        found = super().explain(inputs, controls, generators, changed)
        return Explanation(found.spectrogram, found.steps[:1] * 2, found.interventions, found.applied)


class ShowsNan(Shows):
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
        (Shows, "interventions that it does not offer", "is accepted"),  # it never asks `requested` what it was asked
    ],
)
def test_a_wrong_explanation_is_caught(model, check, words):
    found = failures(model)
    assert check in found, found
    assert words in found[check]


def test_the_axes_of_what_is_shown_are_checked():
    with pytest.raises(ValueError, match="2 dimensions, 1 axes"):
        Recorded("x", np.zeros((2, 2)), (Axis("token"),))
    with pytest.raises(ValueError, match="unknown axis 'tokens'"):
        Recorded("x", np.zeros(2), (Axis("tokens"),))
