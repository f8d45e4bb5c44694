"""Corpora without a list: a text file for each recording, beside it or in a tree of texts like the tree of recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ttskit.audio.kinds import SUFFIXES
from ttskit.corpus.problems import Problem
from ttskit.corpus.recordings import is_audio
from ttskit.corpus.sources import CorpusReading, add_utterance
from ttskit.errors import InputError
from ttskit.texts import read_text

__all__ = ["SHEETS", "read_beside", "speaks_beside"]

SHEETS = (
    ".xlsx",
    ".xls",
    ".ods",
    ".docx",
    ".doc",
    ".odt",
    ".numbers",
    ".srt",
    ".vtt",
    ".eaf",
    ".xml",
    ".parquet",
    ".arrow",
    ".feather",
)
_SUFFIXES = (".txt", ".lab", ".normalized.txt", ".original.txt")
_AUDIO_TREES = frozenset(
    "wavs wav wav48 wav16 wav22 wav48_silence_trimmed audio audios clips flac mp3 recordings grabaciones".split()
)
_TEXT_TREES = ("txt", "text", "texts", "lab", "labs", "transcripts", "transcript", "transcripciones", "textos", "prompts")


def read_beside(reading: CorpusReading, folder: Path, part: Path | None, speaker: str | None) -> None:
    """Add the recordings below `part` (None: those in `folder` itself) with the text that belongs to each.

    The speaker is the first folder that is more than a place for audio; without one, `speaker` or the corpus's own name.
    """
    files = part.rglob("*") if part is not None else folder.iterdir()
    best: dict[Path, Path] = {}  # one recording in several formats is one utterance
    for path in sorted((p for p in files if p.is_file() and is_audio(p)), key=lambda p: SUFFIXES.index(p.suffix.lower())):
        best.setdefault(path.with_suffix(""), path)
    for audio in sorted(best.values()):
        parts = audio.relative_to(folder).with_suffix("").parts
        people = [name for name in parts[:-1] if name.casefold() not in _AUDIO_TREES]
        name = people[0] if people else speaker or folder.resolve().name
        id = "_".join(parts)
        add_utterance(reading, folder, audio, id, name, _text_of(folder, audio, reading), id)


def speaks_beside(folder: Path) -> bool:
    """Whether any recording below `folder` has a text of its own."""
    recordings = (p for p in folder.rglob("*") if p.is_file() and is_audio(p))
    return any(any(text.is_file() for text in _places(folder, audio)) for audio, _ in zip(recordings, range(500), strict=False))


def _places(folder: Path, audio: Path) -> Iterator[Path]:
    """Where the text of a recording may lie, the nearest first."""
    stems = [audio.stem, *([audio.stem[:-5]] if audio.stem[-5:] in ("_mic1", "_mic2") else [])]
    parts = audio.relative_to(folder).parts
    trees = [audio.parent]
    for i, name in enumerate(parts[:-1]):
        if name.casefold() in _AUDIO_TREES:
            for tree in _TEXT_TREES:
                trees.append(folder.joinpath(*parts[:i], tree, *parts[i + 1 : -1]))
    trees += [audio.parent / tree for tree in _TEXT_TREES]
    for parent in trees:
        for stem in stems:
            yield from (parent / (stem + suffix) for suffix in _SUFFIXES)


def _text_of(folder: Path, audio: Path, reading: CorpusReading) -> str:
    path = next((p for p in _places(folder, audio) if p.is_file()), None)
    if path is None:
        return ""
    shown = path.relative_to(folder).as_posix()
    try:
        decoded = read_text(path)
    except InputError as error:
        reading.problems.append(Problem(shown, "no text", f"{error.what}: {error.why}", skipped=False))
        return ""
    reading.problems += [Problem(f"{shown}:{n.line}", n.kind, n.reason, skipped=n.lost) for n in decoded.notes]
    return "" if decoded.lost_lines() else decoded.text
