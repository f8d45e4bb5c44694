"""Who is asked in a comparison, in what order, and what is refused before it spoils the report of the others."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ttskit.config import CompareConfig
from ttskit.errors import ConfigError, PluginError
from ttskit.interfaces.descriptions import MeasurementPlugin
from ttskit.interfaces.measurement import Findings, Measure, Measurement, Observation, Row
from ttskit.measure.run import NEEDS, measure_all, measurements
from ttskit.plugins import Origin, create_registry


def plugin(name, measure, **facts):
    """A measurement that returns what `measure(spoken)` does; `facts` as in its description."""

    class One(Measurement):
        def measure(self, spoken):
            return measure(spoken)

    class Here(MeasurementPlugin):
        def load(self):
            return One

    return Here(name, f"a test {name}", "", facts=facts)


def finds(*keys):
    return lambda spoken: Findings(tuple(Row(Measure(k, k, "", "lower", 1), (Observation("a", 1.0),)) for k in keys))


@pytest.fixture
def ask(tmp_path):
    """ask(plugins, only=…, **settings) -> what measuring a made-up comparison gives, by name."""

    def make(*plugins, only=None, measurements=None, sentences=(), groups=("test",)):
        registry = create_registry(only=set())
        for one in plugins:
            registry.found["measurement", one.name] = (one, Origin(one.name, one.name, "1"))
        spoken = SimpleNamespace(
            tell=lambda text: None,
            settings=CompareConfig(resamples=100, measurements=measurements or {}),
            labels=["a"],
            folder=tmp_path,
            sentences=list(sentences),
            groups=groups,
            systems=[],
            samples=[],
        )
        return {one.name: one for one in measure_all(spoken, registry, only)}

    return make


def test_sections_stand_by_their_places_and_then_by_name(ask):
    """Planted: by name alone; a measurement of a third party came before the first section."""
    asked = ask(
        plugin("aaa", finds()), plugin("late", finds(), place=20), plugin("zzz", finds(), place=3), plugin("bbb", finds())
    )
    assert list(asked) == ["zzz", "late", "aaa", "bbb"]


def test_what_is_switched_off_is_not_asked_and_what_is_named_alone_is(ask):
    three = [plugin(name, finds(name)) for name in ("one", "two", "three")]
    assert set(ask(*three, measurements={"two": False})) == {"one", "three"}
    assert set(ask(*three, measurements={"two": True})) == {"one", "two", "three"}
    assert set(ask(*three, only=("three",))) == {"three"}
    with pytest.raises(PluginError, match="unknown measurement 'four'"):
        ask(*three, measurements={"four": False})
    with pytest.raises(ConfigError, match="has no options"):
        ask(*three, measurements={"two": {"depth": 3}})


def test_what_a_measurement_needs_and_is_not_there_leaves_it_out_with_a_reason(ask):
    """Planted: asked all the same."""

    def never(spoken):
        raise AssertionError("asked")

    wanting = plugin("wanting", never, title="Wanting", needs=("recordings", "hard sentences"))
    (left_out,) = ask(wanting).values()
    assert left_out.notes == ("Wanting: left out, there are no recordings and no hard sentences",)
    assert not left_out.found_something and left_out.seconds == 0.0
    recorded = SimpleNamespace(recorded=True)
    asked = ask(plugin("wanting", finds("m"), needs=("recordings", "hard sentences")), sentences=[recorded], groups=("hard",))
    assert asked["wanting"].rows
    (unknown,) = ask(plugin("wanting", never, needs=("a wind tunnel",))).values()
    assert "no a wind tunnel" in unknown.notes[0] and "a wind tunnel" not in NEEDS


def test_a_measure_belongs_to_the_first_who_gives_it_and_costs_the_second_its_own_part_only(ask):
    """Planted: the later one took its place in the results."""
    asked = ask(
        plugin("first", finds("m", "n"), place=1),
        plugin("second", finds("k", "m"), place=2),
        plugin("third", finds("k"), place=3),
    )
    assert [r.row.measure.key for r in asked["first"].rows] == ["m", "n"]
    assert asked["second"].rows == () and "measure 'm' is given twice, by 'first' as well" in asked["second"].notes[0]
    assert [r.row.measure.key for r in asked["third"].rows] == ["k"] and asked["third"].notes == ()
    (twice,) = ask(plugin("twice", finds("m", "m"))).values()
    assert twice.rows == () and "measure 'm' is given twice" in twice.notes[0]


def test_one_that_fails_costs_only_its_own_part(ask):
    asked = ask(
        plugin("bad", lambda spoken: 1 / 0, place=1), plugin("odd", lambda spoken: 5, place=2), plugin("good", finds("m"))
    )
    assert "ZeroDivisionError" in asked["bad"].notes[0] and "bad 1" in asked["bad"].notes[0]
    assert "measure() returned int" in asked["odd"].notes[0] and asked["good"].rows


def test_a_picture_lies_below_the_reports_folder(ask, tmp_path):
    outside = tmp_path.parent / "elsewhere.png"
    outside.write_bytes(b"")
    for path in (outside, tmp_path / "missing.png"):
        (one,) = ask(plugin("draws", lambda spoken, path=path: Findings(figures={"a": path}))).values()
        assert "is not a file below the report's folder" in one.notes[0] and not one.findings.figures


def test_all_that_is_installed_is_asked_by_default():
    registry = create_registry()
    asked = {name for name, plugin in registry.all("measurement").items() if plugin.facts.get("asked", True)}
    assert set(measurements(registry, CompareConfig())) == asked


def test_one_that_says_so_is_asked_only_where_it_is_named(ask):
    """Predictors take longer than all else together."""
    slow = plugin("slow", finds("slow"), asked=False)
    assert set(ask(slow, plugin("one", finds("one")))) == {"one"}
    assert set(ask(slow, plugin("one", finds("one")), measurements={"slow": True})) == {"one", "slow"}
    assert set(ask(slow, measurements={"slow": False})) == set()
    assert set(ask(slow, only=("slow",))) == set()
