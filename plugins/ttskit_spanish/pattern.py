"""Regular expressions that are compiled when first used, so that importing the frontend stays cheap."""

from __future__ import annotations

import re
from typing import Any

_METHODS = ("match", "fullmatch", "search", "sub", "findall", "finditer")


class Pattern:
    """A pattern with the methods of `re.Pattern`; after the first use they are the compiled one's own.

    >>> Pattern("[0-9]+").match("21 casas").group()
    '21'
    """

    __slots__ = ("_flags", "_source", *_METHODS)

    def __init__(self, source: str, flags: int = 0) -> None:
        self._source, self._flags = source, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        compiled = re.compile(self._source, self._flags)
        for method in _METHODS:  # two threads at once set the same
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)
