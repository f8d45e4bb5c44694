"""Plants the faults of `faults.toml` one by one in a copy of the checkout and runs the tests that must see them.

    python tests/planted/run_planted.py [WORDS …] [--list]

Words choose the faults whose name or file has one of them. A fault is seen if a test fails (not if pytest cannot
start); the tests must pass without any fault first. The working tree is never touched. Exit code 1 if one is not seen.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from faults import TABLE, Fault, faults, planted

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", "__pycache__", "*.egg-info", "build", "dist", "site", "runs", "prepared", "comparison"
)
LIMIT_S = 1200.0  # of the tests of one fault, which may make a loop endless: then it is seen as well


def copy_of(checkout: Path, folder: Path) -> Path:
    """The sources and tests of a checkout, without what is made from them."""
    keep = checkout / "ttskit"  # packages of these names are sources

    def ignore(where: str, names: list[str]) -> set[str]:
        ignored = LEFT_OUT(where, names)
        return {n for n in ignored if n.startswith((".", "_"))} if Path(where).is_relative_to(keep) else ignored

    return Path(shutil.copytree(checkout, folder / checkout.name, ignore=ignore))


def run(tests: Sequence[str], checkout: Path) -> tuple[int, str]:
    """pytest's exit code (1: a test failed; -1: it took too long) and its last line, on the packages of that checkout."""
    paths = [str(checkout), str(checkout / "plugins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *dict.fromkeys(tests)]
    try:
        done = subprocess.run(
            command, cwd=checkout, env=env, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return -1, f"not done after {LIMIT_S:g} s"
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return done.returncode, (failed or lines or [""])[-1]


def hunt(chosen: Sequence[Fault], checkout: Path, tell=print) -> list[Fault]:
    """Those that no test sees, of the faults planted in `checkout` (a copy).

    Raises:
        RuntimeError: the tests do not pass as the checkout is, or pytest cannot run them.
    """
    code, last = run([test for fault in chosen for test in fault.tests], checkout)
    if code != 0:
        raise RuntimeError(f"the tests do not pass without any fault: {last}")
    unseen = []
    for fault in chosen:
        started = time.monotonic()
        with planted(fault, checkout):
            code, last = run(fault.tests, checkout)
        if code not in (-1, 0, 1):
            raise RuntimeError(f"{fault.name}: pytest ended with {code}: {last}")
        tell(f"{'UNSEEN' if code == 0 else 'seen  '} {fault.name} ({fault.file}, {time.monotonic() - started:.0f} s): {last}")
        if code == 0:
            unseen.append(fault)
    return unseen


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only faults whose name or file has one of these")
    parser.add_argument("--list", action="store_true", help="say which there are, and plant none")
    asked = parser.parse_args(arguments)
    chosen = [f for f in faults() if not asked.words or any(w in f.name or w in f.file for w in asked.words)]
    if asked.list or not chosen:
        print("\n".join(f"{f.name}: {f.file}" for f in chosen) or f"no fault of {TABLE.name} has these words")
        return 0 if chosen else 2
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        unseen = hunt(chosen, copy_of(ROOT, Path(folder)), lambda line: print(line, flush=True))
    print(f"{len(chosen) - len(unseen)} of {len(chosen)} faults are seen" + "".join(f"\nunseen: {f.name}" for f in unseen))
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
