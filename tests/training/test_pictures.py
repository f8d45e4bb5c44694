"""Alignment scores against known alignments, and pictures that show what they are given."""

import numpy as np
import pytest

from ttskit.audio.config import MelConfig
from ttskit.pictures.speech import draw_alignment, draw_f0, draw_spectrogram, figure, word_spans
from ttskit.training.alignment import alignment_score, monotonic_path


def staircase(durations):
    """(T, N) with a one for each frame's token."""
    return np.repeat(np.eye(len(durations)), durations, axis=0)


def test_a_perfect_alignment_scores_one():
    score = alignment_score(staircase([3, 1, 4, 2]))
    assert (score.diagonality, score.coverage, score.score) == (1.0, 1.0, 1.0)


def test_a_blurred_ramp_scores_low():
    """Its maximum walks along the diagonal, and it attends to everything."""
    t, n = np.arange(200)[:, None] / 200, np.arange(40)[None, :] / 40
    blurred = np.exp(-((t - n) ** 2) / (2 * 0.3**2))
    score = alignment_score(blurred / blurred.sum(1, keepdims=True))
    assert score.diagonality < 0.2


def test_a_stuck_alignment_scores_low():
    stuck = np.zeros((50, 10))
    stuck[:, 2] = 1.0
    assert alignment_score(stuck).coverage == 0.1


def test_a_backward_alignment_scores_low():
    assert alignment_score(staircase([5] * 10)[::-1]).diagonality < 0.35


def test_skips_repeats_and_rest():
    jumped = staircase([3] * 10)[[*range(9), *range(15, 30)]]  # tokens 3 and 4 are jumped over
    score = alignment_score(jumped)
    assert (score.skipped, score.repeated, score.at_rest) == (0.2, 0.0, 1.0)
    back = staircase([3] * 10)[[*range(15), *range(6, 12)]]  # from token 4 back to 2 and 3
    score = alignment_score(back)
    assert score.repeated == pytest.approx(3 / 21)  # one token behind is no going back
    assert score.at_rest == 0.0 and score.skipped == 0.5


def test_words_stand_beside_their_tokens(tmp_path):
    from ttskit.corpus.prepared import PreparedUtterance
    from ttskit.pictures.attention import draw_attention, film, spoken_words

    tokens, words = ("<edge>", "o", "l", "a", " ", "e", "s", "<edge>"), (None, 0, 0, 0, None, 1, 1, None)
    mel = MelConfig(bands=20)
    rest = (tokens, words, "train", 256 * 19, 20, 0.0, 0.0, 0.0, "u.wav")
    made = PreparedUtterance("u", "ana", "¡Hola, es!", "¡hola, es!", *rest)
    spans = word_spans(words, spoken_words(made))
    assert spans == [("hola", 1, 4), ("es", 5, 7)]
    read_as_two = PreparedUtterance("u", "ana", "¡Hola!", "hola", *rest)
    assert word_spans(words, spoken_words(read_as_two)) == [("ola", 1, 4), ("es", 5, 7)]
    with figure(tmp_path / "one.png") as axes:
        draw_alignment(axes[0], staircase([3, 3, 2, 3, 2, 3, 2, 2]), tokens, mel, "t", spans)
        right = next(iter(axes[0].child_axes))
        assert [t.get_text() for t in right.get_yticklabels()] == ["hola", "es"]
        assert list(right.get_yticks()) == [2.0, 5.5]
    assert film(tmp_path) is None  # no step_*.png
    draw_attention(tmp_path / "step_00000001.png", staircase([3, 3, 2, 3, 2, 3, 2, 2]), made, mel, np.zeros((20, 20)), "step 1")
    assert film(tmp_path) == tmp_path / "attention.gif"


def test_the_path_is_the_best_of_all():
    """Against every monotonic path that starts at the first token and ends at the last."""
    from itertools import combinations

    rng = np.random.default_rng(0)
    for frames, tokens in ((6, 3), (5, 5), (7, 1)):
        soft = rng.dirichlet(np.ones(tokens), size=frames)
        cuts = combinations(range(1, frames), tokens - 1)
        paths = [np.searchsorted(np.array(c), np.arange(frames), side="right") for c in cuts]
        best = max(paths, key=lambda p: np.log(soft[np.arange(frames), p]).sum())
        assert monotonic_path(soft).tolist() == best.tolist()


def test_fewer_frames_than_tokens():
    assert monotonic_path(np.full((2, 5), 0.2)).max() <= 1


def test_pictures_are_drawn_at_the_right_times(tmp_path):
    config = MelConfig(bands=4)
    with figure(tmp_path / "all.png", rows=3) as axes:
        draw_spectrogram(axes[0], np.random.default_rng(0).normal(size=(4, 10)), config, "mel")
        draw_alignment(axes[1], staircase([4, 6]), ("a", "b"), config)
        draw_f0(axes[2], {"asked": np.array([0, 100, 110, 0.0]), "measured": np.array([0, 101, 0, 0.0])}, config)
        left, right, bottom, top = axes[0].images[0].get_extent()
        assert (left, right) == pytest.approx((-0.5 * 256 / 22050, 9.5 * 256 / 22050)) and (bottom, top) == (0, 4)
        assert axes[1].images[0].get_array().shape == (2, 10)
        assert [t.get_text() for t in axes[1].get_yticklabels()] == ["a", "b"]
        drawn = axes[2].lines[0].get_ydata()
        assert np.isnan(drawn[[0, 3]]).all() and drawn[1:3].tolist() == [100, 110]
    assert (tmp_path / "all.png").read_bytes().startswith(b"\x89PNG")
