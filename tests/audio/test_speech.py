"""Trimming, loudness and pitch on signals whose truth is known."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ttskit.audio.config import PRESETS
from ttskit.audio.files import read_audio
from ttskit.audio.loudness import levelling_gain_db, speech_level_dbfs
from ttskit.audio.pitch import WIDE_RANGE_HZ, autocorrelation, pyin, speaker_range_hz
from ttskit.audio.trim import speech_span

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
RATE = 22050


def voice(f0_hz, rate=RATE, level=0.1):
    """Harmonics of a contour f0_hz (S,)."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / rate
    return (level * sum(np.sin(k * phase) / k for k in range(1, 9))).astype(np.float32)


def quiet(seconds, rate=RATE, level=1e-4):
    return np.random.default_rng(0).normal(0, level, round(seconds * rate)).astype(np.float32)


def test_trim_finds_speech_within_10_ms_and_ignores_a_click():
    speech = voice(np.full(RATE, 150.0))
    audio = np.concatenate([quiet(0.5), speech, quiet(0.7)])
    audio[2000:2005] = 0.3
    start, end = speech_span(audio, RATE, margin_s=0.05)
    assert abs(start / RATE - 0.45) < 0.03 and abs(end / RATE - 1.55) < 0.03
    assert speech_span(speech, RATE) == (0, len(speech))


def test_trim_in_a_noisy_room_and_after_digital_silence():
    speech = voice(np.full(RATE, 150.0))
    noise = quiet(2.5, level=0.004)  # 33 dB below the speech
    audio = np.concatenate([np.zeros(RATE // 10, np.float32), noise])
    audio[RATE : 2 * RATE] += speech
    start, end = speech_span(audio, RATE, margin_s=0.0)
    assert abs(start / RATE - 1.0) < 0.03 and abs(end / RATE - 2.0) < 0.03


def test_level_counts_speech_only_and_gain_reaches_the_target():
    speech = 0.1 * np.sqrt(2) * np.sin(2 * np.pi * 150 * np.arange(RATE) / RATE).astype(np.float32)
    for audio in (speech, np.concatenate([speech, quiet(3.0)])):
        assert abs(speech_level_dbfs(audio, RATE) + 20) < 0.3
        assert abs(levelling_gain_db(audio, RATE, -23) + 3) < 0.3
    peaky = speech.copy()
    peaky[100] = 0.9
    gain = levelling_gain_db(peaky, RATE, -10, peak_dbfs=-1)
    assert abs(20 * np.log10(0.9) + gain + 1) < 1e-4


@pytest.mark.parametrize("preset", ["nvidia-22050", "hifigan-22050", "telephone-8000"])
@pytest.mark.parametrize("extractor", [autocorrelation, pyin])
def test_known_contour_at_the_frame_centres(extractor, preset):
    mel = PRESETS[preset]
    rate = mel.sample_rate_hz
    contour = np.linspace(120, 240, 2 * rate)  # a steep glide shows a shift in time: 6 Hz per 100 ms
    audio = np.concatenate([quiet(0.3, rate), voice(contour, rate), quiet(0.3, rate)])
    f0 = extractor(audio, mel, 80.0, 400.0)
    assert f0.shape == (mel.frames(len(audio)),) and f0.dtype == np.float32
    centres = np.array([mel.frame_centre(k) for k in range(len(f0))])
    inside = (centres > 0.36) & (centres < 2.24)
    truth = 120 + (centres - 0.3) * 60
    assert (f0[inside] > 0).mean() > 0.97
    voiced = inside & (f0 > 0)
    assert np.median(np.abs(12 * np.log2(f0[voiced] / truth[voiced]))) < 0.15
    if extractor is autocorrelation:
        assert abs(np.mean(12 * np.log2(f0[voiced] / truth[voiced]))) < 0.02  # no bias in time
        assert (f0[centres < 0.25] == 0).all() and (f0[centres > 2.36] == 0).all()


def test_noise_and_silence_are_unvoiced():
    mel = PRESETS["nvidia-22050"]
    assert (autocorrelation(quiet(1.0, level=0.1), mel, *WIDE_RANGE_HZ) > 0).mean() < 0.1
    assert not autocorrelation(np.zeros(RATE, np.float32), mel, *WIDE_RANGE_HZ).any()
    assert autocorrelation(np.zeros(10, np.float32), PRESETS["hifigan-22050"], 80, 400).shape == (0,)


def test_speaker_range_survives_octave_errors_of_the_first_pass():
    contour = np.random.default_rng(0).normal(200, 25, 2000)
    contour[:300] /= 2
    contour[300:500] = 0
    low, high = speaker_range_hz([contour])
    assert 100 < low < 140 and 380 < high < 430
    assert speaker_range_hz([]) == WIDE_RANGE_HZ


@pytest.mark.skipif(not (SHARED / "data" / "timing").is_dir(), reason="needs the shared data (TTSKIT_SHARED)")
def test_no_octave_errors_against_known_targets():
    root, mel = SHARED / "data" / "timing" / "mbrola_es2", PRESETS["nvidia-22050"]
    errors = []
    for path in sorted((root / "timing").glob("*.json"))[::4]:
        facts = json.loads(path.read_text(encoding="utf-8"))
        f0 = autocorrelation(read_audio(next((root / "wavs").glob(f"{facts['id']}.*")), RATE), mel, 55.0, 210.0)
        centres = np.array([mel.frame_centre(k) for k in range(len(f0))])
        targets = np.array(facts["f0_targets"])
        truth = np.interp(centres, targets[:, 0], targets[:, 1])
        for phone in facts["phones"]:
            if phone.get("voiced"):
                here = (centres > phone["start"] + 0.02) & (centres < phone["end"] - 0.02) & (f0 > 0)
                errors += list(12 * np.log2(f0[here] / truth[here]))
    errors = np.abs(errors)
    assert len(errors) > 200 and np.median(errors) < 0.2 and (errors > 6).sum() == 0


@pytest.mark.skipif(not (SHARED / "data" / "timing").is_dir(), reason="needs the shared data (TTSKIT_SHARED)")
def test_trim_cuts_less_than_its_margin_into_speech_of_known_timing():
    for root in (SHARED / "data" / "timing" / "mbrola_es2", SHARED / "data" / "timing" / "espeak_es419"):
        for path in sorted((root / "timing").glob("*.json"))[::4]:
            facts = json.loads(path.read_text(encoding="utf-8"))
            audio = read_audio(next((root / "wavs").glob(f"{facts['id']}.*")), RATE)
            start, end = speech_span(audio, RATE, margin_s=0.0)
            phones = [phone for phone in facts["phones"] if phone["phone"] != "_"]
            assert -0.05 < start / RATE - phones[0]["start"] < 0.08
            assert -0.05 < phones[-1]["end"] - end / RATE < 0.08
