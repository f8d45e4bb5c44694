"""Checks of speaking: batches, randomness, lengths, saving, devices, speakers, errors."""

from __future__ import annotations

import copy
import random
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ttskit.interfaces.acoustic import AcousticInput
from ttskit.testing.acoustic.losses import check_alignment
from ttskit.testing.acoustic.subject import ATOL, AcousticSubject
from ttskit.testing.checks import CheckList, must_refuse, named, need
from ttskit.testing.training import changed_by

__all__ = [
    "SPEAKING",
    "bad_input",
    "batch_equals_singles",
    "deterministic",
    "device",
    "lengths",
    "save_load",
    "speakers",
    "untouched",
]

SPEAKING = CheckList()


@SPEAKING("a batch equals single runs (infer)")
def batch_equals_singles(subject: AcousticSubject) -> None:
    """A sentence is spoken the same alone and in a batch, with the generator of its own."""
    together = subject.infer()
    for i in range(len(subject.inputs.tokens)):
        alone = subject.infer(subject.single(i), seeds=range(i, i + 1))
        n, m = int(together.lengths[i]), int(alone.lengths[0])
        need(n == m, f"row {i} has {n} frames in a batch and {m} alone")
        worst = float((together.mel[i, :, :n] - alone.mel[0, :, :n]).abs().max())
        need(
            worst <= ATOL,
            f"row {i} differs by {worst:.2g} between batch and single run: a mask or generator is shared between rows",
        )


@SPEAKING("a stream is the speech of one pass")
def stream(subject: AcousticSubject) -> None:
    """Chunks join to what `infer` gives for the same generator, and what comes last is the same; a batch is refused."""
    model = subject.model
    if not model.streaming:
        must_refuse("a stream of a model that does not stream", lambda: model.infer_stream(subject.single(0)))
        return
    if len(subject.inputs.tokens) > 1:
        must_refuse("a stream of several sentences", lambda: model.infer_stream(subject.inputs))
    for i in range(len(subject.inputs.tokens)):
        whole = subject.infer(subject.single(i), seeds=range(i, i + 1))
        given = model.infer_stream(subject.single(i), None, [torch.Generator().manual_seed(i)])
        chunks, last = [], None
        while last is None:
            try:
                chunks.append(next(given))
            except StopIteration as end:
                last = end.value
        need(all(chunk.shape[2] > 0 for chunk in chunks), "a chunk of a stream has no frames")
        joined = torch.cat(chunks, 2)
        need(joined.shape == whole.mel.shape, f"chunks join to {tuple(joined.shape)}, infer gives {tuple(whole.mel.shape)}")
        worst = float((joined - whole.mel).abs().max())
        need(worst <= ATOL, f"row {i} differs by {worst:.2g} between a stream and one pass")
        need(torch.equal(last.mel, joined), "what a stream returns at its end is not what it gave")
        need(torch.equal(last.lengths, whole.lengths), "lengths of a stream are not those of one pass")
        if whole.alignment is not None:
            near = last.alignment is not None and last.alignment.shape == whole.alignment.shape
            need(near, "the alignment of a stream is not that of one pass")
            need(float((last.alignment - whole.alignment).abs().max()) <= ATOL, "the alignment of a stream is off")
        need(str(last.finished) == str(whole.finished), "`finished` of a stream is not that of one pass")


@SPEAKING("determinism under a seed")
def deterministic(subject: AcousticSubject) -> None:
    """The generators decide alone, not torch's, numpy's or Python's global ones; without generators it speaks as well."""
    spoken = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        spoken.append(subject.infer())
    a, b = spoken
    need(
        a.mel.shape == b.mel.shape and torch.equal(a.mel, b.mel),
        "the same generators give different speech: randomness must come from the generators passed to infer",
    )
    with torch.inference_mode():
        free = subject.model.eval().infer(subject.inputs)
    need(bool(torch.isfinite(free.mel).all()), "without generators the mel is not finite")


@SPEAKING("lengths agree")
def lengths(subject: AcousticSubject) -> None:
    """Mel, lengths, durations and alignment describe the same frames."""
    out = subject.infer()
    rows, bands = len(subject.inputs.tokens), subject.context.mel.bands
    need(out.mel.shape[:2] == (rows, bands), f"mel is {tuple(out.mel.shape)}")
    need(
        int(out.lengths.max()) == out.mel.shape[2] and int(out.lengths.min()) >= 1,
        f"lengths {out.lengths.tolist()} do not agree with {out.mel.shape[2]} frames",
    )
    need(bool(torch.isfinite(out.mel).all()), "mel has values that are not finite")
    if out.durations is not None:
        need(
            torch.equal(out.durations.sum(1).long(), out.lengths.long()),
            f"durations sum to {out.durations.sum(1).tolist()}, lengths are {out.lengths.tolist()}",
        )
    if out.alignment is not None:
        frames = torch.arange(out.mel.shape[2])[None] < out.lengths[:, None]
        check_alignment("infer's alignment", out.alignment, frames, subject.real_tokens)


@SPEAKING("speaking changes nothing")
def untouched(subject: AcousticSubject) -> None:
    """Weights, statistics, mode and what was given are the same after `infer` and `forward` in evaluation mode."""
    model = copy.deepcopy(subject.model).eval()
    inputs = copy.deepcopy(subject.inputs)

    changed = changed_by(model, lambda: subject.infer(inputs, model=model))
    need(not changed, f"speaking changes {named(changed, 3)}: a sentence would depend on those before it")
    need(not model.training, "infer leaves the model in training mode")
    with torch.no_grad():
        changed = changed_by(model, lambda: model(subject.batch))
    need(not changed, f"forward in evaluation mode changes {named(changed, 3)}")
    given = [f for f in ("tokens", "lengths", "speaker") if not torch.equal(getattr(inputs, f), getattr(subject.inputs, f))]
    need(not given, f"infer writes into the {', '.join(given)} that it was given")


@SPEAKING("save and load")
def save_load(subject: AcousticSubject) -> None:
    """A model loaded from its state dict speaks the same."""
    from safetensors.torch import load, save

    state = load(save({k: v.contiguous() for k, v in subject.model.state_dict().items()}))
    other = subject.build(seed=99)
    other.load_state_dict(state)
    a, b = subject.infer(), subject.infer(model=other)
    need(
        a.mel.shape == b.mel.shape and torch.equal(a.mel, b.mel),
        "a model loaded from its state dict speaks differently: state is missing from it",
    )


@SPEAKING("device moves")
def device(subject: AcousticSubject) -> None:
    """Every tensor of the model is a parameter or a buffer; with a GPU here, it speaks there."""
    for name, module in subject.model.named_modules():
        loose = [k for k, v in vars(module).items() if isinstance(v, Tensor)]
        need(
            not loose,
            f"{name or 'the model'} holds tensors {loose} that are neither parameters nor buffers: "
            "they stay behind on .to(device)",
        )
    if torch.cuda.is_available():
        moved = copy.deepcopy(subject.model).to("cuda")
        out = subject.infer(subject.inputs.to("cuda"), model=moved)
        need(out.mel.device.type == "cuda", "infer on the GPU gives a mel on the CPU")


@SPEAKING("speakers")
def speakers(subject: AcousticSubject) -> None:
    """Two speakers differ, and a third that is not in the table is refused."""
    if not subject.model.multi_speaker:
        return
    one = replace(subject.single(0), speaker=torch.tensor([0]))
    two = replace(subject.single(0), speaker=torch.tensor([1]))
    a, b = subject.infer(one), subject.infer(two)
    equal = a.mel.shape == b.mel.shape and torch.allclose(a.mel, b.mel, atol=1e-6)
    need(not equal, "multi_speaker is declared, but two speakers sound the same")
    must_refuse("a speaker id outside the table", lambda: subject.infer(replace(one, speaker=torch.tensor([9]))))


@SPEAKING("errors for bad input")
def bad_input(subject: AcousticSubject) -> None:
    """What cannot be spoken is refused in words."""
    empty = AcousticInput(torch.zeros((1, 0), dtype=torch.long), torch.zeros(1, dtype=torch.long))
    must_refuse("an empty sentence", lambda: subject.infer(empty))
    wrong = AcousticInput(torch.full((1, 3), len(subject.context.symbols)), torch.tensor([3]))
    must_refuse("a token id outside the inventory", lambda: subject.infer(wrong))
