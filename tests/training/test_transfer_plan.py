"""Who a new model's rows come from, decided on tables alone: no run, no corpus folder, no training."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from ttskit.audio.config import MelConfig
from ttskit.config.training import TransferConfig
from ttskit.errors import CheckpointError, MismatchError, UsageError
from ttskit.interfaces import ModelContext, PitchStats
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.training.transfer import carry_over, plan_transfer, target_context

MEL = MelConfig(bands=20)
RUN = Path("run")


def table(symbols="abcd"):
    return SymbolTable(("<pad>", *symbols), "<pad>", silent=frozenset({"<pad>"}))


def context(speakers=("ana",), symbols="abcd", **pitch):
    return ModelContext(MEL, table(symbols), SpeakerTable(tuple(speakers)), {n: PitchStats(*v) for n, v in pitch.items()})


def corpus(speakers=("ana",), symbols="abcd", **pitch):
    own = context(speakers, symbols, **pitch)
    return SimpleNamespace(context=lambda: own, speakers=own.speakers, symbols=own.symbols, pitch=own.pitch)


def plan(source, speech, **settings):
    config = TransferConfig(**settings)
    return plan_transfer(RUN, 5, source, target_context(speech, source, config), speech, config)


def test_old_speakers_are_left_behind_unless_they_are_named():
    source = context(("ana", "eva", "dani"))
    assert target_context(corpus(("zoe",)), source, TransferConfig()).speakers.names == ("zoe",)
    kept = target_context(corpus(("zoe", "eva")), source, TransferConfig(keep_speakers="all"))
    assert kept.speakers.names == ("zoe", "eva", "ana", "dani")
    kept = target_context(corpus(("zoe",)), source, TransferConfig(keep_speakers=["dani"]))
    assert kept.speakers.names == ("zoe", "dani")


def test_kept_speakers_keep_the_pitch_that_the_model_learned_them_with_and_the_corpus_has_its_own():
    source = context(("ana", "eva"), ana=(200.0, 20.0), eva=(180.0, 9.0))
    made = target_context(corpus(("ana",), ana=(210.0, 30.0)), source, TransferConfig(keep_speakers="all"))
    assert made.pitch == {"ana": PitchStats(210.0, 30.0), "eva": PitchStats(180.0, 9.0)}


def test_whether_the_model_keeps_speaker_vectors():
    several, one, speech = context(("ana", "eva")), context(("ana",)), corpus(("zoe",))
    kept = [target_context(speech, source, TransferConfig()).multi_speaker for source in (several, one, None)]
    assert kept == [True, False, False]


@pytest.mark.parametrize(
    ("old", "new", "settings", "rows"),
    [
        (("ana", "eva"), ("ana",), {}, [("ana",)]),
        (("ana", "eva"), ("zoe",), {}, [("ana", "eva")]),  # the mean of all
        (("ana", "eva"), ("zoe", "eva"), {"speaker_from": "ana"}, [("ana",), ("eva",)]),
        (("ana", "eva"), ("zoe", "uma"), {"speaker_from": {"uma": "eva"}}, [("ana", "eva"), ("eva",)]),
        (("ana",), ("zoe",), {}, [("ana",)]),
    ],
)
def test_a_new_speaker_starts_from_its_donor_and_an_old_one_from_itself(old, new, settings, rows):
    made = plan(context(old), corpus(new), **settings)
    assert [row.sources for row in made.rows["speakers"]] == rows
    assert [row.kept for row in made.rows["speakers"]] == [name in old for name in new]
    assert made.dropped["speakers"] == tuple(n for n in old if n not in new)


def test_a_donor_for_somebody_who_is_not_new_is_refused():
    for settings, says in (({"speaker_from": "eva"}, "no speaker is new"), ({"speaker_from": {"ana": "eva"}}, "not a new")):
        with pytest.raises(UsageError, match=says):
            plan(context(("ana", "eva")), corpus(("ana",)), **settings)


@pytest.mark.parametrize(("known", "related"), [("abcd", True), ("abxy", True), ("axyz", False), ("wxyz", False)])
def test_half_of_the_sounds_must_have_a_counterpart(known, related):
    """Planted: any one sound in common was enough to call two inventories related."""
    if not related:
        with pytest.raises(MismatchError, match="unrelated frontends"):
            plan(context(symbols=known), corpus())
        return
    kept = [row.name for row in plan(context(symbols=known), corpus()).rows["symbols"] if row.kept]
    assert kept == ["<pad>", *sorted(set(known) & set("abcd"))]


def test_speakers_who_are_kept_without_being_rehearsed_are_told():
    made = plan(context(("ana", "eva"), eva=(180.0, 9.0)), corpus(("zoe",), zoe=(200.0, 9.0)), keep_speakers="all")
    assert made.notes == ("kept, but not rehearsed, so they will drift: ana, eva (training.rehearsal)",)
    assert made.pitch == {"zoe": "the corpus", "ana": "none", "eva": "the run"}
    assert plan(context(("ana",)), corpus(("ana",))).notes == ()


class Model(nn.Module):
    """A row for each symbol, one for each speaker, and a layer of all."""

    def __init__(self, symbols, speakers, size=3):
        super().__init__()
        self.symbols, self.speakers = nn.Embedding(symbols, size), nn.Embedding(speakers, size)
        self.layer = nn.Linear(size, 2)

    def inventory_parameters(self):
        return {"symbols.weight": "symbols", "speakers.weight": "speakers"}


def test_rows_are_carried_over_by_name_and_what_is_in_common_as_it_is():
    source, speech = context(("ana", "eva"), "bac"), corpus(("zoe", "eva"), "abd")
    old, new = Model(4, 2), Model(4, 2)
    done = carry_over(plan(source, speech), old.state_dict(), source, new)
    rows = dict(zip(("<pad>", *"bac"), old.symbols.weight, strict=True))
    for i, name in enumerate(("<pad>", "a", "b")):
        assert torch.equal(new.symbols.weight[i], rows[name])
    torch.testing.assert_close(new.symbols.weight[3], torch.stack([rows[s] for s in "bac"]).mean(0))  # padding is no sound
    torch.testing.assert_close(new.speakers.weight[0], old.speakers.weight.mean(0))
    assert torch.equal(new.speakers.weight[1], old.speakers.weight[1]) and torch.equal(new.layer.weight, old.layer.weight)
    assert set(done.tensors["by row"]) == {"symbols.weight", "speakers.weight"} and done.tensors["new"] == ()


def test_speaker_rows_that_the_source_has_not_are_zeros_and_others_stay_fresh():
    source = context(("ana",))
    weights = {n: v for n, v in Model(5, 1).state_dict().items() if n not in ("speakers.weight", "layer.bias")}
    new = Model(5, 1)
    fresh = new.layer.bias.clone()
    done = carry_over(plan(source, corpus(("ana",))), {**weights, "old": torch.ones(1)}, source, new)
    assert not new.speakers.weight.any() and torch.equal(new.layer.bias, fresh)
    assert done.tensors["zeros"] == ("speakers.weight",) and set(done.tensors["new"]) == {"speakers.weight", "layer.bias"}
    assert done.tensors["dropped"] == ("old",)


def test_what_does_not_fit_is_refused_and_nothing_in_common_too():
    source, made = context(("ana",)), plan(context(("ana",)), corpus(("ana",)))
    with pytest.raises(MismatchError, match="other sizes"):
        carry_over(made, Model(5, 1, size=4).state_dict(), source, Model(5, 1))
    with pytest.raises(CheckpointError, match="does not fit its own symbols"):
        carry_over(made, Model(6, 1).state_dict(), source, Model(5, 1))
    with pytest.raises(MismatchError, match="no parameter that fits"):
        carry_over(made, {"elsewhere": torch.ones(1)}, source, Model(5, 1))
