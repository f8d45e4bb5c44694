"""Speech that is given while it goes on: what of a mel is settled although the sentence is not over."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ttskit.errors import InputError

__all__ = ["Decoding", "SoFar", "one_sentence", "refined_chunks", "speaking_mode", "spoken_chunks", "within"]

_Value = TypeVar("_Value")
_Whole = TypeVar("_Whole")


class Decoding(Protocol):
    """What an autoregressive decoder has said of one sentence so far.

    frames: (1, S, r·M); steps: (1,) int64 that the sentence keeps, while it goes on the most that it may have; finished: (1,)
    bool, whether it has stopped by itself.
    """

    @property
    def frames(self) -> Tensor: ...

    @property
    def steps(self) -> Tensor: ...

    @property
    def finished(self) -> Tensor: ...


_Decoding = TypeVar("_Decoding", bound=Decoding)


class SoFar(NamedTuple):
    """A sentence that is being spoken.

    Args:
        frames: (1, M, T) decoded so far, before what sees both sides (a postnet).
        known: how many of them are the sentence's.
        over: whether it has ended.
    """

    frames: Tensor
    known: int
    over: bool


def refined_chunks(said: Iterable[SoFar], correction: Callable[[Tensor], Tensor], reach: int) -> Iterator[Tensor]:
    """The mel frames + correction(frames) in chunks (1, M, t), t ≥ 1, each as soon as nothing that is to come changes it.

    Args:
        said: ever longer beginnings of one sentence; the last is over.
        correction: of frames (1, M, T), (1, M, T): convolutions that pad with zeros.
        reach: frames to each side that a frame of the correction depends on.
    """
    at, held = 0, max(1, reach)  # one frame is held back at least, so that the end is never empty
    for frames, known, over in said:
        ready = known if over else min(known, frames.shape[2]) - held
        if ready <= at:
            continue
        first = max(0, at - reach)
        seen = frames[:, :, first : frames.shape[2] if over else ready + reach]
        yield (seen + correction(seen))[:, :, at - first : ready - first]
        at = ready


def spoken_chunks(
    blocks: Iterable[Callable[[], _Decoding]],
    reduction: int,
    cut: bool,
    correction: Callable[[Tensor], Tensor],
    reach: int,
    finish: Callable[[Tensor], Tensor],
) -> Generator[Tensor, None, tuple[_Decoding, Tensor]]:
    """The mel of a sentence that a decoder speaks block by block, in chunks; in the end, all that it said, and the whole mel.

    Args:
        blocks: after each block of steps, what gives all steps so far.
        reduction: frames per step, r.
        cut: whether frames decoded beyond the sentence's end are kept out of the correction.
        correction, reach: as for `refined_chunks`.
        finish: the log mel of a normalised one.
    """
    latest: list[_Decoding] = []

    def beginnings() -> Iterator[SoFar]:
        for said in blocks:
            latest[:] = [said()]
            frames, steps = latest[0].frames, max(1, int(latest[0].steps[0]))  # a result is never empty
            known = min(steps, frames.shape[1])
            over = bool(latest[0].finished[0]) or frames.shape[1] >= steps
            frames = frames[:, :known] if cut else frames
            yield SoFar(frames.reshape(1, reduction * frames.shape[1], -1).transpose(1, 2), known * reduction, over)

    mels = []
    for chunk in refined_chunks(beginnings(), correction, reach):
        mels.append(finish(chunk))
        yield mels[-1]
    return latest[0], torch.cat(mels, 2)


def within(
    context: Callable[[], AbstractContextManager[object]], values: Generator[_Value, None, _Whole]
) -> Generator[_Value, None, _Whole]:
    """The values of a generator, which runs inside `context()` whenever it runs, and outside of it while it waits.

    A generator that held a context itself would leave its caller in it between two values. Gradients are off inside.
    """
    while True:
        with context(), torch.inference_mode():
            try:
                value = next(values)
            except StopIteration as end:
                whole: _Whole = end.value
                return whole
        yield value


@contextmanager
def speaking_mode(model: nn.Module, device_type: str) -> Iterator[None]:
    """A model in evaluation mode and outside autocast; afterwards as it was."""
    was_training = model.training
    model.eval()
    try:
        with torch.autocast(device_type, enabled=False):
            yield
    finally:
        model.train(was_training)


def one_sentence(lengths: Tensor) -> None:
    """`InputError` unless there is one row: a stream is one sentence's."""
    if len(lengths) != 1:
        raise InputError("a stream speaks one sentence", f"got {len(lengths)}", "give them one by one")
