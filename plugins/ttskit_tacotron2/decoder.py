"""The decoder: prenet, two LSTMs around the attention, frame and stop projections; taught and free-running."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit_tacotron2 import recurrence
from ttskit_tacotron2.attention import Keys, LocationAttention
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.noise import dropout_factors
from ttskit_tacotron2.speaking import Kept, endings, speaking

_BLOCK = 64  # steps of prenet dropout drawn at a time when speaking


@dataclass(frozen=True, slots=True)
class Taught:
    """A teacher-forced pass over `steps` decoder steps.

    Args:
        frames: (B, steps, r·M).
        gate: (B, steps) stop logits.
        energies: (B, steps, N) before the softmax, -inf on padding.
        weights: (B, steps, N) attention.
    """

    frames: Tensor
    gate: Tensor
    energies: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True)
class Spoken:
    """A free-running pass, decoded until every row had ended.

    Args:
        frames: (B, steps, r·M); what follows a row's own end is what it went on to say.
        gate: (B, steps) stop logits.
        weights: (B, steps, N) attention.
        steps: (B,) int64 steps that each row keeps; 0 where it stops at once and the frame that stops is not kept.
        finished: (B,) bool, False where the cap cut the row.
    """

    frames: Tensor
    gate: Tensor
    weights: Tensor
    steps: Tensor
    finished: Tensor


class Decoder(nn.Module):
    """From encoder memory to frames, `reduction` at a time (Shen et al. 2018, section 2.2)."""

    def __init__(self, options: Tacotron2Options, bands: int) -> None:
        super().__init__()
        self.options, self.bands, self.kept = options, bands, Kept()
        memory, hidden = options.encoder_channels, options.attention_lstm
        self.reduction = options.reduction_at(0.0)
        if options.reduction_schedule:  # what was trained last travels with the weights; without a schedule it is an option
            self.register_buffer("reduction_now", torch.tensor(self.reduction))
            self.register_load_state_dict_post_hook(_read_reduction)
        wide = bands * (options.reduction if options.prenet_input == "all" else 1)
        sizes = [wide] + [options.prenet_channels] * options.prenet_layers
        self.prenet = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairwise(sizes))
        self.attention_lstm = nn.LSTMCell(options.prenet_channels + memory, hidden)
        self.attention = LocationAttention(
            hidden, memory, options.attention_channels, options.location_channels, options.location_kernel
        )
        if options.decoder_lstms == 2:
            self.decoder_lstm = nn.LSTMCell(hidden + memory, options.decoder_lstm)
            hidden = options.decoder_lstm
        self.frame = nn.Linear(hidden + memory, bands * options.most_frames)
        self.gate = nn.Linear(hidden + memory, 1)
        for layer in (*self.prenet, self.frame, self.gate):
            gain = {id(self.frame): "linear", id(self.gate): "sigmoid"}.get(id(layer), "relu")
            nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain(gain))

    def set_reduction(self, frames: int) -> None:
        """From now on `frames` per step: the first of those that the projection can give (the schedule's largest)."""
        self.reduction = frames
        if self.options.reduction_schedule:
            self.reduction_now.fill_(frames)

    def run_prenet(self, previous: Tensor, masks: Tensor | None) -> Tensor:
        """(…, P) prenet of previous frames (…, r·M); masks (…, layers, P) are dropout factors, None for none."""
        x = previous if self.options.prenet_input == "all" else previous[..., -self.bands :]
        for index, layer in enumerate(self.prenet):
            x = F.relu(layer(x))
            if masks is not None:
                x = x * masks[..., index, :]
        return x

    def _recurrent(self) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]:
        """LSTM weights as the loop uses them: prenet part, bias, recurrent part; the second LSTM's weight and bias."""
        lstm, width = self.attention_lstm, self.options.prenet_channels
        first = lstm.weight_ih[:, :width]
        rest = torch.cat([lstm.weight_ih[:, width:], lstm.weight_hh], 1)
        if self.options.decoder_lstms == 1:
            return first, lstm.bias_ih + lstm.bias_hh, rest, None, None
        second = self.decoder_lstm
        weight = torch.cat([second.weight_ih, second.weight_hh], 1)
        return first, lstm.bias_ih + lstm.bias_hh, rest, weight, second.bias_ih + second.bias_hh

    def teach(
        self,
        keys: Keys,
        previous: Tensor,
        prenet_masks: Tensor | None,
        mixed: Tensor | None = None,
        share: float = 0.0,
        prior: Tensor | None = None,
    ) -> Taught:
        """Decode with the true previous frames.

        Args:
            keys: the prepared texts.
            previous: (B, steps, r·M) frames of the step before, zero for the first.
            prenet_masks: (B, steps, layers, P) dropout factors, None for none.
            mixed: (B, steps, N) attention from durations; its context replaces `share` of the model's own.
            share: 0 … 1.
            prior: (B, steps, N) log prior added to the energies, or None.
        """
        options, memory = self.options, keys.memory
        rows, steps, _ = previous.shape
        prenet = self.run_prenet(previous, prenet_masks).transpose(0, 1)
        first, bias, recurrent, second, second_bias = self._recurrent()
        inputs = F.linear(prenet, first, bias)
        given = None
        if mixed is not None and share > 0:
            given = (share * torch.bmm(mixed.to(memory.dtype), memory)).transpose(0, 1)
        drop_a = self._hidden_dropout(options.attention_dropout, steps, rows, options.attention_lstm, memory)
        drop_d = None
        if second is not None:
            drop_d = self._hidden_dropout(options.decoder_dropout, steps, rows, options.decoder_lstm, memory)

        attention = self.attention
        done = recurrence.run(
            inputs,
            recurrent.t().contiguous(),
            memory,
            keys.keys,
            keys.hidden,
            attention.query.weight,
            keys.convolution,
            keys.dense,
            keys.score,
            given,
            share,
            None if prior is None else prior.transpose(0, 1),
            drop_a,
            None if second is None else second.t().contiguous(),
            second_bias,
            drop_d,
        )
        top = torch.cat([done.state, done.context], 2).transpose(0, 1)
        wide = self.bands * self.reduction
        frames = F.linear(top, self.frame.weight[:wide], self.frame.bias[:wide])
        return Taught(frames, self.gate(top).squeeze(2), done.energies.transpose(0, 1), done.weights.transpose(0, 1))

    def _hidden_dropout(self, p: float, steps: int, rows: int, width: int, like: Tensor) -> Tensor | None:
        """(steps, B, H) dropout factors, drawn at once; None when there is nothing to drop."""
        if not self.training or p == 0:
            return None
        return dropout_factors((steps, rows, width), p, like)

    def speak(
        self, keys: Keys, lengths: Tensor, generators: Sequence[torch.Generator] | None, precision: str = "fp32"
    ) -> Spoken:
        """Decode freely: each row on its own, until it stops, rests at its end, or reaches its cap.

        Args:
            keys: the prepared texts.
            lengths: (B,) tokens.
            generators: one CPU generator per row for the prenet's dropout; None for no dropout.
            precision: of `weights.PRECISIONS`, what the recurrent weights are held in.
        """
        options, memory = self.options, keys.memory
        tokens = memory.shape[1]
        r, device = self.reduction, memory.device
        frames_most = [options.frames_floor + options.frames_per_token * n for n in lengths.tolist()]
        caps = torch.tensor([max(1, math.ceil(most / r)) for most in frames_most], device=device)
        limit = int(caps.max())
        rest_limit = -(-options.rest_frames // r) if options.rest_frames else limit + 1
        last = (lengths - 1).to(device)
        state = speaking(self, keys, precision, generators is not None)
        outs, alignments, peaks, masks = [], [], [], None
        for step in range(0, limit, state.steps):
            if generators is not None:
                if step % _BLOCK == 0:
                    masks = draw_masks(generators, _BLOCK, options).to(device, memory.dtype)
                state.block(masks[:, step % _BLOCK : step % _BLOCK + state.steps])
            else:
                state.block(None)
            outs.append(state.out.clone())
            alignments.append(state.weights[:, :, :tokens].clone())
            peaks.append(alignments[-1].argmax(2))
            gates = torch.cat([out[:, :, -1] for out in outs], 1)
            length, finished, ended = endings(gates, torch.cat(peaks, 1), caps, last, rest_limit, options)
            if bool((ended < gates.shape[1]).all()):
                break
        done = int(ended.max()) + 1
        frames, weights = torch.cat(outs, 1)[:, :done, :-1], torch.cat(alignments, 1)[:, :done]
        return Spoken(frames, gates[:, :done], weights, length, finished)

    def train(self, mode: bool = True) -> Decoder:
        """Training changes weights: what was laid out of them for speaking is let go."""
        if mode:
            self.kept.clear()
        return super().train(mode)


def _read_reduction(decoder: Decoder, _: object) -> None:
    decoder.reduction = int(decoder.reduction_now)


def draw_masks(generators: Sequence[torch.Generator], steps: int, options: Tacotron2Options) -> Tensor:
    """Prenet dropout factors (B, steps, layers, P) on the CPU, each row from its own generator."""
    shape, p = (steps, options.prenet_layers, options.prenet_channels), options.prenet_dropout
    kept = torch.stack([torch.rand(shape, generator=g) for g in generators]) >= p
    return kept.float() / (1.0 - p)
