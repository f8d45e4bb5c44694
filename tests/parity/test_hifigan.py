"""HiFi-GAN against outputs of the authors' code, NVIDIA DeepLearningExamples and NeMo.

Folder-driven: every case of a family that lies under TTSKIT_PARITY or TTSKIT_PARITY_NEMO is tried.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from ttskit.audio.config import PRESETS
from ttskit.audio.mel import MelExtractor
from ttskit_hifigan.checkpoints import (
    discriminator_state,
    generator_state,
    load_state,
    options_from_config,
    read_checkpoint,
)
from ttskit_hifigan.cpu import CpuGenerator
from ttskit_hifigan.discriminators import MultiPeriodDiscriminator, MultiScaleDiscriminator
from ttskit_hifigan.loss import fake_loss, feature_loss, loss_mel, real_loss
from ttskit_hifigan.model import Generator

_BESIDE = Path(__file__).resolve().parents[3] / "shared"
PARITY = Path(os.environ.get("TTSKIT_PARITY", _BESIDE / "parity"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", _BESIDE / "parity_nemo"))
GENERATORS = sorted(p.parent.name for p in PARITY.glob("hifigan_*/case.json") if "discriminators" not in p.parent.name)


def case(name: str) -> tuple[dict, dict, dict]:
    """case.json, inputs and outputs of a case."""
    folder = PARITY / name
    if not (folder / "case.json").exists():
        pytest.skip(f"no parity case {name} under {PARITY}")
    facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    inputs, outputs = ({k: torch.from_numpy(v) for k, v in np.load(folder / f"{p}.npz").items()} for p in ("inputs", "outputs"))
    return facts, inputs, outputs


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
    model = Generator(options_from_config(config).size(), 80)
    load_state(model, generator_state(state))
    return model.eval()


def close(actual: torch.Tensor, facts: dict, outputs: dict, name: str) -> None:
    torch.testing.assert_close(actual, outputs[name], rtol=0, atol=facts["outputs"][name]["atol"], msg=lambda m: f"{name}: {m}")


@pytest.mark.parametrize("name", GENERATORS or ["hifigan_v1"])
def test_generator(name):
    facts, inputs, outputs = case(name)
    state = filled(facts["params"], facts["salt"], facts["overrides"])
    for layout, output in ((state, "audio"), (torch_parametrized(state), "audio"), (folded(state), "audio_no_weight_norm")):
        model = generator(facts["config"], layout)
        assert set(model.state_dict()) == {n for n, _ in facts["params"]}
        with torch.enable_grad():  # weight norm computed
            close(model(inputs["mel"]).detach(), facts, outputs, output)
        with torch.no_grad():  # weight norm folded
            close(model(inputs["mel"]), facts, outputs, output)
        close(CpuGenerator(model)(inputs["mel"]), facts, outputs, output)


@pytest.mark.parametrize("file", ["g_00001000", "hifigan_gen_checkpoint_10.pt"])
def test_checkpoint_files(file):
    facts, inputs, outputs = case("hifigan_small_checkpoint")
    content = read_checkpoint(PARITY / "hifigan_small_checkpoint" / file)
    config = content.get("config", facts["config"])
    with torch.no_grad():
        close(generator(config, content)(inputs["mel"]), facts, outputs, "audio")


@pytest.fixture(scope="module")
def judged():
    """Both discriminators with the parity weights, and what they say of real and synthetic audio."""
    facts, inputs, outputs = case("hifigan_discriminators")
    models = {"mpd": MultiPeriodDiscriminator(), "msd": MultiScaleDiscriminator()}
    for which, model in models.items():
        module = facts["modules"][which]
        load_state(model, discriminator_state({which: filled(module["params"], module["salt"])}, which))
        model.eval()
    with torch.no_grad():
        said = {which: (model(inputs["y"]), model(inputs["y_hat"])) for which, model in models.items()}
    return facts, inputs, outputs, models, said


@pytest.mark.parametrize("which", ["mpd", "msd"])
def test_discriminator_scores_and_feature_maps(judged, which):
    facts, _, outputs, _, said = judged
    for i, (real, fake) in enumerate(zip(*said[which], strict=True)):
        close(real[-1].flatten(1), facts, outputs, f"{which}_{i}_real")
        close(fake[-1].flatten(1), facts, outputs, f"{which}_{i}_fake")
        shapes = torch.tensor([[*m.shape, *[1] * (4 - m.dim())] for m in real])
        assert torch.equal(shapes, outputs[f"{which}_{i}_fmap_shapes"])
        close(torch.stack([m.mean() for m in real]), facts, outputs, f"{which}_{i}_fmap_mean")
        close(torch.stack([m.abs().mean() for m in real]), facts, outputs, f"{which}_{i}_fmap_absmean")
        first = torch.stack([torch.nn.functional.pad(m.flatten()[:32], (0, max(0, 32 - m.numel()))) for m in real])
        close(first, facts, outputs, f"{which}_{i}_fmap_first")


def losses(real, fake) -> dict[str, torch.Tensor]:
    return {"disc_loss_real": real_loss(real), "disc_loss_fake": fake_loss(fake),
            "disc_loss": (real_loss(real) + fake_loss(fake)).sum(),
            "feature_loss": 2 * feature_loss(real, fake), "gen_loss": real_loss(fake).sum(), "gen_loss_each": real_loss(fake)}


def test_losses(judged):
    facts, inputs, outputs, _, said = judged
    totals = {which: losses(*said[which]) for which in said}
    for which, values in totals.items():
        for name, value in values.items():
            close(value, facts, outputs, f"{which}_{name}")
    extractor = MelExtractor(loss_mel(PRESETS["hifigan-22050"]))
    mel = 45 * (extractor(inputs["y"][:, 0]) - extractor(inputs["y_hat"][:, 0])).abs().mean()
    close(mel, facts, outputs, "mel_loss_x45")
    close(sum(v["disc_loss"] for v in totals.values()), facts, outputs, "disc_loss_total")
    close(sum(v["gen_loss"] + v["feature_loss"] for v in totals.values()) + mel, facts, outputs, "gen_loss_total")


def test_power_iterations_of_a_training_pass(judged):
    facts, inputs, outputs, models, _ = judged
    model = models["msd"].train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    try:
        real, fake = model(inputs["y"]), model(inputs["y_hat"])
        close(model.discriminators[0].convs[3].weight_u, facts, outputs, "train_msd_0_conv3_weight_u_after")
        close(real[0][-1].flatten(1).detach(), facts, outputs, "train_msd_0_real")
        close(fake[0][-1].flatten(1).detach(), facts, outputs, "train_msd_0_fake")
        for name, value in losses(real, fake).items():
            close(value.detach(), facts, outputs, f"train_msd_{name}")
        sum(m.square().mean() for maps in (*real, *fake) for m in maps).backward()  # buffers changed between the passes
    finally:
        model.load_state_dict(before)
        model.zero_grad(set_to_none=True)
        model.eval()


def nemo_archive() -> tuple[dict, dict]:
    path = NEMO / "hifigan_44100_small.nemo"
    if not path.exists():
        pytest.skip(f"no NeMo parity data under {NEMO}")
    with tarfile.open(path) as archive:
        members = {Path(m.name).name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}
    state = torch.load(io.BytesIO(members["model_weights.ckpt"]), map_location="cpu", weights_only=True)
    return yaml.safe_load(members["model_config.yaml"]), state


def nemo_cases() -> list[str]:
    path = NEMO / "hifigan_inputs.npz"
    return sorted(k.split("/")[0] for k in np.load(path).files) if path.exists() else ["h0"]


@pytest.mark.parametrize("name", nemo_cases())
def test_nemo_generator(name):
    config, state = nemo_archive()
    mel = torch.from_numpy(np.load(NEMO / "hifigan_inputs.npz")[f"{name}/mel"])
    wanted = torch.from_numpy(np.load(NEMO / "hifigan_outputs.npz")[f"{name}/wav"])
    with torch.no_grad():
        torch.testing.assert_close(generator(config, state)(mel)[:, 0], wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("which", ["mpd", "msd"])
def test_nemo_discriminators_have_our_names(which):
    """NeMo's shrunken ones have other widths, but the very names of ours."""
    model = {"mpd": MultiPeriodDiscriminator, "msd": MultiScaleDiscriminator}[which](1 / 32)
    assert set(discriminator_state(nemo_archive()[1], which)) == set(model.state_dict())
