"""Progress of a training: step and time left are seen at 80 columns, and in a pipe from the first seconds on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ttskit.progress import Bars, progress
from ttskit.training import logs
from ttskit.training.logs import Display

FIGURES = {"loss": 12.3456, "frames_per_s": 123456.0, "validation": 1.25, "diagonality": 0.62, "generator/loss": 3.5}


def terminal(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, legacy_windows=False)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_training_bar_keeps_step_and_time_left_at_any_width(width):
    console = terminal(width)
    display = Display(console, "fastpitch-lstm", 0, 50_000)
    display.step(12_345)
    display.values(12_345, FIGURES, seconds_left=4.2 * 86400)
    display._bar.refresh()
    display.close()
    lines = [line for line in console.file.getvalue().replace("\r", "\n").splitlines() if line.strip()]
    shown = [line for line in lines if "12345/50000" in line]
    assert shown and all("4.2 days left" in line and "fastpitch" in line for line in shown)
    plain = [line for line in lines if "\x1b" not in line]
    assert all(len(line.rstrip()) <= width for line in plain)
    assert any("loss 12.3456" in line for line in lines)


def test_a_resumed_trainings_bar_goes_by_the_steps_of_this_session():
    """Steps of before, done in no time, would promise that the rest takes none."""
    now = [0.0]
    console = terminal(80)
    display = Display(console, "fastpitch", 40_000, 50_000)
    (task,) = display._bar.tasks
    task._get_time, task.start_time = lambda: now[0], 0.0
    now[0] = 60.0
    display.step(40_010)
    display._bar.refresh()
    display.close()
    assert "16.6 h left" in console.file.getvalue()  # 9,990 steps of 6 s


@pytest.mark.parametrize("width", [60, 80, 120])
def test_any_bar_keeps_count_and_time_left(width):
    console = terminal(width)
    with Bars(console) as bars:
        task = bars.add_task("a label that is far too long for anything", total=1000, note="n" * 300)
        bars.update(task, completed=500)
        bars.refresh()
    text = console.file.getvalue()
    assert "500/1000" in text and " left" in text
    assert all(len(line.split("\r")[-1]) <= width for line in text.splitlines() if "\x1b" not in line)


def test_slow_steps_show_step_and_time_left_in_a_pipe_before_there_are_figures(monkeypatch):
    """At 10 s a step the first figures came after eight minutes, and nothing was seen before."""
    now = [0.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), width=200)
    display = Display(console, "fastpitch", 0, 50_000)
    for step in (1, 2):
        now[0] += 11.0
        display.step(step)
    assert console.file.getvalue().splitlines() == [
        "fastpitch  step 1/50000  6.4 days left",
        "fastpitch  step 2/50000  6.4 days left",
    ]
    resumed = Display(console, "fastpitch", 49_990, 50_000)
    now[0] += 11.0
    resumed.step(49_991)
    assert console.file.getvalue().splitlines()[-1] == "fastpitch  step 49991/50000  2 min left"


def test_counted_work_in_a_pipe_says_how_much_and_how_long(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("ttskit.progress.time.monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), width=200)
    with progress(console, "speed", 14) as advance:
        for _ in range(14):
            now[0] += 20.0
            advance(note="tacotron2")
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "speed: 1/14, 20 s each, 4 min left  tacotron2"
    assert lines[-1] == "speed: 14/14, 20 s each  tacotron2" and len(lines) == 14
