"""Dropout that stays on when speaking: a row's noise is its seed's, whatever the batch, the length and the blocks."""

from __future__ import annotations

import math

import pytest
import torch

from ttskit.nn import SeededDropout, apply_dropout, private_generators, seeded_factors, seeded_generators


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_factors_are_zero_in_their_share_and_keep_the_mean_otherwise(p: float):
    factors = seeded_factors(seeded(1, 2), (50, 401), p)
    gone = factors == 0
    assert factors.shape == (2, 50, 401) and factors.dtype == torch.float32
    assert bool((factors[~gone] == torch.tensor(1 / (1 - p))).all())
    for row in gone:  # six standard deviations of independent draws
        assert float(row.double().mean()) == pytest.approx(p, abs=6 * math.sqrt(p * (1 - p) / row.numel()))
    assert not torch.equal(*factors)


def test_a_row_alone_and_shorter_has_the_beginning_of_what_it_has_in_a_batch():
    together = seeded_factors(seeded(7, 8, 9), (12, 2, 5), 0.5)
    alone = seeded_factors(seeded(8), (4, 2, 5), 0.5)
    assert torch.equal(alone[0], together[1, :4])


@pytest.mark.parametrize("block", [1, 3, 64])
def test_step_by_step_is_one_long_draw_whatever_the_block(block: int):
    whole = seeded_factors(seeded(3, 4), (11, 2, 5), 0.5)
    noise = SeededDropout(seeded(3, 4), (2, 5), 0.5, torch.zeros(1, dtype=torch.float64), block)
    parts = [noise.next(steps) for steps in (1, 4, 1, 5)]
    assert [part.shape[1] for part in parts] == [1, 4, 1, 5]
    assert torch.equal(torch.cat(parts, 1), whole.double())  # 0 and 2 are exact in any type


def test_a_private_generator_moves_its_source_by_one_draw():
    sources, counted = seeded(5, 6), seeded(5, 6)
    private = private_generators(sources, 2)
    torch.rand(1000, generator=private[0])
    seeds = [int(torch.randint(2**62, (), generator=generator)) for generator in counted]
    assert [generator.initial_seed() for generator in private] == seeds
    assert all(torch.equal(a.get_state(), b.get_state()) for a, b in zip(sources, counted, strict=True))


def test_without_sources_the_global_seed_decides():
    torch.manual_seed(1)
    first = [generator.initial_seed() for generator in private_generators(None, 3)]
    torch.manual_seed(1)
    assert [generator.initial_seed() for generator in private_generators(None, 3)] == first
    assert len(set(first)) == 3


def test_seeds_of_a_batch_or_all_the_same():
    assert [generator.initial_seed() for generator in seeded_generators(torch.tensor([4, 9]), 2)] == [4, 9]
    assert [generator.initial_seed() for generator in seeded_generators(None, 3)] == [0, 0, 0]


@pytest.mark.parametrize(("size", "more"), [(8, 1), (9, 0)])
def test_the_spare_draw_changes_what_comes_next_and_nothing_else(size: int, more: int):
    """A model's trainings repeat under their seed only as long as their dropout draws as much as it did."""
    after = {}
    for spare in (True, False):
        torch.manual_seed(1)
        after[spare] = apply_dropout(torch.ones(size), 0.5, spare), torch.empty(3, dtype=torch.int64).random_(-(2**63), None)
    assert torch.equal(after[True][0], after[False][0])
    assert torch.equal(after[True][1][: 3 - more], after[False][1][more:])
