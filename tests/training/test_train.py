"""What train() promises besides resuming: run folders, budgets, validation, samples, errors, events."""

import errno
import json
import math

import pytest
import torch
from rich.console import Console

from ttskit.errors import CheckpointError, ConfigError, CorpusError, MismatchError, PluginError, TrainingError, UsageError
from ttskit.runs import RunFolder, files
from ttskit.training import budget
from ttskit.training.logs import Pace
from ttskit.training.processes import Processes
from ttskit.training.step import step_seed

VALIDATED = ("training.validate_every=2", "training.samples=1")


@pytest.mark.parametrize(
    ("model", "kind"), [("fastpitch", "acoustic model"), ("tacotron2", "acoustic model"), ("hifigan", "vocoder")]
)
def test_a_run_folder_rebuilds_its_model(model, kind, trained, registry, corpus):
    run = trained(model, steps=2, overrides=VALIDATED)
    opened = RunFolder.open(run.path)
    loaded = opened.load(registry=registry)
    assert (loaded.kind, loaded.name, loaded.step) == (kind, model, 2)
    assert loaded.context == corpus.context() and loaded.frontend == corpus.frontend and loaded.recipe.seed == 1234
    assert not loaded.model.training
    weights, _ = opened.weights("last")
    assert all(torch.equal(value, weights[name]) for name, value in loaded.model.state_dict().items())
    environment = json.loads((run.path / "environment.json").read_text(encoding="utf-8"))
    assert environment["seed"] == 1234 and environment["packages"]["torch"] and environment["precision"] == "fp32"
    assert run.info["corpus"]["utterances"] == {"train": 14, "validation": 2, "test": 2}
    assert run.info["plugin"]["distribution"] == "ttskit"
    names = {p.name for p in (run.path / "samples" / "step_00000002").iterdir()}
    assert names == {"u03.png", "u03.wav"}
    row = run.metrics("validation")[-1]
    assert math.isfinite(row["loss"])
    if kind == "acoustic model":
        assert 0 <= row["alignment_score"] <= 1
        assert row["alignment_score"] == pytest.approx(row["diagonality"] * row["coverage"])


def test_the_time_left_is_at_the_pace_of_the_present_stretch():
    pace, starts = Pace(1000), (0, 500)
    assert pace.seconds_left(100, 10.0, starts) == pytest.approx(90)
    assert pace.seconds_left(500, 50.0, starts) == pytest.approx(50)  # steps of 0.1 s; nothing else is known yet
    pace.seconds_left(510, 60.0, starts)
    assert pace.seconds_left(520, 70.0, starts) == pytest.approx(480)  # steps of 1 s
    resumed = Pace(1000)
    resumed.seconds_left(520, 70.0, starts)
    assert resumed.seconds_left(530, 80.0, starts) == pytest.approx(470)


def test_same_seed_same_losses(trained, losses_of):
    assert losses_of(trained(run="a").path) == losses_of(trained(run="b").path)
    assert losses_of(trained(run="c", overrides=("seed=7",)).path) != losses_of(trained(run="d").path)


def test_validating_and_logging_change_nothing(trained, same_weights):
    watched = trained("tacotron2", run="a", steps=4, overrides=(*VALIDATED, "training.log_every=3"))
    same_weights(watched, trained("tacotron2", run="b", steps=4))


def test_best_and_last_checkpoints_are_kept(trained):
    run = trained(steps=6, overrides=("training.validate_every=1", "training.checkpoint_every=1", "training.keep_last=2"))
    losses = {row["step"]: row["loss"] for row in run.metrics("validation")}
    best = min(losses, key=losses.get)
    assert [c.step for c in run.checkpoints] == sorted({best, 5, 6})
    assert run.weights("best")[1] == best
    assert run.checkpoints[0].validation_loss == pytest.approx(losses[run.checkpoints[0].step])


def test_a_better_validation_is_saved_between_checkpoints(trained):
    run = trained(steps=2, overrides=("training.validate_every=1", "training.checkpoint_every=1000"))
    losses = {row["step"]: row["loss"] for row in run.metrics("validation")}
    assert [c.step for c in run.checkpoints] == [1, 2] and losses.keys() == {1, 2}


def test_a_budget_becomes_steps_that_replay_bit_for_bit(trained, monkeypatch, losses_of, same_weights):
    run = trained(run="budget", steps=None, budget_s="0.2s")
    facts = run.info["steps"]
    assert facts["total"] == max(1, int(0.2 / facts["timed_step_s"])) and facts["budget_s"] == 0.2
    assert run.checkpoints[-1].step == facts["total"]
    replay = trained(run="replay", steps=facts["total"])
    assert losses_of(replay.path) == losses_of(run.path)
    same_weights(replay, run)


def test_a_budget_counts_the_length_of_batches(trained, monkeypatch):
    """Timed batches that are shorter than most would promise too many steps."""
    clock = iter(range(10_000))
    monkeypatch.setattr(budget, "_now", lambda device: next(clock) * 0.5)  # each timed step takes half a second
    monkeypatch.setattr(budget, "_frames", lambda batches, ids: 10.0 if "u00" in ids else 30.0)
    run = trained(run="budget", steps=None, budget_s=10)
    assert run.info["steps"]["timed_step_s"] == pytest.approx(0.5, rel=0.5)
    assert run.total_steps == int(10 / run.info["steps"]["timed_step_s"])


def test_a_budget_is_timed_all_over_the_schedule(trained, monkeypatch):
    """A model that works less early in training (Tacotron 2 with a falling reduction) would be promised too many steps."""
    seen = []
    step = budget.run_step
    monkeypatch.setattr(budget, "run_step", lambda *args: (seen.append(args[4].progress), step(*args))[1])
    trained(run="budget", steps=None, budget_s=0.5)
    assert len(seen) >= 5 and min(seen[2:]) < 0.4 and max(seen[2:]) > 0.6


def test_a_budget_counts_each_phase_at_its_price(trained, monkeypatch):
    """The generator's steps alone cost a quarter: timed by themselves they would promise four times too much."""
    clock = [0.0]

    def step(model, optimization, batch, ids, state, processes, precision):
        judges, both = model.phases.starts(state.total_steps)
        clock[0] += 1.0 if state.step < judges else 2.0 if state.step < both else 4.0

    monkeypatch.setattr(budget, "_now", lambda device: clock[0])
    monkeypatch.setattr(budget, "run_step", step)
    given = tuple(f"models.hifigan.options.{o}" for o in ("generator_warmup=0.5", "discriminator_warmup=2"))
    run = trained("hifigan", run="budget", steps=None, budget_s=30, overrides=given)
    # 6 steps at 1 s, 2 at 2 s and 5 at 4 s
    assert run.total_steps == 13 and run.info["steps"]["timed_step_s"] == pytest.approx(30 / 13)


def test_speed_and_on_a_gpu_memory_are_logged(trained, monkeypatch):
    rows = trained(steps=2).metrics("train")
    assert all(row["frames_per_s"] > 0 for row in rows) and rows[1]["seconds"] > rows[0]["seconds"] > 0
    assert "memory_bytes" not in rows[0]
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 7)
    assert Processes(0, 1, torch.device("cuda")).memory() == {"memory_bytes": 7}


def test_an_existing_run_is_not_overwritten(trained, tmp_path):
    run = trained(steps=1)
    with pytest.raises(UsageError, match="is a run already") as error:
        trained(steps=1)
    assert "--resume" in error.value.fix
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        trained(run="other", steps=1)
    assert run.checkpoints[-1].step == 1


@pytest.mark.parametrize(
    ("model", "override", "error"),
    [
        ("hifigan", "models.hifigan.options.upsample_rates=[8,8,2]", "hop is 256"),
        ("fastpitch", "models.fastpitch.options.alignment=external", "names no alignment"),
        ("fastpitch", "training.device=toaster", "unknown device"),
    ],
)
def test_settings_that_cannot_work_leave_no_run_behind(model, override, error, trained, tmp_path):
    with pytest.raises(UsageError, match=error):
        trained(model, steps=1, overrides=(override,))
    assert not (tmp_path / "run").exists()
    assert trained(model, steps=1).checkpoints  # mended, the same command works


def test_recordings_that_are_not_prepared(trained, tmp_path):
    (tmp_path / "wavs").mkdir()
    with pytest.raises(CorpusError) as error:
        trained(data=tmp_path)
    assert f"ttskit prepare {tmp_path} -o" in error.value.fix


def test_wrong_calls(trained):
    with pytest.raises(PluginError, match="unknown model 'fastpich'") as error:
        trained("fastpich")
    assert "fastpitch" in error.value.fix
    with pytest.raises(PluginError, match="needs no training"):
        trained("griffinlim")
    with pytest.raises(UsageError, match="cannot be given together"):
        trained(steps=1, budget_s=1)
    with pytest.raises(UsageError, match="not a time"):
        trained(steps=None, budget_s="soon")
    with pytest.raises(UsageError, match="unknown device"):
        trained(device="toaster")
    with pytest.raises(ConfigError):
        trained(overrides=("training.step=5",))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_gpu_that_is_not_there(trained):
    with pytest.raises(UsageError, match="no device 'cuda'"):
        trained(device="cuda")


def test_a_run_of_another_version(trained):
    run = trained(steps=1)
    info = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    (run.path / "run.json").write_text(json.dumps({**info, "format": 99}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="another version") as error:
        RunFolder.open(run.path)
    assert "99" in error.value.why and "reads 1" in error.value.why


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', '{"format": 1, "kind": "x", "model": "y"}'])
def test_a_damaged_run_json(tmp_path, content):
    (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match="damaged"):
        RunFolder.open(tmp_path)


def test_full_disk_in_the_middle_of_training(trained, tmp_path, monkeypatch, losses_of, same_weights):
    """The training ends with a clear error, its last checkpoint is good, and it resumes once there is room."""
    write = files.write_bytes

    def full(path, data):
        if "step_00000004" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    every = ("training.checkpoint_every=2",)
    monkeypatch.setattr(files, "write_bytes", full)
    with pytest.raises(TrainingError, match="disk is full") as error:
        trained(run="full", steps=6, overrides=every)
    assert "step_00000002" in error.value.why
    run = RunFolder.open(tmp_path / "full")
    assert [c.step for c in run.checkpoints] == [2] and run.load(checkpoint="last").step == 2
    monkeypatch.undo()
    whole = trained(run="whole", steps=6, overrides=every)
    resumed = trained(run="full", steps=None, resume=True, overrides=every)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


def _spoil(corpus, folder, names):
    """The corpus with NaN in some utterances' mels."""
    features = corpus.features

    def spoilt(utterance):
        value = features(utterance)
        if utterance.id in names:
            mel = value.mel.copy()
            mel[0, 0] = float("nan")
            return type(value)(mel, value.pitch_hz)
        return value

    corpus.features = spoilt
    return corpus


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2", "transformertts", "hifigan"])
def test_a_bad_utterance_is_skipped_and_named(model, trained, corpus, tmp_path):
    shown = Console(file=(tmp_path / "out.txt").open("w", encoding="utf-8"), width=200)
    run = trained(model, steps=7, data=_spoil(corpus, tmp_path, {"u00"}), console=shown)
    shown.file.close()
    skipped = run.metrics("skipped")
    if model != "hifigan":  # a segment may lie beside the spoilt frame
        assert len(skipped) == 1 and "u00" in skipped[0]["utterances"]
        assert "not finite; its utterances: " in (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert len(skipped) <= 1
    assert all(torch.isfinite(w).all() for w in run.weights("last")[0].values() if w.is_floating_point())


def test_nothing_but_bad_utterances_ends_the_training(trained, corpus, tmp_path):
    everyone = {u.id for u in corpus.utterances}
    with pytest.raises(TrainingError, match="3 steps in a row") as error:
        trained(steps=7, data=_spoil(corpus, tmp_path, everyone), overrides=("training.max_nonfinite=3",))
    assert "step 3" in error.value.what


def test_init_from_copies_what_fits(trained, tmp_path):
    source = trained(run="source", steps=2)
    shown = Console(file=(tmp_path / "out.txt").open("w", encoding="utf-8"), width=200)
    tuned = trained(
        run="tuned",
        steps=1,
        init_from=source.path,
        console=shown,
        overrides=("models.fastpitch.options.optimizer.learning_rate=1e-12",),
    )
    shown.file.close()
    assert "tensors from step 2" in (tmp_path / "out.txt").read_text(encoding="utf-8")
    mine, theirs = tuned.weights("last")[0], source.weights("best")[0]
    torch.testing.assert_close(
        {k: v for k, v in mine.items() if v.is_floating_point()},
        {k: v for k, v in theirs.items() if v.is_floating_point()},
        rtol=0,
        atol=1e-6,
    )
    with pytest.raises(MismatchError, match="another model"):
        trained("tacotron2", run="fourth", steps=1, init_from=source.path)


def test_a_model_that_trains_on_durations_needs_an_alignment(trained):
    external = "models.fastpitch.options.alignment=external"
    with pytest.raises(ConfigError, match="names no alignment") as error:
        trained(run="none", steps=1, overrides=(external,))
    assert "ttskit align" in error.value.fix
    run = trained(run="given", steps=2, overrides=(external, "training.alignment=reference", *VALIDATED))
    assert run.checkpoints[-1].step == 2 and run.metrics("validation")


def test_progress_without_a_terminal_is_plain_lines(trained, tmp_path):
    shown = Console(file=(tmp_path / "out.txt").open("w", encoding="utf-8"), width=200)
    trained(steps=3, console=shown, overrides=VALIDATED)
    shown.file.close()
    lines = (tmp_path / "out.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("fastpitch on cpu (fp32)") and "\x1b" not in "".join(lines)
    assert "step 3/3" in lines[-1] and all(word in lines[-1] for word in ("loss", "frames/s", "validation", "diagonality"))


def test_failed_samples_do_not_end_a_training(trained, tmp_path, monkeypatch):
    from ttskit.training import validation

    def broken(*_, **__):
        raise ValueError("no font")

    monkeypatch.setattr(validation, "draw_spectrogram", broken)
    shown = Console(file=(tmp_path / "out.txt").open("w", encoding="utf-8"), width=200)
    run = trained(steps=2, console=shown, overrides=VALIDATED)
    shown.file.close()
    assert run.checkpoints[-1].step == 2
    assert "no samples at step 2: ValueError: no font" in (tmp_path / "out.txt").read_text(encoding="utf-8")


def test_seeds_of_steps_are_all_different():
    seeds = {step_seed(seed, step, rank) for seed in range(4) for step in range(200) for rank in range(4)}
    assert len(seeds) == 4 * 200 * 4 and all(0 <= s < 2**63 for s in seeds)


class TestCommand:
    """`ttskit train` in another process, as people type it."""

    def test_trains_and_reports_json(self, elsewhere, tmp_path):
        result = elsewhere.run(*elsewhere.arguments("fastpitch", tmp_path / "run", "--steps", "2", "--json"))
        assert result.code == 0, result.err
        report = json.loads(result.out)
        assert report["steps"] == 2 and report["best"]["step"] == 2 and math.isfinite(report["last"]["loss"])

    def test_chooses_a_run_folder_and_resumes_it_alone(self, elsewhere, tmp_path):
        from click.testing import CliRunner

        from ttskit.cli.train import command

        arguments = elsewhere.arguments("fastpitch", "RUN", "--steps", "1")[1:]
        at = arguments.index("--run")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            first = CliRunner().invoke(command, [*arguments[:at], *arguments[at + 2 :]], catch_exceptions=False)
            assert first.exit_code == 0 and (tmp_path / "runs" / "fastpitch-corpus" / "run.json").is_file()
            resuming = ["--resume", "--run", "runs/fastpitch-corpus", "--steps", "2"]
            again = CliRunner().invoke(command, resuming, catch_exceptions=False)
            assert again.exit_code == 0
        assert RunFolder.open(tmp_path / "runs" / "fastpitch-corpus").checkpoints[-1].step == 2

    def test_ctrl_c_says_how_to_go_on(self, elsewhere, tmp_path, monkeypatch):
        from click.testing import CliRunner

        from ttskit.cli.train import command
        from ttskit.training import TrainingStopped, speech_models

        def stopped(*_, run, **__):
            raise TrainingStopped(RunFolder(run, {}), 7)

        monkeypatch.setattr(speech_models, "train", stopped)
        result = CliRunner().invoke(command, elsewhere.arguments("fastpitch", tmp_path / "run")[1:])
        assert result.exit_code == 1 and f"ttskit train --resume --run {tmp_path / 'run'}" in result.output
