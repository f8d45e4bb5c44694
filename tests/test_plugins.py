"""Plugins: found by entry points, broken ones isolated and named, a name offered twice refused."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ttskit.errors import PluginError
from ttskit.interfaces.descriptions import CommandPlugin, VocoderPlugin
from ttskit.plugins import GROUP, KINDS, create_registry

VOCODER = """
from ttskit.hookspecs import hookimpl
from ttskit.interfaces import VocoderPlugin

@hookimpl
def ttskit_vocoders():
    return [VocoderPlugin({name!r}, "a test", "{module}:thing")]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution with one plugin module into a folder on the path."""
    monkeypatch.delenv("TTSKIT_PLUGINS", raising=False)
    before = set(sys.modules)

    def install(name: str, code: str, version: str = "1.0") -> None:
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}\n", encoding="utf-8")
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for module in set(sys.modules) - before:
        if Path(getattr(sys.modules[module], "__file__", None) or "/").parent == tmp_path:
            del sys.modules[module]


def problem(registry, entry_point):
    found = [p for p in registry.problems if p.origin.entry_point == entry_point]
    assert len(found) == 1
    return found[0]


def test_built_ins_come_through_entry_points_alone():
    registry = create_registry()
    assert not registry.problems
    names = {e.name for e in entry_points(group=GROUP)}
    assert {origin.entry_point for _, origin in registry.found.values()} <= names
    assert {"fastpitch", "tacotron2"} <= set(registry.all("acoustic model"))
    assert {"griffinlim", "hifigan"} <= set(registry.all("vocoder"))
    assert {"spanish"} <= set(registry.all("frontend"))


@pytest.mark.parametrize("key", sorted(create_registry().found), ids=" ".join)
def test_what_is_declared_can_be_imported(key):
    plugin = create_registry().found[key][0]
    assert callable(plugin.load())
    plugin.load_options()
    assert plugin.summary
    assert "\n" not in plugin.summary


def test_every_entry_point_of_the_distribution_imports():
    for entry_point in entry_points(group=GROUP):
        entry_point.load()


def test_a_third_partys_plugin_is_found_with_its_origin(install):
    install("theirs", VOCODER.format(name="warbler", module="theirs"), version="2.5")
    registry = create_registry()
    assert isinstance(registry.get("vocoder", "warbler"), VocoderPlugin)
    assert str(registry.origin("vocoder", "warbler")) == "theirs 2.5"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError"),
        (
            "from ttskit.hookspecs import hookimpl\n@hookimpl\ndef ttskit_vocoder():\n    return []\n",
            "unknown hook 'ttskit_vocoder', did you mean 'ttskit_vocoders'?",
        ),
        (
            "from ttskit.hookspecs import hookimpl\n@hookimpl\ndef ttskit_vocoders():\n    return ['griffin']\n",
            "hook 'ttskit_vocoders' must return a list of VocoderPlugin",
        ),
        ("from ttskit.hookspecs import hookimpl\n@hookimpl\ndef ttskit_vocoders():\n    return 1 / 0\n", "ZeroDivisionError"),
        ("from ttskit.hookspecs import hookimpl\n@hookimpl\ndef ttskit_step_ended(runn):\n    pass\n", "runn"),
    ],
)
def test_a_broken_plugin_is_named_and_the_rest_works(install, code, cause):
    install("broken", code, version="0.3")
    registry = create_registry()
    assert cause in problem(registry, "broken").cause
    assert str(problem(registry, "broken").origin) == "broken 0.3"
    assert "griffinlim" in registry.all("vocoder")
    with pytest.raises(PluginError) as caught:
        registry.get("vocoder", "wabler")
    assert "left out: broken 0.3" in caught.value.why


def test_a_name_offered_twice_is_refused_and_both_are_named(install):
    install("first", VOCODER.format(name="warbler", module="first"))
    install("second", VOCODER.format(name="warbler", module="second"))
    registry = create_registry()
    assert "'warbler' is already offered by first 1.0" in problem(registry, "second").cause
    with pytest.raises(PluginError, match="offered twice") as caught:
        registry.get("vocoder", "warbler")
    assert caught.value.why == "by first 1.0 and second 1.0"
    assert "TTSKIT_PLUGINS" in caught.value.fix
    assert create_registry(only={"second"}).get("vocoder", "warbler").factory == "second:thing"


def test_a_third_party_cannot_take_the_name_of_a_built_in_silently(install):
    install("zzz", VOCODER.format(name="griffinlim", module="zzz"))
    with pytest.raises(PluginError, match="offered twice"):
        create_registry().get("vocoder", "griffinlim")


def test_ttskit_plugins_limits_what_is_loaded(install, monkeypatch):
    install("broken", "raise RuntimeError('not to be imported')")
    monkeypatch.setenv("TTSKIT_PLUGINS", "builtin, griffinlim")
    registry = create_registry()
    assert not registry.problems
    assert list(registry.all("vocoder")) == ["griffinlim"]
    assert registry.all("acoustic model") == {}


def test_ttskit_trace_writes_hook_calls(monkeypatch, capsys):
    monkeypatch.setenv("TTSKIT_TRACE", "1")
    create_registry().events.hook.ttskit_step_ended(run=Path("r"), step=1, values={})
    assert "ttskit_step_ended" in capsys.readouterr().err


def test_an_unknown_name_says_the_nearest():
    with pytest.raises(PluginError) as caught:
        create_registry().get("acoustic model", "tacotron")
    assert caught.value.what == "unknown acoustic model 'tacotron'"
    assert caught.value.fix == "did you mean 'tacotron2'?"
    assert caught.value.exit_code == 2


def test_every_kind_has_a_hook_that_asks_for_its_description():
    from ttskit import hookspecs

    for hook, description in KINDS.values():
        assert f"`{description.__name__}`" in getattr(hookspecs, hook).__doc__


def test_a_hook_of_events_reaches_a_plugin(install):
    install(
        "listener",
        "from ttskit.hookspecs import hookimpl\nseen = []\n@hookimpl\n"
        "def ttskit_checkpoint_saved(step, path):\n    seen.append((step, path))\n",
    )
    registry = create_registry()
    registry.events.hook.ttskit_checkpoint_saved(run=Path("r"), step=3, path=Path("p"))
    assert sys.modules["listener"].seen == [(3, Path("p"))]


def test_commands_are_descriptions():
    commands = create_registry().all("command")
    assert all(isinstance(c, CommandPlugin) for c in commands.values())
    assert {"prepare", "train", "synthesize", "compare", "plugins", "doctor"} <= set(commands)
