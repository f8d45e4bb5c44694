"""Checkpoints of strangers: what stands in their configurations, their tensors' shapes and names, and their bytes."""

from __future__ import annotations

import copy
import io
import random
import shutil
import tarfile
from pathlib import Path
from typing import Any

import torch
from fuzz_folders import MEL, OPTIONS, make_run
from fuzz_harness import Act, Maker
from fuzz_recipes import recipe_text, written
from fuzz_values import WRONG, Raw, damaged, json_text, mutated, put

from ttskit.importing import import_checkpoint
from ttskit.importing.symbol_sets import english_basic
from ttskit.interfaces import ModelContext
from ttskit.plugins import create_registry
from ttskit.runs.building import only_to_speak
from ttskit.symbols import SpeakerTable

_PLAIN = [value for value in WRONG if not isinstance(value, Raw)]
_SIDE = {"n_layers": 1, "n_heads": 1, "d_head": 8, "conv1d_kernel_size": 3, "conv1d_filter_size": 8, "output_size": 8}
DLE_CONFIG: dict[str, Any] = {
    "symbols_embedding_dim": 8,
    "n_symbols": 148,
    "n_speakers": 2,
    "pitch_embedding_kernel_size": 3,
    "energy_conditioning": False,
    **{f"{side}_fft_{k}": v for side in ("in", "out") for k, v in _SIDE.items()},
    **{f"p_{side}_fft_{k}": 0.1 for side in ("in", "out") for k in ("dropout", "dropatt", "dropemb")},
    **{f"{p}_predictor_{k}": v for p in ("dur", "pitch") for k, v in (("n_layers", 1), ("filter_size", 8), ("kernel_size", 3))},
    **{f"p_{p}_predictor_dropout": 0.1 for p in ("dur", "pitch")},
}
_STACK = {"n_layer": 1, "n_head": 1, "d_head": 8, "d_inner": 8, "kernel_size": 3, "dropout": 0.1, "dropatt": 0.1}
_PREDICTOR = {"kernel_size": 3, "filter_size": 8, "dropout": 0.1, "n_layers": 1}
NEMO_CONFIG: dict[str, Any] = {
    "target": "nemo.collections.tts.models.fastpitch.FastPitchModel",
    "nemo_version": "1.15.0",
    "learn_alignment": True,
    "symbols_embedding_dim": 8,
    "max_token_duration": 75,
    "input_fft": _STACK,
    "output_fft": _STACK,
    "duration_predictor": _PREDICTOR,
    "pitch_predictor": _PREDICTOR,
    "alignment_module": {"n_text_channels": 8},
    "text_tokenizer": {
        "_target_": "nemo.collections.tts.torch.tts_tokenizers.IPATokenizer",
        "locale": "es-ES",
        "punct": True,
        "g2p": {"_target_": "nemo_text_processing.g2p.modules.IPAG2P", "phoneme_dict": "nemo:es.dict", "use_chars": True},
    },
    "preprocessor": {
        "features": 8, "lowfreq": 0, "highfreq": None, "n_fft": 256, "n_window_size": 256, "n_window_stride": 96,
        "sample_rate": 8000, "window": "hann", "log": True, "log_zero_guard_type": "add", "mag_power": 1.0,
    },
}  # fmt: skip
_RENAMES = (
    ("embedding.", "encoder.word_emb."),
    (".blocks.", ".layers."),
    (".attention.qkv.", ".dec_attn.qkv_net."),
    (".attention.out.", ".dec_attn.o_net."),
    (".attention.norm.", ".dec_attn.layer_norm."),
    (".feed_forward.expand.", ".pos_ff.CoreNet.0."),
    (".feed_forward.contract.", ".pos_ff.CoreNet.2."),
    (".feed_forward.norm.", ".pos_ff.layer_norm."),
    ("projection.", "proj."),
    ("_predictor.out.", "_predictor.fc."),
)


def fastpitch_state() -> dict[str, torch.Tensor]:
    """A tiny FastPitch under the names of DeepLearningExamples; the aligner is left out."""
    plugin = create_registry().get("acoustic model", "fastpitch")
    context = ModelContext(MEL, english_basic(), SpeakerTable(("0", "1")))
    model = plugin.load()(plugin.load_options().model_validate({**OPTIONS, "alignment": "external"}), context)
    state = {}
    for name, value in model.state_dict().items():
        whole = name.startswith("embedding.")
        for ours, theirs in _RENAMES[0 if whole else 1 :]:
            name = name.replace(ours, theirs)
        for kind in ("conv", "norm"):
            name = name.replace(f"_predictor.{kind}s.", f"_predictor.layers.{kind}@")
        if "@" in name:
            stem, _, rest = name.partition(".layers.")
            kind, _, place = rest.partition("@")
            index, _, leaf = place.partition(".")
            name = f"{stem}.layers.{index}.{kind}.{leaf}"
        state[name.replace("speaker_embedding.", "speaker_emb.").replace("pitch_embedding.", "pitch_emb.")] = value
    return state


def tacotron_state() -> dict[str, torch.Tensor]:
    """A tiny Tacotron 2 under NVIDIA's names."""
    from ttskit_tacotron2.checkpoints import to_public

    plugin = create_registry().get("acoustic model", "tacotron2")
    sizes = dict.fromkeys(("embedding_channels", "encoder_channels", "prenet_channels", "attention_lstm", "decoder_lstm",
                           "attention_channels", "location_channels", "postnet_channels"), 8)  # fmt: skip
    context = ModelContext(MEL, english_basic(), SpeakerTable(("0",)))
    model = plugin.load()(plugin.load_options().model_validate(sizes), context)
    return to_public({name: value for name, value in model.state_dict().items() if name != "reduction"})


def hifigan_content() -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """A tiny generator's tensors and its config.json."""
    plugin = create_registry().get("vocoder", "hifigan")
    size = {"resblock": 2, "upsample_rates": [8, 4, 3], "upsample_kernel_sizes": [16, 8, 6], "upsample_initial_channel": 8,
            "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 2]]}  # fmt: skip
    with only_to_speak():
        model = plugin.load()(plugin.load_options().model_validate(size), MEL)
    audio = {"sampling_rate": 8000, "hop_size": 96, "n_fft": 256, "win_size": 256, "num_mels": 8, "fmin": 0, "fmax": 4000}
    return dict(model.generator.state_dict()), {**size, **audio}


def _strange(rng: random.Random, state: dict[str, torch.Tensor]) -> tuple[dict[Any, Any], str]:
    """The state dict with a tensor of another shape, kind, name, or none at all."""
    state = dict(state)
    name = rng.choice(list(state))
    value = state[name]
    kind = rng.randrange(14)
    if kind < 3:
        del state[name]
        return state, f"no {name}"
    if kind < 11:
        other = [
            torch.zeros(0),
            torch.zeros(1).expand(2**20, 2**20),
            value[None],
            value.double().fill_(float("nan")) if value.is_floating_point() else value,
            torch.zeros(tuple(s + 1 for s in value.shape)),
            value.to(torch.int64),
            torch.zeros(2, 2).to_sparse(),
            rng.choice(_PLAIN[:30]),
        ][kind - 3]
        state[name] = other
        return state, f"{name} is {type(other).__name__} {tuple(getattr(other, 'shape', ()))}"
    if kind == 11:
        state[
            rng.choice(
                (3, None, "", "x", name + ".x", "encoder.convolutions.9999999.0.conv.weight", "resblocks.99999999.convs.0.bias")
            )
        ] = value
        return state, "a strange name"
    prefix = rng.choice(("_orig_mod.", "module.", "model.", "module._orig_mod.", "_orig_mod.module.model."))
    return {prefix + key: item for key, item in state.items()}, f"{prefix}…"


def _saved(content: object, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def _importing(path: Path, run: Path, registry: Any, **options: Any) -> Act:
    def act() -> None:
        shutil.rmtree(run, ignore_errors=True)
        import_checkpoint(path, run, registry=registry, **options)

    return act


def torch_files(folder: Path) -> Maker:
    """`.pt` files of FastPitch and Tacotron 2: configurations, tensors, bytes."""
    registry, path = create_registry(), folder / "model.pt"
    train = {"symbol_set": "english_basic", "sampling_rate": 8000, "filter_length": 256, "win_length": 256, "hop_length": 96,
             "mel_fmax": 4000.0, "p_arpabet": 1.0, "dur_predictor_loss_scale": 0.1}  # fmt: skip
    speaking = {"config": DLE_CONFIG, "train_setup": train, "epoch": 3, "iteration": 4}
    states = fastpitch_state(), tacotron_state()
    for content, state in zip((speaking, {"iteration": 3, "config": {}}), states, strict=True):  # whole, they are read
        put(path, _saved({**content, "state_dict": state}))
        _importing(path, folder / "run", registry)()

    def make(rng: random.Random) -> tuple[str, Act]:
        which = rng.random() < 0.6
        content: Any = {**(copy.deepcopy(speaking) if which else {"iteration": 3, "learning_rate": 1e-3, "config": {}})}
        state, kind = dict(states[0 if which else 1]), rng.random()
        said = "FastPitch" if which else "Tacotron 2"
        if kind < 0.5:
            content, fault = mutated(rng, content, _PLAIN)
        elif kind < 0.8:
            state, fault = _strange(rng, state)
        else:
            fault = "damaged"
        whole: Any = {**content, "state_dict": state} if isinstance(content, dict) else content
        try:
            data = _saved(whole, legacy=rng.random() < 0.2)
        except (ValueError, TypeError, UnicodeError, RuntimeError):  # what torch cannot write no file holds
            data = b""
        put(path, damaged(rng, data) if kind >= 0.8 else data)
        return f"{said}: {fault}", _importing(path, folder / "run", registry)

    return make


def vocoders(folder: Path) -> Maker:
    """`g_*` beside its config.json."""
    registry, path = create_registry(), folder / "g_00000001"
    state, config = hifigan_content()
    put(path, _saved({"generator": state}))
    put(folder / "config.json", json_text(config).encode())
    _importing(path, folder / "run", registry, discriminator_scale=1 / 32)()  # whole, it is read

    def make(rng: random.Random) -> tuple[str, Act]:
        settings, tensors, kind = config, state, rng.random()
        fault = "damaged"
        if kind < 0.6:
            settings, fault = mutated(rng, config)
        elif kind < 0.8:
            tensors, fault = _strange(rng, state)
        text = json_text(settings).encode("utf-8", "surrogatepass")
        if kind >= 0.9:
            text = damaged(rng, text)
        try:
            data = _saved({"generator": tensors})
        except (ValueError, TypeError, UnicodeError, RuntimeError):
            data = b""
        put(path, damaged(rng, data) if 0.8 <= kind < 0.9 else data)
        put(folder / "config.json", text)
        return fault, _importing(path, folder / "run", registry, discriminator_scale=1 / 32)

    return make


def archives(folder: Path) -> Maker:
    """`.nemo` archives: model_config.yaml, their members, their bytes."""
    registry, path, symbols = create_registry(), folder / "model.nemo", folder / "symbols.txt"
    symbols.write_text("\n".join(s if s != " " else "<space>" for s in english_basic().symbols), encoding="utf-8")
    weights = _saved({f"fastpitch.{name}": value for name, value in fastpitch_state().items()})

    def archive(text: bytes, mode: str) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=mode) as tar:
            for name, content in (
                ("model_config.yaml", text),
                ("es.dict", "HOLA  ˈola\n".encode()),
                ("model_weights.ckpt", weights),
            ):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return buffer.getvalue()

    put(path, archive(written(NEMO_CONFIG).encode(), "w"))
    _importing(path, folder / "run", registry, symbols=symbols)()  # whole, it is read

    def make(rng: random.Random) -> tuple[str, Act]:
        config, said, kind = NEMO_CONFIG, "damaged", rng.random()
        if kind < 0.6:
            config, said = mutated(rng, NEMO_CONFIG, _PLAIN)
        text = written(config).encode("utf-8", "replace")
        if 0.6 <= kind < 0.8:
            text, said = recipe_text(rng)
            text = b"target: x.FastPitchModel\n" + text if rng.random() < 0.5 else text
        data = archive(text, rng.choice(("w", "w:gz")))
        put(path, damaged(rng, data) if kind >= 0.8 else data)
        return said, _importing(path, folder / "run", registry, symbols=symbols if rng.random() < 0.7 else None)

    return make


def pickles(folder: Path) -> Maker:
    """trainer.pt and model.safetensors of a run: bytes, and a header that says more than there is."""
    run, registry = make_run(folder / "run"), create_registry()
    files = [run.path / "checkpoints" / "step_00000020" / name for name in ("model.safetensors", "trainer.pt")]
    whole = {path: path.read_bytes() for path in files}

    def make(rng: random.Random) -> tuple[str, Act]:
        import hashlib
        import json

        from ttskit.runs.checkpoints import read_trainer, read_weights

        path = rng.choice(files)
        data = damaged(rng, whole[path])
        for other in files:
            put(other, data if other is path else whole[other])
        facts = path.with_name("checkpoint.json")
        content = json.loads(facts.read_text(encoding="utf-8"))
        content["sha256"][path.name] = hashlib.sha256(data).hexdigest()  # a stranger knows how to hash
        content["sha256"][(files[1] if path is files[0] else files[0]).name] = hashlib.sha256(
            whole[files[1] if path is files[0] else files[0]]
        ).hexdigest()
        put(facts, json.dumps(content).encode())

        def act() -> None:
            checkpoint = run.checkpoints[-1]
            (read_weights if path is files[0] else read_trainer)(checkpoint)
            run.load(registry=registry)

        return path.name, act

    return make
