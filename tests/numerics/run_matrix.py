"""The numerically sensitive tests, under every way in which processors and libraries may compute them.

    python tests/numerics/run_matrix.py                      every setting that this processor has
    python tests/numerics/run_matrix.py tests/fastpitch -x   other files, and further words for pytest
    TTSKIT_SETTINGS="avx2,two threads" python tests/numerics/run_matrix.py

Each setting is a process of its own: libraries read their variables once. It ends with 1 if a setting fails, naming it and
its tests, and also if a tolerance of rounding is more than half used up in one: such a constant fits a processor and fails
on the next. What then helps stands in `ttskit/testing/numerics.py`. A tolerance is one of rounding if it is no more than
a ten-thousandth of the value, or of 1; a wider one is the size of some other effect, which the test names.

The constants that are left in the suite were looked at with this: on an Intel Xeon with AVX-512, in all settings, none is
more than a third used up, and nearly all less than a tenth. For parity with public implementations they come with the cases
(`case.json`) and say what "the same" means to a user: 1e-4 of a log mel is a thousandth of a decibel. That is no rounding of
one machine, but rounding takes a share of it, which is watched here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["main", "settings", "tight"]

ROOT = Path(__file__).resolve().parents[2]
# Where numbers of fp32 are compared: networks, kernels, front ends, training that must resume or agree between processes.
FILES = """
    tests/audio  tests/fastpitch  tests/griffinlim  tests/hifigan  tests/importing  tests/numerics  tests/parity
    tests/synthesis  tests/tacotron2  tests/nn  tests/measure/test_metrics.py  tests/measure/test_parts.py
    tests/corpus/test_batches.py
    tests/training/test_fit.py  tests/training/test_freezing.py  tests/training/test_optimize.py
    tests/training/test_processes.py  tests/training/test_rehearsal.py  tests/training/test_resume.py
    tests/training/test_together.py  tests/training/test_transfer.py
""".split()
ONE, TWO = ({"OMP_NUM_THREADS": n, "MKL_NUM_THREADS": n} for n in "12")
HELD = {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}
LEVELS = ("default", "avx2", "avx512")  # of ATEN_CPU_CAPABILITY, from low to high
USED_UP = 0.5


def settings(capability: str, folder: Path) -> dict[str, dict[str, str]]:
    """Environments by name, for a processor of this capability (`torch.backends.cpu.get_cpu_capability`).

    A level above the processor's own is left out: torch takes the variable's word for it, and the process dies of the first
    instruction that is not there. On processors other than x86 the levels mean nothing.
    """
    found = {"as it comes": ONE, "two threads": TWO, "no numba cache": ONE | {"NUMBA_CACHE_DIR": str(folder / "numba")}}
    level = capability.lower()
    if level in LEVELS:
        found |= {name: ONE | {"ATEN_CPU_CAPABILITY": name} for name in LEVELS[: LEVELS.index(level) + 1]}
    if level in LEVELS[1:]:
        found["MKL and oneDNN held to AVX2"] = ONE | HELD
        found["all held to AVX2 and two threads"] = TWO | HELD | {"ATEN_CPU_CAPABILITY": "avx2"}
    return found


def tight(rows: list[dict], limit: float = USED_UP) -> list[dict]:
    """The comparisons within rounding that use more than `limit` of their tolerance: the worst one of each place."""
    worst: dict[str, dict] = {}
    for row in sorted(rows, key=lambda row: row["share"]):
        if 0 < row["allowed"] <= 1.0001e-4 * max(1.0, row["size"]) and row["share"] > limit:
            worst[row["at"]] = row
    return sorted(worst.values(), key=lambda row: -row["share"])


def main(words: list[str]) -> int:
    """Run the settings one after another; 0 if all pass with room to spare."""
    import torch

    wanted = [name.strip() for name in os.environ.get("TTSKIT_SETTINGS", "").split(",") if name.strip()]
    with tempfile.TemporaryDirectory() as folder:
        every = settings(torch.backends.cpu.get_cpu_capability(), Path(folder))
        if unknown := [name for name in wanted if name not in every]:
            print(f"no setting {', '.join(unknown)} on this processor; there are: {', '.join(every)}")
            return 2
        failed = [name for name in wanted or every if not _run(name, every[name], Path(folder), words)]
    print(f"\nfailed: {'; '.join(failed)}" if failed else f"\nall settings passed: {', '.join(wanted or every)}")
    return bool(failed)


def _run(name: str, variables: dict[str, str], folder: Path, words: list[str]) -> bool:
    """One setting: pytest on the files, then what its tolerances had left."""
    notes = folder / re.sub(r"\W+", "_", name)
    notes.mkdir()
    # A level that the caller's shell sets would hide what the setting is to show. Compiled test files are kept apart,
    # since pytest's usual ones do not report assertions that held.
    plain = {k: v for k, v in os.environ.items() if k not in {*HELD, "ATEN_CPU_CAPABILITY", "NUMBA_CACHE_DIR"}}
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    own = {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(folder / "compiled"), "TTSKIT_HEADROOM": str(notes)}
    print(f"\n== {name}: {' '.join(f'{k}={v}' for k, v in variables.items())}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "headroom", "-o", "enable_assertion_pass_hook=true"]
    named = any((ROOT / word.split("::")[0]).exists() for word in words)
    code = subprocess.run([*command, *([] if named else FILES), *words], cwd=ROOT, env=plain | variables | own).returncode
    rows = [json.loads(line) for file in notes.glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()]
    found = tight(rows)
    for row in found:
        print(
            f"{name}: {row['at']} is {row['share']:.0%} used up ({row['error']:.2g} of {row['allowed']:.2g}) in {row['test']}"
        )
    if code:
        print(f"{name}: failed (pytest ended with {code})", flush=True)
    elif not rows:
        print(f"{name}: failed (not one comparison was noted)", flush=True)
    return code == 0 and bool(rows) and not found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
