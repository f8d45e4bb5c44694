"""Another vocal tract is seen, and neither another melody nor another microphone is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.audio.pitch import autocorrelation
from ttskit.interfaces.measurement import Sound
from ttskit.measure.quality import distances

MEL = MelConfig()
EXTRACT = MelExtractor(MEL)
VOWELS = ((750, 1400, 2500), (450, 1900, 2600), (300, 2300, 3000), (480, 900, 2500), (330, 750, 2400))  # a e i o u
ORDER = (0, 3, 1, 2, 4, 0, 1, 3, 2, 0, 4, 1)


def voice(formants=1.0, f0_hz=140.0, tilt_db=0.0, level=0.1):
    """Vowels through three formants, with a consonant's hiss between; `formants` scales all of them, `tilt_db` per octave."""
    rate, rng = MEL.sample_rate_hz, np.random.default_rng(0)
    pieces = []
    for index, vowel in enumerate(ORDER):
        n = int(0.16 * rate)
        f0 = f0_hz * 2 ** (0.2 * np.sin(index) + 0.1 * np.linspace(0, 1, n))
        phase = np.cumsum(f0) / rate
        wave = np.zeros(n)
        for k in range(1, int(0.95 * rate / 2 / f0.max())):
            hz = k * f0_hz
            peaks = sum(1.0 / (1 + ((hz - formants * f) / (0.1 * f + 40)) ** 2) / (j + 1) for j, f in enumerate(VOWELS[vowel]))
            wave += (peaks + 0.002) * 10 ** (tilt_db * np.log2(hz / 1000) / 20) * np.sin(2 * np.pi * k * phase)
        pieces += [wave / np.abs(wave).max(), 0.1 * np.diff(rng.standard_normal(int(0.05 * rate) + 1))]
    return (level * np.concatenate(pieces)).astype(np.float32)


def sound(audio):
    mel = EXTRACT(torch.from_numpy(audio.copy())[None])[0].numpy()
    return Sound(audio, mel, autocorrelation(audio, MEL, 60.0, 400.0)[: mel.shape[1]])


@pytest.fixture(scope="module")
def natural():
    return sound(voice())


@pytest.mark.parametrize("ratio", [0.9, 1.05, 1.1, 1.15])
def test_formants_are_found_where_they_are(natural, ratio):
    found = distances(natural, sound(voice(ratio)), MEL)
    assert found["formant_ratio"] == pytest.approx(ratio, abs=0.025)
    assert found["timbre_distance_db"] > 0.8


def test_the_same_speaker_is_at_no_distance(natural):
    found = distances(natural, natural, MEL)
    assert found["formant_ratio"] == pytest.approx(1.0, abs=1e-3) and found["timbre_distance_db"] == 0.0


def test_a_higher_melody_is_no_other_vocal_tract(natural):
    found = distances(natural, sound(voice(f0_hz=140 * 2 ** (2 / 12))), MEL)
    assert found["formant_ratio"] == pytest.approx(1.0, abs=0.02)
    assert found["f0_shift_semitones"] == pytest.approx(2.0, abs=0.2)
    assert found["timbre_distance_db"] < distances(natural, sound(voice(1.1)), MEL)["timbre_distance_db"]


def test_a_microphone_is_a_distance_and_no_other_vocal_tract(natural):
    found = distances(natural, sound(voice(tilt_db=-3.0)), MEL)
    assert found["formant_ratio"] == pytest.approx(1.0, abs=0.02) and found["timbre_distance_db"] > 1.0


def test_without_voiced_frames_nothing_is_claimed(natural):
    noise = (0.05 * np.random.default_rng(1).standard_normal(len(natural.audio))).astype(np.float32)
    still = Sound(noise, sound(noise).audio_mel, np.zeros_like(natural.pitch_hz))
    found = distances(natural, still, MEL)
    assert np.isnan(found["formant_ratio"]) and np.isnan(found["timbre_distance_db"])
    assert found["f0_compared"] == 0.0 and found["f0_frame_error"] > 0.5


@pytest.mark.parametrize("gain_db", [-12.0, -24.0, 6.0])
def test_level_is_a_row_of_its_own_and_changes_no_distance(natural, gain_db):
    """A voice with weak sounds too weak, at two levels: MCD used to fall by what the quieter one lost in the mel's floor."""
    said = voice(1.05, tilt_db=-2.0)
    as_it_is = distances(natural, sound(said), MEL)
    other = distances(natural, sound((said * 10 ** (gain_db / 20)).astype(np.float32)), MEL)
    assert other["level_db"] - as_it_is["level_db"] == pytest.approx(gain_db, abs=0.05)
    for key in ("mcd_db", "lsd_db", "timbre_distance_db"):
        assert other[key] == pytest.approx(as_it_is[key], abs=0.05), key
    assert other["formant_ratio"] == pytest.approx(as_it_is["formant_ratio"], abs=0.002)


def test_a_gain_that_is_not_made_up_for_would_be_seen(natural):
    """What the test above guards: the mel of the quiet audio itself gives another distortion."""
    from ttskit.measure import metrics as m

    def plain(said):
        a, b = (m.cepstrum(m.natural_log_magnitude(s.audio_mel, MEL)) for s in (natural, said))
        return m.mel_cepstral_distortion_db(a, b, m.align_cepstra(a, b))

    said = voice(1.05, tilt_db=-2.0)
    quiet = (said * 10 ** (-24 / 20)).astype(np.float32)
    assert abs(plain(sound(quiet)) - plain(sound(said))) > 0.1


def test_silence_has_no_level(natural):
    said = sound(np.zeros(22_050, np.float32))
    assert np.isnan(distances(natural, said, MEL)["level_db"])
