"""Mojibake: text that was once decoded by the wrong table. Found by evidence, repaired where the way back is exact.

Two kinds: UTF-8 read one byte a letter ("maÃ±ana", "ma├▒ana", "ma√±ana"), and one single-byte table read for another
("ma¤ana", "maÒana"). What no way back explains ("ma�ana", "Ma?ana", "rÃo") is told line by line as lost.
"""

from __future__ import annotations

import re
from functools import cache

from ttskit.texts.escapes import written_out

__all__ = ["repaired", "strangeness", "western"]

# Every character that Spanish writing has beyond ASCII; others are possible, and cost a little.
_SPANISH = frozenset("áéíóúüñÁÉÍÓÚÜÑ¿¡ºª°«»“”‘’—–…€´·\xa0")
_ROW_END = re.compile(r"(\r\n|\r|\n)")
_READ_AS = ("cp1252", "mac_roman", "cp850", "cp437", "cp1250", "cp1251")
_TWICE = "ƒŒœŠšŸŽžˆ˜"  # letters that a second misreading makes of the first one's
_SAMPLE = 100_000
_ESCAPES = ("\\", "=C", "=E2", "+A")
_MANY_ASKED = 4
_LETTER = r"[^\W\d_]"
# Signs that stand inside a word only by accident; dashes, apostrophes, the Catalan point and superscripts do not.
_INSIDE = re.compile(r"(?<=[a-záéíóúüñ])[±¤¢£¥¦¾¼½§¨¬¯´¸×÷‡†‚„ƒ˜˙ˆ¿¡┤┐└┴┬├─┼╬▒█\x80-\x84\x86-\x9f](?=[a-záéíóúüñ]{2})")
_INSIDE_LATE = re.compile(r"(?<=[a-záéíóúüñ]{2})[±¤¢£¥¦¾¼½§¨¬¯´¸×÷‡†‚„ƒ˜˙ˆ┤┐└┴┬├─┼╬▒█\x80-\x84\x86-\x9f](?=[a-záéíóúüñ])")
_CAPITAL_INSIDE = re.compile(r"(?<=[a-z])[À-ÖØ-ÞŸŽŠŒ](?=[a-z])")
_LOST = re.compile(
    r"\ufffd|ï¿½"
    r"|(?<=[a-z])[ÃÂ](?=[a-z\s,.;:!?]|$)"  # half of a pair whose other half is gone
    r"|[ãâ][±³¡©º¼\xad\xa0½«]|â€|√[±≥°©≠∫]|├[▒│í®║]"
)
_ASKED = re.compile(r"(?<![/=&?\w.])[^\W\d_]+\?[a-zñáéíóú]+(?![\w=/&])")


@cache
def western() -> dict[str, str]:
    """The 256 characters of each single-byte table that Spanish texts come in, the likeliest first."""
    return {codec: _table(codec) for codec in ("cp1252", "mac_roman", "cp850")}


def _table(codec: str) -> str:
    """256 characters; bytes that the table leaves open are Latin-1's."""
    return "".join(bytes([i]).decode(codec, "ignore") or chr(i) for i in range(256))


def strangeness(text: str) -> float:
    """How little the characters beyond ASCII look like writing in a Western language: mean cost, 0 (Spanish) to 5."""
    cost, count = 0.0, 0
    for match in re.finditer(r"[^\x00-\x7f]", text):
        count += 1
        if count > _SAMPLE:
            break
        character, at = match[0], match.start()
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if character in "\x85\xa0":  # next line and a space that does not break: some programs write them
            cost += 1
        elif "\x80" <= character <= "\x9f":
            cost += 5
        elif character.isupper() and (before.islower() or (before.isalpha() and after.islower())):
            cost += 3
        elif character in "œŒ" and not after.isalpha():
            cost += 4  # Mac's "ú" at the end of a word; a French word has it inside
        elif character == "À" and after.isalpha():
            cost += 3  # its ¿; in French it is a word of its own
        elif character.isalpha() and character not in "ªº":
            cost += 0 if character in _SPANISH else 1 if "à" <= character <= "ÿ" and (before + after).isalpha() else 2
        elif before.isalpha() and after.isalpha() and character not in "’–—·'":
            cost += 3
        elif before in "aeiou" and after in "aeiou" and before and after and character == "–":
            cost += 0.9  # the ñ of an old Mac; calidad–precio has no vowels around it
        elif character in "¿¡":
            cost += 0 if after.isalnum() or after in '¿¡"“«(…' else 2
        else:
            cost += 0 if character in _SPANISH else 1 if character < "\u0100" or "\u2000" <= character <= "\u2122" else 3
    return cost / count if count else 0.0


def repaired(text: str) -> tuple[str, list[tuple[int, str, str, bool]]]:
    """`text` with misreadings taken back, and (line, kind, reason, lost) of what was done and what is lost."""
    escaped = text.lstrip()[:1] not in ("{", "[") and any(sign in text for sign in _ESCAPES)  # in JSON they are the rule
    if text.isascii() and "?" not in text and not escaped:
        return text, []
    rows = _ROW_END.split(text)
    before = rows[::2]
    plain = [written_out(line) for line in before] if escaped else before
    notes = _told(before, plain, "")
    before = plain
    lines, name = _back_to_utf8(before)
    if name is None:
        lines, name = _back_to_another_table(before)
    notes += _told(before, lines, name or "")
    asked = _letters_asked_for(lines)
    for number, line in enumerate(lines, 1):
        match = _LOST.search(line) or (asked and asked.search(line)) or _INSIDE.search(line) or _INSIDE_LATE.search(line)
        if match:
            told = (
                f"letters are lost in {line[max(0, match.start() - 20) : match.end() + 20]!r}: correct it, or export it again"
            )
            notes.append((number, "damaged", told, True))
    rows[::2] = lines
    return "".join(rows), notes


def _shown(line: str, other: str) -> str:
    """The word where two lines begin to differ."""
    at = next((i for i, (a, b) in enumerate(zip(line, other, strict=False)) if a != b), 0)
    start = max(line.rfind(" ", 0, at), line.rfind("|", 0, at), line.rfind("\t", 0, at)) + 1
    end = re.compile(r"[\s|]|$").search(line, at)
    return line[start : end.start() if end else len(line)][:30]


def _letters_asked_for(lines: list[str]) -> re.Pattern[str] | None:
    """What shows a lost letter in "Ma?ana": no line has one beyond ASCII, and it is not one hasty "bien?si" alone.

    Where it is many, each "?" of the list is suspect: "Ya lleg?" has lost its last letter, and true questions their "¿".
    """
    if any(re.search(r"[À-ÿ]", line) for line in lines):
        return None
    found = sum(len(_ASKED.findall(line)) for line in lines if "?" in line)
    return None if found < 2 else _ASKED if found < _MANY_ASKED else re.compile(r"\?")


def _told(before: list[str], lines: list[str], misread: str) -> list[tuple[int, str, str, bool]]:
    """One note of the lines that were changed: misread ("UTF-8 as cp1252"), or with letters written out ("")."""
    changed = [i for i, (old, new) in enumerate(zip(before, lines, strict=True)) if old != new]
    if not changed:
        return []
    old, new = before[changed[0]], lines[changed[0]]
    shown = f"{_shown(old, new)!r} is read as {_shown(new, old)!r}"
    many = len(changed) > 1
    if misread:
        count = f"{len(changed)} lines were" if many else "one line was"
        told = f"{count} misread once ({misread}): {shown}"
    else:
        told = (
            f"{len(changed)} lines have letters written out: {shown}" if many else f"one line has letters written out: {shown}"
        )
    return [(changed[0] + 1, "mojibake", told, False)]


def _back_to_utf8(lines: list[str]) -> tuple[list[str], str | None]:
    """Lines with each run that is UTF-8 read by one table taken back; up to three times, for what was misread again."""
    joined = "\n".join(lines)
    hits = {codec: len(_pairs(codec)[0].findall(joined)) for codec in _READ_AS}
    best = max(_READ_AS, key=lambda codec: hits[codec])
    if not hits[best]:
        return lines, None
    result = lines
    for _ in range(3):
        once = [_unread(line, best) for line in result]
        if once == result:
            break
        result = once
    return result, f"UTF-8 as {best}" if result != lines else None


@cache
def _pairs(codec: str) -> tuple[re.Pattern[str], dict[str, int]]:
    """A pattern for UTF-8 sequences seen through `codec`, and the byte of each character."""
    table = _table(codec)
    byte = {chr(i): i for i in range(128, 160)} if codec == "cp1252" else {}  # Latin-1 itself, which shows them as controls
    byte |= {table[i]: i for i in range(128, 256)}
    more = "".join(re.escape(c) for c, i in byte.items() if 0x80 <= i <= 0xBF)
    at = {i: re.escape(table[i]) for i in range(0xC2, 0xF5)}
    again = f"{at[0xC5]}{at[0xC6]}{at[0xCB]}" if codec == "cp1252" else ""  # what was misread more than once
    two = f"[{at[0xC2]}{at[0xC3]}{at[0xCC]}{at[0xCD]}{again}][{more}]"
    three = f"[{at[0xE2]}{at[0xEF]}][{more}]{{2}}"
    return re.compile(f"(?:{two}|{three}|{at[0xF0]}[{more}]{{3}})"), byte


def _unread(line: str, codec: str) -> str:
    pattern, byte = _pairs(codec)

    def back(match: re.Match[str]) -> str:
        run = match[0]
        try:
            one = bytes(byte[c] for c in run).decode("utf-8")
        except UnicodeDecodeError:
            return run
        before, after = line[: match.start()][-1:], line[match.end() : match.end() + 1]
        if one == "\ufeff":
            return ""
        if len(run) == 2 and one.isalpha() and one not in "ºª":
            if before.isupper() and one.islower() and run[1] in "»”’…" and not after.isalpha():
                return run  # «MAÇÃ», which is Portuguese
            if codec in ("mac_roman", "cp1250", "cp1251") and not (before.isalpha() or after.isalpha()):
                return run
        if len(run) == 2 and codec in ("cp1250", "cp1251") and not "À" <= one <= "ÿ" and one not in "¿¡ºª°«»":
            return run
        accent = "\u0300" <= one <= "\u036f" and before.isalpha()
        plausible = one <= "\u00ff" or accent or one in _TWICE or "\u2000" <= one <= "\u2bff" or one >= "\ufb00"
        return one if plausible else run

    return pattern.sub(back, line)


def _back_to_another_table(lines: list[str]) -> tuple[list[str], str | None]:
    """Lines read by one single-byte table that were written by another: the pair that explains every odd line."""
    odd = [line for line in lines if _INSIDE.search(line) or _INSIDE_LATE.search(line) or _CAPITAL_INSIDE.search(line)]
    if not odd:
        return lines, None
    for read in western():
        for written in western():
            if read == written:
                continue
            done = [_rewritten(line, read, written) for line in odd]
            if all(one is not None and set(filter(lambda c: ord(c) > 127, one)) <= _SPANISH for one in done):
                changed = [_better(line, read, written) for line in lines]
                if all(strangeness(one) < 1 for one, line in zip(changed, lines, strict=True) if one != line):
                    return changed, f"{written} as {read}"
    return lines, None


def _better(line: str, read: str, written: str) -> str:
    """The line rewritten, if that makes it less strange: in a file that was joined from two, some lines are right."""
    other = None if line.isascii() else _rewritten(line, read, written)
    return line if other is None or strangeness(other) >= strangeness(line) else other


def _rewritten(line: str, read: str, written: str) -> str | None:
    byte = {c: i for i, c in enumerate(western()[read])}
    if any(c not in byte for c in line):
        return None
    return "".join(western()[written][byte[c]] for c in line)
