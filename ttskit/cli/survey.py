"""What a newcomer has: recordings (how many, whose, how long, at what rate) and a machine (GPU, processors, memory)."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ttskit.messages import translated
from ttskit.plugins import Registry

__all__ = ["MOST_HEADERS", "FoundRecordings", "Machine", "look_at_machine", "look_at_recordings"]

MOST_HEADERS = 2_000  # files whose header is read; of more, the rest is taken to be like them


@dataclass(frozen=True)
class FoundRecordings:
    """What lies in a folder or list.

    Args:
        data: what `prepare` is given: the folder, or the list.
        layout: name of the reader that understands it.
        utterances: number of recordings listed, by speaker, most first.
        seconds: of audio, by speaker.
        rates_hz: how many of the files looked at have which rate.
        unreadable: of the files looked at.
        odd: things that the reader stumbled over.
    """

    data: Path
    layout: str
    utterances: Mapping[str, int]
    seconds: Mapping[str, float]
    rates_hz: Mapping[int, int]
    unreadable: int
    odd: int

    @property
    def speakers(self) -> list[str]:
        """Their names, who has most first."""
        return list(self.utterances)

    @property
    def rate_hz(self) -> int | None:
        """The commonest rate; None where no file could be read."""
        return max(self.rates_hz, key=lambda rate: self.rates_hz[rate]) if self.rates_hz else None

    def minutes(self, speaker: str | None = None) -> float:
        """Of one speaker, or of all."""
        return sum(s for name, s in self.seconds.items() if speaker in (None, name)) / 60

    def line(self) -> str:
        """One line for people."""
        n, many = sum(self.utterances.values()), len(self.speakers)
        who = translated(f"{many} speakers") if many > 1 else self.speakers[0]
        parts = [
            translated("1 recording" if n == 1 else f"{n} recordings"),
            translated(f"{self.minutes():.1f} minutes"),
            f"{self.rate_hz} Hz" if self.rate_hz else translated("no readable audio"),
            f"{who} ({translated(f'layout: {self.layout}')})",
        ]
        if self.unreadable:
            parts.append(
                translated("1 file cannot be read" if self.unreadable == 1 else f"{self.unreadable} files cannot be read")
            )
        if self.odd:
            one = "1 line is odd (ttskit check says which)"
            parts.append(translated(one if self.odd == 1 else f"{self.odd} lines are odd (ttskit check says which)"))
        return ", ".join(parts)


def look_at_recordings(data: Path, registry: Registry, speaker: str | None = None) -> FoundRecordings:
    """List them, and read the headers of the files; nothing is decoded.

    Raises:
        CorpusError: nothing there, or no layout that is known.
        UsageError: `speaker` is none of several.
    """
    import soundfile

    from ttskit.corpus.screening import read

    reading, layout = read(data, None, speaker, registry)
    counts = Counter(u.speaker for u in reading.utterances)
    seconds: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    rates: Counter[int] = Counter()
    unreadable = 0
    step = max(1, len(reading.utterances) // MOST_HEADERS)
    for utterance in reading.utterances[::step]:
        try:
            found = soundfile.info(str(utterance.audio))
        except (RuntimeError, OSError):  # libsndfile's errors
            unreadable += 1
            continue
        seen[utterance.speaker] += 1
        rates[found.samplerate] += 1
        seconds[utterance.speaker] += found.frames / max(1, found.samplerate)
    return FoundRecordings(
        data,
        layout,
        dict(counts.most_common()),
        {name: seconds[name] * counts[name] / seen[name] for name in seen},
        dict(rates),
        unreadable,
        len(reading.problems),
    )


@dataclass(frozen=True)
class Machine:
    """What models can be trained on here.

    Args:
        gpu: its name, "" for none.
        gpu_memory_gib: of it.
        processors: that this process may use.
        memory_gib: main memory; None where the system does not say.
    """

    gpu: str
    gpu_memory_gib: float | None
    processors: int
    memory_gib: float | None

    def line(self) -> str:
        """One line for people."""
        gpu = self.gpu or translated("no GPU")
        if self.gpu and self.gpu_memory_gib:
            gpu = translated(f"{self.gpu} with {self.gpu_memory_gib:.0f} GiB")
        parts = [gpu, translated("1 processor" if self.processors == 1 else f"{self.processors} processors")]
        if self.memory_gib:
            parts.append(translated(f"{self.memory_gib:.0f} GiB of memory"))
        return ", ".join(parts)


def look_at_machine() -> Machine:
    """This one."""
    import torch

    gpu, own = "", None
    if torch.cuda.is_available():
        facts = torch.cuda.get_device_properties(0)
        gpu, own = facts.name, facts.total_memory / 2**30
    elif torch.backends.mps.is_available():
        gpu = "Apple GPU (mps)"
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(gpu, own, count or 1, _memory_gib())


def _memory_gib() -> float | None:
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):  # MEMORYSTATUSEX of the Windows API
            _fields_ = (
                *((name, ctypes.c_ulong) for name in ("length", "load")),
                *((name, ctypes.c_ulonglong) for name in ("total", "free", "pages", "pages_free", "space", "space_free", "x")),
            )

        status = Status(length=ctypes.sizeof(Status))
        return status.total / 2**30 if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (ValueError, OSError):
        return None
