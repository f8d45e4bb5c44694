"""FastPitch against the public implementations (NVIDIA DeepLearningExamples and NeMo): files and what they speak.

Where the cases are found and what is compared is told in `fastpitch_cases.py`; training, the aligner's pieces and padding
have files of their own beside this one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from fastpitch_cases import (
    DLE,
    DLE_FILES,
    FACTS,
    NEMO,
    SPOKEN,
    Case,
    close,
    context,
    dle_inputs,
    dle_model,
    filled,
    nemo_arrays,
    nemo_cases,
    nemo_facts,
    nemo_inputs,
    nemo_model,
)
from torch import Tensor

from ttskit_fastpitch.checkpoints import from_dle, from_nemo, options_from_dle
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.model import FastPitch


@pytest.mark.parametrize("folder", DLE)
def test_every_stored_array_has_its_test(folder: Path):
    case = Case(folder)
    runs = {f"{run['name']}_{what}" for run in case.json["infer"] for what in SPOKEN}
    left = [name for name in case.outputs if name not in runs and not name.startswith(("fwd_", "loss_"))]
    assert set(left) <= {"encoder_out", "grad_norms", *FACTS} and set(case.outputs) == set(case.json["outputs"])


@pytest.mark.parametrize("folder", DLE_FILES)
def test_nvidia_file_holds_the_same_model(folder: Path):
    """The `.pt` as published: configuration and tensors in it give the model of the case; the EMA weights fit too."""
    case, model = dle_model(folder)
    told = case.json["checkpoint_file"]
    file = torch.load(folder / told["file"], map_location="cpu", weights_only=True)
    options = {**options_from_dle(file["config"], case.json.get("loss")), "padding": "reference"}
    assert FastPitchOptions.model_validate(options) == model.options
    state = from_dle(file["state_dict"]).state
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    if file.get("ema_state_dict"):
        averaged = from_dle({f"module.{name}": value for name, value in file["ema_state_dict"].items()}).state
        FastPitch(model.options, model.context).load_state_dict(averaged)
        expected = from_dle(filled(case.json, told["ema_salt"])).state
        assert all(torch.equal(value, expected[name]) for name, value in averaged.items())


@pytest.mark.parametrize("folder", DLE)
def test_inference_equals_nvidia(folder: Path):
    case, model = dle_model(folder)
    for index, run in enumerate(case.json["infer"]):
        spoken, name = model.speak(*dle_inputs(case, run), empty=True), run["name"]
        ours = {
            "mel_lengths": spoken.lengths,
            "mel": spoken.mel,
            "durations": spoken.durations,
            "pitch": spoken.predicted_pitch[:, None],
        }
        ours |= {} if spoken.energy is None else {"energy": spoken.energy}
        ours = {f"{name}_{what}": value for what, value in ours.items()}
        ours |= {"encoder_out": spoken.encoded} if index == 0 else {}
        wanted = [*(f"{name}_{what}" for what in SPOKEN), *(["encoder_out"] if index == 0 else [])]
        mine = [n for n in wanted if n in case.outputs]
        assert mine
        case.all_same(mine, ours)


@pytest.mark.parametrize(("archive", "name"), nemo_cases(("forward", "infer")))
def test_inference_equals_nemo(archive: str, name: str):
    model = nemo_model(archive, nemo_facts()[name].get("note", ""), padding="reference")
    given, expected = nemo_arrays()[0][name], nemo_arrays()[1][name]
    seen: dict[str, Tensor] = {}
    model.decoder.register_forward_hook(lambda module, args, out: seen.update(dec_out=out))
    if hasattr(model, "speaker_embedding"):
        model.speaker_embedding.register_forward_hook(lambda module, args, out: seen.update(spk_emb=out))
    spoken = model.speak(*nemo_inputs(given, model), empty=True)
    exact = {"num_frames": spoken.lengths, "frames_per_token": spoken.frames}
    near = {
        **seen,
        "mel": spoken.mel,
        "log_durs": spoken.log_durations,
        "enc_out": spoken.encoded,
        "durs": spoken.durations,
        "pitch": spoken.predicted_pitch,
        "energy": spoken.energy,
    }
    for what, theirs in expected.items():
        if what in exact:
            assert torch.equal(exact[what], theirs), what
        else:
            close(what, near[what], theirs, 1e-4)


@pytest.mark.skipif(not (NEMO / "fullsize_state_dict_shapes.json").exists(), reason=f"no full-size shapes in {NEMO}")
def test_full_size_names_and_shapes_fit():
    shapes = json.loads((NEMO / "fullsize_state_dict_shapes.json").read_text(encoding="utf-8"))
    found = next(v["keys"] for v in shapes.values() if "fastpitch.encoder.word_emb.weight" in v["keys"])
    state = from_nemo({name: torch.empty(entry[0], device="meta") for name, entry in found.items()}).state
    symbols, speakers = state["embedding.weight"].shape[0], state["speaker_embedding.weight"].shape[0]
    with torch.device("meta"):
        model = FastPitch(FastPitchOptions(energy=False), context(symbols, symbols - 2, speakers, 80))
    assert {k: v.shape for k, v in model.state_dict().items()} == {k: v.shape for k, v in state.items()}
