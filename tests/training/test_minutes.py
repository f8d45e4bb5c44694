"""training.minutes: nested subsets of the training speech, the same ids whatever the size, seed or number of processes."""

import signal
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from pydantic import ValidationError

from ttskit.config.training import TrainingConfig
from ttskit.corpus.batches import AcousticBatches, Rehearsal, SegmentBatches
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.subsets import minutes_of, subset_facts, utterances_of
from ttskit.errors import CorpusError, MismatchError
from ttskit.training import TrainingStopped, speech_models
from ttskit.training.data import batches_for

SOME = 0.03  # of the 0.07 minutes that the tests' corpus has to train on


@pytest.fixture
def large(new_corpus):
    """A quarter of it is beto's."""
    corpus = PreparedCorpus.open(new_corpus("large", utterances=200))
    whose = ["beto" if i % 4 == 0 else "ana" for i in range(200)]
    corpus.utterances = [replace(u, speaker=who) for u, who in zip(corpus.utterances, whose, strict=True)]
    return corpus


def ids(corpus, minutes):
    return {u.id for u in utterances_of(corpus, "train", minutes)}


def test_each_size_lies_within_the_next(large):
    sizes = [ids(large, minutes) for minutes in (0.05, 0.1, 0.2, 0.4, 0.8)]
    assert all(small < more for small, more in pairwise(sizes))
    assert sizes[-1] < {u.id for u in large.split("train")}


def test_so_many_minutes_are_reached_and_not_an_utterance_more(large):
    for minutes in (0.05, 0.1, 0.37):
        taken = utterances_of(large, "train", minutes)
        assert minutes_of(large, taken[:-1]) < minutes <= minutes_of(large, taken)
    whole = minutes_of(large, large.split("train"))
    assert ids(large, whole) == ids(large, None)
    assert len(utterances_of(large, "train", 1e-6)) == 1


def test_the_order_is_of_the_ids_alone(large):
    """Of neither the manifest's order nor what else it holds."""
    before = ids(large, 0.2)
    large.utterances = large.utterances[::-1]
    assert ids(large, 0.2) == before
    assert before != {u.id for u in sorted(large.split("train"), key=lambda u: u.id)[: len(before)]}


def test_speakers_have_their_shares_at_every_size(large):
    whole = Counter(u.speaker for u in large.split("train"))
    share = whole["beto"] / sum(whole.values())
    for minutes in (0.1, 0.2, 0.4, 0.8):
        counts = Counter(u.speaker for u in utterances_of(large, "train", minutes))
        assert abs(counts["beto"] - share * sum(counts.values())) < 2, counts


def test_validation_and_test_are_whole(large):
    for split in ("validation", "test"):
        assert utterances_of(large, split, 0.05) == large.split(split)


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2", "transformertts", "hifigan"])
@pytest.mark.parametrize("world", [1, 2])
def test_batches_are_made_of_it_alone(model, world, large, recipe, registry):
    made = recipe("training.minutes=0.2")
    plugin = registry.get("vocoder" if model == "hifigan" else "acoustic model", model)
    context = large.mel if model == "hifigan" else large.context()
    built = plugin.load()(made.options_for(model, registry), context)
    batches = batches_for(built, large, "train", made.training_for(model), 1, 0, world)
    assert {id for group in batches.epoch(0) for id in group} == ids(large, 0.2)
    held_out = batches_for(built, large, "validation", made.training_for(model), 1, 0, world)
    assert {id for group in held_out.epoch(0) for id in group} == {u.id for u in large.split("validation")}


def test_with_an_alignment_and_a_rehearsal(large, new_corpus):
    """The subset is chosen before what has no alignment is left out: it is one for models with and without durations."""
    chosen = sorted(ids(large, 0.2))
    (large.folder / "alignments" / "reference" / f"{chosen[0]}.json").unlink()
    aligned = AcousticBatches(large, "train", ("durations",), 10**6, 9, 0, alignment="reference", minutes=0.2)
    assert aligned.left_out == chosen[:1]
    assert sorted(id for group in aligned.epoch(0) for id in group) == chosen[1:]
    old = PreparedCorpus.open(new_corpus("old", speakers=("ana",)))
    mixed = AcousticBatches(large, "train", (), 10**6, 9, 0, rehearsal=Rehearsal(old, 0.5), minutes=0.2)
    found = [id for group in mixed.epoch(0) for id in group]
    assert sum(id.startswith("rehearsal/") for id in found) == len(chosen) == len(found) / 2
    segments = SegmentBatches(large, "train", 8, 4, 0, minutes=0.2)
    assert {id for group in segments.epoch(2) for id in group} == set(chosen)


def test_more_than_there_is_is_refused_and_leaves_nothing(trained, tmp_path):
    with pytest.raises(CorpusError, match=r"(?s)has no 20 minutes to train on.*is 0\.\d+ minutes of speech") as error:
        trained(overrides=("training.minutes=20",))
    assert "training.minutes" in error.value.fix
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("minutes", [0, -5, float("inf"), float("nan"), "many"])
def test_minutes_are_a_number_above_none(minutes):
    with pytest.raises(ValidationError):
        TrainingConfig(minutes=minutes)


def test_steps_per_minute_count_the_subset(corpus):
    notes = []
    facts = speech_models._counted_steps(TrainingConfig(steps_per_minute=1e4, minutes=SOME), corpus, notes.append)
    assert facts["minutes"] == pytest.approx(minutes_of(corpus, utterances_of(corpus, "train", SOME)), abs=1e-3)
    assert facts["minutes"] < 0.9 * minutes_of(corpus, corpus.split("train")) and facts["total"] > 200


def test_the_run_says_what_it_was_trained_on(trained, corpus):
    some = trained(run="some", steps=2, overrides=(f"training.minutes={SOME}",)).info["corpus"]
    assert {name: some[name] for name in ("minutes", "subset")} == subset_facts(corpus, SOME)
    assert some["subset"]["utterances"] == len(ids(corpus, SOME)) < some["utterances"]["train"] == 14
    assert not {"minutes", "subset"} & set(trained(run="all", steps=2).info["corpus"])


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2", "transformertts", "hifigan"])
def test_stopped_and_resumed_equals_uninterrupted(model, trained, at, losses_of, same_weights):
    few = (f"training.minutes={SOME}",)
    stop = at(4, lambda: signal.raise_signal(signal.SIGINT))  # within the second epoch of three batches or four
    with pytest.raises(TrainingStopped):
        trained(model, run="stopped", steps=7, overrides=few, registry=stop)
    resumed = trained(model, run="stopped", steps=None, resume=True, overrides=few)
    whole = trained(model, run="whole", steps=7, overrides=few)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)


@pytest.mark.parametrize("other", [None, 0.02])
def test_resuming_with_another_amount_is_refused_and_a_fork_takes_it(other, trained, corpus, tmp_path):
    trained(steps=2, overrides=(f"training.minutes={SOME}", "training.checkpoint_every=1"))
    changed = ("training.checkpoint_every=1", *([f"training.minutes={other}"] if other else []))
    with pytest.raises(MismatchError, match=rf"training\.minutes: the run has {SOME}, now {other}"):
        trained(steps=4, resume=True, overrides=changed)
    fork = trained(fork=tmp_path / "fork", steps=4, overrides=changed)
    assert {k: fork.info["corpus"].get(k) for k in ("minutes", "subset")} == (
        subset_facts(corpus, other) if other else {"minutes": None, "subset": None}
    )
