"""A run made when the frontend had fewer symbols, in another order, still loads and speaks with its own list."""

from __future__ import annotations

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.config import load_recipe
from ttskit.errors import InputError
from ttskit.interfaces import ModelContext, PitchStats
from ttskit.interfaces.frontend import FrontendFingerprint
from ttskit.plugins import create_registry
from ttskit.runs import RunFolder
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.synthesis import load_voice
from ttskit_spanish.phones import symbol_table

REGISTRY = create_registry()


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """An untrained run whose list lacks ʎ and — and has the vowels last."""
    now = symbol_table()
    kept = [s for s in now.symbols if s not in ("ʎ", "—", "a", "e", "i", "o", "u")] + list("aeiou")
    table = SymbolTable(tuple(kept), pad="<pad>", space=" ", boundary="<edge>", silent=now.silent - {"—"})
    torch.manual_seed(0)
    recipe = load_recipe("tiny", (), REGISTRY)
    context = ModelContext(MelConfig(bands=20), table, SpeakerTable(("ana",)), {"ana": PitchStats(200.0, 30.0)})
    old = FrontendFingerprint(
        "spanish", "0", {"dialect": "rioplatense", "locale": "es-AR", "fricative": "ʃ", "lleismo": False, "spaces": False}
    )
    run = RunFolder.create(
        tmp_path_factory.mktemp("runs") / "older",
        kind="acoustic model",
        model="fastpitch",
        options=recipe.options_for("fastpitch", REGISTRY),
        recipe=recipe,
        context=context,
        frontend=old,
        registry=REGISTRY,
    )
    run.save(run.build(REGISTRY)[0], 0)
    return run.path, table


def test_it_loads_speaks_and_keeps_its_list(older):
    path, table = older
    voice = load_voice(path, vocoder="griffinlim", registry=REGISTRY)
    assert RunFolder.open(path).load().context.symbols.symbols == table.symbols != symbol_table().symbols
    assert len(voice.synthesize("Hola, la lluvia cae.").audio) > 0


def test_what_it_never_learnt_is_named(older):
    voice = load_voice(older[0], vocoder="griffinlim", registry=REGISTRY)
    with pytest.raises(InputError, match="—"):
        voice.synthesize("Hola — dijo — chau.")
