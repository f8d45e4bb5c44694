"""Torch files from strangers: tensors and plain values only, nothing in them is run."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from ttskit.errors import CheckpointError
from ttskit.importing.numpy_numbers import STAND_INS
from ttskit.reading import shown

__all__ = ["forget", "plain_name", "plain_names", "read_torch", "tensors_of", "torch_content"]

_DAMAGED = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    IndexError,
    ImportError,
    MemoryError,
    AssertionError,
    struct.error,
    ArithmeticError,
    zipfile.BadZipFile,
)
_SLACK_BYTES = 1 << 20
_SHARED = 8  # tensors that may be views of the same values: tied weights are two or three


def torch_content(path: Path) -> Any:
    """What a torch file holds; the last file is remembered, so that every importer may look at it.

    Raises:
        CheckpointError: missing, damaged or cut short, or holding more than tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}", "there is no such file", "check the path")
    state = path.stat()
    return _remembered(path.absolute(), state.st_mtime_ns, state.st_size)


def forget() -> None:
    """Let the last file's content go."""
    _remembered.cache_clear()


@lru_cache(maxsize=1)
def _remembered(path: Path, changed: int, size: int) -> Any:
    with path.open("rb") as file:
        return read_torch(file, path.name, size)


def read_torch(file: IO[bytes], name: str, size: int) -> Any:
    """Read a torch file of `size` bytes; errors as `torch_content`, naming it `name`."""
    if not size:
        raise CheckpointError(f"{name} is empty", "0 bytes", "download it again")
    start = file.read(4)
    file.seek(0)
    if start.startswith(b"PK"):
        _check_zip(file, name, size)
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(STAND_INS):
            warnings.simplefilter("ignore", UserWarning)  # torch's on pickle protocols: the error says more
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        if wanted is None and start[:1] not in (b"\x80", b"P"):
            raise CheckpointError(f"{name} is not a checkpoint", "it is neither a torch file nor a NeMo archive", "") from error
        if wanted is None:
            raise CheckpointError(f"{name} is damaged or cut short", _first(error), "download it again") from error
        raise CheckpointError(
            f"{name} holds more than tensors and plain values",
            f"it asks for {wanted[1].rstrip('.,')}, which could run code; nothing in it was run",
            "get it as a plain state dict from whoever made it",
        ) from error
    except _DAMAGED as error:
        raise CheckpointError(f"{name} is damaged or cut short", _first(error), "download it again") from error


def plain_name(name: str) -> str:
    """A tensor's name without what torch's wrappers put before it, in any order and however often, and `compile` also within.

    >>> plain_name("module._orig_mod.model.proj.bias"), plain_name("encoder._orig_mod.layers.0.weight")
    ('proj.bias', 'encoder.layers.0.weight')
    """
    return re.sub(r"^((module|model)\.)+", "", name.replace("_orig_mod.", ""))


def plain_names(state: object) -> Any:
    """A mapping of names with plain ones; anything else, and names that would fall together, as they are.

    What is not text stays as it is: `tensors_of` says so.
    """
    if not isinstance(state, Mapping):
        return state
    plain = {plain_name(name) if isinstance(name, str) else name: value for name, value in state.items()}
    return plain if len(plain) == len(state) else state


def _check_zip(file: IO[bytes], name: str, size: int) -> None:
    """Torch stores its members uncompressed: a file that would unpack to more than itself is none of torch's."""
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, *_DAMAGED) as error:
        raise CheckpointError(f"{name} is damaged or cut short", _first(error), "download it again") from error
    file.seek(0)
    if unpacked > size + _SLACK_BYTES:
        raise CheckpointError(
            f"{name} would unpack to more than it holds",
            f"{unpacked} bytes out of {size}",
            "it was not written by torch: do not use it",
        )


def _first(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


def tensors_of(state: object, name: str) -> dict[str, Tensor]:
    """A state dict, checked and in float32: names to dense tensors that own all of their values.

    Args:
        state: what the file holds where a state dict belongs.
        name: of the file, for messages.

    Raises:
        CheckpointError: something else, or a tensor that pretends to be larger than what is stored.
    """
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"{name} holds no tensors", f"it holds {type(state).__name__}", "")
    result: dict[str, Tensor] = {}
    stored: dict[int, int] = {}
    copied = 0
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{name} holds no state dict", f"{shown(key)} is {type(value).__name__}, not a tensor", "")
        odd = value.is_nested or value.is_quantized or value.is_complex() or value.device.type != "cpu"
        if odd or value.layout is not torch.strided:
            raise CheckpointError(f"{name} has a tensor of an unexpected kind", f"{key}: {value.layout}, {value.dtype}", "")
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise CheckpointError(
                f"{name} has a tensor of an absurd size",
                f"{key}: {tuple(value.shape)}, {value.untyped_storage().nbytes()} bytes are stored",
                "",
            )
        stored[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        copied += value.numel() * value.element_size()
        if copied > _SHARED * sum(stored.values()) + _SLACK_BYTES:
            raise CheckpointError(f"{name} would unpack to more than it holds", f"{key} and others share one storage", "")
        # A copy of its own: half precision becomes float32, and shared storages come apart.
        result[key] = value.detach().to(torch.float32 if value.is_floating_point() else value.dtype, copy=True).contiguous()
        if value.is_floating_point() and not bool(torch.isfinite(result[key]).all()):
            raise CheckpointError(f"{name} has values that are not finite", f"in {key}", "use another checkpoint")
    return result
