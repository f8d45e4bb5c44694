"""Synthesis: Voice = frontend + acoustic model + vocoder; long text in parts with natural pauses."""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "Part": "speech",
    "Speech": "speech",
    "SpeechStream": "speech",
    "Voice": "voice",
    "load_voice": "load",
    "load_vocoder": "load",
    "parse_markup": "markup",
    "split_analysis": "parts",
    "split_pieces": "parts",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.synthesis.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
