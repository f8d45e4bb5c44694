"""How Transformer-TTS turned one sentence into a mel, from what passed through its named parts (`ttskit.nn.activations`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from ttskit.interfaces.acoustic import AcousticInput, Controls, Spectrogram
from ttskit.interfaces.explanation import Axis, Explanation, Intervention, Recorded, Step, requested
from ttskit.nn import Activations, attention_weights

if TYPE_CHECKING:
    from ttskit_transformertts.decoder import DecoderBlock
    from ttskit_transformertts.encoder import EncoderBlock
    from ttskit_transformertts.model import TransformerTTS

TOKEN, STEP, CHANNEL, BAND, FRAME = Axis("token"), Axis("step"), Axis("channel"), Axis("band"), Axis("frame")
HEAD, QUERY, KEY = Axis("head"), Axis("query"), Axis("key")
WRONG_STEPS = (2, 5, 10, 20, 40)
# Which attentions a side has, and what each is called in the module: over its own sequence, and over the text.
_ATTENTIONS = {"encoder": ("attention",), "decoder": ("attention", "reading")}


def interventions(model: TransformerTTS) -> tuple[Intervention, ...]:
    """What can be done to this model on the way."""
    offered = []
    for side, kinds in _ATTENTIONS.items():
        blocks = getattr(model, side).blocks
        offered.append(Intervention(f"{side}.positions", f"positions of the {side}", ("removed",)))
        for kind in kinds:
            heads = tuple(f"{i + 1}.{h + 1}" for i, b in enumerate(blocks) for h in range(getattr(b, kind).heads))
            name = f"{side}.{kind}"
            offered.append(Intervention(f"{name}.unscaled", f"scores of the {side}'s {kind} without 1/√d", ("all layers",)))
            offered.append(Intervention(f"{name}.head_off", f"a head of the {side}'s {kind} off (layer.head)", heads))
    offered.append(Intervention("decoder.mask", "steps already made look at those made after them", ("off",)))
    offered.append(Intervention("decoder.wrong_frame", "at this decoder step it is told that it said silence", WRONG_STEPS))
    return tuple(offered)


@torch.inference_mode()
def explain(
    model: TransformerTTS,
    inputs: AcousticInput,
    controls: Controls | None,
    generators: Sequence[torch.Generator] | None,
    asked: Mapping[str, str | int | float] | None,
) -> Explanation:
    """See `Explainable.explain`."""
    offered = interventions(model)
    applied = requested(asked, offered)
    # The mask is seen only by a decoder that reads all its steps again: keys and values that are kept never look ahead.
    whole = not model.fast or "decoder.mask" in applied
    changes = _changes(model, applied, whole)
    seen = Activations(model, _parts(model), changes.into, changes.out_of, changes.given)
    with _kept(model, fast=not whole), _without_positions(model, applied), seen:
        spoken = model.infer(inputs, controls, generators)
    steps = int(spoken.lengths[0]) // model.reduction
    view = _View(seen, whole, steps, "decoder.mask" in applied)
    names = [one.key for one in offered]
    shown = [
        Step(
            "transformertts.embedding",
            "symbols become vectors",
            (Recorded.of_row("vectors", seen.output("embedding"), TOKEN, CHANNEL),),
        ),
        _placed(view, "encoder", TOKEN, names),
        *(_encoder_block(model, view, i, names) for i in range(len(model.encoder.blocks))),
        _prenet(model, view),
        _placed(view, "decoder", STEP, names),
        *(_decoder_block(model, view, i, names) for i in range(len(model.decoder.blocks))),
        Step("transformertts.stop", "how sure it is, at each step, that the sentence is over", (_stopped(view),)),
        _looked(spoken),
        _refined(view, spoken),
    ]
    return Explanation(spoken, tuple(shown), offered, applied)


@dataclass(frozen=True)
class _Changes:
    into: dict[str, Callable[[Tensor], Tensor]]
    out_of: dict[str, Callable[[Tensor], Tensor]]
    given: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]


@dataclass(frozen=True)
class _View:
    """What was recorded of the encoder, called once, and of the decoder, called step by step or, each time, for all steps."""

    seen: Activations
    whole: bool
    steps: int
    unmasked: bool = False

    def once(self, part: str) -> Tensor:
        return self.seen.output(part)

    def turns(self, part: str, into: bool = False) -> Tensor:
        """(1, S, …) of all steps that were kept."""
        calls = self.seen.inputs(part) if into else self.seen.outputs(part)
        return (calls[-1] if self.whole else torch.cat(calls, 1))[:, : self.steps]


def _parts(model: TransformerTTS) -> list[str]:
    parts = [
        "embedding",
        "encoder.positions",
        "decoder.positions",
        "decoder.prenet.0",
        "decoder.gate",
        "decoder.project",
        "postnet",
    ]
    for side, kinds in _ATTENTIONS.items():
        for index in range(len(getattr(model, side).blocks)):
            block = f"{side}.blocks.{index}"
            parts += [f"{block}.{kind}.{part}" for kind in kinds for part in ("query", "key", "value", "out")]
            parts += [block, f"{block}.feed_forward"]
            parts += [f"{block}.around_{kind}" for kind in kinds]
            if side == "encoder":
                parts += [f"{block}.feed_forward.contract", f"{block}.around_attention.norm"]
    return parts


def _placed(view: _View, side: str, place: Axis, offered: Sequence[str]) -> Step:
    part = f"{side}.positions"
    if side == "encoder":
        before, after = view.seen.input(part), view.once(part)
    else:
        before, after = view.turns(part, into=True), view.turns(part)
    added = Recorded.of_row("positions", after - before, place, CHANNEL)
    key = f"transformertts.{part}"
    return Step(
        key,
        f"where each {place.name} stands is added",
        (added, Recorded.of_row("sum", after, place, CHANNEL)),
        _mine(offered, part),
    )


def _split(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def _encoder_block(model: TransformerTTS, view: _View, index: int, offered: Sequence[str]) -> Step:
    name, block = f"encoder.blocks.{index}", cast("EncoderBlock", model.encoder.blocks[index])
    heads, kernel, before = block.attention.heads, block.feed_forward.kernel, block.around_attention.before
    q, k, v = (_split(view.once(f"{name}.attention.{part}"), heads) for part in ("query", "key", "value"))
    tensors = (
        Recorded.of_row("weights", attention_weights(q, k), HEAD, QUERY, KEY),
        *(Recorded.of_row(letter, x, HEAD, TOKEN, CHANNEL) for letter, x in zip("qkv", (q, k, v), strict=True)),
        Recorded.of_row("in", view.seen.input(name), TOKEN, CHANNEL),
        *([Recorded.of_row("attention_in", view.once(f"{name}.around_attention.norm"), TOKEN, CHANNEL)] if before else []),
        Recorded.of_row("attention_adds", view.once(f"{name}.attention.out"), TOKEN, CHANNEL),
        Recorded.of_row("after_attention", view.once(f"{name}.around_attention"), TOKEN, CHANNEL),
        Recorded.of_row("hidden", _hidden(view.seen.input(f"{name}.feed_forward.contract"), kernel), TOKEN, CHANNEL),
        Recorded.of_row("feed_forward_adds", view.once(f"{name}.feed_forward"), TOKEN, CHANNEL),
        Recorded.of_row("out", view.once(name), TOKEN, CHANNEL),
    )
    title = f"tokens look at each other, layer {index + 1}"
    return Step(f"transformertts.encoder.{index + 1}", title, tensors, _mine(offered, "encoder.attention"))


def _hidden(x: Tensor, kernel: int) -> Tensor:
    """(1, N, F) of what goes into the second layer of a feed-forward network, whose convolutions are channels first."""
    return x if kernel == 1 else x.transpose(1, 2)


def _decoder_block(model: TransformerTTS, view: _View, index: int, offered: Sequence[str]) -> Step:
    name, block = f"decoder.blocks.{index}", cast("DecoderBlock", model.decoder.blocks[index])
    q, k, v = (_split(view.turns(f"{name}.attention.{part}"), block.attention.heads) for part in ("query", "key", "value"))
    ahead = None if view.unmasked else torch.ones(view.steps, view.steps, dtype=torch.bool).triu(1)
    asks = _split(view.turns(f"{name}.reading.query"), block.reading.heads)
    text = _split(view.once(f"{name}.reading.key"), block.reading.heads)
    tensors = (
        Recorded.of_row("weights", attention_weights(q, k, ahead), HEAD, QUERY, KEY),
        Recorded.of_row("reads", attention_weights(asks, text), HEAD, STEP, TOKEN),
        *(Recorded.of_row(letter, x, HEAD, STEP, CHANNEL) for letter, x in zip("qkv", (q, k, v), strict=True)),
        Recorded.of_row("in", view.turns(name, into=True), STEP, CHANNEL),
        Recorded.of_row("attention_adds", view.turns(f"{name}.attention.out"), STEP, CHANNEL),
        Recorded.of_row("after_attention", view.turns(f"{name}.around_attention"), STEP, CHANNEL),
        Recorded.of_row("reading_adds", view.turns(f"{name}.reading.out"), STEP, CHANNEL),
        Recorded.of_row("after_reading", view.turns(f"{name}.around_reading"), STEP, CHANNEL),
        Recorded.of_row("feed_forward_adds", view.turns(f"{name}.feed_forward"), STEP, CHANNEL),
        Recorded.of_row("out", view.turns(name), STEP, CHANNEL),
    )
    title = f"steps look back, then at the text, layer {index + 1}"
    changed = _mine(offered, "decoder.attention", "decoder.reading", "decoder.mask")
    return Step(f"transformertts.decoder.{index + 1}", title, tensors, changed)


def _mine(offered: Sequence[str], *beginnings: str) -> tuple[str, ...]:
    return tuple(key for key in offered if key.startswith(beginnings))


def _prenet(model: TransformerTTS, view: _View) -> Step:
    heard = Recorded.of_row("heard", view.turns("decoder.prenet.0", into=True), STEP, BAND)
    out = Recorded.of_row("out", view.turns("decoder.project"), STEP, CHANNEL)
    return Step("transformertts.prenet", "the frame before, through a bottleneck", (heard, out), ("decoder.wrong_frame",))


def _stopped(view: _View) -> Recorded:
    return Recorded.of_row("stop", view.turns("decoder.gate").amax(2).sigmoid(), STEP)


def _looked(spoken: Spectrogram) -> Step:
    assert spoken.alignment is not None
    weights = Recorded.of_row("weights", spoken.alignment.float().cpu(), FRAME, TOKEN)
    return Step("transformertts.alignment", "which token each frame belongs to, by the watched heads", (weights,))


def _refined(view: _View, spoken: Spectrogram) -> Step:
    tensors = (
        Recorded.of_row("before", view.seen.input("postnet"), BAND, FRAME),
        Recorded.of_row("correction", view.once("postnet"), BAND, FRAME),
        Recorded.of_row("mel", spoken.mel.cpu(), BAND, FRAME),
    )
    return Step("transformertts.postnet", "convolutions that see both sides correct the frames", tensors)


def _changes(model: TransformerTTS, applied: Mapping[str, str | int | float], whole: bool) -> _Changes:
    """What is asked for, as changes of parts."""
    changes = _Changes({}, {}, {})
    for side, kinds in _ATTENTIONS.items():
        blocks = getattr(model, side).blocks
        for kind in kinds:
            if f"{side}.{kind}.unscaled" in applied:
                for index, block in enumerate(blocks):
                    attention = getattr(block, kind)
                    width = attention.query.out_features // attention.heads
                    changes.out_of[f"{side}.blocks.{index}.{kind}.query"] = lambda q, width=width: q * width**0.5  # type: ignore[misc]
            off = applied.get(f"{side}.{kind}.head_off")
            if off is not None:
                layer, head = (int(part) - 1 for part in str(off).split("."))
                heads = getattr(blocks[layer], kind).heads
                changes.into[f"{side}.blocks.{layer}.{kind}.out"] = lambda x, head=head, heads=heads: _silenced(x, head, heads)  # type: ignore[misc]
    if "decoder.mask" in applied:
        for index in range(len(model.decoder.blocks)):
            # arguments of `Attention`: the steps, their keys and values, what is hidden, how it is led
            changes.given[f"decoder.blocks.{index}.attention"] = lambda given: (*given[:2], None, *given[3:])
    if "decoder.wrong_frame" in applied:
        changes.into["decoder.prenet.0"] = _told_silence(model, int(applied["decoder.wrong_frame"]), whole)
    return changes


def _silenced(x: Tensor, head: int, heads: int) -> Tensor:
    x = x.clone()
    x.unflatten(2, (heads, -1))[:, :, head] = 0
    return x


def _told_silence(model: TransformerTTS, step: int, whole: bool) -> Callable[[Tensor], Tensor]:
    """What the prenet hears at decoder step `step`, from 1: silence, normalised, instead of the frame before."""
    silence, calls = (model.silence() - model.mel_mean) / model.mel_std, 0

    def told(frames: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        first = 1 if whole else calls  # the step that the first of these frames is heard at
        if first <= step < first + frames.shape[1]:
            frames = frames.clone()
            frames[:, step - first] = silence
        return frames

    return told


@contextmanager
def _kept(model: TransformerTTS, fast: bool) -> Iterator[None]:
    before, model.fast = model.fast, fast
    try:
        yield
    finally:
        model.fast = before


@contextmanager
def _without_positions(model: TransformerTTS, applied: Mapping[str, str | int | float]) -> Iterator[None]:
    """α = 0 leaves nothing of the positions (Li et al. 2019, equation 2)."""
    alphas = [getattr(model, side).positions.alpha for side in _ATTENTIONS if f"{side}.positions" in applied]
    before = [alpha.detach().clone() for alpha in alphas]
    try:
        for alpha in alphas:
            alpha.zero_()
        yield
    finally:
        for alpha, value in zip(alphas, before, strict=True):
            alpha.copy_(value)
