"""What the loop reads: batches of the right kind for a model, in order from any step, loaded ahead."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from ttskit.config.training import TrainingConfig
from ttskit.corpus.batches import AcousticBatches, Rehearsal, SegmentBatches
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.subsets import subset_facts
from ttskit.errors import ConfigError
from ttskit.interfaces.acoustic import AcousticModel
from ttskit.interfaces.trainable import Trainable
from ttskit.runs.forced import ForcedMels

__all__ = ["AHEAD", "Batches", "Loader", "SharedBatches", "Shares", "Work", "batches_for", "corpus_facts", "rehearsal_facts"]

AHEAD = 4  # batches loaded while the device works


class Batches(Protocol):
    """`AcousticBatches` or `SegmentBatches`."""

    def epoch(self, n: int) -> list[list[str]]: ...

    def load(self, ids: Sequence[str], epoch: int) -> Any: ...

    def frames(self, ids: Sequence[str]) -> int: ...


@dataclass(frozen=True, slots=True)
class Shares:
    """A process's part of a global batch, cut into batches that are worked on one after the other (`accumulation`)."""

    parts: tuple[Any, ...]

    @property
    def frames(self) -> int:
        """Of all of them."""
        return sum(part.frames for part in self.parts)


class SharedBatches:
    """Batches of which a process takes `count` shares, as if it were `count` processes.

    Args:
        of: (rank, world) -> the batches of one process among `world`.
    """

    def __init__(self, of: Callable[[int, int], Batches], rank: int, world: int, count: int) -> None:
        self._parts = [of(rank * count + i, world * count) for i in range(count)]
        self.left_out = getattr(self._parts[0], "left_out", [])

    def epoch(self, n: int) -> list[list[str]]:
        """Global batches of an epoch."""
        return self._parts[0].epoch(n)

    def load(self, ids: Sequence[str], epoch: int) -> Shares:
        """This process's shares of a global batch."""
        return Shares(tuple(part.load(ids, epoch) for part in self._parts))

    def frames(self, ids: Sequence[str]) -> int:
        """Frames of a global batch, padding counted."""
        return self._parts[0].frames(ids)


def batches_for(
    model: Trainable,
    corpus: PreparedCorpus,
    split: str,
    config: TrainingConfig,
    seed: int,
    rank: int,
    world: int,
    mels: ForcedMels | None = None,
    rehearsal: Rehearsal | None = None,
) -> Batches:
    """Whole utterances with the features that an acoustic model asks for, or segments (of `mels`) for a vocoder.

    Of each batch the share of process `rank` among `world`; batches to train on are `config.accumulate` times as large as
    one share may be.

    Symbols and speakers are numbered as the model numbers them, which may be otherwise than the corpus does.
    """
    shares, many = {"rank": rank, "world": world}, config.accumulate if split == "train" else 1
    if isinstance(model, AcousticModel):
        if "durations" in model.features and config.alignment is None:
            raise ConfigError(
                f"{type(model).__name__} trains on durations, and the recipe names no alignment",
                "training.alignment is not set",
                "ttskit align DATA --from RUN --name NAME, then --set training.alignment=NAME",
            )
        return AcousticBatches(
            corpus,
            split,
            model.features,
            config.frames_per_batch * many,
            config.max_utterances * many,
            seed,
            alignment=config.alignment if "durations" in model.features else None,
            context=model.context,
            rehearsal=rehearsal,
            minutes=config.minutes,
            **shares,
        )
    return SegmentBatches(
        corpus,
        split,
        model.segment_frames,
        config.segments_per_batch * many,
        seed,
        **shares,
        mels=mels,
        features=model.features,
        minutes=config.minutes,
    )


def corpus_facts(corpus: PreparedCorpus, minutes: float | None = None) -> dict[str, Any]:
    """What identifies a corpus in run.json: folder, hash of its manifest and mel, sizes of its splits, who read its F0.

    Where only some `minutes` of it are trained on, also which.
    """
    facts = {"pitch_extractor": corpus.pitch_extractor, "provenance": corpus.info.get("provenance")}
    return {**_identity(corpus), **facts, **subset_facts(corpus, minutes)}


def rehearsal_facts(rehearsal: Rehearsal | None) -> dict[str, Any] | None:
    """What identifies the corpus that is mixed in, and how much of it."""
    if rehearsal is None:
        return None
    return {**_identity(rehearsal.corpus), "share": rehearsal.share, "speakers": list(rehearsal.speakers)}


def _identity(corpus: PreparedCorpus) -> dict[str, Any]:
    manifest = hashlib.sha256((corpus.folder / "manifest.jsonl").read_bytes()).hexdigest()
    sizes = {split: len(corpus.split(split)) for split in ("train", "validation", "test")}
    return {"folder": str(corpus.folder.resolve()), "manifest_sha256": manifest, "mel": corpus.mel.hash(), "utterances": sizes}


@dataclass(frozen=True, slots=True)
class Work:
    """One step's batch, and where it lies.

    Args:
        epoch, index: epoch and batch within it, from 0.
        ids: the global batch.
        batch: this process's share, on the CPU.
        next: (epoch, index) of the step after it.
    """

    epoch: int
    index: int
    ids: tuple[str, ...]
    batch: Any
    next: tuple[int, int]


class Loader:
    """Reads batches in one background thread. Every reading of the corpus goes through that thread,
    so that validation and training never use the corpus's cache at once."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ttskit-batches")

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def call(self, function: Callable, *arguments: Any) -> Any:
        """Call something that reads the corpus, now."""
        return self._thread.submit(function, *arguments).result()

    def load(self, batches: Batches, ids: Sequence[str], epoch: int) -> Any:
        """One batch, now."""
        return self.call(batches.load, ids, epoch)

    def steps(self, batches: Batches, epoch: int = 0, index: int = 0, count: int | None = None) -> Iterator[Work]:
        """Batches from (epoch, index) on: `count` of them, or without end."""
        waiting: deque[tuple[int, int, list[str], tuple[int, int], Future]] = deque()
        places = _places(batches, epoch, index, count)
        try:
            while True:
                while len(waiting) < AHEAD and (place := next(places, None)) is not None:
                    e, i, ids, after = place
                    waiting.append((e, i, ids, after, self._thread.submit(batches.load, ids, e)))
                if not waiting:
                    return
                e, i, ids, after, future = waiting.popleft()
                yield Work(e, i, tuple(ids), future.result(), after)
        finally:
            for *_, future in waiting:
                future.cancel()


_Place = tuple[int, int, list[str], tuple[int, int]]  # epoch, index, ids, where the next one is


def _places(batches: Batches, epoch: int, index: int, count: int | None) -> Iterator[_Place]:
    done = 0
    while True:
        groups = batches.epoch(epoch)
        for i in range(index, len(groups)):
            if count is not None and done >= count:
                return
            done += 1
            yield epoch, i, groups[i], (epoch, i + 1) if i + 1 < len(groups) else (epoch + 1, 0)
        epoch, index = epoch + 1, 0
