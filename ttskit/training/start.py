"""The start of a training: its run folder, its corpus, and parameters from another run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.config import ModelConfig
from ttskit.config.training import LEARNING, RehearsalConfig, TrainingConfig
from ttskit.corpus.batches import Rehearsal
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, MismatchError, TTSKitError, UsageError
from ttskit.interfaces.acoustic import AcousticModel, ModelContext
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Trainable
from ttskit.offers import phonetics_of
from ttskit.plugins import Registry
from ttskit.runs.checkpoints import CHOSEN, choose
from ttskit.runs.files import write_json, write_text
from ttskit.runs.folder import RunFolder, plain_options, read_options
from ttskit.runs.starting import claim, clear, discard
from ttskit.training.data import corpus_facts, rehearsal_facts
from ttskit.training.processes import Processes
from ttskit.training.transfer import carry_over, plan_transfer
from ttskit.training.transfer_report import transfer_lines

if TYPE_CHECKING:
    from ttskit.config import Recipe

__all__ = ["StartingRun", "inherit", "open_corpus", "open_or_create", "open_rehearsal", "with_options_of"]


def open_corpus(data: str | Path) -> PreparedCorpus:
    """A prepared corpus; for recordings that are not prepared yet, the error says how."""
    data = Path(data)
    if data.is_dir() and not (data / "corpus.json").is_file():
        raise CorpusError(
            f"{data} is not a prepared corpus",
            f"there is no {data / 'corpus.json'}",
            f"first: ttskit prepare {data} -o PREPARED, then train with --data PREPARED",
        )
    return PreparedCorpus.open(data)


def open_or_create(
    path: Path,
    resume: bool,
    plugin: Plugin,
    options: Any,
    recipe: Recipe,
    corpus: PreparedCorpus,
    context: ModelContext | None,
    rehearsal: Rehearsal | None,
    group: Processes,
    registry: Registry,
    hold: Callable[[Path], object],
    **facts: Any,
) -> RunFolder:
    """The run folder of this training: new, or checked against what is trained now.

    Args:
        context: of a new run; a resumed one has its own.
        hold: takes the folder's lock, before anything in it is changed.
        facts: more for run.json of a new run: what resuming must know though it was killed before its first step.

    Raises:
        UsageError: it exists and `resume` was not asked for, or the other way round.
        MismatchError: the existing run is of another model, options, corpus or seed.
    """
    if resume:
        folder = RunFolder.open(path)
        _same_training(folder, plugin, options, recipe, corpus, rehearsal, registry)

        def go_on() -> None:
            hold(path)
            write_text(path / "config.yaml", recipe.to_yaml())

        group.by_first(go_on)
        return folder

    def create() -> None:
        claim(path)
        hold(path)
        clear(path)
        try:
            RunFolder.create(
                path,
                kind=plugin.kind,
                model=plugin.name,
                options=options,
                context=context,
                frontend=corpus.frontend,
                recipe=recipe,
                registry=registry,
                corpus=corpus_facts(corpus, recipe.training_for(plugin.name).minutes),
                seed=recipe.seed,
                **({"rehearsal": rehearsal_facts(rehearsal)} if rehearsal else {}),
                **facts,
            )
        except (TTSKitError, OSError):
            discard(path)
            raise

    group.by_first(create)
    return RunFolder.open(path)


def with_options_of(recipe: Recipe, plugin: Plugin, source: Path) -> Recipe:
    """The recipe, where it is silent with the run `source`'s options that decide shapes (the plugin's fact `structure`).

    They become part of the recipe, and so of the new run's config.yaml: resuming needs no `source`.
    """
    other = RunFolder.open(source)
    section = recipe.models.get(plugin.name)
    given = dict(section.options) if section is not None else {}
    taken = {
        name: other.info["options"][name]
        for name in plugin.facts.get("structure", ())
        if other.model == plugin.name and name not in given and other.info["options"].get(name) is not None
    }
    if not taken:
        return recipe
    section = (section or ModelConfig()).model_copy(update={"options": {**given, **taken}})
    return recipe.model_copy(update={"models": {**recipe.models, plugin.name: section}})


def _same_training(
    folder: RunFolder,
    plugin: Plugin,
    options: Any,
    recipe: Recipe,
    corpus: PreparedCorpus,
    rehearsal: Rehearsal | None,
    registry: Registry,
) -> None:
    facts = corpus_facts(corpus)
    before = folder.info.get("corpus") or {}
    pairs = [
        ("model", folder.model, plugin.name),
        ("seed", folder.info.get("seed"), recipe.seed),
        ("corpus manifest", before.get("manifest_sha256"), facts["manifest_sha256"]),
        ("mel", before.get("mel"), facts["mel"]),
    ]
    mixed, now = folder.info.get("rehearsal") or {}, rehearsal_facts(rehearsal) or {}
    pairs += [(f"rehearsal {key}", mixed.get(key), now.get(key)) for key in ("manifest_sha256", "share", "speakers")]
    # options that are newer than the run have their defaults, which train as before
    same = folder.model == plugin.name
    old = plain_options(read_options(plugin.load_options(), folder.info["options"], folder.path)) if same else {}
    new = plain_options(options) if same else {}
    pairs += [(f"option {key}", old.get(key), new.get(key)) for key in sorted({*old, *new})]
    pairs += _settings(folder, plugin, recipe, registry) if same else []
    changed = [f"{what}: the run has {was!r}, now {now!r}" for what, was, now in pairs if was != now]
    if changed:
        raise MismatchError(
            f"{folder.path} cannot go on: something else is trained now",
            "\n".join(changed[:8]),
            f"leave that as it was; or go on from its checkpoint in a new run: --run {folder.path} --fork NEW_FOLDER; "
            f"or start one from its weights: --init-from {folder.path} --run NEW_FOLDER",
        )


def _settings(folder: RunFolder, plugin: Plugin, recipe: Recipe, registry: Registry) -> list[tuple[str, Any, Any]]:
    """The training settings that decide what is learned: name, the run's, the present."""
    before = folder.recipe(registry)
    if before is None:
        return []
    was, now = (r.training_for(plugin.name).model_dump(mode="json") for r in (before, recipe))
    return [(f"training.{name}", was[name], now[name]) for name in LEARNING]


@dataclass(frozen=True)
class StartingRun:
    """The run that a training starts from: a checkpoint of it.

    Attributes:
        run: its folder.
        step: of the checkpoint taken.
    """

    run: RunFolder
    step: int

    @classmethod
    def of(cls, run: str | Path, plugin: Plugin, mel: MelConfig, step: int | None = None) -> StartingRun:
        """Open and check it; the checkpoint that it speaks with unless `step` names one.

        Raises:
            MismatchError: another model, or another mel content.
            CheckpointError: no run, or no (such) checkpoint.
        """
        folder = RunFolder.open(run)
        if folder.model != plugin.name:
            raise MismatchError(
                f"{run} holds another model",
                f"{folder.model!r}, this run trains {plugin.name!r}",
                f"name a run of the same model, or --model {folder.model}",
            )
        try:
            mel.require_same_content(folder.context.mel, "the corpus", str(run))
        except MismatchError as error:  # its advice is for a vocoder
            raise MismatchError(
                error.what,
                error.why,
                f"prepare the corpus with the mel of {run}: ttskit prepare CORPUS "
                f"--set mel={_preset(folder.context.mel)} --out PREPARED",
            ) from error
        return cls(folder, choose(folder.checkpoints, CHOSEN[folder.kind] if step is None else step, folder.path).step)

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of its model."""
        return self.run.info["options"]

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json keeps of it."""
        return {"init_from": str(self.run.path.resolve()), "init_from_step": self.step}

    def weights(self) -> dict[str, Tensor]:
        """State dict of the checkpoint."""
        return self.run.weights(self.step)[0]


def _preset(mel: MelConfig) -> str:
    """How to ask for a mel of this content: the nearest preset, with what differs from it."""
    wanted = mel.content()
    differing = {name: {k: v for k, v in wanted.items() if v != p.content()[k]} for name, p in PRESETS.items()}
    name = min(differing, key=lambda n: len(differing[n]))
    rest = "".join(f", {key}: {value}" for key, value in differing[name].items())
    return f"'{{preset: {name}{rest}}}'" if rest else name


def open_rehearsal(config: RehearsalConfig | None, corpus: PreparedCorpus, known: str | None = None) -> Rehearsal | None:
    """The corpus that is mixed in; `known` is where it lay when the run began, if it is not where the recipe says.

    Raises:
        CorpusError: not a prepared corpus, or nothing in it to rehearse.
        MismatchError: another mel content than the main corpus's.
        UsageError: a speaker that it does not have.
    """
    if config is None:
        return None
    other = open_corpus(known if known and not Path(config.data).exists() else config.data)
    try:
        names = f"the corpus {corpus.folder.name}", f"the rehearsal corpus {other.folder.name}"
        corpus.mel.require_same_content(other.mel, *names)
    except MismatchError as error:
        raise MismatchError(error.what, error.why, "prepare both with the same mel") from error
    for name in config.speakers:
        if name not in other.speakers.names:
            why = f"{config.data} has {', '.join(other.speakers.names[:8])}"
            raise UsageError(f"there is no speaker {name!r} to rehearse", why, "correct training.rehearsal.speakers")
    rehearsal = Rehearsal(other, config.share, tuple(config.speakers))
    rehearsal.utterances()
    return rehearsal


def inherit(
    model: Trainable,
    origin: StartingRun,
    folder: RunFolder,
    corpus: PreparedCorpus,
    config: TrainingConfig,
    rehearsal: Rehearsal | None,
    write: bool,
    registry: Registry,
) -> tuple[str, list[str]]:
    """Fill `model` from `origin` by name.

    Args:
        write: keep the plan as transfer.json in the run (the first process does).
        registry: who knows how the corpus's letters sound.

    Returns:
        What to tell people, and the names of tensors that stay fresh.

    Raises:
        MismatchError, UsageError, CheckpointError: see `plan_transfer` and `carry_over`.
    """
    source = origin.run.path
    if not isinstance(model, AcousticModel):
        return _copy_fitting(model, origin, folder)
    letters = phonetics_of(corpus.frontend.name, registry).letters
    plan = plan_transfer(source, origin.step, origin.run.context, folder.context, corpus, config.transfer, rehearsal, letters)
    plan = carry_over(plan, model.weights_from(origin.weights()), origin.run.context, model)
    if write:
        write_json(folder.path / "transfer.json", plan.to_json())
    return "\n".join(transfer_lines(plan)), [n for n in plan.tensors["new"] if n not in plan.tensors["zeros"]]


def _copy_fitting(model: Trainable, origin: StartingRun, folder: RunFolder) -> tuple[str, list[str]]:
    """Copy what has equal name and shape (vocoders, which know neither symbols nor speakers).

    Returns:
        What was copied, in words, and the names that stay fresh.

    Raises:
        MismatchError: nothing in common, or parts of what speaks that do not fit.
    """
    source, other = origin.run.path, origin.run
    placed = folder.context.mel.require_same_content(other.context.mel, "the corpus", str(source))
    weights = model.weights_from(origin.weights())
    own = model.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise MismatchError(
            f"{source} has no parameter that fits", f"{len(weights)} there, {len(own)} here", "use that run's options"
        )
    left = sorted(set(own) - set(fitting))
    halves = [name for name in left if not name.startswith(model.training_only)]
    if halves:  # half a vocoder would only buzz
        old, new = other.info["options"], folder.info["options"]
        differing = [
            f"option {key}: there {old.get(key)!r}, here {new.get(key)!r}"
            for key in {**old, **new}
            if old.get(key) != new.get(key)
        ]
        raise MismatchError(
            f"{source} is a vocoder of another size",
            "\n".join([f"{len(halves)} of its tensors do not fit, such as {halves[0]}", *differing[:8]]),
            f"give its options: --set models.{folder.model}.options.NAME=VALUE",
        )
    with torch.no_grad():
        for name, value in fitting.items():
            own[name].copy_(value)
    rest = f"; {len(left)} stay fresh: {', '.join(left[:4])}{' …' if len(left) > 4 else ''}" if left else ""
    said = f"{len(fitting)} of {len(own)} tensors from step {origin.step} of {source}{rest}"
    # Weights know no clock: segments lie around their frames' centres, whatever the placement.
    return (f"{said}\n{placed.partition('): ')[0]}): segments are cut to match" if placed else said), left
