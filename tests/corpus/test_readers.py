"""Layouts, and everything that is wrong with text files."""

import pytest

from ttskit.corpus.readers import detect, read_folders, read_list, read_ljspeech, safe_name, without_duplicates
from ttskit.errors import CorpusError, UsageError


def put(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return folder


def test_ljspeech_takes_the_normalised_text_and_any_suffix(tmp_path):
    put(tmp_path, metadata_DOT_csv="a|Son 2.|son dos\nb|hola\nc|solo crudo|\n", wavs__a_DOT_flac=b"", wavs__b_DOT_mp3=b"")
    reading = read_ljspeech(tmp_path, "ana")
    assert [(u.id, u.text, u.speaker, u.audio.name) for u in reading.utterances] == [
        ("a", "son dos", "ana", "a.flac"),
        ("b", "hola", "ana", "b.mp3"),
        ("c", "solo crudo", "ana", "c.wav"),
    ]
    assert detect(tmp_path) == "ljspeech"


def test_list_of_two_columns_and_the_file_itself(tmp_path):
    put(tmp_path, list_DOT_txt="clips/x.ogg|hola\nclips\\y|chau\n", clips__x_DOT_ogg=b"", clips__y_DOT_wav=b"")
    for source in (tmp_path, tmp_path / "list.txt"):
        assert detect(source) == "list"
        found = read_list(source, "ana").utterances
        assert [(u.id, u.speaker, u.audio.name, u.text) for u in found] == [
            ("clips_x", "ana", "x.ogg", "hola"),
            ("clips_y", "ana", "y.wav", "chau"),
        ]


def test_list_of_three_columns_gives_speakers_and_picks_one(tmp_path):
    put(tmp_path, list_DOT_txt="x.wav|ana|hola\ny.wav|beto|chau\nz.wav|sin columna\n")
    reading = read_list(tmp_path)
    assert [u.speaker for u in reading.utterances] == ["ana", "beto"]
    assert [(p.kind, p.id) for p in reading.problems] == [("bad line", "list.txt:3")]
    assert [u.speaker for u in read_list(tmp_path, "beto").utterances] == ["beto"]
    with pytest.raises(UsageError) as error:
        read_list(tmp_path, "bto")
    assert error.value.fix == "--speaker beto"


def test_folders_with_lab_files_and_with_their_own_metadata(tmp_path):
    put(
        tmp_path,
        ana__a_DOT_wav=b"",
        ana__a_DOT_lab="hola\n",
        ana__b_DOT_wav=b"",
        beto__metadata_DOT_csv="x|chau\n",
        beto__wavs__x_DOT_wav=b"",
    )
    assert detect(tmp_path) == "folders"
    found = read_folders(tmp_path).utterances
    assert [(u.id, u.speaker, u.text) for u in found] == [
        ("ana_a", "ana", "hola"),
        ("ana_b", "ana", ""),
        ("beto_x", "beto", "chau"),
    ]


def test_missing_and_empty_corpus(tmp_path):
    with pytest.raises(CorpusError, match="there is no corpus"):
        read_ljspeech(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="is empty"):
        detect(tmp_path)
    put(tmp_path, notes_DOT_md="nothing")
    with pytest.raises(CorpusError, match="no corpus found") as error:
        detect(tmp_path)
    assert "notes.md" in error.value.why
    put(tmp_path, metadata_DOT_csv="\n")
    with pytest.raises(CorpusError, match=r"metadata\.csv is empty"):
        read_ljspeech(tmp_path)


def test_wrong_separator_says_file_line_and_what_was_found(tmp_path):
    put(tmp_path, metadata_DOT_csv="\na,hola, qué tal\nb,chau\n")
    with pytest.raises(CorpusError) as error:
        read_ljspeech(tmp_path)
    assert "metadata.csv, line 2" in error.value.what and "'a,hola, qué tal', which has ','" in error.value.why


@pytest.mark.parametrize("mark", ["\t", ";", ","])
def test_another_separator_is_read_where_every_row_has_it_alike(tmp_path, mark):
    put(
        tmp_path,
        list_DOT_txt=f"x.wav{mark}hola\ny{mark}chau\n",
        x_DOT_wav=b"",
        y_DOT_wav=b"",
        notes_DOT_txt="At home, in May.\n",
    )
    assert detect(tmp_path) == "list"
    assert [(u.id, u.text) for u in read_list(tmp_path).utterances] == [("x", "hola"), ("y", "chau")]


@pytest.mark.parametrize("mark", [";", ","])
def test_a_list_with_the_wrong_separator_is_found_and_named(tmp_path, mark):
    put(
        tmp_path,
        list_DOT_txt=f"x.wav{mark}hola{mark} che\nx.wav{mark}hola\n",
        x_DOT_wav=b"",
        notes_DOT_txt="At home, in May.\n",
    )
    assert detect(tmp_path) == "list"
    with pytest.raises(CorpusError, match=r"list\.txt, line 1: no '\|' between name and text"):
        read_list(tmp_path)


def test_one_bad_line_among_good_ones_is_listed(tmp_path):
    put(tmp_path, metadata_DOT_csv="a|hola\nchau\n|sin nombre\n")
    reading = read_ljspeech(tmp_path)
    assert [u.id for u in reading.utterances] == ["a"]
    assert [(p.id, p.kind) for p in reading.problems] == [("metadata.csv:2", "bad line"), ("metadata.csv:3", "bad line")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_no_text(tmp_path, encoding):
    put(tmp_path, metadata_DOT_csv="a|mañana\n".encode(encoding))
    reading = read_ljspeech(tmp_path)
    assert [(u.id, u.text) for u in reading.utterances] == [("a", "mañana")] and not reading.problems


def test_latin_1_is_read_with_a_warning(tmp_path):
    put(tmp_path, metadata_DOT_csv="a|hola\nb|mañana\n".encode("latin-1"))
    reading = read_ljspeech(tmp_path)
    assert reading.utterances[1].text == "mañana"
    (problem,) = reading.problems
    assert (problem.id, problem.kind, problem.skipped) == ("metadata.csv:2", "encoding", False) and "0xf1" in problem.reason


def test_duplicate_ids_keep_the_first_whatever_the_case(tmp_path):
    put(tmp_path, metadata_DOT_csv="a|hola\nA|chau\na|hola\n")
    reading = without_duplicates(read_ljspeech(tmp_path))
    assert [(u.id, u.text) for u in reading.utterances] == [("a", "hola")]
    assert [p.kind for p in reading.problems] == ["duplicate id"] * 2


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/secret.wav", "a/../../secret.wav"])
def test_path_escaping_the_corpus_is_refused(tmp_path, path):
    put(tmp_path, secret_DOT_wav=b"", inner__list_DOT_txt=f"{path}|hola\ngood.wav|chau\n")
    reading = read_list(tmp_path / "inner")
    assert [u.id for u in reading.utterances] == ["good"]
    assert [p.kind for p in reading.problems] == ["outside"] and "refused" in reading.problems[0].reason
    put(tmp_path, lj__metadata_DOT_csv=f"{'../../secret'}|hola\n")
    assert [p.kind for p in read_ljspeech(tmp_path / "lj").problems] == ["outside"]


def test_several_lists_ask_for_one(tmp_path):
    put(tmp_path, a_DOT_txt="x.wav|hola\n", b_DOT_txt="x.wav|hola\n", x_DOT_wav=b"")
    with pytest.raises(CorpusError, match="several lists") as error:
        read_list(tmp_path)
    assert "a.txt, b.txt" in error.value.why


def test_ids_fit_every_file_system():
    assert safe_name('a/b\\c:d*?"<>|.') == "a_b_c_d______" and safe_name("..") == "_"


def test_a_recording_in_two_formats_is_one_utterance(tmp_path):
    put(tmp_path, ana__a_DOT_flac=b"", ana__a_DOT_wav=b"", ana__a_DOT_txt="hola", ana__b_DOT_ogg=b"", ana__b_DOT_txt="chau")
    assert [(u.id, u.audio.name) for u in read_folders(tmp_path).utterances] == [("ana_a", "a.wav"), ("ana_b", "b.ogg")]
