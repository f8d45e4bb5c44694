"""The table of planted faults: what `faults.toml` holds, and planting one of them in a checkout."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["TABLE", "Fault", "Harmless", "faults", "harmless", "planted"]

TABLE = Path(__file__).with_name("faults.toml")


@dataclass(frozen=True, slots=True)
class Fault:
    """A change that makes the toolkit wrong, and the tests that must see it.

    Args:
        name: what goes wrong, in a few words.
        file: where, from the root of the checkout.
        old: text that stands there exactly once.
        new: what it becomes.
        tests: test files or single tests (file::test) of which at least one fails with it.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Harmless:
    """A change that no test can see, since nothing that can be seen depends on it; `why` says so."""

    name: str
    file: str
    old: str
    new: str
    why: str


def faults(table: Path = TABLE) -> list[Fault]:
    """All of them, in the order of the table."""
    rows = tomllib.loads(table.read_text(encoding="utf-8")).get("fault", [])
    return [Fault(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def harmless(table: Path = TABLE) -> list[Harmless]:
    """Changes that were tried and are none."""
    return [Harmless(**row) for row in tomllib.loads(table.read_text(encoding="utf-8")).get("harmless", [])]


@contextmanager
def planted(fault: Fault | Harmless, checkout: Path) -> Iterator[None]:
    """The fault in a checkout, as long as it is entered; the file is as it was afterwards, whatever happens.

    Raises:
        ValueError: the text does not stand there exactly once.
    """
    path = checkout / fault.file
    before = path.read_bytes()
    text = before.decode("utf-8").replace("\r\n", "\n")
    count = text.count(fault.old)
    if count != 1:
        raise ValueError(f"{fault.name}: its text stands {count} times in {fault.file}, and must once")
    try:
        path.write_bytes(text.replace(fault.old, fault.new).encode("utf-8"))
        yield
    finally:
        path.write_bytes(before)
