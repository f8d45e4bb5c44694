"""Alignments that other tools made: TextGrid (Montreal Forced Aligner, Praat, WebMAUS), tables and JSON, found by utterance."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.corpus.label_tables import TABLE_SUFFIXES, read_table
from ttskit.corpus.textgrid import TimedLabel, read_alignment_text, read_grid, time_of
from ttskit.corpus.tier_names import role_of
from ttskit.errors import CorpusError, UsageError
from ttskit.reading import shown

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedUtterance

__all__ = ["SILENCES", "LabelFolder", "Labels", "is_silence", "read_labels", "spoken"]

# What aligners call silence and noise between words.
SILENCES = frozenset({"", "_", "-", "#", "sil", "sp", "spn", "nsn", "pau", "ssil", "<eps>", "<sil>", "<p:>", "<p>", "silence"})
_ROUNDING_S = 0.011  # by which neighbours may overlap: times with two decimals
# Of several files of one name in a folder the first kind counts.
_KINDS = (".textgrid", ".json", *TABLE_SUFFIXES)
_Tiers = Iterable[tuple[str, Sequence[TimedLabel]]]


@dataclass(frozen=True, slots=True)
class Labels:
    """One utterance's intervals, in time order.

    Args:
        source: the file.
        phones, words: intervals of each tier, silences included; empty if there is none.
        tokens, times_s: our own form instead: tokens and their N + 1 boundaries; or None.
        start_s: where the file's clock begins.
        until_s: where it ends, the silence after the last label included; None where the file does not say.
        notes: what a person should know of how the file was read.
    """

    source: Path
    phones: tuple[TimedLabel, ...] = ()
    words: tuple[TimedLabel, ...] = ()
    tokens: tuple[str, ...] | None = None
    times_s: tuple[float, ...] | None = None
    start_s: float = 0.0
    until_s: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def middle_s(self) -> float:
        """Half way between the first sound and the last; 0 without sounds."""
        sounds = [one for tier in (self.phones, self.words) for one in spoken(tier)]
        return (min(one.start_s for one in sounds) + max(one.end_s for one in sounds)) / 2 if sounds else 0.0

    @property
    def end_s(self) -> float:
        """Where the last interval ends."""
        if self.times_s is not None:
            return self.times_s[-1]
        return max((tier[-1].end_s for tier in (self.phones, self.words) if tier), default=0.0)

    def earlier(self, by_s: float) -> Labels:
        """The same on a clock that begins `by_s` later."""
        if not by_s:
            return self
        phones, words = (
            tuple([TimedLabel(round(i.start_s - by_s, 9), round(i.end_s - by_s, 9), i.label) for i in t])
            for t in (self.phones, self.words)
        )
        times = None if self.times_s is None else tuple([t - by_s for t in self.times_s])
        until = None if self.until_s is None else self.until_s - by_s
        return replace(self, phones=phones, words=words, times_s=times, start_s=self.start_s - by_s, until_s=until)


def is_silence(label: str) -> bool:
    """Whether a label stands for no sound.

    >>> is_silence("SIL"), is_silence("a")
    (True, False)
    """
    return label.strip().lower() in SILENCES


def read_labels(path: Path, speaker: str = "") -> Labels:
    """Read a TextGrid, a table or a JSON file.

    JSON is ours (`{"tokens", "times_s"}`), a list of phones and words (`{"phones": [{"phone", "start", "end"}], "words": …}`),
    or MFA's (`{"tiers": {"phones": {"entries": [[start, end, label], …]}}}`). Times are seconds of the recording, or of the
    clock that begins with the file's first ("xmin", "start").

    Args:
        speaker: whose tiers are meant where there are several speakers'.

    Raises:
        CorpusError: it cannot be read, has neither phones nor words, or times that are none or do not rise.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES:
        tiers, notes = read_table(path)
        return _checked(path, replace(_picked(path, tiers, speaker), notes=notes))
    if suffix != ".json":
        grid = read_grid(path)
        labels = _picked(path, grid.tiers, speaker)
        until = max(grid.end_s, labels.end_s)
        return _checked(path, replace(labels, start_s=grid.start_s, until_s=until, notes=grid.notes))
    content = read_alignment_text(path)
    try:
        data = json.loads(content.text)
        if "times_s" in data:
            times = tuple([_time(t) for t in _filled(data, "times_s")])
            labels = Labels(path, tokens=tuple(map(str, _filled(data, "tokens"))), times_s=times, until_s=times[-1])
        elif "tiers" in data:
            found = [
                (name, [TimedLabel(_time(a), _time(b), str(c)) for a, b, c in tier["entries"]])
                for name, tier in data["tiers"].items()
            ]
            labels = replace(_picked(path, found, speaker), start_s=_time(data.get("start", 0)))
            labels = replace(labels, until_s=_time(data["end"])) if "end" in data else labels
        else:
            found = [(name, [_entry(e) for e in data[name]]) for name in ("phones", "words") if name in data]
            labels = _picked(path, found, speaker)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, StopIteration) as error:
        why = f"{type(error).__name__}: {error!s:.200}"
        raise CorpusError(
            f"{path} is not an alignment file that can be read", why, "TextGrid, or JSON with phones or tokens"
        ) from error
    return _checked(path, labels)


def _time(value: Any) -> float:
    return time_of(value if isinstance(value, str) else repr(float(value)))


def _filled(data: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(data[name], list) or not data[name]:
        raise ValueError(f"{name} must be a list with something in it, got {shown(data[name])}")
    return data[name]


def _entry(entry: Mapping[str, Any]) -> TimedLabel:
    label = next(entry[key] for key in ("label", "phone", "word", "text") if key in entry)
    return TimedLabel(_time(entry["start"]), _time(entry["end"]), str(label))


def _picked(path: Path, tiers: _Tiers, speaker: str = "") -> Labels:
    """The tiers of phones and words among the file's: filled ones first, then the speaker's, then the plainest name."""
    tiers = list(tiers)
    best: dict[str, tuple[tuple, Sequence[TimedLabel]]] = {}
    for place, (name, intervals) in enumerate(tiers):
        role = role_of(name)
        if role is None:
            continue
        empty = all(is_silence(one.label) for one in intervals)
        others = not (speaker and speaker.casefold() in name.casefold())
        rank = (empty, others, role.distance, place)
        if role.name not in best or rank < best[role.name][0]:
            best[role.name] = rank, intervals
    found = {role: tuple(intervals) for role, (_, intervals) in best.items()}
    if not any(found.values()):
        raise CorpusError(
            f"{path} has neither phones nor words",
            f"tiers: {', '.join(name for name, _ in tiers[:20]) or 'none'}",
            'name the tiers "phones" and "words"',
        )
    return Labels(path, found.get("phones", ()), found.get("words", ()))


def _checked(path: Path, labels: Labels) -> Labels:
    labels = replace(labels, phones=_in_order(path, labels.phones), words=_in_order(path, labels.words))
    times = labels.times_s
    if times is not None and (len(times) != len(labels.tokens or ()) + 1 or any(b < a for a, b in pairwise(times))):
        raise CorpusError(
            f"{path}: times_s must be {len(labels.tokens or ()) + 1} rising numbers", f"there are {len(times)}", ""
        )
    return labels


def _in_order(path: Path, tier: Sequence[TimedLabel]) -> tuple[TimedLabel, ...]:
    """A tier in time order. Where a silence lies over a sound the sound stays; roundings meet in the middle.

    Raises:
        CorpusError: sounds that overlap, or an interval that ends before it begins.
    """
    whole: list[TimedLabel] = []
    for one in sorted(tier, key=lambda i: (i.start_s, i.end_s)):
        if one.end_s < one.start_s:
            raise CorpusError(f"{path} has an interval that ends before it begins", f"{one}", "correct it in Praat")
        while whole and whole[-1].end_s > one.start_s:
            before = whole[-1]
            if is_silence(before.label):
                whole.pop()
                if before.start_s < one.start_s:
                    whole.append(TimedLabel(before.start_s, one.start_s, before.label))
            elif is_silence(one.label):
                one = TimedLabel(before.end_s, max(before.end_s, one.end_s), one.label)
            elif before.end_s - one.start_s <= _ROUNDING_S and before.start_s < one.end_s:
                middle = min(max((before.end_s + one.start_s) / 2, before.start_s), one.end_s)
                whole[-1] = TimedLabel(before.start_s, middle, before.label)
                one = TimedLabel(middle, one.end_s, one.label)
            else:
                raise CorpusError(f"{path} has intervals that overlap", f"{before} and {one}", "correct it in Praat")
        whole.append(one)
    return tuple(whole)


class LabelFolder:
    """The alignment files of a folder, by utterance: the id's name, or that of the recording, in any subfolder.

    Raises:
        UsageError: there is no such file in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        every = [p for p in sorted(self.folder.rglob("*")) if p.is_file()]
        files = [p for p in every if _kind(p)]
        if not files:
            others = sorted({p.suffix.lower() for p in every if p.suffix})
            raise UsageError(
                f"no alignments in {folder}",
                "there is neither a run.json nor a .TextGrid, .json or .csv file"
                + (f"; there are {', '.join(others[:8])}" if others else ""),
                "--from RUN, or a folder with one TextGrid per utterance (ELAN and Praat export them)",
            )
        self._files: dict[str, list[Path]] = {}
        for file in files:
            self._files.setdefault(_stem(file), []).append(file)

    def of(self, utterance: PreparedUtterance) -> Path | None:
        """The utterance's file; None if there is none.

        Raises:
            CorpusError: several could be it.
        """
        source = Path(utterance.source.replace("\\", "/"))
        for name in (utterance.id, source.stem):
            found = self._files.get(_nfc(name), [])
            best = {f.parent: _kind(f) for f in sorted(found, key=lambda f: _KINDS.index(_kind(f)), reverse=True)}
            found = [f for f in found if _kind(f) == best[f.parent]]
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


def _kind(path: Path) -> str:
    """Which of `_KINDS` a file is by its name, or ""; Windows and mail programs add ".txt"."""
    name = path.name.lower().removesuffix(".txt")
    return next((kind for kind in _KINDS if name.endswith(kind) and (kind == ".textgrid" or path.suffix.lower() != ".txt")), "")


def _stem(path: Path) -> str:
    return _nfc(path.name[: path.name.lower().rindex(_kind(path))])


def _nfc(name: str) -> str:
    """A name as it is compared: file systems of macOS keep "ñ" as two characters."""
    return unicodedata.normalize("NFC", name).lower()


def spoken(tier: Iterable[TimedLabel]) -> list[TimedLabel]:
    """The intervals that are no silence and last."""
    return [one for one in tier if not is_silence(one.label) and one.end_s > one.start_s]
