"""Everything that ttskit ships passes the conformance kit that third parties run."""

from __future__ import annotations

import pytest

from ttskit.plugins import create_registry
from ttskit.testing import check_plugin

REGISTRY = create_registry(only={"builtin", "spanish", "fastpitch", "tacotron2", "hifigan", "griffinlim", "nemo"})


def test_all_builtins_load_without_problems():
    assert [(str(p.origin), p.cause) for p in REGISTRY.problems] == []
    kinds = {kind for kind, _ in REGISTRY.found}
    assert {"frontend", "acoustic model", "vocoder", "corpus reader", "pitch extractor", "importer", "command"} <= kinds


@pytest.mark.parametrize(("kind", "name"), sorted(REGISTRY.found))
def test_conforms(kind, name):
    failures = [f"{r.name}: {r.message}" for r in check_plugin(kind, name, REGISTRY) if not r.passed]
    assert not failures, "\n".join(failures)
