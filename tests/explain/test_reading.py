"""From letters to symbols to vectors: neighbours and map by hand, and what is shown of symbols that nobody knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from looking import array_of, card_of, noted, words_of

from ttskit.interfaces.frontend import Analysis, Unknown, Word
from ttskit.symbols import SymbolTable
from ttskit_explain.lesson import Subject
from ttskit_explain.sections import reading
from ttskit_explain.vectors import cosines, nearest, plane, relative_change, rms, standardised


def test_cosines_by_hand():
    found = cosines(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, -2.0], [0.0, 0.0]]))
    root = 2**-0.5
    expected = [[1, root, 0, 0], [root, 1, -root, 0], [0, -root, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_symbol_is_not_its_own_neighbour():
    alike = np.array([[1.0, 0.2, 0.9], [0.2, 1.0, -0.5], [0.9, -0.5, 1.0]])
    assert nearest(alike, 8).tolist() == [[2, 1], [0, 2], [0, 1]]
    assert nearest(alike, 1).tolist() == [[2], [0], [0]]


def test_the_plane_is_where_vectors_spread_most():
    # a cross in the plane of channels 3 and 1, somewhere else than at the origin: 18 of 20 of the squares lie along channel 3
    cross = np.array([[0, 0, 3.0], [0, 0, -3], [1, 0, 0], [-1, 0, 0]]) + np.array([5.0, 7.0, -2.0])
    found = plane(cross)
    np.testing.assert_allclose(found.places, [[3, 0], [-3, 0], [0, 1], [0, -1]], atol=1e-12)
    np.testing.assert_allclose(found.shares, [0.9, 0.1], atol=1e-12)


def test_sizes_and_changes_by_hand():
    assert rms(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == pytest.approx([12.5**0.5, 0])
    before, after = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    assert relative_change(before, after).tolist() == pytest.approx([0, 2**0.5, 0])
    assert standardised(np.array([[1.0, 3.0]]), epsilon=0).tolist() == [[-1, 1]]


def test_kinds_of_symbols():
    features = {
        "a": {"type": "vowel", "stress": "no"},
        "ˈa": {"type": "vowel", "stress": "yes"},
        "t": {"type": "consonant", "manner": "plosive"},
        "tʃ": {"type": "consonant", "manner": "affricate"},
        "s": {"type": "consonant", "manner": "fricative"},
        "m": {"type": "consonant", "manner": "nasal"},
        "l": {"type": "consonant", "manner": "lateral"},
    }
    symbols = ("<pad>", "<edge>", " ", ",", "h", *features)
    table = SymbolTable(symbols, "<pad>", " ", "<edge>", frozenset({",", " "}), features)
    found = [reading.kind_of(one, table) for one in symbols]
    expected = [
        "pad",
        "edge",
        "space",
        "mark",
        "sound",
        "vowel",
        "vowel_stressed",
        "stop",
        "stop",
        "fricative",
        "nasal",
        "liquid",
    ]
    assert found == expected and set(found) <= set(reading.KINDS)


def test_the_text_is_covered_from_end_to_end(lesson):
    analysis = lesson.subjects[0].voice.frontend.analyze("¡Son 3 lunas! ☃")
    found = reading.pieces(analysis)
    assert "".join(one["text"] for one in found) == analysis.text
    (three,) = (one for one in found if one["text"] == "3")
    assert three["spoken"] == "tres" and [analysis.words[i].text for i in three["words"]] == ["tres"]
    assert sorted(i for one in found for i in one["words"]) == list(range(len(analysis.words)))


def test_a_frontend_without_readings_is_cut_at_its_words():
    words = (Word("hola", (0, 4)), Word("sol", (6, 9)))
    found = reading.pieces(Analysis("Hola, sol☃", "hola, sol", words, (), (), (Unknown("☃", 9),)))
    assert [one["text"] for one in found] == ["Hola", ",", " ", "sol", "☃"]
    assert [one["class"] for one in found] == ["word", "mark", "silent", "word", "unknown"]
    assert [one["words"] for one in found] == [[0], [], [], [1], []]


def test_the_learned_table_is_the_model_s(lesson):
    for subject in lesson.subjects:
        vectors = reading.symbol_vectors(subject)
        assert vectors is not None
        np.testing.assert_array_equal(vectors, subject.model.get_parameter("embedding.weight").detach().numpy())


@pytest.mark.parametrize("named", [{}, {"no.such": "symbols"}, {"embedding.weight": "speakers"}, None])
def test_a_model_that_names_no_table_of_symbols_costs_two_cards(named, lesson, monkeypatch):
    def answer(self):
        return named if named is not None else 1 / 0

    for subject in lesson.subjects:
        monkeypatch.setattr(type(subject.model), "inventory_parameters", answer)
    cards = reading.build(lesson)
    for key in ("reading.neighbours", "reading.map"):
        assert noted(card_of(cards, key)) == ["reading.no_table"] and card_of(cards, key).figures == ()
    assert card_of(cards, "reading.vectors").figures and card_of(cards, "reading.words").figures
    assert words_of(cards)


def test_a_table_that_diverged_is_not_drawn(lesson):
    (subject, _) = lesson.subjects
    with torch.no_grad():
        subject.model.get_parameter("embedding.weight")[1, 0] = float("nan")
    assert reading.symbol_vectors(subject) is None


def test_neighbours_and_map_are_those_of_the_table(lesson):
    cards = reading.build(lesson)
    subject = lesson.subjects[0]
    table = subject.model.context.symbols
    weight = subject.model.get_parameter("embedding.weight").detach().double().numpy()
    run = card_of(cards, "reading.neighbours").figures[0].spec["runs"][0]
    assert run["symbols"] == [one for one in table.symbols if one != table.pad]
    one = weight[table.ids(["a"])[0]]
    by_hand = []
    for symbol in run["symbols"]:
        other = weight[table.ids([symbol])[0]]
        by_hand.append((float(one @ other / (one @ one) ** 0.5 / (other @ other) ** 0.5), symbol))
    by_hand = [pair for pair in sorted(by_hand, reverse=True) if pair[1] != "a"][: reading.NEIGHBOURS]
    shown = run["near"][run["symbols"].index("a")]
    assert [run["symbols"][j] for j, _ in shown] == [symbol for _, symbol in by_hand]
    assert [cosine for _, cosine in shown] == pytest.approx([cosine for cosine, _ in by_hand], abs=1e-3)

    drawn = card_of(cards, "reading.map")
    run = drawn.figures[0].spec["runs"][0]
    rows = weight[table.ids(run["symbols"])]
    rows = rows - rows.mean(0)
    variances, axes = np.linalg.eigh(rows.T @ rows)
    assert run["shares"] == pytest.approx((variances[[-1, -2]] / variances.sum()).tolist(), abs=1e-3)
    assert drawn.values["shared"] == pytest.approx(100 * sum(run["shares"]))
    np.testing.assert_allclose(np.abs(run["places"]), np.abs(rows @ axes[:, [-1, -2]]), atol=2e-3)
    assert [(run["symbols"][a], run["symbols"][b]) for a, b in run["pairs"]] == [(v, f"ˈ{v}") for v in "aeiou"]


def test_vowels_whose_neighbour_is_a_vowel_are_counted():
    # two vowels and two consonants, each with its like
    rows = np.array([[1.0, 0.1], [1.0, 0.2], [-0.1, 1.0], [-0.2, 1.0], [9.0, 9.0]])
    found = reading._kinship(["vowel", "vowel_stressed", "stop", "nasal", "mark"], cosines(rows))
    assert found["vowels"] == 2 and found["kin"] == 2 and found["chance"] == pytest.approx(2 / 3)


def test_the_picture_is_what_was_recorded(lesson):
    run = card_of(reading.build(lesson), "reading.vectors").figures[0].spec["runs"][1]
    subject = lesson.subjects[1]
    shown = array_of(lesson.sheet, run["values"])
    expected = subject.model.get_parameter("embedding.weight").detach().numpy()[subject.inputs.tokens[0]]
    np.testing.assert_allclose(shown, expected, rtol=1e-3, atol=1e-4)


def test_what_the_model_does_not_know_is_shown_as_such(lesson):
    old = lesson.subjects[0]
    tokens, words = (*old.analysis.tokens[:2], "☃", *old.analysis.tokens[2:]), (0, *old.analysis.token_words)
    unread = (*old.analysis.unknown, Unknown("☃", 3))
    analysis = replace(old.analysis, tokens=tokens, token_words=words, unknown=unread)
    lesson.subjects[0] = Subject(old.system, analysis, old.registry, old.origin)
    cards = reading.build(lesson)
    strange = card_of(cards, "reading.symbols")
    (token,) = (one for one in strange.figures[0].spec["tokens"] if one["symbol"] == "☃")
    assert not token["known"] and token["kind"] == "unknown" and token["id"] is None
    assert noted(strange) == ["reading.unknown"]
    assert noted(card_of(cards, "reading.words")) == ["reading.unread", "reading.others"]
    assert any("☃" in text for text in words_of(cards))


def test_a_model_that_explains_nothing_of_its_own_still_has_its_table(lesson, monkeypatch):
    for subject in lesson.subjects:
        monkeypatch.setattr(type(subject.model), "explaining", "")
    cards = reading.build(lesson)
    assert noted(card_of(cards, "reading.vectors")) == ["reading.no_vectors"]
    assert card_of(cards, "reading.map").figures and card_of(cards, "reading.goal").figures
    assert words_of(cards)


def test_a_run_that_cannot_speak_costs_its_own_lines(lesson, monkeypatch):
    monkeypatch.setattr(type(lesson.subjects[0].model), "explain", lambda *_: 1 / 0)
    cards = reading.build(lesson)
    goal = card_of(cards, "reading.goal")
    assert noted(goal) == ["reading.silent"] and [one["label"] for one in goal.figures[0].spec["runs"]] == ["fastpitch"]
    assert words_of(cards)
