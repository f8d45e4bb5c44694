"""A tiny frontend (letters), a corpus of voiced tones, and a recipe for them."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from ttskit.audio.config import PRESETS
from ttskit.config.corpus import CorpusConfig
from ttskit.interfaces.descriptions import FrontendPlugin
from ttskit.interfaces.frontend import Analysis, Frontend, Unknown, Word
from ttskit.plugins import Origin, create_registry
from ttskit.symbols import SymbolTable

RATE = 8000


class Letters(Frontend):
    """One token per letter; knows no digits."""

    name, version = "letters", "1"

    def __init__(self, **options):
        self.options = options

    @property
    def symbols(self):
        return SymbolTable(
            ("<pad>", "<edge>", *" ,.?¿abcdefghijklmnopqrstuvwxyzáéíóúüñ"), "<pad>", " ", "<edge>", frozenset({"<pad>", " "})
        )

    def analyze(self, text):
        low, known = text.lower(), self.symbols
        words = tuple(Word(m.group(), m.span()) for m in re.finditer(r"[^\W\d_]+", low))
        tokens = ("<edge>", *(c for c in low if c in known), "<edge>")
        unknown = tuple(Unknown(c, i) for i, c in enumerate(low) if c not in known)
        return Analysis(text, low, words, tokens, (None,) * len(tokens), unknown)


class Here(FrontendPlugin):
    """A description whose factory needs no import path."""

    def load(self):
        return Letters


@pytest.fixture
def registry():
    registry = create_registry({"builtin"})
    registry.found["frontend", "letters"] = (Here("letters", "letters", ""), Origin("test", "test", "0"))
    return registry


@pytest.fixture
def recipe():
    """recipe(mel="telephone-8000", seed=1, **corpus settings)"""

    def make(mel="telephone-8000", seed=1, **corpus):
        return SimpleNamespace(
            seed=seed,
            mel_config=lambda: PRESETS[mel],
            corpus=CorpusConfig(**corpus),
            frontend=SimpleNamespace(name="letters", options={}),
        )

    return make


@pytest.fixture
def tone():
    """tone(f0_hz, seconds, rate) -> (S,) float32: harmonics with a slow swell, and near silence around it."""

    def make(f0_hz=150.0, seconds=0.8, rate=RATE, quiet_s=0.2):
        t = np.arange(round(seconds * rate)) / rate
        voice = sum(np.sin(2 * np.pi * k * f0_hz * t) / k for k in range(1, 6)) * (0.12 + 0.06 * np.sin(2 * np.pi * 3 * t))
        quiet = np.random.default_rng(0).normal(0, 1e-4, round(quiet_s * rate))
        return np.concatenate([quiet, voice, quiet]).astype(np.float32)

    return make


SENTENCES = (
    "el mate está listo",
    "mañana llueve en la costa",
    "dos perros corren",
    "nadie sabe la hora",
    "qué lindo día",
    "trajo pan y queso",
    "la luna sale tarde",
    "un tren pasa lejos",
    "cerrá bien la puerta",
    "hoy cocina mi tía",
    "prestame un lápiz",
    "suena el teléfono",
)


@pytest.fixture
def corpus(tmp_path, tone):
    """An LJSpeech folder of twelve good clips, ids u00 … u11, F0 rising from 120 Hz by 5 Hz each."""
    folder = tmp_path / "ana"
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for i, text in enumerate(SENTENCES):
        soundfile.write(folder / "wavs" / f"u{i:02}.wav", tone(120 + 5 * i, 0.6 + 0.05 * i), RATE)
        lines.append(f"u{i:02}|{text}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
