"""Everything that ttskit ships passes the conformance kit that third parties run."""

from __future__ import annotations

from ttskit.plugins import create_registry
from ttskit.testing import parametrize

OWN = ("builtin", "spanish", "fastpitch", "tacotron2", "transformertts", "hifigan", "griffinlim", "nemo")
REGISTRY = create_registry(only=set(OWN))


def test_all_builtins_load_without_problems():
    assert [(str(p.origin), p.cause) for p in REGISTRY.problems] == []
    kinds = {kind for kind, _ in REGISTRY.found}
    assert {"frontend", "acoustic model", "vocoder", "corpus reader", "pitch extractor", "importer", "command"} <= kinds


@parametrize(registry=REGISTRY)
def test_conforms(check):
    check()
