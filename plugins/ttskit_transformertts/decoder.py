"""The decoder (Li et al. 2019, sections 3.3, 3.5 and 3.6), to be read: all steps at once when taught, one by one when speaking.

`speak` here is what speaking is: after every frame the decoder reads all frames again. What runs is `fast/speaking.py`,
which keeps keys and values of past steps; tests hold it to this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import Endings, SeededDropout, StopRule, step_limits
from ttskit_transformertts.config import TransformerStackOptions, TransformerTTSOptions
from ttskit_transformertts.layers import (
    Attended,
    Attention,
    HeadLead,
    KeysValues,
    PositionwiseFeedForward,
    Residual,
    ScaledPositions,
    last_norm,
    linear,
)

__all__ = ["DecoderBlock", "SpokenSteps", "TaughtSteps", "Texts", "TransformerDecoder", "focus_rate"]


@dataclass(frozen=True, slots=True)
class Texts:
    """What the decoder needs of a batch of texts, computed once per batch.

    Args:
        seen: keys and values of the memory, for each decoder block.
        hidden: (B, 1, 1, N) True on padding.
    """

    seen: tuple[KeysValues, ...]
    hidden: Tensor


@dataclass(frozen=True, slots=True)
class TaughtSteps:
    """A pass over S decoder steps.

    Args:
        frames: (B, S, r·M).
        gate: (B, S, r) stop logits of each frame.
        energies: (B, W, S, N) before the softmax, of the W watched heads, -inf on padding.
        weights: (B, W, S, N) their attention.
    """

    frames: Tensor
    gate: Tensor
    energies: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True)
class SpokenSteps:
    """A free-running pass, decoded until every row had ended.

    Args:
        frames: (B, S, r·M); what follows a row's own end is what it went on to say.
        gate: (B, S) stop logits, the highest of each step.
        weights: (B, W, S, N) attention of the watched heads.
        steps: (B,) int64 steps that each row keeps; 0 where it stops at once and the frame that stops is not kept.
        finished: (B,) bool, False where the cap cut the row.
    """

    frames: Tensor
    gate: Tensor
    weights: Tensor
    steps: Tensor
    finished: Tensor


class DecoderBlock(nn.Module):
    """Masked self-attention, attention over the memory, then a feed-forward network."""

    def __init__(self, channels: int, options: TransformerStackOptions) -> None:
        super().__init__()
        self.attention, self.around_attention = Attention(channels, options), Residual(channels, options)
        self.reading, self.around_reading = Attention(channels, options), Residual(channels, options)
        self.feed_forward, self.around_feed_forward = PositionwiseFeedForward(channels, options), Residual(channels, options)

    def forward(
        self,
        x: Tensor,
        hidden: Tensor | None,
        text: KeysValues,
        padding: Tensor,
        lead: HeadLead | None = None,
        past: Callable[[KeysValues], KeysValues] = lambda now: now,
    ) -> tuple[Tensor, Attended]:
        """One block over steps x (B, L, C).

        Args:
            x: the steps.
            hidden: True where a step must not look at another: later ones, and padding. None where it may look at all.
            text, padding: the texts' keys and values, and (B, 1, 1, N) True on their padding.
            lead: how attention over the text is led.
            past: from keys and values of these steps, those of all steps that may be looked at.

        Returns:
            (B, L, C), and what the attention over the text gave.
        """
        read: list[Attended] = []

        def look(y: Tensor) -> Tensor:
            read.append(self.reading(y, text, padding, lead))
            return read[0].output

        x = self.around_attention(x, lambda y: self.attention(y, past(self.attention.keys_values(y)), hidden).output)
        x = self.around_reading(x, look)
        x = self.around_feed_forward(x, lambda y: self.feed_forward(y, None))
        return x, read[0]


class TransformerDecoder(nn.Module):
    """From encoder memory to frames, `reduction` at a time."""

    def __init__(self, options: TransformerTTSOptions, bands: int) -> None:
        super().__init__()
        self.options, self.bands, self.reduction = options, bands, options.reduction
        stack, channels = options.decoder, options.channels
        sizes = [bands] + [options.prenet_channels] * options.prenet_layers
        self.prenet = nn.ModuleList(linear(a, b) for a, b in pairwise(sizes))
        self.project = linear(options.prenet_channels, channels)
        self.positions = ScaledPositions(stack.position_dropout)
        self.blocks = nn.ModuleList(DecoderBlock(channels, stack) for _ in range(stack.layers))
        self.norm = last_norm(channels, stack)
        self.frame = linear(channels, bands * options.reduction)
        self.gate = linear(channels, options.reduction)

    def texts(self, memory: Tensor, real: Tensor) -> Texts:
        """Prepare a batch: memory (B, N, C), real (B, N) True on real tokens."""
        return Texts(
            tuple(cast(DecoderBlock, block).reading.keys_values(memory) for block in self.blocks), ~real[:, None, None]
        )

    def teach(
        self,
        texts: Texts,
        previous: Tensor,
        factors: Tensor | None,
        real: Tensor | None = None,
        lead: HeadLead | None = None,
    ) -> TaughtSteps:
        """Decode with the true previous frames.

        Args:
            texts: the prepared texts.
            previous: (B, S, M) last frame of the step before, zero for the first.
            factors: (B, S, layers, P) dropout factors of the prenet, None for none.
            real: (B, S) True on steps that may be looked at, None for all.
            lead: how the watched heads are led; its number of heads is filled in here.
        """
        steps = previous.shape[1]
        hidden = torch.ones(steps, steps, dtype=torch.bool, device=previous.device).triu(1)[None, None]
        if real is not None:
            hidden = hidden | ~real[:, None, None]
        x = self.enter(previous, factors)
        energies, weights = [], []
        for layer, (block, text) in enumerate(zip(self.blocks, texts.seen, strict=True)):
            watched = self.options.watched_heads(layer)
            led = None if lead is None or not watched else lead._replace(heads=watched)
            x, read = block(x, hidden, text, texts.hidden, led)
            energies.append(read.energies[:, :watched])
            weights.append(read.weights[:, :watched])
        return TaughtSteps(*self.leave(x), torch.cat(energies, 1), torch.cat(weights, 1))

    def enter(self, previous: Tensor, factors: Tensor | None, first: int = 0) -> Tensor:
        """Input (B, L, C) of the blocks: prenet, projection and positions of frames (B, L, M), the first being step `first`."""
        x = previous
        for index, layer in enumerate(self.prenet):
            x = F.relu(layer(x))
            x = x if factors is None else x * factors[..., index, :]
        placed: Tensor = self.positions(self.project(x), first)
        return placed

    def leave(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, L, r·M) and stop logits (B, L, r) of the last block's output (B, L, C)."""
        top = self.norm(x)
        return self.frame(top), self.gate(top)

    def speak(self, texts: Texts, lengths: Tensor, generators: Sequence[torch.Generator] | None) -> SpokenSteps:
        """Decode freely: each row on its own, until it stops, rests at its end, or reaches its cap.

        Args:
            texts: the prepared texts.
            lengths: (B,) tokens, the end token included.
            generators: one CPU generator per row for the prenet's dropout; None for no dropout.
        """
        like = texts.seen[0].keys
        noise, caps = self.prenet_noise(generators, like), self.caps(lengths)
        previous, factors = like.new_zeros(len(lengths), 1, self.bands), None
        for step in range(int(caps.max())):
            if noise is not None:
                now = noise.next()
                factors = now if factors is None else torch.cat([factors, now], 1)
            said = self.teach(texts, previous, factors)
            end = self.endings(said.gate, said.weights, caps, lengths)
            if end.all_within(step + 1):
                break
            previous = torch.cat([previous, said.frames[:, -1:, -self.bands :]], 1)
        return SpokenSteps(said.frames, said.gate.amax(2), said.weights, end.lengths, end.finished)

    def prenet_noise(self, generators: Sequence[torch.Generator] | None, like: Tensor) -> SeededDropout | None:
        """The prenet's dropout when speaking, step by step, each row from its own generator."""
        options = self.options
        shape = (options.prenet_layers, options.prenet_channels)
        return None if generators is None else SeededDropout(generators, shape, options.prenet_dropout, like)

    def caps(self, lengths: Tensor) -> Tensor:
        """The most steps (B,) of texts of `lengths` (B,) tokens."""
        return step_limits(lengths, self.options.frames_per_token, self.options.frames_floor, self.reduction)

    def stop_rule(self) -> StopRule:
        """When a row has said its sentence. Where no head is led, none is known to rest at the end."""
        options = self.options
        rest = -(-options.rest_frames // self.reduction) if options.leads_attention else 0
        return StopRule(options.stop_threshold, options.keep_stop_frame, rest)

    def endings(self, gate: Tensor, weights: Tensor, caps: Tensor, lengths: Tensor) -> Endings:
        """Where rows end, by the stop logits (B, S, r) and the watched heads' attention (B, W, S, N) so far."""
        return self.stop_rule().endings(gate.amax(2), caps, weights.mean(1).argmax(2), lengths - 1)


def focus_rate(weights: Tensor, real: Tensor) -> Tensor:
    """How sharply each head looks, (B, W): the mean over steps of its highest weight (Ren et al. 2019, section 3.3).

    Args:
        weights: (B, W, S, N).
        real: (B, S) True on steps that count.
    """
    sharp = weights.amax(3) * real[:, None]
    return sharp.sum(2) / real.sum(1).clamp_min(1)[:, None]
