"""Calibration: what is said to hold in 95 of 100 studies does, from three runs and twelve sentences on.

Drawn studies, seeded. The default run is small: its bounds leave room for chance. `slow` has the narrow ones.
"""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from ttskit.measure.inference import contrast, mean, words_of
from ttskit.measure.inference.factors import effects
from ttskit.measure.inference.power import smallest_difference
from ttskit.measure.inference.variances import Components
from ttskit.measure.inference.words import word
from ttskit.measure.stats import difference_interval

SIZES = [(3, 12), (5, 12), (3, 24), (5, 24), (10, 12)]
NAMES = ["deviations", "variances", "turned", "little between runs", "skewed", "sentences hard for one"]
CELLS = {
    "t": {"decoding": "AR", "block": "LSTM"},
    "tt": {"decoding": "AR", "block": "transformer"},
    "fl": {"decoding": "NAR", "block": "LSTM"},
    "f": {"decoding": "NAR", "block": "transformer"},
}


def rng_of(*key) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def covers(estimate, truth) -> bool:
    return estimate.low <= truth <= estimate.high


def coverage(world, what, runs, sentences, count, *key) -> float:
    rng = rng_of(what, runs, sentences, *key)
    hits = 0
    for _ in range(count):
        if what == "mean":
            hits += covers(mean(world.study(rng, {"a": 4.0}, runs, sentences), "a"), 4.0)
        else:
            trials = world.study(rng, {"a": 4.0, "b": 3.0}, runs, sentences)
            hits += covers(contrast(trials, {"a": 1, "b": -1}, paired=what == "paired"), 1.0)
    return hits / count


@pytest.mark.parametrize(("runs", "sentences"), SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_a_nominal_95_covers_about_95(worlds, name, runs, sentences):
    """Planted: without the variance of runs (36 % and less); the degrees of freedom of the sentences (80 % of three runs)."""
    for what in ("mean", "paired", "apart"):
        assert 0.91 <= coverage(worlds[name], what, runs, sentences, 250, name) <= 0.99, what


def test_over_all_sizes_and_worlds_it_covers_95(worlds):
    for what in ("mean", "paired", "apart"):
        found = [coverage(worlds[name], what, *size, 60, name, "all") for name in NAMES for size in SIZES]
        assert 0.935 <= np.mean(found) <= 0.97, what


@pytest.mark.slow
@pytest.mark.parametrize(("runs", "sentences"), SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_a_nominal_95_covers_93_to_97(worlds, name, runs, sentences):
    """5,000 studies: chance is 0.3 %, and twice that is left on each side."""
    for what in ("mean", "paired", "apart"):
        assert 0.924 <= coverage(worlds[name], what, runs, sentences, 5000, name, "slow") <= 0.976, what


def test_more_sentences_do_not_make_it_worse(worlds):
    """Three runs at 12, 24 and 100 sentences, A/A; one run each and the interval over sentences gave 66, 51 and 30 %."""
    world, after, before = worlds["turned"], [], []
    for sentences in (12, 24, 100):
        after.append(coverage(world, "apart", 3, sentences, 300, "sentences"))
        rng, hits = rng_of("before", sentences), 0
        for _ in range(300):
            trials = world.study(rng, {"a": 0.0, "b": 0.0}, 1, sentences)
            hits += covers(contrast(trials, {"a": 1, "b": -1}), 0.0)
        before.append(hits / 300)
    assert min(after) >= 0.92
    assert before[0] < 0.75 and before[2] < 0.4  # what one training each cannot know, and what "these trainings" says


def test_one_training_each_never_speaks_of_models(worlds):
    rng = rng_of("about")
    trials = worlds["turned"].study(rng, {"a": 0.0, "b": 0.0}, 1, 12)
    assert contrast(trials, {"a": 1, "b": -1}).about == "these trainings" and mean(trials, "a").about == "these trainings"
    trials = worlds["turned"].study(rng, {"a": 0.0, "b": 0.0}, 2, 12)
    assert contrast(trials, {"a": 1, "b": -1}).about == "models" and mean(trials, "a").about == "models"


@pytest.mark.parametrize("name", ["turned", "variances"])
def test_effects_and_interaction_are_covered(worlds, name):
    truth = {"t": 5.0, "tt": 4.0, "fl": 4.5, "f": 4.2}
    want = {"decoding: AR − NAR": 0.15, "block: LSTM − transformer": 0.65, "decoding: AR − NAR, block LSTM": 0.5}
    want["decoding: AR − NAR × block: LSTM − transformer"] = 0.7
    rng, hits = rng_of("effects", name), dict.fromkeys(want, 0)
    for _ in range(250):
        found = effects(worlds[name].study(rng, truth, 3, 12), CELLS)
        for key, value in want.items():
            hits[key] += covers(found[key], value)
    assert all(0.91 <= hit / 250 <= 0.99 for hit in hits.values()), hits


def families(worlds, count, paired, *key) -> float:
    """Share of A/A studies, three primary measures × the effects of four equal cells, in which any difference is called one."""
    rng, called = rng_of("A/A", paired, *key), 0
    for _ in range(count):
        family = {}
        for measure in ("turned", "variances", "skewed"):
            trials = worlds[measure].study(rng, dict.fromkeys(CELLS, 4.0), 3, 12)
            found = effects(trials, CELLS, paired=paired)
            family |= {f"{measure} {name}": e for name, e in found.items() if ", " not in name}
        same = dict.fromkeys(family, 0.3)
        called += any(w in ("better", "worse") for w in words_of(family, same, dict.fromkeys(family, "lower")).values())
    return called / count


@pytest.mark.parametrize("paired", [False, True])
def test_few_studies_of_equal_systems_call_a_difference(worlds, paired):
    """Planted: no correction (a third of the studies); p of the two-way interval alone (a quarter of them, paired)."""
    assert families(worlds, 120, paired) <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("paired", [False, True])
def test_at_most_one_in_twenty_studies_of_equal_systems_calls_a_difference(worlds, paired):
    assert families(worlds, 2000, paired, "slow") <= 0.05 + 2 * (0.05 * 0.95 / 2000) ** 0.5


def test_seeds_of_synthesis_that_say_the_same_narrow_nothing():
    """Planted: each seed a sentence of its own, which covered 89, 66 and 55 % at one, three and five seeds."""
    from ttskit.measure.inference import trials_of

    rng = rng_of("seeds")
    said = [(f"s{i}", float(v)) for i, v in enumerate(rng.normal(size=12))]
    found = []
    for seeds in (1, 3, 5):
        rows = [{"system": "a", "run": "", "sentence": s, "seed": k, "value": v} for s, v in said for k in range(seeds)]
        found.append(mean(trials_of(rows), "a"))
    assert all((e.low, e.high, e.sentences) == pytest.approx((found[0].low, found[0].high, 12)) for e in found)


@pytest.mark.parametrize(("runs", "sentences"), [(3, 12), (5, 24)])
def test_equivalence_is_wrong_in_one_study_of_twenty_at_most(worlds, runs, sentences):
    """The true difference is the smallest that matters. Planted: the 95 % interval of a power of nothing, or 50 % error."""
    world, rng = worlds["little between runs"], rng_of("tost", runs)
    smallest, wrong, right = 0.5, 0, 0
    for _ in range(400):
        wrong += word(
            contrast(world.study(rng, {"a": 0.5, "b": 0.0}, runs, sentences), {"a": 1, "b": -1}), smallest, "lower"
        ) == ("equivalent")
        right += word(
            contrast(world.study(rng, {"a": 0.0, "b": 0.0}, runs, sentences), {"a": 1, "b": -1}), smallest, "lower"
        ) == ("equivalent")
    assert wrong / 400 <= 0.075 and right / 400 > 0.5


@pytest.mark.parametrize("name", ["turned", "variances", "sentences hard for one"])
@pytest.mark.parametrize(("runs", "sentences"), [(3, 12), (5, 24)])
def test_the_smallest_difference_is_found_with_the_power_that_is_said(worlds, name, runs, sentences):
    world, rng = worlds[name], rng_of("power", name, runs)
    parts = Components(world.run, world.sentence, world.residual, world.sentence_by_system)
    true = smallest_difference(parts, runs, sentences)
    found = sum(
        contrast(world.study(rng, {"a": true, "b": 0.0}, runs, sentences), {"a": 1, "b": -1}).p <= 0.05 for _ in range(500)
    )
    assert found / 500 == pytest.approx(0.8, abs=0.05)


def test_the_interval_over_sentences_is_the_paired_one_of_one_training(worlds):
    trials = worlds["turned"].study(rng_of("one"), {"a": 0.3, "b": 0.0}, 1, 12)
    new = contrast(trials, {"a": 1, "b": -1})
    old = difference_interval(trials.of("a").value, trials.of("b").value)
    assert (new.value, new.low, new.high) == pytest.approx((old.value, old.low, old.high))
