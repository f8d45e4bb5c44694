"""Vocoders that draw noise: one that conforms, and some that are wrong on purpose, each failing with its fault named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces import Vocoder, VocoderPlugin
from ttskit.interfaces.vocoder import takes_generators, vocoder_generators
from ttskit.synthesis.denoise import Denoised
from ttskit.testing.vocoder import check_vocoder


class Hiss(Vocoder):
    """Noise as loud as the mel: a frame's is drawn by itself, so that no cut of a stream is heard."""

    stochastic = True
    streaming = True

    def __init__(self, mel) -> None:
        super().__init__()
        self.mel = mel

    def drawn(self, row, source):
        return torch.cat([torch.rand(self.mel.hop_samples, generator=source) for _ in range(row.shape[1])])

    def wave(self, mel, noise):
        loudness = torch.sigmoid(mel.mean(1)).repeat_interleave(self.mel.hop_samples, dim=1)
        return loudness * (noise - 0.5)

    def infer(self, mel, generators=None):
        self.check_mel(mel)
        sources = self.row_generators(mel, generators)
        return self.wave(mel, torch.stack([self.drawn(row, g) for row, g in zip(mel, sources, strict=True)]))

    def infer_stream(self, chunks, generators=None):
        spoken = False
        for chunk in chunks:
            spoken = True
            yield self.infer(chunk, generators=generators)
        if not spoken:
            raise InputError("mel has no frames", "no chunk was given", "")


class Deaf(Hiss):
    """Declares what it does not do."""

    def drawn(self, row, source):
        return torch.rand(row.shape[1] * self.mel.hop_samples, generator=torch.Generator().manual_seed(0))


class DeafInOneRow(Hiss):
    def row_generators(self, mel, generators):
        return [*super().row_generators(mel, generators)[:-1], torch.Generator().manual_seed(0)]


class Global(Hiss):
    """Draws from torch's global generator."""

    def drawn(self, row, source):
        return torch.rand(row.shape[1] * self.mel.hop_samples)


class NumpyGlobal(Hiss):
    def drawn(self, row, source):
        return torch.from_numpy(np.random.random(row.shape[1] * self.mel.hop_samples)).float()


class OneForAll(Hiss):
    """Draws the whole batch from the first row's generator."""

    def row_generators(self, mel, generators):
        return [super().row_generators(mel, generators)[0]] * len(mel)


class DrawsPerChunk(Hiss):
    """How many numbers a chunk takes from its generator depends on the cut."""

    def drawn(self, row, source):
        return torch.rand(row.shape[1] * self.mel.hop_samples + 1, generator=source)[1:]


class AnyNumber(Hiss):
    def row_generators(self, mel, generators):
        return [generators[i % len(generators)] if generators else None for i in range(len(mel))]


class NeedsGenerators(Hiss):
    def row_generators(self, mel, generators):
        if generators is None:
            raise InputError("no generators", "", "")
        return super().row_generators(mel, generators)


class WrittenWithout(Hiss):
    """The signature of a vocoder that draws nothing."""

    def infer(self, mel):
        return super().infer(mel)


class StreamsWithout(Hiss):
    def infer_stream(self, chunks):
        return super().infer_stream(chunks)


class NotDeclared(Hiss):
    stochastic = False


def failures(vocoder_class, **facts) -> dict[str, str]:
    class Plugin(VocoderPlugin):
        def load(self):
            return lambda options, mel: vocoder_class(mel)

    stated = {"trainable": False, "streaming": True, "stochastic": vocoder_class.stochastic, **facts}
    return {r.name: r.message for r in check_vocoder(Plugin("mine", "a test", "unused:unused", facts=stated)) if not r.passed}


def test_a_stochastic_vocoder_passes_every_check():
    assert failures(Hiss) == {}


@pytest.mark.parametrize(
    ("vocoder", "facts", "check", "words"),
    [
        (Deaf, {}, "other generators", "the same audio in row 0, 1, 2"),
        (DeafInOneRow, {}, "other generators", "the same audio in row 2"),
        (Global, {}, "determinism", "must come from the generators"),
        (NumpyGlobal, {}, "determinism", "must come from the generators"),
        (OneForAll, {}, "a batch equals single runs", "shared between rows"),
        (DrawsPerChunk, {}, "streaming", "differ by"),
        (AnyNumber, {}, "other generators", "another number of generators than rows is accepted"),
        (NeedsGenerators, {}, "other generators", "no generators"),
        (WrittenWithout, {}, "declared facts are true", "infer takes no generators"),
        (StreamsWithout, {}, "declared facts are true", "infer_stream takes no generators"),
        (NotDeclared, {}, "other generators", "stochastic is not declared"),
        (Hiss, {"stochastic": False}, "declared facts are true", "'stochastic'"),
    ],
)
def test_a_wrong_stochastic_vocoder_fails_with_its_fault_named(vocoder, facts, check, words):
    found = failures(vocoder, **facts)
    assert check in found, found
    assert words in found[check]


def test_a_vocoder_written_without_generators_is_given_them_all_the_same():
    """Third parties' vocoders of before: `infer(self, mel)`, with arguments of their own after it."""

    class Old(Vocoder):
        def __init__(self, mel):
            super().__init__()
            self.mel = mel

        @torch.no_grad()
        def infer(self, mel, gain=0.25):
            """As loud as is said."""
            return torch.full((len(mel), mel.shape[2] * self.mel.hop_samples), gain)

    class Older(Old):  # a class between that says nothing of `infer`
        pass

    vocoder, mel = Older(MelConfig()), torch.zeros(1, 80, 2)
    assert float(vocoder.infer(mel, generators=vocoder_generators([1]))[0, 0]) == 0.25
    assert float(vocoder.infer(mel, 0.5)[0, 0]) == float(vocoder.infer(mel, gain=0.5, generators=None)[0, 0]) == 0.5
    assert vocoder.infer.__doc__ == "As loud as is said." and not takes_generators(vocoder.infer)
    assert takes_generators(Hiss(MelConfig()).infer)

    def broken(self, mel):
        raise TypeError("infer() got an unexpected keyword argument 'generators'")

    with pytest.raises(TypeError):  # an error inside is the author's to see: nothing is tried a second time
        type("Broken", (Old,), {"infer": broken})(MelConfig()).infer(mel, generators=None)


def test_the_vocoders_noise_is_not_the_acoustic_models_again():
    acoustic, vocoder = torch.Generator().manual_seed(7), vocoder_generators([7, 8, 7])
    drawn = [torch.rand(4, generator=g) for g in (acoustic, *vocoder)]
    assert torch.equal(drawn[1], drawn[3])
    assert len({tuple(d.tolist()) for d in drawn}) == 3


def test_denoised_it_is_stochastic_as_before_and_streams_the_same():
    """Its own hum is heard once, with noise of its own: two denoisers of one vocoder are the same."""
    mel = torch.randn(2, 80, 40, generator=torch.Generator().manual_seed(0)) - 5
    first, second = Denoised(Hiss(MelConfig()), 1.0), Denoised(Hiss(MelConfig()), 1.0)
    assert first.stochastic and torch.equal(first.bias, second.bias) and float(first.bias.max()) > 0
    whole = first.infer(mel, generators=vocoder_generators([1, 2]))
    joined = torch.cat(list(first.infer_stream(mel.split(7, dim=2), generators=vocoder_generators([1, 2]))), dim=1)
    torch.testing.assert_close(joined, whole, atol=1e-6, rtol=0)
    assert not torch.allclose(whole, first.infer(mel, generators=vocoder_generators([3, 2])))
