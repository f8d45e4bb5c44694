"""The cases that FastPitch is compared with the public implementations on, and the models that they describe.

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
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.interfaces import AcousticBatch, AcousticInput, Controls, ModelContext, PitchStats
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit_fastpitch.checkpoints import from_dle, from_nemo, nemo_options, options_from_dle
from ttskit_fastpitch.config import FastPitchOptions
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


def nemo_batch(given: dict[str, Tensor]) -> AcousticBatch:
    ids = tuple(str(i) for i in range(len(given["tokens"])))
    text, mel = (given["tokens"], given["token_lens"]), (given["mel"], given["mel_lens"])
    speaker = given.get("speaker", torch.zeros(len(ids), dtype=torch.int64))
    return AcousticBatch(ids, *text, *mel, speaker, given["pitch"], given.get("energy"))
