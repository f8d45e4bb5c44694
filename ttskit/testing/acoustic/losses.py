"""Checks of the teacher-forced pass: its shapes, its loss, its alignment, and the mels and durations taken from it."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from ttskit.testing.acoustic.subject import ATOL, AcousticSubject, losses_of, row_of
from ttskit.testing.checks import CheckList, must_refuse, need

__all__ = ["LOSSES", "check_alignment"]

LOSSES = CheckList()


@LOSSES("forward and loss")
def forward(subject: AcousticSubject) -> None:
    """The mel has the target's shape; every term of the loss has a name, a finite sum, a count and a weight."""
    with torch.no_grad():
        outputs = subject.model.eval()(subject.batch)
        wanted = subject.batch.mel.shape
        need(outputs.mel.shape == wanted, f"mel is {tuple(outputs.mel.shape)}, the target {tuple(wanted)}")
        if outputs.alignment is not None:
            check_alignment("forward's alignment", outputs.alignment, subject.real_frames, subject.real_tokens)
        losses = losses_of(subject.model, subject.batch)
    for name, term in losses.terms.items():
        need(isinstance(name, str) and bool(name), f"loss term {name!r} has no name")
        need(bool(torch.isfinite(term.total)), f"loss term {name!r} is not finite")
        need(term.total.shape == (), f"loss term {name!r} has shape {tuple(term.total.shape)}: it must be one number")
        need(float(term.count) >= 0, f"loss term {name!r} counts {float(term.count):g} elements")
        need(math.isfinite(float(term.weight)), f"loss term {name!r} has weight {term.weight!r}")


def check_alignment(what: str, alignment: Tensor, real_frames: Tensor, real_tokens: Tensor) -> None:
    """An alignment (B, T, N): each real frame (B, T) shares 1 among real tokens (B, N), and padding gets nothing."""
    wanted = (*real_frames.shape, real_tokens.shape[1])
    need(tuple(alignment.shape) == wanted, f"{what} is {tuple(alignment.shape)}, not (B, T, N) = {wanted}")
    rows = alignment.float()[real_frames]
    need(bool(torch.isfinite(rows).all()) and float(rows.min()) >= 0, f"{what} has weights that are negative or not finite")
    sums = rows.sum(1)
    worst = float(sums[(sums - 1).abs().argmax()])
    need(abs(worst - 1) < 1e-3, f"{what} gives a frame {worst:.4g} in sum over the tokens, not 1")
    lost = float((alignment.float() * ~real_tokens[:, None])[real_frames].sum(1).max())
    need(lost < 1e-3, f"{what} gives padding tokens {lost:.2g} of a frame: a mask is left out")


@LOSSES("losses add up over the rows of a batch")
def additive(subject: AcousticSubject) -> None:
    """Totals and counts of a batch are the sums of its rows' own: several processes then agree with one."""
    model, batch = subject.model.eval(), subject.batch
    with torch.no_grad():
        whole = losses_of(model, batch)
        parts = [losses_of(model, row_of(batch, i)) for i in range(len(batch.ids))]
    for name, term in whole.terms.items():
        for field in ("total", "count"):
            one = float(getattr(term, field))
            many = sum(float(getattr(p.terms[name], field)) for p in parts)
            need(
                abs(one - many) <= 1e-3 * max(1.0, abs(one)),
                f"loss term {name!r}: {field} of the batch is {one:.6g}, of its rows together {many:.6g}; "
                "padding is counted, or the mean was taken over the batch (several processes would not agree with one)",
            )


@LOSSES("padding does not change a sentence (forward)")
def padding(subject: AcousticSubject) -> None:
    """A row gives the same mel alone and in a batch."""
    model, batch = subject.model.eval(), subject.batch
    with torch.no_grad():
        together = model(batch).mel
        for i in range(len(batch.ids)):
            alone = model(row_of(batch, i)).mel[0]
            worst = float((together[i, :, : alone.shape[1]] - alone).abs().max())
            need(worst <= ATOL, f"row {i} differs by {worst:.2g} when padded in a batch: a mask is ignored")


@LOSSES("teacher-forced mels")
def teacher_forced(subject: AcousticSubject) -> None:
    """They have exactly the target's frames, and are what `forward` says of these frames."""
    model, batch = subject.model.eval(), subject.batch
    if not subject.plugin.facts.get("teacher_forced"):
        what = "fact 'teacher_forced': the description does not declare it, so teacher_forced()"
        must_refuse(what, lambda: model.teacher_forced(batch))
        return
    with torch.inference_mode():
        torch.manual_seed(1)
        out = model.teacher_forced(batch)
        torch.manual_seed(2)
        again = model.teacher_forced(batch)
        forward = model(batch).mel
    wanted = batch.mel_lengths.tolist()
    need(out.lengths.tolist() == wanted, f"teacher-forced lengths {out.lengths.tolist()}, target {wanted}")
    need(out.mel.shape == batch.mel.shape, "teacher-forced mel has not exactly the target's frames")
    real = subject.real_frames[:, None].expand_as(out.mel)
    need(bool(torch.isfinite(out.mel).all()), "teacher-forced mels are not finite")
    need(bool((out.mel[real] != 0).any()), "teacher-forced mels are zeros")
    need(torch.equal(out.mel, again.mel), "teacher-forced mels change with torch's global generator; draw from batch.seeds")
    worst = float((out.mel - forward)[real].abs().max())
    need(worst <= ATOL, f"teacher-forced mels differ from forward's by up to {worst:.2g}{_shift(out.mel, forward, real)}")
    if out.alignment is not None:
        check_alignment("the alignment of teacher-forced mels", out.alignment, subject.real_frames, subject.real_tokens)


def _shift(mel: Tensor, forward: Tensor, real: Tensor) -> str:
    """Whether the two agree when one of them is moved by some frames."""
    for frames in (1, 2, 3):
        for way, sign in ((frames, "late"), (-frames, "early")):
            moved = torch.roll(forward, way, dims=2)
            inner = real.clone()
            inner[..., :frames] = inner[..., -frames:] = False
            inner &= torch.roll(real, -frames, dims=2)
            if bool(inner.any()) and float((mel - moved)[inner].abs().max()) <= ATOL:
                return f": they are {frames} frame{'s' * (frames > 1)} {sign}"
    return ""


@LOSSES("alignment of speech")
def aligns(subject: AcousticSubject) -> None:
    """Durations of real speech are the model's own, whole, and sum to the frames."""
    model, batch = subject.model.eval(), subject.batch
    if not subject.plugin.facts.get("aligns"):
        what = "fact 'aligns': the description does not declare it, so durations()"
        must_refuse(what, lambda: model.durations(batch))
        return
    with torch.inference_mode():
        durations = model.durations(replace(batch, durations=None))
    wanted, shape = batch.mel_lengths, tuple(batch.tokens.shape)
    need(tuple(durations.shape) == shape, f"durations are {tuple(durations.shape)}, not (B, N) = {shape}")
    need(not durations.is_floating_point(), f"durations are {durations.dtype}, not whole frames (int64)")
    need(int(durations.min()) >= 0, f"a duration is {int(durations.min())} frames")
    sums = durations.sum(1).long()
    need(torch.equal(sums, wanted), f"durations sum to {sums.tolist()}, the target has {wanted.tolist()} frames")
    need(bool((durations[~subject.real_tokens] == 0).all()), "padding tokens have a duration")
