"""Names and sizes of ESPnet's Transformer-TTS checkpoints (`tts: transformer` in their config.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ttskit.errors import CheckpointError
from ttskit.importing.numbers import real, whole
from ttskit.reading import shown
from ttskit_transformertts.config import TransformerTTSOptions

__all__ = ["ASKED", "from_espnet", "options_of", "our_name"]

ASKED = "decoder.embed.0.0.prenet.0.0.weight"  # the decoder's prenet: no other model of ESPnet's has it under this name
_EMBEDDING = "encoder.embed.0.0.embed.weight"
_ATTENTION = {"linear_q": "query", "linear_k": "key", "linear_v": "value", "linear_out": "out"}
_BLOCKS = {
    "encoder.encoders": ("encoder.blocks", {"self_attn": "attention"}, ("attention", "feed_forward")),
    "decoder.decoders": (
        "decoder.blocks",
        {"self_attn": "attention", "src_attn": "reading"},
        ("attention", "reading", "feed_forward"),
    ),
}


def _names() -> list[tuple[str, str]]:
    """(ESPnet's name, ours) without the leaf; {} stands for an index."""
    names = [
        ("encoder.embed.0.0.embed", "embedding"),
        ("encoder.embed.0.0.convs.{}.0", "encoder.prenet.convolutions.{}.conv"),
        ("encoder.embed.0.0.convs.{}.1", "encoder.prenet.convolutions.{}.norm"),
        ("encoder.embed.0.1", "encoder.prenet.project"),
        ("encoder.embed.1", "encoder.positions"),
        ("encoder.after_norm", "encoder.norm"),
        ("decoder.embed.0.0.prenet.{}.0", "decoder.prenet.{}"),
        ("decoder.embed.0.1", "decoder.project"),
        ("decoder.embed.1", "decoder.positions"),
        ("decoder.after_norm", "decoder.norm"),
        ("feat_out", "decoder.frame"),
        ("prob_out", "decoder.gate"),
        ("postnet.postnet.{}.0", "postnet.convolutions.{}.conv"),
        ("postnet.postnet.{}.1", "postnet.convolutions.{}.norm"),
        ("sid_emb", "speaker"),
    ]
    for theirs, (ours, attentions, parts) in _BLOCKS.items():
        for attention, our_attention in attentions.items():
            names += [(f"{theirs}.{{}}.{attention}.{a}", f"{ours}.{{}}.{our_attention}.{b}") for a, b in _ATTENTION.items()]
        names += [(f"{theirs}.{{}}.feed_forward.w_1", f"{ours}.{{}}.feed_forward.expand")]
        names += [(f"{theirs}.{{}}.feed_forward.w_2", f"{ours}.{{}}.feed_forward.contract")]
        names += [(f"{theirs}.{{}}.norm{i}", f"{ours}.{{}}.around_{part}.norm") for i, part in enumerate(parts, 1)]
    return names


_BESIDE = ("normalize.", "feats_extract.", "pitch_", "energy_")  # of the task around the network

_RULES = [
    (re.compile("^" + re.escape(theirs).replace(r"\{\}", r"(\d+)") + r"\.(\w+)$"), ours + ".{}") for theirs, ours in _names()
]


def our_name(name: str) -> str | None:
    """Our name of ESPnet's tensor `name`; None where this model has none."""
    for pattern, target in _RULES:
        if match := pattern.match(name):
            return target.format(*match.groups())
    return None


def from_espnet(state: Mapping[str, Tensor], bands: int) -> dict[str, Tensor]:
    """Tensors under our names, of ESPnet's; the end of sentence, its last token, becomes `end`.

    Args:
        state: tensors under ESPnet's names, without the prefix `tts.`; `normalize.mean` and `normalize.std` where the
            checkpoint holds the statistics that mels were normalised with.
        bands: mel bands.

    Raises:
        CheckpointError: a tensor that this model does not have.
    """
    result, unknown = {}, []
    for name, value in state.items():
        if name == "criterion.bce_criterion.pos_weight" or name.startswith(_BESIDE):
            continue
        ours = our_name(name)
        if ours is None:
            unknown.append(name)
            continue
        narrow = ".feed_forward." in ours and value.dim() == 3 and value.shape[2] == 1
        result[ours] = value[:, :, 0] if narrow else value
    if unknown:
        raise CheckpointError(
            "the checkpoint has tensors that Transformer-TTS does not know",
            ", ".join(sorted(unknown)[:6]),
            "give a model of ESPnet's tts: transformer without style tokens, languages or speaker vectors",
        )
    result["end"] = result["embedding.weight"][-1].clone()
    result["mel_mean"] = state.get("normalize.mean", torch.zeros(bands)).reshape(bands)
    result["mel_std"] = state.get("normalize.std", torch.ones(bands)).reshape(bands)
    return result


def options_of(state: Mapping[str, Tensor], settings: Mapping[str, Any], where: str, **changes: Any) -> TransformerTTSOptions:
    """The options that a checkpoint was trained with: sizes from its tensors, the rest from its configuration.

    Args:
        state: tensors under ESPnet's names.
        settings: `tts_conf` of its config.yaml; what is not given is ESPnet's default.
        where: what the settings are of, for messages.
        changes: options that replace those read.

    Raises:
        CheckpointError: a setting that ttskit does not have, or is of no use.
    """
    _refuse_others(settings, where)
    shape = {name: tuple(tensor.shape) for name, tensor in state.items()}
    heads = whole(settings, "aheads", where, 4, most=1024)
    rate = {
        name: real(settings, f"{name}_dropout_rate", where, default, most=0.999)
        for name, default in (
            *((f"transformer_{stack}{part}", 0.1) for stack in ("enc", "dec") for part in ("", "_positional", "_attn")),
            *((name, 0.5) for name in ("eprenet", "dprenet", "postnet")),
        )
    }

    def stack(theirs: str, short: str, blocks: str) -> dict[str, Any]:
        expand = shape[f"{blocks}.0.feed_forward.w_1.weight"]
        return {
            "layers": _count(shape, re.escape(blocks) + r"\.(\d+)\.norm1\.weight"),
            "heads": heads,
            "filter_channels": expand[0],
            "kernel": expand[2] if len(expand) == 3 else 1,
            "norm": "before" if f"{theirs}.after_norm.weight" in shape else "after",
            "dropout": rate[f"transformer_{short}"],
            "position_dropout": rate[f"transformer_{short}_positional"],
            "attention_dropout": rate[f"transformer_{short}_attn"],
        }

    decoder = stack("decoder", "dec", "decoder.decoders")
    guided = settings.get("use_guided_attn_loss", True) and "encoder-decoder" in settings.get(
        "modules_applied_guided_attn", "encoder-decoder"
    )
    values = {
        "channels": shape["feat_out.weight"][1],
        "encoder": stack("encoder", "enc", "encoder.encoders"),
        "decoder": decoder,
        "embedding_channels": shape[_EMBEDDING][1],
        "encoder_prenet_channels": shape["encoder.embed.0.0.convs.0.0.weight"][0],
        "encoder_prenet_convolutions": _count(shape, r"encoder\.embed\.0\.0\.convs\.(\d+)\.0\.weight"),
        "encoder_prenet_kernel": shape["encoder.embed.0.0.convs.0.0.weight"][2],
        "encoder_prenet_dropout": rate["eprenet"],
        "end_token": True,
        "reduction": shape["prob_out.weight"][0],
        "prenet_channels": shape[ASKED][0],
        "prenet_layers": _count(shape, r"decoder\.embed\.0\.0\.prenet\.(\d+)\.0\.weight"),
        "prenet_dropout": rate["dprenet"],
        "postnet_channels": shape["postnet.postnet.0.0.weight"][0],
        "postnet_convolutions": _count(shape, r"postnet\.postnet\.(\d+)\.0\.weight"),
        "postnet_kernel": shape["postnet.postnet.0.0.weight"][2],
        "postnet_dropout": rate["postnet"],
        "mask_loss": bool(settings.get("use_masking", False)),
        "mel_loss": {"L1": "l1", "L2": "mse", "L1+L2": "mse+l1"}.get(str(settings.get("loss_type", "L1")), "l1"),
        "stop_positive_weight": real(settings, "bce_pos_weight", where, 5.0, least=1e-3),
        "aided_layers": _led(settings, "num_layers_applied_guided_attn", decoder["layers"], where),
        "aided_heads": _led(settings, "num_heads_applied_guided_attn", heads, where),
        "guided_attention_weight": real(settings, "guided_attn_loss_lambda", where, 1.0) if guided else 0.0,
        "guided_attention_sigma": real(settings, "guided_attn_loss_sigma", where, 0.4, least=1e-3),
        "frames_per_token": 10.0,
        "frames_floor": 0,
    }
    return TransformerTTSOptions(**{**values, **changes})


# Settings whose other values change the network into one that ttskit does not have.
_FIXED: dict[str, tuple[Any, ...]] = {
    "use_gst": (False,),
    "langs": (None, -1, 0, 1),
    "spk_embed_dim": (None, -1, 0),
    "encoder_concat_after": (False,),
    "decoder_concat_after": (False,),
    "use_scaled_pos_enc": (True,),
    "use_batch_norm": (True,),
    "positionwise_layer_type": ("conv1d", "linear"),
    "use_weighted_masking": (False, True),
}


def _refuse_others(settings: Mapping[str, Any], where: str) -> None:
    strange = [f"{k}: {shown(settings[k])}" for k, legal in _FIXED.items() if k in settings and settings[k] not in legal]
    if strange:
        raise CheckpointError(f"{where} asks for what ttskit's Transformer-TTS does not have", ", ".join(strange), "")


def _led(settings: Mapping[str, Any], key: str, count: int, where: str) -> int:
    """Layers or heads that guided attention leads; -1 is all of them."""
    led = whole(settings, key, where, 2, least=-1)
    return count if led < 1 else min(led, count)


def _count(names: Mapping[str, Any], pattern: str) -> int:
    return 1 + max(int(match.group(1)) for name in names if (match := re.fullmatch(pattern, name)))
