"""The aids to alignment: reduction schedule, alignment learning, hidden teacher frames: their values, and that they fade."""

from __future__ import annotations

import copy

import pytest
import torch
from pydantic import ValidationError

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticBatch, AcousticInput, TrainState
from ttskit.nn import forward_sum_loss
from ttskit.testing import tiny_batch, tiny_context
from ttskit.testing.numerics import rounding_of
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.lead import Lead
from ttskit_tacotron2.model import Tacotron2

BANDS = 6
SMALL = {
    "embedding_channels": 8,
    "encoder_channels": 12,
    "encoder_convolutions": 2,
    "prenet_channels": 8,
    "attention_lstm": 16,
    "decoder_lstm": 14,
    "attention_channels": 8,
    "location_channels": 3,
    "location_kernel": 5,
    "postnet_channels": 8,
    "postnet_convolutions": 3,
    "frames_per_token": 2.0,
    "frames_floor": 12,
}
SCHEDULE = {"reduction": 2, "reduction_schedule": [[4, 0.2], [3, 0.5]], "prenet_input": "last"}


def make(speakers: int = 1, **options) -> Tacotron2:
    torch.manual_seed(1)
    return Tacotron2(Tacotron2Options(**{**SMALL, **options}), context(speakers))


def context(speakers: int = 1):
    return tiny_context(MelConfig(bands=BANDS), ("ana", "beto")[:speakers])


def make_batch(lengths=(9, 6, 4), speakers: int = 1) -> AcousticBatch:
    return tiny_batch(context(speakers), lengths)


def row_of(batch: AcousticBatch, row: int) -> AcousticBatch:
    n, t, cut = int(batch.token_lengths[row]), int(batch.mel_lengths[row]), slice(row, row + 1)
    return AcousticBatch(
        batch.ids[cut],
        batch.tokens[cut, :n],
        batch.token_lengths[cut],
        batch.mel[cut, :, :t],
        batch.mel_lengths[cut],
        batch.speaker[cut],
        durations=batch.durations[cut, :n],
        seeds=batch.seeds[cut],
    )


def seeds(rows: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(5 + i) for i in range(rows)]


def at(model, progress: float, batch):
    """The losses of one training step at this share of training."""
    kept = {}
    model.training_step(batch, TrainState(round(progress * 100), 0, 100), lambda name, losses: kept.update(losses=losses))
    return kept["losses"]


def test_reduction_falls_as_scheduled_and_travels_with_the_weights():
    model, batch = make(**SCHEDULE), make_batch()
    assert model.decoder.frame.out_features == 4 * BANDS
    seen = []
    for progress in (0.0, 0.19, 0.2, 0.49, 0.5, 1.0):
        at(model, progress, batch)
        seen.append(model.reduction)
    assert seen == [4, 4, 3, 3, 2, 2]
    at(model, 0.3, batch)
    state = copy.deepcopy(model.state_dict())
    other = make(**SCHEDULE)
    other.load_state_dict(state)
    assert other.reduction == 3
    inputs = AcousticInput(batch.tokens, batch.token_lengths)
    mine, theirs = (m.infer(inputs, generators=seeds(3)) for m in (model, other))
    assert torch.equal(mine.mel, theirs.mel)
    assert all(n % 3 == 0 for n in mine.lengths.tolist())
    assert "decoder.reduction_now" not in make(reduction=2).state_dict()  # runs without a schedule keep their names


def test_a_scheduled_step_is_that_of_a_fixed_reduction_with_the_first_frames():
    scheduled, fixed = make(**SCHEDULE), make(reduction=2, prenet_input="last")
    state = scheduled.state_dict()
    state.pop("decoder.reduction_now")
    for kind in ("weight", "bias"):
        state[f"decoder.frame.{kind}"] = state[f"decoder.frame.{kind}"][: 2 * BANDS]
    fixed.load_state_dict(state)
    scheduled.decoder.set_reduction(2)
    batch = make_batch()
    one, two = scheduled.eval()(batch), fixed.eval()(batch)
    assert torch.equal(one.mel, two.mel) and torch.equal(one.alignment, two.alignment)
    inputs = AcousticInput(batch.tokens, batch.token_lengths)
    assert torch.equal(scheduled.infer(inputs, generators=seeds(3)).mel, fixed.infer(inputs, generators=seeds(3)).mel)


@pytest.mark.parametrize("reduction", [4, 3, 2])
def test_batch_equals_singles_wherever_the_schedule_stands(reduction):
    model, batch = make(2, **SCHEDULE, stop_threshold=0.498).eval(), make_batch(speakers=2)
    model.decoder.set_reduction(reduction)
    inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)
    together, forced = model.infer(inputs, generators=seeds(3)), model.teacher_forced(batch)
    near_spoken = rounding_of(lambda model: model.infer(inputs, generators=seeds(3)), model)
    near_forced = rounding_of(Tacotron2.teacher_forced, model, batch)
    for row in range(3):
        one = row_of(batch, row)
        single = model.infer(AcousticInput(one.tokens, one.token_lengths, one.speaker), generators=seeds(3)[row : row + 1])
        torch.testing.assert_close(together.row(row).mel, single.mel, rtol=0, atol=near_spoken)
        torch.testing.assert_close(forced.row(row).mel, model.teacher_forced(one).mel, rtol=0, atol=near_forced)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reduction_schedule": [[2, 0.2]], "reduction": 2, "prenet_input": "last"}, "must fall"),
        ({"reduction_schedule": [[3, 0.2], [4, 0.4]], "prenet_input": "last"}, "must fall"),
        ({"reduction_schedule": [[4, 0.5], [2, 0.5]], "prenet_input": "last"}, "shares must rise"),
        ({"reduction_schedule": [[4, 1.0]], "prenet_input": "last"}, "shares must rise"),
        ({"reduction_schedule": [[4, 0.5]]}, "prenet_input: last"),
    ],
)
def test_schedules_that_cannot_be(wrong, said):
    with pytest.raises(ValidationError, match=said):
        Tacotron2Options(**wrong)


def test_prior_fades_and_draws_attention_to_the_diagonal():
    options = Tacotron2Options(alignment_prior_until=0.5)
    assert [Lead.at(p, options).prior for p in (0.0, 0.25, 0.5, 1.0)] == [1.0, 0.5, 0.0, 0.0]
    model, batch = make().eval(), make_batch()
    plain, led = model(batch), model(batch, Lead(prior=1.0))
    frames = int(batch.mel_lengths[0])
    step = torch.arange(frames)[:, None] / frames
    place = torch.arange(9)[None] / 9
    near = ((step - place).abs() < 0.2).float()
    assert float((led.alignment[0] * near).sum().detach()) > 1.5 * float((plain.alignment[0] * near).sum().detach())
    torch.testing.assert_close(led.alignment.sum(2), torch.ones(3, frames))
    assert float(led.alignment[1, :, 6:].detach().abs().max()) == 0.0


def test_forward_sum_is_a_term_only_when_asked_for_and_aligns_by_itself():
    batch = make_batch()
    assert "forward_sum" not in make().loss(make()(batch), batch, TrainState(0, 0, 1)).terms
    model = make(forward_sum_weight=0.5, guided_attention_weight=0.0, alignment_prior_until=0.3)
    outputs = model(batch)
    term = model.loss(outputs, batch, TrainState(0, 0, 1)).terms["forward_sum"]
    rows = forward_sum_loss(outputs.extra["energies"], batch.token_lengths, batch.mel_lengths)
    assert torch.equal(term.total, rows.sum()) and term.count == 3.0 and term.weight == 0.5
    first = float(at(model, 0.9, batch).terms["forward_sum"].mean.detach())
    optimizer = torch.optim.Adam(model.parameters(), 2e-2)
    for step in range(25):
        optimizer.zero_grad()
        losses = at(model, step / 25, batch)
        losses.terms["forward_sum"].total.backward()
        optimizer.step()
    assert float(at(model, 0.9, batch).terms["forward_sum"].mean.detach()) < 0.6 * first


@pytest.mark.parametrize("instead", ["mean", "own"])
def test_hidden_teacher_frames_are_replaced_in_the_share_asked_for(instead):
    model, batch = make(frame_dropout=0.5, frame_dropout_with=instead, frame_dropout_ramp=0.4), make_batch()
    options = model.options
    assert [Lead.at(p, options).hidden_frames for p in (0.0, 0.2, 0.4, 1.0)] == [0.0, 0.25, 0.5, 0.5]
    target = model.target(batch)
    previous = torch.nn.functional.pad(target.transpose(1, 2), (0, 0, 1, 0))[:, :-1]
    seen = []

    def teach(frames):
        seen.append(frames)
        return model.decoder.teach(model.encode(batch.tokens, batch.token_lengths, None), frames, None)

    torch.manual_seed(3)
    changed = [model._hide(previous, batch.mel_lengths, 0.5, teach) for _ in range(20)]
    assert len(seen) == (20 if instead == "own" else 0)
    share = torch.stack([(c != previous).any(2)[:, 1:4].float().mean() for c in changed]).mean()
    assert float(share) == pytest.approx(0.5, abs=0.12)
    assert all(torch.equal(c[:, 0], previous[:, 0]) for c in changed)  # the first step starts from nothing, always
    if instead == "mean":
        real = torch.cat([previous[row, 1:n] for row, n in enumerate(batch.mel_lengths.tolist())])
        different = changed[0][(changed[0] != previous).any(2)]
        torch.testing.assert_close(different, real.mean(0).expand_as(different))
    losses = at(model, 0.5, batch)
    losses.total.backward()
    assert all(p.grad is not None for p in model.parameters())


def test_hidden_frames_repeat_under_a_seed_and_are_off_in_validation():
    model, batch = make(frame_dropout=0.5).train(), make_batch()

    def value(seed: int) -> float:
        torch.manual_seed(seed)
        return float(at(model, 0.5, batch).total.detach())

    assert value(1) == value(1) != value(2)
    model.eval()
    assert torch.equal(model(batch).mel, model(batch).mel)
