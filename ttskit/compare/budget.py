"""Training models under one budget, on the same data in the same order, so that they can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ttskit.config import CompareConfig, Recipe
from ttskit.errors import UsageError
from ttskit.plugins import Registry
from ttskit.training import train

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["train_models"]


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
    """Train each model into out/runs under the same budget, on the same data in the same order."""
    names = list(models) or config.models
    if data is None:
        raise UsageError("models are to be trained, and no corpus is given", f"models: {', '.join(names)}", "--data PREPARED")
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError("a comparison needs two different models", f"got {', '.join(names)}", "--models NAME,NAME")
    for name in names:
        registry.get("acoustic model", name)
    steps = config.steps if isinstance(config.steps, dict) else dict.fromkeys(names, config.steps)
    if set(steps) != set(names):
        raise UsageError(
            "steps and models do not fit",
            f"models: {', '.join(names)}; steps for: {', '.join(steps)}",
            f"--steps {','.join(f'{name}=1000' for name in names)}",
        )
    folders = []
    for name in names:
        folder = out / "runs" / name
        limit = {"steps": steps[name]} if steps[name] else {"budget_s": config.budget_s}
        resume = (folder / "run.json").is_file()
        # a run that goes on keeps the steps that its budget was turned into
        train(
            recipe,
            model=name,
            data=data,
            run=folder,
            resume=resume,
            device=device,
            registry=registry,
            console=console,
            **({} if resume and not steps[name] else limit),
        )
        folders.append(folder)
    return folders
