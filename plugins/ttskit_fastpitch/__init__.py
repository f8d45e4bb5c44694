"""FastPitch (Łańcucki 2021): parallel text-to-mel with explicit durations, pitch and energy."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import AcousticModelPlugin, ImporterPlugin

_STACK = {"layers": 1, "head_channels": 8, "filter_channels": 32}
_SMALL = {  # what the conformance kit builds
    "channels": 24,
    "min_duration": 3.0,
    "encoder": _STACK,
    "decoder": _STACK,
    **{f"{name}_predictor": {"filter_channels": 16} for name in ("duration", "pitch", "energy")},
}


@hookimpl
def ttskit_acoustic_models():
    """One model, `fastpitch`."""
    return [
        AcousticModelPlugin(
            name="fastpitch",
            summary="FastPitch: parallel transformer with duration, pitch and energy predictors and a learned alignment",
            factory="ttskit_fastpitch.model:FastPitch",
            options="ttskit_fastpitch.config:FastPitchOptions",
            facts={
                "decoding": "parallel",
                "features": ["pitch", "energy"],
                "controls": ["pace", "durations", "pitch", "pitch_range", "pitch_values", "energy", "speaker_mix"],
                "multi_speaker": True,
                "teacher_forced": True,
                "aligns": True,
                "small_options": _SMALL,
            },
        )
    ]


@hookimpl
def ttskit_importers():
    """Public FastPitch checkpoints."""
    home = "ttskit_fastpitch.importers"
    return [
        ImporterPlugin("nemo-fastpitch", "NVIDIA NeMo FastPitch (.nemo)", f"{home}:nemo", facts={"suffixes": [".nemo"]}),
        ImporterPlugin(
            "dle-fastpitch", "NVIDIA DeepLearningExamples FastPitch (.pt)", f"{home}:dle", facts={"suffixes": [".pt"]}
        ),
    ]
