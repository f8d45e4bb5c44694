"""Tacotron 2 (Shen et al. 2018): the autoregressive model. Hooks only; torch is imported when a factory is called."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import AcousticModelPlugin, ImporterPlugin

_SMALL = {  # what the conformance kit builds
    **dict.fromkeys(("embedding_channels", "encoder_channels", "postnet_channels", "prenet_channels"), 32),
    **dict.fromkeys(("attention_lstm", "decoder_lstm"), 48),
    "attention_channels": 16,
    "location_channels": 8,
}


@hookimpl
def ttskit_acoustic_models() -> list[AcousticModelPlugin]:
    """Tacotron 2.

    `features` is empty because a model with default options asks for nothing but tokens and mel; one
    whose options switch on duration supervision asks for "durations" (its attribute `features` says so).
    """
    return [
        AcousticModelPlugin(
            name="tacotron2",
            summary="Tacotron 2: autoregressive LSTM decoder with location-sensitive attention (Shen et al. 2018)",
            factory="ttskit_tacotron2.model:Tacotron2",
            options="ttskit_tacotron2.config:Tacotron2Options",
            facts={
                "decoding": "autoregressive",
                "features": [],
                "controls": [],
                "multi_speaker": True,
                "teacher_forced": True,
                "aligns": True,
                "streaming": True,
                "precisions": ["fp32", "fp16", "int8"],
                "small_options": _SMALL,
            },
        )
    ]


@hookimpl
def ttskit_importers() -> list[ImporterPlugin]:
    """Public Tacotron 2 checkpoints."""
    return [
        ImporterPlugin(
            "tacotron2",
            "NVIDIA Tacotron 2 (checkpoint_*, .pt)",
            "ttskit_tacotron2.importers:nvidia",
            facts={"suffixes": ["", ".pt"]},
        )
    ]
