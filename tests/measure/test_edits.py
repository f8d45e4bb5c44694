"""Likelihood ratios of edits: exact against CTC of the edited text, and above 0 where the edit was made."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ttskit.measure.recogniser.edits import edit_ratios


def likelihood(scores, phones):
    """By PyTorch's own CTC."""
    if not phones:
        return float(scores[:, 0].sum())
    lengths = torch.tensor([len(scores)]), torch.tensor([len(phones)])
    return -float(F.ctc_loss(scores[:, None], torch.tensor([phones]), *lengths, reduction="none"))


def spans(count):
    return [(a, b) for a in range(count) for b in range(a + 1, count + 1)]


@pytest.mark.parametrize(("frames", "classes", "count"), [(30, 6, 7), (14, 4, 5), (9, 3, 4), (6, 2, 3), (3, 4, 1)])
def test_every_edit_has_the_likelihood_of_the_edited_text(frames, classes, count):
    generator = torch.Generator().manual_seed(frames)
    for _ in range(5):
        scores = torch.randn(frames, classes, generator=generator).mul(2).double().log_softmax(-1)
        said = torch.randint(1, classes, (count,), generator=generator).tolist()  # the same phone twice in a row, often
        found = edit_ratios(scores, said, spans(count), spans(count))
        base = likelihood(scores, said)
        assert found.said == pytest.approx(base / frames)
        for (a, b), gone, again in zip(spans(count), found.missing, found.twice, strict=True):
            for ratio, edited in ((gone, said[:a] + said[b:]), (again, said[:b] + said[a:b] + said[b:])):
                expected = likelihood(scores, edited) - base
                assert ratio == pytest.approx(expected, abs=1e-7) or (ratio < -1e20 and expected == -np.inf)


def spoken(*phones, classes=8, sure=0.9):
    """Frames of somebody who says these phones, two frames each with a blank behind."""
    scores = torch.full((3 * len(phones), classes), (1 - sure) / (classes - 1))
    for i, phone in enumerate(phones):
        scores[3 * i : 3 * i + 2, phone] = sure
        scores[3 * i + 2, 0] = sure
    return scores.log()


def test_what_is_missing_and_what_is_said_twice_is_found_where_it_is():
    text, singles = [1, 2, 3, 4, 5, 6], [(a, a + 1) for a in range(6)]
    pairs = [(a, a + 2) for a in range(5)]
    whole = edit_ratios(spoken(*text), text, singles, pairs)
    assert whole.missing.max() < -2 and whole.twice.max() < -4
    gone = edit_ratios(spoken(1, 2, 4, 5, 6), text, singles, pairs).likeliest_missing
    assert (gone.start, gone.end, gone.phones) == (2, 3, 1) and gone.ratio > 3
    again = edit_ratios(spoken(1, 2, 3, 4, 3, 4, 5, 6), text, singles, pairs).likeliest_twice
    assert (again.start, again.end, again.phones) == (2, 4, 2) and again.ratio > 6


def test_nothing_to_ask_about_is_no_edit():
    found = edit_ratios(spoken(1, 2), [1, 2], [], [])
    assert found.likeliest_missing is None and found.likeliest_twice is None
