"""Alignment files as other tools, systems and offices write them: file name, bytes, and what must come of it."""

from __future__ import annotations

import json

# (start, end, label) of "hola, ñandú", on a clock that begins at 0.
WORDS = ((0.0, 0.08, ""), (0.08, 0.4, "hola"), (0.4, 0.5, ""), (0.5, 0.92, "ñandú"), (0.92, 1.0, ""))
PHONES = ((0.0, 0.08, ""), (0.08, 0.2, "o"), (0.2, 0.3, "l"), (0.3, 0.4, "a"), (0.4, 0.5, "sp"), (0.5, 0.6, "ɲ"),
          (0.6, 0.7, "a"), (0.7, 0.75, "n"), (0.75, 0.8, "d"), (0.8, 0.92, "u"), (0.92, 1.0, "sil"))  # fmt: skip
LATIN = tuple((a, b, label.replace("ɲ", "ñ")) for a, b, label in PHONES)
NAMES = ("words", "phones")


def grid(words=WORDS, phones=PHONES, names=NAMES, start=0.0, end=1.0, extra=(), number=str) -> str:
    """The long form."""
    tiers = [*zip(names, (words, phones), strict=True), *extra]
    text = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = {number(start)} \nxmax = {number(end)} \n'
    text += f"tiers? <exists> \nsize = {len(tiers)} \nitem []: \n"
    for k, (name, rows) in enumerate(tiers, 1):
        text += f'    item [{k}]:\n        class = "IntervalTier" \n        name = "{name}" \n'
        text += f"        xmin = {number(start)} \n        xmax = {number(end)} \n        intervals: size = {len(rows)} \n"
        for i, (a, b, label) in enumerate(rows, 1):
            text += f"        intervals [{i}]:\n            xmin = {number(a)} \n            xmax = {number(b)} \n"
            text += f'            text = "{label}" \n'
    return text


def short(words=WORDS, phones=PHONES, number=str) -> str:
    """The short form."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", number(0.0), number(1.0), "<exists>", "2"]
    for name, rows in zip(NAMES, (words, phones), strict=True):
        lines += ['"IntervalTier"', f'"{name}"', number(0.0), number(1.0), str(len(rows))]
        lines += [part for a, b, label in rows for part in (number(a), number(b), f'"{label}"')]
    return "\n".join(lines) + "\n"


def chronological() -> str:
    """Praat's third form: both tiers' intervals by time."""
    lines = ['"Praat chronological TextGrid text file"', "0 1   ! Time domain.", "3   ! Number of tiers."]
    lines += ['"IntervalTier" "words" 0 1', '"TextTier" "clicks" 0 1', '"IntervalTier" "phones" 0 1']
    events = [(a, f'1 {a} {b}\n"{label}"') for a, b, label in WORDS] + [(a, f'3 {a} {b}\n"{label}"') for a, b, label in PHONES]
    return "\n".join([*lines, "", *(text for _, text in sorted([*events, (0.33, '2 0.33\n"click"')]))]) + "\n"


def comma(value: float) -> str:
    return str(value).replace(".", ",")


def moved(rows, by: float):
    return tuple((round(a + by, 6), round(b + by, 6), label) for a, b, label in rows)


def table(separator=",", heads=("Begin", "End", "Label", "Type", "Speaker"), number=str, quoted=False, ending="\n") -> str:
    def cell(text: str) -> str:
        return f'"{text}"' if quoted else text

    rows = [(number(a), number(b), label, kind, "ana") for kind, tier in zip(NAMES, (WORDS, PHONES), strict=True)
            for a, b, label in tier if label not in ("", "sp", "sil")]  # fmt: skip
    return ending.join(separator.join(map(cell, row[: len(heads)])) for row in (heads, *rows)) + ending


UNSORTED = (*PHONES[5:], *PHONES[:5])
OVERLAP = ((0.0, 0.2, "silence"), *PHONES[1:10], (0.6, 1.0, ""))
ROUNDED = tuple((a, round(b + 0.01 * (0 < k < 9), 3), label) for k, (a, b, label) in enumerate(PHONES))
G, U = "demo.TextGrid", "utf-8"
READ = [
    *((f"encoding {e}", G, grid(phones=LATIN).encode(e)) for e in ("latin-1", "cp1252", "mac_roman", "cp850")),
    *((f"encoding {e}", G, grid().encode(e)) for e in (U, "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")),
    ("UTF-16 of big end with its mark", G, b"\xfe\xff" + grid().encode("utf-16-be")),
    ("small letters", "demo.textgrid", grid().encode()),
    ("capitals", "DEMO.TEXTGRID", grid().encode()),
    ("a suffix that Windows adds", "demo.TextGrid.txt", grid().encode()),
    ("short form", G, short().encode()),
    ("short form, mark, lines of Windows", G, short().replace("\n", "\r\n").encode("utf-8-sig")),
    ("short form in UTF-16 without mark", G, short().encode("utf-16-le")),
    ("short form by its old name", G, short().replace('"ooTextFile"', '"ooTextFile short"').encode()),
    ("lines of an old Mac", G, grid().replace("\n", "\r").encode()),
    ("one line", G, " ".join(grid().split("\n")).encode()),
    ("tabs", G, grid().replace("    ", "\t").encode()),
    ("no last line break", G, grid().strip().encode()),
    ("chronological form", G, chronological().encode()),
    ("comments", G, grid().replace("size = 2", 'size = 2 ! 3 tiers, one of them "empty"').encode()),
    ("comment lines", G, short().replace("<exists>", "! made 2026 <absent>\n<exists> ! yes").encode()),
    ("no flag", G, grid().replace("tiers? <exists> \n", "").encode()),
    ("decimal comma", G, grid(number=comma).encode()),
    ("decimal comma, short form", G, short(number=comma).encode()),
    ("decimal comma in Latin-1", G, grid(phones=LATIN, number=comma).encode("latin-1")),
    ("exponents", G, grid(number=lambda v: f"{v:.6e}").encode()),
    ("many digits", G, grid(number=lambda v: f"{v:.40f}").encode()),
    ("no blanks around =", G, grid().replace(" = ", "=").encode()),
    *((f"tiers {a}, {b}", G, grid(names=(a, b)).encode()) for a, b in (
        ("ana/word", "ana/phon"), ("ana - words", "ana - phones"), ("palabras", "fonemas"), ("Palabra", "Fonema"),
        ("palabras ", " Fonos"), ("PALABRAS", "SEGMENTOS"), ("ORT-MAU", "MAU"), ("ort", "MAU"), ("word", "phone"),
        ("words_ana", "phones_ana"), ("Words (ana)", "Phones (ana)"), ("ana: palabras", "ana: alófonos"),
        ("TokensAlign", "PhonAlign"), ("palavras", "fones"), ("mots", "phonèmes"), ("paraules", "fonemes"),
        ("word - ana", "segment - ana"), ("Wörter", "Laute"), ("ortografía", "sonidos"), ("tier palabras", "tier fonemas"),
    )),
    ("syllables beside", G, grid(extra=[("sílabas", ((0.0, 1.0, "o la"),)), ("ana", ((0.0, 1.0, "x"),))]).encode()),
    ("another speaker's tiers first", G, grid(names=("beto - words", "beto - phones"), words=((0.0, 1.0, "no"),), phones=(
        (0.0, 1.0, "n"),), extra=[("ana - words", WORDS), ("ana - phones", PHONES)]).encode()),
    ("an empty tier of that name first", G, grid(words=((0.0, 1.0, ""),), phones=(), extra=[
        ("words", WORDS), ("phones", PHONES)]).encode()),
    ("starts at 12.3 s", G, grid(moved(WORDS, 12.3), moved(PHONES, 12.3), start=12.3, end=13.3).encode()),
    ("starts at an hour", G, grid(moved(WORDS, 3600.5), moved(PHONES, 3600.5), start=3600.5, end=3601.5).encode()),
    ("starts before 0", G, grid(moved(WORDS, -0.5), moved(PHONES, -0.5), start=-0.5, end=0.5).encode()),
    ("starts at 12,3 s with commas", G, grid(moved(WORDS, 12.3), moved(PHONES, 12.3), start=12.3, end=13.3,
                                             number=comma).encode()),
    ("starts at 12.3 s, UTF-16", G, grid(moved(WORDS, 12.3), moved(PHONES, 12.3), start=12.3, end=13.3).encode("utf-16")),
    ("a silence that overlaps", G, grid(phones=OVERLAP).encode()),
    ("a tier of silences that overlap", G, grid(extra=[("silences", ((0.0, 0.2, "silence"), (0.15, 1.0, "x")))]).encode()),
    ("silences twice", G, grid(phones=(*PHONES[:1], (0.0, 0.08, ""), *PHONES[1:], (0.92, 1.0, ""))).encode()),
    ("ends rounded up", G, grid(phones=ROUNDED).encode()),
    ("not in order", G, grid(phones=UNSORTED).encode()),
    ("overshoots by 20 ms", G, grid(phones=(*PHONES[:-1], (0.92, 1.02, "")), end=1.02).encode()),
    ("MFA csv", "demo.csv", table().encode()),
    ("csv of Excel in Spanish", "demo.csv", table(";", number=comma, ending="\r\n").encode("utf-8-sig")),
    ("csv, all quoted", "demo.csv", table(quoted=True).encode()),
    ("csv, quoted decimal commas", "demo.csv", table(quoted=True, number=comma).encode()),
    ("csv with its separator told", "demo.csv", ("sep=;\r\n" + table(";", ending="\r\n")).encode()),
    ("csv in UTF-16", "demo.csv", table("\t").encode("utf-16")),
    ("tsv", "demo.tsv", table("\t").encode()),
    ("csv with Spanish heads", "demo.csv", table(";", ("Inicio", "Fin", "Etiqueta", "Tipo", "Hablante"), comma).encode()),
    ("Praat's table", "demo.csv", table(heads=("tmin", "tmax", "text", "tier")).encode()),
    ("csv with small heads", "demo.csv", table(heads=("start", "end", "label", "tier")).encode()),
    ("json with a mark", "demo.json", json.dumps({"tiers": {
        "words": {"entries": WORDS}, "phones": {"entries": PHONES}}}).encode("utf-8-sig")),
    ("json in UTF-16", "demo.json", json.dumps({"tiers": {
        "words": {"entries": WORDS}, "phones": {"entries": PHONES}}}, ensure_ascii=False).encode("utf-16")),
    ("json from 12.3 s", "demo.json", json.dumps({"start": 12.3, "end": 13.3, "tiers": {
        "words": {"entries": moved(WORDS, 12.3)}, "phones": {"entries": moved(PHONES, 12.3)}}}).encode()),
]  # fmt: skip
HUGE = "9" * 400
REFUSED = [
    ("binary form", G, b"ooBinaryFile\x08TextGrid" + bytes(range(200)), "binary"),
    ("empty", G, b"", "empty"),
    ("cut short", G, grid().encode()[:900], "cut short"),
    ("of another recording", G, grid(end=3.0, phones=(*PHONES[:-1], (0.92, 3.0, ""))).encode(), "another recording"),
    ("a collection", G, grid().replace('"TextGrid"', '"Collection"').encode(), "Collection"),
    ("tiers of nothing known", G, grid(names=("uno", "dos")).encode(), "uno, dos"),
    ("a number of 400 digits", G, grid().replace("xmax = 0.4 ", f"xmax = {HUGE} ").encode(), "not a time"),
    ("a start of 400 digits", G, grid(start=0.0).replace("xmin = 0.0 ", f"xmin = {HUGE} ", 1).encode(), "not a time"),
    ("a number that is infinite", G, grid().replace("xmax = 0.4 ", "xmax = 1e999 ").encode(), "not a time"),
    ("a count of 400 digits", G, grid().replace("size = 5", f"size = {HUGE}").encode(), "not a count"),
    ("a count of 5000 digits", G, grid().replace("size = 5", "size = " + "9" * 5000).encode(), "not a count"),
    ("a negative count", G, grid().replace("size = 5", "size = -5").encode(), "not a count"),
    ("a million tiers", G, grid().replace("size = 2", "size = 1000000").encode(), "cut short"),
    ("labels without end", G, grid(phones=tuple((k / 5000, (k + 1) / 5000, "a") for k in range(5000))).encode(), "5000 phones"),
    ("nine megabytes", G, grid().encode() + b" " * 9_000_000, "too large"),
    ("sounds that overlap", G, grid(phones=((0.0, 0.5, "o"), (0.3, 1.0, "l"))).encode(), "overlap"),
    ("backwards", G, grid(phones=((0.5, 0.1, "o"), (0.5, 1.0, "l"))).encode(), "ends before it begins"),
    ("a web page", G, b"<!DOCTYPE html><html>404</html>", "as a text TextGrid does"),
    ("csv with commas for all", "demo.csv", table(number=comma).encode(), "';'"),
    ("csv without heads", "demo.csv", "\n".join(table().split("\n")[1:]).encode(), "names of its columns"),
    ("csv with a word for a time", "demo.csv", table().replace("0.08,0.4", "cero,0.4").encode(), "line 2"),
    ("csv with 400 digits", "demo.csv", table().replace("0.08,0.4", f"0.08,{HUGE}").encode(), "line 2"),
    ("json nested without end", "demo.json", b"[" * 100_000, "demo.json"),
    ("json of a number", "demo.json", b"5", "demo.json"),
    ("json of a text", "demo.json", b'"tiers"', "demo.json"),
    ("json with 400 digits", "demo.json", f'{{"phones": [{{"phone": "a", "start": 0, "end": {HUGE}}}]}}'.encode(), "demo.json"),
    ("json, infinite", "demo.json", b'{"tokens": ["a"], "times_s": [0, 1e999]}', "demo.json"),
    ("json, not a number", "demo.json", b'{"phones": [{"phone": "a", "start": NaN, "end": 1}]}', "demo.json"),
    ("json of other bytes", "demo.json", b"\x00\x01\x02" * 50, "demo.json"),
]  # fmt: skip
TOLD = [
    ("spn for a word", grid(phones=(*PHONES[:1], (0.08, 0.4, "spn"), *PHONES[4:])), "hola"),
    ("<unk> and spn", grid(words=(*WORDS[:1], (0.08, 0.4, "<unk>"), *WORDS[2:]), phones=(
        *PHONES[:1], (0.08, 0.4, "spn"), *PHONES[4:])), "<unk>"),
    ("<unk> and noise", grid(words=(*WORDS[:3], (0.5, 0.92, "<unk>"), *WORDS[4:]), phones=(
        *PHONES[:5], (0.5, 0.92, "nsn"), *PHONES[10:])), "<unk>"),
    ("[bracketed]", grid(words=(*WORDS[:1], (0.08, 0.4, "[bracketed]"), *WORDS[2:]), phones=(
        *PHONES[:1], (0.08, 0.4, "spn"), *PHONES[4:])), "[bracketed]"),
    ("no phones of a word", grid(phones=(*PHONES[:1], (0.08, 0.4, ""), *PHONES[4:])), "hola"),
    ("no phones", grid(phones=()), "ñandú"),
]  # fmt: skip
