"""Both acoustic models learn from sixty sentences in half a minute: far too little to speak well, enough to see a fault.

The slow test of the whole demo holds the figures; here a broken gradient, a shifted target or an alignment off by some
tokens shows on every run of the tests. Baselines are measured beside: equal durations, and saying each band's median.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

pytest.importorskip("espeakng_loader", reason="the demo corpus needs the extra `demo`")

from ttskit.config import CompareConfig, load_recipe
from ttskit.corpus import prepare
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.times import boundary_errors_ms
from ttskit.measure.analysis import Analyser
from ttskit.measure.learned import held_out, median_baseline
from ttskit.measure.run import measure_all
from ttskit.measure.sentences import recorded_sentences
from ttskit.measure.spoken import SoundStore, speak
from ttskit.measure.systems import load_systems
from ttskit.plugins import create_registry
from ttskit.runs.align import align
from ttskit.training import train
from ttskit_demo.corpus import make_corpus
from ttskit_demo.planned import ALIGNER_OPTIONS

ALIGNMENT = "fastpitch-aligner"
QUIET = (
    "training.samples=0",
    "training.validate_every=1000",
    "training.checkpoint_every=1000",
    "corpus.validation=4",
    "corpus.test=4",
)
SMALL = {
    "fastpitch": ALIGNER_OPTIONS,
    "tacotron2": {
        "encoder_channels": 64,
        "embedding_channels": 64,
        "attention_lstm": 128,
        "reduction": 6,
        "learning_rate": 4e-3,
    },
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """The corpus, and what `ttskit compare` says each model has learned, by model."""
    folder = tmp_path_factory.mktemp("learning")
    registry = create_registry()

    def trained(model, steps, *more):
        overrides = [f"models.{model}.options.{key}={json.dumps(value)}" for key, value in SMALL[model].items()]
        overrides += [*QUIET, f"models.{model}.training.max_utterances=8", *more]
        recipe = load_recipe("small", overrides, registry=registry)
        return train(recipe, model=model, data=folder / "prepared", run=folder / model, steps=steps, device="cpu")

    prepare(make_corpus(folder / "corpus", limit=60), folder / "prepared", load_recipe("small", QUIET), jobs=1)
    fastpitch = trained("fastpitch", 120)
    align(folder / "prepared", fastpitch.path, name=ALIGNMENT)
    tacotron2 = trained("tacotron2", 80, f"models.tacotron2.training.alignment={ALIGNMENT}")
    corpus = PreparedCorpus.open(folder / "prepared")
    systems = load_systems([fastpitch.path, tacotron2.path], "griffinlim", "cpu", "last", registry)
    config = CompareConfig(resamples=100, limit=None)
    with SoundStore(folder / "sounds") as store:
        sentences, analyse = recorded_sentences(corpus, config, registry), Analyser(corpus, registry)
        spoken = speak(systems, sentences, corpus, config, analyse, store, folder / "said", "cpu")
        (measured,) = measure_all(spoken, registry, only=("learned",))
    return corpus, {s.label: {row.row.measure.key: row.values.get(s.label) for row in measured.rows} for s in systems}, systems


def test_fastpitch_finds_where_phones_begin(learned):
    corpus, found, _ = learned
    equal = []
    for u in held_out(corpus):
        durations = np.diff(np.linspace(0, u.frames, len(u.tokens) + 1).round()).astype(np.int64)
        equal.append(boundary_errors_ms(corpus, u, durations))
    baseline = float(np.concatenate(equal).mean())
    assert found["fastpitch"]["boundary_error_ms"].value < min(25.0, 0.6 * baseline)


def test_tacotron2_attends_to_what_is_being_said(learned):
    _, found, systems = learned
    assert found["tacotron2"]["attention_within"].value > 0.5  # looking anywhere hits one time in ten
    assert [s.given_durations for s in systems] == [False, True]


def test_tacotron2_says_more_than_the_median(learned):
    corpus, found, _ = learned
    assert found["tacotron2"]["teacher_forced_mel_l1"].value < 0.95 * median_baseline(corpus, held_out(corpus))
