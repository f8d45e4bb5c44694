"""Tacotron 2 against NVIDIA's outputs (the research repository and DeepLearningExamples).

Cases are found by the files in `TTSKIT_PARITY` (default: `../shared/parity` beside the checkout): every folder whose
`case.json` has Tacotron 2's `hparams`. Models are built from the weights and numbers in the case, and what is compared is
what the case stores, so that other folders of the same form run unchanged.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import MismatchError
from ttskit.importing import import_checkpoint
from ttskit.interfaces import AcousticBatch, AcousticInput, ModelContext, TrainState
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.testing.numerics import rounding_of
from ttskit_tacotron2.checkpoints import from_public, options_of, read_public, to_public
from ttskit_tacotron2.model import Tacotron2

PARITY = Path(os.environ.get("TTSKIT_PARITY", Path(__file__).resolve().parents[2] / ".." / "shared" / "parity"))
STATE = TrainState(0, 0, 1)


class Case:
    """One folder: its description, inputs and outputs, and models with its weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        self.hparams = self.data["hparams"]
        self.dle = "decoder_no_early_stopping" in self.hparams
        self.r = self.hparams["n_frames_per_step"]
        self.inputs = {k: torch.from_numpy(v) for k, v in np.load(folder / "inputs.npz").items()}
        self.outputs = dict(np.load(folder / "outputs.npz").items())
        spec = importlib.util.spec_from_file_location("parity_fill", PARITY / "fill.py")
        fill = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(fill)
        filled = fill.fill_state(self.data["params"], self.data["salt"], self.data["overrides"])
        self.state = {k: torch.from_numpy(np.asarray(v)) for k, v in filled.items()}

    def model(self, state=None, run: dict | None = None, **options) -> Tacotron2:
        """The case's model in evaluation mode, dropout off, padding `reference` unless told; `run` limits its decoding."""
        hparams, run = self.hparams, run or {}
        quiet = {f"{part}_dropout": 0.0 for part in ("encoder", "prenet", "attention", "decoder", "postnet")}
        options = {
            **quiet,
            "padding": "reference",
            "mask_outputs": hparams["mask_padding"],
            "stop_positive_weight": 1.0,
            "guided_attention_weight": 0.0,
            "rest_frames": 0,
            "frames_per_token": 0,
            "keep_stop_frame": not self.dle,
            "stop_threshold": run.get("gate_threshold", hparams["gate_threshold"]),
            "frames_floor": run.get("max_decoder_steps", hparams["max_decoder_steps"]) * self.r,
            **options,
        }
        state = self.state if state is None else state
        symbols = SymbolTable(tuple(f"s{i}" for i in range(hparams["n_symbols"])), "s0")
        context = ModelContext(MelConfig(bands=hparams["n_mel_channels"]), symbols, SpeakerTable(("one",)))
        model = Tacotron2(options_of(state, hparams["n_mel_channels"], **options), context)
        model.load_state_dict(from_public(state))
        return model.eval()

    def batch(self) -> AcousticBatch:
        """The case's teacher-forcing batch."""
        i = self.inputs
        rows = i["text"].shape[0]
        return AcousticBatch(
            tuple(map(str, range(rows))),
            i["text"],
            i["text_lengths"],
            i["mel_target"],
            i["mel_lengths"],
            torch.zeros(rows, dtype=torch.long),
        )

    def check(self, name: str, value, rounding: float = 0.0) -> None:
        """`value` is the stored output `name`, within its tolerance; a name that the case has not got is passed over.

        `rounding`: of our model on this processor, where it may be more than the case's tolerance.
        """
        if name not in self.outputs:
            return
        told, stored = self.data["outputs"][name], self.outputs[name]
        value = np.asarray(value.detach() if isinstance(value, torch.Tensor) else value)
        if told.get("exact"):
            np.testing.assert_array_equal(value, stored, err_msg=name)
        else:
            np.testing.assert_allclose(value, stored, rtol=told.get("rtol", 0), atol=max(told["atol"], rounding), err_msg=name)


@lru_cache(maxsize=3)
def case(folder: Path) -> Case:
    return Case(folder)


def _cases(wanted) -> list:
    """Folders whose Tacotron 2 case satisfies `wanted(data, names of outputs)`; else one that says what is missing."""
    found = []
    for file in sorted(PARITY.glob("*/case.json")):
        data = json.loads(file.read_text(encoding="utf-8"))
        if "attention_rnn_dim" in data.get("hparams", {}) and wanted(data, set(data["outputs"])):
            found.append(pytest.param(file.parent, id=file.parent.name))
    return found or [pytest.param(None, marks=pytest.mark.skip(reason=f"no such case in {PARITY} (set TTSKIT_PARITY)"))]


def _dle(data: dict) -> bool:
    return "decoder_no_early_stopping" in data["hparams"]


ALL = _cases(lambda data, names: True)
TAUGHT = _cases(lambda data, names: any(n.startswith("tf_") for n in names))
GRADIENTS = _cases(lambda data, names: "grad_norms" in names)
FREE = _cases(lambda data, names: "infer_mel_postnet" in names and not _dle(data))
STOPS = _cases(lambda data, names: "infer_stop_n_frames" in names)
BATCHED = _cases(lambda data, names: "infer_mel_postnet" in names and _dle(data))
UNMASKED = _cases(lambda data, names: any(n.startswith("nomask_") for n in names))
TRAINING = _cases(lambda data, names: any(n.startswith("trainmode_") for n in names))
FILES = _cases(lambda data, names: "checkpoint_file" in data)
TARGETS = _cases(lambda data, names: "mel_target" in data["inputs"])
PADDED = _cases(lambda data, names: "text_lengths" in data["inputs"])

_COMPARED = re.compile(
    r"tf_(mel|mel_postnet|gate_logits|alignments)|encoder_outputs|loss(_mel_mse|_mel_postnet_mse|_gate_bce)?"
    r"|grad_norms|infer_(mel|mel_postnet|gate_logits|gate_logits_raw|alignments|mel_lengths)"
    r"|infer_stop_(mel_postnet|n_frames)|nomask_(mel_postnet|gate_logits|loss)"
    r"|trainmode_(mel_postnet|loss|new_running_(mean|var)_enc\d+)"
)


@pytest.mark.parametrize("folder", ALL)
def test_every_stored_output_is_compared(folder):
    c = case(folder)
    assert set(c.outputs) == set(c.data["outputs"])
    assert [name for name in c.outputs if not _COMPARED.fullmatch(name)] == []


@pytest.mark.parametrize("folder", TAUGHT)
def test_teacher_forcing_and_losses(folder):
    c, batch = case(folder), case(folder).batch()
    model = c.model()
    outputs = model(batch)
    c.check("tf_mel", outputs.extra["before"])
    c.check("tf_mel_postnet", outputs.mel)
    c.check("tf_gate_logits", outputs.extra["gate"])
    c.check("tf_alignments", outputs.extra["weights"])
    c.check("encoder_outputs", model.encode(batch.tokens, batch.token_lengths, None).memory)
    losses = model.loss(outputs, batch, STATE)
    means = losses.means()
    c.check("loss_mel_mse", means["mel"])
    c.check("loss_mel_postnet_mse", means["mel_postnet"])
    c.check("loss_gate_bce", means["stop"])
    c.check("loss", losses.total)


@pytest.mark.parametrize("folder", GRADIENTS)
def test_gradient_norms(folder):
    c, batch = case(folder), case(folder).batch()
    model = c.model()
    model.loss(model(batch), batch, STATE).total.backward()
    public = to_public({k: p.grad.norm().item() for k, p in model.named_parameters()})
    told, note = c.data["outputs"]["grad_norms"], c.data.get("grad_norm_note", "")
    assert set(public) == set(c.data["grad_norm_names"])
    for key, stored in zip(c.data["grad_norm_names"], c.outputs["grad_norms"], strict=True):
        # Upstream's own quirk: the case names the one entry that is to be compared loosely.
        rtol = float(re.search(r"rtol ([\d.e-]+)", note)[1]) if key in note and c.hparams["mask_padding"] else told["rtol"]
        assert public[key] == pytest.approx(float(stored), rel=rtol, abs=told["atol"]), key


@pytest.mark.parametrize("folder", FREE)
def test_free_running_frame_by_frame(folder):
    c = case(folder)
    model = c.model(run=c.data["infer"])
    text = c.inputs["infer_text"]
    inputs = AcousticInput(text, torch.tensor([text.shape[1]]))
    spoken = model.generate(inputs, None)
    with torch.inference_mode():
        before, after = model.refine(spoken.frames, None)
    near = rounding_of(lambda model: (model.generate(inputs, None), model.infer(inputs)), model)
    c.check("infer_mel", before, near)
    c.check("infer_mel_postnet", after, near)
    c.check("infer_gate_logits", spoken.gate[:, :, None], near)
    c.check("infer_alignments", spoken.weights, near)
    result = model.infer(inputs)
    c.check("infer_mel_postnet", result.mel, near)
    cut = spoken.frames.shape[1] == c.data["infer"]["max_decoder_steps"]
    assert bool(result.finished[0]) == bool(torch.sigmoid(spoken.gate[0, -1]) > c.data["infer"]["gate_threshold"]) or cut


@pytest.mark.parametrize("padding", ["reference", "masked"])
@pytest.mark.parametrize("folder", STOPS)
def test_natural_stop(folder, padding):
    c = case(folder)
    model = c.model(run=c.data["infer_stop"], padding=padding)
    text = c.inputs["infer_text"]
    result = model.infer(AcousticInput(text, torch.tensor([text.shape[1]])))
    c.check("infer_stop_n_frames", result.lengths[0])
    c.check("infer_stop_mel_postnet", result.mel)
    assert bool(result.finished[0])


@pytest.mark.parametrize("folder", BATCHED)
def test_batched_stops_of_deep_learning_examples(folder):
    c, run = case(folder), case(folder).data["infer"]
    model = c.model(run=run)
    inputs = AcousticInput(c.inputs["text"], c.inputs["text_lengths"])
    # Without early stopping upstream decodes to its limit, whatever has fired.
    raw = c.model(run={**run, "gate_threshold": 2.0}) if c.hparams["decoder_no_early_stopping"] else model
    spoken = raw.generate(inputs, None)
    with torch.inference_mode():
        c.check("infer_mel_postnet", raw.refine(spoken.frames, None)[1])
    c.check("infer_alignments", spoken.weights)
    c.check("infer_gate_logits_raw", spoken.gate.t().reshape(1, -1))
    steps = model.generate(inputs, None).steps
    c.check("infer_mel_lengths", steps.int())
    result = model.infer(inputs)
    assert torch.equal(result.lengths, steps.clamp_min(1) * c.r)  # upstream has rows without a frame, a public result has not
    if not c.hparams["decoder_no_early_stopping"]:
        atol = c.data["outputs"]["infer_mel_postnet"]["atol"]
        for row, frames in enumerate(result.lengths.tolist()):
            stored = c.outputs["infer_mel_postnet"][row, :, :frames]
            np.testing.assert_allclose(result.mel[row, :, :frames], stored, rtol=0, atol=atol)


@pytest.mark.parametrize("folder", UNMASKED)
def test_outputs_unmasked(folder):
    c, batch = case(folder), case(folder).batch()
    model = c.model(mask_outputs=False)
    outputs = model(batch)
    c.check("nomask_mel_postnet", outputs.mel)
    c.check("nomask_gate_logits", outputs.extra["gate"])
    c.check("nomask_loss", model.loss(outputs, batch, STATE).total)


@pytest.mark.parametrize("folder", TRAINING)
def test_batch_statistics_count_padding_in_reference_mode(folder):
    c, batch = case(folder), case(folder).batch()
    model = c.model().train()
    outputs = model(batch)
    c.check("trainmode_mel_postnet", outputs.mel)
    c.check("trainmode_loss", model.loss(outputs, batch, STATE).total)
    for index, convolution in enumerate(model.encoder.convolutions):
        c.check(f"trainmode_new_running_mean_enc{index}", convolution.norm.running_mean)
        c.check(f"trainmode_new_running_var_enc{index}", convolution.norm.running_var)


@pytest.mark.parametrize("folder", FILES)
def test_the_checkpoint_file_holds_the_same_model(folder, tmp_path):
    """Read, and imported as a user would: the model of the case either way."""
    c = case(folder)
    file = folder / c.data["checkpoint_file"]["file"]
    checkpoint = read_public(file)
    if number := re.fullmatch(r"checkpoint_(\d+)", file.name):
        assert checkpoint.iteration == int(number[1])
    assert list(checkpoint.state) == [name for name, _ in c.data["params"]]
    assert all(torch.equal(checkpoint.state[name], value) for name, value in c.state.items())
    (tmp_path / "symbols.txt").write_text("\n".join(f"<{i}>" for i in range(c.hparams["n_symbols"])), encoding="utf-8")
    loaded = import_checkpoint(file, tmp_path / "run", symbols=tmp_path / "symbols.txt").run.load()
    assert loaded.options.keep_stop_frame == (not checkpoint.config)
    assert loaded.context.mel.bands == c.hparams["n_mel_channels"]
    ours = from_public(c.state)
    assert all(torch.equal(value, ours[name]) for name, value in loaded.model.state_dict().items())


@pytest.mark.parametrize("folder", ALL)
def test_other_mel_bands_are_refused_with_both_numbers(folder):
    c = case(folder)
    bands = c.hparams["n_mel_channels"]
    with pytest.raises(MismatchError, match="mel bands") as caught:
        options_of(c.state, bands + 4)
    assert f"has {bands}" in caught.value.why and f"has {bands + 4}" in caught.value.why


@pytest.mark.parametrize("folder", TARGETS)
def test_masked_rows_equal_their_single_runs(folder):
    c, batch = case(folder), case(folder).batch()
    model = c.model(padding="masked")
    near = rounding_of(Tacotron2.forward, model, batch)
    with torch.no_grad():
        together = model(batch)
        for row in range(len(batch.ids)):
            n, t = int(batch.token_lengths[row]), int(batch.mel_lengths[row])
            steps, cut = -(-t // c.r), slice(row, row + 1)
            single = model(
                AcousticBatch(
                    ("x",),
                    batch.tokens[cut, :n],
                    batch.token_lengths[cut],
                    batch.mel[cut, :, :t],
                    batch.mel_lengths[cut],
                    batch.speaker[cut],
                )
            )
            torch.testing.assert_close(together.mel[cut, :, :t], single.mel, rtol=0, atol=near)
            torch.testing.assert_close(together.extra["gate"][cut, :steps], single.extra["gate"], rtol=0, atol=near)
            torch.testing.assert_close(together.alignment[cut, :t, :n], single.alignment, rtol=0, atol=near)


@pytest.mark.parametrize("folder", PADDED)
def test_masked_rows_speak_as_alone(folder):
    c = case(folder)
    run = c.data.get("infer_stop", c.data.get("infer", {}))
    model = c.model(run={**run, "max_decoder_steps": min(60, run.get("max_decoder_steps", 60))}, padding="masked")
    text, lengths = c.inputs["text"], c.inputs["text_lengths"]
    together = model.infer(AcousticInput(text, lengths))
    near = rounding_of(lambda model: model.infer(AcousticInput(text, lengths)), model)
    for row, n in enumerate(lengths.tolist()):
        single = model.infer(AcousticInput(text[row : row + 1, :n], lengths[row : row + 1]))
        cut = together.row(row)
        assert (int(cut.lengths), bool(cut.finished)) == (int(single.lengths), bool(single.finished))
        torch.testing.assert_close(cut.mel, single.mel, rtol=0, atol=near)
        torch.testing.assert_close(cut.alignment[:, :, :n], single.alignment, rtol=0, atol=near)
