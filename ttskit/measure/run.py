"""Asking every measurement, ours and strangers' alike: what applies is asked, in order, and each is guarded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ttskit.config import CompareConfig
from ttskit.disk import explained, full_disk_behind
from ttskit.errors import ConfigError, PluginError
from ttskit.interfaces.descriptions import MeasurementPlugin
from ttskit.interfaces.measurement import Findings, Measurement, Observation, Remark, Row, Spoken
from ttskit.measure.plain import plain
from ttskit.measure.tables import TableRow, marked, table_row
from ttskit.plugins import Registry

__all__ = ["NEEDS", "Measured", "measure_all", "measurements"]

_LAST = 1000.0  # place of a section that names none

# What a measurement can need: whether what was said has it.
NEEDS: Mapping[str, Callable[[Spoken], bool]] = {
    "recordings": lambda spoken: any(s.recorded for s in spoken.sentences),
    "hard sentences": lambda spoken: "hard" in spoken.groups,
    "runs": lambda spoken: all(hasattr(s, "loaded") for s in spoken.systems),
    "controls": lambda spoken: any(hasattr(s, "voice") and s.voice.acoustic.controls for s in spoken.systems),
    "alignments": lambda spoken: any(s.sound.alignment is not None for s in spoken.samples),
    "exact times": lambda spoken: any(
        spoken.corpus.reference_times(spoken.corpus.utterance(s.id)) is not None for s in spoken.sentences if s.recorded
    ),
}


@dataclass(frozen=True)
class Measured:
    """A measurement and what it found.

    Args:
        name, title: of the plugin and of its section.
        origin: distribution and version.
        findings: what it returned; empty if it failed or did not apply.
        rows: its rows with intervals and comparisons.
        notes: why it is left out or failed, and what it noted itself.
        seconds: that it took.
    """

    name: str
    title: str
    origin: str
    findings: Findings
    rows: tuple[TableRow, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def found_something(self) -> bool:
        """Whether it has a section."""
        found = self.findings
        return bool(found.rows or found.figures or found.data or found.template)


def measurements(registry: Registry, config: CompareConfig) -> dict[str, MeasurementPlugin]:
    """The measurements to ask, in the order of their sections: all that are installed and not switched off.

    One whose fact `asked` is false is asked only where the settings name it.

    Raises:
        PluginError: the settings name one that is not installed.
        ConfigError: they give one options that it does not take.
    """
    found = {name: p for name, p in registry.all("measurement").items() if isinstance(p, MeasurementPlugin)}
    for name in config.measurements:
        registry.get("measurement", name)
    chosen = {name: plugin for name, plugin in found.items() if _named(plugin, config) is not False}
    for name, given in config.measurements.items():
        if given is not False:
            _maker(chosen[name], config, registry)  # options that are wrong are found before anything is trained or said
    order = sorted(chosen, key=lambda name: (float(chosen[name].facts.get("place", _LAST)), name))
    return {name: chosen[name] for name in order}


def measure_all(spoken: Spoken, registry: Registry, only: Collection[str] | None = None) -> list[Measured]:
    """Ask them one after the other. Whatever one raises costs its own part only.

    Args:
        only: names of those to ask; None for all that are installed and switched on.

    Raises:
        ConfigError: options in the settings that a measurement does not take (before any is asked).
    """
    plugins = measurements(registry, spoken.settings)
    plugins = {name: p for name, p in plugins.items() if only is None or name in only}
    makers = {name: _maker(plugin, spoken.settings, registry) for name, plugin in plugins.items()}
    results: list[Measured] = []
    keys: dict[str, str] = {}
    for index, (name, plugin) in enumerate(plugins.items(), start=1):
        spoken.tell(f"measuring, {index} of {len(plugins)}: {plugin.facts.get('title') or name}")
        results.append(_measured(name, plugin, makers[name], spoken, registry, keys))
    said = iter(
        marked([row for one in results for row in one.rows], list(dict.fromkeys(_of(spoken).values())), spoken.settings)
    )
    return [replace(one, rows=tuple(next(said) for _ in one.rows)) for one in results]


def _named(plugin: MeasurementPlugin, config: CompareConfig) -> bool | dict[str, Any]:
    """What the settings say of a measurement, and where they are silent what it says of itself."""
    return config.measurements.get(plugin.name, plugin.facts.get("asked", True) is not False)


def _maker(plugin: MeasurementPlugin, config: CompareConfig, registry: Registry) -> Callable[[], Measurement]:
    """What makes the measurement with its options, which are validated now; what its own code raises, it raises in its turn."""
    given = config.measurements.get(plugin.name, True)
    asked = given if isinstance(given, dict) else {}
    if not plugin.options:
        if asked:
            why = f"compare.measurements gives {', '.join(asked)}"
            raise ConfigError(f"measurement {plugin.name!r} has no options", why, "leave them out")
        return lambda: plugin.load()()
    options: list[Any] = []
    with registry.guard(registry.origin("measurement", plugin.name)):
        options.append(plugin.load_options())
    if not options:
        return lambda: plugin.load()(plugin.load_options()())  # fails again when it is asked, and is told then
    try:
        validated = TypeAdapter(options[0]).validate_python(asked)
    except ValidationError as error:
        lines = "\n".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise ConfigError(f"compare.measurements.{plugin.name} cannot be used", lines, "correct the recipe") from error
    return lambda: plugin.load()(validated)


def _measured(
    name: str,
    plugin: MeasurementPlugin,
    make: Callable[[], Measurement],
    spoken: Spoken,
    registry: Registry,
    keys: dict[str, str],
) -> Measured:
    origin = registry.origin("measurement", name)
    title = str(plugin.facts.get("title") or name)
    lacking = [need for need in plugin.facts.get("needs", ()) if need not in NEEDS or not NEEDS[need](spoken)]
    if lacking:
        note = f"{title}: left out, there are no {' and no '.join(lacking)}"
        return Measured(name, title, str(origin), Findings(), notes=(note,))
    started = time.perf_counter()
    findings = Findings()
    rows: tuple[TableRow, ...] = ()
    full: OSError | None = None
    with registry.guard(origin, f"measurement {name!r} failed and is left out") as guard:
        try:
            found = make().measure(spoken)
        except Exception as error:
            full = full_disk_behind(error)
            raise
        _check(found, keys, name, spoken)
        findings, rows = found, tuple(_row(row, spoken) for row in found.rows)
    if full is not None:  # not this measurement's fault, and the next ones and the page would have no room either
        raise explained(full, full.filename or spoken.folder, "the sounds that were written stay", "compare again", doing="")
    keys |= {row.measure.key: name for row in findings.rows}
    notes = (str(guard.problem),) if guard.problem is not None else tuple(findings.notes)
    return Measured(name, title, str(origin), findings, rows, notes, round(time.perf_counter() - started, 2))


def _of(spoken: Spoken) -> dict[str, str]:
    """Label of each run → that of its system."""
    return {s.label: getattr(s, "system", s.label) for s in spoken.systems}


def _row(row: Row, spoken: Spoken) -> TableRow:
    """A row with what can be said of the systems, over all their runs."""
    runs = _of(spoken)
    return table_row(row, list(dict.fromkeys(runs.values())), spoken.settings, runs)


def _check(findings: Findings, keys: Mapping[str, str], name: str, spoken: Spoken) -> None:
    """What would spoil the report of the others is refused."""
    if not isinstance(findings, Findings):
        raise PluginError(f"measure() returned {type(findings).__name__}, it must return Findings")
    json.dumps(plain(findings.data))
    for path in findings.figures.values():
        if not path.is_relative_to(spoken.folder) or not path.is_file():
            raise PluginError(f"figure {path} is not a file below the report's folder; spoken.figure(name) gives its place")
    if not all(isinstance(remark, Remark) for remark in findings.remarks):
        raise PluginError("remarks must be Remark objects")
    own = set()
    for row in findings.rows:
        if not isinstance(row, Row) or not all(isinstance(o, Observation) for o in row.observations):
            raise PluginError("rows must be Row objects of Observation objects")
        key = row.measure.key
        if key in own or keys.get(key, name) != name:
            raise PluginError(f"measure {key!r} is given twice" + (f", by {keys[key]!r} as well" if key in keys else ""))
        own.add(key)
