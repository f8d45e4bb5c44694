"""Lines and recordings of one name: which of them is used."""

from ttskit.corpus.readers import read_ljspeech, without_duplicates


def put(folder, table, *recordings):
    """A folder with a table, and empty recordings in wavs/."""
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    (folder / "metadata.csv").write_text(table, encoding="utf-8")
    for name in recordings:
        (folder / "wavs" / name).write_bytes(b"")
    return folder


def test_of_three_lines_of_one_id_the_first_is_used_and_the_others_are_told_with_both_texts(tmp_path):
    """Planted: the last one was used, and said to be the first."""
    put(tmp_path, "a|uno\nb|otro\nA|dos\na|tres\n")
    reading = without_duplicates(read_ljspeech(tmp_path))
    assert [(u.id, u.text) for u in reading.utterances] == [("a", "uno"), ("b", "otro")]
    assert [p.reason for p in reading.problems] == [f"text '{t}'; the first, with 'uno', is used" for t in ("dos", "tres")]


def test_of_recordings_of_one_name_the_least_compressed_is_taken(tmp_path):
    """Planted: the MP3 beside a wave."""
    for name, suffixes, taken in (
        ("one", ("mp3", "wav", "flac"), "wav"),
        ("two", ("ogg", "mp3", "flac"), "flac"),
        ("three", ("mp3", "ogg", "opus"), "ogg"),
    ):
        folder = put(tmp_path / name, "a|hola\n", *(f"a.{suffix}" for suffix in suffixes))
        assert [u.audio.name for u in read_ljspeech(folder).utterances] == [f"a.{taken}"]
        put(folder, "a.mp3|hola\n")  # one that is named with its suffix is meant
        assert [u.audio.suffix for u in read_ljspeech(folder).utterances] == [".mp3"]
