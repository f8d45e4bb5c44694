"""What an aligner is shown, and what is left of an earlier alignment: decided without a model."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ttskit.corpus.problems import Problem
from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.runs import align as module


class Frames:
    """An utterance of so many frames."""

    def __init__(self, id, frames, tokens=2):
        self.id, self.frames, self.tokens = id, frames, ("a",) * tokens


@pytest.fixture
def aligned(monkeypatch):
    """aligned(utterances, features=…, aligns=…, mel=…) -> what `_from_run` gives, and the features of each batch."""

    def make(utterances, features=("pitch", "durations"), aligns=True, mel="a mel"):
        shown = []
        model = SimpleNamespace(features=features, durations=lambda batch: batch.rows)
        model.eval = lambda: model
        context = SimpleNamespace(mel="a mel")
        loaded = SimpleNamespace(kind="acoustic model", name="one", context=context, model=model)

        def full_batch(corpus, chunk, features, context):
            shown.append((features, [u.id for u in chunk]))
            batch = SimpleNamespace(ids=[u.id for u in chunk], rows=torch.ones(len(chunk), 9, dtype=torch.int64))
            batch.to = lambda device: batch
            return batch

        opened = SimpleNamespace(open=lambda run: SimpleNamespace(load=lambda **how: loaded))
        monkeypatch.setattr(module, "RunFolder", opened)
        monkeypatch.setattr(module, "full_batch", full_batch)
        monkeypatch.setattr(module, "require_known", lambda *_: None)
        registry = SimpleNamespace(
            get=lambda kind, name: SimpleNamespace(facts={"aligns": aligns}), all=lambda kind: {}, problems=[]
        )
        corpus = SimpleNamespace(mel=mel, folder="corpus")
        found = list(module._from_run(corpus, utterances, SimpleNamespace(name="run"), "last", "cpu", registry))
        return found, shown

    return make


def test_an_aligner_is_not_shown_the_durations_that_it_is_to_find(aligned):
    """Planted: a model that trains on durations was given those of the corpus, and gave them back."""
    found, shown = aligned([Frames("u1", 5), Frames("u2", 9, tokens=4), Frames("u3", 7)])
    assert [features for features, _ in shown] == [("pitch",)] * len(shown)
    assert [(u.id, len(frames), problems) for u, frames, problems in found] == [("u2", 4, []), ("u3", 2, []), ("u1", 2, [])]
    _, shown = aligned([Frames("u1", 5)], features=("energy",))
    assert shown == [(("energy",), ["u1"])]


def test_a_model_that_does_not_align_or_has_another_mel_is_refused(aligned):
    with pytest.raises(UsageError, match="cannot align speech"):
        aligned([Frames("u1", 5)], aligns=False)
    with pytest.raises(MismatchError, match="was not trained on features of corpus"):
        aligned([Frames("u1", 5)], mel="another")


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """kept(frames by utterance) aligns anew under one name; gives the report and which alignments lie there."""
    place = tmp_path / "alignments" / "mine"

    def write(name, utterance, frames):
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{utterance.id}.json").write_text(json.dumps(list(frames)), encoding="utf-8")

    def make(**frames):
        utterances = [Frames(id, 5) for id in frames]
        corpus = SimpleNamespace(folder=tmp_path, split=lambda name: utterances if name == "train" else [])
        corpus.write_alignment = write
        found = [(u, frames[u.id], [] if frames[u.id] else [Problem(u.id, "lost", "a test")]) for u in utterances]
        monkeypatch.setattr(module, "PreparedCorpus", SimpleNamespace(open=lambda data: corpus))
        monkeypatch.setattr(module, "_from_run", lambda *_: found)
        monkeypatch.setattr(module, "_facts_of", lambda *_: {})
        monkeypatch.setattr(module, "boundary_errors_ms", lambda *_: np.zeros(0))
        (tmp_path / "run.json").write_text("{}", encoding="utf-8")
        report = module.align(tmp_path, tmp_path, name="mine", textgrid=False, registry=SimpleNamespace())
        return report, sorted(p.stem for p in place.glob("u*.json"))

    return make


def test_an_alignment_that_fails_now_leaves_none_of_before_under_its_name(kept):
    """Planted: durations of an older aligner stayed among those of the new one."""
    report, there = kept(u1=[2, 3], u2=[1, 4])
    assert there == ["u1", "u2"] and not report.problems
    report, there = kept(u1=None, u2=[3, 2])
    assert there == ["u2"] and [p.id for p in report.problems] == ["u1"]
    with pytest.raises(CorpusError, match="nothing could be aligned"):
        kept(u1=None, u2=None)
