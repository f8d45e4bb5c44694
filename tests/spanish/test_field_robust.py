"""Any mixture of what the rules for lines of the field look for is answered, keeps its characters, and is stable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttskit_spanish.frontend import SpanishFrontend

FRONTEND = SpanishFrontend()
PIECES = st.sampled_from([
    " ", " ", " ", " ", "\n", ".", ",", ":", "?", "¿", "!", "-", "/", "(", ")", '"', "%", "$ ", "24/12", "3/4", "1/2", "5/11",
    "05-08-2024", "sáb", "mar", "mar.", "lun", "dom", "L a V", "S y D", "Lu a Vi", "de", "a", "y", "el", "las", "al", "fecha",
    "vence", "5°", "28º", "3° B", "1ª", "½", "¾", "1 ½", "2", "12", "21", "1:32.456", "1:45:30", "1'32\"501", "cdas.", "u.",
    "doc.", "docs.", "tz.",
    "porc.", "pts", "kg", "taza", "Dto.", "dto.", "Res.", "Disp.", "fs.", "vta.", "conf.", "art.", "inc.", "C.N.",
    "c/n", "c/", "s/", "p/", "e/", "h/", "c/u", "x", "X", "x6", "q", "Q", "xq", "dnd", "cdo", "k", "t", "dsps", "bldo",
    "bldaa", "tkm", "gde", "&eacute;", "&nbsp;", "&amp;", "&#233;", "&#x1F600;", "&lt;b&gt;", "&", ";", "\u00ad",
    "\u200b", "\u2060", "\ufeff", "máx.", "mín.", "máx", "temperatura", "Sr./a.", "Dr./Dra.", "vecino/a", ".pdf",
    "a.docx", "v2(1).docx", "v2", "15k", "3M", "4K", "AU", "Física", "I", "II", "XIV", "MURIO", "FMI", "LA", "CAMION",
    "García", "ANSES", "ley", "Av.", "amb.", "exp.", "alq.", "dic.", "hola", "casa", "Mitre", "hs", "mañana",
])  # fmt: skip
GLUED = PIECES.filter(lambda piece: piece not in ("x", "X", "x6"))  # Marxx6: an inclusive ending or none
TEXTS = st.one_of(st.lists(GLUED, max_size=14).map("".join), st.lists(PIECES, max_size=10).map(" ".join))
examples = settings(max_examples=300, deadline=None, derandomize=True)


@examples
@given(text=TEXTS)
def test_every_character_is_in_one_reading_or_reported(text):
    analysis = FRONTEND.analyze(text)
    seen = sorted([i for r in analysis.readings for i in range(*r.span)] + [u.position for u in analysis.unknown])
    assert seen == list(range(len(analysis.text)))
    assert all(r.text == analysis.text[slice(*r.span)] for r in analysis.readings)
    assert all(bool(r.spoken) != (r.token_class == "silent") for r in analysis.readings)
    FRONTEND.symbols.ids(analysis.tokens)


@examples
@given(text=TEXTS)
def test_a_second_reading_changes_nothing(text):
    once = FRONTEND.normalize(text)
    assert FRONTEND.normalize(once) == once


@pytest.mark.parametrize(
    "part",
    ["24/12 y ", "5° y ", "x ", "q ", "c/ ", "s/ ", "a.", "L a ", "1 ½ ", "1:2", "&amp;", "\u00ad", "MURIO ", "máx. ", "lun, "],
)
def test_time_grows_with_length(part):
    def spent(text: str) -> float:
        start = time.process_time()
        FRONTEND.normalize(text)
        return time.process_time() - start

    size = max(1, 4000 // len(part))
    FRONTEND.normalize(part * 8)
    short, long = min(spent(part * size) for _ in range(2)), spent(part * size * 8)
    assert long < 20 * max(short, 0.02), (short, long)
