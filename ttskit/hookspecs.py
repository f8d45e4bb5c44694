"""What a plugin can provide: pluggy hook specifications.

Providing hooks take nothing and return a list of cheap descriptions (`ttskit.interfaces.descriptions`).
Event hooks take what their docstring says and return nothing.
"""

from __future__ import annotations

import pluggy

hookspec = pluggy.HookspecMarker("ttskit")
hookimpl = pluggy.HookimplMarker("ttskit")


@hookspec
def ttskit_frontends():
    """Frontends: a list of `FrontendPlugin`."""


@hookspec
def ttskit_acoustic_models():
    """Acoustic models: a list of `AcousticModelPlugin`."""


@hookspec
def ttskit_vocoders():
    """Vocoders: a list of `VocoderPlugin`."""


@hookspec
def ttskit_corpus_readers():
    """Corpus layouts: a list of `CorpusReaderPlugin`."""


@hookspec
def ttskit_pitch_extractors():
    """F0 extractors: a list of `PitchExtractorPlugin`."""


@hookspec
def ttskit_measurements():
    """Measurements of what voices said, for `ttskit compare` and whatever reports a fit: a list of `MeasurementPlugin`."""


@hookspec
def ttskit_importers():
    """Importers of public checkpoints: a list of `ImporterPlugin`."""


@hookspec
def ttskit_commands():
    """Commands of the CLI: a list of `CommandPlugin`."""


@hookspec
def ttskit_train_started(run, config):
    """Training starts. `run`: folder (Path); `config`: the resolved recipe (dict)."""


@hookspec
def ttskit_step_ended(run, step, values):
    """A step was logged. `run`: Path; `step`: int; `values`: dict of floats."""


@hookspec
def ttskit_checkpoint_saved(run, step, path):
    """A checkpoint is complete on disk. `run`: Path; `step`: int; `path`: its folder."""
