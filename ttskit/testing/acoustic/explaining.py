"""Checks of what a model shows of itself: it is what was spoken, it has names, and what can be changed changes something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch

from ttskit.interfaces.acoustic import AcousticModel, Spectrogram
from ttskit.interfaces.explanation import Explanation, Intervention, Step
from ttskit.testing.acoustic.subject import AcousticSubject
from ttskit.testing.checks import CheckList, must_refuse, need

__all__ = ["EXPLAINING", "changes", "differing", "named_steps", "shown", "spoken", "strange_changes"]

EXPLAINING = CheckList()


def _explained(subject: AcousticSubject, changed: dict[str, str | int | float] | None = None) -> Explanation:
    with _plainly(subject.model):
        return subject.model.eval().explain(subject.single(0), None, [torch.Generator().manual_seed(0)], changed)


@contextmanager
def _plainly(model: AcousticModel) -> Iterator[None]:
    """Without kernels of the model's own, if it has a switch for them: explanations read the parts that it is made of."""
    fast = getattr(model, "fast", None)
    if isinstance(fast, bool):
        model.fast = False  # type: ignore[assignment]
    try:
        yield
    finally:
        if isinstance(fast, bool):
            model.fast = fast  # type: ignore[assignment]


def _inferred(subject: AcousticSubject) -> Spectrogram:
    with _plainly(subject.model):
        return subject.infer(subject.single(0), seeds=[0])


@EXPLAINING("an explanation is what was spoken")
def spoken(subject: AcousticSubject) -> None:
    """Bit for bit what `infer` gives with the same generator, and looking leaves nothing behind."""
    before = _inferred(subject)
    found = _explained(subject)
    need(isinstance(found, Explanation), f"explain returned {type(found).__name__}, not an Explanation")
    mel = found.spectrogram.mel
    need(mel.shape == before.mel.shape and torch.equal(mel, before.mel), "explain speaks another mel than infer")
    need(torch.equal(_inferred(subject).mel, before.mel), "after explain, infer speaks another mel: a hook was left behind")


@EXPLAINING("what is shown has names")
def shown(subject: AcousticSubject) -> None:
    """Steps in order with titles, each with tensors of finite numbers, and no key twice."""
    named_steps(_explained(subject).steps, subject.model.interventions())


def named_steps(steps: Sequence[Step], interventions: Sequence[Intervention]) -> None:
    """Of any model: each step and tensor has a key of its own and finite numbers, and names what can be changed."""
    keys = [step.key for step in steps]
    need(len(keys) > 0, "an explanation without steps")
    need(len(set(keys)) == len(keys), f"a step's key stands there twice: {sorted(keys)}")
    for step in steps:
        need(bool(step.key and step.title), f"step {step.key!r} has no title")
        own = [tensor.key for tensor in step.tensors]
        need(len(set(own)) == len(own), f"step {step.key!r} has two tensors of one key: {sorted(own)}")
        for tensor in step.tensors:
            values = tensor.values
            need(isinstance(values, np.ndarray), f"{step.key}.{tensor.key} is a {type(values).__name__}, not a numpy array")
            energies = np.isneginf(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
            need(bool((np.isfinite(values) | energies).all()), f"{step.key}.{tensor.key} holds numbers that are not finite")
        offered = {one.key for one in interventions}
        strange = [key for key in step.interventions if key not in offered]
        need(not strange, f"step {step.key!r} names intervention {strange[:1]}, which the model does not offer")


@EXPLAINING("interventions change something")
def changes(subject: AcousticSubject) -> None:
    """Each is said to be applied, its first or last choice changes the mel or what is shown, and is gone afterwards."""
    plain = _explained(subject)
    for one in subject.model.interventions():
        need(len(one.choices) > 0 and bool(one.title), f"intervention {one.key!r} has no choice or no title")
        seen = False
        for choice in dict.fromkeys((one.choices[0], one.choices[-1])):  # one may lie beyond the end of a short sentence
            found = _explained(subject, {one.key: choice})
            need(dict(found.applied) == {one.key: choice}, f"{one.key} = {choice}: the explanation does not say it was applied")
            seen = seen or _differs(found, plain)
        if plain.spectrogram.mel.shape[2] > 1:
            need(seen, f"intervention {one.key!r} changes nothing")
    need(torch.equal(_explained(subject).spectrogram.mel, plain.spectrogram.mel), "an intervention is still there afterwards")


def _differs(one: Explanation, other: Explanation) -> bool:
    a, b = one.spectrogram.mel, other.spectrogram.mel
    if a.shape != b.shape or not torch.equal(a, b):
        return True
    return differing(one.steps, other.steps)


def differing(one: Sequence[Step], other: Sequence[Step]) -> bool:
    """Whether two explanations of one sentence show other numbers."""
    pairs = zip(one, other, strict=True)
    tensors = ((x.values, y.values) for s, t in pairs for x, y in zip(s.tensors, t.tensors, strict=True))
    return any(x.shape != y.shape or not np.array_equal(x, y) for x, y in tensors)


@EXPLAINING("interventions that it does not offer")
def strange_changes(subject: AcousticSubject) -> None:
    """An unknown intervention, a choice that is none, and two sentences at once are refused."""
    must_refuse("an intervention that it does not offer", lambda: _explained(subject, {"no.such": 1}))
    for one in subject.model.interventions()[:1]:
        must_refuse("a choice that it does not offer", partial(_explained, subject, {one.key: "no such choice"}))
    must_refuse("a request to explain several sentences at once", lambda: subject.model.explain(subject.inputs))
