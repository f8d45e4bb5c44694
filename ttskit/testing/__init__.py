"""Conformance kit for plugin authors, and the builders that our own tests use.

`ttskit plugins check NAME` runs it from the command line. From pytest, one id for each check and plugin:

    from ttskit.testing import parametrize

    @parametrize("acoustic model", "mine")
    def test_conforms(check):
        check()  # raises with the name of the fault

which shows `test_conforms[mine-teacher-forced mels]` and its like; `-k "mine and padding"` runs some of them. Without a
name the test runs for all plugins of the kind, and without a kind for all that are installed. `checks_of(kind, name)`
gives the same checks to other programs; `check_plugin` runs them and gives results.

A model that is large by default declares `small_options` among its facts: the options that the checks build it with.
A measurement is asked about `tiny_spoken()`; one that needs more than that has (runs, exact times, controls) is checked
with a comparison of its author's: `check_measurement(plugin, spoken)`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Check": "checks",
    "CheckResult": "checks",
    "Fault": "checks",
    "check_plugin": "plugin",
    "checks_of": "plugin",
    "parametrize": "plugin",
    "check_acoustic_model": "acoustic",
    "check_vocoder": "vocoder",
    "check_frontend": "frontend",
    "check_measurement": "measurement",
    "fake_speech": "builders",
    "tiny_batch": "builders",
    "tiny_context": "builders",
    "tiny_corpus": "builders",
    "tiny_spoken": "spoken",
    "tone": "builders",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"ttskit.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
