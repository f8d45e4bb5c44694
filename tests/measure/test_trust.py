"""When a judge is believed: by its errors on natural speech that it did not learn from, and only then."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ttskit.config.comparison import RecogniserConfig
from ttskit.measure.judge import Judge
from ttskit.measure.phones import Thresholds

LIMITS = Thresholds(3, 3, 0.5, 0.1, 0.08, 2.0)


def judge(error, held_out=True, most=0.35):
    heard = []
    recogniser = SimpleNamespace(posteriors=lambda mels: heard.append(len(mels)) or [], phones=())
    facts = {"held_out": held_out, "natural_phone_error_rate": error, "calibration_sentences": 12}
    made = Judge(recogniser, LIMITS, facts, most)
    return made, heard


@pytest.mark.parametrize(
    ("error", "most", "trusted"),
    [(0.0, 0.35, True), (0.35, 0.35, True), (0.351, 0.35, False), (0.9, 0.35, False), (0.9, 1.0, True), (0.2, 0.1, False)],
)
def test_a_judge_is_trusted_up_to_the_share_of_errors_that_is_allowed(error, most, trusted):
    """Planted: trusted whatever it heard; a deaf one called everything better than the recordings."""
    made, _ = judge(error, most=most)
    assert made.trusted == trusted and bool(made.reason) != trusted
    assert trusted or f"errs on {error:.1%} of the phones of 12 natural sentences" in made.reason


def test_a_judge_that_learned_from_what_it_was_tried_on_is_not_trusted_however_well_it_did():
    made, _ = judge(0.0, held_out=False)
    assert not made.trusted and "not trained on" in made.reason


def test_a_judge_that_is_not_trusted_does_not_even_listen():
    corpus = SimpleNamespace(mel=SimpleNamespace(sample_rate_hz=100), symbols=None)
    samples = [SimpleNamespace(sound=SimpleNamespace(audio_mel=None))] * 2
    for made, heard in (judge(0.9), judge(0.0, held_out=False)):
        assert made.judge(samples, corpus) == [] and heard == []


def test_what_is_allowed_by_default():
    assert RecogniserConfig().max_natural_error == 0.35
