"""The interfaces between the core and its plugins.

Names are resolved on first use, so that a frontend (pure Python) never imports torch:
`from ttskit.interfaces import Frontend` costs nothing, `AcousticModel` imports torch.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "Analysis": "frontend",
    "Frontend": "frontend",
    "FrontendFingerprint": "frontend",
    "Unknown": "frontend",
    "Reading": "frontend",
    "Word": "frontend",
    "Phonetics": "phonetics",
    "Plugin": "descriptions",
    "FrontendPlugin": "descriptions",
    "AcousticModelPlugin": "descriptions",
    "VocoderPlugin": "descriptions",
    "CorpusReaderPlugin": "descriptions",
    "PitchExtractorPlugin": "descriptions",
    "MeasurementPlugin": "descriptions",
    "ImporterPlugin": "descriptions",
    "CommandPlugin": "descriptions",
    "AcousticBatch": "acoustic",
    "AcousticInput": "acoustic",
    "AcousticModel": "acoustic",
    "Controls": "acoustic",
    "ModelContext": "acoustic",
    "Outputs": "acoustic",
    "PitchStats": "acoustic",
    "Spectrogram": "acoustic",
    "Traversal": "traversal",
    "Findings": "measurement",
    "Measure": "measurement",
    "Measurement": "measurement",
    "Observation": "measurement",
    "Remark": "measurement",
    "Row": "measurement",
    "Sample": "measurement",
    "SampleMeasurement": "measurement",
    "Sentence": "measurement",
    "Sound": "measurement",
    "Spoken": "measurement",
    "Vocoder": "vocoder",
    "VocoderBatch": "vocoder",
    "LossTerm": "trainable",
    "Losses": "trainable",
    "OptimizerPlan": "trainable",
    "Trainable": "trainable",
    "TrainState": "trainable",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"ttskit.interfaces.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
