"""`ttskit compare`: two or more voices on one page."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import json_option, note, print_json, print_table, stderr_console
from ttskit.cli.own_stdout import aside

__all__ = ["command"]


@click.command(epilog="Example: ttskit compare runs/t2-ana runs/fp-ana -o comparison")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Prepared corpus.  [default: the one the first run knows]")
@click.option("--models", help="Train these first: model names, recipes, RECIPE:MODEL, LABEL=RECIPE; with commas.")
@click.option("--train-seeds", help="Trainings of each, or their seeds: 3, or 1,2,3. Two or more speak of models.")
@click.option("--utterances", type=click.IntRange(min=1), help="Equal budget: utterances that each training reads.")
@click.option("--budget", help="Training time of each instead: 90s, 10m, 2h.")
@click.option("--steps", help="Training steps instead: 3000, or NAME=800,NAME=1200.")
@click.option("--recipe", help="Recipe for training and for the comparison's settings.  [default: the first run's, or base]")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder of the page.")
@click.option("--vocoder", help="Vocoder of all voices: plugin name or run folder.  [default: the recipe's]")
@click.option("--limit", type=click.IntRange(min=1), help="Speak only so many test sentences, and so many hard ones.")
@click.option("--hard/--no-hard", default=None, help="Speak the hard sentences as well, or not.")
@click.option("--hard-file", type=click.Path(exists=True, dir_okay=False), help="Your own hard sentences, one a line.")
@click.option("--seeds", help="Seeds of synthesis: 0,1,2")
@click.option("--checkpoint", default="last", show_default=True, help="last, best or a step, of each run.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 …")
@json_option
def command(
    runs: tuple[Path, ...],
    data: Path | None,
    models: str | None,
    train_seeds: str | None,
    utterances: int | None,
    budget: str | None,
    steps: str | None,
    recipe: str | None,
    out: Path,
    vocoder: str | None,
    limit: int | None,
    hard: bool | None,
    hard_file: str | None,
    seeds: str | None,
    checkpoint: str,
    device: str,
    as_json: bool,
) -> None:
    """Compare voices: quality, robustness, speed and training on one page that opens from disk.

    \b
      ttskit compare runs/t2-ana runs/fp-ana -o comparison
      ttskit compare --models tacotron2,fastpitch --data D --train-seeds 3 -o page
    """
    if runs and (models or budget or steps or utterances or train_seeds):
        raise click.UsageError("give RUNs to compare, or --models to train, not both")
    if sum(1 for limit in (budget, steps, utterances) if limit) > 1:
        raise click.UsageError("give one of --utterances, --budget and --steps, not both")
    settings = {"limit": limit, "hard_limit": limit, "hard_file": hard_file}
    from ttskit.compare import compare

    with aside():
        results = compare(
            list(runs),
            data=data,
            recipe=recipe,
            models=_names(models),
            budget_s=_seconds(budget),
            steps=_steps(steps),
            utterances=utterances,
            train_seeds=_train_seeds(train_seeds),
            out=out,
            vocoder=vocoder,
            hard=hard,
            seeds=_numbers(seeds, "--seeds"),
            device=device,
            checkpoint=int(checkpoint) if checkpoint.isdecimal() else checkpoint,
            console=stderr_console(),
            **{k: v for k, v in settings.items() if v is not None},
        )
    if as_json:
        print_json(
            {
                "page": str(results.page),
                **{k: results.content[k] for k in ("answer", "systems", "runs", "comparability", "summary")},
            }
        )
        return
    print_table(*results.table())
    if budget:
        reached = ",".join(f"{system['label']}={system['step']}" for system in results.content["systems"])
        note(f"The same trainings bit for bit, in another folder: --steps {reached} instead of --budget")
    note(f"Open {results.page}")


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _seconds(text: str | None) -> float | None:
    from ttskit.config.training import parse_seconds

    if text is None:
        return None
    try:
        return parse_seconds(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--budget") from error


def _steps(text: str | None) -> int | dict[str, int] | None:
    if text is None:
        return None
    try:
        pairs = [part.partition("=") for part in _names(text)]
        steps = {name.strip(): int(number) for name, _, number in pairs} if "=" in text else int(text)
    except ValueError as error:
        message = f"{text!r} is neither a whole number nor MODEL=STEPS,MODEL=STEPS"
        raise click.BadParameter(message, param_hint="--steps") from error
    if min(steps.values() if isinstance(steps, dict) else [steps]) < 1:
        raise click.BadParameter("1 or more", param_hint="--steps")
    return steps


def _train_seeds(text: str | None) -> int | list[int] | None:
    """How many, or which."""
    numbers = _numbers(text, "--train-seeds")
    if numbers and (min(numbers) < 0 or numbers == [0]):
        raise click.BadParameter("a number of trainings from 1 on, or seeds like 1,2,3", param_hint="--train-seeds")
    return numbers if numbers is None or "," in (text or "") else numbers[0]


def _numbers(text: str | None, option: str) -> list[int] | None:
    try:
        return [int(number) for number in _names(text)] or None
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a list of whole numbers like 0,1,2", param_hint=option) from error
