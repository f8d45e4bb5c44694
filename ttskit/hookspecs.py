"""What a plugin can provide: pluggy hook specifications.

Providing hooks take nothing and return a list of cheap descriptions (`ttskit.interfaces.descriptions`).
Event hooks take what their docstring says and return nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    from ttskit.interfaces.descriptions import (
        AcousticModelPlugin,
        CommandPlugin,
        CorpusReaderPlugin,
        FrontendPlugin,
        ImporterPlugin,
        MeasurementPlugin,
        PitchExtractorPlugin,
        VocoderPlugin,
    )

__all__ = [
    "hookimpl",
    "hookspec",
    "ttskit_acoustic_models",
    "ttskit_checkpoint_saved",
    "ttskit_commands",
    "ttskit_corpus_readers",
    "ttskit_frontends",
    "ttskit_importers",
    "ttskit_measurements",
    "ttskit_pitch_extractors",
    "ttskit_step_ended",
    "ttskit_train_started",
    "ttskit_vocoders",
]

hookspec = pluggy.HookspecMarker("ttskit")
hookimpl = pluggy.HookimplMarker("ttskit")


@hookspec
def ttskit_frontends() -> list[FrontendPlugin]:
    """Frontends: a list of `FrontendPlugin`."""


@hookspec
def ttskit_acoustic_models() -> list[AcousticModelPlugin]:
    """Acoustic models: a list of `AcousticModelPlugin`."""


@hookspec
def ttskit_vocoders() -> list[VocoderPlugin]:
    """Vocoders: a list of `VocoderPlugin`."""


@hookspec
def ttskit_corpus_readers() -> list[CorpusReaderPlugin]:
    """Corpus layouts: a list of `CorpusReaderPlugin`."""


@hookspec
def ttskit_pitch_extractors() -> list[PitchExtractorPlugin]:
    """F0 extractors: a list of `PitchExtractorPlugin`."""


@hookspec
def ttskit_measurements() -> list[MeasurementPlugin]:
    """Measurements of what voices said, for `ttskit compare` and whatever reports a fit: a list of `MeasurementPlugin`."""


@hookspec
def ttskit_importers() -> list[ImporterPlugin]:
    """Importers of public checkpoints: a list of `ImporterPlugin`."""


@hookspec
def ttskit_commands() -> list[CommandPlugin]:
    """Commands of the CLI: a list of `CommandPlugin`."""


@hookspec
def ttskit_train_started(run: Path, config: dict[str, Any]) -> None:
    """Training starts. `run`: folder (Path); `config`: the resolved recipe (dict)."""


@hookspec
def ttskit_step_ended(run: Path, step: int, values: dict[str, float]) -> None:
    """A step was logged. `run`: Path; `step`: int; `values`: dict of floats."""


@hookspec
def ttskit_checkpoint_saved(run: Path, step: int, path: Path) -> None:
    """A checkpoint is complete on disk. `run`: Path; `step`: int; `path`: its folder."""
