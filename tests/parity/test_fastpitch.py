"""FastPitch against the public implementations (NVIDIA DeepLearningExamples and NeMo).

Cases are found by the files in `TTSKIT_PARITY` and `TTSKIT_PARITY_NEMO` (default: `../shared/parity` and
`../shared/parity_nemo` beside the checkout); models are built from the hyper-parameters in the case.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import tarfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticBatch, AcousticInput, Controls, ModelContext, Outputs, PitchStats, TrainState
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit_fastpitch.aligner import monotonic_path, prior_matrix
from ttskit_fastpitch.checkpoints import dle_options, from_dle, from_nemo, nemo_options
from ttskit_fastpitch.config import FastPitchOptions, PriorOptions
from ttskit_fastpitch.layers import regulate, token_means, whole_frames
from ttskit_fastpitch.loss import binarization, forward_sum
from ttskit_fastpitch.model import FastPitch, Spoken

_SHARED = Path(__file__).resolve().parents[3] / "shared"
PARITY = Path(os.environ.get("TTSKIT_PARITY", _SHARED / "parity"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", _SHARED / "parity_nemo"))


def _cases(wanted) -> list:
    """Folders of PARITY whose case satisfies `wanted`; one skipped parameter says what is missing."""
    found = [p.parent for p in sorted(PARITY.glob("*/case.json")) if wanted(json.loads(p.read_text(encoding="utf-8")))]
    if found:
        return [pytest.param(folder, id=folder.name) for folder in found]
    return [pytest.param(None, marks=pytest.mark.skip(reason=f"no such case in {PARITY} (set TTSKIT_PARITY)"))]


DLE = _cases(lambda case: "symbols_embedding_dim" in case.get("config", {}))
DLE_FILES = _cases(lambda case: "symbols_embedding_dim" in case.get("config", {}) and "checkpoint_file" in case)
PIECES = _cases(lambda case: "mas" in case.get("spec", {}))


def _nemo_cases(kinds: tuple[str, ...]) -> list:
    file = NEMO / "cases.json"
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no {file} (set TTSKIT_PARITY_NEMO)"))]
    cases = json.loads(file.read_text(encoding="utf-8"))["cases"]
    return [name for name, case in cases.items() if case["kind"] in kinds]


class Case:
    """A folder's case, its arrays, and comparison with the case's own tolerances."""

    def __init__(self, folder: Path) -> None:
        self.json = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        self.inputs = {k: torch.from_numpy(v) for k, v in np.load(folder / "inputs.npz").items()}
        self.outputs = {k: torch.from_numpy(np.asarray(v)) for k, v in np.load(folder / "outputs.npz").items()}

    def same(self, name: str, ours: Tensor) -> None:
        facts, theirs = self.json["outputs"][name], self.outputs[name]
        assert ours.shape == theirs.shape, f"{name}: {tuple(ours.shape)} against {tuple(theirs.shape)}"
        if facts.get("exact"):
            assert torch.equal(ours.long(), theirs.long()), name
        else:
            close(name, ours, theirs, facts["atol"], facts.get("rtol", 0.0))


def close(name: str, ours: Tensor, theirs: Tensor, atol: float, rtol: float = 0.0) -> None:
    error = (ours.detach().double() - theirs.detach().double()).abs()
    worst = float((error - rtol * theirs.detach().double().abs()).max().detach())
    assert worst <= atol, f"{name}: off by {float(error.max()):.3g}, allowed {atol:g}"


def context(symbols: int, pad: int, speakers: int, bands: int, rate: int = 22_050) -> ModelContext:
    names = tuple("<pad>" if i == pad else f"s{i}" for i in range(symbols))
    speaker_names = tuple(str(i) for i in range(speakers))
    return ModelContext(MelConfig(bands=bands, sample_rate_hz=rate), SymbolTable(names, "<pad>"), SpeakerTable(speaker_names),
                        {name: PitchStats(214.72203, 65.72038) for name in speaker_names})


# -- DeepLearningExamples


@lru_cache(maxsize=2)
def dle_model(folder: Path) -> tuple[Case, FastPitch]:
    case = Case(folder)
    spec = importlib.util.spec_from_file_location("parity_fill", PARITY / "fill.py")
    fill = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill)
    config = case.json["config"]
    where = context(config["n_symbols"], config["padding_idx"], config["n_speakers"], config["n_mel_channels"])
    model = FastPitch(dle_options(config, padding="reference"), where)
    state = fill.fill_state(case.json["params"], case.json["salt"], case.json["overrides"])
    model.load_state_dict(from_dle({name: torch.from_numpy(value) for name, value in state.items()}).state)
    return case, model.eval()


@pytest.mark.parametrize("folder", DLE_FILES)
def test_nvidia_file_holds_the_same_model(folder: Path):
    """The `.pt` as published: configuration and tensors in it give the model of the case; the EMA weights fit too."""
    case, model = dle_model(folder)
    file = torch.load(folder / case.json["checkpoint_file"]["file"], map_location="cpu", weights_only=True)
    assert dle_options(file["config"], padding="reference") == model.options
    state = from_dle(file["state_dict"]).state
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    if file.get("ema_state_dict"):
        averaged = from_dle({f"module.{name}": value for name, value in file["ema_state_dict"].items()}).state
        FastPitch(model.options, model.context).load_state_dict(averaged)


def dle_input(case: Case, speaker: int | None) -> AcousticInput:
    text = case.inputs["text"]
    lengths = (text != case.json["config"]["padding_idx"]).sum(1)
    return AcousticInput(text, lengths, None if speaker is None else torch.full((text.shape[0],), speaker))


def dle_speak(case: Case, model: FastPitch, run: dict) -> Spoken:
    """One of the case's inference runs."""
    std = float(case.json["overrides"].get("pitch_std", 0.0)) or 67.24
    change = run.get("pitch_transform") or {}

    def transform(pitch: Tensor) -> Tensor:
        pitch = pitch * 0.0 if change.get("flatten") else pitch
        pitch = -pitch if change.get("invert") else pitch
        return pitch * change.get("amplify", 1.0) + change.get("shift_hz", 0.0) / std

    controls = Controls(
        pace=run.get("pace", 1.0),
        durations=case.inputs[run["dur_tgt"]] if "dur_tgt" in run else None,
        pitch_values=case.inputs[run["pitch_tgt"]][:, 0] if "pitch_tgt" in run else None,
    )
    return model.speak(dle_input(case, run.get("speaker")), controls, transform if change else None)


@pytest.mark.parametrize("folder", DLE)
def test_inference_equals_nvidia(folder: Path):
    case, model = dle_model(folder)
    for run in case.json["infer"]:
        spoken, name = dle_speak(case, model, run), run["name"]
        case.same(f"{name}_mel_lengths", spoken.lengths)
        case.same(f"{name}_mel", spoken.mel)
        case.same(f"{name}_durations", spoken.durations)
        case.same(f"{name}_pitch", spoken.predicted_pitch[:, None])
        if spoken.energy is not None:
            case.same(f"{name}_energy", spoken.energy)
    first = case.json["infer"][0]
    case.same("encoder_out", dle_speak(case, model, first).encoded)


def dle_batch(case: Case) -> tuple[AcousticBatch, Tensor]:
    given = {name.removeprefix("fwd_"): value for name, value in case.inputs.items() if name.startswith("fwd_")}
    rows = given["text"].shape[0]
    batch = AcousticBatch(
        tuple(str(i) for i in range(rows)), given["text"], given["text_lengths"], given["mel_target"], given["mel_lengths"],
        given.get("speaker", torch.zeros(rows, dtype=torch.int64)), given["pitch_target"][:, 0], given.get("energy_target"),
    )  # fmt: skip
    return batch, given["attn_prior"]


@pytest.mark.parametrize("folder", DLE)
def test_training_equals_nvidia(folder: Path):
    """Teacher-forced values, each loss term, and the gradient norm of every parameter."""
    case, model = dle_model(folder)
    batch, prior = dle_batch(case)
    model.zero_grad()
    out = model(batch, prior)
    extra = out.extra
    case.same("fwd_mel_out", out.mel.transpose(1, 2))
    case.same("fwd_dec_mask", extra["frame_mask"])
    case.same("fwd_log_dur_pred", extra["log_durations"])
    case.same("fwd_dur_pred", torch.expm1(extra["log_durations"]).clamp(0, model.options.max_duration))
    case.same("fwd_pitch_pred", extra["pitch"][:, None])
    case.same("fwd_pitch_tgt", extra["pitch_target"][:, None])
    if "energy" in extra:
        case.same("fwd_energy_pred", extra["energy"])
        case.same("fwd_energy_tgt", extra["energy_target"])
    case.same("fwd_attn_soft", out.alignment[:, None])
    case.same("fwd_attn_logprob", extra["log_scores"][:, None])
    case.same("fwd_attn_hard_dur", extra["durations"].float())
    path = torch.nn.functional.one_hot(extra["token_of_frame"], batch.tokens.shape[1]).float() * extra["frame_mask"]
    case.same("fwd_attn_hard", path[:, None])

    losses = model.loss(out, batch, TrainState(step=0, epoch=case.json["loss"]["epoch"] - 1, total_steps=1))
    names = {"mel": "mel_loss", "duration": "duration_predictor_loss", "pitch": "pitch_loss", "energy": "energy_loss",
             "forward_sum": "attn_loss", "binarization": "kl_unweighted"}  # fmt: skip
    for name, term in losses.terms.items():
        case.same(f"loss_{names[name]}", term.mean.detach())
    assert losses.terms["binarization"].weight == pytest.approx(case.json["loss"]["kl_weight"])
    case.same("loss_total", losses.total)

    losses.total.backward()
    ours = dict(model.named_parameters())
    named = from_dle({n: torch.tensor(i) for i, n in enumerate(case.json["grad_norm_names"])}).state
    assert set(named) == set(ours)
    norms = torch.stack([ours[name].grad.norm() for name in named])
    facts = case.json["outputs"]["grad_norms"]
    close("grad_norms", norms, case.outputs["grad_norms"][torch.stack(list(named.values()))], facts["atol"], facts["rtol"])


# -- the pieces of the aligner


@pytest.mark.parametrize("folder", PIECES)
def test_priors(folder: Path):
    case = Case(folder)
    forms = {"prior": PriorOptions(support="dropped"),
             "interp": PriorOptions(form="interpolated", support="dropped", round_frames=100, round_tokens=20)}  # fmt: skip
    names = [n for n in case.outputs if n.startswith(("prior_", "interp_"))]
    assert names
    for name in names:
        sizes = {kind: int(number) for kind, number in re.findall(r"(text|mel)(\d+)", name)}
        ours = prior_matrix(torch.tensor([sizes["text"]]), torch.tensor([sizes["mel"]]), forms[name.split("_")[0]])
        case.same(name, ours[0])


@pytest.mark.parametrize("folder", PIECES)
def test_forward_sum_and_binarization(folder: Path):
    case = Case(folder)
    names = sorted({m[1] for n in case.inputs if (m := re.match(r"(ctc\d+)_", n))})
    assert names
    for name in names:
        given = (case.inputs[f"{name}_{part}"] for part in ("attn_logprob", "text_lengths", "mel_lengths"))
        scores, tokens, frames = given
        each = forward_sum(scores[:, 0], tokens, frames)
        case.same(f"{name}_loss_each", each)
        case.same(f"{name}_loss", each.mean())
    soft, hard = case.inputs["bin_soft"][:, 0], case.inputs["bin_hard"][:, 0]
    real = hard.sum(2) > 0
    case.same("bin_loss", binarization(soft.log(), hard.argmax(2), real) / hard.sum())


@pytest.mark.parametrize("folder", PIECES)
def test_monotonic_alignment(folder: Path):
    case = Case(folder)
    names = [n.removesuffix("_logp") for n in case.inputs if re.fullmatch(r"mas.*_logp", n)]
    assert names
    for name in names:
        scores, hard = case.inputs[f"{name}_logp"], case.outputs[f"{name}_hard"]
        path = monotonic_path(scores[None], torch.tensor([scores.shape[1]]), torch.tensor([scores.shape[0]]))
        case.same(f"{name}_hard", torch.repeat_interleave(torch.eye(hard.shape[1]), path[0], dim=0))
    tokens, frames = case.inputs["bmas_text_lengths"], case.inputs["bmas_mel_lengths"]
    scores = case.inputs["bmas_logp"][:, 0]
    scores = scores.masked_fill(torch.arange(scores.shape[2])[None, None] >= tokens[:, None, None], float("-inf"))
    durations = monotonic_path(scores, tokens, frames)
    assert torch.equal(durations, case.outputs["bmas_hard"][:, 0].sum(1).long())
    for row, expected in zip(durations, case.outputs["bmas_hard"][:, 0], strict=True):
        path = torch.repeat_interleave(torch.eye(scores.shape[2]), row, dim=0)
        assert torch.equal(path.long(), expected[: path.shape[0]].long())


@pytest.mark.parametrize("folder", PIECES)
def test_pitch_averaging_and_regulation(folder: Path):
    case = Case(folder)
    durations = case.inputs["avg_durs"].long()
    for name in ("avg_pitch", "avg_pitch_2formants"):
        case.same(f"{name}_out", token_means(case.inputs[name], durations))
    states = case.inputs["reg_enc"]
    runs = [n.removeprefix("reg_out_") for n in case.outputs if n.startswith("reg_out_")]
    for run in runs:
        pace = float(run.removeprefix("pace")) if run.startswith("pace") else 1.0
        limit = int(run.removeprefix("max")) if run.startswith("max") else None
        frames = whole_frames(case.inputs["reg_durs"], pace)
        case.same(f"reg_out_{run}", regulate(states, frames, limit))
        lengths = frames.sum(1) if limit is None else frames.sum(1).clamp_max(limit)
        case.same(f"reg_lengths_{run}", lengths)


# -- NeMo


@lru_cache(maxsize=1)
def nemo_archive() -> tuple[dict, dict[str, Tensor]]:
    """The archive's configuration and weights; the FastPitch among the folder's archives is found by its target."""
    for file in sorted(NEMO.glob("*.nemo")):
        with tarfile.open(file) as archive:
            members = {m.name.removeprefix("./"): m for m in archive.getmembers() if m.isfile()}
            config = yaml.safe_load(archive.extractfile(members["model_config.yaml"]).read())
            if str(config.get("target", "")).endswith("FastPitchModel"):
                weights = io.BytesIO(archive.extractfile(members["model_weights.ckpt"]).read())
                return config, torch.load(weights, map_location="cpu", weights_only=True)
    raise AssertionError(f"no FastPitch archive in {NEMO}")


@lru_cache(maxsize=1)
def nemo_arrays() -> tuple[dict[str, dict[str, Tensor]], dict[str, dict[str, Tensor]]]:
    grouped = []
    for file in ("fastpitch_inputs.npz", "fastpitch_outputs.npz"):
        cases: dict[str, dict[str, Tensor]] = {}
        for name, value in np.load(NEMO / file).items():
            case, _, array = name.partition("/")
            cases.setdefault(case, {})[array] = torch.from_numpy(np.asarray(value))
        grouped.append(cases)
    return grouped[0], grouped[1]


def nemo_model(note: str = "", **changes: object) -> FastPitch:
    """The archive's model, with the change that a case's note tells."""
    config, weights = nemo_archive()
    config, weights = dict(config), dict(weights)
    for key, value in re.findall(r"config (\w+)=(\d+)", note):
        config[key] = int(value)
    for name, value in re.findall(r"(\S+) replaced by ([\d.]+)", note):
        weights[name] = torch.full_like(weights[name], float(value))
    symbols = weights["fastpitch.encoder.word_emb.weight"].shape[0]
    where = context(symbols, symbols - 2, config["n_speakers"], config["n_mel_channels"], config["sample_rate"])
    model = FastPitch(nemo_options(config, **changes), where)
    model.load_state_dict(from_nemo(weights).state)
    return model.eval()


def nemo_input(given: dict[str, Tensor], model: FastPitch) -> AcousticInput:
    lengths = (given["tokens"] != model.context.symbols.pad_id).sum(1)
    return AcousticInput(given["tokens"], lengths, given["speaker"])


@pytest.mark.parametrize("name", _nemo_cases(("forward", "infer")))
def test_inference_equals_nemo(name: str):
    note = json.loads((NEMO / "cases.json").read_text(encoding="utf-8"))["cases"][name].get("note", "")
    model = nemo_model(note, padding="reference")
    given, expected = nemo_arrays()[0][name], nemo_arrays()[1][name]
    controls = Controls(pace=float(given["pace"]), durations=given.get("durs"), pitch_values=given.get("pitch"))
    shift = given.get("pitch_shift")
    spoken = model.speak(nemo_input(given, model), controls, None if shift is None else lambda pitch: pitch + shift)
    assert torch.equal(spoken.lengths, expected["num_frames"])
    assert torch.equal(spoken.frames, expected["frames_per_token"])
    close("mel", spoken.mel, expected["mel"], 1e-4)
    close("log durations", spoken.log_durations, expected["log_durs"], 1e-4)
    close("encoder", spoken.encoded, expected["enc_out"], 1e-4)
    if "durs" not in given:
        close("durations", spoken.durations, expected["durs"], 1e-4)
    if shift is None:
        close("pitch", spoken.predicted_pitch, expected["pitch"], 1e-4)


def nemo_batch(given: dict[str, Tensor]) -> AcousticBatch:
    ids = tuple(str(i) for i in range(len(given["tokens"])))
    text, mel = (given["tokens"], given["token_lens"]), (given["mel"], given["mel_lens"])
    return AcousticBatch(ids, *text, *mel, given["speaker"], given["pitch"])


@pytest.mark.parametrize("name", _nemo_cases(("teacher_forced",)))
def test_training_equals_nemo(name: str):
    model = nemo_model(padding="reference")
    given, expected = nemo_arrays()[0][name], nemo_arrays()[1][name]
    batch = nemo_batch(given)
    own_prior = model(batch)  # the options' own prior is the archive's: the interpolated one
    out = model(batch, given["attn_prior"])
    close("prior", own_prior.alignment, out.alignment, 1e-3)
    extra = out.extra
    close("mel", out.mel, expected["mel"], 1e-4)
    close("log durations", extra["log_durations"], expected["log_durs"], 1e-4)
    close("pitch", extra["pitch"], expected["pitch_pred"], 1e-4)
    close("pitch target", extra["pitch_target"], expected["pitch_avg"], 1e-4)
    close("soft", out.alignment, expected["attn_soft"][:, 0], 1e-4)
    close("scores", extra["log_scores"], expected["attn_logprob"][:, 0], 1e-4)
    assert torch.equal(extra["durations"], expected["hard_durs"].long())
    losses = model.loss(out, batch, TrainState(0, 0, 1))
    assert losses.terms["binarization"].weight == 0.0
    weighted = {"mel": "mel_loss", "duration": "dur_loss", "pitch": "pitch_loss", "forward_sum": "ctc_loss"}
    for term, theirs in weighted.items():
        value = losses.terms[term].mean * losses.terms[term].weight
        close(term, value, expected[f"loss/{theirs}"], 0.0, 1e-4)
    close("binarization", losses.terms["binarization"].mean, expected["loss/bin_loss_unweighted"], 0.0, 1e-4)


@pytest.mark.skipif(not (NEMO / "mel_pitch_golden.npz").exists(), reason=f"no mel_pitch_golden.npz in {NEMO}")
def test_priors_equal_nemo():
    golden = {k: v for k, v in np.load(NEMO / "mel_pitch_golden.npz").items() if k.startswith("prior/")}
    assert golden
    for name, expected in golden.items():
        form, frames, tokens = re.fullmatch(r"prior/(\w+)_(\d+)x(\d+)", name).groups()
        options = PriorOptions(form={"interp": "interpolated"}.get(form, form))
        ours = prior_matrix(torch.tensor([int(tokens)]), torch.tensor([int(frames)]), options)
        close(name, ours[0], torch.from_numpy(expected), 1e-3)


@pytest.mark.skipif(not (NEMO / "fullsize_state_dict_shapes.json").exists(), reason=f"no full-size shapes in {NEMO}")
def test_full_size_names_and_shapes_fit():
    shapes = json.loads((NEMO / "fullsize_state_dict_shapes.json").read_text(encoding="utf-8"))
    found = next(v["keys"] for v in shapes.values() if "fastpitch.encoder.word_emb.weight" in v["keys"])
    state = from_nemo({name: torch.empty(entry[0], device="meta") for name, entry in found.items()}).state
    symbols, speakers = state["embedding.weight"].shape[0], state["speaker_embedding.weight"].shape[0]
    with torch.device("meta"):
        model = FastPitch(FastPitchOptions(energy=False), context(symbols, symbols - 2, speakers, 80))
    assert {k: v.shape for k, v in model.state_dict().items()} == {k: v.shape for k, v in state.items()}


# -- masked padding: what the public implementations do not have


def _alone(batch: AcousticBatch, row: int) -> AcousticBatch:
    n, t, one = int(batch.token_lengths[row]), int(batch.mel_lengths[row]), slice(row, row + 1)
    cut = {name: getattr(batch, name)[one, :t] for name in ("pitch", "energy") if getattr(batch, name) is not None}
    return replace(batch, ids=(batch.ids[row],), tokens=batch.tokens[one, :n], token_lengths=batch.token_lengths[one],
                   mel=batch.mel[one, :, :t], mel_lengths=batch.mel_lengths[one],
                   speaker=batch.speaker[one], **cut)  # fmt: skip


def _same_outputs(whole: Outputs, alone: Outputs, row: int) -> None:
    n, t = alone.alignment.shape[2], alone.mel.shape[2]
    assert torch.equal(whole.extra["durations"][row, :n], alone.extra["durations"][0])
    assert not whole.alignment[row, :, n:].any()
    close("mel", whole.mel[row, :, :t], alone.mel[0], 1e-4)
    close("alignment", whole.alignment[row, :t, :n], alone.alignment[0], 1e-4)
    close("log durations", whole.extra["log_durations"][row, :n], alone.extra["log_durations"][0], 1e-4)
    close("pitch", whole.extra["pitch"][row, :n], alone.extra["pitch"][0], 1e-4)


def _check_rows(model: FastPitch, inputs: AcousticInput, controls: Controls, batch: AcousticBatch) -> None:
    whole = model.infer(inputs, controls)
    for row in range(inputs.tokens.shape[0]):
        n = int(inputs.lengths[row])
        speaker = None if inputs.speaker is None else inputs.speaker[row : row + 1]
        one = AcousticInput(inputs.tokens[row : row + 1, :n], inputs.lengths[row : row + 1], speaker)
        alone = model.infer(one, controls)
        cut = whole.row(row)
        assert torch.equal(cut.lengths, alone.lengths)
        assert torch.equal(cut.durations[:, :n], alone.durations)
        close("mel", cut.mel, alone.mel, 1e-4)
        close("pitch", cut.pitch[:, :n], alone.pitch, 1e-4)
        assert bool((whole.mel[row, :, int(alone.lengths[0]) :] == model.floor).all())
    out = model(batch)
    for row in range(batch.tokens.shape[0]):
        _same_outputs(out, model(_alone(batch, row)), row)


@pytest.mark.parametrize("folder", DLE)
def test_masked_rows_equal_single_runs(folder: Path):
    case, reference = dle_model(folder)
    model = FastPitch(reference.options.model_copy(update={"padding": "masked"}), reference.context)
    model.load_state_dict(reference.state_dict())
    several = len(model.context.speakers) > 1
    inputs = dle_input(case, len(model.context.speakers) - 1 if several else None)
    with torch.no_grad():
        _check_rows(model.eval(), inputs, Controls(pace=1.1, pitch=2.0), dle_batch(case)[0])


@pytest.mark.parametrize("name", _nemo_cases(("teacher_forced",)))
def test_masked_rows_equal_single_runs_nemo(name: str):
    model = nemo_model(padding="masked")
    given = nemo_arrays()[0][name]
    batch = nemo_batch(given)
    with torch.no_grad():
        _check_rows(model, AcousticInput(batch.tokens, batch.token_lengths, batch.speaker), Controls(pitch=-1.0), batch)
