"""How fast and how large: latency against text length, throughput of a batch, memory."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import Findings, Measure, Measurement, Observation, Row, Spoken
from ttskit.measure.systems import System
from ttskit.measure.templates import template
from ttskit.pictures.charts import draw_latency

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus

__all__ = ["Speed", "measure_speed", "peak_memory", "text_of_length"]

# A measurement that takes longer than this is not repeated: its relative noise is small, and a report must end.
_ENOUGH_S = 2.0


class Speed(Measurement):
    """Every system on its device, one after the other; nothing else is measured meanwhile."""

    def measure(self, spoken: Spoken) -> Findings:
        """Numbers of whole systems, and the latency curve."""
        each = 2 * len(spoken.settings.speed_lengths) + 3
        with spoken.counted("speed", each * len(spoken.systems)) as advance:
            speeds = {
                s.label: measure_speed(s, spoken.corpus, spoken.settings, partial(advance, note=s.label))
                for s in spoken.systems
            }
        figure = spoken.figure("latency.png")
        draw_latency(figure, speeds)
        middle = {name: own["lengths"][len(own["lengths"]) // 2] for name, own in speeds.items()}
        tokens = next(iter(middle.values()))["tokens"]
        numbers = {
            Measure("latency_s", f"latency, {tokens} tokens, with vocoder", "s", "lower", 3): {
                n: r["acoustic_s"] + r["vocoder_s"] for n, r in middle.items()
            },
            Measure("acoustic_rtf", f"real-time factor, {tokens} tokens, without vocoder", "", "lower", 3): {
                n: r["acoustic_rtf"] for n, r in middle.items()
            },
            Measure("throughput", "throughput in batches", "frames/s", "higher", 0): {
                n: own["throughput"]["frames_per_s"] for n, own in speeds.items()
            },
            Measure("parameters", "parameters", "million", "", 2, factor=1e-6): {
                n: float(own["parameters"]) for n, own in speeds.items()
            },
            Measure("memory_mb", "memory while speaking a batch", "MB", "lower", 1): {
                n: own["memory_mb"] for n, own in speeds.items()
            },
        }
        rows = [
            Row(measure, tuple(Observation(name, float(v)) for name, v in own.items() if v is not None))
            for measure, own in numbers.items()
        ]
        return Findings([row for row in rows if row.observations], {"latency": figure}, template("speed"), {"systems": speeds})


def measure_speed(
    system: System, corpus: PreparedCorpus, config: CompareConfig, advance: Callable[[], None] = lambda: None
) -> dict:
    """Latency by text length, throughput of a batch, memory, parameters, of one system on its device.

    Latency is from tokens to the whole mel (acoustic) and on to the whole waveform (vocoder), one
    sentence at a time, after a warm-up; the median of `speed_repeats`. Texts are test sentences joined
    and cut to the length in tokens. `advance` is called twice for each length, and three times besides.
    """
    texts = [text_of_length(corpus, n) for n in config.speed_lengths]
    voice, speaker = system.voice, corpus.split(config.split)[0].speaker
    sync = _synchroniser(voice.device)
    voice.waveform(voice.spectrogram([texts[0]], speaker=speaker, seeds=[0])[0])  # warm-up
    advance()
    rows = []
    for tokens in texts:
        made: list = []

        def acoustic(tokens=tokens, made=made) -> None:
            made[:] = voice.spectrogram([tokens], speaker=speaker, seeds=[0])

        acoustic_s, repeats = _median_s(acoustic, config.speed_repeats, sync)
        advance()
        vocoder_s, _ = _median_s(lambda made=made: voice.waveform(made[0]), config.speed_repeats, sync)
        advance()
        audio_s = int(made[0].lengths[0]) * corpus.mel.hop_samples / corpus.mel.sample_rate_hz
        rows.append(
            {
                "tokens": len(tokens),
                "audio_s": audio_s,
                "acoustic_s": acoustic_s,
                "vocoder_s": vocoder_s,
                "acoustic_rtf": acoustic_s / audio_s,
                "rtf": (acoustic_s + vocoder_s) / audio_s,
                "repeats": repeats,
            }
        )
    batch = [u.tokens for u in corpus.split(config.split)] or [texts[0]]
    batch = [batch[i % len(batch)] for i in range(config.batch)]
    made = []

    def speak_batch() -> None:
        made[:] = voice.spectrogram(batch, speaker=speaker, seeds=list(range(len(batch))))

    batch_s, _ = _median_s(speak_batch, config.speed_repeats, sync)
    advance()
    frames = sum(int(row.lengths[0]) for row in made)
    made.clear()  # what is freed within the measurement must have been made within it
    memory_mb, memory_kind = peak_memory(speak_batch, voice.device)
    advance()
    return {
        "device": str(voice.device),
        "threads": torch.get_num_threads(),
        "lengths": rows,
        "parameters": system.parameters,
        "weights_mb": sum(p.numel() * p.element_size() for p in system.loaded.model.parameters()) / 1e6,
        "throughput": {
            "batch": len(batch),
            "seconds": batch_s,
            "frames_per_s": frames / batch_s,
            "audio_s_per_s": frames * corpus.mel.hop_samples / corpus.mel.sample_rate_hz / batch_s,
        },
        "memory_mb": memory_mb,
        "memory_kind": memory_kind,
    }


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


def _median_s(work: Callable[[], object], repeats: int, sync: Callable[[], None]) -> tuple[float, int]:
    times: list[float] = []
    while len(times) < repeats and (not times or sum(times) < _ENOUGH_S):
        sync()
        started = time.perf_counter()
        work()
        sync()
        times.append(time.perf_counter() - started)
    return statistics.median(times), len(times)


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
