"""What helps an attention to move from the first token to the last, in training and when speaking, and what it then tells.

Attention here is (B, S, N): at each decoder step, a distribution over the tokens.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.nn.alignment import monotonic_durations
from ttskit.nn.masks import length_mask

__all__ = [
    "attention_durations",
    "attention_supervision_loss",
    "duration_attention",
    "forward_attention",
    "guided_attention_loss",
    "guided_attention_penalty",
    "windowed_energies",
]


def guided_attention_penalty(steps: Tensor, tokens: Tensor, size: tuple[int, int], sigma: float = 0.2) -> Tensor:
    """Penalty of attention away from the diagonal (Tachibana et al. 2018, section 4.2): 1 − exp(−(n/N − t/T)² / 2σ²).

    Args:
        steps, tokens: (B,) real steps T and tokens N of each row.
        size: (steps, tokens) of the result, padding included.
        sigma: width of the band that goes unpunished, as a share of the sentence.

    Returns:
        (B, S, N), 0 on padding.
    """
    t = torch.arange(size[0], device=steps.device)[None, :, None] / steps[:, None, None]
    n = torch.arange(size[1], device=steps.device)[None, None, :] / tokens[:, None, None]
    inside = length_mask(steps, size[0])[:, :, None] & length_mask(tokens, size[1])[:, None, :]
    return (1.0 - torch.exp(-(n - t).square() / (2.0 * sigma * sigma))) * inside


def guided_attention_loss(attention: Tensor, steps: Tensor, tokens: Tensor, sigma: float = 0.2) -> tuple[Tensor, Tensor]:
    """Guided attention loss (Tachibana et al. 2018, section 4.2): attention times its penalty, over all steps and tokens.

    Args:
        attention: (B, S, N).
        steps, tokens: (B,) real steps and tokens of each row.
        sigma: see `guided_attention_penalty`.

    Returns:
        The sum, and the number of real (step, token) pairs: scalars, as `ttskit.interfaces.LossTerm` takes them.
    """
    penalty = guided_attention_penalty(steps, tokens, (attention.shape[1], attention.shape[2]), sigma)
    return (attention.float() * penalty).sum(), (steps * tokens).sum()


def duration_attention(durations: Tensor, steps: int, reduction: int = 1) -> Tensor:
    """The attention that durations describe: each step looks at the tokens that its frames belong to.

    Args:
        durations: (B, N) int64 frames per token.
        steps: decoder steps wanted.
        reduction: frames per step.

    Returns:
        (B, S, N) float32 share of each step's frames that belongs to each token; rows sum to 1 within the durations and
        are 0 after them.
    """
    ends = durations.cumsum(1)
    starts = ends - durations
    first = torch.arange(steps, device=durations.device)[None, :, None] * reduction
    overlap = torch.minimum(ends[:, None], first + reduction) - torch.maximum(starts[:, None], first)
    overlap = overlap.clamp_min(0).float()
    return overlap / overlap.sum(2, keepdim=True).clamp_min(1.0)


def attention_supervision_loss(energies: Tensor, target: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of attention against a given one, such as `duration_attention`, per step.

    Args:
        energies: (B, S, N) before the softmax, -inf on padding.
        target: (B, S, N) whose rows sum to 1, or to 0 on steps that do not count.
        padding: (B, N) True on padding.

    Returns:
        The sum, and the number of steps that count: scalars, as `ttskit.interfaces.LossTerm` takes them.
    """
    logs = torch.log_softmax(energies.float(), 2).masked_fill(padding[:, None], 0.0)
    return -(target * logs).sum(), target.sum()


def windowed_energies(energies: Tensor, previous: Tensor, back: int, ahead: int) -> Tensor:
    """Energies (B, N) of one step with all but a window about the peak of the last step's attention at -inf.

    Args:
        energies: of this step.
        previous: (B, N) attention of the last step; all zero before the first, whose peak is token 0.
        back, ahead: tokens that the window reaches behind and before the peak.
    """
    peak = previous.argmax(1, keepdim=True)
    place = torch.arange(energies.shape[1], device=energies.device)[None]
    return energies.masked_fill((place < peak - back) | (place > peak + ahead), -torch.inf)


def forward_attention(attention: Tensor, previous: Tensor | None) -> Tensor:
    """Forward attention of one step (Zhang et al. 2018, eq. 6–8): it stays, or moves on by one token.

    Args:
        attention: (B, N) of this step, as the softmax gives it.
        previous: (B, N) forward attention of the last step; None at the first, when it lies on the first token.

    Returns:
        (B, N), rows sum to 1.
    """
    if previous is None:
        previous = torch.zeros_like(attention)
        previous[:, 0] = 1.0
    moved = (previous + F.pad(previous, (1, 0))[:, :-1] + 1e-8) * attention
    return moved / moved.sum(1, keepdim=True)


def attention_durations(attention: Tensor, tokens: Tensor, frames: Tensor) -> Tensor:
    """Frames per token along an attention: durations as FastPitch 1.0 took them from Tacotron 2 (Łańcucki 2021, section 2.1).

    FastPitch 1.0 counted, for each token, the frames whose attention is highest there; a stray frame then goes to a token
    elsewhere in the sentence. Here the frames are counted along the best path from first to last token that never goes
    back, so that durations stay in order; where the attention is sharp, both count the same.

    Args:
        attention: (B, T, N), per frame.
        tokens, frames: (B,) int64 real lengths.

    Returns:
        (B, N) int64 on the device of `tokens`, each row sums to its frames, 0 on padding.
    """
    scores = attention.detach().float().cpu().clamp_min(1e-8).log().double()
    return monotonic_durations(scores, tokens.cpu(), frames.cpu(), ties="stay", end="best").to(tokens.device)
