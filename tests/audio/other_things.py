"""Files under audio names that are something else, or a format not read here: name, bytes, what the message names."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import numpy as np
import soundfile


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "hola")
    return buffer.getvalue()


def _ftyp(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + brand + b"mp42" + b"\0\0\0\x08mdat" + bytes(900)


OTHER_THINGS = [
    ("git-lfs pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 50796\n", "Git LFS"),
    ("git-annex pointer", b"/annex/objects/SHA256E-s50796--abab.wav\n", "git-annex"),
    ("web page", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "web page"),
    ("web page with a mark", b"\xef\xbb\xbf\r\n<html lang='es'><head><title>Iniciar sesi\xc3\xb3n</title>", "web page"),
    ("error of a bucket", b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>', "XML"),
    ("error as JSON", json.dumps({"detail": "quota exceeded", "status": 429}).encode(), "JSON"),
    ("plain text", "hola, ¿cómo andás?\n".encode(), "'hola, ¿cómo andás?'"),
    ("plain text of Windows", "señal de prueba\r\n".encode("utf-16"), "'señal de prueba'"),
    ("sound as base64", b"UklGRqYlAABXQVZFZm10IBAAAAABAAEAgD4AAAB9AAACABAAZGF0YYIlAAAA", "base64"),
    ("answer with its headers", b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\nRIFF", "web server"),
    ("zip", _zip(), "ZIP"),
    ("gzip", gzip.compress(b"RIFF" * 100), "gzip"),
    ("7z", b"7z\xbc\xaf\x27\x1c" + bytes(range(1, 90)), "7z"),
    ("rar", b"Rar!\x1a\x07\x01\x00" + bytes(range(1, 90)), "RAR"),
    ("tar", b"wavs/a.wav".ljust(257, b"\0") + b"ustar\x0000" + bytes(300), "tar"),
    ("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    ("resource fork", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(80), "macOS"),
    ("shortcut of Windows", b"\x4c\x00\x00\x00\x01\x14\x02\x00" + bytes(range(1, 60)), "Windows shortcut"),
    ("web shortcut", b"[InternetShortcut]\r\nURL=https://example.org/a.wav\r\n", "web shortcut"),
    ("picture", b"\x89PNG\r\n\x1a\n" + bytes(range(1, 90)), "PNG"),
    ("photo", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(1, 90)), "JPEG"),
    ("document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(1, 90)), "Office"),
    ("only zeros", bytes(50_000), "50000 zero bytes"),
    ("program", b"MZ\x90\x00" + bytes(range(1, 90)), "Windows program"),
    ("MIDI", b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk" + bytes(40), "MIDI"),
    ("database", b"SQLite format 3\0" + bytes(range(1, 90)), "Audacity"),
    ("numpy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}", "numpy"),
    ("raw samples", np.random.default_rng(0).integers(-9000, 9000, 4000).astype("<i2").tobytes(), "neither a sound"),
]
PHONES = [
    ("voz.m4a", _ftyp(b"M4A "), "MPEG-4 audio"),
    ("voz.mp4", _ftyp(b"isom"), "MPEG-4"),
    ("voz.3gp", _ftyp(b"3gp5"), "3GP"),
    ("voz.mov", _ftyp(b"qt  "), "QuickTime"),
    ("voz.amr", b"#!AMR\n" + bytes(range(1, 200)), "AMR"),
    ("voz.awb", b"#!AMR-WB\n" + bytes(range(1, 200)), "AMR"),
    ("voz.aac", b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(range(1, 200)), "AAC"),
    ("voz.wma", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(200), "Windows Media"),
    ("voz.webm", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01" + b"webm" + bytes(200), "WebM"),
    ("voz.wv", b"wvpk" + bytes(range(1, 90)), "WavPack"),
    ("voz.avi", b"RIFF\0\1\0\0AVI LIST" + bytes(90), "AVI"),
    ("voz.spx", b"OggS\0\2" + bytes(20) + b"\1\x50Speex   1.2" + bytes(90), "Speex"),
    ("voz de ana.m4a", _ftyp(b"M4A "), "ffmpeg -i 'voz de ana.m4a' 'voz de ana.wav'"),
    ("voz.wav", _ftyp(b"M4A "), "ffmpeg -i voz.wav voz_new.wav"),
]


def sound(format: str, rate: int = 48_000, subtype: str | None = None) -> bytes:
    """Half a second of a tone."""
    buffer = io.BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(rate // 2) / rate)
    soundfile.write(buffer, tone.astype(np.float32), rate, format=format, subtype=subtype)
    return buffer.getvalue()


READ_UNDER = [
    *((suffix, "AIFF", None) for suffix in ("aiff", "aif", "aifc", "AIFF", "AIF")),
    ("oga", "OGG", "OPUS"),
    ("oga", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"),
    ("caf", "CAF", None),
    ("au", "AU", None),
    ("snd", "AU", None),
    ("w64", "W64", None),
    ("rf64", "RF64", None),
    ("sph", "NIST", None),
    ("WAV", "WAV", "ULAW"),
    ("m4a", "WAV", None),  # a name says nothing
    ("wav", "MP3", None),
    ("mp3", "OGG", "OPUS"),
]
