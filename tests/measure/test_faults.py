"""Each planted fault does what it says, and nothing else, by means that planted nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from ttskit.audio.config import MelConfig
from ttskit.audio.subharmonics import subharmonics
from ttskit.measure import alterations
from ttskit.measure.faults import FAULTS, KnownSpeech, known_times_s
from ttskit.symbols import SymbolTable

RATE = 16_000
MEL = MelConfig(sample_rate_hz=RATE, fft_samples=512, window_samples=512, hop_samples=128, bands=40, f_max_hz=8000.0)
TABLE = SymbolTable(("<pad>", " ", ".", *"aesmtlpk"), pad="<pad>", space=" ", silent=frozenset({"<pad>", " ", "."}))
FADE = round(alterations.FADE_S * RATE)


def vowel(f0_hz, seconds=1.2, formants=(600.0, 1500.0, 2600.0)):
    """Pulses at a known F0 (one number or one a sample) through resonances at known frequencies."""
    n = round(seconds * RATE)
    phase = np.cumsum(np.broadcast_to(f0_hz, n) / RATE)
    wave = np.diff(np.floor(phase), prepend=0.0)
    for centre in formants:
        r = np.exp(-np.pi * 70.0 / RATE)
        wave = lfilter([1.0], [1.0, -2 * r * np.cos(2 * np.pi * centre / RATE), r * r], wave)
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


def known(audio, f0_hz, **more):
    """Speech that is voiced throughout, with the F0 that it was made with."""
    frames = MEL.frames(len(audio))
    at = np.clip([round(MEL.frame_centre(k) * RATE) for k in range(frames)], 0, len(audio) - 1)
    pitch = np.broadcast_to(f0_hz, len(audio))[at].astype(np.float32)
    defaults = {"tokens": (), "token_words": (), "symbols": TABLE, "key": "u1"} | more
    return KnownSpeech(audio, pitch, MEL, **defaults)


def f0_of(audio):
    """By subharmonic summation, which planted nothing; the middle of the audio."""
    found = subharmonics(audio, MEL, 60.0, 300.0)
    found = found[len(found) // 8 : -len(found) // 8]
    return found[found > 0]


def resonances(audio):
    """Frequencies of the poles of linear prediction below 3 kHz, of the middle of the audio."""
    import librosa

    middle = audio[len(audio) // 4 : -len(audio) // 4].astype(np.float64)
    roots = np.roots(librosa.lpc(middle * np.hamming(len(middle)), order=8))
    hz = np.sort(np.angle(roots[roots.imag > 0]) * RATE / (2 * np.pi))
    return hz[(hz > 200) & (hz < 3400)]


SPOKEN = vowel(120.0)


def test_nothing_to_change_gives_back_what_it_got():
    speech = known(SPOKEN, 120.0)
    same = alterations.resung(SPOKEN, RATE, speech.pitch_hz, speech.pitch_times_s)
    np.testing.assert_allclose(same, SPOKEN, atol=1e-6)


@pytest.mark.parametrize("strength", FAULTS["noise"].strengths)
def test_noise_has_the_ratio_that_it_says(strength):
    made = FAULTS["noise"].plant(known(SPOKEN, 120.0), strength)
    noise = made.astype(np.float64) - SPOKEN
    assert 10 * np.log10(np.mean(SPOKEN.astype(np.float64) ** 2) / np.mean(noise**2)) == pytest.approx(strength, abs=0.5)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.03  # white


def test_a_low_pass_takes_what_lies_above_and_leaves_what_lies_below():
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    before, after = (np.abs(np.fft.rfft(wave)) for wave in (noise, FAULTS["low_pass"].plant(known(noise, 0.0), 2000.0)))
    hz = np.fft.rfftfreq(RATE, 1 / RATE)
    passed, taken = (hz > 50) & (hz < 1500), (hz > 3000) & (hz < 7800)
    assert 20 * np.log10(np.mean(after[taken]) / np.mean(before[taken])) < -40
    np.testing.assert_allclose(after[passed] / before[passed], 1.0, atol=0.1)  # but for the edges of the clip
    assert np.median(after[passed] / before[passed]) == pytest.approx(1.0, abs=0.01)
    assert FAULTS["low_pass"].plant(known(noise, 0.0), 8000.0) is None  # there is nothing above


def test_the_level_alone_changes():
    np.testing.assert_allclose(FAULTS["level"].plant(known(SPOKEN, 120.0), -12.0), SPOKEN * 10 ** (-12 / 20), rtol=1e-6)


@pytest.mark.parametrize(("name", "strength"), [("f0_up", 3.0), ("f0_up", 0.5), ("f0_down", -3.0)])
def test_f0_moves_and_formants_and_length_stay(name, strength):
    made = FAULTS[name].plant(known(SPOKEN, 120.0), strength)
    assert len(made) == len(SPOKEN)
    assert 12 * np.log2(np.median(f0_of(made)) / np.median(f0_of(SPOKEN))) == pytest.approx(strength, abs=0.15)
    np.testing.assert_allclose(resonances(made)[:2], resonances(SPOKEN)[:2], rtol=0.06)


@pytest.mark.parametrize("factor", [1.1, 1.2, 0.9])
def test_formants_move_and_f0_and_length_stay(factor):
    made = FAULTS["formants"].plant(known(SPOKEN, 120.0), factor)
    assert len(made) == len(SPOKEN) and np.median(f0_of(made)) == pytest.approx(np.median(f0_of(SPOKEN)), rel=0.01)
    np.testing.assert_allclose(resonances(made)[:2] / resonances(SPOKEN)[:2], factor, rtol=0.04)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(np.mean(SPOKEN**2)), rel=0.05)


def test_another_timbre_is_darker_and_its_formants_are_lower():
    made = FAULTS["timbre"].plant(known(SPOKEN, 120.0), 0.8)
    np.testing.assert_allclose(resonances(made)[0] / resonances(SPOKEN)[0], 0.8, rtol=0.06)
    hz = np.fft.rfftfreq(len(SPOKEN), 1 / RATE)
    shares = [np.sum(np.abs(np.fft.rfft(w))[hz > 3000] ** 2) / np.sum(np.abs(np.fft.rfft(w)) ** 2) for w in (SPOKEN, made)]
    assert shares[1] < 0.2 * shares[0] and np.median(f0_of(made)) == pytest.approx(120.0, rel=0.02)


@pytest.mark.parametrize(("percent", "left"), [(50.0, 0.5), (100.0, 0.0)])
def test_f0_is_flattened_around_its_mean(percent, left):
    f0 = 120.0 * 2 ** (2.0 / 12 * np.sin(2 * np.pi * 1.5 * np.arange(2 * RATE) / RATE))
    wave = vowel(f0, 2.0)
    before, after = (12 * np.log2(f0_of(w)) for w in (wave, FAULTS["f0_flat"].plant(known(wave, f0), percent)))
    assert np.std(after) == pytest.approx(left * np.std(before), abs=0.2) and np.mean(after) == pytest.approx(
        np.mean(before), abs=0.2
    )
    assert FAULTS["f0_flat"].plant(known(wave, 0.0), percent) is None  # never voiced


def test_tempo_changes_the_length_and_neither_f0_nor_formants():
    made = FAULTS["tempo"].plant(known(SPOKEN, 120.0), 25.0)
    assert len(made) == pytest.approx(len(SPOKEN) / 1.25, abs=1)
    assert np.median(f0_of(made)) == pytest.approx(120.0, rel=0.01)
    np.testing.assert_allclose(resonances(made)[:2], resonances(SPOKEN)[:2], rtol=0.03)


TOKENS = tuple("mesa late.pasa kalema sele")


def sentence(key="u1"):
    """Tokens of 60 … ms, each a tone of its own; boundaries are known to the sample."""
    words, word, new = [], -1, True
    for token in TOKENS:
        if token in " .":
            words.append(None)
            new = True
        else:
            word, new = word + new, False
            words.append(word)
    rng = np.random.default_rng(1)
    lengths = rng.integers(60, 110, len(TOKENS)) * RATE // 1000
    ends = np.concatenate([[0], np.cumsum(lengths)])
    wave = np.concatenate(
        [
            (0.0 if t in " ." else 0.2) * np.sin(2 * np.pi * (200 + 61 * i) * np.arange(n) / RATE)
            for i, (t, n) in enumerate(zip(TOKENS, lengths, strict=True))
        ]
    )
    wave = (wave + 1e-3 * rng.standard_normal(len(wave))).astype(np.float32)
    return known(wave, 0.0, tokens=TOKENS, token_words=tuple(words), times_s=ends / RATE, key=key), ends


def parts_of(made, original):
    """How much of the start and of the end is the original, sample for sample."""
    n = min(len(made), len(original))
    head = np.flatnonzero(made[:n] != original[:n])
    tail = np.flatnonzero(made[::-1][:n] != original[::-1][:n])
    return (head[0] if len(head) else n), (tail[0] if len(tail) else n)


@pytest.mark.parametrize("strength", FAULTS["pause"].strengths)
def test_a_pause_stands_between_two_words_that_nothing_parts(strength):
    speech, ends = sentence()
    made = FAULTS["pause"].plant(speech, strength)
    count = round(strength / 1000 * RATE)
    assert len(made) == len(speech.audio) + count
    head, tail = parts_of(made, speech.audio)
    assert head + tail >= len(speech.audio) - FADE  # all of it is there, but for the joints
    at = head + FADE // 2
    starts = [e for i, e in enumerate(ends[:-1]) if i and TOKENS[i - 1] == " " and TOKENS[i] not in " ."]
    assert min(abs(at - s) for s in starts) <= FADE  # not at the full stop
    quiet = made[at + FADE : at + count - FADE]
    assert np.sqrt(np.mean(quiet**2)) < 2e-3


@pytest.mark.parametrize("strength", FAULTS["cut"].strengths)
def test_the_end_is_cut(strength):
    speech, _ = sentence()
    made = FAULTS["cut"].plant(speech, strength)
    head, _ = parts_of(made, speech.audio)
    assert head >= len(made) - FADE and len(made) == pytest.approx(len(speech.audio) - strength / 1000 * RATE, abs=0.03 * RATE)


def test_a_syllable_is_said_twice():
    speech, ends = sentence()
    made = FAULTS["syllable_twice"].plant(speech, 100.0)
    more = len(made) - len(speech.audio)
    pairs = [
        i for i in range(len(TOKENS) - 1) if TOKENS[i] in "smtlpk" and TOKENS[i + 1] in "ae" and more == ends[i + 2] - ends[i]
    ]
    head, tail = parts_of(made, speech.audio)
    found = [i for i in pairs if abs(ends[i + 2] - head) <= FADE and abs(len(speech.audio) - ends[i] - tail) <= FADE]
    assert found  # up to its end, and once more from its beginning
    rest = made[head + FADE : head + more - FADE]
    np.testing.assert_array_equal(rest, speech.audio[ends[found[0]] + FADE - (ends[found[0] + 2] - head) :][: len(rest)])


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", ["phone_removed", "word_removed", "word_repeated"])
def test_as_many_phones_and_words_are_left_out_or_said_twice_as_asked(name, count):
    """Each token is a tone of its own: how long each is heard is read off the spectrum."""
    speech, ends = sentence()
    made = FAULTS[name].plant(speech, float(count))

    def heard(wave, i):
        t = np.arange(len(wave)) / RATE
        step = RATE // 200
        product = wave * np.exp(-2j * np.pi * (200 + 61 * i) * t)
        level = np.abs(np.convolve(product, np.ones(4 * step) / (4 * step), "same"))
        return np.sum(level > 0.05) / RATE

    sounding = [i for i, t in enumerate(TOKENS) if t not in " ."]
    change = {i: heard(made, i) / heard(speech.audio, i) for i in sounding}
    changed = [i for i in sounding if not 0.6 < change[i] < 1.4]
    words = {speech.token_words[i] for i in changed}
    assert len(words) == count
    if name == "phone_removed":
        assert len(changed) == count and all(change[i] < 0.4 for i in changed)
    else:
        whole = [i for i in sounding if speech.token_words[i] in words]
        assert changed == whole and all((change[i] < 0.4) if name == "word_removed" else (change[i] > 1.6) for i in changed)
        assert not words & {0, max(w for w in speech.token_words if w is not None)}
    lengths = sum(ends[i + 1] - ends[i] for i in changed)
    assert len(made) - len(speech.audio) == (lengths if name == "word_repeated" else -lengths)


@pytest.mark.parametrize("name", list(FAULTS))
def test_the_same_fault_is_planted_each_time(name):
    speech, _ = sentence()
    again, _ = sentence()
    strength = FAULTS[name].strengths[-1]
    other = FAULTS["noise"].plant(again, 20.0)  # what was done before does not matter
    one, two = FAULTS[name].plant(speech, strength), FAULTS[name].plant(again, strength)
    assert other is not None and (one is None) == (two is None)
    if one is not None:
        assert one.dtype == np.float32 and np.abs(one).max() <= 1.0
        np.testing.assert_array_equal(one, two)
    assert len(FAULTS[name].strengths) >= 3


def test_what_is_chosen_by_chance_differs_from_sentence_to_sentence():
    lengths = {len(FAULTS["word_removed"].plant(sentence(f"u{i}")[0], 1.0)) for i in range(12)}
    assert len(lengths) > 1


def test_without_times_only_what_needs_none_is_planted():
    speech, _ = sentence()
    audio_only = KnownSpeech(speech.audio, speech.pitch_hz, MEL, TOKENS, speech.token_words, TABLE, None, "u1")
    none = {name for name, fault in FAULTS.items() if fault.plant(audio_only, fault.strengths[0]) is None}
    assert none == {"f0_flat", "syllable_twice", "phone_removed", "word_removed", "word_repeated"}  # F0: it is never voiced
    assert len(FAULTS["pause"].plant(audio_only, 100.0)) == len(speech.audio) + RATE // 10


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(12, 10.0, 1), (12, 33.0, 4), (12, 100.0, 12), (60, 10.0, 6), (6, 10.0, 1)]
)
def test_a_stutter_in_a_tenth_of_the_sentences_is_in_a_tenth(count, share, expected):
    fault = FAULTS["syllable_twice"]
    having = [i for i in range(count) if fault.has_it(i, count, share)]
    assert len(having) == expected
    assert all(FAULTS["noise"].has_it(i, count, 10.0) for i in range(count))
    if expected > 1:
        assert max(np.diff(having)) <= -(-count // expected)  # evenly spread


def test_times_come_from_exact_ones_or_from_an_alignment(prepared, tmp_path):
    utterance = prepared.split("test")[0]
    np.testing.assert_array_equal(known_times_s(prepared, utterance), prepared.reference_times(utterance))

    class Aligned:
        folder, mel = tmp_path, prepared.mel

        def reference_times(self, utterance):
            return None

        def has_alignment(self, utterance, name):
            return name == "mine"

        def alignment(self, utterance, name):
            return prepared.alignment(utterance, "reference")

    assert known_times_s(Aligned(), utterance) is None
    (tmp_path / "alignments" / "mine").mkdir(parents=True)
    found = known_times_s(Aligned(), utterance)
    hop_s = prepared.mel.hop_samples / prepared.mel.sample_rate_hz
    assert np.abs(found - prepared.reference_times(utterance)).max() < hop_s and len(found) == len(utterance.tokens) + 1
