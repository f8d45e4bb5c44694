"""Frames per token of a whole prepared corpus: from a trained model's own alignment, or from files of other tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ttskit.corpus.batches import full_batch, require_known
from ttskit.corpus.external import external_durations
from ttskit.corpus.labels import LabelFolder
from ttskit.corpus.matching import Listener
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance, require_alignment_name
from ttskit.corpus.problems import Problem
from ttskit.corpus.show_alignment import draw, save_textgrid
from ttskit.corpus.storage import write_jsonl
from ttskit.corpus.times import boundary_errors_ms
from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.offers import phonetics_of, some_declaring
from ttskit.plugins import Registry, create_registry
from ttskit.progress import progress
from ttskit.reading import Misread, read_json
from ttskit.runs.checkpoints import choose
from ttskit.runs.folder import RunFolder

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ROWS", "WITHIN_MS", "AlignReport", "Aligned", "align", "alignment_source"]

WITHIN_MS = (20, 25, 50)
_SOURCE = "source.jsonl"  # in the alignment's folder, where the file of an utterance ends in .json
ROWS = 16  # utterances that a model aligns at once


@dataclass(frozen=True)
class AlignReport:
    """What `align` did.

    Args:
        name: the alignment's.
        utterances: how many have it now.
        errors_ms: absolute errors of phone onsets against the corpus's exact times; empty without them.
        problems: what could not be aligned, or was noticed.
    """

    name: str
    utterances: int
    errors_ms: np.ndarray
    problems: tuple[Problem, ...] = field(default=())

    @property
    def boundary_error_ms(self) -> float | None:
        """Mean error, None without exact times."""
        return float(self.errors_ms.mean()) if len(self.errors_ms) else None

    @property
    def median_error_ms(self) -> float | None:
        """Median error, None without exact times."""
        return float(np.median(self.errors_ms)) if len(self.errors_ms) else None

    def within(self, limit_ms: float) -> float | None:
        """Share of onsets with an error of at most `limit_ms`."""
        return float((self.errors_ms <= limit_ms).mean()) if len(self.errors_ms) else None

    def to_json(self) -> dict:
        """Plain data."""
        return {
            "name": self.name,
            "utterances": self.utterances,
            "boundaries": len(self.errors_ms),
            "boundary_error_ms": self.boundary_error_ms,
            "median_error_ms": self.median_error_ms,
            **{f"within_{limit}_ms": self.within(limit) for limit in WITHIN_MS},
            "problems": [p.to_json() for p in self.problems],
        }


def align(
    data: Path,
    source: Path,
    *,
    name: str = "aligned",
    checkpoint: str | int = "last",
    device: str = "cpu",
    splits: Sequence[str] = ("train", "validation", "test"),
    textgrid: bool = True,
    pictures: int = 0,
    registry: Registry | None = None,
    console: Console | None = None,
) -> AlignReport:
    """Align every utterance of `data` and keep the durations under `name`.

    Args:
        data: prepared corpus.
        source: run of a model that aligns, or folder of TextGrid, csv or JSON files.
        name: of the alignment, for `training.alignment`.
        checkpoint, device: of the run.
        splits: which utterances.
        textgrid: write a TextGrid per utterance beside the durations.
        pictures: how many pictures to draw.
        registry: plugins.
        console: where progress goes; None: nowhere.

    Raises:
        UsageError: the model does not align, there are no files, or `name` is no name for an alignment.
        MismatchError: the run does not know all symbols and speakers of the corpus, or has another mel.
        CorpusError: not one utterance could be aligned.
    """
    require_alignment_name(name)
    corpus = PreparedCorpus.open(data)
    source = Path(source)
    utterances = [u for split in splits for u in corpus.split(split)]
    registry = registry or create_registry()
    if source.is_dir() and not (source / "run.json").is_file():
        found = _from_files(corpus, utterances, source, registry)
    else:
        found = _from_run(corpus, utterances, source, checkpoint, device, registry)
    errors: list[np.ndarray] = []
    problems: list[Problem] = []
    count = 0
    place = corpus.folder / "alignments" / name
    with progress(console, "aligning", len(utterances)) as advance:
        for utterance, frames, noticed in found:
            advance()
            problems += noticed
            if frames is None:
                (place / f"{utterance.id}.json").unlink(missing_ok=True)  # of an earlier alignment under this name
                continue
            corpus.write_alignment(name, utterance, frames)
            errors.append(boundary_errors_ms(corpus, utterance, frames))
            if textgrid or count < pictures:
                if textgrid:
                    save_textgrid(place / "textgrid" / f"{utterance.id}.TextGrid", corpus, utterance, frames)
                if count < pictures:
                    draw(place / "pictures" / f"{utterance.id}.png", corpus, utterance, frames)
            count += 1
    if not count:
        raise CorpusError(f"nothing could be aligned from {source}", _counted(problems), f"see {place / 'problems.jsonl'}")
    if problems or (place / "problems.jsonl").is_file():
        write_jsonl(place / "problems.jsonl", (p.to_json() for p in problems))
    write_jsonl(place / _SOURCE, [_facts_of(source, checkpoint)])
    return AlignReport(name, count, np.concatenate(errors), tuple(problems))


def alignment_source(corpus: PreparedCorpus, name: str) -> dict[str, Any]:
    """What made an alignment, as far as it is known: its cost is that of whatever trains on it.

    Returns:
        `kind`, "run" or "files", and `source`, its name; of a run also its `folder`, `model`, `steps` and the `seconds` of its
        training. Nothing for an alignment that was made before this was kept.
    """
    try:
        return read_json(corpus.folder / "alignments" / name / _SOURCE, dict[str, Any])
    except (OSError, Misread):
        return {}


def _facts_of(source: Path, checkpoint: str | int) -> dict[str, Any]:
    """What `alignment_source` tells of a run or of a folder of files."""
    if not (source / "run.json").is_file():
        return {"kind": "files", "source": source.name}
    run = RunFolder.open(source)
    step = choose(run.checkpoints, checkpoint, run.path).step
    rows = [row for row in run.metrics("train") if row["step"] <= step] if (source / "metrics.jsonl").is_file() else []
    seconds = max((row["seconds"] for row in rows if isinstance(row.get("seconds"), (int, float))), default=None)
    known = {"folder": str(source.resolve()), "model": run.model, "steps": step, "seconds": seconds}
    return {"kind": "run", "source": source.resolve().name, **known}


def _counted(problems: Sequence[Problem]) -> str:
    kinds = Counter(p.kind for p in problems)
    first = f"; {problems[0].id}: {problems[0].reason}" if problems else ""
    return ", ".join(f"{n} × {kind}" for kind, n in kinds.most_common()) + first


Aligned = tuple["PreparedUtterance", "np.ndarray | None", list[Problem]]


def _from_files(
    corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance], folder: Path, registry: Registry
) -> Iterator[Aligned]:
    files, listener = LabelFolder(folder), Listener(phonetics_of(corpus.frontend.name, registry))
    for utterance in utterances:
        frames, problems = external_durations(corpus, utterance, files, listener)
        yield utterance, frames, problems


def _from_run(
    corpus: PreparedCorpus,
    utterances: Sequence[PreparedUtterance],
    run: Path,
    checkpoint: str | int,
    device: str,
    registry: Registry,
) -> Iterator[Aligned]:
    loaded = RunFolder.open(run).load(device=device, checkpoint=checkpoint, registry=registry)
    if not registry.get(loaded.kind, loaded.name).facts.get("aligns"):
        raise UsageError(
            f"{loaded.name!r} cannot align speech",
            f"run {run}",
            f"use a run of {some_declaring(registry, 'acoustic model', aligns=True)}",
        )
    if loaded.context.mel != corpus.mel:
        raise MismatchError(
            f"run {run} was not trained on features of {corpus.folder}", "the mel differs", "train the aligner on this corpus"
        )
    require_known(corpus, loaded.context, run.name)
    model = loaded.model.eval()
    # What it was led by in training is not given to it here: the alignment is to be its own.
    features = tuple(f for f in getattr(model, "features", ()) if f != "durations")
    ordered = sorted(utterances, key=lambda u: -u.frames)
    for first in range(0, len(ordered), ROWS):
        chunk = {u.id: u for u in ordered[first : first + ROWS]}
        batch = full_batch(corpus, list(chunk.values()), features=features, context=loaded.context)
        with torch.inference_mode():
            durations = model.durations(batch.to(device)).cpu().numpy()
        for row, item in enumerate(batch.ids):
            yield chunk[item], durations[row, : len(chunk[item].tokens)], []
