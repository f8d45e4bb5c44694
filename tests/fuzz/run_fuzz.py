"""The long run: 20,000 inputs over all fuzzers, each fuzzer in a process of its own. `make nightly-fuzz`.

    python tests/fuzz/run_fuzz.py [--inputs 20000] [--first-seed 0] [NAME …]

Prints a table, then each kind of failure with the seed that shows it. Exits with 1 if there was one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fuzz_harness import Outcome, fuzz
from fuzz_targets import TARGETS


def tried(name: str, seeds: range) -> Outcome:
    """One fuzzer over some seeds, in a folder of its own."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return fuzz(TARGETS[name][0](Path(folder)), seeds)


def main() -> int:
    """Run all that are named, and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*TARGETS, []], help="fuzzers; all if none is named")
    parser.add_argument("--inputs", type=int, default=20_000, help="of all fuzzers together")
    parser.add_argument("--first-seed", type=int, default=0)
    given = parser.parse_args()
    names = given.names or list(TARGETS)
    shares = {name: TARGETS[name][2] for name in names}
    outcomes: dict[str, Outcome] = {}
    print(f"{'fuzzer':12} {'inputs':>7} {'refused':>8} {'failed':>7} {'slowest':>9} {'memory':>9} {'time':>7}")
    for name, share in shares.items():
        count = max(1, round(given.inputs * share / sum(shares.values())))
        started = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a process of its own: its peak of memory is its own
            outcome = outcomes[name] = pool.apply(tried, (name, range(given.first_seed, given.first_seed + count)))
        spent = time.perf_counter() - started
        failed = sum(outcome.failures.values())
        print(
            f"{name:12} {outcome.inputs:7} {outcome.refused:8} {failed:7} {outcome.slowest_s:7.2f} s "
            f"{outcome.memory_mb:6.0f} MB {spent:5.0f} s",
            flush=True,
        )
    for name, outcome in outcomes.items():
        if outcome.failures:
            print(f"\n{name}:\n{outcome.told()}")
    slowest = max(outcomes, key=lambda name: outcomes[name].slowest_s)
    print(f"\nslowest: {slowest}, {outcomes[slowest].slowest[:200]!r}")
    print(
        f"{sum(o.inputs for o in outcomes.values())} inputs, {sum(sum(o.failures.values()) for o in outcomes.values())} failed"
    )
    return int(any(outcome.failures for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
