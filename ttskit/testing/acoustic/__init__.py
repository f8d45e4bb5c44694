"""Checks for acoustic models: every promise of `ttskit.interfaces.AcousticModel`, tried on a tiny batch."""

from __future__ import annotations

from ttskit.interfaces.descriptions import Plugin
from ttskit.testing.acoustic.controls import CONTROLS
from ttskit.testing.acoustic.explaining import EXPLAINING
from ttskit.testing.acoustic.facts import FACTS
from ttskit.testing.acoustic.losses import LOSSES
from ttskit.testing.acoustic.speaking import SPEAKING
from ttskit.testing.acoustic.subject import AcousticSubject
from ttskit.testing.acoustic.training import TRAINING
from ttskit.testing.checks import Check, CheckList, CheckResult, run_checks

__all__ = ["acoustic_checks", "check_acoustic_model"]

_CHECKS = CheckList(FACTS, LOSSES, TRAINING, SPEAKING, CONTROLS, EXPLAINING)


def acoustic_checks(plugin: Plugin) -> list[Check]:
    """The checks of an acoustic model built with its `small_options`."""
    return _CHECKS.of(plugin.kind, plugin.name, AcousticSubject(plugin))


def check_acoustic_model(plugin: Plugin) -> list[CheckResult]:
    """Run them all."""
    return run_checks(acoustic_checks(plugin))
