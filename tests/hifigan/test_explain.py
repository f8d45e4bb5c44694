"""What HiFi-GAN shows of a mel is what it makes of it; its receptive field is the one that numbers find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ttskit.audio.config import MelConfig
from ttskit.errors import ConfigError
from ttskit.nn import MultiPeriodDiscriminator, MultiScaleDiscriminator
from ttskit.nn.discriminators import PERIODS, SCALES
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.explain import architecture_for, receptive_field
from ttskit_hifigan.model import LAST_SLOPE, SLOPE, Generator
from ttskit_hifigan.vocoder import Hifigan

MEL = MelConfig()
FRAMES = 10
NARROW = {"upsample_initial_channel": 16}  # as deep and as far-seeing as the published one, in a moment
SIZES = {
    "V1": {"preset": "V1", **NARROW},
    "V2": {"preset": "V2", **NARROW},
    "V3": {"preset": "V3", **NARROW},
    "small": {"preset": "small", **NARROW},
    "tiny": {"preset": "tiny"},
    "odd": {"preset": "tiny", "upsample_rates": (8, 8, 4), "upsample_kernel_sizes": (11, 8, 7)},
}


def vocoder(**options) -> Hifigan:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return Hifigan(HifiganOptions(**{"preset": "tiny", **options}), MEL).eval()


def noise(frames: int = FRAMES) -> torch.Tensor:
    return torch.randn(1, MEL.bands, frames, generator=torch.Generator().manual_seed(1)) - 5


def adding(name: str) -> Generator:
    """A generator that only adds: all weights positive, no bias, so that whatever a frame can change it does change.

    In double precision, since what passes the outermost taps of every layer is 10⁻³⁰ of what passes the middle ones.
    """
    torch.set_num_threads(1)
    generator = Generator(HifiganOptions(**SIZES[name]).size(), 4).double().eval()
    with torch.no_grad():
        for key, p in generator.named_parameters():
            p.fill_(0.0 if key.endswith("bias") else 1e-3 if key.endswith("weight_g") else 1.0)
    return generator


@pytest.mark.parametrize("options", [{}, {"ema_decay": 0.9}, {"excitation": "harmonic"}], ids=["plain", "average", "excited"])
def test_the_audio_is_that_of_infer_bit_for_bit(options):
    model, mel = vocoder(**options), noise()
    quick = model.infer(mel)
    found = model.explain(mel)
    assert model.fast and torch.equal(model.infer(mel), quick)
    model.fast = False
    spoken = model.infer(mel)
    assert torch.equal(found.audio, spoken)
    np.testing.assert_array_equal(found["vocoder.audio"]["audio"], spoken[0])
    assert ("hifigan.excitation" in [step.key for step in found.steps]) == ("excitation" in options)


def test_the_kernels_that_are_switched_off_are_those_that_speak_otherwise():
    model, mel = vocoder(), noise()
    model.infer(mel)
    if model._fast is None:
        pytest.skip("numba cannot compile here")
    model.fast = False
    model.infer(mel)
    assert model._fast is None


def test_each_stage_shows_the_signal_that_the_next_one_is_given():
    """The mean of the blocks, worked out from what was recorded, is bit for bit what goes into the next layer."""
    model, mel, arrived = vocoder(), noise(), {}
    model.fast = False
    layers = [*model.generator.ups[1:], model.generator.conv_post]
    for index, layer in enumerate(layers):
        layer.register_forward_pre_hook(lambda module, given, index=index: arrived.__setitem__(index, given[0]))
    found = model.explain(mel)
    stages = model.architecture().stages
    for index, stage in enumerate(stages):
        fused = found[stage.step].tensors[0]
        assert fused.key == "fused" and fused.values.shape[0] == stage.channels
        slope = SLOPE if index < len(stages) - 1 else LAST_SLOPE
        assert torch.equal(F.leaky_relu(torch.from_numpy(fused.values)[None], slope), arrived[index])
        blocks = [found[stage.step][branch.tensor] for branch in stage.branches]
        assert all(not np.array_equal(blocks[0], block) for block in blocks[1:])


def test_rates_of_the_published_size_by_hand():
    """22,050 Hz and a hop of 256: 86.13 frames a second, ×8 ×8 ×2 ×2."""
    found = Hifigan(HifiganOptions(preset="V1", discriminator_scale=1 / 32), MEL).architecture()
    assert [stage.rate for stage in found.stages] == [8, 8, 2, 2]
    np.testing.assert_allclose([stage.rate_hz for stage in found.stages], [689.0625, 5512.5, 11025, 22050])
    assert found.channels == 512 and [stage.channels for stage in found.stages] == [256, 128, 64, 32]
    assert [(b.kernel, b.dilations) for b in found.stages[2].branches] == [(k, (1, 1, 3, 1, 5, 1)) for k in (3, 7, 11)]
    assert [b.places for b in found.stages[0].branches] == [25, 73, 121]
    assert not found.remembers and vocoder(excitation="harmonic").architecture().remembers


def test_for_a_mel_of_another_hop_rates_that_fit_are_taken():
    """A hop of 300 at 24,000 Hz: 6 · 5 · 5 · 2, kernels twice as wide; 80 frames a second."""
    found = architecture_for(replace(MEL, sample_rate_hz=24_000, hop_samples=300))
    assert [(stage.rate, stage.kernel) for stage in found.stages] == [(6, 12), (5, 10), (5, 10), (2, 4)]
    np.testing.assert_allclose([stage.rate_hz for stage in found.stages], [480, 2400, 12_000, 24_000])
    assert found.field.samples_per_frame == 300
    assert architecture_for(MEL) == Hifigan(HifiganOptions(discriminator_scale=1 / 32), MEL).architecture()
    with pytest.raises(ConfigError, match="mel's hop is 257"):
        architecture_for(replace(MEL, hop_samples=257))


def test_receptive_field_of_the_published_size_by_hand():
    """The widest block, kernel 11 and type 1: 5 · (1 + 3 + 5) + 3 · 5 = 60 places to each side, 121 in all.

    Forwards: 1 → 7 frames; ×8, kernel 16: 6 · 8 + 16 = 64, + 120 = 184; ×8: 183 · 8 + 16 = 1,480, + 120 = 1,600;
    ×2, kernel 4: 1,599 · 2 + 4 = 3,202, + 120 = 3,322; ×2: 3,321 · 2 + 4 = 6,646, + 120 = 6,766; + 6 = 6,772 samples.
    Backwards, in frames: R = 1 + 6 + (15 + 120)/8 + (15 + 120)/64 + (3 + 120)/128 + (3 + 120 + 6)/256 = 27.45.
    """
    field = receptive_field(HifiganOptions(preset="V1").size())
    assert field.samples == 6772
    widths = {last - first + 1 for first, last in map(field.frames_of, range(256))}
    assert widths <= {26, 27, 28} and field.frames == max(widths)
    assert field.samples == sum(  # each pair (frame, sample) is counted once from either side
        last - first + 1 for first, last in map(field.frames_of, range(256))
    )


@pytest.mark.parametrize("name", list(SIZES))
def test_one_frame_changes_the_samples_of_its_receptive_field_and_no_other(name):
    generator = adding(name)
    field = receptive_field(generator.size)
    frame = field.frames
    mel = torch.zeros(1, 4, 2 * frame + 1, dtype=torch.float64)
    mel[:, :, frame] = 1.0
    with torch.no_grad():
        changed = generator(mel)[0, 0].nonzero()[:, 0]
    assert (int(changed[0]), int(changed[-1])) == field.samples_of(frame)
    assert len(changed) == field.samples  # without a hole
    assert field.samples_per_frame == MEL.hop_samples


@pytest.mark.parametrize("name", list(SIZES))
def test_the_gradient_of_a_sample_reaches_the_frames_that_it_depends_on_and_no_other(name):
    generator = adding(name)
    field = receptive_field(generator.size)
    frames = 2 * field.frames + 1
    mel = torch.zeros(1, 4, frames, dtype=torch.float64, requires_grad=True)
    audio = generator(mel)[0, 0]
    for place in (0, 1, 127, 128, 255):
        sample = field.frames * MEL.hop_samples + place
        (slope,) = torch.autograd.grad(audio[sample], mel, retain_graph=True)
        reached = slope[0].abs().sum(0).nonzero()[:, 0]
        assert (int(reached[0]), int(reached[-1])) == field.frames_of(sample)


def test_streaming_waits_for_at_least_what_a_sample_depends_on():
    for name in SIZES:
        size = HifiganOptions(**SIZES[name]).size()
        field = receptive_field(size)
        seen = [field.frames_of(sample) for sample in range(MEL.hop_samples)]
        assert max(last for _, last in seen) <= size.context_frames and min(first for first, _ in seen) >= -size.context_frames


@pytest.mark.parametrize("choice", ["1.1", "2.2", "3.2"])
def test_a_block_that_is_switched_off_is_missing_from_its_stage(choice):
    model, mel = vocoder(), noise()
    plain, changed = model.explain(mel), model.explain(mel, changed={"hifigan.block_off": choice})
    stage, block = (int(part) for part in choice.split("."))
    step, other = f"hifigan.stage.{stage}", 3 - block
    assert not changed[step][f"block_{block}"].any()
    np.testing.assert_array_equal(changed[step]["fused"], changed[step][f"block_{other}"] / 2)
    np.testing.assert_array_equal(changed[step][f"block_{other}"], plain[step][f"block_{other}"])
    assert not torch.equal(changed.audio, plain.audio)


def test_periods_and_scales_are_those_of_the_discriminators_that_learn():
    model = vocoder()
    found = model.architecture()
    assert found.periods == tuple(one.period for one in model.mpd.discriminators) == PERIODS == (2, 3, 5, 7, 11)
    lengths = []
    judges = MultiScaleDiscriminator(1 / 32)
    for one in judges.discriminators:
        one.register_forward_pre_hook(lambda module, given: lengths.append(given[0].shape[2]))
    judges(torch.zeros(1, 1, 4096))
    assert found.scales == SCALES == tuple(round(4096 / length) for length in lengths)
    assert len(MultiPeriodDiscriminator(1 / 32).discriminators) == len(PERIODS)


def test_a_period_folds_the_waveform_row_by_row():
    """The first convolution of period p is given place (row, column) = sample row · p + column."""
    given, audio = {}, torch.arange(12.0).view(1, 1, 12)
    for one in MultiPeriodDiscriminator(1 / 32, (3,)).discriminators:
        one.convs[0].register_forward_pre_hook(lambda module, arguments: given.__setitem__("x", arguments[0]))
        one(audio)
    assert given["x"][0, 0].tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]


def test_a_vocoder_loaded_to_speak_has_no_discriminators_and_still_says_which_judged_it():
    model = vocoder()
    model.mpd, model.msd = nn.Module(), nn.Module()
    assert model.architecture().periods == PERIODS and model.architecture().scales == SCALES
