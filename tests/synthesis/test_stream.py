"""Streams: the same audio as in one pass at any chunk size, early, in order, to files and pipes."""

from __future__ import annotations

import io
import json
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.streams import AudioStream
from ttskit.cli import _run
from ttskit.config import load_recipe
from ttskit.errors import InputError
from ttskit.interfaces import ModelContext, PitchStats
from ttskit.plugins import create_registry
from ttskit.runs import RunFolder
from ttskit.symbols import SpeakerTable
from ttskit.synthesis.voice import Voice

REGISTRY = create_registry()
TEXT = "La casa es de madera y tiene un techo. ¿Y el perro, que no ladra nunca? {pause=0.2}Duerme. Uno. Dos. Tres. Cuatro."


@pytest.fixture(scope="module")
def hifigan_voice(obedient):
    """hifigan_voice(first_frame_centre_samples) -> a voice whose vocoder is an untrained, tiny HiFi-GAN."""

    def build(centre=0):
        v = obedient()
        mel = replace(v.mel, first_frame_centre_samples=centre)
        v.acoustic.context = replace(v.acoustic.context, mel=mel)
        torch.manual_seed(1)
        plugin = REGISTRY.get("vocoder", "hifigan")
        return Voice(v.frontend, v.acoustic, plugin.load()(plugin.load_options()(preset="tiny"), mel), vocoder_name="hg")

    return build


@pytest.mark.parametrize(
    ("frames", "centre"), [(1, 0), (7, 0), (32, 0), (1000, 0), (None, 0), (32, 128), (1, 200)]
)  # NVIDIA's placement drops half a hop, HiFi-GAN's nothing, a later one adds silence
def test_chunks_join_to_the_audio_of_one_pass(hifigan_voice, frames, centre):
    v = hifigan_voice(centre)
    text = TEXT if frames == 7 else TEXT[:20]
    whole = v.synthesize(text)
    chunks = list(v.stream(text, chunk_frames=frames))
    joined = np.concatenate(chunks)
    assert joined.shape == whole.audio.shape and joined.dtype == np.float32
    assert np.abs(joined - whole.audio).max() <= 1e-4
    assert all(len(chunk) for chunk in chunks)
    assert len(chunks) > len(whole.parts) or frames == 1000


def test_the_first_audio_is_there_before_the_rest_is_spoken(hifigan_voice):
    v = hifigan_voice()
    stream = v.stream(TEXT)
    assert v.acoustic.told == []  # nothing is spoken before it is asked for
    first = next(stream)
    assert len(v.acoustic.told) == 1 and len(v.acoustic.told[0][0].tokens) == 1
    assert len(stream.parts) == 1 and 0 < len(first) < 0.5 * len(v.waveform(stream.parts[0].spectrogram))
    early = stream.timings["first_audio"]
    rest = list(stream)
    assert stream.first_audio_s == early < sum(stream.timings[name] for name in ("frontend", "acoustic", "vocoder"))
    assert len(stream.parts) == 7 and [len(inputs.tokens) for inputs, _ in v.acoustic.told] == [1, 4, 2]
    assert stream.samples == len(first) + sum(map(len, rest)) and stream.duration_s == stream.samples / 22_050


def test_chunks_grow_so_that_little_work_is_done_twice(hifigan_voice):
    v = hifigan_voice()
    stream = v.stream(TEXT[:38])
    sizes = [len(chunk) for chunk in stream]
    assert sizes[0] < sizes[1] < 0.7 * sum(sizes)


def test_a_vocoder_that_cannot_stream_gives_part_by_part_and_says_so(obedient):
    v = obedient()
    whole, stream = v.synthesize(TEXT), v.stream(TEXT, chunk_frames=3)
    chunks = list(stream)
    assert np.array_equal(np.concatenate(chunks), whole.audio)
    assert len(chunks) == 7 + 6  # parts and pauses
    assert stream.notes == ["vocoder 'v' cannot stream: audio comes part by part"]
    assert [p.analysis for p in stream.parts] == [p.analysis for p in whole.parts]


def test_errors_come_from_the_call_and_not_from_the_first_chunk(obedient):
    for text, how in (("", {}), ("{pace|a}", {}), ("hola", {"pace": 0}), ("hola", {"chunk_frames": 0})):
        with pytest.raises(InputError):
            obedient().stream(text, **how)


def test_a_wav_grows_and_is_whole_at_any_time(tmp_path):
    path = tmp_path / "deep" / "a.wav"
    audio = np.linspace(-1.2, 1.2, 1000, dtype=np.float32)
    with pytest.raises(RuntimeError), AudioStream(path, 8000) as target:
        target.write(audio[:400])
        data = path.read_bytes()  # what a player finds meanwhile
        assert len(data) == 44 + 800 and struct.unpack_from("<I", data, 40)[0] == 0xFFFFFFFF
        raise RuntimeError
    assert soundfile.info(path).frames == 400
    with AudioStream(path, 8000) as target:
        target.write(audio[:400])
        target.write(audio[400:])
    read, rate = soundfile.read(path, dtype="float32")
    assert rate == 8000 and np.abs(read - np.clip(audio, -1, 1)).max() < 1e-4
    with AudioStream(tmp_path / "a.raw", 8000, raw=True) as target:
        target.write(audio)
    raw = np.frombuffer((tmp_path / "a.raw").read_bytes(), dtype="<i2")
    assert raw[[0, -1]].tolist() == [-32768, 32767] and len(raw) == 1000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes in folders")
def test_a_named_pipe_is_written_to_its_end_and_keeps_its_first_header(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit((tmp_path / "pipe").read_bytes)
        with AudioStream(tmp_path / "pipe", 8000) as target:
            target.write(np.zeros(400, np.float32))
    data = read.result()
    assert len(data) == 44 + 800 and struct.unpack_from("<I", data, 40)[0] == 0xFFFFFFFF


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    torch.manual_seed(0)
    recipe = load_recipe("tiny", (), REGISTRY)
    frontend = REGISTRY.get("frontend", "spanish").load()(dialect="rioplatense")
    speakers, pitch = SpeakerTable(("ana", "beto")), {"ana": PitchStats(200.0, 30.0)}
    context = ModelContext(MelConfig(bands=20), frontend.symbols, speakers, pitch)
    made = RunFolder.create(
        tmp_path_factory.mktemp("runs") / "fp",
        kind="acoustic model",
        model="fastpitch",
        recipe=recipe,
        options=recipe.options_for("fastpitch", REGISTRY),
        context=context,
        frontend=frontend.fingerprint(),
        registry=REGISTRY,
    )
    made.save(made.build(REGISTRY)[0], 0)
    return made.path


def speak(run, *arguments: str) -> int:
    return _run(["synthesize", *arguments, "--voice", str(run), "--speaker", "ana"], debug=False)


@pytest.fixture
def stdout(monkeypatch):
    """Standard output as bytes."""
    written = io.BytesIO()
    monkeypatch.setattr("ttskit.cli.synthesize.aside", lambda: nullcontext(SimpleNamespace(buffer=written)))
    return written


@pytest.mark.parametrize("stream", [(), ("--stream",)])
def test_audio_on_standard_output_and_the_report_beside_it(run, stdout, capfd, tmp_path, stream):
    assert speak(run, "Hola. Che.", *stream, "-o", "-", "--json") == 0
    data = stdout.getvalue()
    assert data[:4] == b"RIFF" and struct.unpack_from("<I", data, 40)[0] == 0xFFFFFFFF
    shown = capfd.readouterr()
    assert shown.out == ""
    report = json.loads(shown.err[shown.err.index("[") :])
    assert report[0]["seconds"] == pytest.approx((len(data) - 44) / 2 / 22_050, abs=1e-3) and report[0]["first_audio_s"] > 0
    stdout.seek(0)
    stdout.truncate()
    assert speak(run, "Hola. Che.", *stream, "--raw", "-o", "-") == 0
    assert stdout.getvalue() == data[44:]
    assert speak(run, "Hola. Che.", "-o", str(tmp_path / "one.wav")) == 0
    one, _ = soundfile.read(tmp_path / "one.wav", dtype="int16")
    assert np.array_equal(one, np.frombuffer(data[44:], dtype="<i2"))


def test_a_streamed_file_is_the_file_and_the_line_says_when_it_began(run, tmp_path, capsys):
    one, two = tmp_path / "one.wav", tmp_path / "two.wav"
    assert speak(run, "Hola. Che.", "-o", str(one)) == 0
    assert "first audio" not in capsys.readouterr().out
    assert speak(run, "Hola. Che.", "--stream", "-o", str(two)) == 0
    shown = capsys.readouterr()
    assert ", first audio after 0." in shown.out and "'griffinlim' cannot stream" in shown.err
    assert one.read_bytes() == two.read_bytes()


def test_the_command_line_takes_every_control(run, tmp_path, capsys):
    how = ["--pace", "1,0.8", "--pitch", "-1", "--pitch-range", "flat", "--energy", "1.2", "--pitch-hz", "210,-"]
    assert speak(run, "Hola {pitch=2|che}.", *how, "-o", str(tmp_path / "a.wav")) == 0
    for wrong, code, words in (
        (["--pace", "1,2,3"], 1, "pace has 3 values"),
        (["--pace", "fast"], 2, "'fast' is not a number"),
        (["--pitch-st", "0"], 1, "pitch_st has 1 values"),
        (["--pitch-range", "flatt"], 2, "or flat, or invert"),
        (["--speaker", "beto:1", "--pitch", "2"], 1, "no pitch statistics for speaker 'beto'"),
        (["--speaker", "ana:1,bato:1"], 2, "unknown speaker 'bato'"),
        (["--like-speaker", "ana"], 2, "like_speaker without like"),
        (["--file", str(tmp_path / "a.wav"), "-o", "-"], 2, "both TEXT and --file"),
    ):
        arguments = ["synthesize", "Hola che.", "--voice", str(run), "--speaker", "ana", "-o", str(tmp_path / "b.wav"), *wrong]
        assert _run(arguments, debug=False) == code
        shown = capsys.readouterr().err
        assert words in shown and "Traceback" not in shown


@pytest.mark.parametrize(
    ("name", "format", "subtype"),
    [("hola.mp3", "MP3", "MPEG_LAYER_III"), ("hola.OGG", "OGG", "VORBIS"), ("hola.opus", "OGG", "OPUS"),
     ("hola.flac", "FLAC", "PCM_16"), ("hola.aiff", "AIFF", "PCM_16"), ("hola", "WAV", "PCM_16")],
)  # fmt: skip
def test_a_file_is_encoded_as_its_suffix_says(run, tmp_path, name, format, subtype):
    assert speak(run, "Hola. Che.", "-o", str(tmp_path / name)) == 0
    facts = soundfile.info(str(tmp_path / name))
    assert (facts.format, facts.subtype) == (format, subtype) and facts.frames > 1000
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-o hola.m4a", "cannot write .m4a files: hola.m4a"),
        ("-o hola.mp", "written are .wav .flac"),
        ("-o hola.txt --stream", "cannot write .txt files"),
        ("-o hola.mp3 --stream", "--stream writes WAV while it is made"),
        ("-o hola.wav --raw", "--raw writes samples without a header"),
        ("-o hola.mp3 --raw", "fix: -o hola.raw"),
    ],
)
def test_a_format_that_would_not_be_the_suffix_is_refused_before_anything_is_loaded(
    tmp_path, monkeypatch, capsys, line, message
):
    monkeypatch.chdir(tmp_path)
    assert _run(["synthesize", "Hola.", "--voice", "nowhere", *line.split()], debug=False) == 2
    assert message in " ".join(capsys.readouterr().err.split()) and not list(tmp_path.iterdir())


def test_a_folder_of_utterances_is_not_named_like_a_sound(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("Hola.\nChe.\n", encoding="utf-8")
    assert _run(["synthesize", "--file", "lines.txt", "--voice", "nowhere", "-o", "hola.mp3"], debug=False) == 2
    assert "hola.mp3 is the name of one sound file" in capsys.readouterr().err and not (tmp_path / "hola.mp3").exists()
