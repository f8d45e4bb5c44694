"""What was said without any model: natural speech and voices that are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Sample, Sound, Spoken
from ttskit.measure.analysis import Analyser
from ttskit.measure.sentences import hard_sentences, recorded_sentences
from ttskit.measure.spoken import SoundStore
from ttskit.plugins import create_registry


@dataclass(frozen=True)
class Voice:
    """Stands for a system: a name and what it makes of a recording."""

    label: str


@pytest.fixture
def said(prepared, tmp_path) -> Callable[..., Spoken]:
    """Natural speech and the named voices, each a function of the recording, on test sentences and two hard ones."""
    registry = create_registry()
    analyse = Analyser(prepared, registry)
    store = SoundStore(tmp_path / "sounds")

    def make(seeds=(0,), limit=3, **voices) -> Spoken:
        config = CompareConfig(limit=limit, hard_limit=2, resamples=200, seeds=list(seeds))
        sentences = [*recorded_sentences(prepared, config, registry), *hard_sentences(prepared, config, registry)]
        natural = {s.id: np.asarray(prepared.audio(prepared.utterance(s.id))) for s in sentences if s.recorded}
        some = next(iter(natural.values()))
        samples = []

        def keep(sentence, system, seed, audio, **more):
            audio = np.asarray(audio, np.float32)
            sound = Sound(audio, *analyse(audio, sentence.speaker), mel=more.pop("mel", None))
            samples.append(Sample(sentence, system, seed, store.keep(sound), **more))

        for s in sentences:
            if s.recorded:
                keep(s, NATURAL, 0, natural[s.id], one_clock=True)
                keep(s, RESYNTHESIS, 0, natural[s.id], one_clock=True, mel=prepared.features(prepared.utterance(s.id)).mel)
        for name, make_of in voices.items():
            for seed in seeds:
                for s in sentences:
                    keep(s, name, seed, make_of(natural.get(s.id, some), seed))
        systems = [Voice(name) for name in voices]
        return Spoken(prepared, systems, sentences, samples, config, tmp_path, "cpu", prepared.mel)

    return make
