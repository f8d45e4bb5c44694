"""Cases of ESPnet's Transformer-TTS: what stands in them, and how their reference outputs were made.

Weights and inputs are not stored: `filled` and `inputs_of` make them from names. The outputs in
`data/espnet_transformer.npz` were made by running this file beside an installed ESPnet, release 202402
(https://github.com/espnet/espnet, tag v.202402), with its own `espnet2.tts.transformer.Transformer`:

    python tests/parity/espnet_transformer_cases.py
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parent / "data" / "espnet_transformer.npz"
SYMBOLS, BANDS = 12, 6
_COMMON = {
    "embed_dim": 10,
    "eprenet_conv_layers": 2,
    "eprenet_conv_chans": 14,
    "eprenet_conv_filts": 3,
    "dprenet_layers": 2,
    "dprenet_units": 8,
    "adim": 16,
    "aheads": 4,
    "elayers": 2,
    "eunits": 20,
    "dlayers": 3,
    "dunits": 24,
    "postnet_layers": 3,
    "postnet_chans": 10,
    "postnet_filts": 5,
    "modules_applied_guided_attn": ["encoder-decoder"],  # its default is a string, in which "encoder" and "decoder" are found
    **{
        f"{part}_dropout_rate": 0.0
        for part in (
            *("transformer_enc", "transformer_enc_positional", "transformer_enc_attn", "transformer_dec"),
            *("transformer_dec_positional", "transformer_dec_attn", "transformer_enc_dec_attn"),
            *("eprenet", "dprenet", "postnet"),
        )
    },
}
# Every branch of the public code that ttskit has: norms before and after, kernels, speakers, r, masks, distances.
CASES: dict[str, dict] = {
    "plain": {**_COMMON, "use_masking": True},
    "unmasked": {**_COMMON, "use_masking": False, "loss_type": "L1+L2", "bce_pos_weight": 3.0},
    "after": {
        **_COMMON,
        "use_masking": True,
        "encoder_normalize_before": False,
        "decoder_normalize_before": False,
        "loss_type": "L2",
        "num_heads_applied_guided_attn": 1,
        "num_layers_applied_guided_attn": 3,
    },
    "reduced": {
        **_COMMON,
        "use_masking": True,
        "reduction_factor": 2,
        "spks": 3,
        "positionwise_conv_kernel_size": 3,
        "guided_attn_loss_sigma": 0.2,
        "guided_attn_loss_lambda": 5.0,
    },
}
THRESHOLDS = {"plain": 0.825, "unmasked": 0.825, "after": 1.1, "reduced": 1.1}  # above 1 a sentence goes on to its cap
TEXT, FRAMES = (7, 5, 3), (12, 10, 6)


def filled(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The value of a parameter or buffer, from its name alone."""
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, dtype=np.int64)
    drawn = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    leaf = name.rpartition(".")[2]
    if leaf == "running_var":
        value = 1.0 + 0.5 * np.abs(drawn)
    elif leaf == "alpha":
        value = 1.0 + 0.3 * drawn
    elif len(shape) >= 2:
        scale = 8.0 if "prob_out" in name else 2.0 if "linear_" in name or "feat_out" in name else 1.0
        value = drawn / np.sqrt(np.prod(shape[1:])) * scale
    elif leaf == "weight":
        value = 1.0 + 0.1 * drawn
    else:
        value = 0.1 * drawn
    return np.asarray(value, dtype=np.float32)


def sketch(name: str, gradient: np.ndarray) -> np.ndarray:
    """Six numbers of a gradient: its norm, and its products with five directions that depend on the name."""
    drawn = np.random.RandomState(zlib.crc32(b"sketch " + name.encode())).standard_normal((5, gradient.size))
    flat = gradient.reshape(-1).astype(np.float64)
    return np.concatenate([[np.linalg.norm(flat)], drawn @ flat]).astype(np.float32)


def inputs_of(rows: int = 3) -> dict[str, np.ndarray]:
    """A batch: text (B, N), its lengths, mels (B, T, M), their lengths, speakers (B,)."""
    random = np.random.RandomState(7)
    text = np.zeros((rows, max(TEXT[:rows])), dtype=np.int64)
    mel = np.zeros((rows, max(FRAMES[:rows]), BANDS), dtype=np.float32)
    for row in range(rows):
        text[row, : TEXT[row]] = random.randint(1, SYMBOLS - 1, TEXT[row])
        mel[row, : FRAMES[row]] = random.standard_normal((FRAMES[row], BANDS))
    lengths = {"text_lengths": np.array(TEXT[:rows]), "feats_lengths": np.array(FRAMES[:rows])}
    return {"text": text, "feats": mel, **lengths, "sids": np.arange(rows) % 3}


def make() -> None:
    """Run ESPnet over every case and write what it gives."""
    import torch
    from espnet2.tts.transformer import Transformer

    stored: dict[str, np.ndarray] = {}
    for case, settings in CASES.items():
        model = Transformer(SYMBOLS, BANDS, **settings)
        state = {k: torch.from_numpy(np.asarray(filled(k, tuple(v.shape)))) for k, v in model.state_dict().items()}
        state["criterion.bce_criterion.pos_weight"] = model.criterion.bce_criterion.pos_weight
        model.load_state_dict(state)
        given = {k: torch.from_numpy(v) for k, v in inputs_of().items()}
        speakers = {"sids": given.pop("sids")} if "spks" in settings else {}
        model.train()  # batch statistics; every dropout is 0
        loss, told, _ = model(**given, **speakers)
        loss.backward()
        stored |= {f"{case}/train/{k}": np.float32(v.item() if hasattr(v, "item") else v) for k, v in told.items()}
        stored[f"{case}/state"] = np.array([f"{k} {list(v.shape)}" for k, v in model.state_dict().items()])
        gradients = {name: parameter.grad.numpy() for name, parameter in model.named_parameters()}
        stored[f"{case}/names"] = np.array(list(gradients))
        stored[f"{case}/gradients"] = np.stack([sketch(name, gradient) for name, gradient in gradients.items()])
        model.load_state_dict(state)
        model.eval()
        with torch.no_grad():
            _, told, outputs = model(**given, **speakers, joint_training=True)
            stored |= {f"{case}/eval/{k}": np.float32(v) for k, v in told.items()}
            stored[f"{case}/eval/mel"] = outputs.numpy()
            for row, (tokens, frames) in enumerate(zip(TEXT, FRAMES, strict=True)):
                sid = {k: v[row : row + 1] for k, v in speakers.items()}
                text, mel = given["text"][row, :tokens], given["feats"][row, :frames]
                taught = model.inference(text, mel, **sid, use_teacher_forcing=True)
                said = model.inference(text, **sid, threshold=THRESHOLDS[case], maxlenratio=3.0)
                stored[f"{case}/{row}/taught"] = taught["feat_gen"].numpy()
                stored |= {f"{case}/{row}/{k}": said[k].numpy() for k in ("feat_gen", "prob", "att_w")[: 3 if row == 1 else 2]}
    DATA.parent.mkdir(exist_ok=True)
    np.savez_compressed(DATA, **stored)


if __name__ == "__main__":
    make()
