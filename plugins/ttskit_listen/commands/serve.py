"""`ttskit listen serve`: the pages with a store of answers behind them."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["serve"]


@click.command(name="serve")
@click.argument("test", type=click.Path(path_type=Path))
def serve(test: Path) -> None:
    """Serve a listening test: invitations, answers, progress.

    \b
    Example:
      ttskit listen serve test
    """
    raise NotImplementedError
