"""A NeMo FastPitch archive of our own making: everything that the real ones hold, a few kilobytes large."""

from __future__ import annotations

import copy
import io
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from ttskit.audio.config import PRESETS
from ttskit.importing.symbol_sets import english_basic
from ttskit.interfaces import ModelContext
from ttskit.symbols import SpeakerTable
from ttskit_fastpitch.checkpoints import dle_options, nemo_options
from ttskit_fastpitch.model import FastPitch
from ttskit_nemo.frontend import NemoIpaFrontend

torch.set_num_threads(1)

DICTIONARY = """\
Ꝇ  ʎ
ÁRBOL  ˈaɾβol
CALLE  kˈaʎe
CALLE(1)  kˈaʝe
CHE  tʃˈe
ELLA  ˈeʎa
GUERRA  ɡˈeɾɾa
HOLA  ˈola
LLUVIA  ʎˈuβja
MAÑANA  maɲˈana
MUNDO  mˈundo
PLAZA  plˈaθa
QUE  kˈe
SHOW  ʃˈow
VIEJO  bjˈexo
ZORRO  θˈoɾɾo
FÁCIL  fˈaθil
TODO  tˈoðo
YA  ʝˈa
INGLÉS  inɡlˈes
DÍA  dˈia
"""

_STACK = {
    "n_layer": 1,
    "n_head": 1,
    "d_model": 16,
    "d_head": 8,
    "d_inner": 24,
    "kernel_size": 3,
    "dropout": 0.1,
    "dropatt": 0.1,
    "dropemb": 0.0,
    "d_embed": 16,
}
_PREDICTOR = {"input_size": 16, "kernel_size": 3, "filter_size": 12, "dropout": 0.1, "n_layers": 1}
MEMBER = "0123456789abcdef0123456789abcdef_es_tiny.dict"
CONFIG = {
    "target": "nemo.collections.tts.models.fastpitch.FastPitchModel",
    "nemo_version": "1.15.0",
    "n_speakers": 2,
    "sample_rate": 44100,
    "n_mel_channels": 80,
    "learn_alignment": True,
    "symbols_embedding_dim": 16,
    "max_token_duration": 75,
    "speaker_emb_condition_prosody": True,
    "speaker_emb_condition_aligner": True,
    "input_fft": _STACK,
    "output_fft": _STACK,
    "duration_predictor": _PREDICTOR,
    "pitch_predictor": _PREDICTOR,
    "alignment_module": {"n_text_channels": 16},
    "optim": {"name": "adamw"},
    "text_tokenizer": {
        "_target_": "nemo.collections.tts.torch.tts_tokenizers.IPATokenizer",
        "locale": "es-ES",
        "punct": True,
        "apostrophe": True,
        "pad_with_space": True,
        "g2p": {
            "_target_": "nemo_text_processing.g2p.modules.IPAG2P",
            "phoneme_dict": f"nemo:{MEMBER}",
            "phoneme_probability": 0.5,
            "ignore_ambiguous_words": False,
            "use_chars": True,
            "use_stresses": True,
        },
    },
    "preprocessor": {
        "features": 80,
        "lowfreq": 0,
        "highfreq": None,
        "n_fft": 2048,
        "n_window_size": 2048,
        "n_window_stride": 512,
        "sample_rate": 44100,
        "window": "hann",
        "normalize": None,
        "preemph": None,
        "log": True,
        "log_zero_guard_type": "add",
        "log_zero_guard_value": 1e-5,
        "mag_power": 1.0,
    },
}

_THEIRS = [
    (r"^embedding\.", "encoder.word_emb."),
    (r"\.blocks\.", ".layers."),
    (r"\.attention\.qkv\.", ".dec_attn.qkv_net."),
    (r"\.attention\.out\.", ".dec_attn.o_net."),
    (r"\.attention\.norm\.", ".dec_attn.layer_norm."),
    (r"\.feed_forward\.expand\.", ".pos_ff.CoreNet.0."),
    (r"\.feed_forward\.contract\.", ".pos_ff.CoreNet.2."),
    (r"\.feed_forward\.norm\.", ".pos_ff.layer_norm."),
    (r"^speaker_embedding\.", "speaker_emb."),
    (r"^pitch_embedding\.", "pitch_emb."),
    (r"^projection\.", "proj."),
    (r"_predictor\.convs\.(\d+)\.", r"_predictor.layers.\1.conv."),
    (r"_predictor\.norms\.(\d+)\.", r"_predictor.layers.\1.norm."),
    (r"_predictor\.out\.", "_predictor.fc."),
]


def their_name(name: str) -> str:
    """NeMo's name of one of our tensors."""
    for pattern, theirs in _THEIRS:
        name = re.sub(pattern, theirs, name)
    if match := re.fullmatch(r"aligner\.(key|query)\.(\d)\.(.+)", name):
        name = f"aligner.{match[1]}_proj.{2 * int(match[2])}.conv.{match[3]}"
    return f"fastpitch.{name}"


def their_weights(config: dict, folder: Path, letters: str) -> dict[str, torch.Tensor]:
    """A state dict of the configuration's model with seeded weights."""
    (folder / "weights.dict").write_text(DICTIONARY, encoding="utf-8")
    table = NemoIpaFrontend(dictionary=str(folder / "weights.dict"), letters=letters).symbols
    torch.manual_seed(3)
    speakers = SpeakerTable(tuple(str(i) for i in range(config["n_speakers"])))
    model = FastPitch(nemo_options(config), ModelContext(PRESETS["nemo-44100"], table, speakers))
    with torch.no_grad():
        model.duration_predictor.out.bias.fill_(1.5)
    state = {their_name(name): value for name, value in model.state_dict().items()}
    state.update({name.removeprefix("fastpitch."): v for name, v in state.items() if name.startswith("fastpitch.aligner.")})
    return {**state, "fastpitch.pitch_mean": torch.zeros(1), "fastpitch.pitch_std": torch.zeros(1)}


_SIDE = {"n_layers": 1, "n_heads": 1, "d_head": 8, "conv1d_kernel_size": 3, "conv1d_filter_size": 24, "output_size": 16}
DLE_CONFIG = {
    "n_mel_channels": 80,
    "n_symbols": 148,
    "padding_idx": 0,
    "symbols_embedding_dim": 16,
    "n_speakers": 2,
    "speaker_emb_weight": 0.5,
    "energy_conditioning": True,
    "pitch_embedding_kernel_size": 3,
    "energy_embedding_kernel_size": 3,
    **{f"{side}_fft_{k}": v for side in ("in", "out") for k, v in _SIDE.items()},
    **{f"p_{side}_fft_{k}": 0.1 for side in ("in", "out") for k in ("dropout", "dropatt", "dropemb")},
    **{
        f"{p}_predictor_{k}": v
        for p in ("dur", "pitch", "energy")
        for k, v in (("n_layers", 1), ("filter_size", 12), ("kernel_size", 3))
    },
    **{f"p_{p}_predictor_dropout": 0.1 for p in ("dur", "pitch", "energy")},
}


@pytest.fixture
def dle_file(tmp_path: Path) -> Path:
    """A FastPitch `.pt` as DeepLearningExamples writes it, with averaged weights."""
    torch.manual_seed(4)
    context = ModelContext(PRESETS["nvidia-22050"], english_basic(), SpeakerTable(("0", "1")))
    model = FastPitch(dle_options(DLE_CONFIG), context)
    with torch.no_grad():
        model.duration_predictor.out.bias.fill_(1.5)
    state = {their_name(name).removeprefix("fastpitch."): value for name, value in model.state_dict().items()}
    for ours, theirs in (("aligner.", "attention."), ("energy_embedding", "energy_emb")):
        state = {name.replace(ours, theirs): value for name, value in state.items()}
    state.update(pitch_mean=torch.tensor([200.0]), pitch_std=torch.tensor([50.0]))
    torch.save(
        {
            "epoch": 3,
            "iteration": 9,
            "config": DLE_CONFIG,
            "state_dict": state,
            "ema_state_dict": state,
            "optimizer": {},
            "train_setup": {"symbol_set": "english_basic", "sampling_rate": 22050, "mel_fmax": 8000.0},
        },
        tmp_path / "FastPitch_checkpoint_3.pt",
    )
    return tmp_path / "FastPitch_checkpoint_3.pt"


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Put a file into a tar."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def make_archive(tmp_path: Path) -> Callable[..., Path]:
    """`make_archive(…)` → path of a `.nemo`; `change` edits its configuration, `extra` adds members."""

    def make(
        name: str = "tiny.nemo",
        mode: str = "w",
        dictionary: str = DICTIONARY,
        weights: bytes | None = None,
        change: Callable[[dict], None] | None = None,
        prefix: str = "./",
        letters: str = "latin1",
        extra: Callable[[tarfile.TarFile], None] | None = None,
    ) -> Path:
        config = copy.deepcopy(CONFIG)
        state = their_weights(config, tmp_path, letters)
        if change:
            change(config)
        if weights is None:
            buffer = io.BytesIO()
            torch.save(state, buffer)
            weights = buffer.getvalue()
        path = tmp_path / name
        with tarfile.open(path, mode) as tar:
            add(tar, f"{prefix}{MEMBER}", dictionary.encode())
            add(tar, f"{prefix}model_config.yaml", yaml.safe_dump(config).encode())
            if extra:
                extra(tar)
            add(tar, f"{prefix}model_weights.ckpt", weights)
        return path

    return make
