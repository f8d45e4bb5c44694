"""Transformer-TTS on tiny sizes: gradients, padding, causality, the cache, stops, aids on chosen heads, options."""

from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces import AcousticBatch, AcousticInput, ModelContext, TrainState
from ttskit.nn import duration_attention
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.testing.numerics import rounding_of
from ttskit_transformertts.config import TransformerTTSOptions
from ttskit_transformertts.decoder import focus_rate
from ttskit_transformertts.fast.speaking import Cache
from ttskit_transformertts.layers import KeysValues, ScaledPositions
from ttskit_transformertts.model import TransformerTTS

BANDS = 6
STACK = {"layers": 3, "heads": 2, "filter_channels": 20}
SMALL = {
    "channels": 16,
    "encoder": {**STACK, "layers": 2},
    "decoder": STACK,
    "embedding_channels": 8,
    "encoder_prenet_channels": 12,
    "encoder_prenet_convolutions": 2,
    "prenet_channels": 8,
    "postnet_channels": 8,
    "postnet_convolutions": 3,
    "aided_heads": 1,
    "frames_per_token": 2.0,
    "frames_floor": 12,
}
STATE = TrainState(0, 0, 10)


def make(speakers: int = 1, **options) -> TransformerTTS:
    torch.manual_seed(1)
    names = SpeakerTable(tuple(f"v{i}" for i in range(speakers)))
    context = ModelContext(MelConfig(bands=BANDS), SymbolTable(("_", *"abcdefg"), "_"), names)
    return TransformerTTS(TransformerTTSOptions(**{**SMALL, **options}), context)


def stacks(**changes) -> dict:
    """Options of both stacks with these changes."""
    return {name: {**SMALL[name], **changes} for name in ("encoder", "decoder")}


def make_batch(lengths=(7, 5, 4), frames=(17, 14, 9)) -> AcousticBatch:
    torch.manual_seed(2)
    rows, n, t = len(lengths), torch.tensor(lengths), torch.tensor(frames)
    tokens = torch.randint(1, 8, (rows, max(lengths))) * (torch.arange(max(lengths)) < n[:, None])
    mel = torch.randn(rows, BANDS, max(frames)) * (torch.arange(max(frames)) < t[:, None])[:, None]
    durations = torch.zeros_like(tokens)
    for row in range(rows):
        durations[row, : lengths[row]] = frames[row] // lengths[row]
        durations[row, 0] += frames[row] % lengths[row]
    ids, seeds = tuple("abc"[:rows]), torch.arange(rows) + 5
    return AcousticBatch(ids, tokens, n, mel, t, torch.arange(rows) % 2, durations=durations, seeds=seeds)


def row_of(batch: AcousticBatch, row: int) -> AcousticBatch:
    n, t, cut = int(batch.token_lengths[row]), int(batch.mel_lengths[row]), slice(row, row + 1)
    tokens, mel = batch.tokens[cut, :n], batch.mel[cut, :, :t]
    return AcousticBatch(
        batch.ids[cut],
        tokens,
        batch.token_lengths[cut],
        mel,
        batch.mel_lengths[cut],
        batch.speaker[cut],
        durations=batch.durations[cut, :n],
        seeds=batch.seeds[cut],
    )


def inputs_of(batch: AcousticBatch, speakers: bool = True) -> AcousticInput:
    return AcousticInput(batch.tokens, batch.token_lengths, batch.speaker if speakers else None)


def generators(seeds) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


VARIANTS = [
    {},
    {"reduction": 3},
    {"end_token": True, "reduction": 2},
    {**stacks(norm="after"), "end_token": True},
    {"encoder": {**SMALL["encoder"], "kernel": 3}, "guided_attention_weight": 0.0},
    {"mel_mean": -2.0, "mel_std": 0.5},
]
variants = pytest.mark.parametrize("options", VARIANTS, ids=lambda options: ",".join(options) or "plain")


@variants
def test_shapes_and_every_parameter_learns(options):
    model, batch = make(2, attention_supervision_weight=1.0, **options), make_batch()
    outputs = model(batch)
    assert outputs.mel.shape == batch.mel.shape
    assert outputs.alignment.shape == (3, 17, 7)
    torch.testing.assert_close(outputs.alignment.sum(2), torch.ones(3, 17))
    assert float(outputs.alignment[1, :, 5:].detach().abs().max()) == 0.0
    model.loss(outputs, batch, STATE).total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and float(parameter.grad.abs().sum()) > 0, name


@variants
def test_masked_rows_equal_single_runs_teacher_forced(options):
    model, batch = make(2, **options).eval(), make_batch()
    together, near = model.teacher_forced(batch), rounding_of(TransformerTTS.teacher_forced, model, batch)
    for row in range(3):
        single, cut = model.teacher_forced(row_of(batch, row)), together.row(row)
        torch.testing.assert_close(cut.mel, single.mel, rtol=0, atol=near)
        torch.testing.assert_close(cut.alignment[:, :, : single.alignment.shape[2]], single.alignment, rtol=0, atol=near)


def test_reference_padding_leaks():
    model, batch = make(padding="reference").eval(), make_batch()
    single = model.teacher_forced(row_of(batch, 2)).mel
    assert float((single - model.teacher_forced(batch).row(2).mel).abs().max()) > 1e-3


@variants
@pytest.mark.parametrize("fast", [True, False])
def test_free_running_batch_equals_singles(options, fast):
    model, batch = make(2, stop_threshold=0.6, **options).eval(), make_batch()
    model.fast = fast

    def say(model, inputs, seeds=(3, 4, 5)):
        return model.infer(inputs, generators=generators(seeds))

    together = say(model, inputs_of(batch))
    near = rounding_of(say, model, inputs_of(batch))
    for row in range(3):
        single, cut = say(model, inputs_of(row_of(batch, row)), (3 + row,)), together.row(row)
        assert single.lengths.tolist() == cut.lengths.tolist() and single.finished.tolist() == cut.finished.tolist()
        torch.testing.assert_close(cut.mel, single.mel, rtol=0, atol=near)
        torch.testing.assert_close(cut.alignment[:, :, : single.alignment.shape[2]], single.alignment, rtol=0, atol=near)


@variants
def test_speaking_with_the_cache_equals_reading_everything_again(options):
    model, inputs = make(2, stop_threshold=2.0, rest_frames=0, frames_floor=90, **options).eval(), inputs_of(make_batch())
    kept = model.generate(inputs, generators([1, 2, 3]))
    model.fast = False
    again = model.generate(inputs, generators([1, 2, 3]))
    near = rounding_of(lambda model, inputs: model.generate(inputs, generators([1, 2, 3])), model, inputs)
    assert kept.steps.tolist() == again.steps.tolist() and kept.frames.shape[1] > 30  # caches grow on the way at 64
    for one, other in ((kept.frames, again.frames), (kept.gate, again.gate), (kept.weights, again.weights)):
        torch.testing.assert_close(one, other, rtol=0, atol=near)


def test_a_cache_gives_back_all_steps_in_order_and_grows():
    cache, parts = Cache(), torch.randn(2, 2, 200, 3)
    for step in range(200):
        now = parts[:, :, step : step + 1]
        keys, values = cache(KeysValues(now, now + 1))
        assert torch.equal(keys, parts[:, :, : step + 1]) and torch.equal(values, keys + 1)


def test_no_step_sees_a_later_one():
    model, batch = make(prenet_dropout=0.0).eval(), make_batch()
    other = AcousticBatch(**{name: getattr(batch, name) for name in batch.__slots__})
    changed = batch.mel.clone()
    changed[:, :, 6:] += 3.0
    object.__setattr__(other, "mel", changed)
    before, after = (model(one).extra["before"].detach() for one in (batch, other))
    torch.testing.assert_close(before[:, :, :7], after[:, :, :7])  # frame 6 is made from frames up to 5
    assert float((before - after)[0, :, 7:].abs().max()) > 1e-3


def test_every_step_without_dropout_equals_teacher_forcing_on_its_own_frames():
    model, batch = make(2, reduction=2, prenet_dropout=0.0, stop_threshold=2.0).eval(), make_batch()
    spoken = model.generate(inputs_of(batch), None)
    texts = model.encode(batch.tokens, batch.token_lengths, batch.speaker)
    previous = torch.nn.functional.pad(spoken.frames.clone()[:, :, -BANDS:], (0, 0, 1, 0))[:, :-1]
    taught = model.decoder.teach(texts, previous, None)
    torch.testing.assert_close(taught.frames, spoken.frames.clone(), rtol=0, atol=1e-5)
    torch.testing.assert_close(taught.weights, spoken.weights.clone(), rtol=0, atol=1e-5)


def test_positions_are_scaled_sines_and_cosines_that_take_turns():
    positions = ScaledPositions(0.0)
    positions.alpha.data.fill_(0.5)
    x = positions(torch.zeros(1, 9, 4))[0]
    for place in range(9):
        expected = [f(place / rate) / 2 for rate in (1.0, 100.0) for f in (math.sin, math.cos)]
        torch.testing.assert_close(x[place], torch.tensor(expected))
    torch.testing.assert_close(positions(torch.zeros(1, 2, 4), first=7)[0], x[7:])


def test_stop_token_ends_each_row_and_never_before_one_step():
    for keep in (True, False):
        model = make(reduction=2, keep_stop_frame=keep).eval()
        model.decoder.gate.bias.data[1] = 50.0  # any frame of a step stops it
        result = model.infer(inputs_of(make_batch(), False), generators=generators([1, 2, 3]))
        assert result.lengths.tolist() == [2, 2, 2] and result.finished.all()


def test_truncated_by_the_cap_is_not_finished():
    model = make(reduction=4, stop_threshold=2.0, rest_frames=0).eval()
    result = model.infer(inputs_of(make_batch(), False), generators=generators([1, 2, 3]))
    assert result.lengths.tolist() == [28, 24, 20]  # floor 12 + 2 per token = 26, 22, 20, in steps of 4
    assert result.finished.tolist() == [False, False, False]
    assert torch.equal(result.mel[1, :, 24:], torch.full((BANDS, 4), model.silence()))


def test_attention_at_rest_on_the_last_token_ends_a_row_only_where_heads_are_led():
    one = AcousticInput(torch.tensor([[3]]), torch.tensor([1]))
    led, free = (
        make(reduction=2, stop_threshold=2.0, rest_frames=6, frames_floor=50, guided_attention_weight=weight).eval()
        for weight in (1.0, 0.0)
    )
    assert led.infer(one, generators=generators([1])).lengths.tolist() == [6]
    assert free.infer(one, generators=generators([1])).lengths.tolist() == [52]


def test_without_aids_the_sharpest_head_is_the_alignment():
    weights = torch.tensor([[[0.6, 0.4], [0.5, 0.5]], [[0.9, 0.1], [0.2, 0.8]]])[None]  # (1, 2 heads, 2 steps, 2 tokens)
    torch.testing.assert_close(focus_rate(weights, torch.tensor([[True, True]])), torch.tensor([[0.55, 0.85]]))
    model = make(guided_attention_weight=0.0)
    assert not model.options.leads_attention and "led" not in " ".join(model.aids())
    outputs = model(make_batch())
    assert outputs.extra["weights"].shape[1] == 6  # two heads of each of three layers are watched
    assert torch.equal(model.alignment(weights, torch.ones(1, 2, dtype=torch.bool), torch.tensor([2])), weights[:, 1])


def test_supervision_leads_the_chosen_heads_and_no_other():
    model, batch = make(attention_supervision_weight=1.0, guided_attention_weight=0.0, aided_layers=2), make_batch()
    for dropout in (m for m in model.modules() if hasattr(m, "rate")):
        dropout.rate = 0.0
    outputs = model(batch)
    given = duration_attention(batch.durations, 17)
    assert torch.equal(outputs.extra["durations"], given) and outputs.extra["weights"].shape[1] == 2
    term = model.loss(outputs, batch, STATE).terms["attention"]
    logs = outputs.extra["weights"].log()
    expected = -sum((given[row] * logs[row, head]).nan_to_num(0.0).sum() for row in range(3) for head in range(2))
    torch.testing.assert_close(term.total, expected)
    assert float(term.count) == 2 * (17 + 14 + 9)
    heads = [
        torch.autograd.grad(term.total, block.reading.query.weight, retain_graph=True)[0] for block in model.decoder.blocks
    ]
    assert float(heads[2][8:].abs().max()) == 0.0 < float(heads[2][:8].abs().max())  # the last layer's second head is free


def test_contexts_come_from_durations_in_led_heads_alone():
    model, batch = make(context_mixing=1.0, prenet_dropout=0.0).eval(), make_batch()
    own, mixed = model(batch), model(batch, context_share=1.0)
    assert float((own.mel - mixed.mel).abs().max()) > 1e-4
    for block in model.decoder.blocks[1:]:
        block.reading.out.weight.data[:, :8] = 0.0  # what the led head reads goes nowhere
    torch.testing.assert_close(model(batch).mel, model(batch, context_share=1.0).mel)


def test_the_prior_draws_led_heads_to_the_diagonal_and_fades():
    model, batch = make(alignment_prior_until=0.5, prenet_dropout=0.0).eval(), make_batch()
    assert model(batch, prior=1.0).alignment[0, 0, 0] > 2 * model(batch).alignment[0, 0, 0]
    for step, strength in ((0, 1.0), (25, 0.5), (60, None)):
        shown = model.training_step(batch, TrainState(step, 0, 100), lambda name, losses: None)
        assert shown.get("prior", torch.tensor(0.0)).item() == pytest.approx(strength or 0.0)


def test_durations_that_are_missing_are_asked_for():
    batch = make_batch()
    object.__setattr__(batch, "durations", None)
    model = make(attention_supervision_weight=1.0)
    assert model.features == ("durations",) and make().features == ()
    with pytest.raises(InputError, match="supervised by durations"):
        model(batch)
    model.eval()(batch)  # speaking and validation do without


def test_aids_are_named():
    led = {"forward_sum_weight": 1.0, "attention_supervision_weight": 1.0, "context_mixing": 0.5, "alignment_prior_until": 0.3}
    told = "; ".join(make(reduction=2, **led).aids())
    assert "attention supervised by durations in led heads (1 of 2, last layers: 2)" in told
    for words in ("contexts from durations", "guided attention", "forward-sum loss", "diagonal prior", "2 frames per step"):
        assert words in told, words
    assert make(guided_attention_weight=0.0).aids() == ()


def test_the_rate_rises_and_falls_as_published():
    options = TransformerTTSOptions(warmup_steps=100)
    rates = [options.rate_factor(TrainState(step, 0, 1000)) for step in (0, 49, 99, 399)]
    assert rates == pytest.approx([0.01, 0.5, 1.0, 0.5])
    cosine = TransformerTTSOptions(schedule="cosine", warmup=0.1, final_factor=0.1)
    assert cosine.rate_factor(TrainState(100, 0, 1000)) == pytest.approx(1.0)
    assert cosine.rate_factor(TrainState(1000, 0, 1000)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": 15}, "must be even"),
        ({"channels": 18, "encoder": {"heads": 4}}, "cannot be shared among encoder.heads 4"),
        ({"decoder": {"kernel": 3}}, "must not see the steps after"),
        ({"postnet_kernel": 4}, "must be odd"),
        ({"aided_layers": 7}, "decoder.layers only 6"),
        ({"aided_heads": 9}, "decoder.heads only 8"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        TransformerTTSOptions(**options)
