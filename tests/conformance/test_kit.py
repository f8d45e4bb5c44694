"""The kit itself: checks with an id each, from pytest and the command line; wrong frontends and wrong trainable vocoders."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from ttskit.characters import CharacterFrontend
from ttskit.cli import cli
from ttskit.errors import PluginError
from ttskit.interfaces import FrontendPlugin, Losses, LossTerm, OptimizerPlan, Reading, Vocoder, VocoderPlugin
from ttskit.plugins import create_registry
from ttskit.testing import check_frontend, check_vocoder, checks_of, parametrize

REGISTRY = create_registry(only={"builtin", "griffinlim"})


def test_a_kinds_checks_have_ids_and_build_nothing_before_they_are_called(monkeypatch):
    plugin, _ = REGISTRY.found["vocoder", "griffinlim"]

    def untouched(self):
        raise AssertionError("built while listing")

    with monkeypatch.context() as patched:
        patched.setattr(type(plugin), "load", untouched)
        checks = checks_of("vocoder", "griffinlim", REGISTRY)
    names = [check.name for check in checks]
    assert names[:2] == ["registration is cheap", "description"] and "samples per frame" in names
    assert len(set(names)) == len(names)
    with pytest.raises(PluginError):
        checks_of("vocoder", "griffinlin", REGISTRY)


def test_parametrize_gives_one_pytest_id_per_check_and_plugin():
    def ids(*arguments):
        return [parameter.id for parameter in parametrize(*arguments, registry=REGISTRY).args[1]]

    assert ids("vocoder", "griffinlim") == [f"griffinlim-{c.name}" for c in checks_of("vocoder", "griffinlim", REGISTRY)]
    assert "autocorrelation-finds a known tone" in ids("pitch extractor")
    assert "vocoder griffinlim-streaming" in ids() and len(set(ids())) == len(ids())
    with pytest.raises(PluginError):
        parametrize("vocoder", "griffinlin", REGISTRY)


def test_plugins_check_shows_the_same_list_with_times():
    expected = [check.name for check in checks_of("frontend", "characters", REGISTRY)]
    results = json.loads(CliRunner().invoke(cli, ["plugins", "check", "characters", "--json"]).output)
    assert [r["check"] for r in results] == expected
    assert all(r["passed"] and r["message"] == "" and r["seconds"] >= 0 for r in results)
    shown = CliRunner().invoke(cli, ["plugins", "check", "characters"]).output.splitlines()
    assert shown[0].split() == ["check", "result", "time", "message"] and len(shown) == 1 + len(expected)


class Frontend(CharacterFrontend):
    """Right."""

    def changed(self, analysis):
        return analysis

    def analyze(self, text):
        return self.changed(super().analyze(text))


class BeyondTheText(Frontend):
    def changed(self, analysis):
        words = [replace(w, span=(w.span[0] + 3, w.span[1] + 3)) for w in analysis.words]
        return replace(analysis, words=tuple(words))


class WordsBackwards(Frontend):
    def changed(self, analysis):
        last = len(analysis.words) - 1
        return replace(analysis, token_words=tuple(None if w is None else last - w for w in analysis.token_words))


class ReadsHalf(Frontend):
    def changed(self, analysis):
        half = analysis.text[: len(analysis.text) // 2]
        return replace(analysis, readings=(Reading((0, len(half)), half, half, "word", "letters"),))


class DropsTheUnknown(Frontend):
    def changed(self, analysis):
        return replace(analysis, unknown=(), readings=())


class OtherName(Frontend):
    name = "letters"


@pytest.mark.parametrize(
    ("frontend", "facts", "name", "words"),
    [
        (BeyondTheText, {}, "spans", "has span (15, 20), the text has 18 characters"),
        (WordsBackwards, {}, "tokens are in the table", "goes back to an earlier word"),
        (ReadsHalf, {}, "readings cover the text", "no reading covers"),
        (DropsTheUnknown, {}, "unknown characters are reported", "dropped without being reported"),
        (OtherName, {}, "declared facts are true", "calls itself 'letters'"),
        (Frontend, {"language": ""}, "declared facts are true", "'language'"),
    ],
)
def test_a_wrong_frontend_fails_with_its_fault_named(frontend, facts, name, words):
    def failures(factory, **facts):
        class Plugin(FrontendPlugin):
            def load(self):
                return factory

        mine = Plugin("characters", "a test", "unused:unused", facts={"language": "any", **facts})
        return {r.name: r.message for r in check_frontend(mine) if not r.passed}

    assert failures(Frontend) == {}
    found = failures(frontend, **facts)
    assert name in found, found
    assert words in found[name]


class Trained(Vocoder):
    """Right: the mel's weighted mean, as loud for each sample of its frame."""

    trainable = True
    segment_frames = 4

    def __init__(self, mel) -> None:
        super().__init__()
        self.mel = mel
        self.weights = nn.Linear(mel.bands, 1)

    def wave(self, mel):
        return torch.tanh(self.weights(mel.transpose(1, 2))[..., 0]).repeat_interleave(self.mel.hop_samples, dim=1)

    def infer(self, mel):
        self.check_mel(mel)
        return self.wave(mel)

    def losses(self, batch):
        return Losses({"wave": LossTerm((self.wave(batch.mel) - batch.audio).square().sum(), batch.audio.numel())})

    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 1e-3))}

    def training_step(self, batch, state, optimize):
        optimize("main", self.losses(batch))
        return {}

    def validation_losses(self, batch, state):
        return self.losses(batch)


class TrainsNothing(Trained):
    def training_step(self, batch, state, optimize):
        self.losses(batch)
        return {}


class RateZero(Trained):
    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 0.0))}


class Climbs(Trained):
    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 1e-3, maximize=True))}


class OneHopShort(Trained):
    def wave(self, mel):
        return super().wave(mel)[:, : -self.mel.hop_samples]


class CountsSentences(Trained):
    def __init__(self, mel) -> None:
        super().__init__(mel)
        self.register_buffer("spoken", torch.zeros(()))

    def infer(self, mel):
        self.spoken += 1
        return super().infer(mel)


class NormalisesTheMel(Trained):
    def infer(self, mel):
        self.check_mel(mel)
        return self.wave(mel.sub_(mel.mean()))


class PlainNorm(Trained):
    def __init__(self, mel) -> None:
        super().__init__(mel)
        self.norm = nn.BatchNorm1d(mel.bands)

    def wave(self, mel):
        return super().wave(self.norm(mel))


class NothingToTrain(Trained):
    def __init__(self, mel) -> None:
        super().__init__(mel)
        self.requires_grad_(False)


def vocoder_failures(factory, **facts):
    class Plugin(VocoderPlugin):
        def load(self):
            return lambda options, mel: factory(mel)

    stated = {"trainable": True, "streaming": False, **facts}
    return {r.name: r.message for r in check_vocoder(Plugin("mine", "a test", "unused:unused", facts=stated)) if not r.passed}


def test_a_right_trainable_vocoder_passes_every_check():
    assert vocoder_failures(Trained) == {}


@pytest.mark.parametrize(
    ("vocoder", "facts", "name", "words"),
    [
        (TrainsNothing, {}, "it learns", "training_step optimises nothing"),
        (RateZero, {}, "it learns", "does not move weights.bias, weights.weight: its learning rate is 0"),
        (Climbs, {}, "it learns", "the loss does not fall"),
        (OneHopShort, {}, "samples per frame", "samples, need"),
        (CountsSentences, {}, "speaking changes nothing", "changes spoken"),
        (NormalisesTheMel, {}, "speaking changes nothing", "writes into the mel"),
        (PlainNorm, {}, "two processes equal one", "norm is nn.BatchNorm1d"),
        (NothingToTrain, {}, "declared facts are true", "no parameter to train"),
        (Trained, {"streamin": True}, "declared facts are true", "'streamin'; did you mean 'streaming'?"),
    ],
)
def test_a_wrong_trainable_vocoder_fails_with_its_fault_named(vocoder, facts, name, words):
    found = vocoder_failures(vocoder, **facts)
    assert name in found, found
    assert words in found[name]
