"""Everything said once: what is kept where, quality of known sounds, rows and tables, and how measurements are asked."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from ttskit.config import CompareConfig
from ttskit.errors import ConfigError, PluginError
from ttskit.hookspecs import hookimpl
from ttskit.interfaces import MeasurementPlugin
from ttskit.interfaces.measurement import (
    NATURAL,
    RESYNTHESIS,
    Findings,
    Measure,
    Measurement,
    Observation,
    Row,
    SampleMeasurement,
    Sound,
)
from ttskit.measure.quality import Quality
from ttskit.measure.run import measure_all
from ttskit.measure.spoken import SoundStore
from ttskit.measure.tables import table_row
from ttskit.plugins import Origin, Registry, create_registry

CONFIG = CompareConfig(resamples=200)


def same(audio, seed):
    return audio


def reversed_(audio, seed):
    return audio[::-1]


def sound(n):
    rng = np.random.default_rng(n)
    return Sound(
        *(rng.standard_normal(s).astype(np.float32) for s in ((100,), (4, 5), (5,))), alignment=np.eye(n + 1, dtype="f4")
    )


def test_sounds_beyond_the_limit_wait_on_disk_and_come_back_bit_for_bit(tmp_path):
    sounds = [sound(n) for n in range(6)]
    with SoundStore(tmp_path / "sounds", most_bytes=1500) as store:
        loads = [store.keep(s) for s in sounds]
        assert store._bytes <= 1500 and len(list((tmp_path / "sounds").iterdir())) >= 3
        assert not (tmp_path / "sounds" / "000005.npz").exists()  # the latest are the ones in memory
        for load, s in [*zip(loads, sounds, strict=True), *reversed(list(zip(loads, sounds, strict=True)))]:
            found = load()
            assert all(
                np.array_equal(getattr(found, k), getattr(s, k)) for k in ("audio", "audio_mel", "pitch_hz", "alignment")
            )
            assert found.mel is None
    assert not (tmp_path / "sounds").exists()


def test_natural_speech_against_itself_is_at_no_distance(said):
    rows = {row.measure.key: row for row in Quality().measure(said(copy=same, back=reversed_)).rows}
    for key in ("mcd_db", "lsd_db", "log_f0_rmse_semitones", "voicing_error"):
        values = table_row(rows[key], ["copy", "back"], CONFIG).values
        assert abs(values["copy"].value) < 1e-4 and values["back"].value > 0.05, key
    assert {o.value for o in rows["length_ratio"].observations} == {1.0}
    assert all(NATURAL not in {o.system for o in row.observations} for row in rows.values())


def test_a_distance_that_is_0_by_construction_is_no_anchor(said):
    """The recordings' own mels through the vocoder: their mel distance says nothing of the vocoder."""
    found = Quality().measure(said(copy=same))
    assert "mel_l1" not in {row.measure.key for row in found.rows}
    assert RESYNTHESIS in {o.system for row in found.rows for o in row.observations}


def test_frames_are_compared_in_turn_only_where_everything_keeps_the_recordings_time(said):
    """One voice with a timing of its own, and all alike are compared along a DTW path."""

    def late(audio, seed):
        return np.concatenate([np.zeros(2000, np.float32), audio])

    on_one_clock, with_a_late_one = (
        {row.measure.key: table_row(row, ["late"], CONFIG).values for row in Quality().measure(spoken).rows}
        for spoken in (said(), said(late=late))
    )
    assert on_one_clock["audio_mel_l1"][RESYNTHESIS].value < 1e-6 and "audio_mel_l1" not in with_a_late_one
    assert with_a_late_one["mcd_db"]["late"].value < 3.0  # some 20 frames off, which would cost more than that
    assert with_a_late_one["length_ratio"]["late"].value > 1.05


class Loud(SampleMeasurement):
    measure_of = Measure("loud", "loudness", "dB", "", 1, "Mean power.")

    def score(self, sample, recording):
        assert recording is None
        return 10 * math.log10(float(np.mean(sample.audio**2)) + 1e-12)


class Away(SampleMeasurement):
    measure_of = Measure("away", "distance", "", "lower", 3, brief="away")
    intrusive = True

    def score(self, sample, recording):
        return float(np.abs(sample.audio - recording.audio).mean())


class Broken(SampleMeasurement):
    measure_of = Measure("broken", "broken")

    def score(self, sample, recording):
        if sample.system == "copy":
            raise RuntimeError("no licence")
        return 1.0


class Raises(Measurement):
    def measure(self, spoken):
        raise SystemExit("the model is not here")


class Bare(Measurement):
    def measure(self, spoken):
        return Findings([Row(Measure("bare", "bare"), (1.0, 2.0))])


class Nothing(Measurement):
    def measure(self, spoken):
        return None


class Writes(Measurement):
    def measure(self, spoken):
        spoken.samples[0].audio[:] = 0.0
        return Findings()


class Again(Measurement):
    def measure(self, spoken):
        return Findings([Row(Measure("loud", "as loud"), (Observation("copy", 1.0),))])


class Unwritable(Measurement):
    def measure(self, spoken):
        return Findings(data={"what": object()})


class Outside(Measurement):
    """A figure that the folder of the report, when it is moved, would leave behind."""

    def measure(self, spoken):
        path = spoken.folder.parent / "elsewhere.png"
        path.write_bytes(b"a picture")
        return Findings(figures={"elsewhere": path})


class Undrawn(Measurement):
    def measure(self, spoken):
        return Findings(figures={"never": spoken.figure("never.png")})


class Options:
    def __init__(self, power: int = 2) -> None:
        self.power = power


def offering(*plugins: MeasurementPlugin) -> Registry:
    """A registry with further measurements of a distribution "strange 0.3"."""
    registry = create_registry()
    for plugin in plugins:
        registry.found["measurement", plugin.name] = (plugin, Origin("strange", "strange", "0.3"))
    return registry


def plugin(name: str, cls: type, facts: Mapping | None = None, options: str = "") -> MeasurementPlugin:
    class Local(MeasurementPlugin):
        def load(self):
            return cls

    return Local(name, name, "", options, facts or {})


def asked(spoken, *plugins, only=None):
    return {m.name: m for m in measure_all(spoken, offering(*plugins), only=only or {p.name for p in plugins})}


def test_a_metric_is_computed_on_natural_speech_and_on_hard_sentences(said):
    spoken = said(copy=same, back=reversed_)
    found = asked(spoken, plugin("loud", Loud), plugin("away", Away))
    rows = {row.row.measure.key: row for row in found["loud"].rows}
    assert set(rows) == {"loud", "loud_hard"}
    assert set(rows["loud"].values) == {NATURAL, RESYNTHESIS, "copy", "back"} and set(rows["loud_hard"].values) == {
        "copy",
        "back",
    }
    assert rows["loud"].values[NATURAL].value == pytest.approx(rows["loud"].values["back"].value, abs=1e-5)
    (away,) = found["away"].rows  # against recordings, which hard sentences have not
    assert set(away.values) == {RESYNTHESIS, "copy", "back"} and away.values["copy"].value == 0.0


@pytest.mark.parametrize(
    ("cls", "cause"),
    [
        (Raises, "SystemExit: the model is not here"),
        (Bare, "rows must be Row objects of Observation objects"),
        (Nothing, "returned NoneType"),
        (Again, "measure 'loud' is given twice, by 'loud' as well"),
        (Unwritable, "not JSON serializable"),
        (Writes, "read-only"),
        (Outside, "elsewhere.png is not a file below the report's folder"),
        (Undrawn, "never.png is not a file below the report's folder"),
    ],
)
def test_a_measurement_that_fails_costs_its_own_part_and_is_named_with_version_and_cause(cls, cause, said):
    found = asked(
        said(copy=same), plugin("loud", Loud, {"place": 1}), plugin("theirs", cls, {"place": 2}), plugin("away", Away)
    )
    assert found["loud"].rows and found["away"].rows and not found["theirs"].rows
    (note,) = found["theirs"].notes
    assert "strange 0.3" in note and "measurement 'theirs' failed and is left out" in note and cause in note


def test_a_sample_that_cannot_be_scored_costs_its_own_number(said):
    found = asked(said(copy=same, back=reversed_), plugin("broken", Broken))["broken"]
    values = {key: row.values for row in found.rows for key in [row.row.measure.key]}
    assert "copy" not in values["broken"] and values["broken"]["back"].value == 1.0
    assert "5 samples could not be scored" in found.notes[0] and "no licence" in found.notes[0]


def test_what_does_not_apply_is_left_out_and_said(said):
    found = asked(said(copy=same), plugin("needy", Loud, {"needs": ["recordings", "controls", "runs"], "title": "Needy"}))
    assert found["needy"].notes == ("Needy: left out, there are no controls and no runs",) and not found["needy"].rows


def test_a_need_that_nobody_knows_leaves_a_measurement_out_and_is_said(said):
    found = asked(said(copy=same), plugin("needy", Loud, {"needs": ["recordings", "moonlight"], "title": "Needy"}))
    assert found["needy"].notes == ("Needy: left out, there are no moonlight",) and not found["needy"].rows


def test_measurements_are_switched_off_and_given_options_by_the_settings(said):
    spoken = said(copy=same)
    spoken.settings = spoken.settings.model_copy(update={"measurements": {"loud": False}})
    assert list(asked(spoken, plugin("loud", Loud), plugin("away", Away))) == ["away"]
    spoken.settings = spoken.settings.model_copy(update={"measurements": {"away": {"power": 2}}})
    with pytest.raises(ConfigError, match="'away' has no options"):
        asked(spoken, plugin("away", Away))
    spoken.settings = spoken.settings.model_copy(update={"measurements": {"lowd": False}})
    with pytest.raises(PluginError, match="unknown measurement 'lowd'"):
        asked(spoken, plugin("loud", Loud))


def test_more_seeds_are_not_more_sentences(said):
    """The same audio under three seeds gives the interval of one."""
    one, three = (Quality().measure(said(seeds, copy=reversed_)).rows[0] for seeds in ((0,), (0, 1, 2)))
    alone, often = (table_row(row, ["copy"], CONFIG).values["copy"] for row in (one, three))
    assert (alone.low, alone.high) == pytest.approx((often.low, often.high)) and alone.count == often.count == 3


def test_an_error_rate_weighs_sentences_by_their_phones():
    row = Row(Measure("rate", "rate"), (Observation("a", 0.5, "s1", 0, 10), Observation("a", 0.1, "s2", 0, 30)))
    assert table_row(row, ["a"], CONFIG).values["a"].value == pytest.approx((5 + 3) / 40)


def test_differences_are_of_sentences_that_both_have_and_plain_numbers_have_none():
    both = [Observation(n, v, s, 0) for n, vs in (("a", (3, 5, 9)), ("b", (1, 2))) for s, v in zip("xyz", vs, strict=False)]
    table = table_row(Row(Measure("m", "m", better="lower"), tuple(both)), ["a", "b"], CONFIG)
    assert table.differences["a − b"].value == 2.5 and table.differences["a − b"].count == 2
    plain = table_row(Row(Measure("m", "m"), (Observation("a", 3.0), Observation("b", math.nan))), ["a", "b"], CONFIG)
    assert plain.values == {"a": 3.0} and plain.differences == {} and plain.best is None


def test_the_hook_is_validated_at_registration():
    class Wrong:
        @hookimpl
        def ttskit_measurement(self):
            return []

    from ttskit.plugins import _descriptions

    with pytest.raises(PluginError, match="did you mean 'ttskit_measurements'"):
        _descriptions(Wrong())
