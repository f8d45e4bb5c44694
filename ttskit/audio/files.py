"""Audio files: any rate and format in, mono float32 at the rate asked for; whole files out."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttskit.disk import explain
from ttskit.errors import AudioError

__all__ = [
    "SUFFIXES",
    "Recording",
    "RefusedAudio",
    "encode",
    "no_numbers",
    "read_audio",
    "read_recording",
    "resample",
    "whole_or_absent",
    "write_wav",
]

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")


class RefusedAudio(AudioError):
    """A recording that cannot be used; `kind` is one word for reports: missing, empty, truncated, unreadable, nan."""

    kind = "unreadable"


def _refused(kind: str, what: str, why: str, fix: str) -> RefusedAudio:
    error = RefusedAudio(what, why, fix)
    error.kind = kind
    return error


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded file: audio (S,) float32 mono at its own `sample_rate_hz`."""

    audio: np.ndarray
    sample_rate_hz: int


def read_recording(path: Path | str) -> Recording:
    """Decode a wav, flac, ogg or mp3 file and mix it to mono.

    Raises:
        RefusedAudio: missing, empty, unreadable, cut short, or with samples that are not numbers.
    """
    import soundfile

    path = Path(path)
    if not path.is_file():
        raise _refused("missing", f"{path} is missing", "no such file", "check the corpus's list of files")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refused("unreadable", f"{path} cannot be read", str(error), "check its permissions") from error
    if not data:
        raise _refused("empty", f"{path} is empty", "0 bytes", "copy or record it again")
    lost = _missing_part(data)
    if lost:
        raise _refused("truncated", f"{path} is truncated", lost, "copy or export it again")
    try:
        audio, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except RuntimeError as error:  # libsndfile's errors
        raise _refused(
            "unreadable", f"{path} cannot be decoded", str(error), f"convert it to one of {', '.join(SUFFIXES)}"
        ) from error
    if not len(audio):
        raise _refused("empty", f"{path} is empty", "it has no samples", "record it again")
    audio = audio.mean(axis=1)
    bad = int((~np.isfinite(audio)).sum())
    if bad:
        raise _refused(
            "nan", f"{path} has samples that are not numbers", f"{bad} of {len(audio)} are NaN or infinite", "export it again"
        )
    return Recording(audio, rate)


def resample(audio: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """audio (S,) at another rate, float32 (soxr, high quality, no delay)."""
    if from_hz == to_hz:
        return audio
    import soxr

    return soxr.resample(audio, from_hz, to_hz, quality="HQ").astype(np.float32)


def read_audio(path: Path | str, rate_hz: int) -> np.ndarray:
    """`read_recording` at the rate asked for: (S,) float32 in [-1, 1]."""
    recording = read_recording(path)
    return resample(recording.audio, recording.sample_rate_hz, rate_hz)


def encode(audio: np.ndarray, rate_hz: int, format: str) -> bytes:
    """The bytes of a 16-bit "WAV" or "FLAC" file of audio (S,); what lies outside [-1, 1] is clipped."""
    import soundfile

    audio = np.asarray(audio, dtype=np.float32)
    if audio.ndim != 1 or not audio.size:
        raise AudioError("no audio to write", f"shape {audio.shape}, need (S,) with S ≥ 1", "")
    if not np.isfinite(audio).all():
        raise no_numbers(audio)
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(audio, -1.0, 1.0), rate_hz, format=format, subtype="PCM_16")
    return buffer.getvalue()


def no_numbers(audio: np.ndarray) -> AudioError:
    """The error for audio to write that has NaN or infinite samples."""
    return AudioError(
        "audio to write has samples that are not numbers",
        f"{int((~np.isfinite(audio)).sum())} of {audio.size}",
        "the model that made it has diverged: use an earlier checkpoint",
    )


def write_wav(path: Path | str, audio: np.ndarray, rate_hz: int) -> None:
    """audio (S,) in [-1, 1] as a 16-bit wav, written beside `path` and renamed: whole or absent."""
    path = Path(path)
    data = encode(audio, rate_hz, "WAV")
    with whole_or_absent(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def whole_or_absent(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write sound to; it becomes `path` when all went well, and is removed otherwise.

    A device or a named pipe is written as it is.

    Raises:
        AudioError: the system refuses it (a full disk, no permission, a name too long): the file, the reason, what is left.
    """
    with explain(AudioError, path):
        special = path.exists() and not path.is_file() and not path.is_dir()
        if special:
            yield path
    if special:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with explain(AudioError, path, "no half file is left"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            temporary.replace(path)
        finally:
            with suppress(OSError):  # a name too long for a file is so here as well
                temporary.unlink(missing_ok=True)


def _missing_part(data: bytes) -> str:
    """What a file says it holds and does not: decoders return the rest without a word."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _missing_of_wav(data)
    if data[:4] == b"OggS":
        return _missing_of_ogg(data)
    if data[:3] == b"ID3" or (data[0] == 0xFF and len(data) > 1 and data[1] & 0xE0 == 0xE0):
        return _missing_of_mp3(data)
    return ""


def _missing_of_ogg(data: bytes) -> str:
    last = data.rfind(b"OggS")
    header = data[last : last + 27]
    size = 27 + header[26] + sum(data[last + 27 : last + 27 + header[26]]) if len(header) == 27 else 27
    if last + size > len(data):
        return f"its last page has {len(data) - last} of {size} bytes"
    return "" if header[5] & 4 else "its last page is not marked as the end"


def _missing_of_wav(data: bytes) -> str:
    position = 12
    while position + 8 <= len(data):
        name, size = data[position : position + 4], struct.unpack_from("<I", data, position + 4)[0]
        if name == b"data":
            have = len(data) - position - 8
            streamed = size in (0, 0xFFFFFFFF)  # written to a pipe: the size was not known
            return "" if streamed or have >= size else f"its header promises {size} bytes of samples, {have} are there"
        position += 8 + size + size % 2
    return "it has no samples chunk"


_MP3_KBITS = {  # by (version 1?, layer III): ISO 11172-3 table B.1 and ISO 13818-3
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _missing_of_mp3(data: bytes) -> str:
    """Walk the layer III frames: the last must be whole, and as many as the Xing/Info header counts."""
    position = 0
    if data[:3] == b"ID3" and len(data) > 10:
        position = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    frames, promised = 0, None
    while position + 4 <= len(data):
        header = struct.unpack_from(">I", data, position)[0]
        version, layer = header >> 19 & 3, header >> 17 & 3
        bitrate, rate = header >> 12 & 15, header >> 10 & 3
        if header >> 21 != 0x7FF or layer != 1 or version == 1 or bitrate in (0, 15) or rate == 3:
            break  # a tag, another layer or a free format: nothing to check
        size = (144 if version == 3 else 72) * 1000 * _MP3_KBITS[version == 3][bitrate] // _MP3_RATES[version][rate] + (
            header >> 9 & 1
        )
        if position + size > len(data):
            return f"its last frame has {len(data) - position} of {size} bytes"
        tag = (
            max(data.find(b"Xing", position, position + size), data.find(b"Info", position, position + size))
            if not frames
            else -1
        )
        if tag > 0 and data[tag + 7] & 1:
            promised = struct.unpack_from(">I", data, tag + 8)[0] + 1  # the header's own frame is not counted
        frames, position = frames + 1, position + size
    return f"its header promises {promised} frames, {frames} are there" if promised and frames < promised else ""
