"""`ttskit new`: asks what someone has, writes a recipe for it, and says what to type."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ttskit.cli.output import echo, json_option, note, print_json
from ttskit.errors import TTSKitError, UsageError
from ttskit.messages import translated
from ttskit.plugins import Registry, create_registry
from ttskit.terminal import plain

__all__ = ["ALL", "MACHINES", "command"]

MACHINES = ("auto", "cpu", "gpu")
ALL = "all"  # instead of one speaker's name


@click.command(name="new", epilog="Example: ttskit new")
@click.argument("recordings", required=False, type=click.Path(path_type=Path))
@click.option(
    "--list", "table", type=click.Path(path_type=Path), help="File of path|text lines.  [default: found in RECORDINGS]"
)
@click.option("--speaker", help="Whose voice: a name, one of several, or all.")
@click.option("--machine", type=click.Choice(MACHINES), help="What trains it.  [default: auto, what is found here]")
@click.option("--time", "time_", metavar="TIME", help="Training time you have: 30m, 2h.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Recipe to write.  [default: SPEAKER.yaml]")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is found for what is not given.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    recordings: Path | None,
    table: Path | None,
    speaker: str | None,
    machine: str | None,
    time_: str | None,
    out: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Begin a voice: asks for recordings, speaker, machine and time, and writes a commented recipe.

    It looks at what is there and proposes an answer to each question; the three commands that prepare, train and
    speak are printed in the end. Nothing that exists is overwritten. Without a terminal nothing is asked.

    \b
      ttskit new
      ttskit new recordings/ana --speaker ana --machine cpu --time 1h -o ana.yaml
    """
    from ttskit.cli.new_recipe import Plan, three_commands, write_recipe
    from ttskit.cli.survey import look_at_machine, look_at_recordings
    from ttskit.config import load_recipe

    registry = ctx.find_object(Registry) or create_registry()
    asks = not yes and sys.stdin.isatty()
    if recordings is None and table is None:
        if not asks:
            raise UsageError("which recordings?", "nobody can be asked here", "ttskit new RECORDINGS")
        recordings = Path(_asked("Folder with the recordings (or the file that lists them)", "recordings"))
    data = table or recordings
    assert data is not None
    if table is not None and recordings is not None and table.parent.resolve() != recordings.resolve():
        why, fix = "paths in a list are relative to it", f"move it, or name only --list {table}"
        raise UsageError(f"{table} does not lie in {recordings}", why, fix)
    found = look_at_recordings(data, registry)
    echo(f"{translated('found')}: {found.line()}", err=True)
    speaker = _speaker(speaker, found, asks)
    if speaker is not None:
        found = look_at_recordings(data, registry, speaker)  # the layout may not know that name
    here = look_at_machine()
    echo(f"{translated('here')}: {here.line()}", err=True)
    if machine is None and asks:
        machine = _asked("What trains it", "gpu" if here.gpu else "cpu", click.Choice(("cpu", "gpu")))
    gpu = bool(here.gpu) if machine in (None, "auto") else machine == "gpu"
    time_ = _time(time_, asks, "2h" if gpu else "1h")
    name = _name(speaker or (data if data.is_dir() else data.parent).resolve().name)
    if out is None:
        proposed = f"{name}.yaml"
        out = Path(_asked("Recipe to write", proposed)) if asks else Path(proposed)
    plan = Plan(found, speaker, gpu, here, time_, out, name)
    write_recipe(plan, registry)
    load_recipe(out, registry=registry)  # what was written is read again, before anyone relies on it
    commands = three_commands(plan)
    if as_json:
        print_json({"recipe": str(out), "commands": commands, "speakers": found.utterances, "rate_hz": found.rate_hz})
        return
    note(f"wrote {out}: each line says why; type these three, one after the other:")
    for line in commands:
        echo(line)


def _asked(question: str, default: str, kind: Any = None) -> str:
    return click.prompt(plain(translated(question)), default=default, type=kind, err=True)


def _speaker(given: str | None, found: Any, asks: bool) -> str | None:
    """Whose voice; None for all of several.

    Raises:
        UsageError: none of several.
    """
    several = len(found.speakers) > 1
    if given is None:
        default = ALL if several else found.speakers[0]
        names = f"({', '.join([*found.speakers[:6], *(['…'] if len(found.speakers) > 6 else []), ALL])})"
        given = _asked(f"Whose voice {names}" if several else "Whose voice", default) if asks else default
    if several and given == ALL:
        return None
    if several and given not in found.speakers:
        there = ", ".join(found.speakers[:12])
        raise UsageError(f"no speaker {given!r} there", f"there are: {there}", f"one of them, or {ALL}")
    return given


def _time(given: str | None, asks: bool, default: str) -> str:
    """A training time that a recipe takes; asked again until it is one."""
    from ttskit.config.training import parse_seconds

    while True:
        text = given if given is not None else _asked("Training time you have", default) if asks else default
        try:
            parse_seconds(text)
        except ValueError as error:
            if given is not None or not asks:
                raise UsageError("the training time cannot be read", str(error), "--time 1h") from error
            note(str(error))
            continue
        return text.replace(" ", "")


def _name(speaker: str) -> str:
    """A name for folders and files."""
    from ttskit.corpus.readers import safe_name

    name = safe_name(speaker).replace(" ", "-")
    if name.startswith("-"):
        raise TTSKitError(f"{speaker!r} cannot name a folder", "it begins with a dash", "--speaker NAME")
    return name
