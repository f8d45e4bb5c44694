"""The interfaces between the core and its plugins.

Names are resolved on first use, so that a frontend (pure Python) never imports torch:
`from ttskit.interfaces import Frontend` costs nothing, `AcousticModel` imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same once more for type checkers, which cannot see what is resolved on first use
    from ttskit.interfaces.acoustic import (
        AcousticBatch as AcousticBatch,
    )
    from ttskit.interfaces.acoustic import (
        AcousticInput as AcousticInput,
    )
    from ttskit.interfaces.acoustic import (
        AcousticModel as AcousticModel,
    )
    from ttskit.interfaces.acoustic import (
        Controls as Controls,
    )
    from ttskit.interfaces.acoustic import (
        ModelContext as ModelContext,
    )
    from ttskit.interfaces.acoustic import (
        Outputs as Outputs,
    )
    from ttskit.interfaces.acoustic import (
        PitchStats as PitchStats,
    )
    from ttskit.interfaces.acoustic import (
        Spectrogram as Spectrogram,
    )
    from ttskit.interfaces.architecture import (
        Branch as Branch,
    )
    from ttskit.interfaces.architecture import (
        Layer as Layer,
    )
    from ttskit.interfaces.architecture import (
        ReceptiveField as ReceptiveField,
    )
    from ttskit.interfaces.architecture import (
        UpsamplingStage as UpsamplingStage,
    )
    from ttskit.interfaces.architecture import (
        VocoderArchitecture as VocoderArchitecture,
    )
    from ttskit.interfaces.descriptions import (
        AcousticModelPlugin as AcousticModelPlugin,
    )
    from ttskit.interfaces.descriptions import (
        CommandPlugin as CommandPlugin,
    )
    from ttskit.interfaces.descriptions import (
        CorpusReaderPlugin as CorpusReaderPlugin,
    )
    from ttskit.interfaces.descriptions import (
        FrontendPlugin as FrontendPlugin,
    )
    from ttskit.interfaces.descriptions import (
        ImporterPlugin as ImporterPlugin,
    )
    from ttskit.interfaces.descriptions import (
        MeasurementPlugin as MeasurementPlugin,
    )
    from ttskit.interfaces.descriptions import (
        PitchExtractorPlugin as PitchExtractorPlugin,
    )
    from ttskit.interfaces.descriptions import (
        Plugin as Plugin,
    )
    from ttskit.interfaces.descriptions import (
        VocoderPlugin as VocoderPlugin,
    )
    from ttskit.interfaces.explanation import (
        Axis as Axis,
    )
    from ttskit.interfaces.explanation import (
        Explanation as Explanation,
    )
    from ttskit.interfaces.explanation import (
        Intervention as Intervention,
    )
    from ttskit.interfaces.explanation import (
        Recorded as Recorded,
    )
    from ttskit.interfaces.explanation import (
        Step as Step,
    )
    from ttskit.interfaces.frontend import (
        Analysis as Analysis,
    )
    from ttskit.interfaces.frontend import (
        Frontend as Frontend,
    )
    from ttskit.interfaces.frontend import (
        FrontendFingerprint as FrontendFingerprint,
    )
    from ttskit.interfaces.frontend import (
        Reading as Reading,
    )
    from ttskit.interfaces.frontend import (
        Unknown as Unknown,
    )
    from ttskit.interfaces.frontend import (
        Word as Word,
    )
    from ttskit.interfaces.measurement import (
        Findings as Findings,
    )
    from ttskit.interfaces.measurement import (
        Measure as Measure,
    )
    from ttskit.interfaces.measurement import (
        Measurement as Measurement,
    )
    from ttskit.interfaces.measurement import (
        Observation as Observation,
    )
    from ttskit.interfaces.measurement import (
        Remark as Remark,
    )
    from ttskit.interfaces.measurement import (
        Row as Row,
    )
    from ttskit.interfaces.measurement import (
        Sample as Sample,
    )
    from ttskit.interfaces.measurement import (
        SampleMeasurement as SampleMeasurement,
    )
    from ttskit.interfaces.measurement import (
        Sentence as Sentence,
    )
    from ttskit.interfaces.measurement import (
        Sound as Sound,
    )
    from ttskit.interfaces.measurement import (
        Spoken as Spoken,
    )
    from ttskit.interfaces.phonetics import (
        Phonetics as Phonetics,
    )
    from ttskit.interfaces.trainable import (
        Losses as Losses,
    )
    from ttskit.interfaces.trainable import (
        LossTerm as LossTerm,
    )
    from ttskit.interfaces.trainable import (
        OptimizerPlan as OptimizerPlan,
    )
    from ttskit.interfaces.trainable import (
        Trainable as Trainable,
    )
    from ttskit.interfaces.trainable import (
        TrainState as TrainState,
    )
    from ttskit.interfaces.traversal import (
        Traversal as Traversal,
    )
    from ttskit.interfaces.vocoder import (
        Vocoder as Vocoder,
    )
    from ttskit.interfaces.vocoder import (
        VocoderBatch as VocoderBatch,
    )
    from ttskit.interfaces.vocoder_explanation import (
        VocoderExplanation as VocoderExplanation,
    )

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
    "Branch": "architecture",
    "Layer": "architecture",
    "ReceptiveField": "architecture",
    "UpsamplingStage": "architecture",
    "VocoderArchitecture": "architecture",
    "Axis": "explanation",
    "Explanation": "explanation",
    "Intervention": "explanation",
    "Recorded": "explanation",
    "Step": "explanation",
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
    "VocoderExplanation": "vocoder_explanation",
    "LossTerm": "trainable",
    "Losses": "trainable",
    "OptimizerPlan": "trainable",
    "Trainable": "trainable",
    "TrainState": "trainable",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"ttskit.interfaces.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
