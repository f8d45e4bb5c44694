"""Small made-up data: tones, speech-like audio, a corpus on disk, a model context, a batch."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ttskit.audio.config import MelConfig

__all__ = ["fake_speech", "tiny_batch", "tiny_context", "tiny_corpus", "tone"]

# Short, different from each other, and every vowel in each half: enough for splits, too little to learn.
_WORDS = (
    "mesa",
    "luna",
    "pared",
    "gato",
    "cine",
    "árbol",
    "tuyo",
    "fuego",
    "lluvia",
    "perro",
    "queso",
    "niño",
    "sol",
    "jugo",
    "chico",
    "rueda",
    "blanco",
    "verde",
    "calle",
    "agua",
)


def tone(hz: float, seconds: float, rate_hz: int, level: float = 0.3, harmonics: int = 6) -> np.ndarray:
    """A harmonic tone, (S,) float32: F0 is `hz`, partials fall off as 1/k."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    partials = [k for k in range(1, harmonics + 1) if k * hz < rate_hz / 2]
    wave = sum(np.sin(2 * np.pi * k * hz * t) / k for k in partials)
    return (level * wave / sum(1 / k for k in partials)).astype(np.float32)


def fake_speech(text: str, rate_hz: int, seed: int = 0, f0_hz: float = 150.0) -> np.ndarray:
    """Something a model can learn from without a recording: each letter has its own two formants or noise."""
    rng = np.random.default_rng(seed)
    pieces = [np.zeros(int(0.06 * rate_hz), np.float32)]
    for letter in text.lower():
        key = int.from_bytes(hashlib.sha256(letter.encode()).digest()[:4], "big")
        n = int(rate_hz * (0.06 + 0.04 * (key % 5) / 5))
        t = np.arange(n) / rate_hz
        if letter == " ":
            sound = np.zeros(n)
        elif letter in "aeiouáéíóúnmlr":
            f0 = f0_hz * (1 + 0.1 * np.sin(2 * np.pi * len(pieces) / 7))
            formants = (300 + key % 500, 900 + (key >> 8) % 1500)
            sound = np.zeros(n)
            for k in range(1, int(min(4000, rate_hz / 2) / f0)):
                gain = sum(np.exp(-(((k * f0 - f) / 200) ** 2)) for f in formants) + 0.02
                sound += gain * np.sin(2 * np.pi * k * f0 * t)
        else:
            sound = np.diff(rng.standard_normal(n + 1)) * (0.2 + 0.3 * (key % 3))
        ramp = np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.008 * rate_hz))
        pieces.append((0.1 * sound * ramp).astype(np.float32))
    pieces.append(np.zeros(int(0.06 * rate_hz), np.float32))
    wave = np.concatenate(pieces) + rng.standard_normal(sum(map(len, pieces))).astype(np.float32) * 1e-4
    return np.clip(wave, -0.95, 0.95).astype(np.float32)


def tiny_corpus(
    folder: Path, utterances: int = 12, speakers: tuple[str, ...] = ("ana",), rate_hz: int = 22_050, seed: int = 0
) -> Path:
    """Write a corpus of made-up speech: LJSpeech layout for one speaker, one such folder per speaker for several."""
    import soundfile

    folder = Path(folder)
    rng = np.random.default_rng(seed)
    for index, speaker in enumerate(speakers):
        place = folder if len(speakers) == 1 else folder / speaker
        (place / "wavs").mkdir(parents=True, exist_ok=True)
        lines = []
        for n in range(utterances):
            text = " ".join(rng.choice(_WORDS, size=3 + n % 2, replace=False))
            name = f"{speaker}_{n:03d}"
            wave = fake_speech(text, rate_hz, seed=seed + n, f0_hz=120.0 + 60 * index)
            soundfile.write(place / "wavs" / f"{name}.wav", wave, rate_hz, subtype="PCM_16")
            lines.append(f"{name}|{text}|{text}")
        (place / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def tiny_context(mel: MelConfig | None = None, speakers: tuple[str, ...] = ("ana", "beto")):
    """A `ModelContext` with sixteen symbols."""
    from ttskit.interfaces import ModelContext, PitchStats
    from ttskit.symbols import SpeakerTable, SymbolTable

    symbols = ("<pad>", " ", "<edge>", ".", ",", *"abdefiklmno")
    table = SymbolTable(symbols, pad="<pad>", space=" ", boundary="<edge>", silent=frozenset(symbols[:5]))
    stats = {name: PitchStats(150.0 + 50 * i, 30.0) for i, name in enumerate(speakers)}
    return ModelContext(mel or MelConfig(), table, SpeakerTable(speakers), stats)


def tiny_batch(context, lengths: tuple[int, ...] = (9, 6, 4), frames_per_token: int = 5, seed: int = 0):
    """An `AcousticBatch` with every feature, rows sorted by decreasing length."""
    import torch

    from ttskit.interfaces import AcousticBatch

    g = torch.Generator().manual_seed(seed)
    rows, bands = len(lengths), context.mel.bands
    token_lengths = torch.tensor(lengths)
    tokens = torch.full((rows, max(lengths)), context.symbols.pad_id)
    durations = torch.zeros_like(tokens)
    for i, n in enumerate(lengths):
        tokens[i, :n] = torch.randint(1, len(context.symbols), (n,), generator=g)
        durations[i, :n] = torch.randint(2, 2 * frames_per_token - 1, (n,), generator=g)
    mel_lengths = durations.sum(1)
    frames = int(mel_lengths.max())
    mel = torch.randn(rows, bands, frames, generator=g) - 5.0
    pitch = torch.randn(rows, frames, generator=g)
    pitch[:, ::4] = 0.0
    mask = torch.arange(frames)[None] < mel_lengths[:, None]
    mel, pitch = mel * mask[:, None], pitch * mask
    return AcousticBatch(
        ids=tuple(f"u{i}" for i in range(rows)),
        tokens=tokens,
        token_lengths=token_lengths,
        mel=mel,
        mel_lengths=mel_lengths,
        speaker=torch.arange(rows) % len(context.speakers),
        pitch=pitch,
        energy=mel.norm(dim=1),
        durations=durations,
        seeds=torch.arange(rows) + 17,
    )
