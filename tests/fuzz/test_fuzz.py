"""A short run of every fuzzer: no internal error, no hang, no memory. `make nightly-fuzz` is the long one."""

from __future__ import annotations

import time

import pytest
import torch
from fuzz_harness import HANG_CPU_S, MEMORY_MB, fuzz, judged
from fuzz_targets import TARGETS

from ttskit.errors import CheckpointError, InputError

torch.set_num_threads(1)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_is_an_internal_error_a_hang_or_much_memory(name, tmp_path):
    fuzzer, inputs, _ = TARGETS[name]
    outcome = fuzz(fuzzer(tmp_path), range(inputs))
    assert not outcome.failures, outcome.told()
    assert outcome.inputs == inputs and outcome.slowest_s < HANG_CPU_S and outcome.memory_mb < MEMORY_MB
    assert outcome.refused or name == "texts"  # the makers hold that what is whole is read


def test_the_seeds_are_the_inputs():
    """A failure of a long run is seen again by its seed."""
    import random

    from fuzz_recipes import recipe_text

    assert [recipe_text(random.Random(seed)) for seed in range(50)] == [recipe_text(random.Random(seed)) for seed in range(50)]


def raising(error: BaseException):
    def act() -> None:
        raise error

    return act


def test_what_the_fuzzers_look_for_is_seen(monkeypatch):
    assert judged(lambda: 3) == ""
    assert judged(raising(InputError("what", "why", ""))) == "refused"
    assert judged(raising(InputError("what", "", ""))).startswith("an error that says little")
    assert judged(raising(CheckpointError("importer 'x' failed", "x 1.0: ValueError", ""))).startswith("CheckpointError")
    assert judged(raising(SystemExit(3))).startswith("SystemExit") and judged(raising(KeyError("a"))).startswith("KeyError")


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="the system has no timer of processor time")
def test_a_hang_is_seen(monkeypatch):
    monkeypatch.setattr("fuzz_harness.HANG_CPU_S", 0.2)

    def act() -> None:
        end = time.process_time() + 5
        while time.process_time() < end:
            try:
                pass
            except Exception:
                raise

    assert judged(act).startswith("over 0.2 s in")


def test_memory_is_seen():
    outcome = fuzz(lambda rng: ("a large list", lambda: bytearray(600 << 20)), range(1))
    try:
        import resource  # noqa: F401
    except ImportError:
        pytest.skip("the system does not tell the peak of memory")
    assert any(kind.startswith("memory grew by") for kind in outcome.failures)
