"""The stages of one training of a study: train, then align (what serves others) or speak and measure."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.compare.results import write_table
from ttskit.config import CompareConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.storage import write_json
from ttskit.devices import pick_device
from ttskit.errors import TTSKitError
from ttskit.measure.analysis import Analyser
from ttskit.measure.run import measure_all
from ttskit.measure.sentences import hard_sentences, recorded_sentences
from ttskit.measure.spoken import SoundStore, speak
from ttskit.measure.systems import load_systems
from ttskit.plugins import Registry
from ttskit.runs.align import align
from ttskit.runs.folder import RunFolder
from ttskit.runs.starting import is_unfinished
from ttskit.training import train
from ttskit.training.cost import training_cost
from ttskit_study.layout import RunPlace
from ttskit_study.locked import Job, Lock
from ttskit_study.plan import StudyPlan
from ttskit_study.resolve import Resolved, Trained, digest
from ttskit_study.spoken import write_sentences

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["NOT_SPOKEN_FOR", "OF_RECORDINGS", "Bench", "alignment_of", "steps_done"]

OF_RECORDINGS = "faults"  # planted in the corpus's recordings, whoever speaks: asked of the first training of each corpus
NOT_SPOKEN_FOR = "speed"  # measured for all systems in turns, when no training takes the machine's time


class Bench:
    """Where the stages of a study's trainings are done, in one process.

    Args:
        resolved: the plan with all that it names.
        lock: what is fixed.
        registry: plugins.
        device: where it trains and speaks.
    """

    def __init__(self, resolved: Resolved, lock: Lock, registry: Registry, device: str) -> None:
        self.resolved, self.lock, self.registry, self.device = resolved, lock, registry, device

    @property
    def plan(self) -> StudyPlan:
        """The plan."""
        return self.resolved.plan

    def trained(self, job: Job) -> Trained:
        """System or aligner of a training."""
        one = self.resolved.aligner if job.is_aligner else self.resolved.systems[job.planned.system]
        assert one is not None
        return one

    def do(self, job: Job, stage: str, console: Console | None) -> str:
        """One stage of a training; what it had done before it was stopped is not done again, or is made anew.

        Gives what is to be known of it, "" for nothing.

        Raises:
            TTSKitError: it cannot be done.
            TrainingStopped: Ctrl-C, after saving.
        """
        stages = {"train": self._train, "align": self._align, "speak": self._speak}
        return stages[stage](job, console)

    def _train(self, job: Job, console: Console | None) -> str:
        recipe = self.trained(job).recipe_of(job.seed, job.planned.minutes, self._alignment(job))
        run = job.place.run
        train(
            recipe,
            model=self.trained(job).model,
            data=self._corpus(job),
            run=run,
            resume=(run / "run.json").is_file() and not is_unfinished(run),
            steps=job.planned.steps,
            device=self.device,
            threads=self.plan.threads,
            registry=self.registry,
            console=console,
        )
        write_json(job.place.cost, self.cost(job))
        return ""

    def _align(self, job: Job, console: Console | None) -> str:
        align(
            self._corpus(job).folder,
            job.place.run,
            name=alignment_of(job.place, self.lock),
            checkpoint=self.plan.checkpoint,
            device=str(pick_device(self.device)),
            splits=("train", "validation"),
            textgrid=False,
            registry=self.registry,
            console=console,
        )
        return ""

    def _speak(self, job: Job, console: Console | None) -> str:
        """All sentences by one run, measured; the folder appears when it is whole."""
        place, name = job.place, job.planned.system
        half = place.folder / ".spoken"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        corpus, config = self._corpus(job), self._speaking(job)
        where = str(pick_device(self.device))

        def tell(text: str) -> None:
            if console is not None:
                console.print(text, markup=False, highlight=False, soft_wrap=True)

        systems = load_systems([place.run], self.resolved.vocoder, where, self.plan.checkpoint, self.registry, [name], 1)
        with SoundStore(half / ".sounds") as store:
            sentences = recorded_sentences(corpus, config, self.registry)
            sentences += hard_sentences(corpus, config, self.registry) if config.hard else []
            analyse = Analyser(corpus, self.registry)
            spoken = speak(systems, sentences, corpus, config, analyse, store, half, where, tell)
            measured = measure_all(spoken, self.registry)
            found = {table.row.measure.key for one in measured for table in one.rows}
            facts = {
                "system": name,
                "model": systems[0].loaded.name,
                "decoding": systems[0].decoding,
                "aids": list(systems[0].aids),
                "parameters": systems[0].parameters,
                "step": systems[0].loaded.step,
                "checkpoint": self.plan.checkpoint,
                "vocoder": systems[0].voice.vocoder_name,
                "device": where,
            }
            write_table(half / place.observations.name, spoken, measured)
            write_sentences(half / place.sentences.name, spoken, measured, facts)
        shutil.rmtree(place.spoken, ignore_errors=True)
        half.rename(place.spoken)
        lacking = [key for key in self.plan.primary if key not in found]
        return f"not measured: {', '.join(lacking)}" if lacking else ""

    def cost(self, job: Job) -> dict[str, Any]:
        """What a training took, what the aligner that it needs took, and both together."""
        own = self._own_cost(job)
        needs = None
        if job.needs is not None:
            aligner = next(one for one in self.lock.aligners if one.name == job.planned.needs)
            needs = self._own_cost(job.of(aligner, self.lock.aligner_seed))
        keys = ("utterances", "frames", "padded_frames", "seconds", "multiply_adds")
        both = {key: own[key] + (needs[key] if needs else 0) for key in keys}
        return {**own, "needs": needs, "total": both}

    def _own_cost(self, job: Job) -> dict[str, Any]:
        return training_cost(job.place.run, data=self._corpus(job), registry=self.registry).to_json()

    def _corpus(self, job: Job) -> PreparedCorpus:
        return self.resolved.corpora[job.planned.corpus]

    def _alignment(self, job: Job) -> str | None:
        """The durations that a training is given."""
        if job.needs is not None:
            return alignment_of(job.needs, self.lock)
        given = self.trained(job).durations
        return given if isinstance(given, str) else None

    def _speaking(self, job: Job) -> CompareConfig:
        """The plan's settings, without what is measured in turns at the end, and once what is the same for all trainings."""
        asked = self.plan.speak
        left = {NOT_SPOKEN_FOR: False} if self._first(job) else {NOT_SPOKEN_FOR: False, OF_RECORDINGS: False}
        return asked.model_copy(update={"measurements": {**asked.measurements, **left}})

    def _first(self, job: Job) -> bool:
        """Whether it is the first training of its corpus."""
        cells = [planned for planned in self.lock.cells if planned.corpus == job.planned.corpus]
        return job.seed == self.lock.seeds[0] and job.planned.name == cells[0].name


def alignment_of(aligner: RunPlace, lock: Lock) -> str:
    """The name of an aligner's alignment in its corpus: of one study's plan for it, so that no two are mixed up."""
    planned = next(one for one in lock.aligners if one.name == aligner.folder.name)
    settings = (lock.aligner or {}).get("recipe_sha256")
    key = digest([settings, lock.aligner_seed, planned.minutes, planned.steps])
    return f"study-{planned.name}-{key[:8]}"


def steps_done(run: Path) -> int:
    """Steps that a training has logged; 0 for one that has not begun."""
    with suppress(OSError, ValueError, KeyError, TTSKitError):
        folder = RunFolder.open(run)
        logged = folder.metrics("train")
        return max([int(logged[-1]["step"]) if logged else 0, *(one.step for one in folder.checkpoints[-1:])])
    return 0
