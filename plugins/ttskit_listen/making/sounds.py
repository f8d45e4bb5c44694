"""The sounds of a test as files: random names, all at one loudness, and what the key says of each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ttskit.audio.files import encode, whole_or_absent
from ttskit.audio.loudness import loudness_lufs
from ttskit_listen.making.forms import Slot
from ttskit_listen.making.levels import Levels, at_level, levels_for, prepared
from ttskit_listen.making.sources import Material
from ttskit_listen.plan import SoundKey

__all__ = ["names_of", "sources_of", "write_sounds"]

_LETTERS = 12  # of a name: 60 bits


def sources_of(slots: Iterable[Slot], material: Material) -> dict[Slot, str]:
    """SHA-256 of the file that each sound is made of; slots in an order that is always the same."""
    known: dict[Path, str] = {}
    found = {}
    for slot in sorted(set(slots), key=lambda one: (one.sentence, one.system, one.run, one.anchor, one.copy)):
        path = material.sounds[slot.system, slot.run, slot.sentence].path
        if path not in known:
            known[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        found[slot] = known[path]
    return found


def names_of(hashes: Mapping[Slot, str], seed: int) -> dict[Slot, str]:
    """A name for each sound that says nothing of it.

    A name is a keyed hash (HMAC-SHA-256) of what the sound is, by a secret of the test that is the hash of its seed and of all
    its source files: the same inputs give the same names, and who has the public folder alone cannot work them out, since the
    files there are not the sources. The secret is written nowhere.
    """
    told = [[slot.system, slot.run, slot.sentence, slot.anchor, slot.copy, sha] for slot, sha in hashes.items()]
    secret = hashlib.sha256(json.dumps([seed, told]).encode()).digest()
    names = {slot: "s" + _hidden(secret, slot) for slot in hashes}
    assert len(set(names.values())) == len(names)
    return names


def write_sounds(
    names: Mapping[Slot, str],
    hashes: Mapping[Slot, str],
    material: Material,
    audio: Path,
    *,
    rate_hz: int,
    lead_s: float,
    lufs: float,
    advance: Callable[[], object] = lambda: None,
) -> tuple[Levels, dict[str, SoundKey]]:
    """Write each sound as `audio`/NAME.flac, and say whose it is.

    They are written in the order of their names, so that their times on the disk say nothing either, and as 16-bit FLAC without
    tags. Two copies of one sound are the same bytes.
    """

    def made(slot: Slot) -> Callable[[], np.ndarray]:
        take = material.sounds[slot.system, slot.run, slot.sentence]
        seed = int.from_bytes(hashlib.sha256(hashes[slot].encode()).digest()[:4], "big")

        def sound() -> np.ndarray:
            return prepared(take.path, rate_hz, slot.anchor, seed)

        return sound

    originals = sorted(
        {replace(slot, copy=0) for slot in names}, key=lambda one: (one.sentence, one.system, one.run, one.anchor)
    )
    known = {replace(slot, copy=0): sha for slot, sha in hashes.items()}
    hashes = {**known, **hashes}

    def counted(slot: Slot) -> Callable[[], np.ndarray]:
        sound = made(slot)

        def run() -> np.ndarray:
            advance()
            return sound()

        return run

    sounds = {_called(slot, material): counted(slot) for slot in originals}
    levels = levels_for(sounds, rate_hz, lead_s, lufs)
    said: dict[str, SoundKey] = {}
    lead = round(lead_s * rate_hz)
    for slot, name in sorted(names.items(), key=lambda entry: entry[1]):
        take, utterance = material.sounds[slot.system, slot.run, slot.sentence], material.sentences[slot.sentence]
        written = at_level(made(replace(slot, copy=0))(), levels)
        data = encode(written.astype(np.float32), rate_hz, ".flac")
        with whole_or_absent(audio / f"{name}.flac") as path:
            path.write_bytes(data)
        advance()
        said[name] = SoundKey(
            system=slot.system,
            run=slot.run,
            seed=take.seed,
            sentence=slot.sentence,
            group=utterance.group,
            speaker=utterance.speaker,
            text=utterance.text,
            source=take.source,
            sha256=hashes[slot],
            anchor=slot.anchor,
            lufs=round(loudness_lufs(written, rate_hz), 3),
            seconds=round((len(written) - lead) / rate_hz, 4),
        )
    return levels, dict(sorted(said.items()))


def _called(slot: Slot, material: Material) -> str:
    source = material.sounds[slot.system, slot.run, slot.sentence].source
    return f"{source} ({slot.anchor})" if slot.anchor else source


def _hidden(secret: bytes, slot: Slot) -> str:
    told = json.dumps([slot.system, slot.run, slot.sentence, slot.anchor, slot.copy]).encode()
    digest = hmac.new(secret, told, hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:_LETTERS]
