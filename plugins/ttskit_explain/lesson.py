"""The sentence of a page and the runs that say it: every question to a model goes through here, guarded and asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from ttskit.audio.loudness import played
from ttskit.errors import InputError
from ttskit.interfaces.acoustic import AcousticInput, AcousticModel, Controls, Spectrogram
from ttskit.interfaces.explanation import Explanation, Intervention
from ttskit.interfaces.frontend import Analysis
from ttskit.measure.systems import System
from ttskit.plugins import Origin, Registry
from ttskit.synthesis.speakers import speaker_rows, speaker_shares
from ttskit.synthesis.voice import Voice
from ttskit_explain.sheet import Sheet

__all__ = ["MOST_TOKENS", "Changes", "Failed", "Lesson", "Subject"]

MOST_TOKENS = 120  # a picture of who looks at whom has a row and a column for each
Changes = Mapping[str, str | int | float]  # key of an intervention → one of its choices
_T = TypeVar("_T")


class Failed(Exception):
    """What a run was asked failed; the text names the plugin and says why. It costs the card that asked."""


class Subject:
    """One run and what it says of the sentence.

    Args:
        system: the loaded run with its voice.
        analysis: of the sentence, by the run's own frontend.
        registry, origin: who to blame.
        speaker: whose voice; None for the only one, or the first.
        seed: of what is random.

    Attributes:
        label, run, voice, model, decoding: of the run; `decoding` is "autoregressive" or "parallel".
        tokens: what the model is given, in order.
        unknown: symbols that the model does not know, which were left out.
        inputs: one row.
    """

    def __init__(
        self,
        system: System,
        analysis: Analysis,
        registry: Registry,
        origin: Origin,
        *,
        speaker: str | None = None,
        seed: int = 0,
    ) -> None:
        self.system, self.analysis, self.registry, self.origin, self.seed = system, analysis, registry, origin, seed
        self.label, self.run, self.decoding = system.label, system.run, system.decoding
        self.voice: Voice = system.voice
        self.model: AcousticModel = self.voice.acoustic
        context = self.model.context
        known = [token in context.symbols for token in analysis.tokens]
        self.tokens = tuple(t for t, good in zip(analysis.tokens, known, strict=True) if good)
        self.token_words = tuple(w for w, good in zip(analysis.token_words, known, strict=True) if good)
        self.unknown = tuple(t for t, good in zip(analysis.tokens, known, strict=True) if not good)
        self.speaker = speaker if speaker is not None else context.speakers.names[0]
        self._kept: dict[Any, Any] = {}

    @property
    def inputs(self) -> AcousticInput:
        """The sentence's tokens, (1, N)."""
        return self.inputs_of(self.tokens)

    def inputs_of(self, tokens: Sequence[str]) -> AcousticInput:
        """Other tokens as one row, of the same speaker."""
        context = self.model.context
        ids = torch.tensor([context.symbols.ids(tokens)], dtype=torch.long)
        speaker, weights = speaker_rows([speaker_shares(self.speaker, context.speakers)], context.speakers)
        return AcousticInput(ids, torch.tensor([len(tokens)]), speaker, weights).to(self.voice.device)

    @property
    def explanation(self) -> Explanation:
        """How the sentence is spoken, nothing changed. Raises `Failed`."""
        return self.explain()

    @property
    def spectrogram(self) -> Spectrogram:
        """What is spoken, nothing changed. Raises `Failed`."""
        return self.explanation.spectrogram

    @property
    def interventions(self) -> dict[str, Intervention]:
        """What can be changed, by key. Raises `Failed`."""
        return {one.key: one for one in self.explanation.interventions}

    def explain(self, changed: Changes | None = None, seed: int | None = None) -> Explanation:
        """The sentence with something changed on the way.

        Raises:
            Failed: the model did.
        """
        number = self.seed if seed is None else seed
        key = ("explain", tuple(sorted((changed or {}).items())), number)

        def ask() -> Explanation:
            found = self.model.explain(self.inputs, None, [torch.Generator().manual_seed(number)], changed)
            if not isinstance(found, Explanation):
                raise TypeError(f"explain gave {type(found).__name__}, not an Explanation")
            _require_speech(found.spectrogram)
            return found

        return self._once(key, "explain", ask)

    def infer(
        self, controls: Controls | None = None, seed: int | None = None, tokens: Sequence[str] | None = None
    ) -> Spectrogram:
        """The sentence, or other tokens, as `infer` gives it.

        Raises:
            Failed: the model did.
        """
        number = self.seed if seed is None else seed
        said = tuple(tokens) if tokens is not None else self.tokens
        key = ("infer", said, number, _settings(controls))

        def ask() -> Spectrogram:
            with torch.inference_mode():
                found = self.model.infer(self.inputs_of(said), controls, [torch.Generator().manual_seed(number)])
            _require_speech(found)
            return found

        return self._once(key, "infer", ask)

    def audio(self, spectrogram: Spectrogram) -> np.ndarray:
        """(S,) at the loudness at which sounds are compared by ear.

        Raises:
            Failed: the vocoder did.
        """
        key = ("audio", id(spectrogram))
        # the spectrogram is kept with its audio, so that no other object gets its id
        return self._once(key, "vocoder", lambda: (self._vocoded(spectrogram), spectrogram))[0]

    def _vocoded(self, spectrogram: Spectrogram) -> np.ndarray:
        with torch.inference_mode():
            audio = self.voice.waveform(spectrogram.row(0), self.seed)
        return played(audio, self.voice.sample_rate_hz)

    def ask(self, doing: str, question: Callable[[], _T]) -> _T:
        """Any other question to this run's plugin.

        Args:
            doing: in words, for the cause.

        Raises:
            Failed: whatever was raised meanwhile, but KeyboardInterrupt.
        """
        found: list[_T] = []
        with self.registry.guard(self.origin, doing) as guard:
            found.append(question())
        if not found:
            assert guard.problem is not None
            raise Failed(str(guard.problem))
        return found[0]

    def _once(self, key: Any, doing: str, question: Callable[[], _T]) -> _T:
        if key not in self._kept:
            try:
                self._kept[key] = self.ask(doing, question)
            except Failed as error:
                self._kept[key] = error
        found = self._kept[key]
        if isinstance(found, Failed):
            raise found
        value: _T = found
        return value


def _require_speech(spectrogram: Spectrogram) -> None:
    """A mel of one sentence that a vocoder can be given. Raises ValueError for anything else."""
    mel = spectrogram.mel
    if mel.dim() != 3 or mel.shape[0] != 1 or mel.shape[2] < 1 or int(spectrogram.lengths[0]) < 1:
        raise ValueError(f"a mel of one sentence is (1, bands, frames), this one is {tuple(mel.shape)}")
    if not bool(torch.isfinite(mel).all()):
        raise ValueError("the mel has NaN or infinite values")


def _settings(controls: Controls | None) -> tuple:
    """Controls as something to find them by."""
    if controls is None:
        return ()
    values = ((one.name, getattr(controls, one.name)) for one in fields(controls))
    return tuple((name, tuple(v.flatten().tolist()) if isinstance(v, torch.Tensor) else str(v)) for name, v in values)


@dataclass
class Lesson:
    """What every section is given.

    Args:
        text: the sentence as it was typed.
        subjects: the runs, in the order in which they were named; at least one.
        sheet: where arrays and audio go.
        registry: every plugin.
        aligner: a run that learned where each token is in a recording, if one was named or one of the runs did.
        notes: what is said at the top of the page: key and values of `notes`.
    """

    text: str
    subjects: list[Subject]
    sheet: Sheet
    registry: Registry
    aligner: System | None = None
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def first(self, decoding: str) -> Subject | None:
        """The first run of a kind of decoding, "autoregressive" or "parallel"."""
        return next((one for one in self.subjects if one.decoding == decoding), None)

    def answering(self) -> Iterator[Subject]:
        """The runs that could explain the sentence."""
        for one in self.subjects:
            try:
                one.explanation  # noqa: B018
            except Failed:
                continue
            yield one

    def heard(self, subject: Subject, spectrogram: Spectrogram, name: str) -> dict[str, Any]:
        """A spectrogram spoken by the subject's vocoder, as a file: what a player is told.

        Raises:
            Failed: the vocoder did.
        """
        return self.sheet.audio(f"{subject.label}-{name}", subject.audio(spectrogram), subject.voice.sample_rate_hz)

    def mel(self, spectrogram: Spectrogram) -> dict[str, str]:
        """A spectrogram as an array (M, T) for a heat map, cut to its length."""
        return self.sheet.array(spectrogram.row(0).mel[0].float().cpu().numpy())


def check_length(tokens: Sequence[str]) -> None:
    """Refuse a sentence that no page can show.

    Raises:
        InputError: too many tokens, or none.
    """
    if len(tokens) > MOST_TOKENS:
        raise InputError(
            f"the sentence has {len(tokens)} symbols, at most {MOST_TOKENS} can be shown",
            "a picture of who looks at whom has a row and a column for each",
            "give one sentence of up to about twenty words",
        )


def folder_label(path: Path) -> str:
    """What a run is called: its folder."""
    return path.resolve().name
