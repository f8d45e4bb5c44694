"""Attention of transformers: every position looks at every other one, in parallel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn.dropout import apply_dropout

__all__ = ["MultiHeadSelfAttention", "scaled_dot_product_attention"]


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, attended: Tensor, rate: float = 0.0) -> Tensor:
    """softmax(q kᵀ / √D) v, with dropout on the weights (Vaswani et al. 2017, equation 1).

    Args:
        q: (B, h, L, D) queries of h heads.
        k, v: (B, h, K, D) keys and (B, h, K, E) values.
        attended: (B, 1, 1, K) bool, True on keys that are looked at; at least one in each row.
        rate: of the dropout, 0 for none.

    Returns:
        (B, h, L, E).
    """
    if q.device.type != "cpu" or not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(q, k, v, attn_mask=attended, dropout_p=rate)
    # On the CPU the fused kernel has no dropout, and falls back to a path that takes twice as long as these lines.
    batch, heads, _, channels = q.shape
    q, k, v = (part.flatten(0, 1) for part in (q, k, v))
    unseen = torch.zeros_like(attended, dtype=q.dtype).masked_fill(~attended, float("-inf"))
    unseen = unseen.expand(-1, heads, -1, -1).reshape(batch * heads, 1, -1)
    weights = torch.baddbmm(unseen, q, k.transpose(1, 2), alpha=channels**-0.5).softmax(dim=-1)
    return (apply_dropout(weights, rate) @ v).view(batch, heads, -1, v.shape[2])


class MultiHeadSelfAttention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2.2): MultiHead(x, x, x).

    The projections of queries, keys and values are one matrix, `qkv`, whose outputs are all heads' queries, then keys, then
    values. The heads' width is free: in FastPitch one head of 64 serves 384 channels. At least fp32,
    under autocast too.

    Args:
        channels: of the sequence.
        heads, head_channels: number of heads, and width of each.
        dropout: rate on the attention weights, while training.
        out_bias: whether the output projection has a bias (not in FastPitch).
    """

    def __init__(self, channels: int, heads: int, head_channels: int, dropout: float = 0.0, out_bias: bool = True) -> None:
        super().__init__()
        self.heads, self.head_channels, self.dropout = heads, head_channels, dropout
        self.qkv = nn.Linear(channels, 3 * heads * head_channels)
        self.out = nn.Linear(heads * head_channels, channels, bias=out_bias)

    def forward(self, x: Tensor, attended: Tensor) -> Tensor:
        """x (B, L, C), attended (B, 1, 1, L) bool, True on positions that are looked at → (B, L, C)."""
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, self.head_channels).permute(2, 0, 3, 1, 4).unbind(0)
        with torch.autocast(x.device.type, enabled=False):
            q, k, v = (part.to(torch.promote_types(part.dtype, torch.float32)) for part in (q, k, v))
            mixed = scaled_dot_product_attention(q, k, v, attended, self.dropout if self.training else 0.0)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, -1).to(x.dtype))
        return out
