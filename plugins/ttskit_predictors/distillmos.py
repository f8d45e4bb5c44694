"""Distill-MOS: a small network that learned to judge as a large one on XLS-R does, predicted from the audio alone.

Stahl & Gamper 2025, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech Quality Assessment"
(ICASSP; arXiv 2502.05356). The weights lie in the package `distillmos`, which imports torchaudio (to read files) and, by
`xls-r-sqa`, transformers (for other networks); here the network is built anew and only the weights are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from ttskit.interfaces.measurement import Measure, Sample, Spoken
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.networks import content_of, fill
from ttskit_predictors.packages import file_in

__all__ = ["DistillMos", "DistillMosNetwork", "DistillMosOptions", "crops"]

_CROP, _FURTHEST = 122_880, 16_000  # samples of 7.68 s that the network takes, and the most between two crops' beginnings
_WINDOW, _HOP = 320, 160
_FRAMES = _CROP // _HOP // 2  # the last convolution takes every second one
_CHANNELS = (64, 64, 128, 256, 256, 256)
_WIDTH, _HEADS, _LAYERS = 200, 8, 7
_COMPRESSION = 0.3  # exponent of the magnitude


class DistillMosOptions(BaseModel):
    """Where the network is asked."""

    model_config = ConfigDict(extra="forbid")

    device: Literal["cpu", "comparison"] = Field("cpu", description="cpu, or comparison for the device of the voices")


class DistillMos(SamplePredictor):
    """Distill-MOS, version 7 of its weights."""

    name = "distillmos"
    measures = (
        Measure(
            "distillmos",
            "Distill-MOS",
            "",
            "higher",
            2,
            "Distill-MOS (Stahl & Gamper 2025), 1 to 5: overall quality, as a small network predicts it that "
            "learned from a large one (XLS-R), at 16 kHz, on English mostly: noisy, coded, gappy and denoised "
            "speech, and some synthesis (VoiceMOS 2022).",
        ),
    )

    def start(self, spoken: Spoken) -> None:
        options = self.options or DistillMosOptions()
        self._device = spoken.device if options.device == "comparison" else "cpu"
        self._network = _network(file_in("distillmos", "weights", "distill_mos_v7.pt")).to(self._device)

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        with torch.inference_mode():
            return {"distillmos": float(self._network(torch.from_numpy(crops(audio)).to(self._device)).mean())}


def crops(audio: np.ndarray) -> np.ndarray:
    """(crops, 122,880) of audio (S,) at 16 kHz, evenly spread and at most a second apart; what is shorter ends in zeros."""
    over = max(0, len(audio) - _CROP)
    audio = np.pad(audio, (0, max(0, _CROP - len(audio)))).astype(np.float32)
    places = np.linspace(0, 1, int(np.ceil(over / _FURTHEST)) + 1)
    return np.stack([audio[int(p * over) : int(p * over) + _CROP] for p in places])


@lru_cache(maxsize=1)
def _network(path: Path) -> DistillMosNetwork:
    network = DistillMosNetwork()
    fill(network, content_of(path), "model", path)
    return network


class DistillMosNetwork(nn.Module):
    """Convolutions over a compressed complex spectrogram, a transformer, pooling by attention; the checkpoint's names."""

    def __init__(self) -> None:
        super().__init__()
        bins, layers, before = _WINDOW // 2 + 1, [], 2
        for i, channels in enumerate(_CHANNELS):
            stride = (2 if i else 1, 2 if i == len(_CHANNELS) - 1 else 1)
            layers += [nn.Conv2d(before, channels, 3, stride, (0, 1)), nn.LeakyReLU(0.1)]
            bins, before = (bins - 3) // stride[0] + 1, channels
        self.cnn = nn.ModuleDict({"cnn": nn.Sequential(*layers)})
        self.transformer_pool_attn = _Judge(before * bins)

    def forward(self, audio: Tensor) -> Tensor:
        """Scores (B,), 1 to 5, of audio (B, 122,880) at 16 kHz of any level."""
        audio = audio / (audio.abs().amax(1, keepdim=True) + 1e-8)
        edge = (_WINDOW - _HOP) // 2
        padded = functional.pad(audio, (edge, edge), mode="reflect")
        window = torch.hann_window(_WINDOW, device=audio.device)
        spectrum = torch.stft(padded, _WINDOW, _HOP, _WINDOW, window, center=False, return_complex=True)
        size = spectrum.abs().clamp_min(1e-12)
        squeezed = torch.view_as_real(spectrum * (size**_COMPRESSION / size)).permute(0, 3, 1, 2)
        features = self.cnn["cnn"](squeezed).flatten(1, 2).transpose(1, 2)  # (B, T, channels × bins)
        return 1 + 4 * self.transformer_pool_attn(features)


class _Judge(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm_input = nn.BatchNorm1d(size)
        self.transformer = _Encoder(size)
        self.norm_trans = nn.BatchNorm1d(_WIDTH)
        self.pool = _AttentionPooling()

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.transformer(_each(self.norm_input, features))
        return torch.sigmoid(self.pool(_each(self.norm_trans, hidden)))


class _Encoder(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size)
        self.position_encoding = nn.Module()
        self.position_encoding.register_buffer("pe", torch.zeros(1, _FRAMES, _WIDTH))  # its values lie in the file
        self.linear_proj = nn.Linear(size, _WIDTH)
        layer = nn.TransformerEncoderLayer(_WIDTH, _HEADS, 2 * _WIDTH, dropout=0.0, batch_first=True)
        self.transformer_encoder = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)

    def forward(self, features: Tensor) -> Tensor:
        return self.transformer_encoder(self.linear_proj(_each(self.norm, features)) + self.position_encoding.pe)


class _AttentionPooling(nn.Module):
    """Mittag, Naderi, Chehadi & Möller 2021, section 3.3: each frame's weight by a small network, then one number."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(_WIDTH, 2 * _WIDTH), nn.Linear(2 * _WIDTH, 1)
        self.linear3 = nn.Linear(_WIDTH, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        weights = self.linear2(functional.relu(self.linear1(hidden))).softmax(1)
        return self.linear3((weights * hidden).sum(1)).squeeze(1)


def _each(norm: nn.BatchNorm1d, features: Tensor) -> Tensor:
    """A norm over (B, C, T), of (B, T, C)."""
    found: Tensor = norm(features.transpose(1, 2)).transpose(1, 2)
    return found
