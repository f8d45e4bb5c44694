"""The AR/NAR experiment: train or take runs, let them speak the same sentences, measure, and write one page."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttskit.compare.page import write_page
from ttskit.compare.results import FORMAT, ComparisonResults, plain
from ttskit.compare.summary import quality, summary_rows, third_party
from ttskit.config.comparison import CompareConfig
from ttskit.devices import pick_device
from ttskit.errors import UsageError
from ttskit.measure.catalogue import QUALITY
from ttskit.measure.control import measure_control
from ttskit.measure.learned import held_out, measure_learned, median_baseline
from ttskit.measure.robustness import Judge, own_alignment, spread_over_seeds, summarise, summarise_alignments
from ttskit.measure.speech import (
    NATURAL,
    Analyser,
    Sample,
    hard_items,
    natural_samples,
    recorded_items,
    resynthesised_samples,
    score,
    spoken_samples,
)
from ttskit.measure.speed import measure_speed, training_curves
from ttskit.measure.stats import ratio_difference_interval
from ttskit.measure.systems import System, comparability, corpus_folder, load_systems
from ttskit.plugins import Registry, create_registry

if TYPE_CHECKING:
    from rich.console import Console

    from ttskit.config import Recipe
    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.measure.phones import Verdict


def compare(
    runs: Sequence[Path | str] = (),
    *,
    data: Path | str | None = None,
    recipe: Recipe | str | Path | None = None,
    models: Sequence[str] = (),
    budget_s: float | str | None = None,
    steps: int | dict[str, int] | None = None,
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
    """Compare two or more voices on the same sentences; writes `out`/index.html, results.json and the audio.

    Args:
        runs: run folders of acoustic models; none to train `models` first.
        data: prepared corpus; may be left out for runs that know it.
        recipe: recipe (or its name) for training and for the `compare` section; else the first run's.
        models: models to train into `out`/runs under one budget; a training that was stopped goes on.
        budget_s, steps: training time (s, or "10m") of each of them, or steps: of all, or {model: steps}, which
            replays a budget bit for bit with the steps that it became.
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
    config = _config(
        recipe,
        {
            "hard": hard,
            "seeds": None if seeds is None else list(seeds),
            "budget_s": budget_s,
            "steps": steps,
            "models": list(models) or None,
            **settings,
        },
    )
    if budget_s is not None and steps is None:
        config = config.model_copy(update={"steps": None})  # what is asked for wins over the recipe
    clock = _Clock()
    where = str(pick_device(device))
    if not runs:
        with clock("training"):
            runs = _train(config, models, data, recipe, out, device, registry, console)
    out.mkdir(parents=True, exist_ok=True)
    from ttskit.corpus.prepared import PreparedCorpus

    systems = load_systems(runs, vocoder, where, checkpoint, registry)
    corpus = PreparedCorpus.open(corpus_folder(systems, data))
    facts = comparability(systems, corpus)
    labels = [s.label for s in systems]
    notes = [note for s in systems for note in s.voice.notes]

    with clock("phone recogniser"):
        judge = Judge.of(corpus, config, tell)
    with clock("speaking"):
        analyse = Analyser(corpus, registry)
        recorded = recorded_items(corpus, config, registry)
        lists = {config.split: recorded, **({"hard": hard_items(corpus, config, registry)} if config.hard else {})}
        natural = natural_samples(corpus, recorded, analyse, out)
        samples = natural + resynthesised_samples(corpus, recorded, systems[0], analyse, out)
        for system in systems:
            for group, items in lists.items():
                tell(f"{system.label} speaks {len(items)} {group} sentences")
                samples += spoken_samples(system, items, config.seeds, analyse, out)
    with clock("metrics"):
        others = registry.all("metric")
        loaded = {name: plugin.load() for name, plugin in others.items()}
        originals = {s.item.id: s for s in natural}
        for sample in samples:
            if sample.item.utterance is not None and sample.system != NATURAL:
                notes += score(sample, originals[sample.item.id], corpus, config, loaded)
    with clock("robustness"):
        verdicts = judge.judge(samples, corpus)
        for sample, verdict in zip(samples, verdicts, strict=True):
            if verdict.verdict != "ok" and "duration_error_ms" in sample.scores:
                sample.scores["duration_error_ms"] = float("nan")  # DTW through noise runs straight and looks perfect
        robustness = _robustness(samples, verdicts, judge, lists, labels, config)
        measures = [*QUALITY, *third_party({n: {**p.facts, "summary": p.summary} for n, p in others.items()})]
        scores = quality([s for s in samples if s.item.utterance is not None], labels, measures, config)
    with clock("speed"):
        tell("measuring speed")
        speed = {s.label: measure_speed(s, corpus, config) for s in systems}
        training = {s.label: training_curves(s) for s in systems}
    with clock("control"):
        asked = [(u.text, u.speaker) for u in corpus.split(config.split)[: config.control_limit]]
        control = {s.label: measure_control(s.voice, asked) for s in systems if asked and s.voice.acoustic.controls}
    with clock("alignment"):
        tell("measuring what was learned")
        learned = {s.label: measure_learned(s, corpus, config) for s in systems}
        known = held_out(corpus)
        baseline = median_baseline(corpus, known) if known and corpus.split("train") else None

    content = plain(
        {
            "format": FORMAT,
            "title": " and ".join(labels),
            "systems": [_system(s) for s in systems],
            "corpus": _corpus(corpus),
            "comparability": [f.to_json() for f in facts],
            "summary": summary_rows(labels, scores, robustness, speed, training, learned),
            "quality": scores,
            "robustness": robustness,
            "speed": speed,
            "training": training,
            "control": control,
            "learned": {"systems": learned, "median_baseline_mel_l1": baseline},
            "sentences": _sentences(samples, verdicts, lists),
            "settings": {
                **config.model_dump(mode="json"),
                "vocoder": systems[0].voice.vocoder_name,
                "checkpoint": checkpoint,
                "device": where,
                "pitch_extractor": analyse.pitch_extractor,
            },
            "environment": _environment(where),
            "notes": list(dict.fromkeys(notes)),
            "stages_s": clock.seconds,
        }
    )
    with clock("page"):
        write_page(out, content, samples, corpus, config, registry, clock.seconds)
    tell(f"compared in {sum(clock.seconds.values()):.0f} s: {out / 'index.html'}")
    return ComparisonResults(out, content)


class _Clock:
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
    from ttskit.config import load_recipe
    from ttskit.runs.folder import RunFolder

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


def _train(
    config: CompareConfig,
    models: Sequence[str],
    data: Path | str | None,
    recipe: Recipe,
    out: Path,
    device: str,
    registry: Registry,
    console: Console | None,
) -> list[Path]:
    """Train each model into out/runs under the same budget, on the same data in the same order."""
    from ttskit.training import train

    names = list(models) or config.models
    if data is None:
        raise UsageError("models are to be trained, and no corpus is given", f"models: {', '.join(names)}", "--data PREPARED")
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError("a comparison needs two different models", f"got {', '.join(names)}", "--models NAME,NAME")
    for name in names:
        registry.get("acoustic model", name)
    steps = config.steps if isinstance(config.steps, dict) else dict.fromkeys(names, config.steps)
    if set(steps) != set(names):
        raise UsageError(
            "steps and models do not fit",
            f"models: {', '.join(names)}; steps for: {', '.join(steps)}",
            f"--steps {','.join(f'{name}=1000' for name in names)}",
        )
    folders = []
    for name in names:
        folder = out / "runs" / name
        limit = {"steps": steps[name]} if steps[name] else {"budget_s": config.budget_s}
        resume = (folder / "run.json").is_file()
        # a run that goes on keeps the steps that its budget was turned into
        train(
            recipe,
            model=name,
            data=data,
            run=folder,
            resume=resume,
            device=device,
            registry=registry,
            console=console,
            **({} if resume and not steps[name] else limit),
        )
        folders.append(folder)
    return folders


def _robustness(
    samples: Sequence[Sample],
    verdicts: Sequence[Verdict],
    judge: Judge,
    lists: dict,
    labels: Sequence[str],
    config: CompareConfig,
) -> dict:
    by_system: dict[str, dict[str, list[Verdict]]] = {}
    for sample, verdict in zip(samples, verdicts, strict=True):
        by_system.setdefault(sample.system, {}).setdefault(sample.item.group, []).append(verdict)
    setting = {"confidence": config.confidence, "resamples": config.resamples, "seed": config.bootstrap_seed}

    def rates(name: str, group: str) -> tuple[list[float], list[float]]:
        own = by_system[name].get(group, [])
        return [v.errors for v in own], [v.phones for v in own]

    own: dict[str, dict[str, dict]] = {}
    spread: dict[str, dict[str, dict]] = {}
    for name in labels:
        for group in lists:
            chosen = [(s, v) for s, v in zip(samples, verdicts, strict=True) if s.system == name and s.item.group == group]
            if found := summarise_alignments([s for s, _ in chosen]):
                own.setdefault(name, {})[group] = found
            if found := spread_over_seeds(chosen):
                spread.setdefault(name, {})[group] = found
    differences = {
        f"{a} − {b}": {g: ratio_difference_interval(rates(a, g), rates(b, g), **setting) for g in lists}
        for i, a in enumerate(labels)
        for b in labels[i + 1 :]
    }
    titles = {"test": "test sentences", "validation": "validation sentences", "hard": "hard sentences"}
    return {
        "recogniser": judge.facts,
        "thresholds": judge.thresholds.to_json(),
        "groups": {g: titles[g] for g in lists},
        "systems": {name: {g: summarise(v, config) for g, v in groups.items()} for name, groups in by_system.items()},
        "differences": differences,
        "own_alignments": own,
        "over_seeds": spread,
    }


def _sentences(samples: Sequence[Sample], verdicts: Sequence[Verdict], lists: dict) -> list[dict]:
    rows = {
        item.id: {
            "id": item.id,
            "group": item.group,
            "text": item.text,
            "words": item.words,
            "speaker": item.speaker,
            "samples": [],
        }
        for items in lists.values()
        for item in items
    }
    for sample, verdict in zip(samples, verdicts, strict=True):
        words = sample.item.words
        rows[sample.item.id]["samples"].append(
            {
                "system": sample.system,
                "seed": sample.seed,
                "audio": sample.audio_path,
                "scores": sample.scores,
                "finished": sample.finished,
                "own_alignment": own_alignment(sample),
                "verdict": {
                    **verdict.to_json(),
                    "skipped": [words[w] for w in verdict.skipped_words if w < len(words)],
                    "repeated": [words[w] for w in verdict.repeated_words if w < len(words)],
                },
            }
        )
    return list(rows.values())


def _system(system: System) -> dict:
    from ttskit.runs.folder import plain_options

    steps = system.run.info.get("steps")
    return {
        "label": system.label,
        "run": system.run.path.name,
        "model": system.loaded.name,
        "decoding": system.decoding,
        "parameters": system.parameters,
        "step": system.loaded.step,
        "budget": steps if isinstance(steps, dict) else {},
        "supervised_by_durations": system.supervised_by_durations,
        "aids": system.aids,
        "options": plain_options(system.loaded.options),
        "plugin": system.run.info.get("plugin"),
    }


def _corpus(corpus: PreparedCorpus) -> dict:
    rate = corpus.mel.sample_rate_hz
    return {
        "name": corpus.folder.name,
        "speakers": corpus.speakers.names,
        "mel": corpus.mel.to_json(),
        "frontend": corpus.frontend.to_json(),
        "exact_times": any(corpus.reference_times(u) is not None for u in held_out(corpus)),
        "splits": {
            s: {"utterances": len(own := corpus.split(s)), "seconds": sum(u.samples for u in own) / rate}
            for s in ("train", "validation", "test")
        },
    }


def _environment(device: str) -> dict:
    packages = {}
    for name in ("ttskit", "torch", "numpy", "librosa", "scipy"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.processor() or platform.machine()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device,
        "device_name": name,
        "threads": torch.get_num_threads(),
        "packages": packages,
    }
