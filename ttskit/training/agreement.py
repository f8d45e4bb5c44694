"""Do all processes hold the same model? They start from the same numbers and take the same steps, and nothing else says so."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn

from ttskit.errors import TrainingError
from ttskit.training.processes import Processes

__all__ = ["require_same_weights"]

_FIX = {
    "after building": "make each process build the same model: the same code and versions everywhere, and random numbers from "
    "torch alone, whose seed the trainer sets",
    "at a checkpoint": "let no buffer depend on the process: batch statistics are shared by ttskit.nn.MaskedBatchNorm1d; then "
    "start again from the last checkpoint",
    "on resuming": "let every process read the same run folder: a shared one, or equal copies",
}


def require_same_weights(model: nn.Module, processes: Processes, when: str) -> None:
    """Compare the weights and buffers of all processes: each reads its own once, and one number goes around.

    Args:
        when: "after building", "at a checkpoint" or "on resuming".

    Raises:
        TrainingError: in all processes; it names the first tensor, in the order of the state dict, that differs, and the ranks.
    """
    if processes.world == 1:
        return
    own = {name: _digest(value) for name, value in model.state_dict().items() if isinstance(value, Tensor)}
    if processes.agree(repr(own)):
        return
    heard = processes.gather(own)
    names = list(dict.fromkeys(name for digests in heard for name in digests))
    differing = [name for name in names if len({digests.get(name) for digests in heard}) > 1]
    holders: dict[str | None, list[int]] = {}
    for rank, digests in enumerate(heard):
        holders.setdefault(digests.get(differing[0]), []).append(rank)
    groups = [_held(ranks, digest) for digest, ranks in holders.items()]
    raise TrainingError(
        f"the processes do not hold the same weights {when}: {differing[0]} differs",
        f"{'; '.join(groups)}\n{len(differing)} of {len(names)} tensors differ"
        + (f", also {', '.join(differing[1:4])}{' …' if len(differing) > 4 else ''}" if len(differing) > 1 else ""),
        _FIX[when],
    )


def _digest(value: Tensor) -> str:
    """Of type, shape and every bit."""
    plain = value.detach().cpu().contiguous()
    content = plain.reshape(-1).view(torch.uint8).numpy()
    return hashlib.blake2b(content, digest_size=8, person=f"{plain.dtype}"[-16:].encode()).hexdigest() + str(tuple(plain.shape))


def _held(ranks: list[int], digest: str | None) -> str:
    one = len(ranks) == 1
    who = f"rank{'' if one else 's'} {', '.join(map(str, ranks))}"
    return f"{who} {'has' if one else 'have'} none" if digest is None else f"{who} {'holds' if one else 'hold'} {digest}"
