"""`ttskit listen`: make a listening test, rehearse it, run it, and analyse what came back."""

from __future__ import annotations

import click

from ttskit_listen.commands.analyse import analyse
from ttskit_listen.commands.design import design
from ttskit_listen.commands.export import export
from ttskit_listen.commands.make import make
from ttskit_listen.commands.rehearse import rehearse
from ttskit_listen.commands.serve import serve

__all__ = ["command"]


@click.group(name="listen")
def command() -> None:
    """Listening tests: make one of a comparison, run it in a browser, and analyse what people heard.

    \b
    Example:
      ttskit listen make comparison --kind cmos -o test
      ttskit listen serve test
      ttskit listen analyse test
    """


for _one in (design, make, rehearse, serve, export, analyse):
    command.add_command(_one)
