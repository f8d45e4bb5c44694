"""NISQA's networks: a CNN on each segment of the mel, then self-attention or an LSTM over segments, then pooling.

Mittag et al. 2021, section 3, and Mittag & Möller 2020, section 2. Names of modules are the checkpoints'; dropout is left out,
since they are asked and not trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from ttskit_predictors.nisqa import NisqaArguments

__all__ = ["NisqaNetwork"]

_DIMENSIONS = 5


class NisqaNetwork(nn.Module):
    """forward(segments (T, 1, 48, 15)) -> scores: one of quality, or of quality and its four dimensions."""

    def __init__(self, arguments: NisqaArguments) -> None:
        super().__init__()
        a = arguments
        needed = {
            "self_att": (a.td_sa_d_model, a.td_sa_nhead, a.td_sa_num_layers, a.td_sa_h, a.pool_att_h),
            "lstm": (a.td_lstm_h,),
        }
        if None in needed[a.td] or (a.td == "self_att") != (a.pool == "att"):
            raise ValueError(f"{a.td} with the pooling {a.pool} lacks some of its sizes")
        cnn = _Segments(a)
        self.cnn = nn.ModuleDict({"model": cnn})
        if a.td == "self_att":
            over: nn.Module = _Attention(cnn.size, a)
            size = a.td_sa_d_model or 0
        else:
            over, size = _BiLstm(cnn.size, a.td_lstm_h or 0), 2 * (a.td_lstm_h or 0)
        self.time_dependency = nn.ModuleDict({"model": over})

        def pooling() -> nn.ModuleDict:
            return nn.ModuleDict(
                {"model": _PoolByAttention(size, a.pool_att_h or 0) if a.pool == "att" else _PoolLastSteps(size)}
            )

        if a.model == "NISQA_DIM":
            self.pool_layers = nn.ModuleList(pooling() for _ in range(_DIMENSIONS))
        else:
            self.pool = pooling()

    def forward(self, segments: Tensor) -> Tensor:
        hidden = self.time_dependency["model"](self.cnn["model"](segments))
        pools = self.pool_layers if hasattr(self, "pool_layers") else [self.pool]
        return torch.cat([pool.get_submodule("model")(hidden) for pool in pools])


class _Segments(nn.Module):
    """Six convolutions with batch norms, pooled three times, adaptively or by halves; (T, 1, 48, 15) → (T, size)."""

    def __init__(self, a: NisqaArguments) -> None:
        super().__init__()
        one, two, three = a.cnn_c_out_1, a.cnn_c_out_2, a.cnn_c_out_3
        self.adaptive = a.cnn_model == "adapt"
        pools = (a.cnn_pool_1, a.cnn_pool_2, a.cnn_pool_3)
        if self.adaptive and (None in pools or not all(1 <= n <= 48 for pool in pools if pool for n in pool)):
            raise ValueError(f"cnn_pool_1 … 3 are {pools}")
        self.pools = [pool or (0, 0) for pool in pools]
        last = (3, self.pools[2][1]) if self.adaptive else (3, 3)  # as wide as what is left
        channels = [(1, one), (one, two), (two, three), (three, three), (three, three), (three, three)]
        for i, (before, after) in enumerate(channels, start=1):
            kernel, edge = (last, (1, 0 if self.adaptive else 1)) if i == 6 else ((3, 3), (1, 1))
            setattr(self, f"conv{i}", nn.Conv2d(before, after, kernel, padding=edge))
            setattr(self, f"bn{i}", nn.BatchNorm2d(after))
        self.size = three * (self.pools[2][0] if self.adaptive else 6 * 2)
        if a.cnn_fc_out_h:
            self.add_module("fc" if self.adaptive else "fc_out", nn.Linear(self.size, a.cnn_fc_out_h))
            self.size = a.cnn_fc_out_h

    def forward(self, x: Tensor) -> Tensor:
        for i in range(1, 7):
            x = functional.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
            if i in (1, 2, 4):
                x = self._pooled(x, (1, 2, 4).index(i))
        x = x.flatten(1)
        for name in ("fc", "fc_out"):
            x = getattr(self, name)(x) if hasattr(self, name) else x
        return x

    def _pooled(self, x: Tensor, which: int) -> Tensor:
        if self.adaptive:
            return functional.adaptive_max_pool2d(x, self.pools[which])
        return functional.max_pool2d(x, 2, padding=(0, 1 if which == 0 else 0))


class _Attention(nn.Module):
    def __init__(self, size: int, a: NisqaArguments) -> None:
        super().__init__()
        width = a.td_sa_d_model or 0
        self.norm1 = nn.LayerNorm(width)
        self.linear = nn.Linear(size, width)
        sizes = (width, a.td_sa_nhead or 1, a.td_sa_h or 0)
        layers = (nn.TransformerEncoderLayer(*sizes, dropout=0.0, batch_first=True) for _ in range(a.td_sa_num_layers or 0))
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.norm1(self.linear(x))[None]
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden[0]


class _BiLstm(nn.Module):
    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size, width, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.lstm(x[None])[0][0]
        return found


class _PoolByAttention(nn.Module):
    """Weights of segments by a small network; hidden (T, H) → (1,)."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.linear1, self.linear2, self.linear3 = nn.Linear(size, width), nn.Linear(width, 1), nn.Linear(size, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        weights = self.linear2(functional.relu(self.linear1(hidden))).softmax(0)
        return self.linear3((weights * hidden).sum(0))


class _PoolLastSteps(nn.Module):
    """The last step of the way forth and the first of the way back; hidden (T, 2 H) → (1,)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        half = hidden.shape[1] // 2
        return self.linear(torch.cat([hidden[-1, :half], hidden[0, half:]]))
