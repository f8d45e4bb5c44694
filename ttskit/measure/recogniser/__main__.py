"""`python -m ttskit.measure.recogniser PREPARED [RECIPE]`: train the recogniser of a corpus ahead of a comparison."""

from __future__ import annotations

import sys

from ttskit.config import load_recipe
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.liveness import end_with_named_parent
from ttskit.measure.recogniser.training import load_or_train
from ttskit.terminal import plain

__all__ = ["main"]


def main(data: str, recipe: str = "base") -> None:
    """Train as a comparison under this recipe would."""
    end_with_named_parent()
    settings = load_recipe(recipe).compare.recogniser
    load_or_train(PreparedCorpus.open(data), settings, _tell)


def _tell(text: str) -> None:
    sys.stderr.write(plain(text) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
