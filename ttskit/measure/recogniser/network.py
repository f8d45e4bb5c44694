"""A small phone recogniser (CTC), trained on the corpus's own natural speech: the judge of robustness.

Graves et al. 2006, "Connectionist temporal classification". It need not be good at speech in
general: it hears one corpus, and its own error on natural held-out speech is reported beside every verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.config.comparison import RecogniserConfig
from ttskit.interfaces.trainable import Losses, LossTerm, Optimize, OptimizerPlan, Trainable, TrainState
from ttskit.measure.phones import align_phones
from ttskit.measure.recogniser.batches import PhoneBatch, padded
from ttskit.measure.recogniser.splices import cut_points, spliced
from ttskit.nn import length_mask

__all__ = ["SPLICED_FROM", "SPLICED_SHARE", "TIE", "WARM_UP", "PhoneRecogniser", "best_path", "one_cycle"]

WARM_UP = 0.1  # share of training in which the learning rate rises
SPLICED_FROM = 0.3  # share of training before which it does not know where the phones are
SPLICED_SHARE = 0.4  # of the sentences from then on
TIE = 1e-3  # weight of the CTC loss in the ranking: less than one phone of a thousand, so that it only decides between equals


class PhoneRecogniser(Trainable):
    """Log mel to phone probabilities: residual convolutions that see about one second, and a linear layer.

    No recurrence on purpose: a judge that knows the sentences by heart would hear words that were skipped.
    Padding never reaches a real frame, so a sentence is heard alike alone and in a batch.

    Args:
        config: its size and training.
        bands: mel bands (M).
        phones: what it tells apart; class 0 is CTC's blank, phone i is class i + 1.
        stride: mel frames per output frame.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: RecogniserConfig, bands: int, phones: Sequence[str], stride: int) -> None:
        super().__init__()
        self.phones, self.stride, self.learning_rate = tuple(phones), stride, config.learning_rate
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("std", torch.ones(bands))
        width = config.channels
        self.stem = nn.Conv1d(bands, width, 5, stride=stride, padding=2)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in config.dilations)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 5, dilation=d, padding=2 * d) for d in config.dilations)
        self.last = nn.LayerNorm(width)
        self.out = nn.Linear(width, len(phones) + 1)

    def normalise(self, mel: Tensor) -> Tensor:
        """Each band of a mel (…, M, T) to mean 0 and deviation 1 over the training speech."""
        return (mel - self.mean[:, None]) / self.std[:, None]

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised mel (B, M, T), lengths (B,) → log probabilities (B, T', phones + 1), lengths (B,)."""
        x = self.stem(x * length_mask(lengths, x.shape[2])[:, None])
        lengths = (lengths - 1) // self.stride + 1
        mask = length_mask(lengths, x.shape[2])[:, None]
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = x + F.gelu(conv(norm(x.transpose(1, 2)).transpose(1, 2) * mask))
        return self.out(self.last(x.transpose(1, 2))).log_softmax(-1), lengths

    @torch.inference_mode()
    def posteriors(self, mels: Sequence[np.ndarray], batch: int = 16) -> list[Tensor]:
        """Log probabilities (T', phones + 1) of each log mel (M, T), in order."""
        found = [torch.zeros(0)] * len(mels)
        order = sorted(range(len(mels)), key=lambda i: mels[i].shape[1])
        self.eval()
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            x, lengths = padded([self.normalise(torch.tensor(mels[i], dtype=torch.float32)) for i in rows])
            scores, frames = self(x, lengths)
            for index, own, count in zip(rows, scores, frames.tolist(), strict=True):
                found[index] = own[:count].clone()
        return found

    def spelt(self, posteriors: Tensor) -> tuple[str, ...]:
        """Phones heard, by taking the likeliest class of each frame of log probabilities (T', phones + 1)."""
        (classes,) = best_path(posteriors[None], torch.tensor([len(posteriors)]))
        return tuple(self.phones[c - 1] for c in classes)

    def recognise(self, mels: Sequence[np.ndarray], batch: int = 16) -> list[tuple[str, ...]]:
        """Phones heard in each log mel (M, T)."""
        return [self.spelt(own) for own in self.posteriors(mels, batch)]

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        """AdamW under one cycle of the learning rate."""
        adamw = torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=1e-2)
        return {"recogniser": OptimizerPlan(adamw, one_cycle, clip_norm=1.0)}

    def training_step(self, batch: PhoneBatch, state: TrainState, optimize: Optimize) -> dict[str, Tensor]:
        """The CTC loss of distorted natural speech, per phone, averaged over sentences.

        Once it hears well enough to know where the phones are, some sentences have phones cut out or said twice.
        """
        if state.progress >= SPLICED_FROM:
            batch = self._spliced(batch, np.random.default_rng([state.seed, state.step]))
        scores, frames = self(batch.mel, batch.mel_lengths)
        optimize("recogniser", Losses({"ctc": self._ctc(scores, frames, batch)}))
        return {}

    def validation_losses(self, batch: PhoneBatch, state: TrainState) -> Losses:
        """Phone error rate, which ranks checkpoints; the CTC loss decides between equals."""
        scores, frames = self(batch.mel, batch.mel_lengths)
        heard = best_path(scores, frames)
        errors = sum(align_phones(said, own).errors for said, own in zip(batch.sentences(), heard, strict=True))
        rate = LossTerm(torch.tensor(float(errors)), float(batch.phone_lengths.sum()))
        ctc = self._ctc(scores, frames, batch)
        return Losses({"phone_error_rate": rate, "ctc": LossTerm(ctc.total, ctc.count, TIE)})

    @torch.no_grad()
    def _spliced(self, batch: PhoneBatch, rng: np.random.Generator) -> PhoneBatch:
        """The batch with edits in some of its sentences, in sound and text alike."""
        chosen = np.flatnonzero(rng.random(len(batch.ids)) < SPLICED_SHARE).tolist()
        if not chosen:
            return batch
        scores, frames = self(batch.mel[chosen], batch.mel_lengths[chosen])
        mels = [mel[:, :n] for mel, n in zip(batch.mel, batch.mel_lengths.tolist(), strict=True)]
        said = batch.sentences()
        for row, own, count in zip(chosen, scores, frames.tolist(), strict=True):
            points = cut_points(own[:count].numpy(), said[row], self.stride) if len(said[row]) > 1 else None
            if points is not None:
                mels[row], said[row] = spliced(mels[row], said[row], points, rng)
        mel, lengths = padded(mels)
        phones = torch.tensor([c for own in said for c in own], dtype=torch.int64)
        return PhoneBatch(batch.ids, mel, lengths, phones, torch.tensor([len(own) for own in said]))

    def _ctc(self, scores: Tensor, frames: Tensor, batch: PhoneBatch) -> LossTerm:
        each = F.ctc_loss(
            scores.transpose(0, 1), batch.phones, frames, batch.phone_lengths, reduction="none", zero_infinity=True
        )
        return LossTerm((each / batch.phone_lengths.clamp_min(1)).sum(), float(len(batch.ids)))


def best_path(scores: Tensor, frames: Tensor) -> Iterator[list[int]]:
    """Classes heard in each row of log probabilities (B, T', C): each frame's likeliest, without repeats and blanks (0)."""
    best = scores.argmax(-1)
    for row, count in enumerate(frames.tolist()):
        yield [c for c in torch.unique_consecutive(best[row, :count]).tolist() if c]


def one_cycle(state: TrainState) -> float:
    """Factor on the learning rate: up over the first tenth of training, then down along a cosine."""
    if state.progress < WARM_UP:
        return state.progress / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (state.progress - WARM_UP) / (1 - WARM_UP))) + 1e-3
