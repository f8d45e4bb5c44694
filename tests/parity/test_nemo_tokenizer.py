"""NeMo's IPA tokenisation, symbol for symbol: every inventory and every row of the folder's tokenizer files.

The folder comes from TTSKIT_PARITY_NEMO, else `parity_nemo` of the shared data beside the checkout.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

import pytest

from ttskit_nemo.frontend import NemoIpaFrontend

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", SHARED / "parity_nemo"))
INVENTORIES = sorted(NEMO.glob("inventory_*.json"))
ROWS = [
    (file.stem.removeprefix("tokenizer_"), number, line)
    for file in sorted(NEMO.glob("tokenizer_*.jsonl"))
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    if line.strip()
]


@lru_cache(maxsize=4)
def frontend(name: str) -> NemoIpaFrontend:
    inventory = json.loads((NEMO / f"inventory_{name}.json").read_text(encoding="utf-8"))
    options = {k: v for k, v in inventory["options"].items() if k != "grapheme_prefix"}
    return NemoIpaFrontend(dictionary=str(NEMO / "dict" / inventory["dictionary"]), locale=inventory["locale"], **options)


def test_there_is_something_to_test():
    if not NEMO.is_dir():
        pytest.skip(f"no NeMo parity data at {NEMO}: set TTSKIT_PARITY_NEMO")
    assert INVENTORIES and ROWS


@pytest.mark.parametrize("file", INVENTORIES, ids=lambda f: f.stem)
def test_inventory(file: Path):
    wanted = json.loads(file.read_text(encoding="utf-8"))
    table = frontend(file.stem.removeprefix("inventory_")).symbols
    assert list(table.symbols) == wanted["tokens"] and len(table) == wanted["n_tokens"]
    ids = {"pad": table.pad_id, "space": table.ids([table.space])[0], "oov": table.ids(["<oov>"])[0]}
    assert ids == {key: wanted[key] for key in ids}


@pytest.mark.parametrize(("name", "number", "line"), ROWS, ids=[f"{name}-{number}" for name, number, _ in ROWS])
def test_tokens(name: str, number: int, line: str):
    row = json.loads(line)
    reader = frontend(name)
    analysis = reader.analyze(row["text"])
    if row.get("error"):  # NeMo fails on such a text; here it has nothing to speak
        assert not analysis.words and set(analysis.tokens) <= reader.symbols.silent
        return
    assert list(analysis.tokens) == row["phonemes"]
    assert reader.symbols.ids(analysis.tokens) == row["ids"]
