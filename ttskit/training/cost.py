"""What a training has cost, in units that do not depend on the machine, and in seconds on it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from ttskit.corpus.batches import AcousticBatches, SegmentBatches
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CheckpointError
from ttskit.interfaces.trainable import Losses, Trainable, TrainState
from ttskit.plugins import Registry, create_registry
from ttskit.runs.checkpoints import read_trainer
from ttskit.runs.folder import RunFolder
from ttskit.training.budget import SPREAD
from ttskit.training.data import batches_for
from ttskit.training.start import open_corpus, open_rehearsal

__all__ = ["PROBES", "PROBE_UTTERANCES", "Cost", "multiply_adds_per_frame", "training_cost"]

PROBES, PROBE_UTTERANCES = 3, 4  # steps counted in each phase, and the most utterances (or segments) of each


@dataclass(frozen=True)
class Cost:
    """What a training has cost.

    Args:
        steps: of the optimiser that were done.
        utterances: trained on, each as often as it was (a vocoder's are segments).
        frames: mel frames of them, without padding.
        padded_frames: with it: what the machine computed.
        seconds: that the steps took, validation and all, where it was trained.
        multiply_adds: of forward and backward passes: matrix products, convolutions and attention.
        parameters: of the model, with what only training needs.
    """

    steps: int
    utterances: int
    frames: int
    padded_frames: int
    seconds: float
    multiply_adds: float
    parameters: int

    def to_json(self) -> dict[str, float | int]:
        """Plain data."""
        return asdict(self)


def training_cost(
    run: str | Path | RunFolder, *, data: str | Path | PreparedCorpus | None = None, registry: Registry | None = None
) -> Cost:
    """The cost of the steps that a run folder's last checkpoint holds.

    Batches are a function of seed and epoch, so utterances and frames are counted exactly, as one training in one go saw
    them. Multiply-adds are counted on a few small steps of each of the model's phases (`multiply_adds_per_frame`), and
    scaled by the padded frames. What is not counted: validation, the optimiser's own arithmetic, elementwise work, and
    whatever a run that this one started from has cost.

    Args:
        data: the prepared corpus, if it does not lie where it did.

    Raises:
        CheckpointError: no run, an import, or a run without a checkpoint or recipe.
        CorpusError: the corpus, or the alignment it was trained on, is gone.
    """
    registry = registry or create_registry()
    folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
    recipe, known = folder.recipe(registry), folder.info.get("corpus") or {}
    if recipe is None or not folder.checkpoints or not known.get("folder"):
        why = "it was not trained here" if recipe is None or not known.get("folder") else "it has no checkpoint"
        raise CheckpointError(f"the training of {folder.path} cannot be counted", why, "name a run of ttskit train")
    corpus = data if isinstance(data, PreparedCorpus) else open_corpus(data or known["folder"])
    config = recipe.training_for(folder.model)
    rehearsal = open_rehearsal(config.rehearsal, corpus, (folder.info.get("rehearsal") or {}).get("folder"))
    model, _ = folder.build(registry)
    batches = batches_for(model, corpus, "train", config, int(folder.info["seed"]), 0, 1, rehearsal=rehearsal)
    assert isinstance(batches, AcousticBatches | SegmentBatches)
    saved = read_trainer(folder.checkpoints[-1])
    steps, total = int(saved["step"]), folder.total_steps or int(saved["step"])
    each = multiply_adds_per_frame(model, batches, total)
    starts = sorted(each)
    utterances = frames = padded = 0
    adds = 0.0
    for step, ids in enumerate(_first(batches, steps)):
        size = batches.frames(ids)
        utterances, frames, padded = utterances + len(ids), frames + batches.spoken_frames(ids), padded + size
        adds += each[max(start for start in starts if start <= step)] * size
    parameters = sum(p.numel() for p in model.parameters())
    return Cost(steps, utterances, frames, padded, float(saved["seconds"]), adds, parameters)


def _first(batches: AcousticBatches | SegmentBatches, steps: int) -> Iterator[list[str]]:
    """Global batches of the first `steps` steps."""
    epoch = 0
    while steps > 0:
        groups = batches.epoch(epoch)[:steps]
        yield from groups
        steps, epoch = steps - len(groups), epoch + 1


def multiply_adds_per_frame(model: Trainable, batches: AcousticBatches | SegmentBatches, total: int) -> dict[int, float]:
    """First step of each phase of a training of `total` steps → multiply-adds of one of its steps, per padded frame.

    Counted by torch's FlopCounterMode (two operations are one multiply-add) on real batches of the first epoch, cut to a few
    utterances, at steps spread over the phase: a model may do more work in a part of it. Forward and backward passes of all
    losses, on the CPU.

    Args:
        model: is used up; gradients are left on it.
    """
    model.to("cpu").train()
    groups = batches.epoch(0)
    starts = sorted(s for s in set(model.phase_starts(total)) if s < total) or [0]
    found = {}
    with _plain_kernels(), torch.random.fork_rng(devices=[]):
        for start, end in zip(starts, [*starts[1:], total], strict=True):
            adds = frames = 0
            for probe in range(PROBES):
                share = (probe + 0.5) * SPREAD % 1.0
                ids = groups[int(share * len(groups))][:PROBE_UTTERANCES]
                state = TrainState(start + int(share * (end - start)), 0, total, 0)
                with FlopCounterMode(display=False) as counter:
                    model.training_step(batches.load(ids, 0), state, _backward)
                adds, frames = adds + counter.get_total_flops(), frames + batches.frames(ids)
            found[start] = adds / 2 / frames
    return found


@contextmanager
def _plain_kernels() -> Iterator[None]:
    """Recurrent layers as the matrix products that they are: oneDNN's one kernel for all of it is not counted."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "TF32 acceleration")  # of settings that are put back as they were
        with torch.backends.mkldnn.flags(enabled=False):
            yield


def _backward(name: str, losses: Losses) -> None:
    """In place of an optimiser: gradients of the weighted losses, and nothing changes."""
    losses.total.backward()
