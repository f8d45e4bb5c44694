"""FastPitch: shapes, gradients, controls, losses and training on generated data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces import AcousticBatch, AcousticInput, Controls, ModelContext, PitchStats, TrainState
from ttskit.nn import length_mask
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.model import FastPitch
from ttskit_fastpitch.prosody import pitch_features

BANDS, LETTERS = 20, "abcdefghij"
STACK = {"layers": 1, "heads": 2, "head_channels": 8, "filter_channels": 32, "dropout": 0.0, "attention_dropout": 0.0}
PREDICTOR = {"filter_channels": 16, "dropout": 0.0}


def context(speakers: int = 2, pitch: bool = True) -> ModelContext:
    names = tuple(f"v{i}" for i in range(speakers))
    stats = {name: PitchStats(120.0 + 60 * i, 20.0 + 10 * i) for i, name in enumerate(names)} if pitch else {}
    return ModelContext(MelConfig(bands=BANDS), SymbolTable(("_", *LETTERS), "_"), SpeakerTable(names), stats)


def build(where: ModelContext | None = None, **changes: object) -> FastPitch:
    torch.manual_seed(3)
    predictors = dict.fromkeys(("duration_predictor", "pitch_predictor", "energy_predictor"), PREDICTOR)
    settings = {"channels": 24, "encoder": STACK, "decoder": STACK, **predictors, **changes}
    return FastPitch(FastPitchOptions.model_validate(settings), where or context())


def example(rows: int = 4, durations: bool = False, take: int = 0) -> AcousticBatch:
    """Each letter has its own spectrum, length and pitch; a token's loudness differs from take to take."""
    generator = torch.Generator().manual_seed(5)
    spectra = torch.randn(len(LETTERS) + 1, BANDS, generator=generator) - 5.0
    token_lengths = torch.tensor([9, 8, 6, 5][:rows])
    tokens = torch.randint(1, len(LETTERS) + 1, (rows, int(token_lengths[0])), generator=generator)
    tokens = tokens * length_mask(token_lengths)
    frames = (2 + tokens % 4) * length_mask(token_lengths)
    mel_lengths = frames.sum(1)
    mel = torch.zeros(rows, BANDS, int(mel_lengths.max()))
    pitch = torch.zeros(rows, mel.shape[2])
    loudness = torch.randn(tokens.shape, generator=generator.manual_seed(take))
    for row in range(rows):
        spoken = torch.repeat_interleave(tokens[row], frames[row])
        mel[row, :, : len(spoken)] = spectra[spoken].T + torch.repeat_interleave(loudness[row], frames[row])
        pitch[row, : len(spoken)] = (spoken % 3 - 1).float()
    return AcousticBatch(
        tuple("abcd"[:rows]),
        tokens,
        token_lengths,
        mel,
        mel_lengths,
        torch.arange(rows) % 2,
        pitch,
        mel.norm(dim=1),
        frames if durations else None,
    )


def part(batch: AcousticBatch, rows: slice) -> AcousticBatch:
    """Some rows, still at the whole batch's padding."""
    cut = {name: value[rows] for name in AcousticBatch.__slots__ if (value := getattr(batch, name)) is not None}
    return AcousticBatch(**cut)


def spoken_input(batch: AcousticBatch) -> AcousticInput:
    return AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)


def fit(model: FastPitch, batches: Callable[[int], AcousticBatch], steps: int) -> list[float]:
    plan = model.optimizers(steps)["main"]
    base = [group["lr"] for group in plan.optimizer.param_groups]
    totals = []
    for step in range(steps):
        state = TrainState(step, step, steps)
        for group, rate in zip(plan.optimizer.param_groups, base, strict=True):
            group["lr"] = rate * plan.schedule(state)
        batch = batches(step)
        losses = model.loss(model(batch), batch, state)
        plan.optimizer.zero_grad()
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip_norm)
        plan.optimizer.step()
        totals.append(float(losses.terms["mel"].mean.detach()))
    return totals


def test_shapes_and_silence_past_a_row():
    model, batch = build().eval(), example()
    out = model(batch)
    rows, tokens, frames = 4, batch.tokens.shape[1], batch.mel.shape[2]
    assert out.mel.shape == batch.mel.shape
    assert out.alignment.shape == (rows, frames, tokens)
    torch.testing.assert_close(out.alignment.sum(2), torch.ones(rows, frames))
    made = model.infer(spoken_input(batch), Controls(durations=torch.full(batch.tokens.shape, 3.0)))
    assert torch.equal(made.lengths, batch.token_lengths * 3)
    assert made.mel.shape == (rows, BANDS, int(batch.token_lengths[0]) * 3)
    assert bool((made.mel[3, :, int(made.lengths[3]) :] == math.log(1e-5)).all())
    assert torch.equal(made.alignment.sum(1).long(), made.durations)
    assert torch.equal(made.durations.sum(1), made.lengths)


def test_teacher_forced_and_durations_follow_the_target():
    model, batch = build().eval(), example()
    durations = model.durations(batch)
    assert torch.equal(durations.sum(1), batch.mel_lengths)
    assert bool((durations[length_mask(batch.token_lengths)] >= 1).all())
    made = model.teacher_forced(batch)
    assert torch.equal(made.lengths, batch.mel_lengths) and torch.equal(made.durations, durations)
    assert made.mel.shape == batch.mel.shape


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"energy": False},
        {"pitch": False, "energy": False},
        {"alignment": "external"},
        {"padding": "reference"},
        {"speaker": {"predictors": False, "aligner": False, "decoder": True}},
        {"aligner": {"prior": {"form": "interpolated"}}},
        {"pitch_embedding": "fourier"},
    ],
)
def test_every_parameter_gets_a_gradient(changes: dict):
    model, batch = build(**changes), example(durations=True)
    state = TrainState(step=9, epoch=0, total_steps=10)
    model.loss(model(batch), batch, state).total.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_low_precision_keeps_losses_and_alignment_in_full():
    model, batch = build(), example()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(batch)
        losses = model.loss(out, batch, TrainState(5, 0, 10))
    assert out.mel.dtype == torch.bfloat16
    assert all(term.total.dtype == torch.float32 for term in losses.terms.values())
    assert out.extra["log_soft"].dtype == torch.float32
    losses.total.backward()
    full = model.loss(model(batch), batch, TrainState(5, 0, 10))
    for name, value in full.means().items():
        torch.testing.assert_close(losses.terms[name].mean, value, rtol=0.1, atol=0.02)


def test_features_and_controls_follow_the_options():
    assert build().features == ("pitch", "energy")
    plain = build(pitch=False, energy=False, alignment="external")
    assert plain.features == ("durations",) and plain.controls == ("pace", "durations", "speaker_mix")
    with pytest.raises(InputError, match="no control 'pitch'"):
        plain.infer(spoken_input(example()), Controls(pitch=2.0))
    with pytest.raises(InputError, match="no durations"):
        plain(example())


def test_losses_of_two_halves_add_up():
    for padding in ("masked", "reference"):
        model, batch, state = build(padding=padding).eval(), example(), TrainState(5, 0, 10)
        whole = model.loss(model(batch), batch, state)
        halves = [model.loss(model(piece), piece, state) for piece in (part(batch, slice(0, 2)), part(batch, slice(2, 4)))]
        for name, term in whole.terms.items():
            torch.testing.assert_close(term.total, sum(h.terms[name].total for h in halves), rtol=1e-5, atol=1e-4)
            assert float(term.count) == pytest.approx(sum(float(h.terms[name].count) for h in halves))
            assert all(h.terms[name].weight == term.weight for h in halves)


def test_inference_is_deterministic_and_training_follows_the_seed():
    model, batch = build(encoder={**STACK, "dropout": 0.2}), example()
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(model(batch).mel)
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])
    model.eval()
    assert torch.equal(model.infer(spoken_input(batch)).mel, model.infer(spoken_input(batch)).mel)


def test_pace_scales_durations_per_token_too():
    model, batch = build().eval(), example()
    inputs, given = spoken_input(batch), torch.full(batch.tokens.shape, 4.0)
    assert torch.equal(model.infer(inputs, Controls(pace=2.0, durations=given)).lengths, batch.token_lengths * 2)
    pace = torch.ones(batch.tokens.shape)
    pace[:, 0] = 0.5
    made = model.infer(inputs, Controls(pace=pace, durations=given))
    assert torch.equal(made.durations[:, 0], torch.full((4,), 8)) and torch.equal(made.durations[:, 1], torch.full((4,), 4))


def test_pitch_shift_is_in_semitones_of_the_speaker():
    model, batch = build().eval(), example()
    values = torch.tensor([0.0, 1.0, -1.0]).repeat(4, 3)
    made = model.infer(spoken_input(batch), Controls(pitch=12.0, pitch_values=values))
    # Row 0 is speaker v0 (120 ± 20 Hz), row 1 is v1 (180 ± 30 Hz): an octave doubles the frequency.
    assert float(made.pitch[0, 0]) == pytest.approx((2 * 120 - 120) / 20)
    assert float(made.pitch[0, 1]) == pytest.approx((2 * 140 - 120) / 20)
    assert float(made.pitch[1, 2]) == pytest.approx((2 * 150 - 180) / 30)
    ranged = model.infer(spoken_input(batch), Controls(pitch_range=0.5, pitch_values=values))
    assert torch.equal(ranged.pitch[0], values[0] * 0.5)
    shifts = torch.zeros(batch.tokens.shape)
    shifts[:, 1] = 12.0
    local = model.infer(spoken_input(batch), Controls(pitch=shifts, pitch_values=values))
    torch.testing.assert_close(local.pitch[0, 1], made.pitch[0, 1])
    assert torch.equal(local.pitch[0, 2], values[0, 2])
    flat = model.infer(spoken_input(batch), Controls(pitch=12.0, pitch_range=0.0, pitch_values=values))
    assert bool((flat.pitch[0] == 6.0).all())  # flat at the mean, then an octave above it
    neutral = model.infer(spoken_input(batch), Controls(pitch_values=values, durations=torch.full(values.shape, 2.0)))
    moved = model.infer(spoken_input(batch), Controls(pitch=3.0, pitch_values=values, durations=torch.full(values.shape, 2.0)))
    assert not torch.allclose(neutral.mel, moved.mel)


def test_nan_leaves_the_models_own_pitch_and_durations():
    model, batch = build().eval(), example(rows=1)
    inputs, own = spoken_input(batch), Controls(durations=torch.full(batch.tokens.shape, 3.0))
    plain = model.infer(inputs, own)
    some = torch.full(batch.tokens.shape, math.nan)
    some[:, 2] = 1.5
    made = model.infer(inputs, replace(own, pitch_values=some))
    assert made.pitch[0, 2] == 1.5
    others = torch.arange(9) != 2
    assert torch.equal(made.pitch[:, others], plain.pitch[:, others])
    lasting = model.infer(inputs, Controls(durations=torch.where(some.isnan(), some, torch.tensor(9.0))))
    assert lasting.durations[0, 2] == 9


def test_a_mix_of_one_speaker_is_that_speaker_and_a_mix_of_two_lies_between():
    model, batch = build(energy=False).eval(), example()
    inputs = spoken_input(batch)
    controls = Controls(durations=torch.full(batch.tokens.shape, 3.0), pitch=2.0)
    for speaker in (0, 1):
        one = model.infer(replace(inputs, speaker=torch.full((4,), speaker)), controls)
        shares = torch.zeros(4, 2)
        shares[:, speaker] = 1.0
        alone = model.infer(replace(inputs, speaker=None, speaker_weights=shares), controls)
        assert torch.equal(alone.mel, one.mel) and torch.equal(alone.pitch, one.pitch)
    values = torch.ones(batch.tokens.shape)
    half = replace(inputs, speaker_weights=torch.full((4, 2), 0.5))
    made = model.infer(half, Controls(pitch=12.0, pitch_values=values))  # 150 ± 25 Hz, between 120 ± 20 and 180 ± 30
    assert float(made.pitch[0, 0]) == pytest.approx((2 * 175 - 150) / 25)
    unknown = build(context(pitch=False)).eval()
    with pytest.raises(InputError, match="no pitch statistics for speaker 'v0'"):
        unknown.infer(half, Controls(pitch=1.0))


def test_sines_of_pitch_tell_near_pitches_apart_and_never_wrap():
    pitch = torch.tensor([[-9.0, -8.0, 0.0, 0.1, 8.0, 9.0]])
    features = pitch_features(pitch, "fourier")
    assert features.shape == (1, 6, 65) and torch.equal(features[:, :, 0], pitch)
    assert torch.equal(features[0, 0, 1:], features[0, 1, 1:]) and torch.equal(features[0, 4, 1:], features[0, 5, 1:])
    fastest = features[0, 2:4, 32]  # sin of two periods per deviation
    torch.testing.assert_close(fastest, torch.tensor([0.0, math.sin(2 * math.pi * 0.2)]))
    torch.testing.assert_close(features[0, 2, 33:], torch.ones(32))
    assert torch.equal(pitch_features(pitch, "linear"), pitch[:, :, None])


def test_wrong_controls_are_told():
    model, batch = build().eval(), example()
    inputs = spoken_input(batch)
    for wrong, message in (
        (Controls(pace=0.0), "'pace' cannot be 0"),
        (Controls(pace=float("nan")), "'pace' cannot be nan"),
        (Controls(energy=-1.0), "'energy' cannot be -1"),
        (Controls(pitch=torch.zeros(4, 3)), "'pitch' has the wrong shape"),
        (Controls(durations=torch.full(batch.tokens.shape, -1.0)), "'durations' cannot be -1"),
    ):
        with pytest.raises(InputError, match=message):
            model.infer(inputs, wrong)
    nameless = build(context(pitch=False)).eval()
    with pytest.raises(InputError, match="no pitch statistics for speaker 'v0'"):
        nameless.infer(inputs, Controls(pitch=1.0))
    nameless.infer(inputs, Controls(pitch_range=0.5))


def test_a_row_of_zero_durations_still_gets_a_frame():
    model, batch = build().eval(), example()
    durations = torch.full(batch.tokens.shape, 2.0)
    durations[1] = 0.0
    made = model.infer(spoken_input(batch), Controls(durations=durations))
    assert made.lengths.tolist() == [18, 1, 12, 10]


def test_one_token():
    model = build().eval()
    made = model.infer(AcousticInput(torch.tensor([[3]]), torch.tensor([1])))
    assert made.mel.shape[2] == int(made.lengths[0]) >= 1


@pytest.mark.parametrize("optimizer", [{"learning_rate": 0.01}, {"name": "lamb", "learning_rate": 0.03}])
def test_it_learns_a_tiny_batch(optimizer: dict):
    model, batch = build(optimizer=optimizer), example()
    totals = fit(model, lambda step: batch, 80)
    assert totals[-1] < 0.25 * totals[0]


def test_what_it_learnt_obeys_the_controls():
    """After fitting: durations are near the truth, more energy is a louder mel, and padding changes nothing."""
    model, batch = build(optimizer={"learning_rate": 0.005}, alignment="external"), example(durations=True)
    fit(model, lambda step: example(durations=True, take=step), 220)
    model.eval()
    inputs = spoken_input(batch)
    made = model.infer(inputs)
    assert bool(((made.lengths - batch.mel_lengths).abs() <= 0.25 * batch.mel_lengths).all())
    fixed = Controls(durations=made.durations.float())
    loud, soft = (model.infer(inputs, replace(fixed, energy=factor)) for factor in (1.2, 1 / 1.2))
    assert all(float(loud.row(i).mel.mean()) > float(soft.row(i).mel.mean()) + 0.005 for i in range(4))
    for row in range(4):
        n = int(batch.token_lengths[row])
        alone = model.infer(
            AcousticInput(batch.tokens[row : row + 1, :n], batch.token_lengths[row : row + 1], batch.speaker[row : row + 1])
        )
        torch.testing.assert_close(made.row(row).mel, alone.mel, rtol=0, atol=1e-4)
