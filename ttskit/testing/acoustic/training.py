"""Checks of training an acoustic model: it learns, repeats itself, and its batch statistics are those of all processes."""

from __future__ import annotations

import copy
from dataclasses import fields

import torch
from torch import Tensor, nn

from ttskit.interfaces.acoustic import AcousticBatch, AcousticModel
from ttskit.interfaces.trainable import Trainable
from ttskit.nn import MaskedBatchNorm1d
from ttskit.testing.acoustic.subject import AcousticSubject, extended, losses_of, row_of
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


@TRAINING("batch statistics leave out padding")
def statistics_of_real_positions(subject: AcousticSubject) -> None:
    """What training mode keeps of a batch (buffers) does not depend on how much padding it has."""
    batch = subject.batch
    longer = extended(batch, subject.context.symbols.pad_id)
    model = subject.build().train()
    steady = _steady(model, batch)
    kept, padded = _kept(model, batch), _kept(model, longer)
    for name in steady:
        if name.startswith(_LOSS):
            continue  # "losses add up" holds them
        worst = _distance(kept[name], padded[name])
        need(worst <= 1e-4, f"buffer {name!r} differs by {worst:.2g} with more padding: {_blame(model, name)}")


@TRAINING("two processes equal one")
def processes(subject: AcousticSubject) -> None:
    """Statistics and losses of a batch that two processes share are those of one process with all of it."""
    batch, model = subject.batch, subject.build().train()
    unshared = unshared_statistics(model)
    need(not unshared, f"{named(unshared, 3)}: each process would have statistics of its own; {_ADVICE}")
    steady = _steady(model, batch)
    whole = _kept(model, batch)
    shares = [row_of(batch, 0), _rows(batch, slice(1, None))]
    parts = in_two_processes(lambda rank: _kept(copy.deepcopy(model), shares[rank], seed=None))
    for name in steady:
        if name.startswith(_LOSS):
            one, many = whole[name], parts[0][name] + parts[1][name]
            fault = f"{name}: {float(one):.6g} in one process, {float(many):.6g} in two together"
            need(float((one - many).abs()) <= 1e-3 * max(1.0, float(one.abs())), fault)
            continue
        worst = max(_distance(whole[name], part[name]) for part in parts)
        need(worst <= 1e-4, f"buffer {name!r} differs by {worst:.2g} between one process and two: {_blame(model, name)}")


def _kept(model: AcousticModel, batch: AcousticBatch, seed: int | None = 5) -> dict[str, Tensor]:
    """Buffers after one pass in training mode on a copy, without dropout; and the totals of the loss."""
    model = copy.deepcopy(model)
    if seed is not None:  # threads share torch's generator
        torch.manual_seed(seed)
    with torch.no_grad(), without_dropout():
        terms = losses_of(model, batch).terms
    totals = {f"{_LOSS}{name!r}": term.total.double() for name, term in terms.items()}
    saved = model.state_dict()
    return {name: value for name, value in saved.items() if name in dict(model.named_buffers())} | totals


def _steady(model: AcousticModel, batch: AcousticBatch) -> list[str]:
    """Of these, the ones that no randomness moves, so that two passes can be compared."""
    one, other = _kept(model, batch), _kept(model, batch, seed=6)
    return [name for name, value in one.items() if value.is_floating_point() and _distance(value, other[name]) == 0]


def _distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max()) if one.shape == other.shape else float("inf")


def _rows(batch: AcousticBatch, rows: slice) -> AcousticBatch:
    """Some rows, with the padding that they have."""
    taken = {f.name: v[rows] for f in fields(batch) if (v := getattr(batch, f.name)) is not None}
    return AcousticBatch(**taken)


def _blame(model: nn.Module, buffer: str) -> str:
    owner = model.get_submodule(buffer.rpartition(".")[0])
    return f"{type(owner).__name__} counts more or less than the batch's real positions; {_ADVICE}"
