"""AcousticModel: tokens in, mel spectrogram out; and the typed values around it.

Letters, as everywhere: `B` batch, `N` tokens, `T` frames, `M` mel bands.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces.input_checks import check_input
from ttskit.interfaces.trainable import Losses, Optimize, OptimizerPlan, Trainable, TrainState
from ttskit.reading import Finite, as_type
from ttskit.symbols import SpeakerTable, SymbolTable

__all__ = [
    "AcousticBatch",
    "AcousticInput",
    "AcousticModel",
    "Controls",
    "ModelContext",
    "Outputs",
    "PitchStats",
    "Spectrogram",
    "missing_pitch_statistics",
]


_Moved = TypeVar("_Moved", bound=Any)


def _moved(value: _Moved, device: torch.device | str) -> _Moved:
    return replace(
        value,
        **{f.name: v.to(device, non_blocking=True) for f in fields(value) if isinstance(v := getattr(value, f.name), Tensor)},
    )


@dataclass(frozen=True, slots=True)
class PitchStats:
    """Mean and standard deviation of a speaker's voiced F0, in Hz."""

    mean_hz: float
    std_hz: float


def missing_pitch_statistics(name: str) -> InputError:
    """The error of every control in Hz or semitones where a speaker's mean and deviation are not known."""
    return InputError(
        f"no pitch statistics for speaker {name!r}",
        "semitones and Hz need the speaker's mean and deviation of F0; an imported checkpoint has them in a file of its own",
        "import the voice again with that file (--pitch-stats pitch_stats.json), or train it on a corpus with pitch",
    )


@dataclass(frozen=True, slots=True)
class ModelContext:
    """What a model must know of the corpus it is built for; saved with the run, so that a run rebuilds itself.

    Args:
        mel: the corpus's mel configuration.
        symbols: token inventory.
        speakers: speaker inventory.
        pitch: per speaker name, the statistics that pitch was normalised with.
        speaker_vectors: keep a vector per speaker although there is one speaker only: the model was made from one
            with several, and speaks with the vector of one of them. See `multi_speaker`.
    """

    mel: MelConfig
    symbols: SymbolTable
    speakers: SpeakerTable
    pitch: Mapping[str, PitchStats] = field(default_factory=dict)
    speaker_vectors: bool = False

    @property
    def multi_speaker(self) -> bool:
        """Whether a model tells speakers apart: it has parameters per speaker, whose rows are added where it knows them.

        A model may leave those parameters out where this is false; it then speaks as with rows of zeros.
        """
        return len(self.speakers) > 1 or self.speaker_vectors

    def pitch_of(self, shares: Mapping[str, float]) -> PitchStats:
        """Pitch statistics of a voice mixed from speakers (name → share, sum 1); of one speaker, its own.

        Raises:
            InputError: a speaker without statistics.
        """
        known = {}
        for name in shares:
            if name not in self.pitch or not self.pitch[name].std_hz > 0:
                raise missing_pitch_statistics(name)
            known[name] = self.pitch[name]
        mean_hz, std_hz = (
            sum(share * getattr(known[name], field) for name, share in shares.items()) for field in ("mean_hz", "std_hz")
        )
        return PitchStats(mean_hz, std_hz)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` reads it back equal."""
        return {
            "mel": self.mel.to_json(),
            "symbols": self.symbols.to_json(),
            "speakers": self.speakers.to_json(),
            "pitch": {name: [s.mean_hz, s.std_hz] for name, s in self.pitch.items()},
            **({"speaker_vectors": True} if self.speaker_vectors else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelContext:
        """The context that `to_json` wrote; `Misread` names a field that is missing or of another type."""
        pitch = as_type(dict[str, tuple[Finite, Finite]], data["pitch"], "context.pitch")
        return cls(
            MelConfig.from_json(as_type(dict[str, Any], data["mel"], "context.mel")),
            SymbolTable.from_json(data["symbols"]),
            SpeakerTable.from_json(data["speakers"]),
            {name: PitchStats(*values) for name, values in pitch.items()},
            as_type(bool, data.get("speaker_vectors", False), "context.speaker_vectors"),
        )


@dataclass(frozen=True, slots=True)
class AcousticBatch:
    """A training batch.

    Args:
        ids: utterance ids, for messages.
        tokens: (B, N) int64, padded with the table's pad id.
        token_lengths: (B,) int64.
        mel: (B, M, T) float32 log mel, padded with 0.
        mel_lengths: (B,) int64.
        speaker: (B,) int64.
        pitch: (B, T) normalised per speaker, unvoiced and padding 0; None unless asked for.
        energy: (B, T) L2 norm over the bands of the log-mel frame; None unless asked for.
        durations: (B, N) int64 frames per token, each row sums to mel_lengths; None unless asked for.
        seeds: (B,) int64, a function of (seed, epoch, utterance).
    """

    ids: tuple[str, ...]
    tokens: Tensor
    token_lengths: Tensor
    mel: Tensor
    mel_lengths: Tensor
    speaker: Tensor
    pitch: Tensor | None = None
    energy: Tensor | None = None
    durations: Tensor | None = None
    seeds: Tensor | None = None

    def to(self, device: torch.device | str) -> AcousticBatch:
        """The batch on another device."""
        return _moved(self, device)

    @property
    def frames(self) -> int:
        """Real mel frames in the batch."""
        return int(self.mel_lengths.sum())


@dataclass(frozen=True, slots=True)
class AcousticInput:
    """What is to be spoken, and by whom.

    Args:
        tokens: (B, N) int64, padded.
        lengths: (B,) int64.
        speaker: (B,) int64, or None for speaker 0.
        speaker_weights: (B, P) shares of each of the table's P speakers, not negative, rows sum to 1: a mixed voice in
            place of `speaker`. A row that is all one speaker's equals that speaker. Only with the control "speaker_mix".
    """

    tokens: Tensor
    lengths: Tensor
    speaker: Tensor | None = None
    speaker_weights: Tensor | None = None

    def to(self, device: torch.device | str) -> AcousticInput:
        """The input on another device."""
        return _moved(self, device)


@dataclass(frozen=True, slots=True)
class Controls:
    """How it is to be spoken. A model declares by name those that it has (`AcousticModel.controls`).

    `pace`, `pitch`, `pitch_range` and `energy` are a number, or a tensor (B, N) for one value per token.
    `durations` and `pitch_values` are tensors (B, N) in which NaN keeps the model's own prediction; the others
    act on what is given as on what is predicted.

    Args:
        pace: speed factor above 0; 1.2 is faster.
        pitch: shift in semitones.
        pitch_range: factor on the distance of F0 from the speaker's mean: 0 is flat, below 0 mirrored.
        energy: loudness, a factor above 0 on the predicted energy; above 1 is louder.
        durations: given frames per token at pace 1.
        pitch_values: given pitch per token, normalised as in training: 0 is the speaker's mean F0, ±1 a deviation.
    """

    pace: float | Tensor = 1.0
    pitch: float | Tensor = 0.0
    pitch_range: float | Tensor = 1.0
    energy: float | Tensor = 1.0
    durations: Tensor | None = None
    pitch_values: Tensor | None = None

    NEUTRAL: ClassVar[Mapping[str, Any]] = {
        "pace": 1.0,
        "pitch": 0.0,
        "pitch_range": 1.0,
        "energy": 1.0,
        "durations": None,
        "pitch_values": None,
    }

    def asked(self) -> list[str]:
        """Names of the controls that are not neutral."""
        names = []
        for name, neutral in self.NEUTRAL.items():
            value = getattr(self, name)
            if isinstance(value, Tensor) or value != neutral:
                names.append(name)
        return names


@dataclass(frozen=True, slots=True)
class Outputs:
    """What `forward` gives, for the loss and for looking at. Models add their own named tensors in `extra`.

    Args:
        mel: (B, M, T) final prediction.
        mel_lengths: (B,).
        alignment: (B, T, N) soft alignment (decoder steps repeated to frames), or None.
        extra: what the model's own loss needs.
    """

    mel: Tensor
    mel_lengths: Tensor
    alignment: Tensor | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """What `infer` gives.

    Args:
        mel: (B, M, T) log mel; frames past a row's length are the log of silence.
        lengths: (B,) int64 frames.
        alignment: (B, T, N) or None.
        durations: (B, N) frames per token, or None.
        pitch: (B, N) normalised pitch per token, or None.
        finished: (B,) bool, whether an autoregressive row stopped by itself; None for parallel models.
    """

    mel: Tensor
    lengths: Tensor
    alignment: Tensor | None = None
    durations: Tensor | None = None
    pitch: Tensor | None = None
    finished: Tensor | None = None

    def row(self, index: int) -> Spectrogram:
        """One sentence, cut to its length (batch axis of 1 kept)."""
        n = int(self.lengths[index])
        cut = slice(index, index + 1)
        return Spectrogram(
            self.mel[cut, :, :n],
            self.lengths[cut],
            None if self.alignment is None else self.alignment[cut, :n],
            None if self.durations is None else self.durations[cut],
            None if self.pitch is None else self.pitch[cut],
            None if self.finished is None else self.finished[cut],
        )


class AcousticModel(Trainable):
    """Tokens to mel. A plugin's factory is `factory(options, context) -> AcousticModel`.

    Class attributes state the facts, equal to those of the plugin's description; `controls` names those fields of
    `Controls` that `infer` obeys, and "speaker_mix" if it takes `AcousticInput.speaker_weights`. `padding` is
    "masked" (default: a sentence gives the same result alone and in any padded batch) or "reference"
    (reproduces the leak of padding in the public implementations: masks and loss denominators only).
    """

    decoding: ClassVar[str]
    features: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    multi_speaker: ClassVar[bool] = True
    streaming: ClassVar[bool] = False

    context: ModelContext
    padding: str = "masked"

    @abstractmethod
    def forward(self, batch: AcousticBatch) -> Outputs:
        """Teacher-forced pass."""

    @abstractmethod
    def loss(self, outputs: Outputs, batch: AcousticBatch, state: TrainState) -> Losses:
        """Named, weighted terms as numerators and denominators."""

    @abstractmethod
    def infer(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Spectrogram:
        """Speak. `generators` holds one generator per row (on the CPU), so that a batch equals single runs.

        Raises:
            InputError: empty rows, unknown ids, a control that this model does not have.
        """

    def infer_stream(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Generator[Tensor, None, Spectrogram]:
        """Speak one sentence and give its mel while it goes on: chunks (1, M, t), t ≥ 1, of the mel that `infer` gives.

        Only a model that declares `streaming` has it; its chunks joined are `infer`'s mel for the same generators, to
        rounding. What the generator returns at its end is the whole, as `infer` gives it.

        Raises:
            InputError: as `infer`; more than one sentence; a model that does not stream.
        """
        why = "its plugin does not declare streaming"
        raise InputError(f"{type(self).__name__} cannot give its mel step by step", why, "speak in one pass")

    def teacher_forced(self, batch: AcousticBatch) -> Spectrogram:
        """Mels with exactly the target's frames (what a vocoder is fitted on)."""
        raise InputError(f"{type(self).__name__} has no teacher-forced mels", "its plugin does not declare teacher_forced", "")

    def aids(self) -> tuple[str, ...]:
        """What helped this model, a few words each, for whoever compares it with others.

        That is all that it learned from besides text and mel (pitch, energy, durations; "as published" where its paper has
        it), and what goes beyond its paper.
        """
        return ()

    def alignment_due(self, total_steps: int) -> int | None:
        """Step of a training of `total_steps` by which `forward`'s alignment should be diagonal.

        Until then the trainer says that waiting is normal, and long after it that going on is hopeless. By default late;
        None where there is nothing to wait for (the alignment is given).
        """
        return min(15_000, int(0.4 * total_steps))

    def durations(self, batch: AcousticBatch) -> Tensor:
        """Frames per token (B, N) int64 from this model's own alignment of real speech.

        The batch holds no durations, whatever the model was trained on. Rows sum to `mel_lengths`; padding has none.

        Raises:
            InputError: this kind of model has no alignment, or this one was built without.
        """
        raise InputError(
            f"{type(self).__name__} cannot align", "its plugin does not declare aligns", "use a run of a model that declares it"
        )

    def inventory_parameters(self) -> dict[str, str]:
        """Parameters with one row per symbol or per speaker: name in the state dict → "symbols" or "speakers".

        Rows are along dimension 0, in the order of the context's tables. With this, and nothing else, fine-tuning
        carries a model over to other symbols and speakers by name (`ttskit.training.transfer`): every other
        parameter must have the same shape whatever the inventories are.
        """
        return {}

    @abstractmethod
    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]: ...

    def training_step(self, batch: AcousticBatch, state: TrainState, optimize: Optimize) -> dict[str, Tensor]:
        """The default: one optimiser named "main" on the loss's total."""
        optimize("main", self.loss(self(batch), batch, state))
        return {}

    def validation_losses(self, batch: AcousticBatch, state: TrainState) -> Losses:
        """The training loss in evaluation mode."""
        return self.loss(self(batch), batch, state)

    def check_input(self, inputs: AcousticInput, controls: Controls | None) -> Controls:
        """Reject empty rows, unknown ids and controls this model does not have; returns the controls."""
        controls = controls or Controls()
        check_input(self, inputs, controls)
        return controls
