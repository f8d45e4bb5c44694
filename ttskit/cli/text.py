"""`ttskit text`: how a text is read, line by line, so that it can sit in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from ttskit.cli.output import note
from ttskit.plugins import create_registry

if TYPE_CHECKING:
    from ttskit.interfaces import Analysis, Frontend


def _reading(function: Callable) -> Callable:
    """The options that all three commands share."""
    for decorator in (
        click.argument("text", nargs=-1),
        click.option("--frontend", "name", default="spanish", show_default=True, help="Which frontend reads."),
        click.option("--dialect", help="rioplatense, latin_american or castilian."),
        click.option("--locale", help="es-AR, es-ES, es-MX or es-US: currency and decimal signs."),
        click.option("--recipe", help="Read with the frontend of this recipe (name or file)."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with everything known about it."),
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
def normalize(text, name, dialect, locale, recipe, as_json) -> None:
    """The text as it will be spoken: numbers, dates, abbreviations in words.

    \b
    Example:
      ttskit text normalize "El 9/7/1816 a las 14:30 hs"
    """
    _show(text, _frontend(name, dialect, locale, recipe), as_json, lambda analysis: analysis.normalized)


@command.command()
@_reading
def phonemize(text, name, dialect, locale, recipe, as_json) -> None:
    """The phonemes in IPA, stress mark on the vowel, without the edge tokens.

    \b
    Example:
      ttskit text phonemize --dialect castilian "La cazuela hierve"
    """
    frontend = _frontend(name, dialect, locale, recipe)
    boundary = frontend.symbols.boundary
    _show(text, frontend, as_json, lambda analysis: " ".join(t for t in analysis.tokens if t != boundary))


@command.command()
@_reading
def syllables(text, name, dialect, locale, recipe, as_json) -> None:
    """Syllables of each word, then a tab and the index of each stressed one (from 0, - for none).

    \b
    Example:
      ttskit text syllables murciélago
    """

    def line(analysis: Analysis) -> str:
        stresses = ("-" if w.stress is None else str(w.stress) for w in analysis.words)
        return " ".join("-".join(w.syllables) for w in analysis.words) + "\t" + " ".join(stresses)

    _show(text, _frontend(name, dialect, locale, recipe), as_json, line)


def _frontend(name: str, dialect: str | None, locale: str | None, recipe: str | None) -> Frontend:
    options: dict = {}
    if recipe is not None:
        from ttskit.config import load_recipe

        loaded = load_recipe(recipe).frontend
        name, options = loaded.name, dict(loaded.options)
    options.update({key: value for key, value in (("dialect", dialect), ("locale", locale)) if value is not None})
    return create_registry().get("frontend", name).load()(**options)


def _lines(arguments: tuple[str, ...]) -> Iterator[str]:
    if arguments:
        yield from arguments
        return
    for raw in sys.stdin.buffer:  # UTF-8 whatever the console's code page
        yield raw.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")


def _show(arguments: tuple[str, ...], frontend: Frontend, as_json: bool, line: Callable[[Analysis], str]) -> None:
    """One line of output for each line of input; characters that were not read go to stderr."""
    for number, text in enumerate(_lines(arguments), 1):
        analysis = frontend.analyze(text)
        if as_json:
            click.echo(json.dumps(analysis.to_json(), ensure_ascii=False))
            continue
        click.echo(line(analysis))
        if analysis.unknown:
            shown = ", ".join(f"{u.character!r} at {u.position}" for u in analysis.unknown[:8])
            more = f" and {len(analysis.unknown) - 8} more" if len(analysis.unknown) > 8 else ""
            note(f"line {number}: not read: {shown}{more}")
