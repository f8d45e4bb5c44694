"""`ttskit prepare`: recordings and transcripts into a prepared corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from ttskit.cli.advice import after_prepare, say_next
from ttskit.cli.output import json_option, note, print_json, print_table, stderr_console
from ttskit.corpus.problems import Problem
from ttskit.messages import translated
from ttskit.plugins import Registry, create_registry

__all__ = ["command", "corpus_options", "problem_rows"]

_ALL, _NOW = "utterances", "computed now"  # messages
_SPLITS = ("train", "validation", "test")  # messages


def corpus_options(command: Callable) -> Callable:
    """The options that `prepare` and `check` share."""
    for option in reversed(
        [
            click.option("--recipe", default="base", show_default=True, help="Shipped recipe, YAML file or run folder."),
            click.option(
                "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a key of the recipe; may be repeated."
            ),
            click.option("--reader", help="Corpus reader; found out if not given (ttskit plugins list)."),
            click.option("--speaker", help="Name of the speaker of a single-voice corpus, or the one to take from several."),
            click.option(
                "--columns",
                metavar="NAMES",
                help="What a list's columns are, if not understood: path, text, raw, normalized, speaker, language, ignore.",
            ),
            click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per processor core."),
        ]
    ):
        command = option(command)
    return command


@click.command(name="prepare")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Folder of the prepared corpus.")
@corpus_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    data: Path,
    out: Path,
    recipe: str,
    overrides: tuple[str, ...],
    reader: str | None,
    speaker: str | None,
    columns: str | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Turn the recordings and transcripts in DATA into a corpus ready for training.

    DATA is a folder with metadata.csv and wavs/, a list (columns by |, tab or CSV, or JSON lines), one folder per
    speaker, or a .txt beside each clip. What a list's columns were taken for is said in one line, and asked in doubt.
    Run it again after an interruption or a change: only what is missing is done.

    \b
    Example:
      ttskit prepare recordings/ana --out prepared/ana --speaker ana
      ttskit prepare recordings/two.txt --columns path,text,speaker --out two
      ttskit prepare recordings/phone --out prepared/ana-8 --recipe telephone-8000
    """
    from ttskit.config import load_recipe
    from ttskit.corpus import prepare

    registry = ctx.find_object(Registry) or create_registry()
    report = prepare(
        data,
        out,
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
        return
    splits = sorted(report.utterances.items(), key=lambda item: -item[1])
    rows = [(_ALL, ", ".join(f"{n} {translated(split)}" for split, n in splits))]
    rows += [(f"{translated('speaker')} {name}", f"{seconds / 60:.1f} min") for name, seconds in report.seconds.items()]
    rows += [(_NOW, f"{report.audio_made} clips, {report.features_made} features, in {report.wall_s:.1f} s")]
    print_table(("what", "found"), rows + problem_rows(report.problems))
    if report.problems:
        note(f"every problem with its reason: {report.folder / 'problems.jsonl'}")
    say_next(*after_prepare(data, out, recipe, overrides, report.problems, speaker))


def problem_rows(problems: list[Problem]) -> list[tuple[str, str]]:
    """One row per kind of problem, with its number and the first case."""
    rows = []
    for (kind, skipped), count in Counter((p.kind, p.skipped) for p in problems).most_common():
        first = next(p for p in problems if (p.kind, p.skipped) == (kind, skipped))
        label = translated("skipped" if skipped else "warning")
        example = translated(f"such as {first.id}")
        rows.append((f"{label}: {translated(kind)}", f"{count}, {example}: {translated(first.reason)}"))
    return rows
