"""A disk that is full is no measurement's fault: the comparison says so, where any other failure costs one part only."""

from __future__ import annotations

import errno
import os

import pytest

from ttskit.errors import TTSKitError
from ttskit.interfaces import MeasurementPlugin
from ttskit.interfaces.measurement import Measurement
from ttskit.measure.run import measure_all
from ttskit.plugins import Origin, create_registry
from ttskit.testing import tiny_spoken


def asked(error, folder):
    class Fails(Measurement):
        def measure(self, spoken):
            try:
                raise error
            except OSError as first:
                raise RuntimeError("could not draw") from first

    class Local(MeasurementPlugin):
        def load(self):
            return Fails

    registry = create_registry()
    registry.found["measurement", "odd"] = (Local("odd", "fails", "none:none"), Origin("house", "house", "1"))
    return measure_all(tiny_spoken(folder), registry, only={"odd"})


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EROFS"])
def test_no_room_ends_the_comparison_with_the_file_and_the_reason(name, tmp_path):
    if not hasattr(errno, name):
        pytest.skip("this system does not know it")
    number = getattr(errno, name)
    with pytest.raises(TTSKitError) as error:
        asked(OSError(number, os.strerror(number), "figures/a.png"), tmp_path)
    assert "figures/a.png" in error.value.what and "compare again" in error.value.fix


def test_anything_else_is_told_and_left_out(tmp_path):
    (one,) = asked(OSError(errno.ENOENT, "gone", "x"), tmp_path)
    assert "could not draw" in one.notes[0]
