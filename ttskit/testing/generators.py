"""Checks of a vocoder's randomness: it comes from one generator per row, and from nothing else.

Each check takes the vocoder (in evaluation mode) and a log mel (B, M, T) of several rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.vocoder import Vocoder, takes_generators, vocoder_generators
from ttskit.testing.checks import must_refuse, need

__all__ = [
    "other_generators_other_audio",
    "rows_have_generators_of_their_own",
    "same_generators_same_audio",
    "seeded",
    "stochastic_is_declared",
]

_ATOL = 1e-4


def seeded(vocoder: Vocoder, mel: Tensor, seeds: Iterable[int] | None = None) -> Tensor:
    """Audio (B, T * hop) of a mel with generators of these seeds; 0, 1, … by default."""
    seeds = range(mel.shape[0]) if seeds is None else seeds
    with torch.inference_mode():
        return vocoder.eval().infer(mel, generators=vocoder_generators(seeds))


def stochastic_is_declared(plugin: Plugin, vocoder: Vocoder) -> None:
    """The fact `stochastic` is one truth in description and class, and what is stochastic takes generators."""
    described = plugin.facts.get("stochastic", False)
    need(
        described == vocoder.stochastic,
        f"fact 'stochastic': the description says {described!r}, the vocoder {vocoder.stochastic!r}",
    )
    methods: Sequence[str] = ("infer", "infer_stream") if vocoder.streaming else ("infer",)
    for name in methods if vocoder.stochastic else ():
        need(
            takes_generators(getattr(vocoder, name)),
            f"stochastic is declared, but {name} takes no generators: there is nothing that its noise can come from",
        )


def same_generators_same_audio(vocoder: Vocoder, mel: Tensor) -> None:
    """Equal generators give equal audio, whatever torch's global generator stands at."""
    torch.manual_seed(1)
    first = seeded(vocoder, mel)
    torch.manual_seed(2)
    again = seeded(vocoder, mel)
    what = "the same generators give" if vocoder.stochastic else "the same mel gives"
    need(
        torch.equal(first, again),
        f"{what} different audio: randomness must come from the generators passed to infer",
    )


def other_generators_other_audio(vocoder: Vocoder, mel: Tensor) -> None:
    """Other generators are heard in every row of a stochastic vocoder, and in no other vocoder's."""
    rows = mel.shape[0]
    first, other = seeded(vocoder, mel), seeded(vocoder, mel, range(rows, 2 * rows))
    if not vocoder.stochastic:
        need(torch.equal(first, other), "other generators give other audio, but stochastic is not declared")
        return
    deaf = [str(row) for row in range(rows) if torch.equal(first[row], other[row])]
    need(not deaf, f"stochastic is declared, but other generators give the same audio in row {', '.join(deaf)}")
    with torch.inference_mode():
        free = vocoder.infer(mel)
    need(free.shape == first.shape and bool(torch.isfinite(free).all()), "without generators there is no audio")
    must_refuse("another number of generators than rows", lambda: seeded(vocoder, mel, range(rows - 1)))


def rows_have_generators_of_their_own(vocoder: Vocoder, mel: Tensor) -> None:
    """A row is the same alone with its generator as in a batch with all of them."""
    together = seeded(vocoder, mel)
    for row in range(mel.shape[0]):
        alone = seeded(vocoder, mel[row : row + 1], [row])
        worst = float((alone[0] - together[row]).abs().max())
        shared = ": a generator is shared between rows" if vocoder.stochastic else ""
        need(worst <= _ATOL, f"row {row} differs by {worst:.2g} between batch and single run{shared}")
