"""Networks from files, without executing anything in them: ONNX by its runtime, torch files as tensors and plain values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ttskit.errors import CheckpointError
from ttskit.importing.tensors import read_torch

__all__ = ["THREADS", "OnnxNetwork", "content_of", "fill", "onnx_network"]

THREADS = 2  # of an ONNX session: the networks are small, and more threads gain nothing on one sentence

_OTHER = "give the file that the documents name"


class OnnxNetwork:
    """An ONNX file, opened once with bounded threads and on the CPU.

    Raises:
        CheckpointError: onnxruntime is missing, or the file is none that it can open.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            why = "onnxruntime is not installed"
            raise CheckpointError(f"{path.name} cannot be opened", why, 'pip install "ttskit[predictors]"') from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(THREADS, torch.get_num_threads())
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no class of their own
            why = f"onnxruntime says: {str(error).splitlines()[0][:200]}"
            raise CheckpointError(f"{path} cannot be opened as a network", why, "give the path of an ONNX file") from error

    @property
    def inputs(self) -> list[str]:
        """Names of its inputs, in order."""
        return [one.name for one in self._session.get_inputs()]

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        """Its outputs, in order."""
        return [np.asarray(one) for one in self._session.run(None, inputs)]


@lru_cache(maxsize=8)
def onnx_network(path: Path) -> OnnxNetwork:
    """The network in a file, opened once for all that ask it (a comparison and its self-test)."""
    return OnnxNetwork(path)


def content_of(path: Path) -> dict[str, Any]:
    """What a torch file holds, which is a dictionary of tensors and plain values: nothing else is read (`weights_only`).

    Raises:
        CheckpointError: it is missing, damaged, cut short, or holds anything else.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}", "there is no such file", "check the path")
    with path.open("rb") as file:
        found = read_torch(file, path.name, path.stat().st_size)
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} is not the checkpoint that it should be", f"it holds a {type(found).__name__}", _OTHER)
    return found


def fill(network: nn.Module, content: Mapping[str, Any], key: str, path: Path) -> None:
    """Put the tensors under `key` of a torch file's content into a network, all of them by name, and make it ready to be asked.

    Raises:
        CheckpointError: tensors are missing or left over, have another shape, or are not finite.
    """
    found = content.get(key)
    if not isinstance(found, Mapping) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise CheckpointError(f"{path} is not the checkpoint that it should be", f"it has no tensors under {key!r}", _OTHER)
    try:
        network.load_state_dict(dict(found))
    except (RuntimeError, TypeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        why = lines[min(1, len(lines) - 1)][:200] if lines else type(error).__name__
        raise CheckpointError(f"{path} is not the checkpoint that it should be", why, _OTHER) from error
    if not all(bool(torch.isfinite(v).all()) for v in network.state_dict().values() if v.is_floating_point()):
        raise CheckpointError(f"{path} is damaged", "some of its weights are not finite", "download it again")
    network.eval().requires_grad_(False)
