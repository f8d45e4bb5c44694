"""The two-player step: order, gradients, sums over processes, schedule, averaging; and who learns when."""

from __future__ import annotations

import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.errors import InputError
from ttskit.interfaces.trainable import Losses, TrainState
from ttskit.interfaces.vocoder import VocoderBatch
from ttskit.nn import full_band_mel as loss_mel
from ttskit.nn import multi_resolution_stft_loss as multi_resolution_stft
from ttskit.testing.builders import fake_speech
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.phases import Phases
from ttskit_hifigan.vocoder import Hifigan

STATE = TrainState(0, 0, 100)


def build(**options) -> Hifigan:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return Hifigan(HifiganOptions(**{"preset": "tiny", **options}), MelConfig()).train()


def speech(rows: int = 4, frames: int = 8, first: int = 30) -> VocoderBatch:
    """Segments of made-up speech with their mel."""
    c = PRESETS["hifigan-22050"]
    audio = torch.from_numpy(fake_speech("la mesa luna", c.sample_rate_hz))
    mel = MelExtractor(c)(audio[None])[0]
    starts = [first + 9 * i for i in range(rows)]
    return VocoderBatch(
        tuple(f"s{i}" for i in range(rows)),
        torch.stack([mel[:, s : s + frames] for s in starts]),
        torch.stack([audio[s * 256 : (s + frames) * 256] for s in starts]),
    )


def stepper(model: Hifigan, log: list | None = None, plans: dict | None = None):
    plans = plans or model.optimizers(100)

    def optimize(name: str, losses: Losses) -> None:
        plan = plans[name]
        plan.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        if log is not None:
            log.append((name, {k: float(v.detach()) for k, v in losses.means().items()}))
        plan.optimizer.step()

    return optimize


def test_discriminators_come_first_and_each_optimiser_moves_its_own():
    model, batch = build(), speech()
    before = {k: v.clone() for k, v in model.named_parameters()}
    seen = []

    def optimize(name: str, losses: Losses) -> None:
        losses.total.backward()
        grads = {k.split(".")[0] for k, p in model.named_parameters() if p.grad is not None and bool(p.grad.abs().sum() > 0)}
        missing = [k for k, p in model.named_parameters() if k.split(".")[0] in grads and p.grad is None]
        seen.append((name, grads, missing))
        model.zero_grad(set_to_none=True)

    model.training_step(batch, STATE, optimize)
    assert seen == [("discriminator", {"mpd", "msd"}, []), ("generator", {"generator"}, [])]
    assert all(p.requires_grad for p in model.parameters())
    model.training_step(batch, STATE, stepper(model))
    assert all(not torch.equal(before[k], p) for k, p in model.named_parameters())


def test_every_parameter_receives_gradient():
    model, reached = build(), {}

    def optimize(name: str, losses: Losses) -> None:
        losses.total.backward()
        reached.update({k: bool(p.grad.abs().sum() > 0) for k, p in model.named_parameters() if p.grad is not None})

    model.training_step(speech(), STATE, optimize)
    assert set(reached) == {k for k, _ in model.named_parameters()} and all(reached.values())


def test_gradients_are_switched_on_again_after_a_failure():
    model = build()

    def optimize(name: str, losses: Losses) -> None:
        if name == "generator":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.training_step(speech(), STATE, optimize)
    assert all(p.requires_grad for p in model.parameters())


def test_training_lowers_the_mel_loss_and_repeats_itself():
    def run(steps: int) -> list:
        model, log = build(learning_rate=2e-3), []
        optimize = stepper(model, log)
        for step in range(steps):
            model.training_step(speech(2), TrainState(step, 0, steps), optimize)
        return log

    log = run(15)
    mel = [values["mel"] for name, values in log if name == "generator"]
    assert mel[-1] < 0.8 * mel[0]
    assert run(3) == log[:6]


def test_two_halves_sum_to_the_whole_batch():
    """What the trainer relies on with two processes: Σ local total / global count gives the same gradient."""
    batch = speech(4)
    halves = [VocoderBatch(batch.ids[i::2], batch.mel[i::2], batch.audio[i::2]) for i in (0, 1)]

    def gradients(parts: list[VocoderBatch], buffers: list | None = None) -> dict:
        sums: dict = {}
        for part in parts:
            model = build()

            def optimize(name: str, losses: Losses, model: Hifigan = model, rows: int = len(part.ids)) -> None:
                model.zero_grad(set_to_none=True)
                sum(t.weight * t.total / 4 for t in losses.terms.values()).backward()
                for k, p in model.named_parameters():
                    if p.grad is not None:
                        sums[name, k] = sums.get((name, k), 0) + p.grad.clone()
                assert all(t.count == rows for t in losses.terms.values())

            model.training_step(part, STATE, optimize)
            if buffers is not None:
                buffers.append({k: v.clone() for k, v in model.named_buffers()})
        return sums

    buffers: list = []
    whole, split = gradients([batch]), gradients(halves, buffers)
    assert whole.keys() == split.keys()
    for key in whole:
        atol = 1e-5 * float(whole[key].abs().max()) + 1e-6
        torch.testing.assert_close(split[key], whole[key], rtol=1e-3, atol=atol, msg=str(key))
    assert all(torch.equal(buffers[0][k], buffers[1][k]) for k in buffers[0])  # power iterations


def test_schedule_is_a_function_of_the_state():
    by_epoch = build(preset="V2", upsample_initial_channel=16, discriminator_scale=1 / 32).optimizers(10)
    assert list(by_epoch) == ["discriminator", "generator"]
    for plan in by_epoch.values():
        assert isinstance(plan.optimizer, torch.optim.AdamW)
        assert plan.schedule(TrainState(999, 3, 1000)) == pytest.approx(0.999**3)
    by_step = build(decay_steps=100, decay=0.5).optimizers(10)["generator"].schedule
    assert [by_step(TrainState(s, 70, 1000)) for s in (0, 99, 100, 250)] == [1, 1, 0.5, 0.25]


def test_validation_is_the_mel_distance_of_what_is_spoken():
    model, batch = build().eval(), speech(2)
    extractor = MelExtractor(loss_mel(model.mel))
    assert extractor.config.f_max_hz == 11_025
    wanted = (extractor(model.infer(batch.mel)) - extractor(batch.audio)).abs().mean()
    losses = model.validation_losses(batch, STATE)
    assert float(losses.total) == pytest.approx(float(wanted), rel=1e-5)
    assert not losses.total.requires_grad


def test_the_average_follows_the_generator_and_is_what_speaks():
    model, batch = build(ema_decay=0.5, learning_rate=1e-2), speech(2)
    start = {k: v.clone() for k, v in model.generator.named_parameters()}
    model.training_step(batch, TrainState(20, 0, 100), stepper(model))
    for k, p in model.average.named_parameters():
        torch.testing.assert_close(p, (start[k] + model.generator.get_parameter(k)) / 2)
        assert not p.requires_grad
    early = build(ema_decay=0.999, learning_rate=1e-2)
    early.training_step(batch, STATE, stepper(early))  # the first step takes nine tenths of the new weights
    for k, p in early.average.named_parameters():
        torch.testing.assert_close(p, 0.1 * start[k] + 0.9 * early.generator.get_parameter(k))
    model.eval()
    torch.testing.assert_close(model.infer(batch.mel), model.average(batch.mel)[:, 0])
    assert float((model.infer(batch.mel) - model.generator(batch.mel)[:, 0]).detach().abs().max()) > 1e-5


def test_audio_of_another_length_is_refused():
    batch = speech(2)
    with pytest.raises(InputError, match="does not belong"):
        build().training_step(VocoderBatch(batch.ids, batch.mel, batch.audio[:, :-1]), STATE, stepper(build()))


def test_the_shortest_segments_train():
    """Four frames: reflection at the edges and the smallest score maps still work."""
    model = build(segment_frames=4)
    model.training_step(speech(1, frames=4), STATE, stepper(model))
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


def test_digital_silence_gives_finite_gradients():
    model = build()
    silence = VocoderBatch(("s",), torch.full((1, 80, 8), -11.5), torch.zeros(1, 8 * 256))
    model.training_step(silence, STATE, stepper(model))
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


def test_half_precision_training_keeps_losses_in_float32():
    model = build()

    def optimize(name: str, losses: Losses) -> None:
        assert all(t.total.dtype == torch.float32 and bool(torch.isfinite(t.total)) for t in losses.terms.values())

    with torch.autocast("cpu", dtype=torch.bfloat16):
        model.training_step(speech(2), STATE, optimize)
        audio = model.generator(speech(2).mel)
    assert audio.dtype == torch.float32  # the last layer too: rounding it to bf16 is heard
    assert not torch.equal(audio, audio.bfloat16().float())


def test_the_paper_trains_both_from_the_first_step():
    phases = Phases(HifiganOptions())
    assert phases.starts(100) == (0, 0)
    assert phases.players(TrainState(0, 0, 100)) == (True, True)


def test_a_fresh_generator_learns_alone_then_the_discriminators_then_both():
    phases = Phases(HifiganOptions(generator_warmup=0.5, discriminator_warmup=20))
    assert phases.starts(100) == (50, 70)
    players = [phases.players(TrainState(step, 0, 100)) for step in (0, 49, 50, 69, 70, 99)]
    assert players == [(False, True)] * 2 + [(True, False)] * 2 + [(True, True)] * 2
    assert phases.starts(60) == (30, 50) and phases.starts(20) == (10, 20)  # never beyond the end


@pytest.mark.parametrize(
    ("generator", "judges", "starts"), [(True, True, (0, 0)), (True, False, (0, 20)), (False, False, (50, 70))]
)
def test_what_another_run_gave_needs_no_warm_up(generator, judges, starts):
    assert Phases(HifiganOptions(generator_warmup=0.5, discriminator_warmup=20), generator, judges).starts(100) == starts


def test_the_rate_is_high_alone_lower_in_fine_tuning_and_decays_from_where_the_game_begins():
    options = HifiganOptions(generator_warmup=0.5, warmup_rate=5.0, discriminator_warmup=0, decay_steps=10, decay=0.5)
    rate = Phases(options).rate
    assert [rate(TrainState(step, 0, 100)) for step in (0, 25, 50, 59, 60, 75)] == pytest.approx([5, 3, 1, 1, 0.5, 0.25])
    assert 1 < rate(TrainState(49, 0, 100)) < 1.01
    assert Phases(options, True, True).rate(TrainState(0, 0, 100)) == options.fine_tuning_rate == 0.5


def test_each_phase_steps_its_own_optimiser_only():
    model, batch = build(generator_warmup=0.4, discriminator_warmup=3), speech(2)
    plans = model.optimizers(10)
    log: list = []
    optimize = stepper(model, log, plans)
    moved = []
    for step in range(10):
        before = {name: value.clone() for name, value in model.named_parameters()}
        model.training_step(batch, TrainState(step, 0, 10), optimize)
        changed = {name.split(".")[0] for name, value in model.named_parameters() if not torch.equal(before[name], value)}
        moved.append("".join(sorted(name[0] for name in changed)))  # generator, mpd, msd
    assert moved == ["g"] * 4 + ["mm"] * 3 + ["gmm"] * 3
    assert [name for name, _ in log] == ["generator"] * 4 + ["discriminator"] * 3 + ["discriminator", "generator"] * 3
    assert {"mel"} == set(log[0][1]) and {"mel", "features", "adversarial"} == set(log[-1][1])
    steps = {name: {int(s["step"]) for s in plan.optimizer.state.values()} for name, plan in plans.items()}
    assert steps == {"discriminator": {6}, "generator": {7}}


def test_names_that_stayed_fresh_decide_the_phases():
    model = build(generator_warmup=0.5, discriminator_warmup=20)
    names = list(model.state_dict())
    model.started_from([])
    assert model.phase_starts(100) == (0, 0, 0)
    model.started_from([name for name in names if name.startswith("msd.")])
    assert model.phase_starts(100) == (0, 0, 20)


def test_discriminators_that_never_learnt_are_left_behind():
    model, batch = build(generator_warmup=0.5, discriminator_warmup=0), speech(2)
    optimize = stepper(model)
    for step in range(5):
        model.training_step(batch, TrainState(step, 0, 10), optimize)
    names = {name.split(".")[0] for name in build().weights_from(model.state_dict())}
    assert names == {"generator"}
    for step in range(5, 7):
        model.training_step(batch, TrainState(step, 0, 10), optimize)
    assert int(model.judges_learnt) == 2
    assert set(build().weights_from(model.state_dict())) == set(model.state_dict())
    imported = {name: value for name, value in build().state_dict().items() if name != "judges_learnt"}
    assert set(build().weights_from(imported)) == set(imported)  # someone else's have learnt


def test_weights_of_an_averaged_run_speak_in_one_without_and_the_other_way_round():
    averaged, plain = build(ema_decay=0.9), build()
    with torch.no_grad():
        for p in averaged.average.parameters():
            p.add_(0.01)
    batch = speech(2)
    plain.load_state_dict(dict(plain.weights_from(averaged.state_dict())), strict=False)
    torch.testing.assert_close(plain.eval().infer(batch.mel), averaged.eval().infer(batch.mel))
    other = build(ema_decay=0.9)
    other.load_state_dict(dict(other.weights_from(plain.state_dict())), strict=False)
    torch.testing.assert_close(other.eval().infer(batch.mel), plain.infer(batch.mel))
    torch.testing.assert_close(other.generator(batch.mel)[:, 0].detach(), plain.infer(batch.mel))


def test_a_normalised_mel_is_the_same_network_with_other_first_weights():
    """(mel - mean) / std before conv_pre equals conv_pre with scaled weights and a moved bias, away from the edges."""
    normalised, plain = build(mel_mean=-5.5, mel_std=2.0), build()
    plain.load_state_dict(normalised.state_dict())
    first = plain.generator.conv_pre
    with torch.no_grad():
        first.bias.copy_(first.bias - (first.product() * -5.5 / 2.0).sum((1, 2)))
        first.weight_g.div_(2.0)
    mel = torch.randn(1, 80, 80) * 2 - 5.5
    inner = slice(30 * 256, 50 * 256)
    torch.testing.assert_close(plain.generator(mel)[..., inner], normalised.generator(mel)[..., inner], atol=1e-5, rtol=1e-4)


def test_a_normalised_mel_is_spoken_as_it_is_trained():
    model, batch = build(mel_mean=-5.5, mel_std=2.0).eval(), speech(2)
    torch.testing.assert_close(model.infer(batch.mel), model.generator(batch.mel)[:, 0].detach(), atol=1e-5, rtol=0)


def test_multi_resolution_stft_values():
    audio = 0.1 * torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    assert float(multi_resolution_stft(audio, audio, 8000)) == 0.0
    # half as loud: convergence ½, log magnitudes apart by ln 2
    assert float(multi_resolution_stft(audio, audio / 2, 8000)) == pytest.approx(0.5 + 0.6931, abs=2e-3)
    rows = [float(multi_resolution_stft(audio[i : i + 1], audio[i : i + 1] * f, 8000)) for i, f in enumerate((0.9, 0.3))]
    both = multi_resolution_stft(audio, audio * torch.tensor([[0.9], [0.3]]), 8000)
    assert float(both) == pytest.approx(sum(rows) / 2, rel=1e-5)  # so that processes agree with one
    silent = torch.zeros(1, 4000, requires_grad=True)
    multi_resolution_stft(torch.zeros(1, 4000), silent, 8000).backward()
    assert bool(torch.isfinite(silent.grad).all())


def test_the_stft_term_is_there_when_it_has_a_weight():
    model, log = build(stft_weight=2.0), []
    model.training_step(speech(2), STATE, stepper(model, log))
    assert set(log[1][1]) == {"mel", "stft", "features", "adversarial"}
