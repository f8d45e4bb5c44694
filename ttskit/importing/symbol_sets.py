"""Inventories that public checkpoints name but do not hold."""

from __future__ import annotations

from ttskit.symbols import SymbolTable

ENGLISH_BASIC = "english_basic"

_VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
_CONSONANTS = ("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W",
               "Y", "Z", "ZH")  # fmt: skip


def english_basic() -> SymbolTable:
    """The set of NVIDIA's English checkpoints: padding, marks, letters in both cases, ARPAbet with stress (148 symbols).

    >>> len(english_basic()), english_basic().ids("_- a")
    (148, [0, 1, 11, 38])
    """
    arpabet = sorted([*_CONSONANTS, *(v + stress for v in _VOWELS for stress in ("", "0", "1", "2"))])
    capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    marks = "!'(),.:;? "
    symbols = ("_", "-", *marks, *capitals, *capitals.lower(), *("@" + phone for phone in arpabet))
    return SymbolTable(symbols, pad="_", space=" ", silent=frozenset(("_", "-", *marks)))
