"""What the hooks return: cheap descriptions. Nothing named by a dotted path is imported before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Plugin:
    """A thing that a plugin offers.

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

    def load(self) -> Any:
        """Import and return the factory."""
        return resolve(self.factory)

    def load_options(self) -> Any:
        """Import and return the options class, or None."""
        return resolve(self.options) if self.options else None


def resolve(path: str) -> Any:
    """The object at "package.module:attribute"."""
    module, _, attribute = path.partition(":")
    value: Any = import_module(module)
    for part in attribute.split("."):
        value = getattr(value, part)
    return value


@dataclass(frozen=True, slots=True)
class FrontendPlugin(Plugin):
    """factory(**options) -> Frontend. Facts: `language`."""

    kind: ClassVar[str] = "frontend"


@dataclass(frozen=True, slots=True)
class AcousticModelPlugin(Plugin):
    """factory(options, context: ModelContext) -> AcousticModel.

    Facts: `decoding` ("autoregressive" | "parallel"), `features` (list of "pitch", "energy",
    "durations"), `controls` (list of "pace", "pitch", "pitch_range", "energy", "durations", "pitch_values",
    "speaker_mix"; see `Controls`), `multi_speaker` (bool), `teacher_forced` (bool), `aligns` (bool: has
    `durations(batch)`); and, where inference can hold its weights otherwise than in fp32, `precisions` (list, "fp32" first).
    """

    kind: ClassVar[str] = "acoustic model"


@dataclass(frozen=True, slots=True)
class VocoderPlugin(Plugin):
    """factory(options, mel: MelConfig) -> Vocoder.

    Facts: `trainable` (bool), `streaming` (bool), `stochastic` (bool: draws from the generators that it is given; false
    where left out), `precisions` as for acoustic models, `structure` (names of
    options that decide shapes: with `--init-from` they are that run's where the recipe does not give them; optional).
    """

    kind: ClassVar[str] = "vocoder"


@dataclass(frozen=True, slots=True)
class CorpusReaderPlugin(Plugin):
    """factory(folder: Path, speaker: str | None) -> ttskit.corpus.readers.Reading. Facts: none."""

    kind: ClassVar[str] = "corpus reader"


@dataclass(frozen=True, slots=True)
class PitchExtractorPlugin(Plugin):
    """factory(audio, mel: MelConfig, f_min_hz, f_max_hz) -> f0_hz per mel frame, unvoiced 0. Facts: none."""

    kind: ClassVar[str] = "pitch extractor"


@dataclass(frozen=True, slots=True)
class MeasurementPlugin(Plugin):
    """factory(options) -> Measurement, or factory() where it has no options class.

    Facts: `title` of its section; `needs` (list, of "recordings", "exact times", "alignments", "controls", "hard sentences",
    "runs"): it is left out, and a note says so, where the comparison has none; `place` (number) among the sections: ours stand
    at 10, 20, …, one that names none comes last.
    """

    kind: ClassVar[str] = "measurement"


@dataclass(frozen=True, slots=True)
class ImporterPlugin(Plugin):
    """factory(path: Path, run: Path, **options) -> ImportReport or None, writes a run folder. Facts: `suffixes`.

    The factory refuses files that are not of its kind. One with `recognises(path) -> bool` (see
    `ttskit.importing.Importer`) is chosen by content; others are asked for by name.
    """

    kind: ClassVar[str] = "importer"


@dataclass(frozen=True, slots=True)
class CommandPlugin(Plugin):
    """factory is a click.Command; `summary` is its one-line help, shown without importing it.

    Facts: `place` (number) in the list of `ttskit --help`, which follows the order of the work: the core's own stand at
    10, 20, …; a command that names none comes last.
    """

    kind: ClassVar[str] = "command"
