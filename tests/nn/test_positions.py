"""Sines and cosines against the formulas, number by number."""

from __future__ import annotations

import math

import torch

from ttskit.nn import fourier_features, sinusoidal_positions

EPS = torch.finfo(torch.float32).eps


def test_positions_are_sines_then_cosines():
    made = sinusoidal_positions(120, 10)
    assert made.shape == (120, 10) and made.dtype == torch.float32
    for at in (0, 1, 7, 119):
        rates = [10000.0 ** (-2 * i / 10) for i in range(5)]
        exact = [math.sin(at * rate) for rate in rates] + [math.cos(at * rate) for rate in rates]
        # The angle is rounded to fp32, after a rate that is: an error of some parts of EPS of the angle itself.
        torch.testing.assert_close(
            made[at].double(), torch.tensor(exact, dtype=torch.float64), rtol=0, atol=4 * EPS * max(at, 1)
        )


def test_fourier_features_stand_still_beyond_the_period():
    values = torch.tensor([[-9.0, -2.0, 0.0], [0.3, 1.9, 70.0]])
    made = fourier_features(values, period=4.0, terms=3)
    assert made.shape == (2, 3, 6)
    for value, features in zip(values.flatten().tolist(), made.reshape(-1, 6), strict=True):
        angles = [2 * math.pi * k * min(2.0, max(-2.0, value)) / 4.0 for k in (1, 2, 3)]
        exact = torch.tensor([math.sin(a) for a in angles] + [math.cos(a) for a in angles], dtype=torch.float64)
        torch.testing.assert_close(features.double(), exact, rtol=0, atol=4 * EPS * max(map(abs, angles), default=1.0) + EPS)
