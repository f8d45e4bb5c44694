"""HiFi-GAN: a trained vocoder."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces.descriptions import ImporterPlugin, VocoderPlugin

# Options that decide the shapes of its tensors, or how its weights read a mel.
_STRUCTURE = (
    "preset",
    "resblock",
    "upsample_rates",
    "upsample_kernel_sizes",
    "upsample_initial_channel",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
    "discriminator_scale",
    "mel_mean",
    "mel_std",
    "excitation",
)


@hookimpl
def ttskit_vocoders() -> list[VocoderPlugin]:
    """The vocoder `hifigan`."""
    return [
        VocoderPlugin(
            name="hifigan",
            summary="generative adversarial vocoder, sizes V1, V2 and V3 and two for laptops",
            factory="ttskit_hifigan.vocoder:Hifigan",
            options="ttskit_hifigan.config:HifiganOptions",
            facts={
                "trainable": True,
                "streaming": True,
                "stochastic": False,
                "precisions": ["fp32", "bf16", "fp16"],
                "small_options": {"preset": "tiny"},
                "structure": _STRUCTURE,
                "architecture": "ttskit_hifigan.explain:architecture_for",
            },
        )
    ]


@hookimpl
def ttskit_importers() -> list[ImporterPlugin]:
    """Public HiFi-GAN checkpoints."""
    home = "ttskit_hifigan.importers"
    return [
        ImporterPlugin(
            "hifigan", "HiFi-GAN of its authors (g_*, do_*, config.json)", f"{home}:authors", facts={"suffixes": [""]}
        ),
        ImporterPlugin("dle-hifigan", "NVIDIA DeepLearningExamples HiFi-GAN (.pt)", f"{home}:dle", facts={"suffixes": [".pt"]}),
        ImporterPlugin("nemo-hifigan", "NVIDIA NeMo HiFi-GAN (.nemo)", f"{home}:nemo", facts={"suffixes": [".nemo"]}),
    ]
