"""Audio files: any rate and format in, mono float32 at the rate asked for; whole files out.

What is read is a stranger's: nothing is opened that is no plain file, lengths and rates are looked at before anything is
decoded, and decoding stops where a clip cannot go on.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ttskit.audio.clipping import clipping
from ttskit.audio.encoding import encode, format_of, no_numbers
from ttskit.audio.headers import mended
from ttskit.audio.kinds import READ, SUFFIXES, describe
from ttskit.disk import explain
from ttskit.errors import AudioError

__all__ = [
    "MOST_BYTES",
    "MOST_CHANNELS",
    "MOST_SAMPLES",
    "RATES_HZ",
    "SUFFIXES",
    "Recording",
    "RefusedAudio",
    "content_of",
    "decode",
    "encode",
    "no_numbers",
    "read_audio",
    "read_recording",
    "resample",
    "whole_or_absent",
    "write_audio",
    "write_wav",
]

MOST_BYTES = 2**28  # of a file: 25 minutes of CD stereo
MOST_SAMPLES = 2**25  # of a channel: 12 minutes at 44.1 kHz, 128 MiB as float32
MOST_CHANNELS = 64
RATES_HZ = (4_000, 768_000)
_BLOCK = 2**17  # values decoded at once
_UNCOUNTED = 2**62  # frames of a stream that does not say how many it has
_CANCELLED = 0.4  # energy of the mix against that of unrelated channels: 1 where they are, 0 where one is another's inverse


class RefusedAudio(AudioError):
    """A recording that cannot be used; `kind` is for reports: missing, empty, truncated, unreadable, nan, too long, no file."""

    kind = "unreadable"


def _refused(kind: str, what: str, why: str, fix: str) -> RefusedAudio:
    error = RefusedAudio(what, why, fix)
    error.kind = kind
    return error


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded file.

    Args:
        audio: (S,) float32, mono.
        sample_rate_hz: its own rate.
        notes: what a person should know of how it was read, one line each.
    """

    audio: np.ndarray
    sample_rate_hz: int
    notes: tuple[str, ...] = ()


def content_of(path: Path | str) -> bytes:
    """The bytes of a plain file of at most `MOST_BYTES`; pipes, devices and folders are not opened.

    Raises:
        RefusedAudio: it is missing, empty, no plain file, too large, or cannot be read.
    """
    path = Path(path)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        why = "a link to a file that is not there" if path.is_symlink() else "no such file"
        raise _refused("missing", f"{path} is missing", why, "check the corpus's list of files") from error
    except (OSError, ValueError) as error:  # a circle of links, a name too long, a zero in the name
        why = getattr(error, "strerror", None) or str(error)
        raise _refused("unreadable", f"{path!s:.200} cannot be read", why, "check the name and its permissions") from error
    if not stat.S_ISREG(found.st_mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        what = kinds.get(stat.S_IFMT(found.st_mode), "a device")
        raise _refused("no file", f"{path} is {what}", "a recording is a plain file", "check the corpus's list of files")
    if found.st_size > MOST_BYTES:
        why = f"{found.st_size / 2**20:.0f} MiB, at most {MOST_BYTES / 2**20:.0f} are read"
        raise _refused("too long", f"{path} is too large for a clip", why, "cut it into sentences")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)  # it may have grown, or never said how large it is
    except OSError as error:
        raise _refused("unreadable", f"{path} cannot be read", str(error), "check its permissions") from error
    if not data:
        raise _refused("empty", f"{path} is empty", "0 bytes", "copy or record it again")
    if len(data) > MOST_BYTES:
        raise _refused("too long", f"{path} is too large for a clip", f"more than {MOST_BYTES} bytes", "cut it into sentences")
    return data


def read_recording(path: Path | str) -> Recording:
    """Decode a sound file and mix it to mono; `ttskit.audio.kinds.SUFFIXES` are those that are looked for.

    Raises:
        RefusedAudio: missing, empty, unreadable, cut short, too long, or with samples that are not numbers.
    """
    return decode(content_of(path), path)


def decode(data: bytes, path: Path | str, longest_s: float | None = None) -> Recording:
    """`read_recording` of content that was read already.

    Args:
        data: the file's content, not empty.
        path: what it is called, for messages.
        longest_s: refuse longer sound, before it is decoded where the file says so.
    """
    what, fix = describe(data, Path(path).name)
    if what:
        raise _refused("unreadable", f"{path} is {what}", f"known by its first bytes; read are {', '.join(READ[:7])} …", fix)
    whole = mended(data)
    if whole.lost:
        raise _refused("truncated", f"{path} is truncated", whole.lost, "copy or export it again")
    audio, rate, note = _Decoder(whole.data, path, longest_s).mono()
    if not len(audio):
        raise _refused("empty", f"{path} is empty", "it has no samples", "record it again")
    bad = len(audio) - int(np.isfinite(audio).sum())
    if bad:
        raise _refused(
            "nan", f"{path} has samples that are not numbers", f"{bad} of {len(audio)} are NaN or infinite", "export it again"
        )
    return Recording(audio, rate, tuple(n for n in (whole.note, note, clipping(audio)) if n))


class _Source(io.BytesIO):
    """Bytes for a decoder, which is told the end by what it gets; an error could not reach it and would be printed."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As of any file, but a place before the start is not gone to."""
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


class _Decoder:
    """Decodes block by block, so that memory follows from what is there and not from what a header says."""

    def __init__(self, data: bytes, path: Path | str, longest_s: float | None) -> None:
        self._data, self._path = data, path
        self._longest_s = longest_s

    def mono(self) -> tuple[np.ndarray, int, str]:
        """Samples (S,), their rate, and what was noticed."""
        import soundfile

        try:
            with soundfile.SoundFile(_Source(self._data)) as file:
                self._check(file)
                mix, sums, squares = self._mixed(file, file.channels)
                rate, channels = int(file.samplerate), int(file.channels)
            if channels < 2 or not len(mix):
                return mix, rate, ""
            energy = np.maximum(squares - sums**2 / len(mix), 0.0)  # about the mean: an offset is no sound
            mixed = float(mix.var(dtype=np.float64)) * len(mix)
            if not mixed * channels**2 < _CANCELLED * energy.sum():
                return mix, rate, ""
            chosen = int(energy.argmax())
            del mix
            with soundfile.SoundFile(_Source(self._data)) as file:
                one = self._mixed(file, channels, chosen)[0]
            return (
                one,
                rate,
                f"its {channels} channels cancel each other (opposite phase): channel {chosen + 1} alone was taken",
            )
        except soundfile.SoundFileError as error:
            raise self._unreadable(error) from error

    def _check(self, file: Any) -> None:
        rate, channels, frames = int(file.samplerate), int(file.channels), int(file.frames)
        if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
            why = f"{rate} samples a second; speech has {RATES_HZ[0]} to {RATES_HZ[1]}"
            raise _refused("unreadable", f"{self._path} has a sample rate that cannot be", why, "export it again")
        if channels > MOST_CHANNELS:
            why = f"{channels}, at most {MOST_CHANNELS} are mixed"
            raise _refused("unreadable", f"{self._path} has too many channels", why, "export it with one channel")
        if frames < _UNCOUNTED:
            self._limit(frames, rate, "its header says")

    def _limit(self, frames: int, rate: int, source: str) -> None:
        longest = min(MOST_SAMPLES / rate, self._longest_s or np.inf)
        if frames > longest * rate:
            why = f"{source} {frames} samples, {frames / rate:.0f} s at {rate} Hz; at most {longest:.0f} s are read"
            raise _refused("too long", f"{self._path} is too long for a clip", why, "cut it into sentences")

    def _mixed(self, file: Any, channels: int, only: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The mean (S,) of the channels, or one of them; and of each channel the sum and the sum of squares."""
        import soundfile

        said, rate = int(file.frames), int(file.samplerate)
        step = max(1, _BLOCK // channels)
        parts, total = [], 0
        sums, squares = np.zeros(channels), np.zeros(channels)
        while True:
            try:
                block = file.read(step, dtype="float32", always_2d=True)
            except soundfile.SoundFileError as error:
                if total > 0 or said < _UNCOUNTED:
                    raise self._cut(said, total, error) from error
                raise
            if not len(block):
                break
            total += len(block)
            self._limit(total, rate, "it has at least")
            parts.append(block.mean(axis=1) if only is None else block[:, only].copy())
            if channels > 1:
                sums += block.sum(axis=0, dtype=np.float64)
                squares += np.square(block, dtype=np.float64).sum(axis=0)
        # An mp3 without a table of contents is counted by estimate; its frames have been walked.
        if total < said < _UNCOUNTED and file.format != "MP3":
            raise self._cut(said, total, None)
        return np.concatenate(parts) if parts else np.zeros(0, np.float32), sums, squares

    def _cut(self, said: int, total: int, error: Exception | None) -> RefusedAudio:
        counted = f"its header counts {said} samples, " if said < _UNCOUNTED else ""
        reason = f" ({_reason(error)})" if error is not None else ""
        return _refused(
            "truncated", f"{self._path} is truncated or damaged", f"{counted}{total} could be decoded{reason}", "copy it again"
        )

    def _unreadable(self, error: Exception) -> RefusedAudio:
        what = "cannot be decoded"
        known = any(
            self._data.startswith(mark) for mark in (b"RIFF", b"RF64", b"FORM", b"fLaC", b"OggS", b"ID3", b".snd", b"caff")
        )
        if not known:
            what = "is neither a sound file nor anything else that is known"
        fix = "export it again as WAV or FLAC" if known else "samples without a header? ffmpeg -f s16le -ar RATE -i IN OUT.wav"
        return _refused("unreadable", f"{self._path} {what}", _reason(error), fix)


def _reason(error: Exception | None) -> str:
    """A decoder's own words, without the address of the object that it was given."""
    return " ".join(str(getattr(error, "error_string", None) or error).split())


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


def write_wav(path: Path | str, audio: np.ndarray, rate_hz: int) -> None:
    """audio (S,) in [-1, 1] as a 16-bit wav, whatever `path` is called; whole or absent."""
    _write(Path(path), encode(audio, rate_hz, ".wav"))


def write_audio(path: Path | str, audio: np.ndarray, rate_hz: int) -> None:
    """audio (S,) in [-1, 1] in the format that the name of `path` asks for (`ttskit.audio.encoding`); whole or absent.

    Raises:
        UsageError: that format cannot be written.
    """
    _write(Path(path), encode(audio, rate_hz, format_of(path)))


def _write(path: Path, data: bytes) -> None:
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
