"""Generator, normalisation and streaming."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.nn import SpectralNormConv1d, WeightNormConv1d, WeightNormUpsample
from ttskit.plugins import create_registry
from ttskit.testing.numerics import rounding_of
from ttskit.testing.vocoder import check_vocoder
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.model import Generator
from ttskit_hifigan.vocoder import Hifigan


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def loud(options: HifiganOptions, mel: MelConfig | None = None) -> Hifigan:
    """A vocoder whose output is far from silence, so that differences show."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    vocoder = Hifigan(options, mel or MelConfig()).eval()
    with torch.no_grad():
        for name, p in vocoder.generator.named_parameters():
            if name.endswith("weight_g"):
                p.mul_(2.0)
    return vocoder


@pytest.mark.parametrize(("rate", "kernel"), [(8, 16), (2, 4), (3, 6), (3, 7), (4, 4), (5, 5), (5, 6)])
def test_upsampling_is_exact_for_even_and_odd_differences(rate, kernel):
    x = noise(2, 4, 9)
    layer = WeightNormUpsample(4, 2, kernel, rate)
    assert layer(x).shape == (2, 2, 9 * rate)
    # an impulse in the middle spreads around its own samples, not beside them
    with torch.no_grad():
        layer.bias.zero_()
        impulse = torch.zeros(1, 4, 9)
        impulse[0, :, 4] = 1
        touched = layer(impulse)[0].abs().sum(0).nonzero().flatten().float()
    assert abs(float(touched.mean()) - (4 * rate + (rate - 1) / 2)) <= 0.5


def test_weight_norm_equals_its_formula_and_folds_without_breaking_training():
    torch.manual_seed(0)
    layer = WeightNormConv1d(4, 4, 3, padding=1).train()
    x = noise(1, 4, 8)
    weight = layer.weight_g * layer.weight_v / layer.weight_v.flatten(1).norm(dim=1)[:, None, None]
    torch.testing.assert_close(layer(x), torch.nn.functional.conv1d(x, weight, layer.bias, padding=1))
    layer.eval()
    with torch.no_grad():
        before = layer(x)
        assert layer.product() is layer.product()  # folded once
    with torch.inference_mode():
        assert torch.equal(layer(x), before)
    with torch.no_grad():
        layer.weight_g.mul_(2)  # a step of an optimiser
        torch.testing.assert_close(layer(x) - layer.bias[:, None], 2 * (before - layer.bias[:, None]))
        fresh = WeightNormConv1d(4, 4, 3, padding=1).eval()
        fresh(x)
        fresh.load_state_dict(layer.state_dict())  # a checkpoint
        assert torch.equal(fresh(x), layer(x)) and torch.equal(deepcopy(layer)(x), layer(x))
    layer(x).sum().backward()
    assert layer.weight_g.grad is not None and layer.weight_v.grad is not None
    assert set(layer.state_dict()) == {"weight_g", "weight_v", "bias"}


def test_spectral_norm_finds_the_largest_singular_value_and_rests_in_eval_mode():
    torch.manual_seed(0)
    layer = SpectralNormConv1d(6, 5, 3, bias=False)
    for _ in range(50):
        layer(noise(1, 6, 9))
    layer.eval()
    u = layer.weight_u.clone()
    out = layer(noise(1, 6, 9))
    matrix = layer.weight_orig / torch.linalg.matrix_norm(layer.weight_orig.flatten(1), 2)
    torch.testing.assert_close(out, torch.nn.functional.conv1d(noise(1, 6, 9), matrix), rtol=1e-4, atol=1e-5)
    assert torch.equal(u, layer.weight_u)


@pytest.mark.parametrize(("preset", "millions"), [("V1", 13.92), ("V2", 0.92), ("V3", 1.46)])
def test_sizes_are_the_papers(preset, millions):
    """Table 1 of the paper counts the folded weights."""
    generator = Generator(HifiganOptions(preset=preset).size(), 80)
    counted = sum(p.numel() for n, p in generator.named_parameters() if not n.endswith("weight_g"))
    assert counted / 1e6 == pytest.approx(millions, abs=0.01)


def test_a_sample_depends_on_no_frame_beyond_the_declared_context():
    for options in (HifiganOptions(preset="tiny"), HifiganOptions(preset="V2", upsample_initial_channel=16)):
        size = options.size()
        torch.manual_seed(0)
        generator = Generator(size, 4)
        frames = 2 * size.context_frames + 5
        mel = noise(1, 4, frames).requires_grad_()
        middle = size.context_frames + 2
        audio = generator(mel)[0, 0, middle * 256 : (middle + 1) * 256]
        reach = torch.autograd.grad((audio * noise(256)).sum(), mel)[0][0].abs().sum(0).nonzero().flatten()
        assert middle - size.context_frames <= int(reach.min()) and int(reach.max()) <= middle + size.context_frames
        assert int(reach.max()) - middle >= size.context_frames - 4  # and not much is wasted


@pytest.mark.parametrize("chunk", [1, 7, 32, 1000])
@pytest.mark.parametrize("kind", ["tiny", "odd"])
def test_streaming_equals_one_pass(kind, chunk):
    options, mel_config = HifiganOptions(preset="tiny"), MelConfig()
    if kind == "odd":
        mel_config = MelConfig(hop_samples=90)
        options = HifiganOptions(preset="tiny", resblock=1, upsample_rates=(6, 5, 3), upsample_kernel_sizes=(12, 10, 6))
    vocoder = loud(options, mel_config)
    mel = noise(2, 80, 300)
    whole = vocoder.infer(mel)
    pieces = list(vocoder.infer_stream(mel.split(chunk, dim=2)))
    joined = torch.cat(pieces, dim=1)
    assert joined.shape == whole.shape and float(whole.abs().max()) > 0.05
    torch.testing.assert_close(joined, whole, rtol=0, atol=rounding_of(Hifigan.infer, vocoder, mel))


def test_streaming_speaks_before_the_mel_has_ended():
    vocoder = loud(HifiganOptions(preset="tiny"))
    given = 0

    def chunks():
        nonlocal given
        for part in noise(1, 80, 200).split(4, dim=2):
            given += 4
            yield part

    first = next(vocoder.infer_stream(chunks()))
    assert first.shape[1] > 0 and given < 60


def test_streaming_refuses_nothing_and_changing_batches():
    vocoder = loud(HifiganOptions(preset="tiny"))
    with pytest.raises(InputError, match="no frames"):
        list(vocoder.infer_stream([]))
    with pytest.raises(InputError, match="batch sizes"):
        list(vocoder.infer_stream([noise(1, 80, 4), noise(2, 80, 4)]))
    with pytest.raises(InputError, match="NaN"):
        list(vocoder.infer_stream([torch.full((1, 80, 4), float("nan"))]))


def test_batch_equals_singles_and_runs_repeat():
    vocoder = loud(HifiganOptions(preset="tiny"))
    mel = noise(3, 80, 11)
    together, near = vocoder.infer(mel), rounding_of(Hifigan.infer, vocoder, mel)
    assert together.shape == (3, 11 * 256) and torch.equal(together, vocoder.infer(mel))
    for row in range(3):
        torch.testing.assert_close(vocoder.infer(mel[row : row + 1])[0], together[row], rtol=0, atol=near)


@pytest.mark.parametrize("mel", [torch.zeros(1, 79, 5), torch.zeros(1, 80, 0), torch.full((1, 80, 3), float("nan"))])
def test_what_is_no_mel_is_refused(mel):
    with pytest.raises(InputError):
        loud(HifiganOptions(preset="tiny")).infer(mel)


def test_conformance():
    plugin = create_registry(only={"hifigan"}).get("vocoder", "hifigan")
    failures = [r for r in check_vocoder(plugin) if not r.passed]
    assert not failures, "\n".join(f"{r.name}: {r.message}" for r in failures)
