"""Bytes to text: what a file was saved as is found, what it was misread as is taken back, what is no text is named."""

import codecs

import pytest

from ttskit.errors import InputError
from ttskit.texts import decode_text, read_text, rows_of
from ttskit.texts.misread import western

SPOKEN = "Hola, ¿cómo andás, pingüino?\nMañana «él» comió 3º.\n¡Ñandú, ÁRBOL y CAMIÓN!\n"


def seen_through(data: bytes, codec: str) -> str:
    """What a program shows that takes `data` for text in `codec`; what the table leaves open it shows as Latin-1."""
    return "".join(bytes([b]).decode(codec, "ignore") or chr(b) for b in data)


SAVED = {
    "UTF-8": SPOKEN.encode(),
    "UTF-8 with a mark": codecs.BOM_UTF8 + SPOKEN.encode(),
    "UTF-8 with two marks": codecs.BOM_UTF8 * 2 + SPOKEN.encode(),
    "UTF-16 with a mark": SPOKEN.encode("utf-16"),
    "UTF-16 big end first": codecs.BOM_UTF16_BE + SPOKEN.encode("utf-16-be"),
    "UTF-16 without a mark": SPOKEN.encode("utf-16-le"),
    "UTF-16 big end first without a mark": SPOKEN.encode("utf-16-be"),
    "UTF-32 with a mark": SPOKEN.encode("utf-32"),
    "UTF-32 without a mark": SPOKEN.encode("utf-32-le"),
    "Windows-1252": SPOKEN.encode("cp1252"),
    "Latin-1": SPOKEN.encode("latin-1"),
    "old Macintosh": SPOKEN.encode("mac_roman"),
    "DOS": SPOKEN.encode("cp850"),
    "ASCII": b"Hola, che\n",
    "nothing": b"",
}


@pytest.mark.parametrize("saved", SAVED)
def test_what_a_text_was_saved_as_is_found(saved):
    decoded = decode_text(SAVED[saved])
    assert decoded.text == {"ASCII": "Hola, che\n", "nothing": ""}.get(saved, SPOKEN)
    supposed = "without a mark" in saved or saved in ("Windows-1252", "Latin-1", "old Macintosh", "DOS")
    assert [note.kind for note in decoded.notes] == ["encoding"] * supposed and not decoded.lost_lines()


@pytest.mark.parametrize("text", ["uno\xa0dos", "franco–alemana", "“sí”", "25 °C", "10 €", "São Paulo", "Zürich"])
def test_little_evidence_means_windows(text):
    decoded = decode_text(text.encode("cp1252"))
    assert (decoded.text, decoded.encoding) == (text, "cp1252")


def test_the_note_on_an_encoding_says_the_line():
    (note,) = decode_text("uno\r\ndos\rmañana".encode("cp1252")).notes
    assert note.line == 3 and "0xf1" in note.reason and "Windows-1252" in note.reason


MISREAD = {
    **{
        f"UTF-8 as {codec}": seen_through(SPOKEN.encode(), codec)
        for codec in ("cp1252", "latin-1", "cp850", "cp437", "mac_roman")
    },
    "twice": seen_through(seen_through(SPOKEN.encode(), "cp1252").encode(), "cp1252"),
    "three times": seen_through(seen_through(seen_through(SPOKEN.encode(), "cp1252").encode(), "cp1252").encode(), "cp1252"),
    "one line of three": "\n".join([*SPOKEN.split("\n")[:2], seen_through(SPOKEN.split("\n")[2].encode(), "cp1252"), ""]),
    "Windows-1252 as DOS": seen_through(SPOKEN.encode("cp1252"), "cp850"),
    "DOS as Windows-1252": seen_through(SPOKEN.encode("cp850"), "cp1252"),
    "Macintosh as Windows-1252": seen_through(SPOKEN.encode("mac_roman"), "cp1252"),
    "Windows-1252 as Macintosh": seen_through(SPOKEN.encode("cp1252"), "mac_roman"),
}


@pytest.mark.parametrize("kind", MISREAD)
def test_mojibake_is_taken_back_with_a_word(kind):
    decoded = decode_text(MISREAD[kind].encode())
    assert decoded.text == SPOKEN
    (note,) = decoded.notes
    assert note.kind == "mojibake" and not note.lost and "is read as" in note.reason
    assert note.line == (3 if kind == "one line of three" else 1)


def test_lines_that_are_right_stay_beside_misread_ones():
    decoded = decode_text("sí, él\nla ca¤a del ni¤o\n¡año!\n".encode())
    assert decoded.text == "sí, él\nla caña del niño\n¡año!\n" and [note.line for note in decoded.notes] == [2]


QUOTES = "“Hola” — dijo… ‘che’ 😂 5 €"


@pytest.mark.parametrize("codec", ["cp1252", "latin-1"])
def test_mojibake_of_quotes_emoji_and_combining_accents(codec):
    text = QUOTES + " Man\u0303ana"
    assert decode_text(seen_through(text.encode(), codec).encode()).text == text


MEANT = (
    "Ângela y São Paulo, «MAÇÃ»",
    "«CAFÉ», dijo; «café»…",
    "5 ± 2 cm², 3 × 4 ÷ 2, 25 °C, £5, 10 €",
    "col·legi, d’Alessandro, franco–alemán, —dijo—",
    "¿Qué? ¿Cómo? ¡No!",
    "todo bien?si",
    "http://ejemplo.com/?q=uno&r=dos y a?b",
    "Müller, Łódź, Björk, ação, façade, Škoda",
    "√2 ≈ 1,41 y ∫ f",
    "uno\xa0dos, tres\x85cuatro",
    "El ÑANDÚ Y EL PINGÜINO",
    "3.º, 2ª, Prof.ª, n.º 5",
)


@pytest.mark.parametrize("text", MEANT)
def test_what_is_meant_so_stays(text):
    decoded = decode_text(text.encode())
    assert decoded.text == text and decoded.notes == ()


LOST = {
    "replacement characters": "ok\nMa\ufffdana",
    "question marks for letters": "ok\nMa?ana el ni?o",
    "half of a pair": "ok\nel rÃo y el marÃ tibio",
    "mojibake in small letters": "ok\nmaã±ana",
    "mojibake of a replacement character": "ok\nMaï¿½ana",
    "a sign for a letter": "ok él\nla ca¦a",
    "half of a dash": "ok\nsí â€ no",
}


@pytest.mark.parametrize("kind", LOST)
def test_letters_that_are_lost_are_told_by_line(kind):
    decoded = decode_text(LOST[kind].encode())
    assert list(decoded.lost_lines()) == [2] and decoded.text == LOST[kind].replace("ï¿½", "\ufffd")
    assert "letters are lost in" in decoded.lost_lines()[2]


BINARY = {
    "a WAV sound": b"RIFF\x24\0\0\0WAVEfmt ",
    "a zip archive": b"PK\x03\x04\x14\0\0\0",
    "a PNG picture": b"\x89PNG\r\n\x1a\n\0\0",
    "Praat's binary form": b"ooBinaryFile\x08TextGrid\0\0",
    "an old Excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0",
    "a gzip archive": b"\x1f\x8b\x08\x08\0\0",
    "NUL": b"Hola\0che, esto es un texto",
    "control characters": bytes(range(1, 32)) * 9 + b"\xff",
}


@pytest.mark.parametrize("what", BINARY)
def test_what_is_no_text_is_named(what):
    with pytest.raises(InputError, match=r"lista\.csv is not a text file") as error:
        decode_text(BINARY[what], "lista.csv")
    assert what in error.value.why


def test_a_file_cut_inside_a_letter():
    with pytest.raises(InputError, match="cut short") as error:
        decode_text("¿qué?\nmañ".encode()[:-1])
    assert "line 2" in error.value.why
    with pytest.raises(InputError, match="begins as UTF-16") as error:
        decode_text(SPOKEN.encode("utf-16") + b"a")
    assert "byte" in error.value.why


def test_two_files_joined_are_read_line_by_line():
    decoded = decode_text("mañana\nsí\n".encode() + "después\nmamá\n".encode("cp1252"))
    assert decoded.text == "mañana\nsí\ndespués\nmamá\n"
    (note,) = decoded.notes
    assert (note.line, note.kind) == (3, "encoding") and "2 lines are not UTF-8" in note.reason
    both = decode_text("mañana\n".encode() + "mañana ".encode() + "sí\n".encode("cp1252"))
    assert list(both.lost_lines()) == [2]


def test_another_alphabet_is_not_taken_for_latin_1():
    with pytest.raises(InputError, match="encoding of the text is not known") as error:
        decode_text("Сегодня хорошая погода, дети играют во дворе".encode("cp1251"))
    assert error.value.fix == "save it as UTF-8"


def test_inventories_are_left_as_they_are():
    assert decode_text("Ã±".encode(), repair=False).text == "Ã±"


def test_rows_end_where_files_mean_it():
    assert rows_of("a\vb\fc\x1cd\x85e\u2028f\u2029g\r\nh\ri\n\nj") == ["a\vb\fc\x1cd\x85e\u2028f\u2029g", "h", "i", "", "j"]
    assert rows_of("") == [] and rows_of("a\n") == ["a"] and rows_of("\n") == [""]


def test_reading_a_file_names_it(tmp_path):
    path = tmp_path / "texto.txt"
    with pytest.raises(InputError, match="cannot read"):
        read_text(path)
    path.write_bytes(b"\0\1\2")
    with pytest.raises(InputError, match=r"texto\.txt is not a text file"):
        read_text(path)
    path.write_bytes("mañana".encode("utf-16"))
    assert read_text(path).text == "mañana"


def test_a_file_too_large_for_a_text_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("ttskit.texts.decoding.LIMIT_BYTES", 10)
    (tmp_path / "a.txt").write_bytes(b"x" * 11)
    with pytest.raises(InputError, match="too large"):
        read_text(tmp_path / "a.txt")


def test_every_table_has_all_characters():
    assert all(len(table) == 256 for table in western().values())
