"""Our mel against the public front ends: HiFi-GAN's authors, NVIDIA, NeMo's legacy and current extractors.

Cases are found by what lies in `TTSKIT_PARITY` and `TTSKIT_PARITY_NEMO`; a MelConfig is made of the numbers in the case.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import MelExtractor, mel_basis
from ttskit.testing.numerics import rounding_of

_BESIDE = Path(__file__).resolve().parents[3] / "shared"
PARITY = Path(os.environ.get("TTSKIT_PARITY", _BESIDE / "parity"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", _BESIDE / "parity_nemo"))


def folders() -> list:
    """Folders with a waveform and its mel."""
    cases = {p.parent: json.loads(p.read_text(encoding="utf-8")) for p in sorted(PARITY.glob("*/case.json"))}
    found = [folder for folder, case in cases.items() if "wave" in case.get("inputs", {}) and "mel" in case.get("outputs", {})]
    if found:
        return [pytest.param(folder, id=folder.name) for folder in found]
    return [pytest.param(None, marks=pytest.mark.skip(reason=f"no mel case in {PARITY} (set TTSKIT_PARITY)"))]


def authors(config: dict, f_max: float | None) -> MelConfig:
    """The HiFi-GAN authors' settings: frames lie within the audio, the root is guarded."""
    rate, hop = config["sampling_rate"], config["hop_size"]
    return MelConfig(
        rate,
        config["n_fft"],
        config["win_size"],
        hop_samples=hop,
        bands=config["num_mels"],
        f_min_hz=float(config["fmin"]),
        f_max_hz=float(rate / 2 if f_max is None else f_max),
        first_frame_centre_samples=hop // 2,
        magnitude_guard=1e-9,
    )


def nvidia(config: dict) -> MelConfig:
    """NVIDIA's settings: centred frames."""
    return MelConfig(
        config["sampling_rate"],
        config["filter_length"],
        config["win_length"],
        hop_samples=config["hop_length"],
        bands=config["n_mel_channels"],
        f_min_hz=config["mel_fmin"],
        f_max_hz=config["mel_fmax"],
    )


def extract(config: MelConfig, wave: np.ndarray) -> np.ndarray:
    """(S,) → (M, T), or (B, S) → (B, M, T)."""
    audio = torch.from_numpy(np.atleast_2d(wave))
    return MelExtractor(config)(audio).numpy().reshape(*wave.shape[:-1], config.bands, -1)


_LOGS = ("mel", "mel_fmax_none")


@pytest.mark.parametrize("folder", folders())
def test_front_ends(folder):
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    wave, out, config = np.load(folder / "inputs.npz")["wave"], np.load(folder / "outputs.npz"), case["config"]
    mel = authors(config, config["fmax"]) if "n_fft" in config else nvidia(config)
    if case["case"] in ("mel_hifigan_22050", "mel_nvidia_22050"):
        assert mel == PRESETS[case["case"].split("_", 1)[1].replace("_", "-")]  # the preset is what was compared
    made = {
        "mel": lambda: extract(mel, wave),
        "mel_basis": lambda: mel_basis(mel),
        "mel_fmax_none": lambda: extract(authors(config, None), wave),
        "hann_window": lambda: MelExtractor(mel).window.numpy(),
    }
    for name in out.files:
        ours = made[name]()
        assert ours.shape == out[name].shape, name
        # The log of a quiet band is as far off as its loud neighbours round: more than the case allows on some processors.
        own = (
            rounding_of(MelExtractor.forward, MelExtractor(mel), torch.from_numpy(np.atleast_2d(wave)))
            if name in _LOGS
            else 0.0
        )
        near = max(case["outputs"][name]["atol"], own)
        np.testing.assert_allclose(ours, out[name], rtol=0, atol=near, err_msg=name)


# NeMo's extractors beside its FastPitch preprocessor, which is our preset nemo-44100.
_FAMILIES = {
    "fastpitch": {},
    "hifigan": {"log_guard_mode": "clamp", "first_frame_centre_samples": 256},
    "hifigan_trg": {"log_guard_mode": "clamp", "first_frame_centre_samples": 256, "magnitude_guard": 1e-5},
}
_AGES = {"legacy": {}, "current": {"edge_padding": "zeros"}}
GOLDEN = NEMO / "mel_pitch_golden.npz"


def golden() -> list:
    """`<family>_<age>/<situation>` of every mel that is stored."""
    if not GOLDEN.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no {GOLDEN} (set TTSKIT_PARITY_NEMO)"))]
    return sorted(k.removesuffix("/mel") for k in np.load(GOLDEN).files if k.endswith("/mel"))


@pytest.mark.parametrize("key", golden())
def test_nemo(key):
    """Over the frames that NeMo calls valid; the current one blanks the last, and each fills what lies beyond its length.

    A row shorter than its batch is padded with silence by NeMo's data set, so its edge is not reflected there, nor here.
    """
    arrays = np.load(GOLDEN)
    (extractor, situation), wave, hop = key.split("/"), arrays["wav"], PRESETS["nemo-44100"].hop_samples
    family, _, age = extractor.rpartition("_")
    config = replace(PRESETS["nemo-44100"], **_FAMILIES[family], **_AGES[age])
    waves = {"full": wave[None], "multiple_of_hop": wave[None, : len(wave) // hop * hop]}.get(situation)
    if situation == "batch":
        waves = np.zeros((len(arrays["batch_lens"]), max(arrays["batch_lens"])), np.float32)
        for row, length in zip(waves, arrays["batch_lens"], strict=True):
            row[:length] = wave[:length]
    ours, theirs = extract(config, waves), arrays[f"{key}/mel"]
    assert ours.shape == theirs.shape
    for mine, other, length in zip(ours, theirs, arrays[f"{key}/len"], strict=True):
        assert 0 < length <= mine.shape[1]
        np.testing.assert_allclose(mine[:, :length], other[:, :length], rtol=0, atol=1e-4)
