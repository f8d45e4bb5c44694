"""What a fit changed: figures, audio and pictures of held-out clips before and after a vocoder was fitted to a model's mels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.columns import laid_out
from ttskit.config import load_recipe
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.devices import pick_device
from ttskit.errors import TTSKitError
from ttskit.measure.vocoders import cells, held_out_clips, measure_vocoders, table
from ttskit.plugins import Registry, create_registry
from ttskit.runs.files import write_text
from ttskit.runs.folder import RunFolder
from ttskit.runs.forced import ForcedMels
from ttskit.synthesis.load import DEFAULT_VOCODER, load_vocoder

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["CLIPS", "FOLDER", "REPORT", "report_fit"]

CLIPS = 12  # held-out clips that are measured
FOLDER, REPORT = "fit", "figures.json"


def report_fit(
    run: RunFolder,
    corpus: PreparedCorpus | Path | str | None = None,
    *,
    device: str = "auto",
    registry: Registry | None = None,
    console: Console | None = None,
) -> Path | None:
    """Write RUN/fit: figures.json, and audio and pictures of held-out clips before and after; once per run.

    `ttskit train` calls it when the training of a vocoder that was fitted (`--from-acoustic`) is done.

    Args:
        run: the fitted run, done.
        corpus: what it was fitted on; by default the one that the run knows.

    Returns:
        The folder, or None for a run that was not fitted or a corpus without held-out clips.
    """
    facts, folder = run.info.get("from_acoustic"), run.path / FOLDER
    if facts is None:
        return None
    if (folder / REPORT).is_file():
        return folder
    registry = registry or create_registry()
    if not isinstance(corpus, PreparedCorpus):
        corpus = PreparedCorpus.open(corpus or run.info["corpus"]["folder"])
    if not (clips := held_out_clips(corpus, CLIPS)):
        return None
    where = str(pick_device(device))
    recipe = run.recipe(registry) or load_recipe("base", registry=registry)
    notes: list[str] = []
    vocoders: dict[str, Any] = {}
    if run.info.get("init_from"):
        try:
            vocoders["before"] = RunFolder.open(run.info["init_from"]).load(where, registry=registry).model
        except TTSKitError as error:  # moved away since: the fit itself needs it no more
            notes.append(f"no figures from before: {error.what}")
    try:
        other, name = load_vocoder(DEFAULT_VOCODER, corpus.mel, where, registry, recipe)
        vocoders[name] = other.to(where).eval()
    except TTSKitError as error:
        notes.append(f"no figures of {DEFAULT_VOCODER}: {error.what}")
    vocoders["after"] = run.load(where, registry=registry).model
    kinds = {"teacher-forced": ForcedMels(corpus, facts["mels"]), "natural": lambda u: corpus.features(u).mel}
    figures = measure_vocoders(corpus, vocoders, kinds, clips, registry, folder, notes=notes, console=console)
    content = {
        "clips": [u.id for u in clips],
        "from_acoustic": facts,
        "init_from": run.info.get("init_from"),
        "measures": {key: measure.to_json() for f in figures for key, measure in f.measures.items()},
        "figures": [f.to_json() for f in figures],
        "notes": notes,
    }
    write_text(folder / REPORT, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    if console is not None:
        for line in (*notes, f"{len(clips)} held-out clips; audio and pictures: {folder}"):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if console.is_terminal:
            columns, *rows = cells(figures)
            console.print(laid_out(columns, rows, console.width))
        else:
            console.print(table(figures), markup=False, highlight=False, soft_wrap=True)
    return folder
