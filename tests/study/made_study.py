"""A study folder as `ttskit study run` leaves it, without trainings: systems × seeds × minutes with known true effects.

Every number is base + effects + run + sentence + residual, so a test knows what the report should find.
"""

from __future__ import annotations

import csv
import json
import math
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml

SYSTEMS: dict[str, dict[str, str]] = {
    "tacotron2": {"decoding": "AR", "block": "LSTM"},
    "transformertts": {"decoding": "AR", "block": "transformer"},
    "fastpitch-lstm": {"decoding": "NAR", "block": "LSTM"},
    "fastpitch": {"decoding": "NAR", "block": "transformer"},
}
AIDED: dict[str, dict[str, str]] = {
    "tacotron2": {"decoding": "AR", "block": "LSTM", "durations": "given"},
    "transformertts": {"decoding": "AR", "block": "transformer", "durations": "given"},
    "tacotron2-alone": {"decoding": "AR", "block": "LSTM", "durations": "none"},
    "transformertts-alone": {"decoding": "AR", "block": "transformer", "durations": "none"},
    "fastpitch-lstm": {"decoding": "NAR", "block": "LSTM"},
    "fastpitch": {"decoding": "NAR", "block": "transformer"},
}
# measure -> measurement, unit, base, spread over runs, sentences, residual, and what natural speech has
MEASURES: dict[str, tuple[str, str, float, float, float, float, float]] = {
    "mcd_db": ("quality", "dB", 7.0, 0.25, 0.5, 0.35, 2.0),
    "log_f0_rmse_semitones": ("quality", "semitones", 3.2, 0.2, 0.6, 0.4, 0.5),
    "phone_error_rate_test": ("robustness", "%", 18.0, 1.5, 4.0, 5.0, 6.0),
    "ok_share_test": ("robustness", "%", 70.0, 4.0, 10.0, 12.0, 97.0),
    "phone_error_rate_hard": ("robustness", "%", 28.0, 2.5, 6.0, 8.0, 6.0),
    "voicing_error": ("quality", "%", 11.0, 1.0, 2.0, 2.0, 3.0),
}
COLUMNS = "system,training_seed,seed,sentence,group,speaker,measurement,measure,value,unit,weight".split(",")
PRIMARY = {"mcd_db": 0.3, "phone_error_rate_test": 2.0, "log_f0_rmse_semitones": 0.5}


def made_study(
    folder: Path,
    *,
    systems: Mapping[str, Mapping[str, str]] = SYSTEMS,
    effects: Mapping[tuple[str, ...], Mapping[str, float]] | None = None,
    minutes: Sequence[float] = (5,),
    seeds: int = 5,
    sentences: int = 12,
    spoken_seeds: int = 1,
    curve: float = -0.5,
    random: int = 1,
    noise: float = 1.0,
    failed: Mapping[tuple[str, int], str] | None = None,
    pending: Sequence[tuple[str, int]] = (),
    audio: bool = False,
    speed: bool = True,
    faults: bool = True,
    deviations: Sequence[Mapping[str, str]] = (),
) -> Path:
    """Write the folder.

    Args:
        effects: what is added to a measure where a system has these levels: {("NAR",): {"mcd_db": -1.0}}; several levels
            are an interaction.
        curve: what a doubling of the minutes adds to `mcd_db` (a fifth of the base for a rate).
        noise: factor of all spreads.
        failed, pending: trainings (cell, seed) that have no numbers; why they failed.
    """
    draw = np.random.default_rng(random)
    aided = {name for name, levels in systems.items() if levels["decoding"] == "AR" and levels.get("durations") != "none"}
    _plan(folder, systems, minutes, seeds, aided)
    texts = [(f"t{n:02d}", "test", f"Frase de prueba número {n}.") for n in range(sentences)]
    texts += [
        (f"hard_{n:03d}", "hard", f"Trabalenguas número {n}, tres tristes tigres.") for n in range(max(2, sentences // 3))
    ]
    per_sentence = {m: {t[0]: draw.normal(0, noise * v[4]) for t in texts} for m, v in MEASURES.items()}
    planned = []
    for system, levels in systems.items():
        for amount in minutes:
            cell = f"{system}-{amount:g}min"
            planned.append({"name": cell, "system": system, "minutes": amount, "corpus": "corpus"})
            for seed in range(1, seeds + 1):
                if (cell, seed) in pending:
                    continue
                place = folder / "cells" / cell / str(seed)
                needs = f"aligner-{amount:g}min" if system in aided else None
                _json(
                    place / "cell.json",
                    {
                        "system": system,
                        "factors": dict(levels),
                        "minutes": amount,
                        "corpus": "corpus",
                        "training_seed": seed,
                        "needs": needs,
                        "label": system,
                    },
                )
                reason = (failed or {}).get((cell, seed))
                state = "failed" if reason else "done"
                stage = "train" if state != "done" else ""
                facts = {"status": state, "stage": stage, "attempts": 1, "error": reason or ""}
                _json(place / "state.json", facts | {"seconds": {"train": 600.0, "speak": 40.0}})
                if state == "done":
                    _cost(place, system, amount, needs)
                    _spoken(
                        place / "spoken",
                        draw,
                        system,
                        levels,
                        math.log2(amount / minutes[0]) * curve,
                        seed,
                        texts,
                        per_sentence,
                        effects or {},
                        spoken_seeds,
                        noise,
                        audio,
                        faults,
                    )
    lock = {
        "format": 1,
        "plan_sha256": "a" * 64,
        "corpora": {"corpus": "b" * 64},
        "code": {"ttskit": "0.9", "git_commit": "c0ffee1"},
    }
    _json(folder / "lock.json", lock | {"seeds": list(range(1, seeds + 1)), "cells": planned})
    if deviations:
        _json(folder / "deviations.json", list(deviations))
    if speed:
        _speed(folder, systems)
    return folder


def _plan(folder: Path, systems: Mapping, minutes: Sequence[float], seeds: int, aided: set[str]) -> None:
    plan = {
        "question": "Is speech decoded in parallel better than speech decoded frame by frame, from minutes of recordings?",
        "corpus": "prepared",
        "systems": {
            name: {"recipe": "cells-small", "model": name.split("-")[0], "factors": dict(levels), "durations": name in aided}
            for name, levels in systems.items()
        },
        "minutes": list(minutes),
        "seeds": list(range(1, seeds + 1)),
        "aligner": {"recipe": "cells-small", "model": "fastpitch"},
        "budget": {"utterances": 4800},
        "primary": PRIMARY,
        "secondary": ["ok_share_test", "phone_error_rate_hard", "voicing_error"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _cost(place: Path, system: str, minutes: float, needs: str | None) -> None:
    parallel = system.startswith("fastpitch")
    own = {
        "utterances": 4800,
        "frames": 4800 * 210,
        "seconds": 420.0 if parallel else 900.0,
        "multiply_adds": 3.1e13 if parallel else 5.2e13,
        "parameters": 1_100_000 if parallel else 1_130_000,
    }
    lent = {"utterances": 1600, "frames": 1600 * 210, "seconds": 140.0, "multiply_adds": 1.0e13} if needs else None
    _json(place / "cost.json", own | {"needs": lent})


def _spoken(
    place, draw, system, levels, growth, seed, texts, per_sentence, effects, spoken_seeds, noise, audio, faults
) -> None:
    place.mkdir(parents=True, exist_ok=True)
    rows = []
    for measure, (measurement, unit, base, over_runs, _, residual, natural) in MEASURES.items():
        hard = measure.endswith("_hard")
        level = set(levels.values())
        shift = sum(by.get(measure, 0.0) for needed, by in effects.items() if set(needed) <= level)
        shift += growth * (1 if measure == "mcd_db" else 4 if unit == "%" and "ok" not in measure else 0)
        run = draw.normal(0, noise * over_runs)
        for sentence, group, _ in texts:
            if (group == "hard") != hard:
                continue
            weight = 30 + len(sentence) if measure.startswith("phone") else 1
            common = {"sentence": sentence, "group": group, "speaker": "ana", "measurement": measurement, "measure": measure}
            common |= {"unit": unit, "weight": weight}
            value = base + shift + run + per_sentence[measure][sentence]
            for said in range(spoken_seeds):
                number = value + draw.normal(0, noise * residual)
                rows.append({"system": system, "training_seed": seed, "seed": said, "value": repr(float(number))} | common)
            rows.append({"system": "natural", "training_seed": "", "seed": "", "value": repr(natural)} | common)
    with (place / "observations.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    listed = []
    for n, (sentence, group, text) in enumerate(texts):
        samples = []
        for who in ("natural", system):
            path = f"audio/{who}_{sentence}.wav"
            samples.append({"system": who, "seed": 0, "audio": path, "finished": True, "remarks": []})
            if audio and n < 3:
                _tone(place / path, 200 + 40 * n + 10 * seed, 0.05 if who == "natural" else 0.3)
        listed.append(
            {"id": sentence, "group": group, "text": text, "words": text.split(), "speaker": "ana", "samples": samples}
        )
    content: dict = {"measures": {key: _measure(key) for key in MEASURES}, "notes": [], "sentences": listed}
    if faults:
        smallest = [
            {"measure": "mcd_db", "fault": "noise", "strength": 20, "unit": "dB SNR", "seen": True},
            {"measure": "phone_error_rate_test", "fault": "skip", "strength": 20, "unit": "% of sentences", "seen": True},
            {"measure": "log_f0_rmse_semitones", "fault": "skip", "strength": 50, "unit": "% of sentences", "seen": False},
            {"measure": "pesq", "fault": "skip", "strength": 50, "unit": "% of sentences", "seen": False},
        ]
        content["data"] = {
            "faults": {"smallest": smallest, "faults": {"skip": {"title": "a word left out"}, "noise": {"title": "noise"}}},
            "robustness": {"recogniser": JUDGE},
        }
    _json(place / "sentences.json", content)


JUDGE = {"natural_phone_error_rate": 0.061, "calibration_sentences": 24, "trusted": True, "reason": ""}
TITLES = {
    "mcd_db": "mel-cepstral distortion (DCT of the 80-band mel, order 13)",
    "log_f0_rmse_semitones": "F0 error",
    "phone_error_rate_test": "phone error rate, test sentences",
    "ok_share_test": "sentences without fault, test sentences",
    "phone_error_rate_hard": "phone error rate, hard sentences",
    "voicing_error": "voicing error",
}


def _measure(key: str) -> dict:
    measurement, unit = MEASURES[key][:2]
    better = "higher" if key.startswith("ok") else "lower"
    facts = {"title": TITLES[key], "unit": unit, "better": better, "digits": 1 if unit == "%" else 2, "how": "", "factor": 1.0}
    return {"key": key, **facts, "measurement": measurement}


def _speed(folder: Path, systems: Mapping[str, Mapping[str, str]]) -> None:
    """As `measure_speeds` and `ranking` have it."""

    def spread(value: float) -> dict[str, float]:
        return {"value": value, "low": 0.97 * value, "high": 1.05 * value, "count": 7}

    found = {}
    for name, levels in systems.items():
        slow = levels["decoding"] == "AR"
        lengths = [
            {"tokens": n, "natural_s": n * 0.07, "latency": spread(0.004 * n if slow else 0.03 + 0.0008 * n), "repeats": 7}
            for n in (20, 60, 180)
        ]
        first = spread(0.06 if slow else 0.09) | {"tokens": 58, "text": "Frase.", "natural_s": 4.1}
        found[name] = {"lengths": lengths, "first_audio": first, "parameters": 1_100_000}
    fastest = {"first_audio_s": {"fastest": None}, "latency_s": {"fastest": None}}
    machine = {"busy": False, "cores": 2, "threads": 1, "others": 0.1}
    _json(folder / "speed.json", {"systems": found, "ranking": {"why_not": "", "measures": fastest}, "machine": machine})


def _tone(path: Path, hz: float, level: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = (32767 * level * np.sin(2 * np.pi * hz * np.arange(4000) / 8000)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
