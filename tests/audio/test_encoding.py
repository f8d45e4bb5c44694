"""`-o hola.mp3` is an MP3: each suffix is written in its own format, or refused with what can be written."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from ttskit.audio.encoding import WRITTEN, SoundEncoder, encode, format_of, writable
from ttskit.audio.files import read_recording, write_audio, write_wav
from ttskit.errors import AudioError, UsageError

TONE = (0.4 * np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050)).astype(np.float32)
# What libsndfile says of each file, and the rate at which 22,050 Hz are written.
FORMATS = {
    ".wav": ("WAV", "PCM_16", 22_050),
    ".flac": ("FLAC", "PCM_16", 22_050),
    ".ogg": ("OGG", "VORBIS", 22_050),
    ".oga": ("OGG", "VORBIS", 22_050),
    ".opus": ("OGG", "OPUS", 24_000),
    ".mp3": ("MP3", "MPEG_LAYER_III", 22_050),
    ".aiff": ("AIFF", "PCM_16", 22_050),
    ".aif": ("AIFF", "PCM_16", 22_050),
    ".aifc": ("AIFF", "PCM_16", 22_050),
    ".caf": ("CAF", "PCM_16", 22_050),
    ".au": ("AU", "PCM_16", 22_050),
    ".snd": ("AU", "PCM_16", 22_050),
    ".w64": ("W64", "PCM_16", 22_050),
}


def pitch_hz(audio: np.ndarray, rate: int) -> float:
    middle = audio[len(audio) // 4 : -len(audio) // 4]
    return float(np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax() * rate / len(middle))


@pytest.mark.parametrize("suffix", WRITTEN)
def test_a_suffix_is_the_format_that_is_written(tmp_path, suffix):
    assert WRITTEN.keys() == FORMATS.keys() and suffix in writable()
    path = tmp_path / f"hola{suffix.upper()}"
    write_audio(path, TONE, 22_050)
    facts = soundfile.info(str(path))
    assert (facts.format, facts.subtype, facts.samplerate) == FORMATS[suffix]
    recording = read_recording(path)
    assert abs(pitch_hz(recording.audio, recording.sample_rate_hz) - 440) < 3
    assert abs(len(recording.audio) / recording.sample_rate_hz - 1) < 0.13 and abs(recording.audio.std() - TONE.std()) < 0.02
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("rate", [7350, 8000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("suffix", [".mp3", ".opus", ".ogg", ".flac"])
def test_a_rate_that_a_format_has_not_got_becomes_the_next_that_it_has(tmp_path, suffix, rate):
    tone = (0.4 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.float32)
    path = tmp_path / f"a{suffix}"
    write_audio(path, tone, rate)
    recording = read_recording(path)
    rates = WRITTEN[suffix][2]
    assert soundfile.info(str(path)).samplerate == (min([r for r in rates if r >= rate], default=48_000) if rates else rate)
    assert abs(pitch_hz(recording.audio, recording.sample_rate_hz) - 440) < 4


REFUSED = ("m4a", "aac", "mp4", "wma", "webm", "amr", "gsm", "ulaw", "txt", "wv", "xyz", "mp33")


@pytest.mark.parametrize("suffix", REFUSED)
def test_a_suffix_that_cannot_be_written_is_refused_with_what_can(tmp_path, suffix):
    with pytest.raises(UsageError, match=f"cannot write .{suffix} files") as caught:
        write_audio(tmp_path / f"hola.{suffix}", TONE, 22_050)
    assert ".mp3" in caught.value.why and "ffmpeg -i hola.wav hola" in caught.value.fix and not list(tmp_path.iterdir())


def test_a_name_without_suffix_is_a_wav_and_a_wav_is_one_whatever_it_is_called(tmp_path):
    assert format_of("hola") == format_of("/dev/stdout") == format_of("x/.oculto") == ".wav"
    write_wav(tmp_path / "a.mp3.part", TONE, 22_050)
    assert soundfile.info(str(tmp_path / "a.mp3.part")).format == "WAV"


def test_a_libsndfile_without_mp3_says_so(tmp_path, monkeypatch):
    there = soundfile.available_formats()
    monkeypatch.setattr(soundfile, "available_formats", lambda: {k: v for k, v in there.items() if k != "MP3"})
    with pytest.raises(UsageError, match=r"cannot write .mp3") as caught:
        write_audio(tmp_path / "a.mp3", TONE, 22_050)
    assert ".mp3" not in caught.value.why and ".flac" in caught.value.why


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".aiff"])
def test_chunks_are_the_file_of_the_whole(suffix):
    encoder = SoundEncoder(22_050, suffix)
    for chunk in np.split(TONE, (1, 5000, 5000, 17_000)):
        encoder.write(chunk)
    assert encoder.finish() == encode(TONE, 22_050, suffix)


def test_chunks_at_another_rate_have_no_seams(tmp_path):
    encoder = SoundEncoder(22_050, ".opus")
    for start in range(0, len(TONE), 700):
        encoder.write(TONE[start : start + 700])
    (tmp_path / "chunks.opus").write_bytes(encoder.finish())
    write_audio(tmp_path / "whole.opus", TONE, 22_050)
    chunks, whole = (read_recording(tmp_path / name).audio for name in ("chunks.opus", "whole.opus"))
    np.testing.assert_allclose(chunks, whole, atol=1e-3)


def test_samples_that_are_no_numbers_are_not_encoded():
    with pytest.raises(AudioError, match="not numbers"):
        SoundEncoder(22_050, ".opus").write(np.array([0.0, np.nan], np.float32))


def test_minutes_in_ogg_do_not_overflow_the_encoder(tmp_path):
    write_audio(tmp_path / "a.ogg", np.tile(TONE, 400), 22_050)
    assert soundfile.info(str(tmp_path / "a.ogg")).frames == 400 * len(TONE)
