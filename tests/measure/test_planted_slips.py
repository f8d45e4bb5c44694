"""Slips planted into held-out speech are seen; another timbre is none. Each is planted in the audio, with exact times."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from ttskit.config.comparison import CompareConfig, RecogniserConfig
from ttskit.interfaces.measurement import NATURAL, Sample, Sentence, Sound
from ttskit.measure.analysis import Analyser
from ttskit.measure.judge import Judge
from ttskit.plugins import create_registry

GOOD = RecogniserConfig(channels=64, dilations=[1], steps=600, validate_every=50, learning_rate=4e-3)
RATE = 8_000


@pytest.fixture(scope="module")
def judge(larger_prepared):
    return Judge.of(larger_prepared, CompareConfig(recogniser=GOOD), lambda text: None)


@pytest.fixture(scope="module")
def analyse(larger_prepared):
    return Analyser(larger_prepared, create_registry())


def held_out(corpus):
    return corpus.split("test") + corpus.split("validation")


def bounds(corpus, utterance):
    return np.round(corpus.reference_times(utterance) * RATE).astype(int)


def sounding(corpus, utterance):
    return [i for i, token in enumerate(utterance.tokens) if token not in corpus.symbols.silent]


def verdicts(judge, corpus, analyse, planted):
    """Of (utterance, audio) pairs."""
    samples = []
    for u, audio in planted:
        sentence = Sentence(u.id, "test", u.text, u.tokens, u.token_words, tuple(u.text.split()), u.speaker, recorded=True)
        sound = Sound(np.asarray(audio, np.float32), *analyse(np.asarray(audio, np.float32), u.speaker))
        samples.append(Sample(sentence, NATURAL, 0, lambda sound=sound: sound))
    return judge.judge(samples, corpus)


def without_a_phone(corpus, u, rng):
    audio, at = corpus.audio(u), bounds(corpus, u)
    i = int(rng.choice(sounding(corpus, u)))
    return np.concatenate([audio[: at[i]], audio[at[i + 1] :]])


def with_a_syllable_twice(corpus, u, rng):
    audio, at, words = corpus.audio(u), bounds(corpus, u), u.token_words
    starts = [i for i in sounding(corpus, u)[:-1] if words[i] == words[i + 1] and u.tokens[i + 1] not in corpus.symbols.silent]
    i = int(rng.choice(starts))
    return np.concatenate([audio[: at[i + 2]], audio[at[i] :]])


def noisy(audio, rng):
    return audio + rng.standard_normal(len(audio)) * np.sqrt(np.mean(np.square(audio)) / 100)


def low_passed(audio, rng):
    return sosfiltfilt(butter(6, 3_000, fs=RATE, output="sos"), audio)


TIMBRES = {"noise, 20 dB": noisy, "low-pass": low_passed, "12 dB quieter": lambda audio, rng: audio / 4}


def test_a_phone_cut_out_and_a_syllable_said_twice_are_heard(larger_prepared, judge, analyse):
    """A syllable said twice in every sentence was "ok" in 11 of 12, as a fault began with three phones."""
    rng, own = np.random.default_rng(0), held_out(larger_prepared)
    plain = verdicts(judge, larger_prepared, analyse, [(u, larger_prepared.audio(u)) for u in own])
    assert [v.verdict for v in plain] == ["ok"] * len(own)
    lost = [(u, without_a_phone(larger_prepared, u, rng)) for u in own for _ in range(3)]
    again = [(u, with_a_syllable_twice(larger_prepared, u, rng)) for u in own for _ in range(3)]
    for planted, kinds in ((lost, ("sounds missing",)), (again, ("sounds repeated", "words repeated"))):
        found = verdicts(judge, larger_prepared, analyse, planted)
        assert np.mean([any(kind in v.faults for kind in kinds) for v in found]) >= 0.8
        assert not any("unclear" in v.faults for v in found)


@pytest.mark.parametrize("timbre", TIMBRES)
def test_another_timbre_is_no_fault_of_content(larger_prepared, judge, analyse, timbre):
    """A 4 kHz low-pass was "words skipped" in every sentence."""
    rng, own = np.random.default_rng(1), held_out(larger_prepared)
    found = verdicts(
        judge, larger_prepared, analyse, [(u, TIMBRES[timbre](larger_prepared.audio(u).astype(float), rng)) for u in own]
    )
    assert sum(v.verdict != "ok" for v in found) == 0
    assert sum(v.errors for v in found) / sum(v.phones for v in found) < 0.1


def test_a_vocoder_is_judged_by_what_it_does_to_natural_speech(larger_prepared, judge, analyse):
    """One whose speech the recogniser hears badly is allowed more than natural speech, and only it."""
    vocoder = create_registry().get("vocoder", "griffinlim")
    model = vocoder.load()(vocoder.load_options()(iterations=2), larger_prepared.mel)

    def waveform(spectrogram, seed):
        return model.infer(spectrogram.mel)[0].numpy()

    told: list[str] = []
    voice = SimpleNamespace(vocoder=model, vocoder_name="rough", waveform=waveform)
    systems = [SimpleNamespace(label=name, voice=voice) for name in ("one", "two")]
    made = Judge.of(larger_prepared, CompareConfig(recogniser=GOOD), told.append, systems)
    assert sum("through the vocoder rough" in t for t in told) == 1  # once, though two speak through it
    assert set(made.through_vocoder) == {"one", "two", "natural, through the vocoder"} and NATURAL not in made.through_vocoder
    assert made.thresholds == judge.thresholds and made.through_vocoder["one"] is made.through_vocoder["two"]
    facts = made.facts["vocoders"]["rough"]
    assert facts["sentences"] == 12 and facts["thresholds"] == made.through_vocoder["one"].to_json()
    assert facts["thresholds"] != judge.thresholds.to_json() and 0 <= facts["natural_phone_error_rate"] <= 0.2
