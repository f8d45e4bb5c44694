"""Spanish words that look foreign, names as they are said in Argentina, and the choice between two readings."""

from __future__ import annotations

import json
import os
import re
from itertools import product
from pathlib import Path

import pytest

from ttskit_spanish.foreign import MARKS, hispanicise
from ttskit_spanish.frontend import SpanishFrontend
from ttskit_spanish.g2p import dialect, pronounce
from ttskit_spanish.lexicon.check import check_lexicon
from ttskit_spanish.lexicon.entries import from_tsv
from ttskit_spanish.lexicon.table import Table, builtin_entries
from ttskit_spanish.syllables import syllabify

HERE = Path(__file__).parent
ROWS = [
    line.split("\t")
    for line in (HERE / "words_judged.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
KINDS = sorted({kind for kind, _, _ in ROWS})


def said(word: str, name: str = "rioplatense", **options) -> str:
    return "".join(pronounce(word, dialect(name, **options)).phonemes)


def by_rule(word: str) -> str:
    """What the rules of Spanish spelling alone make of a word."""
    plain = dialect("rioplatense", lexicon=Table(lambda: from_tsv(f"{word}\t{word}"), "rioplatense"))
    return "".join(pronounce(word, plain).phonemes)


@pytest.mark.parametrize("kind", KINDS)
def test_judged_words(kind):
    rows = [(word, phones) for k, word, phones in ROWS if k == kind]
    assert len(rows) >= 25
    assert [(w, said(w), p) for w, p in rows if said(w) != p] == []


# Stems of verbs in -ear, whose subjunctives have the ee of jeep behind the h or j of hack and jacket.
_EAR = "hal ham hambr horn horm husm hoj hond hombr homenaj harn hojald hurgon hu hosp ham holgazan".split()
_EAR += "jal jalon jad jop jasp jugu jornal jalet jinet joropet julep jet jaran jajaj jaquet jaropet".split()


@pytest.mark.parametrize("ending", ["ee", "ees", "een", "eemos", "eé", "eéis", "eá", "eás"])
def test_subjunctives_of_verbs_in_h_and_j_are_not_read_as_english(ending):
    assert [(s, said(s + ending)) for s in _EAR if said(s + ending) != by_rule(s + ending)] == []


_OAR = "l incl cr inc apr at abarl ab contral".split()


@pytest.mark.parametrize("ending", ["oo", "oa", "oé", "oándoos", "oó", "oemos"])
def test_verbs_in_oar_keep_both_vowels(ending):
    assert [(s, said(s + ending)) for s in _OAR if said(s + ending) != by_rule(s + ending)] == []


@pytest.mark.parametrize("word", ["deschavar", "deschavó", "deschave", "deschapar", "deschapé", "deschonga", "trascháchara"])
def test_des_before_ch_is_no_german_sch(word):
    assert said(word) == by_rule(word) and "stʃ" in said(word)


def test_no_loan_takes_the_plural_of_a_spanish_word():
    """An s behind these listed loans and names makes a word of Spanish, which is said by its letters."""
    words = (
        "drones genes gales mises cesares gentiles oes pascales remarques simones tarantos morses bruces vivaces dumas".split()
    )
    words += "roles pines panes tones dones masones jardines calles grandes guardianes androides discordes funes".split()
    for names, word in product(("hispanicised", "native"), words):
        if word != "dumas" or names == "hispanicised":
            assert said(word, names=names) == by_rule(word), (word, names)


def test_listed_words_still_bring_their_own_plurals():
    assert (said("routers"), said("seafoods"), said("hámsteres")) == ("rˈuteɾs", "seafˈuds", "xˈamsteɾes")


@pytest.mark.parametrize(
    ("word", "hispanicised", "native"),
    [
        ("verne", "bˈeɾne", "bˈeɾn"),
        ("mozart", "mˈosaɾt", "mˈotsaɾt"),
        ("cerati", "seɾˈati", "tʃeɾˈati"),
        ("discépolo", "disˈepolo", "diʃˈepolo"),
        ("hudson", "xˈudson", "xˈadson"),
        ("georgia", "xeˈoɾxja", "ʃeˈoɾʃa"),
        ("jacob", "xakˈob", "ʃˈejkob"),
        ("müller", "mˈuleɾ", "mˈileɾ"),
        ("lazio", "lˈasjo", "lˈatsjo"),
        ("piazza", "pjˈasa", "pjˈatsa"),
        ("simone", "simˈone", "simˈon"),
        ("single", "sˈinɡle", "sˈinɡel"),
        ("morse", "mˈoɾse", "mˈoɾs"),
        ("agrigento", "aɡɾixˈento", "aɡɾiʃˈento"),
    ],
)
def test_names_that_are_said_both_ways(word, hispanicised, native):
    assert (said(word), said(word, names="native")) == (hispanicised, native)
    for names, phones in (("hispanicised", hispanicised), ("native", native)):
        assert "".join(SpanishFrontend(names=names).analyze(word).words[0].phonemes) == phones


@pytest.mark.parametrize("word", ["sean", "genes", "gales", "drones", "casa", "pone", "calles", "john", "router"])
def test_everyday_words_and_settled_names_are_the_same_either_way(word):
    assert said(word) == said(word, names="native")


def test_the_table_of_native_readings_is_sound_and_shares_no_word_with_spanish():
    import ttskit_spanish.lexicon

    path = Path(ttskit_spanish.lexicon.__file__).parent / "native.tsv"
    assert [str(p) for p in check_lexicon(path) if p.serious] == []
    native = {e.word for e in builtin_entries("native")} - {e.word for e in builtin_entries()}
    assert len(native) > 50
    assert not native & set("sean genes gales red come sale use base mate drones".split())


def test_native_changes_the_fingerprint_and_the_default_does_not():
    before = SpanishFrontend().fingerprint()
    assert "names" not in before.options
    assert before.differences(SpanishFrontend(names="hispanicised").fingerprint()) == []
    assert before.differences(SpanishFrontend(names="native").fingerprint())


def test_a_project_lexicon_stands_above_native_readings(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("verne\tvérn\n", encoding="utf-8")
    assert SpanishFrontend(names="native", lexicon=str(path)).phonemize("Verne Mozart") == (
        "<edge> b ˈe ɾ n m ˈo t s a ɾ t <edge>"
    )


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("subrayar", "sub-ra-yar:2"),
        ("subrigadier", "su-bri-ga-dier:3"),
        ("ciudadrealeño", "ciu-dad-re-a-le-ño:4"),
        ("postromántico", "post-ro-mán-ti-co:2"),
        ("postre", "pos-tre:0"),
        ("abrogar", "a-bro-gar:2"),
        ("exrector", "ex-rec-tor:2"),
    ],
)
def test_a_prefix_keeps_its_consonant_from_r(word, cut):
    found = syllabify(word)
    assert "-".join(found.texts) + f":{found.stress}" == cut


def test_r_after_the_x_of_a_prefix_is_a_trill():
    assert (said("exrector"), said("exrey")) == ("eksrektˈoɾ", "eksrˈej")


@pytest.mark.parametrize(
    ("word", "respelt"),
    [
        ("battaglia", "battalia"),
        ("neuroglia", "neuroglia"),
        ("troglio", "trolio"),
        ("viglione", "vilione"),
        ("bignone", "biñone"),
        ("magno", "magno"),
        ("prognato", "prognato"),
        ("deutschland", "deutchland"),
        ("schelotto", "eskelotto"),
        ("schaffer", "sháffer"),
        ("jruschov", "jrushov"),
        ("galilei", "galiléi"),
        ("sonreí", "sonreí"),
        ("altai", "altái"),
        ("gestion", "gestion"),
        ("myanmar", "mianmar"),
        ("inyectar", "inyectar"),
    ],
)
def test_rules_for_foreign_letters(word, respelt):
    assert (hispanicise(word) if MARKS.search(word) else word) == respelt


FIELD = Path(os.environ.get("TTSKIT_SHARED", HERE.parents[1] / ".." / "shared")) / "field" / "text.jsonl"


@pytest.mark.skipif(not FIELD.is_file(), reason="the shared folder of field inputs is not beside the checkout")
def test_plurals_of_the_field_are_spanish():
    lines = [json.loads(line) for line in FIELD.read_text(encoding="utf-8").splitlines()]
    texts = [line["written"] for line in lines if line["id"] in {f"B{n}" for n in range(51, 62)}]
    foreign = set("jeans chips links chats shorts tickets sándwiches".split())
    words = {w for text in texts for w in re.findall(r"\w+", text.lower())} - foreign
    assert len(words) > 30
    assert [w for w in sorted(words) if said(w) != by_rule(w)] == []
