"""Predictors in a comparison: asked where they are named, scored in every table, never the main measure, guarded one by one."""

from __future__ import annotations

import numpy as np
import pytest
from predictor_packages import needs_distillmos, needs_encoder, needs_onnx, needs_silero, needs_visqol

from ttskit.compare.page import render_section
from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Measure
from ttskit.measure.run import measure_all, measurements
from ttskit.measure.tables import smallest_of
from ttskit.plugins import create_registry
from ttskit.testing import tiny_spoken
from ttskit.testing.measurement import check_measurement
from ttskit_predictors import asking
from ttskit_predictors.asking import NEEDED, SamplePredictor

NAMES = list(NEEDED)


@pytest.fixture(scope="module")
def registry():
    return create_registry()


@pytest.fixture(scope="module")
def once():
    """Networks answer from memory what they were asked before: the checks ask the same again and again. That they answer alike
    each time is tested with their values."""
    from ttskit_predictors.distillmos import DistillMosNetwork
    from ttskit_predictors.networks import OnnxNetwork

    with pytest.MonkeyPatch.context() as patch:
        ask, forward, known = OnnxNetwork.__call__, DistillMosNetwork.forward, {}

        def remembered(network, **inputs):
            key = (id(network), *(np.asarray(value).tobytes() for value in inputs.values()))
            if key not in known:
                known[key] = ask(network, **inputs)
            return known[key]

        def remembered_forward(network, audio):
            key = (id(network), audio.numpy().tobytes())
            if key not in known:
                known[key] = forward(network, audio)
            return known[key]

        patch.setattr(OnnxNetwork, "__call__", remembered)
        patch.setattr(DistillMosNetwork, "forward", remembered_forward)
        yield


class Loudness(SamplePredictor):
    """A predictor of a test: the RMS, and nothing of what is longer than a second and a half."""

    name = "loudness"
    measures = (Measure("loudness_of_test", "loudness", "", "higher", 2, "The RMS."),)

    def start(self, spoken):
        self.asked = 0

    def scores(self, audio, sample, spoken):
        self.asked += 1
        if sample.sentence.id == "u01" and sample.system == "two":
            raise RuntimeError("no")
        return {"loudness_of_test": float(np.sqrt(np.mean(audio**2)))}


def test_all_are_offered_in_the_order_in_which_missing_packages_are_told(registry):
    offered = {name: p for name, p in registry.all("measurement").items() if p.factory.startswith("ttskit_predictors.")}
    assert sorted(offered, key=lambda name: offered[name].facts["place"]) == NAMES
    theirs = [p.facts.get("place", 0) for p in registry.all("measurement").values() if p.factory.startswith("ttskit.")]
    assert min(p.facts["place"] for p in offered.values()) > max(theirs)


def test_none_is_asked_unless_the_recipe_names_it(registry):
    assert not set(NAMES) & set(measurements(registry, CompareConfig()))
    assert set(NAMES) & set(measurements(registry, CompareConfig(measurements={"vad": True}))) == {"vad"}
    assert set(NAMES) & set(measurements(registry, CompareConfig(measurements={"distillmos": {"device": "cpu"}}))) == {
        "distillmos"
    }
    assert not set(NAMES) & set(measurements(registry, CompareConfig(measurements={"vad": False})))


@pytest.mark.parametrize("name", NAMES)
def test_none_of_their_numbers_is_a_main_measure_or_a_headline(registry, name):
    for measure in registry.get("measurement", name).load().measures:
        assert smallest_of(measure.key) is None
        assert measure.title
        assert "kHz" in measure.how, "it says for which rate it was trained"


def test_every_system_and_natural_speech_are_scored_hard_sentences_apart_and_none_in_the_summary(tmp_path):
    found = Loudness().measure(tiny_spoken(tmp_path, seeds=(0,)))
    assert [row.measure.key for row in found.rows] == ["loudness_of_test", "loudness_of_test_hard"]
    assert not any(row.summary for row in found.rows)
    assert {o.system for o in found.rows[0].observations} == {NATURAL, RESYNTHESIS, "one", "two"}
    assert {o.system for o in found.rows[1].observations} == {"one", "two"}
    assert found.data["heard_s"] > 1


def test_what_compares_with_the_recording_has_no_row_where_there_is_none(tmp_path, monkeypatch):
    """As seen on a page: a row of hard sentences without a single number."""
    monkeypatch.setattr(Loudness, "compares", frozenset({"loudness_of_test"}))
    found = Loudness().measure(tiny_spoken(tmp_path, seeds=(0,)))
    assert [row.measure.key for row in found.rows] == ["loudness_of_test"]
    assert NATURAL not in {o.system for o in found.rows[0].observations}


def test_a_sample_that_cannot_be_scored_costs_its_own_number(tmp_path):
    found = Loudness().measure(tiny_spoken(tmp_path, seeds=(0,)))
    undefined = [(o.system, o.sentence) for o in found.rows[0].observations if np.isnan(o.value)]
    assert undefined == [("two", "u01")]
    assert found.notes == ["loudness: 1 samples could not be scored, such as u01 of two (RuntimeError: no)"]


def test_silence_and_a_click_are_not_asked_about(tmp_path):
    spoken, predictor = tiny_spoken(tmp_path, seeds=(0,)), Loudness()
    first, second = (s for s in spoken.samples if s.system == "one" and s.sentence.id in ("u00", "u01"))
    first.sound.audio[:] = 0
    found = predictor.measure(spoken)
    assert [o.sentence for o in found.rows[0].observations if o.system == "one" and np.isnan(o.value)] == ["u00"]
    assert predictor.asked == len(spoken.samples) - 1
    assert len(second.audio) > 0


def test_one_that_fails_costs_its_own_part_and_not_the_next_ones(tmp_path, registry, monkeypatch):
    def broken(self, spoken):
        raise OSError("the disk is gone")

    spoken = tiny_spoken(tmp_path, seeds=(0,))
    spoken.settings.measurements = dict.fromkeys(measurements(registry, CompareConfig()), False)
    spoken.settings.measurements |= {"vad": True, "similarity": True}
    monkeypatch.setattr("ttskit_predictors.similarity.SpeakerSimilarity.start", broken)
    monkeypatch.setattr("ttskit_predictors.vad.HeardPauses.start", lambda self, spoken: None)
    monkeypatch.setattr("ttskit_predictors.vad.HeardPauses.scores", lambda self, audio, sample, spoken: {"vad_pauses": 1.0})
    monkeypatch.setattr(asking, "missing", lambda modules: [])
    failed, other = measure_all(spoken, registry)
    assert (failed.name, other.name) == ("similarity", "vad")
    assert "the disk is gone" in failed.notes[0]
    assert not failed.rows
    assert [row.row.measure.key for row in other.rows][:1] == ["vad_pauses"]


def test_missing_packages_are_one_note_with_what_to_type(tmp_path, registry, monkeypatch):
    spoken = tiny_spoken(tmp_path, seeds=(0,))
    spoken.settings.measurements = dict.fromkeys(measurements(registry, CompareConfig()), False)
    monkeypatch.setattr(asking, "missing", lambda modules: list(modules))
    assert measure_all(spoken, registry) == []
    spoken.settings.measurements |= {"dnsmos": True, "distillmos": True, "vad": True}
    notes = [note for one in measure_all(spoken, registry) for note in one.notes]
    assert len(notes) == 1
    assert notes[0].startswith("dnsmos, distillmos, vad: left out")
    assert 'pip install "ttskit[predictors]"' in notes[0]
    assert "--no-deps distillmos Resemblyzer visqol-python" in notes[0]
    spoken.systems = []  # the self-test with planted faults does not say it again
    assert [note for one in measure_all(spoken, registry) for note in one.notes] == []


def test_the_section_says_that_it_is_no_answer_and_what_it_took(tmp_path, registry):
    from ttskit.measure.plain import plain
    from ttskit.measure.run import Measured

    found = Loudness().measure(tiny_spoken(tmp_path, seeds=(0,)))
    content = {
        "systems": [{"label": "one"}, {"label": "two"}],
        "settings": {"confidence": 0.95, "seeds": [0]},
        "measurements": {"loudness": {"rows": [], "figures": {}, "data": plain(found.data)}},
    }
    rows = [{**row.measure.to_json(), "values": {"one": 1.0}} for row in found.rows]
    content["measurements"]["loudness"]["rows"] = rows
    text = render_section(Measured("loudness", "Loudness", "a test", found), content)
    assert "preferred a voice with a fault to the recording itself" in text
    assert "s for" in text
    assert "loudness" in text


CONFORMING = [
    pytest.param("dnsmos", marks=(needs_onnx, pytest.mark.slow)),
    pytest.param("plcmos", marks=needs_onnx),
    pytest.param("distillmos", marks=(needs_distillmos, pytest.mark.slow)),
    pytest.param("similarity", marks=needs_encoder),
    pytest.param("visqol", marks=needs_visqol),
    pytest.param("vad", marks=needs_silero),
    "nisqa",
    "utmos",
    "whisper",
]


@pytest.mark.parametrize("name", CONFORMING)
def test_each_conforms(tmp_path, registry, once, name):
    spoken = tiny_spoken(tmp_path, seeds=(0,))
    kept = {"u00", "hard_001"} if name in ("dnsmos", "plcmos", "distillmos") else {s.id for s in spoken.sentences}
    spoken.sentences = [s for s in spoken.sentences if s.id in kept]
    spoken.samples = [s for s in spoken.samples if s.sentence.id in kept]
    results = check_measurement(registry.get("measurement", name), spoken)
    assert [r for r in results if not r.passed] == []
    assert len(results) > 5
