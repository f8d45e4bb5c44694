"""Flat tops are found at whatever level the waves were cut; loud and coarse sound is none."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from ttskit.audio.files import decode

RATE = 22_050


def voice(seconds=1.0):
    t = np.arange(round(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 6)) * (0.2 + 0.1 * np.sin(2 * np.pi * 3 * t))


def notes(audio, subtype="PCM_16", channels=1):
    file = io.BytesIO()
    soundfile.write(file, np.stack([audio] * channels, axis=1), RATE, format="WAV", subtype=subtype)
    return decode(file.getvalue(), "a.wav").notes


@pytest.mark.parametrize("limit", [1.0, 0.999, 0.89, 0.5, 0.1])
@pytest.mark.parametrize("channels", [1, 2])
def test_clipped_at_any_level_is_told(limit, channels):
    (note,) = notes(np.clip(voice() * 8, -0.99, 0.99) * limit, channels=channels)
    assert note.startswith("it is clipped: ")


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_U8", "ULAW", "ALAW", "FLOAT"])
def test_loud_or_coarse_sound_is_not_called_clipped(subtype):
    audio = voice()
    assert not notes(audio / np.abs(audio).max() * 0.98, subtype)
    assert not notes(0.9 * np.sin(2 * np.pi * 150 * np.arange(RATE) / RATE), subtype)
    assert not notes(np.zeros(RATE), subtype)
