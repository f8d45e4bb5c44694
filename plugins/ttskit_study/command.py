"""`ttskit study`: plan an experiment over many trainings, run it, and report it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ttskit.cli.output import echo, json_option, note, print_json, print_table, print_wrapped, say, stderr_console
from ttskit.cli.own_stdout import aside

__all__ = ["cells", "command", "plan", "power", "report", "run", "status"]

_study = click.argument("study", type=click.Path(path_type=Path))


@click.group(name="study")
def command() -> None:
    """Compare systems over many trainings: what is claimed of models is drawn from several of each.

    \b
    Example:
      ttskit study plan plan.yaml -o study
      ttskit study run study
      ttskit study report study
    """


@command.command(name="plan")
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder.  [default: the plan's name, beside it]")
@click.option("--data", type=click.Path(path_type=Path), help="Prepared corpus, instead of the plan's.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Difference from the plan: seeds=[1,2]")
@click.option("--deviate", default="", metavar="WHY", help="Change a plan whose trainings have begun; the report says why.")
@click.option("--timing/--no-timing", "timed", default=True, help="Time some steps of every system, for the hours, or not.")
@json_option
def plan(
    plan_file: Path, out: Path | None, data: Path | None, overrides: tuple[str, ...], deviate: str, timed: bool, as_json: bool
) -> None:
    """Check a plan, count what it takes, and lock it in the study's folder.

    \b
    Example:
      ttskit study plan plan.yaml -o study
      ttskit study plan study-small --data prepared -o study
    """
    from ttskit.plugins import create_registry
    from ttskit_study.planning import plan_study
    from ttskit_study.showing import plan_lines, plan_rows, plan_summary

    with aside():
        if data is not None:
            overrides = (*overrides, f"corpus={json.dumps(str(data.resolve()))}")
        planned = plan_study(plan_file, out, create_registry(), overrides=overrides, deviate=deviate, timed=timed, tell=note)
    if as_json:
        print_json(plan_summary(planned))
        return
    print_table(*plan_rows(planned.lock), names=("cell",))
    for line in plan_lines(planned):
        say(line)
    note(f"Next: ttskit study run {planned.study.path}")


@command.command(name="run")
@_study
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: one a GPU, else cores / threads]")
@click.option("--only", multiple=True, metavar="CELL/SEED", help="Only this training, here; may be given several times.")
@click.option("--retry", is_flag=True, help="Try again what failed; what is damaged is made anew.")
@click.option("--speak-again", "again", is_flag=True, help="Speak and measure anew with what is trained.")
@click.option("--slurm", "cluster", flag_value="slurm", default="", help="Give the trainings to SLURM (extra `slurm`).")
@click.option("--cluster", "cluster", type=click.Choice(["slurm", "local"]), help="The same; local: submitit on this machine.")
@click.option(
    "--job", "options", multiple=True, metavar="KEY=VALUE", help="Of SLURM jobs: timeout_min=240, slurm_partition=gpu."
)
@json_option
def run(
    study: Path,
    workers: int | None,
    only: tuple[str, ...],
    retry: bool,
    again: bool,
    cluster: str | None,
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Train and measure what is left of a study. Stopped or killed anywhere, it goes on where it was.

    A training that fails is reported, and the rest goes on; --retry tries it again.

    \b
    Example:
      ttskit study run study --workers 2
      ttskit study run study --only fastpitch-5min/1
    """
    from ttskit_study.running import run_study
    from ttskit_study.status import status_rows, summary

    with aside():
        done = run_study(
            study,
            workers=workers,
            only=only,
            retry=retry,
            again=again,
            cluster=cluster or "",
            options=options,
            console=stderr_console(),
            tell=note,
        )
    if as_json:
        print_json(summary(done))
    else:
        failed = [one for one in done if one.status == "failed"]
        if failed:
            print_table(*status_rows(failed), names=("training",))
        say(f"{sum(one.status == 'done' for one in done)} of {len(done)} trainings done, {len(failed)} failed")
        if failed:
            note(f"Try again what failed: ttskit study run {study} --retry")
        elif all(one.status == "done" for one in done) and not only:
            note(f"Next: ttskit study report {study}")
    if any(one.status == "failed" for one in done):
        raise click.exceptions.Exit(1)


@command.command(name="status")
@_study
@json_option
def status(study: Path, as_json: bool) -> None:
    """Say how far each training is, and why one failed.

    \b
    Example:
      ttskit study status study
    """
    from ttskit_study.status import status_of_study, status_rows, summary

    with aside():
        found = status_of_study(study)
    if as_json:
        print_json(summary(found))
        return
    print_table(*status_rows(found), names=("training",))
    say(f"{sum(one.status == 'done' for one in found)} of {len(found)} trainings done")
    for one in found:
        if one.status == "failed":
            print_wrapped(f"{one.key}: {one.error}")


@command.command(name="cells")
@_study
@json_option
def cells(study: Path, as_json: bool) -> None:
    """List the trainings for any other engine: key, state and command, a line each, separated by tabs.

    \b
    Example:
      ttskit study cells study | cut -f3 | xargs -P 4 -I{} sh -c '{}'
    """
    import shlex

    from ttskit_study.status import status_of_study

    run = f"ttskit study run {shlex.quote(str(study))} --only"  # no message
    found = [(one.key, one.status, f"{run} {one.key}") for one in status_of_study(study)]
    if as_json:
        print_json([dict(zip(("training", "state", "command"), row, strict=True)) for row in found])
        return
    for row in found:
        echo("\t".join(row))


@command.command(name="power")
@_study
@click.option("--pilot", type=click.Path(path_type=Path), help="Study whose numbers say how much runs and sentences vary.")
@click.option(
    "--spread",
    multiple=True,
    metavar="MEASURE:run=…,sentence=…,residual=…",
    help="Standard deviations instead of a pilot, in the measure's unit.",
)
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="To be spent.")
@json_option
def power(study: Path, pilot: Path | None, spread: tuple[str, ...], hours: float, as_json: bool) -> None:
    """Say the smallest difference that a design can show, and where the next hour is best spent.

    \b
    Example:
      ttskit study power study --pilot pilot
      ttskit study power study --spread mcd_db:run=0.7,sentence=0.6,residual=0.4
    """
    from ttskit_study.power import given_spread, power_lines, power_of_study, power_rows

    with aside():
        found = power_of_study(study, pilot=pilot, spread=given_spread(spread), hours=hours)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    print_table(*power_rows(found), names=("measure",))
    for line in power_lines(found, hours):
        say(line)


@command.command(name="report")
@_study
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder.  [default: report/ in the study]")
@click.option("--lang", type=click.Choice(["en", "es"]), help="Language of the page.  [default: both, with a switch]")
@click.option("--blind", is_flag=True, help="Players start with hidden names.")
@json_option
def report(study: Path, out: Path | None, lang: str | None, blind: bool, as_json: bool) -> None:
    """Write the page of a study, with its tables and figures, from what is there.

    \b
    Example:
      ttskit study report study
    """
    from ttskit_study.report import write_report

    with aside():
        page = write_report(study, out=out, language=lang, blind=blind)
    if as_json:
        print_json({"page": str(page)})
        return
    say(f"Open {page}")
