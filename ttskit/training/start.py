"""The start of a training: its run folder, its corpus, and parameters from another run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Trainable
from ttskit.plugins import Registry
from ttskit.training.data import corpus_facts
from ttskit.training.files import write_text
from ttskit.training.processes import Processes
from ttskit.training.run import RunFolder, plain_options, read_options

if TYPE_CHECKING:
    from ttskit.config import Recipe


def open_corpus(data: str | Path) -> PreparedCorpus:
    """A prepared corpus; for recordings that are not prepared yet, the error says how."""
    data = Path(data)
    if data.is_dir() and not (data / "corpus.json").is_file():
        raise CorpusError(f"{data} is not a prepared corpus", f"there is no {data / 'corpus.json'}",
                          f"first: ttskit prepare {data} -o PREPARED, then train with --data PREPARED")
    return PreparedCorpus.open(data)


def open_or_create(path: Path, resume: bool, plugin: Plugin, options: Any, recipe: Recipe, corpus: PreparedCorpus,
                   group: Processes, registry: Registry) -> RunFolder:
    """The run folder of this training: new, or checked against what is trained now.

    Raises:
        UsageError: it exists and `resume` was not asked for, or the other way round.
        MismatchError: the existing run is of another model, options, corpus or seed.
    """
    if resume:
        folder = RunFolder.open(path)
        _same_training(folder, plugin, options, recipe, corpus)
        if group.first:
            write_text(path / "config.yaml", recipe.to_yaml())
    else:
        if group.first:
            _require_new(path)
            RunFolder.create(path, kind=plugin.kind, model=plugin.name, options=options, context=corpus.context(),
                             frontend=corpus.frontend, recipe=recipe, registry=registry, corpus=corpus_facts(corpus),
                             seed=recipe.seed)
        group.wait()
        folder = RunFolder.open(path)
    group.wait()
    return folder


def with_options_of(recipe: Recipe, plugin: Plugin, source: Path) -> Recipe:
    """The recipe, where it is silent with the run `source`'s options that decide shapes (the plugin's fact `structure`).

    They become part of the recipe, and so of the new run's config.yaml: resuming needs no `source`.
    """
    other = RunFolder.open(source)
    section = recipe.models.get(plugin.name)
    given = dict(section.options) if section is not None else {}
    taken = {name: other.info["options"][name] for name in plugin.facts.get("structure", ())
             if other.model == plugin.name and name not in given and other.info["options"].get(name) is not None}
    if not taken:
        return recipe
    from ttskit.config import ModelConfig

    section = (section or ModelConfig()).model_copy(update={"options": {**given, **taken}})
    return recipe.model_copy(update={"models": {**recipe.models, plugin.name: section}})


def discard_unstarted(folder: RunFolder) -> None:
    """Remove a new run whose settings turned out wrong before its first step, so that the mended command finds no run."""
    if not (folder.path / "metrics.jsonl").exists() and not folder.checkpoints:
        shutil.rmtree(folder.path, ignore_errors=True)


def _require_new(path: Path) -> None:
    if (path / "run.json").is_file():
        raise UsageError(f"{path} is a run already", "training into it would mix two runs",
                         f"continue it with --resume, or choose another folder: --run {path.with_name(path.name + '-2')}")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} is not empty", "a run needs a folder of its own", "--run NEW_FOLDER")


def _same_training(folder: RunFolder, plugin: Plugin, options: Any, recipe: Recipe, corpus: PreparedCorpus) -> None:
    facts = corpus_facts(corpus)
    before = folder.info.get("corpus") or {}
    pairs = [("model", folder.model, plugin.name), ("seed", folder.info.get("seed"), recipe.seed),
             ("corpus manifest", before.get("manifest_sha256"), facts["manifest_sha256"]),
             ("mel", before.get("mel"), facts["mel"])]
    # options that are newer than the run have their defaults, which train as before
    old = plain_options(read_options(plugin.load_options(), folder.info["options"], folder.path))
    new = plain_options(options)
    pairs += [(f"option {key}", old.get(key), new.get(key)) for key in sorted({*old, *new})]
    changed = [f"{what}: the run has {was!r}, now {now!r}" for what, was, now in pairs if was != now]
    if changed:
        raise MismatchError(f"{folder.path} cannot go on: something else is trained now", "\n".join(changed[:8]),
                            f"start a new run from it: --init-from {folder.path} --run NEW_FOLDER")


def copy_parameters(model: Trainable, source: Path, folder: RunFolder) -> tuple[str, list[str]]:
    """Copy what has equal name and shape out of the best checkpoint of `source`.

    Returns:
        What was copied, in words, and the names that stay fresh.

    Raises:
        MismatchError: another model, other symbols or speakers, nothing in common, or (vocoders) parts of what
            speaks that do not fit.
    """
    other = RunFolder.open(source)
    if other.model != folder.model:
        raise MismatchError(f"{source} holds another model", f"{other.model!r}, this run trains {folder.model!r}",
                            "name a run of the same model")
    here, there = folder.context, other.context
    if folder.kind == "acoustic model":
        for what, mine, theirs in (("symbols", here.symbols.symbols, there.symbols.symbols),
                                   ("speakers", here.speakers.names, there.speakers.names)):
            if mine != theirs:
                here_only, there_only = [x for x in mine if x not in theirs][:6], [x for x in theirs if x not in mine][:6]
                how = f"only here: {here_only}, only there: {there_only}" if here_only or there_only else "in another order"
                raise MismatchError(f"{source} has other {what}", f"{len(theirs)} there, {len(mine)} here; {how}",
                                    f"prepare the corpus with the frontend and {what} of that run")
    placed = here.mel.require_same_content(there.mel, "the corpus", str(source))
    weights, step = other.weights("best")
    weights = model.weights_from(weights)
    own = model.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise MismatchError(f"{source} has no parameter that fits", f"{len(weights)} there, {len(own)} here",
                            "use that run's options")
    left = sorted(set(own) - set(fitting))
    halves = [name for name in left if not name.startswith(model.training_only)]
    if folder.kind == "vocoder" and halves:  # half a vocoder would only buzz
        old, new = other.info["options"], folder.info["options"]
        differing = [f"option {key}: there {old[key]!r}, here {new[key]!r}" for key in old if old[key] != new.get(key)]
        raise MismatchError(f"{source} is a vocoder of another size",
                            "\n".join([f"{len(halves)} of its tensors do not fit, such as {halves[0]}", *differing[:8]]),
                            f"give its options: --set models.{folder.model}.options.NAME=VALUE")
    with torch.no_grad():
        for name, value in fitting.items():
            own[name].copy_(value)
    rest = f"; {len(left)} stay fresh: {', '.join(left[:4])}{' …' if len(left) > 4 else ''}" if left else ""
    said = f"{len(fitting)} of {len(own)} tensors from step {step} of {source}{rest}"
    # Weights know no clock: segments lie around their frames' centres, whatever the placement.
    return (f"{said}\n{placed.partition('): ')[0]}): segments are cut to match" if placed else said), left

