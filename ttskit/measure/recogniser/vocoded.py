"""Natural speech as a vocoder gives it back, so that the recogniser does not take a vocoder's sound for another phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ttskit.audio.mel import MelExtractor
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.measure.analysis import long_enough
from ttskit.plugins import Registry
from ttskit.synthesis.load import DEFAULT_VOCODER

__all__ = ["VOCODER", "Speak", "evenly", "mels_of", "training_vocoder"]

VOCODER = DEFAULT_VOCODER  # without weights, so that a judge depends on nothing that somebody trained
_OPTIONS = {"iterations": 8, "inversion_iterations": 6}  # rough on purpose: what it leaves of the phase is heard

Speak = Callable[[np.ndarray], np.ndarray]  # log mel (M, T) → audio (S,)


def training_vocoder(corpus: PreparedCorpus, registry: Registry) -> Speak | None:
    """The vocoder that training speech is also heard through; None where it is not installed."""
    plugin = registry.all("vocoder").get(VOCODER)
    if plugin is None:
        return None
    vocoder = plugin.load()(plugin.load_options()(**_OPTIONS), corpus.mel)

    def speak(mel: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return vocoder.infer(torch.tensor(mel, dtype=torch.float32)[None])[0].numpy()

    return speak


def mels_of(corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance], speak: Speak) -> dict[str, np.ndarray]:
    """By utterance, the log mel (M, T) of its own mel made audible."""
    extract = MelExtractor(corpus.mel)
    found = {}
    for u in utterances:
        audio = long_enough(speak(corpus.features(u).mel), corpus.mel)
        with torch.inference_mode():
            found[u.id] = extract(torch.from_numpy(audio.copy())[None])[0].numpy()
    return found


def evenly(utterances: Sequence[PreparedUtterance], most: int, seconds: float, rate_hz: int) -> list[PreparedUtterance]:
    """At most so many utterances and so many seconds of them, spread over all in the order of their ids."""
    ordered = sorted(utterances, key=lambda u: u.id)
    count = min(most, len(ordered))
    mean_s = sum(u.samples for u in ordered) / rate_hz / max(1, len(ordered))
    count = min(count, int(seconds / mean_s)) if mean_s else count
    return [ordered[int(k * len(ordered) / count)] for k in range(count)]
