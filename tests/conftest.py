"""A prepared corpus whose every token has its own sound and known times, and a model that speaks by rule."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from ttskit.audio.config import MelConfig
from ttskit.corpus.prepared import PreparedCorpus, durations_from_times
from ttskit.corpus.storage import write_json, write_jsonl, write_npz
from ttskit.plugins import create_registry

os.environ["TTSKIT_LANG"] = "en"  # tests compare English messages, on a Spanish machine as well

MEL = MelConfig(sample_rate_hz=8_000, fft_samples=256, window_samples=256, hop_samples=96, bands=40, f_max_hz=4_000.0)
_WORDS = (
    "mesa",
    "luna",
    "pared",
    "gato",
    "cine",
    "fuego",
    "perro",
    "queso",
    "sol",
    "jugo",
    "chico",
    "rueda",
    "verde",
    "calle",
    "agua",
)


def sound(token: str, seconds: float, f0_hz: float, rng: np.random.Generator) -> np.ndarray:
    """The token's own two formants on a harmonic tone, or noise, or silence; never more than a function of its name."""
    n = int(seconds * MEL.sample_rate_hz)
    if not token.strip("ˈ").isalpha() or token.startswith("<"):
        return np.zeros(n)
    key = int.from_bytes(hashlib.sha256(token.strip("ˈ").encode()).digest()[:4], "big")
    t = np.arange(n) / MEL.sample_rate_hz
    wave = np.zeros(n)
    for k in range(1, int(3800 / f0_hz)):
        gain = sum(np.exp(-(((k * f0_hz - f) / 150) ** 2)) for f in (250 + key % 700, 1100 + (key >> 8) % 2400))
        wave += (gain + 0.01) * np.sin(2 * np.pi * k * f0_hz * t)
    ramp = np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / 40)
    return 0.15 * wave * ramp


def speak(tokens: tuple[str, ...], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Audio (S,) and token boundaries (N + 1,) in seconds."""
    rng = np.random.default_rng(seed)
    pieces, times = [], [0.0]
    for token in tokens:
        seconds = (0.08 if token.startswith("<") else 0.07) * rng.uniform(0.8, 1.3)
        pieces.append(sound(token, seconds, 120 + 20 * np.sin(len(pieces) / 4), rng))
        times.append(times[-1] + len(pieces[-1]) / MEL.sample_rate_hz)
    wave = np.concatenate(pieces) + rng.standard_normal(sum(map(len, pieces))) * 1e-3
    return np.clip(wave, -0.95, 0.95).astype(np.float32), np.array(times)


def make_prepared(folder: Path, counts: tuple[int, int, int] = (24, 6, 6)) -> PreparedCorpus:
    """Write a prepared corpus of train, validation and test sentences."""
    import soundfile
    import torch

    from ttskit.audio.mel import MelExtractor

    registry = create_registry()
    frontend = registry.get("frontend", "spanish").load()()
    extract, rng, lines = MelExtractor(MEL), np.random.default_rng(0), []
    (folder / "audio").mkdir(parents=True)
    for index in range(sum(counts)):
        text = " ".join(rng.choice(_WORDS, 3 + index % 3, replace=False)) + "."
        analysis = frontend.analyze(text)
        audio, times = speak(analysis.tokens, index)
        mel = extract(torch.from_numpy(audio)[None])[0].numpy()
        centres = np.array([MEL.frame_centre(k) for k in range(mel.shape[1])])
        owner = np.clip(np.searchsorted(times, centres, side="right") - 1, 0, len(analysis.tokens) - 1)
        voiced = np.array([t.strip("ˈ").isalpha() for t in analysis.tokens])[owner]
        name = f"u{index:03d}"
        soundfile.write(folder / "audio" / f"{name}.flac", audio, MEL.sample_rate_hz, subtype="PCM_16")
        write_npz(
            folder / "features" / MEL.hash() / f"{name}.npz",
            mel=mel,
            pitch_hz=np.where(voiced, 120 + 20 * np.sin(owner / 4), 0.0).astype(np.float32),
        )
        durations = durations_from_times(times, MEL, mel.shape[1])
        write_json(
            folder / "alignments" / "reference" / f"{name}.json",
            {"tokens": analysis.tokens, "times_s": times.tolist(), "durations": durations.tolist()},
        )
        split = ["train", "validation", "test"][int(np.searchsorted(np.cumsum(counts), index, side="right"))]
        lines.append(
            {
                "id": name,
                "speaker": "ana",
                "text": text,
                "normalized": analysis.normalized,
                "tokens": analysis.tokens,
                "token_words": analysis.token_words,
                "split": split,
                "samples": len(audio),
                "frames": mel.shape[1],
                "trim_start_s": 0.0,
                "trim_end_s": 0.0,
                "gain_db": 0.0,
                "source": f"{name}.wav",
            }
        )
    write_jsonl(folder / "manifest.jsonl", lines)
    info = {
        "format": 1,
        "mel": MEL.to_json(),
        "symbols": frontend.symbols.to_json(),
        "speakers": ["ana"],
        "frontend": frontend.fingerprint().to_json(),
        "provenance": {"corpus": "made up"},
        "statistics": {"ana": {"pitch_mean_hz": 120.0, "pitch_std_hz": 15.0, "seconds": 60.0}},
    }
    (folder / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    return PreparedCorpus.open(folder)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> PreparedCorpus:
    """The corpus, made once per test run."""
    return make_prepared(tmp_path_factory.mktemp("compare") / "prepared")


@pytest.fixture(scope="session")
def larger_prepared(tmp_path_factory) -> PreparedCorpus:
    """More sentences of the same kind: enough to learn what each token sounds like, and not the sentences by heart."""
    return make_prepared(tmp_path_factory.mktemp("larger") / "prepared", (60, 6, 6))
