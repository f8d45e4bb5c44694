"""Control accuracy: a voice that obeys scores what was asked, one that does not is found out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.subharmonics import subharmonics
from ttskit.interfaces import AcousticModel, Losses, ModelContext, Outputs, PitchStats, Spectrogram, Vocoder
from ttskit.measure.control import measure_control
from ttskit.plugins import create_registry
from ttskit.symbols import SpeakerTable
from ttskit.synthesis.voice import Voice
from ttskit.testing import tone

FRONTEND = create_registry().get("frontend", "spanish").load()(dialect="rioplatense")
MEL = MelConfig(bands=20)
STATS = PitchStats(120.0, 15.0)


@pytest.mark.parametrize("hz", [75.0, 88.0, 105.0, 150.0, 221.0])
def test_a_tone_has_its_frequency(hz):
    mel = MelConfig()
    f0 = subharmonics(tone(hz, 0.6, mel.sample_rate_hz), mel, 60.0, 400.0)
    assert f0.shape == (mel.frames(round(0.6 * mel.sample_rate_hz)),) and f0.dtype == np.float32
    inner = f0[6:-6]
    assert (inner > 0).all() and 1200 * abs(np.log2(np.median(inner) / hz)) < 12
    assert np.percentile(1200 * abs(np.log2(inner / hz)), 95) < 20


def test_noise_and_silence_have_none():
    noise = 0.1 * np.random.default_rng(0).standard_normal(22_050).astype(np.float32)
    assert (subharmonics(noise, MelConfig(), 60.0, 240.0) > 0).mean() < 0.05
    assert not subharmonics(np.zeros(4_000, np.float32), MelConfig(), 60.0, 240.0).any()
    assert subharmonics(np.zeros(0, np.float32), MelConfig(first_frame_centre_samples=512), 60.0, 240.0).shape == (0,)


class Singer(AcousticModel):
    """Band 0 of its mel says F0; `deaf` names controls that it declares and does not obey, `slow` pace that it overdoes."""

    decoding, multi_speaker = "parallel", True
    controls = ("pace", "pitch", "pitch_range", "pitch_values", "energy")

    def __init__(self, deaf=(), drag=1.0):
        super().__init__()
        self.context = ModelContext(MEL, FRONTEND.symbols, SpeakerTable(("ana",)), {"ana": STATS})
        self.deaf, self.drag = deaf, drag

    def forward(self, batch):
        return Outputs(batch.mel, batch.mel_lengths)

    def loss(self, outputs, batch, state):
        return Losses({})

    def optimizers(self, total_steps):
        return {}

    def infer(self, inputs, controls=None, generators=None):
        controls = self.check_input(inputs, controls)
        told = {
            n: getattr(controls, n) if n not in self.deaf else d
            for n, d in (("pace", 1.0), ("pitch", 0.0), ("pitch_range", 1.0), ("energy", 1.0), ("pitch_values", None))
        }
        n = inputs.tokens.shape[1]
        own = torch.linspace(-1.5, 1.5, n)[None]
        if told["pitch_values"] is not None:
            own = torch.where(told["pitch_values"].isnan(), own, told["pitch_values"])
        hz = (STATS.mean_hz + STATS.std_hz * own * told["pitch_range"]) * 2 ** (told["pitch"] / 12)
        each = max(1, round(10 * self.drag / told["pace"]))
        mel = torch.full((1, 20, n * each), float(told["energy"]))
        mel[:, 0] = hz.repeat_interleave(each, dim=1)
        return Spectrogram(mel, torch.tensor([n * each]))


class Tones(Vocoder):
    """Harmonics of the F0 in band 0, as loud as band 1."""

    def __init__(self):
        super().__init__()
        self.mel = MEL

    def infer(self, mel):
        hz = mel[0, 0].repeat_interleave(MEL.hop_samples).double()
        phase = 2 * torch.pi * torch.cumsum(hz / MEL.sample_rate_hz, 0)
        wave = sum(torch.sin(k * phase) / k for k in range(1, 8))
        return (0.1 * mel[0, 1].repeat_interleave(MEL.hop_samples) * wave)[None].float()


def rows(model) -> dict[tuple[str, float], dict]:
    voice = Voice(FRONTEND, model, Tones())
    result = measure_control(voice, [("la casa es de madera", "ana"), ("el perro no ladra nunca", "ana")])
    assert result["sentences"] == 2 and result["voiced"] > 0.9
    return {(row["control"], row["asked"]): row for row in result["rows"]}


def test_what_is_obeyed_is_measured_as_it_was_asked():
    found = rows(Singer())
    for (control, asked), row in found.items():
        limit = {"pace": 0.06, "pitch": 0.1, "pitch_st": 0.1, "pitch_range": 0.15, "energy": None}[control]
        wanted = 20 * np.log10(asked) if control == "energy" else asked
        assert row["measured"] == pytest.approx(wanted, abs=limit or 0.1), (control, asked)
        assert row["low"] <= row["measured"] <= row["high"] and row["count"] >= 2
    assert len(found) == 4 + 6 + 3 + 4 + 2


def test_what_is_not_obeyed_is_found_out():
    found = rows(Singer(deaf=("pitch", "pitch_values"), drag=1.0))
    assert found["pitch", 3.0]["measured"] == pytest.approx(0.0, abs=0.05)
    assert found["pace", 0.8]["measured"] == pytest.approx(0.8, abs=0.06)
    slow = rows(Singer(deaf=("pace",)))
    assert slow["pace", 1.25]["measured"] == pytest.approx(1.0, abs=0.01)


def test_controls_that_are_not_there_are_not_measured():
    model = Singer()
    model.controls = ("pace",)
    assert {control for control, _ in rows(model)} == {"pace"}
    model = Singer()
    model.context = ModelContext(MEL, FRONTEND.symbols, SpeakerTable(("ana",)), {})
    assert {control for control, _ in rows(model)} == {"pace", "energy"}


@pytest.mark.filterwarnings("error")
def test_a_voice_that_is_never_voiced_has_no_figures_of_pitch():
    class Silence(Tones):
        def infer(self, mel):
            return 0 * super().infer(mel)

    result = measure_control(Voice(FRONTEND, Singer(), Silence()), [("la casa es de madera", "ana")])
    pitch = [row for row in result["rows"] if row["control"].startswith("pitch")]
    assert len(pitch) == 6 + 3 + 4 and result["voiced"] == 0
    assert all(row["measured"] is None and row["count"] == 0 for row in pitch)
