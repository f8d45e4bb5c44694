"""What is frozen does not move, by any means; it thaws when it should; resuming and several processes agree."""

import json

import pytest
import torch

from ttskit.errors import ConfigError, MismatchError
from ttskit.runs import RunFolder

NO_DROPOUT = tuple(
    f"models.fastpitch.options.{part}=0"
    for part in (
        "encoder.dropout",
        "encoder.attention_dropout",
        "decoder.dropout",
        "decoder.attention_dropout",
        "duration_predictor.dropout",
        "pitch_predictor.dropout",
        "energy_predictor.dropout",
    )
)
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def moved(run, other):
    """Tensors that differ between the last checkpoints of two runs."""
    mine, theirs = run.weights("last")[0], other.weights("last")[0]
    return {name for name in mine if not torch.equal(mine[name], theirs[name])}


@pytest.mark.parametrize(
    ("model", "part"),
    [("fastpitch", "encoder"), ("tacotron2", "encoder"), ("tacotron2", "postnet"), ("hifigan", "generator.upsamples")],
)
def test_what_is_frozen_stays_bit_for_bit(model, part, trained):
    """Weight decay, moments and batch statistics included."""
    names = {n.rsplit(".", 1)[0] for n in trained(model, run="look", steps=1).weights("last")[0]}
    if not any(n.startswith(part) for n in names):
        part = sorted(n for n in names if n.startswith("generator"))[0]
    long = trained(model, run="long", steps=2, overrides=(f'training.freeze=["{part}.*"]',))
    short = trained(model, run="short", steps=1, overrides=(f'training.freeze=["{part}.*"]',))
    changed = moved(long, short)
    assert changed and not {n for n in changed if n.startswith(f"{part}.")}


def test_until_a_step_and_until_a_share(trained):
    free = trained(run="free", steps=6, overrides=("training.checkpoint_every=1", "training.keep_last=10"))
    held = trained(
        run="held",
        steps=6,
        overrides=(
            "training.checkpoint_every=1",
            "training.keep_last=10",
            'training.freeze_until={"aligner.*": 0.5, "projection.*": 2}',
        ),
    )
    start, _ = held.weights(1)
    for step, aligner, projection in ((1, False, False), (2, False, False), (3, False, True), (4, True, True)):
        now, _ = held.weights(step)
        assert any(not torch.equal(now[n], start[n]) for n in now if n.startswith("projection.")) == projection or step == 1
        assert any(not torch.equal(now[n], start[n]) for n in now if n.startswith("aligner.")) == aligner
    assert moved(held, free)


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2", "transformertts"])
def test_resuming_with_parts_frozen_is_exact(model, trained, losses_of, same_weights):
    part = "aligner.*" if model == "fastpitch" else "encoder.*"
    frozen = (f'training.freeze_until={{"{part}": 7}}', 'training.freeze=["embedding.*"]', "training.checkpoint_every=4")
    whole = trained(model, run="whole", steps=9, overrides=frozen)
    trained(model, run="cut", steps=9, overrides=frozen)
    cut = RunFolder.open(whole.path.parent / "cut")
    for checkpoint in cut.checkpoints[1:]:  # as after a crash between steps 4 and 8
        for file in checkpoint.folder.iterdir():
            file.unlink()
        checkpoint.folder.rmdir()
    resumed = trained(model, run="cut", steps=None, resume=True, overrides=frozen)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


def test_a_pattern_that_names_nothing_shows_what_is_near(trained, tmp_path):
    with pytest.raises(ConfigError, match=r"training.freeze: 'encodr\.\*' names no parameter") as error:
        trained(steps=1, overrides=('training.freeze=["encodr.*"]',))
    assert "encoder.*" in error.value.why and not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match=r"freeze_until: 'zzz' names no parameter") as error:
        trained(steps=1, overrides=("training.freeze_until={zzz: 3}",))
    assert "." in error.value.why
    with pytest.raises(ConfigError, match="share below 1 or a number of steps"):
        trained(steps=1, overrides=('training.freeze_until={"encoder.*": -1}',))
    with pytest.raises(ConfigError, match="everything is frozen"):
        trained(steps=3, overrides=('training.freeze_until={"*": 3}',))


@pytest.mark.slow
def test_two_processes_freeze_alike(elsewhere, trained, tmp_path, losses_of):
    """With dropout off two processes equal one, frozen parts included."""
    frozen = ('training.freeze=["encoder.*"]', 'training.freeze_until={"aligner.*": 2}')
    sets = ("training.max_utterances=4", *NO_DROPOUT, *frozen)
    arguments = elsewhere.arguments("fastpitch", tmp_path / "two", "--steps", "4", overrides=sets)
    result = elsewhere.run("-m", "--", "ttskit", *arguments, launcher=TORCHRUN)
    assert result.code == 0, result.err
    one = trained(run="one", steps=4, overrides=sets)
    for step, values in losses_of(one.path).items():
        other = losses_of(tmp_path / "two")[step]
        assert other["loss"] == pytest.approx(values["loss"], rel=1e-4), step
    two = RunFolder.open(tmp_path / "two")
    assert not {n for n in moved(two, one) if n.startswith("encoder.")}
    assert json.loads((two.path / "environment.json").read_text(encoding="utf-8"))["processes"] == 2


def test_an_optimiser_with_nothing_to_move_is_refused(trained, tmp_path):
    for frozen in ('training.freeze=["mpd.*", "msd.*"]', 'training.freeze_until={"mpd.*": 2, "msd.*": 0.9}'):
        with pytest.raises(ConfigError, match="frozen that the optimiser 'discriminator' moves"):
            trained("hifigan", steps=4, overrides=(frozen,))
    with pytest.raises(ConfigError, match="everything is frozen") as error:
        trained(steps=4, overrides=('training.freeze_until={"*": 2}',))
    assert "up to step 2 of 4" in error.value.why and not (tmp_path / "run").exists()


def test_resuming_with_other_parts_frozen_is_refused(trained):
    trained(steps=1, overrides=('training.freeze=["encoder.*"]',))
    with pytest.raises(MismatchError, match="something else is trained now") as error:
        trained(steps=2, resume=True)
    assert "training.freeze: the run has ['encoder.*'], now []" in error.value.why
    assert trained(steps=2, resume=True, overrides=('training.freeze=["encoder.*"]',)).checkpoints[-1].step == 2
