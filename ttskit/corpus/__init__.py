"""Corpora: readers, preparation, the prepared corpus, batches. Names are imported on first use."""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "PreparedCorpus": "prepared",
    "PreparedUtterance": "prepared",
    "Features": "prepared",
    "prepare": "preparation",
    "PrepareReport": "preparation",
    "check": "checking",
    "CheckReport": "checking",
    "AcousticBatches": "batches",
    "SegmentBatches": "batches",
    "full_batch": "batches",
    "CorpusReading": "readers",
    "SourceUtterance": "readers",
    "Problem": "problems",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.corpus.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
