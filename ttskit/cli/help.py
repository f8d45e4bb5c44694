"""Help texts in the reader's language: click shows what stands in a command, so it is copied with its texts translated."""

from __future__ import annotations

import copy
import inspect

import click

from ttskit.messages import language, translated

__all__ = ["in_language"]


def in_language(command: click.Command) -> click.Command:
    """The command with help, epilog and the help of its parameters translated, and so its subcommands; itself in English."""
    if language() == "en":
        return command
    shown = copy.copy(command)
    shown.help = _paragraphs(shown.help)
    shown.short_help = translated(shown.short_help) if shown.short_help else shown.short_help
    shown.epilog = translated(shown.epilog) if shown.epilog else shown.epilog
    shown.params = [_parameter(parameter) for parameter in shown.params]
    if isinstance(shown, click.Group):
        shown.commands = {name: in_language(one) for name, one in shown.commands.items()}
    return shown


def _paragraphs(text: str | None) -> str | None:
    """A docstring as a whole; where only some of its paragraphs are in the catalogue, those."""
    if not text:
        return text
    text = inspect.cleandoc(text)
    whole = translated(text)
    return whole if whole != text else "\n\n".join(translated(part) for part in text.split("\n\n"))


def _parameter(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option) or not parameter.help:
        return parameter
    shown = copy.copy(parameter)
    shown.help = translated(parameter.help)
    return shown
