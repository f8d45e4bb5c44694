"""DeepLearningExamples, NVIDIA/tacotron2 and the authors' HiFi-GAN: files of our own, and the shared ones where they are."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS
from ttskit.errors import CheckpointError, InputError, MismatchError
from ttskit.importing import import_checkpoint, torch_content
from ttskit.interfaces import AcousticInput, Controls, ModelContext
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.synthesis.load import load_voice
from ttskit.synthesis.voice import Voice
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.vocoder import Hifigan
from ttskit_tacotron2.checkpoints import to_public
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.model import Tacotron2

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
PARITY = Path(os.environ.get("TTSKIT_PARITY", SHARED / "parity"))
LITTLE = 1 / 32  # discriminators of a size for tests


def found(pattern: str, key: str) -> list:
    """Files of the parity folder that hold `key` at their top, or a skip that says where they were looked for."""
    files = [p for p in sorted(PARITY.glob(pattern)) if p.is_file() and p.suffix not in (".json", ".npz")]
    files = [p for p in files if key in torch_content(p)]
    return files or [pytest.param(None, marks=pytest.mark.skip(reason=f"no {pattern} in {PARITY}"))]


def case_of(file: Path) -> dict:
    return json.loads((file.parent / "case.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", found("fastpitch*/*", "config"))
def test_fastpitch_of_dle_speaks_as_upstream(file, tmp_path):
    case, inputs = case_of(file), np.load(file.parent / "inputs.npz")
    outputs = np.load(file.parent / "outputs.npz")
    content, config = torch_content(file), case["config"]
    names = ["<pad>" if i == config["padding_idx"] else f"<{i}>" for i in range(config["n_symbols"])]
    (tmp_path / "symbols.txt").write_text("\n".join(names), encoding="utf-8")
    done = import_checkpoint(file, tmp_path / "run", symbols=tmp_path / "symbols.txt")
    assert ("ignored", "ema_state_dict", "choose with --ema") in done.report.rows or "ema_state_dict" not in content
    voice = load_voice(tmp_path / "run")
    assert len(voice.speakers) == max(1, config["n_speakers"])
    mean = next(float(v) for n, v in content["state_dict"].items() if n.endswith("pitch_mean"))
    assert voice.acoustic.context.pitch["0"].mean_hz == pytest.approx(mean or 218.14, abs=1e-3)
    plain = next(run for run in case["infer"] if set(run) <= {"name", "speaker"})
    prefix = plain["name"]
    tokens = torch.from_numpy(inputs["text"])
    lengths = (tokens != config["padding_idx"]).sum(1)
    speaker = torch.full((len(tokens),), plain.get("speaker", 0))
    voice.acoustic.padding = "reference"  # so that the padded batch is upstream's
    spoken = voice.acoustic.infer(AcousticInput(tokens, lengths, speaker))
    theirs = torch.from_numpy(outputs[f"{prefix}_mel"])
    assert spoken.lengths.tolist() == outputs[f"{prefix}_mel_lengths"].tolist()
    for row, frames in enumerate(spoken.lengths.tolist()):
        torch.testing.assert_close(spoken.mel[row, :, :frames], theirs[row, :, :frames], atol=1e-4, rtol=0)


def test_fastpitch_of_dle_in_its_variants(dle_file, tmp_path):
    """DDP prefixes, averaged weights, no aligner, no pitch, symbols from a file."""
    content = dict(torch_content(dle_file))
    whole = import_checkpoint(dle_file, tmp_path / "plain")
    plain = whole.run.weights()[0]
    assert whole.importer == "dle-fastpitch" and ("ignored", "ema_state_dict", "choose with --ema") in whole.report.rows
    assert whole.run.context.pitch["1"].mean_hz == 200.0 and whole.run.info["options"]["speaker"]["weight"] == 0.5
    assert len(load_voice(tmp_path / "plain").synthesize("Una casa", speaker="1").audio)
    content["ema_state_dict"] = {n: v * 0.5 if v.is_floating_point() else v for n, v in content["state_dict"].items()}
    content["state_dict"] = {f"module.{name}": value for name, value in content["state_dict"].items()}
    torch.save(content, tmp_path / "ddp.pt")
    ddp = import_checkpoint(tmp_path / "ddp.pt", tmp_path / "ddp").run.weights()[0]
    assert all(torch.equal(value, ddp[name]) for name, value in plain.items())
    ema = import_checkpoint(tmp_path / "ddp.pt", tmp_path / "ema", ema=True).run.weights()[0]
    assert all(torch.equal(value * 0.5, ema[name]) for name, value in plain.items())

    del content["ema_state_dict"]
    content["state_dict"] = {n: v for n, v in content["state_dict"].items() if ".attention." not in n}
    content["state_dict"].update({f"module.{n}": torch.zeros(1) for n in ("pitch_mean", "pitch_std")})
    content.pop("train_setup")
    torch.save(content, tmp_path / "bare.pt")
    with pytest.raises(CheckpointError, match="no averaged weights"):
        import_checkpoint(tmp_path / "bare.pt", tmp_path / "bare", ema=True)
    with pytest.raises(CheckpointError, match="does not hold its symbols") as caught:
        import_checkpoint(tmp_path / "bare.pt", tmp_path / "bare")
    assert "--symbols" in caught.value.fix
    rows = plain["embedding.weight"].shape[0]
    letters = ["_", " ", *"abcdefghijklmnopqrstuvwxyzñ", *(f"<{i}>" for i in range(rows - 29))]
    (tmp_path / "symbols.txt").write_text("\n".join(letters), encoding="utf-8")
    bare = import_checkpoint(tmp_path / "bare.pt", tmp_path / "bare", symbols=tmp_path / "symbols.txt")
    assert bare.run.info["options"]["alignment"] == "external" and bare.run.context.pitch["0"].mean_hz == 218.14
    speech = load_voice(tmp_path / "bare").synthesize("una niña", speaker="0")
    assert speech.parts[0].analysis.tokens == tuple("una niña") and len(speech.audio)
    (tmp_path / "short.txt").write_text("_\na", encoding="utf-8")
    with pytest.raises(MismatchError, match="do not fit the checkpoint's embedding"):
        import_checkpoint(tmp_path / "bare.pt", tmp_path / "short", symbols=tmp_path / "short.txt")


def test_fastpitch_of_dle_keeps_its_loss_weights(dle_file, tmp_path):
    """`train_setup` holds them; a run that is trained on goes on with them."""
    content = dict(torch_content(dle_file))
    content["train_setup"] |= {
        "dur_predictor_loss_scale": 0.3,
        "attn_loss_scale": 0.5,
        "kl_loss_start_epoch": 7,
        "kl_loss_warmup_epochs": 20,
        "kl_loss_weight": 2.0,
    }
    content["state_dict"] = {f"module.module.{name}": value for name, value in content["state_dict"].items()}
    torch.save(content, tmp_path / "other.pt")
    loss = import_checkpoint(tmp_path / "other.pt", tmp_path / "run").run.info["options"]["loss"]
    wanted = {
        "mel": 1.0,
        "mel_distance": "mse",
        "duration": 0.3,
        "pitch": 0.1,
        "energy": 0.1,
        "forward_sum": 0.5,
        "binarization": 2.0,
        "binarization_unit": "epochs",
        "binarization_start": 7.0,
        "binarization_ramp": 20.0,
    }
    assert loss == wanted
    content["train_setup"]["kl_loss_start_epoch"] = None
    torch.save(content, tmp_path / "never.pt")
    assert import_checkpoint(tmp_path / "never.pt", tmp_path / "never").run.info["options"]["loss"]["binarization"] == 0.0


@pytest.fixture
def tacotron(tmp_path) -> tuple[Path, Tacotron2]:
    """A published file's form, with a small model in it."""
    sizes = {
        "embedding_channels": 16,
        "encoder_channels": 16,
        "prenet_channels": 8,
        "attention_lstm": 12,
        "decoder_lstm": 12,
        "attention_channels": 8,
        "location_channels": 4,
        "location_kernel": 7,
        "postnet_channels": 8,
    }
    symbols = SymbolTable(("_", " ", "a", "h", "l", "o"), pad="_", space=" ")
    torch.manual_seed(5)
    model = Tacotron2(Tacotron2Options(**sizes), ModelContext(PRESETS["nvidia-22050"], symbols, SpeakerTable(("0",))))
    state = {f"module.{name}": value for name, value in to_public(model.state_dict()).items()}
    torch.save({"iteration": 7, "state_dict": state, "optimizer": {}, "learning_rate": 1e-3}, tmp_path / "checkpoint_7")
    (tmp_path / "symbols.json").write_text(json.dumps(symbols.symbols), encoding="utf-8")
    return tmp_path / "checkpoint_7", model


def test_tacotron2(tacotron, tmp_path):
    file, model = tacotron
    with pytest.raises(CheckpointError, match="does not hold its symbols"):
        import_checkpoint(file, tmp_path / "run")
    done = import_checkpoint(file, tmp_path / "run", symbols=tmp_path / "symbols.json")
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in done.run.weights()[0].items())
    assert done.importer == "tacotron2" and any("iteration 7" in row[2] for row in done.report.rows)
    speech = load_voice(tmp_path / "run").synthesize("hola")
    assert speech.parts[0].analysis.tokens == tuple("hola") and len(speech.audio)
    with pytest.raises(InputError, match="no control 'pace'"):
        load_voice(tmp_path / "run").acoustic.infer(AcousticInput(torch.tensor([[2]]), torch.tensor([1])), Controls(pace=2.0))
    content = dict(torch_content(file))
    content["state_dict"] = {n: v for n, v in content["state_dict"].items() if "postnet" not in n}
    torch.save(content, tmp_path / "part")
    with pytest.raises(CheckpointError, match="not a complete Tacotron 2"):
        import_checkpoint(tmp_path / "part", tmp_path / "other", symbols=tmp_path / "symbols.json")


def test_tacotron2_of_deep_learning_examples(tacotron, tmp_path):
    """The same tensors with `config` beside them: its stop threshold and its way of counting the stop frame are taken over."""
    file, model = tacotron
    content = dict(torch_content(file))
    settings = {"gate_threshold": 0.3, "n_mel_channels": 80}
    dle = {"epoch": 3, "config": settings, "state_dict": content["state_dict"], "scaler": {}}
    torch.save(dle, tmp_path / "dle.pt")
    done = import_checkpoint(tmp_path / "dle.pt", tmp_path / "run", symbols=tmp_path / "symbols.json")
    options = done.run.load().options
    assert (options.stop_threshold, options.keep_stop_frame) == (0.3, False)
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in done.run.weights()[0].items())


class Code:
    """A pickle that makes a folder when it is loaded the careless way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_tacotron2_files_that_are_wrong(tacotron, tmp_path):
    file, _ = tacotron
    content, whole = dict(torch_content(file)), file.read_bytes()
    names, trap = tmp_path / "symbols.json", tmp_path / "executed"
    for share in (0.3, 0.5, 0.9):
        (tmp_path / "cut").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(CheckpointError, match="cut short"):
            import_checkpoint(tmp_path / "cut", tmp_path / "run", symbols=names)
    torch.save({**content, "learning_rate": Code(trap)}, tmp_path / "code")
    with pytest.raises(CheckpointError, match="more than tensors"):
        import_checkpoint(tmp_path / "code", tmp_path / "run", symbols=names)
    torch.save({"generator": {"conv_pre.weight": torch.ones(1)}}, tmp_path / "other")
    with pytest.raises(CheckpointError, match="not a Tacotron 2"):
        import_checkpoint(tmp_path / "other", tmp_path / "run", importer="tacotron2", symbols=names)
    assert not trap.exists() and not (tmp_path / "run").exists()


def test_tacotron2_with_other_mel_bands_meets_a_vocoder(tmp_path):
    """The run has the checkpoint's bands; whatever is joined to it with others is refused with both numbers."""
    symbols = SymbolTable(("_", "a", "b"), pad="_")
    sizes = {
        "embedding_channels": 8,
        "encoder_channels": 8,
        "prenet_channels": 4,
        "attention_lstm": 6,
        "decoder_lstm": 6,
        "attention_channels": 4,
        "location_channels": 2,
        "location_kernel": 3,
        "postnet_channels": 4,
    }
    mel = replace(PRESETS["nvidia-22050"], bands=36)
    model = Tacotron2(Tacotron2Options(**sizes), ModelContext(mel, symbols, SpeakerTable(("0",))))
    torch.save({"state_dict": to_public(model.state_dict())}, tmp_path / "checkpoint_1")
    (tmp_path / "symbols.json").write_text(json.dumps(symbols.symbols), encoding="utf-8")
    run = import_checkpoint(tmp_path / "checkpoint_1", tmp_path / "run", symbols=tmp_path / "symbols.json").run
    assert run.context.mel.bands == 36
    voice = load_voice(tmp_path / "run")
    with pytest.raises(MismatchError) as caught:
        Voice(voice.frontend, voice.acoustic, Hifigan(HifiganOptions(preset="tiny"), PRESETS["nvidia-22050"]))
    assert "36" in str(caught.value) and "80" in str(caught.value)


@pytest.mark.parametrize("file", found("tacotron2*/*", "state_dict"))
def test_tacotron2_shared(file, tmp_path):
    rows = torch_content(file)["state_dict"]["embedding.weight"].shape[0]
    (tmp_path / "symbols.txt").write_text("\n".join(f"<{i}>" for i in range(rows)), encoding="utf-8")
    loaded = import_checkpoint(file, tmp_path / "run", symbols=tmp_path / "symbols.txt").run.load()
    assert to_public(loaded.model.state_dict()).keys() == torch_content(file)["state_dict"].keys()
    assert loaded.options.reduction == 1


@pytest.fixture
def authors(tmp_path) -> tuple[Path, Hifigan]:
    """`g_*`, `do_*` and `config.json` in a folder, as the authors' training leaves them."""
    options, mel = HifiganOptions(preset="tiny"), PRESETS["hifigan-22050"]
    model, size = Hifigan(options, mel), options.size()
    names = size.__dataclass_fields__
    config = {
        **{n: getattr(size, n) for n in names},
        "resblock": str(size.resblock),
        "num_mels": 80,
        "n_fft": 1024,
        "hop_size": 256,
        "win_size": 1024,
        "sampling_rate": 22050,
        "fmin": 0,
        "fmax": 8000,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    torch.save({"generator": model.generator.state_dict()}, tmp_path / "g_00000010")
    torch.save(
        {"mpd": model.mpd.state_dict(), "msd": model.msd.state_dict(), "optim_g": {}, "optim_d": {}, "steps": 10, "epoch": 1},
        tmp_path / "do_00000010",
    )
    return tmp_path / "g_00000010", model


def test_hifigan_of_its_authors(authors, tmp_path):
    file, model = authors
    for given in (file, file.with_name("do_00000010")):
        run = import_checkpoint(given, tmp_path / given.name.split("_")[0], discriminator_scale=LITTLE).run
        weights = run.weights()[0]
        assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items() if name != "judges_learnt")
        assert run.context.mel == PRESETS["hifigan-22050"] and run.kind == "vocoder"
    file.with_name("config.json").rename(tmp_path / "elsewhere.json")
    with pytest.raises(CheckpointError, match="how its model is built") as caught:
        import_checkpoint(file, tmp_path / "run")
    assert "--config" in caught.value.fix
    import_checkpoint(file, tmp_path / "run", config=tmp_path / "elsewhere.json", discriminator_scale=LITTLE)
    file.unlink()
    with pytest.raises(CheckpointError, match="discriminators only"):
        import_checkpoint(file.with_name("do_00000010"), tmp_path / "alone")


@pytest.mark.parametrize("blocks", ["by stage and kernel", "flat"])
@pytest.mark.parametrize("norm", ["weight_g", "parametrizations"])
def test_hifigan_of_dle_brings_its_discriminators(authors, tmp_path, blocks, norm):
    """Both numberings of the blocks and both spellings of weight norm; discriminators from the file of the same epoch."""
    _, model = authors
    kernels = len(model.options.size().resblock_kernel_sizes)

    def renamed(state, spectral="discriminators.0"):
        names = {}
        for name, value in state.items():
            if blocks != "flat":
                name = re.sub(r"resblocks\.(\d+)\.", lambda m: f"resblocks.{int(m[1]) // kernels}.{int(m[1]) % kernels}.", name)
            if norm == "parametrizations" and not name.startswith(spectral):
                for number, part in enumerate("gv"):
                    name = name.replace(f".weight_{part}", f".parametrizations.weight.original{number}")
            names[name] = value
        return names

    size = model.options.size()
    config = {**{n: getattr(size, n) for n in size.__dataclass_fields__}, "resblock": str(size.resblock)}
    file = tmp_path / "hifigan_gen_checkpoint_20.pt"
    torch.save(
        {
            "generator": renamed(model.generator.state_dict()),
            "gen_ema": None,
            "config": config,
            "train_setup": {},
            "train_state": {},
        },
        file,
    )
    alone = import_checkpoint(file, tmp_path / "alone", discriminator_scale=LITTLE)
    assert any(row[:2] == ("missing", "discriminators") for row in alone.report.rows)
    torch.save(
        {
            "mpd": renamed(model.mpd.state_dict()),
            "msd": renamed(model.msd.state_dict()),
            "mpd_ema": None,
            "optim_g": {},
            "optim_d": {},
        },
        file.with_name("hifigan_discrim_checkpoint_20.pt"),
    )
    done = import_checkpoint(file, tmp_path / "run", discriminator_scale=LITTLE)
    assert done.importer == "dle-hifigan"
    weights = done.run.weights()[0]
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items() if name != "judges_learnt")
    with pytest.raises(CheckpointError, match="discriminators only"):
        import_checkpoint(file.with_name("hifigan_discrim_checkpoint_20.pt"), tmp_path / "judges")


@pytest.mark.parametrize("file", found("hifigan*/*", "generator"))
def test_hifigan_shared(file, tmp_path):
    case = case_of(file)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(case["config"]), encoding="utf-8")
    options = {} if "config" in torch_content(file) else {"config": config}
    model = import_checkpoint(file, tmp_path / "run", discriminator_scale=LITTLE, **options).run.load().model
    inputs, outputs = np.load(file.parent / "inputs.npz"), np.load(file.parent / "outputs.npz")
    mel = torch.from_numpy(inputs["mel"])
    wave = model.infer(mel if mel.dim() == 3 else mel[None])
    theirs = next(outputs[name] for name in outputs.files if outputs[name].size == wave.numel())
    torch.testing.assert_close(wave.flatten(), torch.from_numpy(theirs).flatten(), atol=1e-4, rtol=0)
    assert model.mel == PRESETS["hifigan-22050"]
