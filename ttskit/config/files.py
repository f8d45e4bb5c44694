"""Recipe files: finding them, reading them with line numbers, `extends:` and `--set` overrides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from ttskit.config.training import LIMITS
from ttskit.errors import ConfigError

__all__ = ["EITHER", "KeyPath", "Layers", "find_recipe", "overruled", "read_layers", "shipped_recipes", "shown_path"]

# A path of keys, and where its value was written ("recipe.yaml:12" or "--set a.b=c").
KeyPath = tuple[Any, ...]


@dataclass
class Layers:
    """Merged recipe data, and for each path of keys where its value came from."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, str] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Where the value at `path` was written, or its nearest written parent ("recipe" if none)."""
        for size in range(len(path), 0, -1):
            if path[:size] in self.places:
                return self.places[path[:size]]
        return "recipe"


class _Loader(yaml.SafeLoader):
    """Safe YAML that also reads 1e-3 as a number (YAML 1.1 wants 1.0e-3)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def shipped_recipes() -> dict[str, Path]:
    """Recipes that come with ttskit, by name: in the package of a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "recipes", package.parent / "recipes"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


def find_recipe(name: str | Path, beside: Path | None = None) -> Path:
    """The file that `name` means: a shipped recipe's name, a file, or a run folder (its config.yaml).

    Args:
        name: a bare name means the shipped recipe of that name first.
        beside: folder that relative paths start from (that of the file which extends), else the current one.
    """
    text, shipped = str(name), shipped_recipes()
    if text in shipped:
        return shipped[text]
    path = Path(text).expanduser()
    path = path if path.is_absolute() else (beside or Path()) / path
    for candidate in (path, path / "config.yaml", path.with_name(path.name + ".yaml")):
        if candidate.is_file():
            return candidate
    near = get_close_matches(text, shipped, n=1)
    raise ConfigError(
        f"no recipe {text!r}",
        f"neither a file nor a shipped recipe: {', '.join(shipped)}",
        f"did you mean {near[0]!r}?" if near else "give the path of a YAML file or one of these names",
    )


def read_layers(name: str | Path, overrides: Iterable[str] = ()) -> Layers:
    """The recipe `name` on top of all that it extends, then the overrides, in order."""
    layers = Layers()
    for path in reversed(_chain(find_recipe(name))):
        data, places = _read(path)
        data.pop("extends", None)
        _merge(layers, data, places)
    problems = []
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not all(key.strip().split(".")):
            problems.append(f"--set {override}: write it as --set key.subkey=value")
            continue
        try:
            parsed = yaml.load(value, _Loader)
        except yaml.YAMLError as error:
            problems.append(f"--set {override}: {_yaml_problem(error)}")
            continue
        path = tuple(key.strip().split("."))
        nested: Any = parsed
        for part in reversed(path):
            nested = {part: nested}
        _merge(layers, nested, {path: f"--set {override}"})  # the place holds for everything below as well
    if problems:
        raise ConfigError("overrides are not valid", "\n".join(problems), "")
    return layers


def _chain(path: Path) -> list[Path]:
    """`path` and all that it extends, nearest first; a cycle is an error that shows it."""
    chain: list[Path] = []
    while True:
        path = path.resolve()
        if path in chain:
            shown = " → ".join(p.name for p in [*chain[chain.index(path) :], path])
            raise ConfigError("recipes extend each other in a circle", shown, f"remove `extends` from {chain[-1].name}")
        chain.append(path)
        data, places = _read(path)
        parent = data.get("extends")
        if parent is None:
            return chain
        if not isinstance(parent, str):
            raise ConfigError(f"{places['extends',]}: extends: must be one name or path, got {parent!r}", "", "extends: base")
        try:
            path = find_recipe(parent, beside=path.parent)
        except ConfigError as error:
            raise ConfigError(f"{places['extends',]}: extends: {error.what}", error.why, error.fix) from None


def _read(path: Path) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """A file's data and the place of each key."""
    shown = shown_path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown}:{line}: not UTF-8 text", str(error), "save the recipe as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"cannot read recipe {shown}", error.strerror or str(error), "") from None
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{shown}: a recipe is a mapping of keys to values", f"got {node.value!r:.60}", "extends: base")
        places: dict[KeyPath, str] = {}
        _places(node, (), shown, places)
        return loader.construct_document(node), places
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{shown}:{mark.line + 1}" if mark else shown
        raise ConfigError(f"{where}: not valid YAML", _yaml_problem(error), "") from None
    finally:
        loader.dispose()


def _places(node: yaml.Node, path: KeyPath, shown: str, places: dict[KeyPath, str]) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise ConfigError(
                    f"{shown}:{line}: {'.'.join(map(str, (*path, key.value)))}: written twice",
                    f"first in line {seen[key.value]}",
                    "keep one",
                )
            seen[key.value] = line
            places[(*path, key.value)] = f"{shown}:{line}"
            _places(value, (*path, key.value), shown, places)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            places[(*path, index)] = f"{shown}:{item.start_mark.line + 1}"
            _places(item, (*path, index), shown, places)


# Sections that one word may stand for, and the key that this word fills. Choosing another one drops
# what was said about the old: `--set frontend=other` must not inherit the dialect of `spanish`.
_NAMED = {"mel": "preset", "frontend": "name"}


def _merge(layers: Layers, data: Mapping[str, Any], places: Mapping[KeyPath, str]) -> None:
    data = dict(data)
    for section, key in _NAMED.items():
        if isinstance(data.get(section), str):
            data[section] = {key: data[section]}
        new, old = data.get(section), layers.data.get(section)
        if isinstance(new, Mapping) and isinstance(old, Mapping) and key in new and new[key] != old.get(key):
            _forget(layers, (section,))
            del layers.data[section]
    layers.data = _merged(layers, layers.data, data, ())
    layers.places.update(places)


# Ways to say the same: a layer that gives one replaces the others of the layers below.
EITHER = {one: tuple(other for other in LIMITS if other != one) for one in LIMITS}


def overruled(key: str, new: Mapping[str, Any]) -> bool:
    """Whether `new` says otherwise what `key` of a lower layer says."""
    return key not in new and any(other in new for other in EITHER.get(key, ()))


def _merged(layers: Layers, old: Any, new: Any, path: KeyPath) -> Any:
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        _forget(layers, path)
        return new
    result = {key: value for key, value in old.items() if not overruled(key, new)}
    return {**result, **{key: _merged(layers, old.get(key), value, (*path, key)) for key, value in new.items()}}


def _forget(layers: Layers, path: KeyPath) -> None:
    """Drop the places below a value that is replaced as a whole."""
    for known in [p for p in layers.places if p[: len(path)] == path]:
        del layers.places[known]


def _yaml_problem(error: yaml.YAMLError) -> str:
    return " ".join(part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part) or str(error)


def shown_path(path: Path) -> str:
    """A path as people read it: relative to the current folder where it lies inside."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except (ValueError, OSError):
        return str(path)
