"""Rules of exclusion that somebody changed after the answers came in: read strictly, and told in the report."""

from __future__ import annotations

from pathlib import Path

from ttskit.errors import ConfigError
from ttskit.reading import Misread, YamlFault, as_type, parse_yaml, read_limited
from ttskit_listen.plan import Rules

__all__ = ["changed_rules"]


def changed_rules(path: Path, fixed: Rules) -> Rules:
    """The design's rules with those that a YAML file names, such as `least_gold: 0.5`.

    Raises:
        ConfigError: the file is not there, is not YAML, or names what is no rule.
    """
    fix = f"name rules such as least_gold: 0.5; there are {', '.join(Rules.model_fields)}"
    try:
        given = parse_yaml(read_limited(path).decode("utf-8"), finite=True)
        if not isinstance(given, dict):
            raise Misread("it is not a mapping of rules to numbers")
        rules: Rules = as_type(Rules, {**fixed.model_dump(), **given})
        return rules
    except (OSError, UnicodeDecodeError, YamlFault, Misread) as error:
        raise ConfigError(f"rules {path} cannot be read", getattr(error, "strerror", None) or str(error), fix) from error
