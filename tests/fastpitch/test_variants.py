"""Variants by configuration only: each passes the conformance kit and trains; LSTM blocks are what they claim to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.config import load_recipe
from ttskit.corpus import prepare
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces import TrainState
from ttskit.nn import length_mask
from ttskit.plugins import create_registry
from ttskit.testing.acoustic import check_acoustic_model
from ttskit.testing.builders import tiny_batch, tiny_context, tiny_corpus
from ttskit.training import train
from ttskit_fastpitch.config import FastPitchOptions, StackOptions
from ttskit_fastpitch.layers import Stack, TransformerBlock
from ttskit_fastpitch.model import FastPitch
from ttskit_fastpitch.recurrent import LstmBlock

CONTEXT = tiny_context(MelConfig(bands=20))
STACK = {"layers": 1, "heads": 2, "head_channels": 8, "filter_channels": 32, "dropout": 0.0, "attention_dropout": 0.0}
PREDICTOR = {"filter_channels": 16, "dropout": 0.0}
SMALL = {
    "channels": 24,
    "min_duration": 3.0,
    "encoder": STACK,
    "decoder": STACK,
    **dict.fromkeys(("duration_predictor", "pitch_predictor", "energy_predictor"), PREDICTOR),
}
VARIANTS = {
    "lstm": {"block": "lstm"},
    "lstm-decoder": {"decoder": {**STACK, "block": "lstm", "lstm_channels": 8}},
    "lstm-reference": {"block": "lstm", "padding": "reference"},
    "no-pitch": {"pitch": False},
    "no-energy": {"energy": False},
    "neither": {"pitch": False, "energy": False},
    "external": {"alignment": "external", "block": "lstm"},
}


def build(**changes: object) -> FastPitch:
    torch.manual_seed(3)
    return FastPitch(FastPitchOptions.model_validate({**SMALL, **changes}), CONTEXT)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "lstm-reference"])
def test_variant_conforms(name: str):
    changes = VARIANTS[name]
    lost = {
        control
        for feature, controls in (("pitch", ("pitch", "pitch_range", "pitch_values")), ("energy", ("energy",)))
        if changes.get(feature) is False
        for control in controls
    }
    plugin = create_registry(only={"fastpitch"}).get("acoustic model", "fastpitch")
    controls = [c for c in plugin.facts["controls"] if c not in lost]
    aligns = changes.get("alignment") != "external"
    facts = {**plugin.facts, "controls": controls, "aligns": aligns, "small_options": {**SMALL, **changes}}
    plugin = replace(plugin, facts=facts)
    failures = [f"{r.name}: {r.message}" for r in check_acoustic_model(plugin) if not r.passed]
    assert not failures, "\n".join(failures)


# Forty steps each: one of every kind by default.
_LEARN = ("external", "lstm")


@pytest.mark.parametrize("name", [n if n in _LEARN else pytest.param(n, marks=pytest.mark.slow) for n in VARIANTS])
def test_variant_learns(name: str):
    model, batch = build(**VARIANTS[name]), tiny_batch(CONTEXT)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    mels = []
    for step in range(40):
        losses = model.loss(model(batch), batch, TrainState(step, step, 40))
        optimizer.zero_grad()
        losses.total.backward()
        optimizer.step()
        mels.append(float(losses.terms["mel"].mean.detach()))
    assert mels[-1] < 0.2 * mels[0]


def test_lstm_block_is_a_packed_bidirectional_lstm():
    torch.manual_seed(0)
    block = LstmBlock(12, StackOptions(lstm_channels=5, dropout=0.0)).eval()
    other = torch.nn.LSTM(12, 5, batch_first=True, bidirectional=True)
    for ours, suffix in ((block.ahead, ""), (block.back, "_reverse")):
        for name, value in ours.named_parameters():
            getattr(other, name + suffix).data.copy_(value)
    lengths = torch.tensor([7, 4, 1])
    x = torch.randn(3, 7, 12)  # padding holds noise: it must not matter
    mask = length_mask(lengths, 7)[:, :, None].float()
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
    both, _ = torch.nn.utils.rnn.pad_packed_sequence(other(packed)[0], batch_first=True)
    torch.testing.assert_close(block(x, mask, False), block.norm(x + block.out(both)) * mask)
    assert torch.equal(block(x, mask, True), block(x, mask, False))


@pytest.mark.parametrize("options", [{}, {"heads": 2, "filter_channels": 256}, {"kernel": 9, "filter_channels": 1024}])
@pytest.mark.parametrize("channels", [128, 384])
def test_lstm_block_is_as_large_as_the_transformer_block(channels: int, options: dict):
    blocks = [block(channels, StackOptions(**options)) for block in (TransformerBlock, LstmBlock)]
    sizes = [sum(p.numel() for p in block.parameters()) for block in blocks]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


def test_each_stack_may_have_its_own_block():
    kinds = {"encoder": "lstm", "decoder": None}
    settings = {side: {**STACK, "block": kind} for side, kind in kinds.items()}
    model = build(block="transformer", **settings)
    assert isinstance(model.encoder.blocks[0], LstmBlock) and isinstance(model.decoder.blocks[0], TransformerBlock)
    assert FastPitchOptions().block == "transformer"


@pytest.mark.parametrize("padding", ["masked", "reference"])
def test_lstm_rows_do_not_see_padding(padding: str):
    """Through the blocks nothing leaks in either mode: a row's encoding is that of the row alone."""
    model, batch = build(block="lstm", padding=padding).eval(), tiny_batch(CONTEXT)
    mask = length_mask(batch.token_lengths, batch.tokens.shape[1])[:, :, None].float()
    with torch.no_grad():
        whole = model.encoder(model.embedding(batch.tokens), mask, model.masked)
        for row, n in enumerate(batch.token_lengths.tolist()):
            alone = model.encoder(model.embedding(batch.tokens[row : row + 1, :n]), mask[row : row + 1, :n], model.masked)
            torch.testing.assert_close(whole[row, :n], alone[0], rtol=0, atol=1e-5)


def test_lstm_in_low_precision():
    model, batch = build(block="lstm").eval(), tiny_batch(CONTEXT)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = model.teacher_forced(batch).mel
    torch.testing.assert_close(low, model.teacher_forced(batch).mel, rtol=0.1, atol=0.2)


def test_letters_and_lstm_by_configuration_only(tmp_path):
    """From recordings to a trained run without a phoneme or a transformer block: the recipes change two keys."""
    registry = create_registry()
    assert load_recipe("fastpitch-letters").frontend.name == "characters"
    assert load_recipe("fastpitch-lstm").options_for("fastpitch", registry).block == "lstm"
    changes = ("frontend.name=characters", "models.fastpitch.options.block=lstm", "training.samples=0")
    recipe = load_recipe("tiny", changes, registry=registry)
    prepare(tiny_corpus(tmp_path / "source", utterances=6), tmp_path / "prepared", recipe, jobs=1, registry=registry)
    corpus = PreparedCorpus.open(tmp_path / "prepared")
    spelt = "".join(t for t in corpus.utterances[0].tokens if t not in corpus.symbols.silent)
    assert spelt == "".join(c for c in corpus.utterances[0].text if c.isalpha())
    run = train(recipe, model="fastpitch", data=corpus, run=tmp_path / "run", steps=2, registry=registry)
    model = run.load(registry=registry).model
    assert isinstance(model.encoder.blocks[0], LstmBlock) and isinstance(model.decoder.blocks[0], LstmBlock)
    assert model.context.symbols == corpus.symbols


def test_without_positions_order_is_seen_by_convolutions_alone():
    """Attention sees a set: tokens in another order give the same states in that order, if nothing says where they are."""
    x = torch.randn(1, 7, 12, generator=torch.Generator().manual_seed(1))
    mask, order = torch.ones(1, 7, 1), torch.tensor([3, 0, 6, 1, 5, 2, 4])

    def moved(**options) -> float:
        torch.manual_seed(2)
        stack = Stack(12, StackOptions(layers=2, head_channels=8, filter_channels=16, **options)).eval()
        with torch.no_grad():
            return float((stack(x, mask, True)[:, order] - stack(x[:, order], mask, True)).abs().max())

    assert moved(positions="none", kernel=1) < 1e-5
    assert moved(positions="none", kernel=3) > 1e-2
    assert moved(positions="sinusoidal", kernel=1) > 1e-2
