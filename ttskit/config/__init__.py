"""Recipes: what a voice is made with, typed and checked. Names are imported on first use.

`recipe` is the whole, `files` how its files are found and merged; `corpus`, `training` and `comparison` are its sections.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "CompareConfig": "comparison",
    "CorpusConfig": "corpus",
    "FrontendConfig": "recipe",
    "ModelConfig": "recipe",
    "Recipe": "recipe",
    "RecogniserConfig": "comparison",
    "TrainingConfig": "training",
    "TransferConfig": "training",
    "load_recipe": "recipe",
    "parse_seconds": "training",
    "shipped_recipes": "files",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.config.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
