"""Text to spoken words: tokenise, classify, verbalise; every piece knows the characters it came from."""

from __future__ import annotations

from ttskit_spanish.normalize.choices import Choices
from ttskit_spanish.normalize.piece import Piece
from ttskit_spanish.normalize.reader import Normalized, normalize

__all__ = ["Choices", "Normalized", "Piece", "normalize"]
