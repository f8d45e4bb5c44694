"""Recipes and `--set` by a grammar of what YAML can say, right and wrong."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from fuzz_harness import Act, Maker
from fuzz_values import WRONG, Raw, damaged, mutated, put

from ttskit.config import load_recipe
from ttskit.plugins import create_registry

_GOOD: dict[str, Any] = {
    "extends": "tiny",
    "seed": 3,
    "mel": {"preset": "nvidia-22050", "bands": 40},
    "frontend": {"name": "spanish", "options": {"dialect": "rioplatense"}},
    "corpus": {"trim": True, "min_s": 0.2, "pitch_range_hz": [60.0, 400.0], "validation": 2},
    "model": "fastpitch",
    "vocoder": "griffinlim",
    "models": {
        "fastpitch": {"options": {"channels": 16, "encoder": {"layers": 1}}, "training": {"steps": 3}},
        "tacotron2": {"options": {"reduction": 2}},
        "hifigan": {"options": {"upsample_rates": [8, 8, 4], "preset": "tiny"}},
    },
    "training": {
        "budget_s": "10m",
        "freeze": ["encoder.*"],
        "freeze_until": {"decoder.*": 0.5},
        "transfer": {"keep_speakers": "all"},
    },
    "compare": {"seeds": [0, 1], "steps": {"fastpitch": 3}, "measurements": {"speed": False}, "recogniser": {"steps": 2}},
}

_SCALARS = (
    "x 1 0x1F 0o17 1_000 1:30 .nan .inf -.INF 1e999 ~ null true No on 2024-01-02 2024-13-45 2024-02-30T99:99:99 !!int x "
    "!!float y !!bool maybe !!timestamp never !!binary \u00f1 !!python/object:os.system {} !!python/tuple [1] !!set {a} "
    '!!omap [a: 1] !unknown z ? << <<: *a = | > - @ ` % & * : \'a "b "\\x00" "\\ud800" "\\U0010ffff" *a *none &a &b !<tag:x>'
).split(" ")
_KEYS = [
    "seed",
    "mel",
    "models",
    "extends",
    "<<",
    "? [a]",
    "null",
    "1",
    "1.5",
    "true",
    "''",
    "\u00f1",
    "a.b",
    "training",
    "compare",
    "*a",
    "&a k",
]
_WHOLE = (
    "&a [*a]",
    "&a {a: *a}",
    "a: &a [x, *a]",
    "seed: &a {<<: *a}",
    "extends: me.yaml",
    "extends: ./me.yaml\nseed: 1",
    "extends: " + "a" * 300,
    "extends: " + "a/" * 3_000,
    "extends: " + "x" * 200_000,
    "extends: ~nobody/x",
    'extends: "a\\0b"',
    "extends: [base]",
    "extends: .",
    "extends: /dev/zero",
    "<<: {extends: 3}",
    "<<: 3",
    "? [1, 2]\n: x",
    "? {a: b}\n: x",
    "[" * 100_000,
    "{a: " * 20_000,
    "- " * 5_000,
    "a:\n" + "".join(" " * i + "a:\n" for i in range(600)),
    "x: " + "[" * 900 + "]" * 900,
    "seed: " + "1" * 4_301,
    "seed: 0x" + "f" * 5_000,
    "seed: " + "1:" * 3_000 + "1",
    "seed: 1." + "1" * 50_000 + "e5",
    "seed: 2024-13-45",
    "seed: !!int x",
    "a: 1\n---\nb: 2",
    "%YAML 9.9\n---\na: 1",
    "\ufeffextends: tiny",
    "extends: tiny\n\tseed: 1",
    "seed: 1\x00",
    "seed: \x07",
    "\u2028seed: 1",
    "'" + "a" * 100_000,
    "a: |\n" + " x\n" * 30_000,
    "seed: 1\nseed: 2",
    "training: {steps: 1, steps: 2}",
    "training: {steps: 1, budget_s: 5}",
    "# only a comment",
    "just text",
    "- a\n- b",
    "models: {" + ", ".join(f"m{i}: {{}}" for i in range(3_000)) + "}",
    "compare: {seeds: [" + ", ".join("1" for _ in range(20_000)) + "]}",
)


def _laughs(rng: random.Random) -> str:
    """Aliases of aliases: a short text that means a very long one."""
    width, height = rng.choice(((2, 40), (9, 9), (10, 30), (3, 3)))
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, height)]
    if rng.random() < 0.3:
        lines = ["a0: &a0 {k: lol}"]
        lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * width)}], k{i}: *a{i - 1}}}" for i in range(1, height)]
    return "\n".join(lines)


def _grammar(rng: random.Random, depth: int = 0) -> str:
    """A value in flow style."""
    kind = rng.random()
    if depth > 4 or kind < 0.55:
        return rng.choice(_SCALARS)
    anchor = rng.choice(("", "", "", "&a ", "!!map ", "!!seq ", "!x "))
    if kind < 0.75:
        return f"{anchor}[{', '.join(_grammar(rng, depth + 1) for _ in range(rng.randrange(4)))}]"
    return f"{anchor}{{{', '.join(f'{rng.choice(_KEYS)}: {_grammar(rng, depth + 1)}' for _ in range(rng.randrange(4)))}}}"


def written(value: Any, indent: int = 0) -> str:
    """A tree as YAML in flow style, whatever strange values are in it."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(str(k))}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(v) for v in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value) + '"'
    if value is None:
        return "~"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}.get(repr(value), repr(value))
    return str(value)


def recipe_text(rng: random.Random) -> tuple[bytes, str]:
    """A recipe gone wrong, as bytes, and what it is."""
    kind = rng.random()
    if kind < 0.15:
        text = rng.choice(_WHOLE)
    elif kind < 0.2:
        text = _laughs(rng)
    elif kind < 0.5:
        tree, said = mutated(rng, _GOOD, [value for value in WRONG if not isinstance(value, Raw)])
        if not isinstance(tree, dict):
            tree = {"seed": tree}
        text = "\n".join(f"{written(str(k))}: {written(v)}" for k, v in tree.items())
        return text.encode("utf-8", "replace"), said
    elif kind < 0.8:
        text = "\n".join(f"{rng.choice(_KEYS)}: {_grammar(rng)}" for _ in range(rng.randrange(1, 5)))
    else:
        text = "\n".join(f"{k}: {written(v)}" for k, v in _GOOD.items())
        data = damaged(rng, text.encode())
        return data, f"damaged {data[:60]!r}"
    return text.encode("utf-8", "replace"), text[:80]


def recipes(folder: Path) -> Maker:
    """Recipe files through `load_recipe`."""
    registry, path = create_registry(), folder / "me.yaml"
    put(path, "\n".join(f"{k}: {written(v)}" for k, v in _GOOD.items()).encode())
    assert load_recipe(path, registry=registry).models["tacotron2"].options["reduction"] == 2  # whole, it is read

    def make(rng: random.Random) -> tuple[str, Act]:
        data, said = recipe_text(rng)
        put(path, data)
        return said, lambda: load_recipe(path, registry=registry).to_yaml()

    return make


def overrides(folder: Path) -> Maker:
    """`--set KEY=VALUE` through `load_recipe`."""
    registry = create_registry()
    keys = "seed mel mel.bands training.steps training models.fastpitch.options.channels compare.seeds frontend corpus models ."
    keys += " a..b frontend.options.dialect corpus.pitch_range_hz seed.x.y extends = training.freeze_until vocoder model"
    keys = [*keys.split(), "", "x" * 3_000, "models.hifigan.options.upsample_rates", "." * 500, ".".join("a" * 3_000)]

    def make(rng: random.Random) -> tuple[str, Act]:
        given = []
        for _ in range(rng.choice((1, 1, 3))):
            kind = rng.random()
            value = (
                written(rng.choice([w for w in WRONG if not isinstance(w, Raw)]))
                if kind < 0.4
                else _grammar(rng)
                if kind < 0.7
                else recipe_text(rng)[0].decode("utf-8", "surrogateescape")
            )
            given.append(f"{rng.choice(keys)}{rng.choice(('=', '=', '=', '==', ''))}{value}")
        return " ".join(given), lambda: load_recipe("tiny", given, registry=registry).to_yaml()

    return make
