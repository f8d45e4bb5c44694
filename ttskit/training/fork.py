"""A fork: a new run that goes on from the last checkpoint of another with other settings, and leaves that one as it is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttskit.config.training import LIMITS, TrainingConfig
from ttskit.corpus.batches import Rehearsal
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.subsets import subset_facts
from ttskit.errors import MismatchError, TTSKitError, UsageError
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Trainable
from ttskit.plugins import Registry
from ttskit.runs.checkpoints import Checkpoint, choose, read_trainer, read_weights, write_checkpoint
from ttskit.runs.files import write_json, write_text
from ttskit.runs.film import FILM
from ttskit.runs.folder import RunFolder, plain_options
from ttskit.runs.frontend_files import FOLDER
from ttskit.runs.lock import RunLock
from ttskit.runs.starting import claim, clear, discard
from ttskit.training.data import rehearsal_facts
from ttskit.training.freezing import Freezing

if TYPE_CHECKING:
    from ttskit.config import Recipe

__all__ = ["fork_run"]

_ORDER = (
    "frames_per_batch",
    "max_utterances",
    "segments_per_batch",
    "accumulate",
    "alignment",
    "minutes",
)  # what batches are made of
_ANY_TOTAL = 1_000_000  # steps to ask for optimisers; only their schedules depend on it


def fork_run(
    source: RunFolder,
    path: Path,
    plugin: Plugin,
    recipe: Recipe,
    config: TrainingConfig,
    corpus: PreparedCorpus,
    rehearsal: Rehearsal | None,
    registry: Registry,
) -> None:
    """Make the run folder `path`, from which --resume goes on: weights, moments and step of `source`, settings of `recipe`.

    Where other settings make other batches, it goes on with the next epoch. What is stretched over all steps (schedules,
    `freeze_until`) follows the new settings from this step on.

    Args:
        config: the training settings of `recipe` for this model, with what the call changes.
        corpus: what the fork trains on.

    Raises:
        UsageError: `path` holds something.
        CheckpointError: `source` has no checkpoint to go on from.
        MismatchError: another model, or settings under which its weights or moments do not fit.
    """
    if source.model != plugin.name:
        raise MismatchError(
            f"{source.path} holds another model", f"{source.model!r}, not {plugin.name!r}", f"--model {source.model}"
        )
    if path.resolve() == source.path.resolve():
        raise UsageError(f"{path} cannot be forked into itself", "a fork is a run of its own", "--fork NEW_FOLDER")
    checkpoint = choose(source.checkpoints, "last", source.path)
    weights = read_weights(checkpoint, source.checkpoints)
    trainer = read_trainer(checkpoint, source.checkpoints)
    inherited = source.info["options"] if source.info.get("init_from") and plugin.kind == "acoustic model" else None
    options = recipe.options_for(plugin.name, registry, inherited)
    model = plugin.load()(options, source.context if plugin.kind == "acoustic model" else source.context.mel)
    unlike = _unlike(model, weights)
    if unlike:
        raise _unfit(source, "its weights do not fit a model of these options", unlike)
    before = source.recipe(registry)
    trainer = {**trainer, **_moved(source, model, config, before.training_for(plugin.name) if before else config, trainer)}
    claim(path)
    with RunLock(path):
        clear(path)
        try:
            _write(
                source,
                path,
                checkpoint,
                weights,
                trainer,
                recipe,
                options,
                before,
                subset_facts(corpus, config.minutes),
                rehearsal,
            )
        except (TTSKitError, OSError):
            discard(path)
            raise


def _unlike(model: Trainable, weights: Mapping[str, torch.Tensor]) -> list[str]:
    """What differs between a model's tensors and those of a checkpoint."""
    own = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    theirs = {name: tuple(value.shape) for name, value in weights.items()}
    return [
        f"{name}: {theirs.get(name)} there, {own.get(name)} now"
        for name in {**theirs, **own}
        if theirs.get(name) != own.get(name)
    ]


def _moved(
    source: RunFolder, model: Trainable, config: TrainingConfig, before: TrainingConfig, trainer: Mapping[str, Any]
) -> dict[str, Any]:
    """What of the trainer's state is otherwise in the fork: where in the data it is, and its optimisers' settings."""
    epoch, index = trainer["place"]
    if index and any(getattr(config, name) != getattr(before, name) for name in _ORDER):
        epoch, index = epoch + 1, 0
    freezing = Freezing(model, config.freeze, config.freeze_until, _ANY_TOTAL)
    plans = freezing.without_frozen(model.optimizers(_ANY_TOTAL))
    optimization = trainer["optimization"]
    moved = {}
    for name in {**plans, **optimization["optimizers"]}:
        saved = optimization["optimizers"].get(name)
        now = plans[name].optimizer.param_groups if name in plans else []
        sizes = [len(group["params"]) for group in saved["param_groups"]] if saved else []
        if sizes != [len(group["params"]) for group in now]:
            was = "as many as are trained now" if not saved else f"of {sum(sizes)} parameters"
            why = f"it has moments {was}, and {sum(len(group['params']) for group in now)} are trained now"
            raise _unfit(source, f"its optimiser {name!r} does not fit", [why])
        groups = [
            {**old, **{key: value for key, value in group.items() if key != "params"}}
            for old, group in zip(saved["param_groups"], now, strict=True)
        ]
        moved[name] = {**saved, "param_groups": groups}
    return {"place": [epoch, index], "optimization": {**optimization, "optimizers": moved}, "frozen": freezing.always}


def _write(
    source: RunFolder,
    path: Path,
    checkpoint: Checkpoint,
    weights: Mapping[str, torch.Tensor],
    trainer: Mapping[str, Any],
    recipe: Recipe,
    options: Any,
    before: Recipe | None,
    subset: Mapping[str, Any],
    rehearsal: Rehearsal | None,
) -> None:
    for folder in (FOLDER, FILM):
        if (source.path / folder).is_dir():
            shutil.copytree(source.path / folder, path / folder)
    for name in ("metrics.jsonl", "transfer.json"):
        if (source.path / name).is_file():
            shutil.copyfile(source.path / name, path / name)
    kept = {key: value for key, value in checkpoint.facts.items() if key in ("epoch", "validation_loss")}
    write_checkpoint(path / "checkpoints", checkpoint.step, weights, trainer, kept)
    if plain_options(options) != source.info["options"]:
        recipe = recipe.with_options(source.model, plain_options(options))
    write_text(path / "config.yaml", recipe.to_yaml())
    asked = recipe.training_for(source.model)
    limits = {name: getattr(asked, name) for name in LIMITS}
    same = before is not None and limits == {name: getattr(before.training_for(source.model), name) for name in LIMITS}
    steps = source.info.get("steps") if same else {name: value for name, value in limits.items() if value is not None}
    mixed = {key: value for key, value in source.info.items() if key != "rehearsal"}
    data = {key: value for key, value in (source.info.get("corpus") or {}).items() if key not in ("minutes", "subset")}
    write_json(
        path / "run.json",
        {
            **mixed,
            "options": plain_options(options),
            "corpus": {**data, **subset},
            "seed": recipe.seed,
            **({"rehearsal": rehearsal_facts(rehearsal)} if rehearsal else {}),
            "steps": steps or {},
            "forked_from": {"run": str(source.path.resolve()), "step": checkpoint.step},
        },
    )


def _unfit(source: RunFolder, why: str, lines: list[str]) -> MismatchError:
    shown = "\n".join([why, *lines[:5]]) + (f"\n… and {len(lines) - 5} more" if len(lines) > 5 else "")
    return MismatchError(
        f"{source.path} cannot be forked with these settings",
        shown,
        f"start from its weights alone: --init-from {source.path} --run NEW_FOLDER",
    )
