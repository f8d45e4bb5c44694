"""What readers give: utterances as found, and the problems met on the way."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from ttskit.corpus.problems import Problem
from ttskit.errors import UsageError
from ttskit.texts import readable

__all__ = ["CorpusReading", "SourceUtterance", "add_utterance", "of_speaker", "reference_of", "safe_name", "without_duplicates"]


@dataclass(frozen=True, slots=True)
class SourceUtterance:
    """A recording and its text, as found.

    Args:
        id: unique in the corpus and fit for a file name.
        speaker: name.
        audio: the file, which need not exist or be readable yet.
        text: as written, in one row and without invisible characters (`ttskit.texts.readable`).
        reference: a JSON file with exact token times, if the corpus has one.
    """

    id: str
    speaker: str
    audio: Path
    text: str
    reference: Path | None = None


@dataclass
class CorpusReading:
    """What a reader found: utterances, and problems met on the way.

    Args:
        understood: a line for each list: what its columns were taken for. `prepare` shows it before work starts.
    """

    utterances: list[SourceUtterance] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    understood: tuple[str, ...] = ()


def safe_name(text: str) -> str:
    """`text` as a file name that every system takes: path separators and the characters Windows refuses become "_"."""
    name = "".join("_" if c in '/\\<>:"|?*' or ord(c) < 32 else c for c in text).strip(" .")
    return unicodedata.normalize("NFC", name) or "_"


def add_utterance(reading: CorpusReading, root: Path, audio: Path, id: str, speaker: str, text: str, where: str) -> None:
    """Add an utterance; a recording outside `root` is refused, and listed as a problem at `where`."""
    base, place = os.path.normpath(root.absolute()), os.path.normpath(audio.absolute())
    if not place.startswith(base + os.sep):  # by name: links that people set up are theirs
        reading.problems.append(Problem(where, "outside", f"{audio} lies outside the corpus folder: refused"))
        return
    id = safe_name(id)
    reading.utterances.append(SourceUtterance(id, speaker, audio, readable(text), reference_of(root, id)))


def reference_of(root: Path, id: str) -> Path | None:
    """The exact token times of an utterance, where the corpus has them."""
    path = root / "alignments" / f"{id}.json"
    try:
        return path if path.is_file() else None
    except OSError:  # a name longer than file systems take
        return None


def without_duplicates(reading: CorpusReading) -> CorpusReading:
    """Keep the first of utterances that share an id (letter case ignored, as some file systems do)."""
    seen: dict[str, SourceUtterance] = {}
    problems = list(reading.problems)
    for u in reading.utterances:
        first = seen.setdefault(u.id.casefold(), u)
        if first is not u:
            problems.append(
                Problem(u.id, "duplicate id", f"text {u.text[:40]!r}; the first, with {first.text[:40]!r}, is used")
            )
    return CorpusReading(list(seen.values()), problems, reading.understood)


def of_speaker(reading: CorpusReading, speaker: str | None) -> CorpusReading:
    """What `speaker` says; everything where it is None.

    Raises:
        UsageError: nobody of that name.
    """
    if speaker is None:
        return reading
    names = sorted({u.speaker for u in reading.utterances})
    if speaker not in names:
        near = get_close_matches(speaker, names, n=1)
        raise UsageError(
            f"no speaker {speaker!r} in the corpus",
            f"speakers: {', '.join(names) or 'none'}",
            f"--speaker {near[0]}" if near else "leave --speaker out to take all",
        )
    return CorpusReading([u for u in reading.utterances if u.speaker == speaker], reading.problems, reading.understood)
