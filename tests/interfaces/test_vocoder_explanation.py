"""What any vocoder shows without a word of its own; reach of layers by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces import Layer, ReceptiveField, Vocoder


class Stairs(Vocoder):
    """The mean of each frame, held."""

    mel = MelConfig()

    def infer(self, mel):
        self.check_mel(mel)
        return mel.mean(1).tanh().repeat_interleave(self.mel.hop_samples, 1)


def noise(rows: int = 1, frames: int = 4) -> torch.Tensor:
    return torch.randn(rows, 80, frames, generator=torch.Generator().manual_seed(0))


def test_by_default_a_vocoder_shows_its_mel_and_its_waveform():
    vocoder, mel = Stairs(), noise()
    found = vocoder.explain(mel)
    assert torch.equal(found.audio, vocoder.infer(mel))
    assert [step.key for step in found.steps] == ["vocoder.mel", "vocoder.audio"]
    np.testing.assert_array_equal(found["vocoder.audio"]["audio"], found.audio[0])
    assert [axis.name for axis in found["vocoder.mel"].tensors[0].axes] == ["band", "frame"]
    assert vocoder.interventions() == () and vocoder.architecture() is None
    with pytest.raises(KeyError):
        found["vocoder.phase"]


@pytest.mark.parametrize(
    ("mel", "changed", "words"),
    [
        (noise(2), None, "an explanation is of one sentence"),
        (noise(frames=0), None, "mel has no frames"),
        (noise(), {"griffinlim.rounds": 4}, "there is no intervention"),
    ],
)
def test_what_cannot_be_explained_is_refused(mel, changed, words):
    with pytest.raises(InputError, match=words):
        Stairs().explain(mel, changed=changed)


@pytest.mark.parametrize(
    "kernel, padding, dilation, rate", [(3, 1, 1, 1), (5, 6, 3, 1), (4, 1, 1, 2), (11, 2, 1, 8), (7, 1, 1, 4)]
)
def test_a_layer_reaches_what_torch_reaches(kernel, padding, dilation, rate):
    """Both ways, place by place, against a convolution of ones."""
    layer, length, middle = Layer(kernel, padding, dilation, rate), 41, 20
    given = torch.eye(length, dtype=torch.float64)[:, None]  # a row for each place that is alone
    ones = torch.ones(1, 1, kernel, dtype=torch.float64)
    if rate == 1:
        made = F.conv1d(given, ones, padding=padding, dilation=dilation)[:, 0]
    else:
        made = F.conv_transpose1d(given, ones, stride=rate, padding=padding)[:, 0]
    goes_into = made[middle].nonzero()[:, 0]
    assert (int(goes_into[0]), int(goes_into[-1])) == layer.reached(middle, middle)
    for place in range(middle * rate, (middle + 1) * rate):
        comes_from = made[:, place].nonzero()[:, 0]
        assert (int(comes_from[0]), int(comes_from[-1])) == layer.seen(place, place)


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (3, 5), (7, 3), (11, 1)])
def test_a_layer_that_keeps_the_length_sees_equally_far_on_both_sides(kernel, dilation):
    layer = Layer.same(kernel, dilation)
    assert F.conv1d(torch.zeros(1, 1, 40), torch.zeros(1, 1, kernel), padding=layer.padding, dilation=dilation).shape[2] == 40
    reach = (kernel - 1) * dilation // 2
    assert layer.seen(20, 20) == layer.reached(20, 20) == (20 - reach, 20 + reach)


def test_a_field_of_three_layers_by_hand():
    """Kernel 3, then ×2 with kernel 4, then kernel 3 dilated by 2: 1 → 3 → (3 − 1) · 2 + 4 = 8 → 8 + 4 = 12 samples."""
    field = ReceptiveField((Layer.same(3), Layer(4, 1, rate=2), Layer.same(3, 2)))
    assert field.samples_per_frame == 2 and field.samples == 12 and field.samples_of(0) == (-5, 6)
    # Sample 0 sees samples -2 … 2, those see frames ⌈(-2 + 1 - 3) / 2⌉ = -2 … ⌊(2 + 1) / 2⌋ = 1, these -3 … 2.
    assert field.frames_of(0) == (-3, 2)
    assert field.frames_of(1) == (-2, 3) and field.frames == 6
