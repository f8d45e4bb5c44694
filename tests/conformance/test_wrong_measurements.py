"""Measurements that are wrong on purpose; the kit names the fault of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ttskit.interfaces import Findings, MeasurementPlugin, Observation, Remark, Row, SampleMeasurement
from ttskit.interfaces.measurement import NATURAL, Measure, Measurement
from ttskit.testing import check_measurement, tiny_spoken
from ttskit.testing.measurement import measurement_checks

LOUDNESS = Measure("loudness_db", "loudness", "dB", "", 1, "Root mean square of the samples, in dB of full scale.")


def level(audio):
    return 10 * float(np.log10(np.square(audio).mean() + 1e-10))


class Loudness(SampleMeasurement):
    """Right, of the kind that needs no recording."""

    measure_of = LOUDNESS

    def score(self, sample, recording):
        return level(sample.audio)


class Louder(SampleMeasurement):
    """Right, of the kind that compares with the recording."""

    measure_of = replace(LOUDNESS, key="louder_db", how="Loudness minus that of the recording.")
    intrusive = True

    def score(self, sample, recording):
        return level(sample.audio) - level(recording.audio)


class Whole(Measurement):
    """Right, with everything that a measurement can give."""

    def measure(self, spoken):
        said = spoken.samples
        row = Row(LOUDNESS, tuple(s.observation(level(s.audio)) for s in said))
        picture = spoken.figure("loudness.txt")
        picture.write_text("a picture", encoding="utf-8")
        remarks = [Remark(s.system, s.sentence.id, s.seed, "loud") for s in said if level(s.audio) > -10]
        text = "<p>{{ rows[0].title }}, {{ data.samples }}, {{ figures.picture }}</p>{{ measures_table(rows) }}"
        return Findings([row], {"picture": picture}, text, {"samples": len(said)}, remarks, ["a note"])


class WithoutNatural(Whole):
    def measure(self, spoken):
        found = super().measure(spoken)
        (row,) = found.rows
        return replace(found, rows=[replace(row, observations=tuple(o for o in row.observations if o.system != NATURAL))])


class WithoutHard(Whole):
    def measure(self, spoken):
        found = super().measure(spoken)
        (row,) = found.rows
        own = tuple(o for o in row.observations if not o.sentence.startswith("hard"))
        return replace(found, rows=[replace(row, observations=own)])


class NaturalAgainstItself(Whole):
    def measure(self, spoken):
        said = [s for s in spoken.samples if spoken.recording(s) is not None]
        values = [level(s.audio) - level(spoken.recording(s).audio) for s in said]
        return Findings([Row(LOUDNESS, tuple(s.observation(v) for s, v in zip(said, values, strict=True)))])


class NeedsRecordingsSilently(Whole):
    def measure(self, spoken):
        mean = np.mean([level(s.audio) for s in [s for s in spoken.samples if s.system == NATURAL] or [None]])
        return Findings([Row(LOUDNESS, tuple(s.observation(level(s.audio) - mean) for s in spoken.samples))])


class BareFloats(Whole):
    def measure(self, spoken):
        return Findings([Row(LOUDNESS, tuple(level(s.audio) for s in spoken.samples))])


class OneNumber(Whole):
    def measure(self, spoken):
        return level(spoken.samples[0].audio)


class Normalises(Loudness):
    def score(self, sample, recording):
        audio = sample.audio
        audio -= audio.mean()
        return level(audio)


class Remembers(Loudness):
    def __init__(self):
        self.loudest = -1e9

    def score(self, sample, recording):
        self.loudest = max(self.loudest, level(sample.audio))
        return level(sample.audio) - self.loudest


class Draws(Loudness):
    def score(self, sample, recording):
        return level(sample.audio) + float(np.random.default_rng().normal())


class LooksAtTheName(Loudness):
    def score(self, sample, recording):
        return level(sample.audio) + (sample.system == "one")


class TwiceTheKey(Whole):
    def measure(self, spoken):
        found = super().measure(spoken)
        return replace(found, rows=[*found.rows, *found.rows])


class Infinite(Loudness):
    def score(self, sample, recording):
        return float("-inf")


class NamesAStranger(Whole):
    def measure(self, spoken):
        return Findings([Row(LOUDNESS, (Observation("three", 1.0, "u00", 0),))])


class NamesASeed(Whole):
    def measure(self, spoken):
        return Findings([Row(LOUDNESS, (Observation("one", 1.0, "u00", 9),))])


class DrawsElsewhere(Whole):
    def measure(self, spoken):
        picture = spoken.folder.parent / f"{spoken.folder.name}-loudness.txt"
        return replace(super().measure(spoken), figures={"picture": picture})


class ForgetsToDraw(Whole):
    def measure(self, spoken):
        return replace(super().measure(spoken), figures={"picture": spoken.figure("nothing.png")})


class DataOfArrays(Whole):
    def measure(self, spoken):
        return replace(super().measure(spoken), data={"samples": 1, "levels": [np.zeros(3)]})


class NamesWhatIsNotThere(Whole):
    def measure(self, spoken):
        return replace(super().measure(spoken), template="{{ data.number_of_samples }}")


class BreaksOff(Whole):
    def measure(self, spoken):
        return replace(super().measure(spoken), template="{% for row in rows %}")


class Purple(Whole):
    def measure(self, spoken):
        return replace(super().measure(spoken), remarks=[Remark("one", "u00", 0, "loud", "purple")])


class Unexplained(Loudness):
    measure_of = replace(LOUDNESS, how="")


class Best(Loudness):
    measure_of = replace(LOUDNESS, better="best")


def plugin(factory, name="mine", **facts):
    class Plugin(MeasurementPlugin):
        def load(self):
            return factory

    return Plugin(name, "a test", "unused:unused", facts={"title": "A test", **facts})


@pytest.mark.parametrize(("factory", "facts"), [(Loudness, {}), (Louder, {"needs": ["recordings"]}), (Louder, {}), (Whole, {})])
def test_a_right_measurement_passes_every_check(factory, facts):
    assert [f"{r.name}: {r.message}" for r in check_measurement(plugin(factory, **facts)) if not r.passed] == []


ANCHORS, REST = "natural speech and hard sentences are measured", "figures, data, remarks"
OF_WHAT = "observations are of what was said"


@pytest.mark.parametrize(
    ("factory", "facts", "name", "words"),
    [
        (WithoutNatural, {}, ANCHORS, "natural speech has no number of it on u00, u01, u02"),
        (WithoutHard, {}, ANCHORS, "no row is of the hard sentences"),
        (NaturalAgainstItself, {}, ANCHORS, "natural speech is always 0: leave it out"),
        (NeedsRecordingsSilently, {}, ANCHORS, "declare needs: recordings"),
        (BareFloats, {}, "gives findings", "a bare float: give sample.observation(value)"),
        (OneNumber, {}, "gives findings", "measure() returns float"),
        (Normalises, {}, "leaves what was said as it is", "it writes into the audio of natural on u00"),
        (Remembers, {}, "asked twice", "the same measurement, asked again, finds something else: 'loudness_db'"),
        (Remembers, {}, "order of samples", "the order in which samples come changes the result"),
        (Draws, {}, "asked twice", "asked again"),
        (LooksAtTheName, {}, "identical audio gives the same number", "two systems with the same audio"),
        (TwiceTheKey, {}, "keys are its own", "'loudness_db' is given twice"),
        (Infinite, {}, OF_WHAT, "give NaN where it is undefined"),
        (NamesAStranger, {}, OF_WHAT, "names the system 'three'"),
        (NamesASeed, {}, OF_WHAT, "with seed 9, which was not said"),
        (DrawsElsewhere, {}, REST, "not below the report's folder"),
        (ForgetsToDraw, {}, REST, "figure 'picture' is not there: nothing.png"),
        (DataOfArrays, {}, REST, "data['levels'][0] is ndarray, which JSON does not have"),
        (Purple, {}, REST, "the tone 'purple'"),
        (NamesWhatIsNotThere, {}, "its section renders", "has no attribute 'number_of_samples'"),
        (BreaksOff, {}, "its section renders", "TemplateSyntaxError"),
        (Unexplained, {}, "measures are described", "how it is measured"),
        (Best, {}, "measures are described", "better is 'best'"),
        (Whole, {"needs": ["recordings", "a piano"]}, "declared facts are true", "needs a piano"),
        (Whole, {"title": ""}, "declared facts are true", "'title'"),
        (Whole, {"need": ["recordings"]}, "declared facts are true", "'need'; did you mean 'needs'?"),
        (lambda: 3, {}, "gives findings", "the factory gives int, not a Measurement"),
    ],
)
def test_a_wrong_measurement_fails_with_its_fault_named(factory, facts, name, words):
    found = {r.name: r.message for r in check_measurement(plugin(factory, **facts)) if not r.passed}
    assert name in found, found
    assert words in found[name]


def test_a_key_that_another_measurement_has_is_named():
    found = {r.name: r for r in check_measurement(plugin(Whole), others=[plugin(Whole, "mine"), plugin(Loudness, "theirs")])}
    assert found["keys are its own"].message == "measure 'loudness_db' is also given by 'theirs': choose another key"


def test_a_measurement_that_needs_runs_is_checked_with_a_comparison_of_its_own(tmp_path):
    mine = plugin(Whole, needs=["runs"])
    assert [check.name for check in measurement_checks(mine)] == ["declared facts are true"]
    assert {r.name for r in check_measurement(mine, tiny_spoken(tmp_path))} >= {"gives findings", "asked twice"}


def test_the_tiny_comparison_is_the_same_each_time_and_its_systems_differ(tmp_path):
    one, other = tiny_spoken(tmp_path / "a"), tiny_spoken(tmp_path / "b")
    said = [(s.system, s.sentence.id, s.seed) for s in one.samples]
    assert said == [(s.system, s.sentence.id, s.seed) for s in other.samples] and len(set(said)) == len(said) == 26
    for a, b in zip(one.samples, other.samples, strict=True):
        np.testing.assert_array_equal(a.audio, b.audio)
        sound = a.sound
        frames = one.mel.frames(len(sound.audio))
        assert sound.audio_mel.shape == (one.mel.bands, frames) and sound.pitch_hz.shape == (frames,)
        assert sound.alignment is None or np.all(sound.alignment.sum(1) == 1)
    levels = {round(level(s.audio), 6) for s in one.of(group="test") if s.sentence.id == "u00" and s.system != NATURAL}
    assert len(levels) == 5  # through the vocoder, two systems with two seeds
