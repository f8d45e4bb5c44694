"""Tacotron 2 on tiny sizes: shapes, gradients, padding, free running, stops, options."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from ttskit.audio.config import MelConfig
from ttskit.errors import CheckpointError, InputError
from ttskit.interfaces import AcousticBatch, AcousticInput, Controls, ModelContext, TrainState
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.testing.numerics import rounding_of
from ttskit_tacotron2.checkpoints import from_public, to_public
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
STATE = TrainState(0, 0, 10)


def make(speakers: int = 1, **options) -> Tacotron2:
    torch.manual_seed(1)
    context = ModelContext(
        MelConfig(bands=BANDS), SymbolTable(("_", *"abcdefg"), "_"), SpeakerTable(tuple(f"v{i}" for i in range(speakers)))
    )
    return Tacotron2(Tacotron2Options(**{**SMALL, **options}), context)


def make_batch(lengths=(7, 5, 4), frames=(17, 14, 9), seeds=True) -> AcousticBatch:
    torch.manual_seed(2)
    rows = len(lengths)
    n, t = torch.tensor(lengths), torch.tensor(frames)
    tokens = torch.randint(1, 8, (rows, max(lengths))) * (torch.arange(max(lengths)) < n[:, None])
    mel = torch.randn(rows, BANDS, max(frames)) * (torch.arange(max(frames)) < t[:, None])[:, None]
    durations = torch.zeros_like(tokens)
    for row in range(rows):
        durations[row, : lengths[row]] = frames[row] // lengths[row]
        durations[row, 0] += frames[row] % lengths[row]
    return AcousticBatch(
        tuple("abc"[:rows]),
        tokens,
        n,
        mel,
        t,
        torch.arange(rows) % 2,
        durations=durations,
        seeds=torch.arange(rows) + 5 if seeds else None,
    )


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


def generators(seeds) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("lstms", [1, 2])
@pytest.mark.parametrize("reduction", [1, 3])
def test_shapes_and_every_parameter_learns(lstms, reduction):
    model, batch = make(2, decoder_lstms=lstms, reduction=reduction, attention_supervision_weight=1.0), make_batch()
    outputs = model(batch)
    assert outputs.mel.shape == batch.mel.shape
    assert outputs.alignment.shape == (3, 17, 7)
    torch.testing.assert_close(outputs.alignment.sum(2), torch.ones(3, 17))
    assert float(outputs.alignment[1, :, 5:].detach().abs().max()) == 0.0
    model.loss(outputs, batch, STATE).total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and float(parameter.grad.abs().sum()) > 0, name


@pytest.mark.parametrize("reduction", [1, 2, 4])
def test_masked_rows_equal_single_runs_teacher_forced(reduction):
    model, batch = make(2, reduction=reduction).eval(), make_batch()
    together, near = model.teacher_forced(batch), rounding_of(Tacotron2.teacher_forced, model, batch)
    for row in range(3):
        single = model.teacher_forced(row_of(batch, row))
        assert single.mel.shape[2] == int(batch.mel_lengths[row])
        cut = together.row(row)
        torch.testing.assert_close(cut.mel, single.mel, rtol=0, atol=near)
        torch.testing.assert_close(cut.alignment[:, :, : single.alignment.shape[2]], single.alignment, rtol=0, atol=near)


def test_reference_padding_leaks():
    model, batch = make(padding="reference").eval(), make_batch()
    single = model.teacher_forced(row_of(batch, 2)).mel
    together = model.teacher_forced(batch).row(2).mel
    assert float((single - together).abs().max()) > 1e-3


@pytest.mark.parametrize("monotonic", ["none", "window", "forward"])
@pytest.mark.parametrize("lstms", [1, 2])
def test_free_running_batch_equals_singles(monotonic, lstms):
    model = make(2, reduction=2, decoder_lstms=lstms, monotonic=monotonic, stop_threshold=0.498).eval()
    batch = make_batch()
    inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)
    together = model.infer(inputs, generators=generators([3, 4, 5]))
    near = rounding_of(lambda model, inputs: model.infer(inputs, generators=generators([3, 4, 5])), model, inputs)
    assert together.mel.shape[2] == int(together.lengths.max())
    for row in range(3):
        n = int(batch.token_lengths[row])
        alone = AcousticInput(batch.tokens[row : row + 1, :n], batch.token_lengths[row : row + 1], batch.speaker[row : row + 1])
        single, cut = model.infer(alone, generators=generators([3 + row])), together.row(row)
        assert int(single.lengths) == int(cut.lengths)
        assert bool(single.finished) == bool(cut.finished)
        torch.testing.assert_close(cut.mel, single.mel, rtol=0, atol=near)
        torch.testing.assert_close(cut.alignment[:, :, :n], single.alignment, rtol=0, atol=near)


def test_same_seed_same_speech_and_seeds_matter():
    model, batch = make(stop_threshold=2.0), make_batch()  # in training mode: infer must not care
    inputs = AcousticInput(batch.tokens, batch.token_lengths)
    first, again = (model.infer(inputs, generators=generators([1, 2, 3])).mel for _ in range(2))
    other = model.infer(inputs, generators=generators([1, 2, 9])).mel
    assert torch.equal(first, again)
    assert torch.equal(first[:2], other[:2])
    assert not torch.equal(first[2], other[2])
    assert model.training


def test_generators_move_alike_whatever_is_spoken():
    model, batch = make(stop_threshold=2.0), make_batch()
    mine = generators([1, 2, 3])
    model.infer(AcousticInput(batch.tokens, batch.token_lengths), generators=mine)
    alone = generators([2])
    model.infer(AcousticInput(batch.tokens[1:2, :5], batch.token_lengths[1:2]), generators=alone)
    assert torch.equal(mine[1].get_state(), alone[0].get_state())


def test_truncated_by_the_cap_is_not_finished():
    model, batch = make(reduction=4, stop_threshold=2.0, rest_frames=0).eval(), make_batch()
    result = model.infer(AcousticInput(batch.tokens, batch.token_lengths), generators=generators([1, 2, 3]))
    assert result.lengths.tolist() == [28, 24, 20]  # floor 12 + 2 per token = 26, 22, 20, in steps of 4
    assert result.finished.tolist() == [False, False, False]
    assert torch.equal(result.mel[1, :, 24:], torch.full((BANDS, 4), model.silence()))


def test_stop_token_ends_each_row_and_never_before_one_step():
    batch = make_batch()
    for keep in (True, False):
        model = make(reduction=2, keep_stop_frame=keep).eval()
        model.decoder.gate.bias.data.fill_(20.0)
        result = model.infer(AcousticInput(batch.tokens, batch.token_lengths), generators=generators([1, 2, 3]))
        assert result.lengths.tolist() == [2, 2, 2]
        assert result.finished.all()


def test_attention_at_rest_on_the_last_token_ends_a_row():
    model = make(reduction=2, stop_threshold=2.0, rest_frames=6, frames_floor=50).eval()
    result = model.infer(AcousticInput(torch.tensor([[3]]), torch.tensor([1])), generators=generators([1]))
    assert result.lengths.tolist() == [6]
    assert result.finished.tolist() == [True]


def test_every_step_without_dropout_equals_teacher_forcing_on_its_own_frames():
    model = make(2, reduction=2, prenet_dropout=0.0, stop_threshold=2.0).eval()
    batch = make_batch()
    spoken = model.generate(AcousticInput(batch.tokens, batch.token_lengths, batch.speaker), None)
    keys = model.encode(batch.tokens, batch.token_lengths, batch.speaker)
    previous = torch.nn.functional.pad(spoken.frames.clone(), (0, 0, 1, 0))[:, :-1]
    taught = model.decoder.teach(keys, previous, None)
    near = rounding_of(lambda decoder, keys, previous: decoder.teach(keys, previous, None), model.decoder, keys, previous)
    torch.testing.assert_close(taught.frames, spoken.frames.clone(), rtol=0, atol=near)
    torch.testing.assert_close(taught.weights, spoken.weights.clone(), rtol=0, atol=near)
    torch.testing.assert_close(taught.gate, spoken.gate.clone(), rtol=0, atol=near)


def test_mixed_context_is_that_of_the_durations():
    model, batch = make(2, reduction=2, context_mixing=1.0).eval(), make_batch()
    for parameter in (model.decoder.attention.query.weight, model.decoder.attention.memory.weight):
        parameter.data.normal_(std=3.0)
    given = model(batch, Lead(1.0)).extra
    model.decoder.attention.score.weight.data.mul_(-2.0)  # other attention, same contexts
    again = model(batch, Lead(1.0)).extra
    assert float((given["weights"] - again["weights"]).detach().abs().max()) > 1e-3
    torch.testing.assert_close(given["before"], again["before"])
    assert float((model(batch, Lead(0.5)).extra["before"] - again["before"]).detach().abs().max()) > 1e-4


def test_mixing_ends_where_the_options_say():
    model, batch = make(context_mixing=0.9, context_mixing_until=0.4), make_batch()
    states = [TrainState(step, 0, 10) for step in (0, 3, 4, 9)]
    shares = [float(model.training_step(batch, state, lambda *_: None)["context_share"]) for state in states]
    assert shares == pytest.approx([0.9, 0.9, 0.0, 0.0])


def test_durations_asked_for_and_missing():
    model, batch = make(attention_supervision_weight=1.0), make_batch()
    assert Tacotron2.features == () and model.features == ("durations",)
    assert make().features == ()
    bare = AcousticBatch(batch.ids, batch.tokens, batch.token_lengths, batch.mel, batch.mel_lengths, batch.speaker)
    with pytest.raises(InputError, match="durations"):
        model(bare)
    assert "attention" not in model.eval().loss(model(bare), bare, STATE).terms


def test_controls_and_speakers_it_has_not_got():
    model, batch = make(), make_batch()
    inputs = AcousticInput(batch.tokens, batch.token_lengths)
    with pytest.raises(InputError, match="pace"):
        model.infer(inputs, Controls(pace=1.2))
    with pytest.raises(InputError, match="speaker"):
        model.infer(AcousticInput(batch.tokens, batch.token_lengths, torch.tensor([0, 1, 0])))
    with pytest.raises(InputError, match="one generator per sentence"):
        model.infer(inputs, generators=generators([1]))


def test_speakers_differ():
    model, batch = make(2).eval(), make_batch()
    inputs = [AcousticInput(batch.tokens[:1], batch.token_lengths[:1], torch.tensor([s])) for s in (0, 1)]
    voices = [model.infer(i, generators=generators([1])) for i in inputs]
    size = min(int(v.lengths) for v in voices)
    assert float((voices[0].mel[:, :, :size] - voices[1].mel[:, :, :size]).abs().max()) > 1e-4


def test_target_is_filled_to_whole_steps_with_the_last_frame():
    model, batch = make(reduction=4), make_batch()  # 17, 14 and 9 frames become 20, 16 and 12
    target = model.target(batch)
    assert target.shape == (3, BANDS, 20)
    torch.testing.assert_close(target[0, :, 17:], batch.mel[0, :, 16:17].expand(-1, 3))
    torch.testing.assert_close(target[1, :, 14:16], batch.mel[1, :, 13:14].expand(-1, 2))
    assert float(target[1, :, 16:].abs().max()) == 0.0
    terms = model.loss(model(batch), batch, STATE).terms
    assert float(terms["mel"].count) == (20 + 16 + 12) * BANDS
    assert float(terms["stop"].count) == 5 + 4 + 3


def test_normalised_inside_is_log_mel_outside():
    plain, scaled, batch = make(reduction=2).eval(), make(reduction=2, mel_mean=-3.0, mel_std=2.0).eval(), make_batch()
    real = (batch.mel != 0).float()
    shifted = AcousticBatch(
        batch.ids,
        batch.tokens,
        batch.token_lengths,
        (batch.mel * 2.0 - 3.0) * real,
        batch.mel_lengths,
        batch.speaker,
        seeds=batch.seeds,
    )
    one, two = plain(batch), scaled(shifted)
    near = rounding_of(Tacotron2.forward, scaled, shifted)
    torch.testing.assert_close(two.extra["after"], one.extra["after"], rtol=0, atol=near)
    torch.testing.assert_close(two.mel[0], one.mel[0] * 2.0 - 3.0, rtol=0, atol=near)


def test_bfloat16_autocast_trains_and_speaks_close_to_float32():
    model = make(2, reduction=2, prenet_dropout=0.0, attention_supervision_weight=1.0, stop_threshold=2.0).eval()
    batch = make_batch()
    exact = model.loss(model(batch), batch, STATE).total
    inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model.loss(model(batch), batch, STATE).total
        spoken = model.generate(inputs, None)
    rough.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert rough.dtype == torch.float32 and float(rough.detach()) == pytest.approx(float(exact.detach()), rel=0.02)
    torch.testing.assert_close(spoken.frames, model.generate(inputs, None).frames)


def test_options_that_cannot_be():
    with pytest.raises(ValidationError, match="odd"):
        Tacotron2Options(encoder_kernel=4)
    with pytest.raises(ValidationError, match="even"):
        Tacotron2Options(encoder_channels=7)
    with pytest.raises(ValidationError):
        Tacotron2Options(reductoin=2)


def test_public_names_round_trip():
    state = make().state_dict()
    public = to_public(state)
    assert "decoder.attention_layer.location_layer.location_dense.linear_layer.weight" in public
    assert "encoder.lstm.weight_hh_l0_reverse" in public
    assert list(from_public(public)) == list(state)
    with pytest.raises(CheckpointError, match="text_encoder"):
        from_public({"text_encoder.weight": torch.zeros(1)})


def test_learning_rate_rises_and_falls():
    model = make(schedule="cosine", warmup=0.1, final_factor=0.01)
    factor = model.optimizers(1000)["main"].schedule
    values = [factor(TrainState(step, 0, 1000)) for step in (0, 50, 100, 550, 1000)]
    assert values[0] < 0.02 and values[1] == pytest.approx(0.5, abs=0.01) and values[2] == pytest.approx(1.0)
    assert values[3] == pytest.approx(0.505, abs=1e-3) and values[4] == pytest.approx(0.01)
