"""Lexicons: the built-in one is sound, a project's wins, phonemes in the text are said as written."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import ttskit_spanish.lexicon
from ttskit.cli import cli
from ttskit.errors import InputError
from ttskit.interfaces.frontend import FrontendFingerprint
from ttskit.runs.frontend_files import found_files, keep_files
from ttskit_spanish.frontend import SpanishFrontend
from ttskit_spanish.g2p import dialect, pronounce
from ttskit_spanish.lexicon.check import check_entries, check_lexicon
from ttskit_spanish.lexicon.entries import Entry, parse_phonemes
from ttskit_spanish.lexicon.table import builtin_entries

FOLDER = Path(ttskit_spanish.lexicon.__file__).parent


def said(word: str, name: str = "rioplatense") -> str:
    return " ".join(pronounce(word, dialect(name)).phonemes)


def project(tmp_path: Path, text: str, name: str = "words.tsv") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["loans.tsv", "names.tsv"])
def test_the_built_in_lexicon_has_no_errors(name):
    assert [str(p) for p in check_lexicon(FOLDER / name) if p.serious] == []


def test_the_built_in_lexicon_lists_a_word_once_and_enough_of_them():
    entries = builtin_entries()
    assert len(entries) > 2000
    assert len({(e.word, e.dialect) for e in entries}) == len(entries)


def test_spanish_words_that_look_like_loans_are_not_listed():
    """Each of these is a Spanish word too, which a loan's reading would spoil."""
    listed = {e.word for e in builtin_entries()}
    assert not listed & set(
        "anime balance bella camilla dame descartes duras gendarme honda lee lees sales sea use van".split()
    )


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("router", "r ˈu t e ɾ"),
        ("routers", "r ˈu t e ɾ s"),
        ("rankings", "r ˈa n k i n s"),
        ("hackear", "x a k e ˈa ɾ"),
        ("hackeó", "x a k e ˈo"),
        ("shopping", "ʃ ˈo p i n"),
        ("mexicanos", "m e x i k ˈa n o s"),
        ("xochimilco", "s o tʃ i m ˈi l k o"),
        ("xalapeño", "x a l a p ˈe ɲ o"),
        ("exacto", "e k s ˈa k t o"),
        ("kirchnerismo", "k i ɾ ʃ n e ɾ ˈi s m o"),
        ("pizzería", "p i t s e ɾ ˈi a"),
        ("firmwares", "f ˈe ɾ m w e ɾ s"),
        ("gays", "ɡ ˈe j s"),
        ("reggaetón", "r e ɡ e t ˈo n"),
        ("reggaetoneros", "r e ɡ e t o n ˈe ɾ o s"),
    ],
)
def test_loans_and_names_with_their_plurals_and_derivatives(word, phonemes):
    assert said(word) == phonemes


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("equinoccio", "e k i n ˈo k s j o"),
        ("zootecnia", "s o o t ˈe k n j a"),
        ("cooperar", "k o o p e ɾ ˈa ɾ"),
        ("leemos", "l e ˈe m o s"),
        ("innovar", "i n n o b ˈa ɾ"),
        ("posteo", "p o s t ˈe o"),
        ("necesite", "n e s e s ˈi t e"),
        ("decline", "d e k l ˈi n e"),
        ("reemplaza", "r e e m p l ˈa s a"),
        ("acción", "a k s j ˈo n"),
        ("adjetivo", "a d x e t ˈi b o"),
        ("gringo", "ɡ ɾ ˈi n ɡ o"),
    ],
)
def test_rules_for_foreign_spellings_leave_spanish_words_alone(word, phonemes):
    assert said(word) == phonemes


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("vernon-tx", None),
        ("txoko", "tʃ ˈo k o"),
        ("carlucci", "k a ɾ l ˈu tʃ i"),
        ("schumpeterz", "ʃ"),
        ("footing", "f ˈu t i n"),
    ],
)
def test_rules_read_foreign_spellings_that_are_not_listed(word, phonemes):
    heard = said(word)
    assert heard if phonemes is None else heard.startswith(phonemes)


def test_the_lexicon_knows_dialects():
    assert said("jersey", "castilian").startswith("x") and said("jersey").startswith("ʃ")


def test_a_project_lexicon_wins_over_rules_and_the_built_in_one(tmp_path):
    path = project(tmp_path, "router\t/r ˈa w t e ɾ/\nquilmes\tkílmess\nuntref\túntref\tcastilian\n")
    frontend = SpanishFrontend(lexicon=path)
    assert frontend.phonemize("router") == "<edge> r ˈa w t e ɾ <edge>"
    assert frontend.phonemize("quilmes").split()[2] == "ˈi"
    assert SpanishFrontend().phonemize("router") != frontend.phonemize("router")
    assert "ˈu" not in frontend.phonemize("untref").split()
    assert "ˈu" in SpanishFrontend(lexicon=path, dialect="castilian").phonemize("untref").split()


def test_yaml_is_read_too(tmp_path):
    path = project(tmp_path, "router: ráuter\njersey: {castilian: yersi, rioplatense: /x ˈe ɾ s i/}\n", "words.yaml")
    assert SpanishFrontend(lexicon=path).phonemize("router jersey") == "<edge> r ˈa w t e ɾ x ˈe ɾ s i <edge>"


def test_the_fingerprint_follows_what_the_file_holds_not_where_it_lies(tmp_path):
    one = SpanishFrontend(lexicon=project(tmp_path, "a\tá\n", "one.tsv")).fingerprint()
    same = SpanishFrontend(lexicon=project(tmp_path, "a\tá\n", "two.tsv")).fingerprint()
    other = SpanishFrontend(lexicon=project(tmp_path, "a\té\n", "one.tsv")).fingerprint()
    assert one.lexicon_hash == same.lexicon_hash != other.lexicon_hash
    assert one.differences(same) == [] and one.differences(other)
    assert SpanishFrontend().fingerprint().lexicon_hash == ""


def test_a_run_keeps_its_lexicon_when_the_file_is_gone(tmp_path):
    path = project(tmp_path, "router\tráuter\n")
    fingerprint = SpanishFrontend(lexicon=path).fingerprint()
    kept = FrontendFingerprint.from_json(keep_files(fingerprint, tmp_path / "run").to_json())
    Path(path).unlink()
    again = SpanishFrontend(**found_files(kept, tmp_path / "run").options)
    assert again.phonemize("router") == "<edge> r ˈa w t e ɾ <edge>"
    assert fingerprint.differences(again.fingerprint()) == []


def test_allophones_in_a_lexicon_bring_their_symbols(tmp_path):
    frontend = SpanishFrontend(lexicon=project(tmp_path, "quilmes\t/k ˈi l m e h/\n"))
    frontend.symbols.ids(frontend.analyze("quilmes").tokens)


def test_a_lexicon_with_errors_is_refused_with_line_and_command(tmp_path):
    with pytest.raises(InputError) as caught:
        SpanishFrontend(lexicon=project(tmp_path, "# mine\nZoom\tzum\ntour\n"))
    assert "line 2: Zoom" in str(caught.value) and "line 3: tour" in str(caught.value)
    assert "check-lexicon" in str(caught.value)


def test_a_lexicon_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        SpanishFrontend(lexicon=str(tmp_path / "none.tsv"))


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (Entry("dos palabras", "x"), "no spaces"),
        (Entry("a", ""), "no reading"),
        (Entry("a", "жук"), "cannot be read"),
        (Entry("casa", "/k a s a/"), "mark the stressed vowel"),
        (Entry("casa", "/k ˈa Q a/"), "'Q'"),
        (Entry("casa", "/pst/"), "without a vowel"),
        (Entry("ab-", "x"), "three letters"),
        (Entry("casa-", "/k ˈa/"), "respelt in letters"),
        (Entry("a", "á", "rioplatens"), "rioplatense"),
    ],
)
def test_check_names_each_kind_of_error(entry, what):
    assert any(what in p.what for p in check_entries([entry]))


def test_repeated_words_are_named_with_both_lines():
    problems = check_entries([Entry("a", "á", None, 1), Entry("a", "é", None, 7)])
    assert [str(p) for p in problems] == ["line 7: a: listed before, at line 1: keep one"]


def test_the_command_checks_files(tmp_path):
    good, bad = project(tmp_path, "router\trúter\n"), project(tmp_path, "router\n", "bad.tsv")
    fine = CliRunner().invoke(cli, ["text", "check-lexicon", good])
    assert fine.exit_code == 0
    wrong = CliRunner().invoke(cli, ["text", "check-lexicon", "--json", good, bad])
    assert wrong.exit_code == 1
    rows = [json.loads(line) for line in wrong.output.splitlines() if line.startswith("{")]
    assert rows[0]["problems"] == [] and "no reading" in rows[1]["problems"][0]


def test_phonemes_in_the_text_are_said_as_written_and_keep_their_span():
    analysis = SpanishFrontend().analyze("Toca [[ˈwa i m]] hoy.")
    word = analysis.words[1]
    assert word.phonemes == ("w", "ˈa", "i", "m") and analysis.text[slice(*word.span)] == "[[ˈwa i m]]"
    assert analysis.normalized == "toca [[ˈwa i m]] hoy." and analysis.unknown == ()
    again = SpanishFrontend().analyze(analysis.normalized)
    assert (again.normalized, again.tokens) == (analysis.normalized, analysis.tokens)
    assert [(r.text, r.token_class) for r in analysis.readings if r.span == word.span] == [("[[ˈwa i m]]", "phonemes")]


@pytest.mark.parametrize("text", ["[[]]", "[[Q7]]", "[[kasa", "a[[ˈa]]b", "[[ [[ˈa]]", "]][[", "[[" * 500])
def test_brackets_that_hold_no_phonemes_are_ordinary_text(text):
    frontend = SpanishFrontend()
    frontend.symbols.ids(frontend.analyze(text).tokens)


def test_written_phonemes_stay_as_they_are_when_allophones_are_asked_for():
    analysis = SpanishFrontend(approximants=True).analyze("la [[ˈbo ba]] boba")
    assert analysis.words[1].phonemes == ("b", "ˈo", "b", "a") and analysis.words[2].phonemes == ("β", "ˈo", "β", "a")


def test_phonemes_are_parsed_with_or_without_spaces():
    assert parse_phonemes("tˈʃa") == parse_phonemes("t ˈ ʃ a")
    assert parse_phonemes("ˈtʃa.ko")[0] == ("tʃ", "ˈa", "k", "o")


def test_letters_to_sounds_take_a_fraction_of_a_second_for_thousands_of_words():
    """The goal is 50,000 distinct words a second on a free core; a loaded machine gets a fifth of the demand."""
    syllables = ["ca", "llo", "tri", "men", "güe", "cio", "rra", "ñe", "xa", "pul", "ber", "yos", "quin", "dad", "zue", "gia"]
    words = [a + b + c for a in syllables for b in syllables for c in syllables]
    which = dialect("rioplatense", lleismo=True)
    start = time.process_time()
    for word in words:
        pronounce(word, which)
    assert len(words) / (time.process_time() - start) > 10_000
