"""Speech written while it is spoken: however long the text, memory holds a few of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ttskit.audio.encoding import SoundEncoder, format_of
from ttskit.audio.files import whole_or_absent
from ttskit.audio.streams import AudioStream
from ttskit.errors import AudioError
from ttskit.synthesis.speech import SpeechStream

__all__ = ["write_speech"]


def write_speech(stream: SpeechStream, target: Path | BinaryIO, raw: bool = False) -> None:
    """All audio of a stream into a file, which is whole or absent, or as WAV into a binary stream.

    Args:
        target: its name says the format (`ttskit.audio.encoding`): a 16-bit WAV, or FLAC, ogg, opus, mp3 …
        raw: samples only, without a header.

    Raises:
        UsageError: the format cannot be written.
        AudioError: it cannot be written (a full disk: with what is left), or is no sound.
    """
    with _sink(target, stream.sample_rate_hz, raw) as sink:
        for chunk in stream:
            sink.write(chunk)
        if not stream.samples:
            raise AudioError("no audio to write", "the voice gave no sound for this text", "use another checkpoint")


@contextmanager
def _sink(target: Path | BinaryIO, rate_hz: int, raw: bool) -> Iterator[AudioStream | SoundEncoder]:
    if not isinstance(target, Path):
        with AudioStream(target, rate_hz, raw) as sink:
            yield sink
        return
    suffix = ".wav" if raw else format_of(target)
    if suffix == ".wav":
        with whole_or_absent(target) as place, AudioStream(place, rate_hz, raw, shown=target) as sink:
            yield sink
        return
    encoder = SoundEncoder(rate_hz, suffix)
    yield encoder
    with whole_or_absent(target) as place:
        place.write_bytes(encoder.finish())
