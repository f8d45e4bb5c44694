"""Streams of frames: what an ogg or mp3 lacks, which decoders do not tell, and how long a flac is that does not say."""

from __future__ import annotations

import struct

__all__ = ["flac_samples", "id3_bytes", "missing_of_mp3", "missing_of_ogg"]


def missing_of_ogg(data: bytes) -> str:
    """What an ogg stream lacks: the end of its last page, or the page that is marked as the last."""
    last = data.rfind(b"OggS")
    header = data[last : last + 27]
    size = 27 + header[26] + sum(data[last + 27 : last + 27 + header[26]]) if len(header) == 27 else 27
    if last + size > len(data):
        return f"its last page has {len(data) - last} of {size} bytes"
    return "" if header[5] & 4 else "its last page is not marked as the end"


_MP3_KBITS = {  # by (version 1?, layer III): ISO 11172-3 table B.1 and ISO 13818-3
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def id3_bytes(data: bytes) -> int:
    """Length of the ID3v2 tag at the start; 0 without one."""
    if data[:3] != b"ID3" or len(data) <= 10:
        return 0
    footer = 10 if data[3] == 4 and data[5] & 0x10 else 0
    return 10 + footer + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))


def missing_of_mp3(data: bytes) -> str:
    """Walk the layer III frames: the last must be whole, and as many as the Xing/Info header counts."""
    position = id3_bytes(data)
    frames, promised = 0, None
    while position + 4 <= len(data):
        header = struct.unpack_from(">I", data, position)[0]
        version, layer = header >> 19 & 3, header >> 17 & 3
        bitrate, rate = header >> 12 & 15, header >> 10 & 3
        if header >> 21 != 0x7FF or layer != 1 or version == 1 or bitrate in (0, 15) or rate == 3:
            break  # a tag, another layer or a free format: nothing to check
        size = (144 if version == 3 else 72) * 1000 * _MP3_KBITS[version == 3][bitrate] // _MP3_RATES[version][rate] + (
            header >> 9 & 1
        )
        if position + size > len(data):
            return f"its last frame has {len(data) - position} of {size} bytes"
        end = position + size - 8  # of a tag that is followed by its flags and its count
        tag = max(data.find(b"Xing", position, end), data.find(b"Info", position, end)) if not frames else -1
        if tag > 0 and data[tag + 7] & 1:
            promised = struct.unpack_from(">I", data, tag + 8)[0] + 1  # the header's own frame is not counted
        frames, position = frames + 1, position + size
    return f"its header promises {promised} frames, {frames} are there" if promised and frames < promised else ""


_FLAC_BLOCKS = {1: 192, **{k: 576 << (k - 2) for k in range(2, 6)}, **{k: 256 << (k - 8) for k in range(8, 16)}}
_FLAC_TAIL = 2**20  # a frame is shorter than this


def flac_samples(data: bytes) -> int:
    """Samples of a FLAC stream by its last frame, which says where it begins and its length (RFC 9639, 9.1); 0 if unknown."""
    fixed = struct.unpack_from(">H", data, 8)[0]  # STREAMINFO's smallest block, which is every block's where they are alike
    end = len(data)
    while (at := data.rfind(b"\xff", max(42, len(data) - _FLAC_TAIL), end)) >= 0:
        found = _flac_frame(data[at : at + 16], fixed)
        if found:
            return found
        end = at
    return 0


def _flac_frame(head: bytes, fixed: int) -> int:
    """Where a frame ends, in samples, by its header; 0 if that is none."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8:
        return 0
    lead = head[4]
    more = next((k for k in range(8) if not lead << k & 0x80), 8) - 1  # bytes that follow the first, as in UTF-8
    if more == 0 or more > 6:
        return 0
    more = max(0, more)
    number = lead & (0x7F >> more + 1 if more else 0x7F)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    place, code = 5 + more, head[2] >> 4
    size = _FLAC_BLOCKS.get(code, 0)
    if code in (6, 7):
        size = int.from_bytes(head[place : place + code - 5], "big") + 1
        place += code - 5
    place += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if not size or place >= len(head) or _crc8(head[:place]) != head[place]:
        return 0
    return (number if head[1] & 1 else number * fixed) + size


def _crc8(content: bytes) -> int:
    value = 0
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value
