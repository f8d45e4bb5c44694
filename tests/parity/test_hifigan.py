"""HiFi-GAN against outputs of the authors' code, NVIDIA DeepLearningExamples and NeMo.

Cases are found by what lies in `TTSKIT_PARITY` and `TTSKIT_PARITY_NEMO` (default: `../shared/parity` and
`../shared/parity_nemo` beside the checkout): folders whose case.json describes a generator or discriminators, and NeMo's
archives. Models are built from the numbers in the case, and every array that it stores is compared.
"""

from __future__ import annotations

import importlib.util
import json
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.importing import import_checkpoint, open_archive
from ttskit.nn import MultiPeriodDiscriminator, MultiScaleDiscriminator
from ttskit.nn import feature_matching_loss as feature_loss
from ttskit.nn import full_band_mel as loss_mel
from ttskit.nn import least_squares_fake as fake_loss
from ttskit.nn import least_squares_real as real_loss
from ttskit_hifigan.checkpoints import (
    discriminator_state,
    generator_state,
    load_state,
    options_from_config,
    read_checkpoint,
)
from ttskit_hifigan.fast.generator import CpuGenerator
from ttskit_hifigan.model import Generator

_BESIDE = Path(__file__).resolve().parents[3] / "shared"
PARITY = Path(os.environ.get("TTSKIT_PARITY", _BESIDE / "parity"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", _BESIDE / "parity_nemo"))
JUDGES = {"mpd": MultiPeriodDiscriminator, "msd": MultiScaleDiscriminator}
LITTLE = 1 / 32  # fresh discriminators, where a file has none


def folders(wanted) -> list:
    """Folders of PARITY whose case satisfies `wanted`; one skipped parameter says what is missing."""
    found = [p.parent for p in sorted(PARITY.glob("*/case.json")) if wanted(json.loads(p.read_text(encoding="utf-8")))]
    if found:
        return [pytest.param(folder, id=folder.name) for folder in found]
    return [pytest.param(None, marks=pytest.mark.skip(reason=f"no such case in {PARITY} (set TTSKIT_PARITY)"))]


def is_generator(case: dict) -> bool:
    return "upsample_rates" in case.get("config", {}) and "params" in case


GENERATORS = folders(is_generator)
FILES = folders(lambda case: is_generator(case) and case.get("checkpoint_files"))
DISCRIMINATORS = folders(lambda case: set(JUDGES) <= set(case.get("modules", {})))


class Case:
    """A folder's case, its arrays, and comparison with the case's own tolerances."""

    def __init__(self, folder: Path) -> None:
        self.facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        self.inputs = {k: torch.from_numpy(v) for k, v in np.load(folder / "inputs.npz").items()}
        self.outputs = {k: torch.from_numpy(np.asarray(v)) for k, v in np.load(folder / "outputs.npz").items()}
        self.compared: set[str] = set()

    def same(self, name: str, ours: torch.Tensor) -> None:
        facts, theirs = self.facts["outputs"][name], self.outputs[name]
        self.compared.add(name)
        assert ours.shape == theirs.shape, f"{name}: {tuple(ours.shape)} against {tuple(theirs.shape)}"
        if facts.get("exact"):
            assert torch.equal(ours.long(), theirs.long()), name
        else:
            torch.testing.assert_close(ours.detach(), theirs, rtol=0, atol=facts["atol"], msg=lambda m: f"{name}: {m}")

    def complete(self) -> None:
        """Every stored array was compared."""
        assert self.compared == set(self.outputs), f"not compared: {sorted(set(self.outputs) - self.compared)}"


def filled(params: list, salt: str, overrides: dict | None = None) -> dict[str, torch.Tensor]:
    """Weights by the rule that both sides fill with."""
    spec = importlib.util.spec_from_file_location("parity_fill", PARITY / "fill.py")
    fill = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fill)
    return {k: torch.from_numpy(np.array(v)) for k, v in fill.fill_state(params, salt, overrides).items()}


def folded(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What is left of weight norm after its removal."""
    result = {k: v for k, v in state.items() if not k.endswith(("weight_g", "weight_v"))}
    for name in state:
        if name.endswith("weight_g"):
            g, v = state[name], state[name[:-1] + "v"]
            result[name.removesuffix("_g")] = g * v / v.flatten(1).norm(dim=1).reshape(g.shape)
    return result


def torch_parametrized(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The names that torch's newer weight norm gives."""
    new = "parametrizations.weight.original"
    return {k.replace("weight_g", f"{new}0").replace("weight_v", f"{new}1"): v for k, v in state.items()}


def generator(config: dict, state: dict) -> Generator:
    named = generator_state(state)
    model = Generator(options_from_config(config).size(), named["conv_pre.weight_v"].shape[1])
    load_state(model, named)
    return model.eval()


@pytest.mark.parametrize("folder", GENERATORS)
def test_generator(folder):
    case = Case(folder)
    facts, mel = case.facts, case.inputs["mel"]
    state = filled(facts["params"], facts["salt"], facts["overrides"])
    for layout, output in ((state, "audio"), (torch_parametrized(state), "audio"), (folded(state), "audio_no_weight_norm")):
        model = generator(facts["config"], layout)
        assert {n: tuple(v.shape) for n, v in model.state_dict().items()} == {n: tuple(s) for n, s in facts["params"]}
        with torch.enable_grad():  # weight norm computed
            case.same(output, model(mel))
        with torch.no_grad():  # weight norm folded
            case.same(output, model(mel))
        case.same(output, CpuGenerator(model)(mel))
    case.complete()


@pytest.mark.parametrize("folder", FILES)
def test_checkpoint_files(folder, tmp_path):
    """Each of the public code bases' files, by name of its tensors and through the importer as people use it."""
    case = Case(folder)
    (tmp_path / "config.json").write_text(json.dumps(case.facts["config"]), encoding="utf-8")
    for file in case.facts["checkpoint_files"]:
        content = read_checkpoint(folder / file)
        own = content.get("config")
        with torch.no_grad():
            case.same("audio", generator(own or case.facts["config"], content)(case.inputs["mel"]))
        options = {} if own else {"config": tmp_path / "config.json"}
        done = import_checkpoint(folder / file, tmp_path / file, discriminator_scale=LITTLE, **options)
        speaker = done.run.load().model
        case.same("audio", speaker.infer(case.inputs["mel"])[:, None])
        config = case.facts["config"]
        if "hop_size" in config:
            mel = speaker.mel
            assert (mel.sample_rate_hz, mel.hop_samples, mel.fft_samples, mel.window_samples, mel.bands) == tuple(
                config[k] for k in ("sampling_rate", "hop_size", "n_fft", "win_size", "num_mels")
            )


@lru_cache(maxsize=1)
def judged(folder: Path):
    """Both discriminators with the case's weights, and what they say of real and synthetic audio."""
    case, models = Case(folder), {}
    for which, build in JUDGES.items():
        module = case.facts["modules"][which]
        state = filled(module["params"], module["salt"], module.get("overrides"))
        widest = max(v.shape[0] for v in state.values() if v.dim() > 2)
        models[which] = build(widest / 1024)
        load_state(models[which], discriminator_state({which: state}, which))
        models[which].eval()
    with torch.no_grad():
        said = {which: (model(case.inputs["y"]), model(case.inputs["y_hat"])) for which, model in models.items()}
    return case, models, said


def losses(real, fake) -> dict[str, torch.Tensor]:
    return {
        "disc_loss_real": real_loss(real),
        "disc_loss_fake": fake_loss(fake),
        "disc_loss": (real_loss(real) + fake_loss(fake)).sum(),
        "feature_loss": 2 * feature_loss(real, fake),
        "gen_loss": real_loss(fake).sum(),
        "gen_loss_each": real_loss(fake),
    }


@pytest.mark.parametrize("folder", DISCRIMINATORS)
def test_discriminators_and_losses(folder):
    case, models, said = judged(folder)
    for which in JUDGES:
        for i, (real, fake) in enumerate(zip(*said[which], strict=True)):
            case.same(f"{which}_{i}_real", real[-1].flatten(1))
            case.same(f"{which}_{i}_fake", fake[-1].flatten(1))
            case.same(f"{which}_{i}_fmap_shapes", torch.tensor([[*m.shape, *[1] * (4 - m.dim())] for m in real]))
            case.same(f"{which}_{i}_fmap_mean", torch.stack([m.mean() for m in real]))
            case.same(f"{which}_{i}_fmap_absmean", torch.stack([m.abs().mean() for m in real]))
            first = [torch.nn.functional.pad(m.flatten()[:32], (0, max(0, 32 - m.numel()))) for m in real]
            case.same(f"{which}_{i}_fmap_first", torch.stack(first))
    totals = {which: losses(*said[which]) for which in said}
    for which, values in totals.items():
        for name, value in values.items():
            case.same(f"{which}_{name}", value)
    config = case.facts["config"]
    wide = MelConfig(
        config["sampling_rate"],
        config["n_fft"],
        config["win_size"],
        hop_samples=config["hop_size"],
        bands=config["num_mels"],
        f_min_hz=config["fmin"],
        f_max_hz=config["fmax"],
    )
    extractor = MelExtractor(replace(loss_mel(wide), f_max_hz=config["fmax_for_loss"] or config["sampling_rate"] / 2))
    y, y_hat = case.inputs["y"][:, 0], case.inputs["y_hat"][:, 0]
    mel = 45 * (extractor(y) - extractor(y_hat)).abs().mean()
    case.same("mel_loss_x45", mel)
    case.same("disc_loss_total", sum(v["disc_loss"] for v in totals.values()))
    case.same("gen_loss_total", sum(v["gen_loss"] + v["feature_loss"] for v in totals.values()) + mel)
    in_training(case, models["msd"])
    case.complete()


def in_training(case: Case, model: MultiScaleDiscriminator) -> None:
    """Each pass in train mode is a power iteration of the first discriminator: real audio, then synthetic."""
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.train()
    try:
        real, fake = model(case.inputs["y"]), model(case.inputs["y_hat"])
        case.same("train_msd_0_conv3_weight_u_after", model.discriminators[0].convs[3].weight_u)
        case.same("train_msd_0_real", real[0][-1].flatten(1))
        case.same("train_msd_0_fake", fake[0][-1].flatten(1))
        for name, value in losses(real, fake).items():
            case.same(f"train_msd_{name}", value)
        sum(m.square().mean() for maps in (*real, *fake) for m in maps).backward()  # buffers changed between the passes
    finally:
        model.load_state_dict(before)
        model.zero_grad(set_to_none=True)
        model.eval()


def archives() -> list:
    """NeMo's HiFi-GAN archives, each with the case names of `hifigan_inputs.npz`."""
    found = [p for p in sorted(NEMO.glob("*.nemo")) if open_archive(p).target == "HifiGanModel"]
    if not found:
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no NeMo HiFi-GAN in {NEMO} (set TTSKIT_PARITY_NEMO)"))]
    return [pytest.param(p, id=p.stem) for p in found]


@pytest.mark.parametrize("path", archives())
def test_nemo_generator(path, tmp_path):
    """Every stored mel through the plain generator and through the run that the importer makes."""
    archive = open_archive(path)
    inputs, outputs = np.load(NEMO / "hifigan_inputs.npz"), np.load(NEMO / "hifigan_outputs.npz")
    plain = generator(archive.config, archive.weights())
    imported = import_checkpoint(path, tmp_path / "run", discriminator_scale=LITTLE).run.load().model
    assert {k.split("/")[0] for k in inputs.files} == {k.split("/")[0] for k in outputs.files} and inputs.files
    for key in inputs.files:
        mel, wanted = torch.from_numpy(inputs[key]), torch.from_numpy(outputs[f"{key.split('/')[0]}/wav"])
        with torch.no_grad():
            torch.testing.assert_close(plain(mel)[:, 0], wanted, rtol=0, atol=1e-4, msg=lambda m, key=key: f"{key}: {m}")
        torch.testing.assert_close(imported.infer(mel), wanted, rtol=0, atol=1e-4, msg=lambda m, key=key: f"{key}: {m}")


@pytest.mark.parametrize("which", list(JUDGES))
@pytest.mark.parametrize("path", archives())
def test_nemo_discriminators_have_our_names(path, which):
    """NeMo's shrunken ones have other widths, but the very names of ours."""
    assert set(discriminator_state(open_archive(path).weights(), which)) == set(JUDGES[which](LITTLE).state_dict())
