"""One forged clip costs one clip: the rest is prepared, the report names it, nothing hangs and memory stays small."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ttskit.audio.files import MOST_BYTES
from ttskit.corpus import PreparedCorpus, check, prepare
from ttskit.corpus.work import AudioJob, prepare_audio


def flac(samples: int | None = None, content: np.ndarray | None = None, rate: int = 16_000) -> bytes:
    """A FLAC file whose header says `samples`."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(8000, np.int16) if content is None else content, rate, format="FLAC")
    data = bytearray(buffer.getvalue())
    if samples is not None:
        data[21] = data[21] & 0xF0 | samples >> 32 & 15
        data[22:26] = struct.pack(">I", samples & 0xFFFFFFFF)
    return bytes(data)


def wav(rate: int = 16_000, channels: int = 1, samples: int = 8000, bits: int = 16) -> bytes:
    block = channels * bits // 8
    body = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, (rate * block) & 0xFFFFFFFF, block & 0xFFFF, bits)
    content = bytes(samples * block)
    body += struct.pack("<4sI", b"data", len(content)) + content
    return b"RIFF" + struct.pack("<I4s", 4 + len(body), b"WAVE") + body


def ogg(granule: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(16_000, np.float32), 16_000, format="OGG", subtype="VORBIS")
    data = bytearray(buffer.getvalue())
    last = data.rfind(b"OggS")
    data[last + 6 : last + 14] = struct.pack("<q", granule)
    data[last + 22 : last + 26] = bytes(4)
    check = 0
    for byte in data[last:]:  # the page's own sum (RFC 3533), or it would be passed over as damaged
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1 ^ (0x04C11DB7 if check & 0x80000000 else 0)) & 0xFFFFFFFF
    data[last + 22 : last + 26] = struct.pack("<I", check)
    return bytes(data)


def aiff(rate: bytes) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(8000, np.int16), 16_000, format="AIFF")
    data = bytearray(buffer.getvalue())
    at = data.find(b"COMM") + 16
    data[at : at + 10] = rate
    return bytes(data)


FORGED = {
    "flac-2-36": (lambda: flac(2**36 - 1), "too long"),
    "flac-2-31": (lambda: flac(2**31), "too long"),
    "flac-too-many": (lambda: flac(20_000), "truncated"),
    "flac-silence-of-hours": (lambda: flac(content=np.zeros(2**25 + 1, np.int8).astype(np.int16)), "too long"),
    "flac-silence-uncounted": (lambda: flac(0, np.zeros(2**25 + 1, np.int8).astype(np.int16)), "too long"),
    "wav-1-hz": (lambda: wav(rate=1), "unreadable"),
    "wav-3-hz": (lambda: wav(rate=3, samples=30), "unreadable"),
    "wav-2-31-hz": (lambda: wav(rate=2**31), "unreadable"),
    "wav-2-32-hz": (lambda: wav(rate=2**32 - 1), "unreadable"),
    "wav-1000000-hz": (lambda: wav(rate=1_000_000), "unreadable"),
    "wav-0-hz": (lambda: wav(rate=0), "unreadable"),
    "wav-2000-channels": (lambda: wav(channels=2000, samples=100), "unreadable"),
    "wav-500-channels": (lambda: wav(channels=500, samples=100), "unreadable"),
    "wav-65535-channels": (lambda: wav(channels=65_535, samples=2), "unreadable"),
    "wav-8-bits-of-hours": (lambda: wav(rate=8000, bits=8, samples=2**24), "too long"),
    "wav-3999-hz": (lambda: wav(rate=3999), "unreadable"),
    "ogg-2-60": (lambda: ogg(2**60), "silent"),
    "ogg-negative": (lambda: ogg(-5), "truncated"),
    "aiff-rate-inf": (lambda: aiff(b"\x7f\xff" + bytes(8)), "unreadable"),
    "aiff-rate-2-60": (lambda: aiff(b"\x40\x3b\x80" + bytes(7)), "unreadable"),
    "aiff-rate-0": (lambda: aiff(bytes(10)), "unreadable"),
}
NAMES = {
    "240 letters": "n" * 240,
    "300 letters": "n" * 300,
    "400 digits": "9" * 400,
    "letters of two bytes": "ñ" * 120,
    "a path of folders": "a/" * 110 + "b",
}


def line(corpus, id: str, text: str) -> None:
    with (corpus / "metadata.csv").open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{id}|{text}\n")


def skipped(corpus, out, recipe, registry) -> dict:
    """Problems of a corpus by id, whose twelve good clips are prepared all the same; `check` tells the same."""
    report = prepare(corpus, out, recipe, registry=registry)
    assert sum(report.utterances.values()) == 12 and len(PreparedCorpus.open(out).utterances) == 12
    looked = check(corpus, recipe, registry=registry)
    found = {p.id: p for p in report.problems if p.skipped}
    assert looked.usable == 12 and {p.id: p for p in looked.problems if p.skipped} == found
    lines = (out / "problems.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(text)["id"] for text in lines] == [p.id for p in report.problems]
    return found


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_header_is_that_clips_problem(tmp_path, recipe, name):
    make, kind = FORGED[name]
    (tmp_path / "x.wav").write_bytes(make())
    result = prepare_audio(AudioJob("x", tmp_path / "x.wav", tmp_path / "out", 22_050, recipe().corpus))
    assert result.record is None and (result.problem.kind, result.problem.id) == (kind, "x")
    assert "sample rate" in result.problem.reason or name not in ("wav-1-hz", "wav-3-hz", "wav-3999-hz", "wav-1000000-hz")
    assert (
        ("x.wav" in result.problem.reason or kind == "silent")
        and "BytesIO" not in result.problem.reason
        and len(result.problem.reason) < 600
    )
    assert not (tmp_path / "out").exists()


def test_prepare_goes_on_past_forged_clips_and_ids_that_no_file_can_have_and_names_them(corpus, tmp_path, recipe, registry):
    (corpus / "wavs" / "x.flac").write_bytes(flac(2**36 - 1))
    for number, id in enumerate(["x", *NAMES.values()]):
        line(corpus, id, f"esto es falso {'sí ' * number}")
    found = skipped(corpus, tmp_path / "out", recipe(), registry)
    assert found["x"].kind == "too long" and "68719476735 samples" in found["x"].reason
    assert len(found) == 1 + len(NAMES) and {p.kind for p in found.values()} == {"too long", "id"}
    assert all("200" in p.reason for p in found.values() if p.kind == "id")


def _special(path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "terminal":
        path.symlink_to("/dev/tty")
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "loop of two":
        path.symlink_to(path.with_name("other.wav"))
        path.with_name("other.wav").symlink_to(path)
    elif kind == "dangling":
        path.symlink_to(path.with_name("gone.wav"))
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(50 * MOST_BYTES)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            here = Path.cwd()
            os.chdir(path.parent)  # the path of a socket may have 107 bytes
            try:
                one.bind(path.name)
            finally:
                os.chdir(here)


SPECIAL = {
    "pipe": ("no file", "a pipe"),
    "device": ("no file", "a device"),
    "terminal": ("no file", "a device"),
    "folder": ("no file", "a folder"),
    "socket": ("no file", "a socket"),
    "loop": ("unreadable", "symbolic links"),
    "loop of two": ("unreadable", "symbolic links"),
    "dangling": ("missing", "a link to a file that is not there"),
    "sparse": ("too long", "too large"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and links of Unix")
@pytest.mark.timeout(120)
def test_what_is_no_plain_file_is_not_opened(corpus, tmp_path, recipe, registry):
    for number, kind in enumerate(SPECIAL):
        _special(corpus / "wavs" / f"{kind}.wav", kind)
        line(corpus, f"{kind}.wav", f"esto no es un archivo {'no ' * number}")
    found = skipped(corpus, tmp_path / "out", recipe(), registry)
    assert {id: problem.kind for id, problem in found.items()} == {kind: SPECIAL[kind][0] for kind in SPECIAL}
    assert all(SPECIAL[id][1] in problem.reason for id, problem in found.items())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep names as Unicode")
def test_a_file_name_in_another_encoding_is_that_clips_problem(tmp_path, recipe, registry, tone):
    folder = tmp_path / "data" / "ana"
    folder.mkdir(parents=True)
    words = "sol mar pan luz tren casa perro gato lunes mesa agua fin".split()
    for i, word in enumerate(words):
        soundfile.write(folder / f"{i}.wav", tone(120 + i), 8000)
        (folder / f"{i}.txt").write_text(f"la palabra {word}", encoding="utf-8")
    strange = os.fsdecode(b"ma\xf1ana")
    soundfile.write(folder / "m.wav", tone(), 8000)
    (folder / "m.wav").rename(folder / f"{strange}.wav")
    (folder / f"{strange}.txt").write_text("hoy no", encoding="utf-8")
    report = prepare(tmp_path / "data", tmp_path / "out", recipe(), registry=registry)
    (problem,) = report.problems
    assert problem.kind == "id" and r"ma\udcf1ana" in problem.reason and sum(report.utterances.values()) == 12
    assert json.loads((tmp_path / "out" / "problems.jsonl").read_text(encoding="utf-8"))["id"] == problem.id


REFERENCES = {
    "tokens that are no strings": '{"tokens": [1, 2], "times_s": [0, 1, 2]}',
    "tokens of tokens": '{"tokens": [["<edge>"], null], "times_s": [0, 1, 2]}',
    "a number of 400 digits": '{"tokens": ["<edge>"], "times_s": [0, ' + "9" * 400 + "]}",
    "a number of 5000 digits": '{"tokens": ["<edge>"], "times_s": [0, ' + "9" * 5000 + "]}",
    "infinite": '{"tokens": ["<edge>"], "times_s": [0, 1e400]}',
    "nested": "[" * 100_000,
    "a list": "[]",
    "a text": '"hola"',
    "null": "null",
    "tokens are a number": '{"tokens": 5, "times_s": 7}',
    "other bytes": b"\xff\xfe\x00",
    "no JSON": "hola",
}


def test_reference_times_that_are_none_are_a_warning_each(corpus, tmp_path, recipe, registry):
    (corpus / "alignments").mkdir()
    for number, content in enumerate(REFERENCES.values()):
        path = corpus / "alignments" / f"u{number:02}.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    report = prepare(corpus, tmp_path / "out", recipe(), registry=registry)
    assert [(p.id, p.kind, p.skipped) for p in report.problems] == [
        (f"u{number:02}", "reference times", False) for number in range(len(REFERENCES))
    ]
    assert all(len(p.reason) < 400 for p in report.problems) and sum(report.utterances.values()) == 12


def test_channels_that_cancel_are_a_warning_that_a_second_run_repeats(corpus, tmp_path, recipe, registry, tone):
    audio = tone()
    soundfile.write(corpus / "wavs" / "x.wav", np.stack([audio, -audio], axis=1), 8000)
    line(corpus, "x", "las dos voces")
    for _ in range(2):
        report = prepare(corpus, tmp_path / "out", recipe(), registry=registry)
        (problem,) = report.problems
        assert (problem.id, problem.kind, problem.skipped) == ("x", "odd file", False) and "cancel each other" in problem.reason
        assert sum(report.utterances.values()) == 13
    assert report.audio_made == 0  # kept with its remark
    (checked,) = check(corpus, recipe(), registry=registry).problems
    assert checked.reason == problem.reason


def picky(audio, mel, low_hz, high_hz):
    """A pitch extractor that fails on one clip in twelve."""
    if 9_900 < len(audio) < 10_000:
        raise IndexError("list index out of range")
    return np.full(mel.frames(len(audio)), 100.0, np.float32)


def test_an_extractor_that_fails_on_one_clip_costs_that_clip(corpus, tmp_path, recipe, registry):
    description, origin = registry.found["pitch extractor", "autocorrelation"]
    registry.found["pitch extractor", "picky"] = (replace(description, name="picky", factory=f"{__name__}:picky"), origin)
    sys.modules.setdefault(__name__, sys.modules.get(__name__) or __import__(__name__))
    sizes = [
        u.samples for u in PreparedCorpus.open(prepare(corpus, tmp_path / "a", recipe(), registry=registry).folder).utterances
    ]
    hit = sum(9_900 < size < 10_000 for size in sizes)
    report = prepare(corpus, tmp_path / "out", recipe(pitch_extractor="picky", pitch_range_hz=(60, 300)), registry=registry)
    assert hit == 1 and [(p.kind, "IndexError" in p.reason) for p in report.problems] == [("no features", True)]
    assert sum(report.utterances.values()) == 11


PEAK = """
import re, sys
from pathlib import Path
from ttskit.config.corpus import CorpusConfig
from ttskit.corpus.work import AudioJob, prepare_audio
def peak():  # of this process alone: what `resource` counts begins with its parent's
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
job = lambda name: AudioJob("x", Path(name), None, 44_100, CorpusConfig())
assert prepare_audio(job(sys.argv[1])).record is not None
before = peak()
kinds = [prepare_audio(job(name)).problem.kind for name in sys.argv[2:]]
print(peak() - before, *kinds, sep="|")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_forged_clips_do_not_fill_the_memory(tmp_path, tone):
    soundfile.write(tmp_path / "good.wav", tone(rate=44_100), 44_100)
    for name, (make, _) in FORGED.items():
        (tmp_path / name).write_bytes(make())
    # The longest that is still decoded, and just more than a clip may have.
    (tmp_path / "five-minutes").write_bytes(flac(content=np.zeros(44_100 * 299, np.int16), rate=44_100))
    (tmp_path / "half-a-file").write_bytes(wav(rate=48_000, channels=8, bits=32, samples=48_000 * 120))
    names = [*FORGED, "five-minutes", "half-a-file"]
    told = subprocess.run(
        [sys.executable, "-c", PEAK, *(str(tmp_path / name) for name in ("good.wav", *names))],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout.split("|")
    assert [kind.strip() for kind in told[1:]] == [*(kind for _, kind in FORGED.values()), "silent", "silent"]
    assert int(told[0]) <= 500, f"{told[0]} MiB"
