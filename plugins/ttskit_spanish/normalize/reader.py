"""First reader: words, plain whole numbers and punctuation."""

from __future__ import annotations

import re

from ttskit.interfaces.frontend import Unknown
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.normalize.piece import Piece

_TOKEN = re.compile(r"\s+|[^\W\d_]+|[0-9]+|\.{2,}|.", re.DOTALL)


def normalize(text: str, locale: str) -> tuple[list[Piece], list[Unknown]]:
    pieces, unknown = [], []
    tokens = list(_TOKEN.finditer(text))
    for m in tokens:
        t = m.group()
        if t.isspace():
            continue
        if t[0].isalpha():
            pieces.append(Piece(t.lower(), m.span()))
        elif t[0].isdigit() and t.isascii():
            after = re.match(r"\s+([^\W\d_]+)", text[m.end():m.end() + 40])
            g = "n"
            if after:
                g = "f" if re.search(r"as?$", after[1]) else "m"
            for w in cardinal(int(t[:30]), g).split():
                pieces.append(Piece(w, m.span(), "cardinal"))
        elif t.startswith(".."):
            pieces.append(Piece("…", m.span(), "mark"))
        elif t in ",.;:?!¿¡…—":
            pieces.append(Piece(t, m.span(), "mark"))
        else:
            unknown.append(Unknown(t, m.start()))
    return pieces, unknown
