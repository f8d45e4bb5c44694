"""Headers that lie, other things under audio names, formats of phones: each is read to its end or named, with what to do."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
import soundfile
from odd_headers import OTHERS, PCM, WAVS
from other_things import OTHER_THINGS, PHONES, READ_UNDER, sound

from ttskit.audio.files import RefusedAudio, decode, read_recording
from ttskit.audio.kinds import ELSEWHERE, READ
from ttskit.audio.packets import flac_samples


def refused(path, content: bytes) -> RefusedAudio:
    path.write_bytes(content)
    with pytest.raises(RefusedAudio) as caught:
        read_recording(path)
    assert str(path) in caught.value.what and caught.value.fix
    assert "BytesIO" not in str(caught.value) and "0x7f" not in caught.value.why
    return caught.value


@pytest.mark.parametrize(("name", "content", "expected"), WAVS + OTHERS, ids=[row[0] for row in WAVS + OTHERS])
def test_a_header_that_says_something_else_than_the_file_holds(tmp_path, name, content, expected):
    path = tmp_path / "a.wav"
    if expected not in ("read", "less one"):
        assert refused(path, content).kind == expected
        return
    path.write_bytes(content)
    recording = read_recording(path)
    wanted = PCM[: len(PCM) - (expected == "less one")] / np.float32(32768)
    assert recording.sample_rate_hz == 16_000 and np.array_equal(recording.audio, wanted)
    assert bool(recording.notes) == (name == "half the samples counted")  # the one that may be meant otherwise is told


@pytest.mark.parametrize(("name", "content", "named"), OTHER_THINGS, ids=[row[0] for row in OTHER_THINGS])
def test_another_thing_under_an_audio_name_is_named_for_what_it_is(tmp_path, name, content, named):
    error = refused(tmp_path / "demo_0003.wav", content)
    assert error.kind == "unreadable" and named in error.what


@pytest.mark.parametrize(("name", "content", "named"), PHONES, ids=[row[2] for row in PHONES])
def test_a_format_of_phones_is_named_with_how_to_convert_it(tmp_path, name, content, named):
    error = refused(tmp_path / name, content)
    assert named in f"{error.what} {error.fix}" and "ffmpeg -i " in error.fix
    assert name.rpartition(".")[2] in ("wav", "spx") or f".{name.rpartition('.')[2]}" in ELSEWHERE


@pytest.mark.parametrize(("suffix", "format", "subtype"), READ_UNDER)
def test_a_format_of_macs_and_telephones_is_read(tmp_path, suffix, format, subtype):
    path = tmp_path / f"demo.{suffix}"
    path.write_bytes(sound(format, subtype=subtype))
    audio, rate = (recording := read_recording(path)).audio, recording.sample_rate_hz
    assert rate == 48_000 and abs(len(audio) - 24_000) < 3000
    middle = audio[6000:18_000]
    peak = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax() * rate / len(middle)
    assert abs(peak - 200) < 5 and not recording.notes
    assert path.suffix.lower() in READ + ELSEWHERE


def test_a_cut_file_of_each_kind_is_cut_wherever_it_is_cut(tmp_path):
    for name in ("WAV", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3"):
        content = sound(name, 16_000)
        for share in (0.5, 0.8, 0.97):
            assert refused(tmp_path / "a.wav", content[: int(share * len(content))]).kind == "truncated", (name, share)


@pytest.mark.parametrize("samples", [1, 191, 4096, 4097, 70_001])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_length_of_a_flac_is_found_in_its_last_frame(samples, channels):
    noise = np.random.default_rng(samples).integers(-3000, 3000, (samples, channels)).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, noise, 22_050, format="FLAC")
    assert flac_samples(buffer.getvalue()) == samples
    assert flac_samples(buffer.getvalue()[:42] + bytes(5000)) == 0


VOICE = 0.3 * np.sin(2 * np.pi * 150 * np.arange(16_000) / 16_000)
HUM = 0.3 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000)
NOISE = np.random.default_rng(0).normal(0, 0.003, 16_000)


@pytest.mark.parametrize(
    ("channels", "taken"),
    [
        ((VOICE, -VOICE), 0),
        ((0.8 * VOICE, -VOICE), 1),
        ((VOICE + NOISE, -0.9 * VOICE + NOISE[::-1]), 0),
        ((VOICE + 0.2, -0.9 * VOICE + 0.2), 0),  # an offset of both is no sound
        ((0.1 * VOICE + 0.6, -0.12 * VOICE), 1),  # nor is that of one
        ((0.1 * VOICE + 0.3, 0.1 * VOICE - 0.3), None),
        ((VOICE, -VOICE, VOICE, -VOICE), 0),
        ((0.5 * VOICE, -VOICE, 0.4 * VOICE), 1),
        ((VOICE, VOICE), None),
        ((VOICE, 0 * VOICE), None),
        ((VOICE, 0.1 * HUM), None),
        ((VOICE, HUM), None),
        ((VOICE + NOISE, VOICE - NOISE), None),
        ((0 * VOICE, 0 * VOICE), None),
        ((VOICE, -0.1 * VOICE), None),  # the mix is the voice, and hardly less loud
    ],
)
def test_channels_that_cancel_each_other_are_told_and_one_is_taken(tmp_path, channels, taken):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack(channels, axis=1), 16_000, subtype="FLOAT")
    recording = read_recording(path)
    if taken is None:
        assert not recording.notes
        np.testing.assert_allclose(recording.audio, np.mean(channels, axis=0), atol=1e-6)
    else:
        assert "cancel each other" in recording.notes[0] and f"channel {taken + 1} alone" in recording.notes[0]
        np.testing.assert_allclose(recording.audio, channels[taken], atol=1e-6)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """A few bytes of the header changed, lost or put in; or the end gone."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(max(1, min(len(data), rng.choice((48, 128, 1024)))))
        change = rng.random()
        if change < 0.4:
            data[place : place + 1] = bytes([rng.randrange(256)])
        elif change < 0.6:
            data[place : place + 4] = rng.choice(
                (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80")
            )
        elif change < 0.75:
            del data[place : place + rng.randrange(1, 20)]
        elif change < 0.9:
            data[place:place] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
        else:
            del data[rng.randrange(len(data) + 1) :]
    return bytes(data) or b"\0"


def test_damaged_headers_are_read_or_refused_and_never_anything_else():
    rng, read = random.Random(0), 0
    whole = [content for _, content, _ in WAVS + OTHERS] + [sound(name, 16_000) for name in ("OGG", "MP3", "VOC", "NIST")]
    for number in range(1500):
        content = damaged(rng.choice(whole), rng)
        try:
            recording = decode(content, f"{number}.wav", 300.0)
        except RefusedAudio as error:
            assert error.kind in ("unreadable", "truncated", "empty", "too long", "nan") and error.what
        else:
            read += 1
            assert recording.audio.ndim == 1 and np.isfinite(recording.audio).all()
    assert read > 300


class Endless:
    """A sound file that goes on for ever and says it is short, as some decoders estimate."""

    samplerate, channels, frames, format = 16_000, 2, 1000, "MP3"

    def __init__(self, source):
        self.blocks = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def read(self, frames, dtype, always_2d):
        self.blocks += 1
        assert self.blocks < 1000, "it is read for ever"
        return np.zeros((frames, 2), np.float32)


def test_decoding_stops_where_no_clip_can_go_on_whatever_the_header_says(monkeypatch):
    content = sound("WAV", 16_000)
    monkeypatch.setattr(soundfile, "SoundFile", Endless)
    with pytest.raises(RefusedAudio, match="too long") as caught:
        decode(content, "a.wav", 60.0)
    assert caught.value.kind == "too long" and "at most 60 s are read" in caught.value.why
