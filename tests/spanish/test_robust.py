"""Any Unicode string is answered: nothing raised, nothing lost, nothing changed by a second reading."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttskit_spanish.frontend import SpanishFrontend

PLAIN = SpanishFrontend()
FULL = SpanishFrontend(annotations=True, emoji="name", clock="colloquial", slash="date", tags={"risa": "drop",
                       "alargamiento": "speak"})  # fmt: skip

# Pieces that the rules look for, so that random texts reach them.
PIECES = st.sampled_from([
    " ", " ", "  ", "\n", "\t", ".", ",", "...", ":", ";", "-", "–", "—", "/", "//", "(", ")", "«", "»", '"', "'", "’", "¿",
    "?", "¡", "!", "$", "U$S", "€", "%", "º", "ª", "°", "°C", "+", "=", "×", "@", "#", "&", "*", "_", "\\", "~", "1",
    "21", "007",
    "1.234", "1,5", "1/2", "24/3", "3/4/2020", "14:30", "2024-03-24", "30.123.456", "hs", "h", "m", "kg", "km/h", "am",
    "p. m.",
    "Av", "av", "avvv", "etc", "Dr", "ee", "uu", "EE. UU.", "tel", "nro", "ec", "siglo", "luis", "xiv", "XIV", "Xiv",
    "xx", "V",
    "de", "del", "las", "el", "mayo", "mar", "lun", "DNI", "D.N.I.", "INDEC", "ñandú", "QUÉ", "shhh", "brr", "zzz", "mmm",
    "pfff", "nooo", "x", "y", "g̃", "ﬁ", "İ", "ß", "ж", "日", "π", "٣", "²", "½", "Ⅳ", "\u0301", "\ufeff", "\u200d",
    "\x00", "\x1c",
    "\U0001f642", "👍🏽", "👩‍🚀", "🇦🇷", "www.", ".com", "a@b.com", "<risa>", "</risa>", "<filler>", "</filler>",
    '<alargamiento palabra="pero 3">', "</alargamiento>", "<", ">", "s/", "c/", "(h)", "15-", "5555-1234", "AB 123 CD",
    "v3.5",
])  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=14).map("".join),
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=10).map(" ".join),
)
examples = settings(max_examples=200, deadline=None, derandomize=True)


@pytest.mark.parametrize("frontend", [PLAIN, FULL], ids=["default", "everything on"])
@examples
@given(text=TEXTS)
def test_every_character_is_read_silent_by_rule_or_reported(frontend, text):
    analysis = frontend.analyze(text)
    reported = {u.position: u.character for u in analysis.unknown}
    covered = [0] * len(analysis.text)
    for reading in analysis.readings:
        start, end = reading.span
        assert 0 <= start < end <= len(analysis.text) and reading.text == analysis.text[start:end]
        assert bool(reading.spoken) != (reading.token_class == "silent"), reading
        for position in range(start, end):
            covered[position] += 1
    for position, character in enumerate(analysis.text):
        assert covered[position] + (position in reported) == 1, (character, position)
        assert reported.get(position, character) == character
    frontend.symbols.ids(analysis.tokens)
    spans = {r.span for r in analysis.readings}
    assert all(word.span in spans for word in analysis.words)


@examples
@given(text=TEXTS)
def test_a_second_reading_changes_nothing(text):
    once = PLAIN.normalize(text)
    assert PLAIN.normalize(once) == once


@examples
@given(text=TEXTS)
def test_the_readings_say_what_the_text_says(text):
    analysis = PLAIN.analyze(text)
    spoken = " ".join(r.spoken for r in analysis.readings if r.spoken).split()
    words = [w for w in spoken if any(c.isalpha() for c in w)]
    assert words == [w.text for w in analysis.words]


HARD = ["a", "7", "1.", "1 ", "x'", "'", ".", "-", "¿", "b", "A", "aB", "a1", "@a", "#a", "é ", "🙂", "\u0301", "ж", "<risa>",
        "1/", "1:", "$", "av. ", "s/", "A.", "1,5 ", "a.b", "xiv ", "etc . ", "luis ", "1-", "/ ", " ", "\n", "h'", "«", "ﬁ",
        "0800 ", "lun. ", "1 de ", "1.111."]  # fmt: skip


@pytest.mark.parametrize("part", HARD)
def test_time_grows_with_length(part):
    """The worst of short patterns, repeated: eight times the text may not take much more than that."""

    def seconds(size: int) -> float:
        text = (part * size)[:size]
        started = time.process_time()
        FULL.analyze(text)
        return time.process_time() - started

    seconds(1000)
    short = seconds(3_000)
    for _ in range(3):  # a machine that is busy with something else makes one reading slow, not each
        long = seconds(24_000)
        if long < 20 * max(short, 0.02):
            return
    raise AssertionError(f"{short:.3f} s, and eight times the text {long:.3f} s")


@pytest.mark.parametrize("size", [150_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_megabyte_is_read(size):
    line = "El 24/3 a las 10:30 «Ana» pagó $ 1.500 por 21 kg en Av. Rivadavia 15; etc. ¿No? 🙂 Sí… жук\n"
    text = line * (size // len(line))
    analysis = PLAIN.analyze(text)
    assert len(analysis.words) > size / 5 and {u.character for u in analysis.unknown} == set("🙂жук")


def test_threads_get_the_same_answer():
    texts = [f"El {n}/{n % 12 + 1} hay {n} casas, ¿no, {n}º B?" for n in range(1, 200)]
    alone = [SpanishFrontend().analyze(t) for t in texts]
    shared = SpanishFrontend()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(shared.analyze, texts)) == alone


IMPORTING = """
import re, sys, dataclasses, typing, functools, collections.abc, importlib.util, unicodedata
before, opened = set(sys.modules), []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
def refuse(*args, **kwargs):
    raise AssertionError(f"compiled at import: {args}")
re.compile = re.match = re.search = re.sub = refuse
from ttskit_spanish.frontend import SpanishFrontend
SpanishFrontend(dialect="castilian", aspiration="light", annotations=True)
from ttskit_spanish.lexicon.table import builtin_entries
print(builtin_entries.cache_info().currsize)
print(" ".join(o for o in opened if not o.endswith((".py", ".pyc")) and ".pyc." not in o) or "-")
print(" ".join(sorted(m.split(".")[0] for m in set(sys.modules) - before if not m.startswith(("ttskit", "_")))) or "-")
"""


def test_importing_and_building_the_frontend_loads_no_library_and_does_no_work():
    """What costs time is not there: no other module, no pattern compiled, no lexicon read, no file but modules opened."""
    command = [sys.executable, "-c", IMPORTING]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout.split("\n")[:3] == ["0", "-", "-"]


def test_hooks_are_found_though_they_load_on_first_use():
    import ttskit_spanish

    assert "ttskit_frontends" in dir(ttskit_spanish)
    assert [plugin.name for plugin in ttskit_spanish.ttskit_frontends()] == ["spanish"]
    with pytest.raises(AttributeError):
        ttskit_spanish.ttskit_vocoders  # noqa: B018
