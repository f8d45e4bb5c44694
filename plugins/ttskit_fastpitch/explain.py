"""How FastPitch turned one sentence into a mel, from what passed through its named parts (`ttskit.nn.activations`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ttskit.interfaces.acoustic import AcousticBatch, AcousticInput, Controls, Spectrogram
from ttskit.interfaces.explanation import Axis, Explanation, Intervention, Recorded, Step, requested
from ttskit.nn import Activations, attention_weights, lstm_gates, sinusoidal_positions
from ttskit_fastpitch.layers import Stack, TransformerBlock
from ttskit_fastpitch.recurrent import LstmBlock

if TYPE_CHECKING:
    from ttskit_fastpitch.model import FastPitch

TOKEN, FRAME, CHANNEL = Axis("token"), Axis("frame"), Axis("channel")
HEAD, QUERY, KEY, BAND = Axis("head"), Axis("query"), Axis("key"), Axis("band")
GATE = Axis("gate", ("i", "f", "g", "o"))
_SIDES = ("encoder", "decoder")


def interventions(model: FastPitch) -> tuple[Intervention, ...]:
    """What can be done to this model on the way."""
    offered = []
    for side in _SIDES:
        stack: Stack = getattr(model, side)
        if stack.positions:
            offered.append(Intervention(f"{side}.positions", f"positions of the {side}", ("removed", "shuffled")))
        blocks = {i: b for i, b in enumerate(stack.blocks) if isinstance(b, TransformerBlock)}
        if blocks:
            heads = tuple(f"{i + 1}.{h + 1}" for i, b in blocks.items() for h in range(b.attention.heads))
            offered.append(Intervention(f"{side}.unscaled", f"scores of the {side} without 1/√d", ("all layers",)))
            offered.append(Intervention(f"{side}.head_off", f"a head of the {side} switched off (layer.head)", heads))
    return tuple(offered)


@torch.no_grad()
def explain(
    model: FastPitch,
    inputs: AcousticInput,
    controls: Controls | None,
    generators: Sequence[torch.Generator] | None,
    asked: Mapping[str, str | int | float] | None,
) -> Explanation:
    """See `Explainable.explain`."""
    offered = interventions(model)
    applied = requested(asked, offered)
    predictors = [n for n in ("duration_predictor", "pitch_predictor", "energy_predictor") if hasattr(model, n)]
    added = [n for n in ("pitch_embedding", "energy_embedding") if hasattr(model, n)]
    stacks = [part for side in _SIDES for part in _parts(side, getattr(model, side))]
    recording = Activations(
        model,
        [*_embeddings(model), *stacks, *predictors, *added, "projection"],
        into=_changes_into(model, applied),
        out_of=_changes_out_of(model, applied),
    )
    with recording as seen:
        spectrogram = model.infer(inputs, controls, generators)
    steps = [
        Step("fastpitch.embedding", "symbols become vectors", _embedded(model, seen)),
        *_stack_steps(model, "encoder", seen, offered, TOKEN),
        *_predicted(model, seen, predictors, added, spectrogram),
        *_stack_steps(model, "decoder", seen, offered, FRAME),
        Step(
            "fastpitch.projection",
            "each frame's state becomes a column of the mel",
            (Recorded.of_row("mel", seen.output("projection").transpose(1, 2), BAND, FRAME),),
        ),
        *_joined(model, inputs, spectrogram),
    ]
    return Explanation(spectrogram, tuple(steps), offered, applied)


def _embeddings(model: FastPitch) -> list[str]:
    return ["embedding", *(["speaker_embedding"] if model.context.multi_speaker else [])]


def _embedded(model: FastPitch, seen: Activations) -> tuple[Recorded, ...]:
    """The vectors of the symbols, and that of the speaker, if there are several (a mix of speakers has none of its own)."""
    vectors = Recorded.of_row("vectors", seen.output("embedding"), TOKEN, CHANNEL)
    if "speaker_embedding" not in _embeddings(model) or not seen.outputs("speaker_embedding"):
        return (vectors,)
    return (vectors, Recorded.of_row("speaker", seen.output("speaker_embedding") * model.options.speaker.weight, CHANNEL))


def _parts(side: str, stack: Stack) -> list[str]:
    parts = [f"{side}.drop"]
    for index, block in enumerate(stack.blocks):
        name = f"{side}.blocks.{index}"
        parts.append(name)
        if isinstance(block, TransformerBlock):
            inner = (
                "attention",
                "attention.qkv",
                "attention.out",
                "feed_forward",
                "feed_forward.expand",
                "feed_forward.contract",
            )
            parts += [f"{name}.{part}" for part in inner]
        elif isinstance(block, LstmBlock):
            parts += [f"{name}.ahead", f"{name}.back", f"{name}.out"]
    return parts


def _stack_steps(model: FastPitch, side: str, seen: Activations, offered: Sequence[Intervention], place: Axis) -> list[Step]:
    """Positions, if any are added, then a step for each block."""
    stack: Stack = getattr(model, side)
    arrived = seen.input(f"{side}.drop")
    positions = sinusoidal_positions(arrived.shape[1], arrived.shape[2]).numpy()
    mine = [one.key for one in offered if one.key.startswith(f"{side}.")]
    steps = [
        Step(
            f"fastpitch.{side}.positions",
            f"where each {place.name} stands is added",
            (Recorded("positions", positions, (place, CHANNEL)), Recorded.of_row("sum", arrived, place, CHANNEL)),
            tuple(key for key in mine if key.endswith("positions")),
        )
    ]
    steps = steps if stack.positions else []
    for index, block in enumerate(stack.blocks):
        name = f"{side}.blocks.{index}"
        if isinstance(block, TransformerBlock):
            tensors, title = _attention(block, name, seen, place), f"self-attention and convolutions, layer {index + 1}"
        elif isinstance(block, LstmBlock):
            tensors, title = _recurrence(block, name, seen, place), f"an LSTM in both directions, layer {index + 1}"
        else:
            tensors, title = (), f"layer {index + 1}"
        whole = Recorded.of_row("out", seen.output(name), place, CHANNEL)
        changed = tuple(key for key in mine if not key.endswith("positions"))
        steps.append(Step(f"fastpitch.{side}.{index + 1}", title, (*tensors, whole), changed))
    return steps


def _attention(block: TransformerBlock, name: str, seen: Activations, place: Axis) -> tuple[Recorded, ...]:
    """Queries, keys, values, weights; what each half adds to the stream that runs through, before and after it."""
    qkv = seen.output(f"{name}.attention.qkv")
    batch, length, _ = qkv.shape
    heads, width = block.attention.heads, block.attention.head_channels
    q, k, v = qkv.view(batch, length, 3, heads, width).permute(2, 0, 3, 1, 4).unbind(0)
    return (
        Recorded.of_row("weights", attention_weights(q, k), HEAD, QUERY, KEY),
        Recorded.of_row("q", q, HEAD, place, CHANNEL),
        Recorded.of_row("k", k, HEAD, place, CHANNEL),
        Recorded.of_row("v", v, HEAD, place, CHANNEL),
        Recorded.of_row("in", seen.input(f"{name}.attention"), place, CHANNEL),
        Recorded.of_row("attention_adds", seen.output(f"{name}.attention.out"), place, CHANNEL),
        Recorded.of_row("after_attention", seen.output(f"{name}.attention"), place, CHANNEL),
        Recorded.of_row("hidden", seen.output(f"{name}.feed_forward.expand").clamp_min(0), place, CHANNEL),
        Recorded.of_row("feed_forward_adds", seen.output(f"{name}.feed_forward.contract"), place, CHANNEL),
    )


def _recurrence(block: LstmBlock, name: str, seen: Activations, place: Axis) -> tuple[Recorded, ...]:
    """Gates and cells of both directions, each in its own order of time."""
    found = []
    for way, lstm in (("ahead", block.ahead), ("back", block.back)):
        gates, cells = lstm_gates(lstm, seen.input(f"{name}.{way}"), seen.output(f"{name}.{way}"))
        found += [
            Recorded.of_row(f"{way}_gates", gates, place, GATE, CHANNEL),
            Recorded.of_row(f"{way}_cells", cells, place, CHANNEL),
        ]
    return (*found, Recorded.of_row("adds", seen.output(f"{name}.out"), place, CHANNEL))


def _predicted(
    model: FastPitch, seen: Activations, predictors: Sequence[str], added: Sequence[str], spectrogram: Spectrogram
) -> list[Step]:
    """Pitch, energy, and durations with the regulation of length."""
    steps = []
    for name in ("pitch", "energy"):
        if f"{name}_predictor" in predictors:
            tensors = [Recorded.of_row("predicted", seen.output(f"{name}_predictor"), TOKEN)]
            tensors += (
                [Recorded.of_row("adds", seen.output(f"{name}_embedding"), TOKEN, CHANNEL)]
                if f"{name}_embedding" in added
                else []
            )
            if name == "pitch" and spectrogram.pitch is not None:
                tensors.append(Recorded.of_row("used", spectrogram.pitch.cpu().float(), TOKEN))
            steps.append(Step(f"fastpitch.{name}", f"{name} of each token", tuple(tensors)))
    frames = spectrogram.durations
    assert frames is not None
    log = seen.output("duration_predictor")
    lasting = (
        Recorded.of_row("log_durations", log, TOKEN),
        Recorded.of_row("frames", frames.cpu(), TOKEN, unit="frames"),
        Recorded.of_row("regulated", seen.input("decoder.drop"), FRAME, CHANNEL),
    )
    steps.append(Step("fastpitch.duration", "how long each token lasts, and frames made of tokens", lasting))
    return steps


def _joined(model: FastPitch, inputs: AcousticInput, spectrogram: Spectrogram) -> list[Step]:
    """What the aligner, which learned where each token is in a recording, says of the mel that was made."""
    if model.options.alignment != "learned":
        return []
    device = model.projection.weight.device
    tokens = inputs.to(device)
    batch = AcousticBatch(
        ids=("explained",),
        tokens=tokens.tokens,
        token_lengths=tokens.lengths,
        mel=spectrogram.mel,
        mel_lengths=spectrogram.lengths,
        speaker=tokens.speaker if tokens.speaker is not None else torch.zeros_like(tokens.lengths),
    )
    aligned = model.align(batch)
    return [
        Step(
            "fastpitch.aligner",
            "which frames belong to which token, as the aligner hears the mel",
            (
                Recorded.of_row("soft", aligned.log_soft.exp().cpu().float(), FRAME, TOKEN),
                Recorded.of_row("hard", aligned.durations.cpu(), TOKEN, unit="frames"),
            ),
        )
    ]


def _changes_into(model: FastPitch, applied: Mapping[str, str | int | float]) -> dict[str, Callable[[Tensor], Tensor]]:
    """Positions are changed where they arrive, heads where they are put together."""
    changes: dict[str, Callable[[Tensor], Tensor]] = {}
    for side in _SIDES:
        how = applied.get(f"{side}.positions")
        if how is not None:
            changes[f"{side}.drop"] = lambda x, how=how: _without_positions(x, str(how))  # type: ignore[misc]
        off = applied.get(f"{side}.head_off")
        if off is not None:
            layer, head = (int(part) - 1 for part in str(off).split("."))
            width = getattr(model, side).blocks[layer].attention.head_channels
            changes[f"{side}.blocks.{layer}.attention.out"] = lambda x, head=head, width=width: _silenced(x, head, width)  # type: ignore[misc]
    return changes


def _changes_out_of(model: FastPitch, applied: Mapping[str, str | int | float]) -> dict[str, Callable[[Tensor], Tensor]]:
    """Queries √d times as large are scores that were not divided by √d."""
    changes: dict[str, Callable[[Tensor], Tensor]] = {}
    for side in _SIDES:
        if f"{side}.unscaled" in applied:
            for index, block in enumerate(getattr(model, side).blocks):
                queries, width = block.attention.heads * block.attention.head_channels, block.attention.head_channels

                def unscaled(qkv: Tensor, queries: int = queries, width: int = width) -> Tensor:
                    return torch.cat([qkv[..., :queries] * width**0.5, qkv[..., queries:]], dim=-1)

                changes[f"{side}.blocks.{index}.attention.qkv"] = unscaled
    return changes


def _without_positions(x: Tensor, how: str) -> Tensor:
    positions = sinusoidal_positions(x.shape[1], x.shape[2], x.device)
    if how == "removed":
        return x - positions
    order = torch.randperm(len(positions), generator=torch.Generator().manual_seed(0)).to(x.device)
    return x - positions + positions[order]


def _silenced(x: Tensor, head: int, width: int) -> Tensor:
    x = x.clone()
    x[..., head * width : (head + 1) * width] = 0
    return x
