"""The sounds of a study's page: one file for each training and sentence, all at one level of speech."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ttskit.audio.loudness import levelling_gain_db
from ttskit.interfaces.measurement import NATURAL
from ttskit_study.collected import Collected, StudyRun

__all__ = ["LEVEL_DBFS", "copy_samples"]

LEVEL_DBFS = -26.0  # of speech, as ITU-T P.56 levels are set for listening; leaves room for the peaks of most voices


def copy_samples(study: Collected, out: Path) -> dict[str, list[dict[str, Any]]]:
    """Write `out`/audio and say what is in it.

    Returns:
        `sentences` (id, text, group), `spoken` (system, label, group of minutes and corpus, seed, sentence, audio) and
        `natural` (sentence, audio). Of several seeds of synthesis the first; sounds that cannot be read are left out.
    """
    sentences: dict[str, dict[str, Any]] = {}
    spoken: list[dict[str, Any]] = []
    natural: dict[str, dict[str, Any]] = {}
    for run in study.done:
        for sentence in run.spoken.get("sentences") or []:
            first: dict[str, Mapping[str, Any]] = {}
            for sample in sentence.get("samples") or []:
                first.setdefault(str(sample.get("system")), sample)
            own, name = first.get(run.arm.system), f"{sentence['id']}.wav"
            if own is not None and (path := _copied(run, own, out, f"audio/{run.arm.name}/{run.seed}/{name}")):
                group = " · ".join(([f"{run.arm.minutes:g}"] if run.arm.minutes is not None else []) + [run.arm.corpus])
                facts = {"system": run.arm.system, "label": run.arm.label, "group": group, "seed": run.seed}
                spoken.append({**facts, "sentence": sentence["id"], "audio": path})
                sentences.setdefault(sentence["id"], {k: sentence[k] for k in ("id", "text", "group")})
            heard = first.get(NATURAL)
            known = sentence["id"] in natural
            if heard is not None and not known and (path := _copied(run, heard, out, f"audio/natural/{name}")):
                natural[sentence["id"]] = {"sentence": sentence["id"], "audio": path}
    if len({run.arm.corpus for run in study.done}) < 2:
        for one in spoken:
            one["group"] = one["group"].split(" · ")[0]
    return {"sentences": list(sentences.values()), "spoken": spoken, "natural": list(natural.values())}


def _copied(run: StudyRun, sample: Mapping[str, Any], out: Path, name: str) -> str:
    """The path below `out` of a sound at the common level; "" where there is none."""
    source = run.place.spoken / str(sample.get("audio") or "")
    try:
        if not source.is_file() or not source.resolve().is_relative_to(run.place.spoken.resolve()):
            return ""
        audio, rate = soundfile.read(source, dtype="float32", always_2d=True)
    except (OSError, RuntimeError):
        return ""
    mono = audio.mean(axis=1)
    gain = levelling_gain_db(mono, rate, LEVEL_DBFS) if mono.size else 0.0
    target = out / name
    target.parent.mkdir(parents=True, exist_ok=True)
    louder = mono * np.float32(10 ** (gain / 20)) if np.isfinite(gain) else mono
    soundfile.write(target, louder, rate, subtype="PCM_16")
    return name
