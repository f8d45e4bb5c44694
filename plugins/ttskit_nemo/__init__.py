"""NVIDIA NeMo's way of reading text, for voices that were trained with it."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces.descriptions import FrontendPlugin


@hookimpl
def ttskit_frontends() -> list[FrontendPlugin]:
    """The frontend `nemo-ipa`."""
    return [
        FrontendPlugin(
            name="nemo-ipa",
            summary="NeMo's IPA tokens: words from a checkpoint's own dictionary, letters where it has none",
            factory="ttskit_nemo.frontend:NemoIpaFrontend",
            options="ttskit_nemo.config:NemoIpaOptions",
            facts={"language": "es"},
        )
    ]
