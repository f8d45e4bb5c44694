"""PESQ and STOI: order, what has no speech, what is not installed, and where they are shown."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.files import resample
from ttskit.audio.mel import MelExtractor
from ttskit.audio.pitch import autocorrelation
from ttskit.measure import intrusive
from ttskit.measure.intrusive import intrusive_scores
from ttskit.measure.stats import Interval
from ttskit.measure.vocoders import MEASURES, VocoderFigures, compared, table
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
    values = {name: Interval(1.5, 1.0, 2.0, 3) for name in ("mel_l1", "lsd_db", "mcd_db", "voicing_error")}
    plain = VocoderFigures("hg", "natural", {**values, "f0_semitones": None})
    assert "PESQ" not in table([plain]) and "–" in table([plain]) and plain.to_json()["f0_semitones"] is None
    scored = VocoderFigures("gl", "natural", {**plain.values, "pesq": Interval(4.04, 3.9, 4.1, 3)})
    lines = table([plain, scored]).splitlines()
    assert "PESQ" in lines[0] and "STOI" not in lines[0] and lines[1].endswith("–") and "4.04 [3.90, 4.10]" in lines[2]
    assert set(MEASURES) == {"mel_l1", "lsd_db", "mcd_db", "f0_semitones", "voicing_error", "pesq", "stoi"}


def test_speech_with_a_timing_of_its_own_is_compared_along_a_path_and_without_them(speech, monkeypatch):
    monkeypatch.setattr(intrusive, "intrusive_scores", lambda *_: {"stoi": 1.0})
    mel = MelConfig(sample_rate_hz=16_000)
    extract = MelExtractor(mel)

    class Analyse:
        def __init__(self) -> None:
            self.mel = mel

        def __call__(self, audio, speaker):
            return extract(torch.from_numpy(audio)[None])[0].numpy(), autocorrelation(audio, mel, 60.0, 400.0)

    later = np.concatenate([np.zeros(6_400, np.float32), speech])  # 0.4 s
    same = compared(speech, speech, Analyse(), "ana")
    assert {name: value for name, value in same.items() if value} == {"stoi": 1.0}
    turn, path = (compared(speech, later, Analyse(), "ana", one_clock=one) for one in (True, False))
    assert set(turn) - set(path) == {"stoi"}
    assert all(path[name] < 0.5 * turn[name] for name in ("mel_l1", "lsd_db", "mcd_db", "f0_semitones"))
