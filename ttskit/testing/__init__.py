"""Conformance kit for plugin authors, and the builders that our own tests use.

`ttskit plugins check NAME` runs it from the command line; from pytest:

    from ttskit.plugins import create_registry
    from ttskit.testing import check_plugin

    def test_my_model_conforms():
        failures = [r for r in check_plugin("acoustic model", "mine", create_registry()) if not r.passed]
        assert not failures, "\\n".join(f"{r.name}: {r.message}" for r in failures)

A model that is large by default declares `small_options` among its facts: the options that the
checks build it with.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "CheckResult": "checks",
    "check_plugin": "plugin",
    "check_acoustic_model": "acoustic",
    "check_vocoder": "vocoder",
    "check_frontend": "frontend",
    "fake_speech": "builders",
    "tiny_batch": "builders",
    "tiny_context": "builders",
    "tiny_corpus": "builders",
    "tone": "builders",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
