"""Which effects a set of cells can show, and with which coefficients."""

from __future__ import annotations

import pytest
from made_study import AIDED, SYSTEMS

from ttskit_study.collected import Arm
from ttskit_study.contrasts import contrasts_of, design_of


def arms(systems, minutes=(5.0,)) -> list[Arm]:
    """A cell for each system and amount."""
    return [Arm(f"{s}-{m:g}", s, s, dict(levels), m, "corpus") for s, levels in systems.items() for m in minutes]


def effect(found, name):
    """The effect of this name, the only one."""
    (one,) = [c for c in found if c.name == name]
    return one


def test_the_main_effect_is_the_mean_of_its_simple_effects():
    found = contrasts_of(design_of(arms(SYSTEMS)))
    main = effect(found, "decoding: NAR − AR").coefficients
    assert main == {"tacotron2-5": -0.5, "transformertts-5": -0.5, "fastpitch-lstm-5": 0.5, "fastpitch-5": 0.5}
    assert effect(found, "decoding: NAR − AR | block = LSTM").coefficients == {"tacotron2-5": -1, "fastpitch-lstm-5": 1}
    interaction = effect(found, "decoding × block").coefficients
    assert interaction == {"tacotron2-5": 1, "transformertts-5": -1, "fastpitch-lstm-5": -1, "fastpitch-5": 1}
    assert [c.name for c in found if c.primary] == ["decoding: NAR − AR", "block: transformer − LSTM", "decoding × block"]


def test_help_that_only_some_systems_have_is_no_part_of_the_other_effects():
    """The systems without durations would make AR look worse than it is, or better, if they were averaged into it."""
    design = design_of(arms(AIDED))
    found = contrasts_of(design)
    assert design.partial == ["durations"]
    assert set(effect(found, "decoding: NAR − AR").coefficients) == {f"{name}-5" for name in SYSTEMS}
    alone = effect(found, "decoding: NAR − AR | durations = none").coefficients
    assert set(alone) == {"tacotron2-alone-5", "transformertts-alone-5", "fastpitch-lstm-5", "fastpitch-5"}
    aid = effect(found, "durations: none − given").coefficients
    assert aid["tacotron2-alone-5"] == aid["transformertts-alone-5"] == 0.5 and aid["tacotron2-5"] == -0.5


def test_minutes_are_compared_within_systems_only():
    found = contrasts_of(design_of(arms(SYSTEMS, (5.0, 10.0, 20.0))))
    minutes = effect(found, "minutes: 20 − 5")
    assert not minutes.primary and set(minutes.coefficients) == {f"{s}-{m}" for s in SYSTEMS for m in (5, 20)}
    assert effect(found, "decoding: NAR − AR | minutes = 10").coefficients["fastpitch-10"] == 0.5
    assert effect(found, "decoding × minutes").coefficients["fastpitch-20"] == 0.5


def test_a_missing_cell_takes_its_counterpart_with_it():
    """Else the difference of the blocks would be in that of decoding."""
    found = contrasts_of(design_of([arm for arm in arms(SYSTEMS) if arm.system != "transformertts"]))
    assert effect(found, "decoding: NAR − AR").coefficients == {"tacotron2-5": -1, "fastpitch-lstm-5": 1}
    assert not [c for c in found if c.kind == "interaction"]


@pytest.mark.parametrize("amounts", [(5.0,), (5.0, 20.0)])
def test_every_difference_has_coefficients_that_cancel(amounts):
    for systems in (SYSTEMS, AIDED):
        for one in contrasts_of(design_of(arms(systems, amounts))):
            assert abs(sum(one.coefficients.values())) < 1e-12, one.name
            top = 2.0 if one.kind == "interaction" else 1.0
            assert sum(c for c in one.coefficients.values() if c > 0) == pytest.approx(top), one.name


def test_systems_without_factors_are_compared_as_systems():
    found = contrasts_of(design_of(arms({"a": {}, "b": {}, "c": {}})))
    assert [c.name for c in found] == ["system: b − a", "system: c − a"] and all(c.primary for c in found)


def test_two_factors_that_only_change_together_are_no_factors():
    """Seen: Tacotron 2 against FastPitch called an effect of decoding, while the blocks changed with it."""
    two = {name: SYSTEMS[name] for name in ("tacotron2", "fastpitch")}
    design = design_of(arms(two, (5.0, 20.0)))
    assert design.confounded == ["decoding", "block"]
    found = contrasts_of(design)
    assert [c.name for c in found if c.primary] == ["system: fastpitch − tacotron2"]
    assert effect(found, "system: fastpitch − tacotron2 | minutes = 20").coefficients == {"tacotron2-20": -1, "fastpitch-20": 1}
    assert design_of(arms(SYSTEMS)).confounded == ()


def test_one_cell_has_no_effects():
    assert contrasts_of(design_of(arms({"a": {"decoding": "AR"}}))) == []
    assert contrasts_of(design_of([])) == []
