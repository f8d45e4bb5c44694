"""Recipe files: finding them, reading them with line numbers, `extends:` and `--set` overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from ttskit.config.training import LIMITS
from ttskit.errors import ConfigError
from ttskit.reading import Misread, YamlFault, parse_yaml, read_limited
from ttskit.reading import shown as _shown
from ttskit.reading.bounded_yaml import SIZE

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


_CHAIN = 32  # recipes that extend one another
_KEYS = 16  # keys inside one another in --set a.b.c=value


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
    try:
        path = Path(text).expanduser()
        path = path if path.is_absolute() else (beside or Path()) / path
        for candidate in (path, path / "config.yaml", path.with_name(f"{path.name}.yaml") if path.name else path):
            if candidate.is_file():
                return candidate
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, the home of nobody
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"no recipe {text!r:.80}", why, "give the path of a YAML file or the name of a shipped recipe"
        ) from None
    near = get_close_matches(text, shipped, n=1)
    raise ConfigError(
        f"no recipe {text!r:.200}",
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
            problems.append(f"{_set(override)}: write it as --set key.subkey=value")
            continue
        keys = tuple(key.strip().split("."))
        if len(keys) > _KEYS:
            problems.append(f"{_set(override)}: {len(keys)} keys inside one another, no recipe has more than {_KEYS}")
            continue
        try:
            nested: Any = parse_yaml(value, finite=True)
        except YamlFault as error:
            problems.append(f"{_set(override)}: {error.reason}")
            continue
        for part in reversed(keys):
            nested = {part: nested}
        _merge(layers, nested, {keys: _set(override)})  # the place holds for everything below as well
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
        if len(chain) > _CHAIN:
            raise ConfigError(
                f"{_CHAIN} recipes extend each other", f"the last is {shown_path(path)}", "write them as fewer files"
            )
        data, places = _read(path)
        parent = data.get("extends")
        if parent is None:
            return chain
        where = places.get(("extends",), shown_path(path))  # a merge key has no line of its own
        if not isinstance(parent, str):
            raise ConfigError(f"{where}: extends: must be one name or path, got {_shown(parent)}", "", "extends: base")
        try:
            path = find_recipe(parent, beside=path.parent)
        except ConfigError as error:
            raise ConfigError(f"{where}: extends: {error.what}", error.why, error.fix) from None


def _read(path: Path) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """A file's data and the place of each key."""
    shown = shown_path(path)
    try:
        data = read_limited(path, 4 * SIZE)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown}:{line}: not UTF-8 text", str(error), "save the recipe as UTF-8") from None
    except (OSError, Misread) as error:
        raise ConfigError(f"cannot read recipe {shown}", getattr(error, "strerror", None) or str(error), "") from None
    places: dict[KeyPath, str] = {}
    try:  # keys that are written twice are left to `_places`, which says more of them
        parsed = parse_yaml(text, unique=False, finite=True, visit=lambda root: _places(root, (), shown, places))
    except YamlFault as error:
        where = shown if error.line is None else f"{shown}:{error.line}"
        raise ConfigError(f"{where}: not valid YAML", error.reason, "") from None
    if not isinstance(parsed, (Mapping, type(None))):
        raise ConfigError(f"{shown}: a recipe is a mapping of keys to values", f"got {_shown(parsed)}", "extends: base")
    return dict(parsed or {}), places


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
            _forget(layers, old, (section,))
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
        _forget(layers, old, path)
        return new
    result = {key: value for key, value in old.items() if not overruled(key, new)}
    return {**result, **{key: _merged(layers, old.get(key), value, (*path, key)) for key, value in new.items()}}


def _forget(layers: Layers, old: Any, path: KeyPath) -> None:
    """Drop the places of a value that is replaced as a whole, and of all that was in it."""
    layers.places.pop(path, None)
    items = old.items() if isinstance(old, Mapping) else enumerate(old) if isinstance(old, list) else ()
    for key, value in items:
        _forget(layers, value, (*path, key))


def _set(override: str) -> str:
    """An override as messages name it."""
    return f"--set {override}" if len(override) <= 200 else f"--set {override[:200]}…"


def shown_path(path: Path) -> str:
    """A path as people read it: relative to the current folder where it lies inside."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except (ValueError, OSError):
        return str(path)
