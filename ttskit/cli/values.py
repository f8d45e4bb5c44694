"""Option types that several numbers can be given to, and options shown in groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ttskit.errors import UsageError
from ttskit.messages import translated

__all__ = ["GroupedCommand", "Numbers", "pairs"]

_OTHER = "Other"  # messages


class Numbers(click.ParamType):
    """One number, or several with spaces or commas between: a list, in which `-` (or `_`) is None.

    Args:
        words: names that may be given instead, as they are.
        only_lists: a single number is a list of one.
    """

    name = "number(s)"

    def __init__(self, words: Sequence[str] = (), only_lists: bool = False) -> None:
        self.words, self.only_lists = tuple(words), only_lists

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        if value in self.words:
            return value
        parts = re.split(r"[\s,]+", value.strip())
        try:
            numbers = [None if part in ("-", "_") else float(part) for part in parts]
        except ValueError:
            expected = "a number, or numbers with commas between" + "".join(f", or {word}" for word in self.words)
            self.fail(f"{value!r} is not {expected}", param, ctx)
        single = len(numbers) == 1 and numbers[0] is not None and not self.only_lists
        return numbers[0] if single else numbers


class GroupedCommand(click.Command):
    """A command whose options are shown under titles; those without one come last.

    Args:
        groups: title → parameter names.
    """

    def __init__(self, *args, groups: Mapping[str, Sequence[str]], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = {name: title for title, names in self.groups.items() for name in names}
        records: dict[str, list[tuple[str, str]]] = {title: [] for title in (*self.groups, _OTHER)}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                records[known.get(parameter.name, _OTHER)].append(record)
        for title, rows in records.items():
            if rows:
                with formatter.section(translated(title)):
                    formatter.write_dl(rows)


def pairs(given: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE … as options, values read as in a recipe.

    Raises:
        UsageError: no "=", or a value that cannot be read.
    """
    from ttskit.reading import YamlFault, parse_yaml

    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        try:
            found[key.strip()] = parse_yaml(value, finite=True)
        except YamlFault as error:
            raise UsageError(f"the value of {text!r:.200} cannot be read", error.reason, "") from error
        if not equals or not key.strip():
            raise UsageError(
                f"{text!r} is not an option with a value", "", "--option KEY=VALUE, as in --option monotonic=window"
            )
    return found
