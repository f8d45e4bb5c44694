"""Tacotron 2 (Shen et al. 2018) on ttskit's interface: speaker conditioning, padding, losses, speaking."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
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
    LossTerm,
    ModelContext,
    OptimizerPlan,
    Outputs,
    Spectrogram,
    TrainState,
)
from ttskit.nn import (
    AttentionKeys,
    attention_durations,
    attention_supervision_loss,
    dropout_factors,
    duration_attention,
    forward_sum_loss,
    guided_attention_loss,
    length_mask,
    log_beta_binomial_prior,
    log_mel_silence,
    one_sentence,
    private_generators,
    seeded_factors,
    seeded_generators,
    speaking_mode,
    spoken_chunks,
    stop_token_loss,
    within,
)
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.decoder import Decoded, Decoder, Taught
from ttskit_tacotron2.encoder import Encoder, Postnet
from ttskit_tacotron2.fast import speaking, training
from ttskit_tacotron2.fast.weights import PRECISIONS
from ttskit_tacotron2.lead import ALONE, Lead
from ttskit_tacotron2.loss import mel_term


class Tacotron2(AcousticModel):
    """Tokens to mel, one decoder step after the other.

    The prenet's dropout is part of the model when it speaks: its noise comes from a generator per
    row, so that one seed gives one result, alone or in a batch. `forward` in evaluation mode and
    `teacher_forced` use the same dropout with generators seeded from `batch.seeds` (0 without), as
    what follows them (validation, a vocoder) should see what speaking will give.

    Attributes:
        features: ("durations",) when the options supervise attention by durations, else ().
        fast: decode by `fast/`; False decodes by the equations of `decoder.py`, in fp32, to the same result.
    """

    fast = True

    decoding: ClassVar[str] = "autoregressive"
    features: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    multi_speaker: ClassVar[bool] = True
    streaming: ClassVar[bool] = True
    precisions: tuple[str, ...] = PRECISIONS

    def __init__(self, options: Tacotron2Options, context: ModelContext) -> None:
        super().__init__()
        self.options, self.context, self.padding = options, context, options.padding
        if options.needs_durations:
            self.features = ("durations",)
        self.embedding = nn.Embedding(len(context.symbols), options.embedding_channels)
        bound = math.sqrt(3.0) * math.sqrt(2.0 / (len(context.symbols) + options.embedding_channels))
        nn.init.uniform_(self.embedding.weight, -bound, bound)
        self.encoder = Encoder(options)
        self.decoder = Decoder(options, context.mel.bands)
        self.postnet = Postnet(options, context.mel.bands)
        # One vector per speaker, added to the memory: every context, hence every decoder step, carries it.
        self.speaker = nn.Embedding(len(context.speakers), options.encoder_channels) if context.multi_speaker else None
        if self.speaker is not None:
            nn.init.normal_(self.speaker.weight, std=0.1)

    @property
    def reduction(self) -> int:
        """Frames per decoder step, r: the option, or where a schedule stands."""
        return self.decoder.reduction

    @property
    def masked(self) -> bool:
        """Whether padding is kept out of every result."""
        return self.padding == "masked"

    def encode(self, tokens: Tensor, lengths: Tensor, speaker: Tensor | None) -> AttentionKeys:
        """Memory and attention keys of tokens (B, N)."""
        mask = length_mask(lengths, tokens.shape[1])
        memory = self.encoder(self.embedding(tokens), lengths, mask if self.masked else None)
        if self.speaker is not None:
            if speaker is None:
                speaker = torch.zeros_like(lengths)
            memory = (memory + self.speaker(speaker)[:, None]) * mask[:, :, None]
        return self.decoder.attention.keys(memory, mask)

    def refine(self, frames: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Normalised mels (B, M, T) before and after the postnet, of decoder frames (B, steps, r·M)."""
        rows, steps, _ = frames.shape
        mel = frames.reshape(rows, steps * self.reduction, self.context.mel.bands).transpose(1, 2)
        return mel, mel + self.postnet(mel, mask)

    def _denormalised(self, mel: Tensor) -> Tensor:
        options = self.options
        return mel if options.mel_mean == 0 and options.mel_std == 1 else mel * options.mel_std + options.mel_mean

    def steps(self, frames: Tensor) -> Tensor:
        """Decoder steps that frames (B,) take."""
        return -(-frames // self.reduction)

    def target(self, batch: AcousticBatch) -> Tensor:
        """The mel to learn, normalised, (B, M, steps·r): a last step that is not full is filled with the row's last frame.

        So the decoder learns to end in the trailing silence of the recording instead of anything.
        """
        r, size = self.reduction, batch.mel.shape[2]
        options = self.options
        mel = batch.mel
        if options.mel_mean != 0 or options.mel_std != 1:
            mel = (mel - options.mel_mean) / options.mel_std * length_mask(batch.mel_lengths, size)[:, None]
        mel = F.pad(mel, (0, -size % r))
        if r == 1 or not self.masked:
            return mel
        last = mel.gather(2, (batch.mel_lengths - 1)[:, None, None].expand(-1, mel.shape[1], 1))
        place = torch.arange(mel.shape[2], device=mel.device)[None]
        fill = (place >= batch.mel_lengths[:, None]) & (place < (self.steps(batch.mel_lengths) * r)[:, None])
        return torch.where(fill[:, None], last, mel)

    def forward(self, batch: AcousticBatch, lead: Lead = ALONE) -> Outputs:
        """Teacher-forced pass, led as `lead` says.

        `extra` holds `before`, `after` and `target` (B, M, steps·r), normalised, `gate` (B, steps),
        `energies` and `weights` (B, steps, N), and `durations` (B, steps, N), the attention that
        durations describe, or None.
        """
        options = self.options
        rows, bands = batch.mel.shape[:2]
        target = self.target(batch)
        r = self.reduction
        steps = target.shape[2] // r
        keys = self.encode(batch.tokens, batch.token_lengths, batch.speaker)
        given = None
        if options.needs_durations and batch.durations is not None:
            given = duration_attention(batch.durations, steps, r)
        elif lead.context_share > 0 or (self.training and options.needs_durations):
            raise InputError(
                "Tacotron 2 is to be supervised by durations, and the batch has none",
                "attention_supervision_weight or context_mixing is above 0",
                "align the corpus first, or set both to 0",
            )
        step_lengths = self.steps(batch.mel_lengths)
        prior = None
        if lead.prior > 0:
            size = (steps, batch.tokens.shape[1])
            prior = lead.prior * log_beta_binomial_prior(batch.token_lengths, step_lengths, size)
        previous = F.pad(target.transpose(1, 2).reshape(rows, steps, bands * r), (0, 0, 1, 0))[:, :-1]
        masks = self._prenet_masks(batch, steps)

        def teach(frames: Tensor) -> Taught:
            arguments = keys, frames, masks, given, lead.context_share, prior
            return training.teach(self.decoder, *arguments) if self.fast else self.decoder.teach(*arguments)

        if lead.hidden_frames > 0:
            previous = self._hide(previous, step_lengths, lead.hidden_frames, teach)
        taught = teach(previous)
        frames = step_lengths * r
        mask = length_mask(frames, target.shape[2])
        before, after = self.refine(taught.frames, mask if self.masked else None)
        gate = taught.gate
        if self.masked or options.mask_outputs:
            before, after = before * mask[:, None], after * mask[:, None]
            gate = gate.masked_fill(~length_mask(step_lengths, steps), 1e3)
        size = batch.mel.shape[2]
        alignment = taught.weights.repeat_interleave(r, 1)[:, :size]
        return Outputs(
            self._denormalised(after[:, :, :size]),
            batch.mel_lengths,
            alignment,
            {
                "before": before,
                "after": after,
                "target": target,
                "gate": gate,
                "energies": taught.energies,
                "weights": taught.weights,
                "durations": given,
            },
        )

    def _hide(self, previous: Tensor, steps: Tensor, share: float, teach: Callable[[Tensor], Taught]) -> Tensor:
        """The teacher's frames (B, steps, r·M) with `share` of the steps shown as something else; the first stays zero."""
        drawn = torch.rand(previous.shape[:2], device=previous.device) < share
        drawn[:, 0] = False
        if self.options.frame_dropout_with == "own":
            with torch.no_grad():
                other = F.pad(teach(previous).frames.to(previous.dtype), (0, 0, 1, 0))[:, :-1]
        else:
            real = length_mask(steps, previous.shape[1])
            real[:, 0] = False
            frames = previous[real].view(-1, self.context.mel.bands)
            other = frames.mean(0).repeat(self.reduction).expand_as(previous) if len(frames) else previous
        return torch.where(drawn[:, :, None], other, previous)

    def _prenet_masks(self, batch: AcousticBatch, steps: int) -> Tensor | None:
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
        options, extra = self.options, outputs.extra
        steps = self.steps(batch.mel_lengths)
        frame_mask = length_mask(steps * self.reduction, extra["target"].shape[2]) if self.masked else None
        step_mask = length_mask(steps, extra["gate"].shape[1]) if self.masked else None
        weights, tokens = extra["weights"], batch.token_lengths
        stop = stop_token_loss(extra["gate"], steps - 1, step_mask, options.stop_positive_weight)
        terms = {
            "mel": mel_term(extra["before"], extra["target"], frame_mask, options.mel_loss),
            "mel_postnet": mel_term(extra["after"], extra["target"], frame_mask, options.mel_loss),
            "stop": LossTerm(*stop, options.stop_weight),
        }
        if options.guided_attention_weight > 0 and state.progress <= options.guided_attention_until:
            guided = guided_attention_loss(weights, steps, tokens, options.guided_attention_sigma)
            terms["guided_attention"] = LossTerm(*guided, options.guided_attention_weight)
        if options.attention_supervision_weight > 0 and extra["durations"] is not None:
            padding = ~length_mask(tokens, batch.tokens.shape[1])
            supervised = attention_supervision_loss(extra["energies"], extra["durations"], padding)
            terms["attention"] = LossTerm(*supervised, options.attention_supervision_weight)
        if options.forward_sum_weight > 0:
            rows = forward_sum_loss(extra["energies"], tokens, steps)
            terms["forward_sum"] = LossTerm(rows.sum(), float(len(rows)), options.forward_sum_weight)
        return Losses(terms)

    def training_step(self, batch: AcousticBatch, state: TrainState, optimize) -> dict[str, Tensor]:
        """One step, led as the options say for this share of training."""
        lead = Lead.at(state.progress, self.options)
        self.decoder.set_reduction(self.options.reduction_at(state.progress))
        optimize("main", self.loss(self(batch, lead), batch, state))
        shown = {"context_share": lead.context_share, "prior": lead.prior, "hidden_frames": lead.hidden_frames}
        return {name: torch.tensor(value) for name, value in shown.items() if value or name == "context_share"}

    def inventory_parameters(self) -> dict[str, str]:
        """The embeddings of tokens and speakers."""
        speakers = {} if self.speaker is None else {"speaker.weight": "speakers"}
        return {"embedding.weight": "symbols", **speakers}

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        """Adam, by default with the reference's betas, epsilon and L2 penalty, clipped."""
        options = self.options
        rate, betas, decay = options.learning_rate, options.betas, options.weight_decay
        adam = torch.optim.Adam(self.parameters(), lr=rate, betas=betas, eps=options.eps, weight_decay=decay)
        return {"main": OptimizerPlan(adam, options.rate_factor, options.clip_norm)}

    def alignment_due(self, total_steps: int) -> int:
        """See `Tacotron2Options.alignment_due`."""
        return self.options.alignment_due(total_steps)

    def aids(self) -> tuple[str, ...]:
        """The options beyond Shen et al. 2018, in words."""
        return self.options.aids()

    @torch.inference_mode()
    def generate(self, inputs: AcousticInput, generators: Sequence[torch.Generator] | None) -> Decoded:
        """The decoder's free run, before the postnet; its recurrent weights in `self.precision`, whatever autocast says."""
        private = self._private(generators, inputs.tokens.shape[0])
        device = inputs.tokens.device
        with torch.autocast(device.type, enabled=False), self.decoder.kept.alone(device):
            keys = self.encode(inputs.tokens, inputs.lengths, inputs.speaker)
            if not self.fast:
                return self.decoder.speak(keys, inputs.lengths, private)
            return speaking.speak(self.decoder, keys, inputs.lengths, private, self.precision)

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
        was_training = self.training
        self.eval()
        try:
            spoken = self.generate(inputs, generators)
            r = self.reduction
            lengths = spoken.steps.clamp_min(1) * r  # a result is never empty
            frames, weights = spoken.frames, spoken.weights
            size = int(lengths.max())
            if self.masked:
                frames, weights = frames[:, : size // r], weights[:, : size // r]
            mask = length_mask(lengths, frames.shape[1] * r)
            _, mel = self.refine(frames, mask if self.masked else None)
        finally:
            self.train(was_training)
        mel = self._denormalised(mel[:, :, :size]).masked_fill(~mask[:, None, :size], self.silence())
        alignment = (weights.repeat_interleave(r, 1) * mask[:, :, None])[:, :size]
        return Spectrogram(mel, lengths, alignment, finished=spoken.finished)

    def infer_stream(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Generator[Tensor, None, Spectrogram]:
        """Speak one sentence, its mel as soon as the postnet cannot change it; see `AcousticModel.infer_stream`.

        On a GPU, where a recorded graph has one state, the sentence is spoken whole, and is one chunk.
        """
        self.check_input(inputs, controls)
        one_sentence(inputs.lengths)
        if inputs.tokens.device.type == "cuda":
            return self._in_one(inputs, generators)
        return within(lambda: speaking_mode(self, inputs.tokens.device.type), self._in_chunks(inputs, generators))

    def _in_one(
        self, inputs: AcousticInput, generators: Sequence[torch.Generator] | None
    ) -> Generator[Tensor, None, Spectrogram]:
        whole = self.infer(inputs, None, generators)
        yield whole.mel
        return whole

    def _in_chunks(
        self, inputs: AcousticInput, generators: Sequence[torch.Generator] | None
    ) -> Generator[Tensor, None, Spectrogram]:
        keys = self.encode(inputs.tokens, inputs.lengths, inputs.speaker)
        blocks = speaking.speak_blocks(self.decoder, keys, inputs.lengths, self._private(generators, 1), self.precision)
        options, r = self.options, self.reduction
        reach = options.postnet_convolutions * (options.postnet_kernel // 2)
        said, mel = yield from spoken_chunks(
            blocks, r, self.masked, lambda frames: self.postnet(frames, None), reach, self._denormalised
        )
        frames = torch.tensor([mel.shape[2]], device=mel.device)
        alignment = said.weights[:, : mel.shape[2] // r].repeat_interleave(r, 1)
        return Spectrogram(mel, frames, alignment, finished=said.finished)

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
