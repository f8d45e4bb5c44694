"""Audio written while it is made: a WAV file that grows, or raw samples, to a file or to standard output."""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from ttskit.audio.files import no_numbers
from ttskit.disk import explain
from ttskit.errors import AudioError

__all__ = ["AudioStream"]

_UNKNOWN = 0xFFFFFFFF  # the length of a WAV that is still being written, as players know it


class AudioStream:
    """Writes audio (s,) in [-1, 1] as 16-bit little-endian samples, each chunk at once.

    A WAV says at first that its length is not known, which players of a pipe understand; where it can go back, the
    header is mended at the end. What was written before a failure stays, and is a whole WAV.

    Args:
        target: a path, or a binary stream that stays open.
        rate_hz: sample rate.
        raw: samples only, without a header.
        shown: what errors call the target; its own name if not given.

    Raises:
        AudioError: also later: the system refuses it, as on a full disk; says what was written. A reader that left raises
            BrokenPipeError.
    """

    def __init__(self, target: Path | BinaryIO, rate_hz: int, raw: bool = False, shown: Path | None = None) -> None:
        self._own = isinstance(target, Path)
        self._shown: Path | str = shown or (target if isinstance(target, Path) else "standard output")
        self._rate_hz, self._raw, self._bytes = rate_hz, raw, 0
        with explain(AudioError, self._shown, "nothing was written"):
            if isinstance(target, Path):
                target.parent.mkdir(parents=True, exist_ok=True)
                # unbuffered: what a full disk did not take is not kept back to fail once more when the header is mended
                self._file: Any = target.open("wb", buffering=0)
            else:
                self._file = target
        if not raw:
            self._put(self._header(_UNKNOWN))
            self._bytes = 0

    @property
    def samples(self) -> int:
        """Samples written so far."""
        return self._bytes // 2

    def write(self, audio: np.ndarray) -> None:
        """Append a chunk."""
        if not np.isfinite(audio).all():
            raise no_numbers(audio)
        # As libsndfile turns floats into 16 bits, so that a streamed file has the samples of one written at once.
        pcm = np.floor(np.asarray(audio, dtype=np.float64) * 32768.0).clip(-32768, 32767).astype("<i2")
        self._put(pcm.tobytes())

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            said = f"{self.samples / self._rate_hz:.1f} s of sound were written before" if self._bytes else ""
            with explain(AudioError, self._shown, said):
                done = self._file.write(rest) or 0
                self._file.flush()
            self._bytes += done
            rest = rest[done:]

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if not self._own:
            return
        with explain(AudioError, self._shown), self._file:
            if not self._raw and self._file.seekable():  # a named pipe or /dev/stdout is not
                self._file.seek(0)
                self._file.write(self._header(2 * self.samples))

    def _header(self, data_bytes: int) -> bytes:
        riff = _UNKNOWN if data_bytes == _UNKNOWN else 36 + data_bytes
        rate = self._rate_hz
        about = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)  # PCM, one channel
        return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + about + struct.pack("<4sI", b"data", data_bytes)
