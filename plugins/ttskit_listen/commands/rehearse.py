"""`ttskit listen rehearse`: simulated listeners, so that the analysis is tried before anyone listens."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["rehearse"]


@click.command(name="rehearse")
@click.argument("test", type=click.Path(path_type=Path))
def rehearse(test: Path) -> None:
    """Answer a test with simulated listeners of a known truth.

    \b
    Example:
      ttskit listen rehearse test --listeners 24 -o rehearsal
    """
    raise NotImplementedError
