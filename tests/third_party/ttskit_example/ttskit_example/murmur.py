"""Murmur: a small autoregressive model of one's own; what such models share comes from `ttskit.nn`.

A GRU in place of Tacotron 2's two LSTMs, no postnet. One step, `Murmur.step`, is run by the truth in training and by
the model's own frames when speaking.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
    LocationAttention,
    SeededDropout,
    StopRule,
    attention_durations,
    dropout_factors,
    guided_attention_loss,
    length_mask,
    log_mel_silence,
    private_generators,
    seeded_factors,
    seeded_generators,
    step_limits,
    stop_token_loss,
)
from ttskit_example.config import MurmurOptions


class Murmur(AcousticModel):
    """Embeddings, a prenet whose dropout stays on, a GRU around location-sensitive attention, a frame and a stop."""

    decoding = "autoregressive"
    multi_speaker = True

    def __init__(self, options: MurmurOptions, context: ModelContext) -> None:
        super().__init__()
        self.options, self.context = options, context
        width, bands = options.channels, context.mel.bands
        self.token = nn.Embedding(len(context.symbols), width)
        self.speaker = nn.Embedding(len(context.speakers), width)
        self.prenet = nn.Linear(bands, width)
        self.cell = nn.GRUCell(2 * width, width)
        self.attention = LocationAttention(width, width, width, 4, 7)
        self.frame = nn.Linear(2 * width, bands)
        self.stop = nn.Linear(2 * width, 1)

    def encode(self, tokens: Tensor, lengths: Tensor, speaker: Tensor | None) -> AttentionKeys:
        mask = length_mask(lengths, tokens.shape[1])
        voice = self.speaker(torch.zeros_like(lengths) if speaker is None else speaker)
        return self.attention.keys((self.token(tokens) + voice[:, None]) * mask[:, :, None], mask)

    def start(self, texts: AttentionKeys) -> tuple[Tensor, ...]:
        wide, past = torch.zeros_like(texts.memory[:, 0]), torch.zeros_like(texts.memory[:, :, 0])
        return wide, wide, past, past

    def step(
        self, frame: Tensor, state: tuple[Tensor, ...], texts: AttentionKeys, noise: Tensor
    ) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
        """The next state, frame (B, M) and stop logit (B,); noise (B, H) are the prenet's dropout factors."""
        hidden, context, attention, past = state
        x = F.relu(self.prenet(frame)) * noise
        hidden = self.cell(torch.cat([x, context], 1), hidden)
        context, attention = self.attention(hidden, texts, attention, past)
        top = torch.cat([hidden, context], 1)
        return (hidden, context, attention, past + attention), self.frame(top), self.stop(top)[:, 0]

    def forward(self, batch: AcousticBatch) -> Outputs:
        rows, _, steps = batch.mel.shape
        texts = self.encode(batch.tokens, batch.token_lengths, batch.speaker)
        shape, p = (steps, self.options.channels), self.options.dropout
        if self.training:
            noise = dropout_factors((rows, *shape), p, batch.mel)
        else:
            noise = seeded_factors(seeded_generators(batch.seeds, rows), shape, p).to(batch.mel)
        previous, state = F.pad(batch.mel, (1, 0))[:, :, :-1], self.start(texts)
        frames, stops, attention = [], [], []
        for t in range(steps):
            state, frame, stop = self.step(previous[:, :, t], state, texts, noise[:, t])
            frames.append(frame)
            stops.append(stop)
            attention.append(state[2])
        mel = torch.stack(frames, 2) * length_mask(batch.mel_lengths, steps)[:, None]
        return Outputs(mel, batch.mel_lengths, torch.stack(attention, 1), {"stop": torch.stack(stops, 1)})

    def loss(self, outputs: Outputs, batch: AcousticBatch, state: TrainState) -> Losses:
        mask = length_mask(batch.mel_lengths, batch.mel.shape[2])
        error = ((outputs.mel - batch.mel).float().abs() * mask[:, None]).sum()
        stop = stop_token_loss(outputs.extra["stop"], batch.mel_lengths - 1, mask, 5.0)
        guided = guided_attention_loss(outputs.alignment, batch.mel_lengths, batch.token_lengths)
        return Losses(
            {
                "mel": LossTerm(error, mask.sum() * batch.mel.shape[1]),
                "stop": LossTerm(*stop),
                "guided_attention": LossTerm(*guided),
            }
        )

    @torch.inference_mode()
    def infer(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Spectrogram:
        self.check_input(inputs, controls)
        texts = self.encode(inputs.tokens, inputs.lengths, inputs.speaker)
        rows, options = len(inputs.tokens), self.options
        noise = SeededDropout(private_generators(generators, rows), (options.channels,), options.dropout, texts.memory)
        rule, limits = StopRule(rest_steps=30), step_limits(inputs.lengths, options.frames_per_token, 10)
        frame, state = texts.memory.new_zeros(rows, self.context.mel.bands), self.start(texts)
        frames, stops, attention = [], [], []
        for t in range(int(limits.max())):
            state, frame, stop = self.step(frame, state, texts, noise.next()[:, 0])
            frames.append(frame)
            stops.append(stop)
            attention.append(state[2])
            seen = torch.stack(attention, 1)
            end = rule.endings(torch.stack(stops, 1), limits, seen.argmax(2), inputs.lengths - 1)
            if end.all_within(t + 1):
                break
        real = length_mask(end.lengths)
        mel = torch.stack(frames, 2).masked_fill(~real[:, None], log_mel_silence(self.context.mel))
        return Spectrogram(mel, end.lengths, seen * real[:, :, None], finished=end.finished)

    @torch.inference_mode()
    def teacher_forced(self, batch: AcousticBatch) -> Spectrogram:
        outputs, real = self(batch), length_mask(batch.mel_lengths, batch.mel.shape[2])
        mel = outputs.mel.masked_fill(~real[:, None], log_mel_silence(self.context.mel))
        return Spectrogram(mel, batch.mel_lengths, outputs.alignment * real[:, :, None])

    @torch.inference_mode()
    def durations(self, batch: AcousticBatch) -> Tensor:
        return attention_durations(self(batch).alignment, batch.token_lengths, batch.mel_lengths)

    def inventory_parameters(self) -> dict[str, str]:
        return {"token.weight": "symbols", "speaker.weight": "speakers"}

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), self.options.learning_rate), clip_norm=1.0)}
