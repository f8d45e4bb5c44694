"""Rehearsal: old voices mixed in, by name, as a function of (seed, epoch), and resumed exactly."""

import json
from collections import Counter

import pytest
import torch

from ttskit.config.training import TransferConfig
from ttskit.corpus.batches import REHEARSED, AcousticBatches, Rehearsal
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.interfaces import PitchStats
from ttskit.runs import RunFolder
from ttskit.training.transfer import target_context


@pytest.fixture
def old(new_corpus):
    return PreparedCorpus.open(new_corpus("old", seed=3, speakers=("dani", "eva")))


@pytest.fixture
def new(new_corpus):
    return PreparedCorpus.open(new_corpus("new", seed=4, speakers=("ana",)))


def batches(new, old, share=0.3, **more):
    rehearsal = Rehearsal(old, share, **more.pop("who", {}))
    context = target_context(new, None, TransferConfig(), rehearsal)
    return AcousticBatches(new, "train", ("pitch",), 2000, 4, seed=1, context=context, rehearsal=rehearsal, **more)


def test_the_share_is_kept_and_every_old_utterance_comes_in_turn(new, old):
    mixed = batches(new, old)
    seen = Counter()
    for epoch in range(7):
        ids = [id for group in mixed.epoch(epoch) for id in group]
        fresh, again = [i for i in ids if not i.startswith(REHEARSED)], [i for i in ids if i.startswith(REHEARSED)]
        assert len(fresh) == len(new.split("train")) == 14 and len(again) == 6  # 6 of 20 are 30 %
        seen.update(i.rpartition("/")[2] for i in again)
    assert set(seen.values()) == {3} and len(seen) == 14  # 7 epochs of 6 are three turns of 14


def test_it_is_a_function_of_seed_and_epoch_whatever_the_processes(new, old):
    assert batches(new, old).epoch(5) == batches(new, old).epoch(5) == batches(new, old, rank=1, world=2).epoch(5)
    assert batches(new, old).epoch(5) != batches(new, old).epoch(6)
    half = [batches(new, old, rank=rank, world=2) for rank in (0, 1)]
    ids = half[0].epoch(0)[0]
    parts = [part.load(ids, 0) for part in half]
    whole = batches(new, old).load(ids, 0)
    assert sorted([*parts[0].ids, *parts[1].ids]) == sorted(whole.ids)
    assert torch.equal(torch.cat([parts[0].seeds, parts[1].seeds]).sort().values, whole.seeds.sort().values)


def test_speakers_and_pitch_are_those_of_the_model(new, old, random_run):
    """dani's pitch was normalised by the run's statistics when the model learned it; eva is only in the corpus."""
    source = random_run("s", speakers=("dani",), pitch={"dani": PitchStats(140.0, 10.0)}).context
    rehearsal = Rehearsal(old, 0.5)
    context = target_context(new, source, TransferConfig(), rehearsal)
    assert context.speakers.names == ("ana", "dani", "eva")
    assert context.pitch["dani"] == PitchStats(140.0, 10.0) and context.pitch["eva"] == PitchStats(150.0, 20.0)
    mixed = AcousticBatches(new, "train", ("pitch",), 10**6, 100, seed=1, context=context, rehearsal=rehearsal)
    batch = mixed.load(mixed.epoch(0)[0], 0)
    for row, id in enumerate(batch.ids):
        corpus = old if id.startswith(REHEARSED) else new
        u = corpus.utterance(id.rpartition("/")[2])
        assert int(batch.speaker[row]) == context.speakers.id(u.speaker)
        hz = torch.tensor(corpus.features(u).pitch_hz)
        stats = context.pitch[u.speaker]
        torch.testing.assert_close(batch.pitch[row, : u.frames], torch.where(hz > 0, (hz - stats.mean_hz) / stats.std_hz, 0.0))
        assert batch.tokens[row, : len(u.tokens)].tolist() == context.symbols.ids(u.tokens)


def test_symbols_that_only_the_old_corpus_has_are_kept(new, old):
    info = json.loads((old.folder / "corpus.json").read_text(encoding="utf-8"))
    info["symbols"]["symbols"] = ["<pad>", "ñ", *info["symbols"]["symbols"][1:]]  # other numbers as well
    (old.folder / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    lines = [json.loads(x) for x in (old.folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    lines[0]["tokens"][1] = "ñ"
    (old.folder / "manifest.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines), encoding="utf-8")
    rehearsal = Rehearsal(PreparedCorpus.open(old.folder), 0.5)
    context = target_context(new, None, TransferConfig(), rehearsal)
    assert context.symbols.symbols == (*new.symbols.symbols, "ñ")
    AcousticBatches(new, "train", (), 10**6, 100, seed=1, context=context, rehearsal=rehearsal).load(["rehearsal/0/u00"], 0)


def test_only_some_speakers(new, old):
    mixed = batches(new, old, who={"speakers": ("eva",)})
    assert mixed.context.speakers.names == ("ana", "eva")
    again = [i for group in mixed.epoch(0) for i in group if i.startswith(REHEARSED)]
    assert {old.utterance(i.rpartition("/")[2]).speaker for i in again} == {"eva"}


def test_rehearsed_utterances_without_the_alignment_are_left_out(new, old):
    def mixed():
        rehearsal = Rehearsal(old, 0.5)
        context = target_context(new, None, TransferConfig(), rehearsal)
        return AcousticBatches(
            new, "train", ("durations",), 2000, 4, seed=1, alignment="reference", context=context, rehearsal=rehearsal
        )

    assert mixed().left_out == []
    gone, *rest = [old.folder / "alignments" / "reference" / f"{u.id}.json" for u in old.split("train")]
    gone.unlink()
    some = mixed()
    assert some.left_out == [f"{REHEARSED}{gone.stem}"]
    for epoch in range(3):
        for ids in some.epoch(epoch):
            assert some.load(ids, epoch).durations.sum(1).tolist() == some.load(ids, epoch).mel_lengths.tolist()
    for path in rest:
        path.unlink()
    with pytest.raises(CorpusError, match="has no alignment 'reference'"):  # before the first step, not within an epoch
        mixed()


@pytest.mark.parametrize("model", ["fastpitch", "tacotron2", "transformertts"])
def test_resuming_is_exact(model, new, old, trained, random_run, losses_of, same_weights, tmp_path):
    source = random_run("source", model, speakers=("dani", "eva"))
    mixed = (f"training.rehearsal={{data: {old.folder.as_posix()}, share: 0.4}}", "training.checkpoint_every=4")
    whole = trained(model, run="whole", steps=12, data=new, init_from=source.path, overrides=mixed)
    trained(model, run="cut", steps=12, data=new, init_from=source.path, overrides=mixed)
    for checkpoint in RunFolder.open(tmp_path / "cut").checkpoints[1:]:
        for file in checkpoint.folder.iterdir():
            file.unlink()
        checkpoint.folder.rmdir()
    resumed = trained(model, run="cut", steps=None, data=new, resume=True, overrides=mixed)
    assert losses_of(resumed.path) == losses_of(whole.path)
    same_weights(resumed, whole)
    assert resumed.info["rehearsal"]["share"] == 0.4 and resumed.context.speakers.names == ("ana", "dani", "eva")
    with pytest.raises(MismatchError, match="something else") as error:
        trained(model, run="cut", steps=None, data=new, resume=True)
    assert "rehearsal share: the run has 0.4, now None" in error.value.why


def test_wrong_rehearsal_corpora(new, old, trained, tmp_path):
    def mixed(data, more=""):
        return (f"training.rehearsal={{data: {data}{more}}}",)

    with pytest.raises(CorpusError, match=r"not a prepared corpus"):
        trained(steps=1, data=new, overrides=mixed("nowhere"))
    with pytest.raises(UsageError, match="'zoe' to rehearse") as error:
        trained(steps=1, data=new, overrides=mixed(old.folder.as_posix(), ", speakers: [zoe]"))
    assert "dani, eva" in error.value.why
    info = json.loads((old.folder / "corpus.json").read_text(encoding="utf-8"))
    info["mel"]["f_max_hz"] = 7000.0
    (old.folder / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(MismatchError) as error:
        trained(steps=1, data=new, overrides=mixed(old.folder.as_posix()))
    assert "7000" in error.value.why and "same mel" in error.value.fix
    assert not (tmp_path / "run").exists()
