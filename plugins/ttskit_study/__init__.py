"""`ttskit study`: an experiment over many trainings, planned, run, and reported as one page."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import CommandPlugin


@hookimpl
def ttskit_commands() -> list[CommandPlugin]:
    """`ttskit study`."""
    summary = "Compare systems over many trainings: plan, run, report"
    return [CommandPlugin("study", summary, "ttskit_study.command:command", facts={"place": 75})]
