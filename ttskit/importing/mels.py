"""The audio settings of public checkpoints as a MelConfig."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.errors import CheckpointError
from ttskit.importing.report import ImportReport

__all__ = ["described", "mel_of_nemo", "mel_of_nvidia"]


def mel_of_nemo(section: Mapping[str, Any], name: str, report: ImportReport) -> MelConfig:
    """From a NeMo `preprocessor` section.

    Edges are reflected and the last frame is kept, as in the extractor that the public models were
    trained with; NeMo's newest versions pad with zeros and blank the last frame.

    Raises:
        CheckpointError: a setting is missing, or one that ttskit does not have.
    """
    wanted = {
        "normalize": (None, False, "NA", ""),
        "preemph": (None, 0, False),
        "window": ("hann",),
        "log": (True,),
        "frame_splicing": (1,),
        "mel_norm": ("slaney",),
        "log_zero_guard_type": ("add", "clamp"),
    }
    strange = [f"{k}: {section[k]!r}" for k, legal in wanted.items() if k in section and section[k] not in legal]
    try:
        rate, fft, hop = int(section["sample_rate"]), int(section["n_fft"]), int(section["n_window_stride"])
        bands = int(section["features"] if "features" in section else section["nfilt"])
        window = int(section["n_window_size"])
        low, high = float(section.get("lowfreq") or 0.0), float(section.get("highfreq") or rate / 2)
        guard = float(section.get("log_zero_guard_value", 2.0**-24))
        power = float(section.get("mag_power", 2.0))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the preprocessor of {name} is not complete", f"{type(error).__name__}: {error}", "") from error
    if strange:
        raise CheckpointError(f"the preprocessor of {name} has settings that ttskit does not have", ", ".join(strange), "")
    # exact_pad puts (n_fft - hop) / 2 at each edge, which centres frame 0 half a hop later.
    first = hop // 2 if section.get("exact_pad") else 0
    mel = MelConfig(
        rate,
        fft,
        window,
        False,
        hop,
        bands,
        f_min_hz=low,
        f_max_hz=high,
        magnitude_power=power,
        first_frame_centre_samples=first,
        log_guard=guard,
        log_guard_mode=str(section.get("log_zero_guard_type", "add")),
    )
    report.understood("audio", described(mel))
    return mel


def mel_of_nvidia(setup: Mapping[str, Any], bands: int, report: ImportReport) -> MelConfig:
    """From the names that NVIDIA's examples use (`train_setup` or hparams); what is not given is NVIDIA's default."""
    base = replace(PRESETS["nvidia-22050"], bands=bands)
    names = ("sampling_rate", "filter_length", "win_length", "hop_length", "mel_fmin", "mel_fmax")
    given = {name: setup[name] for name in names if isinstance(setup.get(name), (int, float))}
    if "sampling_rate" in given and setup.get("mel_fmax", 0) is None:
        given["mel_fmax"] = given["sampling_rate"] / 2
    mel = replace(
        base,
        sample_rate_hz=int(given.get("sampling_rate", base.sample_rate_hz)),
        fft_samples=int(given.get("filter_length", base.fft_samples)),
        window_samples=int(given.get("win_length", base.window_samples)),
        hop_samples=int(given.get("hop_length", base.hop_samples)),
        f_min_hz=float(given.get("mel_fmin", base.f_min_hz)),
        f_max_hz=float(given.get("mel_fmax", base.f_max_hz)),
    )
    if given:
        report.understood("audio", described(mel))
    else:
        report.missing("audio", f"assumed, as NVIDIA's defaults: {described(mel)}")
    return mel


def described(mel: MelConfig) -> str:
    """A mel configuration in one line."""
    return (
        f"{mel.sample_rate_hz} Hz, {mel.bands} bands {mel.f_min_hz:g} … {mel.f_max_hz:g} Hz, hop {mel.hop_samples}, "
        f"window {mel.window_samples}"
    )
