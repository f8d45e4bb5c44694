"""Batches of a prepared corpus: whole utterances for acoustic models, segments for vocoders.

What a step sees is a function of (seed, epoch) alone; a process takes its share of each global batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ttskit.audio.mel import log_floor
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.corpus.subsets import utterances_of
from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.interfaces.acoustic import AcousticBatch, ModelContext, PitchStats
from ttskit.interfaces.vocoder import VocoderBatch

__all__ = [
    "FEATURES",
    "REHEARSED",
    "SHUFFLE_WIDTH",
    "AcousticBatches",
    "Rehearsal",
    "SegmentBatches",
    "full_batch",
    "normalised_pitch",
    "require_known",
    "utterance_seeds",
]

FEATURES = ("pitch", "energy", "durations")
SHUFFLE_WIDTH = 0.15  # lengths are jittered by this share before sorting, so that neighbours change from epoch to epoch


def _seed(*parts: object) -> int:
    """63 bits from (seed, epoch, …), the same on every machine (Python's own hash is salted)."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "big") >> 1


def utterance_seeds(seed: int, epoch: int, utterances: Iterable[PreparedUtterance]) -> Tensor:
    """One seed per utterance (B,) int64, a function of (seed, epoch, utterance)."""
    return _seeds(seed, epoch, [u.id for u in utterances])


def _seeds(seed: int, epoch: int, ids: Iterable[str]) -> Tensor:
    return torch.tensor([_seed(seed, epoch, id) for id in ids], dtype=torch.int64)


def _at_least(groups: list[list[str]], least: int) -> list[list[str]]:
    """Join batches smaller than `least` with their neighbour, so that every process has something to do.

    This leaves groups of `least` or more as they are: batches depend on the number of processes only
    where a batch would not have one utterance for each (and then each process holds one or a few).
    """
    whole: list[list[str]] = []
    for group in groups:
        if whole and (len(group) < least or len(whole[-1]) < least):
            whole[-1] = whole[-1] + group
        else:
            whole.append(group)
    if len(whole[-1]) < least:  # fewer utterances than processes: some are seen twice
        only = whole[-1]
        whole[-1] = [only[i % len(only)] for i in range(least)]
    return whole


@dataclass(frozen=True)
class Rehearsal:
    """Another corpus that is mixed in, so that what a model could say before is not forgotten.

    Args:
        corpus: it must have the same mel content.
        share: of the utterances of an epoch, above 0 and below 1.
        speakers: whose utterances; empty for all.
        alignment: only utterances that have this alignment; None for all.
    """

    corpus: PreparedCorpus
    share: float
    speakers: tuple[str, ...] = ()
    alignment: str | None = None

    def utterances(self) -> list[PreparedUtterance]:
        """What is drawn from: the training split, by id.

        Raises:
            CorpusError: nothing in it is of these speakers, or has the alignment.
        """
        chosen = [u for u in utterances_of(self.corpus, "train") if not self.speakers or u.speaker in self.speakers]
        if not chosen:
            names = ", ".join(self.speakers)
            raise CorpusError(
                f"{self.corpus.folder} has nothing to rehearse",
                f"no training utterance of {names}",
                f"its speakers: {', '.join(self.corpus.speakers.names[:8])}",
            )
        if self.alignment is not None:
            kept = [u for u in chosen if self.corpus.has_alignment(u, self.alignment)]
            if not kept:
                self.corpus.alignment(chosen[0], self.alignment)  # tells which alignments there are
            chosen = kept
        return sorted(chosen, key=lambda u: u.id)

    def drawn(self, beside: int, seed: int, epoch: int) -> list[PreparedUtterance]:
        """The utterances of an epoch that stand beside so many of the main corpus.

        All come in turn before one comes again (in another order), whatever the share and however often a training
        was stopped: the draw is a function of (seed, epoch).
        """
        pool = self.utterances()
        count = max(1, round(beside * self.share / (1.0 - self.share)))
        turns = range(epoch * count, (epoch + 1) * count)
        orders = {
            k: np.random.default_rng(_seed(seed, "rehearsal", k)).permutation(len(pool))
            for k in sorted({t // len(pool) for t in turns})
        }
        return [pool[orders[t // len(pool)][t % len(pool)]] for t in turns]


REHEARSED = "rehearsal/"  # before the ids of rehearsed utterances: two corpora may use the same ids


class AcousticBatches:
    """Batches of whole utterances of similar length, under a budget of padded frames.

    Args:
        corpus, split: what to read.
        features: which of "pitch", "energy", "durations" to load.
        frames_per_batch: most frames of a global batch, padding counted (one utterance may be longer).
        max_utterances: most utterances of a global batch.
        seed: with the epoch, decides order and per-utterance seeds.
        alignment: name of the alignment that gives durations; utterances without it are left out (`left_out`).
        rank, world: this process and their number.
        context: whose numbers symbols and speakers get, and whose pitch statistics; the corpus's own if None.
        rehearsal: another corpus that is mixed in.
        minutes: of the training split (`subsets.utterances_of`); all of it if None.
    """

    def __init__(
        self,
        corpus: PreparedCorpus,
        split: str,
        features: Sequence[str],
        frames_per_batch: int,
        max_utterances: int,
        seed: int,
        alignment: str | None = None,
        rank: int = 0,
        world: int = 1,
        context: ModelContext | None = None,
        rehearsal: Rehearsal | None = None,
        minutes: float | None = None,
    ) -> None:
        _check_features(features, alignment)
        self.context, self.rehearsal = context, rehearsal
        self.corpus, self.features, self.alignment = corpus, tuple(features), alignment
        self.frames_per_batch, self.max_utterances, self.seed = frames_per_batch, max_utterances, seed
        self.rank, self.world = rank, world
        self._utterances = sorted(utterances_of(corpus, split, minutes), key=lambda u: u.id)
        self.left_out: list[str] = []
        if "durations" in self.features:
            self._leave_out()

    def _leave_out(self) -> None:
        """Drop the utterances without the alignment, which another tool may not have managed; `left_out` keeps their ids."""
        kept = [u for u in self._utterances if self.corpus.has_alignment(u, self.alignment)]
        if not kept:
            self.corpus.alignment(self._utterances[0], self.alignment)  # tells which alignments there are
        self.left_out = sorted({u.id for u in self._utterances} - {u.id for u in kept})
        self._utterances = kept
        if self.rehearsal is not None:
            everything = self.rehearsal.utterances()
            self.rehearsal = replace(self.rehearsal, alignment=self.alignment)
            aligned = {u.id for u in self.rehearsal.utterances()}
            self.left_out += [f"{REHEARSED}{u.id}" for u in everything if u.id not in aligned]

    def epoch(self, n: int) -> list[list[str]]:
        """Global batches of epoch `n`, each sorted by decreasing token length."""
        rng = np.random.default_rng(_seed(self.seed, n, "order"))
        pool = list(self._pool(n))
        frames = np.array([u.frames for _, u in pool])
        order = np.argsort(frames * (1 + SHUFFLE_WIDTH * (rng.random(len(frames)) - 0.5)), kind="stable")
        groups: list[list[str]] = []
        longest = 0
        for index in order:
            longest = max(longest, int(frames[index])) if groups else int(frames[index])
            full = (
                not groups or len(groups[-1]) >= self.max_utterances or longest * (len(groups[-1]) + 1) > self.frames_per_batch
            )
            if full:
                groups.append([])
                longest = int(frames[index])
            groups[-1].append(pool[index][0])
        groups = _at_least(groups, self.world)
        tokens = {id: len(u.tokens) for id, u in pool}
        return [sorted(groups[i], key=lambda id: (-tokens[id], id)) for i in rng.permutation(len(groups))]

    def _pool(self, n: int) -> Iterator[tuple[str, PreparedUtterance]]:
        """The utterances of epoch `n` with the ids that batches give them; a short rehearsal corpus may repeat one."""
        yield from ((u.id, u) for u in self._utterances)
        if self.rehearsal is not None:
            for k, u in enumerate(self.rehearsal.drawn(len(self._utterances), self.seed, n)):
                yield f"{REHEARSED}{k}/{u.id}", u

    def _found(self, id: str) -> tuple[PreparedCorpus, PreparedUtterance]:
        if self.rehearsal is not None and id.startswith(REHEARSED):
            return self.rehearsal.corpus, self.rehearsal.corpus.utterance(id.removeprefix(REHEARSED).partition("/")[2])
        return self.corpus, self.corpus.utterance(id)

    def frames(self, ids: Sequence[str]) -> int:
        """Frames of a global batch, padding counted."""
        return len(ids) * max(self._found(id)[1].frames for id in ids)

    def spoken_frames(self, ids: Sequence[str]) -> int:
        """The same without padding."""
        return sum(self._found(id)[1].frames for id in ids)

    def load(self, ids: Sequence[str], epoch: int) -> AcousticBatch:
        """This process's share `ids[rank::world]` of a global batch."""
        mine = ids[self.rank :: self.world]
        found = [self._found(id) for id in mine]
        return _collate(
            found, mine, self.context or self.corpus.context(), self.features, self.alignment, _seeds(self.seed, epoch, mine)
        )


def _check_features(features: Sequence[str], alignment: str | None) -> None:
    unknown = [f for f in features if f not in FEATURES]
    if unknown:
        raise UsageError(f"unknown feature {unknown[0]!r}", f"there are: {', '.join(FEATURES)}", "")
    if "durations" in features and alignment is None:
        raise UsageError("durations need an alignment", "no alignment was named", 'name one, such as alignment="reference"')


def full_batch(
    corpus: PreparedCorpus,
    utterances: Sequence[PreparedUtterance],
    features: Sequence[str] = (),
    alignment: str | None = None,
    seeds: Tensor | None = None,
    context: ModelContext | None = None,
) -> AcousticBatch:
    """Collate these utterances in the order given (for validation and comparison).

    Args:
        context: that of the model that is to see the batch: a run may number symbols and speakers otherwise than the
            corpus, and have normalised pitch with other statistics. The corpus's own if None.
    """
    _check_features(features, alignment)
    context = context or corpus.context()
    return _collate([(corpus, u) for u in utterances], [u.id for u in utterances], context, features, alignment, seeds)


def require_known(corpus: PreparedCorpus, context: ModelContext, run: str) -> None:
    """Whether a run's model can read a corpus by name: it may know more symbols and speakers, in another order.

    Raises:
        MismatchError: another mel content, or symbols or speakers that the run does not have.
    """
    context.mel.require_same_content(corpus.mel, f"run {run!r}", "the corpus")
    for what, here, there in (
        ("symbol", corpus.symbols.symbols, context.symbols.symbols),
        ("speaker", corpus.speakers.names, context.speakers.names),
    ):
        unknown = [name for name in here if name not in there]
        if unknown:
            raise MismatchError(
                f"run {run!r} does not know {what} {unknown[0]!r}",
                f"{len(unknown)} of {corpus.folder} are not in it; it knows: {', '.join(there[:8])}",
                f"fine-tune it first: ttskit train --init-from RUN --data {corpus.folder}",
            )


def _collate(
    found: Sequence[tuple[PreparedCorpus, PreparedUtterance]],
    ids: Sequence[str],
    context: ModelContext,
    features: Sequence[str],
    alignment: str | None,
    seeds: Tensor | None,
) -> AcousticBatch:
    utterances = [u for _, u in found]
    stored = [corpus.features(u) for corpus, u in found]
    size, count = max(u.frames for u in utterances), len(utterances)
    tokens = [torch.tensor(context.symbols.ids(u.tokens), dtype=torch.int64) for u in utterances]
    mel = torch.zeros(count, context.mel.bands, size)
    pitch = torch.zeros(count, size) if "pitch" in features else None
    energy = torch.zeros(count, size) if "energy" in features else None
    lengths = torch.tensor([len(t) for t in tokens])
    durations = torch.zeros(count, int(lengths.max()), dtype=torch.int64) if "durations" in features else None
    for i, ((corpus, u), s) in enumerate(zip(found, stored, strict=True)):
        frame = torch.tensor(s.mel)
        mel[i, :, : u.frames] = frame
        if energy is not None:
            energy[i, : u.frames] = frame.norm(dim=0)
        if pitch is not None:
            stats, hz = context.pitch.get(u.speaker) or corpus.pitch[u.speaker], torch.tensor(s.pitch_hz)
            pitch[i, : u.frames] = normalised_pitch(hz, stats)
        if durations is not None:
            durations[i, : lengths[i]] = torch.from_numpy(corpus.alignment(u, alignment))
    return AcousticBatch(
        ids=tuple(ids),
        tokens=torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=context.symbols.pad_id),
        token_lengths=lengths,
        mel=mel,
        mel_lengths=torch.tensor([u.frames for u in utterances]),
        speaker=torch.tensor([context.speakers.id(u.speaker) for u in utterances]),
        pitch=pitch,
        energy=energy,
        durations=durations,
        seeds=seeds,
    )


def normalised_pitch(hz: Tensor, stats: PitchStats) -> Tensor:
    """F0 in Hz in units of the speaker's deviation about the speaker's mean; unvoiced stays 0."""
    return torch.where(hz > 0, (hz - stats.mean_hz) / stats.std_hz, 0.0)


class SegmentBatches:
    """Random segments of `segment_frames` frames with the samples that belong to them (see `Vocoder`).

    The segment of an utterance is a function of (seed, epoch, utterance). `mels` gives the mel (M, T) of an
    utterance, T its frames, where that is not the corpus's own (an acoustic model's, see `forced`); `features` may name
    "pitch", which is always the recording's. `minutes` as for `AcousticBatches`.
    """

    def __init__(
        self,
        corpus: PreparedCorpus,
        split: str,
        segment_frames: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        mels: Callable[[PreparedUtterance], np.ndarray] | None = None,
        features: Sequence[str] = (),
        minutes: float | None = None,
    ) -> None:
        unknown = [f for f in features if f != "pitch"]
        if unknown:
            raise UsageError(f"segments have no feature {unknown[0]!r}", "a vocoder may ask for: pitch", "")
        self.features = tuple(features)
        self._mel = mels or (lambda u: corpus.features(u).mel)
        self.corpus, self.segment_frames, self.batch_size, self.seed = corpus, segment_frames, batch_size, seed
        self.rank, self.world = rank, world
        self._ids = sorted(u.id for u in utterances_of(corpus, split, minutes))

    def epoch(self, n: int) -> list[list[str]]:
        """Global batches of epoch `n`."""
        order = np.random.default_rng(_seed(self.seed, n, "order")).permutation(len(self._ids))
        ids = [self._ids[i] for i in order]
        return _at_least([ids[i : i + self.batch_size] for i in range(0, len(ids), self.batch_size)], self.world)

    def load(self, ids: Sequence[str], epoch: int) -> VocoderBatch:
        """This process's share `ids[rank::world]` of a global batch."""
        mine = [self.corpus.utterance(id) for id in ids[self.rank :: self.world]]
        parts = [self._segment(u, epoch) for u in mine]
        return VocoderBatch(
            tuple(u.id for u in mine),
            torch.stack([m for m, *_ in parts]),
            torch.stack([a for _, a, _ in parts]),
            utterance_seeds(self.seed, epoch, mine),
            torch.stack([f for *_, f in parts]) if "pitch" in self.features else None,
        )

    def frames(self, ids: Sequence[str]) -> int:
        """Frames of a global batch: segments of one length."""
        return len(ids) * self.segment_frames

    spoken_frames = frames  # a segment's padding is rare: it stands for speech

    def _segment(self, u: PreparedUtterance, epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        """mel (M, T), audio (T * hop,) and F0 (T,) of a segment."""
        c, length = self.corpus.mel, self.segment_frames
        start = int(np.random.default_rng(_seed(self.seed, epoch, u.id, "segment")).integers(max(1, u.frames - length + 1)))
        frames = self._mel(u)[:, start : start + length]
        mel = torch.full((c.bands, length), log_floor(c))
        mel[:, : frames.shape[1]] = torch.tensor(frames)
        source = self.corpus.audio(u)
        first = start * c.hop_samples + c.waveform_start_samples
        last = min(first + frames.shape[1] * c.hop_samples, len(source))
        audio = torch.zeros(length * c.hop_samples)
        audio[max(0, -first) : last - first] = torch.tensor(source[max(0, first) : last])
        pitch = torch.zeros(length)
        if "pitch" in self.features:
            pitch[: frames.shape[1]] = torch.tensor(self.corpus.features(u).pitch_hz[start : start + length])
        return mel, audio, pitch
