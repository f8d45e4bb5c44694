"""Which keys of the page's texts the code can ask for: literal ones, and patterns where a key is put together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["asked_for"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "plugins" / "ttskit_explain"
_QUOTED = re.compile(r""""([^"\n]*)"|'([^'\n]*)'|`([^`]*)`""")
_LEAST = 3  # letters that a pattern must have for itself: else it would find every key used


def asked_for(key: str) -> bool:
    """Whether anything of the page's code, or of the models' explanations, can name the key."""
    return key in _LITERAL or any(pattern.fullmatch(key) for pattern in _PATTERNS)


def _python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)


def _script(path: Path) -> Iterator[str]:
    for found in _QUOTED.finditer(path.read_text(encoding="utf-8")):
        yield re.sub(r"\$\{[^}]*\}", "\0", next(one for one in found.groups() if one is not None))


def _strings() -> Iterator[str]:
    for path in (*PAGE.rglob("*.py"), *ROOT.glob("plugins/*/explain*.py"), *(ROOT / "ttskit" / "nn").glob("*.py"), ROOT / "ttskit" / "interfaces" / "explanation.py"):
        yield from _python(path)
    for path in (*(PAGE / "script").glob("*.js"), *(PAGE / "templates").glob("*.j2")):
        yield from _script(path)


_ALL = set(_strings())
_LITERAL = {one for one in _ALL if "\0" not in one}
_PATTERNS = [
    re.compile(".+".join(map(re.escape, one.split("\0"))))
    for one in _ALL
    if "\0" in one and sum(map(str.isalpha, one)) >= _LEAST and re.fullmatch(r"[\w.\0-]+", one)
]
