"""Public FastPitch checkpoints: their tensor names and configurations in our terms.

Sources: NVIDIA DeepLearningExamples (a `.pt` with `config` and `state_dict`) and NVIDIA NeMo (a `.nemo`
archive with `model_config.yaml` and `model_weights.ckpt`). Reading the files is the importers' work; here
are only names and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ttskit.errors import CheckpointError
from ttskit.importing import plain_name
from ttskit_fastpitch.config import FastPitchOptions

_BLOCK = {
    "dec_attn.qkv_net": "attention.qkv",
    "dec_attn.o_net": "attention.out",
    "dec_attn.layer_norm": "attention.norm",
    "pos_ff.CoreNet.0": "feed_forward.expand",
    "pos_ff.CoreNet.2": "feed_forward.contract",
    "pos_ff.layer_norm": "feed_forward.norm",
}
_PREDICTOR = {"conv": "convs", "norm": "norms"}
_WHOLE = {
    "encoder.word_emb": "embedding",
    "speaker_emb": "speaker_embedding",
    "pitch_emb": "pitch_embedding",
    "energy_emb": "energy_embedding",
    "proj": "projection",
}
# Positions are computed; the attention projection is in the files but never used.
_IGNORED = re.compile(
    r"(encoder|decoder)\.pos_emb\.inv_freq|(attention|aligner)\.attn_proj\.(weight|bias)|pitch_(mean|std)"
    r"|preprocessor\..*"
)


@dataclass(frozen=True, slots=True)
class TensorsRead:
    """Tensors under our names, and the names that were left out on purpose."""

    state: dict[str, Tensor]
    ignored: tuple[str, ...]


def _ours(name: str) -> str | None:
    """Our name of an upstream tensor; None if unknown."""
    stem, _, leaf = name.rpartition(".")
    if stem in _WHOLE:
        return f"{_WHOLE[stem]}.{leaf}"
    if match := re.fullmatch(r"(encoder|decoder)\.layers\.(\d+)\.(.+)", stem):
        part = _BLOCK.get(match[3])
        return part and f"{match[1]}.blocks.{match[2]}.{part}.{leaf}"
    if match := re.fullmatch(r"((?:duration|pitch|energy)_predictor)\.layers\.(\d+)\.(conv|norm)", stem):
        return f"{match[1]}.{_PREDICTOR[match[3]]}.{match[2]}.{leaf}"
    if match := re.fullmatch(r"((?:duration|pitch|energy)_predictor)\.fc", stem):
        return f"{match[1]}.out.{leaf}"
    if match := re.fullmatch(r"(?:attention|aligner)\.(key|query)_proj\.([024])\.conv", stem):
        return f"aligner.{match[1]}.{int(match[2]) // 2}.{leaf}"
    return None


def _renamed(state: Mapping[str, Tensor], source: str) -> TensorsRead:
    kept: dict[str, Tensor] = {}
    ignored, unknown = [], []
    for name, value in state.items():
        if _IGNORED.fullmatch(name):
            ignored.append(name)
        elif (ours := _ours(name)) is None:
            unknown.append(name)
        else:
            kept[ours] = value
    if unknown or "embedding.weight" not in kept:
        why = f"unknown tensors: {', '.join(unknown[:6])}" if unknown else "no token embedding"
        raise CheckpointError(f"not a FastPitch checkpoint of {source}", why, "")
    return TensorsRead(kept, tuple(ignored))


def from_dle(state: Mapping[str, Tensor]) -> TensorsRead:
    """Tensors of a DeepLearningExamples state dict (whatever leading `module.` it has is dropped) under our names."""
    return _renamed({plain_name(name): value for name, value in state.items()}, "NVIDIA DeepLearningExamples")


def from_nemo(state: Mapping[str, Tensor]) -> TensorsRead:
    """Tensors of a NeMo state dict under our names. The aligner is saved twice there; the copy is ignored."""
    plain, copies = {}, []
    for name, value in state.items():
        short = plain_name(name.removeprefix("fastpitch."))
        if short.startswith("aligner.") and short == name and f"fastpitch.{name}" in state:
            copies.append(name)
        else:
            plain[short] = value
    imported = _renamed(plain, "NVIDIA NeMo")
    return TensorsRead(imported.state, (*imported.ignored, *copies))


def loss_from_dle(setup: Mapping) -> dict:
    """Loss weights of a DeepLearningExamples `train_setup` (its command line); what it does not say is the recipe's."""
    names = {
        "duration": ("dur_predictor_loss_scale", 0.1),
        "pitch": ("pitch_predictor_loss_scale", 0.1),
        "energy": ("energy_predictor_loss_scale", 0.1),
        "forward_sum": ("attn_loss_scale", 1.0),
        "binarization": ("kl_loss_weight", 1.0),
        "binarization_start": ("kl_loss_start_epoch", 0),
        "binarization_ramp": ("kl_loss_warmup_epochs", 100),
    }
    loss = {ours: setup.get(theirs, default) for ours, (theirs, default) in names.items()}
    if loss["binarization_start"] is None:  # there: never
        loss |= {"binarization": 0.0, "binarization_start": 0}
    return {**loss, "binarization_unit": "epochs"}


def options_from_dle(config: Mapping, setup: Mapping | None = None) -> dict:
    """Our options for a DeepLearningExamples `config` (constructor arguments): a mapping for `FastPitchOptions`.

    `setup` is the file's `train_setup`, for the weights of the loss.
    """

    def stack(side: str) -> dict:
        prefix = f"{side}_fft"
        return {
            "layers": config[f"{prefix}_n_layers"],
            "heads": config[f"{prefix}_n_heads"],
            "head_channels": config[f"{prefix}_d_head"],
            "filter_channels": config[f"{prefix}_conv1d_filter_size"],
            "kernel": config[f"{prefix}_conv1d_kernel_size"],
            "dropout": config[f"p_{prefix}_dropout"],
            "attention_dropout": config[f"p_{prefix}_dropatt"],
            "input_dropout": config[f"p_{prefix}_dropemb"],
        }

    def predictor(name: str) -> dict:
        return {
            "layers": config[f"{name}_predictor_n_layers"],
            "filter_channels": config[f"{name}_predictor_filter_size"],
            "kernel": config[f"{name}_predictor_kernel_size"],
            "dropout": config[f"p_{name}_predictor_dropout"],
        }

    width = config["symbols_embedding_dim"]
    if not width == config["in_fft_output_size"] == config["out_fft_output_size"]:
        why = f"tokens {width}, encoder {config['in_fft_output_size']}, decoder {config['out_fft_output_size']}"
        raise CheckpointError("this FastPitch has parts of different widths", why, "")
    energy = bool(config.get("energy_conditioning", False))
    options = {
        "channels": width,
        "encoder": stack("in"),
        "decoder": stack("out"),
        "duration_predictor": predictor("dur"),
        "pitch_predictor": predictor("pitch"),
        "energy": energy,
        "pitch_embedding_kernel": config["pitch_embedding_kernel_size"],
        "speaker": {"weight": config.get("speaker_emb_weight", 1.0), "predictors": False, "aligner": False},
        "aligner": {"prior": {"form": "interpolated", "support": "dropped", "round_frames": 100, "round_tokens": 20}},
        "max_duration": config.get("max_duration", 75),
        "loss": loss_from_dle(setup or {}),
        "optimizer": {"name": "lamb", "learning_rate": 0.1, "schedule": "noam", "warmup": 1000, "clip_norm": 1000},
    }
    if energy:
        options["energy_predictor"] = predictor("energy")
        options["energy_embedding_kernel"] = config["energy_embedding_kernel_size"]
    return options


def options_from_nemo(config: Mapping) -> dict:
    """Our options for a NeMo `model_config.yaml` (the model section): a mapping for `FastPitchOptions`."""

    def stack(section: Mapping) -> dict:
        return {
            "layers": section["n_layer"],
            "heads": section["n_head"],
            "head_channels": section["d_head"],
            "filter_channels": section["d_inner"],
            "kernel": section["kernel_size"],
            "dropout": section["dropout"],
            "attention_dropout": section["dropatt"],
            "input_dropout": section.get("dropemb", 0.0),
        }

    def predictor(section: Mapping) -> dict:
        return {
            "layers": section["n_layers"],
            "filter_channels": section["filter_size"],
            "kernel": section["kernel_size"],
            "dropout": section["dropout"],
        }

    _refuse_unknown(config)
    energy = config.get("energy_predictor")
    aligner = config.get("alignment_module") or {}
    g2p = (config.get("text_tokenizer") or {}).get("g2p") or {}
    learned = bool(config.get("learn_alignment", False))
    usual = 0.1 if learned else 1.0  # NeMo's default weight of durations, pitch and energy
    interpolated = g2p.get("phoneme_probability") is not None
    prior = {"form": "interpolated" if interpolated else "exact", "support": "full", "round_frames": 50, "round_tokens": 10}
    ramp = config.get("bin_loss_warmup_epochs", 100)
    options = {
        "channels": config["symbols_embedding_dim"],
        "encoder": stack(config["input_fft"]),
        "decoder": stack(config["output_fft"]),
        "duration_predictor": predictor(config["duration_predictor"]),
        "pitch_predictor": predictor(config["pitch_predictor"]),
        "pitch_embedding_kernel": config.get("pitch_embedding_kernel_size", 3),
        "energy": energy is not None,
        "speaker": {
            "predictors": bool(config.get("speaker_emb_condition_prosody", False)),
            "energy": False,
            "aligner": bool(config.get("speaker_emb_condition_aligner", False)),
            "decoder": bool(config.get("speaker_emb_condition_decoder", False)),
        },
        "aligner": {
            "channels": aligner.get("n_att_channels", 80),
            "temperature": aligner.get("temperature", 0.0005),
            "prior": prior,
        },
        "min_duration": config.get("min_token_duration", 0),
        "max_duration": config.get("max_token_duration", 75),
        "loss": {
            "duration": config.get("dur_loss_scale", usual),
            "pitch": config.get("pitch_loss_scale", usual),
            "energy": config.get("energy_loss_scale", usual),
            "forward_sum": config.get("aligner_loss_scale", 1.0),
            "binarization": config.get("aligner_loss_scale", 1.0),
            "binarization_unit": "epochs",
            "binarization_start": 1,
            "binarization_ramp": ramp,
        },
        "alignment": "learned" if learned else "external",
    }
    if energy:
        options["energy_predictor"] = predictor(energy)
        options["energy_embedding_kernel"] = config.get("energy_embedding_kernel_size", 3)
    return options


def _refuse_unknown(config: Mapping) -> None:
    """Settings of NeMo's that would make another model of it than ours.

    Raises:
        CheckpointError: there is one.
    """
    sections = [
        f
        for f in ("input_fft", "output_fft", "duration_predictor", "pitch_predictor", "energy_predictor", "alignment_module")
        if isinstance(config.get(f), Mapping)
    ]
    strange = [
        f"{name}.{key}: {config[name][key]!r:.80}"
        for name in sections
        for key in ("pre_lnorm", "condition_types")
        if config[name].get(key)
    ]
    if (config.get("alignment_module") or {}).get("dist_type", "l2") != "l2":
        strange.append(f"alignment_module.dist_type: {config['alignment_module']['dist_type']!r:.80}")
    if config.get("energy_predictor") and not config.get("use_log_energy", True):
        strange.append("use_log_energy: False")
    if config.get("speaker_encoder"):
        strange.append("speaker_encoder")
    if strange:
        raise CheckpointError("this FastPitch has parts that ttskit does not have", ", ".join(strange), "")


def dle_options(config: Mapping, **changes: object) -> FastPitchOptions:
    """Validated options of a DeepLearningExamples configuration, with top-level `changes`."""
    return FastPitchOptions.model_validate({**options_from_dle(config), **changes})


def nemo_options(config: Mapping, **changes: object) -> FastPitchOptions:
    """Validated options of a NeMo configuration, with top-level `changes`."""
    return FastPitchOptions.model_validate({**options_from_nemo(config), **changes})
