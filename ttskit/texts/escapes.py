r"""Letters that a program wrote out: `ma\u00f1ana`, `ma\xf1ana`, `ma=C3=B1ana`, `Ma+APE-ana`, and `\n` for the end of a line.

Only what gives a sign of Spanish writing is taken back, so that folders (`C:\xampp`), sums (`x=C3`) and telephone numbers
(`+549 11`) stay as they are.
"""

from __future__ import annotations

import re

__all__ = ["written_out"]

_LETTERS = frozenset("áéíóúüñÁÉÍÓÚÜÑ¿¡ºª«»“”‘’—–…")
_OF_UNICODE = re.compile(r"(?<!\\)\\u([0-9a-fA-F]{4})")
_OF_BYTES = re.compile(r"(?<![\\:/])\\x([cC][23])\\x([89abAB][0-9a-fA-F])")
_OF_BYTE = re.compile(r"(?<![\\:/])\\x([a-fA-F][0-9a-fA-F])")
_QUOTED_PRINTABLE = re.compile(r"=C[23]=[89AB][0-9A-F]|=E2=80=[89AB][0-9A-F]")
_UTF7 = re.compile(r"\+((?:[A-Za-z0-9/]{3,}))(?:-|(?![A-Za-z0-9+/-]))")
_LINE_END = re.compile(r"""(?<=[.!?…"»)])(?:\\[nrt])+(?=[\s|"]|$)|(?<=\w)(?:\\[nr])+$""")


def written_out(line: str) -> str:
    """The line with letters that were written out taken back."""
    if "\\" in line:
        line = _OF_UNICODE.sub(lambda m: _meant(chr(int(m[1], 16)), m[0]), line)
        line = _OF_BYTES.sub(lambda m: _decoded(m[1] + m[2], "utf-8", m[0]), line)
        line = _OF_BYTE.sub(lambda m: _decoded(m[1], "cp1252", m[0]), line)
        line = _LINE_END.sub(" ", line).rstrip(" ") if _LINE_END.search(line) else line
    if "=C" in line or "=E2" in line:
        line = _QUOTED_PRINTABLE.sub(lambda m: _decoded(m[0].replace("=", ""), "utf-8", m[0]), line)
    if "+A" in line:
        line = _UTF7.sub(_from_utf7, line)
    return line


def _meant(found: str, written: str) -> str:
    return found if found and all(c in _LETTERS for c in found) else written


def _decoded(digits: str, encoding: str, written: str) -> str:
    return _meant(bytes.fromhex(digits).decode(encoding, "ignore"), written)


def _from_utf7(match: re.Match[str]) -> str:
    try:
        return _meant(f"+{match[1]}-".encode("ascii").decode("utf-7"), match[0])
    except UnicodeDecodeError:
        return match[0]
