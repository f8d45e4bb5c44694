"""The AR/NAR experiment: train or take runs, let them speak the same sentences, ask every measurement, write one page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.compare.budget import train_models
from ttskit.compare.comparability import comparability
from ttskit.compare.given import cost_of, help_of
from ttskit.compare.page import write_page
from ttskit.compare.results import ComparisonResults, content_of, write_results
from ttskit.config import CompareConfig, Recipe, load_recipe
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.devices import pick_device
from ttskit.disk import explained
from ttskit.errors import UsageError
from ttskit.measure.analysis import Analyser
from ttskit.measure.run import measure_all, measurements
from ttskit.measure.sentences import hard_sentences, recorded_sentences
from ttskit.measure.spoken import SoundStore, speak
from ttskit.measure.systems import by_system, corpus_folder, load_systems
from ttskit.plugins import Registry, create_registry
from ttskit.progress import progress
from ttskit.runs.folder import RunFolder

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["compare"]


def compare(
    runs: Sequence[Path | str] = (),
    *,
    data: Path | str | None = None,
    recipe: Recipe | str | Path | None = None,
    models: Sequence[str] = (),
    budget_s: float | str | None = None,
    steps: int | dict[str, int] | None = None,
    utterances: int | None = None,
    train_seeds: int | Sequence[int] | None = None,
    out: Path | str,
    vocoder: str | Path | None = None,
    hard: bool | None = None,
    seeds: Sequence[int] | None = None,
    device: str = "auto",
    checkpoint: str | int = "last",
    registry: Registry | None = None,
    console: Console | None = None,
    **settings: Any,
) -> ComparisonResults:
    """Compare two or more voices on the same sentences; writes `out`/results.json, measurements.csv, index.html and the audio.

    Args:
        runs: run folders of acoustic models; none to train `models` first. Runs that differ in nothing but the seed of training
            are runs of one system.
        data: prepared corpus; may be left out for runs that know it.
        recipe: recipe (or its name) for training and for the `compare` section; else the first run's.
        models: what to train into `out`/runs under one budget: names of models, trained with `recipe`; recipes; recipe:model;
            label=recipe[:model]. A training that was stopped goes on.
        budget_s, steps, utterances: training time (s, or "10m") of each of them; or steps: of all, or {label: steps}, which
            replays a budget bit for bit with the steps that it became; or utterances that each reads, whatever its batches.
        train_seeds: trainings of each, or their seeds, the same for all: only then the page speaks of models.
        out: folder of the report.
        vocoder: plugin name or run that all systems speak through; else the first run's recipe's.
        hard: speak the hard sentences as well.
        seeds: seeds of synthesis.
        device: "auto", "cpu", "cuda", …
        checkpoint: "last", "best" or a step, of each run.
        settings: other fields of `CompareConfig`, such as limit=4.

    Raises:
        UsageError: fewer than two systems, or no corpus.
        MismatchError: systems that cannot be compared (another mel content or other symbols).
    """
    registry = registry or create_registry()
    tell = _teller(console)
    out = Path(out)
    recipe = _recipe(recipe, runs, registry)
    asked = {"hard": hard, "seeds": None if seeds is None else list(seeds)}
    limits = {"budget_s": budget_s, "steps": steps, "utterances": utterances}
    trained = {"train_seeds": train_seeds if train_seeds is None or isinstance(train_seeds, int) else list(train_seeds)}
    config = _config(recipe, {**asked, **limits, **trained, "models": list(models) or None, **settings})
    if any(value is not None for value in limits.values()):  # what is asked for wins over the recipe
        config = config.model_copy(update={name: None for name, value in limits.items() if value is None})
    measurements(registry, config)  # a wrong name or option is found before anything is trained
    where, clock, counted = str(pick_device(device)), _Stages(), partial(progress, console)
    if not runs:
        with clock("training"):
            runs = train_models(config, models, data, recipe, out, device, registry, console)
    with _no_room(out):
        out.mkdir(parents=True, exist_ok=True)
        systems = load_systems(runs, vocoder, where, checkpoint, registry)
        corpus = PreparedCorpus.open(corpus_folder(systems, data))
        facts = comparability(systems, corpus)  # refuses before anything is counted
        costs = {system.label: cost_of(system.run, corpus, registry) for system in systems}
        help = {name: help_of(own, corpus, registry) for name, own in by_system(systems).items()}
        facts = comparability(systems, corpus, costs, help)
        given = {"help": _plainly(help), "cost": _plainly(costs)}

        with SoundStore(out / ".sounds") as store:
            with clock("speaking"):
                analyse = Analyser(corpus, registry)
                sentences = recorded_sentences(corpus, config, registry)
                sentences += hard_sentences(corpus, config, registry) if config.hard else []
                spoken = speak(systems, sentences, corpus, config, analyse, store, out, where, tell, counted)
            measured = measure_all(spoken, registry)
            clock.seconds |= {one.name: one.seconds for one in measured if one.seconds}
            chosen = {
                "vocoder": systems[0].voice.vocoder_name,
                "checkpoint": checkpoint,
                "pitch_extractor": analyse.pitch_extractor,
            }
            content = content_of(spoken, measured, [fact.to_json() for fact in facts], chosen, clock.seconds, given)
            write_results(out, content, spoken, measured)  # before the page: a page that fails costs no number
            with clock("page"):
                content = write_page(out, content, spoken, measured)
        write_results(out, {**content, "stages_s": clock.seconds})
    tell(f"compared in {sum(clock.seconds.values()):.0f} s: {out / 'index.html'}")
    return ComparisonResults.open(out)


def _plainly(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if one is None else one.to_json() for name, one in found.items()}


@contextmanager
def _no_room(out: Path) -> Iterator[None]:
    """What the system refuses while a report is written, with the file, the reason and what stays."""
    try:
        yield
    except OSError as error:
        kept = f"what is complete stays in {out}, and the trained runs stay"
        raise explained(error, error.filename or out, kept, "compare again", doing="") from error


class _Stages:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str):
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 2)


def _teller(console: Console | None) -> Callable[[str], None]:
    return (lambda text: None) if console is None else lambda text: console.print(text, markup=False, highlight=False)


def _recipe(given: Recipe | str | Path | None, runs: Sequence[Path | str], registry: Registry) -> Recipe:
    """The recipe named, else the first run's, else the shipped base."""
    if given is not None:
        return load_recipe(given, registry=registry) if isinstance(given, (str, Path)) else given
    own = RunFolder.open(runs[0]).recipe(registry) if runs else None
    return own or load_recipe("base", registry=registry)


def _config(recipe: Recipe, changes: dict[str, Any]) -> CompareConfig:
    given = {key: value for key, value in changes.items() if value is not None}
    unknown = sorted(set(given) - set(CompareConfig.model_fields))
    if unknown:
        raise UsageError(f"unknown setting {unknown[0]!r}", f"there are: {', '.join(CompareConfig.model_fields)}", "")
    return CompareConfig.model_validate({**recipe.compare.model_dump(), **given})
