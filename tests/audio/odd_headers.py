"""Sound files whose headers say something else than the file holds, made byte by byte: name, bytes, what must come of it."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile

RATE = 16_000
PCM = (6000 * np.sin(2 * np.pi * 220 * np.arange(4801) / RATE)).astype("<i2")  # an odd count: sizes need their pad
SAMPLES = PCM.tobytes()
READ, LOST = "read", "truncated"


def chunk(name: bytes, content: bytes, size: int | None = None, pad: bool = True) -> bytes:
    """A RIFF chunk that says it has `size` bytes."""
    return name + struct.pack("<I", len(content) if size is None else size) + content + b"\0" * (pad and len(content) % 2)


def fmt(channels: int = 1, rate: int = RATE, bits: int = 16, block: int | None = None, tag: int = 1) -> bytes:
    block = channels * bits // 8 if block is None else block
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, (rate * block) & 0xFFFFFFFF, block, bits))


def riff(*chunks: bytes, size: int | None = None, magic: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) if size is None else size) + body


def data(size: int | None = None, content: bytes = SAMPLES) -> bytes:
    return chunk(b"data", content, size)


def ds64(riff_size: int, data_size: int, count: int) -> bytes:
    return chunk(b"ds64", struct.pack("<QQQI", riff_size, data_size, count, 0))


LIST = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 6) + b"Lavf60")
TAG = b"TAG" + b"demo".ljust(125, b"\0")  # ID3v1, which players append to anything


def _other(format: str, audio: np.ndarray = PCM, **how: object) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, RATE, format=format, **how)
    return buffer.getvalue()


def _patched(content: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    at = content.index(mark) + offset
    return content[:at] + value + content[at + len(value) :]


def _float(size: int) -> bytes:
    return riff(fmt(bits=32, tag=3), data(size, (PCM / np.float32(32768)).astype("<f4").tobytes()), size=size)


AIFF, AU, CAF, W64, FLAC, RF64 = (_other(f, subtype="PCM_16") for f in ("AIFF", "AU", "CAF", "W64", "FLAC", "RF64"))
W64_DATA = b"data" + bytes.fromhex("f3acd3118cd100c04f8edb8a")
BIG = b"\xff" * 4

WAVS = [
    *(
        (f"RIFF and data {size:#x}", riff(fmt(), data(size), size=size), READ)
        for size in (0, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000)
    ),
    ("sox, espeak", riff(fmt(), data(0x7FFFF000), size=0x7FFFF024), READ),
    ("ffmpeg to a pipe", riff(fmt(), LIST, data(0xFFFFFFFF), size=0xFFFFFFFF), READ),
    ("all ones less the header", riff(fmt(), data(0xFFFFFFFF - 44), size=0xFFFFFFFF - 8), READ),
    ("half less the header", riff(fmt(), data(0x7FFFFFFF - 36), size=0x7FFFFFFF), READ),
    ("0x80000000 less the header", riff(fmt(), data(0x80000000 - 44), size=0x80000000 - 8), READ),
    ("0xfffff000", riff(fmt(), data(0xFFFFF000), size=0xFFFFF024), READ),
    ("0x7f000000", riff(fmt(), data(0x7F000000), size=0x7F000024), READ),
    ("data dummy, RIFF right", riff(fmt(), data(0x7FFFFFFF)), READ),
    ("RIFF 0, data right", riff(fmt(), data(), size=0), READ),
    ("RIFF 36 and data 0: a recorder that died", riff(fmt(), data(0), size=36), READ),
    ("RIFF too large, data right", riff(fmt(), data(), size=0x123456), READ),
    ("data 0, bext and LIST before", riff(chunk(b"bext", bytes(602)), fmt(), LIST, data(0), size=0), READ),
    ("LIST after data", riff(fmt(), data(), LIST), READ),
    ("LIST after data that has no pad", riff(fmt(), data(content=SAMPLES[:-1])[:-1], LIST), "less one"),
    ("dummy lengths, LIST after data", riff(fmt(), data(0xFFFFFFFF), LIST, size=0xFFFFFFFF), READ),
    ("data 0, chunks after data", riff(fmt(), data(0), LIST, chunk(b"id3 ", bytes(99)), size=0), READ),
    ("a tag of mp3 before RIFF", b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + riff(fmt(), data()), READ),
    ("a tag of mp3 before a dummy", b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + riff(fmt(), data(0x7FFFF000)), READ),
    ("float, 0x7ffff000", _float(0x7FFFF000), READ),
    ("extensible, all ones", _patched(_other("WAVEX", subtype="PCM_16"), b"data", 4, b"\xff" * 4), READ),
    ("a tag after data", riff(fmt(), data()) + TAG, READ),
    ("zeros after data", riff(fmt(), data()) + bytes(4096), READ),
    ("half the samples counted", riff(fmt(), data(len(SAMPLES) // 2), size=36 + len(SAMPLES) // 2), READ),
    ("one byte too few counted", riff(fmt(), data(len(SAMPLES) - 1)), "less one"),
    ("36 bytes too many counted", riff(fmt(), data(len(SAMPLES) + 36)), READ),
    ("data counts its own header", riff(fmt(), data(len(SAMPLES) + 8)), READ),
    ("half a sample at the end", riff(fmt(), data(content=SAMPLES + b"\x07")), READ),
    ("half a sample at the end of a pipe", riff(fmt(), data(0x7FFFF000, SAMPLES + b"\x07")[:-1]), READ),
    ("RF64 with ds64", RF64, READ),
    ("RF64 with ds64 of zeros", riff(ds64(0, 0, 0), fmt(), data(0xFFFFFFFF), size=0xFFFFFFFF, magic=b"RF64"), READ),
    (
        "RF64 with ds64 of ones",
        riff(ds64(2**64 - 1, 2**64 - 1, 0), fmt(), data(0xFFFFFFFF), magic=b"RF64", size=2**32 - 1),
        READ,
    ),
    ("RF64 with the size in data", riff(ds64(0, 0, 0), fmt(), data(), magic=b"RF64"), READ),
    ("BW64", riff(ds64(0, len(SAMPLES), 0), fmt(), data(0xFFFFFFFF), magic=b"BW64", size=0xFFFFFFFF), READ),
    ("JUNK where ds64 would be", riff(chunk(b"JUNK", bytes(28)), fmt(), data(0xFFFFFFFF), size=0xFFFFFFFF), READ),
    ("a chunk before data that lies", riff(fmt(), chunk(b"LIST", b"INFO", 5000), data()), READ),
    ("an odd chunk without pad before data", riff(fmt(), chunk(b"note", b"abc", pad=False), data()), READ),
    ("block size 0", riff(fmt(block=0), data()), READ),
    ("block size of another format", riff(fmt(block=1), data()), READ),
    ("a byte rate of nonsense", _patched(riff(fmt(), data()), b"fmt ", 16, BIG), READ),
    ("fmt of 18 bytes", riff(chunk(b"fmt ", fmt()[8:] + b"\0\0"), data()), READ),
    ("cut short", riff(fmt(), data())[:5000], LOST),
    ("cut short, RF64", RF64[:5000], LOST),
    ("a header and nothing", riff(fmt(), data(0, b"")), "empty"),
    ("a dummy header and nothing", riff(fmt(), data(0xFFFFFFFF, b""), size=0xFFFFFFFF), "empty"),
    ("no data chunk", riff(fmt(), LIST), LOST),
    ("no fmt chunk", riff(data()), "unreadable"),
    ("0 channels", riff(fmt(channels=0, block=2), data()), "unreadable"),
    ("RIFF and nothing more", b"RIFF\0\0\0\0WAVE", LOST),
    ("RIFX", _other("WAV", endian="BIG", subtype="PCM_16"), READ),
]
OTHERS = [
    ("AIFF", AIFF, READ),
    ("AIFF, SSND 0", _patched(AIFF, b"SSND", 4, bytes(4)), READ),
    ("AIFF, SSND of ones", _patched(AIFF, b"SSND", 4, BIG), READ),
    ("AIFF, SSND 0x7fffffff", _patched(AIFF, b"SSND", 4, b"\x7f\xff\xff\xff"), READ),
    ("AIFF, no frames counted", _patched(AIFF, b"COMM", 10, bytes(4)), READ),
    ("AIFF, nothing counted", _patched(_patched(AIFF, b"COMM", 10, bytes(4)), b"SSND", 4, bytes(4)), READ),
    ("AIFF, FORM 0", _patched(AIFF, b"FORM", 4, bytes(4)), READ),
    ("AIFF cut short", AIFF[:5000], LOST),
    ("AIFC as say writes", _other("AIFF", endian="LITTLE", subtype="PCM_16"), READ),
    ("AU of unknown length", _patched(AU, b".snd", 8, BIG), READ),
    ("AU, length 0", _patched(AU, b".snd", 8, bytes(4)), READ),
    ("AU cut short", AU[:5000], LOST),
    ("CAF of unknown length", _patched(CAF, b"data", 4, b"\xff" * 8), READ),
    ("CAF cut short", CAF[:8000], LOST),
    ("W64, data 0", _patched(W64, W64_DATA, 16, bytes(8)), READ),
    ("W64, data of ones", _patched(W64, W64_DATA, 16, b"\xff" * 7 + b"\x7f"), READ),
    ("W64 cut short", W64[:5000], LOST),
    ("FLAC of unknown length", FLAC[:21] + bytes([FLAC[21] & 0xF0]) + bytes(4) + FLAC[26:], READ),
    ("FLAC after an ID3 tag", b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + FLAC, READ),
    ("FLAC cut short", FLAC[: len(FLAC) // 2], LOST),
]
