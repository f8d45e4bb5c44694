"""Speech written while it is spoken: the samples of one pass, a file that is whole or absent, memory that does not grow."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from ttskit.audio.streams import AudioStream
from ttskit.errors import AudioError

TEXT = "La casa es de madera y tiene un techo. ¿Y el perro, que no ladra nunca? Duerme. Uno. Dos. Tres."
LONG = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import torch
import conftest
from ttskit.synthesis.voice import Voice

torch.set_num_threads(1)

class Forgetful(conftest.Obedient):
    def infer(self, *inputs):
        out = super().infer(*inputs)
        self.told.clear()
        return out

model = Forgetful(("ana",), {"ana": conftest.STATS["ana"]})
voice = Voice(conftest.FRONTEND, model, conftest.Levels(model.context.mel), name="m", vocoder_name="v")
text = "la casa grande del barrio viejo tiene ventanas verdes y puertas altas. " * 834
said = getattr(voice, sys.argv[3])(text, *sys.argv[2:3] * (sys.argv[3] == "write"), pace=0.6, markup=False)
try:  # getrusage would also count the process that started this one
    lines = open("/proc/self/status", encoding="utf-8").read().splitlines()
    peak = int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(text.split()), said.duration_s, peak / 2**20)
"""


def test_the_samples_are_those_of_speech_that_is_saved(obedient, tmp_path):
    v = obedient()
    whole = v.synthesize(TEXT, seed=3)
    whole.save(tmp_path / "saved.wav")
    told = v.write(TEXT, tmp_path / "written.wav", seed=3)
    assert (tmp_path / "written.wav").read_bytes() == (tmp_path / "saved.wav").read_bytes()
    assert (told.samples, told.duration_s) == (len(whole.audio), whole.duration_s)
    assert [p.words for p in told.parts] == [p.words for p in whole.parts]
    assert told.unknown == whole.unknown and tuple(told.notes) == whole.notes
    assert told.finished == whole.finished and told.faults() == whole.faults()
    v.write(TEXT, str(tmp_path / "raw"), seed=3, raw=True)
    assert (tmp_path / "raw").read_bytes() == (tmp_path / "saved.wav").read_bytes()[44:]


def test_the_parts_let_their_spectrograms_go_and_know_what_they_said(obedient, tmp_path, monkeypatch):
    """As an autoregressive model gives them: with an alignment, in which a word is skipped."""
    v = obedient()
    plain = v.acoustic.infer

    def infer(inputs, controls=None, generators=None):
        out = plain(inputs, controls, generators)
        frames, tokens = out.mel.shape[2], inputs.tokens.shape[1]
        alignment = torch.zeros(len(out.lengths), frames, tokens)
        alignment[:, :, 0] = 1  # stays at the first token
        return replace(out, alignment=alignment, finished=torch.zeros(len(out.lengths), dtype=torch.bool))

    monkeypatch.setattr(v.acoustic, "infer", infer)
    whole, told = v.synthesize(TEXT), v.write(TEXT, tmp_path / "a.wav")
    assert whole.faults()["skipped"] and told.faults() == whole.faults()
    assert not told.finished and tuple(told.notes) == whole.notes and "was cut at the frame limit" in told.notes[-1]
    assert all(p.spectrogram.mel.shape[2] == 0 and p.spectrogram.alignment is None for p in told.parts)
    assert all(p.spectrogram.mel.shape[2] > 0 for p in whole.parts)


@pytest.mark.skipif(sys.platform == "win32", reason="it does not say how much memory was taken at most")
def test_ten_thousand_words_take_no_more_than_700_mb(tmp_path):
    """Spoken as a whole they took 1.6 GB: 75 minutes of sound, several times over, and all spectrograms."""
    arguments = [sys.executable, "-c", LONG, str(Path(__file__).parent), str(tmp_path / "long.wav"), "write"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    words, seconds, megabytes = map(float, done.stdout.split())
    assert words > 10_000 and seconds > 3600 and megabytes <= 700
    assert soundfile.info(tmp_path / "long.wav").duration == pytest.approx(seconds)


def test_what_fails_on_the_way_leaves_no_half_file(obedient, tmp_path, monkeypatch):
    v = obedient()
    (tmp_path / "a.wav").write_bytes(b"earlier")
    real, calls = v.vocoder.infer, []

    def tired(mel, **how):
        calls.append(1)
        if len(calls) > 2:
            raise RuntimeError("no more")
        return real(mel, **how)

    monkeypatch.setattr(v.vocoder, "infer", tired)
    with pytest.raises(RuntimeError, match="no more"):
        v.write(TEXT, tmp_path / "a.wav")
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"] and (tmp_path / "a.wav").read_bytes() == b"earlier"


def test_sound_that_is_no_number_is_refused_at_once(obedient, tmp_path, monkeypatch):
    v = obedient()
    monkeypatch.setattr(v.vocoder, "infer", lambda mel, **how: torch.full((1, 256 * mel.shape[2]), float("nan")))
    with pytest.raises(AudioError, match="not numbers") as error:
        v.write(TEXT, tmp_path / "a.wav")
    assert "diverged" in error.value.fix and not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_device_is_written_as_it_is_and_never_replaced(obedient, tmp_path):
    place = tmp_path / "out.wav"
    place.symlink_to("/dev/full")
    with pytest.raises(AudioError, match="the disk is full: cannot write"):
        obedient().write(TEXT, place)
    assert place.is_symlink() and Path("/dev/full").is_char_device()
    place.unlink()
    place.symlink_to("/dev/null")
    obedient().write(TEXT, place)
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
@pytest.mark.parametrize("raw", [False, True])
def test_a_stream_that_finds_no_room_says_what_was_written_and_is_whole_up_to_there(raw, tmp_path):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    stream = AudioStream(tmp_path / "a", 8000, raw)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_001, before[1]))
        with pytest.raises(AudioError, match="the file would be too large: cannot write") as error, stream:
            for _ in range(10):
                stream.write(np.full(8000, 0.5, np.float32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error.value.why.splitlines()[-1].startswith("3.") and "s of sound were written" in error.value.why
    assert (tmp_path / "a").stat().st_size == 50_001
    if not raw:
        sound, rate = soundfile.read(tmp_path / "a")
        assert rate == 8000 and len(sound) == (50_001 - 44) // 2 and abs(sound - 0.5).max() < 1e-3
