"""What a run said, as files: observations.csv and sentences.json, in the form that reports and statistics read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ttskit.compare.results import read_table
from ttskit.corpus.storage import write_json
from ttskit.errors import CheckpointError
from ttskit.interfaces.measurement import Spoken
from ttskit.measure.plain import plain
from ttskit.measure.run import Measured
from ttskit.reading import Misread, read_json

__all__ = ["read_cell", "read_observations", "tidy", "write_sentences"]

# What of a measurement's data the report shows: the judge's own error, and the planted faults that were seen.
_KEPT = {"robustness": ("recogniser",), "faults": ("smallest", "faults", "sentences", "planted_in")}


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
    """Rows of an observations.csv, as `ttskit.compare.results.read_table` gives them.

    Raises:
        CheckpointError: missing or damaged.
    """
    return read_table(path, "ttskit study run STUDY --retry")


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
