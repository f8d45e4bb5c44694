"""Convolutions with weight or spectral normalisation, under the names that public checkpoints use.

torch's own are either deprecated or name their tensors differently; here `weight_g`, `weight_v`
and `weight_orig`, `weight_u`, `weight_v` are plain tensors, so checkpoints load without renaming,
and the product is folded into one weight whenever no gradient is asked for.
"""

from __future__ import annotations

from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn.packing import weight_state

__all__ = ["SpectralNormConv1d", "WeightNormConv1d", "WeightNormConv2d", "WeightNormUpsample", "split_weight"]


def split_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Gain and direction (g, v) of a weight; the norm runs over every axis but 0, for transposed convolutions as well."""
    return torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.dim())), keepdim=True), weight


class _WeightNorm(nn.Module):
    """w = g · v / ‖v‖ (Salimans and Kingma 2016)."""

    weight: Tensor  # of the convolution, until it is split
    weight_g: nn.Parameter  # (C', 1, …)
    weight_v: nn.Parameter  # as the weight

    def _normalise(self) -> None:
        weight = self.weight.detach().clone()
        del self.weight
        g, v = split_weight(weight)
        self.weight_g, self.weight_v = nn.Parameter(g), nn.Parameter(v)
        self._folded: tuple[Any, Tensor] | None = None

    def product(self) -> Tensor:
        """The weight itself; computed once per change of its parts where no gradient is needed."""
        if torch.is_grad_enabled() or self.training:
            return self._product()
        key = (weight_state(self.weight_g), weight_state(self.weight_v))
        if self._folded is None or self._folded[0] != key:
            self._folded = (key, self._product())
        return self._folded[1]

    def _product(self) -> Tensor:
        return self.weight_v * (self.weight_g / split_weight(self.weight_v)[0])

    def train(self, mode: bool = True) -> Self:
        if mode:
            self._folded = None
        return super().train(mode)


class WeightNormConv1d(_WeightNorm, nn.Conv1d):
    """Conv1d with weight norm. (B, C, S) → (B, C', S')."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._normalise()

    def forward(self, x: Tensor) -> Tensor:
        return F.conv1d(x, self.product(), self.bias, self.stride, self.padding, self.dilation, self.groups)


class WeightNormConv2d(_WeightNorm, nn.Conv2d):
    """Conv2d with weight norm. (B, C, H, W) → (B, C', H', W')."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._normalise()

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.product(), self.bias, self.stride, self.padding, self.dilation, self.groups)


class WeightNormUpsample(_WeightNorm, nn.ConvTranspose1d):
    """Transposed convolution with weight norm that gives exactly `rate` samples for one: (B, C, S) → (B, C', rate · S)."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, rate: int) -> None:
        odd = (kernel - rate) % 2  # an even difference is cut equally at both ends, as the authors do
        super().__init__(channels_in, channels_out, kernel, rate, padding=(kernel - rate + odd) // 2, output_padding=odd)
        self._normalise()

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]  # the length follows from `rate` alone
        padding: Any = self.padding
        return F.conv_transpose1d(x, self.product(), self.bias, self.stride, padding, self.output_padding)


class SpectralNormConv1d(nn.Conv1d):
    """Conv1d whose weight is divided by its largest singular value (Miyato et al. 2018).

    Each pass in train mode takes one step of the power iteration. The vectors depend on the weights
    and the number of passes alone, so processes with equal weights keep equal vectors.
    """

    weight_u: Tensor  # (C',)
    weight_v: Tensor  # (C · k,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        weight = self.weight.detach().clone()
        del self.weight
        self.weight_orig = nn.Parameter(weight)
        matrix = weight.flatten(1)
        self.register_buffer("weight_u", F.normalize(torch.randn(matrix.shape[0]), dim=0))
        self.register_buffer("weight_v", F.normalize(torch.randn(matrix.shape[1]), dim=0))
        for _ in range(10):  # a better start than noise
            self._power_iteration(matrix)

    @torch.no_grad()
    def _power_iteration(self, matrix: Tensor) -> None:
        self.weight_v.copy_(F.normalize(matrix.T @ self.weight_u, dim=0, eps=1e-12))
        self.weight_u.copy_(F.normalize(matrix @ self.weight_v, dim=0, eps=1e-12))

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            matrix = self.weight_orig.flatten(1)
            if self.training:
                self._power_iteration(matrix.detach())
            # Copies: the next pass changes the buffers before this one's gradient is taken.
            largest = torch.dot(self.weight_u.clone(), matrix @ self.weight_v.clone())
            weight = self.weight_orig / largest
        return F.conv1d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
