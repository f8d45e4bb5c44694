"""`ttskit listen analyse`: what the listeners said, and what may be said of it."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import json_option, note, print_json, print_table, say
from ttskit.cli.own_stdout import aside

__all__ = ["analyse"]


@click.command(name="analyse")
@click.argument("test", type=click.Path(path_type=Path))
@click.argument("answers", nargs=-1, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the report.  [default: report in the test]")
@click.option(
    "--tables", multiple=True, type=click.Path(path_type=Path), help="measurements.csv, to hold measures against the listeners."
)
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Of all intervals.")
@click.option("--rules", "changed", type=click.Path(path_type=Path), help="Rules (YAML) that differ; the report says so.")
@click.option("--language", type=click.Choice(["es", "en"]), default="es", show_default=True, help="That the page opens in.")
@json_option
def analyse(
    test: Path,
    answers: tuple[Path, ...],
    out: Path | None,
    tables: tuple[Path, ...],
    confidence: float,
    changed: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Analyse the answers to a listening test: a page, tables, and a paragraph of methods.

    Answers are read from the test's own folder and server; ANSWERS are more of them: files, folders, .zip archives.

    \b
    Example:
      ttskit listen analyse test
      ttskit listen analyse test mail/*.json --tables comparison/measurements.csv
    """
    from ttskit_listen.answered.rules import changed_rules
    from ttskit_listen.folder import TestFolder
    from ttskit_listen.report.page import analyse_test
    from ttskit_listen.report.showing import listener_rows, pair_rows, summary

    with aside():
        folder = TestFolder(test)
        rules = changed_rules(changed, folder.design().rules) if changed else None
        found = analyse_test(
            folder, answers, out=out, tables=tables, rules=rules, confidence=confidence, language=language, tell=note
        )
    if as_json:
        print_json(summary(found))
    else:
        print_table(*pair_rows(found.results), names=("system", "against"))
        left_out = listener_rows(found)
        if left_out[1]:
            print_table(*left_out, names=("listener", "code"))
        listeners = found.results["listeners"]
        say(f"{listeners['kept']} of {listeners['received']} listeners are kept")
    for problem in found.results["problems"]:
        note(problem)
    note(f"Report: {found.folder / 'index.html'}")
