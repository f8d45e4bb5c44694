"""`ttskit text`: how a text is read, line by line, so that it can sit in a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ttskit.cli.frontend_options import FrontendOption
from ttskit.cli.output import echo, note, print_json
from ttskit.cli.own_stdout import aside
from ttskit.cli.texts import argument, stdin_lines
from ttskit.config.recipe import FrontendConfig
from ttskit.errors import UsageError
from ttskit.plugins import create_registry

if TYPE_CHECKING:
    from ttskit.interfaces import Analysis, Frontend

__all__ = ["DEFAULT", "check_lexicon", "command", "normalize", "phonemize", "show", "syllables"]

DEFAULT = FrontendConfig().name


def _choosing(function: Callable) -> Callable:
    """The options that choose the frontend."""
    for decorator in (
        click.option("--frontend", "name", default=DEFAULT, show_default=True, help="Which frontend reads."),
        click.option("--dialect", cls=FrontendOption, help="Whose pronunciation."),
        click.option("--locale", cls=FrontendOption, help="Whose currency and decimal signs."),
        click.option("--recipe", help="Read with the frontend of this recipe (name or file)."),
        click.option(
            "--option",
            "options",
            multiple=True,
            metavar="KEY=VALUE",
            help="Another of the frontend's options; repeatable: emoji=name, annotations=true, tags.risa=drop.",
        ),
    ):
        function = decorator(function)
    return function


def _reading(function: Callable) -> Callable:
    """What the commands that print one line per line share."""
    for decorator in (
        click.argument("text", nargs=-1),
        _choosing,
        click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with everything known about it."),
        click.option(
            "--explain", is_flag=True, help="After each line: what was read by which class and rule, and what else it could be."
        ),
    ):
        function = decorator(function)
    return function


@click.group(name="text")
def command() -> None:
    """Show how text is read: as words, as phonemes, as syllables.

    Each argument is a line; without arguments lines are read from standard input.

    \b
    Example:
      ttskit text normalize "Sale $ 1.500 en Av. Rivadavia 21"
    """


@command.command()
@_reading
def normalize(text, as_json, explain, **choice) -> None:
    """The text as it will be spoken: numbers, dates, abbreviations in words.

    \b
    Example:
      ttskit text normalize "El 9/7/1816 a las 14:30 hs"
    """
    _show(text, _frontend(**choice), as_json, explain, lambda analysis: analysis.normalized)


@command.command()
@_reading
def phonemize(text, as_json, explain, **choice) -> None:
    """The phonemes in IPA, stress mark on the vowel, without the edge tokens.

    \b
    Example:
      ttskit text phonemize --dialect castilian "La cazuela hierve"
    """
    frontend = _frontend(**choice)
    boundary = frontend.symbols.boundary
    _show(text, frontend, as_json, explain, lambda analysis: " ".join(t for t in analysis.tokens if t != boundary))


@command.command()
@_reading
def syllables(text, as_json, explain, **choice) -> None:
    """Syllables of each word, then a tab and the index of each stressed one (from 0, - for none).

    \b
    Example:
      ttskit text syllables murciélago
    """

    def line(analysis: Analysis) -> str:
        stresses = ("-" if w.stress is None else str(w.stress) for w in analysis.words)
        return " ".join("-".join(w.syllables) for w in analysis.words) + "\t" + " ".join(stresses)

    _show(text, _frontend(**choice), as_json, explain, line)


@command.command()
@click.argument("text", nargs=-1, required=True)
@_choosing
def show(text, **choice) -> None:
    """One sentence from text to phones, in colours: what is written, its class, what is said, syllables, phones.

    \b
    Example:
      ttskit text show "El 24/3 a las 10:30 pagué $ 1.500"
    """
    from ttskit.cli.text_view import render

    frontend = _frontend(**choice)
    for line in text:
        render(frontend.analyze(line))


@command.command(name="check-lexicon")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--frontend", "name", default=DEFAULT, show_default=True, help="Whose lexicon it is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file: its name, and its problems.")
def check_lexicon(files, name, as_json) -> None:
    """Say what is wrong with lexicon files, line by line; exit code 1 if anything is.

    \b
    Example:
      ttskit text check-lexicon lexicon.tsv
    """
    frontend = create_registry().get("frontend", name).load()()
    found = {file: frontend.check_lexicon(file) for file in files}
    for file, problems in found.items():
        if as_json:
            print_json({"file": str(file), "problems": problems}, indent=None)
            continue
        for problem in problems:
            echo(f"{file}: {problem}")
    bad = sum(not problem.endswith("(remark)") for problems in found.values() for problem in problems)
    note(f"{len(files)} checked, {bad} to correct")
    if bad:
        raise click.exceptions.Exit(1)


def _frontend(name: str, dialect: str | None, locale: str | None, recipe: str | None, options: tuple[str, ...]) -> Frontend:
    chosen: dict[str, Any] = {}
    if recipe is not None:
        from ttskit.config import load_recipe

        loaded = load_recipe(recipe).frontend
        name, chosen = loaded.name, dict(loaded.options)
    for key, value in _pairs(options).items():
        chosen[key] = {**chosen.get(key, {}), **value} if isinstance(value, dict) else value
    chosen.update({key: value for key, value in (("dialect", dialect), ("locale", locale)) if value is not None})
    return create_registry().get("frontend", name).load()(**chosen)


def _pairs(written: tuple[str, ...]) -> dict[str, Any]:
    """Options given as KEY=VALUE; values are JSON where they can be, text otherwise; tags.risa is a key of a table."""
    found: dict[str, Any] = {}
    for pair in written:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise UsageError(f"--option {pair!r} is not KEY=VALUE", "", "for example --option emoji=name")
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            read = value
        table, dot, entry = key.partition(".")
        if dot:
            found.setdefault(table, {})[entry] = read
        else:
            found[key] = read
    return found


def _explained(analysis: Analysis) -> Iterator[str]:
    """One line per reading that is more than a space."""
    for reading in analysis.readings:
        if reading.token_class == "silent" and reading.rule == "space":
            continue
        start, end = reading.span
        said = reading.spoken or "(silent)"
        line = f"  {start}-{end}\t{reading.text}\t{said}\t{reading.token_class}\t{reading.rule}"
        yield line + ("\t" + " | ".join(reading.alternatives) if reading.alternatives else "")
    for unknown in analysis.unknown:
        yield f"  {unknown.position}-{unknown.position + 1}\t{unknown.character}\t(not read)\tunknown"


def _lines(arguments: tuple[str, ...]) -> Iterator[str]:
    if arguments:
        yield from map(argument, arguments)
        return
    yield from stdin_lines()


def _show(
    arguments: tuple[str, ...], frontend: Frontend, as_json: bool, explain: bool, line: Callable[[Analysis], str]
) -> None:
    """One line of output for each line of input; characters that were not read go to stderr."""
    for number, text in enumerate(_lines(arguments), 1):
        with aside():
            analysis = frontend.analyze(text)
        if as_json:
            print_json(analysis.to_json(), indent=None)
            continue
        echo(line(analysis))
        if explain:
            for row in _explained(analysis):
                echo(row)
            continue
        if analysis.unknown:
            shown = ", ".join(f"{u.character!r} at {u.position}" for u in analysis.unknown[:8])
            more = f" and {len(analysis.unknown) - 8} more" if len(analysis.unknown) > 8 else ""
            note(f"line {number}: not read: {shown}{more}")
