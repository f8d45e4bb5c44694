"""When an autoregressive decoder has said its sentence: the stop token, its loss, and where each row of a batch ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Endings", "StopRule", "step_limits", "stop_token_loss"]


@dataclass(frozen=True, slots=True)
class Endings:
    """Where rows end, of what has been decoded so far.

    Args:
        lengths: (B,) int64 steps that each row keeps; 0 where it stops at once and the step that stops is not kept.
        finished: (B,) bool, whether the row stopped by itself; False where its limit cut it, or while it still speaks.
        ended: (B,) int64 the step at which it ended or will be cut; beyond what has been decoded while it still speaks.
    """

    lengths: Tensor
    finished: Tensor
    ended: Tensor

    def all_within(self, steps: int) -> bool:
        """Whether every row has ended in the first `steps` steps. On a GPU this waits for the result."""
        return bool((self.ended < steps).all())


@dataclass(frozen=True, slots=True)
class StopRule:
    """A row ends at the first step whose stop probability is above a threshold, or when its attention rests at the end.

    The stop token is that of Shen et al. 2018 (section 2.2). The rest is a way out for a stop token that does not fire: a
    row whose attention stays on its last token has nothing left to say.

    Args:
        threshold: on the stop probability, 0 … 1; above 1 it never fires.
        keep_stop_step: keep the step that fires (right where it is trained as the last real one).
        rest_steps: also end after so many steps in a row of attention on the last token; 0 for never.
    """

    threshold: float = 0.5
    keep_stop_step: bool = True
    rest_steps: int = 0

    def endings(self, logits: Tensor, limits: Tensor, peaks: Tensor | None = None, last: Tensor | None = None) -> Endings:
        """Read S decoded steps; each row for itself, so that a batch ends as its rows would alone.

        Args:
            logits: (B, S) stop logits.
            limits: (B,) int64 the most steps of each row; it is cut there, not finished.
            peaks: (B, S) int64 the token that attention lies on most. Needed only with `rest_steps`.
            last: (B,) int64 each row's last token. Likewise.
        """
        size = logits.shape[1]
        place = torch.arange(size, device=logits.device)[None]
        fired = torch.sigmoid(logits) > self.threshold
        now = fired
        if self.rest_steps:
            moved = torch.where(peaks == last[:, None], -1, place).cummax(1).values  # the last step that was not at rest
            now = now | (place - moved >= self.rest_steps)
        now = now & (place < limits[:, None])
        first = torch.where(now, place, size).amin(1)
        finished = first < size
        lengths = first + 1
        if not self.keep_stop_step:
            by_token = fired.gather(1, first.clamp_max(size - 1)[:, None])[:, 0]
            lengths = torch.where(by_token, first, lengths)
        return Endings(torch.where(finished, lengths, limits), finished, torch.where(finished, first, limits - 1))


def step_limits(tokens: Tensor | Sequence[int], per_token: float, floor: float, reduction: int = 1) -> Tensor:
    """The most decoder steps of each row, (B,) int64 ≥ 1: so many frames a token and some more, in steps of `reduction`.

    Args:
        tokens: (B,) tokens of each row.
        per_token: frames allowed for each token.
        floor: frames allowed besides.
        reduction: frames per step.
    """
    counts = tokens.tolist() if isinstance(tokens, Tensor) else tokens
    frames = [floor + per_token * count for count in counts]
    steps = [max(1, int(-(-most // reduction))) for most in frames]
    return torch.tensor(steps, device=tokens.device if isinstance(tokens, Tensor) else None)


def stop_token_loss(
    logits: Tensor, last: Tensor, mask: Tensor | None = None, positive_weight: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy of the stop token (Shen et al. 2018, section 2.2), whose target is 1 from the last real step on.

    Args:
        logits: (B, S) stop logits.
        last: (B,) int64 each row's last real step.
        mask: (B, S) True on steps that count, None for all.
        positive_weight: how much more a missed stop costs than a false one (there is one positive in a sentence).

    Returns:
        The sum over steps that count, and their number: scalars, as `ttskit.interfaces.LossTerm` takes them.
    """
    target = (torch.arange(logits.shape[1], device=logits.device)[None] >= last[:, None]).float()
    positive = logits.new_tensor(positive_weight, dtype=torch.float32)
    cost = F.binary_cross_entropy_with_logits(logits.float(), target, pos_weight=positive, reduction="none")
    if mask is None:
        return cost.sum(), cost.new_tensor(float(cost.numel()))
    return (cost * mask).sum(), mask.sum()
