"""Batches: budgets, order, shares of processes, features, segments on the recording's clock."""

import numpy as np
import pytest
import soundfile
import torch

from ttskit.audio.mel import MelExtractor, log_floor
from ttskit.corpus import AcousticBatches, PreparedCorpus, SegmentBatches, full_batch, prepare
from ttskit.errors import CorpusError, UsageError


@pytest.fixture(scope="module")
def made():
    return {}


@pytest.fixture
def ready(made, corpus, tmp_path_factory, recipe, registry):
    if "folder" not in made:
        made["folder"] = tmp_path_factory.mktemp("batches") / "out"
        prepare(corpus, made["folder"], recipe(), registry=registry)
    return PreparedCorpus.open(made["folder"])


def test_every_utterance_once_within_the_budget_and_sorted_by_tokens(ready):
    batches = AcousticBatches(ready, "train", (), frames_per_batch=250, max_utterances=3, seed=1)
    for n in range(4):
        groups = batches.epoch(n)
        assert sorted(id for g in groups for id in g) == sorted(u.id for u in ready.split("train"))
        for group in groups:
            utterances = [ready.utterance(id) for id in group]
            assert len(group) <= 3 and max(u.frames for u in utterances) * len(group) <= 250
            lengths = [len(u.tokens) for u in utterances]
            assert lengths == sorted(lengths, reverse=True)
    assert len(groups) > 3


def test_order_is_a_function_of_seed_and_epoch_and_not_of_the_processes(ready):
    make = lambda seed, n, world=1: AcousticBatches(ready, "train", (), 300, 4, seed, world=world).epoch(n)  # noqa: E731
    assert make(1, 0) == make(1, 0) != make(1, 1)
    assert make(1, 0) != make(2, 0)
    alone = AcousticBatches(ready, "train", (), 1000, 5, 1)
    assert alone.epoch(0) == AcousticBatches(ready, "train", (), 1000, 5, 1, rank=1, world=2).epoch(0)
    segments = [SegmentBatches(ready, "train", 8, 5, 1, rank=0, world=w).epoch(3) for w in (1, 2)]
    assert segments[0] == segments[1] and segments[0] != SegmentBatches(ready, "train", 8, 5, 1).epoch(4)


def test_processes_share_a_global_batch_without_overlap(ready):
    whole = AcousticBatches(ready, "train", ("pitch",), 1000, 5, 1)
    ids = whole.epoch(0)[0]
    alone = whole.load(ids, 0)
    parts = [AcousticBatches(ready, "train", ("pitch",), 1000, 5, 1, rank=r, world=2).load(ids, 0) for r in range(2)]
    assert sorted(parts[0].ids + parts[1].ids) == sorted(ids) and alone.ids == tuple(ids)
    seeds = dict(zip(alone.ids, alone.seeds.tolist(), strict=True))
    for part in parts:
        assert [seeds[id] for id in part.ids] == part.seeds.tolist()
    assert whole.load(ids, 1).seeds.tolist() != alone.seeds.tolist() and len(set(alone.seeds.tolist())) == len(ids)


def test_every_global_batch_has_one_utterance_for_each_process(ready):
    for world in (2, 3, 4):
        groups = AcousticBatches(ready, "train", (), 90, 1, seed=1, world=world).epoch(
            0
        )  # the budget alone gives batches of one
        assert min(map(len, groups)) >= world and sum(map(len, groups)) == len(ready.split("train"))
        (only,) = AcousticBatches(ready, "validation", (), 1000, 5, seed=1, world=world).epoch(0)
        assert len(only) == world


def test_what_a_batch_holds(ready):
    for u in ready.utterances:
        ready.write_alignment("even", u, [u.frames - len(u.tokens) + 1] + [1] * (len(u.tokens) - 1))
    chosen = [ready.utterance(id) for id in ("u09", "u02", "u04")]  # the order given stays
    batch = full_batch(ready, chosen, ("pitch", "energy", "durations"), alignment="even")
    assert batch.ids == ("u09", "u02", "u04")
    assert batch.mel.shape == (3, 80, max(u.frames for u in chosen)) and batch.mel.dtype == torch.float32
    for i, u in enumerate(chosen):
        features, n, t = ready.features(u), len(u.tokens), u.frames
        assert (int(batch.token_lengths[i]), int(batch.mel_lengths[i])) == (n, t)
        assert (
            batch.tokens[i, :n].tolist() == ready.symbols.ids(u.tokens) and (batch.tokens[i, n:] == ready.symbols.pad_id).all()
        )
        np.testing.assert_array_equal(batch.mel[i, :, :t].numpy(), features.mel)
        assert not batch.mel[i, :, t:].any() and not batch.pitch[i, t:].any() and not batch.energy[i, t:].any()
        stats, hz = ready.pitch["ana"], features.pitch_hz
        np.testing.assert_allclose(
            batch.pitch[i, :t].numpy(), np.where(hz > 0, (hz - stats.mean_hz) / stats.std_hz, 0), atol=1e-5
        )
        np.testing.assert_allclose(batch.energy[i, :t].numpy(), np.sqrt((features.mel**2).sum(0)), rtol=1e-5)
        assert batch.durations[i].sum() == t and (batch.durations[i, n:] == 0).all()
    assert full_batch(ready, chosen).pitch is None and full_batch(ready, chosen).durations is None


def test_wrong_requests_are_named(ready):
    with pytest.raises(UsageError, match="unknown feature 'f0'"):
        AcousticBatches(ready, "train", ("f0",), 100, 1, 1)
    with pytest.raises(UsageError, match="durations need an alignment"):
        AcousticBatches(ready, "train", ("durations",), 100, 1, 1)
    with pytest.raises(CorpusError, match="unknown split"):
        AcousticBatches(ready, "dev", (), 100, 1, 1)


def test_segments_hold_the_samples_around_their_frames(ready):
    batches = SegmentBatches(ready, "train", segment_frames=12, batch_size=4, seed=1)
    hop, start = ready.mel.hop_samples, ready.mel.waveform_start_samples
    ids = batches.epoch(0)[0]
    batch, places = batches.load(ids, 0), set()
    assert batch.mel.shape == (4, 80, 12) and batch.audio.shape == (4, 12 * hop)
    for i, id in enumerate(batch.ids):
        u = ready.utterance(id)
        mel, audio = ready.features(u).mel, ready.audio(u)
        (k,) = [k for k in range(u.frames - 11) if np.array_equal(mel[:, k : k + 12], batch.mel[i].numpy())]
        places.add(k)
        padded = np.pad(audio, (-start, 12 * hop))
        np.testing.assert_array_equal(batch.audio[i].numpy(), padded[k * hop : (k + 12) * hop])
    assert len(places) > 1 and torch.equal(batch.mel, batches.load(ids, 0).mel)
    assert not torch.equal(batch.mel, batches.load(ids, 1).mel)  # another epoch, other segments
    inner = MelExtractor(ready.mel)(batch.audio)[:, :, 4:9]  # frames of the segment's own audio, away from its edges
    assert inner.shape[-1] == 5 and torch.isfinite(inner).all()


def test_segments_carry_the_recordings_pitch_if_asked(ready):
    batches = SegmentBatches(ready, "train", segment_frames=12, batch_size=4, seed=1, features=("pitch",))
    plain = SegmentBatches(ready, "train", segment_frames=12, batch_size=4, seed=1)
    ids = batches.epoch(0)[0]
    batch = batches.load(ids, 0)
    assert torch.equal(batch.mel, plain.load(ids, 0).mel) and plain.load(ids, 0).pitch_hz is None
    assert batch.pitch_hz.shape == (4, 12) and float(batch.pitch_hz.max()) > 50
    for i, u in enumerate(map(ready.utterance, batch.ids)):
        features = ready.features(u)
        (k,) = [k for k in range(u.frames - 11) if np.array_equal(features.mel[:, k : k + 12], batch.mel[i].numpy())]
        np.testing.assert_array_equal(batch.pitch_hz[i].numpy(), features.pitch_hz[k : k + 12])
    short = SegmentBatches(ready, "validation", segment_frames=400, batch_size=4, seed=1, features=("pitch",))
    u = ready.split("validation")[0]
    assert not short.load([u.id], 0).pitch_hz[0, u.frames :].any()
    with pytest.raises(UsageError, match="segments have no feature 'energy'"):
        SegmentBatches(ready, "train", 12, 4, 1, features=("energy",))


def test_clips_shorter_than_a_segment_are_filled_with_silence(ready):
    u = ready.split("validation")[0]
    batch = SegmentBatches(ready, "validation", segment_frames=400, batch_size=4, seed=1).load([u.id], 0)
    assert batch.mel.shape == (1, 80, 400) and batch.audio.shape == (1, 400 * ready.mel.hop_samples)
    np.testing.assert_array_equal(batch.mel[0, :, : u.frames].numpy(), ready.features(u).mel)
    assert (batch.mel[0, :, u.frames :] == log_floor(ready.mel)).all()
    first = -ready.mel.waveform_start_samples
    shown = min(u.samples, u.frames * ready.mel.hop_samples - first)
    np.testing.assert_array_equal(batch.audio[0, first : first + shown].numpy(), ready.audio(u)[:shown])
    assert not batch.audio[0, :first].any() and not batch.audio[0, first + shown :].any()


def test_two_speakers_are_normalised_by_their_own_statistics(tmp_path, recipe, registry, tone):
    rows = []
    for name, hz in (("ana", 220), ("beto", 110)):
        for i, word in enumerate(("casa", "perro", "luna", "mesa")):
            soundfile.write(tmp_path / f"{name}{i}.wav", tone(hz + 5 * i, 0.5), 8000)
            rows.append(f"{name}{i}.wav|{name}|{word} {name}")
    (tmp_path / "list.txt").write_text("\n".join(rows), encoding="utf-8")
    prepare(tmp_path, tmp_path / "out", recipe(validation=1, test=1), registry=registry)
    ready = PreparedCorpus.open(tmp_path / "out")
    assert 215 < ready.pitch["ana"].mean_hz < 240 and 105 < ready.pitch["beto"].mean_hz < 130
    for name in ("ana", "beto"):
        assert {u.split for u in ready.utterances if u.speaker == name} == {"train", "validation", "test"}
    batch = full_batch(ready, ready.split("train"), ("pitch",))
    for name in ("ana", "beto"):
        own = batch.pitch[batch.speaker == ready.speakers.id(name)]
        assert abs(float(own[own != 0].mean())) < 0.05


def test_the_cache_forgets_the_oldest_and_survives_pickling(ready, monkeypatch):
    import pickle

    from ttskit.corpus import prepared

    size = sum(a.nbytes for a in (ready.features(ready.utterances[0]).mel, ready.features(ready.utterances[0]).pitch_hz))
    monkeypatch.setattr(prepared, "CACHE_BYTES", 3 * size)
    small = PreparedCorpus.open(ready.folder)
    first = small.features(small.utterances[0])
    assert small.features(small.utterances[0]) is first and not first.mel.flags.writeable
    for u in small.utterances[1:]:
        small.features(u)
    assert small.features(small.utterances[0]) is not first
    other = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(other.features(other.utterances[0]).mel, first.mel)
