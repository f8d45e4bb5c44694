"""A comparison in small: what measurements are checked with, made of interfaces alone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.interfaces.acoustic import PitchStats
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Sample, Sentence, Sound, Spoken
from ttskit.interfaces.traversal import Traversal
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.testing.builders import fake_speech

__all__ = ["TINY_GIVES", "TinyCorpus", "TinyFeatures", "TinySystem", "TinyUtterance", "tiny_spoken"]

TINY_GIVES = ("recordings", "hard sentences")  # what a measurement may need and finds here
_RECORDED = ("mesa luna", "gato sol", "perro verde")
_HARD = ("sol sol sol", "a")
_F0_HZ = {NATURAL: 150.0, RESYNTHESIS: 150.0, "one": 165.0, "two": 140.0}


@dataclass(frozen=True)
class TinyUtterance:
    """An utterance as far as measurements need one."""

    id: str
    speaker: str
    text: str
    tokens: tuple[str, ...]
    token_words: tuple[int | None, ...]
    samples: int
    frames: int
    split: str = "test"


@dataclass(frozen=True)
class TinyFeatures:
    """Mel (M, T) and F0 (T,) in Hz of a recording."""

    mel: np.ndarray
    pitch_hz: np.ndarray


@dataclass(frozen=True)
class TinyCorpus:
    """A corpus as far as measurements need one: inventories, statistics, and the recordings of the test sentences."""

    folder: Path
    mel: MelConfig
    symbols: SymbolTable
    speakers: SpeakerTable
    pitch: Mapping[str, PitchStats]
    utterances: Sequence[TinyUtterance]
    recordings: Mapping[str, Callable[[], Sound]]
    info: Mapping[str, Any] = field(default_factory=lambda: {"statistics": {"ana": {"pitch_range_hz": [70.0, 400.0]}}})

    def split(self, name: str) -> list[TinyUtterance]:
        """The utterances of "train", "validation" or "test"; all are of the test split."""
        return [u for u in self.utterances if u.split == name]

    def utterance(self, name: str) -> TinyUtterance:
        """By id."""
        return next(u for u in self.utterances if u.id == name)

    def features(self, utterance: TinyUtterance) -> TinyFeatures:
        """Mel and F0 of the recording."""
        sound = self.recordings[utterance.id]()
        return TinyFeatures(sound.audio_mel, sound.pitch_hz)

    def audio(self, utterance: TinyUtterance) -> np.ndarray:
        """(S,) of the recording."""
        return self.recordings[utterance.id]().audio

    def reference_times(self, utterance: TinyUtterance) -> None:
        """Nobody knows them."""
        return None


@dataclass(frozen=True)
class TinySystem:
    """A system that has a label and nothing else: what needs runs is not asked about it."""

    label: str


def tiny_spoken(folder: Path, mel: MelConfig | None = None, seeds: Sequence[int] = (0, 1)) -> Spoken:
    """Two systems, one autoregressive and one parallel, say three recorded and two hard sentences with each seed.

    Natural speech, the recordings through a vocoder and every system's audio are made-up speech, the same in each call
    and different from each other. Arrays are made when they are asked for, once, and can be written to: a measurement
    that does spoils them for others.

    Args:
        folder: of the report, for figures.
        mel: of the corpus; the default one if not given.
    """
    from ttskit.config import CompareConfig

    mel = mel or MelConfig()
    sentences = [
        *(_sentence(f"u{i:02d}", "test", text, recorded=True) for i, text in enumerate(_RECORDED)),
        *(_sentence(f"hard_{i:03d}", "hard", text) for i, text in enumerate(_HARD, start=1)),
    ]
    recorded = [s for s in sentences if s.recorded]
    samples = [_sample(s, system, 0, mel) for system in (NATURAL, RESYNTHESIS) for s in recorded]
    systems = [TinySystem("one"), TinySystem("two")]
    samples += [_sample(s, system.label, seed, mel) for system in systems for seed in seeds for s in sentences]
    natural = {s.sentence.id: s.load for s in samples if s.system == NATURAL}
    symbols = sorted({token for s in sentences for token in s.tokens} - {" "})
    table = SymbolTable(("<pad>", " ", *symbols), pad="<pad>", space=" ", silent=frozenset({"<pad>", " "}))
    utterances = [_utterance(s, natural[s.id](), mel) for s in recorded]
    corpus = TinyCorpus(
        Path(folder) / "corpus", mel, table, SpeakerTable(("ana",)), {"ana": PitchStats(150.0, 20.0)}, utterances, natural
    )
    settings = CompareConfig(seeds=list(seeds))
    return Spoken(corpus, systems, sentences, samples, settings, Path(folder), "cpu", mel)


def _sentence(name: str, group: str, text: str, recorded: bool = False) -> Sentence:
    words, token_words, word = tuple(text.split()), [], 0
    for letter in text:
        word += letter == " "
        token_words.append(None if letter == " " else word)
    return Sentence(name, group, text, tuple(text), tuple(token_words), words, "ana", recorded)


def _utterance(sentence: Sentence, sound: Sound, mel: MelConfig) -> TinyUtterance:
    size = len(sound.audio)
    s = sentence
    return TinyUtterance(s.id, s.speaker, s.text, s.tokens, s.token_words, size, mel.frames(size))


def _sample(sentence: Sentence, system: str, seed: int, mel: MelConfig) -> Sample:
    @cache
    def load() -> Sound:
        made = _sound(sentence, system, seed, mel)
        return copy.deepcopy(made)

    natural = system in (NATURAL, RESYNTHESIS)
    traversal = Traversal(True, (1.0,) * len(sentence.words), (), ()) if system == "one" else None
    path = f"audio/{system.split(',')[0]}/{sentence.id}_{seed}.wav"
    return Sample(sentence, system, seed, load, True if system == "one" else None, traversal, natural, path)


@cache  # the same in every comparison; each has arrays of its own
def _sound(sentence: Sentence, system: str, seed: int, mel: MelConfig) -> Sound:
    import torch

    from ttskit.audio.mel import MelExtractor
    from ttskit.audio.pitch import autocorrelation

    audio = fake_speech(sentence.text, mel.sample_rate_hz, seed=seed, f0_hz=_F0_HZ[system])
    if system == RESYNTHESIS:
        audio = (np.round(audio * 256) / 256).astype(np.float32)  # a vocoder on the recording's clock, a little rough
    with torch.inference_mode():
        audio_mel = MelExtractor(mel)(torch.from_numpy(audio)[None])[0].numpy().copy()
    frames = audio_mel.shape[1]
    pitch_hz = np.asarray(autocorrelation(audio, mel, 70.0, 400.0), np.float32)[:frames]
    if system == NATURAL:
        return Sound(audio, audio_mel, pitch_hz)
    if system == RESYNTHESIS:
        return Sound(audio, audio_mel, pitch_hz, audio_mel.copy())
    tokens = len(sentence.tokens)
    even = np.arange(frames) * tokens // frames
    alignment = np.zeros((frames, tokens), np.float32)
    alignment[np.arange(frames), even] = 1.0
    return Sound(audio, audio_mel, pitch_hz, audio_mel.copy(), alignment)
