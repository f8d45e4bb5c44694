"""`ttskit demo`: from nothing to two trained models and a page that compares them.

Stages: make the corpus, prepare it, train a short FastPitch as aligner (beside the phone recogniser
that will judge the audio), align, train FastPitch and Tacotron 2 side by side on one thread each,
compare. A stage that is done is not done again, a training that was stopped goes on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit import terminal
from ttskit.corpus.storage import write_json
from ttskit.errors import TrainingError, UsageError
from ttskit.liveness import PARENT
from ttskit.progress import Bars, duration
from ttskit.reading import Finite, Misread, as_type, read_json, shown

if TYPE_CHECKING:
    from rich.console import Console

ALIGNMENT = "fastpitch-aligner"
# Of the recipe `demo` on two fast cores, measured (benchmarks/RESULTS.md); slow ones take up to three times as long.
TYPICAL_S = {"corpus": 1, "prepare": 6, "aligner": 53, "train": 206, "compare": 27}
AR, NAR = "tacotron2", "fastpitch"
# The aligner sees token embeddings and mels only, so everything behind it may be small: on the demo
# corpus it finds phone onsets as well as the full model does (11 ms), in a fraction of the time.
_STACK = {"layers": 1, "filter_channels": 64}
ALIGNER_OPTIONS = {
    "channels": 64,
    "energy": False,
    **{f"{side}.{key}": value for side in ("encoder", "decoder") for key, value in _STACK.items()},
}


@dataclass
class DemoReport:
    """Where the page is and how long each stage took, in seconds (stages done in an earlier call are kept)."""

    page: Path
    stages: dict[str, float] = field(default_factory=dict)


def demo(
    out: Path,
    *,
    recipe: str = "demo",
    sentences: int | None = None,
    steps: int | None = None,
    aligner_steps: int = 300,
    console: Console | None = None,
) -> DemoReport:
    """Make, train and compare; returns the page's path and the stage times.

    Args:
        out: folder for everything.
        recipe: the recipe of both models.
        sentences: use fewer sentences than the embedded list (for a quick look).
        steps: train both models this many steps instead of the recipe's.
        aligner_steps: steps of the short FastPitch that aligns the corpus for Tacotron 2.
    """
    console = console or terminal.console()
    out.mkdir(parents=True, exist_ok=True)
    clock = _StageClock(out / "stages.json", {"recipe": recipe, "sentences": sentences, "steps": steps}, console)
    prepared, runs = out / "prepared", out / "runs"

    def corpus() -> None:
        from ttskit_demo.corpus import make_corpus

        make_corpus(out / "corpus", limit=sentences, console=console)

    def prepare() -> None:
        from ttskit.config import load_recipe
        from ttskit.corpus import prepare as prepare_corpus

        prepare_corpus(out / "corpus", prepared, load_recipe(recipe), console=console)

    def aligner() -> None:
        wanted = aligner_steps if steps is None else min(aligner_steps, steps)
        length = [f"models.{NAR}.training.{key}={wanted}" for key in ("steps", "validate_every")]
        overrides = [*length, "training.samples=0"]
        overrides += [f"models.{NAR}.options.{key}={json.dumps(value)}" for key, value in ALIGNER_OPTIONS.items()]
        training = _Subprocess(NAR, recipe, prepared, runs / "aligner", overrides)
        recogniser = [sys.executable, "-m", "ttskit.measure.recogniser", str(prepared), recipe]
        _side_by_side([training], console, beside=recogniser)
        from ttskit.runs.align import align

        align(prepared, runs / "aligner", name=ALIGNMENT, console=console)

    def train() -> None:
        overrides = [] if steps is None else [f"models.{m}.training.steps={steps}" for m in (AR, NAR)]
        _side_by_side(
            [
                _Subprocess(NAR, recipe, prepared, runs / NAR, overrides),
                _Subprocess(AR, recipe, prepared, runs / AR, [*overrides, f"models.{AR}.training.alignment={ALIGNMENT}"]),
            ],
            console,
        )

    def compare() -> None:
        from ttskit.compare import compare as compare_runs

        compare_runs([runs / AR, runs / NAR], data=prepared, out=out / "comparison", console=console)

    stages = {"corpus": corpus, "prepare": prepare, "aligner": aligner, "train": train, "compare": compare}
    for index, (name, stage) in enumerate(stages.items(), start=1):
        clock.run(name, stage, f"stage {index} of {len(stages)}")
    return DemoReport(out / "comparison" / "index.html", clock.seconds)


class _StageClock:
    """Runs stages once, and remembers how long each took and with which settings."""

    def __init__(self, path: Path, settings: dict, console: Console) -> None:
        self.path, self.settings, self.console = path, settings, console
        self._whole = settings == {"recipe": "demo", "sentences": None, "steps": None}  # a quick look takes other times
        self.seconds: dict[str, float] = {}
        if path.exists():
            try:
                known = read_json(path, dict[str, Any])
                seconds = as_type(dict[str, Finite], known.get("seconds"), "seconds")
            except (OSError, Misread) as error:
                why = getattr(error, "strerror", None) or str(error)
                raise UsageError(f"{path} is damaged", why, "give another folder: ttskit demo --out OTHER") from error
            if known.get("settings") != settings:
                raise UsageError(
                    f"{path.parent} holds a demo with other settings",
                    f"it was made with {shown(known.get('settings'), 200)}, now asked: {settings}",
                    "give another folder: ttskit demo --out OTHER",
                )
            self.seconds = seconds

    def run(self, name: str, stage: Callable[[], None], which: str) -> None:
        if name in self.seconds:
            self.console.print(f"{which}, {name}: done before, in {duration(self.seconds[name])}", highlight=False)
            return
        usual = f" ({duration(TYPICAL_S[name])} on two fast cores)" if self._whole else ""
        self.console.print(f"{which}, {name} …{usual}", highlight=False)
        started = time.perf_counter()
        stage()
        self.seconds[name] = round(time.perf_counter() - started, 1)
        write_json(self.path, {"settings": self.settings, "seconds": self.seconds})  # whole, so that a kill cannot tear it
        self.console.print(f"{which}, {name}: {duration(self.seconds[name])}", highlight=False)


@dataclass
class _Subprocess:
    """One `ttskit train` in a process of its own, on one thread."""

    model: str
    recipe: str
    data: Path
    run: Path
    overrides: list[str]

    def command(self) -> list[str]:
        words = [
            sys.executable,
            "-m",
            "ttskit",
            "train",
            "--model",
            self.model,
            "--recipe",
            self.recipe,
            "--data",
            str(self.data),
            "--run",
            str(self.run),
            "--threads",
            "1",
        ]
        for override in self.overrides:
            words += ["--set", override]
        return words + (["--resume"] if (self.run / "run.json").exists() else [])

    def progress(self) -> tuple[int, float | None]:
        """Last logged step and its loss."""
        path = self.run / "metrics.jsonl"
        if not path.exists():
            return 0, None
        for line in reversed(path.read_text(encoding="utf-8").splitlines()):
            try:
                entry = json.loads(line)
            except ValueError:  # the other process is in the middle of this line
                continue
            if entry.get("split") == "train":
                return int(entry["step"]), entry.get("loss")
        return 0, None


def _side_by_side(trainings: list[_Subprocess], console: Console, beside: list[str] | None = None) -> None:
    """Run trainings, and one other program, at the same time; a failure stops all and shows that program's last words."""
    logs: list[Path] = []
    processes: list[subprocess.Popen] = []
    try:
        with _bars(trainings, console) as update:
            for training in trainings:
                training.run.parent.mkdir(parents=True, exist_ok=True)
                logs.append(training.run.parent / f"{training.run.name}.log")
                processes.append(_start(training.command(), logs[-1]))
            if beside:
                logs.append(trainings[0].run.parent / "beside.log")
                processes.append(_start(beside, logs[-1]))
            while any(p.poll() is None for p in processes):
                if any(p.poll() not in (None, 0) for p in processes):
                    break
                update()
                time.sleep(0.5)
            update()
    except BaseException:  # Ctrl-C reaches the children too: give them time to save what they have
        for process in processes:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.terminate()
        raise
    for process, log in zip(processes, logs, strict=True):
        if process.poll() is None:
            process.terminate()
            process.wait()
        elif process.returncode != 0:
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
            raise TrainingError(
                f"{log.stem} failed (exit {process.returncode})", tail, f"see {log}; run the demo again to go on"
            )


def _start(command: list[str], log: Path) -> subprocess.Popen:
    with log.open("w", encoding="utf-8") as sink:
        env = {**os.environ, PARENT: str(os.getpid())}  # a demo that is killed takes its trainings with it
        return subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env)


@contextmanager
def _bars(trainings: list[_Subprocess], console: Console) -> Iterator[Callable[[], None]]:
    """Each training's step of how many, and the time left: bars in a terminal, elsewhere one line for all."""
    from ttskit.config import load_recipe

    totals = [load_recipe(t.recipe, t.overrides).training_for(t.model).steps or 0 for t in trainings]
    with Bars(console, off=not console.is_terminal) as bars:
        began = [training.progress()[0] for training in trainings]
        tasks = [
            bars.add_task(training.run.name, total=total, completed=step, began=step, note="")
            for training, total, step in zip(trainings, totals, began, strict=True)
        ]
        started = said = time.monotonic()

        def update() -> None:
            nonlocal said
            lines = []
            for task, training, total, first in zip(tasks, trainings, totals, began, strict=True):
                step, loss = training.progress()
                note = "" if loss is None else f"{training.run.name}: loss {loss:.3f}"
                bars.update(task, completed=step, note=note)
                rest_s = (total - step) * (time.monotonic() - started) / (step - first) if step > first else None
                left = f"  {duration(rest_s)} left" if rest_s else ""
                lines.append(f"{training.run.name}  step {step}/{total}{'' if loss is None else f'  loss {loss:.3f}'}{left}")
            if not console.is_terminal and time.monotonic() - said > 20:
                said = time.monotonic()
                console.print(" | ".join(lines), soft_wrap=True)

        yield update
