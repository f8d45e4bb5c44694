"""TensorBoard: the curves of metrics.jsonl, and what each validation drew and spoke."""

import sys
from io import BytesIO

import numpy as np
import pytest
import soundfile
from PIL import Image
from rich.console import Console

from ttskit.errors import UsageError
from ttskit.training.logs import MetricsLog

pytest.importorskip("tensorboard", reason="it is in the extra 'tensorboard'")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

VALIDATED = ("training.validate_every=2", "training.samples=1")


def test_tensorboard_shows_what_metrics_jsonl_holds(trained):
    run = trained(steps=4, overrides=VALIDATED)
    board = EventAccumulator(str(run.path / "tensorboard")).Reload()
    for split in ("train", "validation"):
        rows = run.metrics(split)
        shown = board.Scalars(f"{split}/loss")
        assert [e.step for e in shown] == [row["step"] for row in rows]
        assert [e.value for e in shown] == pytest.approx([row["loss"] for row in rows])


def test_tensorboard_shows_the_samples_pictures_and_sounds(trained):
    """Curves alone do not say what a voice sounds like."""
    run = trained(steps=4, overrides=(*VALIDATED, "training.tensorboard=true"))
    board = EventAccumulator(str(run.path / "tensorboard"), size_guidance={"images": 0, "audio": 0}).Reload()
    tags = board.Tags()
    assert (
        "train/loss" in tags["scalars"]
        and {"samples/u03", "attention"} <= set(tags["images"])
        and tags["audio"] == ["samples/u03"]
    )
    assert [e.step for e in board.Images("samples/u03")] == [2, 4] == [e.step for e in board.Audio("samples/u03")]
    folder = run.path / "samples" / "step_00000004"
    with (
        Image.open(folder / "u03.png") as drawn,
        Image.open(BytesIO(board.Images("samples/u03")[-1].encoded_image_string)) as shown,
    ):
        assert np.array_equal(np.asarray(drawn.convert("RGB")), np.asarray(shown.convert("RGB")))
    spoken, rate = soundfile.read(folder / "u03.wav", dtype="float32")
    heard, heard_rate = soundfile.read(BytesIO(board.Audio("samples/u03")[-1].encoded_audio_string), dtype="float32")
    assert rate == heard_rate and np.allclose(spoken, heard, atol=2e-4)


def test_tensorboard_can_be_switched_off_and_is_named_where_it_is_missing(trained, tmp_path, monkeypatch):
    off = trained(run="off", steps=1, overrides=("training.tensorboard=false",))
    assert not (off.path / "tensorboard").exists()
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)  # importing it fails
    trained(run="without", steps=1)  # nobody asked for it
    with pytest.raises(UsageError, match="TensorBoard cannot be written") as error:
        trained(steps=1, overrides=("training.tensorboard=true",))
    assert error.value.fix == 'pip install "ttskit[tensorboard]"' and not (tmp_path / "run").exists()


def test_a_broken_picture_costs_tensorboard_and_not_the_training(trained, monkeypatch, tmp_path):
    monkeypatch.setattr(MetricsLog, "samples", lambda self, step: 1 / 0)
    shown = Console(file=(tmp_path / "out.txt").open("w", encoding="utf-8"), width=200)
    assert trained(steps=2, overrides=VALIDATED, console=shown).checkpoints[-1].step == 2
    shown.file.close()
    assert "TensorBoard has no samples of step 2: ZeroDivisionError" in (tmp_path / "out.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("flag", "there"), [("--tensorboard", True), ("--no-tensorboard", False)])
def test_the_flag_of_the_command(flag, there, corpus_folder, tmp_path, all_settings):
    from ttskit.cli import _run

    settings = [word for setting in all_settings for word in ("--set", setting)]
    words = [
        "train",
        "--recipe",
        "tiny",
        "--data",
        str(corpus_folder),
        "--run",
        str(tmp_path / "run"),
        "--steps",
        "1",
        *settings,
    ]
    assert _run([*words, flag], debug=False) == 0
    assert (tmp_path / "run" / "tensorboard").is_dir() is there
