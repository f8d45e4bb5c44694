"""`ttskit plugins`: what is installed, what each offers, and whether it keeps the promises of the interfaces."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, get_args

import click

from ttskit.cli.output import echo, json_option, note, print_json, print_table, print_wrapped, say
from ttskit.errors import PluginError
from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import KINDS, Registry, create_registry

__all__ = ["check", "command", "list_", "new", "show"]

# Those of ttskit.testing.scaffold, which is imported when one is written; a test holds them equal.
_SCAFFOLDS = ("acoustic-model", "vocoder", "frontend", "metric", "measurement", "command", "reader")
# metavar: the names of all kinds would not fit a line of a terminal
_kind_option = click.option(
    "--kind", type=click.Choice(list(KINDS)), metavar="KIND", help="Where several kinds share the name."
)


@click.group(name="plugins")
def command() -> None:
    """List, show and check what is installed: models, vocoders, frontends, readers, metrics, commands.

    \b
    Example:
      ttskit plugins list
    """


@command.command(name="list")
@click.option("--kind", type=click.Choice(list(KINDS)), metavar="KIND", help=f"Only this kind: {', '.join(KINDS)}.")
@json_option
@click.pass_context
def list_(ctx: click.Context, kind: str | None, as_json: bool) -> None:
    """List everything that plugins offer, and the plugins that were left out.

    \b
    Example:
      ttskit plugins list --kind vocoder
    """
    registry = _registry(ctx)
    rows = [
        (k, name, *_origin(registry, k, name), plugin.summary)
        for k in KINDS
        if kind in (None, k)
        for name, plugin in sorted(registry.all(k).items())
    ]
    problems = [
        {
            "distribution": p.origin.distribution,
            "version": p.origin.version,
            "entry_point": p.origin.entry_point,
            "cause": p.cause,
        }
        for p in registry.problems
    ]
    if as_json:
        columns = ("kind", "name", "distribution", "version", "summary")
        print_json({"plugins": [dict(zip(columns, row, strict=True)) for row in rows], "problems": problems})
        return
    shown = [(k, name, f"{dist} {version}", text) for k, name, dist, version, text in rows]
    print_table(("kind", "name", "from", "what it is"), shown)
    for problem in registry.problems:
        note(f"left out: {problem.origin} (entry point {problem.origin.entry_point}): {problem.cause}")


@command.command()
@click.argument("name")
@_kind_option
@json_option
@click.pass_context
def show(ctx: click.Context, name: str, kind: str | None, as_json: bool) -> None:
    """Show one plugin: where it comes from, what it declares, and its options with their defaults.

    \b
    Example:
      ttskit plugins show fastpitch
    """
    registry = _registry(ctx)
    plugin = _plugin(registry, name, kind)
    distribution, version = _origin(registry, plugin.kind, name)
    options = _options(plugin)
    data = {
        "kind": plugin.kind,
        "name": name,
        "summary": plugin.summary,
        "distribution": distribution,
        "version": version,
        "factory": plugin.factory,
        "facts": {key: _plain(value) for key, value in plugin.facts.items()},
        "options": options,
    }
    if as_json:
        print_json(data)
        return
    print_wrapped(f"{plugin.kind} {name}: {plugin.summary}\nfrom {distribution} {version}, {plugin.factory}")
    for key, value in data["facts"].items():
        print_wrapped(f"  {key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    if options:
        where = "frontend.options" if plugin.kind == "frontend" else f"models.{name}.options"
        say(f"\noptions (in a recipe under {where}):")
        print_table(("option", "type", "default", "meaning"), [tuple(o.values()) for o in options])


@command.command()
@click.argument("name")
@_kind_option
@json_option
@click.pass_context
def check(ctx: click.Context, name: str, kind: str | None, as_json: bool) -> None:
    """Run the conformance kit on one plugin; exits with 1 if a check fails.

    The same checks run from pytest, an id for each: see ttskit.testing.parametrize.

    \b
    Example:
      ttskit plugins check griffinlim
    """
    from ttskit.testing import check_plugin

    registry = _registry(ctx)
    plugin = _plugin(registry, name, kind)
    results = check_plugin(plugin.kind, name, registry)
    if as_json:
        print_json(
            [{"check": r.name, "passed": r.passed, "seconds": round(r.seconds, 3), "message": r.message} for r in results]
        )
    else:
        rows = [(r.name, "ok" if r.passed else "FAILED", f"{r.seconds:.2f} s", r.message) for r in results]
        print_table(("check", "result", "time", "message"), rows)
    failed = [r for r in results if not r.passed]
    if failed:
        note(f"{len(failed)} of {len(results)} checks failed")
        ctx.exit(1)


@command.command()
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(_SCAFFOLDS), help="What it will be.")
@click.option("--out", type=click.Path(file_okay=False), default=".", show_default=True, help="Where its folder is made.")
@json_option
@click.pass_context
def new(ctx: click.Context, name: str, kind: str, out: str, as_json: bool) -> None:
    """Write an installable plugin that works as it stands, with a test that runs the conformance kit.

    \b
    Example:
      ttskit plugins new nightingale --kind acoustic-model
    """
    from ttskit.testing.scaffold import new_plugin

    folder = new_plugin(name, kind, out, _registry(ctx))
    if as_json:
        print_json({"folder": str(folder), "kind": kind})
        return
    echo(str(folder))
    note(f'next: pip install -e "{folder}[test]", then python -m pytest {folder}')


def _registry(ctx: click.Context) -> Registry:
    return ctx.find_object(Registry) or create_registry()


def _origin(registry: Registry, kind: str, name: str) -> tuple[str, str]:
    origin = registry.origin(kind, name)
    return origin.distribution, origin.version


def _plugin(registry: Registry, name: str, kind: str | None) -> Plugin:
    """The plugin of that name in any kind; several kinds of one name need --kind."""
    if kind is not None:
        return registry.get(kind, name)
    for problem in registry.problems:
        if problem.origin.entry_point == name:
            where = [line.strip() for line in problem.trace.splitlines() if line.strip().startswith("File ")]
            raise PluginError(
                f"plugin {name!r} of {problem.origin} was left out",
                "\n".join([problem.cause, *where[-1:]]),
                f"update or uninstall {problem.origin.distribution}",
            )
    kinds = [k for k in KINDS if (k, name) in registry.found or (k, name) in registry.taken]
    if len(kinds) > 1:
        raise PluginError(f"several plugins are called {name!r}", f"kinds: {', '.join(kinds)}", f"--kind '{kinds[0]}'")
    if kinds:
        return registry.get(kinds[0], name)
    names = sorted({n for _, n in registry.found})
    near = get_close_matches(name, names, n=1)
    raise PluginError(
        f"unknown plugin {name!r}",
        f"there are: {', '.join(names)}",
        f"did you mean {near[0]!r}?" if near else "ttskit plugins list",
    )


def _options(plugin: Plugin) -> list[dict[str, Any]]:
    """Name, type, default and meaning of each option."""
    cls = plugin.load_options()
    if cls is None:
        return []
    if is_dataclass(cls):
        return [
            {
                "option": f.name,
                "type": str(f.type),
                "default": "required" if f.default is MISSING else _plain(f.default),
                "meaning": f.metadata.get("description", ""),
            }
            for f in fields(cls)
        ]
    return _fields(cls, "", None)


def _fields(cls: Any, prefix: str, values: Any) -> list[dict[str, Any]]:
    """Rows of a pydantic class, those of nested sections as section.option; `values` holds a section's own defaults."""
    rows = []
    for name, field in cls.model_fields.items():
        missing = values is None and field.is_required()
        default = None if missing else field.get_default(call_default_factory=True) if values is None else getattr(values, name)
        kind = field.annotation
        if hasattr(default, "model_fields") and hasattr(kind, "model_fields"):
            rows += _fields(kind, f"{prefix}{name}.", default)
            continue
        shown = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind).replace("typing.", "")
        rows.append(
            {
                "option": prefix + name,
                "type": shown,
                "default": "required" if missing else _plain(default),
                "meaning": field.description or "",
            }
        )
    return rows


def _plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(v) for v in value]
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(k): _plain(v) for k, v in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
