"""Effects of a design, A/A halves, variances, power, and the mixed model beside the two-way interval."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.errors import InputError, TTSKitError
from ttskit.measure.inference import Trials, contrast, trials_of
from ttskit.measure.inference import mixed as mixed_module
from ttskit.measure.inference.factors import design_effects, effects, run_spread
from ttskit.measure.inference.halves import halves
from ttskit.measure.inference.mixed import contrast_mixed, fit_mixed
from ttskit.measure.inference.power import next_hour, power_of, smallest_difference
from ttskit.measure.inference.variances import Components, components

CELLS = {
    "t": {"decoding": "AR", "block": "LSTM"},
    "tt": {"decoding": "AR", "block": "transformer"},
    "fl": {"decoding": "NAR", "block": "LSTM"},
    "f": {"decoding": "NAR", "block": "transformer"},
}


def values(trials: Trials, change) -> Trials:
    return Trials(trials.system, trials.run, trials.sentence, trials.speaker, change(trials), trials.weight)


def test_the_effects_of_two_by_two_by_hand():
    means = {"t": 8.0, "tt": 4.0, "fl": 5.0, "f": 3.0}
    rows = [
        {"system": name, "run": r, "sentence": f"s{s}", "value": m + 0.1 * r * (s + 1)}
        for name, m in means.items()
        for r in (-1, 0, 1)
        for s in range(6)
    ]
    found = effects(trials_of(rows), CELLS)
    assert {name: round(e.value, 9) for name, e in found.items()} == {
        "decoding: AR − NAR": 2.0,  # (8 + 4 − 5 − 3) / 2
        "block: LSTM − transformer": 3.0,  # (8 + 5 − 4 − 3) / 2
        "decoding: AR − NAR × block: LSTM − transformer": 2.0,  # (8 − 5) − (4 − 3)
        "decoding: AR − NAR, block LSTM": 3.0,
        "decoding: AR − NAR, block transformer": 1.0,
        "block: LSTM − transformer, decoding AR": 4.0,
        "block: LSTM − transformer, decoding NAR": 2.0,
    }
    spread = 0.1 * 3.5  # runs' means lie 0.35 apart, three of them
    assert run_spread(trials_of(rows)) == pytest.approx(spread)
    assert found["decoding: AR − NAR"].standardised == pytest.approx(2.0 / spread)
    one_each = effects(trials_of([row for row in rows if row["run"] == 0]), CELLS)
    assert {e.standardised for e in one_each.values()} == {None} and np.isnan(run_spread(trials_of(rows[:6])))


def test_levels_are_compared_with_everything_else_equal():
    """Planted: AR with help against NAR without. Help varies within AR only; decoding only without help."""
    cells = {
        "helped": {"decoding": "AR", "help": "durations"},
        "alone": {"decoding": "AR", "help": "none"},
        "nar": {"decoding": "NAR", "help": "none"},
    }
    found = {e.name: dict(e.coefficients) for e in design_effects(cells)}
    assert found["decoding: AR − NAR"] == {"alone": 1.0, "nar": -1.0}
    assert found["help: durations − none"] == {"helped": 1.0, "alone": -1.0}
    assert not any("×" in name for name in found)  # one of the four cells is not there
    confounded = {"a": {"decoding": "AR", "help": "yes"}, "b": {"decoding": "NAR", "help": "no"}}
    assert design_effects(confounded) == []


def test_each_pair_of_several_levels_is_compared():
    cells = {f"{d}{m}": {"decoding": d, "minutes": m} for d in ("AR", "NAR") for m in ("5", "10", "20")}
    found = {e.name: e for e in design_effects(cells) if e.kind == "main"}
    names = ["decoding: AR − NAR", "minutes: 5 − 10", "minutes: 5 − 20", "minutes: 10 − 20"]
    assert list(found) == names and sum(found[names[0]].coefficients.values()) == pytest.approx(0)
    assert found[names[0]].coefficients["AR5"] == pytest.approx(1 / 3)
    with pytest.raises(InputError, match="others have decoding, minutes"):
        design_effects(cells | {"x": {"decoding": "AR"}})


def test_a_system_against_itself(worlds):
    rng = np.random.default_rng(0)
    trials = worlds["variances"].study(rng, {"a": 1.0, "b": 9.0}, 6, 12)
    found = halves(trials, "a")
    assert (found.runs, found.splits, found.pairs) == (6, 10, 15)  # half of 6 over 3; 6 over 2
    assert abs(found.typical.value) <= abs(found.largest.value) and found.typical.about == "models"
    assert found.pairs_different >= 8 and found.typical.runs == 3  # one training each: most are called different
    odd = halves(worlds["variances"].study(rng, {"a": 1.0}, 5, 12), "a")
    assert odd.splits == 10 and odd.typical.runs == 2
    few = halves(worlds["variances"].study(rng, {"a": 1.0}, 3, 12), "a")
    assert (few.splits, few.typical, few.pairs) == (0, None, 3) and few.to_json()["largest"] is None
    assert halves(worlds["variances"].study(rng, {"a": 1.0}, 12, 6), "a").splits == 200


def test_halves_of_one_system_differ_in_one_of_twenty(worlds):
    """Planted: intervals over sentences alone, which differ in most."""
    rng = np.random.default_rng(1)
    found = [halves(worlds["turned"].study(rng, {"a": 1.0}, 6, 12), "a") for _ in range(60)]
    assert sum(f.different for f in found) / sum(f.splits for f in found) < 0.07
    assert sum(f.pairs_different for f in found) / sum(f.pairs for f in found) > 0.25


def test_variances_come_back(worlds):
    world, rng = worlds["sentences hard for one"], np.random.default_rng(2)
    found = [components(world.study(rng, dict.fromkeys(CELLS, 1.0), 6, 40)) for _ in range(40)]
    for name in ("run", "sentence", "residual", "sentence_by_system"):
        assert np.mean([getattr(f, name) for f in found]) == pytest.approx(getattr(world, name), rel=0.15), name
    assert (found[0].runs, found[0].sentences, found[0].systems) == (6, 40, 4)
    with pytest.raises(InputError, match="1 runs at most"):
        components(world.study(rng, {"a": 1.0}, 1, 12))


def test_power_falls_with_the_difference_and_is_the_level_at_none():
    parts = Components(0.14, 0.33, 0.53)
    assert power_of(0.0, parts, 5, 24) <= 0.055
    smallest = smallest_difference(parts, 5, 24)
    assert power_of(smallest, parts, 5, 24) == pytest.approx(0.8, abs=0.01)
    assert smallest_difference(parts, 10, 24) < smallest < smallest_difference(parts, 3, 24)
    assert smallest_difference(parts, 5, 24, confidence=0.99) > smallest < smallest_difference(parts, 5, 24, power=0.9)
    assert smallest_difference(Components(0, 1.0, 0), 3, 12) == 0.0  # sentences alone fall out of a difference
    main = smallest_difference(parts, 3, 12, coefficients=(0.5, 0.5, -0.5, -0.5))
    assert main < 0.75 * smallest_difference(parts, 3, 12)
    with pytest.raises(InputError, match="two of each"):
        smallest_difference(parts, 1, 24)
    with pytest.raises(InputError, match="power"):
        smallest_difference(parts, 3, 24, power=1.0)


def test_the_next_hour_goes_where_the_variance_is():
    price = {"seconds_per_run": 300.0, "seconds_per_sentence": 5.0}
    by_runs = next_hour(Components(0.5, 0.3, 0.1), 3, 12, **price)
    assert by_runs[0].what in ("runs", "minutes") and by_runs[-1].what == "nothing"
    assert {s.what: (s.runs, s.sentences, s.levels) for s in by_runs} == {
        "nothing": (3, 12, 1),
        "runs": (9, 12, 1),  # 3600 / (300 × 2)
        "sentences": (3, 132, 1),  # 3600 / (5 × 2 × 3)
        "minutes": (3, 12, 3),  # 3600 / (300 × 2 × 3)
    }
    assert all(s.seconds <= 3600 for s in by_runs)
    by_sentences = next_hour(Components(0.001, 0.3, 0.1, 0.5), 3, 12, **price)
    assert by_sentences[0].what == "sentences"
    dear = next_hour(Components(0.5, 0.3, 0.1), 3, 12, seconds_per_run=36000, seconds_per_sentence=5)
    assert next(s for s in dear if s.what == "runs").seconds == 72000  # the least that can be bought, with its price


def test_the_mixed_model_agrees_with_the_two_way_interval(worlds):
    trials = worlds["variances"].study(np.random.default_rng(5), {"a": 3.0, "b": 2.0}, 5, 12)
    model, plain = fit_mixed(trials), contrast(trials, {"a": 1, "b": -1})
    found = model.contrast({"a": 1, "b": -1})
    assert found.value == pytest.approx(plain.value, abs=1e-6) and found.se == pytest.approx(plain.se, rel=0.1)
    assert found.df == 8 and found.about == "models" and found.method == "mixed model"
    parts = components(trials)
    assert model.variances["run"] == pytest.approx(parts.run, rel=0.15)
    assert model.variances["residual"] == pytest.approx(parts.residual, rel=0.1)
    with pytest.raises(InputError, match="the model has a, b"):
        model.contrast({"c": 1})


def test_the_mixed_model_takes_logarithms_and_speakers(worlds):
    trials = worlds["variances"].study(np.random.default_rng(6), {"a": 1.0, "b": 0.0}, 3, 12)
    times = values(trials, lambda t: np.exp(t.value))
    ratio, plain = contrast_mixed(times, {"a": 1, "b": -1}, log=True), contrast_mixed(trials, {"a": 1, "b": -1})
    assert ratio.value == pytest.approx(plain.value, abs=1e-6) and ratio.method == "mixed model of logarithms"
    with pytest.raises(InputError, match="not above 0"):
        fit_mixed(trials, log=True)
    two = np.array(["ana" if int(s[1:]) % 2 else "eva" for s in trials.sentence], dtype=object)
    spoken = Trials(trials.system, trials.run, trials.sentence, two, trials.value + 3.0 * (two == "ana"), trials.weight)
    assert set(fit_mixed(spoken).variances) == {"run", "sentence", "speaker", "sentence × system", "residual"}


def test_without_statsmodels_the_two_way_interval_stands_in_and_says_why(worlds, monkeypatch):
    trials = worlds["variances"].study(np.random.default_rng(5), {"a": 3.0, "b": 2.0}, 3, 12)
    monkeypatch.setattr(mixed_module, "statsmodels_here", lambda: False)
    found, plain = contrast_mixed(trials, {"a": 1, "b": -1}), contrast(trials, {"a": 1, "b": -1})
    assert (found.low, found.high, found.method) == (plain.low, plain.high, plain.method)
    assert found.note == "mixed models need statsmodels: it is not installed"
    with pytest.raises(TTSKitError, match=r"ttskit\[study\]"):
        fit_mixed(trials)


def test_a_fit_that_does_not_converge_is_said_too(worlds, monkeypatch):
    def fails(trials, log):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(mixed_module, "_fitted", fails)
    trials = worlds["variances"].study(np.random.default_rng(5), {"a": 3.0, "b": 2.0}, 3, 12)
    assert "LinAlgError: Singular matrix" in contrast_mixed(trials, {"a": 1, "b": -1}).note
