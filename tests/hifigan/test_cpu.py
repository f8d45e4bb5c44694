"""The faster generator for CPUs says what the plain one says, whatever is done to the model in between."""

from __future__ import annotations

import pickle
import threading
from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ttskit.audio.config import MelConfig
from ttskit.interfaces.trainable import TrainState
from ttskit.interfaces.vocoder import VocoderBatch
from ttskit.testing.numerics import rounding_bound, rounding_of
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.fast.generator import CpuGenerator, _Narrow, _Wide
from ttskit_hifigan.fast.toomcook import POINTS, _jit, evaluate, filter_matrix, interpolate, transformed
from ttskit_hifigan.model import Generator
from ttskit_hifigan.vocoder import Hifigan

KERNELS = {"resblock_kernel_sizes": (3, 7, 11), "resblock_dilation_sizes": ((1, 3, 5),) * 3}
SIZES = {
    "wide, of type 1": {
        "preset": "V1",
        "upsample_initial_channel": 128,
        "upsample_rates": (4, 2),
        **KERNELS,
        "upsample_kernel_sizes": (8, 4),
        "resblock": 1,
    },
    "wide, of type 2": {
        "preset": "V3",
        "upsample_initial_channel": 128,
        "upsample_rates": (4, 2),
        "upsample_kernel_sizes": (8, 4),
    },
    "narrow": {"preset": "tiny"},
    "odd": {
        "preset": "tiny",
        "upsample_initial_channel": 96,
        "resblock": 1,
        "upsample_rates": (5, 3),
        "upsample_kernel_sizes": (12, 3),
        "resblock_kernel_sizes": (5, 13),
        "resblock_dilation_sizes": ((2,), (1, 7)),
    },
}


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def loud(kind: str, bands: int = 20) -> Generator:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = Generator(HifiganOptions(**SIZES[kind]).size(), bands, mean=-0.3 if kind == "odd" else 0.0, std=1.5).eval()
    with torch.no_grad():
        for name, p in generator.named_parameters():
            if name.endswith("weight_g"):
                p.mul_(2.0)
            elif name.endswith("bias"):
                p.normal_(std=0.1)
    return generator


def rounding(generator: torch.nn.Module, mel: torch.Tensor) -> float:
    """How far two ways through this generator may be apart, by its own rounding here."""
    return rounding_of(torch.nn.Module.__call__, generator, mel)


def close(actual: torch.Tensor, generator: torch.nn.Module, mel: torch.Tensor) -> None:
    with torch.no_grad():
        wanted = generator(mel)
    assert float(wanted.abs().max()) > 0.02
    torch.testing.assert_close(actual, wanted, rtol=0, atol=rounding(generator, mel))


@pytest.mark.parametrize("kernel", [1, 3, 4, 7, 11])
def test_seven_products_make_four_outputs(kernel):
    """One channel, double precision in the filter: evaluated, multiplied, interpolated, against numpy's correlation."""
    weight, x = noise(1, 1, kernel, seed=1), noise(64)
    pieces = transformed(weight)
    assert filter_matrix().shape == (POINTS, 4) and pieces.shape == (-(-kernel // 4), POINTS, 1, 1)
    tiles = 8
    points = np.empty((POINTS, tiles + len(pieces) - 1), np.float32)
    evaluate(x.numpy(), 0, 1, points.shape[1], np.float32(1), points)
    products = sum(piece[:, 0].numpy() * points[:, j : j + tiles] for j, piece in enumerate(pieces))
    out = np.full(40, np.nan, np.float32)
    interpolate(products, 1, tiles, np.array([0.5], np.float32), np.empty(0, np.float32), out, 3)
    wanted = np.correlate(x.double().numpy(), weight.flatten().double().numpy(), "valid")[: 4 * tiles] + 0.5
    # At the worst: Bᵀ adds up to 15 times the largest sample, Aᵀ takes a product 8 times; 20 roundings one after another.
    taken = np.array([1, 1, 1, 8, 8, 1, 1]) @ pieces.abs().sum(0).flatten().numpy()
    np.testing.assert_allclose(
        out[3 : 3 + 4 * tiles], wanted, rtol=0, atol=rounding_bound(15 * taken * float(x.abs().max()), 20)
    )
    assert np.isnan(out[:3]).all() and np.isnan(out[3 + 4 * tiles :]).all()


def test_speaks_where_nothing_can_be_kept_on_disk(monkeypatch):
    """A read-only installation without a home folder: numba refuses to cache, which is no reason to be silent."""

    def refuse(self):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr("numba.core.dispatcher.Dispatcher.enable_caching", refuse)
    assert _jit(lambda a: a + 1)(2) == 3


@pytest.mark.parametrize("frames", [1, 2, 7, 30, 101])
@pytest.mark.parametrize("kind", sorted(SIZES))
def test_equals_the_plain_generator(kind, frames):
    generator = loud(kind)
    fast = CpuGenerator(generator)
    mel = noise(3, 20, frames)
    made = fast(mel)
    close(made, generator, mel)
    assert torch.equal(made, fast(mel)) and torch.equal(made[1:2], fast(mel[1:2]))  # repeats, and rows are apart


def test_both_kinds_of_convolution_are_tried_here():
    kinds = {
        kind: {type(c) for stage in CpuGenerator(loud(kind)).stages for block in stage for pair in block for c in pair}
        for kind in SIZES
    }
    assert kinds["narrow"] == {_Narrow} and _Wide in kinds["wide, of type 1"] and _Wide in kinds["wide, of type 2"]
    assert kinds["odd"] == {_Narrow, _Wide}


def test_several_blocks_and_threads(monkeypatch):
    """Blocks far smaller than the cache, so that seams show; two threads say the same and the number is put back."""
    generator, mel = loud("wide, of type 1"), noise(2, 20, 40)
    monkeypatch.setattr("ttskit_hifigan.fast.generator._BLOCK", 1 << 10)
    fast = CpuGenerator(generator)
    close(fast(mel), generator, mel)
    torch.set_num_threads(3)
    try:
        close(fast(mel), generator, mel)
        assert torch.get_num_threads() == 3
        monkeypatch.setattr("ttskit_hifigan.fast.generator._block", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fast(mel)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(1)


def test_from_several_threads_at_once():
    generator, said = loud("wide, of type 2"), {}
    fast = CpuGenerator(generator)
    mels = [noise(1, 20, 20 + i, seed=i) for i in range(4)]
    workers = [threading.Thread(target=lambda i=i: said.update({i: fast(mels[i])})) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(torch.equal(said[i], fast(mels[i])) for i in range(4))


def test_a_vocoder_speaks_with_its_weights_of_now():
    """After a load, a step of training, a copy, half precision and back: never with weights that were laid out before."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    options = HifiganOptions(preset="tiny", upsample_initial_channel=128, ema_decay=None)
    vocoder = Hifigan(options, MelConfig()).eval()
    mel = noise(1, 80, 12) - 5

    def check() -> torch.Tensor:
        with torch.no_grad():
            plain = vocoder.generator(mel)[:, 0]
        torch.testing.assert_close(vocoder.infer(mel), plain, rtol=0, atol=rounding(vocoder.generator, mel))
        return plain

    first = check()
    other = Hifigan(options, MelConfig()).eval()
    vocoder.load_state_dict(other.state_dict())
    loaded = check()
    plans = vocoder.train().optimizers(10)

    def optimize(name, losses):
        plans[name].optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        plans[name].optimizer.step()

    batch = VocoderBatch(("a",), noise(1, 80, 8) - 5, 0.1 * noise(1, 8 * 256))
    vocoder.training_step(batch, TrainState(0, 0, 10), optimize)
    vocoder.eval()
    trained = check()
    assert all(float((a - b).abs().max()) > 1e-4 for a, b in ((first, loaded), (loaded, trained)))
    assert deepcopy(vocoder)._fast is None and pickle.loads(pickle.dumps(vocoder))._fast is None
    assert torch.equal(deepcopy(vocoder).infer(mel), vocoder.infer(mel))
    with torch.no_grad():
        vocoder.generator.conv_post.weight_g.mul_(1.5)
    check()
    vocoder.to(torch.bfloat16)
    half = vocoder.infer(mel)
    assert half.dtype == torch.float32 and float((half - vocoder.float().infer(mel)).abs().max()) < 0.05
    vocoder.to("cpu", torch.float32)
    check()


def test_weights_that_torch_does_not_count():
    """Changed by a fused optimiser in evaluation mode, and in inference mode."""
    torch.manual_seed(0)
    options, mel = HifiganOptions(preset="tiny", upsample_initial_channel=128, ema_decay=None), noise(1, 80, 12) - 5
    vocoder = Hifigan(options, MelConfig()).eval()
    first = vocoder.infer(mel)
    optimizer = torch.optim.AdamW(vocoder.generator.parameters(), lr=0.02, fused=True)
    for parameter in vocoder.generator.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    stepped = vocoder.infer(mel)
    fresh = Hifigan(options, MelConfig()).eval()
    fresh.load_state_dict(vocoder.state_dict())
    assert not torch.allclose(first, stepped)
    assert torch.equal(stepped, fresh.infer(mel))
    with torch.inference_mode():
        made = Hifigan(options, MelConfig()).eval()
        made.infer(mel)
        made.load_state_dict(vocoder.state_dict())
        assert torch.equal(made.infer(mel), stepped)


def test_the_average_is_what_is_laid_out():
    torch.manual_seed(0)
    vocoder = Hifigan(HifiganOptions(preset="tiny", ema_decay=0.9), MelConfig()).eval()
    with torch.no_grad():
        for p in vocoder.average.parameters():
            p.mul_(1.2)
    mel = noise(1, 80, 9) - 5
    with torch.no_grad():
        torch.testing.assert_close(vocoder.infer(mel), vocoder.average(mel)[:, 0], rtol=0, atol=rounding(vocoder.average, mel))


def test_silence_stays_silence_beyond_the_ends():
    """What lies before and after a mel counts as zero, as in padded convolutions: an impulse at either end."""
    generator = loud("wide, of type 2")
    fast = CpuGenerator(generator)
    for frame in (0, 39):
        mel = F.one_hot(torch.tensor([frame]), 40).float().expand(20, 40)[None] * 3
        with torch.no_grad():
            torch.testing.assert_close(fast(mel), generator(mel), rtol=0, atol=rounding(generator, mel))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_fewer_bits_are_heard_as_little_and_float32_comes_back(precision):
    """Also streamed; the log spectra stay within half a decibel of float32's for a loud signal."""
    torch.manual_seed(0)
    vocoder = Hifigan(HifiganOptions(preset="tiny", upsample_initial_channel=32), MelConfig()).eval()
    with torch.no_grad():
        for name, p in vocoder.generator.named_parameters():
            if name.endswith("weight_g"):
                p.mul_(2.0)
    mel = noise(1, 80, 40)
    exact = vocoder.infer(mel)
    vocoder.use_precision(precision)
    rough = vocoder.infer(mel)
    assert rough.dtype == torch.float32 and rough.shape == exact.shape
    assert 0 < float((rough - exact).square().mean().sqrt()) < 0.02 * float(exact.std())
    streamed = torch.cat(list(vocoder.infer_stream(mel.split(7, dim=2))), dim=1)
    torch.testing.assert_close(streamed, rough, rtol=0, atol=0.02)
    vocoder.use_precision("fp32")
    assert torch.equal(vocoder.infer(mel), exact)
