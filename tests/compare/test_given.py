"""The help of every system, and what it is charged for the help of another training."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ttskit.compare.given import cost_of, help_of
from ttskit.config import load_recipe
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.measure.systems import load_systems
from ttskit.plugins import create_registry
from ttskit.runs.align import align, alignment_source
from ttskit.training import train

SHORT = ("training.steps=2", "training.samples=0", "training.alignment=own")
LED = ("models.tacotron2.options.attention_supervision_weight=1.0",)


@pytest.fixture(scope="module")
def led(prepared, tmp_path_factory):
    """A corpus that a run aligned, the run, and a Tacotron 2 led by its durations beside a FastPitch."""
    import shutil

    place, registry = tmp_path_factory.mktemp("given"), create_registry()
    corpus = PreparedCorpus.open(shutil.copytree(prepared.folder, place / "corpus"))
    recipe = load_recipe("tiny", [*SHORT, *LED], registry)
    aligner = train(recipe, model="fastpitch", data=corpus, run=place / "aligner", steps=3, registry=registry).path
    align(corpus.folder, aligner, name="own", textgrid=False, registry=registry)
    runs = [train(recipe, model=m, data=corpus, run=place / m, registry=registry).path for m in ("tacotron2", "fastpitch")]
    return corpus, aligner, load_systems(runs, "griffinlim", "cpu", "last", registry), registry


def test_durations_of_another_model_are_named_with_their_cost(led):
    """Seen: Tacotron 2 was led by another model's durations, whose cost was charged to nobody."""
    corpus, aligner, (tacotron2, _), registry = led
    help, cost = help_of([tacotron2], corpus, registry), cost_of(aligner, corpus, registry)
    assert help.supervision == ("durations",) and help.alignment["name"] == "own"
    assert (help.alignment["kind"], help.alignment["source"], help.alignment["model"]) == ("run", "aligner", "fastpitch")
    assert (help.alignment["steps"], help.alignment["utterances"]) == (3, cost.utterances) and cost.utterances > 0
    assert help.alignment["seconds"] == pytest.approx(cost.seconds) and "folder" not in help.alignment


def test_every_model_has_its_help_listed_the_parallel_one_as_well(led):
    """Seen: the AR model's help was listed and the NAR model's, F0 and energy of the recordings, was not."""
    corpus, _, (tacotron2, fastpitch), registry = led
    assert "attention supervised by durations" in help_of([tacotron2], corpus, registry).aids
    found = help_of([fastpitch], corpus, registry)
    assert found.supervision == ("pitch", "energy") and found.alignment is None
    assert any("pitch of the recordings" in words for words in found.aids)


def test_an_alignment_whose_maker_is_gone_or_unknown_is_charged_as_unknown(led, tmp_path):
    corpus, _, (tacotron2, _), registry = led
    place = corpus.folder / "alignments" / "own" / "source.jsonl"
    kept = place.read_text(encoding="utf-8")
    try:
        place.write_text(kept.replace("aligner", "moved"), encoding="utf-8")  # the run is not there any more
        help = help_of([tacotron2], corpus, registry)
        assert help.alignment["steps"] == 3 and "utterances" not in help.alignment
        for damaged in ("{", "[1]"):
            place.write_text(damaged, encoding="utf-8")
            assert alignment_source(corpus, "own") == {}
        place.unlink()  # made before this was kept
        assert help_of([tacotron2], corpus, registry).alignment == {"name": "own"}
    finally:
        place.write_text(kept, encoding="utf-8")


def test_what_a_training_cost_is_not_guessed_from_another_corpus(led, prepared, tmp_path):
    corpus, _, (tacotron2, _), registry = led
    assert cost_of(tacotron2.run, corpus, registry).steps == 2
    info = {**tacotron2.run.info, "corpus": {**tacotron2.run.info["corpus"], "manifest_sha256": "0" * 64}}
    assert cost_of(replace(tacotron2.run, info=info), corpus, registry) is None
    assert cost_of(tmp_path / "nowhere", corpus, registry) is None


def test_the_run_that_weights_started_from_is_named(led):
    corpus, _, (_, fastpitch), registry = led
    started = replace(
        fastpitch, run=replace(fastpitch.run, info={**fastpitch.run.info, "init_from": "old", "init_from_step": 7})
    )
    assert help_of([started], corpus, registry).start == "old, step 7"
    assert help_of([fastpitch], corpus, registry).start == ""
