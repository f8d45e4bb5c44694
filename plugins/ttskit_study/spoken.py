"""What a run said, as files: observations.csv and sentences.json, in the form that reports and statistics read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ttskit.compare.results import COLUMNS
from ttskit.corpus.storage import write_atomic, write_json
from ttskit.errors import CheckpointError
from ttskit.interfaces.measurement import Spoken
from ttskit.measure.plain import plain
from ttskit.measure.run import Measured
from ttskit.reading import Misread, read_json

__all__ = ["read_cell", "read_observations", "tidy", "write_observations", "write_sentences"]

# What of a measurement's data the report shows: the judge's own error, and the planted faults that were seen.
_KEPT = {"robustness": ("recogniser",), "faults": ("smallest", "faults", "sentences", "planted_in")}


def write_observations(path: Path, spoken: Spoken, measured: Sequence[Measured], training_seed: int) -> None:
    """Every number that was measured on one run, a row each, columns `ttskit.compare.results.COLUMNS`.

    Systems are the study's name of the run's system, natural speech and that through the vocoder; these have no training seed.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(spoken, measured, training_seed))
    write_atomic(path, lambda file: file.write_text(text.getvalue(), encoding="utf-8", newline="\n"))


def write_sentences(path: Path, spoken: Spoken, measured: Sequence[Measured], facts: Mapping[str, Any]) -> None:
    """The sentences with text, group, speaker, words, the audio of each sample (below `spoken`/), and what was remarked."""
    remarks: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for one in measured:
        for r in one.findings.remarks:
            said = {"measurement": one.name, "chip": r.chip, "tone": r.tone, "hint": r.hint, "facts": r.facts}
            remarks.setdefault((r.system, r.sentence, r.seed), []).append(said)
    sentences = [
        {
            "id": sentence.id,
            "group": sentence.group,
            "text": sentence.text,
            "words": sentence.words,
            "speaker": sentence.speaker,
            "recorded": sentence.recorded,
            "samples": [
                {
                    "system": s.system,
                    "seed": s.seed,
                    "audio": s.audio_path,
                    "finished": s.finished,
                    "remarks": remarks.get((s.system, sentence.id, s.seed), []),
                }
                for s in spoken.samples
                if s.sentence.id == sentence.id
            ],
        }
        for sentence in spoken.sentences
    ]
    measures = {
        t.row.measure.key: {**t.row.measure.to_json(), "measurement": one.name, "title_of_measurement": one.title}
        for one in measured
        for t in one.rows
    }
    notes = [note for one in measured for note in one.notes]
    data = {
        one.name: {k: one.findings.data[k] for k in _KEPT[one.name] if k in one.findings.data}
        for one in measured
        if one.name in _KEPT
    }
    write_json(path, plain({**facts, "measures": measures, "notes": notes, "data": data, "sentences": sentences}))


def read_observations(path: Path) -> list[dict[str, Any]]:
    """Rows of an observations.csv: numbers as numbers, NaN where undefined, None where a column does not apply.

    Raises:
        CheckpointError: missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ValueError(f"its columns are {', '.join(reader.fieldnames or ()) or 'none'}")
            return [_typed(row) for row in reader]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {str(error)[:200]}"
        raise CheckpointError(f"{path} is missing or damaged", why, "ttskit study run STUDY --retry") from error


def read_cell(path: Path) -> dict[str, Any]:
    """A cell.json.

    Raises:
        CheckpointError: missing or damaged.
    """
    try:
        return read_json(path, dict[str, Any])
    except (OSError, Misread) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(f"{path} is missing or damaged", why, "ttskit study run STUDY --retry") from error


def tidy(cell: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Observations of one run with the columns of its cell: factors, minutes, corpus.

    Natural and vocoded speech belong to no system: they keep their name, without levels of factors.
    """
    for row in rows:
        own = row["system"] == cell["system"]
        factors = {name: value if own else "" for name, value in cell["factors"].items()}
        yield {"system": row["system"], **factors, "minutes": cell["minutes"], "corpus": cell["corpus"], **dict(row)}


def _rows(spoken: Spoken, measured: Sequence[Measured], training_seed: int) -> Iterator[dict[str, Any]]:
    sentences = {s.id: (s.group, s.speaker) for s in spoken.sentences}
    sentences = {u.id: (u.split, u.speaker) for u in spoken.corpus.utterances} | sentences
    trained = set(spoken.labels)
    for one in measured:
        for table in one.rows:
            measure = table.row.measure
            for o in table.row.observations:
                group, speaker = sentences.get(o.sentence, ("", ""))
                yield {
                    "system": o.system,
                    "training_seed": training_seed if o.system in trained else None,
                    "seed": o.seed if o.system in trained else None,
                    "sentence": o.sentence,
                    "group": group,
                    "speaker": speaker,
                    "measurement": one.name,
                    "measure": measure.key,
                    "value": repr(float(o.value) * measure.factor),
                    "unit": measure.unit,
                    "weight": f"{o.weight:g}",
                }


def _typed(row: Mapping[str, str]) -> dict[str, Any]:
    numbers = {"value": float(row["value"]), "weight": float(row["weight"])}
    whole = {name: int(row[name]) if row[name] else None for name in ("training_seed", "seed")}
    return {**row, **numbers, **whole}
