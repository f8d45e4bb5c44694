"""Audio into the bytes of a sound file, in the format that a name asks for."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ttskit.errors import AudioError, UsageError

__all__ = ["WRITTEN", "SoundEncoder", "encode", "format_of", "no_numbers", "writable"]

# Suffix: (libsndfile's format, its subtype, rates that the format has; () for any).
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
WRITTEN: dict[str, tuple[str, str, tuple[int, ...]]] = {
    ".wav": ("WAV", "PCM_16", ()),
    ".flac": ("FLAC", "PCM_16", ()),
    ".ogg": ("OGG", "VORBIS", ()),
    ".oga": ("OGG", "VORBIS", ()),
    ".opus": ("OGG", "OPUS", _OPUS_RATES),
    ".mp3": ("MP3", "MPEG_LAYER_III", _MP3_RATES),
    ".aiff": ("AIFF", "PCM_16", ()),
    ".aif": ("AIFF", "PCM_16", ()),
    ".aifc": ("AIFF", "PCM_16", ()),
    ".caf": ("CAF", "PCM_16", ()),
    ".au": ("AU", "PCM_16", ()),
    ".snd": ("AU", "PCM_16", ()),
    ".w64": ("W64", "PCM_16", ()),
}
_BLOCK = 2**15  # samples given at once: the vorbis encoder overflows the stack where it is given minutes


def writable() -> tuple[str, ...]:
    """Suffixes that can be written here: the formats that the installed libsndfile has."""
    import soundfile

    formats = soundfile.available_formats()
    return tuple(s for s, (name, sub, _) in WRITTEN.items() if name in formats and sub in soundfile.available_subtypes(name))


def format_of(path: Path | str) -> str:
    """The suffix of `WRITTEN` by which a file of this name is encoded; ".wav" for a name without one.

    Raises:
        UsageError: the name asks for a format that cannot be written.

    >>> format_of("hola.MP3"), format_of("/dev/stdout")
    ('.mp3', '.wav')
    """
    suffix = Path(path).suffix.lower()
    if not suffix or suffix == ".wav":
        return ".wav"
    able = writable()
    if suffix not in able:
        stem = Path(path).stem
        raise UsageError(
            f"cannot write {suffix} files: {path}",
            f"written are {' '.join(able)}",
            f"-o {stem}.wav, then: ffmpeg -i {stem}.wav {Path(path).name}",
        )
    return suffix


def no_numbers(audio: np.ndarray) -> AudioError:
    """The error for audio to write that has NaN or infinite samples."""
    return AudioError(
        "audio to write has samples that are not numbers",
        f"{int((~np.isfinite(audio)).sum())} of {audio.size}",
        "the model that made it has diverged: use an earlier checkpoint",
    )


def encode(audio: np.ndarray, rate_hz: int, format: str) -> bytes:
    """The bytes of a sound file of audio (S,), S ≥ 1; what lies outside [-1, 1] is clipped.

    Args:
        format: a suffix of `WRITTEN` (".mp3"), or "WAV" or "FLAC"; see `SoundEncoder`.
    """
    audio = np.asarray(audio, dtype=np.float32)
    if audio.ndim != 1 or not audio.size:
        raise AudioError("no audio to write", f"shape {audio.shape}, need (S,) with S ≥ 1", "")
    encoder = SoundEncoder(rate_hz, format if format.startswith(".") else f".{format.lower()}")
    encoder.write(audio)
    return encoder.finish()


class SoundEncoder:
    """Encodes audio chunk by chunk, and keeps what it has made; samples of 16 bit where a format keeps samples.

    Args:
        rate_hz: of the audio; where a format has not got it, the next higher that it has is written.
        suffix: of `WRITTEN`.
    """

    def __init__(self, rate_hz: int, suffix: str) -> None:
        import soundfile

        name, subtype, rates = WRITTEN[suffix]
        self._buffer, self._resampler = io.BytesIO(), None
        if rates and rate_hz not in rates:
            import soxr

            target = min((r for r in rates if r >= rate_hz), default=rates[-1])
            self._resampler = soxr.ResampleStream(rate_hz, target, 1, dtype="float32", quality="HQ")
            rate_hz = target
        self._file = soundfile.SoundFile(self._buffer, "w", rate_hz, 1, subtype, format=name)

    def write(self, audio: np.ndarray) -> None:
        """Append a chunk (s,).

        Raises:
            AudioError: samples that are not numbers.
        """
        if not np.isfinite(audio).all():
            raise no_numbers(audio)
        audio = np.asarray(audio, dtype=np.float32)
        self._put(audio if self._resampler is None else self._resampler.resample_chunk(audio))

    def finish(self) -> bytes:
        """The file; nothing can be written afterwards."""
        if self._resampler is not None:
            self._put(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        self._file.close()
        return self._buffer.getvalue()

    def _put(self, audio: np.ndarray) -> None:
        for start in range(0, len(audio), _BLOCK):
            self._file.write(np.clip(audio[start : start + _BLOCK], -1.0, 1.0))
