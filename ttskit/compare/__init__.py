"""The comparison of voices. Names are imported on first use: recipes read the configuration without torch."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_HOME = {"compare": "experiment", "ComparisonResults": "results"}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.compare.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Package(ModuleType):
    """`ttskit.compare(…)` is the function also once this package was imported, which takes the function's place in `ttskit`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.compare(*args, **kwargs)


sys.modules[__name__].__class__ = _Package
