"""train(): an acoustic model or a vocoder of a plugin, on a prepared corpus, into a run folder."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttskit.config import load_recipe
from ttskit.config.training import LIMITS, TrainingConfig, TransferConfig, parse_seconds
from ttskit.corpus.batches import Rehearsal
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.subsets import minutes_of, utterances_of
from ttskit.errors import CheckpointError, CorpusError, MismatchError, UsageError
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Trainable
from ttskit.plugins import Registry, create_registry
from ttskit.runs.folder import RunFolder, find_model, plain_options
from ttskit.runs.lock import RunLock
from ttskit.runs.starting import discard, finish_start
from ttskit.training.data import batches_for
from ttskit.training.filming import film_of
from ttskit.training.fit import acoustic_facts, fitting_mels, require_vocoder
from ttskit.training.forecast import (
    SHORT_STEPS,
    Confirm,
    TrainingDeclined,
    forecast,
    forecast_lines,
    suggestions,
)
from ttskit.training.fork import fork_run
from ttskit.training.loop import Training, TrainingStopped
from ttskit.training.lost import naming_lost
from ttskit.training.processes import processes
from ttskit.training.start import (
    StartingRun,
    inherit,
    open_corpus,
    open_or_create,
    open_rehearsal,
    with_options_of,
)
from ttskit.training.task import Note, Task, Workshop, workshop
from ttskit.training.transfer import target_context
from ttskit.training.validation import SpeechValidator

if TYPE_CHECKING:
    from rich.console import Console

    from ttskit.config import Recipe

__all__ = ["DEFAULT_STEPS", "LEAST_STEPS", "SMALLER", "train"]

DEFAULT_STEPS = 10_000
SMALLER = ("small", "telephone-small")  # shipped recipes that fit a laptop
LEAST_STEPS = 200  # of a training whose steps are counted by minutes of speech


def train(
    recipe: Recipe,
    *,
    model: str,
    data: str | Path | PreparedCorpus,
    run: str | Path,
    resume: bool = False,
    fork: str | Path | None = None,
    steps: int | None = None,
    budget_s: float | str | None = None,
    init_from: str | Path | None = None,
    from_acoustic: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    registry: Registry | None = None,
    console: Console | None = None,
    confirm: Confirm | None = None,
) -> RunFolder:
    """Train a model on a prepared corpus into a run folder; the same call under torchrun trains on several processes.

    Args:
        recipe: options and training section.
        model: plugin name of an acoustic model or a trainable vocoder.
        data: prepared corpus.
        run: folder to write; must be new unless `resume`.
        resume: go on from the last checkpoint (from the start if there is none yet), exactly as if never stopped.
        fork: a new folder: `run` stays as it is, and a new run there goes on from its last checkpoint with what the recipe
            changes (see `ttskit.training.fork`).
        steps, budget_s: instead of what the recipe says. On resuming, another number of steps stretches the schedules.
        init_from: run to start from. An acoustic model has that run's options, on which the recipe's are laid, and its
            symbols and speakers are carried over by name (`ttskit.training.transfer`; the plan stays in transfer.json).
        from_acoustic: for a vocoder: run of an acoustic model whose teacher-forced mels it is fitted to. Figures from before
            and after are made by `ttskit.measure.fit.report_fit`, which the command calls in the end.
        device, threads: instead of what the recipe says ("auto": what it says).
        console: where progress goes; None for silence. What a new training is going to cost is told first (`forecast`).
        confirm: asked before a new training of many hours starts; None to start it anyway. A budget is a limit: not asked.

    Raises:
        UsageError, ConfigError: the call or recipe is wrong.
        CorpusError, CheckpointError, MismatchError: data, run or `init_from` cannot be used.
        TrainingError: losses stay non-finite, the disk is full, or the attention will not align (saved); checkpoints stay.
        TrainingStopped: Ctrl-C, after saving.
        TrainingDeclined: `confirm` said no.
    """
    registry = registry or create_registry()
    plugin = find_model(model, registry)
    config = _config(recipe.training_for(model), steps, budget_s, device, threads)
    if from_acoustic is not None:
        require_vocoder(plugin, resume or fork is not None, registry)
    if (resume or fork is not None) and init_from is not None:
        raise UsageError(
            f"--{'resume' if fork is None else 'fork'} and --init-from cannot be given together",
            "a resumed run goes on from its own checkpoint",
            "give one of them",
        )
    acoustic = plugin.kind == "acoustic model"
    if not acoustic and (config.rehearsal is not None or config.transfer != TransferConfig()):
        raise UsageError(
            f"{model!r} does not distinguish speakers",
            "training.rehearsal and training.transfer are for acoustic models",
            "leave them out",
        )
    recipe.options_for(model, registry)  # what the recipe itself says must be right, whatever it is laid over
    corpus = data if isinstance(data, PreparedCorpus) else open_corpus(data)
    if fork is not None:
        source = RunFolder.open(run)
        mixed = open_rehearsal(config.rehearsal, corpus, (source.info.get("rehearsal") or {}).get("folder"))
        with processes(config.device) as group:
            group.by_first(lambda: fork_run(source, Path(fork), plugin, recipe, config, corpus, mixed, registry))
            return train(  # in this group of processes: torch cannot leave one and join it again
                recipe,
                model=model,
                data=corpus,
                run=fork,
                resume=True,
                steps=steps,
                budget_s=budget_s,
                device=device,
                threads=threads,
                registry=registry,
                console=console,
            )
    before = RunFolder.open(run).info if resume else {}
    asked = steps is not None or budget_s is not None
    if not asked and "total" not in (limit := before.get("steps") or {}) and limit:  # stopped before its steps were counted
        config = config.model_copy(update={**dict.fromkeys(LIMITS), **{k: limit[k] for k in LIMITS if k in limit}})
    rehearsal = open_rehearsal(config.rehearsal, corpus, (before.get("rehearsal") or {}).get("folder"))
    origin = None
    if init_from is not None:
        origin = StartingRun.of(init_from, plugin, corpus.mel)
    elif before.get("init_from") and not RunFolder.open(run).checkpoints:  # killed before its first checkpoint
        origin = StartingRun.of(before["init_from"], plugin, corpus.mel, before.get("init_from_step"))
    inherited = origin.options if origin else before["options"] if before.get("init_from") else None
    if inherited is not None and acoustic:
        recipe = recipe.with_options(model, plain_options(recipe.options_for(model, registry, inherited)))
    elif init_from is not None:
        recipe = with_options_of(recipe, plugin, Path(init_from))
    options = recipe.options_for(model, registry)
    context = None if resume else target_context(corpus, origin.run.context if origin else None, config.transfer, rehearsal)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    mels_of = acoustic_facts(from_acoustic, registry)
    with workshop(config, registry, console) as shop, ExitStack() as held:
        folder = open_or_create(
            Path(run),
            resume,
            plugin,
            options,
            recipe,
            corpus,
            context,
            rehearsal,
            shop.group,
            registry,
            hold=lambda path: held.enter_context(RunLock(path, shop.note)),
            steps=_limit(config),
            **(origin.facts if origin else {}),
            **mels_of,
        )
        held.enter_context(naming_lost(shop.group.members, shop.group.rank, folder))
        try:
            try:
                mels = fitting_mels(corpus, folder, shop.group, registry, console, shop.stop)
            except KeyboardInterrupt:
                shop.group.by_first(lambda: finish_start(folder.path))
                raise TrainingStopped(folder, folder.checkpoints[-1].step if folder.checkpoints else 0) from None
            known = folder.info["steps"] if resume and not asked and folder.total_steps else None
            task = Task(
                plugin.name,
                folder,
                config,
                recipe.seed,
                build=lambda: plugin.load()(options, folder.context if acoustic else folder.context.mel),
                batches=lambda made, rank, world: batches_for(
                    made, corpus, "train", config, recipe.seed, rank, world, mels, rehearsal
                ),
                validator=lambda made, total, shop, note: SpeechValidator(
                    corpus, made, plugin, folder, recipe, config, total, shop, note, mels
                ),
                film=lambda made, shop, note: film_of(made, corpus, folder, config, recipe.seed, shop, note),
                start_from=lambda made: _start_from(made, origin, folder, corpus, config, rehearsal, shop, registry),
                steps=known or _counted_steps(config, corpus, shop.note),
                settings=recipe.model_dump(mode="json"),
            )
            training = Training(task, shop)
            training.prepare(resume)
            shop.group.by_first(lambda: finish_start(folder.path))
            told = console is not None  # the same in all processes
            training.run(partial(_look_ahead, training, plugin, corpus, registry, confirm) if told else lambda: None)
        except (UsageError, MismatchError, CheckpointError, CorpusError, TrainingDeclined):
            begun = (folder.path / "metrics.jsonl").exists() or folder.checkpoints
            if not begun and not resume and shop.group.first:  # so that the mended command finds no run
                discard(folder.path)
            raise
    return folder


def _look_ahead(
    training: Training,
    plugin: Plugin,
    corpus: PreparedCorpus,
    registry: Registry,
    confirm: Confirm | None,
) -> None:
    """Say what the training is going to cost; where that is long, what would be sensible, and ask."""
    shop, resumed = training.workshop, training.step > 0
    if training.total - training.step <= SHORT_STEPS or (training.config.budget_s is not None and not resumed):
        return  # a budget has been timed already
    if not resumed:
        shop.note("timing a few steps …")
    whole = forecast(training)
    if resumed or not whole.long:
        shop.note(whole.line())
        return
    fitting = SMALLER if training.folder.info.get("init_from") is None else ()  # what starts from a run has that run's size
    others = {name: partial(_by_recipe, name, training, plugin, corpus, registry) for name in fitting}
    for line in forecast_lines(whole, suggestions(whole, others, shop.group.device)):
        shop.note(line)
    if confirm is None:
        return
    try:
        with shop.stop.at_once():
            agreed = confirm(whole)
    except KeyboardInterrupt:
        agreed = False
    if not agreed:
        raise TrainingDeclined(
            "not started", "nothing was written", "what is sensible here stands above; --yes starts without asking"
        )


def _by_recipe(name: str, training: Training, plugin: Plugin, corpus: PreparedCorpus, registry: Registry) -> Training:
    """The same model on the same corpus by a shipped recipe, prepared only so far that it can be timed."""
    recipe = load_recipe(name, registry=registry)
    config = recipe.training_for(plugin.name)
    options, context = recipe.options_for(plugin.name, registry), training.folder.context
    task = replace(
        training.task,
        config=config,
        build=lambda: plugin.load()(options, context if plugin.kind == "acoustic model" else context.mel),
        batches=lambda made, rank, world: batches_for(made, corpus, "train", config, recipe.seed, rank, world),
    )
    other = Training(task, training.workshop)
    other.model, other.total = task.build(), config.steps or DEFAULT_STEPS
    return other


def _start_from(
    model: Trainable,
    origin: StartingRun | None,
    folder: RunFolder,
    corpus: PreparedCorpus,
    config: TrainingConfig,
    rehearsal: Rehearsal | None,
    shop: Workshop,
    registry: Registry,
) -> list[str] | None:
    """Parameters of another run, if the run starts from one; the names of those that stay as they are."""
    if origin is None:
        return (folder.info.get("fresh") or []) if folder.info.get("init_from") is not None else None
    # on resuming too, if the run was killed before its first checkpoint
    said, fresh = inherit(model, origin, folder, corpus, config, rehearsal, shop.group.first, registry)
    shop.note(said)
    if shop.group.first:
        folder.update(**origin.facts, fresh=fresh)
    return fresh


def _counted_steps(config: TrainingConfig, corpus: PreparedCorpus, note: Note) -> dict[str, Any]:
    """Facts for run.json with the number of steps; {} where a budget is to be turned into one."""
    if config.budget_s is not None:
        return {}
    if config.steps_per_minute is None:
        return {"total": config.steps or DEFAULT_STEPS}
    minutes, rate = minutes_of(corpus, utterances_of(corpus, "train", config.minutes)), config.steps_per_minute
    total = max(LEAST_STEPS, round(minutes * rate))
    note(f"{minutes:.1f} minutes of training speech at {rate:g} steps a minute: {total} steps")
    return {"total": total, "minutes": round(minutes, 3), "steps_per_minute": rate}


def _config(
    config: TrainingConfig, steps: int | None, budget_s: float | str | None, device: str, threads: int | None
) -> TrainingConfig:
    changes: dict[str, Any] = {}
    if steps is not None and budget_s is not None:
        raise UsageError("--steps and --budget cannot be given together", f"steps {steps}, budget {budget_s}", "give one")
    if steps is not None:
        if steps < 1:
            raise UsageError(f"cannot train {steps} steps", "", "--steps 1 or more")
        changes |= {**dict.fromkeys(LIMITS), "steps": steps}
    if budget_s is not None:
        try:
            changes |= {**dict.fromkeys(LIMITS), "budget_s": parse_seconds(budget_s)}
        except ValueError as error:
            raise UsageError("the budget is not a time", str(error), "--budget 10m") from error
    if device != "auto":
        changes["device"] = device
    if threads is not None:
        changes["threads"] = threads
    return config.model_copy(update=changes)


def _limit(config: TrainingConfig) -> dict[str, Any]:
    """How long a new run was asked to train, for run.json until its steps are counted."""
    return {name: value for name in LIMITS if (value := getattr(config, name)) is not None}
