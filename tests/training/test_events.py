"""Plugins that listen to a training: one that fails costs neither the training nor another one's event."""

from __future__ import annotations

import pytest
from rich.console import Console

from ttskit.hookspecs import hookimpl
from ttskit.plugins import Origin, create_registry


class Listener:
    def __init__(self):
        self.heard = []

    @hookimpl
    def ttskit_train_started(self, run, config):
        self.heard.append(("started", config["seed"]))

    @hookimpl
    def ttskit_step_ended(self, run, step, values):
        self.heard.append(("step", step, "validation" if "validation/loss" in values else "train" if "loss" in values else ""))

    @hookimpl
    def ttskit_checkpoint_saved(self, run, step, path):
        self.heard.append(("saved", step, (path / "checkpoint.json").is_file()))


def test_events_arrive_in_order(trained):
    registry, listener = create_registry(), Listener()
    registry.events.register(listener)
    trained(steps=2, registry=registry)
    steps = [("step", 1, "train"), ("step", 2, "train"), ("step", 2, "validation")]
    assert listener.heard == [("started", 1234), *steps, ("saved", 2, True)]


class Tracker:
    """Someone's experiment tracker whose server is away."""

    def __init__(self, fault):
        self.fault = fault

    @hookimpl
    def ttskit_train_started(self, run, config):
        config.clear()
        raise self.fault

    @hookimpl
    def ttskit_step_ended(self, run, step, values):
        print("to stdout", step)
        values.clear()
        raise self.fault

    @hookimpl
    def ttskit_checkpoint_saved(self, run, step, path):
        raise self.fault


@pytest.mark.parametrize("fault", [ConnectionError("no route to tracker"), SystemExit(2)], ids=["error", "exit"])
def test_a_failing_step_ended_hook_kills_no_training(fault, trained, tmp_path, capsys, same_weights):
    """Nor do the hooks of the start and of checkpoints; it is said once for each hook, with plugin, version and cause."""
    registry, listeners = create_registry(), [Listener(), Listener()]
    registry.events.register(listeners[0])
    registry.events.register(Tracker(fault), name="tracker")
    registry.origins["tracker"] = Origin("tracker", "someones-tracker", "0.3")
    registry.events.register(listeners[1])
    with (tmp_path / "out.txt").open("w", encoding="utf-8") as file:
        run = trained(run="told", steps=3, registry=registry, console=Console(file=file, width=300))
    assert run.checkpoints[-1].step == 3
    steps = [("step", step, "train") for step in (1, 2, 3)] + [("step", 3, "validation")]
    for listener in listeners:
        assert listener.heard == [("started", 1234), *steps, ("saved", 3, True)]
    cause = f"{type(fault).__name__}: {fault}"
    hooks = ("ttskit_train_started", "ttskit_step_ended", "ttskit_checkpoint_saved")
    told = [f"plugin 'tracker' (someones-tracker 0.3): hook {h}: {cause}; the training goes on without it" for h in hooks]
    assert [row["text"] for row in run.metrics("note")] == told
    shown = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert all(shown.count(line) == 1 for line in told)
    said = capsys.readouterr()
    assert said.out == "" and "to stdout 1" in said.err
    same_weights(run, trained(run="alone", steps=3))


def test_a_training_that_nobody_listens_to_tells_nobody(trained):
    assert trained(steps=1).metrics("note") == []
