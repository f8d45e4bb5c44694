"""Stretch: the smallest acoustic model that keeps the promises of the interface.

In training a sentence's tokens are spread evenly over its frames; in speaking every token lasts as long
as the options say, over pace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

import torch
from torch import Tensor, nn

from ttskit.interfaces import (
    AcousticBatch,
    AcousticInput,
    AcousticModel,
    Axis,
    Controls,
    Explanation,
    Intervention,
    Losses,
    LossTerm,
    ModelContext,
    OptimizerPlan,
    Outputs,
    Recorded,
    Spectrogram,
    Step,
    TrainState,
)
from ttskit.interfaces.explanation import one_row, requested
from ttskit.nn import Activations, length_mask
from ttskit_example.config import StretchOptions


class Stretch(AcousticModel):
    """Token and speaker embedding, one hidden layer, a mel frame."""

    decoding = "parallel"
    controls = ("pace", "durations")
    multi_speaker = True

    def __init__(self, options: StretchOptions, context: ModelContext) -> None:
        super().__init__()
        self.options, self.context = options, context
        self.token = nn.Embedding(len(context.symbols), options.channels)
        self.speaker = nn.Embedding(len(context.speakers), options.channels)
        self.hidden = nn.Linear(options.channels, options.channels)
        self.frame = nn.Linear(options.channels, context.mel.bands)

    def sounds(self, tokens: Tensor, speaker: Tensor) -> Tensor:
        """The mel frame (B, N, M) of each token."""
        return self.frame(torch.tanh(self.hidden(self.token(tokens) + self.speaker(speaker)[:, None])))

    def forward(self, batch: AcousticBatch) -> Outputs:
        frames = torch.arange(batch.mel.shape[2], device=batch.mel.device)[None]
        place = frames * batch.token_lengths[:, None] // batch.mel_lengths[:, None].clamp_min(1)  # (B, T)
        place = torch.minimum(place, batch.token_lengths[:, None] - 1)
        mel = self.sounds(batch.tokens, batch.speaker)
        mel = mel.gather(1, place[:, :, None].expand(-1, -1, mel.shape[2])).transpose(1, 2)
        return Outputs(mel * length_mask(batch.mel_lengths, mel.shape[2])[:, None], batch.mel_lengths)

    def loss(self, outputs: Outputs, batch: AcousticBatch, state: TrainState) -> Losses:
        mask = length_mask(batch.mel_lengths, batch.mel.shape[2])[:, None].float()
        error = (outputs.mel - batch.mel).float().abs() * mask
        return Losses({"mel": LossTerm(error.sum(), mask.sum() * batch.mel.shape[1])})

    @torch.no_grad()
    def infer(
        self, inputs: AcousticInput, controls: Controls | None = None, generators: Sequence[torch.Generator] | None = None
    ) -> Spectrogram:
        controls = self.check_input(inputs, controls)
        speaker = inputs.speaker if inputs.speaker is not None else torch.zeros_like(inputs.lengths)
        length = torch.full(inputs.tokens.shape, float(self.options.frames_per_token))
        if controls.durations is not None:
            length = torch.where(controls.durations.isnan(), length, controls.durations.float())
        real = length_mask(inputs.lengths, inputs.tokens.shape[1])
        durations = (length.to(real.device) / controls.pace).round().clamp_min(1).long() * real
        sounds = self.sounds(inputs.tokens, speaker)
        rows = [row.repeat_interleave(times, dim=0) for row, times in zip(sounds, durations, strict=True)]
        silence = log(self.context.mel.log_guard)
        mel = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=silence).transpose(1, 2)
        return Spectrogram(mel, durations.sum(1), durations=durations)

    def interventions(self) -> tuple[Intervention, ...]:
        return (Intervention("stretch.voice", "everybody's voice is nobody's", ("none",)),)

    def explain(
        self,
        inputs: AcousticInput,
        controls: Controls | None = None,
        generators: Sequence[torch.Generator] | None = None,
        changed: Mapping[str, str | int | float] | None = None,
    ) -> Explanation:
        """Vectors, what the hidden layer makes of them, and frames; on request without the speaker's vector."""
        one_row(inputs)
        offered = self.interventions()
        applied = requested(changed, offered)
        nobody = {"speaker": torch.zeros_like} if applied else {}
        with Activations(self, ["token", "hidden", "frame"], out_of=nobody) as seen:
            spoken = self.infer(inputs, controls, generators)
        token, channel = Axis("token"), Axis("channel")
        vectors = Recorded("vectors", seen.output("token")[0].numpy(), (token, channel))
        hidden = Recorded("hidden", seen.output("hidden").tanh()[0].numpy(), (token, channel))
        sounds = Recorded("sounds", seen.output("frame")[0].numpy(), (token, Axis("band")))
        steps = (
            Step("stretch.token", "each symbol becomes a vector", (vectors,), ("stretch.voice",)),
            Step("stretch.sound", "each vector becomes a sound, which is stretched", (hidden, sounds)),
        )
        return Explanation(spoken, steps, offered, applied)

    def inventory_parameters(self) -> dict[str, str]:
        return {"token.weight": "symbols", "speaker.weight": "speakers"}

    @torch.no_grad()
    def teacher_forced(self, batch: AcousticBatch) -> Spectrogram:
        """The recording's frames, each as the token that is spread over it sounds; vocoders are fitted to these."""
        real = length_mask(batch.mel_lengths, batch.mel.shape[2])[:, None]
        return Spectrogram(self(batch).mel.masked_fill(~real, log(self.context.mel.log_guard)), batch.mel_lengths)

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), self.options.learning_rate))}
