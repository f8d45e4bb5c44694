"""What each training was given: what it read, and the help that it had beside tokens and mels. Its cost is charged to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ttskit.config import Recipe
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import TTSKitError
from ttskit.measure.systems import System
from ttskit.measure.training import training_curves
from ttskit.plugins import Registry
from ttskit.runs.align import alignment_source
from ttskit.runs.folder import RunFolder
from ttskit.training.exposure import exposure_of

__all__ = ["Help", "Seen", "help_of", "seen_by"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one training read and took; None where it cannot be known (an import, another corpus, no log).

    Args:
        steps: optimiser steps of the checkpoint.
        utterances, frames: read in these steps, each counted as often as it was.
        seconds: of training.
    """

    steps: int
    utterances: int | None
    frames: int | None
    seconds: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Help:
    """What a system had beside tokens and mels.

    Args:
        aids: what goes beyond the papers of its model, in words.
        supervision: features of the recordings that it learned from: "pitch", "energy", "durations".
        alignment: of its durations: `name`, and what is known of its making: `kind` ("run" or "files"), `source`, and of a run
            `model`, `steps`, `utterances`, `seconds`; None without durations.
        start: run and step that its weights started from, as text; "" for fresh weights.
    """

    aids: tuple[str, ...]
    supervision: tuple[str, ...]
    alignment: dict[str, Any] | None
    start: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def seen_by(system: System, corpus: PreparedCorpus) -> Seen:
    """What the training of a run read until its checkpoint; `corpus` is that of the comparison."""
    step = system.loaded.step
    found = _exposure(system, corpus, step)
    curves = training_curves(system) if hasattr(system.run, "metrics") else {}
    seconds, total = curves.get("seconds"), curves.get("steps")
    if seconds is not None and total and step < total:
        seconds = seconds * step / total
    return Seen(step, *(found or (None, None)), seconds)


def _exposure(system: System, corpus: PreparedCorpus, step: int) -> tuple[int, int] | None:
    recipe, info = system.loaded.recipe, system.run.info
    known = (info.get("corpus") or {}).get("manifest_sha256")
    if not isinstance(recipe, Recipe) or system.seed is None or info.get("rehearsal") or known != _manifest(corpus):
        return None
    try:
        found = exposure_of(system.loaded.model, corpus, recipe.training_for(system.loaded.name), system.seed, step)
    except TTSKitError:  # an alignment that is gone
        return None
    return found.utterances, found.frames


def _manifest(corpus: PreparedCorpus) -> str:
    return hashlib.sha256((corpus.folder / "manifest.jsonl").read_bytes()).hexdigest()


def help_of(systems: Sequence[System], corpus: PreparedCorpus, registry: Registry) -> Help:
    """The help of a system, of which `systems` are the runs."""
    first = systems[0]
    info = first.run.info
    alignment = None
    if first.given_durations:
        made = alignment_source(corpus, first.alignment) if first.alignment else {}
        if folder := made.pop("folder", None):
            made["utterances"] = _read_by(folder, made.get("steps"), corpus, registry)
        alignment = {"name": first.alignment, **made}
    start = f"{info['init_from']}, step {info.get('init_from_step', '?')}" if info.get("init_from") else ""
    return Help(first.aids, first.features, alignment, start)


def _read_by(folder: str, steps: Any, corpus: PreparedCorpus, registry: Registry) -> int | None:
    """Utterances that the run in `folder` read in so many steps; None if it is not there any more, or read another corpus."""
    try:
        run = RunFolder.open(folder)
        recipe = run.recipe(registry)
        if (
            recipe is None
            or not isinstance(steps, int)
            or (run.info.get("corpus") or {}).get("manifest_sha256") != _manifest(corpus)
        ):
            return None
        model, _ = run.build(registry)
        return exposure_of(model, corpus, recipe.training_for(run.model), int(run.info["seed"]), steps).utterances
    except (TTSKitError, KeyError):
        return None
