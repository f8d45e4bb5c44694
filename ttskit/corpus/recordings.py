"""Finding the recording that a list means: other suffixes, other ways to write "ñ", other systems' paths, lost zeros."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path, PurePosixPath

from ttskit.audio.kinds import SUFFIXES

__all__ = ["Found", "Recordings", "is_audio", "plain_path", "stem_of"]

# Suffixes that lists name: recordings are often converted after their list was written.
_NAMED = frozenset((*SUFFIXES, ".mpga", ".npy", ".pt"))
_MOST_COMPARED = 3_000  # names, to find the nearest of
_MOST_FILES = 2_000_000  # a folder beyond this is no corpus (a whole disk given by mistake)


@dataclass(frozen=True, slots=True)
class Found:
    """The recording that was meant.

    Args:
        path: the file; one that does not exist if there is none.
        how: "" where it is as written (any suffix), else in words what differs.
        there: whether there is one.
    """

    path: Path
    how: str = ""
    there: bool = True


def is_audio(path: Path) -> bool:
    """Whether the name is that of a recording we read: known suffix, not hidden (macOS leaves `._x.wav` behind)."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def plain_path(written: str) -> str:
    r"""A path of a list with "/" between folders: `.\wavs\x.wav`, `"wavs/x.wav"`, `file://wavs/x.wav` are `wavs/x.wav`."""
    path = written.replace("\0", "").strip().strip("\"'").strip().removeprefix("file://").replace("\\", "/")
    while path.startswith("./"):
        path = path[2:]
    return re.sub(r"(?<!^)//+", "/", path)


def stem_of(path: str) -> str:
    """A plain path without the suffix of a recording."""
    suffix = PurePosixPath(path).suffix
    return path[: -len(suffix)] if suffix.lower() in _NAMED else path


class Recordings:
    """The recordings of a corpus, found by how lists name them.

    Args:
        root: the corpus; nothing outside is found here.
        places: folders in it where names are looked up first, in order.
        named: paths of recordings that have a name of their own (`companions.places_of`).
    """

    def __init__(self, root: Path, places: Sequence[Path] = (), named: Mapping[str, str] | None = None) -> None:
        self.root = root
        self._named = named or {}
        self._bases = [*places] or [root]
        self._within = os.path.normpath(root.absolute())
        self._folders: dict[tuple[Path, str], dict[str, Path]] = {}

    def find(self, written: str) -> Found:
        """The recording meant by `written`, a path or name with or without suffix."""
        path = plain_path(self._named.get(written.strip(), written))
        if not path or path.endswith("/"):
            return Found(self._bases[0] / (path or "_"), there=False)
        for base in self._bases:
            found = self._exactly(base, path)
            if found is not None:
                return Found(found)
        return self._nearly(path) or Found(self._absent(path), there=False)

    def near(self, written: str) -> str:
        """A name that is there and may be meant, relative to the corpus; "" if none is near."""
        stem = _key(stem_of(plain_path(written)).rsplit("/", 1)[-1])
        same = self._by_last_number.get(_last_number(stem) or "-", [])
        if len(same) == 1:
            return self._shown(same[0])
        alike = [key for key in self._by_stem if key[:2] == stem[:2] or key[-2:] == stem[-2:]][:_MOST_COMPARED]
        close = get_close_matches(stem, alike, n=1, cutoff=0.75)
        return self._shown(self._by_stem[close[0]][0]) if close else ""

    @property
    def some(self) -> list[str]:
        """A few of the recordings that are there."""
        return [self._shown(p) for p in self._all[:3]]

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _absent(self, path: str) -> Path:
        stem = PurePosixPath(path)
        return self._bases[0] / (path if stem.suffix.lower() in SUFFIXES else path + ".wav")

    def _exactly(self, base: Path, path: str) -> Path | None:
        """As written, or with another suffix; in whichever form of Unicode the file system keeps names."""
        folder, _, name = path.rpartition("/")
        there = self._in(base, folder if folder or not path.startswith("/") else "/")
        name = _nfc(name)
        return there.get(name) or there.get(stem_of(name))

    def _in(self, base: Path, folder: str) -> dict[str, Path]:
        """Recordings of one folder by name and by stem (of several suffixes the first of `SUFFIXES`); none outside."""
        if (base, folder) not in self._folders:
            try:
                place = base / folder
                normal = os.path.normpath(place.absolute())
                inside = normal == self._within or normal.startswith(self._within + os.sep)
                files = [p for p in place.iterdir() if is_audio(p)] if inside else []
            except (OSError, ValueError):  # names that no file system takes
                files = []
            rank = {suffix: i for i, suffix in enumerate(SUFFIXES)}
            files.sort(key=lambda p: (-rank[p.suffix.lower()], p.name))
            self._folders[base, folder] = {**{_nfc(p.stem): p for p in files}, **{_nfc(p.name): p for p in files}}
        return self._folders[base, folder]

    @cached_property
    def _all(self) -> list[Path]:
        found: list[Path] = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found += [Path(folder, name) for name in sorted(files) if is_audio(Path(name))]
            if len(found) > _MOST_FILES:
                break
        return found

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        by: dict[str, list[Path]] = defaultdict(list)
        for path in self._all:
            by[_key(path.stem)].append(path)
        return by

    @cached_property
    def _by_last_number(self) -> dict[str, list[Path]]:
        by: dict[str, list[Path]] = defaultdict(list)
        for path in self._all:
            by[_last_number(path.stem)].append(path)
        return by

    @cached_property
    def _by_number(self) -> dict[str, list[Path]]:
        by: dict[str, list[Path]] = defaultdict(list)
        for path in self._all:
            by[_without_zeros(_key(path.stem))].append(path)
        return by

    def _nearly(self, path: str) -> Found | None:
        """The one recording of that name elsewhere in the corpus, or of that number with its leading zeros."""
        *folders, name = _key(stem_of(path)).split("/")
        folders = [f for f in folders if f not in ("", ".", "..")]
        for stem in (name, _key(path.rsplit("/", 1)[-1])):
            one = self._one(self._by_stem.get(stem, []), folders)
            if one is not None:
                written = path.rsplit("/", 1)[-1]
                other = "" if _key(written) == written.casefold() else "another case or form of Unicode"
                return Found(one, "it lies in another folder" if _nfc(stem_of(written)) == _nfc(one.stem) else other or "case")
        number = _without_zeros(re.sub(r"(?<=\d)\.0+$", "", name))  # a spreadsheet's "1.0"
        if any(c.isdigit() for c in number):
            one = self._one(self._by_number.get(number, []), folders)
            if one is not None:
                return Found(one, "leading zeros were lost")
        return None

    def _one(self, paths: list[Path], folders: list[str]) -> Path | None:
        """The path that shares most of its last folders with what was written; None where two share as much."""
        if len(paths) < 2:
            return paths[0] if paths else None
        kinds = {p.with_suffix("") for p in paths}
        if len(kinds) == 1:  # one recording in several formats
            return min(paths, key=lambda p: SUFFIXES.index(p.suffix.lower()))

        def shared(path: Path) -> int:
            own = [_key(part) for part in path.relative_to(self.root).parent.parts]
            count = 0
            while count < min(len(own), len(folders)) and own[-1 - count] == folders[-1 - count]:
                count += 1
            return count

        best = sorted(paths, key=shared, reverse=True)
        return best[0] if shared(best[0]) > shared(best[1]) else None


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _key(text: str) -> str:
    return _nfc(text).casefold()


def _without_zeros(stem: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", stem)


def _last_number(stem: str) -> str:
    numbers = re.findall(r"\d+", stem)
    return numbers[-1].lstrip("0") or "0" if numbers else ""
