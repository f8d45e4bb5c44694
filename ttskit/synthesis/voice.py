"""Voice: text to speech with one frontend, one acoustic model and one vocoder."""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from ttskit.errors import ControlError, InputError, UsageError
from ttskit.interfaces.acoustic import AcousticInput, AcousticModel, Controls, Spectrogram
from ttskit.interfaces.frontend import Analysis, Frontend, Unknown
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators
from ttskit.offers import some_declaring
from ttskit.plugins import create_registry
from ttskit.synthesis.chunks import Given, TimeSpent, chunks_of, regrouped
from ttskit.synthesis.denoise import Denoised
from ttskit.synthesis.markup import Marked, parse_markup
from ttskit.synthesis.parts import split_pieces, undivided
from ttskit.synthesis.prosody import Values, Wishes, part_controls, stack_controls, write_score
from ttskit.synthesis.speakers import Shares, speaker_rows, speaker_shares
from ttskit.synthesis.speech import Part, Speech, SpeechStream
from ttskit.synthesis.writing import write_speech

if TYPE_CHECKING:
    from ttskit.synthesis.recording import PitchReader

__all__ = ["Voice", "part_seed"]

# Parts whose mels are made together, the first alone, to be heard soon; alike in a stream, so that it is the same audio.
_GROUPS = (1, 4, 16)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A part before it is spoken: tokens, silence after it, speakers, controls (see `part_controls`), seed."""

    analysis: Analysis
    pause_s: float
    shares: Shares
    controls: dict[str, Any]
    seed: int


class Voice:
    """Text to speech. Build one with `ttskit.load_voice`.

    `denoise` is the share of the vocoder's own hum that is taken out of its audio (see `ttskit.synthesis.denoise`);
    `pitch_reader` reads the F0 of a recording that is copied (by default the standard extractor, which a note says).

    Raises:
        MismatchError: acoustic model and vocoder disagree on the mel's content.
        UsageError: a `precision` that neither of them has.
    """

    def __init__(
        self,
        frontend: Frontend,
        acoustic: AcousticModel,
        vocoder: Vocoder,
        *,
        device: str | torch.device = "cpu",
        notes: Sequence[str] = (),
        name: str = "voice",
        vocoder_name: str = "vocoder",
        precision: str = "fp32",
        denoise: float = 0.0,
        pitch_reader: PitchReader | None = None,
    ) -> None:
        self.frontend, self.name, self.vocoder_name = frontend, name, vocoder_name
        self.device, self.pitch_reader = torch.device(device), pitch_reader
        self.acoustic, self.vocoder = acoustic.to(self.device).eval(), vocoder.to(self.device).eval()
        self.mel = acoustic.context.mel
        shifted = self.mel.require_same_content(vocoder.mel, f"model {name!r}", f"vocoder {vocoder_name!r}")
        self.notes = (*notes, *([shifted] if shifted else []), *self._use_precision(precision))
        if denoise:
            self.vocoder = Denoised(self.vocoder, denoise).eval()

    def _use_precision(self, precision: str) -> list[str]:
        """Both parts in `precision` if they have it, else those that do; one line for a part that has not."""
        parts = {f"model {self.name!r}": self.acoustic, f"vocoder {self.vocoder_name!r}": self.vocoder}
        without = {name: part.precisions for name, part in parts.items() if precision not in part.precisions}
        if len(without) == len(parts):
            raise UsageError(
                f"no part of this voice has precision {precision!r}",
                "; ".join(f"{name}: {', '.join(have)}" for name, have in without.items()),
                "leave it out for fp32",
            )
        for name, part in parts.items():
            if name not in without:
                part.use_precision(precision)
        return [f"{name} has no {precision} and stays in {part.precision}" for name, part in parts.items() if name in without]

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio."""
        return self.mel.sample_rate_hz

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names that `speaker` can take."""
        return self.acoustic.context.speakers.names

    def synthesize(
        self,
        text: str,
        *,
        speaker: str | Shares | None = None,
        seed: int = 0,
        pace: Values = 1.0,
        pitch: Values = 0.0,
        pitch_range: Values | str = 1.0,
        energy: Values = 1.0,
        pitch_hz: Sequence[float | None] | None = None,
        pitch_st: Sequence[float | None] | None = None,
        like: str | Path | None = None,
        like_speaker: str | None = None,
        markup: bool = True,
        max_tokens: int = 150,
    ) -> Speech:
        """Speak `text`: sentences and, where too long, clauses apart, joined with natural pauses.

        `pace`, `pitch`, `pitch_range` and `energy` are one number, or a list of one per word or one per token (its
        length tells which; None is the voice's own). They combine with each other and with markup in the text.

        Args:
            text: anything the frontend reads; long text is fine. `{pace=0.8 pitch=+3|these words}` controls words
                (see `ttskit.synthesis.markup`).
            speaker: a name, or a mix as `"ana:0.7,beto:0.3"` or a mapping; may be left out where there is one.
            seed: same seed, same audio.
            pace: speed factor; 1.2 is faster.
            pitch: shift in semitones.
            pitch_range: factor on the distance of F0 from the speaker's mean; "flat" is 0, "invert" -1.
            energy: loudness, a factor on the predicted energy; above 1 is louder.
            pitch_hz: F0 in Hz per word or per token, None where the voice is to choose.
            pitch_st: the same in semitones from the speaker's mean.
            like: a recording of `text` whose durations and pitch are copied, in one part.
            like_speaker: the voice's speaker who recorded it, if it is one: whose range its pitch is measured in.
            markup: False reads braces as text.
            max_tokens: longest part, in tokens.

        Raises:
            InputError: nothing to speak, symbols that the model does not know, a control it does not have or that cannot
                be, a list of the wrong length, markup that is not understood (with its position).
        """
        stream, plan = self._begin(
            text,
            speaker=speaker,
            seed=seed,
            pace=pace,
            pitch=pitch,
            pitch_range=pitch_range,
            energy=energy,
            pitch_hz=pitch_hz,
            pitch_st=pitch_st,
            like=like,
            like_speaker=like_speaker,
            markup=markup,
            max_tokens=max_tokens,
        )
        audio = np.concatenate(list(self._speak(stream, plan, self.waveform_whole)))
        stream.timings["first_audio"] = time.perf_counter() - stream._started
        return Speech(audio, self.sample_rate_hz, tuple(stream.parts), stream.unknown, stream.timings, tuple(stream.notes))

    def stream(self, text: str, *, chunk_frames: int | None = None, **how: Any) -> SpeechStream:
        """The audio of `synthesize(text, **how)` in chunks, each as soon as it is made.

        A vocoder that streams gives a part's audio while it goes on with its mel, the first part's even while an acoustic
        model that streams is speaking it; with a vocoder that does not, audio comes part by part, which a note says.

        Args:
            chunk_frames: mel frames given to the vocoder at once; None begins with few and takes more and more.
        """
        if chunk_frames is not None and chunk_frames < 1:
            raise InputError("chunk_frames must be at least 1", f"got {chunk_frames}", "leave it out")
        stream, plan = self._begin(text, **how)
        if not self.vocoder.streaming:
            stream.notes.append(f"vocoder {self.vocoder_name!r} cannot stream: audio comes part by part")
        early = self.acoustic.streaming and self.vocoder.streaming
        vocode = partial(self.waveform_chunks, chunk_frames=chunk_frames)
        stream._chunks = self._speak(stream, plan, vocode, (chunk_frames,) if early else None)
        return stream

    def write(self, text: str, target: str | Path | BinaryIO, *, raw: bool = False, **how: Any) -> SpeechStream:
        """Speak into a WAV file or binary stream, sample for sample as `synthesize`, part by part: memory stays bounded.

        Returns:
            The stream at its end: its facts and parts, which have let their spectrograms go. Errors as `write_speech`.
        """
        stream, plan = self._begin(text, **how)
        stream.keeps_frames, stream._chunks = False, self._speak(stream, plan, self.waveform_whole)
        write_speech(stream, Path(target) if isinstance(target, str) else target, raw)
        return stream

    def spectrogram(
        self,
        tokens: Sequence[Sequence[str]],
        *,
        speaker: str | Shares | None = None,
        seeds: Sequence[int] | None = None,
        controls: Controls | None = None,
    ) -> list[Spectrogram]:
        """Mels of token sequences, one row each, without cutting or joining (for comparison and study)."""
        shares = speaker_shares(speaker, self.acoustic.context.speakers)
        return self._mels(tokens, [shares] * len(tokens), seeds or range(len(tokens)), controls)

    def waveform(self, spectrogram: Spectrogram, seed: int = 0) -> np.ndarray:
        """Audio (S,) of one spectrogram row, on the recording's clock: what lies before sample 0 is dropped.

        `seed` is the sentence's, which a stochastic vocoder's noise follows from.
        """
        return np.concatenate(list(self.waveform_whole(spectrogram, seed)))

    def waveform_whole(self, spectrogram: Spectrogram, seed: int = 0) -> Iterator[np.ndarray]:
        """`waveform` in one pass, as one chunk."""
        mels = (self._frames(spectrogram),)
        return self._placed(self.vocoder.infer(mel, generators=vocoder_generators([seed])) for mel in mels)

    def _frames(self, spectrogram: Spectrogram) -> Tensor:
        return spectrogram.mel[:, :, : int(spectrogram.lengths[0])].to(self.device)

    def waveform_chunks(self, spectrogram: Spectrogram, chunk_frames: int | None = None, seed: int = 0) -> Iterator[np.ndarray]:
        """`waveform` in chunks; one, if the vocoder does not stream. See `stream`."""
        if not self.vocoder.streaming:
            return self.waveform_whole(spectrogram, seed)

        return self._streamed(chunks_of(self._frames(spectrogram), chunk_frames), seed)

    def _streamed(self, chunks: Iterator[Tensor], seed: int) -> Iterator[np.ndarray]:
        return self._placed(self.vocoder.infer_stream(chunks, generators=vocoder_generators([seed])))

    @torch.inference_mode()
    def _placed(self, waves: Iterable[Tensor]) -> Iterator[np.ndarray]:
        """The one place where a vocoder's (1, s) become audio: (s,) float32 within [-1, 1], on the recording's clock."""
        early = -self.mel.waveform_start_samples  # samples before sample 0 to drop, or silence that is missing
        if early < 0:
            yield np.zeros(-early, np.float32)
        for wave in waves:
            audio = np.clip(wave[0].float().cpu().numpy(), -1.0, 1.0)
            dropped = min(max(early, 0), len(audio))
            early -= dropped
            if len(audio) > dropped:
                yield audio[dropped:]

    # -- from text to parts

    def _begin(
        self,
        text: str,
        *,
        speaker: str | Shares | None = None,
        seed: int = 0,
        like: str | Path | None = None,
        like_speaker: str | None = None,
        markup: bool = True,
        max_tokens: int = 150,
        **wishes: Any,
    ) -> tuple[SpeechStream, list[_Planned]]:
        """Read the text and settle every control; nothing is spoken yet."""
        started = time.perf_counter()
        table = self.acoustic.context.speakers
        whole = speaker_shares(speaker, table)
        text = unicodedata.normalize("NFC", text)  # as frontends do: positions count the same characters
        marked = parse_markup(text) if markup else Marked(text)
        analysis = self.frontend.analyze(marked.text)
        unknown = tuple(Unknown(u.character, marked.position(u.position)) for u in analysis.unknown)
        if not analysis.words:
            raise _nothing(text, unknown)
        score = write_score(analysis, marked, Wishes(**wishes))
        if like is None and like_speaker is not None:
            raise UsageError("like_speaker without like", "it says who made the recording", "give the recording as well")
        said: list[str] = []
        if like is not None:
            pieces = [undivided(analysis, score)]
            heaviest = max(whole, key=whole.__getitem__)
            who = table.id(like_speaker if like_speaker is not None else heaviest)
            known = self.acoustic.context.pitch_of({like_speaker: 1.0}) if like_speaker is not None else None
            from ttskit.synthesis.recording import PitchReader, copy_prosody

            reader = self.pitch_reader or PitchReader.choose(None, create_registry())
            said = [reader.note] if reader.note else []
            score.copied = copy_prosody(like, analysis.tokens, self.acoustic, who, known, reader, said)
        else:
            pieces = split_pieces(analysis, self.frontend.symbols, max_tokens, score.cuts)
        if not pieces:
            raise _nothing(text, unknown)
        plan = []
        for index, piece in enumerate(pieces):
            own = score.speakers[piece.words[0]]
            shares = whole if own is None else speaker_shares(own, table)
            controls = part_controls(score, piece, lambda shares=shares: self.acoustic.context.pitch_of(shares))
            pace = controls["pace"]
            pause = piece.pause_s / float(pace if isinstance(pace, float) else pace[-1])
            if index + 1 < len(pieces):
                pause = score.pauses.get(pieces[index + 1].words[0], pause)
            plan.append(_Planned(piece.analysis, pause, shares, controls, part_seed(seed, index)))
        stream = SpeechStream(self.sample_rate_hz, unknown, (*self.notes, *said), started)
        stream.timings["frontend"] = time.perf_counter() - started
        return stream, plan

    # -- from parts to audio

    def _speak(
        self,
        stream: SpeechStream,
        plan: Sequence[_Planned],
        vocode: Callable[..., Iterator[np.ndarray]],
        early: tuple[int | None] | None = None,
    ) -> Iterator[np.ndarray]:
        """Audio of the parts in order, with the pauses between them; tells `stream` what was spoken and how long it took.

        `early`: give the first part's audio while its mel is made, in chunks of so many frames (see `stream`).
        """
        clock = TimeSpent(stream.timings)
        if early is not None:
            yield from self._while_spoken(stream, plan[0], clock, *early)
            yield from self._pause(plan[:2])
        rest = plan if early is None else plan[1:]
        for index, (planned, row) in enumerate(clock.spent("acoustic", self._rows(rest, len(plan) - len(rest)))):
            stream.begin(Part(planned.analysis, row, planned.pause_s))
            yield from clock.spent("vocoder", vocode(row, seed=planned.seed))
            yield from self._pause(rest[index : index + 2])

    def _pause(self, pair: Sequence[_Planned]) -> Iterator[np.ndarray]:
        """The silence between a part and the next, if there is one."""
        if len(pair) == 2 and (silence := round(pair[0].pause_s * self.sample_rate_hz)):
            yield np.zeros(silence, np.float32)

    def _while_spoken(
        self, stream: SpeechStream, planned: _Planned, clock: TimeSpent, chunk_frames: int | None
    ) -> Iterator[np.ndarray]:
        """A part's audio, its mel taken step by step from a model that is still speaking it."""
        tokens = planned.analysis.tokens
        inputs, generators = self._asked([tokens], [planned.shares], [planned.seed])
        with self._controls_named():
            given = Given(self.acoustic.infer_stream(inputs, stack_controls([planned.controls], [len(tokens)]), generators))
        chunks = regrouped(clock.spent("acoustic", given, inside="vocoder"), chunk_frames)
        yield from clock.spent("vocoder", self._streamed(chunks, planned.seed))
        assert given.whole is not None
        stream.begin(Part(planned.analysis, given.whole.row(0), planned.pause_s))

    def _rows(self, plan: Sequence[_Planned], size: int) -> Iterator[tuple[_Planned, Spectrogram]]:
        first = 0
        while first < len(plan):
            group = plan[first : first + _GROUPS[size]]
            controls = stack_controls([p.controls for p in group], [len(p.analysis.tokens) for p in group])
            mels = self._mels([p.analysis.tokens for p in group], [p.shares for p in group], [p.seed for p in group], controls)
            yield from zip(group, mels, strict=True)
            first, size = first + len(group), min(size + 1, len(_GROUPS) - 1)

    def _mels(
        self, tokens: Sequence[Sequence[str]], shares: Sequence[Shares], seeds: Sequence[int], controls: Controls | None
    ) -> list[Spectrogram]:
        with torch.inference_mode(), self._controls_named():
            inputs, generators = self._asked(tokens, shares, seeds)
            out = self.acoustic.infer(inputs, controls, generators)
        return [out.row(i) for i in range(len(tokens))]

    @contextmanager
    def _controls_named(self) -> Iterator[None]:
        """Of a control that the model does not have, who has it."""
        try:
            yield
        except ControlError as error:
            fix = f"use a model that has it: {some_declaring(create_registry(), 'acoustic model', controls=error.control)}"
            raise ControlError(error.what, error.why, fix, error.control) from error

    def _asked(
        self, tokens: Sequence[Sequence[str]], shares: Sequence[Shares], seeds: Sequence[int]
    ) -> tuple[AcousticInput, list[torch.Generator]]:
        """What the model is asked to speak, a row each, and with which generators."""
        context = self.acoustic.context
        ids = [context.symbols.ids(row) for row in tokens]
        longest = max((len(row) for row in ids), default=0)
        batch = torch.full((len(ids), longest), context.symbols.pad_id, dtype=torch.long)
        for i, row in enumerate(ids):
            batch[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        speaker, weights = speaker_rows(shares, context.speakers)
        inputs = AcousticInput(batch, torch.tensor([len(r) for r in ids]), speaker, weights)
        return inputs.to(self.device), [torch.Generator().manual_seed(s) for s in seeds]


def _nothing(text: str, unknown: Sequence[Unknown]) -> InputError:
    where = ", ".join(f"{u.character!r} at {u.position}" for u in unknown[:5])
    why = f"unknown characters: {where}" if where else f"text: {text[:40]!r}"
    return InputError("nothing to speak in the text", why, "give at least one word")


def part_seed(seed: int, index: int) -> int:
    """The seed of part `index`: a function of both, so that editing one sentence leaves the others as they were."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:7], "big")
