"""Predictors of what listeners would say, as measurements of a comparison; none of them is the headline.

Each is asked only where the recipe names it (`compare.measurements: {dnsmos: true}`): together they take longer than the rest.
"""

from __future__ import annotations

from typing import Any

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import MeasurementPlugin


@hookimpl
def ttskit_measurements() -> list[MeasurementPlugin]:
    """Those whose weights lie inside their packages, and those that read a file which the user names."""
    return [
        MeasurementPlugin(
            name,
            summary,
            f"ttskit_predictors.{factory}",
            f"ttskit_predictors.{_OPTIONS[name]}" if name in _OPTIONS else "",
            {"title": title, "place": 200 + 10 * place, "asked": False, **_FACTS.get(name, {"reads_audio": True})},
        )
        for place, (name, (title, summary, factory)) in enumerate(_PREDICTORS.items())
    ]


_PREDICTORS = {  # in the order of `ttskit_predictors.asking.NEEDED`
    "dnsmos": ("DNSMOS", "DNSMOS P.835 (SIG, BAK, OVRL) and P.808 (extra predictors)", "dnsmos:Dnsmos"),
    "plcmos": ("PLCMOS", "PLCMOS, of gaps that were concealed (extra predictors)", "plcmos:Plcmos"),
    "distillmos": ("Distill-MOS", "Distill-MOS, overall quality (extra predictors)", "distillmos:DistillMos"),
    "similarity": ("Speaker similarity", "how near a voice is to the speaker's recordings", "similarity:SpeakerSimilarity"),
    "visqol": ("ViSQOL", "ViSQOL, with the recording's timing (extra predictors)", "visqol:Visqol"),
    "vad": ("Pauses, by a detector", "pauses, by Silero VAD (extra predictors)", "vad:HeardPauses"),
    "nisqa": ("NISQA", "NISQA or NISQA-TTS, from a file that you name", "nisqa:Nisqa"),
    "utmos": ("UTMOS", "UTMOS, from a file that you name", "utmos:Utmos"),
    "whisper": (
        "Word error, by Whisper",
        "words that Whisper hears otherwise, from a file that you name",
        "whisper:WhisperWords",
    ),
}  # messages
_OPTIONS: dict[str, str] = {
    "distillmos": "distillmos:DistillMosOptions",
    "nisqa": "named:NamedFile",
    "utmos": "named:NamedFile",
    "whisper": "named:WhisperFile",
}
_FACTS: dict[str, dict[str, Any]] = {
    "similarity": {"reads_audio": True, "needs": ["recordings"]},
    "visqol": {"needs": ["recordings"]},
}
