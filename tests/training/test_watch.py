"""Waiting for an alignment: what is said meanwhile, when training gives up, and the film of one sentence's attention."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from rich.console import Console

from ttskit.cli.train import command
from ttskit.errors import TrainingError
from ttskit.training import watch
from ttskit.training.watch import AlignmentWatch


def follow(values, due=4_000, total=50_000, every=1_000) -> AlignmentWatch:
    watched = AlignmentWatch(due, total)
    for index, value in enumerate(values):
        watched.add((index + 1) * every, value)
    return watched


def test_words_say_whether_it_is_to_be_expected_now():
    assert follow([]).words() == ""
    early = (
        "step 3,000 of 50,000: attention not yet diagonal (diagonality 0.10, from 0.7 on it is), normal until about step 4,000"
    )
    assert follow([0.1] * 3).words() == early
    assert follow([0.1, 0.3, 0.82]).words() == "step 3,000 of 50,000: attention diagonal (diagonality 0.82 of 1)"
    assert "late, and coming (diagonality 0.45" in follow([0.1, 0.1, 0.1, 0.2, 0.3, 0.45]).words()
    assert "still not diagonal (diagonality 0.10; 0.7 was due by step 4,000)" in follow([0.1] * 8).words()
    assert AlignmentWatch(None, 100).words() == ""
    parallel = AlignmentWatch(40, 100, [{"step": 50, "diagonality": 0.9}], "alignment")
    assert parallel.words() == "step 50 of 100: alignment diagonal (diagonality 0.90 of 1)"


def test_hopeless_is_said_late_and_only_without_any_progress():
    assert follow([0.1] * 7).hopeless() == ""  # twice the time in which it was due has not passed
    said = follow([0.1] * 8).hopeless()
    assert "after 8,000 steps" in said and "due by step 4,000" in said
    assert follow([0.1] * 5 + [0.14, 0.16, 0.18]).hopeless() == ""  # it rises
    assert follow([0.1] * 4 + [0.5] + [0.1] * 5).hopeless() == ""  # it has been better, so it can be
    assert follow([0.6] * 20).hopeless() == ""  # blurred, not hopeless
    assert follow([0.1] * 8, due=100, total=1_900, every=200).hopeless() == ""  # too short to be worth stopping
    assert follow([0.1] * 8, total=8_000).hopeless() == ""  # done anyway
    assert AlignmentWatch(None, 9_000, [{"step": 8_000, "diagonality": 0.1}] * 9).hopeless() == ""


def test_a_resumed_training_remembers_what_was_validated_before():
    rows = [{"step": 1000 * k, "diagonality": 0.1} for k in range(1, 8)] + [{"step": 7_500, "loss": 1.0}]
    watched = AlignmentWatch(4_000, 50_000, rows)
    watched.add(8_000, 0.1)
    assert watched.hopeless()


HOPELESS = (
    "training.validate_every=1",
    "training.samples=0",
    "training.checkpoint_every=1000",
    "training.keep_last=1",
    "models.tacotron2.options.guided_attention_weight=0",
    "models.tacotron2.options.frames_floor=10",
    "models.tacotron2.options.frames_per_token=1",
)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(watch, "LEAST_STEPS", 4)
    monkeypatch.setattr(watch, "PATIENCE", 0.1)
    monkeypatch.setattr(watch, "HOPELESS", 1.1)
    monkeypatch.setattr(watch, "GAIN", 1.0)


def test_training_stops_saved_and_with_advice_when_it_is_hopeless(trained, impatient, tmp_path):
    with pytest.raises(TrainingError) as stopped:
        trained("tacotron2", steps=8, overrides=HOPELESS)
    error = stopped.value
    assert error.exit_code == 1
    assert "stopped at step 6, saved in" in error.what and "as far from a diagonal" in error.why
    assert "ttskit check" in error.fix and "durations of a run that aligns" in error.fix
    assert f"--resume --run {tmp_path / 'run'} --set training.stop_when_hopeless=false" in error.fix

    from ttskit.runs import RunFolder

    run = RunFolder.open(tmp_path / "run")
    assert run.checkpoints[-1].step == 6
    with pytest.raises(TrainingError, match="stopped at step 7"):  # it remembers
        trained("tacotron2", steps=None, overrides=HOPELESS, resume=True)
    assert not (run.path / "samples").exists()  # nor pictures, without samples
    more = ("training.stop_when_hopeless=false", "training.samples=1")
    run = trained("tacotron2", steps=9, overrides=(*HOPELESS, *more), resume=True)
    assert run.checkpoints[-1].step == 9
    rows = run.metrics("validation")
    assert [r["step"] for r in rows] == list(range(1, 10))
    keys = ("diagonality", "coverage", "skipped_tokens", "repeated_frames", "at_rest")
    assert all(0 <= r[key] <= 1 for r in rows for key in keys)

    # the film of the same sentence
    folder = run.path / "samples" / "attention"
    assert sorted(p.name for p in folder.glob("step_*.png")) == [f"step_{k:08d}.png" for k in (8, 9)]
    image = pytest.importorskip("PIL.Image")
    with image.open(folder / "attention.gif") as film, image.open(folder / "step_00000008.png") as picture:
        assert film.n_frames == 2 and film.size == picture.size
    assert not list(folder.glob("*.partial"))


def test_the_command_tells_and_exits_with_1(impatient, corpus_folder, tmp_path, all_settings):
    words = ["--model", "tacotron2", "--recipe", "tiny", "--data", str(corpus_folder), "--run", str(tmp_path / "run")]
    words += ["--steps", "8"]
    for override in (*all_settings, *HOPELESS):
        words += ["--set", override]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 1 and isinstance(done.exception, TrainingError)
    said = done.stderr
    assert "step 1 of 8: attention" in said and "normal until about step" in said
    assert not (tmp_path / "run" / "samples").exists()
    assert json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["steps"]["total"] == 8


def test_a_picture_that_cannot_be_written_costs_no_score(trained, monkeypatch):
    """A viewer that holds attention.gif open (Windows) must not take the validation's row from the log and the watch."""
    from ttskit.training import validation

    def held_open(folder):
        raise PermissionError("attention.gif is open elsewhere")

    monkeypatch.setattr(validation, "film", held_open)
    run = trained("tacotron2", steps=2, overrides=(*HOPELESS, "training.samples=1"))
    assert [r["step"] for r in run.metrics("validation") if "diagonality" in r] == [1, 2]


def test_an_unknown_alignment_says_neither_yes_nor_no():
    unknown = follow([0.1] * 7 + [None])
    assert "attention unknown" in unknown.words() and unknown.hopeless() == ""
    again = follow([0.1] * 3 + [None] + [0.1] * 4)
    assert "as far from a diagonal" in again.hopeless() and "still not diagonal" in again.words()
    assert follow([None] * 20).hopeless() == ""
    rows = [{"step": 1000 * k, "alignment_unknown": 1.0} for k in range(1, 4)]
    assert AlignmentWatch(4_000, 50_000, rows).history == [(1000, None), (2000, None), (3000, None)]


def _told(tmp_path):
    return Console(file=(tmp_path / "out.txt").open("w", encoding="utf-8"), width=300)


def test_a_picture_that_fails_at_every_validation_keeps_no_training_from_being_stopped(
    trained, impatient, tmp_path, monkeypatch
):
    """What was seen: whatever failed around the alignment counted as "no samples", and the watch never got a score."""
    from ttskit.training import validation

    def no_font(*_, **__):
        raise ValueError("no font")

    monkeypatch.setattr(validation, "draw_attention", no_font)
    monkeypatch.setattr(validation, "sample_vocoder", no_font)
    shown = _told(tmp_path)
    with pytest.raises(TrainingError, match="stopped at step 6"):
        trained("tacotron2", steps=8, overrides=(*HOPELESS, "training.samples=1"), console=shown)
    shown.file.close()
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").count("no samples at step") == 6


def test_an_alignment_that_raises_is_named_and_unknown_not_no_samples(trained, impatient, tmp_path, monkeypatch):
    from ttskit.training import validation

    good, fails = validation.batch_score, iter([False, True, True, True, True, True, True, False, False])

    def score(outputs, batch):
        if next(fails):
            raise IndexError("attention has no head 3")
        return good(outputs, batch)

    monkeypatch.setattr(validation, "batch_score", score)
    shown = _told(tmp_path)
    run = trained("tacotron2", steps=8, overrides=(*HOPELESS, "training.samples=1"), console=shown)
    shown.file.close()
    told = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert told.count("the alignment of tacotron2 at step") == 6 and "no samples" not in told
    assert "at step 2 is unknown: IndexError: attention has no head 3" in told
    assert "step 7 of 8: attention unknown: whether it will align cannot be judged" in told
    rows = run.metrics("validation")
    assert [r["step"] for r in rows if "diagonality" in r] == [1, 8]
    assert [r["step"] for r in rows if r.get("alignment_unknown") == 1.0] == list(range(2, 8))
    assert (run.path / "samples" / "step_00000002").is_dir()  # the pictures are drawn all the same


def test_an_alignment_of_nan_is_unknown(trained, impatient, monkeypatch):
    from ttskit.training import validation

    good = validation.batch_score
    monkeypatch.setattr(validation, "batch_score", lambda *given: replace(good(*given), diagonality=float("nan")))
    rows = trained("tacotron2", steps=8, overrides=HOPELESS).metrics("validation")
    assert [r["step"] for r in rows if r.get("alignment_unknown")] == list(range(1, 9)) and "diagonality" not in rows[0]
