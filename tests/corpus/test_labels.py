"""Alignments of other tools: their files, and which token a label means."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ttskit.corpus import matching
from ttskit.corpus.labels import LabelFolder, Labels, read_labels
from ttskit.corpus.matching import Listener
from ttskit.corpus.textgrid import TimedLabel, read_textgrid, write_textgrid
from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.interfaces import Phonetics
from ttskit_spanish.phonetics import PHONETICS

SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
1.5
<exists>
3
"IntervalTier"
"words"
0
1.5
3
0
0.25
""
0.25
1.0
"dijo ""sí"""
1.0
1.5
""
"TextTier"
"events 2"
0
1.5
1
0.5
"click"
"IntervalTier"
"phones"
0
1.5
2
0
0.25
"sil"
0.25
1.5
"ʃ"
'''
SILENT = frozenset({"<edge>", ",", ".", " "})


LISTENER = Listener(PHONETICS)


def match(tokens, token_words, silent, labels, listener=LISTENER):
    return matching.match(tokens, token_words, silent, labels, listener)


def of(phones: str = "", words: str = "", start: float = 0.0, each: float = 0.1) -> Labels:
    """Labels of equal length; "_" is a silence, "word:3" a word as long as three phones."""
    tiers = []
    for text in (phones, words):
        now, tier = start, []
        for item in text.split():
            label, _, count = item.partition(":")
            end = now + each * int(count or 1)
            tier.append(TimedLabel(round(now, 3), round(end, 3), label))
            now = end
        tiers.append(tuple(tier))
    return Labels(Path("x.TextGrid"), *tiers)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_short_form(tmp_path, encoding):
    path = tmp_path / "a.TextGrid"
    path.write_text(SHORT, encoding=encoding)
    tiers = read_textgrid(path)
    assert list(tiers) == ["words", "phones"]  # points are not intervals
    assert tiers["words"][1] == TimedLabel(0.25, 1.0, 'dijo "sí"') and tiers["phones"][1].label == "ʃ"
    latin = SHORT.replace("ʃ", "ñ")
    path.write_bytes(latin.encode("latin-1"))
    assert read_textgrid(path)["phones"][1].label == "ñ"


def test_the_long_form_is_what_is_written(tmp_path):
    path = tmp_path / "b.TextGrid"
    intervals = [TimedLabel(0.1, 0.5, "item [1]:"), TimedLabel(0.5, 0.5, "none"), TimedLabel(0.75, 1.25, 'él dijo "1.5"')]
    write_textgrid(path, {"words": intervals, "phones": []}, 1.5)
    text = path.read_text(encoding="utf-8")
    assert "intervals [2]:" in text and "xmax = 1.500000" in text
    labels = [(i.start_s, i.end_s, i.label) for i in read_textgrid(path)["words"]]
    assert labels == [(0, 0.1, ""), (0.1, 0.5, "item [1]:"), (0.5, 0.75, ""), (0.75, 1.25, 'él dijo "1.5"'), (1.25, 1.5, "")]
    assert read_textgrid(path)["phones"] == (TimedLabel(0, 1.5, ""),)


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "c.TextGrid"
    for content, message in (
        (SHORT[: len(SHORT) // 2], "cut short"),
        ("hello", "not a TextGrid"),
        (SHORT.replace("IntervalTier", "Pitch"), "unknown kind"),
        ('File type = "ooBinaryFile"', "not a TextGrid"),
        (SHORT.replace('"words"', '"a"').replace('"phones"', '"b"'), "neither phones nor words"),
        (SHORT.replace('"sil"', '"s"').replace("0.25\n1.5", "0.2\n1.5"), "overlap"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(CorpusError, match=message) as caught:
            read_labels(path)
        assert "c.TextGrid" in caught.value.what
    (tmp_path / "d.json").write_text('{"phones": [{"phone": "a", "start": 0}]}', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"d\.json is not an alignment"):
        read_labels(tmp_path / "d.json")


def test_json_of_others_and_ours(tmp_path):
    def read(content: object) -> Labels:
        (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
        return read_labels(tmp_path / "a.json")

    words, phones = [[0.1, 0.9, "sí"]], [[0.1, 0.5, "s"], [0.5, 0.9, "i"]]
    mfa = read(
        {
            "start": 0,
            "end": 1,
            "tiers": {
                "ana - words": {"type": "interval", "entries": words},
                "ana - phones": {"type": "interval", "entries": phones},
            },
        }
    )
    assert [w.label for w in mfa.words] == ["sí"] and [p.label for p in mfa.phones] == ["s", "i"] and mfa.end_s == 0.9
    plain = read({"phones": [{"phone": "s", "start": 0, "end": 0.5}], "words": [{"word": "s", "start": 0, "end": 0.5}]})
    assert plain.phones == (TimedLabel(0, 0.5, "s"),) and plain.words == (TimedLabel(0, 0.5, "s"),)
    ours = read({"tokens": ["<edge>", "s"], "times_s": [0, 0.1, 0.4]})
    assert match(("<edge>", "s"), (None, 0), SILENT, ours).times_s.tolist() == [0, 0.1, 0.4]
    with pytest.raises(MismatchError, match="other tokens"):
        match(("<edge>", "z"), (None, 0), SILENT, ours)
    with pytest.raises(CorpusError, match="2 rising numbers"):
        read({"tokens": ["a"], "times_s": [0.2, 0.1]})


def test_phones_are_matched_by_sound():
    tokens = ("<edge>", "tʃ", "ˈe", ",", "ʃ", "w", "ˈe", "β", "e", ".", "<edge>")
    words = (None, 0, 0, None, 1, 1, 1, 1, 1, None, None)
    found = match(tokens, words, SILENT, of("_ tS e1 _ ʝ w e b ə _", "_ che:2 _ llueve:5 _"))
    assert found.times_s.round(3).tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]
    assert found.share == pytest.approx(6 / 7) and found.notes == ()  # ə is no e, but the only thing left


def test_a_letter_keeps_the_mark_that_makes_it_another_letter():
    assert [LISTENER.of_label(label) for label in ("ñ", "n\u0303", "ú")] == ["ɲ", "ɲ", "u"]
    assert [LISTENER.of_token(token) for token in ("ñ", "Ñ", "ˈa", "ü", "β")] == ["ɲ", "ɲ", "a", "u", "b"]


def test_a_language_that_says_nothing_has_its_labels_taken_as_they_are_written():
    nobody = Listener(Phonetics())
    found = match(("ʃ", "ˈe"), (0, 0), SILENT, of("ʃ e", "che:2"), nobody)
    assert found.share == 1.0 and found.times_s.round(3).tolist() == [0, 0.1, 0.2]
    assert nobody.cost(["tʃ"], list(of("tS").phones)) > 0.2 > LISTENER.cost(["tʃ"], list(of("tS").phones)) == 0.0
    assert LISTENER.cost(["a"], list(of("ə").phones)) > LISTENER.cost(["a"], list(of("e").phones))  # a vowel for a vowel


def test_affricates_diphthongs_silent_letters_and_extra_phones():
    one = match(("tʃ", "e"), (0, 0), SILENT, of("t ʃ e", "che:3"))
    assert one.times_s.round(3).tolist() == [0, 0.2, 0.3]
    two = match(("a", "j", "ɾ", "e"), (0,) * 4, SILENT, of("aj ɾ e", "aire:3"))
    assert two.times_s.round(3).tolist() == [0, 0.05, 0.1, 0.2, 0.3] and two.share == 1.0
    letters = match(("h", "o", "l", "a"), (0,) * 4, SILENT, of("_ o l a", "_ hola:3"))
    assert letters.times_s.round(3).tolist() == [0, 0.1, 0.2, 0.3, 0.4]  # h lasts until o begins
    extra = match(("a", "t", "a"), (0,) * 3, SILENT, of("a h t a", "ata:4"))
    assert extra.times_s.round(3).tolist() == [0, 0.2, 0.3, 0.4]


def test_a_sound_that_two_labels_spell_lasts_to_the_end_of_the_second():
    phones = tuple(TimedLabel(a, b, c) for a, b, c in ((0.0, 0.1, "a"), (0.1, 0.2, "t"), (0.2, 0.3, "ʃ"), (0.3, 0.5, "sil")))
    times = match(("a", "tʃ", "."), (0, 0, None), frozenset("."), Labels(Path("x"), phones)).times_s
    np.testing.assert_allclose(times, [0.0, 0.1, 0.3, 0.5])


def test_silences_go_to_marks_then_to_spaces_then_to_the_sound_before():
    phones = of("a _ e _ o", "a _ e _ o")
    found = match(("a", ",", " ", "e", " ", "o"), (0, None, None, 1, None, 2), SILENT, phones)
    assert found.times_s.round(3).tolist() == [0, 0.1, 0.2, 0.2, 0.3, 0.4, 0.5]
    assert match(("a", "e", "o"), (0, 1, 2), SILENT, phones).times_s.round(3).tolist() == [0, 0.2, 0.4, 0.5]


def test_a_word_without_its_phones_is_shared_out_and_told():
    tokens, words = ("<edge>", "s", "i", "k", "e", "<edge>"), (None, 0, 0, 1, 1, None)
    found = match(tokens, words, SILENT, of("_ s i spn spn spn spn _", "_ sí:2 <unk>:4 _"))
    assert found.times_s.round(3).tolist() == [0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8]
    assert len(found.notes) == 1 and "<unk>" in found.notes[0] and found.share == 0.5
    only_words = match(tokens, words, SILENT, of("", "_ sí:2 que:4 _"))
    assert np.array_equal(only_words.times_s, found.times_s) and len(only_words.notes) == 2


def test_words_that_do_not_correspond_leave_the_phones():
    tokens, words = ("d", "o", "s", "m", "i", "l"), (0, 0, 0, 1, 1, 1)
    found = match(tokens, words, SILENT, of("d̪ o s m i l", "2000:6"))
    assert found.times_s.round(3).tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    with pytest.raises(MismatchError, match="does not say what the text says"):
        match(tokens, words, SILENT, of("p a t a", "pata:4"))
    with pytest.raises(MismatchError, match="1 words and no phones"):
        match(tokens, words, SILENT, of("", "pata:4"))


class Utterance:
    def __init__(self, id: str, source: str, speaker: str) -> None:
        self.id, self.source, self.speaker = id, source, speaker


def test_files_are_found_by_id_and_by_recording(tmp_path):
    for name in ("ana/u1.TextGrid", "beto/u1.TextGrid", "deep/er/U2.json", "u3.TextGrid", "u3.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    files = LabelFolder(tmp_path)
    assert files.of(Utterance("beto_u1", "beto/wavs/u1.wav", "beto")) == tmp_path / "beto/u1.TextGrid"
    assert files.of(Utterance("u2", "wavs/u2.wav", "ana")).name == "U2.json"
    assert files.of(Utterance("u3", "wavs/u3.wav", "ana")).name == "u3.TextGrid"
    assert files.of(Utterance("u4", "wavs/u4.wav", "ana")) is None
    with pytest.raises(CorpusError, match="several alignments"):
        files.of(Utterance("u1", "wavs/u1.wav", "carla"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no alignments in"):
        LabelFolder(tmp_path / "empty")


def test_half_of_a_words_sounds_must_agree_and_what_is_shared_out_counts_as_unheard():
    """Planted: a fifth was enough; and words that were shared out raised the share that people judge an aligner by."""
    words = (0,) * 5 + (1, 1)
    found = match(("s", "i", "k", "e", "t", "m", "e"), words, SILENT, of("s:4 i ʃ o m m e", "sicet:8 me:2"))
    assert found.times_s.round(3).tolist() == [0, 0.16, 0.32, 0.48, 0.64, 0.8, 0.9, 1.0]
    assert len(found.notes) == 1 and found.share == pytest.approx(2 / 7)
    half = match(("s", "i", "k", "e", "m", "e"), (0,) * 4 + (1, 1), SILENT, of("s:4 i ʃ o m e", "sice:7 me:2"))
    assert half.times_s.round(3).tolist() == [0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] and half.notes == ()
    assert half.share == pytest.approx(4 / 6)


@pytest.mark.parametrize("name", ["times_s", "tokens"])
@pytest.mark.parametrize("value", [{}, [], "012", None, 3, {"0": 0.1}, True])
def test_tokens_and_times_that_are_no_list_are_named(name, value, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"tokens": ["a", "s"], "times_s": [0.0, 0.1, 0.2], name: value}), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read_labels(path)
    assert f"{name} must be a list with something in it, got {json.dumps(value)}" in caught.value.why
