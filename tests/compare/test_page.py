"""Which sentences get players where there are more than the page shows."""

from __future__ import annotations

import pytest

from ttskit.compare.page import _glance, choose_sentences
from ttskit.config import CompareConfig


def sentence(id: str, group: str, *tones: str) -> dict:
    """A sentence of results.json, one sample with a remark of each tone."""
    return {"id": id, "group": group, "samples": [{"remarks": [{"tone": tone}]} for tone in tones]}


RECORDED = [sentence(f"t{n}", "test", "bad") for n in range(6)]
HARD = [sentence("h0", "hard", "ok"), sentence("h1", "hard", "ok", "unsure"), sentence("h2", "hard", "ok")]


@pytest.mark.parametrize(
    ("most", "shown"),
    [
        (24, "t0 t1 t2 t3 t4 t5 h1 h0 h2"),  # room for all
        (8, "t0 t1 t2 t3 t4 h1 h0 h2"),  # recorded ones make room for every hard one, as long as that is half
        (4, "t0 t1 h1 h0"),
        (1, "t0"),
    ],
)
def test_hard_sentences_have_half_of_the_players_those_with_faults_first(most, shown):
    chosen = choose_sentences([*RECORDED, *HARD], CompareConfig(max_players=most))
    assert [s["id"] for s in chosen] == shown.split()


def test_without_hard_sentences_the_recorded_ones_have_every_player():
    assert [s["id"] for s in choose_sentences(RECORDED, CompareConfig(max_players=5))] == ["t0", "t1", "t2", "t3", "t4"]


def test_the_picture_at_the_top_is_that_of_quality_or_none():
    """Its words are about means and intervals: a chart of verdicts, or of a third party, must not stand under them."""
    drawn = {"figures": {"verdicts_test": "figures/verdicts.png"}, "rows": [{}]}
    quality = {"figures": {"other": "figures/o.png", "quality": "figures/quality.png"}, "rows": [{}]}
    assert _glance({"measurements": {"robustness": drawn}}) is None
    assert _glance({"measurements": {"aaa": drawn, "quality": {"figures": {}, "rows": [{}]}}}) is None
    assert _glance({"measurements": {"aaa": drawn, "quality": quality}}) == "figures/quality.png"
