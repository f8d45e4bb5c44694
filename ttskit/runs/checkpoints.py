"""Checkpoints: weights as safetensors, the trainer's state as plain tensors, a JSON file with their hashes."""

from __future__ import annotations

import hashlib
import io
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

import ttskit
from ttskit.errors import CheckpointError
from ttskit.reading import Misread, as_type, read_json
from ttskit.runs.files import write_folder
from ttskit.runs.stored import CheckpointFacts

__all__ = [
    "CHOSEN",
    "FACTS",
    "FORMAT",
    "TRAINER",
    "WEIGHTS",
    "Checkpoint",
    "best_of",
    "choose",
    "find_checkpoints",
    "prune",
    "read_trainer",
    "read_weights",
    "still_good",
    "write_checkpoint",
]

FORMAT = 1
# The checkpoint of a run for whoever names none, the same wherever a voice speaks, is compared, aligned with or started from.
# An acoustic model has its last: all of its budget, and nothing chosen. Its validation loss is its training loss under the
# recording's own frames, another thing for each kind of model and for each stage of one training, and no measure of its speech.
# A vocoder has its best, which is ranked by the mel of what would be spoken.
CHOSEN = {"acoustic model": "last", "vocoder": "best", "recogniser": "best"}
WEIGHTS, TRAINER, FACTS = "model.safetensors", "trainer.pt", "checkpoint.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint on disk.

    Args:
        folder: where it lies.
        step: optimiser steps done.
        facts: content of checkpoint.json, {} if that cannot be read.
        fault: why it cannot, "" if it can.
    """

    folder: Path
    step: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def validation_loss(self) -> float | None:
        """Loss that ranks it, None if this step was not validated or its loss is not finite."""
        loss = self.facts.get("validation_loss")
        return loss if loss is not None and math.isfinite(loss) else None


def write_checkpoint(
    parent: Path,
    step: int,
    weights: Mapping[str, Tensor],
    trainer: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Write `parent`/step_NNNNNNNN, whole or not at all.

    Args:
        weights: the model's state dict.
        trainer: tensors, numbers, strings, lists and dicts only, so that it loads with weights_only=True; None for
            an imported model.
        facts: more for checkpoint.json.

    Raises:
        TrainingError: the disk is full; earlier checkpoints stay.
    """
    files = {WEIGHTS: save_safetensors(_separate(weights))}
    if trainer is not None:
        buffer = io.BytesIO()
        torch.save(dict(trainer), buffer)
        files[TRAINER] = buffer.getvalue()
    described = {
        "format": FORMAT,
        "step": step,
        **(facts or {}),
        "versions": {"ttskit": ttskit.__version__, "torch": torch.__version__},
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    files[FACTS] = (json.dumps(described, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    folder = parent / f"step_{step:08d}"
    earlier = [c for c in find_checkpoints(parent) if c.step != step]
    write_folder(folder, files, still_good(earlier))
    return Checkpoint(folder, step, described)


def still_good(earlier: Sequence[Checkpoint]) -> str:
    """For the message if the disk is full: which of these checkpoints a training can go on from."""
    return f"the last good checkpoint is {earlier[-1].folder.name}" if earlier else "there is no earlier checkpoint"


def _separate(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous CPU tensors, tied ones copied (safetensors refuses shared memory)."""
    seen: set[int] = set()
    result = {}
    for name, tensor in weights.items():
        tensor = tensor.detach().cpu().contiguous()
        place = tensor.untyped_storage().data_ptr()
        result[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return result


def find_checkpoints(parent: Path) -> list[Checkpoint]:
    """Checkpoints by step; files are not verified here."""
    found = []
    for folder in parent.glob("step_*"):
        number = folder.name.removeprefix("step_")
        if number.isdecimal() and len(number) < 16 and folder.is_dir():
            facts, fault = {}, ""
            try:
                facts = as_type(dict[str, Any], read_json(folder / FACTS))
                as_type(CheckpointFacts, facts)
            except (OSError, Misread) as error:
                facts, fault = {}, (error.strerror if isinstance(error, OSError) else None) or str(error)
            found.append(Checkpoint(folder, int(number), facts, fault))
    return sorted(found, key=lambda c: c.step)


def best_of(checkpoints: Sequence[Checkpoint]) -> Checkpoint | None:
    """The one with the lowest validation loss (the earliest of equals), None if none was validated."""
    ranked = [c for c in checkpoints if c.validation_loss is not None]
    return min(ranked, key=lambda c: (c.validation_loss, c.step)) if ranked else None


def choose(checkpoints: Sequence[Checkpoint], which: str | int, run: Path) -> Checkpoint:
    """ "best" (the last if none was validated), "last", or a step.

    Raises:
        CheckpointError: there is none, or not that one.
    """
    if not checkpoints:
        raise CheckpointError(
            f"{run} has no checkpoint",
            "training ended before the first one was written",
            "continue it: ttskit train … --resume",
        )
    if which == "last":
        return checkpoints[-1]
    if which == "best":
        return best_of(checkpoints) or checkpoints[-1]
    for checkpoint in checkpoints:
        if str(checkpoint.step) == str(which):
            return checkpoint
    have = ", ".join(str(c.step) for c in checkpoints)
    raise CheckpointError(f"{run} has no checkpoint {which!r}", f"there are: best, last, {have}", "name one of these")


def read_weights(checkpoint: Checkpoint, others: Sequence[Checkpoint] = ()) -> dict[str, Tensor]:
    """The state dict, on the CPU.

    Raises:
        CheckpointError: damaged or from another version; names the newest earlier one of `others` that is good.
    """
    data = _verified(checkpoint, WEIGHTS, others)
    try:
        return load_safetensors(data)
    except (SafetensorError, ValueError) as error:
        raise _damaged(checkpoint, f"{WEIGHTS}: {error}", others) from error


def read_trainer(checkpoint: Checkpoint, others: Sequence[Checkpoint] = ()) -> dict[str, Any]:
    """The trainer's state, on the CPU; errors as `read_weights`."""
    if TRAINER not in checkpoint.facts.get("sha256", {TRAINER: ""}):
        raise CheckpointError(
            f"{checkpoint.folder} cannot be resumed",
            "it was imported: it holds weights and no optimiser state",
            "start a new run from it with --init-from",
        )
    data = _verified(checkpoint, TRAINER, others)
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle may raise anything
        raise _damaged(checkpoint, f"{TRAINER}: {error}", others) from error


def _fault(checkpoint: Checkpoint, name: str) -> tuple[bytes, str]:
    """Content of a file and what is wrong with it ("" if nothing)."""
    expected = checkpoint.facts.get("sha256", {}).get(name)
    if expected is None:
        return b"", f"{FACTS} is missing or damaged" + (
            f": {checkpoint.fault}" if checkpoint.fault else f": it has no hash of {name}"
        )
    try:
        data = (checkpoint.folder / name).read_bytes()
    except OSError as error:
        return b"", f"{name}: {error.strerror or error}"
    if hashlib.sha256(data).hexdigest() != expected:
        return data, f"{name} is not what was written ({len(data)} bytes, its hash differs)"
    return data, ""


def _verified(checkpoint: Checkpoint, name: str, others: Sequence[Checkpoint]) -> bytes:
    if checkpoint.facts.get("format", FORMAT) != FORMAT:
        raise CheckpointError(
            f"{checkpoint.folder} is from another version of ttskit",
            f"checkpoint format {checkpoint.facts['format']}, this ttskit reads {FORMAT}",
            f"use ttskit {checkpoint.facts.get('versions', {}).get('ttskit', 'of that time')}",
        )
    data, fault = _fault(checkpoint, name)
    if fault:
        raise _damaged(checkpoint, fault, others)
    return data


def _damaged(checkpoint: Checkpoint, why: str, others: Sequence[Checkpoint]) -> CheckpointError:
    for other in sorted((o for o in others if o.step < checkpoint.step), key=lambda c: -c.step):
        if other.facts.get("sha256") and not any(_fault(other, name)[1] for name in other.facts["sha256"]):
            return CheckpointError(
                f"checkpoint {checkpoint.folder} is damaged",
                f"{why}\nthe previous one, {other.folder.name}, is good",
                f"delete {checkpoint.folder} to go on from step {other.step}, or name checkpoint {other.step}",
            )
    return CheckpointError(
        f"checkpoint {checkpoint.folder} is damaged",
        f"{why}\nthere is no earlier good one",
        "restore it from a backup or train again",
    )


def prune(parent: Path, keep_last: int) -> None:
    """Remove all but the newest `keep_last` and the best."""
    checkpoints = find_checkpoints(parent)
    best = best_of(checkpoints)
    for checkpoint in checkpoints[:-keep_last]:
        if best is None or checkpoint.step != best.step:
            shutil.rmtree(checkpoint.folder, ignore_errors=True)
