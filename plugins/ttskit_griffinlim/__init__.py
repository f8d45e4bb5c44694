"""Griffin-Lim: a vocoder that needs no training, the default until one is trained."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces.descriptions import VocoderPlugin


@hookimpl
def ttskit_vocoders() -> list[VocoderPlugin]:
    """The vocoder `griffinlim`."""
    return [
        VocoderPlugin(
            name="griffinlim",
            summary="phase from magnitudes by iteration, for any mel, without training",
            factory="ttskit_griffinlim.model:GriffinLim",
            options="ttskit_griffinlim.config:GriffinLimOptions",
            facts={"trainable": False, "streaming": False, "stochastic": False, "small_options": {"iterations": 8}},
        )
    ]
