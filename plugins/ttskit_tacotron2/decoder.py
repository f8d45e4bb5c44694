"""The decoder (Shen et al. 2018, section 2.2), to be read: one step as equations, and the two loops over it.

`teach` and `speak` here are what the decoder is. What runs in training and when speaking is `fast/training.py` and
`fast/speaking.py`, the same functions of the same weights; tests hold them to these, values and gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import (
    AttentionKeys,
    LocationAttention,
    SeededDropout,
    StopRule,
    attend,
    dropout_factors,
    forward_attention,
    step_limits,
    windowed_energies,
)
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.fast.kept import Kept

__all__ = ["Around", "Decoder", "Spoken", "State", "Taught"]

_Pair = tuple[Tensor | None, Tensor | None]


class State(NamedTuple):
    """What one step leaves for the next; all zero before the first.

    Args:
        first: (B, H) hidden state and cell of the attention LSTM.
        second: (B, H2) hidden state and cell of the second LSTM; unused with one LSTM.
        context: (B, E) what attention read.
        attention, cumulative: (B, N) attention of the last step, and the sum over all steps.
        step: how many steps have been made.
    """

    first: tuple[Tensor, Tensor]
    second: tuple[Tensor, Tensor]
    context: Tensor
    attention: Tensor
    cumulative: Tensor
    step: int = 0


class Around(NamedTuple):
    """What stands around the equations of one step; None for nothing.

    Args:
        prenet: (B, layers, P) dropout factors of the prenet.
        hidden: (B, H) and (B, H2) dropout factors of the two hidden states.
        context: (B, E) context of given durations, which counts `share` of the whole.
        share: 0 … 1.
        prior: (B, N) log prior added to the energies.
        monotonic: of the option `monotonic`, the aid to attention when speaking.
    """

    prenet: Tensor | None = None
    hidden: _Pair = (None, None)
    context: Tensor | None = None
    share: float = 0.0
    prior: Tensor | None = None
    monotonic: str = "none"


_BARE = Around()


@dataclass(frozen=True, slots=True)
class Taught:
    """A teacher-forced pass over S decoder steps (of one step: without the axis S).

    Args:
        frames: (B, S, r·M).
        gate: (B, S) stop logits.
        energies: (B, S, N) before the softmax, -inf on padding.
        weights: (B, S, N) attention.
    """

    frames: Tensor
    gate: Tensor
    energies: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True)
class Spoken:
    """A free-running pass, decoded until every row had ended.

    Args:
        frames: (B, S, r·M); what follows a row's own end is what it went on to say.
        gate: (B, S) stop logits.
        weights: (B, S, N) attention.
        steps: (B,) int64 steps that each row keeps; 0 where it stops at once and the frame that stops is not kept.
        finished: (B,) bool, False where the cap cut the row.
    """

    frames: Tensor
    gate: Tensor
    weights: Tensor
    steps: Tensor
    finished: Tensor


class Decoder(nn.Module):
    """From encoder memory to frames, `reduction` at a time."""

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

    def step(self, previous: Tensor, state: State, texts: AttentionKeys, around: Around = _BARE) -> tuple[State, Taught]:
        """One decoder step: the frames before, (B, r·M), to the next ones.

        x = prenet(y₋₁)
        h, c = LSTM([x, context₋₁], h₋₁, c₋₁)
        e = vᵀ tanh(W h + V m + U (F ∗ [α₋₁, Σ α]))
        α = softmax(e)
        context = Σ α m
        s, d = LSTM([h, context], s₋₁, d₋₁)
        y = W_y [s, context] + b_y
        stop = w [s, context] + b
        """
        x = self.run_prenet(previous, around.prenet)

        h, c = self.attention_lstm(torch.cat([x, state.context], 1), state.first)
        h = _times(h, around.hidden[0])

        e = self.attention.energies(h, texts, state.attention, state.cumulative)
        if around.prior is not None:
            e = e + around.prior
        if around.monotonic == "window":
            e = windowed_energies(e, state.attention, self.options.window_back, self.options.window_ahead)
        a = torch.softmax(e, 1)
        if around.monotonic == "forward":
            a = forward_attention(a, state.attention if state.step else None)
        context = attend(a, texts.memory)
        if around.context is not None:
            context = around.share * around.context + (1.0 - around.share) * context

        s, d = h, c
        if self.options.decoder_lstms == 2:
            s, d = self.decoder_lstm(torch.cat([h, context], 1), state.second)
            s = _times(s, around.hidden[1])

        top, wide = torch.cat([s, context], 1), self.bands * self.reduction
        y = F.linear(top, self.frame.weight[:wide], self.frame.bias[:wide])
        stop = self.gate(top).squeeze(1)
        return State((h, c), (s, d), context, a, state.cumulative + a, state.step + 1), Taught(y, stop, e, a)

    def run_prenet(self, previous: Tensor, factors: Tensor | None) -> Tensor:
        """(…, P) prenet of previous frames (…, r·M); factors (…, layers, P) are its dropout, None for none."""
        x = previous if self.options.prenet_input == "all" else previous[..., -self.bands :]
        for index, layer in enumerate(self.prenet):
            x = _times(F.relu(layer(x)), None if factors is None else factors[..., index, :])
        return x

    def start(self, texts: AttentionKeys) -> State:
        """The state before the first step."""
        options, memory = self.options, texts.memory
        rows, tokens, size = memory.shape
        first, second = memory.new_zeros(2, rows, options.attention_lstm), memory.new_zeros(2, rows, options.decoder_lstm)
        none = memory.new_zeros(rows, tokens)
        return State((first[0], first[1]), (second[0], second[1]), memory.new_zeros(rows, size), none, none)

    def teach(
        self,
        texts: AttentionKeys,
        previous: Tensor,
        prenet_factors: Tensor | None,
        mixed: Tensor | None = None,
        share: float = 0.0,
        prior: Tensor | None = None,
    ) -> Taught:
        """Decode with the true previous frames.

        Args:
            texts: the prepared texts.
            previous: (B, S, r·M) frames of the step before, zero for the first.
            prenet_factors: (B, S, layers, P) dropout factors, None for none.
            mixed: (B, S, N) attention from durations; its context replaces `share` of the model's own.
            share: 0 … 1.
            prior: (B, S, N) log prior added to the energies, or None.
        """
        steps = previous.shape[1]
        first, second = self.hidden_dropout(steps, texts.memory)
        contexts = torch.bmm(mixed.to(texts.memory.dtype), texts.memory) if mixed is not None and share > 0 else None
        state, made = self.start(texts), []
        for t in range(steps):
            factors = None if prenet_factors is None else prenet_factors[:, t]
            hidden = (None if first is None else first[t], None if second is None else second[t])
            given = None if contexts is None else contexts[:, t]
            around = Around(factors, hidden, given, share, None if prior is None else prior[:, t])
            state, now = self.step(previous[:, t], state, texts, around)
            made.append(now)
        parts = ([getattr(now, name) for now in made] for name in ("frames", "gate", "energies", "weights"))
        return Taught(*(torch.stack(part, 1) for part in parts))

    def hidden_dropout(self, steps: int, memory: Tensor) -> _Pair:
        """Dropout factors of the two hidden states, (S, B, H) and (S, B, H2), drawn at once; None where nothing is dropped."""
        options, rows = self.options, memory.shape[0]

        def factors(p: float, width: int) -> Tensor | None:
            return dropout_factors((steps, rows, width), p, memory, spare=False) if self.training and p > 0 else None

        first = factors(options.attention_dropout, options.attention_lstm)
        return first, factors(options.decoder_dropout, options.decoder_lstm) if options.decoder_lstms == 2 else None

    def speak(self, texts: AttentionKeys, lengths: Tensor, generators: Sequence[torch.Generator] | None) -> Spoken:
        """Decode freely: each row on its own, until it stops, rests at its end, or reaches its cap.

        Args:
            texts: the prepared texts.
            lengths: (B,) tokens.
            generators: one CPU generator per row for the prenet's dropout; None for no dropout.
        """
        noise, rule, caps = self.prenet_noise(generators, texts.memory), self.stop_rule(), self.caps(lengths)
        state, frames = self.start(texts), texts.memory.new_zeros(len(lengths), self.bands * self.reduction)
        spoken, gates, weights = [], [], []
        for step in range(int(caps.max())):
            around = Around(None if noise is None else noise.next()[:, 0], monotonic=self.options.monotonic)
            state, now = self.step(frames, state, texts, around)
            frames = now.frames
            spoken.append(frames)
            gates.append(now.gate)
            weights.append(now.weights)
            said = torch.stack(gates, 1), torch.stack(weights, 1)
            end = rule.endings(said[0], caps, said[1].argmax(2), lengths - 1)
            if end.all_within(step + 1):
                break
        return Spoken(torch.stack(spoken, 1), *said, end.lengths, end.finished)

    def prenet_noise(self, generators: Sequence[torch.Generator] | None, like: Tensor) -> SeededDropout | None:
        """The prenet's dropout when speaking, step by step, each row from its own generator."""
        options = self.options
        shape = (options.prenet_layers, options.prenet_channels)
        return None if generators is None else SeededDropout(generators, shape, options.prenet_dropout, like)

    def stop_rule(self) -> StopRule:
        """When a row has said its sentence."""
        options = self.options
        return StopRule(options.stop_threshold, options.keep_stop_frame, -(-options.rest_frames // self.reduction))

    def caps(self, lengths: Tensor) -> Tensor:
        """The most steps (B,) of texts of `lengths` (B,) tokens."""
        return step_limits(lengths, self.options.frames_per_token, self.options.frames_floor, self.reduction)

    def set_reduction(self, frames: int) -> None:
        """From now on `frames` per step: the first of those that the projection can give (the schedule's largest)."""
        self.reduction = frames
        if self.options.reduction_schedule:
            self.reduction_now.fill_(frames)

    def train(self, mode: bool = True) -> Decoder:
        """Training changes weights: what was laid out of them for speaking is let go."""
        if mode:
            self.kept.clear()
        return super().train(mode)


def _times(x: Tensor, factors: Tensor | None) -> Tensor:
    return x if factors is None else x * factors


def _read_reduction(decoder: Decoder, _: object) -> None:
    decoder.reduction = int(decoder.reduction_now)
