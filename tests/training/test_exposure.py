"""How many steps a number of utterances is, is counted from the batches themselves, not from a mean."""

from __future__ import annotations

import pytest

from ttskit.corpus import AcousticBatches
from ttskit.training.exposure import steps_for


class Uneven:
    """Batches of 4, 4 and 1 utterances, the short one at another place in each epoch."""

    def epoch(self, n):
        sizes = [4, 4]
        sizes.insert(n % 3, 1)
        return [["u"] * size for size in sizes]


READ = [0, 1, 5, 9, 13, 14, 18, 22, 26, 27]  # utterances after so many steps


@pytest.mark.parametrize(
    ("utterances", "steps"), [(1, 1), (2, 1), (4, 2), (5, 2), (6, 2), (8, 3), (9, 3), (14, 5), (26, 8), (27, 9)]
)
def test_the_steps_of_a_number_of_utterances_are_the_nearest(utterances, steps):
    """Planted: utterances divided by the first batch, or by the largest one."""
    assert steps_for(Uneven(), utterances) == steps
    assert abs(READ[steps] - utterances) == min(abs(read - utterances) for read in READ[1:])


def test_batches_of_other_sizes_read_as_many_utterances_in_other_steps(prepared):
    """Seen: "the same budget" of steps was 16 utterances a step for one model and 8 for the other."""
    for most in (4, 2):
        batches = AcousticBatches(prepared, "train", (), 100_000, most, 1)
        steps = steps_for(batches, 40)
        sizes = [len(ids) for epoch in range(9) for ids in batches.epoch(epoch)]
        assert abs(sum(sizes[:steps]) - 40) <= most / 2 and steps >= 40 // most
