"""PESQ and STOI: order, what has no speech, what is not installed, and where they are shown."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from ttskit.audio.files import resample
from ttskit.interfaces.measurement import RESYNTHESIS, Measure
from ttskit.measure import intrusive
from ttskit.measure.intrusive import Intrusive, intrusive_scores
from ttskit.measure.stats import Interval
from ttskit.measure.vocoders import VocoderFigures, table
from ttskit.testing.builders import fake_speech


@pytest.fixture(scope="module")
def speech():
    return fake_speech("la mesa luna la mesa luna", 16_000)


def noisy(speech, level):
    return speech + np.float32(level) * np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32)


@pytest.mark.parametrize(("measure", "package", "best"), [("pesq", "pesq", 4.5), ("stoi", "pystoi", 1.0)])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
def test_more_noise_scores_lower_at_any_rate(measure, package, best, rate, speech):
    pytest.importorskip(package, reason="it is in the extra 'intrusive'")
    clean = resample(speech, 16_000, rate)
    scores = [intrusive_scores(clean, resample(noisy(speech, level), 16_000, rate), rate)[measure] for level in (0, 0.01, 0.05)]
    assert scores[0] > scores[1] > scores[2] and scores[0] >= 0.95 * best
    for a, b in ((clean, 0 * clean), (0 * clean, clean), (clean[:300], clean[:300])):
        assert math.isnan(intrusive_scores(a, b, rate)[measure])


def test_what_is_not_installed_is_left_out_and_bands_follow_the_rate(monkeypatch, speech):
    monkeypatch.setattr(intrusive, "find_spec", lambda name: None)
    assert intrusive_scores(speech, speech, 16_000) == {}
    calls = []

    class Package:
        PesqError = RuntimeError

        @staticmethod
        def pesq(rate, natural, audio, band):
            calls.append((rate, len(natural), len(audio), band))
            if len(calls) == 3:
                raise RuntimeError("no utterances")
            return 3.0

    monkeypatch.setitem(sys.modules, "pesq", Package)
    monkeypatch.setattr(intrusive, "find_spec", lambda name: name == "pesq" or None)
    assert intrusive_scores(speech[:8000], speech[:8000], 8_000) == {"pesq": 3.0}
    assert intrusive_scores(speech[:22_050], speech[:22_050], 22_050) == {"pesq": 3.0}
    assert math.isnan(intrusive_scores(speech, speech, 16_000)["pesq"])
    assert calls == [(8_000, 8_000, 8_000, "nb"), (16_000, 16_000, 16_000, "wb"), (16_000, len(speech), len(speech), "wb")]


def test_the_table_shows_the_measures_that_there_are():
    pesq, mcd = Measure("pesq", "PESQ", digits=2), Measure("mcd_db", "MCD", "dB", digits=1)
    plain = VocoderFigures("hg", "natural", {"mcd_db": None}, {"mcd_db": mcd})
    assert "PESQ" not in table([plain]) and "–" in table([plain]) and plain.to_json()["mcd_db"] is None
    values = {"mcd_db": Interval(1.55, 1.0, 2.0, 3), "pesq": Interval(4.04, 3.9, 4.1, 3)}
    lines = table([plain, VocoderFigures("gl", "natural", values, {"mcd_db": mcd, "pesq": pesq})]).splitlines()
    assert "MCD (dB)" in lines[0] and "PESQ" in lines[0] and "STOI" not in lines[0]
    assert lines[1].endswith("–") and "4.04 [3.90, 4.10]" in lines[2] and "1.6 [1.0, 2.0]" in lines[2]


def test_only_what_keeps_the_recordings_time_is_scored(said, monkeypatch):
    """Speech with a timing of its own gets no PESQ or STOI; what natural speech becomes through the vocoder does."""
    monkeypatch.setattr(intrusive, "find_spec", lambda name: name == "pystoi" or None)
    monkeypatch.setattr(intrusive, "_stoi", lambda natural, audio, rate: float(np.abs(natural - audio).max()))
    (row,) = Intrusive().measure(said(free=lambda audio, seed: audio[::-1])).rows
    assert {o.system for o in row.observations} == {RESYNTHESIS} and row.measure.key == "stoi"
    assert [o.value for o in row.observations] == [0.0] * 3


def test_without_the_packages_a_note_says_which_extra(said, monkeypatch):
    monkeypatch.setattr(intrusive, "find_spec", lambda name: None)
    found = Intrusive().measure(said())
    assert not found.rows and "ttskit[intrusive]" in found.notes[0]
