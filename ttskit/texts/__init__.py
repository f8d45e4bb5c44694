"""Texts from outside: one rule for how their bytes become characters, where their rows end, and what is taken out of them.

Lists, files and pipes to speak, tables of other tools and configurations of checkpoints all come through here.
"""

from __future__ import annotations

from ttskit.texts.characters import readable
from ttskit.texts.decoding import DecodedText, TextNote, decode_text, read_text, rows_of

__all__ = ["DecodedText", "TextNote", "decode_text", "read_text", "readable", "rows_of"]
