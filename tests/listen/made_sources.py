"""Material for listening tests, written without any model: folders of audio, a comparison, a study."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from ttskit_listen import pages
from ttskit_listen.making import headphones

__all__ = ["comparison", "folders", "natural", "no_pages", "speech", "study", "write"]


def speech(seed: int, seconds: float = 0.8, rate_hz: int = 22_050, hz: float = 140.0, level: float = 0.1) -> np.ndarray:
    """Something like speech, (S,): a buzz with noise in syllables, silence at both ends."""
    draw = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    buzz = 2 * (hz * times + draw.uniform() % 1) % 2 - 1
    syllables = 0.15 + np.maximum(np.sin(2 * np.pi * 4 * times), 0)
    voice = (buzz + 0.3 * draw.standard_normal(len(times))) * syllables
    pause = np.zeros(round(0.3 * rate_hz))
    return np.concatenate([pause, level * voice / np.abs(voice).max(), pause]).astype(np.float32)


def write(path: Path, audio: np.ndarray, rate_hz: int = 22_050) -> Path:
    """Sound in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, rate_hz)
    return path


def folders(
    root: Path, systems: Mapping[str, int], sentences: int = 8, rates: Mapping[str, int] | None = None, ending: str = "wav"
) -> list[Path]:
    """A folder for each system, with so many trainings (0: sounds directly in it)."""
    for number, (name, runs) in enumerate(systems.items()):
        rate = (rates or {}).get(name, 22_050)
        for run in range(max(1, runs)):
            place = root / name / f"run{run + 1}" if runs else root / name
            for i in range(sentences):
                sound = speech(1000 * number + 100 * run + i, 0.5 + 0.1 * i, rate, 120 + 15 * number, 0.05 + 0.03 * number)
                write(place / f"u{i:03d}.{ending}", sound, rate)
    return [root / name for name in systems]


def natural(root: Path, sentences: int = 8) -> Path:
    """Recordings of the same sentences."""
    for i in range(sentences):
        write(root / f"u{i:03d}.flac", speech(9000 + i, 0.5 + 0.1 * i, hz=210, level=0.3))
    return root


def _sentences(root: Path, whose: Sequence[str], seed: int, usual: int, hard: int) -> list[dict]:
    found = []
    for i in range(usual + hard):
        name = f"u{i:03d}" if i < usual else f"hard_{i:03d}"
        samples = []
        for number, system in enumerate(("natural", *whose)):
            if system == "natural" and i >= usual:
                continue
            audio = f"audio/{system}/{name}.wav"
            write(root / audio, speech(seed + 100 * number + i, 0.5 + 0.05 * i, hz=120 + 10 * number))
            samples.append({"system": system, "seed": 0, "audio": audio, "finished": None, "remarks": []})
        text = f"Esta es la oración número {i}{', y sigue un poco más' * (i % 3)}."
        group, speaker = ("test" if i < usual else "hard"), ("ana", "beto")[i % 2]
        found.append({"id": name, "group": group, "text": text, "words": [], "speaker": speaker, "samples": samples})
    return found


def comparison(root: Path, usual: int = 8, hard: int = 4) -> Path:
    """A finished comparison of two systems with two trainings each; hard sentences have no recordings."""
    labels = ["zorzal", "zorzal-2", "hornero", "hornero-2"]
    content = {
        "format": 3,
        "systems": [{"label": name, "runs": [name, f"{name}-2"]} for name in ("zorzal", "hornero")],
        "runs": [{"label": one, "system": one.removesuffix("-2"), "seed": 1 + one.endswith("-2")} for one in labels],
        "sentences": _sentences(root, labels, 1, usual, hard),
    }
    (root / "results.json").write_text(json.dumps(content), encoding="utf-8")
    return root


def study(root: Path, seeds: Sequence[int] = (1, 2), cells: Sequence[str] = ("hornero-all", "zorzal-all")) -> Path:
    """A study: a cell a system."""
    for number, cell in enumerate(cells):
        for seed in seeds:
            place = root / "cells" / cell / str(seed)
            system = cell.partition("-")[0]
            sentences = _sentences(place / "spoken", [system], 10_000 * number + 1000 * seed, 8, 3)
            facts = {"cell": cell, "system": system, "label": system, "training_seed": seed}
            (place / "cell.json").write_text(json.dumps(facts), encoding="utf-8")
            (place / "spoken" / "sentences.json").write_text(json.dumps({"sentences": sentences}), encoding="utf-8")
    (root / "lock.json").write_text("{}", encoding="utf-8")
    return root


def no_pages(replace: Callable[[object, str, object], None]) -> None:
    """Make tests without pages and without the sounds of the headphone check: what these hold has tests of its own."""

    def sounds(audio: Path, *, seed: int = 1) -> tuple[int, ...]:
        for number in range(6):
            write(audio / f"hp_{number + 1}.flac", np.zeros((100, 2)) + 0.1)
        return (1, 2, 3, 1, 2, 3)

    replace(pages, "write_pages", lambda test: None)
    replace(headphones, "write_headphone_sounds", sounds)
