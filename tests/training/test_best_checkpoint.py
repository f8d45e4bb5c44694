"""Who names no checkpoint of a run gets its best one."""

import shutil

import torch

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.measure import fit
from ttskit.runs.forced import name_of


def test_a_run_speaks_with_its_best_checkpoint_unless_another_is_named(random_run, registry):
    run = random_run("run")
    model = run.load(registry=registry).model
    for step, loss in ((3, 2.0), (5, 1.0), (9, 1.5)):
        with torch.no_grad():
            model.state_dict()["embedding.weight"].fill_(step)
        run.save(model, step, validation_loss=loss)
    assert run.weights()[1] == 5 and run.weights("last")[1] == 9
    for asked, step in (({}, 5), ({"checkpoint": "best"}, 5), ({"checkpoint": "last"}, 9), ({"checkpoint": 3}, 3)):
        loaded = run.load(registry=registry, **asked)
        assert loaded.step == step and set(loaded.model.state_dict()["embedding.weight"].flatten().tolist()) == {step}


def test_a_vocoder_is_fitted_to_the_best_checkpoint_and_its_figures_are_of_its_own_best(
    trained, random_run, corpus_folder, registry, tmp_path, monkeypatch
):
    own = PreparedCorpus.open(shutil.copytree(corpus_folder, tmp_path / "corpus"))
    acoustic = random_run("acoustic", symbols=own.symbols)
    model = acoustic.load(registry=registry).model
    for step, loss in ((5, 1.0), (9, 2.0)):
        acoustic.save(model, step, validation_loss=loss)
    run = trained("hifigan", run="fitted", data=own, steps=1, from_acoustic=acoustic.path)
    facts = run.info["from_acoustic"]
    assert facts["step"] == 5 and facts["mels"] == name_of(acoustic, 5) != name_of(acoustic, 9)
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
