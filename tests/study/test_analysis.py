"""What a study's numbers are said to mean: known effects are found, and none is found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import AIDED, made_study

from ttskit.measure.inference import mean, trials_of
from ttskit_study.analysis import _mean, analyse, estimate
from ttskit_study.answers import answers, dependences
from ttskit_study.collected import collect
from ttskit_study.halves import halves
from ttskit_study.wording import Words

EN = Words("en")


def found(folder, **kinds):
    """The analysis of a study that was made so."""
    return analyse(collect(made_study(folder, **kinds)), mixed=False)


def row(content, measure, effect):
    """One effect."""
    (one,) = [r for r in content["effects"] if r["measure"] == measure and r["effect"] == effect]
    return one


def test_a_true_effect_is_called_better_and_worse_where_it_is(tmp_path):
    effects = {("NAR",): {"mcd_db": -1.2, "phone_error_rate_test": 9.0}}
    content = found(tmp_path / "s", seeds=5, effects=effects)
    assert row(content, "mcd_db", "decoding: NAR − AR")["word"] == "better"
    assert row(content, "phone_error_rate_test", "decoding: NAR − AR")["word"] == "worse"
    assert row(content, "mcd_db", "block: transformer − LSTM")["word"] in ("equivalent", "not known")
    (decoding, _) = answers(content, EN)
    assert decoding["verdict"] == "mixed"
    assert decoding["sentences"][0].startswith("NAR is better than AR in mel-cepstral distortion and worse in phone error rate")
    value = row(content, "mcd_db", "decoding: NAR − AR")
    assert f"mel-cepstral distortion −{abs(value['value']):.2f} [" in decoding["sentences"][1]
    assert value["low"] < -1.2 < value["high"]


def test_no_effect_and_little_noise_is_equivalent(tmp_path):
    content = found(tmp_path / "s", seeds=5, sentences=24, noise=0.25)
    words = {r["word"] for r in content["effects"] if r["primary"] and r["kind"] == "main"}
    assert words == {"equivalent"}
    assert answers(content, EN)[0]["sentences"][0].startswith("AR and NAR are equivalent")


def test_no_effect_and_much_noise_is_not_known(tmp_path):
    content = found(tmp_path / "s", seeds=3, noise=4.0)
    assert answers(content, EN)[0]["sentences"][0].startswith("Cannot tell whether NAR is better or worse than AR")


def test_an_interaction_is_said_in_words(tmp_path):
    content = found(tmp_path / "s", seeds=5, noise=0.5, effects={("NAR", "transformer"): {"mcd_db": 2.0}})
    assert row(content, "mcd_db", "decoding × block")["word"] == "depends"
    (text, *_) = dependences(content, EN)
    assert text.startswith("The difference NAR − AR in mel-cepstral distortion depends on block: with transformer it is ")
    assert text.endswith("dB higher than with LSTM.")


def test_help_is_an_effect_of_its_own(tmp_path):
    content = found(tmp_path / "s", systems=AIDED, seeds=5, noise=0.5, effects={("none",): {"mcd_db": 3.0}})
    assert row(content, "mcd_db", "durations: none − given")["word"] == "worse"
    assert abs(row(content, "mcd_db", "decoding: NAR − AR")["value"]) < 0.5  # not the mean with the systems without help
    assert row(content, "mcd_db", "decoding: NAR − AR | durations = none")["value"] == pytest.approx(-3.0, abs=0.5)


def test_minutes_have_an_effect_and_curves(tmp_path):
    content = found(tmp_path / "s", seeds=3, minutes=(5, 20), curve=-1.0, noise=0.5)
    assert row(content, "mcd_db", "minutes: 20 − 5")["value"] == pytest.approx(-2.0, abs=0.3)
    assert len(content["means"]["mcd_db"]) == 8 and len(content["picture"]["mcd_db"]) == 4


def test_one_training_each_says_nothing_of_models(tmp_path):
    content = found(tmp_path / "s", seeds=1, effects={("NAR",): {"mcd_db": -5.0}})
    assert content["about"] == "these trainings"
    assert {r["word"] for r in content["effects"] if r["measure"] in content["picture"]} == {"not known"}
    first = answers(content, EN)[0]["sentences"][0]
    assert first == "Cannot tell whether NAR is better than AR: one training each, and nothing here is about the models."


def test_a_lone_training_has_no_part_in_the_effects_of_the_others(tmp_path):
    """Seen: one cell of twelve with one training, and the page said that nothing was about models."""
    pending = [("fastpitch-5min", 2), ("fastpitch-5min", 3)]
    content = found(tmp_path / "s", seeds=3, minutes=(5, 20), pending=pending, effects={("NAR",): {"mcd_db": -2.0}})
    assert content["about"] == "models" and content["lone_cells"] == ["fastpitch-5min"]
    own = row(content, "mcd_db", "decoding: NAR − AR")
    assert own["word"] == "better" and "fastpitch-5min" not in own["coefficients"]
    assert "transformertts-5min" not in own["coefficients"]  # its counterpart


def test_below_six_sentences_nothing_is_marked(tmp_path):
    content = found(tmp_path / "s", seeds=5, sentences=5, noise=0.2, effects={("NAR",): {"mcd_db": -5.0}})
    assert {r["word"] for r in content["effects"] if r["measure"] in content["picture"]} == {"not known"}
    content = found(tmp_path / "t", seeds=5, sentences=6, noise=0.2, effects={("NAR",): {"mcd_db": -5.0}})
    assert row(content, "mcd_db", "decoding: NAR − AR")["word"] == "better"


def test_secondary_measures_get_no_word_and_are_not_primary(tmp_path):
    content = found(tmp_path / "s", effects={("NAR",): {"voicing_error": -50.0}})
    own = [r for r in content["effects"] if r["measure"] == "voicing_error"]
    assert own and not any(r["primary"] or r["word"] or r["p_holm"] is not None for r in own)


def test_holm_is_over_all_primary_effects(tmp_path):
    content = found(tmp_path / "s", effects={("NAR",): {"mcd_db": -1.0}})
    family = [r for r in content["effects"] if r["primary"]]
    assert len(family) == 9  # two main effects and an interaction on three measures
    smallest = min(family, key=lambda r: r["p"])
    assert smallest["p_holm"] == pytest.approx(min(1.0, 9 * smallest["p"]))


def test_more_seeds_of_synthesis_are_no_more_evidence(tmp_path):
    """Seen: the same audio three or five times narrowed the interval until it was bold."""
    once = found(tmp_path / "a", seeds=3)
    study = made_study(tmp_path / "b", seeds=3)
    for path in study.glob("cells/*/*/spoken/observations.csv"):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        again = [line.replace(",0,", ",1,", 1) for line in lines if not line.startswith("natural")]
        path.write_text("\n".join([head, *lines, *again]) + "\n", encoding="utf-8")
    twice = analyse(collect(study), mixed=False)
    for a, b in zip(once["effects"], twice["effects"], strict=True):
        assert (a["low"], a["high"]) == pytest.approx((b["low"], b["high"]))


# The report's own checks


def test_halves_of_one_system_are_not_called_different(tmp_path):
    content = found(tmp_path / "s", seeds=6, effects={("NAR",): {"mcd_db": -3.0}})
    own = content["same_against_same"]
    assert own["method"] == "halves of each cell" and len(own["checks"]) == 4 * 3 and own["called"] == 0
    # Each two of six trainings of four cells on three measures, compared by sentences alone: most are "different".
    assert own["pairs"] == 15 * 4 * 3 and own["pairs_different"] > own["pairs"] / 4


def test_three_seeds_are_checked_over_all_cells_and_one_not_at_all(tmp_path):
    own = found(tmp_path / "s", seeds=3)["same_against_same"]
    assert own["method"] == "halves over all cells" and len(own["checks"]) == 3 and own["called"] == 0
    assert found(tmp_path / "t", seeds=1)["same_against_same"]["checks"] == []


def test_halves_that_do_differ_are_called():
    """The check can fail: every other training is of something else."""
    draw = np.random.default_rng(3)
    rows = [
        {"system": s, "run": str(r), "sentence": f"t{n}", "value": 7 + 2 * (r % 2) + draw.normal(0, 0.2)}
        for s in "abcd"
        for r in range(1, 7)
        for n in range(12)
    ]
    assert halves({"mcd_db": trials_of(rows)}, {"mcd_db": 0.3}, 0.95)["called"] == 4


def _cells(draw, correlated=0.0):
    """Four cells × 3 runs × 12 sentences without any effect; of two systems with two amounts each, whose seeds are alike."""
    rows = []
    sentence = draw.normal(0, 0.5, 12)
    for system in ("a", "b"):
        shared = draw.normal(0, correlated, 3)
        for amount in (5, 20):
            run = draw.normal(0, 0.5, 3) + shared
            value = run[:, None] + sentence + draw.normal(0, 0.3, (3, 12))
            rows += [
                {"system": f"{system}-{amount}", "run": str(r), "sentence": f"t{n}", "value": value[r, n]}
                for r in range(3)
                for n in range(12)
            ]
    return trials_of(rows)


@pytest.mark.parametrize("correlated", [0.0, 0.8])
def test_at_most_five_per_cent_of_studies_without_effect_exclude_zero(correlated):
    """Also where the trainings of one seed on several amounts are alike, which would count one run as several."""
    draw = np.random.default_rng(11)
    coefficients = {"a-5": -0.5, "a-20": -0.5, "b-5": 0.5, "b-20": 0.5}
    systems = {name: name[0] for name in coefficients}
    studies = 400
    wrong = sum(estimate(_cells(draw, correlated), coefficients, systems).excludes_zero for _ in range(studies))
    assert wrong / studies <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)


def test_the_mixed_model_stands_beside_the_two_way_interval(tmp_path):
    pytest.importorskip("statsmodels")
    systems = {"tacotron2": {"decoding": "AR"}, "fastpitch": {"decoding": "NAR"}}
    study = made_study(tmp_path / "s", systems=systems, seeds=4, sentences=8, effects={("NAR",): {"mcd_db": -1.0}})
    own = row(analyse(collect(study)), "mcd_db", "decoding: NAR − AR")
    assert own["mixed"]["value"] == pytest.approx(own["value"], abs=1e-3)
    assert own["mixed"]["low"] < own["mixed"]["value"] < own["mixed"]["high"]


def test_a_share_of_sentences_stays_within_0_and_100():
    """Seen: sentences without fault, 1.7 % [−0.7, 4.1], and 0 % without any interval."""
    rows = [
        {"system": name, "run": str(run), "sentence": f"s{s}", "value": 100.0 * (s < few and run == 1)}
        for name, few in (("none", 0), ("one", 1))
        for run in range(5)
        for s in range(24)
    ]
    trials = trials_of(rows)
    none, one = (_mean(trials, name) for name in ("none", "one"))
    assert none.value == 0.0 and none.low == 0.0 and 2.0 < none.high < 20.0
    assert one.value == pytest.approx(100 / 120) and 0.0 < one.low < one.value < one.high < 10.0
    other = trials_of([{**row, "value": row["value"] + 0.5} for row in rows])
    assert _mean(other, "one") == mean(other, "one", confidence=0.95)
