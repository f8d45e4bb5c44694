"""What figures draw stands where its numbers say."""

from __future__ import annotations

import re

import pytest
from made_study import AIDED, made_study

from ttskit_study.analysis import analyse
from ttskit_study.collected import collect
from ttskit_study.drawing import Canvas, Scale, number, ticks
from ttskit_study.figures import cost_bars, effects_shown, forest, look_of, means_by_factor, short, strip
from ttskit_study.wording import Words

EN = Words("en")


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0][::1]),
        (-0.3, 0.31, [-0.2, 0, 0.2]),
        (1234, 1301, [1240, 1260, 1280, 1300]),
        (5, 5, [5]),
    ],
)
def test_ticks_are_round_and_inside(low, high, marks):
    found = ticks(low, high)
    assert len(found) <= 5 and all(low - 1e-9 <= t <= high + 1e-9 for t in found)
    if len(marks) <= 5:
        assert found == pytest.approx(marks)


@pytest.mark.parametrize(
    ("value", "shown"), [(-1.25, "−1.2"), (1.0, "+1.0"), (0.0, "0.0"), (-0.01, "0.0"), (None, "–"), (float("nan"), "–")]
)
def test_numbers_have_a_true_minus_and_zero_no_sign(value, shown):
    assert number(value, 1, sign=True) == shown


def test_amounts_are_short():
    assert short(4800) == "4,800" and short(6.2e13) == "6.20·10¹³"


def test_a_logarithmic_scale_has_equal_steps_for_equal_ratios():
    scale = Scale.over([5, 10, 20], 0, 100, logarithmic=True)
    assert scale(10) - scale(5) == pytest.approx(scale(20) - scale(10))


def test_words_in_a_figure_are_escaped():
    canvas = Canvas(10, 10, "x", 'a "title" & <more>')
    canvas.text(0, 0, "<script>")
    assert "<script>" not in canvas.markup() and "&lt;script&gt;" in canvas.markup()


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    folder = made_study(tmp_path_factory.mktemp("s"), systems=AIDED, seeds=4, effects={("NAR",): {"mcd_db": -2.0}})
    return analyse(collect(folder), mixed=False)


def test_an_effect_stands_on_its_side_of_zero_and_of_the_band(content):
    svg = str(forest(content, "mcd_db", EN))
    band = re.search(r'<rect x="([\d.]+)" y="4" width="([\d.]+)"[^>]*class="f band"', svg)
    zero = float(re.search(r'<line x1="([\d.]+)"[^>]*class="s zero"', svg).group(1))
    left, width = map(float, band.groups())
    assert left + width / 2 == pytest.approx(zero, abs=0.2)
    first = float(re.search(r'<circle cx="([\d.]+)"', svg).group(1))  # decoding: NAR − AR
    assert first < left
    rows = effects_shown(content, "mcd_db")
    assert svg.count("w-better") == sum(row["word"] == "better" for row in rows) > 0


def test_every_training_is_a_dot(content):
    svg = str(means_by_factor(content, "mcd_db", EN))
    assert svg.count("faint") == 6 * 4
    assert "training seed 3:" in svg
    assert str(strip(content, "phone_error_rate_hard", EN)).count("faint") == 6 * 4


def test_systems_differ_by_mark_and_help_is_hollow(content):
    looks = {c["system"]: look_of(content, c["levels"]) for c in content["cells"]}
    assert looks["tacotron2"].colour == looks["transformertts"].colour != looks["fastpitch"].colour
    assert looks["tacotron2-alone"].hollow and not looks["tacotron2"].hollow
    assert len({(one.shape, one.hollow) for one in looks.values()}) == 6  # told apart without colour


def test_an_endless_interval_does_not_flatten_the_rest(content):
    wild = {**content, "means": {"mcd_db": [dict(p) for p in content["means"]["mcd_db"]]}}
    wild["means"]["mcd_db"][0] |= {"low": -1e6, "high": 1e6}
    marks = [float(x) for x in re.findall(r'<(?:circle cx|circle)="?([\d.]+)"', str(strip(wild, "mcd_db", EN)))]
    assert max(marks) - min(marks) > 40


def test_the_aligner_is_drawn_behind_what_it_is_charged_to(content):
    svg = str(cost_bars(content, "utterances", EN))
    assert len(re.findall(r'width="(?!0")[\d.]+"[^>]*class="f lent"', svg)) == 2
