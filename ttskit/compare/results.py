"""What a comparison found, as data: results.json, and every number in measurements.csv. `docs/results.md` has the schema."""

from __future__ import annotations

import csv
import io
import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from markupsafe import Markup

from ttskit.compare.stored import StoredResults
from ttskit.compare.summary import answer_of, lines_of, summary_of
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.storage import write_atomic, write_json
from ttskit.errors import CheckpointError
from ttskit.interfaces.measurement import Spoken
from ttskit.measure.plain import plain, show
from ttskit.measure.run import Measured
from ttskit.measure.systems import System, by_system
from ttskit.messages import translated
from ttskit.reading import Misread, as_type, read_json, shown
from ttskit.runs.folder import plain_options

__all__ = [
    "COLUMNS",
    "FORMAT",
    "RESULTS",
    "TABLE",
    "ComparisonResults",
    "content_of",
    "read_table",
    "write_results",
    "write_table",
]

FORMAT = 3  # of results.json and measurements.csv; raised when a key or column changes its meaning
_MOST_BYTES = 256 << 20
RESULTS, TABLE = "results.json", "measurements.csv"
COLUMNS = (
    "system",
    "training_seed",
    "seed",
    "sentence",
    "group",
    "speaker",
    "measurement",
    "measure",
    "value",
    "unit",
    "weight",
)


@dataclass(frozen=True)
class ComparisonResults:
    """A comparison on disk.

    Args:
        folder: holds index.html, results.json, measurements.csv, audio/ and figures/.
        content: what results.json holds.
    """

    folder: Path
    content: dict

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.folder / "index.html"

    @property
    def labels(self) -> list[str]:
        """Names of the systems compared."""
        return [s["label"] for s in self.content["systems"]]

    @classmethod
    def open(cls, folder: Path | str) -> ComparisonResults:
        """Read results.json.

        Raises:
            CheckpointError: missing, damaged or from another version.
        """
        path = Path(folder) / RESULTS
        try:
            content = as_type(dict[str, Any], read_json(path, limit_bytes=_MOST_BYTES))
            found = as_type(int, content.get("format"), "format")
        except (OSError, Misread) as error:
            fix = "ttskit compare RUN RUN -o OUT"
            why = f"{path}: {getattr(error, 'strerror', None) or error}"
            raise CheckpointError(f"{folder} is not a comparison", why, fix) from error
        if found != FORMAT:
            raise CheckpointError(
                f"{folder} was written by another version", f"format {shown(found)}, need {FORMAT}", "compare again"
            )
        try:
            as_type(StoredResults, content)
        except Misread as error:
            raise CheckpointError(f"{path} is damaged", str(error), "compare again") from error
        return cls(Path(folder), content)

    def row(self, key: str) -> dict:
        """The row of a measure: what it is, its values (intervals) by system, differences.

        Raises:
            KeyError: no measurement gave it.
        """
        for measurement in self.content["measurements"].values():
            for row in measurement["rows"]:
                if row["key"] == key:
                    return row
        raise KeyError(key)

    def data(self, measurement: str) -> dict:
        """What a measurement left besides its rows."""
        return self.content["measurements"][measurement]["data"]

    def observations(self, measure: str | None = None) -> list[dict[str, Any]]:
        """The rows of measurements.csv (of one measure): numbers as numbers, NaN where undefined, None where not applicable.

        Raises:
            CheckpointError: the table is missing or damaged.
        """
        return [row for row in read_table(self.folder / TABLE) if measure is None or row["measure"] == measure]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The summary: column names and rows of text."""
        return (
            ["measure", "unit", *self.labels],
            [
                [row["title"], row["unit"], *(show(row["values"].get(n), row["digits"]) for n in self.labels)]
                for row in self.content["summary"]
            ],
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the summary, and the way to the page."""
        columns, rows = self.table()
        head = Markup("").join(Markup("<th>{}</th>").format(translated(column)) for column in columns)
        lines = Markup("").join(
            Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(translated(cell)) for cell in row))
            for row in rows
        )
        table = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, lines)
        page = Markup('<p><a href="{}">{}</a></p>').format(self.page.as_posix(), translated("the whole page"))
        return str(table + page)


def content_of(
    spoken: Spoken,
    measured: Sequence[Measured],
    facts: Sequence[dict],
    chosen: Mapping[str, Any],
    stages_s: Mapping[str, float],
    given: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict:
    """What results.json holds, as plain data.

    Args:
        given: "help" of each system and "cost" of each run, by label, as plain data.
    """
    given, confidence = given or {}, spoken.settings.confidence
    groups, lines = by_system(spoken.systems), lines_of(spoken.systems, measured, spoken.settings.confidence)
    notes = [note for s in spoken.systems for note in s.voice.notes] + [note for one in measured for note in one.notes]
    return plain(
        {
            "format": FORMAT,
            "title": " and ".join(groups),
            "answer": answer_of(lines, spoken.systems, confidence),
            "systems": [_system(name, own, given.get("help", {}).get(name)) for name, own in groups.items()],
            "runs": [_run(s, given.get("cost", {}).get(s.label)) for s in spoken.systems],
            "corpus": _corpus(spoken.corpus),
            "comparability": list(facts),
            "summary": summary_of(lines, spoken.systems, confidence),
            "measurements": {one.name: _measurement(one, spoken.folder) for one in measured if one.found_something},
            "sentences": _sentences(spoken, measured),
            "settings": {**spoken.settings.model_dump(mode="json"), **chosen, "device": spoken.device},
            "environment": _environment(spoken.device),
            "notes": list(dict.fromkeys(notes)),
            "stages_s": dict(stages_s),
        }
    )


def write_results(out: Path, content: dict, spoken: Spoken | None = None, measured: Sequence[Measured] = ()) -> None:
    """Write results.json and, with what it was made from, measurements.csv."""
    if spoken is not None:
        write_table(out / TABLE, spoken, measured)
    write_json(out / RESULTS, plain(content))


def write_table(path: Path, spoken: Spoken, measured: Sequence[Measured]) -> None:
    """Every number that was measured, a row each, in the unit of its measure; columns `COLUMNS`."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_long(spoken, measured))
    write_atomic(path, lambda file: file.write_text(text.getvalue(), encoding="utf-8", newline="\n"))


def read_table(path: Path, fix: str = "compare again") -> list[dict[str, Any]]:
    """The rows of what `write_table` wrote: numbers as numbers, NaN where undefined, None where a column does not apply.

    Args:
        path: the file.
        fix: what its error advises.

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
        raise CheckpointError(f"{path} is missing or damaged", why, fix) from error


def _long(spoken: Spoken, measured: Sequence[Measured]) -> Iterator[dict[str, Any]]:
    """Every observation as a row of the long table, in the unit of its measure."""
    sentences = {s.id: (s.group, s.speaker) for s in spoken.sentences}
    sentences = {u.id: (u.split, u.speaker) for u in spoken.corpus.utterances} | sentences
    training = {s.label: s.seed for s in spoken.systems}
    of = {s.label: s.system for s in spoken.systems}
    for one in measured:
        for table in one.rows:
            measure = table.row.measure
            for o in table.row.observations:
                group, speaker = sentences.get(o.sentence, ("", ""))
                yield {
                    "system": of.get(o.system, o.system),
                    "training_seed": training.get(o.system),
                    "seed": o.seed if o.system in training else None,
                    "sentence": o.sentence,
                    "group": group,
                    "speaker": speaker,
                    "measurement": one.name,
                    "measure": measure.key,
                    "value": repr(float(o.value) * measure.factor),
                    "unit": measure.unit,
                    "weight": f"{o.weight:g}",
                }


def _typed(row: dict[str, str]) -> dict[str, Any]:
    numbers = {"value": float(row["value"]), "weight": float(row["weight"])}
    whole = {name: int(row[name]) if row[name] else None for name in ("training_seed", "seed")}
    return {**row, **numbers, **whole}


def _measurement(one: Measured, folder: Path) -> dict:
    return {
        "title": one.title,
        "plugin": one.origin,
        "rows": [table.to_json() | {"summary": table.row.summary} for table in one.rows],
        "figures": {name: path.relative_to(folder).as_posix() for name, path in one.findings.figures.items()},
        "data": one.findings.data,
        "notes": one.notes,
        "seconds": one.seconds,
    }


def _sentences(spoken: Spoken, measured: Sequence[Measured]) -> list[dict]:
    """Every sentence with its samples, and what measurements remarked on each."""
    remarks: dict[tuple[str, str, int], list[dict]] = {}
    for one in measured:
        for r in one.findings.remarks:
            said = {
                "measurement": one.name,
                "chip": r.chip,
                "tone": r.tone,
                "hint": r.hint,
                "facts": r.facts,
                "details": r.details,
            }
            remarks.setdefault((r.system, r.sentence, r.seed), []).append(said)
        for table in one.rows:
            m = table.row.measure
            for o in table.row.observations if m.brief else ():
                if o.sentence and math.isfinite(o.value):
                    fact = f"{m.brief} {o.value * m.factor:,.{m.digits}f} {m.unit}".strip()
                    said = {"measurement": one.name, "chip": "", "tone": "ok", "hint": "", "facts": [fact], "details": {}}
                    remarks.setdefault((o.system, o.sentence, o.seed or 0), []).append(said)
    return [
        {
            "id": sentence.id,
            "group": sentence.group,
            "text": sentence.text,
            "words": sentence.words,
            "speaker": sentence.speaker,
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


def _system(label: str, runs: Sequence[System], help: Mapping[str, Any] | None) -> dict:
    first = runs[0]
    return {
        "label": label,
        "runs": [run.label for run in runs],
        "model": first.loaded.name,
        "decoding": first.decoding,
        "parameters": first.parameters,
        "frames_per_step": first.frames_per_step,
        "step": first.loaded.step,
        "given_durations": first.given_durations,
        "alignment": first.alignment if first.given_durations else None,
        "aids": first.aids,
        "help": help,
        "options": plain_options(first.loaded.options),
        "plugin": first.run.info.get("plugin"),
    }


def _run(system: System, cost: Mapping[str, Any] | None) -> dict:
    steps = system.run.info.get("steps")
    return {
        "label": system.label,
        "system": system.system,
        "run": system.run.path.name,
        "seed": system.seed,
        "step": system.loaded.step,
        "budget": steps if isinstance(steps, dict) else {},
        "cost": cost,
    }


def _corpus(corpus: PreparedCorpus) -> dict:
    rate = corpus.mel.sample_rate_hz
    return {
        "name": corpus.folder.name,
        "speakers": corpus.speakers.names,
        "mel": corpus.mel.to_json(),
        "frontend": corpus.frontend.to_json(),
        "splits": {
            s: {"utterances": len(own := corpus.split(s)), "seconds": sum(u.samples for u in own) / rate}
            for s in ("train", "validation", "test")
        },
    }


def _environment(device: str) -> dict:
    packages = {}
    for name in ("ttskit", "torch", "numpy", "librosa", "scipy"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.processor() or platform.machine()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device,
        "device_name": name,
        "threads": torch.get_num_threads(),
        "packages": packages,
    }
