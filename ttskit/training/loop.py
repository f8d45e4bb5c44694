"""train(): the loop, written once for every model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttskit.config.training import LIMITS, TrainingConfig, TransferConfig, parse_seconds
from ttskit.corpus.batches import Rehearsal
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CheckpointError, CorpusError, MismatchError, TrainingError, UsageError
from ttskit.interfaces.acoustic import AcousticModel
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.plugins import Registry, create_registry
from ttskit.runs.checkpoints import best_of, prune, read_trainer, read_weights
from ttskit.runs.files import write_json
from ttskit.runs.folder import RunFolder, find_model, plain_options
from ttskit.runs.forced import ForcedMels
from ttskit.training.budget import TOTAL, steps_within
from ttskit.training.data import Loader, batches_for
from ttskit.training.environment import environment
from ttskit.training.fit import fitting_mels, require_vocoder
from ttskit.training.freezing import Freezing
from ttskit.training.logs import Display, MetricsLog, Pace, Window
from ttskit.training.optimize import Optimization
from ttskit.training.precision import pick_precision
from ttskit.training.processes import Processes, processes
from ttskit.training.start import (
    StartingRun,
    discard_unstarted,
    inherit,
    open_corpus,
    open_or_create,
    open_rehearsal,
    with_options_of,
)
from ttskit.training.step import run_step, step_seed
from ttskit.training.stopping import StopRequest
from ttskit.training.transfer import target_context
from ttskit.training.validation import Validator, sample_vocoder
from ttskit.training.watch import AlignmentWatch

if TYPE_CHECKING:
    from rich.console import Console

    from ttskit.config import Recipe

DEFAULT_STEPS = 10_000
LEAST_STEPS = 200  # of a training whose steps are counted by minutes of speech


class TrainingStopped(KeyboardInterrupt):
    """Ctrl-C during a training; its work is saved.

    Args:
        run: the run folder.
        step: steps that its last checkpoint holds.
    """

    def __init__(self, run: RunFolder, step: int) -> None:
        super().__init__(f"stopped at step {step}, saved in {run.path}; continue with --resume")
        self.run, self.step = run, step


def train(
    recipe: Recipe,
    *,
    model: str,
    data: str | Path | PreparedCorpus,
    run: str | Path,
    resume: bool = False,
    steps: int | None = None,
    budget_s: float | str | None = None,
    init_from: str | Path | None = None,
    from_acoustic: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    registry: Registry | None = None,
    console: Console | None = None,
) -> RunFolder:
    """Train a model on a prepared corpus into a run folder; the same call under torchrun trains on several processes.

    Args:
        recipe: options and training section.
        model: plugin name of an acoustic model or a trainable vocoder.
        data: prepared corpus.
        run: folder to write; must be new unless `resume`.
        resume: go on from the last checkpoint (from the start if there is none yet), exactly as if never stopped.
        steps, budget_s: instead of what the recipe says. On resuming, another number of steps stretches the schedules.
        init_from: run to start from. An acoustic model has that run's options, on which the recipe's are laid, and its
            symbols and speakers are carried over by name (`ttskit.training.transfer`; the plan stays in transfer.json).
        from_acoustic: for a vocoder: run of an acoustic model whose teacher-forced mels it is fitted to. Figures from before
            and after are made by `ttskit.measure.fit.report_fit`, which the command calls in the end.
        device, threads: instead of what the recipe says ("auto": what it says).
        console: where progress goes; None for silence.

    Raises:
        UsageError, ConfigError: the call or recipe is wrong.
        CorpusError, CheckpointError, MismatchError: data, run or `init_from` cannot be used.
        TrainingError: losses stay non-finite, the disk is full, or the attention will not align (saved); checkpoints stay.
        TrainingStopped: Ctrl-C, after saving.
    """
    registry = registry or create_registry()
    plugin = find_model(model, registry)
    config = _config(recipe.training_for(model), steps, budget_s, device, threads)
    if from_acoustic is not None:
        require_vocoder(plugin, resume, registry)
    if resume and init_from is not None:
        raise UsageError(
            "--resume and --init-from cannot be given together",
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
    with processes(config.device) as group, Loader() as loader, StopRequest() as stop:
        folder = open_or_create(
            Path(run),
            resume,
            plugin,
            options,
            recipe,
            corpus,
            context,
            rehearsal,
            group,
            registry,
            steps=_limit(config),
            **(origin.facts if origin else {}),
        )
        try:
            try:
                mels = fitting_mels(corpus, folder, from_acoustic, group, registry, console, stop)
            except KeyboardInterrupt:
                raise TrainingStopped(folder, folder.checkpoints[-1].step if folder.checkpoints else 0) from None
            training = _Training(
                recipe, config, plugin, options, corpus, folder, group, loader, registry, console, mels, rehearsal
            )
            training.prepare(resume, origin, asked)
            training.run(stop)
        except (UsageError, MismatchError, CheckpointError, CorpusError):
            if not resume and group.first:
                discard_unstarted(folder)
            raise
    return folder


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


class _Training:
    """One training in one process: its parts, and where it stands."""

    def __init__(
        self,
        recipe: Recipe,
        config: TrainingConfig,
        plugin: Plugin,
        options: Any,
        corpus: PreparedCorpus,
        folder: RunFolder,
        group: Processes,
        loader: Loader,
        registry: Registry,
        console: Console | None,
        mels: ForcedMels | None = None,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self.recipe, self.config, self.plugin, self.options = recipe, config, plugin, options
        self.corpus, self.folder, self.group, self.loader, self.registry = corpus, folder, group, loader, registry
        self.console, self.mels, self.rehearsal = console if group.first else None, mels, rehearsal
        self.seed = recipe.seed
        self.precision = pick_precision(config.precision, group.device)
        self.step, self.place, self.seconds = 0, (0, 0), 0.0
        self.window = Window()
        self.best: float | None = None
        self._vocoder: list = []

    def build(self) -> Trainable:
        """The model with the fresh weights of this seed, on the device."""
        torch.manual_seed(step_seed(self.seed, 0, 0))
        context = self.folder.context
        model = self.plugin.load()(self.options, context if self.plugin.kind == "acoustic model" else context.mel)
        return model.to(self.group.device)

    def batches(self, model: Trainable):
        """The training batches of a model."""
        return batches_for(model, self.corpus, "train", self.config, self.seed, self.group, self.mels, self.rehearsal)

    def optimization_of(self, model: Trainable, total: int, max_nonfinite: int) -> tuple[Optimization, Freezing]:
        """A model's optimisers without what is frozen, and what is frozen when."""
        freezing = Freezing(model, self.config.freeze, self.config.freeze_until, total)
        plans = freezing.without_frozen(model.optimizers(total))
        return Optimization(model, plans, self.group, self.precision, max_nonfinite), freezing

    def prepare(self, resume: bool, origin: StartingRun | None, asked: bool) -> None:
        """Fix the number of steps; build model and optimisers; carry over what it starts from; restore the last checkpoint."""
        self.model = self.build()
        checkpoints = self.folder.checkpoints if resume else []
        self._start_from(origin)
        self.total = self._total_steps(resume and not asked)
        self.optimization, self.freezing = self.optimization_of(self.model, self.total, self.config.max_nonfinite)
        if checkpoints:
            last = checkpoints[-1]
            self.model.load_state_dict(read_weights(last, checkpoints))
            saved = read_trainer(last, checkpoints)
            if (frozen := saved.get("frozen", self.freezing.always)) != self.freezing.always:
                raise MismatchError(
                    f"{self.folder.path} cannot go on: something else is frozen now",
                    f"the run froze {len(frozen)} parameters, training.freeze now {len(self.freezing.always)}",
                    f"start a new run from it: --init-from {self.folder.path} --run NEW_FOLDER",
                )
            self.optimization.restore(saved["optimization"])
            self.step, self.place, self.seconds = int(saved["step"]), tuple(saved["place"]), float(saved["seconds"])
            self.window = Window(saved["window"])
            best = best_of(checkpoints)
            self.best = best.validation_loss if best else None
        if self.group.first:
            if resume:
                self.folder.cut_metrics(self.step)
            write_json(self.folder.path / "environment.json", environment(self.group, self.precision, self.seed))
        self.group.wait()

    def _start_from(self, origin: StartingRun | None) -> None:
        """Parameters of another run, if the run starts from one; `fresh` names those that stay as they are."""
        self.fresh: list[str] | None = None
        if origin is not None:  # on resuming too, if the run was killed before its first checkpoint
            said, self.fresh = inherit(
                self.model, origin, self.folder, self.corpus, self.config, self.rehearsal, self.group.first, self.registry
            )
            self._note(said)
            if self.group.first:
                self.folder.update(**origin.facts, fresh=self.fresh)
        elif self.folder.info.get("init_from") is not None:
            self.fresh = self.folder.info.get("fresh") or []
        if self.fresh is not None:
            self.model.started_from(self.fresh)

    def _total_steps(self, recorded: bool) -> int:
        if recorded and self.folder.total_steps:
            return self.folder.total_steps
        facts: dict[str, Any] = {"total": self.config.steps or DEFAULT_STEPS}
        if self.config.steps_per_minute is not None:
            minutes = sum(u.samples for u in self.corpus.split("train")) / self.corpus.mel.sample_rate_hz / 60
            rate = self.config.steps_per_minute
            facts = {"total": max(LEAST_STEPS, round(minutes * rate)), "minutes": round(minutes, 3), "steps_per_minute": rate}
            self._note(f"{minutes:.1f} minutes of training speech at {rate:g} steps a minute: {facts['total']} steps")
        if self.config.budget_s is not None:
            model = self.build()
            if self.fresh is not None:
                model.started_from(self.fresh)
            total, each = steps_within(
                self.config.budget_s,
                model,
                lambda bear: self.optimization_of(model, TOTAL, bear)[0],
                self.batches(model),
                self.loader,
                self.group,
                self.precision,
                self.seed,
            )
            facts = {"total": total, "budget_s": self.config.budget_s, "timed_step_s": each}
            self._note(f"{self.config.budget_s:g} s at {each:.4f} s per step: {facts['total']} steps")
        if self.group.first:
            self.folder.update(steps=facts)
        return facts["total"]

    def run(self, stop: StopRequest) -> None:
        """Train from `step` to `total`."""
        if self.step >= self.total:
            self._note(f"{self.folder.path} is trained already: {self.step} steps")
            return
        validator = Validator(
            self.corpus, self.model, self.config, self.seed, self.group, self.precision, self.loader, self.mels
        )
        batches = self.batches(self.model)
        speaks = isinstance(self.model, AcousticModel)
        self.watch = AlignmentWatch(
            self.model.alignment_due(self.total) if speaks else None,
            self.total,
            self.folder.metrics("validation"),
            "attention" if speaks and self.model.decoding == "autoregressive" else "alignment",
        )
        self.log = MetricsLog(self.folder.path, self.step) if self.group.first else None
        self.display = Display(self.console, f"{self.plugin.name}", self.step, self.total)
        self.pace = Pace(self.total)
        try:
            if self.group.first:
                self.display.note(
                    f"{self.plugin.name} on {self.group.device} ({self.precision.name}), "
                    f"{sum(p.numel() for p in self.model.parameters()):,} parameters, "
                    f"steps {self.step} to {self.total}, into {self.folder.path}"
                )
                if left := getattr(batches, "left_out", []):
                    self.display.note(
                        f"{len(left)} utterances without the alignment {self.config.alignment!r} are left out: "
                        + ", ".join(left[:5])
                        + (" …" if len(left) > 5 else "")
                    )
                self.registry.events.hook.ttskit_train_started(run=self.folder.path, config=self.recipe.model_dump(mode="json"))
            self._loop(batches, validator, stop)
        finally:
            self.display.close()
            if self.log is not None:
                self.log.__exit__()

    def _loop(self, batches, validator: Validator, stop: StopRequest) -> None:
        c = self.config
        self.model.train()
        frames, clock = 0, time.perf_counter()
        since_log = self.seconds
        check_each = self.group.device.type == "cpu"  # elsewhere reading the flags would make every step wait
        for work in self.loader.steps(batches, *self.place):
            state = TrainState(self.step, work.epoch, self.total, self.seed)
            self.freezing.apply(self.step)
            values = run_step(self.model, self.optimization, work.batch, work.ids, state, self.group, self.precision)
            self.window.add(values)
            self.step, self.place = self.step + 1, work.next
            frames += work.batch.frames
            self.display.step(self.step)
            done = self.step == self.total
            asked = self.group.any(stop.asked)
            logs = done or self.step % c.log_every == 0
            validates = done or self.step % c.validate_every == 0
            saves = done or asked or self.step % c.checkpoint_every == 0
            if check_each or logs or validates or saves:
                self._report_skipped(work.epoch)
            if logs or validates or saves:
                means = self.window.means() if logs else self.window.read() and {}
                self.seconds += time.perf_counter() - clock
                if logs:
                    speed = self.group.sum_on_host([frames])[0] / max(self.seconds - since_log, 1e-9)
                    means |= {"frames_per_s": speed, "seconds": self.seconds, **self.group.memory()}
                    self._log(work.epoch, "train", means)
                    frames, since_log = 0, self.seconds
                ranking = self._validate(validator, work.epoch) if validates else None
                better = ranking is not None and (self.best is None or ranking < self.best)
                self.best = ranking if better else self.best
                hopeless = validates and c.stop_when_hopeless and self.group.any(bool(self.watch.hopeless()))
                if saves or better or hopeless:
                    self._save(work.epoch, ranking)
                if hopeless:
                    self._give_up()
                clock = time.perf_counter()
            if done:
                return
            if asked:
                raise TrainingStopped(self.folder, self.step)

    def _report_skipped(self, epoch: int) -> None:
        for step, ids, fault in self.optimization.check():
            if fault and self.group.first:
                self.log.write(step + 1, epoch, "skipped", {"utterances": list(ids)})
                self.display.note(f"step {step + 1} was skipped: loss or gradient not finite; its utterances: {', '.join(ids)}")

    def _log(self, epoch: int, split: str, values: dict[str, float]) -> None:
        if not self.group.first:
            return
        self.log.write(self.step, epoch, split, values)
        if split == "train":
            left = self.pace.seconds_left(self.step, self.seconds, self.model.phase_starts(self.total))
            self.display.values(self.step, values, left)
        else:
            self.display.values(self.step, {"validation" if k == "loss" else k: v for k, v in values.items()})
            values = {f"{split}/{name}": value for name, value in values.items()}
        self.registry.events.hook.ttskit_step_ended(run=self.folder.path, step=self.step, values=values)

    def _validate(self, validator: Validator, epoch: int) -> float | None:
        state = TrainState(self.step, epoch, self.total, self.seed)
        values, ranking = validator.losses(state)
        if self.group.first:
            try:
                scores, draw = validator.alignment()
                values |= scores
                if "diagonality" in values:
                    self.watch.add(self.step, values["diagonality"])
                    if words := self.watch.words():
                        self.display.note(words)
                if draw is not None and self.config.samples:
                    draw(self.folder.path / "samples" / "attention", self.step)
                if self.config.samples:
                    validator.samples(self.folder.path / "samples" / f"step_{self.step:08d}", self._sample_vocoder())
            except Exception as error:  # pictures and sounds are for looking at: a training must not die of them
                self.display.note(f"no samples at step {self.step}: {type(error).__name__}: {error}")
            if values:
                self._log(epoch, "validation", values)
        self.group.wait()
        return ranking

    def _give_up(self) -> None:
        resume = f"ttskit train --resume --run {self.folder.path} --set training.stop_when_hopeless=false"
        raise TrainingError(
            f"{self.plugin.name} does not learn to align: stopped at step {self.step}, saved in {self.folder.path}",
            f"{self.watch.hopeless() or 'another process found so'}\nlook at {self.folder.path / 'samples' / 'attention'}",
            "check that transcripts say what is said (ttskit check DATA), then lead the attention: the recipe small shows how, "
            f"with durations of a run that aligns; or go on all the same: {resume}",
        )

    def _sample_vocoder(self):
        if self.plugin.kind == "vocoder":
            return None
        if not self._vocoder:
            self._vocoder.append(
                sample_vocoder(self.recipe, self.config, self.corpus, self.group.device, self.registry, self.display.note)
            )
        return self._vocoder[0]

    def _save(self, epoch: int, validation_loss: float | None) -> None:
        if self.group.first:
            self.log.sync()
            trainer = {
                "step": self.step,
                "place": list(self.place),
                "seconds": self.seconds,
                "window": self.window.read(),
                "optimization": self.optimization.state(),
                "frozen": self.freezing.always,
            }
            saved = self.folder.save(self.model, self.step, trainer, epoch=epoch, validation_loss=validation_loss)
            prune(saved.folder.parent, self.config.keep_last)
            self.registry.events.hook.ttskit_checkpoint_saved(run=self.folder.path, step=self.step, path=saved.folder)
        self.group.wait()

    def _note(self, text: str) -> None:
        if self.console is not None:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)
