"""What a training sees is counted from the batches themselves, not from a mean."""

from __future__ import annotations

import pytest

from ttskit.config.training import TrainingConfig
from ttskit.plugins import create_registry
from ttskit.training.exposure import Exposure, exposure, exposure_of, steps_for


class Uneven:
    """Batches of 4, 4 and 1 utterances, the short one at another place in each epoch; an utterance is ten frames."""

    def epoch(self, n):
        sizes = [4, 4]
        sizes.insert(n % 3, 1)
        return [["u"] * size for size in sizes]

    def frames(self, ids):
        return 10 * len(ids)


@pytest.mark.parametrize(
    ("steps", "utterances"), [(0, 0), (1, 1), (2, 5), (3, 9), (4, 13), (5, 14), (6, 18), (9, 27), (12, 36)]
)
def test_utterances_are_those_of_the_batches_that_were_read(steps, utterances):
    """Planted: steps times the first batch, or times the largest one."""
    assert exposure(Uneven(), steps) == Exposure(steps, utterances, 10 * utterances)


@pytest.mark.parametrize(
    ("utterances", "steps"), [(1, 1), (2, 1), (4, 2), (5, 2), (6, 2), (8, 3), (9, 3), (14, 5), (26, 8), (27, 9)]
)
def test_the_steps_of_a_number_of_utterances_are_the_nearest(utterances, steps):
    assert steps_for(Uneven(), utterances) == steps
    assert abs(exposure(Uneven(), steps).utterances - utterances) <= 2


def test_two_models_with_batches_of_other_sizes_see_as_many_utterances_in_other_steps(prepared):
    """Seen: "the same budget" of steps was 16 utterances a step for one model and 8 for the other."""
    registry = create_registry()
    plugin = registry.get("acoustic model", "fastpitch")
    small = {"channels": 24, "encoder": {"layers": 1}, "decoder": {"layers": 1}}
    model = plugin.load()(plugin.load_options().model_validate(small), prepared.context())
    wide, narrow = (TrainingConfig(max_utterances=n, frames_per_batch=100_000) for n in (4, 2))
    same_steps = [exposure_of(model, prepared, config, 1, 6).utterances for config in (wide, narrow)]
    assert same_steps[0] > 1.5 * same_steps[1]
    from ttskit.training.data import batches_for

    wanted = 40
    for config in (wide, narrow):
        steps = steps_for(batches_for(model, prepared, "train", config, 1, 0, 1), wanted)
        assert abs(exposure_of(model, prepared, config, 1, steps).utterances - wanted) <= config.max_utterances / 2
