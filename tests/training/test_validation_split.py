"""Checkpoints are ranked on the validation split: what is changed there moves the losses and nothing that is learned."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces import Losses, LossTerm


@pytest.mark.parametrize("model", ["fastpitch", "hifigan"])
def test_validation_hears_the_validation_split_and_training_does_not(model, trained, corpus, same_weights, losses_of, tmp_path):
    other = PreparedCorpus.open(shutil.copytree(corpus.folder, tmp_path / "other"))
    for u in other.split("validation"):
        path = other.features_path(u.id)
        with np.load(path) as data:
            np.savez(path, mel=data["mel"] + 3.0, pitch_hz=data["pitch_hz"])
    runs = [trained(model, run=name, data=data, steps=1) for name, data in (("one", corpus), ("two", other))]
    same_weights(*runs)
    (one,), (two,) = (losses_of(run.path, "validation").values() for run in runs)
    assert abs(one["loss"] - two["loss"]) > 0.01
    assert [run.checkpoints[-1].validation_loss for run in runs] == pytest.approx([one["loss"], two["loss"]])


@pytest.mark.parametrize("total", [None, 7.0])
def test_a_mean_is_over_everything_and_terms_are_weighed_unless_one_is_the_total(
    total, trained, corpus, registry, monkeypatch, losses_of
):
    lengths = {u.id: u.frames for u in corpus.split("validation")}

    def losses(self, batch, state):
        frames = torch.tensor([float(lengths[name]) for name in batch.ids])
        terms = {"a": LossTerm(frames.square().sum(), frames.sum(), 2.0), "b": LossTerm(frames.sum(), len(frames), 0.5)}
        return Losses(terms if total is None else {**terms, "total": LossTerm(total * frames.sum(), frames.sum())})

    monkeypatch.setattr(registry.get("acoustic model", "fastpitch").load(), "validation_losses", losses)
    run = trained(steps=1, overrides=("training.max_utterances=1",))
    (row,) = losses_of(run.path, "validation").values()
    frames = np.array(list(lengths.values()), float)
    assert len(set(lengths.values())) == 2
    a, b = (frames**2).sum() / frames.sum(), frames.mean()
    assert (row["a"], row["b"]) == pytest.approx((a, b))
    ranking = 2.0 * a + 0.5 * b if total is None else total
    assert row["loss"] == pytest.approx(ranking) and run.checkpoints[-1].validation_loss == pytest.approx(ranking)
