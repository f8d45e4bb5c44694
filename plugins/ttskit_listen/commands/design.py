"""`ttskit listen design`: how many listeners, sentences and trainings a difference takes."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["design"]


@click.command(name="design")
@click.argument("test", type=click.Path(path_type=Path))
def design(test: Path) -> None:
    """Reckon how small a difference a listening test can show.

    \b
    Example:
      ttskit listen design --listeners 24 --sentences 24 --runs 3
    """
    raise NotImplementedError
