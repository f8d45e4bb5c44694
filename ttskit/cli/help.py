"""Help texts in the reader's language: click shows what stands in a command, so it is copied with its texts translated."""

from __future__ import annotations

import copy
import inspect
import re
from typing import Any

import click

from ttskit.messages import language, translated

__all__ = ["METAVARS", "in_language"]


def in_language(command: click.Command) -> click.Command:
    """The command, and its subcommands with whole summaries, with every text of their help translated."""
    shown = copy.copy(command)
    if isinstance(shown, click.Group):
        shown.commands = {name: _summarised(in_language(one)) for name, one in shown.commands.items()}
    if language() == "en":
        return shown
    shown.help = _paragraphs(shown.help)
    shown.short_help = translated(shown.short_help) if shown.short_help else shown.short_help
    shown.epilog = translated(shown.epilog) if shown.epilog else shown.epilog
    shown.params = [_parameter(parameter) for parameter in shown.params]
    shown.options_metavar = _words(shown.options_metavar)
    if isinstance(shown, click.Group):
        shown.subcommand_metavar = _words(shown.subcommand_metavar)
    return shown


def _summarised(command: click.Command) -> click.Command:
    """A subcommand with its first sentence as its summary, whole: click would cut it where a line ends."""
    if not command.short_help and command.help:
        first = " ".join(inspect.cleandoc(command.help).split("\n\n")[0].split())
        command.short_help = first.split(". ")[0].rstrip(".")
    return command


def _paragraphs(text: str | None) -> str | None:
    """A docstring as a whole; where only some of its paragraphs are in the catalogue, those."""
    if not text:
        return text
    text = inspect.cleandoc(text)
    whole = translated(text)
    return whole if whole != text else "\n\n".join(translated(part) for part in text.split("\n\n"))


def _parameter(parameter: click.Parameter) -> click.Parameter:
    shown: Any = copy.copy(parameter)
    made, extra = parameter.make_metavar, getattr(parameter, "get_help_extra", None)
    shown.make_metavar = lambda *of, **named: _words(made(*of, **named))  # older clicks give no context
    if isinstance(parameter, click.Option):
        shown.help = translated(parameter.help) if parameter.help else parameter.help
        if extra is not None:  # since click 8.2
            shown.get_help_extra = lambda ctx: {
                key: translated(value) if key == "required" else value for key, value in extra(ctx).items()
            }
    return shown


def _words(metavar: str | None) -> str:
    """[OPTIONS], KEY=VALUE or INTEGER RANGE: its words in capitals, each in the reader's language; choices stay."""
    if metavar is None or translated(metavar) != metavar:
        return translated(metavar or "")
    return re.sub(r"[A-Z]{3,}", lambda word: translated(word[0]), metavar)


# What stands for a value in the usage and the options of all commands.
METAVARS = (  # messages
    "OPTIONS", "COMMAND", "ARGS", "TEXT", "INTEGER RANGE", "INTEGER", "FLOAT RANGE", "FLOAT", "KEY", "VALUE", "VALUES", "NAME",
    "NAMES", "LIST", "TIME", "KIND", "SHARE", "PATTERN", "RUN", "RUNS", "NEW", "OLD", "RECORDINGS", "DATA", "BEFORE", "AFTER",
    "FILE", "FILES", "required",
)  # fmt: skip
