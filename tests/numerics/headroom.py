"""A pytest plugin that notes how much of each tolerance a run used, one JSON line per comparison.

    PYTHONPATH=tests/numerics TTSKIT_HEADROOM=FOLDER python -m pytest -p headroom -o enable_assertion_pass_hook=true …

A share of 1 is a comparison that just passes (or, above it, one that failed). Noted are `torch.testing.assert_close`,
`numpy.testing.assert_allclose`, `pytest.approx`, and `assert a < b` with two plain numbers; the place is the innermost line
in a test file and the lines that called it. `run_matrix.py` loads it, so that a tolerance that one processor nearly uses up
is seen before another processor fails it.
"""

from __future__ import annotations

import json
import os
import re
import traceback
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

__all__: list[str] = []

_TESTS = Path(__file__).resolve().parents[1]
_NUMBER = r"(-?\d[\d.]*(?:e[+-]?\d+)?)"
_PLAIN = re.compile(rf"^{_NUMBER} (<=?|>=?) {_NUMBER}(?:\n|$)")
_rows: list[dict] = []


def _note(kind: str, error: float, allowed: float, size: float, line: str = "") -> None:
    """Keep one comparison with a value of this size; `line` is the place where the stack does not hold it."""
    if not np.isfinite(allowed):
        return
    frames = [f for f in traceback.extract_stack() if f.filename.startswith(str(_TESTS)) and f.filename != __file__]
    places = [line or f"{Path(f.filename).relative_to(_TESTS).as_posix()}:{f.lineno}" for f in frames[-1:]] or [line]
    share = error / allowed if allowed > 0 else (0.0 if error == 0 else float("inf"))
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]
    row = {"at": places[0], "test": test, "kind": kind, "error": error, "allowed": allowed, "size": size, "share": share}
    _rows.append(row)


def _worst(actual, expected, rtol: float, atol: float) -> tuple[float, float, float]:
    """The error that uses most of its tolerance, that tolerance, and the largest value expected."""
    a, b = (
        np.asarray(x.detach().cpu().double() if isinstance(x, torch.Tensor) else x, dtype=float) for x in (actual, expected)
    )
    error, allowed = np.broadcast_arrays(np.abs(a - b), atol + rtol * np.abs(b))
    if not error.size:
        return 0.0, 1.0, 0.0
    with np.errstate(all="ignore"):
        share = np.nan_to_num(np.where(error == 0, 0, error / allowed), nan=0.0)
        size = float(np.nan_to_num(np.abs(b), posinf=0.0).max())
    at = int(np.argmax(share.ravel()))
    return float(error.ravel()[at]), float(allowed.ravel()[at]), size


def _watch_torch() -> None:
    plain = torch.testing.assert_close

    def assert_close(actual, expected, *args, rtol=None, atol=None, **more):
        if isinstance(actual, torch.Tensor) and isinstance(expected, torch.Tensor) and actual.shape == expected.shape:
            usual = torch.testing._comparison.default_tolerances(actual, expected)
            r, a = (u if told is None else told for told, u in zip((rtol, atol), usual, strict=True))
            if r or a:
                _note("assert_close", *_worst(actual, expected, r, a))
        return plain(actual, expected, *args, rtol=rtol, atol=atol, **more)

    torch.testing.assert_close = assert_close


def _watch_numpy() -> None:
    plain = np.testing.assert_allclose

    def assert_allclose(actual, desired, rtol=1e-7, atol=0, *args, **more):
        try:
            found = _worst(actual, desired, rtol, atol)
        except ValueError:  # shapes differ: the comparison itself says so
            found = None
        if found:
            _note("assert_allclose", *found)
        return plain(actual, desired, rtol, atol, *args, **more)

    np.testing.assert_allclose = assert_allclose


def _watch_approx() -> None:
    scalar = next(c for c in type(pytest.approx(1.0)).__mro__ if c.__name__ == "ApproxScalar")
    plain = scalar.__eq__

    def equal(self, actual):
        with suppress(TypeError, ValueError, IndexError):  # what is compared is no number
            _note("approx", abs(float(actual) - float(self.expected)), float(self.tolerance), abs(float(self.expected)))
        return plain(self, actual)

    scalar.__eq__ = equal


def pytest_configure() -> None:
    """Put the watches in place before any test file is imported."""
    _watch_torch()
    _watch_numpy()
    _watch_approx()


def pytest_assertion_pass(item, lineno, orig, expl) -> None:
    """Plain comparisons of two numbers that held."""
    if found := _PLAIN.match(expl):
        left, sign, right = float(found[1]), found[2][0], float(found[3])
        error, allowed = (left, right) if sign == "<" else (right, left)
        if 0 <= error <= allowed:
            _note(f"{sign} {orig[:80]}", error, allowed, 0.0, f"{Path(str(item.path)).relative_to(_TESTS).as_posix()}:{lineno}")


def pytest_sessionfinish() -> None:
    """Write what was noted into the folder that TTSKIT_HEADROOM names, a file per process."""
    if folder := os.environ.get("TTSKIT_HEADROOM"):
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in _rows)
