"""The generator faster on a CPU, beside `model.Generator`, which says what is computed; tests hold the one to the other.

- `generator.py`: its weights laid out anew, its layers in blocks that fit the cache, on several threads.
- `toomcook.py`: wide convolutions with half the multiplications, in loops that numba compiles.

Where numba cannot compile, there is nothing here to speak with, and the plain generator speaks.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

from ttskit_hifigan.model import Generator

if TYPE_CHECKING:
    from ttskit_hifigan.fast.generator import CpuGenerator

__all__ = ["laid_out", "refusal"]


def laid_out(generator: Generator, kept: CpuGenerator | None = None) -> CpuGenerator | None:
    """A float32 generator on the CPU laid out for speaking: `kept`, if that has its weights of now; None where `refusal`."""
    if refusal():
        return None
    from ttskit_hifigan.fast.generator import CpuGenerator, weights_key

    return kept if kept is not None and kept.key == weights_key(generator) else CpuGenerator(generator)


@cache
def refusal() -> str:
    """Why numba cannot compile the loops here, "" where it can; tried once in a process, with a warning if it fails."""
    try:
        from ttskit_hifigan.fast.toomcook import compile_loops

        compile_loops()
    except Exception as error:  # not installed, no LLVM for this processor, a broken cache: each raises its own kind
        why = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
        warnings.warn(f"HiFi-GAN speaks with its plain generator, which is slower: numba cannot compile ({why})", stacklevel=2)
        return why
    return ""
