"""Synthesis: Voice = frontend + acoustic model + vocoder; long text in parts with natural pauses."""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "Part": "voice",
    "Speech": "voice",
    "Voice": "voice",
    "load_voice": "load",
    "load_vocoder": "load",
    "split_analysis": "parts",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.synthesis.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
