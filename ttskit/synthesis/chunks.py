"""Mels in chunks: cut for a vocoder, taken from a model that is still speaking, and the time that each part of it takes."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from ttskit.interfaces.acoustic import Spectrogram

__all__ = ["FIRST_CHUNK", "LAST_CHUNK", "Given", "TimeSpent", "chunks_of", "regrouped"]

FIRST_CHUNK, LAST_CHUNK = 16, 512  # frames given to a vocoder at once: few at first, then more for less repeated work


class TimeSpent:
    """Adds up the time that is spent inside iterators, which stand still between two values."""

    def __init__(self, timings: dict[str, float]) -> None:
        self.timings = timings

    def spent(self, name: str, values: Iterable[Any], inside: str | None = None) -> Iterator[Any]:
        """The values, with the time that each took added to `name`, and taken off `inside`, which waits for it."""
        values = iter(values)
        while True:
            started = time.perf_counter()
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                took = time.perf_counter() - started
                self.timings[name] += took
                if inside is not None:
                    self.timings[inside] -= took
            yield value


class Given:
    """The chunks of `AcousticModel.infer_stream`; when they have ended, `whole` is what it returned."""

    def __init__(self, chunks: Generator[Tensor, None, Spectrogram]) -> None:
        self._chunks = chunks
        self.whole: Spectrogram | None = None

    def __iter__(self) -> Iterator[Tensor]:
        self.whole = yield from self._chunks


def regrouped(chunks: Iterable[Tensor], frames: int | None) -> Iterator[Tensor]:
    """Mel chunks (1, M, t) cut anew as `chunks_of` would cut the whole mel, each as soon as its frames are there."""
    waiting: list[Tensor] = []
    size = frames or FIRST_CHUNK
    for chunk in chunks:
        waiting.append(chunk)
        while sum(c.shape[2] for c in waiting) >= size:
            together = torch.cat(waiting, 2)
            yield together[:, :, :size]
            waiting = [together[:, :, size:]] if together.shape[2] > size else []
            size = frames or min(2 * size, LAST_CHUNK)
    if waiting:
        yield torch.cat(waiting, 2)


def chunks_of(mel: Tensor, frames: int | None) -> Iterator[Tensor]:
    """A mel (1, M, T) in chunks of `frames`, or of 16 and then twice as many each time."""
    at, size = 0, frames or FIRST_CHUNK
    while at < mel.shape[2]:
        yield mel[:, :, at : at + size]
        at, size = at + size, frames or min(2 * size, LAST_CHUNK)
