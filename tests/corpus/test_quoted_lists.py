"""Lists in which quotes stand around whole rows, or are opened and never closed."""

import pytest

from ttskit.corpus.readers import read_list
from ttskit.corpus.tables import read_table
from ttskit.errors import CorpusError

TEXTS = ("Hola, ¿cómo andás?", "El perro duerme.", "Mañana llueve; mucho.", "Yo ya llegué.")


@pytest.mark.parametrize(
    "row",
    [
        '"a{n}|{text}"',
        '"a{n};{text}"',
        '"a{n},{text}"',
        '"a{n}.wav|{text}|{text}"',
        '"a{n}|ana|{text}"',
        '"a{n}|{text}" ',
    ],
)
def test_a_row_in_quotes_as_a_whole_has_the_cells_that_stand_in_it(tmp_path, row):
    texts = [text.replace(",", "").replace(";", "") for text in TEXTS]
    path = tmp_path / "metadata.csv"
    path.write_text("\n".join(row.format(n=n, text=text) for n, text in enumerate(texts)) + "\n", encoding="utf-8")
    table = read_table(path)
    assert [cells[0].removesuffix(".wav") for _, cells in table.rows] == ["a0", "a1", "a2", "a3"]
    assert [cells[-1].strip() for _, cells in table.rows] == texts and not table.problems


@pytest.mark.parametrize(
    "text",
    [
        '"hola|../../etc/passwd',
        '"a|b\n',
        '"a;b\nc;d',
        '"a,b c',
        '"a|b\x85c|d\n',
    ],
)
def test_a_quote_that_is_never_closed_is_said_of_the_list(tmp_path, text):
    (tmp_path / "metadata.csv").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read_list(tmp_path, "ana")
    assert "metadata.csv" in caught.value.what and "in quotes that are not closed" in caught.value.why
