"""Answers to a small test, made without a browser: what a listener with a known taste would send."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import Key, ListeningPlan, Trial

__all__ = ["answered", "code_of", "response_of", "write_answers"]

# How good a system is to these listeners, in the scale of mos.
TASTE: Mapping[str, float] = {"tacotron2": 2.6, "fastpitch": 3.4, "natural": 4.6}


def code_of(form: int, seed: int = 0) -> str:
    """A listener's code for a form."""
    return f"{form:02d}-" + "".join(random.Random(f"{form} {seed}").choices("abcdefghijkmnpqrstuvwxyz23456789", k=8))


def response_of(plan: ListeningPlan, key: Key, trial: Trial, rng: random.Random, taste: Mapping[str, float] = TASTE) -> Any:
    """What a careful listener answers; gold, attention and same trials are answered right."""
    role = key.roles[trial.id]
    if role.role in ("gold", "attention") and role.right:
        right = role.right[0]
        return int(right) if plan.kind in ("cmos", "mos") else right
    heard = [key.sounds[name] for name in trial.sounds]
    likes = [1.0 if one.anchor else taste.get(one.system, 3.0) for one in heard]
    match plan.kind:
        case "cmos":
            same = trial.sounds[0] == trial.sounds[1]
            return 0 if same else max(-3, min(3, round(likes[1] - likes[0] + rng.gauss(0, 1))))
        case "mos":
            return max(1, min(5, round(likes[0] + rng.gauss(0, 0.7))))
        case "ab":
            if plan.allow_none and trial.sounds[0] == trial.sounds[1]:
                return "none"
            return "second" if likes[1] - likes[0] + rng.gauss(0, 1) > 0 else "first"
        case "abx":
            right = "first" if trial.sounds[2] == trial.sounds[0] else "second"
            return right if rng.random() < 0.8 else {"first": "second", "second": "first"}[right]
        case "mushra":
            return [max(0, min(100, round(20 * one + rng.gauss(0, 4)))) if one < 4.5 else 100 for one in likes]
        case _:
            words = heard[0].text.split()
            return " ".join(word for word in words if rng.random() > 0.3 / likes[0])


def answered(
    plan: ListeningPlan,
    key: Key,
    form: int,
    *,
    seed: int = 0,
    most: int | None = None,
    respond: Callable[..., Any] = response_of,
    questions: Mapping[str, str] | None = None,
    rt_ms: int | None = None,
) -> dict[str, Any]:
    """A listener's file as plain data: the first `most` trials, or all."""
    rng = random.Random(f"{form} {seed} answers")
    trials = plan.forms[form].trials[:most]
    answers = [
        {
            "trial": trial.id,
            "response": respond(plan, key, trial, rng),
            "plays": [1] * len(trial.sounds),
            "heard": len(trial.sounds),
            "rt_ms": rng.randint(3000, 9000) if rt_ms is None else rt_ms,
            "at": f"2026-11-28T20:{i // 60 % 60:02d}:{i % 60:02d}Z",
        }
        for i, trial in enumerate(trials)
    ]
    whole = len(trials) == len(plan.forms[form].trials)
    return {
        "format": 1,
        "test": plan.id,
        "listener": code_of(form, seed),
        "form": form,
        "language": "es",
        "began": "2026-11-28T20:00:00Z",
        "ended": "2026-11-28T20:20:00Z" if whole else "",
        "complete": whole,
        "consent": True,
        "browser": {"name": "Firefox", "mobile": form % 3 == 0, "width": 1400, "height": 900},
        "questions": dict(questions if questions is not None else {"variety": ("rioplatense", "other")[form % 2]}),
        "answers": answers,
    }


def write_answers(test: TestFolder, listeners: int | None = None, **more: Any) -> list[Path]:
    """One file for each form (several rounds of forms where `listeners` is larger) in the test's own folder."""
    plan, key = test.plan(), test.key()
    test.answers.mkdir(exist_ok=True)
    paths = []
    for number in range(listeners or len(plan.forms)):
        file = answered(plan, key, number % len(plan.forms), seed=number // len(plan.forms), **more)
        paths.append(test.answers / f"answers-{file['listener']}.json")
        paths[-1].write_text(json.dumps(file), encoding="utf-8")
    return paths
