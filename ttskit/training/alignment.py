"""How good an alignment looks: diagonality and coverage. For watching a training, not for comparing models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttskit.interfaces.acoustic import AcousticBatch, Outputs

NEAR = 1  # tokens on either side of the path that count as on it


@dataclass(frozen=True, slots=True)
class AlignmentScore:
    """Both 0 … 1.

    Args:
        diagonality: mean attention within one token of the best monotonic path. A blurred ramp scores low
            (it would score 1 if only the place of the maximum counted).
        coverage: share of tokens that are some frame's maximum.
    """

    diagonality: float
    coverage: float

    @property
    def score(self) -> float:
        """Their product."""
        return self.diagonality * self.coverage


def alignment_score(alignment: np.ndarray) -> AlignmentScore:
    """Score of one sentence's alignment (T, N), rows sum to 1."""
    alignment = np.asarray(alignment, dtype=np.float64)
    frames, tokens = alignment.shape
    path = monotonic_path(alignment)
    columns = np.arange(tokens)[None, :]
    near = np.abs(columns - path[:, None]) <= NEAR
    return AlignmentScore(float((alignment * near).sum() / frames), len(set(alignment.argmax(1).tolist())) / tokens)


def monotonic_path(alignment: np.ndarray) -> np.ndarray:
    """The token of each frame (T,) on the best path from first to last token that never goes back.

    It moves by one token at most from frame to frame; where there are fewer frames than tokens it
    cannot reach the last and ends where it is best.
    """
    frames, tokens = alignment.shape
    log = np.log(np.maximum(alignment, 1e-8))
    value = np.full(tokens, -np.inf)
    value[0] = log[0, 0]
    moved = np.zeros((frames, tokens), dtype=bool)
    for t in range(1, frames):
        step = np.concatenate([[-np.inf], value[:-1]])
        moved[t] = step > value
        value = np.maximum(step, value) + log[t]
    token = tokens - 1 if frames >= tokens else int(value.argmax())
    path = np.empty(frames, dtype=np.int64)
    for t in range(frames - 1, -1, -1):
        path[t] = token
        token -= int(moved[t, token])
    return path


def batch_score(outputs: Outputs, batch: AcousticBatch) -> AlignmentScore | None:
    """Mean over the sentences of a batch; None for a model without an alignment."""
    if outputs.alignment is None:
        return None
    alignment = outputs.alignment.detach().float().cpu().numpy()
    lengths = zip(batch.mel_lengths.tolist(), batch.token_lengths.tolist(), strict=True)
    scores = [alignment_score(alignment[i, :t, :n]) for i, (t, n) in enumerate(lengths)]
    return AlignmentScore(float(np.mean([s.diagonality for s in scores])), float(np.mean([s.coverage for s in scores])))
