"""Tacotron 2's losses: values that can be worked out by hand, counts that add up, and learning by heart."""

from __future__ import annotations

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticBatch, AcousticInput, ModelContext, TrainState
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.loss import mel_term
from ttskit_tacotron2.model import Tacotron2

SMALL = {
    "embedding_channels": 24,
    "encoder_channels": 24,
    "encoder_convolutions": 1,
    "prenet_channels": 24,
    "attention_lstm": 48,
    "decoder_lstms": 1,
    "attention_channels": 16,
    "location_channels": 4,
    "location_kernel": 7,
    "postnet_channels": 16,
    "postnet_convolutions": 2,
}


def model_and_batch(**options) -> tuple[Tacotron2, AcousticBatch]:
    torch.manual_seed(0)
    bands, lengths = 8, [6, 5, 3, 3]
    context = ModelContext(MelConfig(bands=bands), SymbolTable(("_", *"abcdef"), "_"), SpeakerTable(("one",)))
    sounds = torch.randn(7, bands)
    n = torch.tensor(lengths)
    tokens = torch.zeros(4, 6, dtype=torch.long)
    durations = torch.zeros(4, 6, dtype=torch.long)
    mels = []
    for row, length in enumerate(lengths):
        tokens[row, :length] = torch.randperm(6)[:length] + 1
        durations[row, :length] = torch.randint(4, 8, (length,))
        mels.append(sounds[tokens[row, :length]].repeat_interleave(durations[row, :length], 0))
    mel = torch.nn.utils.rnn.pad_sequence(mels, batch_first=True).transpose(1, 2).contiguous()
    speaker = torch.zeros(4, dtype=torch.long)
    batch = AcousticBatch(tuple("wxyz"), tokens, n, mel, durations.sum(1), speaker, durations=durations)
    return Tacotron2(Tacotron2Options(**{**SMALL, **options}), context), batch


def test_mel_term_values():
    predicted, target = torch.zeros(1, 2, 3), torch.tensor([[[1.0, 2.0, 9.0], [3.0, 0.0, 9.0]]])
    mask = torch.tensor([[True, True, False]])
    assert float(mel_term(predicted, target, mask, "mse").mean) == pytest.approx((1 + 4 + 9) / 4)
    assert float(mel_term(predicted, target, mask, "l1").mean) == pytest.approx(6 / 4)
    assert float(mel_term(predicted, target, mask, "mse+l1").mean) == pytest.approx(20 / 4)
    assert float(mel_term(predicted, target, None, "l1").mean) == pytest.approx(24 / 6)


@pytest.mark.parametrize("reduction", [1, 3])
def test_totals_and_counts_add_up_over_splits_of_a_batch(reduction):
    model, batch = model_and_batch(reduction=reduction, attention_supervision_weight=1.0)
    model.eval()
    state = TrainState(0, 0, 1)

    def losses(rows: slice):
        n, t = int(batch.token_lengths[rows].max()), int(batch.mel_lengths[rows].max())
        part = AcousticBatch(
            batch.ids[rows],
            batch.tokens[rows, :n],
            batch.token_lengths[rows],
            batch.mel[rows, :, :t],
            batch.mel_lengths[rows],
            batch.speaker[rows],
            durations=batch.durations[rows, :n],
        )
        return model.loss(model(part), part, state).terms

    whole, first, second = losses(slice(0, 4)), losses(slice(0, 1)), losses(slice(1, 4))
    assert set(whole) == {"mel", "mel_postnet", "stop", "guided_attention", "attention"}
    for name, term in whole.items():
        torch.testing.assert_close(term.total, first[name].total + second[name].total, rtol=1e-5, atol=1e-5)
        assert float(term.count) == pytest.approx(float(first[name].count) + float(second[name].count)), name


def train(model: Tacotron2, batch: AcousticBatch, total: int) -> None:
    """`total` steps on one batch."""
    plan = model.optimizers(total)["main"]

    def optimize(name, losses):
        plan.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip_norm)
        for group in plan.optimizer.param_groups:
            group["lr"] = 5e-3 * plan.schedule(state)
        plan.optimizer.step()

    for step in range(total):
        torch.manual_seed(step)
        state = TrainState(step, 0, total)
        model.training_step(batch, state, optimize)


def test_attention_aligns_alone_with_the_forward_sum_and_not_without():
    """No durations are shown: where attention looks is found out, not told."""
    right = {}
    for name, aids in (("alone", {}), ("aided", {"forward_sum_weight": 1.0, "alignment_prior_until": 0.3})):
        model, batch = model_and_batch(
            reduction=2,
            guided_attention_weight=0.0,
            learning_rate=5e-3,
            schedule="cosine",
            postnet_dropout=0.0,
            encoder_dropout=0.0,
            **aids,
        )
        train(model, batch, 100)
        at = model.eval()(batch).alignment.argmax(2)
        truth = [torch.repeat_interleave(torch.arange(6), durations) for durations in batch.durations]
        hits = torch.cat([at[row, : len(places)] == places for row, places in enumerate(truth)])
        right[name] = float(hits.float().mean())
    assert right["aided"] > 0.7 > right["alone"] + 0.1


def test_learns_four_sentences_by_heart_and_speaks_them():
    model, batch = model_and_batch(
        reduction=2,
        attention_supervision_weight=1.0,
        context_mixing=0.9,
        learning_rate=5e-3,
        schedule="cosine",
        postnet_dropout=0.0,
        encoder_dropout=0.0,
    )
    train(model, batch, 150)
    spoken = model.infer(
        AcousticInput(batch.tokens, batch.token_lengths), generators=[torch.Generator().manual_seed(seed) for seed in range(4)]
    )
    assert spoken.finished.all()
    assert int((spoken.lengths - batch.mel_lengths).abs().max()) <= 4
    for row in range(4):
        size = min(int(spoken.lengths[row]), int(batch.mel_lengths[row]))
        truth = torch.repeat_interleave(torch.arange(6), batch.durations[row])[:size]
        at = spoken.alignment[row, :size].argmax(1)
        assert float(((at - truth).abs() <= 1).float().mean()) >= 0.95
