"""A run aligns a corpus by the names of its symbols and speakers, whatever numbers the two give them."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.runs.align import align


@pytest.fixture
def own(corpus_folder, tmp_path):
    """A corpus of this test's own, for what it writes there."""
    folder = shutil.copytree(corpus_folder, tmp_path / "corpus")
    shutil.rmtree(folder / "alignments" / "reference")  # made up, without times to be scored against
    return PreparedCorpus.open(folder)


def test_a_run_that_numbers_symbols_and_speakers_otherwise_aligns_alike(random_run, own, registry):
    orders = {
        "as-the-corpus": (own.symbols.symbols, own.speakers.names),
        "otherwise": (own.symbols.symbols[::-1], own.speakers.names[::-1]),
    }
    runs = {
        name: random_run(name, symbols=replace(own.symbols, symbols=symbols), speakers=speakers)
        for name, (symbols, speakers) in orders.items()
    }
    model = runs["as-the-corpus"].load(registry=registry).model
    weights = model.state_dict()
    for name in model.inventory_parameters():
        weights[name] *= 10.0  # fresh ones are so alike that the aligner hardly looks at them
    model.load_state_dict(weights)
    runs["as-the-corpus"].save(model, step=1)
    other = runs["otherwise"].load(registry=registry).model
    other.load_state_dict({n: v.flip(0) if n in model.inventory_parameters() else v for n, v in weights.items()})
    runs["otherwise"].save(other, step=1)
    for name, run in runs.items():
        align(own.folder, run.path, name=name, textgrid=False, registry=registry)
    for u in own.utterances:
        assert np.array_equal(own.alignment(u, "as-the-corpus"), own.alignment(u, "otherwise")), u.id


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2", "transformertts"])
def test_durations_of_a_trained_run_are_trained_on_by_the_next(model, trained, own, registry):
    """Whoever aligns: frames per token that sum up, read by a model that is led by durations."""
    run = trained(model, run="teacher", data=own, steps=2)
    align(own.folder, run.path, name="taught", textgrid=False, registry=registry)
    corpus = PreparedCorpus.open(own.folder)
    for u in corpus.utterances:
        durations = corpus.alignment(u, "taught")
        assert durations.shape == (len(u.tokens),) and durations.sum() == u.frames and durations.min() >= 0
    led = (
        "training.alignment=taught",
        *(f"models.transformertts.options.{name}" for name in ("attention_supervision_weight=1.0", "context_mixing=0.9")),
    )
    taught = trained("transformertts", run="taught", data=corpus, steps=2, overrides=led)
    assert taught.metrics("train")[-1]["attention"] > 0
