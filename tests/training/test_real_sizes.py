"""The public Spanish checkpoint's inventories, 103 tokens and 174 speakers, onto 40 symbols and one speaker."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ttskit.audio.config import PRESETS
from ttskit.config.training import TransferConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces import AcousticInput, ModelContext, PitchStats
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.training.transfer import carry_over, plan_transfer, target_context
from ttskit.training.transfer_report import transfer_lines
from ttskit_fastpitch.checkpoints import from_nemo
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.model import FastPitch
from ttskit_nemo.phones import features_of
from ttskit_spanish.phones import symbol_table

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
SHAPES = Path(os.environ.get("TTSKIT_PARITY_NEMO", SHARED / "parity_nemo")) / "fullsize_state_dict_shapes.json"
TOKENS = (
    *"!\"'(),-./:;?ABCDEFGHIJKLMNOPQRSTUVWXYZ[]abdefhijklmnoprstuwx{}¡«»¿ÁÇÉÍÎÑÓÖÚÜÝðŋɛɟɡɣɪɲɾʃʊʎʒʝˈˌː",
    *"\u032f\u0361βθ‹›",
    " ",
    "<pad>",
    "<oov>",
)
SPEAKERS = tuple(f"arf_{i:05}" for i in range(174))
LEFT_OUT = ("ʒ", "ʝ", "ʎ", "θ", "—", "…")  # what makes ttskit's 46 Spanish symbols 40
KEPT = (" ", "¿", "a", "b", "s", "ʃ", "ɾ", "?", " ")


def contexts():
    source = ModelContext(
        PRESETS["nemo-44100"],
        SymbolTable(TOKENS, "<pad>", " ", features=features_of(TOKENS)),
        SpeakerTable(SPEAKERS),
        {n: PitchStats(200.0 + i, 40.0) for i, n in enumerate(SPEAKERS)},
    )
    whole = symbol_table()
    table = replace(
        whole,
        symbols=tuple(s for s in whole.symbols if s not in LEFT_OUT),
        silent=whole.silent - set(LEFT_OUT),
        features={s: f for s, f in whole.features.items() if s not in LEFT_OUT},
    )
    return source, table


def carried(options, state, new_corpus, tmp_path):
    """(source model, target model, plan) of the public inventories onto the little corpus, every old speaker kept."""
    source, table = contexts()
    corpus = PreparedCorpus.open(new_corpus("forty", speakers=("nueva",), table=table))
    config = TransferConfig(keep_speakers="all", speaker_from="arf_00007")
    target = replace(target_context(corpus, source, config), mel=source.mel)
    plan = plan_transfer(tmp_path / "nemo", 0, source, target, corpus, config)
    torch.manual_seed(0)
    old, new = FastPitch(options, source).eval(), FastPitch(options, target).eval()
    if state is not None:
        old.load_state_dict(state)
    with torch.no_grad():
        old.duration_predictor.out.bias.fill_(1.5)
    return old, new, carry_over(plan, old.state_dict(), source, new)


def speak(model, speaker):
    ids = torch.tensor([model.context.symbols.ids(KEPT)])
    return model.infer(AcousticInput(ids, torch.tensor([ids.shape[1]]), torch.tensor([model.context.speakers.id(speaker)]))).mel


def check(old, new, plan):
    assert len(old.context.symbols) == 103 and len(old.context.speakers) == 174
    assert len(new.context.symbols) == 40 and new.context.speakers.names == ("nueva", *SPEAKERS)
    told = plan.to_json()
    come = {row["name"]: row["from"] for row in told["symbols"]["new"]}
    assert come == {"<edge>": [" "], **{f"ˈ{v}": [v] for v in "aeiou"}, "tʃ": ["ʃ"]}
    assert len(told["symbols"]["kept"]) == 33 and len(told["symbols"]["dropped"]) == 70
    assert len(told["speakers"]["kept"]) == 174 and told["speakers"]["dropped"] == []
    assert told["speakers"]["new"] == [{"name": "nueva", "from": ["arf_00007"], "why": "from arf_00007"}]
    assert told["tensors"]["new"] == told["tensors"]["dropped"] == []
    assert told["pitch"]["nueva"] == "the corpus" and told["pitch"]["arf_00001"] == "the run"
    lines = [line.split() for line in transfer_lines(plan)]
    assert ["symbols", "33", "7", "70"] in lines and ["speakers", "174", "1", "0"] in lines
    for speaker in ("arf_00000", "arf_00007", "arf_00173"):
        assert torch.equal(speak(old, speaker), speak(new, speaker))
    assert torch.equal(speak(new, "nueva"), speak(old, "arf_00007"))
    assert not torch.equal(speak(new, "arf_00000"), speak(new, "arf_00007"))
    assert new.context.pitch["arf_00005"] == PitchStats(205.0, 40.0)


def test_the_table_and_the_old_voices_at_a_small_size(new_corpus, tmp_path):
    small = {"layers": 1, "head_channels": 8, "filter_channels": 16}
    options = FastPitchOptions(channels=16, encoder=small, decoder=small, energy=False)
    check(*carried(options, None, new_corpus, tmp_path))


@pytest.mark.slow
@pytest.mark.skipif(not SHAPES.exists(), reason=f"no {SHAPES}")
def test_the_table_and_the_old_voices_at_the_real_size(new_corpus, tmp_path):
    """45.9 million random weights of the shapes that the public checkpoint has."""
    described = json.loads(SHAPES.read_text(encoding="utf-8"))["fastpitch_es_44100_ipa_multi_174_speakers"]
    shapes = next(v for v in described.values() if isinstance(v, dict) and any(k.endswith("word_emb.weight") for k in v))
    generator = torch.Generator().manual_seed(1)
    state = {name: torch.randn(shape, generator=generator) * 0.02 for name, (shape, _) in shapes.items()}
    imported = from_nemo(state).state
    assert imported["embedding.weight"].shape == (103, 384) and imported["speaker_embedding.weight"].shape == (174, 384)
    check(*carried(FastPitchOptions(energy=False), imported, new_corpus, tmp_path))
