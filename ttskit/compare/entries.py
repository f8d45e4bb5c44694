"""What `compare` is asked to train: a model of the recipe, a recipe of its own, or a model of another recipe under a label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from ttskit.config import Recipe, load_recipe, shipped_recipes
from ttskit.errors import MismatchError, UsageError
from ttskit.plugins import Registry

__all__ = ["SystemEntry", "entries_of"]

_LABEL = re.compile(r"[^\W_][\w.+-]*")  # names a folder below out/runs


@dataclass(frozen=True, slots=True)
class SystemEntry:
    """A system to be trained.

    Args:
        label: what the page calls it.
        model: plugin name.
        recipe: that it is trained with.
        source: name or path of that recipe; "" for the recipe of the whole comparison.
    """

    label: str
    model: str
    recipe: Recipe
    source: str = ""


def entries_of(items: Sequence[str], recipe: Recipe, registry: Registry) -> list[SystemEntry]:
    """Read the items of `--models`.

    Args:
        items: each the name of a model, trained with `recipe`; else a shipped recipe's name or a YAML file, its `model`;
            recipe:model for another model of it; and label= before any of these. Of a name that a model and a recipe have, the
            model is meant, and after `label=` the recipe.

    Raises:
        UsageError: fewer than two, no such model or recipe, or labels that are not different names.
        ConfigError: a recipe that cannot be read.
        MismatchError: recipes of another mel or frontend.
    """
    entries = [_entry(item, recipe, registry) for item in items]
    labels = [entry.label for entry in entries]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if len(entries) < 2 or twice is not None:
        why = f"got {', '.join(items)}" + (f": {twice!r} is there twice" if twice is not None else "")
        raise UsageError("a comparison needs two different models", why, "--models NAME,NAME, or LABEL=RECIPE,LABEL=RECIPE")
    first = next((e for e in entries if e.source), entries[0])
    for entry in entries:
        if entry.source:
            _require_same_corpus(first, entry)
    return entries


def _entry(item: str, recipe: Recipe, registry: Registry) -> SystemEntry:
    label, equals, wanted = item.partition("=")
    label, wanted = (label.strip(), wanted.strip()) if equals else ("", item.strip())
    models = registry.all("acoustic model")
    if wanted in models and not (equals and wanted in shipped_recipes()):
        registry.get("acoustic model", wanted)
        found = SystemEntry(wanted, wanted, recipe)
    else:
        found = _of_recipe(wanted, models, registry)
    found = replace(found, label=label or found.label)
    if not _LABEL.fullmatch(found.label):
        raise UsageError(
            f"{found.label!r} cannot name a run", "it names a folder", "letters, digits, dots and dashes: LABEL=RECIPE"
        )
    return found


def _of_recipe(wanted: str, models: Sequence[str] | dict, registry: Registry) -> SystemEntry:
    """A recipe, or recipe:model; a colon may belong to the path of a file."""
    source, colon, model = wanted.rpartition(":")
    chosen = model.strip() if colon and not _is_recipe(wanted) else ""
    source = source.strip() if chosen else wanted
    if not _is_recipe(source):
        names = [*models, *shipped_recipes()]
        near = get_close_matches(source, names, n=1)
        raise UsageError(
            f"{source!r:.200} is neither a model nor a recipe",
            f"models: {', '.join(models)}; recipes: {', '.join(shipped_recipes())}",
            f"did you mean {near[0]!r}?" if near else "or give the path of a YAML file",
        )
    own = load_recipe(source, registry=registry)
    name = chosen or own.model
    registry.get("acoustic model", name)
    return SystemEntry(chosen or Path(source).stem, name, own, source)


def _is_recipe(name: str) -> bool:
    try:
        return name in shipped_recipes() or Path(name).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _require_same_corpus(one: SystemEntry, other: SystemEntry) -> None:
    """Recipes that would prepare another corpus: told before anything is trained."""
    mels = one.recipe.mel_config().content(), other.recipe.mel_config().content()
    pairs = [(f"mel.{key}", value, mels[1].get(key)) for key, value in mels[0].items()]
    pairs += [("frontend", one.recipe.frontend.model_dump(), other.recipe.frontend.model_dump())]
    differing = [f"{key}: {one.source} has {a}, {other.source} {b}" for key, a, b in pairs if a != b]
    if differing:
        raise MismatchError(
            f"{one.source} and {other.source} are recipes for different corpora",
            "\n".join(differing[:6]),
            "compare recipes of one mel and frontend, on a corpus prepared with them",
        )
