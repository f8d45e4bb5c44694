"""Transformer-TTS (Li et al. 2019): the autoregressive transformer. Hooks only; torch is imported when a factory is called."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import AcousticModelPlugin, ImporterPlugin

_STACK = {"layers": 2, "heads": 2, "filter_channels": 32}
_SMALL = {  # what the conformance kit builds
    **dict.fromkeys(("embedding_channels", "channels", "encoder_prenet_channels", "postnet_channels", "prenet_channels"), 24),
    "encoder": _STACK,
    "decoder": _STACK,
}


@hookimpl
def ttskit_acoustic_models() -> list[AcousticModelPlugin]:
    """Transformer-TTS.

    `features` is empty because a model with default options asks for nothing but tokens and mel; one
    whose options switch on duration supervision asks for "durations" (its attribute `features` says so).
    """
    return [
        AcousticModelPlugin(
            name="transformertts",
            summary="Transformer-TTS: autoregressive transformer, multi-head attention over the text (Li et al. 2019)",
            factory="ttskit_transformertts.model:TransformerTTS",
            options="ttskit_transformertts.config:TransformerTTSOptions",
            facts={
                "decoding": "autoregressive",
                "features": [],
                "controls": [],
                "multi_speaker": True,
                "teacher_forced": True,
                "aligns": True,
                "streaming": True,
                "small_options": _SMALL,
            },
        )
    ]


@hookimpl
def ttskit_importers() -> list[ImporterPlugin]:
    """Public Transformer-TTS checkpoints."""
    return [
        ImporterPlugin(
            "espnet-transformer",
            "ESPnet Transformer-TTS (.pth beside its config.yaml)",
            "ttskit_transformertts.importers:espnet",
            facts={"suffixes": [".pth"]},
        )
    ]
