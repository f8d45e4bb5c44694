"""What an importer is, and what it says about a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["ImportReport", "Importer"]


@dataclass
class ImportReport:
    """What was understood, ignored and missing, in the order in which it was met.

    Attributes:
        rows: (status, what, detail); status is "understood", "ignored" or "missing".
    """

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def understood(self, what: str, detail: Any = "") -> None:
        """Something of the file that is in the run."""
        self.rows.append(("understood", what, str(detail)))

    def ignored(self, what: str, detail: Any = "") -> None:
        """Something of the file that is not in the run, and why."""
        self.rows.append(("ignored", what, str(detail)))

    def missing(self, what: str, detail: Any = "") -> None:
        """Something that the file does not hold, and what stands in its place or provides it."""
        self.rows.append(("missing", what, str(detail)))


class Importer(ABC):
    """What an `ImporterPlugin`'s factory is: an instance of a subclass.

    Calling it refuses files that are not of its kind with a `TTSKitError`, and writes a run folder
    otherwise. Its keyword arguments are the options it takes; `None` is "not given".
    """

    @abstractmethod
    def recognises(self, path: Path) -> bool:
        """Whether the content (not the name) is of this kind; cheap.

        Raises:
            CheckpointError: the file is damaged, so that nobody can tell.
        """

    @abstractmethod
    def __call__(self, path: Path, run: Path, **options: Any) -> ImportReport:
        """Write the run folder `run` from the file `path`."""
