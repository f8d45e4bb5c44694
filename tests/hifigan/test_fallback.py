"""Where numba cannot compile, the plain generator speaks, and one warning says so."""

from __future__ import annotations

import sys
import warnings

import numba
import pytest
import torch
from numba.core.errors import LoweringError

from ttskit.audio.config import MelConfig
from ttskit_hifigan import fast
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.fast import generator, toomcook
from ttskit_hifigan.vocoder import Hifigan


def not_installed(monkeypatch):
    """As where numba has no release for this Python yet."""
    for name in [name for name in sys.modules if name.startswith("ttskit_hifigan.fast.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)


def compiler_fails(monkeypatch):
    """As where LLVM does not know the processor."""

    def refuse(*_, **__):
        raise LoweringError("no code for this target")

    monkeypatch.setattr(toomcook, "evaluate", numba.njit(toomcook.evaluate.py_func))
    monkeypatch.setattr("numba.core.dispatcher.Dispatcher.compile", refuse)


def switched_off(monkeypatch):
    """NUMBA_DISABLE_JIT: what `njit` gives is the plain function, which would take minutes for a word."""
    monkeypatch.setattr(toomcook, "interpolate", toomcook.interpolate.py_func)


FAULTS = {"ModuleNotFoundError": not_installed, "LoweringError": compiler_fails, "RuntimeError": switched_off}


@pytest.fixture(autouse=True)
def asked_anew():
    fast.refusal.cache_clear()
    yield
    fast.refusal.cache_clear()


def vocoder(**options) -> Hifigan:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return Hifigan(HifiganOptions(preset="tiny", upsample_initial_channel=128, **options), MelConfig()).eval()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("excitation", ["none", "harmonic"])
def test_the_plain_generator_speaks_and_a_warning_says_why(monkeypatch, fault, excitation):
    speaking = vocoder(excitation=excitation)
    mel = torch.randn(2, 80, 12, generator=torch.Generator().manual_seed(0)) - 5
    fast_audio = speaking.infer(mel)
    assert isinstance(speaking._fast, generator.CpuGenerator)
    fast.refusal.cache_clear()
    FAULTS[fault](monkeypatch)
    with pytest.warns(UserWarning, match=f"plain generator.*numba cannot compile \\({fault}"):
        made = speaking.infer(mel)
    assert speaking._fast is None
    with torch.no_grad():
        excited = speaking._excitation(mel)
        plain = speaking.generator(mel, excited)[:, 0]
    assert torch.equal(made, plain)
    torch.testing.assert_close(made, fast_audio, rtol=0, atol=2e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is said once
        streamed = torch.cat(list(speaking.infer_stream(mel.split(5, dim=2))), dim=1)
    torch.testing.assert_close(streamed, made, rtol=0, atol=1e-5)


def test_where_numba_compiles_nothing_is_said_and_the_weights_are_laid_out_once():
    speaking, mel = vocoder(), torch.zeros(1, 80, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        speaking.infer(mel)
        first = speaking._fast
        speaking.infer(mel)
    assert fast.refusal() == "" and first is not None and speaking._fast is first
    with torch.no_grad():
        speaking.generator.conv_post.bias.add_(0.1)
    speaking.infer(mel)
    assert speaking._fast is not first


def test_an_error_of_our_own_is_no_reason_to_be_slow(monkeypatch):
    """Only what keeps numba from compiling is forgiven."""
    speaking = vocoder()
    monkeypatch.setattr(generator.CpuGenerator, "__init__", lambda self, model: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        speaking.infer(torch.zeros(1, 80, 4))
