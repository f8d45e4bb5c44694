"""Freezing: parts of a model, named by pattern, that stay as they are, for the whole training or for its first steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

import torch
from torch import nn

from ttskit.errors import ConfigError
from ttskit.interfaces.trainable import OptimizerPlan, Trainable

__all__ = ["Freezing", "matching"]

_FIX = "leave some out of training.freeze and training.freeze_until"


class Freezing:
    """What of a model does not move at a step: a function of the step alone, so that resuming needs nothing of it.

    A frozen parameter gets no gradient and is skipped by its optimiser: no step, no decay, no moments. A module
    whose own parameters are all frozen and which keeps statistics of its input (batch normalisation) works in
    evaluation mode: the statistics stay, and training sees what speaking will see.

    Args:
        model: its parameters are named as in its state dict.
        frozen: patterns ("encoder.*") for the whole training.
        until: patterns and how long: a share of the steps (below 1) or a number of steps.
        total_steps: of this training.

    Raises:
        ConfigError: a pattern that matches no parameter, or nothing left to train.
    """

    def __init__(self, model: Trainable, frozen: Sequence[str], until: Mapping[str, float], total_steps: int) -> None:
        self.model, self.total_steps = model, total_steps
        named = dict(model.named_parameters())
        self._always = {name for pattern in frozen for name in matching(named, pattern, "training.freeze")}
        self._until: dict[str, int] = {}
        for pattern, when in until.items():
            step = round(when * total_steps) if when < 1 else round(when)
            for name in matching(named, pattern, "training.freeze_until"):
                self._until[name] = max(step, self._until.get(name, 0))
        trained = [name for name, p in named.items() if p.requires_grad and name not in self._always]
        if all(self._until.get(name, 0) > 0 for name in trained):
            first = min((self._until[name] for name in trained), default=total_steps)
            raise ConfigError("everything is frozen", f"all {len(named)} parameters up to step {first} of {total_steps}", _FIX)
        self._parameters = {n: p for n, p in named.items() if n in self._always or n in self._until}
        for name in self._always:
            named[name].requires_grad_(False)
        self._counting = _modules_with_statistics(model)
        self._frozen: frozenset[str] | None = None

    @property
    def active(self) -> bool:
        """Whether anything is frozen at any time."""
        return bool(self._parameters)

    @property
    def always(self) -> list[str]:
        """Parameters that never move."""
        return sorted(self._always)

    def names(self, step: int) -> frozenset[str]:
        """Parameters that do not move at a step (counted from 0)."""
        return frozenset(self._always | {name for name, until in self._until.items() if step < until})

    def without_frozen(self, plans: Mapping[str, OptimizerPlan]) -> Mapping[str, OptimizerPlan]:
        """The optimisers without the parameters that never move.

        Raises:
            ConfigError: one that has nothing to move at first: its losses would have no gradient.
        """
        held = {id(self._parameters[name]) for name in self.names(0)}
        for optimizer, plan in plans.items() if held else ():
            if all(id(p) in held for group in plan.optimizer.param_groups for p in group["params"]):
                raise ConfigError(
                    f"everything is frozen that the optimiser {optimizer!r} moves",
                    "its losses need something to move from the first step on",
                    _FIX,
                )
        never = {id(self._parameters[name]) for name in self._always}
        for plan in plans.values() if never else ():
            for group in plan.optimizer.param_groups:
                group["params"] = [p for p in group["params"] if id(p) not in never]
        return plans

    def apply(self, step: int) -> None:
        """Before a step, with the model in training mode."""
        if not self.active:
            return
        frozen = self.names(step)
        if frozen != self._frozen:
            for name, parameter in self._parameters.items():
                parameter.requires_grad_(name not in frozen)
            self._frozen = frozen
        for names, module in self._counting:
            module.train(not names <= frozen)  # validation, which ends with model.train(), may have switched it


def matching(named: Mapping[str, object], pattern: str, key: str) -> list[str]:
    """Parameters that a pattern names.

    Raises:
        ConfigError: none; the message shows what is near.
    """
    found = [name for name in named if fnmatchcase(name, pattern)]
    if not found:
        parts = _parts(named)
        near = get_close_matches(pattern, parts, n=3, cutoff=0.5) or sorted({p for p in parts if p.count(".") == 1})[:12]
        raise ConfigError(
            f"{key}: {pattern!r} names no parameter",
            f"near: {', '.join(near)}",
            f'write a pattern over parameter names, such as "{near[0] if near else "*"}"',
        )
    return found


def _parts(names: Iterable[str]) -> list[str]:
    """Patterns that would match something: every prefix of a name with `.*`, and the names."""
    parts: dict[str, None] = {}
    for name in names:
        words = name.split(".")
        parts |= {".".join([*words[:k], "*"]): None for k in range(1, len(words))}
        parts[name] = None
    return list(parts)


def _modules_with_statistics(model: nn.Module) -> list[tuple[frozenset[str], nn.Module]]:
    """Modules with parameters and persistent floating-point buffers of their own, with the names of those parameters."""
    kept = model.state_dict(keep_vars=True)
    found = []
    for prefix, module in model.named_modules():
        dot = f"{prefix}." if prefix else ""
        own = frozenset(dot + name for name, _ in module.named_parameters(recurse=False))
        buffers = [b for name, b in module.named_buffers(recurse=False) if dot + name in kept and torch.is_floating_point(b)]
        if own and buffers and not any(module.children()):
            found.append((own, module))
    return found
