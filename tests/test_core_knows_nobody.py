"""The core names no plugin: not a model in its advice, not a dialect in its help."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import ttskit
from ttskit.cli.frontend_options import choices
from ttskit.plugins import create_registry

ROOT = Path(ttskit.__file__).parent
OWN = "builtin"  # what the core offers itself it may name

# Where a name may stand, and how often. Default values of recipes are the one place where a plugin is chosen for people.
ALLOWED = {
    ("config/recipe.py", "spanish"): 1,  # Recipe.frontend
    ("config/recipe.py", "fastpitch"): 1,  # Recipe.model
    ("config/recipe.py", "griffinlim"): 1,  # Recipe.vocoder
    ("corpus/column_kinds.py", "spanish"): 1,  # names of languages, by which a list's column of them is known
    ("corpus/column_kinds.py", "castilian"): 1,
    ("config/comparison.py", "tacotron2"): 1,  # CompareConfig.models
    ("config/comparison.py", "fastpitch"): 1,
    ("audio/config.py", "hifigan"): 1,  # the preset hifigan-22050: the mel that its authors published
}


def known_names() -> set[str]:
    """What models, vocoders, frontends and importers are called, the models' classes too, and the dialects of frontends."""
    registry = create_registry()
    names = set(choices("dialect"))
    for kind in ("frontend", "acoustic model", "vocoder", "importer"):
        for name, plugin in registry.all(kind).items():
            if registry.origin(kind, name).entry_point != OWN:
                names.add(name)
                if kind != "importer":  # whose factories are functions with names of their own
                    names.add(plugin.factory.rpartition(":")[2])
    return {folded(name) for name in names}


def folded(text: str) -> str:
    """Lower case, with a name's words written as one: Tacotron 2, HiFi-GAN, latin_american."""
    text = text.lower()
    for name in ("tacotron 2", "hifi-gan", "hi-fi gan", "griffin-lim", "fast pitch"):
        text = text.replace(name, re.sub(r"\W", "", name))
    return text


def literals(tree: ast.Module) -> list[str]:
    """Every string of a module but its docstrings, and the examples under a command's help (`epilog`)."""
    left_out: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                left_out.add(first.value)
        if isinstance(node, ast.keyword) and node.arg == "epilog":
            left_out.update(ast.walk(node.value))
    strings = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and n not in left_out]
    return [str(node.value) for node in strings]


def named(source: str, names: set[str]) -> Counter:
    """How often each name stands in the strings of a module."""
    pattern = re.compile(r"(?<![a-z0-9])(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?![a-z0-9])")
    return Counter(found for text in literals(ast.parse(source)) for found in pattern.findall(folded(text)))


def test_no_string_of_the_core_names_a_plugin():
    names, found = known_names(), {}
    for path in sorted(ROOT.rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        found |= {(where, name): count for name, count in named(path.read_text(encoding="utf-8"), names).items()}
    new = {key: count for key, count in found.items() if count > ALLOWED.get(key, 0)}
    assert not new, f"say what a plugin must declare instead (ttskit.offers): {new}"
    gone = {key for key, count in ALLOWED.items() if found.get(key, 0) < count}
    assert not gone, f"no longer there, take it out of the list: {gone}"


def test_what_is_looked_for_is_found():
    names = known_names()
    assert {"fastpitch", "tacotron2", "hifigan", "griffinlim", "spanish", "nemo-ipa", "rioplatense", "nemoipafrontend"} <= names
    code = '''
"""Tacotron 2 in a docstring."""
fix = f"use a FastPitch or Tacotron 2 run, {x}"
option = click.option("--vocoder", help="griffinlim or a run folder")
command = click.command(epilog="Example: ttskit train --model hifigan")
other = "hifigans, spanishness"
'''
    assert named(code, names) == {"fastpitch": 1, "tacotron2": 1, "griffinlim": 1}
