"""What the phone recogniser is trained on: distorted natural speech with its phones, a function of (seed, epoch, utterance)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.corpus.batches import utterance_seeds
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.measure.phones import Expected, expected_phones
from ttskit.measure.recogniser.timbres import as_heard, draw_timbre

__all__ = [
    "LENGTH_JITTER",
    "VOCODED_SHARE",
    "BandStatistics",
    "PhoneBatch",
    "PhoneBatches",
    "distort",
    "padded",
    "phones_of",
]

LENGTH_JITTER = 0.15  # lengths are jittered by this share before sorting, so that neighbours change from epoch to epoch
VOCODED_SHARE = 0.4  # how often an utterance that there is a vocoded copy of is heard as that copy


@dataclass(frozen=True, slots=True)
class PhoneBatch:
    """Sentences and what is said in them.

    Args:
        ids: the utterances, B of them.
        mel: normalised log mel (B, M, T), padded with 0.
        mel_lengths: frames of each (B,).
        phones: classes of all sentences behind each other (ΣP,), from 1 on, as CTC takes them.
        phone_lengths: phones of each sentence (B,).
    """

    ids: tuple[str, ...]
    mel: Tensor
    mel_lengths: Tensor
    phones: Tensor
    phone_lengths: Tensor

    @property
    def frames(self) -> int:
        """Frames without padding."""
        return int(self.mel_lengths.sum())

    def sentences(self) -> list[list[int]]:
        """Classes of each sentence."""
        return [own.tolist() for own in self.phones.split(self.phone_lengths.tolist())]

    def to(self, device: torch.device | str) -> PhoneBatch:
        """The same on another device."""
        moved = {k: getattr(self, k).to(device) for k in ("mel", "mel_lengths", "phones", "phone_lengths")}
        return replace(self, **moved)


@dataclass(frozen=True, slots=True)
class BandStatistics:
    """Mean and standard deviation of each mel band (M,) over some speech."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]) -> BandStatistics:
        """Over all frames of these utterances, one at a time: a corpus need not fit into memory."""
        count, total, squares = 0, np.zeros(corpus.mel.bands), np.zeros(corpus.mel.bands)
        for u in utterances:
            mel = corpus.features(u).mel.astype(np.float64)
            count, total, squares = count + mel.shape[1], total + mel.sum(1), squares + (mel**2).sum(1)
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
        return cls(torch.from_numpy(mean).float(), torch.from_numpy(std).float().clamp_min(1e-2))


class PhoneBatches:
    """Batches of whole utterances of similar length, distorted or as recorded.

    Args:
        corpus, utterances: what is heard.
        phones: the recogniser's phones, in the order of its classes.
        statistics: what the mels are normalised with.
        size: utterances per batch.
        seed: with the epoch, decides order and distortion.
        distorted: in other timbres and as synthetic speech is (for training), or not at all and always in one order (for
            validation).
        vocoded: by utterance, its mel (M, T) through a vocoder, which takes the recording's place now and then.
    """

    def __init__(
        self,
        corpus: PreparedCorpus,
        utterances: Sequence[PreparedUtterance],
        phones: Sequence[str],
        statistics: BandStatistics,
        size: int,
        seed: int,
        distorted: bool,
        vocoded: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.corpus, self.statistics, self.size, self.seed, self.distorted = corpus, statistics, size, seed, distorted
        self.vocoded = vocoded or {}
        self._utterances = sorted(utterances, key=lambda u: u.id)
        self._classes = {phone: i + 1 for i, phone in enumerate(phones)}

    def epoch(self, n: int) -> list[list[str]]:
        """Batches of epoch `n`: neighbours in length, in random order."""
        frames = np.array([u.frames for u in self._utterances])
        rng = np.random.default_rng([self.seed, n])
        jitter = rng.uniform(1 - LENGTH_JITTER, 1 + LENGTH_JITTER, len(frames)) if self.distorted else 1.0
        order = np.argsort(frames * jitter, kind="stable")
        groups = [[self._utterances[k].id for k in order[i : i + self.size]] for i in range(0, len(order), self.size)]
        return [groups[i] for i in rng.permutation(len(groups))] if self.distorted else groups

    def frames(self, ids: Sequence[str]) -> int:
        """Frames of a batch, padding counted (before distortion)."""
        return len(ids) * max(self.corpus.utterance(id).frames for id in ids)

    def load(self, ids: Sequence[str], epoch: int) -> PhoneBatch:
        """The batch of these utterances."""
        chosen = [self.corpus.utterance(id) for id in ids]
        s = self.statistics
        raw = [self.corpus.features(u).mel for u in chosen]
        rngs = [np.random.default_rng(seed) for seed in utterance_seeds(self.seed, epoch, chosen).tolist()]
        if self.distorted:
            raw = [self._retold(u, mel, rng) for u, mel, rng in zip(chosen, raw, rngs, strict=True)]
        mels = [(torch.tensor(mel) - s.mean[:, None]) / s.std[:, None] for mel in raw]
        if self.distorted:
            mels = [distort(mel, rng) for mel, rng in zip(mels, rngs, strict=True)]
        mel, lengths = padded(mels)
        phones = [[self._classes[p] for p in phones_of(self.corpus, u).phones] for u in chosen]
        return PhoneBatch(
            tuple(ids),
            mel,
            lengths,
            torch.tensor([c for own in phones for c in own], dtype=torch.int64),
            torch.tensor([len(own) for own in phones]),
        )

    def _retold(self, utterance: PreparedUtterance, mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The mel (M, T) in another timbre, and now and then through a vocoder."""
        copy = self.vocoded.get(utterance.id)
        if copy is not None and rng.random() < VOCODED_SHARE:
            mel = copy
        return as_heard(mel, draw_timbre(rng, self.corpus.mel), self.corpus.mel, rng)


def phones_of(corpus: PreparedCorpus, utterance: PreparedUtterance) -> Expected:
    """What is said in an utterance."""
    return expected_phones(utterance.tokens, utterance.token_words, corpus.symbols)


def padded(mels: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Mels (M, T) as one tensor (B, M, T), and their lengths (B,)."""
    lengths = torch.tensor([m.shape[1] for m in mels])
    x = torch.zeros(len(mels), mels[0].shape[0], int(lengths.max()))
    for i, m in enumerate(mels):
        x[i, :, : m.shape[1]] = m
    return x, lengths


def distort(mel: Tensor, rng: np.random.Generator) -> Tensor:
    """What synthetic speech does to a normalised mel (M, T) and does not make it another phone.

    Tempo, level, tilt, over-smoothed spectra, noise, and gaps in frequency and time.
    """
    bands = mel.shape[0]
    frames = max(8, round(mel.shape[1] * rng.uniform(0.85, 1.2)))
    x = F.interpolate(mel[None], size=frames, mode="linear", align_corners=False)[0]
    ramp = torch.linspace(-1, 1, bands)[:, None]
    x = x + float(rng.normal(0, 0.2)) + float(rng.normal(0, 0.2)) * ramp
    if rng.random() < 0.3:
        x = F.avg_pool2d(x[None, None], 3, stride=1, padding=1, count_include_pad=False)[0, 0]
    noise = torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
    x = x + noise * float(rng.uniform(0, 0.35))
    for _ in range(2):
        width, start = int(rng.integers(0, bands // 8 + 1)), int(rng.integers(0, bands))
        x[start : start + width] = 0.0
    return x
