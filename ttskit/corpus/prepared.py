"""PreparedCorpus: what `ttskit prepare` left on disk, read lazily."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.corpus.readers import safe_name
from ttskit.corpus.storage import read_npz, write_json
from ttskit.corpus.stored import CorpusFacts, StoredAlignment
from ttskit.errors import CorpusError, TTSKitError, UsageError
from ttskit.interfaces.frontend import Frontend, FrontendFingerprint
from ttskit.reading import Count, Finite, Misread, as_type, read_json, shown, typed_line
from ttskit.reading.typed import CONTROLS
from ttskit.symbols import SpeakerTable, SymbolTable

if TYPE_CHECKING:
    from ttskit.interfaces.acoustic import ModelContext, PitchStats
    from ttskit.plugins import Registry

__all__ = [
    "CACHE_BYTES",
    "FORMAT",
    "SPLITS",
    "Features",
    "PreparedCorpus",
    "PreparedUtterance",
    "durations_from_times",
    "require_alignment_name",
]

FORMAT = 1
SPLITS = ("train", "validation", "test")
CACHE_BYTES = 512 * 1024**2
_CORPUS_BYTES, _LINE_BYTES = 64 << 20, 4 << 20  # of corpus.json, with all that was said of its recordings; of one utterance


@dataclass(frozen=True, slots=True)
class PreparedUtterance:
    """One line of the manifest.

    Args:
        id: name of its files.
        speaker: name of its speaker.
        text: as in the source corpus.
        normalized: as spoken.
        tokens: the frontend's tokens.
        token_words: for each token the index of its word, or None.
        split: "train", "validation" or "test".
        samples: length of the prepared audio.
        frames: mel frames.
        trim_start_s, trim_end_s: seconds of the recording cut at its start and end.
        gain_db: what was added to its level.
        source: audio file, relative to the source corpus.
    """

    id: str
    speaker: str
    text: str
    normalized: str
    tokens: tuple[str, ...]
    token_words: tuple[int | None, ...]
    split: str
    samples: Count
    frames: Count
    trim_start_s: Finite
    trim_end_s: Finite
    gain_db: Finite
    source: str

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping) -> PreparedUtterance:
        """The utterance that `to_json` wrote; `Misread` names a field that is missing or of another type."""
        return as_type(cls, dict(data))


@dataclass(frozen=True, slots=True)
class Features:
    """mel (M, T) float32 log mel; pitch_hz (T,) float32, unvoiced 0. NumPy arrays, read-only."""

    mel: np.ndarray
    pitch_hz: np.ndarray


class _Cache:
    """The arrays used last, up to a number of bytes. Threads may share it; another process gets an empty one."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit, self._bytes = limit_bytes, 0
        self._items: OrderedDict[tuple, tuple[object, int]] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self):
        return _Cache, (self._limit,)

    def get(self, key: tuple, make: Callable[[], tuple[object, int]]):
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key][0]
        value, size = make()  # without the lock: two threads may read the same file, which does no harm
        with self._lock:
            if key not in self._items:
                self._items[key] = (value, size)
                self._bytes += size
            while self._bytes > self._limit and len(self._items) > 1:
                self._bytes -= self._items.popitem(last=False)[1][1]
        return value


class PreparedCorpus:
    """A prepared corpus on disk. Build it with `PreparedCorpus.open(folder)`.

    Attributes:
        folder: where it lies.
        mel: the mel configuration of its features.
        symbols, speakers: the inventories.
        pitch: speaker name → `PitchStats` over the voiced frames of the training split.
        frontend: fingerprint of the frontend that made its tokens.
        utterances: every usable utterance, in manifest order.
        info: the whole of corpus.json.
    """

    def __init__(self, folder: Path, info: Mapping, utterances: Sequence[PreparedUtterance]) -> None:
        self.folder, self.info, self.utterances = folder, dict(info), list(utterances)
        self.mel = MelConfig.from_json(info["mel"])
        self.symbols = SymbolTable.from_json(info["symbols"])
        self.speakers = SpeakerTable.from_json(info["speakers"])
        self.frontend = FrontendFingerprint.from_json(info["frontend"])
        self._cache = _Cache(CACHE_BYTES)

    @classmethod
    def open(cls, folder: Path | str) -> PreparedCorpus:
        """Read corpus.json and the manifest; the rest is read when asked for.

        Raises:
            CorpusError: not a prepared corpus, from another version, or damaged.
        """
        folder = Path(folder)
        path = folder / "corpus.json"
        if not path.is_file():
            why = f"there is no {path}" if folder.is_dir() else f"there is no folder {folder}"
            raise CorpusError(f"{folder} is not a prepared corpus", why, f"ttskit prepare CORPUS --out {folder}")
        place = path
        try:
            info = as_type(dict[str, Any], read_json(path, limit_bytes=_CORPUS_BYTES))
            if info.get("format") != FORMAT:
                raise CorpusError(
                    f"{folder} was prepared by another version",
                    f"format {shown(info.get('format'))}, this ttskit reads {FORMAT}",
                    f"prepare it again: ttskit prepare CORPUS --out {folder}",
                )
            as_type(CorpusFacts, info)
            place = folder / "manifest.jsonl"
            utterances = list(_manifest(place))
            place = path
            return cls(folder, info, utterances)
        except CorpusError:
            raise
        except (OSError, Misread, TTSKitError) as error:
            raise CorpusError(
                f"{folder} is damaged",
                f"{place.name}: {getattr(error, 'strerror', None) or error}",
                f"prepare it again: ttskit prepare CORPUS --out {folder}",
            ) from error

    @cached_property
    def pitch(self) -> dict[str, PitchStats]:
        """Speaker name → mean and standard deviation of voiced F0, in Hz."""
        from ttskit.interfaces.acoustic import PitchStats

        statistics = self.info["statistics"]
        return {name: PitchStats(s["pitch_mean_hz"], s["pitch_std_hz"]) for name, s in statistics.items()}

    @property
    def pitch_extractor(self) -> str | None:
        """Name of the plugin that read its F0; None for a corpus that does not say."""
        return ((self.info.get("settings") or {}).get("corpus") or {}).get("pitch_extractor")

    @cached_property
    def _by_id(self) -> dict[str, PreparedUtterance]:
        return {u.id: u for u in self.utterances}

    def utterance(self, id: str) -> PreparedUtterance:
        """The utterance of that id."""
        if id not in self._by_id:
            raise CorpusError(f"no utterance {id!r}", f"in {self.folder}", "see manifest.jsonl")
        return self._by_id[id]

    def split(self, name: str) -> list[PreparedUtterance]:
        """Utterances of "train", "validation" or "test", in manifest order."""
        if name not in SPLITS:
            raise CorpusError(f"unknown split {name!r}", f"there are: {', '.join(SPLITS)}", "")
        return [u for u in self.utterances if u.split == name]

    def context(self) -> ModelContext:
        """What a model must know of this corpus."""
        from ttskit.interfaces.acoustic import ModelContext

        return ModelContext(self.mel, self.symbols, self.speakers, self.pitch)

    def features_path(self, id: str) -> Path:
        """Where the features of an utterance lie."""
        return self.folder / "features" / self.mel.hash() / f"{id}.npz"

    def features(self, utterance: PreparedUtterance) -> Features:
        """Mel and pitch of an utterance (kept in memory while there is room)."""

        def read() -> tuple[Features, int]:
            path = self.features_path(utterance.id)
            try:
                data = read_npz(path)
                value = Features(data["mel"], data["pitch_hz"])
            except (Misread, KeyError) as error:
                raise _damaged(path, error) from error
            if value.mel.shape != (self.mel.bands, utterance.frames) or value.pitch_hz.shape != (utterance.frames,):
                raise _damaged(path, f"mel {value.mel.shape}, manifest says {(self.mel.bands, utterance.frames)}")
            if value.mel.dtype.kind != "f" or value.pitch_hz.dtype.kind != "f":
                raise _damaged(path, f"mel is {value.mel.dtype}, pitch_hz {value.pitch_hz.dtype}, both must be floating point")
            value.mel.flags.writeable = value.pitch_hz.flags.writeable = False
            return value, value.mel.nbytes + value.pitch_hz.nbytes

        return self.cached(("features", utterance.id), read)

    def cached(self, key: tuple, read: Callable[[], tuple[object, int]]):
        """What `read` gives as (value, bytes), kept under `key` while there is room."""
        return self._cache.get(key, read)

    def audio(self, utterance: PreparedUtterance) -> np.ndarray:
        """Prepared waveform (S,) float32 in [-1, 1], at `mel.sample_rate_hz`."""

        def read() -> tuple[np.ndarray, int]:
            import soundfile

            path = self.folder / "audio" / f"{utterance.id}.flac"
            try:
                audio, rate = soundfile.read(path, dtype="float32")
            except (OSError, RuntimeError) as error:  # soundfile's own errors are RuntimeErrors
                raise _damaged(path, error) from error
            if rate != self.mel.sample_rate_hz or audio.shape != (utterance.samples,):
                raise _damaged(
                    path, f"{audio.shape} at {rate} Hz, manifest says {utterance.samples} at {self.mel.sample_rate_hz} Hz"
                )
            audio.flags.writeable = False
            return audio, audio.nbytes

        return self.cached(("audio", utterance.id), read)

    def reference_times(self, utterance: PreparedUtterance) -> np.ndarray | None:
        """Exact token boundaries (N + 1,) in seconds of the prepared audio, or None if the corpus has none."""
        path = self.folder / "alignments" / "reference" / f"{utterance.id}.json"
        if not path.is_file():
            return None
        times_s = np.asarray(self._read_alignment(path, utterance, "times_s"), dtype=np.float64)
        if times_s.shape != (len(utterance.tokens) + 1,) or (np.diff(times_s) < 0).any():
            raise _damaged(path, f"times_s must be {len(utterance.tokens) + 1} numbers that do not fall")
        return times_s

    def has_alignment(self, utterance: PreparedUtterance, name: str) -> bool:
        """Whether an utterance has the alignment `name`."""
        return (self.folder / "alignments" / name / f"{utterance.id}.json").is_file()

    def alignment(self, utterance: PreparedUtterance, name: str) -> np.ndarray:
        """Frames per token (N,) int64 of a named alignment; "reference" is the one given with the corpus."""
        path = self.folder / "alignments" / name / f"{utterance.id}.json"
        if not path.is_file():
            have = sorted(p.name for p in (self.folder / "alignments").glob("*") if p.is_dir())
            raise CorpusError(
                f"utterance {utterance.id!r} has no alignment {name!r}",
                f"alignments here: {', '.join(have) or 'none'}",
                f"ttskit align {self.folder} --from RUN --name {name}",
            )
        durations = np.asarray(self._read_alignment(path, utterance, "durations"), dtype=np.int64)
        if durations.shape != (len(utterance.tokens),) or int(durations.sum()) != utterance.frames:
            raise CorpusError(
                f"{path} was made for other features",
                f"{durations.size} durations of {durations.sum()} frames, the "
                f"utterance has {len(utterance.tokens)} tokens and {utterance.frames} frames",
                "align this corpus again",
            )
        return durations

    def write_alignment(self, name: str, utterance: PreparedUtterance, durations: Sequence[int] | np.ndarray) -> None:
        """Keep whole frames per token (N,), which must sum to the utterance's frames, as alignment `name`.

        Raises:
            UsageError: a name that is no plain folder name, or "reference", which the recordings give.
            CorpusError: durations that do not fit.
        """
        require_alignment_name(name)
        durations = [int(d) for d in durations]
        if len(durations) != len(utterance.tokens) or sum(durations) != utterance.frames or min(durations, default=0) < 0:
            raise CorpusError(
                f"alignment {name!r} does not fit {utterance.id!r}",
                f"{len(durations)} durations, {sum(durations)} frames; need {len(utterance.tokens)} and {utterance.frames}",
                "align with the corpus's own mel and frontend",
            )
        write_json(
            self.folder / "alignments" / name / f"{utterance.id}.json",
            {"tokens": list(utterance.tokens), "durations": durations},
        )

    def _read_alignment(self, path: Path, utterance: PreparedUtterance, wanted: str) -> list:
        try:
            data = read_json(path, StoredAlignment)
        except (OSError, Misread) as error:
            raise _damaged(path, error) from error
        tokens, values = data.tokens, getattr(data, wanted)
        if tokens != utterance.tokens:
            raise CorpusError(
                f"{path} was made for other tokens",
                f"it has {len(tokens)}, the utterance {len(utterance.tokens)}",
                "align again with this corpus's frontend",
            )
        if values is None:
            raise _damaged(path, f"{wanted} is missing")
        return values

    def frontend_instance(self, registry: Registry) -> Frontend:
        """The frontend that made the tokens, built anew (compare `fingerprint()` with `.frontend` to see changes)."""
        return registry.get("frontend", self.frontend.name).load()(**self.frontend.options)


def _manifest(path: Path) -> Iterator[PreparedUtterance]:
    """The utterances of a manifest; `Misread` names the line."""
    with path.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(_LINE_BYTES), b""), 1):
            if not line.strip():
                continue
            try:
                utterance = typed_line(PreparedUtterance, line)
                if (
                    not utterance.id
                    or set(utterance.id) & set("/\\:")
                    or utterance.id in (".", "..")
                    or CONTROLS.search(utterance.id)
                ):
                    raise Misread(f"id {shown(utterance.id)} names no file of this corpus")
                yield utterance
            except Misread as error:
                raise Misread(f"line {number}: {error}") from None


def require_alignment_name(name: str) -> None:
    """`UsageError` unless `name` can be the folder of an alignment that was computed: nothing outside, nothing given."""
    if name == "reference":
        raise UsageError(
            "alignment 'reference' is the recordings' own", "computed durations would replace its exact times", "--name aligned"
        )
    if name != safe_name(name):
        raise UsageError(
            f"{name!r} cannot name an alignment",
            "it is the name of a folder in the prepared corpus",
            f"--name {safe_name(Path(name).name)}",
        )


def durations_from_times(times_s: Sequence[float] | np.ndarray, mel: MelConfig, frames: int) -> np.ndarray:
    """Frames per token (N,) int64 of boundaries (N + 1,): a frame belongs to the token in which its centre lies.

    What lies before the first boundary or after the last goes to the first or last token, so that the sum is `frames`.
    """
    centres = np.array([mel.frame_centre(k) for k in range(frames)])
    inner = np.searchsorted(centres, np.asarray(times_s, dtype=np.float64)[1:-1], side="left")
    return np.diff(np.concatenate([[0], np.maximum.accumulate(inner), [frames]])).astype(np.int64)


def _damaged(path: Path, error: object) -> CorpusError:
    named = isinstance(error, Exception) and not isinstance(error, (Misread, OSError))
    why = f"{type(error).__name__}: {error}" if named else getattr(error, "strerror", None) or str(error)
    return CorpusError(f"{path} is missing or damaged", why, "run the same ttskit prepare again: it redoes what is missing")
