"""Lists as an independent judge wrote them down before they were tried: each reads as it was meant, or says what is wrong."""

from __future__ import annotations

import pytest

from ttskit.corpus.readers import detect, read_folders, read_list, read_ljspeech
from ttskit.errors import CorpusError

TEXTS = (
    *("La yerba se terminó ayer.", "El perro duerme en el patio.", "¿Mañana llueve en la costa?", "Yo ya llegué a la calle."),
    *("Vos sabés que viene lleno.", "Che, alcanzame el mate.", "Los niños juegan afuera.", "Compré pan y queso."),
    *("Señor, ¿a qué hora sale?", "Nunca vi tanta gente.", "El médico atiende los lunes.", "Hay que pagar la luz."),
    *("Mi abuela cocina muy bien.", "Se cortó internet otra vez."),
)
NAMES = tuple(f"demo_{i:04}" for i in range(1, 15))
PEOPLE = tuple("ana" if i % 2 else "beto" for i in range(14))
ROWS = tuple(zip(NAMES, TEXTS, strict=True))


def corpus(folder, files):
    for name in NAMES:
        (folder / "wavs").mkdir(exist_ok=True)
        (folder / "wavs" / f"{name}.wav").write_bytes(b"RIFF")
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    return folder


def read(folder, speaker=None):
    return {"ljspeech": read_ljspeech, "list": read_list, "folders": read_folders}[detect(folder)](folder, speaker)


def rows(pattern):
    return "".join(pattern.format(n=n, t=t, s=s) + "\n" for n, t, s in zip(NAMES, TEXTS, PEOPLE, strict=True))


KALDI = rows("{n} {t}")
COMPANIONS = {
    "utt2spk": {"text": KALDI, "utt2spk": rows("{n} {s}")},
    "utt2spk and commands": {"text": KALDI, "utt2spk": rows("{n} {s}"), "wav.scp": rows("{n} sox wavs/{n}.wav -t wav - |")},
    "spk2utt": {
        "text": KALDI,
        "spk2utt": f"ana {' '.join(NAMES[1::2])}\nbeto {' '.join(NAMES[::2])}\n",
    },
    "names by wav.scp": {
        "text": KALDI.replace("demo_", "utt-"),
        "utt2spk": rows("{n} {s}").replace("demo_", "utt-"),
        "wav.scp": "".join(f"{n.replace('demo_', 'utt-')} wavs/{n}.wav\n" for n in NAMES),
    },
    "speakers.txt": {"metadata.csv": rows("{n}|{t}"), "speakers.txt": rows("{n}|{s}")},
    "hablantes.csv": {"metadata.csv": rows("{n}|{t}"), "hablantes.csv": rows("wavs/{n}.wav;{s}")},
    "speaker.tsv": {"train.txt": rows("wavs/{n}.wav|{t}"), "speaker.tsv": rows("{n}\t{s}")},
}


@pytest.mark.parametrize("name", COMPANIONS)
def test_speakers_in_a_file_beside_the_list_are_not_merged(name, tmp_path):
    reading = read(corpus(tmp_path, COMPANIONS[name]))
    assert [(u.speaker, u.text) for u in reading.utterances] == list(zip(PEOPLE, TEXTS, strict=True))
    assert all(u.audio.is_file() for u in reading.utterances) and "speakers by" in reading.understood[0]


def test_who_speaks_by_a_file_beside_the_list_can_be_picked_and_what_it_lacks_is_told(tmp_path):
    files = dict(COMPANIONS["utt2spk"])
    files["utt2spk"] = files["utt2spk"].replace(f"{NAMES[3]} ana\n", "")
    folder = corpus(tmp_path, files)
    assert {u.speaker for u in read(folder, "ana").utterances} == {"ana"}
    (problem,) = [p for p in read(folder).problems if p.skipped]
    assert problem.kind == "no speaker" and "utt2spk" in problem.reason


@pytest.mark.parametrize(
    "files",
    [
        {"text": KALDI, "utt2spk": rows("{n} {n}")},  # what Kaldi's tools write of speakers that nobody knows
        {"metadata.csv": rows("{n}|{t}"), "speakers.txt": "otro_1|ana\notro_2|beto\n"},
        {"metadata.csv": rows("{n}|{t}"), "speakers.txt": "ID AGE GENDER\n225 23 F\n"},
        {"metadata.csv": rows("{n}|{t}"), "wav.scp": rows("{n} otra/{n}.wav")},
    ],
)
def test_a_file_of_other_things_beside_the_list_changes_nothing(files, tmp_path):
    reading = read(corpus(tmp_path, files))
    assert {u.speaker for u in reading.utterances} == {tmp_path.name}
    assert [u.text for u in reading.utterances] == list(TEXTS)


WHOLE = {
    "header phrase": "filename,speaker_name,phrase\n" + rows('{n}.wav,{s},"{t}"'),
    "Excel's separator line": "sep=;\nid;text\n" + rows("{n};{t}"),
    "Excel's separator line and quotes": '"sep=,"\n' + rows('{n},"{t}"'),
    "a table of Markdown": "| id | text |\n|---|:--|\n" + rows("| {n} | {t} |"),
    "remarks in few rows": "".join(f"{n}|{t}|{'ruido de fondo' if i in (3, 9) else ''}\n" for i, (n, t) in enumerate(ROWS)),
    "one remark": "".join(f"{n}|{t}|{'repetir' if i == 3 else ''}\n" for i, (n, t) in enumerate(ROWS)),
    "escapes of Python": rows("{n}|{t}").encode("ascii", "backslashreplace").decode(),
    "escapes of JSON": "".join(f"{n}|{t.encode('unicode_escape').decode()}\n" for n, t in ROWS).replace("\\x", "\\u00"),
    "UTF-7": "".join(f"{n}|{t.encode('utf-7').decode()}\n" for n, t in ROWS),
    "quoted-printable": "".join(
        f"{n}|{''.join(c if c.isascii() else ''.join(f'={b:02X}' for b in c.encode()) for c in t)}\n" for n, t in ROWS
    ),
    "bytes of Python": "".join(f"{n}|{str(t.encode())[2:-1]}\n" for n, t in ROWS),
    "ends of lines written out": rows("{n}|{t}\\n"),
    "ends of lines written out before a column": rows("{n}|{t}\\n|{s}"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_list_is_read_as_it_was_meant(name, tmp_path):
    reading = read(corpus(tmp_path, {"metadata.csv": WHOLE[name]}))
    there = [u for u in reading.utterances if u.audio.is_file()]
    assert [u.text.strip() for u in there] == list(TEXTS) and len(reading.utterances) == 14
    named = name in ("header phrase", "ends of lines written out before a column")
    assert [u.speaker for u in there] == (list(PEOPLE) if named else [tmp_path.name] * 14)
    assert any(p.kind == "mojibake" for p in reading.problems) == (name in list(WHOLE)[6:])


def test_a_dash_between_name_and_text_is_not_spoken(tmp_path):
    reading = read(corpus(tmp_path, {"lista.txt": rows("{n} - {t}")}))
    assert [u.text for u in reading.utterances] == list(TEXTS)


def test_one_sentence_of_all_recordings_is_a_text(tmp_path):
    reading = read(corpus(tmp_path, {"metadata.csv": "".join(f"{n}|Hola, ¿cómo estás?\n" for n in NAMES)}))
    assert {u.text for u in reading.utterances} == {"Hola, ¿cómo estás?"} and len(reading.utterances) == 14


def test_a_normalised_column_that_is_partly_empty_is_still_the_spoken_one(tmp_path):
    raw = ("$ 1.500 cuesta.", "Son las 14:30.", "El Dr. viene el 3/4.", "Av. Rivadavia 4500.", "Llamá al 911.", *TEXTS[5:])
    spoken = (
        "Mil quinientos.",
        "Son las catorce y treinta.",
        "El doctor viene el tres.",
        "Avenida Rivadavia.",
        "Al nueve uno uno.",
    )
    lines = [f"{n}|{r}|{spoken[i] if i < 5 else ''}\n" for i, (n, r) in enumerate(zip(NAMES, raw, strict=True))]
    reading = read(corpus(tmp_path, {"metadata.csv": "".join(lines)}))
    assert [u.text for u in reading.utterances] == [*spoken, *raw[5:]]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Compr? pan.", False), ("Ojal? llueva.", False), ("Mi mam?", False), ("?C?mo est?s?", False), ("Todo va bien.", True)],
)
def test_each_question_mark_is_suspect_where_many_took_the_place_of_letters(name, kept, tmp_path):
    lost = [t.encode("ascii", "replace").decode() for t in TEXTS]
    content = "".join(f"{n}|{name if i == 5 else t}\n" for i, (n, t) in enumerate(zip(NAMES, lost, strict=True)))
    reading = read(corpus(tmp_path, {"metadata.csv": content}))
    assert (name in [u.text for u in reading.utterances]) == kept
    assert not any("?" in u.text for u in reading.utterances)


def test_a_list_whose_letters_beyond_ascii_were_dropped_is_told(tmp_path):
    lost = rows("{n}|{t}").encode("ascii", "ignore").decode()
    (problem,) = [p for p in read(corpus(tmp_path, {"metadata.csv": lost})).problems if p.kind == "no accents"]
    assert not problem.skipped
    english = "".join(
        f"{n}|The dog sleeps in the yard and it rains all over the coast {i} times.\n" for i, n in enumerate(NAMES)
    )
    (tmp_path / "metadata.csv").write_text(english, encoding="utf-8")
    assert not read(tmp_path).problems


def test_a_list_without_a_suffix_in_capitals_is_read(tmp_path):
    reading = read(corpus(tmp_path, {"PROMPTS": KALDI}))
    assert [u.text for u in reading.utterances] == list(TEXTS)


def test_lists_in_folders_below_are_named(tmp_path):
    for book in ("libro1", "libro2"):
        part = tmp_path / "by_book" / "female" / "karen" / book
        part.mkdir(parents=True)
        corpus(part, {"metadata.csv": rows("{n}|{t}")})
    with pytest.raises(CorpusError, match=r"by_book/female/karen/libro1/metadata\.csv"):
        read(tmp_path)


def test_a_list_of_which_no_row_is_whole_says_why(tmp_path):
    lost = rows("{n}|{t}").replace("a", "\ufffd")
    with pytest.raises(CorpusError, match="letters are lost"):
        read(corpus(tmp_path, {"metadata.csv": lost.replace("i", "\ufffd").replace("e", "\ufffd")}))
