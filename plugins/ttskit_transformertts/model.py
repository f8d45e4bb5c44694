"""Transformer-TTS (Li et al. 2019) on ttskit's interface: speaker conditioning, padding, losses, speaking."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import ClassVar

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
from ttskit.interfaces.trainable import Optimize
from ttskit.nn import (
    attention_durations,
    dropout_factors,
    duration_attention,
    length_mask,
    log_beta_binomial_prior,
    log_mel_silence,
    one_sentence,
    private_generators,
    seeded_factors,
    seeded_generators,
    speaking_mode,
    spoken_chunks,
    within,
)
from ttskit_transformertts.config import TransformerTTSOptions
from ttskit_transformertts.decoder import SpokenSteps, Texts, TransformerDecoder, focus_rate
from ttskit_transformertts.encoder import MelPostnet, TransformerEncoder
from ttskit_transformertts.fast import speaking
from ttskit_transformertts.layers import HeadLead
from ttskit_transformertts.loss import losses


class TransformerTTS(AcousticModel):
    """Tokens to mel, one decoder step after the other; all steps at once in training.

    The prenet's dropout is part of the model when it speaks: its noise comes from a generator per
    row, so that one seed gives one result, alone or in a batch. `forward` in evaluation mode and
    `teacher_forced` use the same dropout with generators seeded from `batch.seeds` (0 without), as
    what follows them (validation, a vocoder) should see what speaking will give.

    The alignment is the mean over the heads that aids lead (`aided_heads` of the last `aided_layers`). Where no aid leads
    any, it is that of the row's sharpest head, as Ren et al. 2019 chose a teacher's.

    Attributes:
        features: ("durations",) when the options supervise attention by durations, else ().
        fast: speak by `fast/`; False speaks by `decoder.py`, to the same result.
    """

    fast = True

    decoding: ClassVar[str] = "autoregressive"
    features: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    multi_speaker: ClassVar[bool] = True
    streaming: ClassVar[bool] = True

    mel_mean: Tensor
    mel_std: Tensor

    def __init__(self, options: TransformerTTSOptions, context: ModelContext) -> None:
        super().__init__()
        self.options, self.context, self.padding = options, context, options.padding
        if options.needs_durations:
            self.features = ("durations",)
        bands = context.mel.bands
        self.embedding = nn.Embedding(len(context.symbols), options.embedding_channels)
        nn.init.xavier_uniform_(self.embedding.weight)
        self.end = nn.Parameter(torch.randn(options.embedding_channels) * 0.1) if options.end_token else None
        self.encoder = TransformerEncoder(options)
        self.decoder = TransformerDecoder(options, bands)
        self.postnet = MelPostnet(options, bands)
        # One vector per speaker, added to the memory: every decoder block reads it at every step.
        self.speaker = nn.Embedding(len(context.speakers), options.channels) if context.multi_speaker else None
        if self.speaker is not None:
            nn.init.normal_(self.speaker.weight, std=0.1)
        self.register_buffer("mel_mean", torch.full((bands,), options.mel_mean))
        self.register_buffer("mel_std", torch.full((bands,), options.mel_std))

    @property
    def reduction(self) -> int:
        """Frames per decoder step, r."""
        return self.options.reduction

    @property
    def masked(self) -> bool:
        """Whether padding is kept out of every result."""
        return self.padding == "masked"

    def text_lengths(self, lengths: Tensor) -> Tensor:
        """Lengths (B,) of texts as the encoder sees them, the end token included."""
        return lengths if self.end is None else lengths + 1

    def encode(self, tokens: Tensor, lengths: Tensor, speaker: Tensor | None) -> Texts:
        """Memory of tokens (B, N), as each decoder block reads it."""
        embedded = self.embedding(tokens)
        if self.end is not None:
            padding = self.embedding.weight[self.context.symbols.pad_id].expand(len(tokens), 1, -1)
            embedded = torch.cat([embedded, padding], 1)
            ends = torch.arange(embedded.shape[1], device=tokens.device)[None] == lengths[:, None]
            embedded = torch.where(ends[:, :, None], self.end.to(embedded.dtype), embedded)
        real = length_mask(self.text_lengths(lengths), embedded.shape[1])
        memory = self.encoder(embedded, real, self.masked)
        if self.speaker is not None:
            memory = memory + self.speaker(torch.zeros_like(lengths) if speaker is None else speaker)[:, None]
        return self.decoder.texts(memory, real)

    def refine(self, frames: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Normalised mels (B, M, T) before and after the postnet, of decoder frames (B, steps, r·M)."""
        mel = frames.unflatten(2, (self.reduction, -1)).flatten(1, 2).transpose(1, 2)
        return mel, mel + self.postnet(mel, mask)

    def denormalised(self, mel: Tensor) -> Tensor:
        """The log mel (B, M, T) of a normalised one."""
        return mel * self.mel_std[:, None] + self.mel_mean[:, None]

    def steps(self, frames: Tensor) -> Tensor:
        """Decoder steps that frames (B,) take."""
        return -(-frames // self.reduction)

    def target(self, batch: AcousticBatch) -> Tensor:
        """The mel to learn, normalised, (B, M, steps·r): a last step that is not full is filled with the row's last frame.

        So the decoder learns to end in the trailing silence of the recording instead of anything.
        """
        r, size = self.reduction, batch.mel.shape[2]
        mel = (batch.mel - self.mel_mean[:, None]) / self.mel_std[:, None] * length_mask(batch.mel_lengths, size)[:, None]
        mel = F.pad(mel, (0, -size % r))
        if r == 1 or not self.masked:
            return mel
        last = mel.gather(2, (batch.mel_lengths - 1)[:, None, None].expand(-1, mel.shape[1], 1))
        place = torch.arange(mel.shape[2], device=mel.device)[None]
        fill = (place >= batch.mel_lengths[:, None]) & (place < (self.steps(batch.mel_lengths) * r)[:, None])
        return torch.where(fill[:, None], last, mel)

    def forward(self, batch: AcousticBatch, context_share: float = 0.0, prior: float = 0.0) -> Outputs:
        """Teacher-forced pass.

        `extra` holds `before`, `after` and `target` (B, M, steps·r), normalised, `gate` (B, steps·r), `energies` and
        `weights` (B, W, steps, N) of the W watched heads, N with the end token, `text_lengths` (B,) likewise, and
        `durations` (B, steps, N), the attention that durations describe, or None.

        Args:
            batch: the batch.
            context_share: share of what led heads read that comes from the batch's durations.
            prior: strength of the near-diagonal prior on led heads (1 as in Badlani et al. 2022).
        """
        r = self.reduction
        target = self.target(batch)
        steps, step_lengths = target.shape[2] // r, self.steps(batch.mel_lengths)
        texts = self.encode(batch.tokens, batch.token_lengths, batch.speaker)
        lengths = self.text_lengths(batch.token_lengths)
        size = (steps, texts.hidden.shape[3])
        given = self._given(batch, size, context_share)
        scaled = prior * log_beta_binomial_prior(lengths, step_lengths, size) if prior > 0 else None
        previous = F.pad(target[:, :, r - 1 :: r].transpose(1, 2), (0, 0, 1, 0))[:, :-1]
        real = length_mask(step_lengths, steps)
        lead = HeadLead(0, given, context_share, scaled)
        taught = self.decoder.teach(texts, previous, self._prenet_factors(batch, steps), real, lead)
        mask = length_mask(step_lengths * r, steps * r)
        before, after = self.refine(taught.frames, mask if self.masked else None)
        frames = batch.mel.shape[2]
        alignment = self.alignment(taught.weights, real, batch.token_lengths).repeat_interleave(r, 1)[:, :frames]
        return Outputs(
            self.denormalised(after[:, :, :frames]),
            batch.mel_lengths,
            alignment,
            {
                "before": before,
                "after": after,
                "target": target,
                "gate": taught.gate.flatten(1),
                "energies": taught.energies,
                "weights": taught.weights,
                "durations": given,
                "text_lengths": lengths,
            },
        )

    def _given(self, batch: AcousticBatch, size: tuple[int, int], share: float) -> Tensor | None:
        """The attention (B, steps, N) that the batch's durations describe, where options ask for it."""
        options = self.options
        if options.needs_durations and batch.durations is not None:
            durations = F.pad(batch.durations, (0, size[1] - batch.durations.shape[1]))
            return duration_attention(durations, size[0], self.reduction)
        if share > 0 or (self.training and options.needs_durations):
            raise InputError(
                "Transformer-TTS is to be supervised by durations, and the batch has none",
                "attention_supervision_weight or context_mixing is above 0",
                "align the corpus first, or set both to 0",
            )
        return None

    def alignment(self, weights: Tensor, real: Tensor, lengths: Tensor) -> Tensor:
        """One alignment (B, S, N) of the watched heads' weights (B, W, S, N'); what lies on the end token is the last one's.

        Args:
            weights: of the watched heads; N' counts the end token, N does not.
            real: (B, S) True on real steps.
            lengths: (B,) tokens, without the end token.
        """
        if self.options.leads_attention:
            chosen = weights.mean(1)
        else:
            rows = torch.arange(len(weights), device=weights.device)
            chosen = weights[rows, focus_rate(weights, real).argmax(1)]
        if self.end is None:
            return chosen
        own = chosen[:, :, :-1]
        last = torch.arange(own.shape[2], device=own.device)[None] == lengths[:, None] - 1
        beyond = torch.where(last[:, None], chosen[:, :, 1:], 0.0)
        return torch.where(length_mask(lengths, own.shape[2])[:, None], own, 0.0) + beyond

    def _prenet_factors(self, batch: AcousticBatch, steps: int) -> Tensor | None:
        options, rows = self.options, batch.mel.shape[0]
        if options.prenet_dropout == 0 or not (self.training or options.prenet_dropout_at_inference):
            return None
        shape = (steps, options.prenet_layers, options.prenet_channels)
        if self.training:
            return dropout_factors((rows, *shape), options.prenet_dropout, batch.mel, spare=False)
        # Steps come first in a row's draws: a shorter row alone sees the same factors as in a batch.
        return seeded_factors(seeded_generators(batch.seeds, rows), shape, options.prenet_dropout).to(batch.mel.device)

    def loss(self, outputs: Outputs, batch: AcousticBatch, state: TrainState) -> Losses:
        """Mel before and after the postnet, stop token, and the aids that the options switch on."""
        steps = self.steps(batch.mel_lengths)
        return Losses(losses(outputs.extra, steps, self.options, state.progress))

    def training_step(self, batch: AcousticBatch, state: TrainState, optimize: Optimize) -> dict[str, Tensor]:
        """One step, led as the options say for this share of training. The prior fades, so that its end is no shock."""
        options, done = self.options, state.progress
        share = options.context_mixing if done < options.context_mixing_until else 0.0
        until = options.alignment_prior_until
        prior = max(0.0, 1.0 - done / until) if until > 0 else 0.0
        optimize("main", self.loss(self(batch, share, prior), batch, state))
        shown = {"context_share": share, "prior": prior}
        alphas = {"encoder_alpha": self.encoder.positions.alpha, "decoder_alpha": self.decoder.positions.alpha}
        return {name: torch.tensor(value) for name, value in shown.items() if value} | {
            name: alpha.detach().clone() for name, alpha in alphas.items()
        }

    def inventory_parameters(self) -> dict[str, str]:
        """The embeddings of tokens and speakers."""
        speakers = {} if self.speaker is None else {"speaker.weight": "speakers"}
        return {"embedding.weight": "symbols", **speakers}

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        """Adam, by default as Vaswani et al. 2017 (section 5.3) set it, clipped."""
        options = self.options
        rate, betas, decay = options.learning_rate, options.betas, options.weight_decay
        adam = torch.optim.Adam(self.parameters(), lr=rate, betas=betas, eps=options.eps, weight_decay=decay)
        return {"main": OptimizerPlan(adam, options.rate_factor, options.clip_norm)}

    def alignment_due(self, total_steps: int) -> int:
        """See `TransformerTTSOptions.alignment_due`."""
        return self.options.alignment_due(total_steps)

    def aids(self) -> tuple[str, ...]:
        """The options beyond Li et al. 2019, in words."""
        return self.options.aids()

    @torch.inference_mode()
    def generate(self, inputs: AcousticInput, generators: Sequence[torch.Generator] | None) -> SpokenSteps:
        """The decoder's free run, before the postnet; in fp32, whatever autocast says."""
        private = self._private(generators, inputs.tokens.shape[0])
        with torch.autocast(inputs.tokens.device.type, enabled=False):
            texts = self.encode(inputs.tokens, inputs.lengths, inputs.speaker)
            lengths = self.text_lengths(inputs.lengths)
            if not self.fast:
                return self.decoder.speak(texts, lengths, private)
            return speaking.speak(self.decoder, texts, lengths, private)

    @torch.inference_mode()
    def infer(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Spectrogram:
        """Speak; without generators the noise comes from torch's global generator. See `AcousticModel.infer`."""
        self.check_input(inputs, controls)
        if generators is not None and len(generators) != inputs.tokens.shape[0]:
            raise InputError(
                "one generator per sentence is needed", f"{len(generators)} generators, {inputs.tokens.shape[0]} sentences", ""
            )
        was_training, r = self.training, self.reduction
        self.eval()
        try:
            spoken = self.generate(inputs, generators)
            steps = spoken.steps.clamp_min(1)  # a result is never empty
            longest = int(steps.max())
            frames, weights = spoken.frames, spoken.weights
            if self.masked:
                frames, weights = frames[:, :longest], weights[:, :, :longest]
            mask = length_mask(steps * r, frames.shape[1] * r)
            _, mel = self.refine(frames, mask if self.masked else None)
            alignment = self.alignment(weights, length_mask(steps, weights.shape[2]), inputs.lengths)
        finally:
            self.train(was_training)
        size = longest * r
        mel = self.denormalised(mel[:, :, :size]).masked_fill(~mask[:, None, :size], self.silence())
        alignment = (alignment.repeat_interleave(r, 1) * mask[:, :, None])[:, :size]
        return Spectrogram(mel, steps * r, alignment, finished=spoken.finished)

    def infer_stream(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Generator[Tensor, None, Spectrogram]:
        """Speak one sentence, its mel as soon as the postnet cannot change it; see `AcousticModel.infer_stream`."""
        self.check_input(inputs, controls)
        one_sentence(inputs.lengths)
        return within(lambda: speaking_mode(self, inputs.tokens.device.type), self._in_chunks(inputs, generators))

    def _in_chunks(
        self, inputs: AcousticInput, generators: Sequence[torch.Generator] | None
    ) -> Generator[Tensor, None, Spectrogram]:
        texts = self.encode(inputs.tokens, inputs.lengths, inputs.speaker)
        lengths, private = self.text_lengths(inputs.lengths), self._private(generators, 1)
        blocks = speaking.speak_blocks(self.decoder, texts, lengths, private)
        options, r = self.options, self.reduction
        reach = options.postnet_convolutions * (options.postnet_kernel // 2)
        said, mel = yield from spoken_chunks(
            blocks, r, self.masked, lambda frames: self.postnet(frames, None), reach, self.denormalised
        )
        steps = mel.shape[2] // r
        weights = said.weights[:, :, :steps] if self.masked else said.weights
        real = torch.arange(weights.shape[2], device=weights.device)[None] < steps
        alignment = self.alignment(weights, real, inputs.lengths)[:, :steps]
        frames = torch.tensor([mel.shape[2]], device=mel.device)
        return Spectrogram(mel, frames, alignment.repeat_interleave(r, 1), finished=said.finished)

    def _private(self, generators: Sequence[torch.Generator] | None, rows: int) -> Sequence[torch.Generator] | None:
        """Each row's generator for the prenet's dropout; None where nothing is dropped."""
        if self.options.prenet_dropout > 0 and self.options.prenet_dropout_at_inference:
            return private_generators(generators, rows)
        return None

    def silence(self) -> float:
        """The log mel of digital silence under the context's mel."""
        return log_mel_silence(self.context.mel)

    @torch.inference_mode()
    def durations(self, batch: AcousticBatch) -> Tensor:
        """Frames per token (B, N) int64 of real speech, along the attention of a teacher-forced pass."""
        was_training = self.training
        self.eval()
        try:
            return attention_durations(self(batch).alignment, batch.token_lengths, batch.mel_lengths)
        finally:
            self.train(was_training)

    @torch.inference_mode()
    def teacher_forced(self, batch: AcousticBatch) -> Spectrogram:
        """The postnet's mels with exactly the target's frames; dropout off but for the prenet's, seeded."""
        was_training = self.training
        self.eval()
        try:
            outputs = self(batch)
        finally:
            self.train(was_training)
        mask = length_mask(batch.mel_lengths, batch.mel.shape[2])
        mel = outputs.mel.masked_fill(~mask[:, None], self.silence())
        return Spectrogram(mel, batch.mel_lengths, outputs.alignment * mask[:, :, None])
