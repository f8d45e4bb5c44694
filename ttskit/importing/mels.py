"""The audio settings of public checkpoints as a MelConfig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.errors import CheckpointError
from ttskit.importing.numbers import made_mel, real, whole
from ttskit.importing.report import ImportReport
from ttskit.reading import shown

__all__ = ["described", "mel_of_nemo", "mel_of_nvidia"]

_SETUP = "the checkpoint's train_setup"


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
    where = f"the preprocessor of {name}"
    if not isinstance(section, Mapping):
        raise CheckpointError(f"{where} cannot be used", f"it is {shown(section)}, must be a mapping", "")
    strange = [f"{k}: {shown(section[k])}" for k, legal in wanted.items() if k in section and section[k] not in legal]
    rate, fft, hop, window = (whole(section, k, where) for k in ("sample_rate", "n_fft", "n_window_stride", "n_window_size"))
    bands = whole(section, "features" if "features" in section else "nfilt", where)
    given = {k: v for k, v in section.items() if v is not None}
    low = real(given, "lowfreq", where, 0.0)
    high = real(given, "highfreq", where, rate / 2) or rate / 2  # 0 is NeMo's "up to half the rate"
    guard = real(section, "log_zero_guard_value", where, 2.0**-24, most=1.0)
    power = real(section, "mag_power", where, 2.0, most=4.0)
    if strange:
        raise CheckpointError(f"the preprocessor of {name} has settings that ttskit does not have", ", ".join(strange), "")
    # exact_pad puts (n_fft - hop) / 2 at each edge, which centres frame 0 half a hop later.
    first = hop // 2 if section.get("exact_pad") else 0
    mel = made_mel(
        name,
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
    base = made_mel("the checkpoint", **{**PRESETS["nvidia-22050"].to_json(), "bands": bands})
    names = ("sampling_rate", "filter_length", "win_length", "hop_length", "mel_fmin", "mel_fmax")
    given = {name: setup[name] for name in names if setup.get(name) is not None}
    if "sampling_rate" in given and setup.get("mel_fmax", 0) is None:
        given["mel_fmax"] = whole(given, "sampling_rate", _SETUP) / 2
    mel = made_mel(
        _SETUP,
        **{
            **base.to_json(),
            "sample_rate_hz": whole(given, "sampling_rate", _SETUP, base.sample_rate_hz),
            "fft_samples": whole(given, "filter_length", _SETUP, base.fft_samples),
            "window_samples": whole(given, "win_length", _SETUP, base.window_samples),
            "hop_samples": whole(given, "hop_length", _SETUP, base.hop_samples),
            "f_min_hz": real(given, "mel_fmin", _SETUP, base.f_min_hz),
            "f_max_hz": real(given, "mel_fmax", _SETUP, base.f_max_hz),
        },
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
