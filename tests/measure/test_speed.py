"""What speed is made of, with a clock that is known: an acoustic model that takes half a second, a vocoder a quarter."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from ttskit.config import CompareConfig
from ttskit.interfaces import Spectrogram
from ttskit.interfaces.measurement import Spoken
from ttskit.measure import speed

FRAMES = 100


class Voice:
    """A row of FRAMES frames for every sentence."""

    device = torch.device("cpu")

    def __init__(self):
        self.doing = ""

    def spectrogram(self, tokens, *, speaker, seeds):
        self.doing = "acoustic" if len(tokens) == 1 else "batch"
        return [Spectrogram(torch.zeros(1, 40, FRAMES), torch.tensor([FRAMES])) for _ in tokens]

    def waveform(self, row):
        self.doing = "vocoder"


def test_latency_is_acoustic_and_vocoder_and_factors_are_of_the_audio(prepared, tmp_path, monkeypatch):
    voice = Voice()
    model = torch.nn.Linear(3, 2)  # 8 parameters
    system = SimpleNamespace(label="a", voice=voice, parameters=8, loaded=SimpleNamespace(model=model))

    def known(work, repeats, sync):
        work()
        return {"acoustic": 0.5, "vocoder": 0.25, "batch": 2.0}[voice.doing], repeats

    monkeypatch.setattr(speed, "_median_s", known)
    config = CompareConfig(speed_lengths=[8, 12, 16], batch=4)
    spoken = Spoken(prepared, [system], [], [], config, tmp_path, "cpu", prepared.mel)
    found = speed.Speed().measure(spoken)
    audio_s = FRAMES * 96 / 8000
    first, *_ = lengths = found.data["systems"]["a"]["lengths"]
    assert [row["tokens"] for row in lengths] == [8, 12, 16] and first["audio_s"] == pytest.approx(audio_s)
    assert first["acoustic_rtf"] == pytest.approx(0.5 / audio_s) and first["rtf"] == pytest.approx(0.75 / audio_s)
    rows = {row.measure.key: row for row in found.rows}
    values = {key: row.observations[0].value for key, row in rows.items()}
    values.pop("memory_mb", None)
    assert values == pytest.approx(
        {"latency_s": 0.75, "acoustic_rtf": 0.5 / audio_s, "throughput": 4 * FRAMES / 2.0, "parameters": 8.0}
    )
    assert "12 tokens" in rows["latency_s"].measure.title  # the middle one of the lengths
    ways = {key: row.measure.better for key, row in rows.items()} | {"memory_mb": "lower"}
    assert ways == {
        "latency_s": "lower",
        "acoustic_rtf": "lower",
        "throughput": "higher",
        "parameters": "",
        "memory_mb": "lower",
    }
