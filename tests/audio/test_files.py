"""Reading any file, refusing broken ones by name, writing whole ones."""

import numpy as np
import pytest
import soundfile

from ttskit.audio.files import read_audio, read_recording, write_wav
from ttskit.errors import AudioError


def sine(rate, seconds=1.0, hz=440.0):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_any_format_and_rate_becomes_mono_at_the_rate_asked_for(tmp_path, suffix, rate):
    path = tmp_path / f"a.{suffix}"
    both = np.stack([sine(rate), 0.5 * sine(rate)], axis=1)
    soundfile.write(path, both, rate)
    audio = read_audio(path, 22050)
    assert audio.dtype == np.float32 and abs(len(audio) - 22050) < 2500  # mp3 adds a frame or two
    middle = audio[6000:16000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert abs(spectrum.argmax() * 22050 / len(middle) - 440) < 3
    assert abs(middle.std() - 0.375 / np.sqrt(2)) < 0.01  # the mean of both channels


def kind(path):
    with pytest.raises(AudioError) as error:
        read_recording(path)
    assert path.name in error.value.what
    return error.value.kind


def test_missing_empty_and_no_samples(tmp_path):
    assert kind(tmp_path / "no.wav") == "missing"
    (tmp_path / "zero.wav").write_bytes(b"")
    assert kind(tmp_path / "zero.wav") == "empty"
    soundfile.write(tmp_path / "header.wav", np.zeros(0, np.float32), 16000)
    assert kind(tmp_path / "header.wav") == "empty"


def test_nan_is_counted(tmp_path):
    audio = sine(16000)
    audio[7:10] = np.nan
    soundfile.write(tmp_path / "nan.wav", audio, 16000, subtype="FLOAT")
    assert kind(tmp_path / "nan.wav") == "nan"
    with pytest.raises(AudioError, match="not numbers") as error:
        read_recording(tmp_path / "nan.wav")
    assert error.value.why.startswith("3 of 16000")


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg", "flac"])
def test_whole_files_pass_and_truncated_ones_do_not(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, sine(16000, 2.0), 16000)
    assert len(read_recording(path).audio) >= 31000
    data = path.read_bytes()
    for share in (0.3, 0.6, 0.95):
        path.write_bytes(data[: int(len(data) * share)])
        assert kind(path) in ("truncated", "unreadable"), share
    if suffix in ("wav", "mp3", "ogg"):
        assert kind(path) == "truncated"


def test_something_else_is_unreadable(tmp_path):
    (tmp_path / "a.wav").write_text("this is no audio at all" * 20, encoding="utf-8")
    assert kind(tmp_path / "a.wav") == "unreadable"


def test_write_wav_is_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "new" / "a.wav"
    write_wav(path, sine(8000) * 4, 8000)  # louder than full scale: clipped, not wrapped
    audio, rate = soundfile.read(path)
    assert rate == 8000 and audio.max() > 0.99 and audio.min() < -0.99
    before = path.read_bytes()
    with pytest.raises(AudioError, match="not numbers"):
        write_wav(path, np.array([0.0, np.nan]), 8000)
    monkeypatch.setattr("pathlib.Path.replace", lambda *a: (_ for _ in ()).throw(OSError("crash")))
    with pytest.raises(AudioError, match="cannot"):
        write_wav(path, sine(8000), 8000)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["a.wav"]
