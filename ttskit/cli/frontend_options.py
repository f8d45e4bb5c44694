"""Options of commands that are options of frontends: their values are what the installed frontends take."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click

from ttskit.config.recipe import FrontendConfig
from ttskit.plugins import create_registry

__all__ = ["FrontendOption", "choices"]


class FrontendOption(click.Option):
    """An option that is passed on to a frontend; its help ends with the values that installed frontends take.

    They are looked up only when the help is shown.
    """

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        values = choices(str(self.name))
        if record is None or not values:
            return record
        return record[0], f"{record[1].rstrip('.')}: {', '.join(values)}."


def choices(option: str) -> list[str]:
    """The values that frontends take for an option of that name, in their order; of a frontend that fails, none."""
    found: dict[str, None] = {}
    frontends, default = create_registry().all("frontend"), FrontendConfig().name
    for _, plugin in sorted(frontends.items(), key=lambda item: (item[0] != default, item[0])):  # the default's come first
        try:
            legal = _literal(_types(plugin.load_options()).get(option))
        except Exception:  # someone's broken options must not take the help of everything with them
            continue
        found.update(dict.fromkeys(legal))
    return list(found)


def _types(cls: Any) -> dict[str, Any]:
    if hasattr(cls, "model_fields"):
        return {name: field.annotation for name, field in cls.model_fields.items()}
    return get_type_hints(cls) if is_dataclass(cls) else {}


def _literal(annotation: Any) -> list[str]:
    """The strings of a Literal, also where None may stand beside it."""
    if get_origin(annotation) is Literal:
        return [value for value in get_args(annotation) if isinstance(value, str)]
    return [value for part in get_args(annotation) for value in _literal(part)]
