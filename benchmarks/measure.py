"""What the benchmarks share: clocks, medians, limits, figures, and published code imported from a checkout.

On one CPU thread time is CPU time, which other processes on the machine disturb least; on more it is wall
time; on a GPU it is between two events on the device. Two things that are compared are run in turn, so that
a machine that slows down slows both.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

ROWS: list[dict] = []
Work = Callable[[], object]


def row(what: str, value: float, unit: str, limit: str = "", share: float | None = None) -> None:
    """Keep and print one figure."""
    ROWS.append({"what": what, "value": value, "unit": unit, "limit": limit, "share_of_limit": share})
    print(
        f"{what:66} {value:12.4g} {unit:16} {limit}" + ("" if share is None else f"  ({100 * share:.0f} % of it)"), flush=True
    )


def arguments(text: str) -> argparse.ArgumentParser:
    """A parser with what every benchmark of a model takes."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="cpu, cuda")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each thing; the median counts")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser


def write(path: Path | None) -> None:
    """Write the figures, if a file is asked for."""
    if path:
        path.write_text(json.dumps(ROWS, indent=1), encoding="utf-8")


def wall_s(work: Work, repeats: int = 5) -> float:
    """Median wall time of something that runs in processes of its own."""
    times = []
    for _ in range(1 + repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def seconds(work: Work, device: str = "cpu") -> float:
    """One run's time."""
    import torch

    if device != "cpu":
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) / 1000
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    started = clock()
    work()
    return clock() - started


def medians(works: Mapping[str, Work], repeats: int = 5, warmup: int = 1, device: str = "cpu") -> dict[str, float]:
    """Median time of each, run in turn after `warmup` rounds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for index in range(warmup + repeats):
        for name, work in works.items():
            taken = seconds(work, device)
            if index >= warmup:
                times[name].append(taken)
    return {name: statistics.median(values) for name, values in times.items()}


def median_s(work: Work, repeats: int = 5, warmup: int = 1, device: str = "cpu") -> float:
    """Median time of one thing."""
    return medians({"it": work}, repeats, warmup, device)["it"]


def matmul_rate(device: str = "cpu", dtype=None, size: int | None = None) -> float:
    """Operations per second of a large matrix product (1024³ on a CPU, 8192³ on a GPU), on the threads in use."""
    import torch

    n = size or (1024 if device == "cpu" else 8192)
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    return 2 * n**3 / median_s(lambda: a @ b, repeats=15, warmup=3, device=device)


def read_bandwidth(device: str = "cpu") -> float:
    """Bytes per second of reading memory far larger than the caches."""
    import torch

    x = torch.ones((64 if device == "cpu" else 1024) * 1024 * 1024, device=device)
    return x.numel() * 4 / median_s(lambda: x.sum(), repeats=9, warmup=2, device=device)


def operations(work: Work) -> float:
    """Matrix and convolution operations that torch counts in one call."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def host_syncs(work: Work) -> int:
    """How often one call makes the host wait for the GPU."""
    import warnings

    import torch

    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            work()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(w.message) for w in seen)


def profile(work: Work, device: str) -> None:
    """Print where the time of one call goes."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as watch

    with watch(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device != "cpu" else [])]) as seen:
        work()
    key = "self_cpu_time_total" if device == "cpu" else "self_device_time_total"
    print(seen.key_averages().table(sort_by=key, row_limit=14, max_name_column_width=40), flush=True)


def build(kind: str, name: str, options: dict, context):
    """A model with random weights."""
    from ttskit.plugins import create_registry

    plugin = create_registry().get(kind, name)
    chosen = plugin.load_options()(**options)
    return plugin.load()(chosen, context if kind == "acoustic model" else context.mel)


@contextlib.contextmanager
def published(checkout: Path) -> Iterator[Callable[[str], ModuleType]]:
    """An importer of modules from a checkout of published code, whose names are forgotten afterwards.

    Nothing of it becomes part of ttskit; the modules stay usable after the block.
    """
    before, paths = set(sys.modules), sys.path
    here = Path(__file__).resolve().parent  # a benchmark may have the name of a package there
    sys.path = [str(checkout), *(p for p in paths if Path(p or ".").resolve() != here)]
    try:
        yield importlib.import_module
    finally:
        sys.path = paths
        for name in set(sys.modules) - before:
            if str(checkout) in str(getattr(sys.modules[name], "__file__", None) or getattr(sys.modules[name], "__path__", "")):
                del sys.modules[name]


def largest_difference(what: str, pairs: Mapping[str, tuple], allowed: float) -> float:
    """Largest absolute difference between pairs of tensors, printed as a figure; stops the run beyond `allowed`."""
    worst = 0.0
    for name, (ours, theirs) in pairs.items():
        if ours.shape != theirs.shape:
            sys.exit(f"{what}: {name} differs in shape, {tuple(ours.shape)} against {tuple(theirs.shape)}")
        worst = max(worst, float((ours.detach().double() - theirs.detach().double()).abs().max()))
    row(f"{what}: largest difference from the published outputs", worst, "")
    if not worst <= allowed:
        sys.exit(f"{what}: outputs differ by {worst:.3g}, allowed {allowed:g}")
    return worst
