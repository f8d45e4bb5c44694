"""`ttskit listen make`: a folder with everything that a listening test needs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["make"]


@click.command(name="make")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
def make(sources: tuple[Path, ...]) -> None:
    """Make a listening test of a comparison, a study, or folders of audio.

    \b
    Example:
      ttskit listen make comparison --kind cmos -o test
    """
    raise NotImplementedError
