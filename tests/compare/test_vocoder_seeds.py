"""A comparison gives the vocoder each sentence's own seed, the one that its mel was made with."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from ttskit.compare import speech
from ttskit.interfaces import Spectrogram
from ttskit.synthesis.voice import part_seed


class Listening:
    """A voice that keeps the seeds it is given."""

    def __init__(self):
        self.mels, self.waves = [], []

    def spectrogram(self, tokens, *, speaker, seeds):
        self.mels += seeds
        return [Spectrogram(torch.zeros(1, 80, 4), torch.tensor([4]))]

    def waveform(self, spectrogram, seed=0):
        self.waves.append(seed)
        return np.zeros(1024, np.float32)


def test_every_sentence_and_seed_has_noise_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(speech, "_write", lambda *_: None)
    voice = Listening()
    system = SimpleNamespace(voice=voice, label="fastpitch")
    items = [SimpleNamespace(tokens=("a", "b"), token_words=(0, 0), speaker="ana", utterance=str(i)) for i in range(3)]

    def analyse(audio, speaker):
        return np.zeros((80, 4)), np.zeros(4)

    speech.spoken_samples(system, items, (0, 7), analyse, tmp_path)
    assert voice.waves == voice.mels == [part_seed(seed, index) for seed in (0, 7) for index in range(3)]
    voice.waves.clear()
    corpus = SimpleNamespace(features=lambda utterance: SimpleNamespace(mel=np.zeros((80, 4), np.float32)))
    speech.resynthesised_samples(corpus, items, system, analyse, tmp_path)
    assert voice.waves == [part_seed(0, index) for index in range(3)]
