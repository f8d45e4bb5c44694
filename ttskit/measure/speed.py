"""How fast and how large: time to first audio, latency against text length, throughput, memory.

All systems take turns within each round (`ttskit.measure.turns`), every factor is of one length of audio, the text's natural
one, and who is faster is said only where every repeat allows it and the machine had nothing else to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import Findings, Measurement, Spoken
from ttskit.measure import turns
from ttskit.measure.fastest import ranking, speed_rows
from ttskit.measure.systems import System
from ttskit.measure.templates import template
from ttskit.pictures.charts import draw_latency

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance

__all__ = ["Speed", "measure_speed", "measure_speeds", "natural_seconds", "peak_memory", "speed_steps", "text_of_length"]

# A text length that is on the curve only is not timed again beyond this, after three rounds: a report must end.
_MOST_S, _FEWEST = 8.0, 3


class Speed(Measurement):
    """Every system on its device, in turns; nothing else is measured meanwhile."""

    def measure(self, spoken: Spoken) -> Findings:
        """Numbers of whole systems with their spread, who is faster, and the latency curve."""
        config = spoken.settings
        with spoken.counted("speed", speed_steps(spoken.systems, config)) as advance:
            speeds = measure_speeds(spoken.systems, spoken.corpus, config, advance)
        figure = spoken.figure("latency.png")
        draw_latency(figure, speeds)
        found = ranking(speeds, config.confidence)
        rows = [row for row in speed_rows(speeds, found) if row.observations]
        data = {"systems": speeds, "machine": next(iter(speeds.values()))["machine"], "ranking": found}
        notes = [f"Speed: nothing is ranked: {found['why_not']}"] if found["why_not"] else []
        return Findings(rows, {"latency": figure}, template("speed"), data, notes=notes)


def speed_steps(systems: Sequence[System], config: CompareConfig) -> int:
    """How often `measure_speeds` advances: in each round and once before, each system for each length and two things more."""
    return len(systems) * ((config.speed_repeats + 1) * (len(config.speed_lengths) + 2) + 1)


def measure_speed(
    system: System, corpus: PreparedCorpus, config: CompareConfig, advance: Callable[..., None] = lambda *a, **k: None
) -> dict:
    """`measure_speeds` of one system."""
    return measure_speeds([system], corpus, config, advance)[system.label]


def measure_speeds(
    systems: Sequence[System],
    corpus: PreparedCorpus,
    config: CompareConfig,
    advance: Callable[..., None] = lambda *a, **k: None,
) -> dict[str, dict[str, Any]]:
    """Time to first audio, latency by text length, throughput of a batch, memory and parameters, by the system's label.

    `config.speed_repeats` rounds after one that is thrown away. In each, for each thing that is timed, every system does it
    once, in an order that changes. Latency is from tokens to the whole mel (acoustic) and on to the whole waveform (vocoder),
    one sentence at a time; texts are test sentences joined and cut to the length in tokens. First audio is from a sentence's
    text to the first samples of `Voice.stream`. Seconds are medians; "rounds" keeps every one, so that `ranking` can pair
    them. Factors are of the natural length of the text, the same for all, not of what a system made of it ("audio_s").

    Args:
        systems: with labels that differ.
        corpus: whose sentences of `config.split` are said.
        config: lengths, rounds, sentences of the batch.
        advance: `advance(count=1, note=label)`, `speed_steps` times altogether.
    """
    threads = torch.get_num_threads()
    subjects = [_Subject(system, corpus, config) for system in systems]
    middle = len(config.speed_lengths) // 2
    jobs: list[tuple[str, int, bool]] = [("first", 0, True), ("batch", 0, True)]
    jobs += [("length", i, i == middle) for i in range(len(config.speed_lengths))]
    spent = [0.0] * len(jobs)
    before = turns.read_machine()
    for turn in range(config.speed_repeats + 1):
        if turn == 1:
            for subject in subjects:
                subject.forget()  # what the first call of anything costs beyond the others
            before = turns.read_machine()
        for j, (what, index, always) in enumerate(jobs):
            enough = not always and turn > _FEWEST and spent[j] > _MOST_S
            for k in turns.order_of(len(subjects), turn * len(jobs) + j):
                if not enough:
                    spent[j] += subjects[k].take(what, index)
                advance(note=subjects[k].label)
    machine = turns.machine_between(before, turns.read_machine(), threads)
    found = {}
    for subject in subjects:
        found[subject.label] = subject.result(config.confidence) | {"threads": threads, "machine": machine.to_json()}
        advance(note=subject.label)
    return found


class _Subject:
    """A system that is timed: its texts, and the seconds of each round."""

    def __init__(self, system: System, corpus: PreparedCorpus, config: CompareConfig) -> None:
        said = corpus.split(config.split)
        self.system, self.label, self.voice, self.mel = system, system.label, system.voice, corpus.mel
        self.speaker = said[0].speaker
        self.texts = [text_of_length(corpus, n) for n in config.speed_lengths]
        self.natural_s = [natural_seconds(corpus, len(text), config.split) for text in self.texts]
        self.first = min(said, key=lambda u: abs(len(u.tokens) - len(self.texts[len(self.texts) // 2])))
        self.batch: list[PreparedUtterance] = [said[i % len(said)] for i in range(config.batch)]
        self.sync = _synchroniser(self.voice.device)
        self.lengths = [0] * len(self.texts)
        self.frames = 0
        self.forget()

    def forget(self) -> None:
        """Begin to count."""
        count = len(self.texts)
        self.acoustic: list[list[float]] = [[] for _ in range(count)]
        self.vocoder: list[list[float]] = [[] for _ in range(count)]
        self.firsts: list[float] = []
        self.batches: list[float] = []

    def take(self, what: str, index: int) -> float:
        """Time one thing once: "first" audio, the "batch", or the text of a "length"; the seconds that it took."""
        made: list = []
        if what == "first":
            self.firsts.append(turns.timed(self._first_audio, self.sync))
            return self.firsts[-1]
        if what == "batch":
            self.batches.append(turns.timed(lambda: made.extend(self._speak_batch()), self.sync))
            self.frames = sum(int(row.lengths[0]) for row in made)
            return self.batches[-1]
        tokens = self.texts[index]
        acoustic_s = turns.timed(
            lambda: made.extend(self.voice.spectrogram([tokens], speaker=self.speaker, seeds=[0])), self.sync
        )
        vocoder_s = turns.timed(lambda: self.voice.waveform(made[0]), self.sync)
        self.acoustic[index].append(acoustic_s)
        self.vocoder[index].append(vocoder_s)
        self.lengths[index] = int(made[0].lengths[0])
        return acoustic_s + vocoder_s

    def _first_audio(self) -> None:
        stream = self.voice.stream(self.first.text, speaker=self.speaker, markup=False)
        next(iter(stream))

    def _speak_batch(self) -> list:
        seeds = list(range(len(self.batch)))
        return self.voice.spectrogram([u.tokens for u in self.batch], speaker=self.speaker, seeds=seeds)

    def result(self, confidence: float) -> dict[str, Any]:
        """Everything as plain data."""

        def spread(values: Sequence[float]) -> turns.Spread:
            return turns.median_spread(values, confidence)

        frame_s = self.mel.hop_samples / self.mel.sample_rate_hz
        rows = []
        for i, tokens in enumerate(self.texts):
            both = [a + v for a, v in zip(self.acoustic[i], self.vocoder[i], strict=True)]
            acoustic, vocoder, latency = spread(self.acoustic[i]), spread(self.vocoder[i]), spread(both)
            rows.append(
                {
                    "tokens": len(tokens),
                    "natural_s": self.natural_s[i],
                    "audio_s": self.lengths[i] * frame_s,
                    "acoustic_s": acoustic.value,
                    "vocoder_s": vocoder.value,
                    "latency": latency.to_json(),
                    "acoustic_rtf": acoustic.value / self.natural_s[i],
                    "rtf": latency.value / self.natural_s[i],
                    "repeats": len(both),
                    "both": both,
                }
            )
        middle = len(rows) // 2
        rounds = {
            "first_audio_s": self.firsts,
            "latency_s": rows[middle]["both"],
            "acoustic_s": self.acoustic[middle],
            "batch_s": self.batches,
        }
        batch = spread(self.batches)
        natural_s = sum(u.samples for u in self.batch) / self.mel.sample_rate_hz
        memory_mb, memory_kind = peak_memory(self._speak_batch, self.voice.device)
        return {
            "device": str(self.voice.device),
            "first_audio": spread(self.firsts).to_json()
            | {
                "tokens": len(self.first.tokens),
                "text": self.first.text,
                "natural_s": self.first.samples / self.mel.sample_rate_hz,
                "streams": bool(getattr(self.voice.vocoder, "streaming", False)),
            },
            "lengths": [{k: v for k, v in row.items() if k != "both"} for row in rows],
            "rounds": rounds,
            "parameters": self.system.parameters,
            "weights_mb": sum(p.numel() * p.element_size() for p in self.system.loaded.model.parameters()) / 1e6,
            "throughput": {
                "batch": len(self.batch),
                "seconds": batch.value,
                "natural_s": natural_s,
                "audio_s": self.frames * frame_s,
                "frames_per_s": natural_s / frame_s / batch.value,
                "audio_s_per_s": natural_s / batch.value,
            },
            "memory_mb": memory_mb,
            "memory_kind": memory_kind,
        }


def natural_seconds(corpus: PreparedCorpus, tokens: int, split: str = "test") -> float:
    """How long a text of so many tokens is in natural speech: the rate of the recordings of a split, of all if it has none."""
    recorded = corpus.split(split) or corpus.utterances
    return tokens * sum(u.samples for u in recorded) / sum(len(u.tokens) for u in recorded) / corpus.mel.sample_rate_hz


def text_of_length(corpus: PreparedCorpus, tokens: int) -> tuple[str, ...]:
    """Exactly `tokens` tokens (3 at least) of natural sentences joined by spaces, with the boundary (if any) at both ends."""
    symbols = corpus.symbols
    edge = (symbols.boundary,) if symbols.boundary is not None else ()
    inner = max(3, tokens) - 2 * len(edge)
    body: list[str] = []
    sentences = corpus.split("test") or corpus.utterances
    while len(body) < inner:
        for u in sentences:
            if body and symbols.space is not None:
                body.append(symbols.space)
            body += [t for t in u.tokens if t not in (symbols.boundary, symbols.pad)]
            if len(body) >= inner:
                break
    return (*edge, *body[:inner], *edge)


def _synchroniser(device: torch.device) -> Callable[[], None]:
    return (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else (lambda: None)


def peak_memory(work: Callable[[], object], device: torch.device) -> tuple[float | None, str]:
    """Most memory in MB that torch holds for `work` beyond what was there before, and what the figure counts.

    On a GPU its allocator's peak; on a CPU the running sum of the profiler's allocation events (None if this torch has none).
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        work()
        torch.cuda.synchronize(device)
        return (torch.cuda.max_memory_allocated(device) - before) / 1e6, "tensors on the GPU, without weights"
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own messages do not belong on the console
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        work()
    now = peak = seen = 0
    results = getattr(profile.profiler, "kineto_results", None)
    for event in results.events() if results is not None else ():
        if event.name() == "[memory]":
            seen += 1
            now += event.nbytes()
            peak = max(peak, now)
    return (peak / 1e6 if seen else None), "tensors, without weights"
