"""How fast and how large: latency against text length, throughput, memory, and what training cost."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch

from ttskit.config.comparison import CompareConfig
from ttskit.measure.systems import System

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus

# A measurement that takes longer than this is not repeated: its relative noise is small, and a report must end.
_ENOUGH_S = 2.0


def measure_speed(system: System, corpus: PreparedCorpus, config: CompareConfig) -> dict:
    """Latency by text length, throughput of a batch, memory, parameters, of one system on its device.

    Latency is from tokens to the whole mel (acoustic) and on to the whole waveform (vocoder), one
    sentence at a time, after a warm-up; the median of `speed_repeats`. Texts are test sentences joined
    and cut to the length in tokens.
    """
    texts = [text_of_length(corpus, n) for n in config.speed_lengths]
    voice, speaker = system.voice, corpus.split(config.split)[0].speaker
    sync = _synchroniser(voice.device)
    voice.waveform(voice.spectrogram([texts[0]], speaker=speaker, seeds=[0])[0])  # warm-up
    rows = []
    for tokens in texts:
        made: list = []

        def acoustic(tokens=tokens, made=made) -> None:
            made[:] = voice.spectrogram([tokens], speaker=speaker, seeds=[0])

        acoustic_s, repeats = _median_s(acoustic, config.speed_repeats, sync)
        vocoder_s, _ = _median_s(lambda made=made: voice.waveform(made[0]), config.speed_repeats, sync)
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
    frames = sum(int(row.lengths[0]) for row in made)
    made.clear()  # what is freed within the measurement must have been made within it
    memory_mb, memory_kind = peak_memory(speak_batch, voice.device)
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


def training_curves(system: System) -> dict:
    """Losses against steps and seconds, frames per second and time spent, from the run's metrics.jsonl.

    Seconds are those that the trainer logged (training only); a run without them gives none.
    """
    rows = system.run.metrics()
    curves: dict[str, dict[str, list]] = {}
    for split in ("train", "validation"):
        own = [r for r in rows if r.get("split") == split]
        loss = next((k for k in ("loss", "total") if any(_number(r.get(k)) for r in own)), None)
        if loss is None:
            continue
        own = [r for r in own if _number(r.get(loss))]
        curves[split] = {
            "step": [int(r.get("step", 0)) for r in own],
            "loss": [float(r[loss]) for r in own],
            "seconds": [_first(r, _SECONDS) for r in own],
            "loss_name": loss,
        }
    _fill_seconds(curves)
    rates = [v for r in rows if r.get("split") == "train" and (v := _first(r, ("frames_per_s",))) is not None]
    seconds = [s for c in curves.values() for s in c["seconds"] if s is not None]
    return {
        "curves": curves,
        "frames_per_s": statistics.median(rates) if rates else None,
        "seconds": max(seconds) if seconds else None,
        "steps": system.run.total_steps,
    }


_SECONDS = ("training_s", "train_s", "elapsed_s", "wall_s", "seconds", "time_s")


def _fill_seconds(curves: dict[str, dict[str, list]]) -> None:
    """Validation rows carry no clock of their own: they get the time of the training row at or before their step."""
    train = curves.get("train", {"step": [], "seconds": []})
    known = [(s, t) for s, t in zip(train["step"], train["seconds"], strict=True) if t is not None]
    for curve in curves.values():
        curve["seconds"] = [
            t if t is not None else next((kt for ks, kt in reversed(known) if ks <= s), None)
            for s, t in zip(curve["step"], curve["seconds"], strict=True)
        ]


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


def _first(row: dict, names: Iterable[str]) -> float | None:
    return next((float(row[n]) for n in names if _number(row.get(n))), None)


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
