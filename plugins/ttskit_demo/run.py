"""`ttskit demo`: from nothing to four trained models, a study of them and pages that compare and explain them.

Stages: make the corpus, prepare it, plan the study, train its aligner (beside the phone recogniser that will judge the
audio), train FastPitch and Tacotron 2 twice each and measure what they say, report, compare, and show one sentence block by
block; then a small listening test of the comparison, for whoever wants to hear for themselves. The study, the class page and
the test are made by `ttskit study`, `ttskit explain` and `ttskit listen` in processes of their own. A stage that is done is not
done again, a training that was stopped goes on.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit import terminal
from ttskit.corpus.storage import write_json
from ttskit.errors import TrainingError, UsageError
from ttskit.plugins import create_registry
from ttskit.progress import duration
from ttskit.reading import Finite, Misread, as_type, read_json, shown
from ttskit_demo.planned import AR, NAR, SEEDS, plan_text, write_plan
from ttskit_demo.processes import Program, Watched, python, together

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["TYPICAL_S", "DemoReport", "demo"]

# Of the recipe `demo` on two fast cores, measured (benchmarks/RESULTS.md); slow ones take up to three times as long.
TYPICAL_S = {
    "corpus": 2,
    "prepare": 11,
    "plan": 7,
    "aligner": 72,
    "study": 446,
    "report": 5,
    "compare": 98,
    "class": 20,
    "listen": 6,
}
SENTENCE = "Che, ¿venís mañana a la facultad?"  # of the class page  # no message
LISTENERS, ADDRESS = 6, "http://127.0.0.1:8000/"  # of the small listening test; where `ttskit listen serve` has it
_ALIGNER = "all"  # the one aligner of a study of one corpus without minutes


@dataclass
class DemoReport:
    """Where the pages are and how long each stage took, in seconds (stages done in an earlier call are kept).

    Args:
        page: the study's report.
        comparison: the close look at its runs.
        lesson: the class page of one sentence, said by a run of each system.
        listening: the folder of the listening test; None without the plugin `listen`, or where nothing could be listened to.
        stages: seconds by name.
    """

    page: Path
    comparison: Path
    lesson: Path
    listening: Path | None = None
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
    """Make, train, study, compare and explain; returns the pages' paths and the stage times.

    Args:
        out: folder for everything.
        recipe: the recipe of both systems.
        sentences: use fewer sentences than the embedded list (for a quick look).
        steps: train on the utterances of so many steps instead of the recipe's.
        aligner_steps: steps of the short FastPitch that finds durations for both.

    Raises:
        UsageError: the folder holds a demo with other settings.
        TrainingError: a training failed, or the study of them.
        TTSKitError: what the stages themselves cannot do.
    """
    console = console or terminal.console()
    out.mkdir(parents=True, exist_ok=True)
    settings = {"recipe": recipe, "sentences": sentences, "steps": steps, "seeds": list(SEEDS)}
    clock = _StageClock(out / "stages.json", settings, console)
    prepared, study, logs = out / "prepared", out / "study", out / "logs"

    def corpus() -> None:
        from ttskit_demo.corpus import make_corpus

        make_corpus(out / "corpus", limit=sentences, console=console)

    def prepare() -> None:
        from ttskit.config import load_recipe
        from ttskit.corpus import prepare as prepare_corpus

        prepare_corpus(out / "corpus", prepared, load_recipe(recipe), console=console)

    def ask(name: str, *words: object, watched: list[Watched] | None = None, beside: Program | None = None) -> None:
        program = Program(name, python("ttskit", "study", *words), logs / f"{name}.log", lambda: _failures(study))
        together([program, *([beside] if beside else [])], watched or [], console)

    def plan() -> None:
        wanted = aligner_steps if steps is None else min(aligner_steps, steps)
        file = out / "demo-study.yaml"
        write_plan(file, plan_text(recipe, steps, wanted))
        if not (study / "lock.json").exists():
            shutil.rmtree(study, ignore_errors=True)  # of a plan that was stopped while it was written
        ask("plan", "plan", file, "-o", study, "--no-timing")

    def aligner() -> None:
        recogniser = python("ttskit.measure.recogniser", prepared, recipe)
        judge = Program("recogniser", recogniser, logs / "recogniser.log")
        place = study / "aligners" / _ALIGNER
        watched = [Watched("aligner", place / "run", _planned(study, "aligners")[0]["steps"])]
        ask("aligner", "run", study, "--only", f"aligners/{_ALIGNER}", "--retry", watched=watched, beside=judge)

    def train() -> None:
        ask("study", "run", study, "--retry", watched=_trainings(study))
        for name, run in _runs(study).items():
            _copy(run, out / "runs" / name)

    def report() -> None:
        ask("report", "report", study)

    def compare() -> None:
        from ttskit.compare import compare as compare_runs
        from ttskit.config import load_recipe

        runs = [out / "runs" / name for name in _runs(study)]
        # What each measure sees of planted faults stands in the study's report: the same recordings, measured once.
        once = {**load_recipe(recipe).compare.measurements, "faults": False}
        compare_runs(runs, data=prepared, out=out / "comparison", console=console, measurements=once)

    def lesson() -> None:
        runs = [out / "runs" / name for name in (AR, NAR)]
        found = study / "aligners" / _ALIGNER / "run"
        words = ("explain", *runs, SENTENCE, "--aligner", found, "-o", out / "class")
        together([Program("class", python("ttskit", *words), logs / "class.log")], [], console)

    def listen() -> None:
        # Few listeners: it shows the way, and what so small a test can show.
        wishes = ("--kind", "cmos", "--listeners", LISTENERS, "--practice", 1, "--skip-bad", "--address", ADDRESS)
        words = ("listen", "make", out / "comparison", *wishes, "-o", out / "listening")
        try:
            together([Program("listen", python("ttskit", *words), logs / "listen.log")], [], console)
        except TrainingError as error:
            # Voices of a quick look may have nothing to listen to; what was asked for is there without it.
            console.print(f"without a listening test: {error.why}", markup=False, highlight=False)

    stages: dict[str, Callable[[], None]] = {
        "corpus": corpus,
        "prepare": prepare,
        "plan": plan,
        "aligner": aligner,
        "study": train,
        "report": report,
        "compare": compare,
        "class": lesson,
    }
    if "listen" in create_registry().all("command"):
        stages["listen"] = listen
    for index, (name, stage) in enumerate(stages.items(), start=1):
        clock.run(name, stage, f"stage {index} of {len(stages)}")
    page, comparison, lesson_page = (folder / "index.html" for folder in (study / "report", out / "comparison", out / "class"))
    test = out / "listening"
    return DemoReport(page, comparison, lesson_page, test if (test / "design.json").is_file() else None, clock.seconds)


def _planned(study: Path, kind: str) -> list[dict[str, Any]]:
    """The cells, or the aligners, that a study's lock names, with their steps.

    Raises:
        TrainingError: the lock is not there or damaged.
    """
    path = study / "lock.json"
    try:
        return as_type(list[dict[str, Any]], read_json(path, dict[str, Any]).get(kind), kind)
    except (OSError, Misread) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TrainingError(f"{path} cannot be read", why, "give another folder: ttskit demo --out OTHER") from error


def _trainings(study: Path) -> list[Watched]:
    """All trainings of the systems."""
    return [
        Watched(f"{cell['system']} {seed}", study / "cells" / cell["name"] / str(seed) / "run", cell["steps"])
        for seed in SEEDS
        for cell in _planned(study, "cells")
    ]


def _runs(study: Path) -> dict[str, Path]:
    """Run folders by the names of their copies: the system's for its first seed, with the seed behind it for the others."""
    return {
        cell["system"] if seed == SEEDS[0] else f"{cell['system']}-{seed}": study / "cells" / cell["name"] / str(seed) / "run"
        for cell in _planned(study, "cells")
        for seed in SEEDS
    }


def _copy(run: Path, to: Path) -> None:
    """A run as a run folder of its own (a copy: not every system has links), there only when it is whole."""
    if to.exists():
        return
    half = to.with_name(f".{to.name}")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(run, half)
    half.rename(to)


def _failures(study: Path) -> str:
    """Why trainings of the study failed, a line or more each; "" for none."""
    found = []
    for path in sorted(study.glob("*/*/**/state.json")):
        try:
            state = read_json(path, dict[str, Any])
        except (OSError, Misread):
            continue
        if state.get("status") == "failed":
            found.append(f"{path.parent.relative_to(study).as_posix()}: {state.get('error')}")
    return "\n".join(found)


class _StageClock:
    """Runs stages once, and remembers how long each took and with which settings."""

    def __init__(self, path: Path, settings: dict, console: Console) -> None:
        self.path, self.settings, self.console = path, settings, console
        wanted = [settings[name] for name in ("recipe", "sentences", "steps")]
        self._whole = wanted == ["demo", None, None]  # a quick look takes other times
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
