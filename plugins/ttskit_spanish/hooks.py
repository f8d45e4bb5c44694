"""What this plugin offers."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces.descriptions import FrontendPlugin


@hookimpl
def ttskit_frontends() -> list[FrontendPlugin]:
    """The frontend `spanish`."""
    return [
        FrontendPlugin(
            name="spanish",
            summary="Spanish text to IPA by rule: Rioplatense, Latin American, Castilian",
            factory="ttskit_spanish.frontend:SpanishFrontend",
            options="ttskit_spanish.config:SpanishOptions",
            facts={"language": "es", "phonetics": "ttskit_spanish.phonetics:PHONETICS"},
        )
    ]
