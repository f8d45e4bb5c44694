"""Token and speaker inventories: ordered, saved with every corpus and run, never positional by assumption."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from ttskit.errors import InputError, UsageError

__all__ = ["SpeakerTable", "SymbolTable"]


@dataclass(frozen=True)
class SymbolTable:
    """The tokens that a model knows, in id order.

    Args:
        symbols: every token, in id order; no repeats.
        pad: the token that fills short rows of a batch.
        space: the token between words, if this inventory has one.
        boundary: the token put at both ends of an utterance, if it has one.
        silent: tokens that are not sounds (pad, space, boundary, punctuation).
        features: articulatory features of a token, so that one inventory can be matched to
            another by sound; filled by the frontend.
    """

    symbols: tuple[str, ...]
    pad: str
    space: str | None = None
    boundary: str | None = None
    silent: frozenset[str] = frozenset()
    features: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        repeated = sorted(s for s, count in Counter(self.symbols).items() if count > 1)
        if repeated:
            raise UsageError("symbol table repeats a symbol", f"repeated: {repeated}", "list each symbol once")
        for role, symbol in (("pad", self.pad), ("space", self.space), ("boundary", self.boundary)):
            if symbol is not None and symbol not in self._ids:
                raise UsageError(
                    f"symbol table has no {role} symbol {symbol!r}", f"it has {len(self.symbols)} symbols", f"add {symbol!r}"
                )

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: index for index, symbol in enumerate(self.symbols)}

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._ids

    @property
    def pad_id(self) -> int:
        """Id of the padding token (not 0 by assumption: NeMo's is the last but one)."""
        return self._ids[self.pad]

    def ids(self, tokens: Iterable[str]) -> list[int]:
        """Ids of `tokens`; an unknown token is an `InputError` naming it and its position."""
        tokens = list(tokens)
        unknown = [(i, t) for i, t in enumerate(tokens) if t not in self._ids]
        if unknown:
            shown = ", ".join(f"{t!r} at token {i}" for i, t in unknown[:5])
            raise InputError("text has symbols this voice does not know", shown, "use the frontend it was trained with")
        return [self._ids[t] for t in tokens]

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file; `from_json` reads it back equal."""
        return {
            "symbols": list(self.symbols),
            "pad": self.pad,
            "space": self.space,
            "boundary": self.boundary,
            "silent": sorted(self.silent),
            "features": {symbol: dict(values) for symbol, values in self.features.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SymbolTable:
        """The table that `to_json` wrote.

        Raises:
            Misread: a field that is missing or of another type.
        """
        from ttskit.reading import as_type

        as_type(_stored(), data, "symbols")
        return cls(
            symbols=tuple(data["symbols"]),
            pad=data["pad"],
            space=data.get("space"),
            boundary=data.get("boundary"),
            silent=frozenset(data.get("silent", ())),
            features=data.get("features", {}),
        )


@dataclass(frozen=True)
class SpeakerTable:
    """Speakers by name, in id order; ids stay inside ttskit."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        repeated = sorted(n for n, count in Counter(self.names).items() if count > 1)
        if repeated:
            raise UsageError("speaker table repeats a name", f"repeated: {repeated}", "give each speaker one name")
        if not self.names:
            raise UsageError("speaker table is empty", "", "name at least one speaker")

    def __len__(self) -> int:
        return len(self.names)

    def id(self, name: str | None) -> int:
        """Id of a speaker; `None` means the only one. Unknown or missing names say who there is."""
        if name is None:
            if len(self.names) == 1:
                return 0
            raise UsageError(
                "this voice has several speakers: name one", f"speakers: {_some(self.names)}", f"--speaker {self.names[0]}"
            )
        if name in self.names:
            return self.names.index(name)
        from difflib import get_close_matches

        near = get_close_matches(name, self.names, n=1)
        raise UsageError(
            f"unknown speaker {name!r}", f"speakers: {_some(self.names)}", f"--speaker {near[0] if near else self.names[0]}"
        )

    def to_json(self) -> list[str]:
        """Names in id order."""
        return list(self.names)

    @classmethod
    def from_json(cls, data: Sequence[str]) -> SpeakerTable:
        """The table that `to_json` wrote; `Misread` if it is no list of texts."""
        from ttskit.reading import as_type

        return cls(as_type(tuple[str, ...], data, "speakers"))


@cache
def _stored() -> Any:
    """The form of a symbol table in a file; made on first use, so that importing this module loads no pydantic."""
    from pydantic import create_model

    text: Any = (str | None, None)
    return create_model(
        "StoredSymbols",
        symbols=(list[str], ...),
        pad=(str, ...),
        space=text,
        boundary=text,
        silent=(list[str], []),
        features=(dict[str, dict[str, str]], {}),
    )


def _some(names: Sequence[str], limit: int = 8) -> str:
    return ", ".join(names[:limit]) + (f", … ({len(names)} in all)" if len(names) > limit else "")
