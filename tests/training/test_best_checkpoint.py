"""Who names no checkpoint of a run gets an acoustic model's last one and a vocoder's best one, whoever asks."""

import inspect
import shutil

import torch

from ttskit.cli import compare as compare_command
from ttskit.cli import drift as drift_command
from ttskit.cli import synthesize as synthesize_command
from ttskit.compare.drift import drift
from ttskit.compare.experiment import compare
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.measure import fit
from ttskit.runs.align import align
from ttskit.runs.checkpoints import CHOSEN
from ttskit.runs.forced import forced_mels, name_of
from ttskit.synthesis.load import load_voice


def test_a_run_speaks_with_its_last_checkpoint_unless_another_is_named(random_run, registry):
    run = random_run("run")
    model = run.load(registry=registry).model
    for step, loss in ((3, 2.0), (5, 1.0), (9, 1.5)):
        with torch.no_grad():
            model.state_dict()["embedding.weight"].fill_(step)
        run.save(model, step, validation_loss=loss)
    assert run.weights()[1] == 9 and run.weights("best")[1] == 5
    for asked, step in (({}, 9), ({"checkpoint": "best"}, 5), ({"checkpoint": "last"}, 9), ({"checkpoint": 3}, 3)):
        loaded = run.load(registry=registry, **asked)
        assert loaded.step == step and set(loaded.model.state_dict()["embedding.weight"].flatten().tolist()) == {step}


def test_a_vocoder_is_fitted_to_the_last_checkpoint_and_its_figures_are_of_its_own_best(
    trained, random_run, corpus_folder, registry, tmp_path, monkeypatch
):
    own = PreparedCorpus.open(shutil.copytree(corpus_folder, tmp_path / "corpus"))
    acoustic = random_run("acoustic", symbols=own.symbols)
    model = acoustic.load(registry=registry).model
    for step, loss in ((5, 1.0), (9, 2.0)):
        acoustic.save(model, step, validation_loss=loss)
    run = trained("hifigan", run="fitted", data=own, steps=1, from_acoustic=acoustic.path)
    facts = run.info["from_acoustic"]
    assert facts["step"] == 9 and facts["mels"] == name_of(acoustic, 9) != name_of(acoustic, 5)
    assert facts["mels"] == name_of(acoustic)
    speaks = run.load(registry=registry).model
    for step, loss in ((7, 0.0), (8, 9.0)):
        with torch.no_grad():
            next(speaks.parameters()).fill_(step)
        run.save(speaks, step, validation_loss=loss)
    measured = {}

    def listen(corpus, vocoders, mels, clips, registry, out, **more):
        out.mkdir()
        measured.update(vocoders)
        return []

    monkeypatch.setattr(fit, "measure_vocoders", listen)
    fit.report_fit(run, own, device="cpu", registry=registry)
    assert list(measured) == ["griffinlim", "after"] and next(measured["after"].parameters()).unique().tolist() == [7.0]


def test_a_voice_a_comparison_an_alignment_and_a_drift_take_the_same_checkpoint():
    """Seen: `compare` took the last and `synthesize` the best: the voice that was compared was not the one that spoke."""
    rule = CHOSEN["acoustic model"]
    for function in (compare, load_voice, drift, align, forced_mels, name_of):
        assert inspect.signature(function).parameters["checkpoint"].default == rule, function
    for module in (compare_command, drift_command, synthesize_command):
        option = next(p for p in module.command.params if p.name == "checkpoint")
        assert option.default == rule, module
