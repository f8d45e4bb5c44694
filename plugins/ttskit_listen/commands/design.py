"""`ttskit listen design`: how many listeners, sentences and trainings a difference takes."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from ttskit.cli.output import json_option, print_json, print_table, say
from ttskit_listen.plan import KINDS, Kind

__all__ = ["design"]

_COUNT, _RUNS = click.IntRange(2, 10_000), click.IntRange(1, 1000)


@click.command(name="design")
@click.option("--kind", type=click.Choice(KINDS), default="cmos", show_default=True, help="What listeners are asked.")
@click.option("--listeners", type=_COUNT, default=24, show_default=True, help="Those who are kept.")
@click.option("--sentences", type=_COUNT, default=24, show_default=True, help="That each listener hears.")
@click.option("--runs", type=_RUNS, default=3, show_default=True, help="Trainings of each system.")
@click.option("--systems", type=click.IntRange(2, 16), default=2, show_default=True, help="That are compared.")
@click.option("--delta", type=click.FloatRange(min=0, min_open=True), help="Difference that you want to find.")
@click.option("--power", type=click.FloatRange(0.1, 0.99), default=0.8, show_default=True, help="Chance of finding it.")
@click.option("--from", "report", type=click.Path(path_type=Path), help="Spreads of an earlier test, analysed.")
@json_option
def design(
    kind: str,
    listeners: int,
    sentences: int,
    runs: int,
    systems: int,
    delta: float | None,
    power: float,
    report: Path | None,
    as_json: bool,
) -> None:
    """Reckon how small a difference a listening test can show, and what would show a smaller one.

    \b
    Example:
      ttskit listen design --listeners 24 --sentences 24 --runs 3
      ttskit listen design --kind mos --delta 0.3 --from test/report
    """
    from ttskit_listen.designing import design_lines, design_rows, reckon, spreads_of_report

    chosen = cast(Kind, kind)
    spreads = spreads_of_report(report, chosen) if report else None
    source = str(report) if report else "usual"
    sizes = (listeners, sentences, runs)
    found = reckon(chosen, *sizes, systems=systems, difference=delta, spreads=spreads, source=source, power=power)
    if as_json:
        print_json(found.to_json())
        return
    print_table(*design_rows(found), names=())
    for line in design_lines(found):
        say(line)
    if report is None:
        say("With usual spreads, which are only to plan a first test with: after it, use its own (--from).")
