"""What was laid out of the weights for speaking, kept for the next sentence while the weights are what they were."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from ttskit_tacotron2.decoder import Decoder

__all__ = ["Kept"]


class Kept:
    """What may be used again for the next sentence. It belongs to one decoder and its weights of now: a copy starts empty."""

    def __init__(self) -> None:
        self.lock, self.turn = threading.Lock(), threading.Lock()
        self.version: tuple = ()
        self.values: dict[tuple, object] = {}

    def __deepcopy__(self, memo: dict) -> Kept:
        return Kept()

    def __reduce__(self) -> tuple:
        return Kept, ()

    def get(self, decoder: Decoder, key: tuple, make: Callable[[], object], most: int) -> object:
        """The value for `key`, made if it is not there or the weights have changed since; at most `most` of one key[0]."""
        # Fused optimisers change weights without counting it, hence the sums: one reading of all weights, less than a step.
        weights = [p.detach() for p in decoder.parameters()]
        sums = torch.stack([w.sum() for w in weights]).tolist()
        counts = ((w.data_ptr(), 0 if w.is_inference() else getattr(w, "_version", 0)) for w in weights)
        version = (decoder.reduction, *sums, *counts)
        with self.lock:
            if version != self.version:
                self.version, self.values = version, {}
            if key not in self.values:
                older = [k for k in self.values if k[0] == key[0]]
                for k in older[: max(0, len(older) + 1 - most)]:
                    del self.values[k]
                self.values[key] = make()
            return self.values[key]

    def alone(self, device: torch.device) -> contextlib.AbstractContextManager:
        """On a GPU one thread speaks at a time: a graph has one state."""
        return self.turn if device.type == "cuda" else contextlib.nullcontext()

    def clear(self) -> None:
        """Let go of everything."""
        self.version, self.values = (), {}
