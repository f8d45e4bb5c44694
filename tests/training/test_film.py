"""The film of a training: what its frames hold, and that it is seen in nothing else."""

import signal
from itertools import pairwise

import numpy as np
import pytest
import torch
from rich.console import Console

from ttskit.errors import CheckpointError, TrainingError
from ttskit.runs import RunFolder, read_film
from ttskit.runs.film import FILM, FilmFrame, cut_film, write_frame
from ttskit.training import TrainingStopped
from ttskit.training.filming import Filming, on_film

STEPS = 9
TO = (0, 1, 2, 3, 4, 5, 6, 8, 9)  # 9 is the last step
GIVEN = ("models.fastpitch.options.alignment=external", "training.alignment=reference")


def same_film(run, other):
    mine, theirs = read_film(run.path), read_film(other.path)
    assert [frame.step for frame in mine] == [frame.step for frame in theirs]
    assert all(a.kind == b.kind and np.array_equal(a.alignment, b.alignment) for a, b in zip(mine, theirs, strict=True))


def test_frames_are_dense_where_much_happens_and_few():
    steps = [step for step in range(5_001) if on_film(step)]
    assert steps[:13] == [0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25] and len(steps) == 36
    assert all(1.23 < later / step < 1.34 for step, later in pairwise(steps[6:]))


@pytest.mark.parametrize(
    ("model", "kind"), [("tacotron2", "attention"), ("transformertts", "attention"), ("fastpitch", "soft")]
)
def test_a_frame_is_the_alignment_of_the_weights_of_its_step(model, kind, trained, registry, corpus):
    """The last frame against the model loaded again and told the recording; the others are of the same sentence."""
    run = trained(model, steps=STEPS)
    film = read_film(run.path)
    assert [frame.step for frame in film] == list(TO)
    loaded = run.load(registry=registry).model
    from ttskit.corpus.batches import full_batch

    utterance = corpus.utterance(film[-1].utterance)
    assert utterance.split == "validation" and {frame.utterance for frame in film} == {utterance.id}
    batch = full_batch(corpus, [utterance], loaded.features, seeds=torch.tensor([1234]), context=loaded.context)
    torch.manual_seed(1234)
    with torch.no_grad():
        there = loaded(batch).alignment[0].numpy()
    assert film[-1].kind == kind and film[-1].tokens == utterance.tokens and film[-1].text == utterance.text
    assert film[-1].alignment.shape == (utterance.frames, len(utterance.tokens))
    np.testing.assert_allclose(film[-1].alignment, there, atol=5e-4)
    np.testing.assert_allclose(film[-1].alignment.sum(1), 1.0, atol=0.01)
    assert not np.array_equal(film[0].alignment, film[-1].alignment)


def test_of_a_model_that_is_given_durations_it_is_those_that_it_would_speak(trained, registry, corpus):
    run = trained("fastpitch", steps=STEPS, overrides=GIVEN)
    film = read_film(run.path)
    assert [frame.step for frame in film] == list(TO) and {frame.kind for frame in film} == {"spoken"}
    from ttskit.corpus.batches import full_batch
    from ttskit.interfaces import AcousticInput

    model = run.load(registry=registry).model
    batch = full_batch(corpus, [corpus.utterance(film[-1].utterance)], (), context=model.context)
    spoken = model.infer(AcousticInput(batch.tokens, batch.token_lengths, batch.speaker))
    assert film[-1].alignment.sum(0).tolist() == spoken.durations[0].tolist()


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2"])
def test_training_is_the_same_without(model, trained, losses_of, same_weights):
    """Dropout and, in Tacotron 2, running statistics of batch normalisation would tell."""
    filmed = trained(model, run="filmed", steps=STEPS)
    not_filmed = trained(model, run="not", steps=STEPS, overrides=("training.film=false",))
    assert len(read_film(filmed.path)) == len(TO) and not (not_filmed.path / FILM).exists()
    assert losses_of(filmed.path) == losses_of(not_filmed.path)
    assert losses_of(filmed.path, "validation") == losses_of(not_filmed.path, "validation")
    same_weights(filmed, not_filmed)


def test_resumed_it_is_that_of_a_training_that_never_stopped(trained, at):
    with pytest.raises(TrainingStopped) as stopped:
        trained("tacotron2", run="stopped", steps=STEPS, registry=at(3, lambda: signal.raise_signal(signal.SIGINT)))
    run = stopped.value.run
    assert [frame.step for frame in read_film(run.path)] == [0, 1, 2, 3, 4]
    later = read_film(run.path)[-1]
    for step in (5, 6, 8):  # what a kill after the last checkpoint leaves behind
        write_frame(run.path, FilmFrame(step, later.kind, later.utterance, later.text, later.tokens, 0 * later.alignment))
    (run.path / FILM / ".tmp-step_00000010.npz").write_bytes(b"half")
    resumed = trained("tacotron2", run="stopped", steps=None, resume=True)
    same_film(resumed, trained("tacotron2", run="whole", steps=STEPS))
    assert not list((run.path / FILM).glob(".tmp-*"))


def test_what_was_filmed_after_a_checkpoint_is_cut(tmp_path):
    for step in (0, 1, 5, 8):
        write_frame(tmp_path, FilmFrame(step, "soft", "u1", "ab", ("a", "b"), np.eye(2)))
    cut_film(tmp_path, 5)
    assert [frame.step for frame in read_film(tmp_path)] == [0, 1, 5]


def test_a_fork_goes_on_with_the_film(trained, tmp_path):
    run = trained(steps=5)
    fork = trained(run="run", fork=tmp_path / "fork", steps=6)
    assert [frame.step for frame in read_film(fork.path)] == [0, 1, 2, 3, 4, 5, 6]
    assert len(read_film(run.path)) == 6


def test_what_a_model_raises_costs_the_film_only(trained, monkeypatch, capsys, same_weights):
    from ttskit_fastpitch.model import FastPitch

    whole = trained(run="whole", steps=3)
    forward = FastPitch.forward

    def fails(self, batch, prior=None):
        if not self.training and len(batch.ids) == 1:
            raise RuntimeError("no sentence alone")
        return forward(self, batch, prior)

    monkeypatch.setattr(FastPitch, "forward", fails)
    run = trained(run="run", steps=3, console=Console(width=200))
    said = capsys.readouterr().out
    assert said.count("no frame of the film") == 1 and "RuntimeError: no sentence alone" in said
    assert read_film(run.path) == []
    same_weights(run, whole)


def test_an_alignment_that_is_not_finite_is_no_frame(trained, monkeypatch):
    monkeypatch.setattr(Filming, "_look", lambda self: ("soft", np.full((4, 3), np.nan)))
    assert read_film(trained(steps=2).path) == []


def test_a_disk_that_takes_no_more_ends_the_training_as_for_other_logs(trained, monkeypatch, tmp_path):
    import errno

    from ttskit.runs import film

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(film, "write_bytes", full)
    with pytest.raises(TrainingError, match=r"the disk is full.*film") as ended:
        trained(steps=3)
    assert "--resume" in ended.value.fix


def test_runs_of_vocoders_and_old_runs_have_none(trained):
    run = trained("hifigan", steps=2)
    assert not (run.path / FILM).exists() and read_film(run.path) == []


DAMAGE = {
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "of another step": None,
    "not a number": None,
    "of an unknown kind": None,
    "of other tokens": None,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_frame_is_named_or_left_out(damage, tmp_path):
    ramp = np.eye(4, 3)
    frame = FilmFrame(7, "soft", "u1", "abc", ("a", "b", "c"), ramp)
    write_frame(tmp_path, FilmFrame(1, "soft", "u1", "abc", ("a", "b", "c"), ramp))
    path = write_frame(tmp_path, frame)
    assert read_film(tmp_path)[-1].alignment.tolist() == ramp.tolist()
    changed = {
        "of another step": {"step": np.array(8)},
        "not a number": {"alignment": np.full((4, 3), np.nan, np.float16)},
        "of an unknown kind": {"kind": np.array("dream")},
        "of other tokens": {"tokens": np.array(["a", "b"])},
    }
    if DAMAGE[damage] is not None:
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
    else:
        with np.load(path) as data:
            held = dict(data)
        np.savez_compressed(path, **{**held, **changed[damage]})
    with pytest.raises(CheckpointError, match=r"step_00000007\.npz is damaged") as told:
        read_film(tmp_path)
    assert told.value.why and "delete that file" in told.value.fix
    assert [kept.step for kept in read_film(tmp_path, strict=False)] == [1]


def test_an_archive_that_unpacks_to_a_lot_is_refused(tmp_path):
    wide = FilmFrame(1, "soft", "u", "a", ("a",) * 9000, np.zeros((9000, 9000), np.float16))
    write_frame(tmp_path, wide)
    with pytest.raises(CheckpointError, match="damaged"):
        read_film(tmp_path)


def test_a_run_of_before_goes_on_without_its_beginning(trained, tmp_path):
    import shutil

    run = trained(steps=5)
    shutil.rmtree(run.path / FILM)
    resumed = trained(steps=8, resume=True)
    assert [frame.step for frame in read_film(resumed.path)] == [6, 8]
    assert isinstance(resumed, RunFolder)
