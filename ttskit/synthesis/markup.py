r"""Control in the text: `Che, {pace=0.8 pitch=+3|¿venís mañana} a la facultad?`

    {CONTROLS|text}   CONTROLS hold for the words of `text`; braces may stand in braces
    {pause=0.4}       a pause in seconds, between two words
    \{ \} \|          the characters themselves

| control       | value                                   | inside another                |
|---------------|-----------------------------------------|-------------------------------|
| pace          | factor or per cent, above 0             | multiplied                    |
| energy        | factor or per cent, above 0             | multiplied                    |
| range         | factor on F0's distance from the mean   | multiplied                    |
| flat, invert  | (no value) range=0, range=-1            | multiplied                    |
| pitch         | shift in semitones                      | added                         |
| hz            | F0 in Hz; 120>180 glides over the words | the inner one holds           |
| st            | F0 in semitones from the speaker's mean | the inner one holds           |
| speaker       | a name, or a mix as in ana:0.7,beto:0.3 | the inner one holds           |

The markup is taken out before the frontend sees the text, which is then read as if it had never been there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ttskit.errors import InputError

__all__ = ["LONGEST_PAUSE_S", "NAMES", "Marked", "Span", "parse_markup"]

NAMES = ("pace", "pitch", "range", "energy", "hz", "st", "speaker", "pause", "flat", "invert")
_HEADER = re.compile(r"[^|{}]*")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_ESCAPES = "{}|"
_HELP = r"controls: " + ", ".join(NAMES) + r"; a brace that is text is written \{"
LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Span:
    """Controls of a stretch of text.

    Args:
        start, end: characters of the plain text.
        position: where its brace stands in the marked text.
        values: control → number; `hz` and `st` → (first, last); `speaker` → as written.
    """

    start: int
    end: int
    position: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its markup.

    Args:
        text: what the frontend reads.
        spans: outer before inner.
        pauses: (character of the plain text that it stands before, seconds, position in the marked text).
        origin: for each character of the plain text, its position in the marked one.
    """

    text: str
    spans: tuple[Span, ...] = ()
    pauses: tuple[tuple[int, float, int], ...] = ()
    origin: tuple[int, ...] = ()

    def position(self, place: int) -> int:
        """Where a character of the plain text stands in the marked text."""
        return self.origin[place] if place < len(self.origin) else place


@dataclass(slots=True)
class _Open:
    position: int
    start: int
    order: int
    values: dict[str, Any] = field(default_factory=dict)


def parse_markup(text: str) -> Marked:
    r"""Take the markup out of `text`.

    Raises:
        InputError: markup that is not understood, with its position.

    >>> marked = parse_markup(r"Che, {pace=0.8|venís} \{sí\}.")
    >>> marked.text, marked.spans[0].values, marked.text[marked.spans[0].start : marked.spans[0].end]
    ('Che, venís {sí}.', {'pace': 0.8}, 'venís')
    """
    if not any(mark in text for mark in ("{", "}", r"\|")):
        return Marked(text, origin=tuple(range(len(text))))
    plain: list[str] = []
    origin: list[int] = []
    stack: list[_Open] = []
    spans: list[tuple[int, Span]] = []
    pauses: list[tuple[int, float, int]] = []
    at = opened = 0
    while at < len(text):
        character = text[at]
        if character == "\\" and text[at + 1 : at + 2] and text[at + 1] in _ESCAPES:
            plain.append(text[at + 1])
            origin.append(at + 1)
            at += 2
        elif character == "{":
            header = _HEADER.match(text, at + 1).group()
            end = at + 1 + len(header)
            values = _controls(header, at, text)
            if text[end : end + 1] == "|":
                if "pause" in values:
                    raise _wrong(text, at, "a pause holds no text", "write {pause=0.4} between two words")
                stack.append(_Open(at, len(plain), opened, values))
                opened += 1
            elif text[end : end + 1] == "}" and set(values) == {"pause"}:
                pauses.append((len(plain), values["pause"], at))
            elif text[end : end + 1] == "}":
                raise _wrong(text, at, "it has controls and no text", "write {pace=0.8|the text}")
            else:
                raise _wrong(text, at, "its controls do not end", "write {pace=0.8|the text}")
            at = end + 1
        elif character == "}":
            if not stack:
                raise _wrong(text, at, "this brace closes nothing", r"a brace that is text is written \}")
            opening = stack.pop()
            spans.append((opening.order, Span(opening.start, len(plain), opening.position, opening.values)))
            at += 1
        else:
            plain.append(character)
            origin.append(at)
            at += 1
    if stack:
        raise _wrong(text, stack[-1].position, "its brace is never closed", "end it with }")
    ordered = tuple(span for _, span in sorted(spans, key=lambda item: item[0]))
    return Marked("".join(plain), ordered, tuple(pauses), tuple(origin))


def _wrong(text: str, at: int, why: str, fix: str) -> InputError:
    return InputError(f"the markup at character {at} is not understood: {why}", f"…{text[at : at + 30]}", fix)


def _controls(header: str, at: int, text: str) -> dict[str, Any]:
    """The controls of `{header|`; `at` is its brace, for messages."""
    values: dict[str, Any] = {}
    if not header.strip():
        raise _wrong(text, at, "it names no control", f"write {{pace=0.8|text}}; {_HELP}")
    for match in re.finditer(r"\S+", header):
        place = at + 1 + match.start()
        name, equals, value = match.group().partition("=")
        if name not in NAMES:
            near = get_close_matches(name, NAMES, n=1)
            known = f"did you mean {near[0]!r}? " if near else ""
            raise _wrong(text, place, f"there is no control {name!r}", known + _HELP)
        if bool(equals) == (name in ("flat", "invert")):
            fix = f"write {name}" if equals else f"write {name}=…"
            raise _wrong(text, place, f"{name!r} takes {'no' if equals else 'a'} value", fix)
        kept, understood = _value(name, value)
        if not understood:
            raise _wrong(text, place, f"{value!r} is not a value of {name!r}", _EXPECTED[name])
        key = "range" if name in ("flat", "invert") else name
        if key in values or {key, *values} >= {"hz", "st"}:
            why = f"{name!r} is given twice" if key in values else "hz and st cannot be given together"
            raise _wrong(text, place, why, "give one of them")
        values[key] = kept
    if "pause" in values and len(values) > 1:
        raise _wrong(text, at, "a pause stands alone", "write {pause=0.4}")
    return values


_EXPECTED = {
    "pace": "a factor above 0: pace=0.8 or pace=80%",
    "energy": "a factor above 0: energy=1.3 or energy=130%",
    "range": "a factor: range=1.5, range=0 (flat), range=-1 (inverted)",
    "pitch": "semitones: pitch=+3 or pitch=-2st",
    "hz": "Hz above 0, or two for a glide: hz=180 or hz=120>180",
    "st": "semitones from the speaker's mean: st=2 or st=-2>4",
    "speaker": "a name, or a mix: speaker=ana:0.7,beto:0.3",
    "pause": f"seconds, at most {LONGEST_PAUSE_S:g}: pause=0.4 or pause=400ms",
    "flat": "",
    "invert": "",
}


def _value(name: str, written: str) -> tuple[Any, bool]:
    """The value and whether it was understood."""
    if name in ("flat", "invert"):
        return (0.0 if name == "flat" else -1.0), True
    if name == "speaker":
        return written, bool(written)
    if name in ("hz", "st"):
        match = re.fullmatch(rf"({_NUMBER})(?:>({_NUMBER}))?(?:{name})?", written, re.IGNORECASE)
        ends = (float(match[1]), float(match[2] or match[1])) if match else (0.0, 0.0)
        return ends, bool(match) and (name == "st" or min(ends) > 0) and all(abs(e) < 1e4 for e in ends)
    units = {"pace": "%", "energy": "%", "range": "%", "pitch": "st", "pause": "s|ms"}[name]
    match = re.fullmatch(rf"({_NUMBER})({units})?", written)
    if not match:
        return 0.0, False
    number = float(match[1]) * {"%": 0.01, "ms": 0.001}.get(match[2] or "", 1.0)
    fine = {"pace": number > 0, "energy": number > 0, "pause": 0 <= number <= LONGEST_PAUSE_S}.get(name, True)
    return number, fine and math.isfinite(number)
