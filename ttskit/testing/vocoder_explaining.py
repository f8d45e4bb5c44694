"""Checks of what a vocoder shows of itself: it is what was heard, and what it says of its architecture is so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import isclose
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ttskit.interfaces.architecture import VocoderArchitecture
from ttskit.interfaces.descriptions import resolve
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators
from ttskit.interfaces.vocoder_explanation import VocoderExplanation
from ttskit.testing.acoustic.explaining import differing, named_steps
from ttskit.testing.checks import CheckList, must_refuse, need

if TYPE_CHECKING:
    from ttskit.testing.vocoder import VocoderSubject

__all__ = ["EXPLAINING", "built", "changes", "heard", "shown", "strange_changes"]

EXPLAINING = CheckList()


@contextmanager
def _plainly(vocoder: Vocoder) -> Iterator[None]:
    """Without kernels of its own, if it has a switch for them: explanations read the parts that it is made of."""
    fast = getattr(vocoder, "fast", None)
    if isinstance(fast, bool):
        vocoder.fast = False  # type: ignore[assignment]
    try:
        yield
    finally:
        if isinstance(fast, bool):
            vocoder.fast = fast  # type: ignore[assignment]


def _explained(subject: VocoderSubject, changed: dict[str, str | int | float] | None = None) -> VocoderExplanation:
    with _plainly(subject.vocoder):
        return subject.vocoder.explain(subject.mel[:1], vocoder_generators([0]), changed)


def _inferred(subject: VocoderSubject, mel: Tensor | None = None) -> Tensor:
    with _plainly(subject.vocoder):
        return subject.infer(subject.mel[:1] if mel is None else mel)


@EXPLAINING("an explanation is what was heard")
def heard(subject: VocoderSubject) -> None:
    """Bit for bit what `infer` gives with the same generator, and looking leaves nothing behind."""
    before = _inferred(subject)
    found = _explained(subject)
    need(isinstance(found, VocoderExplanation), f"explain returned {type(found).__name__}, not a VocoderExplanation")
    need(found.audio.shape == before.shape and torch.equal(found.audio, before), "explain makes other audio than infer")
    need(torch.equal(_inferred(subject), before), "after explain, infer makes other audio: a hook was left behind")


@EXPLAINING("what is shown has names")
def shown(subject: VocoderSubject) -> None:
    """Steps in order with titles, each with tensors of finite numbers, and no key twice."""
    named_steps(_explained(subject).steps, subject.vocoder.interventions())


@EXPLAINING("interventions change something")
def changes(subject: VocoderSubject) -> None:
    """Each is said to be applied, its first or last choice changes the audio or what is shown, and is gone afterwards."""
    plain = _explained(subject)
    for one in subject.vocoder.interventions():
        need(len(one.choices) > 0 and bool(one.title), f"intervention {one.key!r} has no choice or no title")
        seen = False
        for choice in dict.fromkeys((one.choices[0], one.choices[-1])):
            found = _explained(subject, {one.key: choice})
            need(dict(found.applied) == {one.key: choice}, f"{one.key} = {choice}: the explanation does not say it was applied")
            seen = seen or not torch.equal(found.audio, plain.audio) or differing(found.steps, plain.steps)
        need(seen, f"intervention {one.key!r} changes nothing")
    need(torch.equal(_explained(subject).audio, plain.audio), "an intervention is still there afterwards")


@EXPLAINING("what it does not offer to explain")
def strange_changes(subject: VocoderSubject) -> None:
    """An unknown intervention, a choice that is none, a mel that is none, and two sentences at once are refused."""
    must_refuse("an intervention that it does not offer", lambda: _explained(subject, {"no.such": 1}))
    for one in subject.vocoder.interventions()[:1]:
        must_refuse("a choice that it does not offer", partial(_explained, subject, {one.key: "no such choice"}))
    must_refuse("a request to explain several mels at once", lambda: subject.vocoder.explain(subject.mel))
    must_refuse("a request to explain a mel without frames", lambda: subject.vocoder.explain(subject.mel[:1, :, :0]))


@EXPLAINING("the architecture is what it says")
def built(subject: VocoderSubject) -> None:
    """The declared fact is true; rates lead from frames to samples; no sample changes beyond its receptive field."""
    found = subject.vocoder.architecture()
    declared = subject.plugin.facts.get("architecture", "")
    need(bool(declared) == (found is not None), f"fact 'architecture': {declared!r}, but the vocoder shows {found!r}"[:200])
    if found is None:
        return
    usual = resolve(declared)(subject.mel_config)
    need(isinstance(usual, VocoderArchitecture), f"{declared} returned {type(usual).__name__}, not a VocoderArchitecture")
    for one in (found, usual):
        _leads_to_samples(subject, one)
    _steps_of_stages(subject, found)
    if not found.remembers:
        _within_field(subject, found)


def _leads_to_samples(subject: VocoderSubject, found: VocoderArchitecture) -> None:
    """From frames to samples, in the field and in the stages."""
    hop, rate_hz = subject.mel_config.hop_samples, float(subject.mel_config.sample_rate_hz)
    made = found.field.samples_per_frame
    need(made == hop, f"its receptive field makes {made} samples of a frame, the mel's hop is {hop}")
    before = rate_hz / hop
    for number, stage in enumerate(found.stages, 1):
        want = before * stage.rate
        need(isclose(stage.rate_hz, want), f"stage {number} is said to run at {stage.rate_hz:g} Hz, need {want:g}")
        before = stage.rate_hz
    need(not found.stages or isclose(before, rate_hz), f"the last stage runs at {before:g} Hz, the audio at {rate_hz:g}")


def _steps_of_stages(subject: VocoderSubject, found: VocoderArchitecture) -> None:
    """What the architecture names in an explanation is there, as wide and as long as it says."""
    steps = {step.key: step for step in _explained(subject).steps}
    frames, length = subject.mel.shape[2], 1
    for number, stage in enumerate(found.stages, 1):
        length *= stage.rate
        if not stage.step:
            continue
        need(stage.step in steps, f"stage {number} names step {stage.step!r}, which the explanation does not have")
        step = steps[stage.step]
        given = {tensor.key: tensor.values.shape for tensor in step.tensors}
        named = {next(iter(given), ""), *(branch.tensor for branch in stage.branches if branch.tensor)}
        for key in sorted(named):
            want = (stage.channels, frames * length)
            need(given.get(key) == want, f"{stage.step}.{key} has shape {given.get(key)}, its stage says {want}")


def _within_field(subject: VocoderSubject, found: VocoderArchitecture) -> None:
    """Change one frame in the middle of a mel that is longer than the field, and see which samples are others."""
    frame = found.field.frames + 2
    mel = subject.noise(1, 2 * frame + 1, seed=6)
    other = mel.clone()
    other[:, :, frame] += 3.0
    changed = (_inferred(subject, mel) != _inferred(subject, other))[0].nonzero()[:, 0]
    need(len(changed) > 0, "another frame changes no sample")
    first, last = found.field.samples_of(frame)
    for sample in (int(changed[0]), int(changed[-1])):
        need(first <= sample <= last, f"frame {frame} changes sample {sample}; its receptive field says {first} to {last}")
