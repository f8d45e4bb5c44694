"""Speaking with keys and values of past steps kept (key-value cache): a step costs one position, not all of them again.

What lies behind a step never changes, since no step sees a later one: its keys and values in each block are computed
once, written into a buffer, and read by every step that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from ttskit.nn import Endings
from ttskit_transformertts.decoder import SpokenSteps, Texts, TransformerDecoder
from ttskit_transformertts.layers import KeysValues

__all__ = ["Cache", "speak", "speak_blocks"]

_ROOM = 64  # steps that a cache grows by, at least; then it doubles


class Cache:
    """Keys and values of one block's past steps. Called with those of the new steps, it gives those of all."""

    def __init__(self) -> None:
        self.steps = 0
        self.room: KeysValues | None = None

    def __call__(self, now: KeysValues) -> KeysValues:
        """Add the new steps' (B, h, L, D)."""
        first, self.steps = self.steps, self.steps + now.keys.shape[2]
        if self.room is None or self.room.keys.shape[2] < self.steps:
            self.room = KeysValues(*(self._grown(index, part) for index, part in enumerate(now)))
        for room, part in zip(self.room, now, strict=True):
            room[:, :, first : self.steps] = part
        return KeysValues(*(room[:, :, : self.steps] for room in self.room))

    def _grown(self, index: int, part: Tensor) -> Tensor:
        rows, heads, _, channels = part.shape
        old = None if self.room is None else self.room[index]
        larger = part.new_empty(rows, heads, max(_ROOM, 2 * self.steps), channels)
        if old is not None:
            larger[:, :, : old.shape[2]] = old
        return larger


def speak(
    decoder: TransformerDecoder, texts: Texts, lengths: Tensor, generators: Sequence[torch.Generator] | None
) -> SpokenSteps:
    """`TransformerDecoder.speak` of the same arguments."""
    for said in speak_blocks(decoder, texts, lengths, generators):  # noqa: B007  the last is the whole
        pass
    return said()


def speak_blocks(
    decoder: TransformerDecoder, texts: Texts, lengths: Tensor, generators: Sequence[torch.Generator] | None
) -> Iterator[Callable[[], SpokenSteps]]:
    """The same while it goes on: after every few steps what gives all that was said so far.

    Before the end its `steps` are the most that a row may have, and `finished` is false.
    """
    like = texts.seen[0].keys
    noise, caps = decoder.prenet_noise(generators, like), decoder.caps(lengths)
    caches = [Cache() for _ in decoder.blocks]
    previous = like.new_zeros(len(lengths), 1, decoder.bands)
    frames: list[Tensor] = []
    gates: list[Tensor] = []
    weights: list[Tensor] = []
    most, every = int(caps.max()), 4 if like.device.type == "cpu" else 32
    for step in range(most):
        x, looked = decoder.enter(previous, None if noise is None else noise.next(), step), []
        for layer, (block, text, cache) in enumerate(zip(decoder.blocks, texts.seen, caches, strict=True)):
            x, read = block(x, None, text, texts.hidden, past=cache)
            looked.append(read.weights[:, : decoder.options.watched_heads(layer)])
        now, gate = decoder.leave(x)
        previous = now[:, :, -decoder.bands :]
        for parts, part in zip((frames, gates, weights), (now, gate, torch.cat(looked, 1)), strict=True):
            parts.append(part)
        if (step + 1) % every == 0 or step + 1 == most:  # to ask at every step would keep a GPU waiting
            gates, weights = [torch.cat(gates, 1)], [torch.cat(weights, 2)]
            end = decoder.endings(gates[0], weights[0], caps, lengths)

            def so_far(
                count: int = step + 1, end: Endings = end, gate: Tensor = gates[0], seen: Tensor = weights[0]
            ) -> SpokenSteps:
                done = min(count, int(end.ended.max()) + 1)
                said = torch.cat(frames, 1)[:, :done]
                return SpokenSteps(said, gate[:, :done].amax(2), seen[:, :, :done], end.lengths, end.finished)

            yield so_far
            if end.all_within(step + 1):
                return
