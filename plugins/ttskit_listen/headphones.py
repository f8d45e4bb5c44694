"""The check for headphones (Woods, Siegel, Traer & McDermott 2017): three tones, one softer, one in opposite phase."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_headphone_sounds"]


def write_headphone_sounds(audio: Path, *, seed: int = 1) -> tuple[int, ...]:
    """Write hp_1.flac … hp_6.flac (stereo) into `audio`.

    Returns:
        Which of the three tones (1–3) is the softest in each.
    """
    raise NotImplementedError
