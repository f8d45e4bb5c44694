"""A vocoder fitted to an acoustic model's teacher-forced mels: the same verb for every model that has them."""

from __future__ import annotations

import json
import shutil
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ttskit.cli import _run
from ttskit.corpus.batches import SegmentBatches, full_batch, require_known
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.measure.fit import report_fit
from ttskit.runs import RunFolder
from ttskit.runs.align import align
from ttskit.runs.forced import ForcedMels, forced_mels, name_of
from ttskit.symbols import SymbolTable
from ttskit.training import TrainingStopped, fit


@pytest.fixture
def own(corpus_folder, tmp_path):
    """A corpus of this test's own, for what it writes there."""
    return PreparedCorpus.open(shutil.copytree(corpus_folder, tmp_path / "corpus"))


def tensors(folder):
    """Every forced mel on disk."""
    return {path.stem: np.load(path)["mel"] for path in sorted(folder.glob("*.npz"))}


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2", "transformertts"])
def test_mels_are_made_once_whole_and_the_same_whoever_asks(model, trained, own, registry):
    run = trained(model, data=own, steps=1)
    mels = forced_mels(own, run.path, registry=registry)
    first = tensors(mels.folder)
    assert first.keys() == {u.id for u in own.utterances}
    for u in own.utterances:
        assert mels(u).shape == own.features(u).mel.shape == (own.mel.bands, u.frames) and np.isfinite(mels(u)).all()
    kept = {path: path.stat().st_mtime_ns for path in mels.folder.iterdir()}
    assert forced_mels(own, run.path, registry=registry).name == mels.name
    assert {path: path.stat().st_mtime_ns for path in mels.folder.iterdir()} == kept
    (mels.folder / f"{own.utterances[4].id}.npz").write_bytes(b"torn")
    shutil.copy(mels.folder / f"{own.utterances[0].id}.npz", mels.folder / f"{own.utterances[1].id}.npz")
    forced_mels(own, run.path, registry=registry)
    again = tensors(mels.folder)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    u = own.utterances[0]
    loaded = run.load(registry=registry)
    assert not np.array_equal(mels(u), own.features(u).mel) and loaded.step == 1


def test_processes_divide_the_work(trained, own, registry):
    run = trained(data=own, steps=1)
    halves = [len(tensors(forced_mels(own, run.path, share=(rank, 2), registry=registry).folder)) for rank in (0, 1)]
    assert 0 < halves[0] < halves[1] == len(own.utterances)


def test_other_weights_have_other_mels(trained, own, registry):
    run = trained(data=own, steps=2, overrides=("training.checkpoint_every=1", "training.validate_every=1"))
    assert name_of(run, 1) != name_of(run, 2) and name_of(run, 2).startswith("run-2-")
    assert name_of(run, "best") in (name_of(run, 1), name_of(run, 2))


def test_features_that_changed_are_spoken_again(trained, own, registry):
    run = trained(data=own, steps=1)
    mels = forced_mels(own, run.path, registry=registry)
    u = own.utterances[2]
    path = own.features_path(u.id)
    with np.load(path) as data:
        np.savez(path, mel=data["mel"] + 1.0, pitch_hz=data["pitch_hz"])
    changed = PreparedCorpus.open(own.folder)
    before = tensors(mels.folder)
    assert not ForcedMels(changed, mels.name).has(u) and ForcedMels(changed, mels.name).has(own.utterances[0])
    forced_mels(changed, run.path, registry=registry)
    assert not np.array_equal(before[u.id], tensors(mels.folder)[u.id])


def test_speakers_and_pitch_are_the_models_own(trained, own, registry, recipe, tmp_path):
    """A corpus with one of the model's two speakers, and other statistics of pitch, is spoken as in the whole one."""
    run = trained(data=own, steps=1)
    whole = tensors(forced_mels(own, run.path, registry=registry).folder)
    part = shutil.copytree(own.folder, tmp_path / "part", ignore=shutil.ignore_patterns("forced"))
    info = json.loads((part / "corpus.json").read_text(encoding="utf-8"))
    info["speakers"] = {"names": ["beto"]} if isinstance(info["speakers"], dict) else ["beto"]
    info["statistics"] = {"beto": {"pitch_mean_hz": 100.0, "pitch_std_hz": 10.0}}
    (part / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    lines = (part / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    (part / "manifest.jsonl").write_text(
        "".join(f"{line}\n" for line in lines if json.loads(line)["speaker"] == "beto"), encoding="utf-8"
    )
    alone = tensors(forced_mels(PreparedCorpus.open(part), run.path, registry=registry).folder)
    assert 0 < len(alone) < len(whole)
    for name, mel in alone.items():
        np.testing.assert_allclose(mel, whole[name], atol=1e-4)


def test_what_cannot_be_fitted_to_is_told(trained, own, registry, new_corpus, monkeypatch):
    acoustic, vocoder = trained(data=own, steps=1), trained("hifigan", run="hg", data=own, steps=1)
    with pytest.raises(UsageError, match="holds a vocoder"):
        trained("hifigan", run="a", data=own, steps=1, from_acoustic=vocoder.path)
    with pytest.raises(UsageError, match="is not a vocoder"):
        trained("fastpitch", run="b", data=own, steps=1, from_acoustic=acoustic.path)
    with pytest.raises(UsageError, match="cannot be given together"):
        trained("hifigan", run="hg", data=own, resume=True, from_acoustic=acoustic.path)
    with pytest.raises(MismatchError, match="does not know speaker 'carla'"):
        trained(
            "hifigan",
            run="c",
            data=PreparedCorpus.open(new_corpus("carla", speakers=("carla",))),
            steps=1,
            from_acoustic=acoustic.path,
        )
    shorter = PreparedCorpus.open(own.folder)
    monkeypatch.setattr(type(own.mel), "frames", lambda self, samples: 1)
    with pytest.raises(CorpusError, match="frames and samples of 'u00' disagree") as caught:
        forced_mels(shorter, acoustic.path, registry=registry)
    assert "frames of 256 samples" in caught.value.why
    monkeypatch.undo()
    facts = registry.get("acoustic model", "fastpitch").facts
    monkeypatch.setitem(facts, "teacher_forced", False)
    with pytest.raises(UsageError, match="'fastpitch' gives no teacher-forced mels") as caught:
        trained("hifigan", run="d", data=own, steps=1, from_acoustic=acoustic.path)
    assert "tacotron2" in caught.value.fix
    assert not any((acoustic.path.parent / name).exists() for name in "abcd")  # the mended command finds no run


def test_segments_have_the_models_mel_and_the_recordings_samples(trained, own, registry):
    run = trained(data=own, steps=1)
    mels = forced_mels(own, run.path, registry=registry)
    batch = SegmentBatches(own, "train", 8, 4, seed=1, mels=mels).load([u.id for u in own.split("train")[:3]], 0)
    plain = SegmentBatches(own, "train", 8, 4, seed=1).load([u.id for u in own.split("train")[:3]], 0)
    assert torch.equal(batch.audio, plain.audio)
    for i, name in enumerate(batch.ids):
        whole = mels(own.utterance(name))
        places = [k for k in range(whole.shape[1] - 7) if np.array_equal(whole[:, k : k + 8], batch.mel[i].numpy())]
        natural = own.features(own.utterance(name)).mel
        assert any(np.array_equal(natural[:, k : k + 8], plain.mel[i].numpy()) for k in places)  # the same place


def test_the_verb_ends_with_figures_audio_and_pictures(trained, own, registry, losses_of):
    acoustic, before = trained(data=own, steps=1), trained("hifigan", run="before", data=own, steps=2)
    natural = trained("hifigan", run="natural", data=own, steps=2, init_from=before.path)
    fitted = trained("hifigan", run="fitted", data=own, steps=2, init_from=before.path, from_acoustic=acoustic.path)
    assert losses_of(fitted.path) != losses_of(natural.path)  # it heard other mels
    rates = [row["generator/learning_rate"] for row in fitted.metrics("train")]
    assert rates == pytest.approx([1e-4, 1e-4]) and fitted.info["from_acoustic"]["mels"] == name_of(acoustic)
    assert report_fit(fitted, own, registry=registry) == fitted.path / "fit"
    report = json.loads((fitted.path / "fit" / "figures.json").read_text(encoding="utf-8"))
    shown = {(row["vocoder"], row["mels"]): row for row in report["figures"]}
    assert {name for name, _ in shown} == {"before", "griffinlim", "after"}
    assert {kind for _, kind in shown} == {"teacher-forced", "natural"}
    assert report["clips"] == [u.id for u in own.split("test")] and report["notes"] == []
    assert shown["griffinlim", "natural"]["audio_mel_l1"]["count"] == len(own.split("test"))
    assert shown["before", "natural"]["lsd_db"] != shown["after", "natural"]["lsd_db"]
    assert {"audio_mel_l1", "mcd_db", "log_f0_rmse_semitones", "voicing_error"} <= set(shown["after", "natural"])
    assert 0 <= shown["griffinlim", "natural"]["voicing_error"]["value"] <= 1
    first = own.split("test")[0].id
    names = {path.name for path in (fitted.path / "fit").iterdir()}
    assert {
        f"{first}.png",
        f"{first}_recording.wav",
        f"{first}_before_teacher-forced-mel.wav",
        f"{first}_after_natural-mel.wav",
    } <= names


def test_a_fit_resumes_exactly_without_the_acoustic_run(trained, own, tmp_path, losses_of, same_weights, at):
    """Stopped among the discriminators' own steps."""
    options = ("models.hifigan.options.discriminator_warmup=4", "training.checkpoint_every=3")
    acoustic, source = trained(data=own, steps=1), trained("hifigan", run="source", data=own, steps=1)
    _without_judges(source)
    more = {"data": own, "overrides": options, "init_from": source.path, "from_acoustic": acoustic.path}
    whole = trained("hifigan", run="whole", steps=7, **more)
    phases = [sorted(key for key in row if key.endswith("/loss")) for row in losses_of(whole.path).values()]
    assert phases == [["discriminator/loss"]] * 4 + [["discriminator/loss", "generator/loss"]] * 3
    registry = at(3, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(TrainingStopped) as stopped:
        trained("hifigan", run="cut", steps=7, registry=registry, **more)
    assert 3 <= stopped.value.step <= 4
    shutil.rmtree(acoustic.path)
    resumed = trained("hifigan", run="cut", steps=None, resume=True, data=own, overrides=options)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


def test_a_run_that_was_stopped_before_its_discriminators_learnt_gives_none(trained, own, losses_of):
    warm = ("models.hifigan.options.generator_warmup=0.9", "models.hifigan.options.discriminator_warmup=2")
    source = trained("hifigan", run="warm", data=own, steps=3, overrides=warm)  # all three of the generator alone
    assert all(set(row) & {"discriminator/loss"} == set() for row in losses_of(source.path).values())
    fitted = trained("hifigan", run="fitted", data=own, steps=3, overrides=warm, init_from=source.path)
    assert {name.split(".")[0] for name in fitted.info["fresh"]} == {"mpd", "msd", "judges_learnt"}
    heard = [sorted(key for key in row if key.endswith("/loss")) for row in losses_of(fitted.path).values()]
    assert heard == [["discriminator/loss"]] * 2 + [["discriminator/loss", "generator/loss"]]


def test_mels_that_are_gone_come_back_from_the_same_checkpoint_only(trained, own, tmp_path):
    acoustic = trained(data=own, steps=1)
    run = trained("hifigan", run="hg", data=own, steps=1, from_acoustic=acoustic.path)
    mels = ForcedMels(own, run.info["from_acoustic"]["mels"])
    first = tensors(mels.folder)
    shutil.rmtree(mels.folder)
    trained("hifigan", run="hg", data=own, steps=2, resume=True)
    assert all(np.array_equal(first[name], mel) for name, mel in tensors(mels.folder).items())
    shutil.rmtree(mels.folder)
    shutil.rmtree(acoustic.path)
    trained(data=own, steps=1, overrides=("seed=7",))
    with pytest.raises(MismatchError, match="has changed since"):
        trained("hifigan", run="hg", data=own, steps=3, resume=True)


def test_ctrl_c_while_mels_are_made_keeps_them_and_resumes(trained, own, monkeypatch, losses_of, same_weights):
    """The start and the number of steps are not forgotten, though not one step was done."""
    acoustic, source = trained(data=own, steps=1), trained("hifigan", run="source", data=own, steps=1, overrides=("seed=9",))
    real, calls = fit.forced_mels, []
    more = {"data": own, "steps": 2, "init_from": source.path, "from_acoustic": acoustic.path}

    def interrupted(*arguments, stopped, **more):
        return real(*arguments, stopped=lambda: calls.append(1) or len(calls) > 1, **more)

    monkeypatch.setattr(fit, "forced_mels", interrupted)
    with pytest.raises(TrainingStopped) as caught:
        trained("hifigan", run="hg", **more)
    assert caught.value.step == 0 and not caught.value.run.checkpoints
    made = len(tensors(ForcedMels(own, caught.value.run.info["from_acoustic"]["mels"]).folder))
    assert 0 < made < len(own.utterances)
    monkeypatch.undo()
    resumed = trained("hifigan", run="hg", data=own, steps=None, resume=True)
    whole = trained("hifigan", run="whole", **more)
    assert losses_of(resumed.path) == losses_of(whole.path) and len(losses_of(whole.path)) == 2
    same_weights(resumed, whole)


def test_all_processes_stop_while_mels_are_made(trained, own, registry):
    """One that is done with its share stops as well, where another was interrupted within its own."""
    acoustic = trained(data=own, steps=1)
    run = trained("hifigan", run="hg", data=own, steps=1)
    run.update(**fit.acoustic_facts(acoustic.path, registry))
    group = SimpleNamespace(rank=1, world=2, first=False, device="cpu", any=lambda flag: True, wait=lambda: None)
    with pytest.raises(KeyboardInterrupt):
        fit.fitting_mels(own, run, group, registry, None, SimpleNamespace(asked=False))


def test_a_run_that_knows_more_is_read_by_name(own, random_run, registry):
    """Fine-tuned with old voices, it has more symbols and speakers than the corpus, in another order."""
    names = ("dani", "beto", "ana")
    symbols = SymbolTable(
        ("q", *reversed(own.symbols.symbols)), own.symbols.pad, own.symbols.space, own.symbols.boundary, own.symbols.silent
    )
    run = random_run("more", speakers=names, symbols=symbols, pitch=dict.fromkeys(names, own.pitch["ana"]))
    u = own.utterances[0]
    loaded = run.load(registry=registry)
    batch = full_batch(own, [u], loaded.model.features, context=loaded.context)
    assert batch.tokens[0].tolist() == symbols.ids(u.tokens)
    assert batch.speaker.tolist() == [names.index(u.speaker)]
    mel = forced_mels(own, run.path, registry=registry)(u)
    spoken = loaded.model.teacher_forced(batch).mel[0].detach().numpy()
    np.testing.assert_allclose(mel, spoken, atol=1e-4)
    shutil.rmtree(own.folder / "alignments")  # without times
    assert align(own.folder, run.path, registry=registry).utterances == len(own.utterances)
    with pytest.raises(MismatchError, match="does not know symbol 'z'"):
        strange = SymbolTable(
            (*own.symbols.symbols, "z"), own.symbols.pad, own.symbols.space, own.symbols.boundary, own.symbols.silent
        )
        info = {**own.info, "symbols": strange.to_json()}
        require_known(PreparedCorpus(own.folder, info, own.utterances), loaded.context, "more")


def test_init_from_brings_its_size_and_refuses_half_a_generator(trained, own, registry):
    wide = "models.hifigan.options.upsample_initial_channel=32"
    source = trained("hifigan", run="source", data=own, steps=1, overrides=(wide, "models.hifigan.options.mel_mean=-5"))
    tuned = trained("hifigan", run="tuned", data=own, steps=1, init_from=source.path)
    assert (tuned.info["options"]["upsample_initial_channel"], tuned.info["options"]["mel_mean"]) == (32, -5)
    trained("hifigan", run="tuned", data=own, steps=2, resume=True, overrides=(wide, "models.hifigan.options.mel_mean=-5"))
    with pytest.raises(MismatchError, match="vocoder of another size") as caught:
        trained(
            "hifigan",
            run="other",
            data=own,
            steps=1,
            init_from=source.path,
            overrides=("models.hifigan.options.upsample_initial_channel=16",),
        )
    assert "upsample_initial_channel: there 32, here 16" in caught.value.why
    fresh = trained(
        "hifigan",
        run="fresh",
        data=own,
        steps=1,
        init_from=source.path,
        overrides=("models.hifigan.options.discriminator_scale=0.0625",),
    )
    assert all(name.startswith(("mpd.", "msd.")) for name in fresh.info["fresh"]) and fresh.info["fresh"]


def test_validation_draws_what_was_made_beside_what_was_asked(trained, own, monkeypatch):
    from ttskit.training import validation

    drawn = []
    monkeypatch.setattr(validation, "draw_spectrogram", lambda axes, mel, *rest: drawn.append((mel.shape, rest[1])))
    run = trained("hifigan", data=own, steps=1, overrides=("training.samples=1", "training.validate_every=1"))
    first = sorted(own.split("validation"), key=lambda u: u.id)[0]
    assert [shape for shape, _ in drawn] == [(20, first.frames)] * 2 and "audio" in drawn[1][1]
    assert {path.suffix for path in (run.path / "samples" / "step_00000001").iterdir()} == {".png", ".wav"}


def test_the_command_line(trained, own, tmp_path, capsys):
    acoustic = trained(data=own, steps=1)
    arguments = [
        *"train --recipe tiny --model hifigan --steps 1 --json --set training.samples=0 --device cpu --data".split(),
        str(own.folder),
    ]
    given = [*arguments, "--run", str(tmp_path / "hg"), "--from-acoustic", str(acoustic.path)]
    assert _run(given, debug=False) == 0
    out, err = capsys.readouterr()
    shown = json.loads(out)
    assert {row["vocoder"] for row in shown["fit"]["figures"]} == {"griffinlim", "after"}  # nothing came before
    assert "held-out clips; audio and pictures" in err and "teacher-forced" in err and "log-spectral distance (dB)" in err
    assert _run([*arguments, "--run", str(tmp_path / "no"), "--from-acoustic", str(tmp_path / "nowhere")], debug=False) == 1
    assert "is not a run folder" in capsys.readouterr().err


def _without_judges(run: RunFolder) -> None:
    """The run as an importer leaves it where there are no discriminators in the file."""
    from ttskit.runs.checkpoints import write_checkpoint

    weights, step = run.weights("last")
    kept = {name: value for name, value in weights.items() if name.startswith("generator.")}
    shutil.rmtree(run.checkpoints[-1].folder)
    write_checkpoint(run.path / "checkpoints", step, kept)
    assert run.load().model.infer(torch.zeros(1, 20, 2)).shape == (1, 512)
