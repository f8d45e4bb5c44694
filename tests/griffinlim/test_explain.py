"""What Griffin-Lim shows is its own search: the magnitudes it asks for, and how near each round comes to them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit_griffinlim.config import GriffinLimOptions
from ttskit_griffinlim.model import GriffinLim

MEL = MelConfig()


def vocoder(iterations: int = 8, momentum: float = 0.99) -> GriffinLim:
    torch.set_num_threads(1)
    return GriffinLim(GriffinLimOptions(iterations=iterations, momentum=momentum), MEL).eval()


@pytest.fixture(scope="module")
def mel() -> torch.Tensor:
    t = torch.arange(12_800) / MEL.sample_rate_hz
    return MelExtractor(MEL)(sum(0.2 / k * torch.sin(2 * torch.pi * 140 * k * t) for k in range(1, 9))[None])


def test_the_audio_is_that_of_infer_bit_for_bit(mel):
    model = vocoder()
    found, spoken = model.explain(mel), model.infer(mel)
    assert torch.equal(found.audio, spoken) and torch.equal(model.infer(mel), spoken)
    np.testing.assert_array_equal(found["vocoder.audio"]["audio"], spoken[0])


def test_the_distance_is_worked_out_by_hand_from_what_is_heard(mel):
    """After no round and after the last, away from the edges that a buffer has and the audio does not."""
    model = vocoder()
    for rounds in (0, 1, 4):
        found = model.explain(mel, changed={"griffinlim.rounds": rounds})
        asked, made = found["griffinlim.magnitudes"]["magnitudes"], found["griffinlim.phase"]["made"]
        distance = found["griffinlim.phase"]["distance"]
        assert len(distance) == rounds + 1
        np.testing.assert_allclose(distance[-1], np.sqrt(((made - asked) ** 2).sum() / (asked**2).sum()), rtol=1e-5)
        # Frame k of the buffer is centred on sample hop / 2 + k · hop of what is heard.
        audio, k = found.audio[0].double(), 20
        centre = MEL.hop_samples // 2 + k * MEL.hop_samples
        piece = audio[centre - MEL.fft_samples // 2 : centre + MEL.fft_samples // 2]
        by_hand = torch.fft.rfft(piece * torch.hann_window(MEL.window_samples, dtype=torch.float64)).abs().numpy()
        np.testing.assert_allclose(made[:, k], by_hand, atol=1e-3 * by_hand.max())


def test_rounds_without_momentum_never_move_away_and_the_first_ones_come_much_nearer(mel):
    distance = vocoder(16, momentum=0.0).explain(mel)["griffinlim.phase"]["distance"]
    assert len(distance) == 17 and (np.diff(distance) <= 1e-6).all()
    assert distance[16] < 0.7 * distance[0]


def test_what_is_heard_after_fewer_rounds_is_what_an_option_of_fewer_gives(mel):
    four = vocoder().explain(mel, changed={"griffinlim.rounds": 4})
    assert torch.equal(four.audio, vocoder(iterations=4).infer(mel))
    assert dict(four.applied) == {"griffinlim.rounds": 4}
    np.testing.assert_array_equal(
        four["griffinlim.phase"]["distance"], vocoder().explain(mel)["griffinlim.phase"]["distance"][:5]
    )


def test_it_is_no_network_and_says_so():
    assert vocoder().architecture() is None
