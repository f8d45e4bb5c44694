"""What the core itself offers, through the same entry points as everyone: letters as tokens, readers, pitch, commands."""

from __future__ import annotations

from ttskit.hookspecs import hookimpl
from ttskit.interfaces.descriptions import (
    CommandPlugin,
    CorpusReaderPlugin,
    FrontendPlugin,
    MeasurementPlugin,
    PitchExtractorPlugin,
)

__all__ = ["ttskit_commands", "ttskit_corpus_readers", "ttskit_frontends", "ttskit_measurements", "ttskit_pitch_extractors"]

_READERS, _PITCH = "ttskit.corpus.readers", "ttskit.audio.pitch"


@hookimpl
def ttskit_frontends() -> list[FrontendPlugin]:
    """Letters as tokens, for checkpoints that were trained on them."""
    return [
        FrontendPlugin(
            "characters",
            "letters themselves as tokens, of any inventory",
            "ttskit.characters:CharacterFrontend",
            "ttskit.characters:CharacterOptions",
            {"language": "any"},
        )
    ]


@hookimpl
def ttskit_corpus_readers() -> list[CorpusReaderPlugin]:
    """The usual layouts of recorded corpora."""
    return [
        CorpusReaderPlugin("ljspeech", "metadata.csv (id|text|normalised text) and wavs/", f"{_READERS}:read_ljspeech"),
        CorpusReaderPlugin("list", "a text file of path|text or path|speaker|text", f"{_READERS}:read_list"),
        CorpusReaderPlugin("folders", "one folder per speaker, each with its transcripts", f"{_READERS}:read_folders"),
    ]


@hookimpl
def ttskit_pitch_extractors() -> list[PitchExtractorPlugin]:
    """F0 extractors."""
    return [
        PitchExtractorPlugin("autocorrelation", "autocorrelation and the best path, fast", f"{_PITCH}:autocorrelation"),
        PitchExtractorPlugin("pyin", "probabilistic YIN", f"{_PITCH}:pyin"),
    ]


@hookimpl
def ttskit_measurements() -> list[MeasurementPlugin]:
    """What `ttskit compare` asks of its own accord."""
    return [
        MeasurementPlugin(
            name,
            summary,
            f"ttskit.measure.{factory}",
            f"ttskit.measure.{_OPTIONS[name]}" if name in _OPTIONS else "",
            facts={"title": title, "needs": needs, "place": 10 * place},
        )
        for place, (name, title, summary, factory, needs) in enumerate(_MEASUREMENTS, start=1)
    ]


@hookimpl
def ttskit_commands() -> list[CommandPlugin]:
    """Every command; its module is imported when it runs."""
    return [
        CommandPlugin(name, summary, f"ttskit.cli.{_MODULES.get(name, name)}:command", facts={"place": 10 * place})
        for place, (name, summary) in enumerate(_COMMANDS.items(), start=1)
    ]


_MEASUREMENTS = (
    ("quality", "Quality", "distances to the recordings: MCD, LSD, F0, voicing, mel", "quality:Quality", ["recordings"]),
    ("timing", "Timing: durations, rate, pauses", "durations of all, rate, pauses", "timing:SpeechTiming", ["recordings"]),
    ("robustness", "Robustness", "what is skipped, repeated, cut, endless, by a recogniser", "robustness:Robustness", ["runs"]),
    ("learned", "What was learned: alignment", "own alignments, attention, teacher-forced mels", "learned:Learned", ["runs"]),
    ("speed", "Speed and size", "latency, throughput, memory, parameters", "speed:Speed", ["runs"]),
    ("control", "Control: asked against measured", "pace, pitch, energy as heard", "control:Control", ["runs", "controls"]),
    ("training", "Training", "losses, time and rate of the trainings", "training:TrainingHistory", ["runs"]),
    ("intrusive", "PESQ and STOI", "with the recording's timing (extra intrusive)", "intrusive:Intrusive", ["recordings"]),
)
_OPTIONS = {"quality": "quality:QualityOptions"}
_COMMANDS = {
    "new": "Begin a voice: asks what you have, writes a recipe, says what to type",
    "prepare": "Turn recordings and transcripts into a training corpus",
    "check": "Say what is wrong with a corpus, without changing anything",
    "train": "Train an acoustic model or a vocoder on a prepared corpus",
    "import": "Turn a public checkpoint of another toolkit into a run",
    "synthesize": "Speak a text with a trained voice",
    "compare": "Compare voices on one page: quality, robustness, speed",
    "drift": "Measure how far old voices have moved in a fine-tuning",
    "text": "Show how a text is read: normalised, phonemes, syllables",
    "align": "Find each token's frames: by a model, or from other tools' files",
    "plugins": "List, show and check what is installed",
    "doctor": "Say what this machine has: versions, GPU, extras, disk",
}
_MODULES = {"import": "import_checkpoint"}  # a keyword of Python is no module name
