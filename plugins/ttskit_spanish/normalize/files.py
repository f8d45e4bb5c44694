"""Names of files and their suffixes: informe_v2(1).docx, .pdf."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.electronic import spoken_address
from ttskit_spanish.pattern import Pattern

_SUFFIXES = (
    "txt|jpe?g|png|gif|pdf|docx?|xlsx?|pptx?|csv|zip|rar|mp[34]|wav|exe|html?|json|py|xml|md|odt|ods|psd|svg|avi|mov|mkv|wma|ogg|opus"
    "|flac|aac|m4a|webp|webm|heic|textgrid|dll|tar|gz|tgz|7z|js|ts|css|apk|ini|log|bat|ipynb|ya?ml|sql|epub|mobi|srt|dwg|iso|bak"
)
_NAMED = Pattern(
    rf"[^\W_][\w-]{{0,60}}(?:\.[\w-]{{1,40}}){{0,3}}?(?:\(\d{{1,3}}\))?\.(?:{_SUFFIXES})(?:\.gz)?(?![\w.]?\w)", re.IGNORECASE
)
_BARE = Pattern(rf"\.({_SUFFIXES})(?![\w.]?\w)", re.IGNORECASE)
_DOT = Pattern(r"\.[a-zA-Z\d]{2,8}(?![\w.]?\w)")
_SAID = {
    "docx": "doc equis",
    "doc": "doc",
    "jpeg": "jota peg",
    "m4a": "eme cuatro a",
    "7z": "siete zeta",
    "zip": "zip",
    "rar": "rar",
}

_BRACKETS = Pattern(r"[()\[\]{}]")  # Copia(2).pdf: silent


def read_file(text: str, at: int, context: Context) -> Found | None:
    """A file's name with its suffix, or a suffix alone.

    >>> def read(t):
    ...     found = read_file(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("informe_v2(1).docx"), read(".pdf"), read("Fin. Doc"), read("tp1.pptx")
    ('informe guion bajo ve dos uno punto doc equis', 'punto pe de efe', None, 'te pe uno punto pe pe te equis')
    """
    if text[at] == ".":
        match = _BARE.match(text, at)
        if match is None or (at and not (text[at - 1].isspace() or text[at - 1] in "()\"'«“")):
            return None
        return f"punto {_suffix(match[1], context)}", match.end(), "suffix of a file"
    point = text.find(".", at, at + 200) if text[at].isalnum() else -1
    if point < 0 or _DOT.search(text, point, at + 200) is None:
        return None
    match = _NAMED.match(text, at)
    if match is None:
        return None
    name, _, suffix = match.group().rpartition(".")
    gone = ""
    if suffix.lower() == "gz" and "." in name:
        name, _, inner = name.rpartition(".")
        gone = f" punto {_suffix(inner, context)}"
    return (
        f"{spoken_address(_BRACKETS.sub(' ', name), context.locale)}{gone} punto {_suffix(suffix, context)}",
        match.end(),
        "file name",
    )


def _suffix(suffix: str, context: Context) -> str:
    return _SAID.get(suffix.lower()) or spoken_address(suffix, context.locale)
