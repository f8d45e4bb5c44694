"""The self-test of a report, asked of measures that are known to be blind, to see everything, or to see things upside down."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ttskit.compare.page import render_section
from ttskit.config import CompareConfig
from ttskit.errors import ConfigError
from ttskit.interfaces.descriptions import MeasurementPlugin
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Findings, Measure, Measurement, Sample, SampleMeasurement
from ttskit.measure.faults import FAULTS
from ttskit.measure.plain import plain
from ttskit.measure.run import Measured, measure_all, measurements
from ttskit.measure.selftest import UNDAMAGED, FaultOptions, Faults, Seen, smallest_seen
from ttskit.measure.stats import Interval
from ttskit.plugins import Origin, create_registry


def scoring(name, score, better="lower"):
    """A measure of a stranger: one number per sample."""

    class Scores(SampleMeasurement):
        measure_of = Measure(f"{name}_score", f"{name} score", "", better)

        def score(self, sample: Sample, recording: Sample | None) -> float:
            return score(sample)

    return described(name, Scores)


def described(name, factory, **facts):
    class Here(MeasurementPlugin):
        def load(self):
            return factory

    return Here(name, "a test", "", facts=facts)


def registry_of(*plugins):
    """All of the toolkit but its measurements, and those that are given."""
    registry = create_registry()
    for key in [key for key in registry.found if key[0] == "measurement"]:
        del registry.found[key]
    for one in plugins:
        registry.found["measurement", one.name] = (one, Origin(one.name, one.name, "1"))
    return registry


def rms(sample):
    return float(np.sqrt(np.mean(np.square(sample.audio))))


@pytest.fixture(scope="module")
def asked():
    return []


@pytest.fixture
def found(said, asked):
    """found(plugins, options) -> what the self-test says of them on six sentences."""

    def make(*plugins, limit=6, **options):
        spoken = said(limit=limit, some=lambda natural, seed: natural)
        findings = Faults(FaultOptions(**options), registry_of(*plugins)).measure(spoken)
        return findings, spoken

    return make


def smallest(findings, measure):
    return {x["fault"]: x for x in findings.data["smallest"] if x["measure"] == measure}


def test_blind_measures_see_nothing_and_all_seeing_ones_the_smallest(found):
    whole = set()

    def altered(sample):
        if sample.system in (NATURAL, UNDAMAGED):
            whole.add(sample.audio.tobytes())
        return float(sample.audio.tobytes() not in whole)

    def roughly(sample):
        return altered(sample) * (1 + 0.1 * len(sample.sentence.text) / 50)

    plugins = [
        scoring("blind", lambda sample: 3.0),
        scoring("sees", roughly),
        scoring("exact", altered, "higher"),
        scoring("quiet", rms),
        scoring("unmoved", roughly, ""),
    ]
    findings, spoken = found(*plugins, strengths=3)
    blind = smallest(findings, "blind_score")
    planted = set(blind)
    assert planted == set(FAULTS)  # each has its place in six sentences, with one strength at least
    assert not any(x["seen"] or x["way"] for x in blind.values())
    fits = {name: x["strength"] for name, x in blind.items() if name.split("_")[0] not in ("word", "phone")}
    assert fits == {name: FAULTS[name].strengths[-1] for name in fits} and len(fits) == len(FAULTS) - 3
    assert blind["phone_removed"]["strength"] == 2.0  # some sentences have three words, and four phones no room
    assert all(x["unit"] == FAULTS[name].unit for name, x in blind.items())
    for measure, way in (("sees_score", "worse"), ("exact_score", "better"), ("unmoved_score", "changed")):
        own = smallest(findings, measure)
        assert all(x["seen"] and x["way"] == way for x in own.values())
        expected = {name: fault.strengths[0] for name, fault in FAULTS.items() if name not in ("low_pass", "syllable_twice")}
        assert {name: x["strength"] for name, x in own.items() if name in expected} == expected
        assert own["syllable_twice"]["strength"] == 100.0  # a stutter in one or two of six sentences is nothing certain
        assert own["low_pass"]["strength"] == 2000.0  # of audio that ends at 4 kHz
    quiet = smallest(findings, "quiet_score")
    assert quiet["level"]["way"] == "better" and quiet["level"]["strength"] == -1.0
    assert quiet["noise"]["way"] == "worse"
    cells = {(c["measure"], c["fault"], c["strength"]): c for c in findings.data["cells"]}
    level = cells["quiet_score", "level", -12.0]
    mean = np.mean([rms(s) for s in spoken.of(RESYNTHESIS)])
    assert level["value"] == pytest.approx(mean * (10 ** (-12 / 20) - 1), rel=1e-3) and level["count"] == 6
    for other in ("f0_up", "f0_down", "f0_flat", "formants", "timbre"):  # one fault alone
        assert abs(cells["quiet_score", other, FAULTS[other].strengths[-1]]["value"]) < 0.05 * mean
    section = render_section(
        Measured("faults", "What each measure sees", "", findings),
        {
            "systems": [{"label": "a"}],
            "settings": {"confidence": 0.95},
            "measurements": {"faults": {"rows": [], "figures": {}, "data": plain(findings.data)}},
        },
    )
    rows = section.split("<tr>")
    (line,) = [row for row in rows if "quiet score" in row]
    takes = line.split("takes for better")[1]
    assert "another level" in takes.split("</td>")[0] and "-1 dB" in takes.split("</td>")[0]
    assert "through the vocoder" in section
    json.dumps(plain(findings.data))


def test_it_is_the_same_each_time_and_leaves_the_report_as_it_was(found):
    def draws(spoken):
        spoken.figure("quality.png").write_bytes(b"of the self-test")
        return Findings(figures={"quality": spoken.folder / "figures" / "quality.png"})

    class Draws(Measurement):
        def measure(self, spoken):
            return draws(spoken)

    plugins = (scoring("quiet", rms), described("draws", Draws))
    one, spoken = found(*plugins, faults=["noise", "word_removed", "pause"], strengths=3)
    spoken.figure("quality.png").write_bytes(b"of the report")
    two = Faults(FaultOptions(faults=["noise", "word_removed", "pause"], strengths=3), registry_of(*plugins)).measure(spoken)
    assert plain(one.data) == plain(two.data) and {c["fault"] for c in one.data["cells"]} == {"noise", "word_removed", "pause"}
    assert spoken.figure("quality.png").read_bytes() == b"of the report"


def test_who_fails_costs_its_own_part_and_who_needs_models_is_not_asked(found, asked):
    class Fails(Measurement):
        def measure(self, spoken):
            asked.append("fails")
            raise ZeroDivisionError("their fault")

    def never(name):
        class Never(Measurement):
            def measure(self, spoken):
                asked.append(name)
                return Findings()

        return Never

    asked.clear()
    findings, _ = found(
        described("fails", Fails),
        described("models", never("models"), needs=["runs"]),
        described("judge", never("judge"), needs=["runs"], reads_audio=True),
        described("slow", never("slow")),
        described("faults", never("faults")),
        scoring("quiet", rms),
        faults=["noise"],
        strengths=1,
        leave_out=["slow"],
    )
    assert sorted(asked) == ["fails", "judge"] and smallest(findings, "quiet_score")["noise"]["seen"]
    assert any("their fault" in note for note in findings.notes)


def test_five_sentences_are_too_few(found):
    def never(sample):
        raise AssertionError("asked")

    findings, _ = found(scoring("quiet", never), limit=5)
    assert not findings.data and not findings.template and "5 recorded sentences are too few" in findings.notes[0]
    findings, _ = found(scoring("quiet", never), sentences=5)
    assert "too few" in findings.notes[0]


def seen(strength, way, measure="m", fault="noise"):
    return Seen(measure, fault, strength, Interval(1.0, 0.5, 1.5, 6), way)


@pytest.mark.parametrize(
    ("ways", "strength", "is_seen"),
    [
        (("worse", "worse", "worse"), 30.0, True),
        (("", "worse", "worse"), 20.0, True),
        (("worse", "", "worse"), 10.0, True),  # the first was seen by chance
        (("worse", "worse", ""), 10.0, False),
        (("better", "worse", "worse"), 20.0, True),
        (("", "", ""), 10.0, False),
    ],
)
def test_the_smallest_is_seen_as_every_stronger_one_is(ways, strength, is_seen):
    given = [seen(s, way) for s, way in zip(FAULTS["noise"].strengths, ways, strict=True)]
    for order in (given, given[::-1]):
        (one,) = smallest_seen(order, FAULTS)
        assert (one["strength"], one["seen"]) == (strength, is_seen)


def test_ours_is_asked_last_and_can_be_switched_off(said):
    registry = create_registry()
    ours = [name for name, plugin in measurements(registry, CompareConfig()).items() if plugin.factory.startswith("ttskit.")]
    assert ours[-1] == "faults"
    off = CompareConfig(measurements={"faults": False})
    assert "faults" not in measurements(registry, off)
    with pytest.raises(ConfigError, match="strengths"):
        measurements(registry, CompareConfig(measurements={"faults": {"strengths": 0}}))


def test_our_own_measures_see_what_they_are_for(said):
    """Planted in six sentences of the made-up corpus, asked through the same door as a comparison."""
    spoken = said(limit=6, some=lambda natural, seed: natural)
    config = {"faults": ["f0_up", "tempo", "cut"], "strengths": 1, "leave_out": ["intrusive", "robustness"]}
    spoken.settings.measurements["faults"] = config
    spoken.systems = []  # as far as this measurement is concerned; the made-up systems have no models
    (one,) = measure_all(spoken, create_registry(), only=("faults",))
    assert one.seconds < 120 and not one.notes, one.notes
    f0 = smallest(one.findings, "log_f0_rmse_semitones")
    assert f0["f0_up"]["seen"] and f0["f0_up"]["way"] == "worse"
    length = smallest(one.findings, "length_ratio")
    assert length["tempo"]["seen"] and length["cut"]["seen"] and not length["f0_up"]["seen"]
