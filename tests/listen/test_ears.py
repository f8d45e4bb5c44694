"""Measures beside ears, on tests whose truth is known."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from ears_material import Truth, heard_of_truth, truth, write_values

from ttskit_listen.ears.correlations import ears_of
from ttskit_listen.ears.heard import cells_of
from ttskit_listen.ears.resampling import reliability
from ttskit_listen.judgements import HeardAnswers

PLAIN = {"resamples": 200}


def beside(tmp_path: Path, given: Truth, heard: HeardAnswers, measures, better=None, **more):
    return ears_of(heard, {}, [write_values(tmp_path / "values.csv", measures, better)], **{**PLAIN, **more})


def row(ears, key):
    return next(one for one in ears["measures"] if one["key"] == key)


@pytest.mark.parametrize("kind", ["mos", "mushra", "transcribe", "cmos", "ab"])
def test_a_measure_that_follows_quality_goes_with_the_listeners_whichever_side_is_better(tmp_path, kind):
    given = truth(1, sentences=24, runs=1)
    measures = {
        "up": given.measure(0.9, 3),
        "down": given.measure(0.9, 4, sign=-1),
        "wrong_way": given.measure(0.9, 5, sign=-1),
    }
    heard = heard_of_truth(given, kind, 24, 2)
    ears = beside(tmp_path, given, heard, measures, {"down": "lower"})
    assert [row(ears, key)["word"] for key in measures] == ["with", "with", "against"]
    for key, sign in (("up", 1), ("down", 1), ("wrong_way", -1)):
        for name in ("pearson", "spearman", "kendall"):
            shown = row(ears, key)["sentence"][name]
            assert sign * shown["value"] > 0.35 and sign * shown["low"] > 0 and sign * shown["high"] > 0, (key, name)
    assert {one["rank"]: one["key"] for one in ears["measures"]}[3] == "wrong_way"
    json.dumps(ears, allow_nan=False)


def test_noise_is_not_claimed_to_go_with_anyone(tmp_path):
    claimed, least = [], 1.0
    for seed in range(4):
        given = truth(seed)
        measures = {f"noise{i}": given.measure(0.0, 100 + i) for i in range(30)}
        for kind in ("mos", "cmos"):
            ears = beside(tmp_path, given, heard_of_truth(given, kind, 16, seed + 50), measures)
            claimed += [any(one["word"] != "not known" for one in ears["measures"])]
            least = min(least, *(one["p"] for one in ears["measures"]))
            assert all(one["holm"] >= one["p"] for one in ears["measures"])
    assert sum(claimed) <= 1
    assert least < 0.01  # which would be claimed, were it not for how many were tried


def test_intervals_cover_at_the_stated_rate():
    """The truth is what so many listeners and sentences give on average, over tests drawn from scratch."""
    seen, intervals = [], []
    for seed in range(48):
        given = truth(10 * seed, systems=2, runs=1, sentences=16, system_sd=0.0, run_sd=0.0)
        heard = heard_of_truth(given, "mos", 12, 10 * seed + 1, rounded=False)
        found = _one(given, heard, given.measure(0.7, 10 * seed + 2))
        seen.append(np.arctanh(found["value"]))
        intervals.append((found["low"], found["high"]))
    true = np.tanh(np.mean(seen))
    covered = np.mean([low <= true <= high for low, high in intervals])
    assert 0.9 <= covered <= 1.0
    # As wide as tests really vary, not twice as wide.
    halves = [(np.arctanh(high) - np.arctanh(low)) / 2 / 2.2 for low, high in intervals]
    assert 0.85 * np.std(seen) < np.mean(halves) < 1.6 * np.std(seen)


def test_a_bootstrap_over_answers_would_be_far_too_sure():
    """Where sentences differ and a measure sees that, drawing answers one by one leaves the sentences as they are."""
    seen, ours, naive = [], [], []
    for seed in range(16):
        given = truth(10 * seed, systems=2, runs=1, sentences=10, system_sd=0.0, run_sd=0.0, sentence_sd=0.8, sound_sd=0.1)
        random = np.random.default_rng(seed)
        of_sentence = {s: random.standard_normal() for s in given.sentences}
        measure = {place: given.quality[place] + 0.8 * of_sentence[place[2]] for place in given.quality}
        heard = heard_of_truth(given, "mos", 30, 10 * seed + 1, rounded=False, noise=0.6)
        found = _one(given, heard, measure)
        seen.append(np.arctanh(found["value"]))
        ours.append((np.arctanh(found["high"]) - np.arctanh(found["low"])) / 2 / 2.26)
        x = np.array([measure[j.system, j.run, j.sentence] for j in heard.judgements])
        y = np.array([j.value for j in heard.judgements])
        drawn = random.integers(0, len(x), (100, len(x)))
        naive.append(np.std([np.arctanh(np.corrcoef(x[d], y[d])[0, 1]) for d in drawn]))
    assert np.mean(naive) < 0.4 * np.std(seen) < np.mean(ours) * 0.8


def _one(given: Truth, heard: HeardAnswers, measure) -> dict:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        ears = ears_of(heard, {}, [write_values(Path(folder) / "v.csv", {"m": measure})], resamples=200)
    return row(ears, "m")["sentence"]["pearson"]


def test_what_tells_systems_apart_but_no_sentences_is_seen_inside_systems(tmp_path):
    given = truth(4, systems=4, sentences=24, runs=1, system_sd=1.2, sentence_sd=0.5, sound_sd=0.6)
    of_system = {s: np.mean([q for p, q in given.quality.items() if p[0] == s]) for s in given.systems}
    random = np.random.default_rng(0)
    coarse = {p: of_system[p[0]] + 0.3 * random.standard_normal() for p in given.quality}
    fine = {p: q - of_system[p[0]] + 0.2 * random.standard_normal() for p, q in given.quality.items()}
    heard = heard_of_truth(given, "mushra", 20, 5)
    ears = beside(tmp_path, given, heard, {"coarse": coarse, "fine": fine})
    assert row(ears, "coarse")["sentence"]["pearson"]["value"] > 0.7
    assert abs(row(ears, "coarse")["within"]["value"]) < 0.25
    assert row(ears, "fine")["within"]["value"] > 0.7
    assert row(ears, "fine")["system"]["pearson"]["value"] < row(ears, "coarse")["system"]["pearson"]["value"]


def test_swapping_the_sides_of_pairs_changes_nothing(tmp_path):
    given = truth(6, systems=3)
    heard = heard_of_truth(given, "cmos", 12, 7)

    def turned(number, one):
        sides = {"system": one.against, "run": one.against_run, "against": one.system, "against_run": one.run}
        return dataclasses.replace(one, value=-one.value, **sides) if number % 2 else one

    # Whole cells are turned, as half a cell would be two.
    cells = {(j.sentence, j.system, j.run, j.against, j.against_run): i for i, j in enumerate(heard.judgements)}
    swapped = [turned(cells[j.sentence, j.system, j.run, j.against, j.against_run], j) for j in heard.judgements]
    assert sum(a != b for a, b in zip(swapped, heard.judgements, strict=True)) > 20
    measures = {"good": given.measure(0.8, 1), "noise": given.measure(0.0, 2)}
    one = beside(tmp_path, given, heard, measures)
    other = beside(tmp_path, given, dataclasses.replace(heard, judgements=swapped), measures)
    for key in measures:
        for name in ("pearson", "spearman", "kendall"):
            for number in ("value", "low", "high"):
                assert row(one, key)["sentence"][name][number] == pytest.approx(row(other, key)["sentence"][name][number])


def test_nothing_goes_better_with_few_listeners_than_they_with_others():
    given = truth(8, systems=3, runs=1, sentences=40)
    for listeners, noise in ((8, 1.5), (8, 0.5), (30, 1.5)):
        heard = heard_of_truth(given, "mos", listeners, 9, noise=noise, rounded=False, listener_sd=0.0)
        cells = cells_of(heard)
        quality = np.array([given.quality[c.system, c.run, c.sentence] for c in cells.cells])
        perfect = np.corrcoef(quality, cells.heard)[0, 1]
        ceiling = np.sqrt(reliability(cells, 1)["sentence"])
        assert ceiling == pytest.approx(perfect, abs=0.06)
    assert np.isnan(reliability(cells_of(heard_of_truth(given, "mos", 3, 9)), 1)["sentence"])


def test_a_larger_difference_is_more_often_heard_in_abx_whichever_side_is_better(tmp_path):
    given = truth(11, systems=2, runs=1, sentences=40, system_sd=0.0, sound_sd=1.0)
    heard = heard_of_truth(given, "abx", 40, 12)
    ears = beside(tmp_path, given, heard, {"m": {p: -q for p, q in given.quality.items()}}, {"m": "lower"})
    assert row(ears, "m")["sentence"]["spearman"]["value"] > 0.4 and ears["wrong"] == []


def test_values_that_lack_are_left_out_and_counted(tmp_path):
    given = truth(13, sentences=20)
    whole = given.measure(0.9, 1)
    part = {p: v for i, (p, v) in enumerate(whole.items()) if i % 2}
    ears = beside(tmp_path, given, heard_of_truth(given, "mos", 12, 14), {"part": part, "none": {}, "whole": whole})
    assert row(ears, "part")["sentence"]["n"] * 2 == row(ears, "whole")["sentence"]["n"] == ears["points"]
    assert "partial" in row(ears, "part")["warning"] and row(ears, "whole")["rank"] == 1
    assert row(ears, "part")["sentence"]["pearson"]["value"] == pytest.approx(
        row(ears, "whole")["sentence"]["pearson"]["value"], abs=0.2
    )


def test_a_measure_that_is_the_same_everywhere_says_nothing(tmp_path):
    given = truth(15)
    for kind in ("mos", "cmos"):
        ears = beside(tmp_path, given, heard_of_truth(given, kind, 12, 16), {"same": dict.fromkeys(given.quality, 3.7)})
        one = row(ears, "same")
        assert one["sentence"]["spearman"]["value"] is None and "constant" in one["warning"] and one["word"] == "not known"
        assert one["system"] is None or one["system"]["pearson"]["value"] is None


def test_few_sounds_are_given_numbers_and_no_words(tmp_path):
    given = truth(17, systems=2, sentences=5, runs=1)
    ears = beside(tmp_path, given, heard_of_truth(given, "mos", 30, 18, noise=0.1), {"m": dict(given.quality)})
    one = row(ears, "m")
    assert one["sentence"]["pearson"]["value"] > 0.9
    assert "few_points" in one["warning"] and one["word"] == "not known" and one["system"] is None
    assert {"key": "two_systems", "values": {"systems": 2}} in ears["notes"]


def test_means_of_few_systems_say_next_to_nothing(tmp_path):
    few, many = truth(19, systems=4, sentences=8, runs=1), truth(19, systems=12, sentences=8, runs=1)
    shown = {}
    for name, given in (("few", few), ("many", many)):
        ears = beside(tmp_path, given, heard_of_truth(given, "mos", 10, 20), {"m": given.measure(0.9, 21)})
        shown[name] = row(ears, "m")
    assert "few_systems" in shown["few"]["warning"] and "few_systems" not in shown["many"]["warning"]
    width = {name: one["system"]["spearman"]["high"] - one["system"]["spearman"]["low"] for name, one in shown.items()}
    assert width["few"] > 1.2 and width["many"] < width["few"]
    assert shown["many"]["system"]["systems"] == 12


def test_one_system_is_compared_inside_itself(tmp_path):
    given = truth(21, systems=1, sentences=30)
    ears = beside(tmp_path, given, heard_of_truth(given, "mos", 10, 22), {"m": given.measure(0.9, 23)})
    one = row(ears, "m")
    assert one["word"] == "with" and one["within"]["value"] == pytest.approx(one["sentence"]["pearson"]["value"])


def test_values_of_whole_runs_go_with_systems_only(tmp_path):
    given = truth(25, systems=5)
    size = {
        (s, r, ""): float(np.mean([q for p, q in given.quality.items() if p[:2] == (s, r)]))
        for s in given.systems
        for r in given.runs
    }
    ears = beside(tmp_path, given, heard_of_truth(given, "mos", 10, 26), {"size": size, "m": given.measure(0.5, 1)})
    one = row(ears, "size")
    assert one["sentence"] is None and one["system"]["pearson"]["value"] > 0.9 and one["word"] == "not known"
    assert ears["measures"][-1]["key"] == "size"


def test_natural_speech_has_no_part_in_it(tmp_path):
    given = truth(27, systems=2, runs=1, sentences=20)
    without = heard_of_truth(given, "mos", 10, 28)
    natural = heard_of_truth(given, "mos", 10, 28, natural=True)
    measures = {"m": given.measure(0.5, 1) | {("natural", "", s): 9.0 for s in given.sentences}}
    one, other = (beside(tmp_path, given, heard, measures) for heard in (without, natural))
    assert row(one, "m")["sentence"] == row(other, "m")["sentence"]
    assert {"key": "without_natural", "values": {}} in other["notes"] and other["points"] == one["points"]


def test_too_little_is_said_to_be_too_little(tmp_path):
    given = truth(29, systems=2, runs=1, sentences=1)
    ears = beside(tmp_path, given, heard_of_truth(given, "mos", 3, 30), {"m": given.measure(0.5, 1)})
    assert ears["measures"] == [] and ears["notes"][0]["key"] == "too_little"
    other = truth(29, sentences=8)
    renamed = {("elsewhere", *place[1:]): 1.0 for place in other.quality}
    ears = beside(tmp_path, other, heard_of_truth(other, "mos", 3, 30), {"m": renamed})
    assert ears["measures"] == [] and ears["notes"][0]["key"] == "none_measured"
    assert ears_of(heard_of_truth(other, "mos", 3, 30), {}, [])["measures"] == []


def test_the_same_test_gives_the_same_numbers(tmp_path):
    given = truth(31)
    heard = heard_of_truth(given, "cmos", 8, 32)
    one, other = (beside(tmp_path, given, heard, {"m": given.measure(0.5, 1)}) for _ in range(2))
    assert one == other
    assert beside(tmp_path, given, heard, {"m": given.measure(0.5, 1)}, seed=2) != one
