"""A newcomer's first training: what it costs here is said before it starts, and asked when that is hours or days."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import replace

import pytest
import torch
from rich.console import Console

from ttskit.progress import duration
from ttskit.training import TrainingDeclined, budget
from ttskit.training import forecast as ahead
from ttskit.training.forecast import Forecast, forecast_lines
from ttskit.training.processes import Processes

YEARS = 10**9  # steps


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> list[str]:
    return console.file.getvalue().splitlines()


def half_a_second_a_step(monkeypatch, each_s=0.5):
    """A clock by which each timed step takes as long, and batches of one length."""
    clock = iter(range(10**6))
    monkeypatch.setattr(budget, "_now", lambda device: next(clock) * each_s)
    monkeypatch.setattr(budget, "_frames", lambda batches, ids: 20.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (600, "10 min"),
        (5399, "90 min"),
        (3 * 3600, "3.0 h"),
        (47 * 3600, "47.0 h"),
        (4.2 * 86400, "4.2 days"),
    ],
)
def test_a_length_of_time_in_words(seconds, words):
    assert duration(seconds) == words


def test_size_steps_and_time_are_said_before_the_first_step(trained, console, monkeypatch):
    half_a_second_a_step(monkeypatch)
    trained(steps=20, console=console)
    lines = said(console)
    assert "parameters, steps 0 to 20, into" in lines[0]
    assert lines[1] == "timing a few steps …"
    # 20 steps of 0.5 s, all alike: the range is what practice adds to it
    assert lines[2].startswith("this takes about 10 s on this machine (8 s to 12 s): 20 steps at 0.5 s a step, ")
    assert "step 1/20" in lines[3]


def test_a_long_training_goes_on_with_a_note_where_nobody_can_be_asked(trained, console, monkeypatch):
    monkeypatch.setattr(ahead, "LONG_S", 1e-3)
    run = trained(steps=9, console=console)
    assert "sensible here: --budget 3h: as many steps as fit, about " in console.file.getvalue()
    assert run.checkpoints[-1].step == 9


def test_a_long_training_names_the_small_recipe_with_what_it_costs_here(trained, console, monkeypatch):
    monkeypatch.setattr(ahead, "TIMED_S", 0.0)
    with pytest.raises(TrainingDeclined):
        trained(steps=YEARS, console=console, confirm=lambda whole: False, overrides=("models.fastpitch.options.channels=768",))
    (line,) = [line for line in said(console) if "--recipe" in line]
    assert line.startswith("  sensible here: --recipe small: 1.5 million parameters, 3,000 steps, about ")
    assert (
        "             or: --budget 3h: as many steps as fit, about " in console.file.getvalue()
        and "GPU" in console.file.getvalue()
    )


def test_a_no_leaves_nothing_behind_and_a_yes_starts(trained, console, tmp_path):
    asked: list[Forecast] = []
    with pytest.raises(TrainingDeclined, match="not started") as error:
        trained(steps=YEARS, console=console, confirm=lambda whole: asked.append(whole) or False)
    assert "--yes" in error.value.fix and error.value.exit_code == 1
    assert len(asked) == 1 and asked[0].long and asked[0].steps == YEARS and asked[0].seconds > 86400
    assert not (tmp_path / "run").exists()
    assert trained(steps=9, console=console, confirm=lambda whole: pytest.fail("nine steps are no reason to ask")).checkpoints


def test_ctrl_c_at_the_question_is_a_no(trained, console, tmp_path):
    import signal

    def interrupted(whole: Forecast) -> bool:
        signal.raise_signal(signal.SIGINT)
        return True

    with pytest.raises(TrainingDeclined):
        trained(steps=YEARS, console=console, confirm=interrupted)
    assert not (tmp_path / "run").exists()


def test_a_budget_is_a_limit_and_is_not_asked_about(trained, console, monkeypatch):
    monkeypatch.setattr(ahead, "LONG_S", 0.0)
    monkeypatch.setattr("ttskit.training.speech_models.SHORT_STEPS", 0)
    trained(steps=None, budget_s=0.3, console=console, confirm=lambda whole: pytest.fail("asked"))
    assert "timing a few steps" not in console.file.getvalue()
    assert any("per step" in line for line in said(console))  # a budget says its own steps


def test_saying_what_it_costs_changes_nothing(trained, console, losses_of, same_weights):
    """The steps timed are of a copy: losses and weights are those of a silent training."""
    told, silent = trained(run="told", steps=9, console=console), trained(run="silent", steps=9)
    assert "timing a few steps" in console.file.getvalue()
    assert losses_of(told.path) == losses_of(silent.path)
    same_weights(told, silent)


def test_a_resumed_training_goes_by_its_own_pace_and_is_not_asked(trained, console, monkeypatch):
    trained(steps=4)
    monkeypatch.setattr(ahead, "LONG_S", 0.0)
    trained(steps=20, resume=True, console=console, confirm=lambda whole: pytest.fail("asked"))
    text = console.file.getvalue()
    assert "timing" not in text and "16 steps at " in text and "at the run's pace so far" in text


def test_each_phase_of_a_vocoder_is_counted_at_its_price(trained, console, monkeypatch):
    """The generator's steps alone cost a quarter: by them alone the forecast would be a quarter."""
    clock = [0.0]

    def step(model, optimization, batch, ids, state, processes, precision):
        judges, both = model.phases.starts(state.total_steps)
        clock[0] += 1.0 if state.step < judges else 2.0 if state.step < both else 4.0

    monkeypatch.setattr(budget, "_now", lambda device: clock[0])
    monkeypatch.setattr(budget, "_frames", lambda batches, ids: 20.0)
    monkeypatch.setattr(budget, "run_step", step)
    given = tuple(f"models.hifigan.options.{o}" for o in ("generator_warmup=0.5", "discriminator_warmup=2"))
    seen: list[Forecast] = []
    monkeypatch.setattr(ahead, "LONG_S", 0.0)
    with pytest.raises(TrainingDeclined):
        trained("hifigan", steps=20, console=console, overrides=given, confirm=lambda whole: seen.append(whole) or False)
    assert seen[0].seconds == pytest.approx(10 * 1.0 + 2 * 2.0 + 8 * 4.0)


def test_one_slow_step_among_fast_ones_widens_the_range_and_hardly_moves_the_figure(trained, console, monkeypatch):
    """Another program took the processor: 15 s for one step, 1 s for the others, was said to be days for everything."""
    clock = [0.0]
    count = [0]

    def step(*_):
        count[0] += 1
        clock[0] += 15.0 if count[0] == 4 else 1.0

    monkeypatch.setattr(budget, "_now", lambda device: clock[0])
    monkeypatch.setattr(budget, "_frames", lambda batches, ids: 20.0)
    monkeypatch.setattr(budget, "run_step", step)
    monkeypatch.setattr(ahead, "PATIENCE_S", 1000.0)
    monkeypatch.setattr(ahead, "LONG_S", 0.0)
    seen: list[Forecast] = []
    with pytest.raises(TrainingDeclined):
        trained(steps=100, console=console, confirm=lambda whole: seen.append(whole) or False)
    assert seen[0].seconds == pytest.approx(100) and seen[0].high_s == pytest.approx(1500 * 1.2)


def test_slow_steps_are_not_waited_for_long(trained, console, monkeypatch):
    """A step of a minute is timed once or twice, not for five minutes."""
    clock = [0.0]
    steps = [0]

    def step(*_):
        steps[0] += 1
        clock[0] += 60.0

    monkeypatch.setattr(budget, "_now", lambda device: clock[0])
    monkeypatch.setattr(budget, "run_step", step)
    with pytest.raises(TrainingDeclined):
        trained(steps=YEARS, console=console, confirm=lambda whole: False, overrides=("models.fastpitch.options.channels=16",))
    assert steps[0] <= 2 + 2  # the model's, and the smaller recipe's


def test_on_a_gpu_the_copy_that_was_timed_does_not_count_as_memory_of_the_training(monkeypatch):
    called: list[str] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: called.append("empty"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: called.append("reset"))
    Processes(0, 1, torch.device("cpu")).forget_memory()
    assert called == []
    Processes(0, 1, torch.device("cuda")).forget_memory()
    assert called == ["empty", "reset"]


def test_the_lines_are_read_one_below_the_other():
    whole = Forecast("fastpitch", 46_200_000, 50_000, 4 * 86400, 3 * 86400, 6 * 86400, 3)
    lines = forecast_lines(whole, ["--recipe small: …", "--budget 3h: …"])
    assert (
        lines[0]
        == "this takes about 4.0 days on this machine (3.0 days to 6.0 days): 50,000 steps at 6.9 s a step, 3 steps timed"
    )
    assert [line.index("--") for line in lines[1:]] == [17, 17]
    assert whole.steps_within(3 * 3600) == 1562
    assert replace(whole, seconds=60.0).long is False


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are of Unix")
@pytest.mark.parametrize(
    ("flag", "answer", "starts"),
    [pytest.param((), b"n\n", False, marks=pytest.mark.slow), ((), b"\n", False), (("--budget", "1s"), b"", True)],
)
def test_the_command_asks_in_a_terminal_and_no_is_the_default(flag, answer, starts, elsewhere, tmp_path):
    import pty
    import subprocess
    import threading

    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(ours, 4096):
                shown.append(data)
        except OSError:  # the other side is closed
            return

    words = elsewhere.arguments("fastpitch", tmp_path / "run", *(flag or ("--steps", str(YEARS))))
    process = subprocess.Popen(
        [sys.executable, "-m", "ttskit", *words], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, cwd=tmp_path
    )
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    os.write(ours, answer)
    code = process.wait(timeout=240)
    os.close(theirs)
    reader.join(timeout=10)
    text = b"".join(shown).decode("utf-8")
    assert ("Start all the same? [y/N]" in text) is not starts, text
    assert code == (0 if starts else 1), text
    assert (tmp_path / "run").exists() is starts


def test_yes_and_a_pipe_are_not_asked(monkeypatch):
    from ttskit.cli import train

    assert train._asking() is None  # no terminal here
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("sys.stderr", type("Terminal", (), {"isatty": lambda self: True})())
    assert train._asking() is not None
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert train._asking() is None
