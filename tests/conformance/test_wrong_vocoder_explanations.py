"""A vocoder that explains what it does not make, or says of its architecture what is not so, is caught with the fault named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ttskit.interfaces import Axis, Layer, ReceptiveField, Recorded, Step, VocoderExplanation
from ttskit.plugins import create_registry
from ttskit.testing.checks import run_checks
from ttskit.testing.vocoder import vocoder_checks
from ttskit.testing.vocoder_explaining import EXPLAINING
from ttskit_hifigan.vocoder import Hifigan

HEARD, NAMES, CHANGES = "an explanation is what was heard", "what is shown has names", "interventions change something"
REFUSED, BUILT = "what it does not offer to explain", "the architecture is what it says"
HIFIGAN = create_registry(only={"hifigan"}).get("vocoder", "hifigan")


def failures(vocoder_class, **facts) -> dict[str, str]:
    class Plugin(type(HIFIGAN)):
        def load(self):
            return vocoder_class

    plugin = Plugin("mine", "a test", HIFIGAN.factory, options=HIFIGAN.options, facts={**HIFIGAN.facts, **facts})
    checks = [check for check in vocoder_checks(plugin) if check.name in EXPLAINING.functions]
    assert {check.name for check in checks} == {HEARD, NAMES, CHANGES, REFUSED, BUILT}
    return {r.name: r.message for r in run_checks(checks) if not r.passed}


class MakesOtherAudio(Hifigan):
    def explain(self, mel, generators=None, changed=None):
        found = super().explain(mel, generators, changed)
        found.audio.mul_(0.99)
        return found


class LeavesAHook(Hifigan):
    def explain(self, mel, generators=None, changed=None):
        found = super().explain(mel, generators, changed)
        self.generator.conv_pre.register_forward_hook(lambda module, given, out: out * 1.5)
        return found


class ChangesNothing(Hifigan):
    def explain(self, mel, generators=None, changed=None):
        found = super().explain(mel, generators)
        return VocoderExplanation(found.audio, found.steps, found.interventions, dict(changed or {}))


class DoesNotSay(Hifigan):
    def explain(self, mel, generators=None, changed=None):
        found = super().explain(mel, generators, changed)
        return VocoderExplanation(found.audio, found.steps, found.interventions)


class TakesAnything(Hifigan):
    def explain(self, mel, generators=None, changed=None):
        return super().explain(mel, generators)


class TwoStepsOfOneKey(Hifigan):
    def explain(self, mel, generators=None, changed=None):
        found = super().explain(mel, generators, changed)
        return VocoderExplanation(found.audio, (*found.steps, found.steps[0]), found.interventions, found.applied)


class ShowsNan(Hifigan):
    def explain(self, mel, generators=None, changed=None):
        found = super().explain(mel, generators, changed)
        step = Step("right.nan", "nothing", (Recorded("nan", np.full(2, np.nan, np.float32), (Axis("sample"),)),))
        return VocoderExplanation(found.audio, (*found.steps, step), found.interventions, found.applied)


class SaysNothingOfItself(Hifigan):
    def architecture(self):
        return None


class Shortsighted(Hifigan):
    """Forgets the residual blocks."""

    def architecture(self):
        found = super().architecture()
        return replace(found, field=ReceptiveField(tuple(one for one in found.field.layers if one.rate > 1)))


class LooksAside(Hifigan):
    """As wide a field, elsewhere."""

    def architecture(self):
        found = super().architecture()
        return replace(found, field=ReceptiveField((*found.field.layers, Layer(1, -2000))))


class AnotherHop(Hifigan):
    def architecture(self):
        found = super().architecture()
        return replace(found, field=ReceptiveField((*found.field.layers, Layer(4, 1, rate=2))))


class WrongRate(Hifigan):
    def architecture(self):
        found = super().architecture()
        return replace(found, stages=(replace(found.stages[0], rate=4), *found.stages[1:]))


class WrongChannels(Hifigan):
    def architecture(self):
        found = super().architecture()
        return replace(found, stages=(replace(found.stages[0], channels=16), *found.stages[1:]))


class NamesNoStep(Hifigan):
    def architecture(self):
        found = super().architecture()
        return replace(found, stages=(replace(found.stages[0], step="hifigan.first"), *found.stages[1:]))


@pytest.mark.parametrize(
    ("vocoder", "check", "words"),
    [
        (MakesOtherAudio, HEARD, "other audio than infer"),
        (LeavesAHook, HEARD, "a hook was left behind"),
        (ChangesNothing, CHANGES, "changes nothing"),
        (DoesNotSay, CHANGES, "does not say"),
        (TwoStepsOfOneKey, NAMES, "stands there twice"),
        (ShowsNan, NAMES, "not finite"),
        (TakesAnything, REFUSED, "is accepted"),
        (SaysNothingOfItself, BUILT, "but the vocoder shows None"),
        (Shortsighted, BUILT, "its receptive field says"),
        (LooksAside, BUILT, "its receptive field says"),
        (AnotherHop, BUILT, "makes 512 samples of a frame, the mel's hop is 256"),
        (WrongRate, BUILT, "stage 1 is said to run at 689.062 Hz, need 344.531"),
        (WrongChannels, BUILT, "its stage says (16, 192)"),
        (NamesNoStep, BUILT, "names step 'hifigan.first', which the explanation does not have"),
    ],
)
def test_a_wrong_explanation_is_caught(vocoder, check, words):
    found = failures(vocoder)
    assert check in found, found
    assert words in found[check]


def test_an_architecture_that_is_not_declared_is_caught():
    assert "fact 'architecture': '', but" in failures(Hifigan, architecture="")[BUILT]


def test_a_declaration_that_leads_elsewhere_is_caught():
    assert "returned str, not a VocoderArchitecture" in failures(Hifigan, architecture="builtins:repr")[BUILT]


def test_a_right_one_passes():
    assert failures(Hifigan) == {}
