"""`ttskit listen`: listening tests made of what was compared, run in a browser, and brought back beside the measures."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import CommandPlugin


@hookimpl
def ttskit_commands() -> list[CommandPlugin]:
    """`ttskit listen`."""
    summary = "Listening tests: make one, run it, and analyse what people heard"
    return [CommandPlugin("listen", summary, "ttskit_listen.command:command", facts={"place": 77})]
