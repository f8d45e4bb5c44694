"""How Tacotron 2 turned one sentence into a mel, from what passed through its named parts (`ttskit.nn.activations`).

It speaks by the equations of `decoder.py` here (`fast` off): the kernels of `fast/` read weights without calling the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ttskit.interfaces.acoustic import AcousticInput, Controls, Spectrogram
from ttskit.interfaces.explanation import Axis, Explanation, Intervention, Recorded, Step, requested
from ttskit.nn import Activations, lstm_gates

if TYPE_CHECKING:
    from ttskit_tacotron2.model import Tacotron2

TOKEN, STEP, CHANNEL, BAND, FRAME = Axis("token"), Axis("step"), Axis("channel"), Axis("band"), Axis("frame")
GATE = Axis("gate", ("i", "f", "g", "o"))
WRONG_STEPS = (2, 5, 10, 20, 40)


def interventions(model: Tacotron2) -> tuple[Intervention, ...]:
    """What can be done to this model on the way."""
    offered = [
        Intervention("decoder.wrong_frame", "at this decoder step it is told that it said silence", WRONG_STEPS),
        Intervention("decoder.location", "attention does not know where it has been", ("off",)),
        Intervention("encoder.direction", "a direction of the encoder's LSTM is silent", ("ahead", "back")),
    ]
    return tuple(offered)


@torch.inference_mode()
def explain(
    model: Tacotron2,
    inputs: AcousticInput,
    controls: Controls | None,
    generators: Sequence[torch.Generator] | None,
    asked: Mapping[str, str | int | float] | None,
) -> Explanation:
    """See `Explainable.explain`."""
    offered = interventions(model)
    applied = requested(asked, offered)
    second = model.options.decoder_lstms == 2
    cells = ["decoder.attention_lstm", *(["decoder.decoder_lstm"] if second else [])]
    convolutions = [f"encoder.convolutions.{i}" for i in range(len(model.encoder.convolutions))]
    prenet = [f"decoder.prenet.{i}" for i in range(len(model.decoder.prenet))]
    rest = ["embedding", "encoder", "encoder.ahead", "encoder.back", "decoder.attention.score", "decoder.gate", "postnet"]
    into = (
        {"decoder.prenet.0": _told_silence(model, int(applied["decoder.wrong_frame"]))}
        if "decoder.wrong_frame" in applied
        else {}
    )
    out_of: dict[str, Callable[[Tensor], Tensor]] = {}
    if "decoder.location" in applied:
        out_of["decoder.attention.location_dense"] = torch.zeros_like
    if "encoder.direction" in applied:
        out_of[f"encoder.{applied['encoder.direction']}"] = torch.zeros_like
    fast, model.fast = model.fast, False
    try:
        with Activations(model, [*rest, *cells, *convolutions, *prenet], into, out_of) as seen:
            spoken = model.infer(inputs, controls, generators)
    finally:
        model.fast = fast
    steps = [
        Step(
            "tacotron2.embedding",
            "symbols become vectors",
            (Recorded.of_row("vectors", seen.output("embedding"), TOKEN, CHANNEL),),
        ),
        _convolved(seen, convolutions),
        _encoded(model, seen),
        _prenet(model, seen, prenet),
        _attended(seen, spoken),
        *(_remembered(model, seen, cell) for cell in cells),
        _stopped(seen),
        Step(
            "tacotron2.postnet",
            "convolutions that see both sides correct the frames",
            (
                Recorded.of_row("before", seen.input("postnet"), BAND, FRAME),
                Recorded.of_row("correction", seen.output("postnet"), BAND, FRAME),
                Recorded.of_row("mel", spoken.mel.cpu(), BAND, FRAME),
            ),
        ),
    ]
    return Explanation(spoken, tuple(steps), offered, applied)


def _turns(calls: Sequence[Tensor]) -> Tensor:
    """(1, S, …) of S calls that gave (1, …) each."""
    return torch.stack(list(calls), dim=1)


def _told_silence(model: Tacotron2, step: int) -> Callable[[Tensor], Tensor]:
    """What the prenet hears at decoder step `step`, from 1: silence, normalised as mels are, instead of the frame before."""
    options = model.options
    silence, now = (model.silence() - options.mel_mean) / options.mel_std, 0

    def told(frames: Tensor) -> Tensor:
        nonlocal now
        now += 1
        return torch.full_like(frames, silence) if now == step else frames

    return told


def _convolved(seen: Activations, names: Sequence[str]) -> Step:
    tensors = [
        Recorded.of_row(f"layer_{i + 1}", seen.output(name).clamp_min(0).transpose(1, 2), TOKEN, CHANNEL)
        for i, name in enumerate(names)
    ]
    return Step("tacotron2.convolutions", "convolutions look at neighbours", tuple(tensors))


def _encoded(model: Tacotron2, seen: Activations) -> Step:
    """The bidirectional LSTM; each direction in its own order of time."""
    tensors = [Recorded.of_row("memory", seen.output("encoder"), TOKEN, CHANNEL)]
    for way, lstm in (("ahead", model.encoder.ahead), ("back", model.encoder.back)):
        gates, cells = lstm_gates(lstm, seen.input(f"encoder.{way}"), seen.output(f"encoder.{way}"))
        tensors += [
            Recorded.of_row(f"{way}_gates", gates, TOKEN, GATE, CHANNEL),
            Recorded.of_row(f"{way}_cells", cells, TOKEN, CHANNEL),
        ]
    return Step("tacotron2.encoder", "an LSTM reads the tokens in both directions", tuple(tensors), ("encoder.direction",))


def _prenet(model: Tacotron2, seen: Activations, names: Sequence[str]) -> Step:
    """Of several frames a step, the last is shown as heard."""
    heard = Recorded.of_row("heard", _turns(seen.inputs(names[0]))[..., -model.context.mel.bands :], STEP, BAND)
    out = Recorded.of_row("out", _turns(seen.outputs(names[-1])).clamp_min(0), STEP, CHANNEL)
    return Step("tacotron2.prenet", "the frame before, through a bottleneck", (heard, out), ("decoder.wrong_frame",))


def _attended(seen: Activations, spoken: Spectrogram) -> Step:
    energies = _turns([one.squeeze(2) for one in seen.outputs("decoder.attention.score")])
    tensors = [Recorded.of_row("energies", energies, STEP, TOKEN)]
    if spoken.alignment is not None:
        tensors.insert(0, Recorded.of_row("weights", spoken.alignment.float().cpu(), FRAME, TOKEN))
    return Step("tacotron2.attention", "where the decoder looks, step by step", tuple(tensors), ("decoder.location",))


def _remembered(model: Tacotron2, seen: Activations, name: str) -> Step:
    which = name.removeprefix("decoder.")
    x, hidden = _turns(seen.inputs(name)), _turns(seen.outputs(name))
    gates, cells = lstm_gates(getattr(model.decoder, which), x, hidden)
    return Step(
        f"tacotron2.{which}",
        "gates of the decoder's LSTM, and what its cells keep",
        (
            Recorded.of_row("gates", gates, STEP, GATE, CHANNEL),
            Recorded.of_row("cells", cells, STEP, CHANNEL),
            Recorded.of_row("hidden", hidden, STEP, CHANNEL),
        ),
    )


def _stopped(seen: Activations) -> Step:
    stop = _turns(seen.outputs("decoder.gate")).squeeze(2).sigmoid()
    return Step(
        "tacotron2.stop", "how sure it is, at each step, that the sentence is over", (Recorded.of_row("stop", stop, STEP),)
    )
