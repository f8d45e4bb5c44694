"""Learning which frames belong to which token: the search, the losses and the prior of monotonic alignments.

The framework is Badlani et al. 2022, "One TTS Alignment to Rule Them All" (RAD-TTS, Shih et al. 2021, has the same),
for any model that scores tokens per frame: one with an aligner beside it (FastPitch), or one whose own attention
does it (Tacotron 2). The search is that of Glow-TTS (Kim et al. 2020), which needs no learning.

`frames` may be decoder steps of several frames each: nothing here depends on it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.nn.masks import length_mask

__all__ = [
    "BLANK",
    "Support",
    "beta_binomial_prior",
    "binarization_loss",
    "forward_sum_loss",
    "interpolated_beta_binomial_prior",
    "log_beta_binomial_prior",
    "monotonic_durations",
    "monotonic_path",
]

BLANK = -1.0  # log score of CTC's blank beside the tokens' scores, as published
_FAR = -1e15  # a finite stand-in for -inf: the same loss, finite gradients
_SOFT_FLOOR = -27.631021  # log 1e-12

Support = Literal["full", "dropped"]


# -- losses


def forward_sum_loss(log_scores: Tensor, tokens: Tensor, frames: Tensor, blank: float = BLANK) -> Tensor:
    """Negative log likelihood of all monotonic alignments together, per token (Badlani et al. 2022, equation 3).

    The forward algorithm of a hidden Markov model whose states are the tokens in their order. It is computed as CTC with
    each token a label of its own, over scores that are normalised here, over the tokens and the blank of each frame.

    Args:
        log_scores: (B, T, N), of any scale; what lies on padding does not matter.
        tokens, frames: (B,) int64 lengths.
        blank: log score of the blank that stands beside the tokens.

    Returns:
        (B,) fp32; 0 for a row with fewer frames than tokens, which no monotonic alignment fits.
    """
    padding = ~length_mask(tokens, log_scores.shape[2])
    scores = log_scores.float().masked_fill(padding[:, None], _FAR)
    scores = F.pad(scores, (1, 0), value=blank).log_softmax(dim=2)
    labels = torch.arange(1, scores.shape[2], device=scores.device).expand(scores.shape[0], -1)
    each = F.ctc_loss(scores.transpose(0, 1), labels, frames, tokens, reduction="none", zero_infinity=True)
    return each / tokens


def binarization_loss(log_soft: Tensor, path: Tensor, real: Tensor) -> Tensor:
    """Sum over real frames of -log of the soft alignment on the hard path (Badlani et al. 2022, equation 6).

    Added once the path is sensible, it makes the soft alignment as sharp as the path that durations are taken from.

    Args:
        log_soft: (B, T, N) log probabilities of the tokens per frame; below 1e-12 they count as 1e-12.
        path: (B, T) int64, the token of each frame; no gradient.
        real: (B, T) bool, True on real frames.

    Returns:
        A scalar, to be divided by the number of real frames (of all processes).
    """
    on_path = log_soft.gather(2, path[:, :, None])[:, :, 0]
    return -on_path.clamp_min(_SOFT_FLOOR).masked_fill(~real, 0.0).sum()


# -- the search


def monotonic_durations(
    log_scores: Tensor,
    tokens: Tensor,
    frames: Tensor,
    ties: Literal["move", "stay"] = "move",
    end: Literal["last", "best"] = "last",
) -> Tensor:
    """Frames per token (B, N) int64 of `monotonic_path`; each row sums to its frames, padding is 0."""
    path = monotonic_path(log_scores, tokens, frames, ties, end)
    real = length_mask(frames, path.shape[1])
    counts = torch.zeros(log_scores.shape[0], log_scores.shape[2], dtype=torch.int64, device=path.device)
    return counts.scatter_add_(1, path, real.long())


def monotonic_path(
    log_scores: Tensor,
    tokens: Tensor,
    frames: Tensor,
    ties: Literal["move", "stay"] = "move",
    end: Literal["last", "best"] = "last",
) -> Tensor:
    """The token of each frame on the best monotonic path (monotonic alignment search: Kim et al. 2020, section 2.2).

    The path starts on the first token, ends on the last and moves by one token at most from frame to frame, so that every
    token gets a frame if there are enough. Of all such paths it has the largest sum of scores (Viterbi). All rows
    advance together: the only loop is over frames.

    Args:
        log_scores: (B, T, N); what lies on padding does not matter as long as it is not NaN. No gradient.
        tokens, frames: (B,) int64 lengths.
        ties: between two equally good ways to a token, whether it comes from the previous token ("move", as the public
            implementations have it) or was there already.
        end: of a row with fewer frames than tokens, whose path cannot reach both ends: whether it ends on the last token
            (as the public implementations have it), or starts on the first and ends where it is "best".

    Returns:
        (B, T) int64; past a row's end, the token it ends on.
    """
    scores = log_scores.detach()
    if scores.device.type == "cpu":
        found = _search_numpy(scores.numpy(), tokens.numpy(), frames.numpy(), ties == "stay", end == "best")
        return torch.from_numpy(found)
    return _search_torch(scores, tokens, frames, ties == "stay", end == "best")


def _search_numpy(scores: np.ndarray, tokens: np.ndarray, frames: np.ndarray, stays: bool, best_end: bool) -> np.ndarray:
    """Over a batch at once: numpy's calls cost a tenth of torch's, which is most of the time at these sizes."""
    batch, length, size = scores.shape
    scores = np.ascontiguousarray(scores.transpose(1, 0, 2))
    moved = np.zeros(scores.shape, dtype=bool)  # whether the best way here comes from the previous token
    better = np.greater if stays else np.greater_equal
    best = np.full((batch, size + 1), -np.inf, dtype=scores.dtype)  # column 0: before the first token
    best[:, 1] = scores[0, :, 0]
    token = tokens - 1
    short = np.flatnonzero(frames < tokens) if best_end else ()
    for t in range(length):
        if t:
            stay, move = best[:, 1:], best[:, :-1]
            better(move, stay, out=moved[t])
            best[:, 1:] = np.maximum(move, stay) + scores[t]
        for row in short:
            if frames[row] == t + 1:
                token[row] = best[row, 1 : tokens[row] + 1].argmax()
    moved[:, :, 0] = False
    rows = np.arange(batch)
    path = np.empty((length, batch), dtype=np.int64)
    for t in range(length - 1, -1, -1):
        path[t] = token
        token = token - (moved[t, rows, token] & (t < frames))
    return path.T.copy()


def _search_torch(scores: Tensor, tokens: Tensor, frames: Tensor, stays: bool, best_end: bool) -> Tensor:
    """The same on a GPU, without waiting for it: every row's end is looked at in every frame."""
    batch, length, size = scores.shape
    moved = torch.zeros(length, batch, size, dtype=torch.bool, device=scores.device)
    better = torch.gt if stays else torch.ge
    best = scores.new_full((batch, size + 1), float("-inf"))
    best[:, 1] = scores[:, 0, 0]
    token = (tokens - 1)[:, None]
    for t in range(length):
        if t:
            better(best[:, :-1], best[:, 1:], out=moved[t])
            best[:, 1:] = torch.maximum(best[:, :-1], best[:, 1:]) + scores[:, t]
        if best_end:
            ends_here = ((frames < tokens) & (frames == t + 1))[:, None]
            token = torch.where(ends_here, best[:, 1:].argmax(1, keepdim=True), token)
    moved[:, :, 0] = False
    moved &= (torch.arange(length, device=scores.device)[:, None] < frames[None])[:, :, None]
    path = torch.empty(batch, length, dtype=torch.int64, device=scores.device)
    for t in range(length - 1, -1, -1):
        path[:, t] = token[:, 0]
        token = token - moved[t].gather(1, token).long()
    return path


# -- the prior


def beta_binomial_prior(
    tokens: Tensor, frames: Tensor, size: tuple[int, int] | None = None, support: Support = "full"
) -> Tensor:
    """Beta-binomial prior of the alignment: for each frame a distribution over tokens (Shih et al. 2021).

    Frame t of T (from 1) has P(n) under BetaBinomial(N - 1, t, T - t + 1) for token n of N (from 0): wide about the diagonal,
    narrow at both ends.

    Args:
        tokens, frames: (B,) int64 lengths N and T.
        size: (T, N) of the result; the longest lengths by default.
        support: "full": exactly N places, so that rows sum to 1. "dropped": BetaBinomial(N, …), which has one place
            more, without that place, as in NVIDIA's DeepLearningExamples.

    Returns:
        (B, T, N) float32, 0 on padding.
    """
    log, real = _log_prior(tokens, frames, _prior_size(tokens, frames, size), support)
    return torch.where(real, log.exp(), 0.0).float()


def log_beta_binomial_prior(
    tokens: Tensor, frames: Tensor, size: tuple[int, int] | None = None, support: Support = "full"
) -> Tensor:
    """Log of `beta_binomial_prior`, for adding to log scores: finite where that is too small for a float32.

    Returns:
        (B, T, N) float32; 0 on padding, where it has nothing to say.
    """
    log, real = _log_prior(tokens, frames, _prior_size(tokens, frames, size), support)
    return torch.where(real, log, 0.0).float()


def interpolated_beta_binomial_prior(
    tokens: Tensor,
    frames: Tensor,
    size: tuple[int, int] | None = None,
    support: Support = "full",
    round_frames: int = 50,
    round_tokens: int = 10,
) -> Tensor:
    """The prior as public training code interpolates it, for models that were trained with it.

    DeepLearningExamples and NeMo make the prior of a rounded size, once for all sentences of about that size, and stretch it
    linearly with its corners on the corners. They do so with the roles swapped: for each token a distribution over frames.

    Args:
        tokens, frames, size, support: as of `beta_binomial_prior`.
        round_frames, round_tokens: the sizes are the nearest multiples of these (a half to the even one), from T + 1 and N + 1.

    Returns:
        (B, T, N) float32, 0 on padding; rows do not sum to 1.
    """
    t, n = _prior_size(tokens, frames, size)
    frame, token, real = _grid(tokens, frames, (t, n))
    tokens, frames = tokens[:, None, None], frames[:, None, None]
    rows, columns = _rounded(frames, round_frames), _rounded(tokens, round_tokens)
    table = _log_factorials(2 * (t + n + round_frames + round_tokens) + 2, tokens.device)
    y, y0 = _stretched(frame, frames, rows, table.dtype)
    x, x0 = _stretched(token, tokens, columns, table.dtype)
    trials = rows - (1 if support == "full" else 0)

    def corner(row: Tensor, column: Tensor) -> Tensor:
        row, column = torch.minimum(row, rows - 1), torch.minimum(column, columns - 1)
        return _log_beta_binomial(row, trials, column + 1, columns - column, table).exp()

    upper = corner(y0, x0) * (1 - x) + corner(y0, x0 + 1) * x
    lower = corner(y0 + 1, x0) * (1 - x) + corner(y0 + 1, x0 + 1) * x
    return torch.where(real, upper * (1 - y) + lower * y, 0.0).float()


def _prior_size(tokens: Tensor, frames: Tensor, size: tuple[int, int] | None) -> tuple[int, int]:
    return (int(frames.max()), int(tokens.max())) if size is None else size


def _grid(tokens: Tensor, frames: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Frame numbers (1, T, 1), token numbers (1, 1, N), and which pairs of them are real (B, T, N)."""
    frame = torch.arange(size[0], device=tokens.device)[None, :, None]
    token = torch.arange(size[1], device=tokens.device)[None, None, :]
    return frame, token, length_mask(frames, size[0])[:, :, None] & length_mask(tokens, size[1])[:, None, :]


def _log_prior(tokens: Tensor, frames: Tensor, size: tuple[int, int], support: Support) -> tuple[Tensor, Tensor]:
    frame, token, real = _grid(tokens, frames, size)
    tokens, frames = tokens[:, None, None], frames[:, None, None]
    table = _log_factorials(2 * (size[0] + size[1]) + 2, tokens.device)
    return _log_beta_binomial(token, tokens - (1 if support == "full" else 0), frame + 1, frames - frame, table), real


def _log_factorials(up_to: int, device: torch.device) -> Tensor:
    """[i] = log i!, in double: differences of large ones are what counts."""
    wide = torch.float32 if device.type == "mps" else torch.float64
    return torch.lgamma(torch.arange(1, up_to + 2, device=device, dtype=wide))


def _log_beta_binomial(k: Tensor, n: Tensor, a: Tensor, b: Tensor, table: Tensor) -> Tensor:
    """log P(k) of BetaBinomial(n, a, b) for integers, -inf where there is none; `table` as of `_log_factorials`."""
    inside = (k >= 0) & (k <= n) & (a >= 1) & (b >= 1)
    n, k, rest = n.clamp_min(0), k.clamp_min(0), (n - k).clamp_min(0)
    a, b = a.clamp_min(1), b.clamp_min(1)
    log = (
        table[n]
        - table[k]
        - table[rest]
        + table[k + a - 1]
        + table[rest + b - 1]
        - table[n + a + b - 1]
        + table[a + b - 1]
        - table[a - 1]
        - table[b - 1]
    )
    return torch.where(inside, log, -torch.inf)


def _rounded(length: Tensor, to: int) -> Tensor:
    """Nearest multiple of `to` of length + 1 (a half to the even one), at least one multiple."""
    return torch.round((length + 1) / to).long().clamp_min(1) * to


def _stretched(index: Tensor, size: Tensor, source: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Where sample `index` of `size` lies among `source` samples: share of the way to the next, and the sample before it."""
    position = index.to(dtype) * (source - 1) / (size - 1).clamp_min(1)
    position = torch.minimum(position, (source - 1).to(dtype))
    before = position.floor()
    return position - before, before.long()
