"""FastPitch against the public implementations (NVIDIA DeepLearningExamples and NeMo).

Cases are found by the files in `TTSKIT_PARITY` and `TTSKIT_PARITY_NEMO` (default: `../shared/parity` and
`../shared/parity_nemo` beside the checkout); models are built from the hyper-parameters in the case, and every
array that a case stores is compared: one that no test knows fails.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.corpus.batches import normalised_pitch
from ttskit.interfaces import AcousticBatch, AcousticInput, Controls, ModelContext, Outputs, PitchStats, TrainState
from ttskit.nn import binarization_loss, forward_sum_loss, monotonic_durations, regulate, token_means, whole_frames
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit_fastpitch.aligner import prior_matrix
from ttskit_fastpitch.checkpoints import from_dle, from_nemo, nemo_options, options_from_dle
from ttskit_fastpitch.config import FastPitchOptions, PriorOptions
from ttskit_fastpitch.model import FastPitch

_SHARED = Path(__file__).resolve().parents[3] / "shared"
PARITY = Path(os.environ.get("TTSKIT_PARITY", _SHARED / "parity"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", _SHARED / "parity_nemo"))

Transform = Callable[[Tensor], Tensor]


def _cases(wanted) -> list:
    """Folders of PARITY whose case satisfies `wanted`; one skipped parameter says what is missing."""
    found = [p.parent for p in sorted(PARITY.glob("*/case.json")) if wanted(json.loads(p.read_text(encoding="utf-8")))]
    if found:
        return [pytest.param(folder, id=folder.name) for folder in found]
    return [pytest.param(None, marks=pytest.mark.skip(reason=f"no such case in {PARITY} (set TTSKIT_PARITY)"))]


DLE = _cases(lambda case: "symbols_embedding_dim" in case.get("config", {}))
DLE_FILES = _cases(lambda case: "symbols_embedding_dim" in case.get("config", {}) and "checkpoint_file" in case)
PIECES = _cases(lambda case: "mas" in case.get("spec", {}))


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

    def all_same(self, names: list[str], ours: dict[str, Tensor]) -> None:
        """Every stored array of these names."""
        for name in names:
            assert name in ours, f"{name} is stored, but nothing here computes it"
            self.same(name, ours[name])


def close(name: str, ours: Tensor, theirs: Tensor, atol: float, rtol: float = 0.0) -> None:
    answered = ~torch.isnan(theirs)  # upstream gives NaN for a row without a single frame
    ours, theirs = ours[answered], theirs[answered]
    error = (ours.detach().double() - theirs.detach().double()).abs()
    worst = float((error - rtol * theirs.detach().double().abs()).max().detach()) if error.numel() else 0.0
    assert worst <= atol, f"{name}: off by {float(error.max()):.3g}, allowed {atol:g}"


def context(symbols: int, pad: int, speakers: int, bands: int, rate: int = 22_050) -> ModelContext:
    names = tuple("<pad>" if i == pad else f"s{i}" for i in range(symbols))
    speaker_names = tuple(str(i) for i in range(speakers))
    return ModelContext(
        MelConfig(bands=bands, sample_rate_hz=rate),
        SymbolTable(names, "<pad>"),
        SpeakerTable(speaker_names),
        {name: PitchStats(214.72203, 65.72038) for name in speaker_names},
    )


# -- DeepLearningExamples

SPOKEN = ("mel", "mel_lengths", "durations", "pitch", "energy")
FACTS = ("upstream_grad_is_nan",)  # what a case tells about upstream, not what a model computes


@lru_cache(maxsize=1)
def _fill():
    spec = importlib.util.spec_from_file_location("parity_fill", PARITY / "fill.py")
    fill = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill)
    return fill


def filled(case: dict, salt: str = "salt") -> dict[str, Tensor]:
    state = _fill().fill_state(case["params"], case.get(salt, salt), case["overrides"])
    return {name: torch.from_numpy(np.asarray(value)) for name, value in state.items()}


@lru_cache(maxsize=2)
def dle_model(folder: Path, padding: str = "reference") -> tuple[Case, FastPitch]:
    case = Case(folder)
    config = case.json["config"]
    where = context(config["n_symbols"], config["padding_idx"], max(1, config["n_speakers"]), config["n_mel_channels"])
    options = {**options_from_dle(config, case.json.get("loss")), "padding": padding}
    model = FastPitch(FastPitchOptions.model_validate(options), where)
    model.load_state_dict(from_dle(filled(case.json)).state)
    return case, model.eval()


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


def dle_inputs(case: Case, run: dict) -> tuple[AcousticInput, Controls, Transform | None]:
    """What one of the case's inference runs is given."""
    text = case.inputs["text"]
    lengths = (text != case.json["config"]["padding_idx"]).sum(1)
    speaker = None if run.get("speaker") is None else torch.as_tensor(run["speaker"]).expand(len(text)).clone()
    std = float(filled(case.json)["pitch_std"]) or 67.24
    change = run.get("pitch_transform") or {}
    assert set(change) <= {"flatten", "invert", "amplify", "shift_hz"}, change

    def transform(pitch: Tensor) -> Tensor:
        pitch = pitch * 0.0 if change.get("flatten") else pitch
        pitch = -pitch if change.get("invert") else pitch
        return pitch * change.get("amplify", 1.0) + change.get("shift_hz", 0.0) / std

    controls = Controls(
        pace=run.get("pace", 1.0),
        durations=case.inputs[run["dur_tgt"]] if "dur_tgt" in run else None,
        pitch_values=case.inputs[run["pitch_tgt"]][:, 0] if "pitch_tgt" in run else None,
    )
    return AcousticInput(text, lengths, speaker), controls, transform if change else None


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


def dle_batch(case: Case) -> tuple[AcousticBatch, Tensor | None]:
    given = {name.removeprefix("fwd_"): value for name, value in case.inputs.items() if name.startswith("fwd_")}
    rows = given["text"].shape[0]
    batch = AcousticBatch(
        tuple(str(i) for i in range(rows)),
        given["text"],
        given["text_lengths"],
        given["mel_target"],
        given["mel_lengths"],
        given.get("speaker", torch.zeros(rows, dtype=torch.int64)),
        given["pitch_target"][:, 0],
        given.get("energy_target"),
    )
    return batch, given.get("attn_prior")


@pytest.mark.parametrize("folder", DLE)
def test_training_equals_nvidia(folder: Path):
    """Teacher-forced values, each loss term, and the gradient norm of every parameter."""
    case, model = dle_model(folder)
    batch, prior = dle_batch(case)
    model.zero_grad()
    out = model(batch, prior)
    extra = out.extra
    predicted = torch.expm1(extra["log_durations"]).clamp(model.options.min_duration, model.options.max_duration)
    path = torch.nn.functional.one_hot(extra["token_of_frame"], batch.tokens.shape[1]).float() * extra["frame_mask"]
    ours = {
        "mel_out": out.mel.transpose(1, 2),
        "dec_mask": extra["frame_mask"],
        "log_dur_pred": extra["log_durations"],
        "dur_pred": predicted,
        "pitch_pred": extra["pitch"][:, None],
        "pitch_tgt": extra["pitch_target"][:, None],
        "attn_soft": out.alignment[:, None],
        "attn_logprob": extra["log_scores"][:, None],
        "attn_hard_dur": extra["durations"].float(),
        "attn_hard": path[:, None],
    }
    if "energy" in extra:
        ours |= {"energy_pred": extra["energy"], "energy_tgt": extra["energy_target"]}
    case.all_same([n for n in case.outputs if n.startswith("fwd_")], {f"fwd_{n}": value for n, value in ours.items()})

    losses = model.loss(out, batch, TrainState(step=0, epoch=case.json["loss"]["epoch"] - 1, total_steps=1))
    names = {
        "mel": "mel_loss",
        "duration": "duration_predictor_loss",
        "pitch": "pitch_loss",
        "energy": "energy_loss",
        "forward_sum": "attn_loss",
        "binarization": "kl_unweighted",
    }
    ours = {f"loss_{names[name]}": term.mean for name, term in losses.terms.items()}
    ours["loss_total"] = losses.total
    ours["loss_without_kl"] = losses.total - losses.terms["binarization"].mean * losses.terms["binarization"].weight
    errors = (predicted - extra["durations"]).abs().sum()  # a figure that upstream logs: padding's predictions are in it
    ours["loss_dur_error"] = errors / batch.token_lengths.sum()
    assert losses.terms["binarization"].weight == pytest.approx(case.json["loss"]["kl_weight"])
    case.all_same([n for n in case.outputs if n.startswith("loss_")], ours)

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
    forms = {
        "prior": PriorOptions(support="dropped"),
        "interp": PriorOptions(form="interpolated", support="dropped", round_frames=100, round_tokens=20),
    }
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
        each = forward_sum_loss(scores[:, 0], tokens, frames)
        case.same(f"{name}_loss_each", each)
        case.same(f"{name}_loss", each.mean())
    soft, hard = case.inputs["bin_soft"][:, 0], case.inputs["bin_hard"][:, 0]
    real = hard.sum(2) > 0
    case.same("bin_loss", binarization_loss(soft.log(), hard.argmax(2), real) / hard.sum())


@pytest.mark.parametrize("folder", PIECES)
def test_monotonic_alignment(folder: Path):
    case = Case(folder)
    names = [n.removesuffix("_logp") for n in case.inputs if re.fullmatch(r"mas.*_logp", n)]
    assert names
    for name in names:
        scores, hard = case.inputs[f"{name}_logp"], case.outputs[f"{name}_hard"]
        path = monotonic_durations(scores[None], torch.tensor([scores.shape[1]]), torch.tensor([scores.shape[0]]))
        case.same(f"{name}_hard", torch.repeat_interleave(torch.eye(hard.shape[1]), path[0], dim=0))
    tokens, frames = case.inputs["bmas_text_lengths"], case.inputs["bmas_mel_lengths"]
    scores = case.inputs["bmas_logp"][:, 0]
    scores = scores.masked_fill(torch.arange(scores.shape[2])[None, None] >= tokens[:, None, None], float("-inf"))
    durations = monotonic_durations(scores, tokens, frames)
    assert torch.equal(durations, case.outputs["bmas_hard"][:, 0].sum(1).long())
    for row, expected in zip(durations, case.outputs["bmas_hard"][:, 0], strict=True):
        path = torch.repeat_interleave(torch.eye(scores.shape[2]), row, dim=0)
        assert torch.equal(path.long(), expected[: path.shape[0]].long())


@pytest.mark.parametrize("folder", PIECES)
def test_pitch_averaging_and_regulation(folder: Path):
    case = Case(folder)
    durations = case.inputs["avg_durs"].long()
    for name in [n.removesuffix("_out") for n in case.outputs if n.startswith("avg_")]:
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


@pytest.mark.parametrize("folder", PIECES)
def test_pitch_normalisation(folder: Path):
    case = Case(folder)
    mean, std = re.search(r"mean ([\d.]+), std ([\d.]+)", " ".join(case.json["notes"])).groups()
    for name in [n for n in case.inputs if n.startswith("norm_")]:
        case.same(f"{name}_out", normalised_pitch(case.inputs[name], PitchStats(float(mean), float(std))))


@pytest.mark.parametrize("folder", PIECES)
def test_every_stored_piece_has_its_test(folder: Path):
    known = r"(prior|interp)_\w+|ctc\d+_loss(_each)?|bin_loss|b?mas\w*_hard|avg_\w+_out|reg_(out|lengths)_\S+|norm_\w+_out"
    assert [name for name in Case(folder).outputs if not re.fullmatch(known, name)] == []


# -- NeMo


@lru_cache(maxsize=1)
def nemo_archives() -> dict[str, tuple[dict, dict[str, Tensor]]]:
    """Name → configuration and weights of each FastPitch among the folder's archives, which its target tells."""
    found = {}
    for file in sorted(NEMO.glob("*.nemo")):
        with tarfile.open(file) as archive:
            members = {m.name.removeprefix("./"): m for m in archive.getmembers() if m.isfile()}
            config = yaml.safe_load(archive.extractfile(members["model_config.yaml"]).read())
            if str(config.get("target", "")).endswith("FastPitchModel"):
                weights = io.BytesIO(archive.extractfile(members["model_weights.ckpt"]).read())
                found[file.name] = config, torch.load(weights, map_location="cpu", weights_only=True)
    return found


@lru_cache(maxsize=1)
def nemo_facts() -> dict[str, dict]:
    return json.loads((NEMO / "cases.json").read_text(encoding="utf-8"))["cases"]


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


def nemo_cases(kinds: tuple[str, ...]) -> list:
    """(archive, case) pairs: the case's own archive if it names one, else every archive (of one model)."""
    if not (NEMO / "cases.json").exists():
        return [pytest.param(None, None, marks=pytest.mark.skip(reason=f"no {NEMO / 'cases.json'} (set TTSKIT_PARITY_NEMO)"))]
    archives = nemo_archives()
    assert archives, f"no FastPitch archive in {NEMO}"
    pairs = [
        (file, name)
        for name, facts in nemo_facts().items()
        if facts["kind"] in kinds
        for file in ([facts["archive"]] if "archive" in facts else archives)
    ]
    return [pytest.param(file, name, id=name if len(archives) == 1 else f"{file}-{name}") for file, name in pairs]


def nemo_model(archive: str, note: str = "", **changes: object) -> FastPitch:
    """The archive's model, with the change that a case's note tells."""
    config, weights = nemo_archives()[archive]
    config, weights = dict(config), dict(weights)
    for key, value in re.findall(r"config (\w+)=(\d+)", note):
        config[key] = int(value)
    for name, value in re.findall(r"(\S+) replaced by (-?[\d.]+)", note):
        weights[name] = torch.full_like(weights[name], float(value))
    embedding = weights["fastpitch.encoder.word_emb.weight"]
    zero = (embedding == 0).all(dim=1).nonzero()[:, 0].tolist()  # torch keeps the padding row at zero
    pad = zero[0] if len(zero) == 1 else len(embedding) - 2
    speakers = max(1, config.get("n_speakers", 1))
    where = context(len(embedding), pad, speakers, config["n_mel_channels"], config["sample_rate"])
    model = FastPitch(nemo_options(config, **changes), where)
    model.load_state_dict(from_nemo(weights).state)
    return model.eval()


def nemo_inputs(given: dict[str, Tensor], model: FastPitch) -> tuple[AcousticInput, Controls, Transform | None]:
    assert set(given) <= {"tokens", "speaker", "pace", "durs", "pitch", "pitch_shift"}, set(given)
    lengths = (given["tokens"] != model.context.symbols.pad_id).sum(1)
    pace = float(given["pace"]) if "pace" in given else 1.0
    controls = Controls(pace=pace, durations=given.get("durs"), pitch_values=given.get("pitch"))
    shift = given.get("pitch_shift")
    return AcousticInput(given["tokens"], lengths, given.get("speaker")), controls, None if shift is None else shift.__add__


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


def nemo_batch(given: dict[str, Tensor]) -> AcousticBatch:
    ids = tuple(str(i) for i in range(len(given["tokens"])))
    text, mel = (given["tokens"], given["token_lens"]), (given["mel"], given["mel_lens"])
    speaker = given.get("speaker", torch.zeros(len(ids), dtype=torch.int64))
    return AcousticBatch(ids, *text, *mel, speaker, given["pitch"], given.get("energy"))


@pytest.mark.parametrize(("archive", "name"), nemo_cases(("teacher_forced",)))
def test_training_equals_nemo(archive: str, name: str):
    model = nemo_model(archive, nemo_facts()[name].get("note", ""), padding="reference")
    given, expected = nemo_arrays()[0][name], nemo_arrays()[1][name]
    batch = nemo_batch(given)
    own_prior = model(batch)  # the options' own prior is the archive's: the interpolated one
    out = model(batch, given.get("attn_prior"))
    close("prior", own_prior.alignment, out.alignment, 1e-3)
    extra = out.extra
    losses = model.loss(out, batch, TrainState(0, 0, 1))
    assert losses.terms["binarization"].weight == 0.0
    weighted = {
        "mel": "mel_loss",
        "duration": "dur_loss",
        "pitch": "pitch_loss",
        "energy": "energy_loss",
        "forward_sum": "ctc_loss",
    }
    path = torch.nn.functional.one_hot(extra["token_of_frame"], batch.tokens.shape[1]) * extra["frame_mask"]
    exact = {"num_frames": extra["durations"].sum(1), "hard_durs": extra["durations"], "attn_hard": path[:, None]}
    near = {
        "mel": out.mel,
        "log_durs": extra["log_durations"],
        "pitch_pred": extra["pitch"],
        "pitch_avg": extra["pitch_target"],
        "attn_soft": out.alignment[:, None],
        "attn_logprob": extra["log_scores"][:, None],
        "energy_pred": extra.get("energy"),
        "energy_tgt": extra.get("energy_target"),
    }
    terms = {
        f"loss/{theirs}": losses.terms[term].mean * losses.terms[term].weight
        for term, theirs in weighted.items()
        if term in losses.terms
    }
    terms["loss/bin_loss_unweighted"] = losses.terms["binarization"].mean
    for what, theirs in expected.items():
        if what in exact:
            assert torch.equal(exact[what].long(), theirs.long()), what
        elif what in terms:
            close(what, terms[what], theirs, 0.0, 1e-4)
        else:
            close(what, near[what], theirs, 1e-4)


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


def _row(value: Tensor | float | None, row: int, n: int) -> Tensor | float | None:
    return value[row : row + 1, :n] if isinstance(value, Tensor) else value


def _check_spoken(
    model: FastPitch, alone: FastPitch, inputs: AcousticInput, controls: Controls, transform: Transform | None
) -> None:
    """Each row of a padded input, spoken by `model`, is what `alone` speaks of that row only."""
    whole = model.speak(inputs, controls, transform)
    for row, n in enumerate(inputs.lengths.tolist()):
        speaker = None if inputs.speaker is None else inputs.speaker[row : row + 1]
        one = AcousticInput(inputs.tokens[row : row + 1, :n], inputs.lengths[row : row + 1], speaker)
        cut = {name: _row(getattr(controls, name), row, n) for name in Controls.NEUTRAL}
        single = alone.speak(one, Controls(**cut), _cut(transform, row, n, inputs.tokens.shape))
        t = int(single.lengths[0])
        assert int(whole.lengths[row]) == t and torch.equal(whole.frames[row, :n], single.frames[0])
        close("mel", whole.mel[row, :, :t], single.mel[0], 1e-4)
        for name in ("durations", "log_durations", "pitch", "energy", "encoded"):
            if getattr(whole, name) is not None:
                close(name, getattr(whole, name)[row, :n], getattr(single, name)[0], 1e-4)


def _cut(transform: Transform | None, row: int, n: int, shape: torch.Size) -> Transform | None:
    """A transform of a whole batch's pitch, for one of its rows."""
    if transform is None:
        return None

    def change(pitch: Tensor) -> Tensor:
        whole = torch.zeros(shape)
        whole[row, :n] = pitch[0]
        return transform(whole)[row : row + 1, :n]

    return change


def _check_trained(model: FastPitch, alone: FastPitch, batch: AcousticBatch, prior: Tensor | None) -> None:
    """The same of the training pass, values and losses."""
    whole, state = model(batch, prior), TrainState(3, 3, 10)
    total = dict.fromkeys(model.loss(whole, batch, state).terms, 0.0)
    for row in range(len(batch.ids)):
        n, t, one = int(batch.token_lengths[row]), int(batch.mel_lengths[row]), slice(row, row + 1)
        cut = {name: getattr(batch, name)[one, :t] for name in ("pitch", "energy") if getattr(batch, name) is not None}
        single = replace(
            batch,
            ids=(batch.ids[row],),
            tokens=batch.tokens[one, :n],
            token_lengths=batch.token_lengths[one],
            mel=batch.mel[one, :, :t],
            mel_lengths=batch.mel_lengths[one],
            speaker=batch.speaker[one],
            **cut,
        )
        out: Outputs = alone(single, None if prior is None else prior[one, :t, :n])
        assert torch.equal(whole.extra["durations"][row, :n], out.extra["durations"][0])
        assert not whole.alignment[row, :, n:].any()
        close("mel", whole.mel[row, :, :t], out.mel[0], 1e-4)
        close("alignment", whole.alignment[row, :t, :n], out.alignment[0], 1e-4)
        for name in ("log_durations", "pitch", "pitch_target", "energy", "energy_target"):
            if name in out.extra:
                close(name, whole.extra[name][row, :n], out.extra[name][0], 1e-4)
        for name, term in model.loss(out, single, state).terms.items():
            total[name] += float(term.total)
    for name, term in model.loss(whole, batch, state).terms.items():
        assert float(term.total) == pytest.approx(total[name], rel=1e-4, abs=1e-4), name


@pytest.mark.parametrize("folder", DLE)
def test_masked_rows_equal_single_runs(folder: Path):
    """Every padded input of the case; a row alone is the same in both modes, so it is given to the reference."""
    case, reference = dle_model(folder)
    model = FastPitch(reference.options.model_copy(update={"padding": "masked"}), reference.context).eval()
    model.load_state_dict(reference.state_dict())
    with torch.no_grad():
        for run in case.json["infer"]:
            _check_spoken(model, reference, *dle_inputs(case, run))
        inputs = dle_inputs(case, case.json["infer"][0])[0]
        _check_spoken(model, model, inputs, Controls(pace=1.1, pitch=2.0, pitch_range=1.3), None)
        _check_trained(model, reference, *dle_batch(case))
        _check_trained(model, model, dle_batch(case)[0], None)


@pytest.mark.parametrize(("archive", "name"), nemo_cases(("forward", "infer")))
def test_masked_rows_equal_single_runs_nemo(archive: str, name: str):
    note = nemo_facts()[name].get("note", "")
    model, reference = (nemo_model(archive, note, padding=padding) for padding in ("masked", "reference"))
    with torch.no_grad():
        _check_spoken(model, reference, *nemo_inputs(nemo_arrays()[0][name], model))


@pytest.mark.parametrize(("archive", "name"), nemo_cases(("teacher_forced",)))
def test_masked_training_rows_equal_single_runs_nemo(archive: str, name: str):
    note = nemo_facts()[name].get("note", "")
    model, reference = (nemo_model(archive, note, padding=padding) for padding in ("masked", "reference"))
    given = nemo_arrays()[0][name]
    batch = nemo_batch(given)
    with torch.no_grad():
        _check_trained(model, reference, batch, given.get("attn_prior"))
        _check_trained(model, model, batch, None)
        _check_spoken(model, model, AcousticInput(batch.tokens, batch.token_lengths, batch.speaker), Controls(pitch=-1.0), None)
