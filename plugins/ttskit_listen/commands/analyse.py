"""`ttskit listen analyse`: what the listeners said, and what may be said of it."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["analyse"]


@click.command(name="analyse")
@click.argument("test", type=click.Path(path_type=Path))
def analyse(test: Path) -> None:
    """Analyse the answers to a listening test.

    \b
    Example:
      ttskit listen analyse test answers/*.json -o report
    """
    raise NotImplementedError
