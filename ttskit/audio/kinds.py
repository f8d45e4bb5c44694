"""What a file is that was to be a recording: named by its first bytes, with what to do about it."""

from __future__ import annotations

import re

__all__ = ["ELSEWHERE", "READ", "SUFFIXES", "describe"]

READ = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"),
    *(".aiff", ".aif", ".aifc", ".caf", ".w64", ".rf64", ".bwf", ".au", ".snd", ".sph", ".voc"),
)
# Of phones, Macs and cameras: recordings as well, which libsndfile does not read.
ELSEWHERE = (
    *(".m4a", ".mp4", ".m4b", ".aac", ".3gp", ".3ga", ".amr", ".awb", ".wma", ".webm", ".weba", ".mka", ".mkv", ".mov"),
    *(".ra", ".wv", ".ape", ".qta", ".spx", ".mpc", ".dss", ".ds2", ".avi"),
)
SUFFIXES = READ + ELSEWHERE  # where two recordings have one name, the first is taken

_CONVERT = "convert it: ffmpeg -i {name} {stem}.wav"
_FETCH = "fetch the recording itself, and put it in this one's place"
_RENAME = "this is not a recording: take it out of the list, or put the recording in its place"
_UNPACK = "unpack it first: the recordings are inside"

# (first bytes, what it is, what to do); longer ones first where one begins like another.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a pointer of Git LFS, not the recording", "git lfs pull, in the folder that it came from"),
    (b"/annex/objects/", "a pointer of git-annex, not the recording", "git annex get, in the folder that it came from"),
    (b"HTTP/1.", "the answer of a web server with its headers", "save what it sends, without the headers"),
    (b"#!AMR", "AMR speech of a phone", _CONVERT),
    (b"#!SILK", "a SILK voice message", _CONVERT),
    (b"\x02#!SILK", "a SILK voice message", _CONVERT),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media audio (wma)", _CONVERT),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM file", _CONVERT),
    (b".ra\xfd", "RealAudio", _CONVERT),
    (b".RMF", "RealMedia", _CONVERT),
    (b"wvpk", "WavPack audio", _CONVERT),
    (b"MAC ", "Monkey's Audio", _CONVERT),
    (b"MPCK", "Musepack audio", _CONVERT),
    (b"MP+", "Musepack audio", _CONVERT),
    (b"TTA1", "True Audio", _CONVERT),
    (b"DSD ", "DSD audio (dsf)", _CONVERT),
    (b"FRM8", "DSD audio (dff)", _CONVERT),
    (b"ajkg", "Shorten audio", _CONVERT),
    (b"FLV\x01", "a Flash video", _CONVERT),
    (b"\x00\x00\x01\xba", "an MPEG video", _CONVERT),
    (b"\x00\x00\x01\xb3", "an MPEG video", _CONVERT),
    (b"ADIF", "AAC audio", _CONVERT),
    (b"\x02dss", "a DSS dictation", "export it as WAV from the recorder's own program"),
    (b"\x03ds2", "a DS2 dictation", "export it as WAV from the recorder's own program"),
    (b"MThd", "a MIDI file: notes without a sound", _RENAME),
    (
        b"\x00\x05\x16\x07",
        "what macOS keeps beside a file on other disks (._name), not the recording",
        "delete it: dot_clean FOLDER",
    ),
    (b"\x00\x05\x16\x00", "an AppleSingle file of macOS, not the recording", _FETCH),
    (b"bplist00", "a property list of macOS (a file that is still in iCloud?)", _FETCH),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "a Windows shortcut (.lnk), not the recording", "copy the file that it points to"),
    (b"[InternetShortcut]", "a web shortcut (.url), not the recording", _FETCH),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of Microsoft Office", _RENAME),
    (b"%PDF", "a PDF document", _RENAME),
    (b"{\\rtf", "an RTF document", _RENAME),
    (b"\x89PNG", "a PNG picture", _RENAME),
    (b"\xff\xd8\xff", "a JPEG picture", _RENAME),
    (b"GIF8", "a GIF picture", _RENAME),
    (b"PK\x03\x04", "a ZIP archive (or a document of Office)", _UNPACK),
    (b"PK\x05\x06", "an empty ZIP archive", _FETCH),
    (b"\x1f\x8b", "a gzip archive", "unpack it first: gunzip, or tar xzf"),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"\x93NUMPY", "a numpy array", _RENAME),
    (b"\x89HDF", "an HDF5 file", _RENAME),
    (b"SQLite format 3", "a database (an Audacity project?)", "export the sound from the program that made it"),
    (b"\x7fELF", "a program", _RENAME),
    (b"MZ", "a Windows program", _RENAME),
)
_BRANDS = {
    b"M4A ": "MPEG-4 audio (m4a)",
    b"M4B ": "an MPEG-4 audio book",
    b"3gp": "a 3GP recording of a phone",
    b"3g2": "a 3GP recording",
    b"qt  ": "a QuickTime recording",
}
_OTHER_RIFF = {b"AVI ": "an AVI video", b"QLCM": "QCELP speech of a phone", b"WEBP": "a WebP picture", b"RMID": "a MIDI file"}


def describe(data: bytes, name: str) -> tuple[str, str]:
    """What a file is that no decoder takes ("" if that is not known), and what to do.

    Args:
        data: its content, or its first thousand bytes or more.
        name: what it is called.

    >>> describe(b"%PDF-1.7", "a.wav")
    ('a PDF document', "this is not a recording: take it out of the list, or put the recording in its place")
    >>> describe(b"<!DOCTYPE html><html>", "a.wav")[0]
    'a web page (HTML), not the recording'
    """
    what, fix = _known(data)
    stem = re.sub(r"\.\w{1,5}$", "", name)
    return what, fix.replace("{name}", f"'{name}'" if " " in name else name).replace(
        "{stem}.wav", f"'{stem}.wav'" if " " in stem else f"{stem}.wav" if f"{stem}.wav" != name else f"{stem}_new.wav"
    )


# What decoders are asked about: its content is theirs to judge.
_SOUNDS = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"fLaC", b"OggS", b".snd", b"caff", b"NIST", b"ID3", b"Crea")


def _known(data: bytes) -> tuple[str, str]:
    if not data.strip(b"\0"):
        return f"{len(data)} zero bytes: it was never written (a full disk, a broken copy)", _FETCH
    for beginning, what, fix in _BEGINNINGS:
        if data.startswith(beginning):
            return what, fix
    if data[4:8] == b"ftyp":
        brand = next((what for mark, what in _BRANDS.items() if data[8:12].startswith(mark)), "MPEG-4 (mp4, m4a)")
        return brand, _CONVERT
    if data[4:8] in (b"moov", b"mdat", b"wide", b"free") and data[:2] == b"\0\0":
        return "a QuickTime recording", _CONVERT
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] in _OTHER_RIFF:
        return _OTHER_RIFF[data[8:12]], _CONVERT
    if data[:4] == b"OggS" and b"Speex   " in data[:128]:
        return "Speex in ogg", _CONVERT
    if data[:4] == b"OggS" and b"theora" in data[:4096]:
        return "an ogg video", _CONVERT
    if data[:1] == b"\xff" and len(data) > 1 and data[1] & 0xF6 == 0xF0:
        return "AAC audio", _CONVERT
    if data[:1] == b"G" and data[188:189] == b"G":
        return "an MPEG transport stream", _CONVERT
    if data[257:262] == b"ustar":
        return "a tar archive", _UNPACK
    return ("", "") if data.startswith(_SOUNDS) else _text(data)


_IN_BASE64 = ("UklGR", "T2dnUw", "SUQz", "ZkxhQ", "data:audio/")  # RIFF, OggS, ID3, fLaC


def _text(data: bytes) -> tuple[str, str]:
    head = data[:2000]
    marked = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = head.decode("utf-16" if marked else "utf-8-sig", errors="replace").lstrip("\ufeff \r\n\t")
    if not text or sum(not (c.isprintable() or c in "\r\n\t") for c in text) > len(text) // 100 or text.count("\ufffd") > 2:
        return "", ""
    low = text[:400].lower()
    if "<html" in low or low.startswith(("<!doctype html", "<head", "<body", "<script")):
        return "a web page (HTML), not the recording", "download the recording itself: the address gave a page"
    if low.startswith("<?xml") or re.match(r"<\w+[ >]", low):
        return "an XML text (an error of the server?), not the recording", _FETCH
    if text[0] in "{[":
        return "a JSON text (an error of the server?), not the recording", _FETCH
    if text.startswith(_IN_BASE64):
        return "a sound written as text (base64)", "decode it: base64 -d {name} > {stem}.wav"
    first = " ".join(text.split())[:60]
    return f"a text that begins {first!r}, not the recording", _FETCH
