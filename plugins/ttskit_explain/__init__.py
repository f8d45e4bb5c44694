"""`ttskit explain`: how trained models turn one sentence into speech, as a page to teach from."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import CommandPlugin


@hookimpl
def ttskit_commands() -> list[CommandPlugin]:
    """`ttskit explain`."""
    summary = "Show block by block how runs turn a sentence into speech"
    return [CommandPlugin("explain", summary, "ttskit_explain.command:command", facts={"place": 72})]
