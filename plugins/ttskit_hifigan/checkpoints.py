"""Public HiFi-GAN checkpoints: one set of tensor names out of the layouts that are about.

Known layouts: the authors' `g_*` and `do_*` (flat block numbers), NVIDIA DeepLearningExamples (blocks
numbered by stage and kernel), NeMo (the same, generator and discriminators under prefixes). Weight
norm may be torch's old or new form or folded already; spectral norm old or new.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ttskit.errors import CheckpointError, ConfigError
from ttskit.importing import plain_name
from ttskit.nn import split_weight
from ttskit.reading import as_type
from ttskit_hifigan.config import GeneratorSize, HifiganOptions

_WRAPPERS = ("module.", "model.", "generator.")
_PARTS = ("conv_pre.", "ups.", "resblocks.", "conv_post.")
_NESTED = re.compile(r"resblocks\.(\d+)\.(\d+)\.(convs\w*)\.")
# New spellings of torch's normalisations → the old ones, which are ours.
_RENAMED = {
    ".parametrizations.weight.original0": ".weight_g",
    ".parametrizations.weight.original1": ".weight_v",
    ".parametrizations.weight.original": ".weight_orig",
    ".parametrizations.weight.0._u": ".weight_u",
    ".parametrizations.weight.0._v": ".weight_v",
}


def read_checkpoint(path: str | Path) -> Mapping[str, Any]:
    """The content of a `g_*`, `do_*` or DeepLearningExamples file; no code in it is run.

    Raises:
        CheckpointError: missing, damaged, or holding more than tensors and plain values.
    """
    path = Path(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"no checkpoint at {path}", "", "check the path") from None
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError, OSError) as error:
        raise CheckpointError(f"cannot read {path.name}", str(error).splitlines()[0][:200], "download it again") from error
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path.name} is not a HiFi-GAN checkpoint", f"it holds a {type(content).__name__}", "")
    return content


def generator_state(content: Mapping[str, Any], average: bool = False) -> dict[str, Tensor]:
    """The state dict of `model.Generator` from a checkpoint's content or from a bare state dict.

    Args:
        content: what `read_checkpoint` gives, or a state dict in any known layout.
        average: take DeepLearningExamples' averaged generator, where there is one.
    """
    state: Any = content
    if average and isinstance(content.get("gen_ema"), Mapping):
        state = content["gen_ema"]
    elif isinstance(content.get("generator"), Mapping):
        state = content["generator"]
    names = {_unwrapped(name): value for name, value in state.items() if isinstance(name, str) and isinstance(value, Tensor)}
    names = {name: value for name, value in names.items() if name.startswith(_PARTS)}
    kernels = 1 + max((int(m[2]) for m in map(_NESTED.match, names) if m), default=-1)
    flat = {
        _NESTED.sub(lambda m: f"resblocks.{int(m[1]) * kernels + int(m[2])}.{m[3]}.", name): value
        for name, value in names.items()
    }
    if "conv_pre.bias" not in flat:
        raise CheckpointError("no HiFi-GAN generator in this checkpoint", f"keys: {', '.join(list(content)[:6])}", "")
    return _normalised(flat)


def discriminator_state(content: Mapping[str, Any], which: str) -> dict[str, Tensor]:
    """The state dict of a discriminator from a `do_*` file's content or NeMo's state dict.

    Args:
        content: {"mpd": state dict, "msd": state dict, …}, or names with these prefixes.
        which: "mpd" or "msd".
    """
    if isinstance(content.get(which), Mapping):
        names = {plain_name(name): value for name, value in content[which].items()}
    else:
        names = {name.removeprefix(f"{which}."): value for name, value in content.items() if name.startswith(f"{which}.")}
    if not names:
        raise CheckpointError(f"no {which} in this checkpoint", f"keys: {', '.join(list(content)[:6])}", "start it afresh")
    return _normalised(names)


def options_from_config(config: Mapping[str, Any]) -> HifiganOptions:
    """Options from the authors' config.json, DeepLearningExamples' `config`, or NeMo's model config.

    Raises:
        ConfigError: a dimension is missing or does not fit the others.
    """
    model = config["generator"] if isinstance(config.get("generator"), Mapping) else config
    names = tuple(GeneratorSize.__dataclass_fields__)
    missing = [name for name in names if name not in model]
    if missing:
        raise ConfigError("no HiFi-GAN configuration", f"missing: {', '.join(missing)}", "give the checkpoint's config.json")
    try:
        kind = int(model["resblock"]) if model["resblock"] in ("1", "2") else model["resblock"]  # the authors write text
        return as_type(HifiganOptions, {**{name: model[name] for name in names}, "resblock": kind})
    except ValueError as error:
        raise ConfigError("HiFi-GAN configuration does not fit", str(error), "give the checkpoint's config.json") from error


def load_state(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load with every name and shape equal; `CheckpointError` lists what differs."""
    wanted = module.state_dict()
    problems = [f"missing: {name}" for name in wanted if name not in state]
    problems += [f"not known: {name}" for name in state if name not in wanted]
    problems += [
        f"{name}: {tuple(state[name].shape)} in the file, {tuple(value.shape)} in the model"
        for name, value in wanted.items()
        if name in state and state[name].shape != value.shape
    ]
    if problems:
        shown = "\n".join(problems[:8]) + (f"\n… and {len(problems) - 8} more" if len(problems) > 8 else "")
        raise CheckpointError("checkpoint does not fit the model", shown, "build it from the checkpoint's own configuration")
    module.load_state_dict(state)


def _unwrapped(name: str) -> str:
    name = name.replace("_orig_mod.", "")  # torch.compile's, of the whole or of a part
    while True:
        for wrapper in _WRAPPERS:
            if name.startswith(wrapper):
                name = name.removeprefix(wrapper)
                break
        else:
            return name


def _normalised(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    result: dict[str, Tensor] = {}
    for name, value in state.items():
        for new, old in _RENAMED.items():
            if name.endswith(new):
                name = name.removesuffix(new) + old
                break
        if name.endswith(".weight"):  # folded: its own norm is the gain
            stem = name.removesuffix(".weight")
            result[f"{stem}.weight_g"], result[f"{stem}.weight_v"] = split_weight(value)
        else:
            result[name] = value
    return result
