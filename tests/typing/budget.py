"""`make lint`: mypy, strict where plugins are written against; elsewhere its errors are counted, and the count only falls.

The counts stand in pyproject.toml, [tool.ttskit.mypy-budget], a number a folder; a folder that is not listed has none. With
`--lower` they are set to what there is now, where that is less.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
TABLE = "[tool.ttskit.mypy-budget]"
_ERROR = re.compile(r"^(?P<file>[^:]+\.py):\d+(:\d+)?: error: ")


def folder_of(file: str) -> str:
    """The folder that a file counts for: ttskit/training, ttskit (for its own modules), plugins/ttskit_spanish.

    >>> folder_of("ttskit/training/loop.py"), folder_of("ttskit/symbols.py"), folder_of("plugins/ttskit_x/fast/a.py")
    ('ttskit/training', 'ttskit', 'plugins/ttskit_x')
    """
    parts = PurePosixPath(file.replace("\\", "/")).parts
    return "/".join(parts[: min(2, len(parts) - 1)])


def counted(lines: Iterable[str]) -> Counter[str]:
    """Errors by folder, of mypy's lines."""
    return Counter(folder_of(found["file"]) for line in lines if (found := _ERROR.match(line)))


def verdict(found: Mapping[str, int], budget: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """A line for each folder that has more errors than it may, and one for each that has fewer."""
    folders = sorted({*found, *budget})
    risen = [
        f"{f}: {found.get(f, 0)} errors, allowed {budget.get(f, 0)}" for f in folders if found.get(f, 0) > budget.get(f, 0)
    ]
    fallen = [f"{f}: {found.get(f, 0)} errors, allowed {budget[f]}" for f in folders if found.get(f, 0) < budget.get(f, 0)]
    return risen, fallen


def lowered(text: str, found: Mapping[str, int]) -> str:
    """pyproject.toml with each count at most what was found; folders without errors are left out."""
    head, table, rest = text.partition(TABLE + "\n")
    body, blank, tail = rest.partition("\n\n")
    budget = tomllib.loads(body)
    lines = [f'"{f}" = {min(n, found.get(f, 0))}' for f, n in sorted(budget.items()) if min(n, found.get(f, 0))]
    return head + table + "\n".join(lines) + ("" if blank else "\n") + blank + tail


def main(arguments: list[str]) -> int:
    """Run mypy; 1 if a folder has more errors than it may, or mypy itself failed."""
    place = ROOT / "pyproject.toml"
    text = place.read_text(encoding="utf-8")
    budget = tomllib.loads(text)["tool"]["ttskit"]["mypy-budget"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode not in (0, 1):
        print(done.stdout + done.stderr, file=sys.stderr)
        return done.returncode
    lines = done.stdout.splitlines()
    found = counted(lines)
    risen, fallen = verdict(found, budget)
    if risen:
        guilty = {line.partition(":")[0] for line in risen}
        print("\n".join(line for line in lines if (m := _ERROR.match(line)) and folder_of(m["file"]) in guilty))
        print("more type errors than allowed:\n  " + "\n  ".join(risen))
        return 1
    print(f"mypy: {sum(found.values())} errors, none more than allowed")
    if fallen and "--lower" in arguments:
        place.write_text(lowered(text, found), encoding="utf-8", newline="\n")
    elif fallen:
        print("the counts can be lowered (python tests/typing/budget.py --lower):\n  " + "\n  ".join(fallen))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
