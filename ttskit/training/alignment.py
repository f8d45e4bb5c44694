"""How good an alignment looks: for watching a training, not for comparing models."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import torch

from ttskit.interfaces.acoustic import AcousticBatch, Outputs
from ttskit.interfaces.traversal import ATTENDED
from ttskit.nn.alignment import monotonic_path as shared_path

NEAR = 1  # tokens on either side of the path that count as on it
REST = 2  # tokens from the end within which attention must end up


@dataclass(frozen=True, slots=True)
class AlignmentScore:
    """All 0 … 1.

    Args:
        diagonality: mean attention within one token of the best monotonic path. A blurred ramp scores low
            (it would score 1 if only the place of the maximum counted).
        coverage: share of tokens that are some frame's maximum.
        skipped: share of tokens that no frame attends to.
        repeated: share of frames whose maximum lies more than one token behind one reached before.
        at_rest: 1 if the last frame attends to one of the last tokens, else 0 (a mean over sentences is a share).
    """

    diagonality: float
    coverage: float
    skipped: float = 0.0
    repeated: float = 0.0
    at_rest: float = 1.0

    @property
    def score(self) -> float:
        """Diagonality times coverage."""
        return self.diagonality * self.coverage


def alignment_score(alignment: np.ndarray) -> AlignmentScore:
    """Score of one sentence's alignment (T, N), rows sum to 1."""
    alignment = np.asarray(alignment, dtype=np.float64)
    frames, tokens = alignment.shape
    path, at = monotonic_path(alignment), alignment.argmax(1)
    columns = np.arange(tokens)[None, :]
    near = np.abs(columns - path[:, None]) <= NEAR
    return AlignmentScore(
        float((alignment * near).sum() / frames),
        len(set(at.tolist())) / tokens,
        float((alignment.max(0) < ATTENDED).mean()),
        float((at < np.maximum.accumulate(at) - NEAR).mean()),
        float(at[-1] >= tokens - REST),
    )


def monotonic_path(alignment: np.ndarray) -> np.ndarray:
    """The token of each frame (T,) on the best path from first to last token that never goes back.

    It moves by one token at most from frame to frame; where there are fewer frames than tokens it
    cannot reach the last and ends where it is best.
    """
    frames, tokens = alignment.shape
    log = torch.from_numpy(np.log(np.maximum(alignment, 1e-8)))[None]
    path = shared_path(log, torch.tensor([tokens]), torch.tensor([frames]), ties="stay", end="best")
    return path[0].numpy()


def row_alignment(outputs: Outputs, batch: AcousticBatch, row: int) -> np.ndarray:
    """One sentence's alignment (T, N) without padding."""
    frames, tokens = int(batch.mel_lengths[row]), int(batch.token_lengths[row])
    return outputs.alignment[row, :frames, :tokens].detach().float().cpu().numpy()


def batch_score(outputs: Outputs, batch: AcousticBatch) -> AlignmentScore | None:
    """Mean over the sentences of a batch; None for a model without an alignment."""
    if outputs.alignment is None:
        return None
    scores = [astuple(alignment_score(row_alignment(outputs, batch, i))) for i in range(len(batch.ids))]
    return AlignmentScore(*np.mean(scores, axis=0).tolist())
