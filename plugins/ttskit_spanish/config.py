"""The options as a pydantic model, for recipes, help and errors; what they are stands in `options`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, create_model

from ttskit.errors import ConfigError
from ttskit_spanish.options import HOW, OPTIONS, Option


def _type(option: Option) -> Any:
    if option.legal is dict:
        return dict[str, Literal[HOW]]
    if option.legal is str:
        return str | None
    return bool if option.legal is bool else Literal[option.legal]


SpanishOptions = create_model(
    "SpanishOptions",
    __config__=ConfigDict(extra="forbid", frozen=True),
    __doc__="How Spanish is read; travels in the frontend's fingerprint.",
    __module__=__name__,
    **{name: (_type(option), Field(option.default, description=option.help)) for name, option in OPTIONS.items()},
)


def validated(options: Mapping[str, Any]) -> dict[str, Any]:
    """Every option with its value; a `ConfigError` that names each wrong one."""
    try:
        return SpanishOptions(**options).model_dump()
    except ValidationError as error:
        lines = "\n".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        fix = f"options: {', '.join(SpanishOptions.model_fields)}"
        raise ConfigError("options of the Spanish frontend are not valid", lines, fix) from None
