"""The embedded corpus: sentences, what espeak is given, and token times that fit the sound."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ttskit.errors import TTSKitError
from ttskit.measure.sentences import list_of_hard_sentences as hard_sentences
from ttskit_demo.corpus import demo_sentences, make_corpus
from ttskit_demo.espeak import EspeakSpeech, PhoneEvent, mnemonics, token_times
from ttskit_spanish.frontend import SpanishFrontend


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    pytest.importorskip("espeakng_loader", reason="espeakng-loader is in the extra 'demo'")
    return make_corpus(tmp_path_factory.mktemp("demo"), limit=8)


def utterances(folder: Path):
    for line in (folder / "metadata.csv").read_text(encoding="utf-8").splitlines():
        name, text, _ = line.split("|")
        audio, rate_hz = soundfile.read(folder / "wavs" / f"{name}.wav")
        data = json.loads((folder / "alignments" / f"{name}.json").read_text(encoding="utf-8"))
        yield text, audio, rate_hz, data["tokens"], np.array(data["times_s"])


def test_sentences_are_many_short_and_different():
    sentences = demo_sentences(more=True)
    assert len(demo_sentences()) == 273 and sentences[:273] == demo_sentences()  # the demo's figures are of these
    assert len(sentences) >= 560 and not set(sentences) & set(hard_sentences())
    assert all(3 <= len(s.split()) <= 14 for s in sentences)
    words = [frozenset(w.strip("¿?¡!.,:") for w in s.lower().split()) for s in sentences]
    alike = [(a, b) for i, a in enumerate(words) for b in words[:i] if len(a & b) / len(a | b) > 0.5]
    assert not alike


def test_sentences_hold_every_rioplatense_phoneme_often():
    frontend = SpanishFrontend()
    assert not any(frontend.analyze(s).unknown for s in demo_sentences(more=True))
    analyses = [frontend.analyze(s) for s in demo_sentences()]
    counts = Counter(t for a in analyses for t in a.tokens)
    other_dialects = {"θ", "ʒ", "ʝ", "ʎ"}
    phones = [s for s in frontend.symbols.symbols if s not in frontend.symbols.silent and s not in other_dialects]
    assert {p for p in phones if counts[p] < 25} == set()
    assert not any(a.unknown for a in analyses)


def test_hard_sentences_are_read_without_failing():
    frontend = SpanishFrontend()
    assert len(hard_sentences()) > 90
    assert all(frontend.analyze(line).words for line in hard_sentences())


def test_layout_and_tokens_are_those_of_the_frontend(corpus):
    frontend = SpanishFrontend()
    rows = list(utterances(corpus))
    assert [r[0] for r in rows] == demo_sentences()[:8]
    for text, audio, rate_hz, tokens, times in rows:
        assert tuple(tokens) == frontend.analyze(text).tokens
        assert rate_hz == 22_050
        assert len(times) == len(tokens) + 1
        assert times[0] == 0 and times[-1] == pytest.approx(len(audio) / rate_hz, abs=1e-4)
        assert np.diff(times).min() >= 0.0119


def test_times_fit_the_sound(corpus):
    """Vowels are loud, edges silent, sibilants have more high than low energy: in every utterance."""
    for _, audio, rate_hz, tokens, times in utterances(corpus):

        def part(i, audio=audio, rate_hz=rate_hz, times=times):
            return audio[round(times[i] * rate_hz) : round(times[i + 1] * rate_hz)]

        assert not part(0).any() and np.abs(part(len(tokens) - 1)).max() < 1e-3
        loud = [np.sqrt((part(i) ** 2).mean()) for i, t in enumerate(tokens) if t[-1] in "aeo"]
        assert min(loud) > 0.01
        for i, token in enumerate(tokens):
            if token == "s":
                spectrum = np.abs(np.fft.rfft(part(i))) ** 2
                middle = round(3000 / (rate_hz / 2) * len(spectrum))
                assert spectrum[middle:].sum() > spectrum[:middle].sum()


def test_made_again_it_is_the_same_and_another_seed_differs(corpus, tmp_path):
    texts = demo_sentences()[3:5]
    first = make_corpus(tmp_path / "a", sentences=texts)
    again = make_corpus(tmp_path / "b", sentences=texts)
    other = make_corpus(tmp_path / "c", sentences=texts, seed=1)
    sounds = [[(f / "wavs" / f"demo_000{k}.wav").read_bytes() for k in (1, 2)] for f in (first, again, other)]
    assert sounds[0] == sounds[1] != sounds[2]


def test_a_corpus_that_is_there_is_kept(corpus):
    before = (corpus / "wavs" / "demo_0001.wav").stat().st_mtime_ns
    assert make_corpus(corpus, limit=8) == corpus
    assert (corpus / "wavs" / "demo_0001.wav").stat().st_mtime_ns == before


def test_without_the_wheel_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("ttskit_demo.espeak.find_spec", lambda name: None)
    with pytest.raises(TTSKitError) as caught:
        make_corpus(tmp_path, limit=1)
    assert 'pip install "ttskit[demo]"' in str(caught.value)


def test_castilian_distinguishes_s_and_theta(tmp_path):
    pytest.importorskip("espeakng_loader", reason="espeakng-loader is in the extra 'demo'")
    folder = make_corpus(tmp_path, sentences=["La caza de la llama, yo sé."], frontend=SpanishFrontend(dialect="castilian"))
    tokens = next(utterances(folder))[3]
    assert "θ" in tokens and "ʝ" in tokens


def test_mnemonics_keep_neighbours_apart():
    tokens = ("<edge>", "¿", "t", "ʃ", "ˈa", "tʃ", "o", "?", "<edge>")
    assert mnemonics(tokens, (None, None, 0, 0, 0, 1, 1, None, None)) == "[[t|S|'a tS|o]]? "


def spoken(events, samples=1000, loud=()):
    audio = np.zeros(samples, np.int16)
    for start, end in loud:
        audio[start:end] = 1000
    return EspeakSpeech(audio, 1000, tuple(PhoneEvent(*e) for e in events))


def test_closure_belongs_to_the_stop_and_pause_to_the_comma():
    events = [("a", 100), ("t", 250), ("o", 300), ("", 400), ("a", 600), ("", 900)]
    said = spoken(events, loud=[(100, 200), (250, 400), (600, 900)])
    times = token_times(("<edge>", "ˈa", "t", "o", ",", "a", "<edge>"), said)
    assert times.tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.9, 1.0])


def test_a_mark_without_pause_takes_a_frame_from_the_phone_before():
    said = spoken([("a", 100), ("o", 300), ("", 900)], loud=[(100, 900)])
    times = token_times(("<edge>", "a", ",", "o", "<edge>"), said)
    assert times.tolist() == pytest.approx([0, 0.1, 0.288, 0.3, 0.9, 1.0])


def test_other_phonemes_than_asked_are_an_error():
    with pytest.raises(TTSKitError, match="espeak-ng said 'o' for 'e'"):
        token_times(("<edge>", "a", "e", "<edge>"), spoken([("a", 0), ("o", 300)]))
    with pytest.raises(TTSKitError, match="said 'nothing' for 'e'"):
        token_times(("<edge>", "a", "e", "<edge>"), spoken([("a", 0)]))


def test_so_many_minutes_begin_with_the_same_recordings(tmp_path):
    pytest.importorskip("espeakng_loader", reason="espeakng-loader is in the extra 'demo'")
    few, more = (make_corpus(tmp_path / f"{n}", minutes=n / 60) for n in (8, 16))
    seconds = []
    for folder in (few, more):
        names = [line.partition("|")[0] for line in (folder / "metadata.csv").read_text(encoding="utf-8").splitlines()]
        lengths = [soundfile.info(folder / "wavs" / f"{name}.wav").duration for name in names]
        seconds.append((sum(lengths[:-1]), sum(lengths)))
        assert sorted(f"{name}.wav" for name in names) == sorted(p.name for p in (folder / "wavs").iterdir())
    assert seconds[0][0] < 8 <= seconds[0][1] <= seconds[1][0] < 16 <= seconds[1][1]
    for wav in (few / "wavs").iterdir():
        assert wav.read_bytes() == (more / "wavs" / wav.name).read_bytes()
    plain = make_corpus(tmp_path / "plain", limit=2)  # nothing of the first sentences depends on how many there are
    assert (plain / "wavs" / "demo_0002.wav").read_bytes() == (few / "wavs" / "demo_0002.wav").read_bytes()


def test_more_minutes_than_there_are_sentences_for(tmp_path):
    pytest.importorskip("espeakng_loader", reason="espeakng-loader is in the extra 'demo'")
    with pytest.raises(TTSKitError, match="not enough sentences for 20 minutes"):
        make_corpus(tmp_path, minutes=20, limit=2)
