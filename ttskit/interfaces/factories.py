"""What the factories of plugins are called with and give: for type checkers, and for whoever writes one.

The names of the arguments are a factory's own affair: the core gives them by position, frontends' options by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from ttskit.audio.config import MelConfig
    from ttskit.interfaces.acoustic import AcousticModel, ModelContext
    from ttskit.interfaces.frontend import Frontend
    from ttskit.interfaces.measurement import Measurement
    from ttskit.interfaces.vocoder import Vocoder

__all__ = [
    "AcousticModelFactory",
    "CorpusReaderFactory",
    "FrontendFactory",
    "ImporterFactory",
    "MeasurementFactory",
    "PitchExtractorFactory",
    "VocoderFactory",
]


class FrontendFactory(Protocol):
    """A frontend from its options."""

    def __call__(self, **options: Any) -> Frontend: ...


class AcousticModelFactory(Protocol):
    """A model with fresh weights, from its validated options and what it is to speak."""

    def __call__(self, options: Any, context: ModelContext, /) -> AcousticModel: ...


class VocoderFactory(Protocol):
    """A vocoder with fresh weights, from its validated options and the mel that it is to read."""

    def __call__(self, options: Any, mel: MelConfig, /) -> Vocoder: ...


class CorpusReaderFactory(Protocol):
    """The `ttskit.corpus.readers.CorpusReading` of a folder; `speaker` where the layout names none."""

    def __call__(self, folder: Path, speaker: str | None, /) -> Any: ...


class PitchExtractorFactory(Protocol):
    """F0 (T,) in Hz of audio (S,) at the mel's frame centres, unvoiced 0."""

    def __call__(self, audio: np.ndarray, mel: MelConfig, f_min_hz: float, f_max_hz: float, /) -> np.ndarray: ...


class MeasurementFactory(Protocol):
    """A measurement: from its validated options, or from nothing where it has no options class."""

    def __call__(self, *options: Any) -> Measurement: ...


class ImporterFactory(Protocol):
    """Writes the run folder of a public checkpoint; a `ttskit.importing.ImportReport`, or None."""

    def __call__(self, path: Path, run: Path, /, **options: Any) -> Any: ...
