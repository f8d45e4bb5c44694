"""`ttskit listen rehearse`: simulated listeners, so that the analysis is tried before anyone listens."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import echo, json_option, print_json, say

__all__ = ["rehearse"]


@click.command(name="rehearse")
@click.argument("test", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the simulated answers.")
@click.option("--listeners", type=click.IntRange(1, 2000), help="How many.  [default: as many as the test plans]")
@click.option("--careless", type=click.IntRange(0), default=0, show_default=True, help="How many of them answer anything.")
@click.option("--leave", "leaves", type=click.IntRange(0), default=0, show_default=True, help="How many leave half-way.")
@click.option(
    "--difference",
    type=click.FloatRange(-4, 4),
    default=0.5,
    show_default=True,
    help="By how many points of a five-point scale the last system is better than the first; 0: is an alarm false?",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of what is random.")
@json_option
def rehearse(
    test: Path, out: Path, listeners: int | None, careless: int, leaves: int, difference: float, seed: int, as_json: bool
) -> None:
    """Answer a test with simulated listeners of a known truth.

    Nobody listens: the answers try the analysis, show what the test can see, and fix the analysis before the
    first listener. Their codes say that they are simulated, and the report says so too.

    \b
    Example:
      ttskit listen rehearse test -o rehearsal
      ttskit listen rehearse test --careless 6 --leave 1 --difference 0 -o none
    """
    from ttskit_listen.folder import TestFolder
    from ttskit_listen.rehearsal import rehearsed

    folder = TestFolder(test)
    done = rehearsed(folder, out, listeners=listeners, careless=careless, leaves=leaves, difference=difference, seed=seed)
    if as_json:
        print_json({"folder": out, "files": done.files, "systems": dict(done.truth.systems)})
        return
    say(f"{done.files} simulated listeners in {out}; nobody listened")
    for name, quality in done.truth.systems.items():
        echo(f"  {name}: {quality:.2f}")
    say(f"analyse: ttskit listen analyse {test} {out}")
