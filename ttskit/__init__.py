"""ttskit: a plugin-based text-to-speech toolkit for Spanish voices.

`ttskit.load_voice("runs/ana").synthesize("Hola, ¿cómo andás?").save("hola.wav")`
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same once more for type checkers, which cannot see what is resolved on first use
    from ttskit.compare import compare as compare
    from ttskit.corpus import check as check
    from ttskit.corpus import prepare as prepare
    from ttskit.errors import TTSKitError as TTSKitError
    from ttskit.synthesis import load_voice as load_voice
    from ttskit.training import train as train

__version__ = "0.1.0"

# Public functions, imported on first use so that `import ttskit` costs nothing.
_HOME = {
    "load_voice": "ttskit.synthesis",
    "prepare": "ttskit.corpus",
    "check": "ttskit.corpus",
    "train": "ttskit.training",
    "compare": "ttskit.compare",
    "TTSKitError": "ttskit.errors",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'ttskit' has no attribute {name!r}")
