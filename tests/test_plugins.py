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


FAILING = """
import sys
from ttskit.hookspecs import hookimpl

class Odd(Exception):
    def __str__(self):
        raise ValueError("not even this")

@hookimpl{mark}
def ttskit_step_ended(values):
    print("noise")
    values.clear()
    {fault}
"""
LISTENING = """
from ttskit.hookspecs import hookimpl

seen = []

@hookimpl
def ttskit_step_ended(step, values):
    seen.append((step, dict(values)))
    return ["nobody", "asked"]
"""


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("raise RuntimeError('no network')", "RuntimeError: no network"),
        ("sys.exit(3)", "SystemExit: 3"),
        ("raise Odd", "Odd"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("values['loss']", "KeyError: 'loss'"),
    ],
)
def test_a_failing_hook_costs_no_other_plugin_its_event(install, capsys, fault, cause):
    install("aaa", LISTENING)
    install("faulty", FAILING.format(mark="", fault=fault), version="2.5")
    install("zzz", LISTENING)
    registry = create_registry()
    (problem,) = registry.notify("ttskit_step_ended", run=Path("r"), step=3, values={"loss": 1.0})
    assert str(problem) == f"plugin 'faulty' (faulty 2.5): hook ttskit_step_ended: {cause}"
    assert "ttskit_step_ended" in problem.trace
    assert sys.modules["aaa"].seen == sys.modules["zzz"].seen == [(3, {"loss": 1.0})]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "noise\n")


def test_a_wrapper_around_an_event_is_run_and_guarded_too(install):
    install("wrapping", FAILING.format(mark="(wrapper=True)", fault="yield\n    raise OSError('late')"))
    (problem,) = create_registry().notify("ttskit_step_ended", run=Path("r"), step=3, values={})
    assert problem.cause == "hook ttskit_step_ended: OSError: late"


def test_ctrl_c_goes_through_a_guard(install):
    install("stopping", FAILING.format(mark="", fault="raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        create_registry().notify("ttskit_step_ended", run=Path("r"), step=3, values={})


def test_work_that_is_done_leaves_no_problem():
    registry = create_registry()
    origin = registry.origin("vocoder", "griffinlim")
    with registry.guard(origin, "measuring") as guard:
        done = 1
    assert done == 1 and guard.problem is None
    with registry.guard(origin, "measuring") as guard:
        raise LookupError
    assert guard.problem.origin is origin and guard.problem.cause == "measuring: LookupError"


def test_commands_are_descriptions():
    commands = create_registry().all("command")
    assert all(isinstance(c, CommandPlugin) for c in commands.values())
    assert {"prepare", "train", "synthesize", "compare", "plugins", "doctor"} <= set(commands)


def test_a_name_offered_three_times_names_all_and_belongs_to_nobody(install):
    """Planted: the third one got it."""
    for name in ("first", "second", "third"):
        install(name, VOCODER.format(name="warbler", module=name))
    registry = create_registry()
    assert "warbler" not in registry.all("vocoder")
    with pytest.raises(PluginError) as caught:
        registry.get("vocoder", "warbler")
    assert caught.value.why == "by first 1.0 and second 1.0 and third 1.0"
    assert [p.origin.entry_point for p in registry.problems] == ["second"]  # told once


def test_one_name_for_things_of_two_kinds_is_no_clash(install):
    install("both", VOCODER.format(name="spanish", module="both"))
    registry = create_registry()
    assert registry.get("vocoder", "spanish") is not registry.get("frontend", "spanish") and not registry.problems


def test_events_reach_plugins_in_pluggys_order_and_each_gets_its_own_copy(install):
    """Planted: the other way round; and what one changed, the next one got."""
    code = """
from ttskit.hookspecs import hookimpl

@hookimpl
def ttskit_step_ended(values):
    values["called"].append((__name__, len(values)))
    values[__name__] = 1
    raise RuntimeError(str(len(values["called"])))
"""
    for name in ("ccc", "aaa", "bbb"):
        install(name, code)
    registry, values = create_registry(), {"loss": 1.0, "called": []}
    problems = registry.notify("ttskit_step_ended", run=Path("r"), step=1, values=values)
    # the one that registered last is called first, as pluggy does; each counts itself alone
    assert [(p.origin.entry_point, p.cause[-1]) for p in problems] == [("ccc", "1"), ("bbb", "1"), ("aaa", "1")]
    assert values == {"loss": 1.0, "called": []}


def test_an_empty_limit_loads_everything_and_a_limit_that_names_nobody_nothing(monkeypatch):
    monkeypatch.setenv("TTSKIT_PLUGINS", "")
    assert "griffinlim" in create_registry().all("vocoder")
    monkeypatch.setenv("TTSKIT_PLUGINS", "nobody")
    assert create_registry().found == {}
    assert "griffinlim" in create_registry(only={"griffinlim"}).all("vocoder")  # what is asked for wins over the variable
