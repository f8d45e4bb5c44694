"""Studies that are drawn, with every variance known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from ttskit.measure.inference import Trials


@dataclass(frozen=True)
class World:
    """What one measure varies by; variances. `skewed`: residuals are exponential, shifted to a mean of 0."""

    run: float
    sentence: float
    residual: float
    sentence_by_system: float = 0.0
    skewed: bool = False

    def study(self, rng: np.random.Generator, means: Mapping[str, float], runs: int, sentences: int) -> Trials:
        """Trials of each system's runs on all sentences; runs of equal name are paired and independent."""
        common = rng.normal(0, self.sentence**0.5, sentences)
        values = []
        for mean in means.values():
            rest = rng.exponential(1, (runs, sentences)) - 1 if self.skewed else rng.normal(size=(runs, sentences))
            own = common + rng.normal(0, self.sentence_by_system**0.5, sentences)
            values.append(mean + rng.normal(0, self.run**0.5, (runs, 1)) + own + self.residual**0.5 * rest)
        shape = (len(means), runs, sentences)
        system, run, sentence = (index.ravel() for index in np.indices(shape))
        names = np.array(list(means), dtype=object)[system]
        text = [np.array([f"{kind}{i}" for i in range(n)], dtype=object) for kind, n in (("r", runs), ("s", sentences))]
        blank = np.full(names.size, "", dtype=object)
        return Trials(names, text[0][run], text[1][sentence], blank, np.array(values).ravel(), np.ones(names.size))


# As read in an audit of three trainings that differed in the seed alone: MCD, run 0.53, sentence 0.33, residual 0.14, taken for
# standard deviations, for variances, and the other way round, which alone gives the coverage that was seen with one run each.
WORLDS = {
    "deviations": World(0.53**2, 0.33**2, 0.14**2),
    "variances": World(0.53, 0.33, 0.14),
    "turned": World(0.14, 0.33, 0.53),
    "little between runs": World(0.01, 0.33, 0.14),
    "skewed": World(0.14, 0.33, 0.53, skewed=True),
    "sentences hard for one": World(0.14, 0.33, 0.2, sentence_by_system=0.2),
}


@pytest.fixture
def worlds():
    return WORLDS
