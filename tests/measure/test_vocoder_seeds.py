"""A comparison gives the vocoder each sentence's own seed, the one that its mel was made with."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ttskit.audio.files import read_audio
from ttskit.audio.loudness import PLAYED_LUFS, loudness_lufs
from ttskit.config import CompareConfig
from ttskit.interfaces import Spectrogram
from ttskit.interfaces.measurement import NATURAL
from ttskit.measure.analysis import Analyser
from ttskit.measure.sentences import recorded_sentences
from ttskit.measure.spoken import SoundStore, speak
from ttskit.plugins import create_registry
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


def test_labels_that_differ_in_signs_of_no_file_name_do_not_share_their_audio(prepared, tmp_path):
    config, registry = CompareConfig(limit=1), create_registry()
    systems = [SimpleNamespace(voice=Listening(), label=label) for label in ("a/b", "a b", "a-b")]
    with SoundStore(tmp_path / "sounds") as store:
        sentences = recorded_sentences(prepared, config, registry)
        spoken = speak(systems, sentences, prepared, config, Analyser(prepared, registry), store, tmp_path, "cpu")
    paths = [s.audio_path for s in spoken.samples]
    assert len(set(paths)) == len(paths) == 5 and all((tmp_path / path).is_file() for path in paths)


def test_every_sentence_and_seed_has_noise_of_its_own(prepared, tmp_path):
    voice = Listening()
    system = SimpleNamespace(voice=voice, label="fastpitch")
    config = CompareConfig(limit=3, seeds=[0, 7])
    registry = create_registry()
    sentences = recorded_sentences(prepared, config, registry)
    with SoundStore(tmp_path / "sounds") as store:
        speak([system], sentences, prepared, config, Analyser(prepared, registry), store, tmp_path, "cpu")
    own = [part_seed(seed, index) for seed in (0, 7) for index in range(3)]
    assert voice.mels == own
    assert voice.waves == [part_seed(0, index) for index in range(3)] + own  # the recordings through the vocoder come first


class Speaking(Listening):
    """A voice of a level of its own."""

    def __init__(self, level):
        super().__init__()
        self.level = level

    def waveform(self, spectrogram, seed=0):
        return (self.level * np.sin(np.arange(8_000) / 5)).astype(np.float32)


def test_players_play_at_one_loudness_and_measurements_get_the_sounds_as_they_are(prepared, tmp_path):
    config, registry = CompareConfig(limit=1), create_registry()
    systems = [SimpleNamespace(voice=Speaking(level), label=name) for name, level in (("soft", 0.02), ("loud", 0.5))]
    with SoundStore(tmp_path / "sounds") as store:
        sentences = recorded_sentences(prepared, config, registry)
        spoken = speak(systems, sentences, prepared, config, Analyser(prepared, registry), store, tmp_path, "cpu")
        kept = {s.system: float(np.abs(s.audio).max()) for s in spoken.samples}
    rate = prepared.mel.sample_rate_hz
    heard = {s.system: loudness_lufs(read_audio(tmp_path / s.audio_path, rate), rate) for s in spoken.samples}
    assert (kept["soft"], kept["loud"]) == pytest.approx((0.02, 0.5), rel=0.01)
    assert heard == pytest.approx(dict.fromkeys(heard, PLAYED_LUFS), abs=0.1) and NATURAL in heard
