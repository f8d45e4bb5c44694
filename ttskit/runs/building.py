"""A model that a stranger's settings describe is built only if it is about the size of the tensors that came with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, redirect_stdout
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ttskit.errors import CheckpointError, TTSKitError
from ttskit.interfaces.trainable import Trainable

__all__ = ["build_for"]

_MORE_PARAMETERS = 4_000  # of parts that are only trained with, and not in every file
_MORE_VALUES = 1 << 20
_UNCHECKED_VALUES = 100 << 20  # for a model that cannot be tried without memory


class _Budget(AbstractContextManager["_Budget"]):
    """Stops a model that registers more parameters, or larger ones, before they are filled."""

    def __init__(self, parameters: int, values: float) -> None:
        self.parameters, self.values = parameters, values
        self.spent = False

    def __enter__(self) -> _Budget:
        self._hook = register_module_parameter_registration_hook(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def _count(self, module: nn.Module, name: str, parameter: Any) -> None:
        self.parameters -= 1
        self.values -= parameter.numel() if isinstance(parameter, Tensor) else 0
        if self.parameters < 0 or self.values < 0:
            self.spent = True
            raise _TooLarge


class _TooLarge(Exception):
    """A model outgrew its budget."""


def build_for(weights: Mapping[str, Tensor], make: Callable[[], Trainable], where: str) -> Trainable:
    """The model that `make` gives, with fresh weights.

    It is made without memory first (on torch's device "meta"), and refused if what it needs for speaking is much larger than
    `weights`: settings in a file say nothing about how large a model may be, the tensors beside them do.

    Args:
        weights: state dict that the model will be given.
        make: builds it; called once or twice.
        where: file or run, for the message.

    Raises:
        CheckpointError: larger than the file, or not to be built from these settings at all.
    """
    have = sum(value.numel() for value in weights.values())
    parameters = 4 * len(weights) + _MORE_PARAMETERS
    tried: Trainable | None = None
    with torch.random.fork_rng(devices=[]), _Budget(parameters, float("inf")) as budget:
        try:
            with torch.device("meta"), redirect_stdout(sys.stderr):
                tried = make()
        except TTSKitError:
            raise
        except Exception:  # a plugin that reads values while it is built, or settings that nothing can be built from
            pass
    if budget.spent:
        raise _too_large(where, f"more than {parameters} parameters", len(weights), have)
    values = float("inf")
    if tried is None:
        values = 2 * have + _UNCHECKED_VALUES
    else:
        needed = sum(v.numel() for name, v in tried.state_dict().items() if not name.startswith(tried.training_only))
        if needed > 2 * have + _MORE_VALUES:
            raise _too_large(where, f"{needed} values", len(weights), have)
    with _Budget(parameters, values) as budget:
        try:
            with redirect_stdout(sys.stderr):
                return make()
        except TTSKitError:
            raise
        except Exception as error:
            if budget.spent:
                raise _too_large(where, "too many values", len(weights), have) from None
            raise CheckpointError(
                f"the settings of {where} describe nothing that can be built",
                f"{type(error).__name__}: {str(error)[:200]}",
                "get the file again from whoever made it",
            ) from error


def _too_large(where: str, described: str, tensors: int, have: int) -> CheckpointError:
    return CheckpointError(
        f"the settings of {where} describe a larger model than it holds",
        f"a model of {described}; the file has {tensors} tensors of {have} values in all",
        "nothing of it was built; get the file again from whoever made it",
    )
