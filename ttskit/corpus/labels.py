"""Alignments that other tools made: TextGrid (Montreal Forced Aligner, Praat, WebMAUS) and JSON, found by utterance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.corpus.textgrid import TimedLabel, read_textgrid
from ttskit.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedUtterance

__all__ = ["SILENCES", "LabelFolder", "Labels", "is_silence", "read_labels", "spoken"]

# What aligners call silence and noise between words.
SILENCES = frozenset({"", "_", "-", "#", "sil", "sp", "spn", "nsn", "pau", "ssil", "<eps>", "<sil>", "<p:>", "<p>", "silence"})
_TIERS = {"phones": ("phones", "phone", "phonemes", "mau", "segments"), "words": ("words", "word", "ort-mau", "ort")}


@dataclass(frozen=True, slots=True)
class Labels:
    """One utterance's intervals, in time order.

    Args:
        source: the file.
        phones, words: intervals of each tier, silences included; empty if there is none.
        tokens, times_s: our own form instead: tokens and their N + 1 boundaries; or None.
    """

    source: Path
    phones: tuple[TimedLabel, ...] = ()
    words: tuple[TimedLabel, ...] = ()
    tokens: tuple[str, ...] | None = None
    times_s: tuple[float, ...] | None = None

    @property
    def end_s(self) -> float:
        """Where the last interval ends."""
        if self.times_s is not None:
            return self.times_s[-1]
        return max((tier[-1].end_s for tier in (self.phones, self.words) if tier), default=0.0)


def is_silence(label: str) -> bool:
    """Whether a label stands for no sound.

    >>> is_silence("SIL"), is_silence("a")
    (True, False)
    """
    return label.strip().lower() in SILENCES


def read_labels(path: Path) -> Labels:
    """Read a TextGrid or JSON file.

    JSON is ours (`{"tokens", "times_s"}`), a list of phones and words (`{"phones": [{"phone", "start", "end"}], "words": …}`),
    or MFA's (`{"tiers": {"phones": {"entries": [[start, end, label], …]}}}`). Times are seconds of the recording.

    Raises:
        CorpusError: it cannot be read, has neither phones nor words, or times that do not rise.
    """
    path = Path(path)
    if path.suffix.lower() != ".json":
        return _checked(path, _picked(path, read_textgrid(path)))
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if "times_s" in data:
            labels = Labels(path, tokens=tuple(map(str, data["tokens"])), times_s=tuple(map(float, data["times_s"])))
        elif "tiers" in data:
            tiers = {
                name: tuple(TimedLabel(float(a), float(b), str(c)) for a, b, c in tier["entries"])
                for name, tier in data["tiers"].items()
            }
            labels = _picked(path, tiers)
        else:
            tiers = {name: tuple(_entry(e) for e in data[name]) for name in ("phones", "words") if name in data}
            labels = _picked(path, tiers)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise CorpusError(
            f"{path} is not an alignment file that can be read", why, "TextGrid, or JSON with phones or tokens"
        ) from error
    return _checked(path, labels)


def _entry(entry: Mapping[str, Any]) -> TimedLabel:
    label = next(entry[key] for key in ("label", "phone", "word", "text") if key in entry)
    return TimedLabel(float(entry["start"]), float(entry["end"]), str(label))


def _picked(path: Path, tiers: Mapping[str, tuple[TimedLabel, ...]]) -> Labels:
    """The tiers of phones and words among the file's; "ana - phones" is one of phones."""
    found: dict[str, tuple[TimedLabel, ...]] = {}
    for role, names in _TIERS.items():
        for name, intervals in tiers.items():
            if name.strip().lower().rpartition(" - ")[2] in names and role not in found:
                found[role] = intervals
    if not any(found.values()):
        raise CorpusError(
            f"{path} has neither phones nor words",
            f"tiers: {', '.join(tiers) or 'none'}",
            'name the tiers "phones" and "words"',
        )
    return Labels(path, **found)


def _checked(path: Path, labels: Labels) -> Labels:
    for tier in (labels.phones, labels.words):
        for before, after in pairwise(tier):
            if after.start_s < before.end_s - 1e-3 or after.end_s < after.start_s:
                raise CorpusError(f"{path} has intervals that overlap", f"{before} and {after}", "correct it in Praat")
    times = labels.times_s
    if times is not None and (len(times) != len(labels.tokens) + 1 or any(b < a for a, b in pairwise(times))):
        raise CorpusError(f"{path}: times_s must be {len(labels.tokens) + 1} rising numbers", f"there are {len(times)}", "")
    return labels


class LabelFolder:
    """The alignment files of a folder, by utterance: the id's name, or that of the recording, in any subfolder.

    Raises:
        UsageError: there is no such file in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        files = [p for p in sorted(self.folder.rglob("*")) if p.suffix.lower() in (".textgrid", ".json") and p.is_file()]
        if not files:
            raise UsageError(
                f"no alignments in {folder}",
                "there is neither a run.json nor a .TextGrid or .json file",
                "--from RUN, or a folder with one TextGrid per utterance",
            )
        self._files: dict[str, list[Path]] = {}
        for file in files:
            self._files.setdefault(file.stem.lower(), []).append(file)

    def of(self, utterance: PreparedUtterance) -> Path | None:
        """The utterance's file; None if there is none.

        Raises:
            CorpusError: several could be it.
        """
        source = Path(utterance.source.replace("\\", "/"))
        for name in (utterance.id, source.stem):
            found = self._files.get(name.lower(), [])
            textgrids = {f.parent for f in found if f.suffix.lower() == ".textgrid"}
            found = [f for f in found if f.suffix.lower() == ".textgrid" or f.parent not in textgrids]
            if len(found) > 1:  # the same name under several speakers: the one whose folders agree
                wanted = {*source.parts[:-1], utterance.speaker}
                found = [f for f in found if wanted & set(f.relative_to(self.folder).parts[:-1])] or found
            if len(found) > 1:
                raise CorpusError(
                    f"several alignments could be of {utterance.id!r}",
                    ", ".join(map(str, found[:3])),
                    "keep one, or name them by the ids in manifest.jsonl",
                )
            if found:
                return found[0]
        return None


def spoken(tier: Iterable[TimedLabel]) -> list[TimedLabel]:
    """The intervals that are no silence and last."""
    return [one for one in tier if not is_silence(one.label) and one.end_s > one.start_s]
