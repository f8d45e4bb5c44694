"""What the hooks return: cheap descriptions. Nothing named by a dotted path is imported before it is built."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from ttskit.interfaces.factories import (
    AcousticModelFactory,
    CorpusReaderFactory,
    FrontendFactory,
    ImporterFactory,
    MeasurementFactory,
    PitchExtractorFactory,
    VocoderFactory,
)

if TYPE_CHECKING:
    import click  # noqa: F401 - named in a string below, so that hooks do not import it

__all__ = [
    "AcousticModelPlugin",
    "CommandPlugin",
    "CorpusReaderPlugin",
    "FrontendPlugin",
    "ImporterPlugin",
    "MeasurementPlugin",
    "PitchExtractorPlugin",
    "Plugin",
    "VocoderPlugin",
    "resolve",
]

_Loaded = TypeVar("_Loaded")  # what the dotted path of a kind of plugin leads to


@dataclass(frozen=True, slots=True)
class Plugin(Generic[_Loaded]):
    """A thing that a plugin offers: `Plugin[X]` loads an X, which is the kind's factory (`ttskit.interfaces.factories`).

    Args:
        name: what people type in a recipe or option.
        summary: one line for `ttskit plugins list`.
        factory: dotted path "package.module:attribute", imported by `load()`.
        options: dotted path of the pydantic model (or dataclass) of its options; "" for none.
        facts: what it declares about itself (checked by the conformance kit).
    """

    kind: ClassVar[str] = ""

    name: str
    summary: str
    factory: str
    options: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> _Loaded:
        """Import and return the factory."""
        return cast("_Loaded", resolve(self.factory))

    def load_options(self) -> Any:
        """Import and return the options class, or None."""
        return resolve(self.options) if self.options else None


def resolve(path: str) -> Any:
    """The object at "package.module:attribute"."""
    module, _, attribute = path.partition(":")
    with redirect_stdout(sys.stderr):  # what a plugin prints when it is imported is no result of a command
        value: Any = import_module(module)
    for part in attribute.split("."):
        value = getattr(value, part)
    return value


@dataclass(frozen=True, slots=True)
class FrontendPlugin(Plugin[FrontendFactory]):
    """factory(**options) -> Frontend.

    Facts: `language`, a code or "any"; and, where it knows how its language sounds, `phonetics` (dotted path of a `Phonetics`),
    which other frontends of the language are matched with as well.
    """

    kind: ClassVar[str] = "frontend"


@dataclass(frozen=True, slots=True)
class AcousticModelPlugin(Plugin[AcousticModelFactory]):
    """factory(options, context: ModelContext) -> AcousticModel.

    Facts: `decoding` ("autoregressive" | "parallel"), `features` (list of "pitch", "energy",
    "durations"), `controls` (list of "pace", "pitch", "pitch_range", "energy", "durations", "pitch_values",
    "speaker_mix"; see `Controls`), `multi_speaker` (bool), `teacher_forced` (bool), `aligns` (bool: has
    `durations(batch)`), `streaming` (bool: has `infer_stream`; false where left out); and, where inference can hold its
    weights otherwise than in fp32, `precisions` (list, "fp32" first).
    """

    kind: ClassVar[str] = "acoustic model"


@dataclass(frozen=True, slots=True)
class VocoderPlugin(Plugin[VocoderFactory]):
    """factory(options, mel: MelConfig) -> Vocoder.

    Facts: `trainable` (bool), `streaming` (bool), `stochastic` (bool: draws from the generators that it is given; false
    where left out), `precisions` as for acoustic models, `structure` (names of
    options that decide shapes: with `--init-from` they are that run's where the recipe does not give them; optional).
    """

    kind: ClassVar[str] = "vocoder"


@dataclass(frozen=True, slots=True)
class CorpusReaderPlugin(Plugin[CorpusReaderFactory]):
    """factory(folder: Path, speaker: str | None) -> ttskit.corpus.readers.CorpusReading. Facts: none."""

    kind: ClassVar[str] = "corpus reader"


@dataclass(frozen=True, slots=True)
class PitchExtractorPlugin(Plugin[PitchExtractorFactory]):
    """factory(audio, mel: MelConfig, f_min_hz, f_max_hz) -> f0_hz per mel frame, unvoiced 0. Facts: none."""

    kind: ClassVar[str] = "pitch extractor"


@dataclass(frozen=True, slots=True)
class MeasurementPlugin(Plugin[MeasurementFactory]):
    """factory(options) -> Measurement, or factory() where it has no options class.

    Facts: `title` of its section; `needs` (list, of "recordings", "exact times", "alignments", "controls", "hard sentences",
    "runs"): it is left out, and a note says so, where the comparison has none; `place` (number) among the sections: ours stand
    at 10, 20, …, one that names none comes last; `reads_audio` (true): it reads the samples' audio whatever else it needs, so
    that the self-test with planted faults asks it too (one that needs recordings only, or nothing, is asked anyway); `asked`
    (false): only where the recipe names it, since it takes long.
    """

    kind: ClassVar[str] = "measurement"


@dataclass(frozen=True, slots=True)
class ImporterPlugin(Plugin[ImporterFactory]):
    """factory(path: Path, run: Path, **options) -> ImportReport or None, writes a run folder. Facts: `suffixes`.

    The factory refuses files that are not of its kind. One with `recognises(path) -> bool` (see
    `ttskit.importing.Importer`) is chosen by content; others are asked for by name.
    """

    kind: ClassVar[str] = "importer"


@dataclass(frozen=True, slots=True)
class CommandPlugin(Plugin["click.Command"]):
    """factory is a click.Command; `summary` is its one-line help, shown without importing it.

    Facts: `place` (number) in the list of `ttskit --help`, which follows the order of the work: the core's own stand at
    10, 20, …; a command that names none comes last.
    """

    kind: ClassVar[str] = "command"
