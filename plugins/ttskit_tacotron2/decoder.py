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
from ttskit_tacotron2.attention import Keys, LocationAttention, context, forward_weights, windowed
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.noise import dropout_factors

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
        steps: (B,) int64 steps of each row, at least 1.
        finished: (B,) bool, False where the cap cut the row.
    """

    frames: Tensor
    gate: Tensor
    weights: Tensor
    steps: Tensor
    finished: Tensor


def _cell(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """LSTM update (hidden, cell) from the four gates (B, 4·H) in torch's order and the last cell (B, H)."""
    i, f, g, o = gates.chunk(4, 1)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


class Decoder(nn.Module):
    """From encoder memory to frames, `reduction` at a time (Shen et al. 2018, section 2.2)."""

    def __init__(self, options: Tacotron2Options, bands: int) -> None:
        super().__init__()
        self.options, self.bands = options, bands
        memory, hidden = options.encoder_channels, options.attention_lstm
        self.reduction = options.reduction_at(0.0)
        if options.reduction_schedule:  # what was trained last travels with the weights; without a schedule it is an option
            self.register_buffer("reduction_now", torch.tensor(self.reduction))
            self.register_load_state_dict_post_hook(_read_reduction)
        wide = bands * (options.reduction if options.prenet_input == "all" else 1)
        sizes = [wide] + [options.prenet_channels] * options.prenet_layers
        self.prenet = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairwise(sizes))
        self.attention_lstm = nn.LSTMCell(options.prenet_channels + memory, hidden)
        self.attention = LocationAttention(hidden, memory, options.attention_channels, options.location_channels,
                                           options.location_kernel)
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
        x = previous if self.options.prenet_input == "all" else previous[..., -self.bands:]
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

    def teach(self, keys: Keys, previous: Tensor, prenet_masks: Tensor | None, mixed: Tensor | None = None,
              share: float = 0.0, prior: Tensor | None = None) -> Taught:
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
        done = recurrence.run(inputs, recurrent.t().contiguous(), memory, keys.keys, keys.hidden, attention.query.weight,
                              keys.convolution, keys.dense, keys.score, given, share,
                              None if prior is None else prior.transpose(0, 1), drop_a,
                              None if second is None else second.t().contiguous(), second_bias, drop_d)
        top = torch.cat([done.state, done.context], 2).transpose(0, 1)
        wide = self.bands * self.reduction
        frames = F.linear(top, self.frame.weight[:wide], self.frame.bias[:wide])
        return Taught(frames, self.gate(top).squeeze(2), done.energies.transpose(0, 1), done.weights.transpose(0, 1))

    def _hidden_dropout(self, p: float, steps: int, rows: int, width: int, like: Tensor) -> Tensor | None:
        """(steps, B, H) dropout factors, drawn at once; None when there is nothing to drop."""
        if not self.training or p == 0:
            return None
        return dropout_factors((steps, rows, width), p, like)

    def speak(self, keys: Keys, lengths: Tensor, generators: Sequence[torch.Generator] | None) -> Spoken:
        """Decode freely: each row on its own, until it stops, rests at its end, or reaches its cap.

        Args:
            keys: the prepared texts.
            lengths: (B,) tokens.
            generators: one CPU generator per row for the prenet's dropout; None for no dropout.
        """
        options, memory = self.options, keys.memory
        rows, tokens, _ = memory.shape
        r, device = self.reduction, memory.device
        frames_most = [options.frames_floor + options.frames_per_token * n for n in lengths.tolist()]
        caps = torch.tensor([max(1, math.ceil(most / r)) for most in frames_most], device=device)
        limit = int(caps.max())
        rest_limit = -(-options.rest_frames // r) if options.rest_frames else limit + 1
        first, bias, recurrent, second, second_bias = self._recurrent()
        first = first.contiguous()

        h = c = memory.new_zeros(rows, options.attention_lstm)
        h2 = c2 = memory.new_zeros(rows, options.decoder_lstm)
        attended = memory.new_zeros(rows, memory.shape[2])
        kernel = options.location_kernel
        padded = memory.new_zeros(rows, 2, tokens + kernel - 1)  # previous and cumulative attention, with the conv's padding
        history = padded[:, :, kernel // 2 : kernel // 2 + tokens]
        spread = padded.unfold(2, kernel, 1).permute(0, 2, 1, 3)
        windows = memory.new_empty(rows, tokens, 2, kernel)
        frame = memory.new_zeros(rows, self.bands * r)
        frames = memory.new_empty(rows, limit, self.bands * r)
        gates = memory.new_empty(rows, limit)
        alignment = memory.new_empty(rows, limit, tokens)
        wide = self.bands * r
        head = torch.cat([self.frame.weight[:wide], self.gate.weight])
        head_bias = torch.cat([self.frame.bias[:wide], self.gate.bias])
        ended = torch.zeros(rows, dtype=torch.bool, device=device)
        finished = torch.zeros_like(ended)
        length = caps.clone()
        rested = torch.zeros(rows, dtype=torch.long, device=device)
        last = (lengths - 1).to(device)
        check_every = 1 if device.type == "cpu" else 16  # asking a GPU whether all have ended waits for it
        masks = None
        for step in range(limit):
            if generators is not None:
                if step % _BLOCK == 0:
                    masks = draw_masks(generators, _BLOCK, options).to(device, memory.dtype)
                prenet = self.run_prenet(frame, masks[:, step % _BLOCK])
            else:
                prenet = self.run_prenet(frame, None)
            h, c = _cell(F.linear(prenet, first, bias).add_(F.linear(torch.cat([attended, h], 1), recurrent)), c)
            energies = self.attention.energies(h, windows.copy_(spread), keys)
            if options.monotonic == "window":
                energies = windowed(energies, history[:, 0], options.window_back, options.window_ahead)
            weights = torch.softmax(energies, 1)
            if options.monotonic == "forward":
                weights = forward_weights(weights, history[:, 0], step == 0)
            history[:, 0] = weights
            history[:, 1] += weights
            attended = context(weights, memory)
            if second is None:
                state = h
            else:
                h2, c2 = _cell(F.linear(torch.cat([h, attended, h2], 1), second, second_bias), c2)
                state = h2
            out = F.linear(torch.cat([state, attended], 1), head, head_bias)
            frame, gate = out[:, :-1], out[:, -1]
            frames[:, step], gates[:, step], alignment[:, step] = frame, gate, weights

            fired = torch.sigmoid(gate) > options.stop_threshold
            rested = torch.where(weights.argmax(1) == last, rested + 1, 0)
            resting = rested >= rest_limit
            now = ~ended & (fired | resting) & (step < caps)
            keep = step + 1 if options.keep_stop_frame else torch.where(fired, max(step, 1), step + 1)
            length = torch.where(now, keep, length)
            finished |= now
            ended |= now | (step + 1 >= caps)
            if (step + 1) % check_every == 0 and bool(ended.all()):
                break
        done = step + 1
        return Spoken(frames[:, :done], gates[:, :done], alignment[:, :done], length, finished)


def _read_reduction(decoder: Decoder, _: object) -> None:
    decoder.reduction = int(decoder.reduction_now)


def draw_masks(generators: Sequence[torch.Generator], steps: int, options: Tacotron2Options) -> Tensor:
    """Prenet dropout factors (B, steps, layers, P) on the CPU, each row from its own generator."""
    shape, p = (steps, options.prenet_layers, options.prenet_channels), options.prenet_dropout
    kept = torch.stack([torch.rand(shape, generator=g) for g in generators]) >= p
    return kept.float() / (1.0 - p)
