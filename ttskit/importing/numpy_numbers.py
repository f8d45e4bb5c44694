"""NumPy scalars in torch files, read as plain numbers by stand-ins: nothing of NumPy's is called by a stranger's pickle."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

__all__ = ["STAND_INS"]

_CODE = re.compile(r"[biuf][1248]")


class _Kind:
    """Stands for `numpy.dtype`: keeps the code of a plain number and its byte order."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code, self.order = code, "<"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1] if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">") else "<"


def _scalar(kind: Any, data: Any = b"") -> int | float | bool:
    """Stands for NumPy's `scalar`: the number that these bytes are."""
    raw = data.encode("latin-1") if isinstance(data, str) else data
    if not isinstance(kind, _Kind) or not isinstance(kind.code, str) or not _CODE.fullmatch(kind.code):
        raise ValueError("a NumPy scalar that is not a plain number")
    if not isinstance(raw, bytes) or len(raw) != int(kind.code[1]):
        raise ValueError("a NumPy scalar whose bytes are not its size")
    return np.frombuffer(raw, dtype=np.dtype(kind.order + kind.code))[0].item()


# What `torch.serialization.safe_globals` takes: (stand-in, the name that files ask for).
STAND_INS: list[Any] = [
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
    (_Kind, "numpy.dtype"),
]
