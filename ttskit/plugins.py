"""Finds, validates, isolates and lists plugins. Built-ins come through the same entry points as anyone's."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Container, Mapping
from contextlib import AbstractContextManager, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import TracebackType
from typing import Any

import pluggy

from ttskit import hookspecs
from ttskit.errors import PluginError
from ttskit.interfaces.descriptions import (
    AcousticModelPlugin,
    CommandPlugin,
    CorpusReaderPlugin,
    FrontendPlugin,
    ImporterPlugin,
    MeasurementPlugin,
    PitchExtractorPlugin,
    Plugin,
    VocoderPlugin,
)

__all__ = ["GROUP", "KINDS", "Guard", "Origin", "PluginProblem", "Registry", "create_registry"]

GROUP = "ttskit.plugins"
_LONGEST_NAME, _LONGEST_TEXT = 80, 1_000  # characters

# kind -> (hook that provides it, description class)
KINDS: dict[str, tuple[str, type[Plugin[Any]]]] = {
    "frontend": ("ttskit_frontends", FrontendPlugin),
    "acoustic model": ("ttskit_acoustic_models", AcousticModelPlugin),
    "vocoder": ("ttskit_vocoders", VocoderPlugin),
    "corpus reader": ("ttskit_corpus_readers", CorpusReaderPlugin),
    "pitch extractor": ("ttskit_pitch_extractors", PitchExtractorPlugin),
    "measurement": ("ttskit_measurements", MeasurementPlugin),
    "importer": ("ttskit_importers", ImporterPlugin),
    "command": ("ttskit_commands", CommandPlugin),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plugin came from: entry-point name, distribution and version."""

    entry_point: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """What went wrong in a plugin: it was left out, or something that it was asked to do is missing.

    Args:
        origin: whose fault it is.
        cause: what happened, in one line.
        trace: the traceback, for whoever mends it.
    """

    origin: Origin
    cause: str
    trace: str = ""

    def __str__(self) -> str:
        return f"plugin {self.origin.entry_point!r} ({self.origin}): {self.cause}"


class Guard(AbstractContextManager["Guard"]):
    """A stretch in which a plugin works: whatever it raises ends the stretch and becomes `problem`, and nothing else.

    Only KeyboardInterrupt goes on, since people ask for it; SystemExit does not, since no plugin may end what people started.
    What the plugin prints goes to stderr: stdout is for the results of a command.

    Args:
        origin: whose work it is.
        doing: what it was asked to do, for the cause: "hook ttskit_step_ended".
    """

    def __init__(self, origin: Origin, doing: str = "") -> None:
        self.origin, self.doing = origin, doing
        self.problem: PluginProblem | None = None

    def __enter__(self) -> Guard:
        self._elsewhere = redirect_stdout(sys.stderr)
        self._elsewhere.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._elsewhere.__exit__(kind, error, trace)
        if error is None or isinstance(error, KeyboardInterrupt):
            return False
        said = f"{type(error).__name__}: {_text(error)}".removesuffix(": ")
        cause = f"{self.doing}: {said}" if self.doing else said
        self.problem = PluginProblem(self.origin, cause, "".join(traceback.format_exception(error)))
        return True


def _text(error: BaseException) -> str:
    try:
        return str(error)[:1_000]
    except Exception:  # an exception class of a plugin may be wrong too
        return ""


@dataclass
class Registry:
    """Every usable description, by kind and name, with its origin; and the problems met on the way.

    `events` is the pluggy manager, for event hooks (call them with `notify`); `origins` has who registered there, by
    entry-point name.
    """

    events: pluggy.PluginManager
    found: dict[tuple[str, str], tuple[Plugin[Any], Origin]] = field(default_factory=dict)
    taken: dict[tuple[str, str], list[Origin]] = field(default_factory=dict)
    problems: list[PluginProblem] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)

    def all(self, kind: str) -> dict[str, Plugin[Any]]:
        """Descriptions of one kind, by name."""
        return {name: plugin for (k, name), (plugin, _) in self.found.items() if k == kind}

    def origin(self, kind: str, name: str) -> Origin:
        """The distribution that offers a name."""
        return self.found[kind, name][1]

    def get(self, kind: str, name: str) -> Plugin[Any]:
        """The description of that name; `PluginError` with the nearest name, or who offers it twice."""
        if (kind, name) in self.taken:
            offers = " and ".join(str(o) for o in self.taken[kind, name])
            raise PluginError(
                f"{kind} {name!r} is offered twice",
                f"by {offers}",
                f"uninstall one, or limit plugins with TTSKIT_PLUGINS={self.taken[kind, name][0].entry_point}",
            )
        if (kind, name) in self.found:
            return self.found[kind, name][0]
        names = sorted(self.all(kind))
        near = get_close_matches(name, names, n=1)
        why = f"there are: {', '.join(names) or 'none'}"
        if self.problems:
            why += "\nleft out: " + "; ".join(f"{p.origin} ({p.cause})" for p in self.problems)
        raise PluginError(f"unknown {kind} {name!r}", why, f"did you mean {near[0]!r}?" if near else "ttskit plugins list")

    def guard(self, origin: Origin, doing: str = "") -> Guard:
        """A stretch of a plugin's work of which only a `PluginProblem` can come: `with registry.guard(origin) as guard: …`."""
        return Guard(origin, doing)

    def notify(self, hook: str, **arguments: Any) -> list[PluginProblem]:
        """Tell every plugin of an event. What one raises, prints, returns or does to the arguments is its own affair.

        Returns:
            The plugins that failed, in the order in which they were called; the others have been told all the same.
        """
        caller = getattr(self.events.hook, hook)
        plugins = [implementation.plugin for implementation in reversed(caller.get_hookimpls())]
        problems = []
        for plugin in plugins:
            alone = self.events.subset_hook_caller(hook, [other for other in plugins if other is not plugin])
            given = deepcopy(arguments)
            with self.guard(self._origin_of(plugin), f"hook {hook}") as guard:
                alone(**given)
            if guard.problem is not None:
                problems.append(guard.problem)
        return problems

    def _origin_of(self, plugin: object) -> Origin:
        """Who it came from; an object that was registered by hand is named by its class and module."""
        name = self.events.get_name(plugin) or ""
        known = self.origins.get(name)
        return known or Origin(
            getattr(plugin, "__name__", type(plugin).__name__), type(plugin).__module__, "registered by hand"
        )


def create_registry(only: Container[str] | None = None) -> Registry:
    """Load every installed plugin; failures are collected in `problems`, never raised.

    Args:
        only: entry-point names to load; None reads TTSKIT_PLUGINS (comma separated), else all.
    """
    if only is None and os.environ.get("TTSKIT_PLUGINS"):
        only = {name.strip() for name in os.environ["TTSKIT_PLUGINS"].split(",")}
    manager = pluggy.PluginManager("ttskit")
    manager.add_hookspecs(hookspecs)
    if os.environ.get("TTSKIT_TRACE"):
        manager.trace.root.setwriter(lambda text: sys.stderr.write(text))
        manager.enable_tracing()
    registry = Registry(manager)
    seen = set()
    for entry_point in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        key = (entry_point.name, entry_point.value)
        if (only is None or entry_point.name in only) and key not in seen:
            seen.add(key)  # an editable install next to a built one lists the same entry point twice
            _register(registry, entry_point)
    return registry


def _register(registry: Registry, entry_point: EntryPoint) -> None:
    dist = entry_point.dist
    origin = Origin(entry_point.name, dist.name if dist else "unknown distribution", dist.version if dist else "")
    try:
        with redirect_stdout(sys.stderr):  # what a module prints when it is imported is no result of a command
            module = entry_point.load()
        if any(name == entry_point.name for name, _ in registry.events.list_name_plugin()):
            raise PluginError(f"entry point {entry_point.name!r} is taken", "", "rename it")
        with redirect_stdout(sys.stderr):
            offered = _descriptions(module)
        registry.events.register(module, name=entry_point.name)
        registry.origins[entry_point.name] = origin
    except BaseException as error:  # a third party's import may raise anything, SystemExit included
        if isinstance(error, KeyboardInterrupt):
            raise
        cause = error.what if isinstance(error, PluginError) else f"{type(error).__name__}: {_text(error)}"
        registry.problems.append(PluginProblem(origin, cause, traceback.format_exc()))
        return
    for plugin in offered:
        if fault := _fault(plugin):
            registry.problems.append(PluginProblem(origin, f"{plugin.kind} {_shown(plugin.name)} is left out: {fault}"))
            continue
        key = (plugin.kind, plugin.name)
        if key in registry.taken:
            registry.taken[key].append(origin)
        elif key in registry.found:
            first = registry.found.pop(key)[1]
            registry.taken[key] = [first, origin]
            registry.problems.append(PluginProblem(origin, f"{plugin.kind} {plugin.name!r} is already offered by {first}"))
        else:
            registry.found[key] = (plugin, origin)


def _fault(plugin: Plugin[Any]) -> str:
    """What makes a description unusable, "" if nothing: a plugin may return anything, and only this costs it."""
    if type(plugin.name) is not str or not 0 < len(plugin.name) <= _LONGEST_NAME or not plugin.name.isprintable():
        return f"its name must be a text of 1 to {_LONGEST_NAME} printable characters"
    if plugin.name != plugin.name.strip():
        return "its name begins or ends with a space"
    for part in ("summary", "factory", "options"):
        value = getattr(plugin, part)
        if type(value) is not str or len(value) > _LONGEST_TEXT or any(not c.isprintable() for c in value):
            return f"its {part} must be one line of text, got {_shown(value)}"
    if not isinstance(plugin.facts, Mapping) or not all(type(key) is str for key in plugin.facts):
        return f"its facts must be a mapping of names, got {_shown(plugin.facts)}"
    place = plugin.facts.get("place", 0.0)
    if isinstance(place, bool) or not isinstance(place, (int, float)) or not abs(place) < 1e9:
        return f"its place must be a number, got {_shown(place)}"
    for listed in ("needs", "features", "controls", "precisions", "structure"):
        value = plugin.facts.get(listed, ())
        if not isinstance(value, (list, tuple)) or not all(type(item) is str for item in value):
            return f"its {listed} must be a list of names, got {_shown(value)}"
    return ""


def _shown(value: object) -> str:
    """A value of a plugin's, whose own `repr` may be wrong too."""
    try:
        return ascii(value)[:60]
    except Exception:
        return type(value).__name__


def _descriptions(module: object) -> list[Plugin[Any]]:
    """Call the plugin's providing hooks one by one, so that a fault is this plugin's alone."""
    specified = {name for name in dir(hookspecs) if name.startswith("ttskit_")}
    offered: list[Plugin[Any]] = []
    for name in dir(module):
        if not name.startswith("ttskit_") or not hasattr(getattr(module, name), "ttskit_impl"):
            continue
        if name not in specified:
            near = get_close_matches(name, specified, n=1)
            raise PluginError(f"unknown hook {name!r}" + (f", did you mean {near[0]!r}?" if near else ""))
    for kind, (hook, description) in KINDS.items():
        implementation = getattr(module, hook, None)
        if implementation is None or not hasattr(implementation, "ttskit_impl"):
            continue
        result = implementation()
        for plugin in result if isinstance(result, (list, tuple)) else [result]:
            if not isinstance(plugin, description):
                got = type(plugin).__name__
                raise PluginError(f"hook {hook!r} must return a list of {description.__name__} ({kind}), got {got}")
            offered.append(plugin)
    return offered
