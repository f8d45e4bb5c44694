"""The harmonic-plus-noise excitation: its signals, the F0 read from a mel, streams, training and the CPU's generator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.interfaces.trainable import Losses, TrainState
from ttskit.interfaces.vocoder import VocoderBatch
from ttskit.plugins import create_registry
from ttskit.testing.numerics import rounding_of
from ttskit.testing.vocoder import check_vocoder
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.excitation import (
    ExcitationLayers,
    ExcitationStream,
    PitchEstimator,
    harmonic_plus_noise,
    training_excitation,
    white_noise,
)
from ttskit_hifigan.vocoder import Hifigan

HOP, RATE = 256, 22_050


def made(hz: list[float], phase: float = 0.0) -> torch.Tensor:
    """Excitation (3, S) of a contour, without noise."""
    contour = torch.tensor([[hz[0], *hz, hz[-1]]], dtype=torch.float64)
    silent = torch.zeros(1, len(hz) * HOP)
    return harmonic_plus_noise(contour, HOP, RATE, torch.tensor([phase], dtype=torch.float64), silent)[0][0]


def spectrum(signal: torch.Tensor) -> torch.Tensor:
    return torch.fft.rfft(signal.double() * torch.hann_window(len(signal), dtype=torch.float64)).abs()


def build(**options) -> Hifigan:
    """A loud vocoder whose estimator hears a voice in half of all frames."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    vocoder = Hifigan(HifiganOptions(**{"preset": "tiny", "excitation": "harmonic", **options}), MelConfig()).eval()
    with torch.no_grad():
        for p in vocoder.generator.parameters():
            p.mul_(1.5)
        pitch = vocoder.generator.pitch
        pitch.out.bias[-1] -= pitch(mels(1, 80, 90))[:, -1].median()
    return vocoder


def mels(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)) - 5


def segments(rows: int = 4, frames: int = 8) -> VocoderBatch:
    seeds = torch.arange(rows) + 11
    pitch = torch.full((rows, frames), 140.0) * (torch.arange(rows)[:, None] % 2)
    return VocoderBatch(tuple("abcd"[:rows]), mels(rows, 80, frames), 0.1 * mels(rows, frames * HOP) + 0.5, seeds, pitch)


def test_a_pulse_train_has_all_harmonics_of_f0_and_nothing_else():
    f0 = RATE / 100  # 220.5 Hz: 40 frames hold 102.4 periods; 100 samples a period
    pulse, sine, _ = made([f0] * 50)
    inside = slice(1000, 1000 + 100 * 100)  # a hundred whole periods
    lines = spectrum(pulse[inside])
    at = lines[torch.arange(100, 100 * 50, 100)]  # 49 harmonics below half the rate
    torch.testing.assert_close(at / at.mean(), torch.ones_like(at), atol=1e-3, rtol=0)
    lines[torch.cat([torch.arange(100, 100 * 51, 100) + k for k in (-1, 0, 1)]).clamp_max(len(lines) - 1)] = 0
    assert float(lines[2:].max()) < 1e-3 * float(at.mean())  # no alias between them
    assert pulse.pow(2).mean() == pytest.approx(1.0, rel=0.05) and sine.pow(2).mean() == pytest.approx(1.0, rel=0.01)
    only = spectrum(sine[inside])
    assert int(only.argmax()) == 100


def test_pitch_moves_between_frames_and_voices_fade():
    up = made([100.0] * 10 + [200.0] * 10)[1]
    crossings = torch.nonzero((up[:-1] < 0) & (up[1:] >= 0)).flatten().double()
    periods = RATE / crossings.diff()
    assert periods[:5].mean() == pytest.approx(100, rel=0.01) and periods[-5:].mean() == pytest.approx(200, rel=0.01)
    change = periods[(crossings[:-1] > 9.2 * HOP) & (crossings[1:] < 10.8 * HOP)]
    assert ((change > 101) & (change < 199)).any()
    pulse, sine, _ = made([0.0] * 5 + [150.0] * 5)
    assert float(torch.stack([pulse, sine])[:, : 4 * HOP + HOP // 2].abs().max()) == 0
    ramp = sine[4 * HOP + HOP // 2 : 5 * HOP + HOP // 2]
    assert 0 < float(ramp[: HOP // 4].abs().max()) < 0.5 < float(ramp.abs().max())
    assert torch.isfinite(made([0.0, 600.0, 50.0, 0.0, 11_000.0])).all()


def test_noise_is_white_and_a_function_of_seed_and_place():
    seeds = torch.tensor([0, 1, -5, 2**62])
    noise = white_noise(seeds, 0, 40_000)
    assert noise.mean(1).abs().max() < 0.03 and (noise.pow(2).mean(1) - 1).abs().max() < 0.03
    bands = torch.fft.rfft(noise.double()).abs().pow(2)[:, 1:20_001].view(4, 10, -1).mean(2) / 40_000
    assert (bands - 1).abs().max() < 0.12
    assert np.abs(np.corrcoef(noise.numpy()) - np.eye(4)).max() < 0.03
    assert torch.equal(white_noise(seeds, 12_345, 100), noise[:, 12_345:12_445])
    assert torch.equal(white_noise(seeds[2:], 0, 50), noise[2:, :50])


def test_training_draws_phase_and_noise_by_seed_alone():
    hz = torch.tensor([[120.0, 130.0, 0.0], [0.0, 0.0, 210.0]])
    both = training_excitation(hz, HOP, RATE, torch.tensor([7, 8]))
    assert both.shape == (2, 3, 3 * HOP) and both.dtype == torch.float32
    assert torch.equal(training_excitation(hz[1:], HOP, RATE, torch.tensor([8]))[0], both[1])
    other = training_excitation(hz, HOP, RATE, torch.tensor([9, 8]))
    assert not torch.equal(other[0, 1], both[0, 1]) and torch.equal(other[1], both[1])


def test_f0_is_learnt_from_mels():
    """Harmonic sounds of many pitches and colours: after seconds the estimator hears pitch and voicing in new ones."""
    torch.set_num_threads(1)
    c = MelConfig()
    extract, g = MelExtractor(c), torch.Generator().manual_seed(0)

    def sounds(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        hz = (80 * 4 ** torch.rand(count, 1, generator=g)).expand(-1, 16) * (torch.rand(count, 1, generator=g) < 0.7)
        seeds = torch.randint(0, 9999, (count,), generator=g)
        pulse, _, noise = training_excitation(hz, c.hop_samples, c.sample_rate_hz, seeds).unbind(1)
        tilt = 0.9 * torch.rand(count, 1, generator=g)
        audio = torch.where(hz[:, :1] > 0, 0.05 * (pulse - tilt * pulse.roll(1, 1)) + 0.002 * noise, 0.05 * noise)
        return (extract(audio)[:, :, 2:14] + 5.5) / 2, hz[:, 2:14]

    torch.manual_seed(0)
    net = PitchEstimator(80, channels=64)
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(150):
        mel, hz = sounds(16)
        loss = net.loss(net(mel), hz)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    mel, hz = sounds(64)
    with torch.no_grad():
        heard = net.hz(net(mel))
    assert float(((heard > 0) == (hz > 0)).float().mean()) > 0.95
    both = (heard > 0) & (hz > 0)
    off = (12 * torch.log2(heard[both] / hz[both])).abs()  # semitones
    assert float(off.median()) < 0.5 and float((off < 2).float().mean()) > 0.9


def test_f0_of_sure_logits_is_exact_and_the_loss_knows_it():
    hz = torch.tensor([[61.7, 0.0, 233.1, 599.0, 50.0]])
    bins = PitchEstimator(4).out.out_channels - 1
    centre = 24 * torch.log2(hz.clamp_min(50) / 50)
    logits = torch.cat(
        [-0.5 * (torch.arange(bins)[:, None] - centre[:, None]).square(), torch.where(hz > 0, 8.0, -8.0)[:, None]], 1
    )
    torch.testing.assert_close(PitchEstimator.hz(logits)[:, :3], hz[:, :3], rtol=1e-3, atol=0)
    torch.testing.assert_close(PitchEstimator.hz(logits)[:, 3:], hz[:, 3:], rtol=0.03, atol=0)  # one side of the peak is cut
    right = PitchEstimator.loss(logits, hz)
    assert right < PitchEstimator.loss(logits, hz * 1.1) and right < PitchEstimator.loss(logits.roll(1, 2), hz)
    flat = torch.zeros_like(logits)
    unvoiced = torch.zeros(1, 5)
    assert float(PitchEstimator.loss(flat, unvoiced)) == pytest.approx(np.log(2))  # where no voice is no pitch is asked for


@pytest.mark.parametrize("rates", [(8, 8, 4), (8, 4, 3), (5, 5, 2, 3), (7, 2)])
def test_every_stage_gets_as_many_rows_as_it_has(rates):
    layers, rows, hop = ExcitationLayers(rates, 64), 1, int(np.prod(rates))
    for stage, (rate, layer) in enumerate(zip(rates, layers, strict=True)):
        rows *= rate
        assert layer(torch.randn(2, 3, 10 * hop)).shape == (2, 64 // 2 ** (stage + 1), 10 * rows)
        impulse = torch.zeros(1, 3, 10 * hop)
        impulse[0, 0, 5 * hop + hop // 2] = 1
        with torch.no_grad():
            layer.bias.zero_()
            touched = layer(impulse)[0].abs().sum(0).nonzero().flatten().double() + 0.5
        assert abs(float(touched.mean()) * hop / rows - (5 * hop + hop // 2)) <= 1.5 * hop / rows  # where it was


@pytest.mark.parametrize("cuts", [[1] * 90, [7] * 13, [32, 32, 26], [3, 40, 1, 2, 44], [90]])
def test_an_excitation_in_pieces_is_the_whole_one(cuts):
    vocoder = build()
    mel = mels(2, 80, 90)
    whole = vocoder._excitation(mel)
    hz = vocoder.generator.pitch.hz(vocoder.generator.pitch(mel))
    assert 0.2 < float((hz > 0).float().mean()) < 0.8  # voiced and unvoiced
    stream = ExcitationStream(vocoder.generator.pitch, HOP, RATE)
    parts = [stream.extend(piece) for piece in mel.split(cuts if sum(cuts) == 90 else [*cuts[:-1], 90 - sum(cuts[:-1])], 2)]
    assert sum(p.shape[2] for p in parts) < 90 * HOP  # what waits for what comes
    joined = torch.cat([*parts, stream.extend(mel[:, :, :0], last=True)], 2)
    torch.testing.assert_close(joined, whole, atol=rounding_of(Hifigan._excitation, vocoder, mel), rtol=0)


def test_a_long_stream_does_not_drift():
    """Half a minute, in small pieces: phase is a sum over all of it."""
    vocoder = build()
    mel = mels(1, 80, 2600)
    whole = vocoder.infer(mel)
    joined = torch.cat(list(vocoder.infer_stream(mel.split(5, dim=2))), 1)
    assert joined.shape == whole.shape and float(whole.abs().max()) > 0.05
    assert float((joined - whole)[:, -100 * HOP :].detach().abs().max()) <= rounding_of(Hifigan.infer, vocoder, mel)


def test_a_stream_waits_no_longer_than_its_neighbours_and_f0_need():
    vocoder, taken = build(), 0

    def counted():
        nonlocal taken
        for piece in mels(1, 80, 400).split(1, dim=2):
            taken += 1
            yield piece

    next(iter(vocoder.infer_stream(counted())))
    assert taken <= 16 + vocoder.options.size().context_frames + 7


@pytest.mark.parametrize("threads", [1, 2])
def test_the_cpus_generator_takes_an_excitation(threads):
    vocoder, mel = build(), mels(2, 80, 40)
    torch.set_num_threads(threads)
    try:
        with torch.no_grad():
            plain = vocoder.generator(mel, vocoder._excitation(mel))[:, 0]
            spoken = vocoder.infer(mel)
            without = vocoder.generator(mel, torch.zeros(2, 3, 40 * HOP))[:, 0]
    finally:
        torch.set_num_threads(1)
    torch.testing.assert_close(spoken, plain, atol=rounding_of(Hifigan.infer, vocoder, mel), rtol=0)
    assert float((plain - without).abs().max()) > 0.01  # it is heard


def test_it_is_a_vocoder_like_any_other():
    plugin = create_registry().get("vocoder", "hifigan")
    options = {"preset": "tiny", "excitation": "harmonic"}
    plugin = replace(plugin, facts={**plugin.facts, "small_options": options})
    assert [f"{r.name}: {r.message}" for r in check_vocoder(plugin) if not r.passed] == []
    assert build().features == ("pitch",) and Hifigan(HifiganOptions(preset="tiny"), MelConfig()).features == ()


def test_published_networks_have_none_of_it():
    model = Hifigan(HifiganOptions(preset="tiny"), MelConfig())
    assert not any(part in name for name in model.state_dict() for part in ("pitch", "excitation"))


def test_f0_comes_from_the_recording_and_is_learnt():
    """The estimator learns in every step of the generator; the generator hears the recording's F0 and not the estimator's."""
    batch = segments()
    model, log = build(generator_warmup=0.0).train(), []
    plans = model.optimizers(100)

    def optimize(name: str, losses: Losses) -> None:
        plans[name].optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        log.append((name, {k: float(v.detach()) for k, v in losses.means().items()}))
        plans[name].optimizer.step()

    for step in range(30):
        model.training_step(batch, TrainState(step, 0, 100), optimize)
    pitch = [values["pitch"] for name, values in log if name == "generator"]
    assert pitch[-1] < 0.7 * pitch[0]
    assert "pitch" not in dict(log)["discriminator"]

    def spoken(**changes) -> torch.Tensor:
        torch.manual_seed(0)
        fresh = build().train()
        return fresh.generator(batch.mel, fresh._training_excitation(replace(batch, **changes))[0])

    same = spoken()
    assert torch.equal(spoken(), same)
    assert not torch.equal(spoken(pitch_hz=batch.pitch_hz * 1.3), same)
    assert not torch.equal(spoken(seeds=batch.seeds + 1), same)
    assert torch.isfinite(spoken(pitch_hz=None)).all()
    assert build().train()._training_excitation(replace(batch, pitch_hz=None))[1] == {}


def test_two_halves_sum_to_the_whole_batch():
    batch = segments()

    def part(rows: slice) -> VocoderBatch:
        return VocoderBatch(batch.ids[rows], batch.mel[rows], batch.audio[rows], batch.seeds[rows], batch.pitch_hz[rows])

    def gradients(parts: list[VocoderBatch]) -> dict:
        sums: dict = {}
        for given in parts:
            model = build().train()

            def optimize(name: str, losses: Losses, model: Hifigan = model) -> None:
                model.zero_grad(set_to_none=True)
                sum(t.weight * t.total / 4 for t in losses.terms.values()).backward()
                for key, p in model.named_parameters():
                    if name == "generator" and p.grad is not None:
                        sums[key] = sums.get(key, 0) + p.grad.clone()

            model.training_step(given, TrainState(0, 0, 100), optimize)
        return sums

    whole, halves = gradients([batch]), gradients([part(slice(0, None, 2)), part(slice(1, None, 2))])
    assert any("pitch" in name for name in whole) and any("excitations" in name for name in whole)
    for name, value in whole.items():
        torch.testing.assert_close(halves[name], value, atol=1e-4 * float(value.abs().max()) + 1e-9, rtol=1e-3)


def test_harmonics_follow_the_excitation_after_seconds():
    """What it is for: a generator that filters has the harmonics of a voice after some seconds; one that sees mels has not."""
    torch.set_num_threads(1)
    c = PRESETS["telephone-8000"]
    f0 = 190.0
    extract = MelExtractor(c)
    frames = 32
    times = torch.arange(frames * c.hop_samples * 3) / c.sample_rate_hz

    def voice(shift: float) -> torch.Tensor:
        angle = 2 * torch.pi * (f0 * times + shift)
        return 0.05 * sum(torch.sin(k * angle) / k**0.5 for k in range(1, 20))

    audio = torch.stack([voice(k / 4) for k in range(4)])
    mel = extract(audio)[:, :, frames : 2 * frames]
    start = frames * c.hop_samples + c.waveform_start_samples
    target = audio[:, start : start + frames * c.hop_samples]
    options = {
        "preset": "tiny",
        "upsample_rates": (8, 4, 3),
        "upsample_kernel_sizes": (16, 8, 7),
        "segment_frames": frames,
        "mel_mean": -5.5,
        "mel_std": 2.0,
        "stft_weight": 45.0,
        "generator_warmup": 0.9,
        "warmup_rate": 15.0,
    }

    def share_on_harmonics(excitation: str) -> float:
        torch.manual_seed(0)
        model = Hifigan(HifiganOptions(excitation=excitation, **options), c).train()
        plan = model.optimizers(1000)["generator"]

        def optimize(name: str, losses: Losses) -> None:
            plan.optimizer.zero_grad(set_to_none=True)
            losses.total.backward()
            plan.optimizer.step()

        for group in plan.optimizer.param_groups:
            group["lr"] *= 15
        pitch = torch.full((4, frames), f0)
        for step in range(60):
            batch = VocoderBatch(tuple("abcd"), mel, target, torch.arange(4) + 4 * step, pitch)
            model.training_step(batch, TrainState(step, 0, 1000), optimize)
        with torch.no_grad():
            made = model.eval().infer(mel[:1])[0, 480:2500]
        power = spectrum(made).pow(2)
        hz = torch.arange(len(power)) * c.sample_rate_hz / len(made)
        heard = (hz > 100) & (hz < 3900)
        near = ((hz + f0 / 2) % f0 - f0 / 2).abs() < 12
        return float(power[heard & near].sum() / power[heard].sum())

    assert share_on_harmonics("harmonic") > 0.8 > 0.6 > share_on_harmonics("none")
