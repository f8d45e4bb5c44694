"""The comparison of voices. Names are imported on first use: recipes read the configuration without torch."""

from __future__ import annotations

from importlib import import_module

_HOME = {"compare": "experiment", "ComparisonResults": "results"}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.compare.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
