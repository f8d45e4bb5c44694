"""`ttskit train`: train a model on a prepared corpus."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from ttskit.cli.output import json_option, note, print_json, stderr_console


@click.command(epilog="Example: ttskit train --model fastpitch --data prepared/ana --run runs/ana")
@click.option("--model", help="Plugin to train: fastpitch, tacotron2, hifigan …  [default: the recipe's]")
@click.option("--recipe", help="Recipe name or file.  [default: base; on --resume the run's own]")
@click.option("--data", type=click.Path(path_type=Path), help="Prepared corpus.  [on --resume: the run's own]")
@click.option("--run", type=click.Path(path_type=Path), help="Folder to write.  [default: runs/MODEL-CORPUS]")
@click.option("--steps", type=click.IntRange(min=1), help="Steps to train.")
@click.option("--budget", help="Training time instead: 90s, 10m, 1.5h.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint, exactly as if never stopped.")
@click.option("--init-from", type=click.Path(path_type=Path), help="Run whose parameters are the start.")
@click.option("--from-acoustic", type=click.Path(path_type=Path), metavar="RUN",
              help="Fit a vocoder to the mels of this acoustic run.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a recipe value: training.log_every=5.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
@json_option
def command(model: str | None, recipe: str | None, data: Path | None, run: Path | None, steps: int | None, budget: str | None,
            resume: bool, init_from: Path | None, from_acoustic: Path | None, overrides: tuple[str, ...], device: str,
            threads: int | None, as_json: bool) -> None:
    """Train a model on a prepared corpus.

    Ctrl-C saves and stops; --resume goes on. Several processes: torchrun --nproc-per-node 2 -m -- ttskit train …
    (the -- keeps torchrun from reading --run as an option of its own).

    \b
      ttskit train --model fastpitch --data prepared/ana --run runs/ana --budget 10m
      ttskit train --resume --run runs/ana
      ttskit train --model hifigan --from-acoustic runs/ana --data prepared/ana --init-from runs/hifigan
    """
    from ttskit.config import load_recipe
    from ttskit.errors import UsageError
    from ttskit.plugins import create_registry
    from ttskit.training.loop import TrainingStopped, train
    from ttskit.training.run import RunFolder

    registry = create_registry()
    first = os.environ.get("RANK", "0") == "0"  # torchrun's other processes are silent
    if resume:
        if run is None:
            raise UsageError("--resume needs the run", "", "ttskit train --resume --run RUN")
        before = RunFolder.open(run)
        recipe = recipe or str(run)
        model = model or before.model
        data = data or Path((before.info.get("corpus") or {}).get("folder", ""))
    if data is None:
        raise UsageError("which corpus?", "--data is missing", "--data PREPARED (made by ttskit prepare)")
    loaded = load_recipe(recipe or "base", overrides, registry=registry)
    model = model or loaded.model
    run = run or Path("runs") / f"{model}-{data.resolve().name}"
    try:
        folder = train(loaded, model=model, data=data, run=run, resume=resume, steps=steps, budget_s=budget,
                       init_from=init_from, from_acoustic=from_acoustic, device=device, threads=threads, registry=registry,
                       console=stderr_console())
    except TrainingStopped as stopped:
        if first:
            note(f"stopped at step {stopped.step}; everything is saved in {stopped.run.path}")
            note(f"  go on with: ttskit train --resume --run {stopped.run.path}")
        raise click.exceptions.Exit(1) from None
    if not first:
        return
    if as_json:
        print_json(_summary(folder))
    else:
        click.echo(str(folder.path))


def _summary(folder) -> dict:
    best = [c for c in folder.checkpoints if c.validation_loss is not None]
    best = min(best, key=lambda c: (c.validation_loss, c.step), default=None)
    fit = folder.path / "fit" / "figures.json"
    train_rows = folder.metrics("train")
    return {
        "run": folder.path, "model": folder.model, "steps": folder.total_steps,
        "checkpoints": [c.step for c in folder.checkpoints],
        "best": None if best is None else {"step": best.step, "validation_loss": best.validation_loss},
        "last": train_rows[-1] if train_rows else None,
        **({"fit": json.loads(fit.read_text(encoding="utf-8"))} if fit.is_file() else {}),
    }
