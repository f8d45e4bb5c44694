"""SpeechTiming of voices made from recordings with exact times: what was cut out, put in, drawn out or replaced."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS
from ttskit.measure.run import measure_all
from ttskit.measure.timing import MEASURES, SpeechTiming
from ttskit.plugins import create_registry

RATE = 8_000  # of the corpus that the tests share
CUT = 0.25  # s: some three phones of the recordings here


def same(audio, seed):
    return audio


def middle(audio, share=0.45):
    """A place within the sentence where the wave is loud, so that a cut falls into a sound."""
    at = int(share * len(audio))
    return at + int(np.abs(audio[at : at + 500]).argmax())


def deleted(audio, seed):
    at = middle(audio)
    return np.concatenate([audio[:at], audio[at + round(CUT * RATE) :]])


def repeated(audio, seed):
    at = middle(audio)
    return np.concatenate([audio[: at + round(CUT * RATE)], audio[at:]])


def paused(audio, seed):
    at = middle(audio)
    return np.concatenate([audio[:at], np.zeros(round(0.4 * RATE), np.float32), audio[at:]])


def noise(audio, seed):
    return 0.05 * np.random.default_rng(0).standard_normal(len(audio))


def murmur(audio, seed):
    at = middle(audio)
    return np.resize(audio[at : at + 320], len(audio))


def slow(audio, seed):
    """Every sound a third longer, by repeating stretches of 20 ms."""
    pieces = np.array_split(audio, max(1, len(audio) // 160))
    return np.concatenate([x for k, p in enumerate(pieces) for x in ((p, p) if k % 3 == 0 else (p,))])


def lowpassed(audio, seed):
    from scipy.signal import butter, sosfilt

    return sosfilt(butter(8, 2_500, fs=RATE, output="sos"), audio)


@pytest.fixture
def rows(said):
    def of(**voices):
        found: dict[str, dict[str, list[float]]] = {}
        for row in SpeechTiming().measure(said(**voices)).rows:
            for o in row.observations:
                found.setdefault(row.measure.key, {}).setdefault(o.system, []).append(o.value)
        return found

    return of


def test_the_recording_itself_has_no_error(rows):
    found = rows(copy=same)
    for key in ("duration_error_all_ms", "pause_error_ms", "unexpected_pause_ms"):
        assert found[key]["copy"] == pytest.approx([0.0] * 3, abs=1e-6) and NATURAL not in found[key], key
    for key in ("speech_rate", "pauses", "paused_ms"):
        assert found[key]["copy"] == found[key][NATURAL] == found[key][RESYNTHESIS], key
    assert all(8 < rate < 20 for rate in found["speech_rate"][NATURAL])  # sounds of 56 to 91 ms


def test_a_word_left_out_or_said_twice_makes_the_duration_error_worse(rows, said):
    """Every sentence counts, whatever a recogniser says of it, and a fault counts with its length."""
    found = rows(copy=same, deleted=deleted, repeated=repeated)["duration_error_all_ms"]
    spoken = said()
    phones = [sum(t not in spoken.corpus.symbols.silent for t in s.tokens) for s in spoken.sentences if s.recorded]
    for name in ("deleted", "repeated"):
        assert len(found[name]) == 3
        for value, count in zip(found[name], phones, strict=True):
            assert 0.7 < value / (1000 * CUT / count) < 2.2, name


def test_what_sounds_in_the_place_of_a_phone_is_not_its_duration(rows):
    """A path through noise or through one held vowel runs straight, and used to look perfect."""
    found = rows(copy=same, noise=noise, murmur=murmur)["duration_error_all_ms"]
    mean_phone = 75.0  # ms; missing, and something else said instead, is twice that
    assert min(found["noise"]) > mean_phone and min(found["murmur"]) > mean_phone


def test_a_low_pass_is_no_other_timing(rows):
    found = rows(low=lowpassed)
    assert max(found["duration_error_all_ms"]["low"]) < 8.0
    assert found["speech_rate"]["low"] == pytest.approx(found["speech_rate"][NATURAL], rel=0.05)


def test_a_pause_inside_a_word_group_is_seen(rows):
    found = rows(copy=same, paused=paused)
    assert all(300 < value < 420 for value in found["unexpected_pause_ms"]["paused"])
    assert all(300 < value < 420 for value in found["pause_error_ms"]["paused"])
    more = np.subtract(found["pauses"]["paused"], found["pauses"][NATURAL])
    assert (more == 1).all()
    assert found["speech_rate"]["paused"] == pytest.approx(found["speech_rate"][NATURAL], rel=0.05)  # pauses are no speech


def test_slow_speech_is_slow(rows):
    found = rows(slow=slow)
    ratio = np.divide(found["speech_rate"]["slow"], found["speech_rate"][NATURAL])
    assert ratio == pytest.approx([0.75] * 3, abs=0.04)
    assert min(found["duration_error_all_ms"]["slow"]) > 10.0


def test_vocoders_on_the_recordings_time_have_no_timing_of_their_own(said):
    assert not SpeechTiming().measure(said()).rows


def test_it_is_asked_by_the_hook_and_hard_sentences_are_left_out(said):
    spoken = said(copy=same)
    (found,) = measure_all(spoken, create_registry(), only={"timing"})
    assert [row.row.measure.key for row in found.rows] == [m.key for m in MEASURES] and not found.notes
    hard = {s.id for s in spoken.sentences if not s.recorded}
    assert hard and not hard & {o.sentence for row in found.rows for o in row.row.observations}


def test_paths_are_found_once_for_all(said, monkeypatch):
    """Quality and timing share them; a comparison pays for one DTW a sample."""
    from ttskit.measure import metrics

    asked = []
    dtw = metrics.dtw
    monkeypatch.setattr(metrics, "dtw", lambda distance: asked.append(distance.shape) or dtw(distance))
    spoken = said(copy=same, late=lambda audio, seed: np.concatenate([np.zeros(1000, np.float32), audio]))
    measure_all(spoken, create_registry(), only={"quality", "timing"})
    assert len(asked) == 3 * 3  # two voices and the recordings through the vocoder
    assert isinstance(spoken.settings, CompareConfig)


def test_a_pause_where_the_recording_pauses_or_the_text_has_a_mark_is_expected():
    from ttskit.audio.config import MelConfig
    from ttskit.measure.metrics import Path
    from ttskit.measure.pauses import Activity
    from ttskit.measure.timing import unexpected_pause_s

    mel = MelConfig(sample_rate_hz=8_000, hop_samples=80, fft_samples=256, window_samples=256, f_max_hz=4_000.0)  # 10 ms
    recorded, said = np.ones(200, bool), np.ones(240, bool)
    said[60:100] = False  # 0.4 s at 0.6 s, which the path brings to 0.6 s of the recording
    reference = np.concatenate([np.arange(60), np.full(40, 60), np.arange(60, 200)])
    path = Path(reference, np.arange(240), 0.0)

    def longest(recorded, marks=None):
        return unexpected_pause_s(path, Activity(recorded, -40.0), Activity(said, -40.0), mel, marks)

    assert longest(recorded) == pytest.approx(0.4)
    assert longest(recorded, np.array([[0.55, 0.58]])) == 0.0  # a comma
    assert longest(recorded, np.array([[1.4, 1.5]])) == pytest.approx(0.4)  # one elsewhere
    with_a_pause = recorded.copy()
    with_a_pause[55:75] = False
    assert longest(with_a_pause) == 0.0
    elsewhere = recorded.copy()
    elsewhere[140:180] = False
    assert longest(elsewhere) == pytest.approx(0.4)
