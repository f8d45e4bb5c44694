"""What people bring: lists of recordings, TextGrids, audio files, and lines of any text."""

from __future__ import annotations

import io
import random
import re
import struct
from pathlib import Path

import numpy as np
import soundfile
from fuzz_harness import Act, Maker
from fuzz_values import WRONG, damaged, put

from ttskit.audio.files import read_audio
from ttskit.corpus.labels import read_labels
from ttskit.corpus.textgrid import TimedLabel, write_textgrid
from ttskit.plugins import create_registry
from ttskit.testing import tone

_CELLS = [
    *(str(w)[:400] for w in WRONG),
    *(
        "a.wav",
        "wavs/a",
        "ana",
        "Hola.",
        "hola|",
        '"hola',
        "1\\|2",
        "../x.wav",
        "/dev/zero",
        "NUL",
        "a" * 300,
        "mañana",
        "maÃ±ana",
    ),
]


def lists(folder: Path) -> Maker:
    """metadata.csv and lists of all separators, through the readers as `prepare` and `check` call them."""
    registry = create_registry()
    readers = {name: plugin.load() for name, plugin in registry.all("corpus reader").items()}
    soundfile.write(folder / "a.wav", tone(150, 0.3, 8000), 8000)

    def make(rng: random.Random) -> tuple[str, Act]:
        separator, end = rng.choice("||||\t;,"), rng.choice(("\n", "\n", "\r\n", "\r", "\x0b", "\u2028", "\x85"))
        rows = [
            separator.join(rng.choice(_CELLS) for _ in range(rng.choice((1, 2, 2, 3, 3, 5)))) for _ in range(rng.randrange(12))
        ]
        data = end.join(rows).encode(rng.choice(("utf-8", "utf-8", "utf-16", "cp1252", "utf-8-sig")), "replace")
        for name in ("metadata.csv", "list.txt"):
            (folder / name).unlink(missing_ok=True)
        put(folder / rng.choice(("metadata.csv", "list.txt")), damaged(rng, data) if rng.random() < 0.4 else data)
        reader = rng.choice(list(readers))
        speaker = rng.choice((None, None, "ana", ""))
        return f"{reader}: {data[:60]!r}", lambda: readers[reader](folder, speaker)

    return make


def text_grids(folder: Path) -> Maker:
    """TextGrids as `align --from` reads them: other numbers, names and counts than there are, and damaged bytes."""
    path = folder / "a.TextGrid"
    phones = [TimedLabel(0.1 * i, 0.1 * (i + 1), label) for i, label in enumerate("hola")]
    write_textgrid(path, {"phones": phones, "words": [TimedLabel(0.0, 0.4, "hola")]}, 0.5)
    whole = path.read_text(encoding="utf-8")
    assert len(read_labels(path).words) >= 1
    numbers = ("0", "0.1", "-1", "nan", "inf", "1e400", "1" * 400, "x", "", "10000000000", "0.30000001")
    names = ("", "sil", "ana - phones", "ana/word", '""', "\x00", "”", "TextTier", "\x1b[2J")

    def make(rng: random.Random) -> tuple[str, Act]:
        text = whole
        for _ in range(rng.choice((1, 1, 2, 4))):
            kind = re.compile(r'(?<=")[^"\n]*(?=")' if rng.random() < 0.4 else r"\d+(\.\d+)?")
            found = rng.choice(list(kind.finditer(text)) or [re.match("", text)])
            text = text[: found.start()] + rng.choice(names if '"' in kind.pattern else numbers) + text[found.end() :]
        data = text.encode(rng.choice(("utf-8", "utf-8", "utf-16", "utf-16-le", "cp1252")), "replace")
        put(path, damaged(rng, data) if rng.random() < 0.4 else data)
        return repr(data[:80]), lambda: read_labels(path)

    return make


def audio(folder: Path) -> Maker:
    """Audio files: headers that say other sizes, rates and channels than there are, cut and flipped bytes."""
    sound, whole = tone(150, 0.2, 8000), {}
    for kind, subtype in (
        ("WAV", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("AIFF", "PCM_16"),
        ("WAV", "FLOAT"),
        ("W64", "PCM_24"),
    ):
        buffer = io.BytesIO()
        soundfile.write(buffer, sound, 8000, format=kind, subtype=subtype)
        whole[kind, subtype] = buffer.getvalue()
    path = folder / "a.wav"

    def make(rng: random.Random) -> tuple[str, Act]:
        kind = rng.choice(list(whole))
        data = bytearray(whole[kind])
        if rng.random() < 0.6:  # a number in the header
            place = rng.randrange(4, 60)
            value = rng.choice((0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFF000, 44100, 1 << 24, 0x80000000))
            data[place : place + 4] = struct.pack(rng.choice("<>") + "I", value)
            said = f"{kind[0]}: {value:#x} at {place}"
        else:
            data, said = bytearray(damaged(rng, bytes(data))), f"{kind[0]}: damaged"
        put(path, bytes(data))

        def act() -> None:
            values = read_audio(path, 8000)
            assert np.isfinite(values).all() and values.ndim == 1

        return said, act

    return make


_WRITTEN = (
    "hola |1/2 |$ 3.000,50 |11:30 hs |15-3-1990 |XIV |Dr. |a@b.c |http://x.y/z?q=1 |#hola |@ana |+54 9 11 |[[ˈa]] |<b>|&amp; "
)
_SIGNS = (
    "😀|👩\u200d👩\u200d👧|\u0301|\u200b|\u202e|\u00ad|ﬁ|½|³|٣|一|\U000e0001|\x00|\x1b[0m|-|--|…|«|?!|((((|....|1.1.1.1|1e5"
)
_PIECES = [*_WRITTEN.split("|"), *_SIGNS.split("|"), "9" * 50, *"CABA |n° |km/h |%|°C |’|\n|\t|\r|\ud800".split("|")]


def text_line(rng: random.Random) -> str:
    """A line of pieces that people write, of any characters, or of one piece very often."""
    kind = rng.random()
    if kind < 0.5:
        return "".join(rng.choice(_PIECES) for _ in range(rng.randrange(1, 25)))
    if kind < 0.75:
        return "".join(
            chr(rng.choice((rng.randrange(32, 0x250), rng.randrange(0x2FFF), rng.randrange(0x110000))))
            for _ in range(rng.randrange(1, 80))
        )
    piece, other = rng.choice(_PIECES), rng.choice(_PIECES)
    return (piece + rng.choice(("", other))) * rng.choice((3, 40, 200))


def texts(folder: Path) -> Maker:
    """Any line of text through the default frontend."""
    frontend = create_registry().get("frontend", "spanish").load()()

    def make(rng: random.Random) -> tuple[str, Act]:
        line = text_line(rng)

        def act() -> None:
            analysis = frontend.analyze(line)
            assert all(token in frontend.symbols for token in analysis.tokens)

        return repr(line[:120]), act

    return make
