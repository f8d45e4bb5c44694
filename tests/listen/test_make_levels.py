"""Sounds as listeners get them: loudness, rates, silence, anchors, what is spoilt."""

from __future__ import annotations

import numpy as np
import pytest
from made_sources import speech, write

from ttskit.audio.loudness import loudness_lufs
from ttskit.errors import AudioError
from ttskit_listen.making.levels import (
    GOLD,
    PEAK_DBFS,
    Clip,
    Levels,
    at_level,
    common_rate,
    examined,
    levels_for,
    low_passed,
    prepared,
    spoilt,
)

RATE_HZ = 22_050


def level_db(audio: np.ndarray, rate_hz: int, low_hz: float, high_hz: float) -> float:
    """Power between two frequencies, in dB."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / rate_hz)
    return 10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].mean() + 1e-30)


def peak_db(audio: np.ndarray) -> float:
    return 20 * np.log10(np.abs(audio).max())


@pytest.mark.parametrize("level", [0.003, 0.05, 0.9])
@pytest.mark.parametrize("seconds", [0.3, 1.5, 6.0])
def test_every_sound_has_the_loudness_asked_for_silence_before_it_included(level, seconds):
    levels = Levels(RATE_HZ, -23.0, 0.25)
    written = at_level(speech(1, seconds, level=level), levels)
    assert loudness_lufs(written, RATE_HZ) == pytest.approx(-23.0, abs=0.01)
    assert not written[: round(0.25 * RATE_HZ)].any()


def test_another_programs_measure_agrees():
    """With the filters of De Man, which are the recommendation's brought to other rates. It counts a last block in part, which
    would be 0.2 LU if lengths were not whole tenths of a second.
    """
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="pyloudnorm is in the extra ttskit[test]")
    for rate in (16_000, 22_050, 44_100, 48_000):
        meter = pyloudnorm.Meter(rate, filter_class="DeMan")
        for seed, seconds in enumerate((0.55, 2.07, 7.31)):
            written = at_level(speech(seed, seconds, rate, 100 + 60 * seed), Levels(rate, -23.0, 0.25))
            assert meter.integrated_loudness(written) == pytest.approx(-23.0, abs=0.01)


def test_one_peak_lowers_all_sounds_and_says_whose_it_was():
    click = speech(2, 2.0)
    click[RATE_HZ] = 1.0
    sounds = {"a/u0.wav": lambda: speech(1, 2.0), "b/u0.wav": lambda: click}
    levels = levels_for(sounds, RATE_HZ, 0.25)
    assert levels.lowered_by == "b/u0.wav" and levels.lowered_db > 1
    written = {name: at_level(sound(), levels) for name, sound in sounds.items()}
    assert peak_db(written["b/u0.wav"]) == pytest.approx(PEAK_DBFS, abs=0.01)
    loudness = [loudness_lufs(one, RATE_HZ) for one in written.values()]
    assert max(loudness) - min(loudness) < 0.01 and loudness[0] == pytest.approx(-23 - levels.lowered_db, abs=0.01)


def test_nothing_is_lowered_where_no_peak_asks_for_it():
    levels = levels_for({"a": lambda: speech(1, 2.0)}, RATE_HZ, 0.25)
    assert (levels.lufs, levels.lowered_db, levels.lowered_by) == (-23.0, 0.0, "")


def test_a_click_that_would_make_all_sounds_too_soft_is_an_error_that_names_it():
    click = speech(2, 2.0, level=0.01)
    click[RATE_HZ] = 1.0
    with pytest.raises(AudioError, match=r"b/u0\.wav has a peak far above"):
        levels_for({"a": lambda: speech(1), "b/u0.wav": lambda: click}, RATE_HZ, 0.25)


def test_the_rate_is_the_highest_but_no_more_than_48_khz():
    clips = [Clip(1.0, rate) for rate in (16_000, 44_100, 22_050)]
    assert common_rate(clips) == 44_100
    assert common_rate([*clips, Clip(1.0, 96_000)]) == 48_000


def test_resampled_and_mixed_to_one_channel(tmp_path):
    times = np.arange(16_000) / 16_000
    tone = 0.2 * np.sin(2 * np.pi * 440 * times)
    path = write(tmp_path / "a.flac", np.stack([tone, 0.5 * tone], axis=1), 16_000)
    sound = prepared(path, 48_000)
    assert sound.ndim == 1 and len(sound) == pytest.approx(48_000, abs=50)
    assert np.argmax(np.abs(np.fft.rfft(sound))) * 48_000 / len(sound) == pytest.approx(440, abs=2)
    assert np.abs(sound).max() == pytest.approx(0.15, rel=0.02)


def test_silence_at_both_ends_is_cut_alike_and_speech_never(tmp_path):
    """A soft consonant, 35 dB under the vowel after it, stands at either end."""
    vowel = speech(1, 1.0, level=0.5)[round(0.3 * RATE_HZ) : -round(0.3 * RATE_HZ)]
    soft = 0.5 * 10 ** (-35 / 20) * np.random.default_rng(1).standard_normal(round(0.12 * RATE_HZ))
    for before, after in ((0.0, 0.0), (0.4, 1.5), (2.0, 0.1)):
        quiet = [np.zeros(round(seconds * RATE_HZ)) for seconds in (before, after)]
        path = write(tmp_path / "a.wav", np.concatenate([quiet[0], soft, vowel, soft, quiet[1]]))
        sound = prepared(path, RATE_HZ)
        spoken = len(soft) * 2 + len(vowel)
        assert spoken <= len(sound) + 1 <= spoken + round(0.36 * RATE_HZ)
        power = np.convolve(sound**2, np.ones(200) / 200, "same")
        heard = np.flatnonzero(power > np.mean(soft**2) / 10)
        assert (heard[-1] - heard[0]) / RATE_HZ == pytest.approx(spoken / RATE_HZ, abs=0.02)


def test_room_noise_does_not_keep_the_pauses(tmp_path):
    audio = speech(1, 1.0, level=0.3)
    audio = np.concatenate([np.zeros(RATE_HZ), audio, np.zeros(RATE_HZ)])
    audio += 0.0005 * np.random.default_rng(1).standard_normal(len(audio))
    assert len(prepared(write(tmp_path / "a.wav", audio), RATE_HZ)) / RATE_HZ == pytest.approx(1.3, abs=0.25)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("cutoff_hz", [3500.0, 7000.0])
def test_anchors_are_flat_below_and_gone_above(rate_hz, cutoff_hz):
    """ITU-R BS.1534-3: ±0.1 dB below; 25 dB down at 4 kHz and 50 dB at 4.5 kHz for the anchor of 3.5 kHz."""
    noise = np.random.default_rng(1).standard_normal(2 * rate_hz)
    anchor = low_passed(noise, rate_hz, cutoff_hz)
    assert len(anchor) == len(noise)
    below = level_db(anchor, rate_hz, 100, cutoff_hz * 0.98) - level_db(noise, rate_hz, 100, cutoff_hz * 0.98)
    assert abs(below) < 0.1
    if rate_hz / 2 > cutoff_hz * 8 / 7:
        above = level_db(anchor, rate_hz, cutoff_hz * 8 / 7, rate_hz / 2) - level_db(noise, rate_hz, cutoff_hz, rate_hz / 2)
        assert above < -50


def test_an_anchor_is_not_delayed():
    click = np.zeros(2001)
    click[1000] = 1.0
    assert np.argmax(np.abs(low_passed(click, 44_100, 3500.0))) == 1000


def test_anchors_of_narrow_sounds_are_refused():
    with pytest.raises(AudioError, match="too narrow for anchors"):
        low_passed(np.zeros(100), 8_000, 3900.0)


def test_a_spoilt_side_is_dull_and_noisy_and_the_same_again():
    audio = speech(1, 2.0).astype(np.float64)
    bad = spoilt(audio, RATE_HZ, 7)
    assert level_db(bad, RATE_HZ, 200, 900) == pytest.approx(level_db(audio, RATE_HZ, 200, 900), abs=0.5)
    noise = bad - low_passed(audio, RATE_HZ, 1000.0)
    snr = 10 * np.log10(np.mean(low_passed(audio, RATE_HZ, 1000.0) ** 2) / np.mean(noise**2))
    assert snr == pytest.approx(12, abs=0.3)
    assert np.array_equal(bad, spoilt(audio, RATE_HZ, 7)) and not np.array_equal(bad, spoilt(audio, RATE_HZ, 8))


def test_prepared_spoils_by_the_anchors_name(tmp_path):
    path = write(tmp_path / "a.wav", speech(1, 2.0))
    whole = prepared(path, RATE_HZ)
    for anchor, cutoff in (("low-pass 3.5 kHz", 3500), ("low-pass 7 kHz", 7000)):
        sound = prepared(path, RATE_HZ, anchor)
        assert level_db(sound, RATE_HZ, 1.2 * cutoff, RATE_HZ / 2) < level_db(whole, RATE_HZ, 1.2 * cutoff, RATE_HZ / 2) - 40
    assert len(prepared(path, RATE_HZ, GOLD, 3)) == len(whole)


def test_what_cannot_be_used_is_said_in_words(tmp_path):
    loud = np.clip(20 * speech(1, 1.0), -0.8, 0.8)
    found = {
        "silent": examined(write(tmp_path / "a.wav", np.zeros(RATE_HZ)), 30),
        "too long: 4.": examined(write(tmp_path / "b.wav", speech(1, 4.0)), 3),
        "too short": examined(write(tmp_path / "c.wav", speech(1, 1.0)[8000:8500]), 30),
        "missing": examined(tmp_path / "d.wav", 30),
    }
    (tmp_path / "e.wav").write_bytes(b"RIFF nothing of the kind")
    found["e.wav"] = examined(tmp_path / "e.wav", 30)
    assert all(clip.fault for clip in found.values())
    for word in ("silent", "too long: 4.", "too short", "missing"):
        assert word in found[word].fault
    clipped = examined(write(tmp_path / "f.wav", loud), 30)
    assert clipped.fault == "" and "clipped" in clipped.remark
    good = examined(write(tmp_path / "g.wav", speech(1, 1.0)), 30)
    assert (good.fault, good.remark, good.rate_hz) == ("", "", RATE_HZ) and good.seconds == pytest.approx(1.3, abs=0.1)
