"""`ttskit listen export`: for other platforms."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["export"]


@click.command(name="export")
@click.argument("test", type=click.Path(path_type=Path))
def export(test: Path) -> None:
    """Write a test for webMUSHRA, or what came in on the server.

    \b
    Example:
      ttskit listen export test --to webmushra
    """
    raise NotImplementedError
