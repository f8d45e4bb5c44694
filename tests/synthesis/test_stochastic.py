"""A voice whose vocoder draws noise: its audio follows from the seed alone, whole or streamed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.interfaces import Vocoder
from ttskit.synthesis.voice import Voice

TEXT = "La casa es de madera. ¿Y el perro, que no ladra nunca? Duerme."


class Hiss(Vocoder):
    """Noise as loud as the mel, drawn frame by frame."""

    stochastic = True
    streaming = True

    def __init__(self, mel):
        super().__init__()
        self.mel = mel

    def infer(self, mel, generators=None):
        hop = self.mel.hop_samples
        sources = self.row_generators(mel, generators)
        rows = [torch.cat([torch.rand(hop, generator=g) for _ in range(mel.shape[2])]) for g in sources]
        return torch.sigmoid(mel.mean(1) + 4).repeat_interleave(hop, dim=1) * (torch.stack(rows) - 0.5)

    def infer_stream(self, chunks, generators=None):
        for chunk in chunks:
            yield self.infer(chunk, generators=generators)


class HissInOnePass(Hiss):
    streaming = False

    def infer_stream(self, chunks, generators=None):
        return Vocoder.infer_stream(self, chunks)


@pytest.fixture
def hissing(obedient):
    """hissing(vocoder, denoise=0.0) -> a voice with that vocoder."""

    def build(vocoder=Hiss, denoise=0.0):
        v = obedient()
        return Voice(v.frontend, v.acoustic, vocoder(v.mel), vocoder_name="hiss", denoise=denoise)

    return build


def test_the_same_seed_gives_the_same_audio_and_another_seed_another(hissing):
    v, said = hissing(), []
    for seed, state in ((3, 0), (3, 1), (4, 0)):
        torch.manual_seed(state)
        said.append(v.synthesize(TEXT, seed=seed).audio)
    assert np.array_equal(said[0], said[1])
    row = v.spectrogram([("a", "b")], seeds=[1])[0]
    assert not np.array_equal(v.waveform(row, 3), v.waveform(row, 4))  # the mel is the same: the noise is not
    assert np.array_equal(v.waveform(row), v.waveform(row))


def test_a_sentence_sounds_the_same_whatever_follows(hissing):
    v = hissing()
    alone, followed = v.synthesize(TEXT[:21]).audio, v.synthesize(TEXT).audio
    assert np.array_equal(followed[: len(alone)], alone)


def test_no_two_sentences_have_the_same_noise(hissing, monkeypatch):
    v, seeds = hissing(), []
    plain = Hiss.infer

    def listening(self, mel, generators=None):
        seeds.extend(g.initial_seed() for g in generators)
        return plain(self, mel, generators)

    monkeypatch.setattr(Hiss, "infer", listening)
    v.synthesize("Una. Una. Una.", seed=1)
    v.synthesize("Una. Una. Una.", seed=2)
    assert len(seeds) == len(set(seeds)) == 6


@pytest.mark.parametrize("frames", [1, 7, 32, None])
@pytest.mark.parametrize(("vocoder", "denoise"), [(Hiss, 0.0), (Hiss, 0.5), (HissInOnePass, 0.0)])
def test_a_stream_is_the_audio_of_one_pass(hissing, vocoder, denoise, frames):
    v = hissing(vocoder, denoise)
    whole = v.synthesize(TEXT, seed=5).audio
    torch.manual_seed(9)
    joined = np.concatenate(list(v.stream(TEXT, seed=5, chunk_frames=frames)))
    assert np.abs(whole).max() > 0.01
    np.testing.assert_allclose(joined, whole, rtol=0, atol=1e-6)
