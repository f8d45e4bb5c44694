"""`ttskit train`: train a model on a prepared corpus."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ttskit.cli.advice import after_run, say_next
from ttskit.cli.output import echo, json_option, note, print_json, stderr_console
from ttskit.messages import translated

if TYPE_CHECKING:
    from ttskit.training.forecast import Confirm

__all__ = ["command"]


@click.command(epilog="Example: ttskit train --model fastpitch --data prepared/ana --run runs/ana")
@click.option("--model", help="Plugin to train: see ttskit plugins list.  [default: the recipe's]")
@click.option("--recipe", help="Recipe name or file.  [default: base; with --init-from finetune; on --resume the run's own]")
@click.option("--data", type=click.Path(path_type=Path), help="Prepared corpus.  [on --resume: the run's own]")
@click.option("--run", type=click.Path(path_type=Path), help="Folder to write.  [default: runs/MODEL-CORPUS]")
@click.option("--steps", type=click.IntRange(min=1), help="Steps to train.")
@click.option("--budget", help="Training time instead: 90s, 10m, 1.5h.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint, exactly as if never stopped.")
@click.option(
    "--fork",
    type=click.Path(path_type=Path),
    metavar="NEW",
    help="Go on from RUN's last checkpoint in a new run, with changes.",
)
@click.option("--init-from", type=click.Path(path_type=Path), help="Run to start from: symbols and speakers by name.")
@click.option("--speaker-from", multiple=True, metavar="[NEW=]OLD", help="Old voice that a new speaker starts from.")
@click.option("--keep-speakers", metavar="all|NAME,…", help="Old speakers to keep in the model.")
@click.option("--rehearse", type=click.Path(path_type=Path), help="Prepared corpus of old voices to mix in.")
@click.option("--freeze", multiple=True, metavar="PATTERN", help="Parameters that stay as they are: 'encoder.*'.")
@click.option(
    "--from-acoustic", type=click.Path(path_type=Path), metavar="RUN", help="Fit a vocoder to the mels of this acoustic run."
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a recipe value: training.log_every=5.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
@click.option(
    "--tensorboard/--no-tensorboard", default=None, help="Curves, pictures, sounds in RUN/tensorboard.  [default: if installed]"
)
@click.option("--yes", is_flag=True, help="Start without asking, however long it takes.")
@json_option
def command(
    model: str | None,
    recipe: str | None,
    data: Path | None,
    run: Path | None,
    steps: int | None,
    budget: str | None,
    resume: bool,
    fork: Path | None,
    init_from: Path | None,
    speaker_from: tuple[str, ...],
    keep_speakers: str | None,
    rehearse: Path | None,
    freeze: tuple[str, ...],
    from_acoustic: Path | None,
    overrides: tuple[str, ...],
    device: str,
    threads: int | None,
    tensorboard: bool | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Train a model on a prepared corpus.

    Ctrl-C saves and stops; --resume goes on. With several processes, the -- keeps torchrun from reading --run as an
    option of its own.

    \b
      ttskit train --recipe small --data prepared/ana --run runs/ana --budget 10m
      ttskit train --resume --run runs/ana
      ttskit train --run runs/ana --fork runs/b --set training.max_utterances=16
      ttskit train --init-from runs/nemo --data prepared/ana --speaker-from OLD
      ttskit train --model hifigan --from-acoustic runs/ana --data prepared/ana
      torchrun --nproc-per-node 2 -m -- ttskit train --data prepared/ana
    """
    from ttskit.config import load_recipe
    from ttskit.errors import UsageError
    from ttskit.plugins import create_registry
    from ttskit.runs.folder import RunFolder
    from ttskit.training import TrainingStopped, train

    registry = create_registry()
    first = os.environ.get("RANK", "0") == "0"  # torchrun's other processes are silent
    if resume or fork is not None:
        if run is None:
            flag = "resume" if fork is None else "fork"
            raise UsageError(f"--{flag} needs the run", "", f"ttskit train --{flag}{' NEW' if fork else ''} --run RUN")
        before = RunFolder.open(run)
        recipe = recipe or str(run)
        model = model or before.model
        data = data or Path((before.info.get("corpus") or {}).get("folder", ""))
    if data is None:
        raise UsageError("which corpus?", "--data is missing", "--data PREPARED (made by ttskit prepare)")
    if init_from is None and not resume and fork is None and (speaker_from or keep_speakers):
        raise UsageError(
            "there are no old speakers", "--speaker-from and --keep-speakers need a run to start from", "--init-from RUN"
        )
    named = model or (RunFolder.open(init_from).model if init_from is not None and recipe is None else None)
    fine = init_from is not None and named in registry.all("acoustic model")
    loaded = load_recipe(recipe or ("finetune" if fine else "base"), overrides, registry=registry)
    model = model or named or loaded.model
    asked = _asked(speaker_from, keep_speakers, rehearse, freeze)
    asked |= {} if tensorboard is None else {"tensorboard": tensorboard}
    loaded = loaded.with_training(model, asked) if asked else loaded
    run = run or Path("runs") / f"{model}-{data.resolve().name}"
    try:
        folder = train(
            loaded,
            model=model,
            data=data,
            run=run,
            resume=resume,
            fork=fork,
            steps=steps,
            budget_s=budget,
            init_from=init_from,
            from_acoustic=from_acoustic,
            device=device,
            threads=threads,
            registry=registry,
            console=stderr_console(),
            confirm=None if yes or resume or budget else _asking(),
        )
    except TrainingStopped as stopped:
        if first:
            note(f"stopped at step {stopped.step}; everything is saved in {stopped.run.path}")
            note(f"  go on with: ttskit train --resume --run {stopped.run.path}")
        raise click.exceptions.Exit(1) from None
    if not first:
        return
    if folder.info.get("from_acoustic"):
        from ttskit.measure.fit import report_fit

        report_fit(folder, data, device=device, registry=registry, console=stderr_console())
    if as_json:
        print_json(_summary(folder))
    else:
        echo(str(folder.path))
        say_next(*after_run(folder, run, from_acoustic or (folder.info.get("from_acoustic") or {}).get("run")))


def _asking() -> Confirm | None:
    """Who is asked whether a training of many hours shall start: the person at the terminal; nobody where there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return None
    return lambda forecast: click.confirm(translated("Start all the same?"), default=False, err=True)


def _asked(speaker_from: tuple[str, ...], keep_speakers: str | None, rehearse: Path | None, freeze: tuple[str, ...]) -> dict:
    """What the flags say, as differences in the training section."""
    from ttskit.errors import UsageError

    transfer: dict = {}
    if speaker_from:
        named = [text.partition("=") for text in speaker_from]
        plain = [text for text in speaker_from if "=" not in text]
        if plain and len(speaker_from) > 1:
            raise UsageError(
                "--speaker-from OLD is for all new speakers",
                f"given: {', '.join(speaker_from)}",
                "name each: --speaker-from NEW=OLD --speaker-from OTHER=OLD",
            )
        transfer["speaker_from"] = plain[0] if plain else {new.strip(): old.strip() for new, _, old in named}
    if keep_speakers:
        names = [name.strip() for name in keep_speakers.split(",") if name.strip()]
        transfer["keep_speakers"] = names[0] if names in (["all"], ["auto"]) else names
    return {
        **({"transfer": transfer} if transfer else {}),
        **({"rehearsal": {"data": str(rehearse)}} if rehearse else {}),
        **({"freeze": list(freeze)} if freeze else {}),
    }


def _summary(folder) -> dict:
    from ttskit.reading import read_json

    best = [c for c in folder.checkpoints if c.validation_loss is not None]
    best = min(best, key=lambda c: (c.validation_loss, c.step), default=None)
    fit = folder.path / "fit" / "figures.json"
    train_rows = folder.metrics("train")
    return {
        "run": folder.path,
        "model": folder.model,
        "steps": folder.total_steps,
        "checkpoints": [c.step for c in folder.checkpoints],
        "best": None if best is None else {"step": best.step, "validation_loss": best.validation_loss},
        "last": train_rows[-1] if train_rows else None,
        **({"fit": read_json(fit)} if fit.is_file() else {}),
    }
