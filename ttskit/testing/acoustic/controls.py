"""Checks of controls: those that are declared are heard as the interface says, the others are refused."""

from __future__ import annotations

from dataclasses import replace

import torch

from ttskit.interfaces.acoustic import Controls, Spectrogram
from ttskit.testing.acoustic.subject import AcousticSubject, same
from ttskit.testing.checks import CheckList, must_refuse, need

__all__ = ["CONTROLS"]

CONTROLS = CheckList()

# Controls that take a number, and one that must be heard.
_NUMBERS = {"pace": 0.5, "pitch": 4.0, "pitch_range": 2.5, "energy": 1.7}
_OTHERS = ("durations", "pitch_values", "speaker_mix")


@CONTROLS("declared controls work")
def controls(subject: AcousticSubject) -> None:
    """Each changes what is spoken, the same per token as for all tokens."""
    plain, declared = subject.infer(), subject.model.controls
    for control in declared:
        need(control in _NUMBERS or control in _OTHERS, f"unknown control {control!r}")
        if control not in _NUMBERS:
            continue
        value = _NUMBERS[control]
        changed = subject.infer(controls=Controls(**{control: value}))
        need(not same(changed, plain, 1e-6), f"control {control!r} has no effect")
        per_token = Controls(**{control: torch.full(subject.inputs.tokens.shape, value)})
        need(
            same(subject.infer(controls=per_token), changed),
            f"control {control!r} given per token differs from the same number for all tokens",
        )
    if "durations" in declared:
        _given_durations(subject, plain)
    if "pace" in declared:
        _pace(subject)
    if "pitch_values" in declared:
        _given_pitch(subject, plain)
    if "speaker_mix" in declared:
        _mixed_speakers(subject)


def _pace(subject: AcousticSubject) -> None:
    given = {"durations": subject.steady(4.0)} if "durations" in subject.model.controls else {}
    slow, fast = (subject.infer(controls=Controls(pace=pace, **given)).lengths for pace in (0.5, 2.0))
    need(
        bool((slow > fast).all()),
        f"pace 0.5 gives {slow.tolist()} frames, pace 2.0 {fast.tolist()}: pace is a speed, larger is shorter",
    )


def _given_durations(subject: AcousticSubject, plain: Spectrogram) -> None:
    lengths, shape = subject.inputs.lengths, subject.inputs.tokens.shape
    made = subject.infer(controls=Controls(durations=subject.steady(4.0)))
    need(
        torch.equal(made.lengths.long(), 4 * lengths),
        f"4 frames for each of {lengths.tolist()} tokens give {made.lengths.tolist()} frames",
    )
    kept = subject.infer(controls=Controls(durations=torch.full(shape, torch.nan)))
    need(same(kept, plain), "durations that are all NaN must leave the model's own")
    if plain.durations is not None:
        one = torch.full(shape, torch.nan)
        one[:, 0] = 7.0
        part = subject.infer(controls=Controls(durations=one)).durations
        need(part is not None, "infer reports durations, but not where some are given")
        spoke = plain.lengths > 1  # a row that would have had no frame at all got its one somewhere
        right = bool((part[:, 0] == 7).all()) and torch.equal(part[spoke, 1:], plain.durations[spoke, 1:])
        need(right, "a duration given for the first token alone must change that token and no other")


def _given_pitch(subject: AcousticSubject, plain: Spectrogram) -> None:
    shape = subject.inputs.tokens.shape
    fixed = {"durations": subject.steady(4.0)} if "durations" in subject.model.controls else {}
    low, high = (subject.infer(controls=Controls(pitch_values=torch.full(shape, v), **fixed)) for v in (-1.0, 1.0))
    need(not same(low, high, 1e-6), "control 'pitch_values' has no effect")
    kept = subject.infer(controls=Controls(pitch_values=torch.full(shape, torch.nan)))
    need(same(kept, plain), "pitch_values that are all NaN must leave the model's own")
    if high.pitch is not None:
        worst = float((high.pitch[subject.real_tokens] - 1.0).abs().max())
        need(worst < 1e-4, "infer does not report the pitch_values that were given")


def _mixed_speakers(subject: AcousticSubject) -> None:
    rows, speakers = len(subject.inputs.tokens), len(subject.context.speakers)
    need(subject.model.multi_speaker, "speaker_mix is declared, but not multi_speaker")
    own = torch.nn.functional.one_hot(subject.batch.speaker, speakers).float()
    one = subject.infer()
    alone = subject.infer(replace(subject.inputs, speaker=None, speaker_weights=own))
    need(same(alone, one, 0.0), "a mix that is all one speaker's differs from that speaker")
    half = subject.infer(replace(subject.inputs, speaker_weights=torch.full((rows, speakers), 1.0 / speakers)))
    need(not same(half, one, 1e-6), "control 'speaker_mix' has no effect")
    wrong = {"do not sum to 1": 2 * own, "are negative": 2 * own - 1.0 / speakers, "lack a speaker": own[:, 1:]}
    for fault, weights in wrong.items():
        mixed = replace(subject.inputs, speaker_weights=weights)
        must_refuse(f"speaker weights that {fault}", lambda mixed=mixed: subject.infer(mixed))


@CONTROLS("undeclared controls are refused")
def undeclared(subject: AcousticSubject) -> None:
    """A control that a model has not got is an error, never silence about it."""
    declared, shape = subject.model.controls, subject.inputs.tokens.shape
    tries = {name: Controls(**{name: value}) for name, value in _NUMBERS.items()}
    tries |= {"durations": Controls(durations=subject.steady(4.0)), "pitch_values": Controls(pitch_values=torch.zeros(shape))}
    for control, asked in tries.items():
        if control not in declared:
            what = f"control {control!r}, which is not declared,"
            must_refuse(what, lambda asked=asked: subject.infer(controls=asked))
    if "speaker_mix" not in declared:
        weights = torch.nn.functional.one_hot(subject.batch.speaker, len(subject.context.speakers)).float()
        mixed = replace(subject.inputs, speaker_weights=weights)
        must_refuse("control 'speaker_mix', which is not declared,", lambda: subject.infer(mixed))
