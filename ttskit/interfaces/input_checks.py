"""What an acoustic model refuses to speak: empty rows, unknown ids, controls that it does not have, shares that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ttskit.errors import ControlError, InputError

if TYPE_CHECKING:
    from ttskit.interfaces.acoustic import AcousticInput, AcousticModel, Controls

__all__ = ["check_input"]


def check_input(model: AcousticModel, inputs: AcousticInput, controls: Controls) -> None:
    """See `AcousticModel.check_input`.

    Raises:
        InputError: nothing to speak, ids outside the inventories, weights that are not shares.
        ControlError: a control that the model does not have.
    """
    symbols, speakers = len(model.context.symbols), len(model.context.speakers)
    if inputs.tokens.numel() == 0 or bool((inputs.lengths < 1).any()):
        why = f"token lengths {inputs.lengths.tolist()}"
        raise InputError("nothing to speak", why, "give at least one token per sentence")
    low, high = int(inputs.tokens.min()), int(inputs.tokens.max())
    if low < 0 or high >= symbols:
        raise InputError("token id outside the inventory", f"ids {low} … {high}, inventory has {symbols}", "")
    if inputs.speaker is not None and not 0 <= int(inputs.speaker.min()) <= int(inputs.speaker.max()) < speakers:
        raise InputError("speaker id outside the inventory", f"ids {inputs.speaker.tolist()}, {speakers} speakers", "")
    for name in (*controls.asked(), *(["speaker_mix"] if inputs.speaker_weights is not None else [])):
        if name not in model.controls:
            have = ", ".join(model.controls) or "none"
            raise ControlError(
                f"{type(model).__name__} has no control {name!r}",
                f"its controls: {have}",
                "use a model that has it: ttskit plugins list",
                name,
            )
    if inputs.speaker_weights is not None:
        _check_shares(inputs.speaker_weights, (inputs.tokens.shape[0], speakers))


def _check_shares(weights: Tensor, shape: tuple[int, int]) -> None:
    if tuple(weights.shape) != shape:
        why = f"{tuple(weights.shape)}, need {shape}: a share per speaker"
        raise InputError("speaker weights have the wrong shape", why, "")
    fine = torch.isfinite(weights).all() & (weights >= 0).all() & ((weights.sum(1) - 1).abs() < 1e-4).all()
    if not bool(fine):
        raise InputError(
            "speaker weights must be shares of one voice", f"rows {weights.tolist()[:2]}", "not negative, each row's sum 1"
        )
