"""Which sentences make the judge, when it is trusted, and what it then says."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ttskit.config.comparison import CompareConfig, RecogniserConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces.measurement import NATURAL, Sample, Sentence, Sound
from ttskit.measure.judge import Judge
from ttskit.measure.recogniser import load_or_train
from ttskit.measure.recogniser.batches import BandStatistics, PhoneBatches
from ttskit.measure.recogniser.sentences import Sentences
from ttskit.measure.run import measure_all
from ttskit.plugins import create_registry

GOOD = RecogniserConfig(channels=64, dilations=[1], steps=400, validate_every=50, learning_rate=4e-3)
DEAF = RecogniserConfig(channels=8, dilations=[1], steps=2, validate_every=1)  # what 71 steps on a busy machine amounted to


def with_texts(corpus: PreparedCorpus, splits: dict[str, list[str]]) -> PreparedCorpus:
    """The corpus with other texts, its first sentence's tokens in all of them."""
    first = corpus.utterances[0]
    named = [(split, text) for split, texts in splits.items() for text in texts]
    said = [replace(first, id=f"u{i}", split=split, normalized=text) for i, (split, text) in enumerate(named)]
    return PreparedCorpus(corpus.folder, corpus.info, said)


def texts(count: int, start: int = 0) -> list[str]:
    """Sentences that share no word."""
    return [f"a{i} b{i} c{i} d{i}" for i in range(start, start + count)]


def test_thresholds_are_not_set_on_the_sentences_whose_false_alarms_are_reported(larger_prepared):
    found = Sentences.of(larger_prepared, GOOD)
    roles = [{u.id for u in role} for role in (found.training, found.selection, found.calibration)]
    assert [len(role) for role in roles] == [48, 6, 12] and len(set.union(*roles)) == 66
    assert not any(u.split == "test" for role in (found.training, found.selection, found.calibration) for u in role)
    assert {u.split for u in found.calibration} == {"train"} and {u.split for u in found.selection} == {"validation"}
    assert found.held_out and found.facts()["calibration_from"] == "set aside from the training split"
    assert found.facts()["calibration_sentences"] == 12
    # what is reported is spoken by nobody who had a part in it: without the test split the limits are the same
    without = PreparedCorpus(larger_prepared.folder, larger_prepared.info, larger_prepared.utterances)
    without.utterances = [u for u in larger_prepared.utterances if u.split != "test"]
    assert load_or_train(without, GOOD).thresholds == load_or_train(larger_prepared, GOOD).thresholds


@pytest.mark.parametrize(("sentences", "taken"), [(4, 1), (60, 12), (100, 12), (300, 30), (2000, 80)])
def test_five_minutes_give_up_a_fifth_and_hours_eighty_sentences(prepared, sentences, taken):
    corpus = with_texts(prepared, {"train": texts(sentences), "validation": texts(5, 5000)})
    found = Sentences.of(corpus, RecogniserConfig())
    assert (len(found.training), len(found.selection), len(found.calibration)) == (sentences - taken, 5, taken)
    turned = PreparedCorpus(corpus.folder, corpus.info, corpus.utterances[::-1])
    assert {u.id for u in Sentences.of(turned, RecogniserConfig()).calibration} == {u.id for u in found.calibration}


def test_a_sentence_that_was_trained_on_in_other_words_sets_no_threshold(prepared):
    pairs = [f"{text} {ending}" for text in texts(40) for ending in ("e", "f")]  # each said twice, nearly the same
    found = Sentences.of(with_texts(prepared, {"train": pairs}), RecogniserConfig())
    stems = [{u.normalized[:-2] for u in role} for role in (found.training, found.calibration)]
    assert len(found.calibration) == 12 and not stems[0] & stems[1]


def test_a_corpus_too_small_to_set_sentences_aside_says_so(prepared):
    found = Sentences.of(with_texts(prepared, {"train": texts(3), "validation": texts(2, 10)}), RecogniserConfig())
    assert len(found.training) == 3 and found.calibration == found.selection and found.held_out
    assert "which chose the checkpoint as well" in found.facts()["calibration_from"]
    alone = Sentences.of(with_texts(prepared, {"train": texts(3)}), RecogniserConfig())
    assert alone.selection == () and alone.calibration == alone.training and not alone.held_out


def spoken(corpus: PreparedCorpus) -> list[Sample]:
    """The natural test sentences."""
    samples = []
    for u in corpus.split("test"):
        words = tuple(u.normalized.rstrip(".").split())
        sentence = Sentence(u.id, "test", u.text, u.tokens, u.token_words, words, u.speaker, recorded=True)
        sound = Sound(corpus.audio(u), corpus.features(u).mel, corpus.features(u).pitch_hz)
        samples.append(Sample(sentence, NATURAL, 0, lambda sound=sound: sound))
    return samples


def test_a_judge_that_hears_well_judges(larger_prepared):
    told: list[str] = []
    judge = Judge.of(larger_prepared, CompareConfig(recogniser=GOOD), told.append)
    assert judge.trusted and judge.reason == "" and judge.facts["trusted"] and judge.natural_error < 0.1
    samples = spoken(larger_prepared)
    assert [v.verdict for v in judge.judge(samples, larger_prepared)] == ["ok"] * 6
    whole = samples[0].sound
    cut = replace(whole, audio_mel=np.ascontiguousarray(whole.audio_mel[:, : whole.audio_mel.shape[1] // 2]))
    half = replace(samples[0], load=lambda: cut)
    assert judge.judge([half], larger_prepared)[0].verdict == "cut"


def test_a_judge_that_errs_on_most_natural_phones_gives_no_verdicts(larger_prepared):
    told: list[str] = []
    judge = Judge.of(larger_prepared, CompareConfig(recogniser=DEAF), told.append)
    assert judge.natural_error > 0.8 and not judge.trusted
    assert judge.judge(spoken(larger_prepared), larger_prepared) == []
    assert f"errs on {judge.natural_error:.1%} of the phones of 12 natural sentences" in judge.reason
    assert "35% is the most" in judge.reason and judge.facts["reason"] == judge.reason and not judge.facts["trusted"]
    assert told[-1] == f"the phone recogniser gives no verdicts: {judge.reason}"


def test_the_share_that_is_allowed_is_the_recipes(larger_prepared):
    strict = GOOD.model_copy(update={"max_natural_error": 1e-9})
    judge = Judge.of(larger_prepared, CompareConfig(recogniser=GOOD), lambda text: None)
    assert replace(judge, max_natural_error=judge.natural_error).trusted
    refused = Judge.of(larger_prepared, CompareConfig(recogniser=strict), lambda text: None)
    assert refused.facts["cached"] and refused.trusted == (refused.natural_error == 0.0)
    assert not replace(judge, max_natural_error=judge.natural_error - 1e-6).trusted


def test_a_judge_without_natural_speech_of_its_own_gives_no_verdicts(prepared):
    corpus = PreparedCorpus(prepared.folder, prepared.info, prepared.split("train")[:3] + prepared.split("test"))
    judge = Judge.of(corpus, CompareConfig(recogniser=DEAF.model_copy(update={"max_natural_error": 1.0})), lambda text: None)
    assert not judge.trusted and "no natural speech that it was not trained on" in judge.reason
    assert judge.facts["validation_phone_error_rate"] is None


def test_what_the_network_learns_from_is_a_function_of_seed_epoch_and_utterance(prepared):
    train = prepared.split("train")
    phones = sorted({t.strip("ˈˌ") for u in train for t in u.tokens})
    statistics = BandStatistics.of(prepared, train)
    first, again = (PhoneBatches(prepared, train, phones, statistics, 5, 3, distorted=True) for _ in range(2))
    assert first.epoch(1) == again.epoch(1) != first.epoch(2)
    assert sorted(id for ids in first.epoch(1) for id in ids) == sorted(u.id for u in train)
    ids = first.epoch(1)[0]
    batch, alone = first.load(ids, 1), again.load(ids[2:3], 1)  # whatever stands beside it
    assert np.array_equal(batch.mel[2, :, : alone.mel.shape[2]], alone.mel[0]) and batch.sentences()[2] == alone.sentences()[0]
    assert not np.array_equal(first.load(ids[:1], 2).mel[0], first.load(ids[:1], 1).mel[0])
    plain = PhoneBatches(prepared, train, phones, statistics, len(train), 3, distorted=False).load([u.id for u in train], 0)
    frames = np.concatenate([m[:, :n].numpy() for m, n in zip(plain.mel, plain.mel_lengths, strict=True)], axis=1)
    assert np.abs(frames.mean(1)).max() < 1e-4 and np.abs(frames.std(1) - 1).max() < 1e-3


def test_a_judge_that_cannot_hear_calls_nothing_better_than_natural_speech(said):
    """A 40-step voice was green and bold beside recordings, by a judge that erred on 98.8 % of natural phones."""
    spoken = said(voice=lambda audio, seed: audio[::-1])
    spoken.settings = spoken.settings.model_copy(update={"recogniser": DEAF})
    registry = create_registry()
    spoken.systems = [replace_with_run(system) for system in spoken.systems]
    (measured,) = measure_all(spoken, registry, only=("robustness",))
    assert measured.rows == () and not measured.findings.remarks and not measured.findings.figures
    assert "no verdicts" in measured.notes[0] and "phones of" in measured.notes[0]
    assert measured.findings.data["recogniser"]["trusted"] is False


def replace_with_run(system):
    """A system that counts as a run: what it would be asked for is its voice, which is not needed here."""
    return SimpleNamespace(label=system.label, loaded=None)
