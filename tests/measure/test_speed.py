"""What speed is made of, on a machine whose clock is known and which gets busy when a test says so."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ttskit.config import CompareConfig
from ttskit.interfaces import Spectrogram
from ttskit.interfaces.measurement import Spoken
from ttskit.measure import speed, turns
from ttskit.measure.fastest import ranking
from ttskit.measure.tables import table_row

FRAMES = 100
IDLE = turns.MachineLoad(4, 2, 0.1, 2.0, 0.05, False)


class Clock:
    """Work takes what it costs times how slow the machine is by now."""

    def __init__(self, slowness=lambda now: 1.0):
        self.now, self.slowness = 0.0, slowness

    def work(self, seconds):
        self.now += seconds * self.slowness(self.now)


class Voice:
    """A row of FRAMES frames for every sentence: half a second of work for a mel, a quarter for its audio."""

    device = torch.device("cpu")
    vocoder = SimpleNamespace(streaming=True)

    def __init__(self, clock, label, factor=1.0, frames=FRAMES, said=None):
        self.clock, self.label, self.factor, self.frames = clock, label, factor, frames
        self.said = [] if said is None else said

    def spectrogram(self, tokens, *, speaker, seeds):
        self.said.append((self.label, "acoustic" if len(tokens) == 1 else "batch"))
        self.clock.work(self.factor * (0.5 if len(tokens) == 1 else 2.0))
        return [Spectrogram(torch.zeros(1, 40, self.frames), torch.tensor([self.frames])) for _ in tokens]

    def waveform(self, row):
        self.clock.work(0.25 * self.factor)

    def stream(self, text, **how):
        self.said.append((self.label, "first"))
        for seconds in (0.525, 0.225):
            self.clock.work(self.factor * seconds)
            yield np.zeros(10, np.float32)


@pytest.fixture
def clocked(monkeypatch):
    """A clock in the place of the machine's, and a machine that has nothing else to do."""

    def make(slowness=lambda now: 1.0, machine=IDLE):
        clock = Clock(slowness)
        monkeypatch.setattr(turns.time, "perf_counter", lambda: clock.now)
        monkeypatch.setattr(turns, "machine_between", lambda before, after, threads: machine)
        return clock

    return make


def systems_of(*voices):
    model = torch.nn.Linear(3, 2)  # 8 parameters
    return [SimpleNamespace(label=v.label, voice=v, parameters=8, loaded=SimpleNamespace(model=model)) for v in voices]


def found_for(prepared, tmp_path, systems, **settings):
    config = CompareConfig(speed_lengths=[8, 12, 16], batch=4, **settings)
    return speed.Speed().measure(Spoken(prepared, systems, [], [], config, tmp_path, "cpu", prepared.mel))


def best_of(found, labels):
    return {row.measure.key: table_row(row, labels, CompareConfig()).best for row in found.rows}


def test_first_audio_comes_first_and_factors_are_of_the_natural_length(prepared, tmp_path, clocked):
    found = found_for(prepared, tmp_path, systems_of(Voice(clocked(), "a")))
    own = found.data["systems"]["a"]
    first, _, _ = own["lengths"]
    said = prepared.split("test")
    rate = sum(u.samples for u in said) / sum(len(u.tokens) for u in said) / 8000  # s per token
    assert [row["tokens"] for row in own["lengths"]] == [8, 12, 16] and first["audio_s"] == pytest.approx(FRAMES * 96 / 8000)
    assert first["natural_s"] == pytest.approx(8 * rate)
    assert first["acoustic_rtf"] == pytest.approx(0.5 / (8 * rate)) and first["rtf"] == pytest.approx(0.75 / (8 * rate))
    assert [row.measure.key for row in found.rows][:2] == ["first_audio_s", "latency_s"]
    values = {row.measure.key: row.observations[0].value for row in found.rows}
    assert values.pop("memory_mb", 0.0) >= 0.0
    batch_s = sum(said[i % len(said)].samples for i in range(4)) / 8000
    assert values == pytest.approx(
        {
            "first_audio_s": 0.525,
            "latency_s": 0.75,
            "acoustic_rtf": 0.5 / (12 * rate),
            "throughput": batch_s / 2.0,
            "parameters": 8.0,
        }
    )
    rows = {row.measure.key: row for row in found.rows}
    assert "12 tokens" in rows["latency_s"].measure.title  # the middle one of the lengths
    ways = {key: row.measure.better for key, row in rows.items()}
    assert ways["first_audio_s"] == ways["latency_s"] == ways["acoustic_rtf"] == "lower" and ways["throughput"] == "higher"
    assert own["first_audio"]["count"] == 7 and own["first_audio"]["streams"]
    assert best_of(found, ["a"]) == dict.fromkeys(rows)  # nobody is faster than nobody


def test_a_model_that_speaks_twice_as_long_is_not_twice_as_fast(prepared, tmp_path, clocked):
    """Seen: divided by its own frames, a model that did not stop had the better factor."""
    clock = clocked()
    found = found_for(prepared, tmp_path, systems_of(Voice(clock, "short"), Voice(clock, "long", 1.02, 2 * FRAMES)))
    own = found.data["systems"]
    assert own["long"]["lengths"][0]["audio_s"] == 2 * own["short"]["lengths"][0]["audio_s"]
    for key, fewer in (("rtf", 1.02), ("acoustic_rtf", 1.02)):
        assert own["long"]["lengths"][0][key] == pytest.approx(fewer * own["short"]["lengths"][0][key])
    rate = {name: own[name]["throughput"]["audio_s_per_s"] for name in own}
    assert rate["long"] == pytest.approx(rate["short"] / 1.02)


@pytest.mark.parametrize("begins", [0.0, 20.0, 60.0, 100.0])
@pytest.mark.parametrize("slower", ["first", "second"])
def test_a_machine_that_gets_busy_in_the_middle_does_not_turn_the_winner(prepared, tmp_path, clocked, begins, slower):
    """One system is 3 % slower; from some moment on everything takes five times as long."""
    clock = clocked(lambda now: 5.0 if now > begins else 1.0)
    factors = {"first": (1.03, 1.0), "second": (1.0, 1.03)}[slower]
    found = found_for(prepared, tmp_path, systems_of(Voice(clock, "a", factors[0]), Voice(clock, "b", factors[1])))
    winner = {"first": "b", "second": "a"}[slower]
    best = best_of(found, ["a", "b"])
    timed = [best[key] for key in ("first_audio_s", "latency_s", "acoustic_rtf", "throughput")]
    # the change itself can fall between the two of one pair, which then is not ranked; it never turns
    assert set(timed) <= {winner, None} and timed.count(winner) >= 3
    assert best["parameters"] is None and best["memory_mb"] is None


def test_equal_systems_on_a_restless_machine_are_not_ranked(prepared, clocked):
    """Every piece of work takes 1 to 1.4 times its cost, by chance; of two equal systems one is called in 1 of 64 rows."""
    calls = 0
    for trial in range(100):
        rng = np.random.default_rng(trial)
        clock = clocked(lambda now, rng=rng: 1 + 0.4 * rng.random())
        config = CompareConfig(speed_lengths=[8], batch=1)
        speeds = speed.measure_speeds(systems_of(Voice(clock, "a"), Voice(clock, "b")), prepared, config)
        calls += sum(own["fastest"] is not None for own in ranking(speeds)["measures"].values())
    assert calls <= 14  # of 400, 6.25 expected


def test_nothing_is_ranked_beside_other_work(prepared, tmp_path, clocked):
    clock = clocked(machine=turns.MachineLoad(2, 2, 3.1, 4.0, 1.7, True))
    found = found_for(prepared, tmp_path, systems_of(Voice(clock, "a"), Voice(clock, "b", 2.0)))
    assert set(best_of(found, ["a", "b"]).values()) == {None}
    assert all(not row.repeats.differences for row in found.rows)  # nothing that a page would mark
    (note,) = found.notes
    assert "nothing is ranked" in note and "1.7 of 2 cores" in note
    assert found.data["machine"]["load_before"] == 3.1 and found.data["machine"]["others"] == 1.7
    ratio = found.data["ranking"]["measures"]["latency_s"]["ratios"]["a / b"]
    assert ratio["value"] == pytest.approx(0.5)  # the numbers are shown all the same


def test_five_rounds_rank_nobody(prepared, tmp_path, clocked):
    clock = clocked()
    found = found_for(prepared, tmp_path, systems_of(Voice(clock, "a"), Voice(clock, "b", 2.0)), speed_repeats=5)
    assert set(best_of(found, ["a", "b"]).values()) == {None} and "5 rounds are too few" in found.notes[0]
    found = found_for(prepared, tmp_path, systems_of(Voice(clock, "a"), Voice(clock, "b", 2.0)), speed_repeats=6)
    assert best_of(found, ["a", "b"])["latency_s"] == "a" and not found.notes


def test_the_fastest_of_three_is_faster_than_each(prepared, tmp_path, clocked):
    clock = clocked()
    voices = [Voice(clock, "a"), Voice(clock, "b", 1.1), Voice(clock, "c", 1.5)]
    speeds = found_for(prepared, tmp_path, systems_of(*voices)).data["systems"]
    assert ranking(speeds)["measures"]["latency_s"]["fastest"] == "a"
    speeds["b"]["rounds"]["latency_s"] = speeds["a"]["rounds"]["latency_s"]
    again = ranking(speeds)["measures"]["latency_s"]
    assert again["fastest"] is None and list(again["ratios"]) == ["a / b", "a / c", "b / c"]


def test_systems_take_turns_and_every_step_is_counted(prepared, clocked):
    clock, said, counted = clocked(), [], []
    systems = systems_of(*(Voice(clock, name, said=said) for name in "abc"))
    config = CompareConfig(speed_lengths=[8, 12], speed_repeats=4, batch=2)
    speed.measure_speeds(systems, prepared, config, lambda count=1, note="": counted.append(note))
    assert len(counted) == speed.speed_steps(systems, config) == 3 * (5 * 4 + 1)
    firsts = "".join(name for name, what in said if what == "first")
    by_turn = [firsts[i : i + 3] for i in range(0, len(firsts), 3)]
    assert len(by_turn) == 5 and all(sorted(turn) == list("abc") for turn in by_turn)  # each once before anyone twice
    leaders = [order[0] for order in (turns.order_of(3, turn) for turn in range(300))]
    assert all(80 < leaders.count(k) < 120 for k in range(3))
    assert all(turns.order_of(2, t) == turns.order_of(2, t + 1)[::-1] for t in range(0, 20, 2))


def test_what_is_very_long_is_timed_less_often_but_never_what_is_ranked(prepared, clocked):
    voice = Voice(clocked(), "a", 10.0)  # 7.5 s a text
    counted = []
    config = CompareConfig(speed_lengths=[8, 12, 16], batch=2)
    own = speed.measure_speed(*systems_of(voice), prepared, config, lambda count=1, note="": counted.append(count))
    assert [row["repeats"] for row in own["lengths"]] == [3, 7, 3] and own["first_audio"]["count"] == 7
    assert len(counted) == speed.speed_steps([voice], config)
