"""Audio written while it is made: a WAV file that grows, or raw samples, to a file or to standard output."""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

__all__ = ["AudioStream"]

_UNKNOWN = 0xFFFFFFFF  # the length of a WAV that is still being written, as players know it


class AudioStream:
    """Writes audio (s,) in [-1, 1] as 16-bit little-endian samples, each chunk flushed at once.

    A WAV says at first that its length is not known, which players of a pipe understand; where it can go back, the
    header is mended at the end. What was written before a failure stays, and is a whole WAV.

    Args:
        target: a path, or a binary stream that stays open.
        rate_hz: sample rate.
        raw: samples only, without a header.
    """

    def __init__(self, target: Path | BinaryIO, rate_hz: int, raw: bool = False) -> None:
        self._own = isinstance(target, Path)
        if self._own:
            target.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = target.open("wb") if self._own else target
        self._rate_hz, self._raw, self.samples = rate_hz, raw, 0
        if not raw:
            self._file.write(self._header(_UNKNOWN))
            self._file.flush()

    def write(self, audio: np.ndarray) -> None:
        """Append a chunk."""
        # As libsndfile turns floats into 16 bits, so that a streamed file has the samples of one written at once.
        pcm = np.floor(np.asarray(audio, dtype=np.float64) * 32768.0).clip(-32768, 32767).astype("<i2")
        self._file.write(pcm.tobytes())
        self._file.flush()
        self.samples += len(pcm)

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if not self._own:
            return
        try:
            if not self._raw and self._file.seekable():  # a named pipe or /dev/stdout is not
                self._file.seek(0)
                self._file.write(self._header(2 * self.samples))
        finally:
            self._file.close()

    def _header(self, data_bytes: int) -> bytes:
        riff = _UNKNOWN if data_bytes == _UNKNOWN else 36 + data_bytes
        rate = self._rate_hz
        about = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)  # PCM, one channel
        return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + about + struct.pack("<4sI", b"data", data_bytes)
