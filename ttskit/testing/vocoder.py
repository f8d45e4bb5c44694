"""Checks for vocoders: every promise of `ttskit.interfaces.Vocoder`, tried on a short mel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import TrainState
from ttskit.interfaces.vocoder import Vocoder, VocoderBatch, vocoder_generators
from ttskit.testing.acoustic.training import unshared_statistics
from ttskit.testing.checks import Check, CheckList, CheckResult, misspelt, must_refuse, named, need, run_checks
from ttskit.testing.generators import (
    other_generators_other_audio,
    rows_have_generators_of_their_own,
    same_generators_same_audio,
    seeded,
    stochastic_is_declared,
)
from ttskit.testing.precision import check_precisions
from ttskit.testing.training import changed_by, check_learning, check_repeats, ranking
from ttskit.testing.vocoder_explaining import EXPLAINING

__all__ = ["VocoderSubject", "check_vocoder", "vocoder_checks"]

_CHECKS = CheckList()
_STATE = TrainState(500, 0, 1000)
_KNOWN = ("trainable", "streaming", "stochastic", "precisions", "structure", "small_options", "architecture")


class VocoderSubject:
    """A vocoder built with its `small_options` on the default mel; nothing is built before a check asks for it."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin, self.mel_config = plugin, MelConfig()

    @cached_property
    def options(self) -> Any:
        options_class = self.plugin.load_options()
        small = dict(self.plugin.facts.get("small_options", {}))
        return options_class(**small) if options_class else small

    def build(self, seed: int = 0) -> Vocoder:
        """A fresh vocoder."""
        torch.manual_seed(seed)
        return self.plugin.load()(self.options, self.mel_config)

    @cached_property
    def vocoder(self) -> Vocoder:
        return self.build().eval()

    def noise(self, rows: int, frames: int, seed: int) -> Tensor:
        """A log mel (B, M, T)."""
        return torch.randn(rows, self.mel_config.bands, frames, generator=torch.Generator().manual_seed(seed)) - 5.0

    @cached_property
    def mel(self) -> Tensor:
        return self.noise(3, 24, seed=0)

    @cached_property
    def batch(self) -> VocoderBatch:
        """Two segments for training."""
        frames = self.vocoder.segment_frames
        audio = 0.1 * torch.randn(2, frames * self.mel_config.hop_samples, generator=torch.Generator().manual_seed(2))
        pitch = torch.full((2, frames), 120.0) if "pitch" in self.vocoder.features else None
        return VocoderBatch(("a", "b"), self.noise(2, frames, seed=3), audio, torch.tensor([1, 2]), pitch)

    def infer(self, mel: Tensor, vocoder: Vocoder | None = None) -> Tensor:
        return seeded(vocoder or self.vocoder, mel)


def vocoder_checks(plugin: Plugin) -> list[Check]:
    """The checks of a vocoder built with its `small_options`, on the default mel."""
    return CheckList(_CHECKS, EXPLAINING).of(plugin.kind, plugin.name, VocoderSubject(plugin))


def check_vocoder(plugin: Plugin) -> list[CheckResult]:
    """Run them all."""
    return run_checks(vocoder_checks(plugin))


@_CHECKS("declared facts are true")
def _facts(subject: VocoderSubject) -> None:
    facts, vocoder = subject.plugin.facts, subject.vocoder
    misspelt(facts, _KNOWN)
    for fact in ("trainable", "streaming"):
        need(fact in facts, f"the description does not declare the fact {fact!r}")
        has = getattr(vocoder, fact)
        need(facts[fact] == has, f"fact {fact!r}: the description says {facts[fact]!r}, the vocoder {has!r}")
    stochastic_is_declared(subject.plugin, vocoder)
    need(vocoder.mel == subject.mel_config, "the vocoder's mel is not the one it was built for")
    if vocoder.trainable:
        weighted = [n for n, p in vocoder.named_parameters() if p.requires_grad]
        need(bool(weighted), "trainable is declared, but the vocoder has no parameter to train")
    else:
        need(not list(vocoder.parameters()), "trainable is declared false, but the vocoder has parameters")


@_CHECKS("samples per frame")
def _samples(subject: VocoderSubject) -> None:
    for frames in (1, 2, 24):
        audio = subject.infer(subject.mel[:, :, :frames])
        want = (3, frames * subject.mel_config.hop_samples)
        need(tuple(audio.shape) == want, f"{frames} frames give {tuple(audio.shape)} samples, need {want}")
        need(bool(torch.isfinite(audio).all()) and float(audio.abs().max()) <= 1.0, "audio is not within [-1, 1]")


@_CHECKS("a batch equals single runs")
def _batch(subject: VocoderSubject) -> None:
    rows_have_generators_of_their_own(subject.vocoder, subject.mel)


@_CHECKS("determinism")
def _deterministic(subject: VocoderSubject) -> None:
    same_generators_same_audio(subject.vocoder, subject.mel)


@_CHECKS("other generators")
def _generators(subject: VocoderSubject) -> None:
    other_generators_other_audio(subject.vocoder, subject.mel)


@_CHECKS("speaking changes nothing")
def _untouched(subject: VocoderSubject) -> None:
    vocoder, mel = subject.build().eval(), subject.mel.clone()
    changed = changed_by(vocoder, lambda: subject.infer(mel, vocoder))
    need(not changed, f"speaking changes {named(changed, 3)}: a sentence would depend on those before it")
    need(torch.equal(mel, subject.mel), "infer writes into the mel that it was given")


@_CHECKS("save and load")
def _save_load(subject: VocoderSubject) -> None:
    from safetensors.torch import load, save

    other, state = subject.build(seed=9), subject.vocoder.state_dict()
    other.load_state_dict(load(save({k: v.contiguous() for k, v in state.items()})) if state else {})
    worst = float((subject.infer(subject.mel) - subject.infer(subject.mel, other)).abs().max())
    need(worst <= 1e-5, f"a vocoder loaded from its state dict differs by {worst:.2g}")


@_CHECKS("declared precisions work")
def _precisions(subject: VocoderSubject) -> None:
    check_precisions(subject.plugin, subject.vocoder, lambda: subject.infer(subject.mel))


@_CHECKS("streaming")
def _streaming(subject: VocoderSubject) -> None:
    vocoder, mel = subject.vocoder, subject.mel
    if not vocoder.streaming:
        must_refuse("infer_stream, which is not declared,", lambda: list(vocoder.infer_stream([mel])))
        return
    long = subject.noise(2, 90, seed=4)
    whole = subject.infer(long)
    for name, chunks in {
        **{f"of {size}": long.split(size, dim=2) for size in (1, 7, 32, 1000)},
        "of changing sizes": long.split([3, 40, 1, 2, 44], dim=2),
    }.items():
        with torch.inference_mode():
            joined = torch.cat(list(vocoder.infer_stream(iter(chunks), generators=vocoder_generators(range(2)))), dim=1)
        need(joined.shape == whole.shape, f"chunks {name} give {tuple(joined.shape)}, one pass {tuple(whole.shape)}")
        worst = float((joined - whole).abs().max())
        need(worst <= 1e-4, f"streaming is declared, but chunks {name} frames differ by {worst:.2g} from one pass")
    taken = 0

    def counted() -> Iterator[Tensor]:
        nonlocal taken
        for chunk in subject.noise(1, 400, seed=5).split(4, dim=2):
            taken += 1
            yield chunk

    with torch.inference_mode():
        first = next(iter(vocoder.infer_stream(counted(), generators=vocoder_generators([0]))))
    need(taken < 100, "streaming is declared, but nothing is given before the whole mel (400 frames) is known")
    need(first.shape[1] > 0, "the first chunk of audio is empty")
    must_refuse("a stream without a chunk", lambda: list(vocoder.infer_stream(iter(()))))
    broken = mel[:1].clone()
    broken[0, 0, 3] = float("nan")
    must_refuse("a chunk with NaN", lambda: list(vocoder.infer_stream([broken])))
    must_refuse("a chunk with another number of bands", lambda: list(vocoder.infer_stream([mel[:1, :-1]])))


@_CHECKS("training-only tensors")
def _training_only(subject: VocoderSubject) -> None:
    vocoder = subject.vocoder
    names = list(vocoder.state_dict())
    unused = [prefix for prefix in vocoder.training_only if not any(name.startswith(prefix) for name in names)]
    need(not unused, f"training_only has {', '.join(map(repr, unused))}, which no tensor's name begins with")
    if not vocoder.training_only:
        return
    other, noise = subject.build(), subject.build(seed=9).state_dict()
    before = subject.infer(subject.mel, other)
    other.load_state_dict({**other.state_dict(), **{n: v for n, v in noise.items() if n.startswith(vocoder.training_only)}})
    need(torch.equal(before, subject.infer(subject.mel, other)), "tensors that training_only names change what is spoken")


@_CHECKS("it learns")
def _learns(subject: VocoderSubject) -> None:
    """A few steps of real training: every parameter is reached and moves, and what ranks checkpoints falls."""
    if not subject.vocoder.trainable:
        return
    batch = subject.batch

    def loss(model: Vocoder) -> float:
        with torch.no_grad():
            losses = model.eval().validation_losses(batch, _STATE)
        infinite = [name for name, term in losses.terms.items() if not bool(torch.isfinite(term.total))]
        need(not infinite, f"validation losses are not finite: {named(infinite)}")
        return ranking(losses)

    check_learning(subject.build().train(), batch, loss)


@_CHECKS("training repeats under a seed")
def _repeats(subject: VocoderSubject) -> None:
    if subject.vocoder.trainable:
        check_repeats(subject.build().train(), subject.batch)


@_CHECKS("two processes equal one")
def _processes(subject: VocoderSubject) -> None:
    unshared = unshared_statistics(subject.vocoder)
    advice = "each process would have statistics of its own; use ttskit.nn.MaskedBatchNorm1d"
    need(not unshared, f"{named(unshared, 3)}: {advice}")


@_CHECKS("errors for bad input")
def _bad_input(subject: VocoderSubject) -> None:
    mel = subject.mel
    must_refuse("a mel without frames", lambda: subject.infer(mel[:, :, :0]))
    must_refuse("a mel with another number of bands", lambda: subject.infer(mel[:, :-1]))
    broken = mel.clone()
    broken[0, 0, 0] = float("nan")
    must_refuse("a mel with NaN", lambda: subject.infer(broken))
