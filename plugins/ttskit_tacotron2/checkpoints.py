"""Public Tacotron 2 checkpoints: NVIDIA/tacotron2 and DeepLearningExamples, which share their tensor names.

Layouts (see the parity data's README): the research repository's `checkpoint_<iteration>` holds
`iteration`, `state_dict`, `optimizer`, `learning_rate`; DeepLearningExamples' adds `config` and
random states. Published files may hold the state dict alone; distributed ones prefix names with `module.`.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ttskit.errors import CheckpointError, MismatchError
from ttskit_tacotron2.config import Tacotron2Options

# (public name, ours): convertible both ways, {} stands for an index.
_NAMES = [
    ("embedding.", "embedding."),
    ("encoder.convolutions.{}.0.conv.", "encoder.convolutions.{}.conv."),
    ("encoder.convolutions.{}.1.", "encoder.convolutions.{}.norm."),
    *(
        (f"encoder.lstm.{kind}_l0{reverse}", f"encoder.{ours}.{kind}_l0")
        for reverse, ours in (("_reverse", "back"), ("", "ahead"))
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ),
    ("decoder.prenet.layers.{}.linear_layer.", "decoder.prenet.{}."),
    ("decoder.attention_rnn.", "decoder.attention_lstm."),
    ("decoder.attention_layer.query_layer.linear_layer.", "decoder.attention.query."),
    ("decoder.attention_layer.memory_layer.linear_layer.", "decoder.attention.memory."),
    ("decoder.attention_layer.v.linear_layer.", "decoder.attention.score."),
    ("decoder.attention_layer.location_layer.location_conv.conv.", "decoder.attention.location_conv."),
    ("decoder.attention_layer.location_layer.location_dense.linear_layer.", "decoder.attention.location_dense."),
    ("decoder.decoder_rnn.", "decoder.decoder_lstm."),
    ("decoder.linear_projection.linear_layer.", "decoder.frame."),
    ("decoder.gate_layer.linear_layer.", "decoder.gate."),
    ("postnet.convolutions.{}.0.conv.", "postnet.convolutions.{}.conv."),
    ("postnet.convolutions.{}.1.", "postnet.convolutions.{}.norm."),
]


@dataclass(frozen=True, slots=True)
class PublicCheckpoint:
    """What a public file holds.

    Args:
        state: tensors by the public names, `module.` stripped.
        iteration: training steps done, 0 if unknown.
        config: constructor arguments (DeepLearningExamples), else empty.
    """

    state: Mapping[str, Tensor]
    iteration: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)


def read_public(path: Path) -> PublicCheckpoint:
    """Read a checkpoint file of either layout; only tensors and plain values are unpickled.

    Raises:
        CheckpointError: missing, damaged, or something else than a Tacotron 2.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}", "the file does not exist", "check the path")
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{path} is not a checkpoint that can be read",
            str(error).splitlines()[0] if str(error) else "",
            "download it again",
        ) from error
    state = data.get("state_dict", data) if isinstance(data, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(f"{path} holds no state dict", f"it holds {type(data).__name__}", "give a Tacotron 2 checkpoint")
    state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    if "embedding.weight" not in state or "decoder.attention_rnn.weight_ih" not in state:
        raise CheckpointError(
            f"{path} is not a Tacotron 2 checkpoint",
            "it holds " + ", ".join(list(state)[:4]) + ", …",
            "give a checkpoint of NVIDIA/tacotron2 or DeepLearningExamples",
        )
    iteration = data.get("iteration", data.get("epoch", 0)) if "state_dict" in data else 0
    config = data.get("config", {}) if "state_dict" in data else {}
    return PublicCheckpoint(state, int(iteration), dict(config) if isinstance(config, Mapping) else {})


def _renamed(state: Mapping[str, Any], source: int) -> dict[str, Any]:
    rules = [(re.compile("^" + re.escape(pair[source]).replace(r"\{\}", r"(\d+)")), pair[1 - source]) for pair in _NAMES]
    result, unknown = {}, []
    for name, value in state.items():
        for pattern, target in rules:
            if match := pattern.match(name):
                result[target.format(*match.groups()) + name[match.end() :]] = value
                break
        else:
            unknown.append(name)
    if unknown:
        raise CheckpointError(
            "checkpoint has tensors that Tacotron 2 does not know",
            ", ".join(unknown[:6]),
            "give a checkpoint of NVIDIA/tacotron2 or DeepLearningExamples",
        )
    return result


def from_public(state: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors under our names, of tensors under the public ones (nothing is reordered or reshaped)."""
    return _renamed(state, 0)


def to_public(state: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors under the public names, of those of a single-speaker model of ours with two LSTMs."""
    return _renamed(state, 1)


def options_of(state: Mapping[str, Any], bands: int, **changes: Any) -> Tacotron2Options:
    """The options that a public state dict was trained with, read from its shapes.

    Args:
        state: tensors (or arrays) under the public names.
        bands: mel bands of the model wanted; with them the frame projection's size gives the reduction factor.
        changes: options that shapes do not tell (padding, stop threshold, …).

    Raises:
        MismatchError: another number of mel bands.
    """
    shape = {name: tuple(tensor.shape) for name, tensor in state.items()}
    own = shape["postnet.convolutions.0.0.conv.weight"][1]
    if own != bands:
        raise MismatchError(
            "checkpoint and corpus disagree on mel bands",
            f"checkpoint has {own}, corpus has {bands}",
            "prepare the corpus with the checkpoint's mel",
        )
    wide = shape["decoder.linear_projection.linear_layer.weight"][0]
    values = {
        "embedding_channels": shape["embedding.weight"][1],
        "encoder_channels": shape["encoder.convolutions.0.0.conv.weight"][0],
        "encoder_convolutions": _count(shape, r"encoder\.convolutions\.(\d+)\.0\.conv\.weight"),
        "encoder_kernel": shape["encoder.convolutions.0.0.conv.weight"][2],
        "reduction": wide // bands,
        "prenet_channels": shape["decoder.prenet.layers.0.linear_layer.weight"][0],
        "prenet_layers": _count(shape, r"decoder\.prenet\.layers\.(\d+)\.linear_layer\.weight"),
        "attention_lstm": shape["decoder.attention_rnn.weight_hh"][1],
        "decoder_lstm": shape["decoder.decoder_rnn.weight_hh"][1],
        "attention_channels": shape["decoder.attention_layer.query_layer.linear_layer.weight"][0],
        "location_channels": shape["decoder.attention_layer.location_layer.location_conv.conv.weight"][0],
        "location_kernel": shape["decoder.attention_layer.location_layer.location_conv.conv.weight"][2],
        "postnet_channels": shape["postnet.convolutions.0.0.conv.weight"][0],
        "postnet_convolutions": _count(shape, r"postnet\.convolutions\.(\d+)\.0\.conv\.weight"),
        "postnet_kernel": shape["postnet.convolutions.0.0.conv.weight"][2],
    }
    return Tacotron2Options(**{**values, **changes})


def _count(names: Mapping[str, Any], pattern: str) -> int:
    return 1 + max(int(match.group(1)) for name in names if (match := re.fullmatch(pattern, name)))
