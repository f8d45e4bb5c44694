"""Training systems under one budget, on the same data in the same order, so that they can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.compare.entries import SystemEntry, entries_of
from ttskit.config import CompareConfig, Recipe
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import UsageError
from ttskit.plugins import Registry
from ttskit.runs.folder import RunFolder
from ttskit.training import train
from ttskit.training.data import batches_for
from ttskit.training.exposure import steps_for

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["seeds_of", "train_models"]


def train_models(
    config: CompareConfig,
    models: Sequence[str],
    data: Path | str | None,
    recipe: Recipe,
    out: Path,
    device: str,
    registry: Registry,
    console: Console | None,
) -> list[Path]:
    """Train each system into out/runs under the same budget, on the same data in the same order.

    A run is named by its system's label, and by its seed where there are `train_seeds`: these are the same for all systems. Of
    a budget in seconds the first training of a system measures the steps; the others
    of it train as many.

    Raises:
        UsageError, ConfigError, MismatchError: what is asked for cannot be trained or compared.
    """
    names = list(models) or config.models
    if data is None:
        raise UsageError("models are to be trained, and no corpus is given", f"models: {', '.join(names)}", "--data PREPARED")
    entries = entries_of(names, recipe, registry)
    labels = [entry.label for entry in entries]
    given = config.steps if isinstance(config.steps, dict) else dict.fromkeys(labels, config.steps)
    if set(given) != set(labels):
        raise UsageError(
            "steps and models do not fit",
            f"models: {', '.join(labels)}; steps for: {', '.join(given)}",
            f"--steps {','.join(f'{label}=1000' for label in labels)}",
        )
    seeds = seeds_of(config.train_seeds, recipe)
    folders = []
    for entry in entries:
        steps = given[entry.label]
        if config.utterances is not None:
            steps = _steps_of(entry, config.utterances, data, registry, seeds)
        each: list[int | None] = [*seeds] or [None]
        for seed in each:
            folder = out / "runs" / (entry.label if seed is None else f"{entry.label}-{seed}")
            own = entry.recipe if seed is None else entry.recipe.model_copy(update={"seed": seed})
            resume = (folder / "run.json").is_file()
            limit: dict[str, Any] = {"steps": steps} if steps else {"budget_s": config.budget_s}
            # a run that goes on keeps the steps that its budget was turned into
            train(
                own,
                model=entry.model,
                data=data,
                run=folder,
                resume=resume,
                device=device,
                registry=registry,
                console=console,
                **({} if resume and not steps else limit),
            )
            folders.append(folder)
            if not steps and seeds and seed != seeds[-1]:  # a budget is measured once: runs of one system are of equal length
                steps = RunFolder.open(folder).total_steps
    return folders


def seeds_of(asked: int | Sequence[int] | None, recipe: Recipe) -> list[int]:
    """The seeds of training: so many from the recipe's own on, or those that are named; none where nothing is asked.

    Raises:
        UsageError: a seed is named twice.
    """
    if asked is None:
        return []
    seeds = [recipe.seed + i for i in range(asked)] if isinstance(asked, int) else list(asked)
    if len(set(seeds)) < len(seeds) or not seeds:
        why = f"got {', '.join(map(str, seeds)) or 'none'}"
        raise UsageError("the seeds of training must be different", why, "--train-seeds 3, or --train-seeds 1,2,3")
    return seeds


def _steps_of(entry: SystemEntry, utterances: int, data: Path | str, registry: Registry, seeds: Sequence[int]) -> int:
    """Steps after which a training of this system has read so many utterances."""
    corpus = PreparedCorpus.open(data)
    plugin = registry.get("acoustic model", entry.model)
    model = plugin.load()(entry.recipe.options_for(entry.model, registry), corpus.context())
    seed = seeds[0] if seeds else entry.recipe.seed
    training = entry.recipe.training_for(entry.model)
    return steps_for(batches_for(model, corpus, "train", training, seed, 0, 1), utterances)
