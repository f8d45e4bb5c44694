"""Lists as people and toolkits write them: each is read as it was meant, or refused with what its columns look like."""

import csv
import io
import json
import unicodedata

import pytest

from ttskit.corpus.columns import parse_columns
from ttskit.corpus.readers import detect, read_folders, read_list, read_ljspeech
from ttskit.errors import CorpusError, UsageError

TEXTS = (
    "Hola, ¿cómo andás?",
    "El perro duerme en el patio.",
    "Mañana llueve en toda la costa.",
    "Yo ya llegué a la calle ancha.",
    "La abuela cocina ñoquis los domingos.",
    "El tren sale temprano.",
    "Me gusta el mate amargo.",
    "Los chicos juegan en la vereda.",
)
IDS = tuple(f"demo_{i:04}" for i in range(1, len(TEXTS) + 1))
TWO = ("ana", "beto") * 4


def clips(folder, names=IDS, places="wavs", suffix=".wav"):
    for name in names:
        path = folder / places / (name + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
    return folder


def listed(folder, *columns, name="metadata.csv", mark="|", header="", encoding="utf-8", end="\n"):
    rows = [mark.join(map(str, row)) for row in zip(*columns, strict=True)]
    text = end.join([*([header] if header else []), *rows]) + end
    (folder / name).write_bytes(text.encode(encoding))
    return folder


def read(folder, speaker=None, columns=None):
    """As `prepare` would: the layout found, then read."""
    reader = {"ljspeech": read_ljspeech, "list": read_list, "folders": read_folders}[detect(folder)]
    return reader(folder, speaker, parse_columns(columns))


def heard(reading):
    return [(u.speaker, u.text) for u in reading.utterances]


def wavs(prefix="wavs/", suffix=".wav", ids=IDS):
    return [prefix + id + suffix for id in ids]


ALIKE = ("spa",) * 8
SHOWN = [text.replace("Hola", "HOLA") for text in TEXTS]
# name of the list, its columns, who speaks ("" is the folder): texts must be TEXTS, nothing else
UNDERSTOOD = {
    "id|raw|normalised|speaker|language": ("metadata.csv", (IDS, TEXTS, TEXTS, TWO, ALIKE), "two"),
    "id|raw|normalised|0": ("metadata.csv", (IDS, TEXTS, TEXTS, ("0",) * 8), ""),
    "id|speaker|text": ("metadata.csv", (IDS, TWO, TEXTS), "two"),
    "path|text|number of the speaker": ("train.txt", (wavs(), TEXTS, (0, 1) * 4), "01"),
    "path|number of the speaker|text": ("train.txt", (wavs(), (0, 1) * 4, TEXTS), "01"),
    "id|text|speaker": ("metadata.csv", (IDS, TEXTS, TWO), "two"),
    "id|text|language": ("metadata.csv", (IDS, TEXTS, ("es-AR",) * 8), ""),
    "id|language|speaker|text": ("metadata.csv", (IDS, ("es",) * 8, TWO, TEXTS), "two"),
    "path|text|seconds": ("train.txt", (wavs(), TEXTS, [f"{i}.25" for i in range(8)]), ""),
    "speaker|path|text": ("train.txt", (TWO, wavs(), TEXTS), "two"),
    "text|path": ("train.txt", (TEXTS, wavs()), ""),
    "path|text|speaker|its number": ("train.txt", (wavs(), TEXTS, TWO, (0, 1) * 4), "two"),
    "id|text|phonemes": ("metadata.csv", (IDS, TEXTS, ["ˈola kˈomo andˈas", "el pˈero ðwˈeɾme"] * 4), ""),
    "id|text as spoken|text with numbers": (
        "metadata.csv",
        (IDS, TEXTS, [f"{t[:-1]} 12 3" for t in TEXTS]),
        "",
    ),
    "id|text|text without its accents": (
        "metadata.csv",
        (IDS, TEXTS, [t.translate(str.maketrans("áéíóúñ¿", "aeioun ")) for t in TEXTS]),
        "",
    ),
    "id|text|empty": ("metadata.csv", (IDS, TEXTS, ("",) * 8), ""),
    "id|sentence number|text": ("metadata.csv", (IDS, [f"s{i}" for i in range(8)], TEXTS), ""),
    "path|one speaker|text": ("train.txt", (wavs(), ("ana",) * 8, TEXTS), "ana"),
    "id|one speaker|text": ("metadata.csv", (IDS, ("ana",) * 8, TEXTS), "ana"),
    "path|speaker|one word": ("train.txt", (wavs(), TWO, "casa perro mesa luna sol mar río pan".split()), "words"),
    "path|text|sex of the only speaker": ("train.txt", (wavs(), TEXTS, ("f",) * 8), ""),
    "path|text|split": ("train.txt", (wavs(), TEXTS, ("train",) * 6 + ("dev", "test")), ""),
    "path|text|day": ("train.txt", (wavs(), TEXTS, [f"2025-11-{i + 10}" for i in range(8)]), ""),
    "speaker, language and emotion": ("train.txt", (wavs(), TEXTS, TWO, ("es",) * 8, ("neutral", "happy") * 4), "two"),
    "id|text|text without its marks": (
        "metadata.csv",
        (IDS, TEXTS, [t.lower().translate(str.maketrans("", "", "¿?.,")) for t in TEXTS]),
        "",
    ),
    "the same prompts by two": ("train.txt", (wavs(), ("ana",) * 4 + ("beto",) * 4, TEXTS), "four"),
    "names of two words": ("metadata.csv", (IDS, ("Ana Paz", "Beto Sosa") * 4, TEXTS), "names"),
}


@pytest.mark.parametrize("kind", UNDERSTOOD)
def test_extra_columns_are_not_spoken_and_speakers_not_merged(tmp_path, kind):
    name, columns, who = UNDERSTOOD[kind]
    reading = read(listed(clips(tmp_path / "corpus"), *columns, name=name))
    texts = columns[2] if who == "words" else TEXTS
    speakers = {
        "two": TWO,
        "words": TWO,
        "four": ("ana",) * 4 + ("beto",) * 4,
        "01": ("0", "1") * 4,
        "": ("corpus",) * 8,
        "ana": ("ana",) * 8,
        "names": ("Ana Paz", "Beto Sosa") * 4,
    }
    assert heard(reading) == list(zip(speakers[who], texts, strict=True))
    assert all(u.audio.is_file() for u in reading.utterances)
    (said,) = reading.understood
    assert said.startswith(f"{name}: ") and "path" in said and "\n" not in said
    assert ("speaker (" in said) == bool(who)


DOUBTFUL = {
    "speakers and no text": ("train.txt", (wavs(), TWO), "path,text"),
    "numbers only": ("metadata.csv", (IDS, [str(37 * i) for i in range(8)]), "path,text"),
    "five speakers of eight clips": ("train.txt", (wavs(), TEXTS, "p1 p2 p3 p4 p5 p1 p2 p3".split()), "path,text,speaker"),
    "three texts": ("metadata.csv", (IDS, TEXTS, SHOWN, [t.lower() for t in TEXTS]), "path,text,"),
    "two voices or two sexes": ("metadata.csv", (IDS, ("m", "f") * 4, TEXTS), "path,speaker,text"),
    "a translation": ("metadata.csv", (IDS, TEXTS, [f"The dog number {i} sleeps well" for i in range(8)]), "path,text,"),
    "two speakers or two rooms": ("metadata.csv", (IDS, TWO, ("sala", "calle") * 3 + ("sala", "sala"), TEXTS), "path,speaker,"),
    "emotions": ("train.txt", (wavs(), ("happy", "sad") * 4, TEXTS), "path,speaker,text"),
    "a name of its own in each row": (
        "train.txt",
        (wavs(), "ana beto caro dani ema fede gala hugo".split(), TEXTS),
        "path,speaker,text",
    ),
    "no texts": ("metadata.csv", (IDS, (0, 1) * 4), "path,text"),
    "two numbers": ("train.txt", (wavs(), (0, 1) * 4, (2, 2, 3, 3) * 2, TEXTS), "path,speaker,"),
}


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_columns_in_doubt_are_refused_with_what_they_look_like_and_what_to_type(tmp_path, kind):
    name, columns, guess = DOUBTFUL[kind]
    with pytest.raises(CorpusError, match="not clear") as error:
        read(listed(clips(tmp_path), *columns, name=name))
    assert f"--columns {guess}" in error.value.fix
    for number, column in enumerate(columns, 1):
        assert f"column {number}: {str(column[0])[:20]}" in error.value.why


def test_recordings_in_a_folder_for_each_person_are_not_made_one_voice_in_silence(tmp_path):
    paths = [f"{who}/{id}" for who, id in zip(TWO, IDS, strict=True)]
    folder = listed(clips(tmp_path / "corpus", paths, "."), [p + ".wav" for p in paths], TEXTS, name="train.txt")
    with pytest.raises(CorpusError, match="not clear") as error:
        read(folder)
    assert (
        "ana, beto" in error.value.why and "--columns speaker/path,text" in error.value.fix and "--speaker" in error.value.fix
    )
    assert heard(read(folder, columns="speaker/path,text")) == list(zip(TWO, TEXTS, strict=True))
    assert {u.speaker for u in read(folder, "caro").utterances} == {"caro"}


def test_columns_said_by_hand(tmp_path):
    folder = listed(clips(tmp_path / "corpus"), IDS, ("m", "f") * 4, TEXTS, SHOWN)
    assert heard(read(folder, columns="path,speaker,text,ignore"))[1] == ("f", TEXTS[1])
    assert heard(read(folder, columns="id,-,raw,normalised"))[0] == ("corpus", SHOWN[0])
    assert "as --columns says" in read(folder, columns="id,-,raw,normalised").understood[0]
    for written, told in {
        "path,text": "names 2 columns, metadata.csv has 4",
        "path,text,txt,ignore": "no column 'txt'",
        "path,speaker,speaker,text": "name each column once",
        "text,ignore,ignore,ignore": "path and text",
        "path,ignore,ignore,ignore": "path and text",
    }.items():
        with pytest.raises(UsageError, match=told):
            read(folder, columns=written)


def table(rows, mark=",", quoting=csv.QUOTE_MINIMAL, end="\r\n"):
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=mark, quoting=quoting, lineterminator=end).writerows(rows)
    return buffer.getvalue()


COMMON_VOICE = (
    "client_id path sentence_id sentence sentence_domain up_votes down_votes age gender accents variant locale segment".split()
)
NEMO = [{"audio_filepath": p, "text": t, "duration": 1.0, "speaker": 0} for p, t in zip(wavs(), TEXTS, strict=True)]
PAIRS = list(zip(wavs(), TEXTS, strict=True))


def lines_of(objects):
    return "\n".join(json.dumps(o, ensure_ascii=False) for o in objects) + "\n"


OTHER_LISTS = {
    "validated.tsv": table(
        [
            COMMON_VOICE,
            *(
                [f"h{w}", id + ".mp3", f"s{i}", t, "", 2, 0, "", "", "", "", "es", ""]
                for i, (id, w, t) in enumerate(zip(IDS, TWO, TEXTS, strict=True))
            ),
        ],
        "\t",
    ),
    "train_manifest.json": lines_of(NEMO),
    "train.jsonl": lines_of({"audio": {"path": p}, "sentence": t} for p, t in PAIRS),
    "all.json": json.dumps([{"file": p, "text": t} for p, t in PAIRS]),
    "names.json": json.dumps(dict(zip(IDS, TEXTS, strict=True))),
    "data.json": json.dumps({"data": [{"id": id, "transcript": t} for id, t in zip(IDS, TEXTS, strict=True)]}),
    "metadata.tsv": table([["file_name", "transcription"], *PAIRS], "\t", csv.QUOTE_ALL),
    "lista.csv": table([["archivo", "transcripción", "edad"], *((p, t, 30) for p, t in PAIRS)]),
    "semicolons.csv": table([["path", "text"], *PAIRS], ";", csv.QUOTE_ALL, "\n"),
    "no_header.csv": table(PAIRS, ",", csv.QUOTE_ALL),
    "metadata.csv": table([["file_name", "text", "normalized_text"], *((p, "x 1", t) for p, t in PAIRS)]),
    "filelist.txt": "path|text\n" + "".join(f"{p}|{t}\n" for p, t in PAIRS),
    "text": "".join(f"{id} {t}\n" for id, t in zip(IDS, TEXTS, strict=True)),
    "84-121.trans.txt": "".join(f"{id} {t}\n" for id, t in zip(IDS, TEXTS, strict=True)),
    "txt.done.data": "".join(f'( {id} "{t}" )\n' for id, t in zip(IDS, TEXTS, strict=True)),
    "everyvoice.psv": "basename|characters|language|speaker\n"
    + "".join(f"{id}|{t}|es|corpus\n" for id, t in zip(IDS, TEXTS, strict=True)),
    "sovits.list": "".join(f"{p}|corpus|ES|{t}\n" for p, t in PAIRS),
    "old_mac.lst": "".join(f"{p}|{t}\r" for p, t in PAIRS),
    "tabs.txt": "".join(f"{id}\t{t}\n" for id, t in zip(IDS, TEXTS, strict=True)),
}


@pytest.mark.parametrize("name", OTHER_LISTS)
def test_the_list_that_lies_there_is_read(tmp_path, name):
    (clips(tmp_path / "corpus") / name).write_bytes(OTHER_LISTS[name].encode())
    reading = read(tmp_path / "corpus")
    assert [u.text for u in reading.utterances] == list(TEXTS) and all(u.audio.is_file() for u in reading.utterances)
    speakers = [f"h{w}" for w in TWO] if name == "validated.tsv" else ["corpus"] * 8
    assert [u.speaker for u in reading.utterances] == speakers
    assert not [p for p in reading.problems if p.skipped]


@pytest.mark.parametrize("name", ["lista.xlsx", "notas.txt", "text", "subtitulos.srt", "etiquetas.eaf"])
def test_a_list_that_cannot_be_read_is_named_instead_of_no_text_for_each_clip(tmp_path, name):
    (clips(tmp_path) / name).write_bytes(b"PK\x03\x04" + bytes(99) if name == "lista.xlsx" else b"uno dos tres\n")
    with pytest.raises(CorpusError) as error:
        read(tmp_path)
    assert name in error.value.why and "demo_0001" in error.value.why


def test_parts_of_long_files_are_not_taken_for_whole_ones(tmp_path):
    rows = [{"audio_filepath": wavs()[0], "offset": 2.0 * i, "duration": 2.0, "text": t} for i, t in enumerate(TEXTS)]
    (clips(tmp_path) / "train.json").write_text(lines_of(rows), encoding="utf-8")
    reading = read(tmp_path)
    assert [u.text for u in reading.utterances] == [TEXTS[0]]
    assert [p.kind for p in reading.problems] == ["part of a file"] * 7 and all(p.skipped for p in reading.problems)


def test_several_lists_of_one_corpus_are_named_with_what_to_type(tmp_path):
    listed(listed(clips(tmp_path), wavs(), TEXTS, name="train.txt"), wavs(), TEXTS, name="val.txt")
    with pytest.raises(CorpusError, match="several lists") as error:
        read(tmp_path)
    assert "train.txt, val.txt" in error.value.why and str(tmp_path / "train.txt") in error.value.fix


FOLDERS = {
    "a text beside each": ("{0}.wav", "{0}.txt", "corpus"),
    "in wavs": ("wavs/{0}.wav", "wavs/{0}.txt", "corpus"),
    "a tree of texts": ("wavs/{0}.wav", "txt/{0}.txt", "corpus"),
    "VCTK": ("wav48/p225/{0}.wav", "txt/p225/{0}.txt", "p225"),
    "VCTK with microphones": ("wav48_silence_trimmed/p225/{0}_mic1.flac", "txt/p225/{0}.txt", "p225"),
    "LibriTTS": ("84/121/{0}.wav", "84/121/{0}.normalized.txt", "84"),
    "folders of speakers": ("ana/{0}.wav", "ana/{0}.lab", "ana"),
}


@pytest.mark.parametrize("layout", FOLDERS)
def test_texts_of_their_own_are_found(tmp_path, layout):
    audio, text, speaker = FOLDERS[layout]
    for id, words in zip(IDS, TEXTS, strict=True):
        for pattern, content in ((audio, b"RIFF"), (text, words.encode())):
            path = tmp_path / "corpus" / pattern.format(id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    assert heard(read(tmp_path / "corpus")) == [(speaker, words) for words in TEXTS]


NFD = [unicodedata.normalize("NFD", f"Año_{i}_camión") for i in range(8)]
NAMES = {
    "decomposed on the disk": (NFD, [unicodedata.normalize("NFC", n) for n in NFD]),
    "decomposed in the list": ([unicodedata.normalize("NFC", n) for n in NFD], NFD),
    "backslashes": (IDS, [f"wavs\\{id}.wav" for id in IDS]),
    "a point and a backslash": (IDS, [f".\\wavs\\{id}.wav" for id in IDS]),
    "a path of another machine": (IDS, [f"/home/ana/voz/wavs/{id}.wav" for id in IDS]),
    "a path of a Windows machine": (IDS, [f"C:\\voz\\wavs\\{id}.wav" for id in IDS]),
    "a folder that is not there": (IDS, [f"DUMMY/{id}.wav" for id in IDS]),
    "lost zeros": ([f"{i:04}" for i in range(1, 9)], [str(i) for i in range(1, 9)]),
    "a spreadsheet's numbers": ([f"{i:04}" for i in range(1, 9)], [f"{i}.0" for i in range(1, 9)]),
    "lost zeros after a word": (IDS, [f"demo_{i}" for i in range(1, 9)]),
    "another case": (IDS, [id.upper() for id in IDS]),
    "another suffix": (IDS, [id + ".mp3" for id in IDS]),
    "a suffix that we do not read": (IDS, [id + ".sph" for id in IDS]),
    "quotes": (IDS, [f'"{id}"' for id in IDS]),
    "spaces around": (IDS, [f" {id} " for id in IDS]),
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_recording_named_in_another_way_is_found(tmp_path, kind):
    there, written = NAMES[kind]
    reading = read(listed(clips(tmp_path, there), written, TEXTS))
    assert [u.text for u in reading.utterances] == list(TEXTS)
    assert [unicodedata.normalize("NFC", u.audio.stem) for u in reading.utterances] == [
        unicodedata.normalize("NFC", n) for n in there
    ]
    told = [p for p in reading.problems if p.kind == "other name"]
    assert bool(told) == any(word in kind for word in ("machine", "lost", "numbers", "case", "not there"))
    assert not any(p.skipped for p in reading.problems)


def test_a_path_of_another_place_means_the_recording_of_this_corpus(tmp_path):
    other = clips(tmp_path / "other")
    folder = listed(clips(tmp_path / "corpus"), [other / "wavs" / f"{id}.wav" for id in IDS], TEXTS)
    assert [u.audio for u in read(folder).utterances] == [folder / "wavs" / f"{id}.wav" for id in IDS]


def test_numbers_that_two_recordings_could_have_are_not_guessed(tmp_path):
    listed(clips(tmp_path, ["01", "001", "2"]), ["1", "2", "02"], TEXTS[:3])
    reading = read(tmp_path)
    assert [(u.id, u.audio.name, u.audio.is_file()) for u in reading.utterances] == [
        ("1", "1.wav", False),
        ("2", "2.wav", True),
    ]
    assert [p.kind for p in reading.problems if p.skipped] == ["same recording"]


def test_names_that_fit_nothing_are_told_with_the_near_ones(tmp_path):
    listed(clips(tmp_path), [str(i) for i in range(1, 9)], TEXTS)
    with pytest.raises(CorpusError, match=r"none of the 8 recordings that metadata\.csv names is there") as error:
        read(tmp_path)
    assert "'1' may be wavs/demo_0001.wav" in error.value.why
    listed(tmp_path, [*IDS[:7], "dmo_0008"], TEXTS)
    (near,) = [p for p in read(tmp_path).problems if p.kind == "near name"]
    assert "wavs/demo_0008.wav" in near.reason and not near.skipped


def test_one_row_of_a_stranger_costs_only_itself(tmp_path):
    odd = ["x\0y.wav", "y" * 300 + ".wav", "../" * 50 + "etc/passwd", "/dev/zero", 1, None, "", "wavs/", ".", "~/a", "CON"]
    rows = [{"path": path, "text": TEXTS[0]} for path in (*wavs(), *odd)]
    lines = [*map(json.dumps, rows), "[[[[", "[" * 100_000, "1" + "0" * 5000, '"x"', '{"path": {"path": 1}}']
    (clips(tmp_path) / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    reading = read(tmp_path)
    assert [u.text for u in reading.utterances[:8]] == [TEXTS[0]] * 8 and all(u.audio.is_file() for u in reading.utterances[:8])
    assert {p.kind for p in reading.problems} <= {"bad line", "outside", "near name"} and len(reading.problems) >= 6
    assert all(u.audio.resolve().is_relative_to(tmp_path.resolve()) for u in reading.utterances)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "pointer of Git LFS"),
        (b"<!DOCTYPE html><html><body>404</body></html>\n", "web page"),
        (b"PK\x03\x04\x14\0\0\0", "zip archive"),
        (b'demo_0001,"Hola\n' + b"demo_0002,che,x\n" * 9, "not closed"),
        (b"   \n\n", "is empty"),
    ],
)
def test_something_else_under_the_name_of_a_list_is_named(tmp_path, content, told):
    (clips(tmp_path) / "metadata.csv").write_bytes(content)
    with pytest.raises(CorpusError) as error:
        read(tmp_path)
    assert told in str(error.value)


def test_a_damaged_row_is_left_out_and_the_rest_is_read(tmp_path):
    (clips(tmp_path) / "metadata.csv").write_text("demo_0001|Hola\ndemo_0002|Ma\ufffdana\ndemo_0003|Sí, él\n", encoding="utf-8")
    reading = read(tmp_path)
    assert [u.text for u in reading.utterances] == ["Hola", "Sí, él"]
    assert [(p.id, p.kind, p.skipped) for p in reading.problems] == [("metadata.csv:2", "damaged", True)]


@pytest.mark.parametrize("mark", list("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
def test_a_separator_inside_a_sentence_ends_no_row(tmp_path, mark):
    """Half a transcript was kept as if it were whole: "El per"."""
    (clips(tmp_path) / "metadata.csv").write_text(f"demo_0001|uno{mark}dos tres\ndemo_0002|cuatro\n", encoding="utf-8")
    reading = read(tmp_path)
    assert [u.text for u in reading.utterances] == ["uno dos tres", "cuatro"] and not reading.problems


def test_rows_with_more_or_fewer_columns_than_the_others_are_not_guessed(tmp_path):
    rows = [f"{id}|{t}" for id, t in zip(IDS, TEXTS, strict=True)]
    rows[2] += "|ana"
    rows[3] = "demo_0004"
    (clips(tmp_path) / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
    reading = read(tmp_path)
    assert [u.id for u in reading.utterances] == [IDS[i] for i in (0, 1, 4, 5, 6, 7)]
    assert [(p.id, p.kind) for p in reading.problems] == [("metadata.csv:3", "bad line"), ("metadata.csv:4", "bad line")]
