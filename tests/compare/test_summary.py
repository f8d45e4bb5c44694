"""What the summary says of numbers that are known: values, differences on the same sentences, what is marked, the answer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ttskit.compare.summary import answer_of, lines_of, summary_of
from ttskit.interfaces.measurement import NATURAL, Findings, Measure, Observation, Row
from ttskit.measure.run import Measured

MCD = Measure("mcd_db", "mel-cepstral distortion", "dB", "lower", 2)


def run(label, system=None, seed=1, decoding="parallel"):
    return SimpleNamespace(label=label, system=system or label, seed=seed, decoding=decoding)


AR, NAR = run("ar", decoding="autoregressive"), run("nar")


def measured(measure, numbers, name="quality", **more):
    """A measurement of one row; `numbers`: label → one value a sentence (None: not said), or one number of the whole run."""
    found = []
    for label, values in numbers.items():
        if isinstance(values, float):
            found.append(Observation(label, values))
        else:
            found += [Observation(label, v, f"s{n}", 0, **more) for n, v in enumerate(values) if v is not None]
    row = Row(measure, tuple(found))
    return Measured(name, name.capitalize(), "", Findings(), (SimpleNamespace(row=row),))


def summary(systems, *found):
    lines = lines_of(systems, found, 0.95)
    return summary_of(lines, systems, 0.95), answer_of(lines, systems, 0.95)


def noise(count=12, seed=0, spread=0.1):
    return np.random.default_rng(seed).normal(0, spread, count)


def test_every_system_has_its_difference_from_the_first_also_where_there_are_three():
    """Seen: with more than two systems, and for numbers without interval, there was no difference at all."""
    third = run("third")
    mcd = {"ar": 6 + noise(seed=1), "nar": 5 + noise(seed=2), "third": 7 + noise(seed=3)}
    rows, _ = summary(
        [AR, NAR, third], measured(MCD, mcd), measured(Measure("size", "size"), {"ar": 2.0, "nar": 3.0, "third": 5.0}, "s")
    )
    assert [[(d["system"], d["minus"]) for d in row["differences"]] for row in rows] == [[("nar", "ar"), ("third", "ar")]] * 2
    assert [round(d["value"], 1) for d in rows[0]["differences"]] == [-1.0, 1.0]
    assert [d["value"] for d in rows[1]["differences"]] == [1.0, 3.0]
    assert all(d["low"] is None and not d["marked"] for d in rows[1]["differences"])  # one number each: nothing to hold against


def test_a_difference_names_its_sentences_and_the_means_over_them():
    """Seen: a difference over 11 sentences beside means over 12, which it is not the difference of."""
    ar, nar = list(6 + noise(seed=1)), list(5 + noise(seed=2))
    ar[3], nar[7] = 100.0, None
    nar[3] = None
    ((row,), _) = summary([AR, NAR], measured(MCD, {"ar": ar, "nar": nar}))
    (difference,) = row["differences"]
    assert (row["values"]["ar"]["count"], row["values"]["nar"]["count"], difference["count"]) == (12, 10, 10)
    one, other = difference["means"]
    assert difference["value"] == pytest.approx(one - other) and other < 7 < row["values"]["ar"]["value"]


@pytest.mark.parametrize(("count", "marked"), [(5, False), (6, True), (12, True)])
def test_nothing_is_marked_below_six_sentences(count, marked):
    ((row,), answer) = summary([AR, NAR], measured(MCD, {"ar": 9 + noise(count, 1), "nar": 5 + noise(count, 2)}))
    assert row["differences"][0]["marked"] is marked
    assert answer["findings"][0]["word"] == ("worse" if marked else "not known")


def test_one_sentence_has_no_interval_and_no_mark():
    """Seen: F0 difference 12.542 [12.542, 12.542], bold and green."""
    ((row,), _) = summary([AR, NAR], measured(MCD, {"ar": [20.0], "nar": [7.458]}))
    (difference,) = row["differences"]
    assert difference["low"] is None and difference["high"] is None and not difference["marked"]


def test_twelve_of_twelve_are_not_certain():
    """Seen: [1, 1]. Wilson's interval is [0.76, 1]."""
    share = Measure("ok_share_test", "sentences without fault", "%", "higher", 0, factor=100.0)
    ((row,), _) = summary([AR, NAR], measured(share, {"ar": [1.0] * 12, "nar": [1.0] * 12}, "robustness"))
    value = row["values"]["ar"]
    assert (value["value"], value["high"]) == (100.0, 100.0) and value["low"] == pytest.approx(75.7, abs=0.1)
    (difference,) = row["differences"]
    assert difference["low"] < -20 and difference["high"] > 20 and not difference["marked"]


def test_of_many_rows_without_a_difference_hardly_one_is_marked():
    """Seen: with 11 rows the chance of one false bold was 49 to 67 %. Now main measures alone are marked, under Holm."""
    false = 0
    for trial in range(100):
        rows = []
        for n, key in enumerate(("mcd_db", "phone_error_rate_test", "log_f0_rmse_semitones", "lsd_db", "voicing_error")):
            draw = np.random.default_rng((trial, n))
            numbers = {"ar": draw.normal(5, 1, 12), "nar": draw.normal(5, 1, 12)}
            rows.append(measured(Measure(key, "m", "", "lower"), numbers, f"m{n}"))
        found, _ = summary([AR, NAR], *rows)
        marks = [(row["main"], d["marked"], d["word"]) for row in found for d in row["differences"]]
        assert [(main, word) for main, _, word in marks if not main] == [(False, None)] * 2
        false += any(marked for _, marked, _ in marks)
    assert false <= 10  # 5 in a hundred, and chance


def test_trainings_that_differ_in_the_seed_alone_are_not_called_different():
    """Seen: 17 of 21 intervals did. With several trainings the interval holds runs as well; each training's own value stays."""
    systems = [
        run(f"{name}-{seed}", name, seed, d) for name, d in (("a", "autoregressive"), ("b", "parallel")) for seed in (1, 2, 3)
    ]
    shift = {"a-1": 0.5, "a-2": -0.4, "a-3": 0.1, "b-1": -0.5, "b-2": 0.3, "b-3": -0.6}
    sentences = noise(24, 9, 0.3)
    numbers = {label: 6 + s + sentences + noise(24, n, 0.1) for n, (label, s) in enumerate(shift.items())}
    ((row,), answer) = summary(systems, measured(MCD, numbers))
    assert list(row["values"]) == ["a", "b"] and row["values"]["a"]["by_run"].keys() == {"a-1", "a-2", "a-3"}
    assert row["values"]["a"]["by_run"]["a-1"] == pytest.approx(numbers["a-1"].mean())
    assert (row["values"]["a"]["runs"], row["values"]["a"]["count"]) == (3, 24)
    assert not row["differences"][0]["marked"] and row["differences"][0]["about"] == "models"
    assert answer["about"] == "models" and answer["single"] == [] and answer["findings"][0]["word"] == "not known"
    alone = [run(label, decoding=d) for label, d in (("a-1", "autoregressive"), ("b-1", "parallel"))]
    ((row,), answer) = summary(alone, measured(MCD, {k: numbers[k] for k in ("a-1", "b-1")}))
    assert row["differences"][0]["marked"]  # these two trainings do differ,
    assert answer["about"] == "these trainings" and answer["single"] == ["a-1", "b-1"]  # and it is said of them only


def test_seeds_of_synthesis_are_no_sentences():
    """Seen: the same audio three or five times narrowed the interval until it was bold."""
    row = Row(
        MCD, tuple(Observation(n, 6 + v, f"s{i}", s) for n in ("ar", "nar") for s in range(5) for i, v in enumerate(noise(7)))
    )
    found = Measured("quality", "Quality", "", Findings(), (SimpleNamespace(row=row),))
    ((line,), _) = summary([AR, NAR], found)
    once, _ = summary([AR, NAR], measured(MCD, {"ar": 6 + noise(7), "nar": 6 + noise(7)}))
    for key in ("value", "low", "high", "count"):
        assert line["values"]["ar"][key] == pytest.approx(once[0]["values"]["ar"][key])


def test_what_was_led_by_the_recording_stands_last_and_is_told_as_such():
    """Seen: "mel distance, target's frames" (0.654) above free-running (0.552), as if they could be compared."""
    led = measured(
        Measure("teacher_forced_mel_l1", "mel distance, target's frames given", "", "lower"),
        {"ar": [0.6], "nar": [0.7]},
        "learned",
    )
    heard = measured(MCD, {"ar": [5.0], "nar": [6.0]})
    rows, _ = summary(
        [AR, NAR],
        led,
        measured(Measure("x", "x"), {"ar": 1.0}, "speed"),
        measured(Measure("y", "y"), {"ar": [1.0]}, "theirs"),
        heard,
    )
    assert [(row["measurement"], row["led"]) for row in rows] == [
        ("quality", False),
        ("theirs", False),
        ("speed", False),
        ("learned", True),
    ]


@pytest.mark.parametrize(
    ("shift", "spread", "word"),
    [
        (1.0, 0.1, "worse"),
        (-1.0, 0.1, "better"),
        (0.0, 0.05, "equivalent"),
        (0.1, 1.5, "not known"),
        (0.05, 0.02, "equivalent"),
    ],
)
def test_the_answer_has_one_of_four_words_of_ar_against_nar(shift, spread, word):
    numbers = {"nar": 5 + noise(12, 1, spread), "ar": 5 + shift + noise(12, 2, spread)}
    _, answer = summary([NAR, AR], measured(MCD, numbers))  # whatever stands first
    (finding,) = answer["findings"]
    assert (answer["ar"], answer["nar"], finding["word"]) == (["ar"], ["nar"], word)
    assert finding["smallest"] == 0.3
    assert finding["value"] == pytest.approx(float(np.mean(numbers["ar"]) - np.mean(numbers["nar"])))


def test_several_systems_of_a_kind_are_compared_by_their_mean():
    others = [AR, run("ar2", decoding="autoregressive"), NAR]
    numbers = {"ar": 6 + noise(12, 1, 0.05), "ar2": 8 + noise(12, 2, 0.05), "nar": 5 + noise(12, 3, 0.05)}
    _, answer = summary(others, measured(MCD, numbers))
    assert answer["findings"][0]["value"] == pytest.approx(2.0, abs=0.1)
    _, answer = summary(others, measured(MCD, {k: numbers[k] for k in ("ar", "nar")}))
    assert answer["findings"] == []  # one of them was not measured: its kind is not known


def test_without_both_kinds_or_main_measures_nothing_is_answered():
    _, answer = summary([NAR, run("nar2")], measured(MCD, {"nar": noise(), "nar2": noise()}))
    assert answer["ar"] == [] and answer["findings"] == []
    _, answer = summary([AR, NAR], measured(Measure("x", "x", "", "lower"), {"ar": noise(), "nar": noise()}))
    assert answer["findings"] == []


def test_percent_and_points_are_the_unit_that_is_shown():
    rate = Measure("phone_error_rate_test", "phone error rate", "%", "lower", 1, factor=100.0)
    numbers = {"ar": 0.2 + noise(12, 1, 0.005), "nar": 0.1 + noise(12, 2, 0.005), NATURAL: 0.05 + noise(12, 3, 0.005)}
    ((row,), answer) = summary([AR, NAR], measured(rate, numbers, "robustness"))
    assert row["natural"]["value"] == pytest.approx(5, abs=0.5) and row["natural_is"] == NATURAL
    (finding,) = answer["findings"]
    assert finding["value"] == pytest.approx(10, abs=1) and (finding["word"], finding["smallest"]) == ("worse", 2.0)
    close = {"ar": 0.2 + noise(12, 1, 0.005), "nar": 0.2 + noise(12, 2, 0.005)}
    _, answer = summary([AR, NAR], measured(rate, close, "robustness"))
    assert answer["findings"][0]["word"] == "equivalent"  # within 2 points, not within 200
