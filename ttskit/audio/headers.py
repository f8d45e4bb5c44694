"""What a sound file's header says against what the file holds: dummy lengths are mended, lost samples are told.

A program that writes to a pipe cannot go back and write the length, and one that dies does not come to it; what stands there
instead differs from program to program. A length that no clip can have, or none at all, means "to the end of the file"; one
that a clip can have and this file has not means that samples are lost.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ttskit.audio.packets import flac_samples, id3_bytes, missing_of_mp3, missing_of_ogg

_TAGGED = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC", b"OggS", b".snd", b"caff")  # before which programs put an mp3's tag
# Chunks that follow the samples, by which the end of uncounted ones is known.
_AFTER = (b"LIST", b"id3 ", b"ID3 ", b"cue ", b"smpl", b"bext", b"iXML", b"_PMX", b"PEAK")

__all__ = ["DUMMY_BYTES", "Mended", "mended"]

DUMMY_BYTES = 0x7F00_0000  # and more, in a file that has less: sox, espeak-ng, ffmpeg, arecord and services all write such
_SLIP_BYTES = 64  # a header counted with the samples, or the like: less than two milliseconds
_UNKNOWN = 0xFFFF_FFFF
_BY_BITS = (1, 3)  # WAVE formats whose block size follows from channels and bits: PCM and float


@dataclass(frozen=True, slots=True)
class Mended:
    """A sound file that decoders read to its end.

    Args:
        data: the file, with another header where its own was wrong.
        lost: what the file says it holds and does not, or "".
        note: what a person should know of the mending, or "".
    """

    data: bytes
    lost: str = ""
    note: str = ""


def mended(data: bytes) -> Mended:
    """Compare the header of a wav, aiff, au, caf, w64, ogg or mp3 file with its content; others are returned as they are."""
    if data[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and data[8:12] == b"WAVE":
        return _wav(data)
    if data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"):
        return _aiff(data)
    if data[:4] == b".snd":
        return _au(data)
    if data[:4] == b"caff":
        return _caf(data)
    if data[:4] == b"riff" and data[24:28] == b"wave":
        return _w64(data)
    if data[:4] == b"fLaC":
        return _flac(data)
    if data[:4] == b"OggS":
        return Mended(data, missing_of_ogg(data))
    if data[:3] == b"ID3":
        behind = data[id3_bytes(data) :]
        return mended(behind) if behind[:4] in _TAGGED else Mended(data, missing_of_mp3(data))
    if data[:1] == b"\xff" and len(data) > 1 and data[1] & 0xE0 == 0xE0:
        return Mended(data, missing_of_mp3(data))
    return Mended(data)


def _length(said: int, have: int) -> tuple[int, str]:
    """Bytes of samples to read of `have`, and what is lost if the `said` ones are not there."""
    if said == 0 or (said > have and (said >= DUMMY_BYTES or said - have <= _SLIP_BYTES)):
        return have, ""
    return min(said, have), f"its header promises {said} bytes of samples, {have} are there" if said > have else ""


def _wav(data: bytes) -> Mended:
    order = ">" if data[:4] == b"RIFX" else "<"
    found, at, odd = _riff_chunks(data, order)
    if at is None or at + 8 > len(data):
        return Mended(data, "it has no samples chunk")
    form = found.get(b"fmt ")
    if form is None or len(form) < 16:
        return Mended(data)  # a decoder says so
    tag, channels, rate, per_second, block, bits = struct.unpack_from(order + "HHIIHH", form)
    true = channels * ((bits + 7) // 8)
    if tag in _BY_BITS and 0 < true < 2**16:
        odd = odd or (block, per_second) != (true, true * rate)
        block, form = true, struct.pack(order + "HHIIHH", tag, channels, rate, (true * rate) & _UNKNOWN, true, bits) + form[16:]
    said, start = struct.unpack_from(order + "I", data, at + 4)[0], at + 8
    have = len(data) - start
    if data[:4] in (b"RF64", b"BW64"):
        odd = True  # decoders take such sizes from `ds64` alone, and BW64 for nothing they know
        large = found.get(b"ds64", b"")
        said = struct.unpack_from("<Q", large, 8)[0] if said == _UNKNOWN and len(large) >= 16 else said
    size, lost = _length(said, have)
    note = ""
    if size == have and not lost:
        size -= _chunks_behind(data[start:], order)
    if 0 < said < have and not lost:
        rest = data[start + size :]
        if not _is_no_sound(rest, order):
            if len(rest) > _SLIP_BYTES:
                note = f"its header counts {said} bytes of samples, {have} are there: read to the end"
            size = have
    if tag in _BY_BITS:
        size -= size % max(1, block)
    if lost or (size == said and not odd):
        return Mended(data, lost, note)
    return Mended(_rebuilt(form, found.get(b"fact"), data[start : start + size], tag, order), "", note)


def _riff_chunks(data: bytes, order: str) -> tuple[dict[bytes, bytes], int | None, bool]:
    """Chunks before the samples, where the samples' own begins, and whether the way there was not as the format has it."""
    found: dict[bytes, bytes] = {}
    position, odd, before = 12, False, 12
    while position + 8 <= len(data):
        name, size = data[position : position + 4], struct.unpack_from(order + "I", data, position + 4)[0]
        if name == b"data":
            return found, position, odd
        after = position + 8 + size
        if after > len(data) or not _is_name(name):
            break
        found[name] = data[position + 8 : after]
        if size % 2 and not _is_name(data[after + 1 : after + 5]) and _is_name(data[after : after + 4]):
            odd = True  # written without its pad
        else:
            after += size % 2
        before, position = position, after
    # The chunk that led nowhere had a wrong size: the samples' own may still be found behind its name.
    at = data.find(b"data", before + 8, before + 65_536) if b"fmt " in found else -1
    return found, at if at >= 0 else None, True


def _is_name(four: bytes) -> bool:
    return len(four) == 4 and all(32 <= byte < 127 for byte in four)


def _is_no_sound(rest: bytes, order: str) -> bool:
    """Whether what follows the samples is chunks to the end, a player's tag, or nothing."""
    if not rest.strip(b"\0"):
        return True
    if rest[:3] in (b"TAG", b"ID3") or rest[:8] == b"APETAGEX":
        return True
    for position in (0, 1):  # the pad may be there or not
        while position + 8 <= len(rest) and _is_name(rest[position : position + 4]):
            size = struct.unpack_from(order + "I", rest, position + 4)[0]
            position += 8 + size + size % 2
            if position >= len(rest) - 1:
                return position <= len(rest) + 1
            if rest[position : position + 3] == b"TAG" or not rest[position:].strip(b"\0"):
                return True
    return False


def _chunks_behind(samples: bytes, order: str) -> int:
    """Bytes of chunks at the end of samples that were not counted: a name that is known, and sizes that lead to the end."""
    tail = samples[-65_536:]
    for name in _AFTER:
        at = tail.rfind(name)
        while at >= 0:
            if _is_no_sound(tail[at:], order):
                return len(tail) - at
            at = tail.rfind(name, 0, at)
    return 0


def _rebuilt(form: bytes, fact: bytes | None, samples: bytes, tag: int, order: str) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack(order + "I", len(content)) + content + b"\0" * (len(content) % 2)

    body = b"WAVE" + chunk(b"fmt ", form)
    if fact is not None and tag not in _BY_BITS:
        body += chunk(b"fact", fact)
    body += chunk(b"data", samples)
    return (b"RIFX" if order == ">" else b"RIFF") + struct.pack(order + "I", len(body)) + body


def _aiff(data: bytes) -> Mended:
    """FORM AIFF or AIFC (Apple, 1989): frames are counted in COMM, bytes in SSND, with eight of its own before them."""
    position, common = 12, -1
    while position + 8 <= len(data):
        name, size = data[position : position + 4], struct.unpack_from(">I", data, position + 4)[0]
        if name == b"COMM" and size >= 18:
            common = position
        if name == b"SSND" and common >= 0:
            return _aiff_samples(data, common, position, size)
        position += 8 + size + size % 2
    return Mended(data, "it has no samples chunk" if common >= 0 else "")


def _aiff_samples(data: bytes, common: int, sound: int, size: int) -> Mended:
    channels, frames, bits = struct.unpack_from(">HIH", data, common + 8)
    kind = data[common + 26 : common + 30] if data[8:12] == b"AIFC" else b"NONE"
    have = len(data) - sound - 16
    if have < 0:
        return Mended(data, "it ends within its header")
    said = max(0, size - 8) if size < DUMMY_BYTES else size
    length, lost = _length(said, have)
    plain = kind in (b"NONE", b"twos", b"sowt", b"fl32", b"FL32", b"fl64", b"FL64", b"raw ")
    block = channels * ((bits + 7) // 8)
    count = length // block if plain and block else frames
    if lost or (said == length and frames == count):
        return Mended(data, lost)
    whole = bytearray(data[: sound + 16 + length])
    struct.pack_into(">I", whole, sound + 4, 8 + length)
    if plain and (frames in (0, _UNKNOWN) or frames > count or said != length):
        struct.pack_into(">I", whole, common + 10, count)
    struct.pack_into(">I", whole, 4, len(whole) - 8)
    return Mended(bytes(whole))


def _au(data: bytes) -> Mended:
    """Sun's and NeXT's .snd: its length may be unknown by right (all ones)."""
    if len(data) < 24:
        return Mended(data, "it ends within its header")
    start, said = struct.unpack_from(">II", data, 4)
    have = max(0, len(data) - start)
    length, lost = _length(said, have)
    return Mended(data if lost or length == said else data[:8] + struct.pack(">I", length) + data[12 : start + length], lost)


def _caf(data: bytes) -> Mended:
    """Apple's Core Audio format: chunks of 64-bit sizes; the samples' own may be -1, "to the end of the file"."""
    position = 8
    while position + 12 <= len(data):
        name, size = data[position : position + 4], struct.unpack_from(">q", data, position + 4)[0]
        have = len(data) - position - 12
        if name == b"data":
            said = size - 4 if size > 4 else 0  # four bytes count edits
            length, lost = _length(said, have - 4)
            if lost or length == said:
                return Mended(data, lost)
            return Mended(data[: position + 4] + struct.pack(">q", length + 4) + data[position + 12 : position + 16 + length])
        if size < 0 or size > have:
            break
        position += 12 + size
    return Mended(data, "it has no samples chunk")


def _w64(data: bytes) -> Mended:
    """Sony's Wave64: 16-byte names, and sizes of 64 bits that count their own 24 bytes; chunks begin at multiples of eight."""
    position = 40
    while position + 24 <= len(data):
        name, size = data[position : position + 4], struct.unpack_from("<Q", data, position + 16)[0]
        have = len(data) - position - 24
        if name == b"data":
            said = max(0, size - 24)
            length, lost = _length(said, have)
            if lost or length == said:
                return Mended(data, lost)
            whole = bytearray(data[: position + 24 + length])
            struct.pack_into("<Q", whole, position + 16, 24 + length)
            struct.pack_into("<Q", whole, 16, len(whole))
            return Mended(bytes(whole))
        if size < 24 or size > have + 24:
            break
        position += (size + 7) // 8 * 8
    return Mended(data, "it has no samples chunk")


def _flac(data: bytes) -> Mended:
    """A count of 0 in STREAMINFO (RFC 9639, 8.2) says that it is not known; decoders that seek want it."""
    if len(data) < 42 or data[21] & 15 or any(data[22:26]):
        return Mended(data)
    count = flac_samples(data)
    return Mended(data[:21] + bytes([data[21] | count >> 32 & 15]) + struct.pack(">I", count & _UNKNOWN) + data[26:])
