"""The errors that people see: what is wrong, why (where), and what to do."""

from __future__ import annotations

__all__ = [
    "AudioError",
    "CheckpointError",
    "ConfigError",
    "ControlError",
    "CorpusError",
    "InputError",
    "MismatchError",
    "PluginError",
    "TTSKitError",
    "TrainingError",
    "UsageError",
]


class TTSKitError(Exception):
    """An expected failure, told in three parts; the CLI prints them and exits with `exit_code`.

    Args:
        what: the problem in one line, naming the item (file, line, key, value).
        why: the fact behind it: both values of a mismatch, the position, the cause.
        fix: what to do next, as a command where there is one.
    """

    exit_code = 1

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  {line}" for line in self.why.splitlines()]
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[TTSKitError], tuple[str, ...]]:  # parallel preparation sends errors between processes
        return type(self), (self.what, self.why, self.fix)


class UsageError(TTSKitError):
    """The command or call itself is wrong (unknown name, option or key); exit code 2."""

    exit_code = 2


class ConfigError(UsageError):
    """A recipe or an override that does not validate."""


class PluginError(UsageError):
    """A plugin name that is unknown, ambiguous or broken."""


class CorpusError(TTSKitError):
    """A corpus, prepared or not, that cannot be used."""


class AudioError(TTSKitError):
    """An audio file that cannot be read or used."""


class CheckpointError(TTSKitError):
    """A run folder or checkpoint that is missing, damaged or from another version."""


class MismatchError(TTSKitError):
    """Two parts that do not fit together: mel contents, inventories, speakers."""


class InputError(TTSKitError):
    """Text, tokens or controls that a model or frontend cannot take."""


class ControlError(InputError):
    """A control that a model does not have; `control` is its name, so that who knows the plugins can say who has it."""

    def __init__(self, what: str, why: str = "", fix: str = "", control: str = "") -> None:
        super().__init__(what, why, fix)
        self.control = control

    def __reduce__(self) -> tuple[type[TTSKitError], tuple[str, ...]]:
        return type(self), (self.what, self.why, self.fix, self.control)


class TrainingError(TTSKitError):
    """Training that cannot go on (non-finite losses in a row, no room on the disk)."""
