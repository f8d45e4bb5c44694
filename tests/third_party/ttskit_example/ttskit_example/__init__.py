"""What this distribution offers; nothing heavy is imported here."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces import AcousticModelPlugin, CommandPlugin, MeasurementPlugin, VocoderPlugin


@hookimpl
def ttskit_acoustic_models():
    """The acoustic models `stretch`, all frames at once, and `murmur`, one after the other."""
    facts = {
        "decoding": "parallel",
        "features": [],
        "controls": ["pace", "durations"],
        "multi_speaker": True,
        "teacher_forced": True,
        "aligns": False,
    }
    return [
        AcousticModelPlugin(
            "stretch",
            "every token a steady sound of the same length",
            "ttskit_example.model:Stretch",
            "ttskit_example.config:StretchOptions",
            facts,
        ),
        AcousticModelPlugin(
            "murmur",
            "a small recurrent network that attends, built from ttskit.nn",
            "ttskit_example.murmur:Murmur",
            "ttskit_example.config:MurmurOptions",
            {**facts, "decoding": "autoregressive", "controls": [], "aligns": True},
        ),
    ]


@hookimpl
def ttskit_vocoders():
    """The vocoder `buzz`, without options."""
    return [
        VocoderPlugin(
            "buzz",
            "one buzzing tone, as loud as the mel",
            "ttskit_example.vocoder:Buzz",
            facts={"trainable": False, "streaming": False},
        )
    ]


@hookimpl
def ttskit_commands():
    """The command `wordcount`."""
    return [CommandPlugin("wordcount", "Count the words that a text is read as", "ttskit_example.command:command")]


@hookimpl
def ttskit_measurements():
    """The metric `opinion`, and the section `tempo` of a comparison's page."""
    return [
        MeasurementPlugin("opinion", "a score from 1 to 5 that nobody gave", "ttskit_example.opinion:Opinion"),
        MeasurementPlugin("tempo", "how fast it is said", "ttskit_example.tempo:Tempo", facts={"title": "How fast it is said"}),
    ]
