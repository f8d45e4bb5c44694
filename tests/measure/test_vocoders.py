"""A vocoder's audio is laid on the recording's clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS
from ttskit.interfaces import Vocoder
from ttskit.measure.vocoders import vocode


class Counting(Vocoder):
    """Its samples count from 1."""

    def infer(self, mel):
        return torch.arange(1.0, mel.shape[2] * self.mel.hop_samples + 1)[None]


@pytest.mark.parametrize(("centre", "first"), [(0, 129), (128, 1), (200, -71)])  # first: the count at sample 0 of the recording
def test_what_lies_before_the_recording_is_dropped_and_what_is_missing_is_silence(centre, first):
    vocoder = Counting()
    vocoder.mel = replace(PRESETS["nvidia-22050"], first_frame_centre_samples=centre)
    audio = vocode(vocoder, np.zeros((80, 3), np.float32), vocoder.mel)
    assert audio.tolist() == [max(0, k) for k in range(first, 3 * 256 + 1)]
