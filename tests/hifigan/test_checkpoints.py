"""Layouts of public checkpoints, made here; files of the public code bases are in tests/parity."""

from __future__ import annotations

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import CheckpointError, ConfigError
from ttskit.nn import MultiScaleDiscriminator
from ttskit_hifigan.checkpoints import discriminator_state, generator_state, load_state, options_from_config, read_checkpoint
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.model import Generator
from ttskit_hifigan.vocoder import Hifigan

SIZE = HifiganOptions(preset="tiny").size()


def generator(seed: int = 0) -> Generator:
    torch.manual_seed(seed)
    return Generator(SIZE, 80).eval()


def nested(name: str) -> str:
    """DeepLearningExamples' and NeMo's block numbers."""
    parts = name.split(".")
    if parts[0] == "resblocks":
        stage, kernel = divmod(int(parts[1]), len(SIZE.resblock_kernel_sizes))
        parts[1:2] = [str(stage), str(kernel)]
    return ".".join(parts)


LAYOUTS = {
    "authors": lambda s: {"generator": s},
    "data parallel": lambda s: {"generator": {f"module.{k}": v for k, v in s.items()}},
    "nested blocks": lambda s: {"generator": {nested(k): v for k, v in s.items()}, "gen_ema": None, "config": {}},
    "NeMo": lambda s: {
        "trg_melspec_fn.fb": torch.zeros(1),
        "mpd.discriminators.0.conv_post.bias": torch.zeros(1),
        **{f"generator.{nested(k)}": v for k, v in s.items()},
    },
    "ours": lambda s: {f"generator.{k}": v for k, v in s.items()},
}


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_generator_layouts(layout):
    source, target = generator(0), generator(1)
    load_state(target, generator_state(LAYOUTS[layout](source.state_dict())))
    mel = torch.randn(1, 80, 5)
    assert torch.equal(source(mel), target(mel))


def test_the_averaged_generator_on_request():
    a, b = generator(0), generator(1)
    content = {"generator": a.state_dict(), "gen_ema": b.state_dict()}
    assert torch.equal(generator_state(content)["conv_pre.bias"], a.conv_pre.bias)
    assert torch.equal(generator_state(content, average=True)["conv_pre.bias"], b.conv_pre.bias)


def test_spectral_norm_of_both_spellings():
    source = MultiScaleDiscriminator(1 / 32).eval()
    new = {}
    for name, value in source.state_dict().items():
        stem, _, leaf = name.rpartition(".")
        spectral = name.startswith("discriminators.0.")
        new_leaf = {
            "weight_orig": "parametrizations.weight.original",
            "weight_u": "parametrizations.weight.0._u",
            "weight_v": "parametrizations.weight.0._v" if spectral else "parametrizations.weight.original1",
            "weight_g": "parametrizations.weight.original0",
        }.get(leaf, leaf)
        new[f"module.{stem}.{new_leaf}"] = value
    target = MultiScaleDiscriminator(1 / 32).eval()
    load_state(target, discriminator_state({"msd": new}, "msd"))
    audio = torch.randn(1, 1, 2048)
    assert torch.equal(source(audio)[0][-1], target(audio)[0][-1])


def test_torchs_own_parametrizations_give_the_same_output():
    """The names are torch's, made by torch; and so is the arithmetic."""
    plain = torch.nn.Conv1d(80, SIZE.upsample_initial_channel, 7, padding=3)
    theirs = torch.nn.utils.parametrizations.weight_norm(plain)
    with torch.no_grad():
        theirs.parametrizations.weight.original0.mul_(1.7)
    model = generator()
    state = {k: v for k, v in model.state_dict().items() if not k.startswith("conv_pre")}
    load_state(model, generator_state({**state, **{f"conv_pre.{k}": v for k, v in theirs.state_dict().items()}}))
    mel = torch.randn(1, 80, 5)
    torch.testing.assert_close(model.conv_pre(mel), theirs(mel))


def test_our_own_state_dict_has_nemos_prefixes():
    vocoder = Hifigan(HifiganOptions(preset="tiny"), MelConfig())
    assert {k.split(".")[0] for k in vocoder.state_dict()} == {"generator", "mpd", "msd", "judges_learnt"}
    load_state(vocoder.mpd, discriminator_state(vocoder.state_dict(), "mpd"))


def test_files_are_read_without_running_code(tmp_path):
    torch.save({"generator": generator().state_dict()}, tmp_path / "g_00000001")
    assert "generator" in read_checkpoint(tmp_path / "g_00000001")
    torch.save({"generator": Generator}, tmp_path / "code")
    for name in ("code", "cut", "list", "missing"):
        if name == "cut":
            (tmp_path / name).write_bytes((tmp_path / "g_00000001").read_bytes()[:2000])
        if name == "list":
            torch.save([1], tmp_path / name)
        with pytest.raises(CheckpointError, match=name):
            read_checkpoint(tmp_path / name)


def test_what_does_not_fit_is_listed():
    state = generator_state({"generator": generator().state_dict()})
    del state["conv_post.bias"]
    state["conv_pre.bias"] = torch.zeros(3)
    state["extra"] = torch.zeros(1)
    with pytest.raises(CheckpointError) as caught:
        load_state(generator(), state)
    assert all(part in str(caught.value) for part in ("missing: conv_post.bias", "not known: extra", "(3,) in the file"))
    for broken in ({"mpd": {}}, {"state_dict": {"encoder.weight": torch.zeros(1)}}):
        with pytest.raises(CheckpointError, match="no HiFi-GAN generator"):
            generator_state(broken)
    with pytest.raises(CheckpointError, match="no msd"):
        discriminator_state({"generator": {}}, "msd")


def test_configurations():
    config = {
        "resblock": "2",
        "upsample_rates": [8, 8, 4],
        "upsample_kernel_sizes": [16, 16, 8],
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 2], [2, 6]],
        "num_mels": 80,
    }
    assert options_from_config(config).size() == SIZE == options_from_config({"generator": config, "target": "x"}).size()
    with pytest.raises(ConfigError, match="no HiFi-GAN configuration"):
        options_from_config({"resblock": "1"})
    with pytest.raises(ConfigError, match="does not fit"):
        options_from_config({**config, "upsample_rates": [8, 8]})
