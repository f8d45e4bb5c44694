"""Pictures of alignments fit a screen however long the clip is: 4000 × 320 pixels cannot be looked at."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ttskit.audio.config import MelConfig
from ttskit.corpus import show_alignment
from ttskit.corpus.show_alignment import draw

MEL = MelConfig(bands=20)


def picture(path, seconds: float, monkeypatch) -> tuple[int, int, list[str]]:
    """Size of the picture of a clip, and the tokens that were written into it."""
    frames = int(seconds * MEL.sample_rate_hz / MEL.hop_samples) + 1
    count = max(2, int(seconds * 8))  # tokens
    durations = np.diff(np.linspace(0, frames, count + 1).astype(int))
    tokens = tuple(f"t{i}" for i in range(count))
    rng = np.random.default_rng(0)
    corpus = SimpleNamespace(
        mel=MEL,
        features=lambda u: SimpleNamespace(mel=rng.normal(-5, 2, (MEL.bands, frames)).astype(np.float32)),
        reference_times=lambda u: np.linspace(0, seconds, count + 1),
    )
    utterance = SimpleNamespace(id="u1", text="hola " * 40, tokens=tokens, samples=int(seconds * MEL.sample_rate_hz))
    written: list[str] = []
    drawn = show_alignment._draw_tokens
    monkeypatch.setattr(
        show_alignment, "_draw_tokens", lambda axes, part: (written.extend(t.label for t in part), drawn(axes, part))
    )
    draw(path, corpus, utterance, durations)
    with Image.open(path) as image:
        return *image.size, written


@pytest.mark.parametrize("seconds", [0.5, 3.0, 6.0, 20.0, 60.0])
def test_a_picture_is_no_wider_than_a_page_and_shows_every_token_once(seconds, tmp_path, monkeypatch):
    width, height, written = picture(tmp_path / "u1.png", seconds, monkeypatch)
    assert 600 <= width <= 1600 and height <= 2600
    assert 1 / 3 <= width / height <= 5
    assert height >= 300 * min(show_alignment.MOST_ROWS, seconds / show_alignment.ROW_S)  # seconds in a row stay few
    assert written == [f"t{i}" for i in range(max(2, int(seconds * 8)))]
