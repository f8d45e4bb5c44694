"""Audio samples of a training: a stochastic vocoder's noise follows from the seed, sentence by sentence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.interfaces import Vocoder
from ttskit.interfaces.vocoder import vocoder_generators
from ttskit.measure.vocoders import vocode as spoken

SAMPLED = ("training.validate_every=1", "training.samples=2", "seed=20")


@pytest.mark.parametrize(("model", "speaks"), [("fastpitch", "griffinlim"), ("hifigan", "hifigan")])
def test_each_sample_has_a_generator_that_follows_from_the_seed(trained, registry, monkeypatch, model, speaks):
    vocoder_class = registry.get("vocoder", speaks).load()
    plain, states = vocoder_class.infer, []

    def listening(self, mel, generators=None):
        states.append([g.initial_seed() for g in generators])
        return plain(self, mel)

    monkeypatch.setattr(vocoder_class, "infer", listening)
    run = trained(model, steps=1, overrides=(*SAMPLED, "vocoder=griffinlim"))
    assert len(list(run.path.glob("samples/step_00000001/*.wav"))) == 2
    assert states == [[vocoder_generators([seed])[0].initial_seed()] for seed in (20, 21)]


def test_a_measured_vocoder_draws_the_same_for_the_same_clip():
    """As `compare` and `fit` hear it: by seed, whatever torch's global generator stands at."""

    class Noise(Vocoder):
        stochastic = True
        mel = MelConfig()

        def infer(self, mel, generators=None):
            (source,) = self.row_generators(mel, generators)
            return torch.rand(1, mel.shape[2] * self.mel.hop_samples, generator=source)

    said = []
    for seed, state in ((3, 0), (3, 1), (4, 0)):
        torch.manual_seed(state)
        said.append(spoken(Noise(), np.zeros((80, 4), np.float32), Noise.mel, seed))
    assert np.array_equal(said[0], said[1]) and not np.array_equal(said[0], said[2])
