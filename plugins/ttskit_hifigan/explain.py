"""How HiFi-GAN made a waveform of one mel, from what passed through its named parts, and how it is built.

It speaks by the network of `model.py` (`fast` off): the kernels of `fast/` read weights without calling the parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.interfaces.architecture import Branch, Layer, ReceptiveField, UpsamplingStage, VocoderArchitecture
from ttskit.interfaces.explanation import Axis, Intervention, Recorded, Step, requested
from ttskit.interfaces.vocoder_explanation import VocoderExplanation
from ttskit.nn import Activations
from ttskit.nn.discriminators import PERIODS, SCALES
from ttskit_hifigan.config import GeneratorSize, HifiganOptions, rates_for

if TYPE_CHECKING:
    from ttskit_hifigan.vocoder import Hifigan

BAND, FRAME, CHANNEL, SAMPLE = Axis("band"), Axis("frame"), Axis("channel"), Axis("sample")
SIGNALS = Axis("channel", ("pulses", "sine", "noise"))
_BLOCK_OFF = "hifigan.block_off"


def architecture_for(mel: MelConfig) -> VocoderArchitecture:
    """As published (V1), with upsampling rates that fit this mel where the paper's do not.

    Raises:
        ConfigError: no small rates multiply to the mel's hop.
    """
    options = HifiganOptions()
    if options.size().samples_per_frame != mel.hop_samples:
        rates = tuple(rates_for(mel.hop_samples))
        options = HifiganOptions(upsample_rates=rates, upsample_kernel_sizes=tuple(2 * r for r in rates)) if rates else options
    options.check_mel(mel)
    return architecture(options, mel)


def architecture(options: HifiganOptions, mel: MelConfig) -> VocoderArchitecture:
    """Of the generator, and of the discriminators that it learns or learned with, whether they are loaded or not."""
    size, rate_hz = options.size(), mel.sample_rate_hz / mel.hop_samples
    stages, channels = [], size.upsample_initial_channel
    blocks = list(zip(size.resblock_kernel_sizes, size.resblock_dilation_sizes, strict=True))
    branches = tuple(
        Branch(kernel, _all_dilations(size, dilations), f"block_{i + 1}") for i, (kernel, dilations) in enumerate(blocks)
    )
    for index, (rate, kernel) in enumerate(zip(size.upsample_rates, size.upsample_kernel_sizes, strict=True)):
        channels, rate_hz = channels // 2, rate_hz * rate
        stages.append(UpsamplingStage(rate, kernel, channels, rate_hz, branches, _stage(index)))
    return VocoderArchitecture(
        size.upsample_initial_channel,
        tuple(stages),
        receptive_field(size),
        options.excitation == "harmonic",
        PERIODS,
        SCALES,
    )


def receptive_field(size: GeneratorSize) -> ReceptiveField:
    """Of the network: a kernel of 7, then in each stage the transposed convolution and its widest residual block, and 7 again.

    A block of type 1 has a plain convolution of the same kernel k after each dilated one (dilation d), so that it reaches
    Σ_d (k − 1)·d / 2 + (k − 1) / 2 places to each side; a block of type 2 reaches Σ_d (k − 1)·d / 2.
    """
    blocks = zip(size.resblock_kernel_sizes, size.resblock_dilation_sizes, strict=True)
    widest = max((kernel - 1) // 2 * sum(_all_dilations(size, dilations)) for kernel, dilations in blocks)
    layers = [Layer.same(7)]
    for rate, kernel in zip(size.upsample_rates, size.upsample_kernel_sizes, strict=True):
        layers += [Layer(kernel, (kernel - rate + 1) // 2, rate=rate), Layer.same(2 * widest + 1)]
    return ReceptiveField((*layers, Layer.same(7)))


def _all_dilations(size: GeneratorSize, dilations: Sequence[int]) -> tuple[int, ...]:
    """Of every convolution of a residual block: in one of type 1 a plain one follows each that is dilated."""
    return tuple(d for dilation in dilations for d in ((dilation, 1) if size.resblock == 1 else (dilation,)))


def interventions(vocoder: Hifigan) -> tuple[Intervention, ...]:
    """Each residual block can be silenced: its stage goes on with what the others make, still divided by their number."""
    size = vocoder.options.size()
    blocks = range(1, len(size.resblock_kernel_sizes) + 1)
    choices = tuple(f"{stage + 1}.{block}" for stage in range(len(size.upsample_rates)) for block in blocks)
    return (Intervention(_BLOCK_OFF, "a residual block switched off (stage.block)", choices),)


@torch.no_grad()
def explain(
    vocoder: Hifigan,
    mel: Tensor,
    generators: Sequence[torch.Generator] | None,
    asked: Mapping[str, str | int | float] | None,
) -> VocoderExplanation:
    """See `ExplainableVocoder.explain`."""
    offered = interventions(vocoder)
    applied = requested(asked, offered)
    size = vocoder.options.size()
    stages, blocks = len(size.upsample_rates), len(size.resblock_kernel_sizes)
    speaker = "generator" if vocoder.average is None else "average"
    parts = [f"{speaker}.conv_pre", f"{speaker}.conv_post"]
    parts += [
        f"{speaker}.{name}.{i}" for name, count in (("ups", stages), ("resblocks", stages * blocks)) for i in range(count)
    ]
    parts += [f"{speaker}.excitations.{i}" for i in range(stages if vocoder.excited else 0)]
    silenced = {}
    if _BLOCK_OFF in applied:
        stage, block = (int(part) - 1 for part in str(applied[_BLOCK_OFF]).split("."))
        silenced[f"{speaker}.resblocks.{stage * blocks + block}"] = torch.zeros_like
    fast, vocoder.fast = vocoder.fast, False
    try:
        with Activations(vocoder, parts, out_of=silenced) as seen:
            audio = vocoder.infer(mel)
    finally:
        vocoder.fast = fast
    pre = f"{speaker}.conv_pre"
    steps = [
        Step(
            "hifigan.pre",
            "each frame and its neighbours become channels",
            (Recorded.of_row("out", seen.output(pre), CHANNEL, FRAME), Recorded.of_row("mel", seen.input(pre), BAND, FRAME)),
        )
    ]
    if vocoder.excited:
        excitation = Recorded.of_row("excitation", seen.input(f"{speaker}.excitations.0"), SIGNALS, SAMPLE)
        steps.append(
            Step("hifigan.excitation", "pulses at the pitch that is read from the mel, a sine and noise", (excitation,))
        )
    steps += [_shown_stage(vocoder, seen, speaker, stage) for stage in range(stages)]
    heard = Recorded.of_row("audio", audio.float().cpu(), SAMPLE)
    before = Recorded.of_row("before_tanh", seen.output(f"{speaker}.conv_post")[:, 0], SAMPLE)
    steps.append(Step("vocoder.audio", "channels become one, within -1 and 1", (heard, before)))
    return VocoderExplanation(audio, tuple(steps), offered, applied)


def _stage(index: int) -> str:
    return f"hifigan.stage.{index + 1}"


def _shown_stage(vocoder: Hifigan, seen: Activations, speaker: str, stage: int) -> Step:
    """What upsampling gives, what each residual block makes of it, and their mean, which goes on."""
    size = vocoder.options.size()
    blocks, rate = len(size.resblock_kernel_sizes), size.upsample_rates[stage]
    upsampled = seen.output(f"{speaker}.ups.{stage}")
    shown = [Recorded.of_row("upsampled", upsampled, CHANNEL, SAMPLE)]
    made = [seen.output(f"{speaker}.resblocks.{stage * blocks + block}") for block in range(blocks)]
    shown += [Recorded.of_row(f"block_{block + 1}", out, CHANNEL, SAMPLE) for block, out in enumerate(made)]
    if vocoder.excited:
        shown.append(Recorded.of_row("excitation_adds", seen.output(f"{speaker}.excitations.{stage}"), CHANNEL, SAMPLE))
    fused = Recorded.of_row("fused", sum(made[1:], start=made[0]) / blocks, CHANNEL, SAMPLE)
    return Step(_stage(stage), f"{rate} times as many samples, then blocks side by side", (fused, *shown), (_BLOCK_OFF,))
