"""Training: one loop for every model. Names are resolved on first use, so that recipes are read without torch."""

from __future__ import annotations

from importlib import import_module

_HOME = {"train": "speech_models", "TrainingStopped": "loop", "Forecast": "forecast", "TrainingDeclined": "forecast"}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.training.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
