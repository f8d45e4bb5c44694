"""Eight sentences of mixed lengths spoken at once are the eight spoken alone, and a seed is one recording."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticInput, ModelContext
from ttskit.plugins import create_registry
from ttskit.synthesis import Voice
from ttskit.testing import tiny_context
from ttskit.testing.numerics import rounding_of
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.model import Tacotron2

LENGTHS = (23, 19, 17, 12, 9, 6, 4, 1)
OPTIONS = {
    "reduction": 2,
    "embedding_channels": 32,
    "encoder_channels": 32,
    "prenet_channels": 32,
    "attention_lstm": 64,
    "decoder_lstm": 48,
    "attention_channels": 16,
    "location_channels": 4,
    "location_kernel": 7,
    "postnet_channels": 24,
    "frames_per_token": 3.0,
    "frames_floor": 20,
}


@pytest.mark.parametrize("more", [{}, {"decoder_lstms": 1, "reduction_schedule": [[4, 0.5]], "prenet_input": "last"}])
def test_eight_at_once_equal_eight_alone(more):
    torch.manual_seed(0)
    context = tiny_context(MelConfig(bands=20))
    # the stop logit wanders about its threshold, so that rows end at their own time, by the stop or by the cap
    model = Tacotron2(Tacotron2Options(**OPTIONS, stop_threshold=0.51, **more), context).eval()
    tokens = torch.full((8, max(LENGTHS)), context.symbols.pad_id)
    for row, n in enumerate(LENGTHS):
        tokens[row, :n] = torch.randint(1, len(context.symbols), (n,))
    lengths, speaker = torch.tensor(LENGTHS), torch.arange(8) % 2

    def speak(model):
        seeds = [torch.Generator().manual_seed(100 + row) for row in range(8)]
        return model.infer(AcousticInput(tokens, lengths, speaker), generators=seeds)

    together, near = speak(model), rounding_of(speak, model)
    assert len(set(together.lengths.tolist())) > 4
    for row, n in enumerate(LENGTHS):
        cut = slice(row, row + 1)
        alone = model.infer(
            AcousticInput(tokens[cut, :n], lengths[cut], speaker[cut]), generators=[torch.Generator().manual_seed(100 + row)]
        )
        mine = together.row(row)
        assert int(mine.lengths) == int(alone.lengths) and bool(mine.finished) == bool(alone.finished)
        torch.testing.assert_close(mine.mel, alone.mel, rtol=0, atol=near)
        torch.testing.assert_close(mine.alignment[:, :, :n], alone.alignment, rtol=0, atol=near)


def test_the_same_seed_twice_is_the_same_audio_to_the_sample():
    registry = create_registry()
    frontend = registry.get("frontend", "spanish").load()()
    tiny = tiny_context(MelConfig(bands=20))
    context = ModelContext(tiny.mel, frontend.symbols, tiny.speakers)
    torch.manual_seed(0)
    model = Tacotron2(Tacotron2Options(**OPTIONS, stop_threshold=2.0), context)  # the first step hears no noise: go on
    plugin = registry.get("vocoder", "griffinlim")
    vocoder = plugin.load()(plugin.load_options()(iterations=2), context.mel)
    voice = Voice(frontend, model, vocoder)
    first, again, other = (voice.synthesize("Hola. ¿Qué tal?", speaker="ana", seed=s).audio for s in (7, 7, 8))
    assert np.array_equal(first, again)
    assert len(first) != len(other) or not np.array_equal(first, other)
