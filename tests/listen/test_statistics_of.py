"""`statistics_of`: what every kind of test gives, and that no test, however poor, brings it down."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from heard_world import heard_of, pairs_heard, sounds_heard

from ttskit.reading import parse_yaml
from ttskit_listen.judgements import Judgement
from ttskit_listen.plan import KINDS
from ttskit_listen.statistics import statistics_of
from ttskit_listen.statistics.notes import noted

FIELDS = {
    "kind", "scale", "listeners", "judgements", "sentences", "runs", "systems", "pairs", "ordinal", "strengths", "variances",
    "order", "reliability", "groups", "notes", "notes_es",
}  # fmt: skip
PAIR = {
    "system", "against", "value", "low", "high", "se", "df", "p", "holm", "word", "n", "better", "worse", "equal", "method",
    "about", "runs", "sentences", "family",
}  # fmt: skip


def transcribed(heard, seed=1):
    """The same answers as word errors: of 4 to 8 words, more of them for worse systems."""
    rng = np.random.default_rng(seed)
    rows = []
    for j in heard.judgements:
        words = int(rng.integers(4, 9))
        wrong = float(rng.binomial(words, 0.1 if j.system == "b" else 0.4))
        rows.append(replace(j, kind="transcribe", value=wrong, weight=float(words)))
    return heard_of("transcribe", rows, ("a", "b"), 1)


def made(kind, **options):
    if kind in ("cmos", "ab", "abx"):
        return pairs_heard(kind, **options)
    if kind == "transcribe":
        return transcribed(sounds_heard("mos", **options))
    return sounds_heard(kind, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_fields(kind):
    found = statistics_of(made(kind, listeners=8, sentences=8))
    assert set(found) == FIELDS
    (pair,) = found["pairs"]
    assert set(pair) - {"binomial"} == PAIR
    assert (pair["system"], pair["against"]) == ("b", "a")
    assert pair["low"] < pair["value"] < pair["high"] and pair["holm"] == pair["p"]
    assert (found["listeners"], found["sentences"], found["runs"]) == (8, 8, 1)
    assert (found["systems"] is not None) == (kind in ("mos", "mushra", "transcribe"))
    assert (found["ordinal"] is not None) == (kind in ("mos", "cmos"))
    assert (found["strengths"] is not None) == (kind == "ab")
    assert (found["order"] is not None) == (kind in ("cmos", "ab"))
    assert -1 <= found["reliability"]["alpha"] <= 1
    assert len(found["notes"]) == len(found["notes_es"]) > 0
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_answers_changes_nothing(kind):
    heard = made(kind, listeners=6, sentences=8, runs=2 if kind in ("cmos", "mushra") else 1)
    mixed = np.random.default_rng(1).permutation(len(heard.judgements))
    turned = replace(heard, judgements=[heard.judgements[i] for i in mixed])
    first, second = statistics_of(heard), statistics_of(turned)
    for one, other in zip(first["pairs"], second["pairs"], strict=True):
        assert [one[k] for k in ("value", "low", "high", "p")] == pytest.approx(
            [other[k] for k in ("value", "low", "high", "p")], rel=1e-4, abs=1e-6
        )
        assert one["word"] == other["word"]
    assert statistics_of(heard) == first


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_no_test_is_too_poor(kind, seed):
    """Two listeners, one sentence, missing answers, answers that are all alike: numbers or None, and sentences that say why."""
    rng = np.random.default_rng(100 + seed)
    sizes = {"listeners": int(rng.integers(1, 5)), "sentences": int(rng.integers(1, 4)), "runs": int(rng.integers(1, 4))}
    heard = made(kind, **sizes, seed=seed)
    own = [j for j in heard.judgements if rng.random() < 0.7]
    if seed == 0:
        own = [replace(j, value=heard.judgements[0].value) for j in heard.judgements]
    if seed == 1:
        own = []
    found = statistics_of(replace(heard, judgements=own))
    json.dumps(found, allow_nan=False)
    for pair in found["pairs"]:
        assert pair["word"] == "not known"
        assert pair["low"] is None or (pair["low"] <= pair["value"] + 1e-9 and pair["value"] <= pair["high"] + 1e-9)
    if seed == 1:
        assert found["notes"] == [noted("nothing")[0]] and found["pairs"] == []


def test_one_listener_or_one_sentence_is_said():
    notes = statistics_of(pairs_heard(listeners=1))["notes"]
    assert noted("one_listener")[0] in notes
    notes = statistics_of(pairs_heard(sentences=1))["notes"]
    assert noted("one_sentence")[0] in notes
    assert any(note.startswith("There are 3 sentences") for note in statistics_of(pairs_heard(sentences=3))["notes"])


def test_models_are_spoken_of_where_two_trainings_of_each_were_heard():
    one, two = statistics_of(pairs_heard(runs=1)), statistics_of(pairs_heard(runs=2))
    assert (one["pairs"][0]["about"], two["pairs"][0]["about"]) == ("these trainings", "models")
    assert one["variances"]["run"] is None and two["variances"]["run"] is not None
    assert any("these trainings" in note for note in one["notes"])
    assert not any("these trainings" in note for note in two["notes"])


def test_natural_speech_needs_no_trainings():
    heard = sounds_heard("mos", runs=2, means=(3, 4.5))
    rows = [replace(j, run="") if j.system == "b" else j for j in heard.judgements]
    found = statistics_of(heard_of("mos", rows, ("a", "b"), 2, natural="b"))
    assert found["pairs"][0]["about"] == "models" and found["systems"][1]["natural"]
    assert statistics_of(heard_of("mos", rows, ("a", "b"), 2))["pairs"][0]["about"] == "these trainings"


def test_anchors_are_a_family_of_their_own():
    heard = sounds_heard("mushra", systems="abcd", means=(3, 3, 3, 1), listeners=10, sentences=8, seed=2)
    plain = statistics_of(heard)["pairs"]
    found = statistics_of(heard_of("mushra", heard.judgements, "abcd", 1, anchor="d"))["pairs"]
    assert [row["family"] for row in found] == ["systems", "systems", "anchors", "systems", "anchors", "anchors"]
    assert all(row["word"] == "worse" for row in found if row["family"] == "anchors")
    ps = sorted(row["p"] for row in found if row["family"] == "systems")
    assert min(row["holm"] for row in found if row["family"] == "systems") == pytest.approx(min(1.0, 3 * ps[0]))
    assert min(row["holm"] for row in plain) == pytest.approx(6 * min(row["p"] for row in plain))


def test_equivalent_needs_the_smallest_difference_that_matters():
    heard = pairs_heard(listeners=24, sentences=24, spreads=(0.0, 0.05, 0.05, 0.8), seed=4)
    assert statistics_of(heard)["pairs"][0]["word"] == "not known"
    found = statistics_of(heard_of("cmos", heard.judgements, smallest=0.5))
    assert found["pairs"][0]["word"] == "equivalent"


def test_fewer_word_errors_are_better():
    found = statistics_of(transcribed(sounds_heard("mos", listeners=16, sentences=12)))
    (pair,) = found["pairs"]
    rates = {row["system"]: row["mean"] for row in found["systems"]}
    assert pair["word"] == "better" and pair["value"] < 0 and found["scale"]["better"] == "lower"
    assert pair["value"] == pytest.approx(rates["b"] - rates["a"], abs=0.03)
    assert pair["better"] > pair["worse"]


def test_word_errors_are_over_all_words_and_not_a_mean_of_rates():
    rows = [
        Judgement(f"{who}-aaaa", f"{who}-{s}", s, "transcribe", f"u{s}", "", "ana", "a", "a-0", value, weight=weight)
        for who in range(4)
        for s, (value, weight) in enumerate([(5.0, 5.0), (0.0, 15.0)])
    ]
    (row,) = statistics_of(heard_of("transcribe", rows, ("a",)))["systems"]
    assert row["mean"] == pytest.approx(20 / 80)


def test_everyone_prefers_one_system():
    rows = [replace(j, value=1.0) for j in pairs_heard("ab", listeners=12, sentences=12).judgements]
    found = statistics_of(heard_of("ab", rows))
    (pair,) = found["pairs"]
    assert (pair["value"], pair["high"], pair["word"]) == (0.5, 0.5, "better")
    assert pair["low"] == pytest.approx(0.757 - 0.5, abs=2e-3)  # 12 of 12, not 144 of 144
    assert found["strengths"] == [{"system": s, "value": None, "low": None, "high": None} for s in "ab"]
    assert any(note.startswith("Bradley–Terry has no finite strengths: b always won against a") for note in found["notes"])


def test_strengths_of_systems_that_were_never_compared():
    rows = pairs_heard("ab", systems="ab").judgements
    more = [replace(j, system="d", against="c") for j in rows]
    found = statistics_of(heard_of("ab", [*rows, *more], "abcd"))
    assert all(row["value"] is None for row in found["strengths"])
    assert any("were never compared" in note for note in found["notes"])
    assert [(row["system"], row["against"]) for row in found["pairs"]] == [("b", "a"), ("d", "c")]


def test_the_binomial_stands_beside_what_counts():
    heard = pairs_heard("abx", listeners=20, sentences=12, spreads=(0.0, 0.6, 1.2, 1.0), difference=1.0, seed=1)
    (pair,) = statistics_of(heard)["pairs"]
    right = sum(j.value for j in heard.judgements)
    assert pair["binomial"]["value"] == pytest.approx(right / 240) and pair["binomial"]["n"] == 240
    assert pair["value"] == pytest.approx(right / 240 - 0.5)
    assert pair["high"] - pair["low"] > pair["binomial"]["high"] - pair["binomial"]["low"]
    assert pair["p"] > pair["binomial"]["p"]
    assert any("too narrow" in note for note in statistics_of(heard)["notes"])


def test_groups_of_five_listeners_are_shown_and_judged_of_nothing():
    heard = pairs_heard(listeners=12, sentences=8, difference=3.0)
    codes = sorted({j.listener for j in heard.judgements})
    asked = {code: ("rioplatense" if i < 6 else "other") for i, code in enumerate(codes)}
    found = statistics_of(heard_of("cmos", heard.judgements, questions=asked))
    assert [(g["question"], g["answer"], g["listeners"]) for g in found["groups"]] == [
        ("variety", "other", 6),
        ("variety", "rioplatense", 6),
    ]
    assert {row["word"] for g in found["groups"] for row in g["pairs"]} == {"not known"}
    few = {code: ("rioplatense" if i < 8 else "other") for i, code in enumerate(codes)}
    assert statistics_of(heard_of("cmos", heard.judgements, questions=few))["groups"] is None


def test_complete_ratings_have_the_f_based_interval():
    """Every listener of mushra rates everything: Shrout & Fleiss. With one answer lost, variances without interval."""
    heard = sounds_heard("mushra", listeners=6, sentences=5, means=(1, 3))
    whole = statistics_of(heard)["reliability"]
    assert whole["icc_one_low"] < whole["icc_one"] < whole["icc_one_high"]
    assert whole["icc_mean"] > whole["icc_one"] and (whole["raters"], whole["units"]) == (6, 10)
    lost = statistics_of(replace(heard, judgements=heard.judgements[1:]))["reliability"]
    assert lost["icc_one_low"] is None and lost["icc_one"] == pytest.approx(whole["icc_one"], abs=0.05)


def test_notes_are_in_two_languages():
    words = [
        parse_yaml(files("ttskit_listen").joinpath("texts", f"statistics.{language}.yaml").read_text("utf-8"), texts=True)
        for language in ("en", "es")
    ]
    assert list(words[0]) == list(words[1])
    for key, english in words[0].items():
        assert english != words[1][key]
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", words[1][key]))


def test_an_ordinal_effect_without_end_is_none_with_a_note():
    """Nobody ever prefers a: only the distance of the effect from the thresholds is known."""
    rows = [replace(j, value=abs(j.value)) for j in pairs_heard(listeners=12, sentences=8, difference=3.0).judgements]
    found = statistics_of(heard_of("cmos", rows))
    assert found["ordinal"] is None and found["pairs"][0]["word"] == "better"
    assert any(note.startswith("The ordinal model has no estimate for a, b: some answers") for note in found["notes"])
