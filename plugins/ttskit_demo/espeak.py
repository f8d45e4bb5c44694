"""espeak-ng as a speaker with exact phone times: ctypes on the library of the `espeakng-loader` wheel.

It is given phonemes, not text, so that what it says is what the frontend's tokens say, one event
per phoneme. espeak-ng is GPL-3 and only loaded, never shipped; the sound that it makes is not covered by the GPL.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np

from ttskit.errors import TTSKitError

# Our tokens in espeak's mnemonics for its Spanish voices (docs/phonemes.md of espeak-ng).
MNEMONICS = {
    "a": "a",
    "e": "e",
    "i": "i",
    "o": "o",
    "u": "u",
    "j": "j",
    "w": "w",
    "p": "p",
    "b": "b",
    "t": "t",
    "d": "d",
    "k": "k",
    "ɡ": "g",
    "tʃ": "tS",
    "f": "f",
    "θ": "T",
    "s": "s",
    "x": "x",
    "ʃ": "S",
    "ʒ": "Z",
    "ʝ": "J^",
    "m": "m",
    "n": "n",
    "ɲ": "n^",
    "l": "l",
    "ʎ": "l^",
    "ɾ": "*",
    "r": "R",
}
# What espeak may call the phoneme in its events: it says b d ɡ as approximants and knows some by other names.
_HEARD = {"b": "bβ", "d": "dð", "ɡ": "ɡgɣ", "n": "nŋɱ", "ʝ": "ʝɟj", "θ": "θs", "ʎ": "ʎʝ"}
_STRESS_MARKS = "ˈˌ"
_SPOKEN_MARKS = {",": ",", ".": ".", ";": ";", ":": ":", "?": "?", "!": "!", "…": "...", "—": ";"}

_FIX = 'pip install "ttskit[demo]"'
_PHONEME = 7  # espeak_EVENT_TYPE
_SYNCHRONOUS, _EVENTS_AS_PHONEMES, _EVENTS_IN_IPA = 2, 1, 2
_UTF8, _PHONEME_INPUT = 1, 0x100
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """A phone (IPA, "" for a pause) and the sample where espeak starts it."""

    phone: str
    sample: int


@dataclass(frozen=True, slots=True)
class EspeakSpeech:
    """audio: (S,) int16; events: phones and pauses in order."""

    audio: np.ndarray
    rate_hz: int
    events: tuple[PhoneEvent, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What to say (from `mnemonics`) and how: pitch and pitch_range 0 … 99, 50 is the voice's own."""

    text: str
    words_per_minute: int = 175
    pitch: int = 50
    pitch_range: int = 50


def speak(requests: Sequence[Request], voice: str = "es-419") -> tuple[list[EspeakSpeech], str]:
    """Say the requests in order in a fresh process; gives what was said and the engine's version.

    The library cannot be started anew and its synthesiser carries state from one sentence to the
    next, so only a process of its own makes the same samples for the same list every time.

    Raises:
        TTSKitError: the wheel is not installed, or the library fails.
    """
    if find_spec("espeakng_loader") is None:
        raise TTSKitError("the demo corpus needs espeak-ng", "the package espeakng-loader is not installed", _FIX)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "said.npz"
        order = json.dumps({"voice": voice, "result": str(result), "requests": [asdict(r) for r in requests]})
        child = subprocess.run([sys.executable, "-m", "ttskit_demo.espeak"], input=order.encode(), capture_output=True)
        if child.returncode != 0 or not result.is_file():
            lines = child.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
            raise TTSKitError("espeak-ng failed", f"exit status {child.returncode}: {lines[-1]}", f"{_FIX} --force-reinstall")
        with np.load(result) as data:
            facts = json.loads(str(data["facts"]))
            said = [
                EspeakSpeech(data[f"audio_{k}"], facts["rate_hz"], tuple(PhoneEvent(*event) for event in events))
                for k, events in enumerate(facts["events"])
            ]
    return said, facts["version"]


class _Library:
    """The C library, started; once per process."""

    def __init__(self, voice: str) -> None:
        import espeakng_loader

        library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        data = str(espeakng_loader.get_data_path()).encode()
        library.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        library.espeak_Info.restype = ctypes.c_char_p
        self.rate_hz = int(library.espeak_Initialize(_SYNCHRONOUS, 0, data, _EVENTS_AS_PHONEMES | _EVENTS_IN_IPA))
        if self.rate_hz <= 0:
            raise RuntimeError(f"espeak_Initialize gives {self.rate_hz} with the data folder {data.decode()}")
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"no voice {voice!r} in {data.decode()}")
        self.version = library.espeak_Info(None).decode()
        self._chunks: list[np.ndarray] = []
        self._events: list[tuple[str, int]] = []
        self._library = library
        self._callback = _Callback(self._receive)  # kept: the library holds only the pointer
        library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples, count, events) -> int:
        if count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        index = 0
        while events[index].type:
            event = events[index]
            if event.type == _PHONEME:
                name = bytes(event.id.string).split(b"\0")[0].decode("utf-8", "replace")
                self._events.append((name.strip(_STRESS_MARKS), event.sample))
            index += 1
        return 0

    def say(self, request: Request) -> tuple[np.ndarray, list[tuple[str, int]]]:
        """Samples (S,) int16 and (phone, sample) events."""
        self._chunks.clear()
        self._events.clear()
        for parameter, value in ((_RATE, request.words_per_minute), (_PITCH, request.pitch), (_RANGE, request.pitch_range)):
            self._library.espeak_SetParameter(parameter, int(value), 0)
        data = request.text.encode("utf-8")
        status = self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8 | _PHONEME_INPUT, None, None)
        self._library.espeak_Synchronize()
        if status != 0 or not self._chunks:
            raise RuntimeError(f"espeak_Synth gives status {status} and {len(self._chunks)} chunks for {request.text!r}")
        return np.concatenate(self._chunks), list(self._events)


def _serve(order: dict) -> None:
    """The child process: say everything, write one file."""
    library = _Library(order["voice"])
    said = [library.say(Request(**request)) for request in order["requests"]]
    facts = {"rate_hz": library.rate_hz, "version": library.version, "events": [events for _, events in said]}
    np.savez(order["result"], facts=json.dumps(facts), **{f"audio_{k}": audio for k, (audio, _) in enumerate(said)})


def mnemonics(tokens: Sequence[str], token_words: Sequence[int | None]) -> str:
    """espeak input that says these tokens: phonemes in [[…]], words apart, punctuation between.

    >>> mnemonics(("<edge>", "ʃ", "a", "b", "ˈa", ",", "k", "ˈe", "?", "<edge>"), (None, 0, 0, 1, 1, None, 2, 2, None, None))
    "[[S|a b|'a]], [[k|'e]]? "
    """
    clauses: list[str] = []
    phones: list[str] = []
    words: list[str] = []
    last: int | None = None

    def close_word() -> None:
        if phones:
            words.append("|".join(phones))
            phones.clear()

    for token, word in zip(tokens, token_words, strict=True):
        bare = token.lstrip(_STRESS_MARKS)
        if bare in MNEMONICS:
            if word != last:
                close_word()
            last = word
            phones.append(("'" if bare != token else "") + MNEMONICS[bare])
            continue
        close_word()
        if token in _SPOKEN_MARKS and words:
            clauses.append(f"[[{' '.join(words)}]]{_SPOKEN_MARKS[token]} ")
            words.clear()
    close_word()
    if words:
        clauses.append(f"[[{' '.join(words)}]]")
    return "".join(clauses)


def token_times(tokens: Sequence[str], spoken: EspeakSpeech, *, least_s: float = 0.012) -> np.ndarray:
    """Boundaries (N + 1,) in seconds of `tokens` in what espeak said of them; the first is 0, the last the end.

    A voiceless stop's event is its burst: the silence before it (exact zeros) is its closure and
    belongs to it. Silent tokens between two phones share the pause there; if espeak made none, each
    takes `least_s` from the phone before.

    Raises:
        TTSKitError: espeak said other phonemes than the tokens.
    """
    audio, rate_hz = spoken.audio, spoken.rate_hz
    phones = [i for i, token in enumerate(tokens) if token.lstrip(_STRESS_MARKS) in MNEMONICS]
    named = [k for k, event in enumerate(spoken.events) if event.phone]
    _check_phones([tokens[i].lstrip(_STRESS_MARKS) for i in phones], [spoken.events[k].phone for k in named])
    start, end = {}, {}
    for order, (index, k) in enumerate(zip(phones, named, strict=True)):
        event = spoken.events[k]
        follows_phone = order > 0 and phones[order - 1] == index - 1
        least = 0 if order == 0 else spoken.events[named[order - 1]].sample
        closure = _zeros_before(audio, event.sample, least)
        if not follows_phone:  # how long the mouth is closed in a pause cannot be heard
            closure = min(closure, round(0.025 * rate_hz)) if tokens[index] in ("p", "t", "k", "tʃ", "b", "d", "ɡ") else 0
        start[index] = event.sample - closure
        end[index] = spoken.events[k + 1].sample if k + 1 < len(spoken.events) else len(audio)
    bounds = np.full(len(tokens) + 1, -1.0)
    bounds[0], bounds[-1] = 0, len(audio)
    for order, index in enumerate(phones):
        bounds[index] = start[index]
        following = phones[order + 1] if order + 1 < len(phones) else None
        if following != index + 1:
            bounds[index + 1] = end[index] if index + 1 < len(tokens) else len(audio)
    return _share_silences(bounds, least_s * rate_hz) / rate_hz


def _check_phones(wanted: list[str], said: list[str]) -> None:
    for position in range(max(len(wanted), len(said))):
        one = wanted[position] if position < len(wanted) else "nothing"
        two = said[position] if position < len(said) else "nothing"
        if one != two and two not in tuple(_HEARD.get(one, "")):
            raise TTSKitError(
                f"espeak-ng said {two!r} for {one!r}",
                f"phone {position} of {len(wanted)}: wanted {' '.join(wanted)}\nsaid {' '.join(said)}",
                f"{_FIX}, with the version in constraints.txt",
            )


def _zeros_before(audio: np.ndarray, sample: int, least: int) -> int:
    """Samples of digital silence that end at `sample`, not looking before `least`."""
    sounding = np.flatnonzero(np.abs(audio[least:sample].astype(np.int32)) > 2)
    return int(sample - least - (sounding[-1] + 1 if len(sounding) else 0))


def _share_silences(bounds: np.ndarray, least: float) -> np.ndarray:
    """Fill the unset boundaries (< 0) inside each pause; a run of silent tokens without room takes `least` each."""
    known = np.flatnonzero(bounds >= 0)
    for left, right in pairwise(known):
        silent = right - left
        if silent == 1:
            continue
        need = least * silent
        if bounds[right] - bounds[left] < need and left > 0:
            bounds[left] = max(bounds[left - 1] + least, bounds[right] - need)
        bounds[left : right + 1] = np.linspace(bounds[left], bounds[right], silent + 1)
    for index in range(1, len(bounds) - 2):  # a single silent token without room
        if bounds[index + 1] <= bounds[index]:
            bounds[index] = max(bounds[index - 1] + least, bounds[index + 1] - least)
    return bounds


if __name__ == "__main__":
    _serve(json.load(sys.stdin.buffer))
