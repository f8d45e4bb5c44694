"""Long text in parts: sentences, clauses, words; nothing lost, nothing cut inside a word."""

from __future__ import annotations

import pytest

from ttskit.interfaces.frontend import Analysis, Word
from ttskit.symbols import SymbolTable
from ttskit.synthesis.parts import CLAUSE_PAUSE_S, SENTENCE_PAUSE_S, split_analysis

MARKS = ".,;:?!¿¡…—"
TABLE = SymbolTable(
    ("<pad>", " ", "<edge>", *MARKS, *"abcdefghijklmnopqrstuvwxyz"),
    pad="<pad>",
    space=" ",
    boundary="<edge>",
    silent=frozenset({"<pad>", " ", "<edge>", *MARKS}),
)


def analyze(text: str) -> Analysis:
    """Letters are tokens, blanks end words."""
    words, tokens, owners, current = [], ["<edge>"], [None], ""
    for index, c in enumerate([*text, " "]):
        if c.isalpha():
            current += c
            tokens.append(c)
            owners.append(len(words))
            continue
        if current:
            words.append(Word(current, (index - len(current), index)))
            current = ""
        if c in MARKS:
            tokens.append(c)
            owners.append(None)
    return Analysis(text, text, tuple(words), (*tokens, "<edge>"), (*owners, None))


def spoken(parts) -> str:
    return " ".join("".join(p.tokens).replace("<edge>", "") for p, _ in parts)


def test_sentences_are_parts_with_pauses_between():
    parts = split_analysis(analyze("hola. ¿como va? bien!"), TABLE)
    assert spoken(parts) == "hola. ¿comova? bien!"
    assert [pause for _, pause in parts] == [SENTENCE_PAUSE_S] * 3


def test_a_run_of_marks_ends_one_sentence():
    assert spoken(split_analysis(analyze("que?! bueno... ya"), TABLE)) == "que?! bueno... ya"


def test_long_sentences_are_cut_at_clauses_then_words():
    parts = split_analysis(analyze("aaaa bbbb, cccc dddd eeee ffff, gg"), TABLE, max_tokens=10)
    assert spoken(parts) == "aaaabbbb, ccccdddd eeeeffff, gg"
    assert [pause for _, pause in parts][:-1] == [CLAUSE_PAUSE_S] * 3
    assert all(len(p.tokens) <= 12 for p, _ in parts)


def test_a_word_is_never_cut_even_if_longer_than_the_limit():
    parts = split_analysis(analyze("a bbbbbbbbbbbbbbb c"), TABLE, max_tokens=5)
    assert spoken(parts) == "a bbbbbbbbbbbbbbb c"


def test_parts_number_their_own_words():
    parts = split_analysis(analyze("uno dos. tres"), TABLE)
    part = parts[1][0]
    assert [w.text for w in part.words] == ["tres"]
    assert part.token_words == (None, 0, 0, 0, 0, None)
    assert part.normalized == "tres"


@pytest.mark.parametrize("text", ["", "...", "  ¿? "])
def test_nothing_spoken_gives_no_parts(text):
    assert split_analysis(analyze(text), TABLE) == []


def test_ten_thousand_words_keep_every_letter():
    text = " ".join("palabra" for _ in range(10_000))
    parts = split_analysis(analyze(text), TABLE, max_tokens=100)
    assert spoken(parts).replace(" ", "") == "palabra" * 10_000
    assert max(len(p.tokens) for p, _ in parts) <= 102


@pytest.mark.parametrize(("limit", "parts"), [(8, ["aaaabbbb,", "cccc"]), (9, ["aaaabbbb,", "cccc"]), (13, ["aaaabbbb,cccc"])])
def test_a_part_is_as_long_as_its_limit_and_no_longer(limit, parts):
    """Planted: a sentence of exactly the limit was cut, or one token more was let through."""
    got = split_analysis(analyze("aaaa bbbb, cccc"), TABLE, max_tokens=limit)
    whole = ["".join(p.tokens).replace("<edge>", "") for p, _ in got]
    assert whole == (parts if limit > 8 else ["aaaa", "bbbb,", "cccc"])


def test_the_pause_after_a_cut_sentence_is_a_sentences_and_within_it_a_clauses():
    """Planted: the pause of the end stood at the first cut."""
    got = split_analysis(analyze("aaaa bbbb, cccc dddd. eeee"), TABLE, max_tokens=10)
    assert [pause for _, pause in got] == [CLAUSE_PAUSE_S, SENTENCE_PAUSE_S, SENTENCE_PAUSE_S]
