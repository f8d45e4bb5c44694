"""A model that a stranger's settings describe is built only if it is about the size of the tensors that came with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import Any, TypeVar

from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ttskit.errors import CheckpointError, TTSKitError

__all__ = ["TRAINING_VALUES", "build_for", "only_to_speak", "to_be_trained"]

_Model = TypeVar("_Model", bound=nn.Module)

_MORE_PARAMETERS = 4_000  # of parts that are only trained with, and not in every file
_MORE_VALUES = 1 << 20
TRAINING_VALUES = 96 << 20  # of such parts, where a model makes them to speak as well: the published ones have 71 million

_TO_BE_TRAINED: ContextVar[bool] = ContextVar("to be trained", default=True)


def to_be_trained() -> bool:
    """Whether the model that is being built may be trained. If not, it need not make what `training_only` names.

    >>> with only_to_speak():
    ...     to_be_trained()
    False
    """
    return _TO_BE_TRAINED.get()


@contextmanager
def only_to_speak() -> Iterator[None]:
    """Models that are built meanwhile will speak and not be trained: parts for training would be noise, and large."""
    before = _TO_BE_TRAINED.set(False)
    try:
        yield
    finally:
        _TO_BE_TRAINED.reset(before)


class _Budget(AbstractContextManager["_Budget"]):
    """Stops a model that registers more parameters, or larger ones, before they are filled."""

    def __init__(self, parameters: int, values: int) -> None:
        self.parameters, self.values = parameters, values
        self.spent = ""

    def __enter__(self) -> _Budget:
        self._hook = register_module_parameter_registration_hook(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def _count(self, module: nn.Module, name: str, parameter: Any) -> None:
        self.parameters -= 1
        self.values -= parameter.numel() if isinstance(parameter, Tensor) else 0
        if self.parameters < 0 or self.values < 0:
            self.spent = "more parameters" if self.parameters < 0 else "larger parameters"
            raise _TooLarge


class _TooLarge(Exception):
    """A model outgrew its budget."""


def build_for(weights: Mapping[str, Tensor], make: Callable[[], _Model], where: str, beside: int = 0) -> _Model:
    """What `make` builds, with fresh weights; refused as soon as it is much larger than `weights`.

    Settings in a file say nothing about how large a model may be; the tensors beside them do. Parameters are counted as they
    are registered, when their memory is asked for and not yet filled.

    Args:
        weights: state dict that the model will be given.
        where: file or run, for the message.
        beside: values of parts that are only trained with, where `weights` has none of them.

    Raises:
        CheckpointError: larger than the file, or not to be built from these settings at all.
    """
    have = sum(value.numel() for value in weights.values())
    with _Budget(4 * len(weights) + _MORE_PARAMETERS, 2 * have + _MORE_VALUES + beside) as budget, redirect_stdout(sys.stderr):
        try:
            return make()
        except TTSKitError:
            raise
        except Exception as error:  # settings that nothing can be built from, or a plugin's own fault
            if budget.spent:
                raise CheckpointError(
                    f"the settings of {where} describe a larger model than it holds",
                    f"a model of {budget.spent} than {len(weights)} tensors of {have} values in all can be for",
                    "nothing of it was built; get the file again from whoever made it",
                ) from None
            raise CheckpointError(
                f"the settings of {where} describe nothing that can be built",
                f"{type(error).__name__}: {str(error)[:200]}",
                "get the file again from whoever made it",
            ) from error
