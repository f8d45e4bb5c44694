"""Predictors of what listeners would say, as measurements of a comparison; none of them is the headline."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import MeasurementPlugin


@hookimpl
def ttskit_measurements() -> list[MeasurementPlugin]:
    """Those whose weights lie inside their packages, and those that read a file which the user names."""
    return []
