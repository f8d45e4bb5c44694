"""The generator on a CPU: what `model.Generator` computes in evaluation, in about half the time.

Four things make the difference. Rows are time and columns channels throughout, so that nothing is laid out anew
between layers. Wide convolutions take half the multiplications (`toomcook`). Each layer works in blocks that fit a
core's cache, with LeakyReLU, bias and skip in the same pass; blocks are shared out to threads. Upsampling
is a matrix product per group of phases, without the zeros between samples. Results differ from the plain generator
by rounding (below 1e-6 for speech) and do not depend on the other rows of a batch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.nn import WeightNormConv1d, WeightNormUpsample, weight_state
from ttskit_hifigan.fast.toomcook import POINTS, TILE, evaluate, interpolate, transformed
from ttskit_hifigan.model import LAST_SLOPE, SLOPE, Generator, ResBlock1

_BLOCK = 1 << 17  # numbers of one block of activations: with its values at the points about 2 MB, which stays in cache
_WIDE = 192  # channels * taps from which evaluating and interpolating cost less than they save
_EDGE = 3  # what the first and the last convolution see on each side
_NONE = np.empty(0, np.float32)
_threads = threading.Lock()  # torch's number of threads is the process's


@dataclass(slots=True)
class _Rows:
    """Activations of one utterance, (margin + rows + margin, channels), zero in both margins."""

    data: Tensor
    margin: int
    rows: int

    @property
    def inner(self) -> Tensor:
        """Without the margins."""
        return self.data[self.margin : self.margin + self.rows]

    @property
    def flat(self) -> np.ndarray:
        """All numbers in order."""
        return self.data.numpy().reshape(-1)

    def clear_margins(self) -> None:
        """Zero both margins."""
        self.data[: self.margin] = 0
        self.data[self.margin + self.rows :] = 0


class _Workers:
    """Runs the blocks of a layer, on several threads if there are several; each thread has scratch memory of its own."""

    def __init__(self, threads: int = 1, pool: ThreadPoolExecutor | None = None) -> None:
        self.threads, self._pool, self._scratch = threads, pool, threading.local()

    def run(self, blocks: Iterable[tuple[int, int]], work: Callable[[_Workers, int, int], None]) -> None:
        """`work(self, start, stop)` for each block."""
        blocks = list(blocks)
        if self._pool is None or len(blocks) < 2:
            for block in blocks:
                work(self, *block)
        else:
            list(self._pool.map(lambda block: self._quietly(work, block), blocks))

    def _quietly(self, work: Callable, block: tuple[int, int]) -> None:
        with torch.inference_mode():  # a property of the thread
            work(self, *block)

    def scratch(self, name: str, *shape: int) -> Tensor:
        """Memory that is free for use until the block ends."""
        size = int(np.prod(shape))
        kept = getattr(self._scratch, name, None)
        if kept is None or kept.numel() < size:
            kept = torch.empty(size)
            setattr(self._scratch, name, kept)
        return kept[:size].view(*shape)


def _blocks(rows: int, size: int) -> Iterable[tuple[int, int]]:
    return ((start, min(start + size, rows)) for start in range(0, rows, size))


class _Wide:
    """A dilated convolution of many channels, by `toomcook`: out = [skip +] conv(LeakyReLU(x)), and out is added to `total`."""

    def __init__(self, conv: WeightNormConv1d) -> None:
        self.channels, self.step, self.pad = conv.out_channels, conv.dilation[0], conv.padding[0]
        self.weight = transformed(conv.product())
        self.bias = conv.bias.detach().repeat(self.step).numpy()
        self.pieces = self.weight.shape[0]
        self.margin = (TILE * (self.pieces + 1) + POINTS) * self.step  # the last tile reads and writes beyond the end

    def __call__(self, workers: _Workers, x: _Rows, out: _Rows, skip: _Rows | None, total: _Rows | None) -> None:
        width = self.step * self.channels
        source, target, kept = x.flat, out.flat, _NONE if skip is None else skip.flat

        def work(own: _Workers, start: int, stop: int) -> None:
            tiles = -(-(stop - start) // (TILE * self.step))
            lines = tiles * self.step
            points = own.scratch("points", POINTS, (tiles + self.pieces - 1) * self.step, self.channels)
            products = own.scratch("products", POINTS, lines, self.channels)
            first = (x.margin + start - self.pad) * self.channels
            evaluate(source, first, width, tiles + self.pieces - 1, np.float32(SLOPE), points.numpy().reshape(POINTS, -1))
            torch.bmm(points[:, :lines], self.weight[0], out=products)
            for piece in range(1, self.pieces):
                products.baddbmm_(points[:, piece * self.step : piece * self.step + lines], self.weight[piece])
            interpolate(
                products.numpy().reshape(POINTS, -1),
                width,
                tiles,
                self.bias,
                kept,
                target,
                (out.margin + start) * self.channels,
            )
            if total is not None:
                total.inner[start:stop] += out.inner[start:stop]

        tile = TILE * self.step
        workers.run(_blocks(x.rows, max(1, _BLOCK // (self.channels * tile)) * tile), work)
        out.data[out.margin + out.rows :] = 0  # where the last tile went too far


class _Narrow:
    """The same by torch's own convolution, which is as fast where channels are few."""

    def __init__(self, conv: WeightNormConv1d) -> None:
        self.channels, self.step, self.pad = conv.out_channels, conv.dilation[0], conv.padding[0]
        self.weight = conv.product().unsqueeze(2).contiguous(memory_format=torch.channels_last)
        self.bias = conv.bias.detach()
        self.margin = self.pad

    def __call__(self, workers: _Workers, x: _Rows, out: _Rows, skip: _Rows | None, total: _Rows | None) -> None:
        def work(own: _Workers, start: int, stop: int) -> None:
            rows = x.data[x.margin + start - self.pad : x.margin + stop + self.pad]
            picture = F.leaky_relu(rows, SLOPE).view(1, 1, -1, self.channels).permute(0, 3, 1, 2)  # channels last
            made = F.conv2d(picture, self.weight, self.bias, dilation=(1, self.step))
            made = made.permute(0, 2, 3, 1).reshape(stop - start, self.channels)
            target = out.inner[start:stop]
            if skip is None:
                target.copy_(made)
            else:
                torch.add(made, skip.inner[start:stop], out=target)
            if total is not None:
                total.inner[start:stop] += target

        # Each call of torch costs as much as some hundred rows: few blocks, at least one for each thread.
        workers.run(_blocks(x.rows, min(-(-x.rows // workers.threads), 8 * _BLOCK // self.channels)), work)


class _Upsample:
    """A transposed convolution as matrix products: phases that see the same inputs are computed together."""

    def __init__(self, conv: WeightNormUpsample, scale: float) -> None:
        rate, kernel, pad = conv.stride[0], conv.kernel_size[0], conv.padding[0]
        weight = conv.product() * scale  # (C, C', kernel)
        self.rate, self.channels = rate, conv.out_channels
        self.bias = conv.bias.detach().repeat(rate)
        # Output t · rate + phase takes input t + e through tap phase + pad - e · rate.
        seen = [[e for e in range(-kernel, kernel + 1) if 0 <= phase + pad - e * rate < kernel] for phase in range(rate)]
        self.reach = max(abs(e) for inputs in seen for e in inputs)
        self.groups: list[tuple[slice, list[tuple[int, Tensor]]]] = []
        first = 0
        for phase in range(1, rate + 1):
            if phase == rate or seen[phase] != seen[first]:
                columns = slice(first * self.channels, phase * self.channels)
                parts = [
                    (e, torch.cat([weight[:, :, p + pad - e * rate] for p in range(first, phase)], 1).contiguous())
                    for e in seen[first]
                ]
                self.groups.append((columns, parts))
                first = phase

    def __call__(self, workers: _Workers, x: _Rows, out: _Rows) -> None:
        made = out.inner.view(x.rows, -1)

        def work(own: _Workers, start: int, stop: int) -> None:
            rows = F.leaky_relu(x.data[x.margin + start - self.reach : x.margin + stop + self.reach], SLOPE)
            for columns, parts in self.groups:
                bias, target = self.bias[columns], made[start:stop, columns]
                for e, weight in parts:
                    seen = rows[self.reach + e : self.reach + e + stop - start]
                    torch.addmm(bias, seen, weight, out=target)
                    bias = target

        workers.run(_blocks(x.rows, max(16, _BLOCK // (self.rate * self.channels))), work)


class CpuGenerator:
    """A generator's weights laid out for a CPU, until they change.

    Args:
        generator: float32, on the CPU.
    """

    @torch.inference_mode()
    def __init__(self, generator: Generator) -> None:
        self.key = weights_key(generator)
        count = generator.kernels
        self.normalised = generator.normalised
        self.pre = (generator.conv_pre.product(), generator.conv_pre.bias)
        # The mean over parallel blocks is a sum here; what comes next has it in its weights.
        self.upsamples = [_Upsample(layer, 1 / count if stage else 1.0) for stage, layer in enumerate(generator.ups)]
        blocks = [_pairs(block) for block in generator.resblocks]
        self.stages = [blocks[first : first + count] for first in range(0, len(blocks), count)]
        self.excitations = [] if generator.excitations is None else list(generator.excitations)
        self.post = ((generator.conv_post.product()[0] / count).contiguous(), generator.conv_post.bias)  # (C, 7)
        reach = [*(layer.reach for layer in self.upsamples), _EDGE]
        self.margins = [
            max(after, *(conv.margin for block in stage for pair in block for conv in pair))
            for stage, after in zip(self.stages, reach[1:], strict=True)
        ]

    @torch.inference_mode()
    def __call__(self, mel: Tensor, excitation: Tensor | None = None) -> Tensor:
        """Log mel (B, M, T), and the excitation (B, 3, S) of a generator that takes one → waveform (B, 1, S)."""
        pairs = list(zip(mel, [None] * len(mel) if excitation is None else excitation, strict=True))
        with _threads:
            threads = torch.get_num_threads()
            if threads == 1:
                return torch.stack([self._speak(*pair, _Workers()) for pair in pairs])[:, None]
            try:
                torch.set_num_threads(1)  # the threads are ours
                with ThreadPoolExecutor(threads, "hifigan") as pool:
                    workers = _Workers(threads, pool)
                    return torch.stack([self._speak(*pair, workers) for pair in pairs])[:, None]
            finally:
                torch.set_num_threads(threads)

    def _speak(self, mel: Tensor, excitation: Tensor | None, workers: _Workers) -> Tensor:
        """(M, T), (3, S) → (S,)."""
        rows, largest = [mel.shape[1]], 0
        for upsample, margin in zip(self.upsamples, self.margins, strict=True):
            rows.append(rows[-1] * upsample.rate)
            largest = max(largest, (rows[-1] + 2 * margin) * upsample.channels)
        memory = [torch.empty(largest) for _ in range(5)]  # one holds what the stage starts from, four are its own
        reach = self.upsamples[0].reach
        first = F.conv1d(self.normalised(mel)[None], *self.pre, padding=_EDGE)[0].T
        now = _Rows(F.pad(first, (0, 0, reach, reach)), reach, rows[0])
        for stage, (upsample, margin) in enumerate(zip(self.upsamples, self.margins, strict=True)):
            size = (rows[stage + 1] + 2 * margin) * upsample.channels
            x, a, b, total = (_Rows(m[:size].view(-1, upsample.channels), margin, rows[stage + 1]) for m in memory[:4])
            for activations in (x, a, b, total):
                activations.clear_margins()
            upsample(workers, now, x)
            if self.excitations:
                x.inner.add_(self.excitations[stage](excitation[None])[0].T)
            for index, block in enumerate(self.stages[stage]):
                _block(block, workers, x, a, b, total, first=index == 0)
            now = total
            memory = [memory[4], *memory[:3], memory[3]]
        return self._finish(now, workers)

    def _finish(self, x: _Rows, workers: _Workers) -> Tensor:
        """The last convolution, to one channel: seven products a row, summed along the diagonal."""
        weight, bias = self.post
        taps, wave = weight.shape[1], torch.empty(x.rows)

        def work(own: _Workers, start: int, stop: int) -> None:
            seen = F.leaky_relu(x.data[x.margin + start - _EDGE : x.margin + stop + _EDGE], LAST_SLOPE) @ weight
            torch.tanh(seen.as_strided((stop - start, taps), (taps, taps + 1)).sum(1) + bias, out=wave[start:stop])

        workers.run(_blocks(x.rows, _BLOCK // weight.shape[0]), work)
        return wave


def _pairs(block: nn.Module) -> list[tuple[_Wide | _Narrow, ...]]:
    """The convolutions of a residual block between one skip and the next."""
    together = zip(block.convs1, block.convs2, strict=True) if isinstance(block, ResBlock1) else zip(block.convs, strict=True)
    return [tuple(_Wide(c) if c.out_channels * c.kernel_size[0] >= _WIDE else _Narrow(c) for c in pair) for pair in together]


def _block(
    pairs: list[tuple[_Wide | _Narrow, ...]], workers: _Workers, x: _Rows, a: _Rows, b: _Rows, total: _Rows, first: bool
) -> None:
    """A residual block of x; the first writes into `total`, the others add to it. `a` and `b` are for use."""
    source = x
    for number, pair in enumerate(pairs):
        last = number + 1 == len(pairs)
        sums = total if last and not first else None
        if len(pair) == 2:
            target = total if last and first else a  # may be the source: what is read of it by then is its own rows
            pair[0](workers, source, b, None, None)
            pair[1](workers, b, target, source, sums)
        else:
            target = total if last and first else b if source is a else a
            pair[0](workers, source, target, source, sums)
        source = target


def weights_key(generator: Generator) -> tuple:
    """What changes whenever a weight does: a step, a loaded checkpoint, a move."""
    return tuple(weight_state(p) for p in generator.parameters())
