"""The embedded corpus and `ttskit demo`: from nothing to two trained voices and the page that compares them."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import CommandPlugin


@hookimpl
def ttskit_commands() -> list[CommandPlugin]:
    """`ttskit demo`."""
    summary = "From nothing to two voices and a page that compares them"
    return [CommandPlugin("demo", summary, "ttskit_demo.command:command", facts={"place": 0})]
