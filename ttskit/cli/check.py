"""`ttskit check`: what is wrong with a corpus, without changing anything."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import json_option, print_json, print_table, say, stderr_console
from ttskit.cli.own_stdout import aside
from ttskit.cli.prepare import corpus_options
from ttskit.errors import CorpusError
from ttskit.messages import translated
from ttskit.plugins import Registry, create_registry

__all__ = ["command"]


@click.command(name="check")
@click.argument("data", type=click.Path(path_type=Path))
@corpus_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    data: Path,
    recipe: str,
    overrides: tuple[str, ...],
    reader: str | None,
    speaker: str | None,
    columns: str | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Say what is wrong with the corpus in DATA: what `prepare` would skip and why. Nothing is written.

    Exits with 1 if `prepare` would stop.

    \b
    Example:
      ttskit check recordings/ana
    """
    from ttskit.config import load_recipe
    from ttskit.corpus import check

    registry = ctx.find_object(Registry) or create_registry()
    with aside():
        report = check(
            data,
            load_recipe(recipe, overrides, registry),
            reader=reader,
            speaker=speaker,
            columns=columns,
            jobs=jobs,
            console=stderr_console(),
            registry=registry,
        )
    if as_json:
        print_json(report.to_json())
    else:
        print_table(
            ("utterance", "problem", "reason"),
            [
                (p.id, translated(p.kind) + ("" if p.skipped else f" ({translated('warning')})"), p.reason)
                for p in report.problems
            ],
        )
        speakers = ", ".join(f"{name} {seconds / 60:.1f} min" for name, seconds in report.seconds.items())
        say(f"{report.usable} of {report.found} utterances usable ({report.reader}): {speakers or translated('no speech')}")
    if report.blocked:
        raise CorpusError("prepare would stop", report.blocked, "correct the corpus and check it again")
