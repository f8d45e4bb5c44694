"""Recipes: YAML files, validated and typed; every problem at once, with file, line and the nearest valid key."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, TypeAdapter, ValidationError, field_validator

from ttskit.audio.config import MelConfig, mel_config
from ttskit.config.comparison import CompareConfig
from ttskit.config.corpus import CorpusConfig
from ttskit.config.files import KeyPath, Layers, overruled, read_layers, shipped_recipes
from ttskit.config.training import TrainingConfig
from ttskit.errors import ConfigError, PluginError
from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import Registry, create_registry

__all__ = ["FrontendConfig", "ModelConfig", "Recipe", "explained", "in_our_words", "load_recipe", "shipped_recipes"]


class FrontendConfig(BaseModel):
    """Which frontend reads the text."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("spanish", description="frontend plugin")
    options: dict[str, Any] = Field(default_factory=dict, description="its options, such as dialect")


class ModelConfig(BaseModel):
    """What a recipe says about one model."""

    model_config = ConfigDict(extra="forbid")

    options: dict[str, Any] = Field(default_factory=dict, description="the plugin's options; left out: the published values")
    training: dict[str, Any] = Field(default_factory=dict, description="differences from the recipe's training section")


class Recipe(BaseModel):
    """Everything that says how a voice is made: corpus, models, training and comparison.

    `Recipe()` is the default; `load_recipe` reads files. A value is checked when the recipe is read,
    the options of plugins as well, so that a long training cannot fail on a key later.
    """

    model_config = ConfigDict(extra="forbid")

    seed: int = Field(1234, ge=0, lt=1 << 63, description="seed of everything random")
    mel: dict[str, Any] = Field({"preset": "nvidia-22050"}, description="preset, or {preset: …} with differences")
    frontend: FrontendConfig = Field(default_factory=lambda: FrontendConfig(), description="which frontend reads the text")
    corpus: CorpusConfig = Field(default_factory=CorpusConfig, description="how recordings are prepared")
    model: str = Field("fastpitch", description="what `ttskit train` trains")
    vocoder: str = Field("griffinlim", description="vocoder plugin or run folder, for synthesis and samples")
    models: dict[str, ModelConfig] = Field(default_factory=dict, description="options and training of each model")
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="how training runs")
    compare: CompareConfig = Field(default_factory=CompareConfig, description="what the comparison measures")

    _layers: Layers = PrivateAttr(default_factory=Layers)

    @field_validator("mel", mode="before")
    @classmethod
    def _preset(cls, value: Any) -> Any:
        return {"preset": value} if isinstance(value, str) else value

    @field_validator("frontend", mode="before")
    @classmethod
    def _name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    def mel_config(self) -> MelConfig:
        """The mel that the corpus is prepared with."""
        return mel_config(self.mel)

    def options_for(self, model: str, registry: Registry, base: Mapping[str, Any] | None = None) -> Any:
        """The validated options of a model or vocoder plugin: an instance of its options class, {} if it has none.

        Args:
            base: options of a run that this one starts from; what the recipe says is laid over them.

        Raises:
            PluginError: unknown plugin.
            ConfigError: options that do not fit, with file, line and nearest key.
        """
        problems: list[str] = []
        plugin = _model_plugin(model, registry)
        given = self.models[model].options if model in self.models else {}
        given = given if base is None else _overlaid(base, given)
        options = _options(plugin, given, ("models", model, "options"), self._layers, problems)
        _raise(problems)
        return options

    def with_options(self, model: str, options: Mapping[str, Any]) -> Recipe:
        """The recipe with these options of a model, all of them (plain data)."""
        section = self.models.get(model, ModelConfig()).model_copy(update={"options": dict(options)})
        return self.model_copy(update={"models": {**self.models, model: section}})

    def training_for(self, model: str) -> TrainingConfig:
        """The training section with this model's differences."""
        problems: list[str] = []
        training = _training(self, model, self._layers, problems)
        _raise(problems)
        return training

    def with_training(self, model: str, changes: Mapping[str, Any]) -> Recipe:
        """The recipe with differences in a model's training, laid over what it says (mappings key by key)."""
        section = self.models.get(model, ModelConfig())
        base = {**self.training.model_dump(exclude_unset=True), **section.training}
        laid = _overlaid({key: base[key] for key in changes if base.get(key) is not None}, changes)
        section = section.model_copy(update={"training": {**section.training, **laid}})
        changed = self.model_copy(update={"models": {**self.models, model: section}})
        changed.training_for(model)
        return changed

    def to_yaml(self) -> str:
        """The whole recipe, defaults included; `load_recipe` reads it back equal."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def load_recipe(name_or_path: str | Path = "base", overrides: Iterable[str] = (), registry: Registry | None = None) -> Recipe:
    """Read a recipe with all that it extends, apply overrides, and check all of it.

    Args:
        name_or_path: name of a shipped recipe, path of a YAML file, or a run folder.
        overrides: "a.b=c" as given to --set; the value is read as YAML.
        registry: plugins that names and options are checked with; all installed ones if not given.

    Raises:
        ConfigError: everything that is wrong, one line each: "file:line: key: message, did you mean …?".
    """
    layers = read_layers(name_or_path, overrides)
    registry = registry or create_registry()
    problems: list[str] = []
    try:
        recipe = Recipe.model_validate(layers.data)
    except ValidationError as error:
        problems += explained(error, Recipe, layers, ())
        recipe = _without_faults(layers.data, error)
    if recipe is not None:
        recipe._layers = layers
        problems += _truths(layers.data, recipe, (), layers)
        _check(recipe, registry, problems)
    _raise(problems)
    assert recipe is not None  # a recipe that could not be built has problems
    return recipe


def _check(recipe: Recipe, registry: Registry, problems: list[str]) -> None:
    """Everything that pydantic cannot see from the sections alone."""
    layers = recipe._layers
    for key in recipe.mel:
        if key not in _MEL_KEYS:
            problems.append(_line(layers, ("mel", key), _unknown(str(key), _MEL_KEYS)))
    try:
        if all(key in _MEL_KEYS for key in recipe.mel):
            recipe.mel_config()
    except ConfigError as error:
        problems += [_line(layers, ("mel",), f"{error.what}: {reason}") for reason in error.why.splitlines() or [error.fix]]
    except TypeError as error:
        problems.append(_line(layers, ("mel",), str(error)))
    frontend = _found(lambda: registry.get("frontend", recipe.frontend.name), ("frontend", "name"), layers, problems)
    if frontend is not None and (frontend.options or not recipe.frontend.options):
        _options(frontend, recipe.frontend.options, ("frontend", "options"), layers, problems)
    if recipe.model not in recipe.models:
        _found(lambda: _model_plugin(recipe.model, registry), ("model",), layers, problems)
    if not any(sign in recipe.vocoder for sign in "/\\.") and not _is_folder(recipe.vocoder):
        _found(lambda: registry.get("vocoder", recipe.vocoder), ("vocoder",), layers, problems)
    for name, section in recipe.models.items():
        plugin = _found(lambda name=name: _model_plugin(name, registry), ("models", name), layers, problems)
        if plugin is not None:
            _options(plugin, section.options, ("models", name, "options"), layers, problems)
        _training(recipe, name, layers, problems)


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # too long for a name
        return False


_MEL_KEYS = ("preset", *(f.name for f in fields(MelConfig)))


def _model_plugin(name: str, registry: Registry) -> Plugin:
    """The acoustic model or vocoder of that name."""
    for kind in ("acoustic model", "vocoder"):
        if (kind, name) in registry.found or (kind, name) in registry.taken:
            return registry.get(kind, name)
    names = sorted({*registry.all("acoustic model"), *registry.all("vocoder")})
    near = get_close_matches(name, names, n=1)
    raise PluginError(
        f"unknown model {name!r}",
        f"there are: {', '.join(names) or 'none'}",
        f"did you mean {near[0]!r}?" if near else "see ttskit plugins list",
    )


def _found(get: Callable[[], Plugin], path: KeyPath, layers: Layers, problems: list[str]) -> Plugin | None:
    try:
        return get()
    except PluginError as error:
        parts = (error.what, error.why.replace("\n", "; "), error.fix)
        problems.append(_line(layers, path, ", ".join(part for part in parts if part)))
        return None


def _options(plugin: Plugin, given: Mapping[str, Any], path: KeyPath, layers: Layers, problems: list[str]) -> Any:
    """`given` as the plugin's options class; problems are collected, and then None is returned."""
    try:
        cls = plugin.load_options()
    except Exception as error:  # a third party's module may raise anything
        problems.append(_line(layers, path, f"options of {plugin.name} cannot be loaded ({type(error).__name__}: {error})"))
        return None
    if cls is None:
        problems += [_line(layers, (*path, key), f"{plugin.kind} {plugin.name!r} has no options") for key in given]
        return {}
    if is_dataclass(cls):  # pydantic cannot forbid unknown keys of a plain dataclass
        known = [f.name for f in fields(cls)]
        unknown = [key for key in given if key not in known]
        problems += [_line(layers, (*path, key), _unknown(key, known)) for key in unknown]
        given = {key: value for key, value in given.items() if key in known}
    try:
        options = TypeAdapter(cls).validate_python(dict(given))
    except ValidationError as error:
        problems += explained(error, cls, layers, path)
        return None
    except Exception as error:  # a validator of a third party's class
        problems.append(_line(layers, path, f"options of {plugin.name} cannot be checked ({type(error).__name__}: {error})"))
        return None
    problems += _truths(given, options, path, layers)
    return options


def _truths(given: Any, made: Any, path: KeyPath, layers: Layers) -> Iterator[str]:
    """A line for each true or false where a number stands now: pydantic takes them for 1 and 0, people do not."""
    if isinstance(given, bool):
        if isinstance(made, (int, float)) and not isinstance(made, bool):
            yield _line(layers, path, f"must be a number, got {str(given).lower()}")
    elif isinstance(given, Mapping):
        for key, value in given.items():
            inner = made.get(key) if isinstance(made, Mapping) else getattr(made, str(key), None)
            yield from _truths(value, inner, (*path, key), layers)
    elif isinstance(given, (list, tuple)) and isinstance(made, Sequence) and len(given) == len(made):
        for index, value in enumerate(given):
            yield from _truths(value, made[index], (*path, index), layers)


def _overlaid(base: Any, given: Any) -> Any:
    if not (isinstance(base, Mapping) and isinstance(given, Mapping)):
        return given
    return {**base, **{key: _overlaid(base.get(key), value) for key, value in given.items()}}


def _training(recipe: Recipe, model: str, layers: Layers, problems: list[str]) -> TrainingConfig:
    own = recipe.models[model].training if model in recipe.models else {}
    # a model that says steps does not inherit the shared budget, nor the other way round
    shared = recipe.training.model_dump()
    shared = {key: value for key, value in shared.items() if not overruled(key, own)}
    try:
        return TrainingConfig.model_validate({**shared, **own})
    except ValidationError as error:
        problems += explained(error, TrainingConfig, layers, ("models", model, "training"))
        return recipe.training


def explained(error: ValidationError, model: Any, layers: Layers, prefix: KeyPath) -> list[str]:
    """One line for each problem that pydantic found in `model`, whose data lies at `prefix`."""
    lines = []
    for problem in error.errors(include_url=False):
        loc = problem["loc"]
        if problem["type"] == "extra_forbidden":
            message = _unknown(str(loc[-1]), _keys(model, loc[:-1]))
        else:
            own_words = problem["type"] == "value_error"  # raised by a validator, which names the values itself
            message = problem["msg"].removeprefix("Value error, ") if own_words else in_our_words(problem["msg"])
            if not own_words and problem["type"] != "missing" and not isinstance(problem["input"], Mapping):
                message += f", got {problem['input']!r:.60}"
        lines.append(_line(layers, (*prefix, *loc), message))
    return lines


def in_our_words(text: str) -> str:
    """A message of pydantic as the rest of a line: "must be greater than 0"."""
    text = text.replace("Input should be ", "must be ").replace(" or '", ", '")  # no message
    return text[0].lower() + text[1:]


def _keys(model: Any, loc: KeyPath) -> list[str]:
    """The valid keys of the section at `loc` below a pydantic model."""
    for part in loc:  # a name that is no field is a key or index of a container: its values are of the same class
        known = getattr(model, "model_fields", {})
        annotation = known[part].annotation if part in known else model
        candidates = [annotation, *get_args(annotation)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), annotation)
    return list(getattr(model, "model_fields", ()))


def _without_faults(data: Mapping[str, Any], error: ValidationError) -> Recipe | None:
    """The recipe without its faulty values, so that the remaining checks can still report."""
    repaired = copy.deepcopy(dict(data))
    for problem in error.errors(include_url=False):
        place: Any = repaired
        for part in problem["loc"][:-1]:
            place = place.get(part) if isinstance(place, dict) else None
        if isinstance(place, dict) and problem["loc"]:
            place.pop(problem["loc"][-1], None)
    try:
        return Recipe.model_validate(repaired)
    except ValidationError:
        return None


def _line(layers: Layers, path: KeyPath, message: str) -> str:
    return f"{layers.place(path)}: {'.'.join(map(str, path))}: {message}"


def _unknown(key: str, known: Iterable[str]) -> str:
    known = list(known)
    near = get_close_matches(key, known, n=1)
    if near:
        return f"unknown key, did you mean {near[0]!r}?"
    return f"unknown key (keys: {', '.join(known)})" if known else _UNKNOWN


_UNKNOWN = "unknown key"  # messages


_SHOWN = 40  # problems of one recipe: more fill no screen


def _raise(problems: list[str]) -> None:
    if problems:
        unique = list(dict.fromkeys(problems))
        count = "1 problem" if len(unique) == 1 else f"{len(unique)} problems"  # messages
        shown = [line if len(line) <= 400 else f"{line[:400]}…" for line in unique[:_SHOWN]]
        shown += [f"… and {len(unique) - _SHOWN} more"] if len(unique) > _SHOWN else []
        raise ConfigError(f"the recipe is not valid: {count}", "\n".join(shown))
