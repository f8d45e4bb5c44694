"""A model that does what it is told and nothing else, and a voice of it, for tests of what it was told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticModel, Losses, LossTerm, Outputs, PitchStats, Spectrogram, Vocoder
from ttskit.plugins import create_registry
from ttskit.symbols import SpeakerTable
from ttskit.synthesis.voice import Voice
from ttskit.testing import tiny_context

FRONTEND = create_registry().get("frontend", "spanish").load()(dialect="rioplatense")
FRAMES, OWN_PITCH = 4.0, 0.5  # of every token, where nothing is given
STATS = {"ana": PitchStats(200.0, 20.0), "beto": PitchStats(100.0, 10.0)}


class Obedient(AcousticModel):
    """FRAMES frames a token over pace, OWN_PITCH a token; `told` keeps inputs and controls of every call."""

    decoding, multi_speaker = "parallel", True
    controls = ("pace", "durations", "pitch", "pitch_range", "pitch_values", "energy", "speaker_mix")

    def __init__(self, speakers=("ana", "beto"), stats=STATS):
        super().__init__()
        tiny = tiny_context(MelConfig(bands=20), speakers)
        self.context = replace(tiny, symbols=FRONTEND.symbols, speakers=SpeakerTable(speakers), pitch=stats)
        self.told = []
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, batch):
        return Outputs(batch.mel, batch.mel_lengths)

    def loss(self, outputs, batch, state):
        return Losses({"mel": LossTerm(outputs.mel.sum(), 1.0)})

    def optimizers(self, total_steps):
        return {}

    def durations(self, batch):
        """The last token lasts longest."""
        rows = torch.ones_like(batch.tokens)
        rows[:, -1] += batch.mel_lengths - batch.token_lengths
        return rows

    def infer(self, inputs, controls=None, generators=None):
        controls = self.check_input(inputs, controls)
        self.told.append((inputs, controls))
        shape = inputs.tokens.shape
        own = torch.full(shape, FRAMES)
        given = own if controls.durations is None else torch.where(controls.durations.isnan(), own, controls.durations)
        real = torch.arange(shape[1])[None] < inputs.lengths[:, None]
        durations = (given / torch.as_tensor(controls.pace)).round().long() * real
        pitch = torch.full(shape, OWN_PITCH)
        if controls.pitch_values is not None:
            pitch = torch.where(controls.pitch_values.isnan(), pitch, controls.pitch_values)
        pitch = pitch * controls.pitch_range
        lengths = durations.sum(1)
        noise = torch.stack([torch.rand(int(lengths.max()), generator=g) for g in generators])
        mel = (noise - 5.0)[:, None].expand(-1, 20, -1).clone()
        return Spectrogram(mel, lengths, durations=durations, pitch=pitch)


class Levels(Vocoder):
    """A frame becomes a hop of its mean level."""

    def __init__(self, mel):
        super().__init__()
        self.mel = mel

    def infer(self, mel):
        self.check_mel(mel)
        return (mel.mean(1) / 20).repeat_interleave(self.mel.hop_samples, dim=1)


@pytest.fixture(scope="session")
def obedient():
    """obedient(speakers, statistics) -> Voice of an `Obedient`; its calls are in `voice.acoustic.told`."""

    def build(speakers=("ana",), stats=STATS) -> Voice:
        model = Obedient(speakers, {n: stats[n] for n in speakers if n in stats})
        return Voice(FRONTEND, model, Levels(model.context.mel), name="m", vocoder_name="v")

    return build
