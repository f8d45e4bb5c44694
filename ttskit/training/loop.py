"""The loop, written once for everything that can be trained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from ttskit.errors import MismatchError
from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.runs.checkpoints import best_of, prune, read_trainer, read_weights
from ttskit.runs.files import write_json
from ttskit.runs.film import cut_film
from ttskit.runs.folder import RunFolder
from ttskit.training.agreement import require_same_weights
from ttskit.training.budget import TOTAL, Timing, phase_prices, steps_within
from ttskit.training.data import Batches, SharedBatches
from ttskit.training.environment import environment
from ttskit.training.filming import on_film
from ttskit.training.freezing import Freezing
from ttskit.training.logs import Window
from ttskit.training.optimize import Optimization
from ttskit.training.reports import Reports
from ttskit.training.step import run_step, step_seed
from ttskit.training.task import Camera, Task, Validator, Workshop

__all__ = ["Training", "TrainingStopped"]


class TrainingStopped(KeyboardInterrupt):
    """Ctrl-C during a training; its work is saved.

    Args:
        run: the run folder.
        step: steps that its last checkpoint holds.
    """

    def __init__(self, run: RunFolder, step: int) -> None:
        super().__init__(f"stopped at step {step}, saved in {run.path}; continue with --resume")
        self.run, self.step = run, step


class Training:
    """One training in one process: its parts, and where it stands. `prepare`, then `run`."""

    def __init__(self, task: Task, workshop: Workshop) -> None:
        self.task, self.config, self.folder, self.workshop = task, task.config, task.folder, workshop
        self.group, self.precision = workshop.group, workshop.precision
        self.step, self.place, self.seconds = 0, (0, 0), 0.0  # steps done; epoch and index of the next batch; time spent
        self.window = Window()
        self.best: float | None = None

    def prepare(self, resume: bool = False) -> None:
        """Build model and optimisers, fix the number of steps; with `resume`, restore the last checkpoint, if there is one.

        Raises:
            MismatchError: the checkpoint is of a training that freezes something else.
            TrainingError: the processes do not hold the same weights.
            ConfigError, UsageError, CheckpointError: settings or files that cannot be used.
        """
        self.model = self._build()
        fresh = self.task.start_from(self.model)
        if fresh is not None:
            self.model.started_from(fresh)
        require_same_weights(self.model, self.group, "after building")
        self.total = self._total_steps(fresh)
        self.optimization, self.freezing = self._optimization_of(self.model, self.total, self.config.max_nonfinite)
        if resume and self.folder.checkpoints:
            self._restore()
            require_same_weights(self.model, self.group, "on resuming")
        if self.group.first:
            if resume:
                self.folder.cut_metrics(self.step)
                cut_film(self.folder.path, self.step)
            write_json(self.folder.path / "environment.json", environment(self.group, self.precision, self.task.seed))
        self.group.wait()

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Train from `step` to `total`.

        Args:
            ready: called when it has been told what is trained, before anything is written; what it raises ends it there.

        Raises:
            TrainingError: losses stay non-finite, the disk is full, processes hold different weights, or the validator sees
                no hope.
            TrainingStopped: Ctrl-C, after saving.
        """
        if self.step >= self.total:
            self.workshop.note(f"{self.folder.path} is trained already: {self.step} steps")
            return
        batches = self._batches(self.model)
        self._introduce(batches)
        ready()
        with Reports(self.task, self.workshop, self.step, self.total) as self.reports:
            validator = self.task.validator(self.model, self.total, self.workshop, self.reports.note)
            self.reports.started(self.task.settings)
            self._loop(batches, validator, self.task.film(self.model, self.workshop, self.reports.note))

    def _loop(self, batches: Batches, validator: Validator | None, film: Camera | None) -> None:
        c, group = self.config, self.group
        self.model.train()
        if film is not None and self.step == 0:
            film.take(0)
        frames, clock, logged_at = 0, time.perf_counter(), self.seconds
        check_each = group.device.type == "cpu"  # elsewhere reading the flags would make every step wait
        for work in self.workshop.loader.steps(batches, *self.place):
            state = TrainState(self.step, work.epoch, self.total, self.task.seed)
            self.freezing.apply(self.step)
            self.window.add(run_step(self.model, self.optimization, work.batch, work.ids, state, group, self.precision))
            self.step, self.place = self.step + 1, work.next
            frames += work.batch.frames
            self.reports.step(self.step, work.epoch)

            done, asked = self.step == self.total, group.any(self.workshop.stop.asked)
            logs = done or self.step % c.log_every == 0
            validates = validator is not None and (done or self.step % c.validate_every == 0)
            saves = done or asked or self.step % c.checkpoint_every == 0
            camera = film if done or on_film(self.step) else None  # of one process: nothing there waits for the others
            if check_each or logs or validates or saves:
                self._report_skipped(work.epoch)
            if logs or validates or saves or camera:
                self.window.read()  # waits for the device: the time is that of steps that are done
                means = self.window.means() if logs else {}
                self.seconds += time.perf_counter() - clock
                if logs:
                    means["frames_per_s"] = group.sum_on_host([frames])[0] / max(self.seconds - logged_at, 1e-9)
                    means |= {"seconds": self.seconds, **group.memory()}
                    self.reports.values("train", means, self.seconds, self.model.phase_starts(self.total))
                    frames, logged_at = 0, self.seconds
                if camera is not None:
                    camera.take(self.step)  # before its checkpoint: what a resumed run has of the film is whole
                ranking = self._validate(validator, replace(state, step=self.step)) if validates else None
                hopeless = validator.hopeless() if validates else None
                better = ranking is not None and (self.best is None or ranking < self.best)
                self.best = ranking if better else self.best
                if saves or better or hopeless:
                    self._save(work.epoch, ranking)
                if hopeless:
                    raise hopeless
                clock = time.perf_counter()
            if done:
                return
            if asked:
                raise TrainingStopped(self.folder, self.step)

    def _build(self) -> Trainable:
        """The model with the fresh weights of this seed, on the device."""
        torch.manual_seed(step_seed(self.task.seed, 0, 0))
        return self.task.build().to(self.group.device)

    def _batches(self, model: Trainable) -> Batches:
        """The training batches, this process's part of each: one share, or several that are worked on in turn."""
        rank, world, many = self.group.rank, self.group.world, self.config.accumulate
        if many == 1:
            return self.task.batches(model, rank, world)
        return SharedBatches(partial(self.task.batches, model), rank, world, many)

    def _optimization_of(self, model: Trainable, total: int, max_nonfinite: int) -> tuple[Optimization, Freezing]:
        """A model's optimisers without what is frozen, and what is frozen when."""
        freezing = Freezing(model, self.config.freeze, self.config.freeze_until, total)
        plans = freezing.without_frozen(model.optimizers(total))
        return Optimization(model, plans, self.group, self.precision, max_nonfinite), freezing

    def _total_steps(self, fresh: list[str] | None) -> int:
        """The number of steps; a budget is turned into one here, on a copy of the model."""
        facts = dict(self.task.steps)
        if not facts:
            model = self._build()
            if fresh is not None:
                model.started_from(fresh)
            total, each_s = steps_within(
                self.config.budget_s,
                model,
                lambda bear: self._optimization_of(model, TOTAL, bear)[0],
                self._batches(model),
                self.workshop.loader,
                self.group,
                self.precision,
                self.task.seed,
            )
            facts = {"total": total, "budget_s": self.config.budget_s, "timed_step_s": each_s}
            self.workshop.note(f"{self.config.budget_s:g} s at {each_s:.4f} s per step: {total} steps")
        if self.group.first and self.folder.info.get("steps") != facts:
            self.folder.update(steps=facts)
        return facts["total"]

    def timings(self, limit_s: float, patience_s: float) -> dict[int, Timing]:
        """What a step of each phase costs here, timed on a copy with fresh weights; the arguments as for `phase_prices`."""
        found = self._timed(self._build(), limit_s, patience_s)
        self.group.forget_memory()  # the most that the training takes is not to count the copy
        return found

    def _timed(self, copy: Trainable, limit_s: float, patience_s: float) -> dict[int, Timing]:
        return phase_prices(
            copy,
            lambda bear: self._optimization_of(copy, TOTAL, bear)[0],
            self._batches(self.model),
            self.workshop.loader,
            self.group,
            self.precision,
            self.task.seed,
            lambda phases: limit_s / phases,
            patience_s,
        )

    def _restore(self) -> None:
        checkpoints = self.folder.checkpoints
        self.model.load_state_dict(read_weights(checkpoints[-1], checkpoints))
        saved = read_trainer(checkpoints[-1], checkpoints)
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

    def _introduce(self, batches: Batches) -> None:
        self.workshop.note(
            f"{self.task.name} on {self.group.device} ({self.precision.name}), "
            f"{sum(p.numel() for p in self.model.parameters()):,} parameters, "
            f"steps {self.step} to {self.total}, into {self.folder.path}"
        )
        if left := getattr(batches, "left_out", []):
            self.workshop.note(
                f"{len(left)} utterances without the alignment {self.config.alignment!r} are left out: "
                + ", ".join(left[:5])
                + (" …" if len(left) > 5 else "")
            )

    def _report_skipped(self, epoch: int) -> None:
        for step, ids, fault in self.optimization.check():
            if fault:
                self.reports.skipped(step + 1, epoch, ids)

    def _validate(self, validator: Validator, state: TrainState) -> float | None:
        """Log what the validator measures; the value that ranks checkpoints."""
        values, ranking = validator.losses(state)
        if self.group.first:
            values |= validator.inspect(state.step)
            self.reports.samples(state.step)
            if values:
                self.reports.values("validation", values, self.seconds)
        self.group.wait()
        return ranking

    def _save(self, epoch: int, validation_loss: float | None) -> None:
        require_same_weights(self.model, self.group, "at a checkpoint")
        if self.group.first:
            self.reports.sync()
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
            self.reports.saved(saved.folder)
        self.group.wait()
