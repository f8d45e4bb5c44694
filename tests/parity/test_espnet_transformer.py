"""Transformer-TTS against ESPnet's own outputs: losses, gradients, teacher-forced mels, speaking, both paddings."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from espnet_transformer_cases import BANDS, CASES, DATA, FRAMES, SYMBOLS, TEXT, THRESHOLDS, filled, inputs_of, sketch

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticBatch, AcousticInput, ModelContext, TrainState
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit_transformertts.checkpoints import from_espnet, options_of, our_name
from ttskit_transformertts.model import TransformerTTS

STATE = TrainState(0, 0, 1)
STORED = dict(np.load(DATA).items())
MEL = {"L1": ("l1_loss",), "L2": ("l2_loss",), "L1+L2": ("l1_loss", "l2_loss")}
cases = pytest.mark.parametrize("case", CASES)


def state_of(case: str) -> dict[str, torch.Tensor]:
    """The case's weights under ESPnet's names."""
    shapes = dict(line.split(" ", 1) for line in STORED[f"{case}/state"].tolist())
    return {k: torch.from_numpy(np.asarray(filled(k, tuple(json.loads(shape))))) for k, shape in shapes.items()}


def model_of(case: str, **options) -> TransformerTTS:
    """The case's model in evaluation mode; padding `reference` unless told."""
    settings, state = CASES[case], state_of(case)
    speakers = SpeakerTable(tuple("abc") if "spks" in settings else ("a",))
    context = ModelContext(MelConfig(bands=BANDS), SymbolTable(tuple(f"s{i}" for i in range(SYMBOLS)), "s0"), speakers)
    limits = {"frames_per_token": 3.0, "frames_floor": 0, "rest_frames": 0, "stop_threshold": THRESHOLDS[case]}
    model = TransformerTTS(options_of(state, settings, "the case", **{"padding": "reference", **limits, **options}), context)
    model.load_state_dict(from_espnet(state, BANDS))
    return model.eval()


def batch_of(row: int | None = None) -> AcousticBatch:
    """The case's batch, or one row of it without padding."""
    given = {k: torch.from_numpy(v) for k, v in inputs_of().items()}
    mel = given["feats"].transpose(1, 2)
    parts = given["text"], given["text_lengths"], mel, given["feats_lengths"], given["sids"]
    if row is not None:
        cut = [part[row : row + 1] for part in parts]
        parts = cut[0][:, : TEXT[row]], cut[1], cut[2][:, :, : FRAMES[row]], cut[3], cut[4]
    return AcousticBatch(tuple("abc"[: len(parts[0])]), *parts)


def close(value, stored: np.ndarray, atol: float = 2e-5) -> None:
    value = np.asarray(value.detach() if isinstance(value, torch.Tensor) else value)
    np.testing.assert_allclose(value, stored, rtol=2e-5, atol=atol)


@cases
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_losses_are_espnets(case, mode):
    model = model_of(case).train(mode == "train")
    batch = batch_of()
    losses = model.loss(model(batch), batch, STATE)
    means = losses.means()
    told = {key: STORED[f"{case}/{mode}/{key}"] for key in ("l1_loss", "l2_loss", "bce_loss", "enc_dec_attn_loss")}
    mels = sum(told[key] for key in MEL[CASES[case].get("loss_type", "L1")])
    close(means["mel"] + means["mel_postnet"], mels)
    close(means["stop"], told["bce_loss"])
    close(model.options.guided_attention_weight * means["guided_attention"], told["enc_dec_attn_loss"])
    close(losses.total, mels + told["bce_loss"] + told["enc_dec_attn_loss"], atol=5e-5)


@cases
def test_gradients_are_espnets(case):
    model, batch = model_of(case).train(), batch_of()
    model.loss(model(batch), batch, STATE).total.backward()
    ours = {name: parameter.grad for name, parameter in model.named_parameters()}
    seen = set()
    for name, stored in zip(STORED[f"{case}/names"].tolist(), STORED[f"{case}/gradients"], strict=True):
        gradient = ours[our_name(name)].clone()
        if name.endswith("embed.0.0.embed.weight"):
            gradient[0] = 0.0  # ESPnet holds padding's vector still
            gradient[-1] = ours["end"]  # its end of sentence is a row of the table
        close(sketch(name, gradient.numpy()), stored, atol=2e-5 * max(1.0, float(np.abs(stored).max())))
        seen.add(our_name(name))
    assert set(ours) - seen == {"end"}


@cases
def test_padded_mels_are_espnets_with_its_leak(case):
    model, batch = model_of(case), batch_of()
    mel = model(batch).extra["after"].transpose(1, 2)
    close(mel, STORED[f"{case}/eval/mel"])


@cases
@pytest.mark.parametrize("padding", ["masked", "reference"])
def test_single_sentences_are_espnets(case, padding):
    model = model_of(case, padding=padding)
    for row, frames in enumerate(FRAMES):
        close(model.teacher_forced(batch_of(row)).mel[0, :, :frames].T, STORED[f"{case}/{row}/taught"])


@cases
def test_masked_rows_of_a_batch_are_espnets_single_sentences(case):
    """Without the leak, which ESPnet itself does not have for one sentence."""
    mel = model_of(case, padding="masked").teacher_forced(batch_of()).mel
    leaking = model_of(case).teacher_forced(batch_of()).mel
    for row, frames in enumerate(FRAMES):
        close(mel[row, :, :frames].T, STORED[f"{case}/{row}/taught"])
    assert float((leaking - mel)[2, :, : FRAMES[2]].abs().max()) > 1e-3


@cases
@pytest.mark.parametrize("fast", [True, False])
def test_speech_is_espnets(case, fast):
    """Frames, stop probabilities, lengths, attention; all rows in one batch."""
    model, batch = model_of(case, padding="masked"), batch_of()
    model.fast = fast
    inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker if "spks" in CASES[case] else None)
    spoken, decoded = model.infer(inputs), model.generate(inputs, None)
    r = model.reduction
    for row in range(3):
        stored = STORED[f"{case}/{row}/feat_gen"]
        assert int(spoken.lengths[row]) == len(stored)
        close(spoken.mel[row, :, : len(stored)].T, stored, atol=1e-4)
        prob = STORED[f"{case}/{row}/prob"].reshape(-1, r).max(1)
        close(torch.sigmoid(decoded.gate[row, : len(prob)]), prob, atol=1e-4)
    options, attention = model.options, STORED[f"{case}/1/att_w"]
    led = attention[-options.aided_layers :, : options.aided_heads].reshape(-1, *attention.shape[2:])
    close(decoded.weights[1, :, : led.shape[1], : led.shape[2]], led, atol=1e-4)
