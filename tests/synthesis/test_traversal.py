"""Words skipped and repeated, by the alignment of the model that spoke them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.interfaces import Spectrogram, Traversal
from ttskit.interfaces.traversal import traverse

# <edge> l a _ m e s a _ d e _ l u z <edge>
WORDS = (None, 0, 0, None, 1, 1, 1, 1, None, 2, 2, None, 3, 3, 3, None)
SPELLED = ("la", "mesa", "de", "luz")


def along(places, blur: float = 0.0) -> np.ndarray:
    """(T, N): each frame on its token, `blur` of it on the next."""
    alignment = np.eye(len(WORDS))[list(places)]
    return (1 - blur) * alignment + blur * np.roll(alignment, 1, axis=1)


STRAIGHT = [k for k in range(16) for _ in range(3)]


@pytest.mark.parametrize("blur", [0.0, 0.4])
def test_straight_through_is_clean(blur):
    found = traverse(along(STRAIGHT, blur), WORDS, True)
    assert found.clean and found.coverage == (1.0,) * 4
    assert found.describe(SPELLED) == "finished"


def test_tokens_that_share_their_steps_are_read():
    """Four frames a step and short phones: some tokens are never the strongest."""
    found = traverse(along(range(0, 16, 2), 0.45), WORDS, True)
    assert found.clean


def test_a_jump_skips_words():
    found = traverse(along([*range(4), *range(8, 16)]), WORDS, True)
    assert found.skipped == (1,) and found.repeated == () and found.coverage[1] == 0.0
    assert found.describe(SPELLED) == "finished; skipped: mesa"
    assert not found.clean


def test_going_back_repeats_words():
    found = traverse(along([*range(14), *range(4, 16)]), WORDS, True)
    assert found.repeated == (1, 2) and found.skipped == ()


def test_a_flicker_between_two_words_is_no_repetition():
    found = traverse(along([*range(5), 3, 4, 2, 4, *range(5, 16)]), WORDS, True)
    assert found.repeated == ()


def test_what_was_never_reached_is_skipped_and_truncated():
    found = traverse(along([*range(9), *[8] * 40]), WORDS, False)
    assert (found.ended, found.skipped) == ("truncated", (2, 3))
    assert found.describe(SPELLED) == "truncated; skipped: de, luz"


def test_of_a_spectrogram_without_its_padding():
    alignment = torch.from_numpy(along(STRAIGHT)).float()
    padded = torch.zeros(1, 60, 20)
    padded[0, :48, :16] = alignment
    padded[0, 48:, 4:8] = 1.0  # what lies after the end counts for nothing
    one = Spectrogram(torch.zeros(1, 4, 60), torch.tensor([48]), padded, finished=torch.tensor([True]))
    assert Traversal.of(one, WORDS).clean
    parallel = Spectrogram(torch.zeros(1, 4, 60), torch.tensor([48]), padded)
    assert Traversal.of(parallel, WORDS) is None
    assert Traversal.of(Spectrogram(one.mel, one.lengths, finished=one.finished), WORDS) is None
