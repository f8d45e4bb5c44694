"""HiFi-GAN: a trained vocoder."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces.descriptions import VocoderPlugin


@hookimpl
def ttskit_vocoders():
    """The vocoder `hifigan`."""
    return [
        VocoderPlugin(
            name="hifigan",
            summary="generative adversarial vocoder, sizes V1, V2 and V3 and two for laptops",
            factory="ttskit_hifigan.vocoder:Hifigan",
            options="ttskit_hifigan.config:HifiganOptions",
            facts={"trainable": True, "streaming": True, "small_options": {"preset": "tiny"}},
        )
    ]
