"""What a plan names, looked up: recipes with their models, corpora; every problem at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ttskit.config import Recipe, load_recipe, shipped_recipes
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, TTSKitError
from ttskit.interfaces.acoustic import AcousticModel
from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import Registry
from ttskit.runs.folder import plain_options
from ttskit.training.data import corpus_facts
from ttskit_study.plan import AlignerPlan, StudyPlan, SystemPlan, not_valid

__all__ = ["FIXED", "Resolved", "Trained", "corpora_of", "differences", "digest", "facts_of", "resolve"]

# What every training of a study has, unless the plan's `set` says otherwise: what was learned does not depend on it, but
# that a hopeless attention goes on: it is a result, and leaving it out would choose runs by their outcome.
FIXED = ("training.samples=0", "training.keep_last=1", "training.stop_when_hopeless=false")


@dataclass(frozen=True)
class Trained:
    """A system, or the aligner, with its recipe.

    Args:
        name: of the system; "" for the aligner.
        plan: what the plan says of it.
        recipe: with the differences of the plan.
        model: name of the model plugin.
        plugin: that plugin.
    """

    name: str
    plan: SystemPlan | AlignerPlan
    recipe: Recipe
    model: str
    plugin: Plugin

    @property
    def durations(self) -> bool | str:
        """Whether it is trained on the study's aligner's durations, or the name of another alignment."""
        return self.plan.durations if isinstance(self.plan, SystemPlan) else False

    def settings(self, registry: Registry) -> dict[str, Any]:
        """All that decides what is learned, defaults included, as plain data."""
        training = self.recipe.training_for(self.model).model_dump(mode="json")
        options = plain_options(self.recipe.options_for(self.model, registry))
        return {"model": self.model, "options": options, "training": training}

    def recipe_of(self, seed: int, minutes: float | None, alignment: str | None) -> Recipe:
        """The recipe of one training."""
        changes: dict[str, Any] = {} if minutes is None else {"minutes": minutes}
        if alignment is not None:
            changes["alignment"] = alignment
        recipe = self.recipe.with_training(self.model, changes) if changes else self.recipe
        return recipe.model_copy(update={"seed": seed})

    def build(self, corpus: PreparedCorpus, registry: Registry) -> AcousticModel:
        """The model with fresh weights."""
        model: AcousticModel = self.plugin.load()(self.recipe.options_for(self.model, registry), corpus.context())
        return model


@dataclass(frozen=True)
class Resolved:
    """A plan with all that it names."""

    plan: StudyPlan
    systems: dict[str, Trained]
    aligner: Trained | None
    corpora: dict[str, PreparedCorpus] = field(default_factory=dict)

    @property
    def vocoder(self) -> str:
        """What all systems speak through."""
        return self.plan.vocoder or next(iter(self.systems.values())).recipe.vocoder


def resolve(plan: StudyPlan, registry: Registry) -> Resolved:
    """Load recipes and corpora.

    Raises:
        ConfigError: all that is wrong with recipes and systems, each with the plan's line.
        CorpusError: a corpus that is not there or damaged.
    """
    problems: list[str] = []
    systems = {}
    for name, system in plan.systems.items():
        found = _trained(plan, ("systems", name), name, system, registry, problems)
        if found is not None:
            systems[name] = found
    aligner = None
    if plan.aligner is not None:
        aligner = _trained(plan, ("aligner",), "", plan.aligner, registry, problems)
        if aligner is not None and not aligner.plugin.facts.get("aligns"):
            problems.append(f"{plan.place('aligner')}: aligner: {aligner.model!r} cannot align speech")
    if problems:
        raise not_valid(problems)
    corpora = corpora_of(plan)
    for name, one in systems.items():
        problems += _help(plan, name, one, next(iter(corpora.values())), registry)
    if problems:
        raise not_valid(problems)
    return Resolved(plan, systems, aligner, corpora)


def corpora_of(plan: StudyPlan) -> dict[str, PreparedCorpus]:
    """The corpora of a plan, opened.

    Raises:
        CorpusError: one is not there, or damaged.
    """
    found = {}
    for name, folder in plan.corpora.items():
        path = plan.beside(folder)
        if not (path / "corpus.json").is_file():
            raise CorpusError(
                f"{plan.place('corpus')}: there is no prepared corpus {path}",
                "the plan's paths start at its own folder",
                f"make it with ttskit prepare RECORDINGS -o {path}, or correct `corpus`",
            )
        found[name] = PreparedCorpus.open(path)
    return found


def facts_of(corpus: PreparedCorpus) -> dict[str, Any]:
    """What identifies a corpus in lock.json."""
    facts = corpus_facts(corpus)
    seconds = sum(u.samples for u in corpus.split("train")) / corpus.mel.sample_rate_hz
    return {**{k: facts[k] for k in ("folder", "manifest_sha256", "mel", "utterances")}, "minutes": round(seconds / 60, 3)}


def digest(value: Any) -> str:
    """SHA-256 of plain data."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def differences(before: Any, after: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted keys whose values differ. Keys of mappings that `before` does not know are left out: newer code has more."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found: dict[str, tuple[Any, Any]] = {}
        for key, value in before.items():
            found |= differences(value, after.get(key), f"{path}.{key}" if path else str(key))
        return found
    return {} if before == after else {path: (before, after)}


def _trained(
    plan: StudyPlan,
    keys: tuple[str, ...],
    name: str,
    system: SystemPlan | AlignerPlan,
    registry: Registry,
    problems: list[str],
) -> Trained | None:
    where = f"{plan.place(*keys, 'recipe')}: {'.'.join(keys)}"
    given: str | Path = system.recipe
    if system.recipe not in shipped_recipes():
        given = plan.beside(system.recipe)
        if not given.exists() and not given.with_name(f"{given.name}.yaml").exists():
            given = system.recipe  # its error names the shipped ones
    try:
        recipe = load_recipe(given, [*FIXED, *system.set], registry)
        model = system.model or recipe.model
        recipe.options_for(model, registry)
        recipe.training_for(model)
        plugin = registry.get("acoustic model", model)
    except TTSKitError as error:
        said = [error.what, *error.why.splitlines(), error.fix]
        problems.append(f"{where}: {'; '.join(line for line in said if line)}")
        return None
    return Trained(name, system, recipe, model, plugin)


def _help(plan: StudyPlan, name: str, one: Trained, corpus: PreparedCorpus, registry: Registry) -> list[str]:
    """Durations are never hidden: who is trained on them says so, and who says so is trained on them."""
    where = f"{plan.place('systems', name, 'durations')}: systems.{name}.durations"
    takes = "durations" in one.build(corpus, registry).features
    if takes and one.durations is False:
        return [f"{where}: {one.model!r} by this recipe is trained on durations: say durations: true, or switch that off"]
    if not takes and one.durations is not False:
        return [f"{where}: {one.model!r} by this recipe is not trained on durations: leave this out"]
    if isinstance(one.durations, str):
        lacking = [c for c, opened in plan.corpora.items() if not (plan.beside(opened) / "alignments" / one.durations).is_dir()]
        return [f"{where}: there is no alignment {one.durations!r} in {', '.join(lacking)}"] if lacking else []
    return []
