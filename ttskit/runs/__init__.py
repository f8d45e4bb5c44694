"""Run folders: what a training leaves behind, its model loaded again, and what a loaded model says of a prepared corpus.

Names are imported on first use.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "AlignReport": "align",
    "Checkpoint": "checkpoints",
    "FilmFrame": "film",
    "ForcedMels": "forced",
    "LoadedModel": "folder",
    "RunFolder": "folder",
    "align": "align",
    "forced_mels": "forced",
    "read_film": "film",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.runs.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
