"""Numbers of a stranger's configuration, each named and bounded before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttskit.audio.config import MelConfig
from ttskit.errors import CheckpointError, ConfigError
from ttskit.reading import shown

__all__ = ["made_mel", "real", "whole"]

_NEEDED: Any = object()


def whole(section: Mapping[str, Any], key: str, where: str, default: Any = _NEEDED, least: int = 1, most: int = 1 << 20) -> int:
    """A whole number of a configuration; 512.0 is one, true and "512" are not.

    Args:
        where: what the section is of, for the message.
        default: where the key is absent.

    Raises:
        CheckpointError: names the key, what is there and what should be.
    """
    value = _value(section, key, where, default)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not least <= value <= most or value != int(value):  # NaN is in no range
        raise _wrong(where, key, value, f"a whole number from {least} to {most}")
    return int(value)


def real(
    section: Mapping[str, Any], key: str, where: str, default: Any = _NEEDED, least: float = 0.0, most: float = 1e6
) -> float:
    """A finite number of a configuration; errors and arguments as `whole`."""
    value = _value(section, key, where, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise _wrong(where, key, value, f"a number from {least:g} to {most:g}")
    return float(value)


def made_mel(where: str, *arguments: Any, **settings: Any) -> MelConfig:
    """A `MelConfig`; settings that do not go together are the checkpoint's fault."""
    try:
        return MelConfig(*arguments, **settings)
    except ConfigError as error:
        raise CheckpointError(f"the audio settings of {where} cannot be used", error.why, "") from error


def _value(section: Mapping[str, Any], key: str, where: str, default: Any) -> Any:
    if key not in section:
        if default is _NEEDED:
            raise CheckpointError(f"{where} is not complete", f"{key} is missing", "give the checkpoint's own configuration")
        return default
    return section[key]


def _wrong(where: str, key: str, value: Any, wanted: str) -> CheckpointError:
    return CheckpointError(
        f"{where} cannot be used", f"{key} is {shown(value)}, must be {wanted}", "give the checkpoint's own configuration"
    )
