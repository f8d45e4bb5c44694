"""Files that the toolkit wrote and reads back: of a run, of a prepared corpus, of a comparison."""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_harness import Act, Maker
from fuzz_values import damaged, put, wrong_json

from ttskit.audio.config import MelConfig
from ttskit.compare.results import ComparisonResults
from ttskit.corpus.labels import read_labels
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.storage import write_json, write_jsonl, write_npz
from ttskit.interfaces import FrontendFingerprint, ModelContext
from ttskit.interfaces.acoustic import PitchStats
from ttskit.plugins import create_registry
from ttskit.runs.folder import RunFolder
from ttskit.symbols import SpeakerTable, SymbolTable

MEL = MelConfig(sample_rate_hz=8_000, fft_samples=256, window_samples=256, hop_samples=96, bands=8, f_max_hz=4_000.0)
SYMBOLS = SymbolTable(("<pad>", " ", "a", "e", "s"), pad="<pad>", space=" ", silent=frozenset(("<pad>", " ")))
OPTIONS = {
    "channels": 8,
    "energy": False,
    **{
        side: {"layers": 1, "heads": 1, "head_channels": 8, "filter_channels": 8, "kernel": 3}
        for side in ("encoder", "decoder")
    },
    **{f"{name}_predictor": {"layers": 1, "filter_channels": 8, "kernel": 3} for name in ("duration", "pitch")},
}


def make_run(folder: Path) -> RunFolder:
    """A run of a tiny model with two checkpoints and a log."""
    registry = create_registry()
    plugin = registry.get("acoustic model", "fastpitch")
    context = ModelContext(MEL, SYMBOLS, SpeakerTable(("ana", "beto")), {"ana": PitchStats(200.0, 30.0)})
    options = plugin.load_options().model_validate(OPTIONS)
    model = plugin.load()(options, context)
    run = RunFolder.create(
        folder,
        kind="acoustic model",
        model="fastpitch",
        options=options,
        context=context,
        frontend=FrontendFingerprint("characters", "1", {"symbols": list(SYMBOLS.symbols), "pad": "<pad>"}),
        registry=registry,
        corpus={"folder": "prepared", "pitch_extractor": "autocorrelation", "provenance": {"corpus": "x"}},
        seed=1,
        steps={"total": 20},
    )
    for step, loss in ((10, 2.0), (20, 1.0)):
        run.save(model, step, {"step": step}, validation_loss=loss)
    rows = [
        {"step": s, "epoch": 0, "split": split, "loss": 1.0, "seconds": 0.1}
        for s in (10, 20)
        for split in ("train", "validation")
    ]
    write_jsonl(folder / "metrics.jsonl", rows)
    return run


def make_corpus(folder: Path) -> PreparedCorpus:
    """A prepared corpus of three utterances with their features and an alignment; without sound."""
    lines, rng = [], np.random.default_rng(0)
    for index, split in enumerate(("train", "validation", "test")):
        name = f"u{index}"
        write_npz(
            folder / "features" / MEL.hash() / f"{name}.npz",
            mel=rng.standard_normal((8, 6)).astype(np.float32),
            pitch_hz=np.full(6, 120, np.float32),
        )
        write_json(
            folder / "alignments" / "reference" / f"{name}.json",
            {"tokens": ["a", "s", "a"], "times_s": [0.0, 0.02, 0.04, 0.07], "durations": [2, 2, 2]},
        )
        lines.append(
            {
                "id": name,
                "speaker": "ana",
                "text": "asa",
                "normalized": "asa",
                "tokens": ["a", "s", "a"],
                "token_words": [0, 0, None],
                "split": split,
                "samples": 560,
                "frames": 6,
                "trim_start_s": 0.0,
                "trim_end_s": 0.1,
                "gain_db": -1.5,
                "source": f"{name}.wav",
            }
        )
    write_jsonl(folder / "manifest.jsonl", lines)
    info = {
        "format": 1,
        "mel": MEL.to_json(),
        "symbols": SYMBOLS.to_json(),
        "speakers": ["ana"],
        "frontend": FrontendFingerprint("spanish", "1", {"dialect": "rioplatense"}).to_json(),
        "settings": {"corpus": {"pitch_extractor": "autocorrelation", "duplicate_similarity": 0.8}},
        "provenance": {"corpus": "made up"},
        "statistics": {"ana": {"pitch_mean_hz": 120.0, "pitch_std_hz": 15.0, "seconds": 60.0, "pitch_range_hz": [60.0, 300.0]}},
    }
    write_json(folder / "corpus.json", info)
    return PreparedCorpus.open(folder)


def _restoring(path: Path, original: bytes, act: Callable[[], object]) -> Act:
    def run() -> None:
        try:
            act()
        finally:
            put(path, original)

    return run


def _lines(rng: random.Random, original: bytes) -> tuple[bytes | None, str]:
    """A file of JSON lines in which one line has gone wrong."""
    lines = original.splitlines()
    index = rng.randrange(len(lines))
    data, said = wrong_json(rng, json.loads(lines[index]))
    if data is None:
        return None, said
    lines[index] = data.replace(b"\n", b" ") if rng.random() < 0.9 else data
    return b"\n".join(lines) + (b"\n" if rng.random() < 0.7 else b""), f"line {index + 1}: {said}"


def runs(folder: Path) -> Maker:
    """run.json, checkpoint.json, metrics.jsonl and config.yaml, and all that reads them."""
    run, registry = make_run(folder / "run"), create_registry()
    (run.path / "config.yaml").write_text("extends: tiny\n", encoding="utf-8")
    files = [
        run.path / "run.json",
        run.path / "run.json",
        run.path / "checkpoints" / "step_00000020" / "checkpoint.json",
        run.path / "metrics.jsonl",
    ]
    whole = {path: path.read_bytes() for path in files}
    RunFolder.open(run.path).load(registry=registry)

    def make(rng: random.Random) -> tuple[str, Act]:
        path = rng.choice(files)
        if path.suffix == ".jsonl":
            data, said = _lines(rng, whole[path])
        else:
            data, said = wrong_json(rng, json.loads(whole[path]))
        put(path, data)

        def act() -> None:
            opened = RunFolder.open(run.path)
            _ = opened.context, opened.frontend, opened.pitch_extractor, opened.total_steps, opened.checkpoints
            rows = opened.metrics("validation")
            assert all(isinstance(row["step"], int) for row in rows)
            opened.load(registry=registry)
            opened.cut_metrics(15)

        log = run.path / "metrics.jsonl"
        restore = _restoring(path, whole[path], act)
        return f"{path.name}: {said}", restore if path == log else _restoring(log, whole[log], restore)

    return make


def corpora(folder: Path) -> Maker:
    """corpus.json, the manifest, alignments and features, and all that reads them."""
    root = make_corpus(folder / "prepared").folder
    alignment, features = root / "alignments" / "reference" / "u0.json", root / "features" / MEL.hash() / "u1.npz"
    files = [root / "corpus.json", root / "manifest.jsonl", alignment, features]
    whole = {path: path.read_bytes() for path in files}

    def make(rng: random.Random) -> tuple[str, Act]:
        path = rng.choice(files)
        if path.suffix == ".jsonl":
            data, said = _lines(rng, whole[path])
        elif path.suffix == ".npz":
            data, said = damaged(rng, whole[path]), "damaged"
        else:
            data, said = wrong_json(rng, json.loads(whole[path]))
        put(path, data)

        def act() -> None:
            corpus = PreparedCorpus.open(root)
            _ = corpus.context(), corpus.pitch_extractor, corpus.split("train")
            for utterance in corpus.utterances[:3]:
                if corpus.has_alignment(utterance, "reference"):
                    corpus.reference_times(utterance)
                    corpus.alignment(utterance, "reference")
                corpus.features(utterance)

        return f"{path.name}: {said}", _restoring(path, whole[path], act)

    return make


def comparisons(folder: Path) -> Maker:
    """results.json of a comparison and what shows it."""
    values = {"value": 1.0, "low": 0.5, "high": 1.5, "count": 3}
    row = {"key": "mcd", "title": "MCD", "unit": "dB", "digits": 2, "values": {"a": values, "b": values}, "differences": []}
    content = {
        "format": 1,
        "title": "a and b",
        "notes": [],
        "systems": [{"label": "a", "runs": ["a"]}, {"label": "b", "runs": ["b"]}],
        "runs": [{"label": "a", "system": "a"}, {"label": "b", "system": "b"}],
        "measurements": {"quality": {"rows": [row], "data": {"x": [1, 2]}}},
        "summary": [row],
    }
    from ttskit.compare.results import FORMAT, RESULTS

    content["format"] = FORMAT
    path = folder / RESULTS
    put(path, json.dumps(content).encode())
    assert ComparisonResults.open(folder).table()[1] == [["MCD", "dB", *["1.00 [0.50, 1.50]"] * 2]]

    def make(rng: random.Random) -> tuple[str, Act]:
        data, said = wrong_json(rng, copy.deepcopy(content))
        put(path, data)

        def act() -> None:
            results = ComparisonResults.open(folder)
            _ = results.labels, results.table()
            with contextlib.suppress(KeyError):  # said to be raised for what is not there
                _ = results.data("quality"), results.row("mcd")

        return said, act

    return make


def labels(folder: Path) -> Maker:
    """Alignments of other tools in JSON."""
    forms: list[Any] = [
        {"tokens": ["a", "s"], "times_s": [0.0, 0.1, 0.2]},
        {"phones": [{"phone": "a", "start": 0.0, "end": 0.1}], "words": [{"word": "a", "start": 0, "end": 0.1}]},
        {"tiers": {"phones": {"entries": [[0, 0.1, "a"], [0.1, 0.2, "s"]]}}},
    ]
    path = folder / "a.json"

    def make(rng: random.Random) -> tuple[str, Act]:
        data, said = wrong_json(rng, rng.choice(forms))
        if path.exists() and path.is_file():
            path.unlink()
        put(path, data)
        return said, lambda: read_labels(path)

    return make
