"""Spanish frontend: normaliser, syllables, stress and letter-to-sound rules for three dialects.

The hooks live in `hooks` and are resolved on first use, so that importing the frontend loads no plugin machinery.
"""

from __future__ import annotations

from typing import Any

_HOOKS = ("ttskit_frontends",)


def __getattr__(name: str) -> Any:
    if name in _HOOKS:
        from ttskit_spanish import hooks

        return getattr(hooks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOOKS})
