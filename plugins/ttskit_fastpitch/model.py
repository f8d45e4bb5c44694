"""FastPitch (Łańcucki 2021, "FastPitch: Parallel Text-to-speech with Pitch Prediction", section 2).

For tokens x, an encoder and a decoder of feed-forward transformer blocks (FFTr), and two predictors:

    h = FFTr(x)                                             `encoder`
    d̂ = DurationPredictor(h),  p̂ = PitchPredictor(h)        one value per token
    g = h + PitchEmbedding(p)
    ŷ = FFTr(g₁, …, g₁, g₂, …, g₂, …, gₙ)                   `decoder`; gᵢ stands there dᵢ times

In training d and p are the recording's (`forward`), in speech they are d̂ and p̂, under the user's controls (`speak`).
Beyond the paper: energy goes the way of pitch, from g, as in NVIDIA's code; vectors of speakers; and d comes from an aligner
that is learned along with the model (`aligner.py`) instead of from a Tacotron 2, unless the batch brings it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.errors import InputError
from ttskit.interfaces import (
    AcousticBatch,
    AcousticInput,
    AcousticModel,
    Controls,
    Losses,
    ModelContext,
    OptimizerPlan,
    Outputs,
    Spectrogram,
    TrainState,
)
from ttskit.nn import length_mask, monotonic_durations, regulate, token_means, token_of_frame
from ttskit_fastpitch.aligner import Aligner, prior_matrix
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.layers import Conv, Predictor
from ttskit_fastpitch.loss import fastpitch_loss
from ttskit_fastpitch.optimizer import optimizer_plan
from ttskit_fastpitch.prosody import SpeakerPitch, controlled_energy, controlled_frames, controlled_pitch, pitch_features
from ttskit_fastpitch.recurrent import stack


@dataclass(frozen=True, slots=True)
class SpokenMels:
    """Everything inference computes.

    Args:
        mel: (B, M, T), not cleaned past a row's end.
        lengths: (B,) frames.
        durations: (B, N) float frames at pace 1, unrounded.
        frames: (B, N) int64 frames per token.
        log_durations: (B, N).
        predicted_pitch: (B, N) after `transform`, before given values and controls; or None.
        pitch, energy: (B, N) as used, or None.
        encoded: (B, N, C) the encoder's output.
    """

    mel: Tensor
    lengths: Tensor
    durations: Tensor
    frames: Tensor
    log_durations: Tensor
    predicted_pitch: Tensor | None
    pitch: Tensor | None
    energy: Tensor | None
    encoded: Tensor


@dataclass(frozen=True, slots=True)
class Aligned:
    """What the aligner gives: log scores and log probabilities (B, T, N), frames per token (B, N)."""

    log_scores: Tensor
    log_soft: Tensor
    durations: Tensor


class FastPitch(AcousticModel):
    """The model. `factory(options, context)`."""

    decoding = "parallel"
    features = ("pitch", "energy")
    controls = ("pace", "durations", "pitch", "pitch_range", "pitch_values", "energy", "speaker_mix")
    multi_speaker = True

    def __init__(self, options: FastPitchOptions, context: ModelContext) -> None:
        super().__init__()
        self.options, self.context, self.padding = options, context, options.padding
        width, bands = options.channels, context.mel.bands
        self.features = tuple(n for n in ("pitch", "energy") if getattr(options, n))
        self.features += ("durations",) if options.alignment == "external" else ()
        needs = {"pitch": options.pitch, "pitch_range": options.pitch, "pitch_values": options.pitch, "energy": options.energy}
        self.controls = tuple(name for name in type(self).controls if needs.get(name, True))
        self.embedding = nn.Embedding(len(context.symbols), width, padding_idx=context.symbols.pad_id)
        self.encoder = stack(options, options.encoder)
        self.duration_predictor = Predictor(width, options.duration_predictor)
        if options.pitch:
            self.pitch_predictor = Predictor(width, options.pitch_predictor)
            features = pitch_features(torch.zeros(1, 1), options.pitch_embedding).shape[2]
            self.pitch_embedding = Conv(features, width, options.pitch_embedding_kernel)
        if options.energy:
            self.energy_predictor = Predictor(width, options.energy_predictor)
            self.energy_embedding = Conv(1, width, options.energy_embedding_kernel)
        if context.multi_speaker:
            self.speaker_embedding = nn.Embedding(len(context.speakers), width)
        self.decoder = stack(options, options.decoder)
        self.projection = nn.Linear(width, bands)
        if options.alignment == "learned":
            self.aligner = Aligner(width, bands, options.aligner)
        self.pitch_statistics = SpeakerPitch(context)
        mel = context.mel
        self.floor = math.log(mel.log_guard) / (1.0 if mel.log_base == "e" else math.log(10.0))

    @property
    def masked(self) -> bool:
        """Whether padding is kept out of real positions."""
        return self.padding == "masked"

    # -- the equations

    def forward(self, batch: AcousticBatch, prior: Tensor | None = None) -> Outputs:
        """Teacher-forced pass: real durations, pitch and energy. `prior` replaces the options' alignment prior."""
        options = self.options
        mask = length_mask(batch.token_lengths, batch.tokens.shape[1])[:, :, None].float()
        frame_mask = length_mask(batch.mel_lengths, batch.mel.shape[2])[:, :, None].float()
        voice = self._speaker(batch.speaker, batch.tokens)
        embedded = self.embedding(batch.tokens)
        extra: dict[str, Tensor] = {"token_mask": mask, "frame_mask": frame_mask}
        alignment = None
        if options.alignment == "learned":
            aligned = self.align(batch, prior, embedded)
            durations, alignment = aligned.durations, aligned.log_soft.exp()
            extra |= {"log_scores": aligned.log_scores, "log_soft": aligned.log_soft}
        else:
            durations = self._given(batch, "durations").long()
        extra["token_of_frame"] = token_of_frame(durations, batch.mel.shape[2])
        extra["durations"] = durations

        hidden = extra["encoded"] = self.encoder(embedded, mask, self.masked, voice)  # h
        prosody = self._prosody(hidden, voice)
        extra["log_durations"] = self.duration_predictor(prosody, mask, self.masked)
        if options.pitch:
            extra["pitch"] = self.pitch_predictor(prosody, mask, self.masked)
            extra["pitch_target"] = token_means(self._given(batch, "pitch"), durations)
            hidden = hidden + self._embed_pitch(extra["pitch_target"], mask)  # g
        if options.energy:
            extra["energy"] = self.energy_predictor(self._prosody(hidden, voice, "energy"), mask, self.masked)
            extra["energy_target"] = torch.log1p(token_means(self._given(batch, "energy"), durations))
            hidden = hidden + self._embed_energy(extra["energy_target"], mask)
        mel = self._decode(hidden, durations, batch.mel.shape[2], frame_mask, voice)
        return Outputs(mel, batch.mel_lengths, alignment, extra)

    @torch.no_grad()
    def speak(
        self,
        inputs: AcousticInput,
        controls: Controls,
        transform: Callable[[Tensor], Tensor] | None = None,
        empty: bool = False,
    ) -> SpokenMels:
        """Inference with all intermediate values.

        `transform` acts on the predicted normalised pitch (B, N). `empty`: a row may have no frame at all, as in the
        public implementations.
        """
        options, masked = self.options, self.masked
        mask = length_mask(inputs.lengths, inputs.tokens.shape[1])[:, :, None].float()
        voice = self._speakers(inputs)
        hidden = encoded = self.encoder(self.embedding(inputs.tokens), mask, masked, voice)  # h
        prosody = self._prosody(encoded, voice)
        log_durations = self.duration_predictor(prosody, mask, masked)
        durations = torch.expm1(log_durations.float()).clamp(options.min_duration, options.max_duration) * mask[:, :, 0]
        predicted_pitch = pitch = energy = None
        if options.pitch:
            predicted_pitch = self.pitch_predictor(prosody, mask, masked).float()
            predicted_pitch = predicted_pitch if transform is None else transform(predicted_pitch)
            pitch = controlled_pitch(predicted_pitch, controls, inputs, self.pitch_statistics)
            pitch = pitch * mask[:, :, 0] if masked else pitch
            hidden = hidden + self._embed_pitch(pitch, mask)  # g
        if options.energy:
            energy = self.energy_predictor(self._prosody(hidden, voice, "energy"), mask, masked).float()
            energy = controlled_energy(energy, controls, inputs, mask)
            hidden = hidden + self._embed_energy(energy, mask)
        frames = controlled_frames(durations, controls, inputs, mask, empty)
        lengths = frames.sum(1)
        longest = int(lengths.max())
        mel = self._decode(hidden, frames, longest, length_mask(lengths, longest)[:, :, None].float(), voice)
        return SpokenMels(mel, lengths, durations, frames, log_durations, predicted_pitch, pitch, energy, encoded)

    # -- their parts

    def _embed_pitch(self, pitch: Tensor, mask: Tensor) -> Tensor:
        """Normalised pitch (B, N) → (B, N, C)."""
        features = pitch_features(pitch, self.options.pitch_embedding)
        return self.pitch_embedding(features * mask if self.masked else features)

    def _embed_energy(self, energy: Tensor, mask: Tensor) -> Tensor:
        """log(1 + energy) (B, N) → (B, N, C)."""
        return self.energy_embedding(energy[:, :, None] * mask if self.masked else energy[:, :, None])

    def _decode(self, hidden: Tensor, durations: Tensor, frames: int, frame_mask: Tensor, voice: Tensor | None) -> Tensor:
        """Token states and whole frames per token → mel (B, M, T)."""
        states = regulate(hidden, durations, frames)  # g₁, …, g₁, g₂, …
        condition = voice if self.options.speaker.decoder else None
        return self.projection(self.decoder(states, frame_mask, self.masked, condition)).transpose(1, 2)

    def _prosody(self, hidden: Tensor, voice: Tensor | None, predictor: str = "") -> Tensor:
        """What the predictors see; that of energy may differ."""
        where = self.options.speaker
        hears = where.energy if predictor == "energy" and where.energy is not None else where.predictors
        return hidden + voice if voice is not None and hears else hidden

    def _speaker(self, speaker: Tensor | None, like: Tensor) -> Tensor | None:
        """(B, 1, C) or None for a model of one speaker without vectors."""
        if not self.context.multi_speaker:
            return None
        if speaker is None:
            speaker = torch.zeros(like.shape[0], dtype=torch.int64, device=like.device)
        return self.options.speaker.weight * self.speaker_embedding(speaker)[:, None]

    def _speakers(self, inputs: AcousticInput) -> Tensor | None:
        """The same for what is to be spoken, which may be by a mix of speakers."""
        if inputs.speaker_weights is None or len(self.context.speakers) == 1:
            return self._speaker(inputs.speaker, inputs.tokens)
        # Summed one by one: a share of 1 gives the speaker's own vector bit for bit, in every precision of matmul.
        shares = inputs.speaker_weights[:, :, None].to(self.speaker_embedding.weight.dtype)
        return self.options.speaker.weight * (shares * self.speaker_embedding.weight).sum(1)[:, None]

    def _given(self, batch: AcousticBatch, name: str) -> Tensor:
        value = getattr(batch, name)
        if value is None:
            uses = ", ".join(self.features)
            raise InputError(f"the batch has no {name}", f"this FastPitch uses {uses}", f"build batches with feature {name!r}")
        return value

    def align(self, batch: AcousticBatch, prior: Tensor | None = None, embedded: Tensor | None = None) -> Aligned:
        """Soft and hard alignment of real speech. `prior` (B, T, N) replaces the options' own."""
        embedded = self.embedding(batch.tokens) if embedded is None else embedded
        mask = length_mask(batch.token_lengths, batch.tokens.shape[1])[:, :, None].to(embedded.dtype)
        frame_mask = length_mask(batch.mel_lengths, batch.mel.shape[2])[:, :, None].to(batch.mel.dtype)
        voice = self._speaker(batch.speaker, batch.tokens) if self.options.speaker.aligner else None
        text = embedded if voice is None else embedded + voice
        if prior is None:
            size = (batch.mel.shape[2], batch.tokens.shape[1])
            prior = prior_matrix(batch.token_lengths, batch.mel_lengths, self.options.aligner.prior, size)
        log_scores, log_soft = self.aligner(text, batch.mel.transpose(1, 2), mask, frame_mask, prior, self.masked)
        durations = monotonic_durations(log_soft, batch.token_lengths, batch.mel_lengths)
        return Aligned(log_scores, log_soft, durations)

    # -- what the core asks of a model

    def loss(self, outputs: Outputs, batch: AcousticBatch, state: TrainState) -> Losses:
        """Mel, duration, pitch, energy, forward-sum and binarisation terms."""
        return fastpitch_loss(outputs, batch, state, self.options)

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        """One optimiser, "main"."""
        return {"main": optimizer_plan([p for p in self.parameters() if p.requires_grad], self.options.optimizer)}

    def aids(self) -> tuple[str, ...]:
        """See `FastPitchOptions.aids`."""
        return self.options.aids()

    def inventory_parameters(self) -> dict[str, str]:
        """The embeddings of tokens and speakers."""
        speakers = {"speaker_embedding.weight": "speakers"} if self.context.multi_speaker else {}
        return {"embedding.weight": "symbols", **speakers}

    @torch.no_grad()
    def durations(self, batch: AcousticBatch) -> Tensor:
        """Frames per token (B, N) int64: the aligner's hard alignment.

        Raises:
            InputError: it was trained on given durations and has no aligner.
        """
        if self.options.alignment == "external":
            raise InputError(
                "this FastPitch has no aligner",
                "it was trained on given durations (alignment: external)",
                "align with the run or files that gave them",
            )
        return self.align(batch).durations

    @torch.no_grad()
    def teacher_forced(self, batch: AcousticBatch) -> Spectrogram:
        """Mels with exactly the target's frames."""
        outputs = self(batch)
        return self._spectrogram(outputs.mel, batch.mel_lengths, outputs.extra["durations"], outputs.extra.get("pitch_target"))

    def infer(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Spectrogram:
        """Speak, in parallel. Nothing here is random, so `generators` is not used."""
        controls = self.check_input(inputs, controls)
        device = self.projection.weight.device
        spoken = self.speak(inputs.to(device), controls)
        return self._spectrogram(spoken.mel, spoken.lengths, spoken.frames, spoken.pitch)

    def _spectrogram(self, mel: Tensor, lengths: Tensor, durations: Tensor, pitch: Tensor | None) -> Spectrogram:
        """The public value: silence past a row's end, alignment one-hot from whole durations."""
        real = length_mask(lengths, mel.shape[2])
        mel = mel.float().masked_fill(~real[:, None], self.floor)
        alignment = F.one_hot(token_of_frame(durations, mel.shape[2]), durations.shape[1]).float() * real[:, :, None]
        return Spectrogram(mel, lengths, alignment, durations, pitch)
