"""The decoder's step when it speaks: every frame waits for the one before, so nothing is done twice or in vain.

All a step needs lies ready: one row of state [prenet, hidden, context, second hidden] that both LSTMs and the
projection read slices of (nothing is concatenated), weights laid out for their kernels (`weights.py`), keys and
location filters multiplied out beforehand. Steps run in blocks; whether all rows have ended is asked once a
block, so a GPU is not waited for on every frame, and there a whole block is one CUDA graph.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.nn import AttentionKeys, Endings, forward_attention, windowed_energies
from ttskit_tacotron2.config import Tacotron2Options
from ttskit_tacotron2.decoder import Decoded, Decoder
from ttskit_tacotron2.fast.weights import Product, product

__all__ = ["speak", "speak_blocks"]

_BUCKET = 32  # on a GPU texts are padded to a multiple of so many tokens, so that graphs can be used again
_GRAPHS = 4  # that are kept
_LAYOUTS = 3  # of the weights that are kept, 70 MB each at the published size in fp32; a CPU has one per number of rows


def speak(
    decoder: Decoder,
    texts: AttentionKeys,
    lengths: Tensor,
    generators: Sequence[torch.Generator] | None,
    precision: str = "fp32",
) -> Decoded:
    """`Decoder.speak` of the same arguments, with the recurrent weights held in `precision` (of `weights.PRECISIONS`)."""
    for said in speak_blocks(decoder, texts, lengths, generators, precision):  # noqa: B007  the last is the whole
        pass
    return said()


def speak_blocks(
    decoder: Decoder,
    texts: AttentionKeys,
    lengths: Tensor,
    generators: Sequence[torch.Generator] | None,
    precision: str = "fp32",
) -> Iterator[Callable[[], Decoded]]:
    """The same while it goes on: after every block of steps what gives all that was said so far.

    Before the end its `steps` are the most that a row may have, and `finished` is false.
    """
    tokens = texts.memory.shape[1]
    noise, rule, caps = decoder.prenet_noise(generators, texts.memory), decoder.stop_rule(), decoder.caps(lengths)
    last = lengths - 1
    state = speaking(decoder, texts, precision, noise is not None)
    outs, alignments, peaks = [], [], []
    for _ in range(0, int(caps.max()), state.steps):
        state.block(None if noise is None else noise.next(state.steps))
        outs.append(state.out.clone())
        alignments.append(state.weights[:, :, :tokens].clone())
        peaks.append(alignments[-1].argmax(2))
        gates = torch.cat([out[:, :, -1] for out in outs], 1)
        end = rule.endings(gates, caps, torch.cat(peaks, 1), last)

        def so_far(gates: Tensor = gates, end: Endings = end) -> Decoded:
            done = min(gates.shape[1], int(end.ended.max()) + 1)
            frames, weights = torch.cat(outs, 1)[:, :done, :-1], torch.cat(alignments, 1)[:, :done]
            return Decoded(frames, gates[:, :done], weights, end.lengths, end.finished)

        yield so_far
        if end.all_within(gates.shape[1]):
            return


def block_steps(device: torch.device) -> int:
    """Steps between two looks at the stop token."""
    return 4 if device.type == "cpu" else 32


@dataclass(frozen=True, slots=True)
class Held:
    """The decoder's weights for speaking.

    Args:
        prenet: (in, P) of each layer.
        first: gates of the attention LSTM from [prenet, hidden, context].
        second: gates of the second LSTM from [hidden, context, its own hidden]; None without one.
        head: (in, r·M + 1) frames and stop logit from [context, second hidden], or [hidden, context]; its bias.
        query: (H, A).
        location: (2·K, A) location filters and their projection multiplied out, over windows of K tokens.
        score: (A,) weights of the energy.
    """

    prenet: tuple[Tensor, ...]
    first: Product
    second: Product | None
    head: Tensor
    head_bias: Tensor
    query: Tensor
    location: Tensor
    score: Tensor


def hold(decoder: Decoder, precision: str, rows: int) -> Held:
    """The decoder's weights, laid out. See `weights.product` for what precision and rows do."""
    options, lstm, attention = decoder.options, decoder.attention_lstm, decoder.attention
    width, wide = options.prenet_channels, decoder.bands * decoder.reduction
    first = torch.cat([lstm.weight_ih[:, :width], lstm.weight_hh, lstm.weight_ih[:, width:]], 1)
    head = torch.cat([decoder.frame.weight[:wide], decoder.gate.weight])
    second = None
    if options.decoder_lstms == 2:
        other = decoder.decoder_lstm
        second = product(torch.cat([other.weight_ih, other.weight_hh], 1), other.bias_ih + other.bias_hh, precision, rows)
        head = head.roll(-options.decoder_lstm, 1)
    bias = lstm.bias_ih + lstm.bias_hh
    return Held(
        tuple(layer.weight.t().contiguous() for layer in decoder.prenet),
        product(first, bias, precision, rows, (width,)),
        second,
        head.t().contiguous(),
        torch.cat([decoder.frame.bias[:wide], decoder.gate.bias]),
        attention.query.weight.t().contiguous(),
        attention.location_conv.weight.flatten(1).t().contiguous() @ attention.location_dense.weight.t().contiguous(),
        attention.score.weight[0],
    )


class _Lstm:
    """State and gates of one LSTM; `hidden` (B, H) is a slice of the row of state."""

    def __init__(self, hidden: Tensor) -> None:
        rows, size = hidden.shape
        self.hidden, self.cell = hidden, hidden.new_zeros(rows, size)
        self.gates, self.tanh = hidden.new_empty(rows, 4 * size), hidden.new_empty(rows, size)
        self.i, self.f, self.g, self.o = self.gates.split(size, 1)
        self.i_f = self.gates[:, : 2 * size]

    def update(self) -> None:
        """New cell and hidden state from the gates (torch's order i, f, g, o)."""
        self.i_f.sigmoid_()
        self.o.sigmoid_()
        self.g.tanh_()
        self.cell.mul_(self.f).addcmul_(self.i, self.g)
        torch.tanh(self.cell, out=self.tanh)
        torch.mul(self.o, self.tanh, out=self.hidden)


class Speaking:
    """The decoder's state for texts of one shape; `block` advances it.

    Attributes:
        out: (B, steps of a block, r·M + 1) frames and stop logits of the last block.
        weights: (B, steps of a block, N) its attention.
    """

    def __init__(self, held: Held, texts: AttentionKeys, options: Tacotron2Options, bands: int, steps: int) -> None:
        self.held, self.options, self.bands, self.steps = held, options, bands, steps
        memory = texts.memory
        rows, tokens, size = memory.shape
        new = memory.new_zeros
        self.memory, self.keys = memory, texts.keys.reshape(rows * tokens, -1)
        self.padding = texts.padding if texts.padding is not None and bool(texts.padding.any()) else None

        a, b = options.prenet_channels, options.prenet_channels + options.attention_lstm
        second = options.decoder_lstm if held.second is not None else 0
        self.state = new(rows, b + size + second)
        self.prenet, self.context = self.state[:, :a], self.state[:, None, b : b + size]
        self.first_input, self.second_input = self.state[:, : b + size], self.state[:, a:]
        self.head_input = self.state[:, b if second else a :]
        self.lstm = _Lstm(self.state[:, a:b])
        self.second = _Lstm(self.state[:, b + size :]) if second else None

        kernel = options.location_kernel
        self.padded = new(rows, 2, tokens + kernel - 1)  # previous and cumulative attention, with the convolution's padding
        self.history = self.padded[:, :, kernel // 2 : kernel // 2 + tokens]
        self.last, self.sum = self.history[:, 0], self.history[:, 1]
        self.spread = self.padded.unfold(2, kernel, 1).permute(0, 2, 1, 3)
        self.windows = new(rows, tokens, 2, kernel)
        self.windows_flat = self.windows.view(rows * tokens, 2 * kernel)
        self.compared = new(rows * tokens, self.keys.shape[1])
        self.compared_rows = self.compared.view(rows, tokens, -1)
        self.query, self.energies = new(rows, self.keys.shape[1]), new(rows, tokens)
        self.moving = new(rows, tokens)  # for forward attention: the last weights, all on the first token at the start
        self.moving[:, 0] = 1.0
        self.out, self.weights = new(rows, steps, held.head.shape[1]), new(rows, steps, tokens)
        self.masks = new(rows, steps, options.prenet_layers, a)
        self.graph: object = None

    def start(self, texts: AttentionKeys) -> None:
        """Begin again with other texts of the same shape."""
        self.memory.copy_(texts.memory)
        self.keys.copy_(texts.keys.reshape(self.keys.shape))
        if self.padding is not None:
            self.padding.copy_(texts.padding)
        self._rest()

    def _rest(self) -> None:
        for value in (self.state, self.lstm.cell, self.padded, self.moving, self.out):
            value.zero_()
        if self.second is not None:
            self.second.cell.zero_()
        self.moving[:, 0] = 1.0

    def block(self, masks: Tensor | None) -> None:
        """`steps` more steps; masks (B, steps, layers, P) are the prenet's dropout factors, None for none."""
        if masks is not None and self.graph is not None:
            self.masks.copy_(masks)
            masks = self.masks
        if isinstance(self.graph, torch.cuda.CUDAGraph):
            self.graph.replay()
            return
        for k in range(self.steps):
            self._step(k, masks)

    def record(self, dropout: bool) -> None:
        """Make a block one CUDA graph; where that fails blocks go on step by step."""
        masks = self.masks if dropout else None
        self.graph = True  # masks come through the buffer that the graph reads
        try:
            with torch.cuda.device(self.memory.device):  # streams are of the current device, which may be another
                beside = torch.cuda.Stream()
                beside.wait_stream(torch.cuda.current_stream())
                with torch.cuda.stream(beside):
                    self.block(masks)
                torch.cuda.current_stream().wait_stream(beside)
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):
                    for k in range(self.steps):
                        self._step(k, masks)
            self.graph = graph
        except RuntimeError as error:
            warnings.warn(f"Tacotron 2 speaks step by step: no CUDA graph could be recorded ({error})", stacklevel=2)
        self._rest()

    def _step(self, k: int, masks: Tensor | None) -> None:
        held, options = self.held, self.options
        x = self.out[:, k - 1, :-1]  # of the step before, at k = 0 the last of the block before
        x = x if options.prenet_input == "all" else x[:, -self.bands :]
        for index, weight in enumerate(held.prenet):
            x = torch.mm(x, weight).relu_()
            if masks is not None:
                x.mul_(masks[:, k, index])
        self.prenet.copy_(x)
        held.first(self.first_input, self.lstm.gates)
        self.lstm.update()

        self.windows.copy_(self.spread)
        torch.addmm(self.keys, self.windows_flat, held.location, out=self.compared)
        torch.mm(self.lstm.hidden, held.query, out=self.query)
        self.compared_rows.add_(self.query[:, None]).tanh_()
        torch.mv(self.compared, held.score, out=self.energies.view(-1))
        energies = self.energies if self.padding is None else self.energies.masked_fill_(self.padding, -torch.inf)
        if options.monotonic == "window":
            energies = windowed_energies(energies, self.last, options.window_back, options.window_ahead)
        weights = torch.softmax(energies, 1)
        if options.monotonic == "forward":
            weights = forward_attention(weights, self.moving)
            self.moving.copy_(weights)
        self.weights[:, k] = weights
        self.last.copy_(weights)
        self.sum.add_(weights)
        torch.bmm(weights[:, None], self.memory, out=self.context)

        if self.second is not None:
            held.second(self.second_input, self.second.gates)
            self.second.update()
        self.out[:, k] = torch.addmm(held.head_bias, self.head_input, held.head)


def speaking(decoder: Decoder, texts: AttentionKeys, precision: str, dropout: bool) -> Speaking:
    """A state at its start for these texts, with weights and, on CUDA, graphs used again where they can be."""
    rows, tokens, _ = texts.memory.shape
    device, kept = texts.memory.device, decoder.kept
    layout = ("weights", precision, rows if device.type == "cpu" else 0, str(device))
    held = kept.get(decoder, layout, lambda: hold(decoder, precision, rows), _LAYOUTS)

    def make(texts: AttentionKeys) -> Speaking:
        return Speaking(held, texts, decoder.options, decoder.bands, block_steps(device))

    if device.type != "cuda":
        return make(texts)
    more = -tokens % _BUCKET
    padding = texts.padding if texts.padding is not None else torch.zeros_like(texts.memory[:, :, 0], dtype=torch.bool)
    if not more:  # a graph masks always or never
        more = _BUCKET if not bool(padding.any()) else 0
    padded = AttentionKeys(
        F.pad(texts.memory, (0, 0, 0, more)), F.pad(texts.keys, (0, 0, 0, more)), F.pad(padding, (0, more), value=True)
    )

    def recorded() -> Speaking:
        made = make(padded)
        made.record(dropout)
        return made

    shape = ("graph", precision, rows, padded.memory.shape[1], dropout, str(device))
    state = kept.get(decoder, shape, recorded, _GRAPHS)
    state.start(padded)
    return state
