"""Messages are in plain English: turns of phrase that readers stumbled over do not come back."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
# "x is no checkpoint", "an option which it has not", "has not got": understood by those who wrote them.
STUMBLE = re.compile(
    r"(?<!there) (is|are) no (?!longer|more|older|faster|slower|better|nearer)"
    r"|(has|have) not got|which (it|they) (has|have) not\b|exclude each other"
)


def stumbles(source: str) -> list[str]:
    """Strings of a module, its docstrings not counted, that have one of them; what stands in braces is x."""
    tree = ast.parse(source)
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, kinds)}
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            texts.append("".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts and node.value not in docs:
            texts.append(node.value)
    return [text for text in texts if any(not text[: m.start()].endswith("there") for m in STUMBLE.finditer(text))]


def test_no_message_makes_its_reader_stumble():
    found = {}
    for folder in ("ttskit", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if texts := stumbles(path.read_text(encoding="utf-8")):
                found[path.relative_to(ROOT).as_posix()] = texts
    assert found == {}


def test_what_makes_readers_stumble_is_seen():
    assert stumbles('"""x is no y"""\nf"{a} is no checkpoint"\n"there is no checkpoint"\n"no longer, it is no longer"') == [
        "x is no checkpoint"
    ]
    assert (
        len(stumbles('f"optimises {a}, which it has not"\n"a speaker that it has not got"\n"a and b exclude each other"')) == 3
    )
