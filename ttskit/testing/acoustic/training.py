"""Checks of training an acoustic model: it learns, repeats itself, and its batch statistics are those of all processes."""

from __future__ import annotations

import copy
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn

from ttskit.interfaces.acoustic import AcousticBatch, AcousticModel
from ttskit.interfaces.trainable import Trainable
from ttskit.nn import MaskedBatchNorm1d
from ttskit.testing.acoustic.subject import AcousticSubject, losses_of, row_of
from ttskit.testing.checks import CheckList, named, need
from ttskit.testing.processes import in_two_processes, without_dropout
from ttskit.testing.training import check_learning, check_plans, check_repeats

__all__ = ["TRAINING", "unshared_statistics"]

TRAINING = CheckList()

_LOSS = "loss term "
_ADVICE = "use ttskit.nn.MaskedBatchNorm1d and give it the mask"


@TRAINING("gradient reaches every parameter")
def gradients(subject: AcousticSubject) -> None:
    """Of the loss in training mode; and some optimiser has each parameter."""
    model = subject.build().train()
    torch.manual_seed(3)
    losses_of(model, subject.batch).total.backward()
    without = [n for n, p in model.named_parameters() if p.requires_grad and (p.grad is None or not bool((p.grad != 0).any()))]
    need(not without, f"no gradient reaches {named(without)}")
    check_plans(model)


@TRAINING("it learns")
def learns(subject: AcousticSubject) -> None:
    """A few steps of real training on one batch: the loss falls, and every parameter moves."""

    def loss(model: Trainable) -> float:
        torch.manual_seed(11)  # the same dropout each time
        with torch.no_grad():
            return float(losses_of(model.train(), subject.batch).total)

    check_learning(subject.build(), subject.batch, loss)


@TRAINING("training repeats under a seed")
def repeats(subject: AcousticSubject) -> None:
    """The same steps give the same weights."""
    check_repeats(subject.build(), subject.batch)


def unshared_statistics(model: nn.Module) -> list[str]:
    """Names and classes of torch's own batch normalisations, which count padding and see one process only."""
    plain = nn.modules.batchnorm._BatchNorm
    return [
        f"{name or 'the model'} is nn.{type(module).__name__}"
        for name, module in model.named_modules()
        if isinstance(module, plain) and not isinstance(module, MaskedBatchNorm1d)
    ]


@TRAINING("two processes equal one")
def processes(subject: AcousticSubject) -> None:
    """Statistics and losses of a batch that two processes share are those of one process with all of it."""
    model = subject.build().train()
    unshared = unshared_statistics(model)
    need(not unshared, f"{named(unshared, 3)}: each process would have statistics of its own; {_ADVICE}")
    _same_in_two(model, _equal_rows(subject.batch), "each process counts its own share only")


@TRAINING("batch statistics leave out padding")
def statistics_of_real_positions(subject: AcousticSubject) -> None:
    """The same of a batch with padding, of which two processes with a row each have none."""
    model, batch = subject.build().train(), subject.batch
    rows = AcousticBatch(**{f.name: v[:2] for f in fields(batch) if (v := getattr(batch, f.name)) is not None})
    _same_in_two(model, rows, "padding is counted")


def _same_in_two(model: AcousticModel, batch: AcousticBatch, why: str) -> None:
    """Buffers after a pass in training mode, and totals of the loss, of two rows in one process and of one in each of two."""
    with without_dropout():
        whole, other_seed = _kept(model, batch), _kept(model, batch, seed=6)
        parts = in_two_processes(lambda rank: _kept(model, row_of(batch, rank), seed=None))
    for name, one in whole.items():
        if not one.is_floating_point() or _distance(one, other_seed[name]) > 0:
            continue  # moved by randomness that is not dropout: two passes cannot be compared
        if name.startswith(_LOSS):
            many = parts[0][name] + parts[1][name]
            fault = f"{name}: {float(one):.6g} in one process, {float(many):.6g} in two together: {why}"
            need(_distance(one, many) <= 1e-3 * max(1.0, float(one.abs())), fault)
            continue
        worst = max(_distance(one, part[name]) for part in parts)
        owner = type(model.get_submodule(name.rpartition(".")[0])).__name__
        fault = f"buffer {name!r} of {owner} differs by {worst:.2g} between one process and two: {why}; {_ADVICE}"
        need(worst <= 1e-4 * max(1.0, float(one.abs().max())), fault)


def _equal_rows(batch: AcousticBatch) -> AcousticBatch:
    """Two rows of one length, so without padding: the first, and one with other symbols and sounds by the next speaker."""
    row = row_of(batch, 0)
    both: dict[str, Any] = {"ids": (*row.ids, "another")}
    for f in fields(batch):
        value = getattr(row, f.name)
        if isinstance(value, Tensor):
            both[f.name] = torch.cat([value, 0.7 * value if value.is_floating_point() else value])
    both["tokens"][1] = both["tokens"][1] % int(batch.tokens.max()) + 1  # 1 … max, none of them where it was
    return AcousticBatch(**{**both, "speaker": batch.speaker[:2]})


def _kept(model: AcousticModel, batch: AcousticBatch, seed: int | None = 5) -> dict[str, Tensor]:
    """Buffers after one pass in training mode on a copy, and the totals of the loss."""
    model = copy.deepcopy(model)
    if seed is not None:  # threads share torch's generator
        torch.manual_seed(seed)
    with torch.no_grad():
        terms = losses_of(model, batch).terms
    totals = {f"{_LOSS}{name!r}": term.total.double() for name, term in terms.items()}
    saved = model.state_dict()
    return {name: value for name, value in saved.items() if name in dict(model.named_buffers())} | totals


def _distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max()) if one.shape == other.shape else float("inf")
