"""`ttskit wordcount`: a command of a third party."""

from __future__ import annotations

import click

from ttskit.plugins import create_registry


@click.command(name="wordcount")
@click.argument("text")
@click.option("--frontend", default="spanish", show_default=True)
def command(text: str, frontend: str) -> None:
    """Count the words that TEXT is read as.

    \b
    Example:
      ttskit wordcount "son 21 casas"
    """
    words = create_registry().get("frontend", frontend).load()().analyze(text).words
    click.echo(f"{len(words)} words: {' '.join(word.text for word in words)}")
