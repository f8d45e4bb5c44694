"""What is done to one utterance: in worker processes, each step skipped if its result is already there.

A step's result carries a key: a hash of its input's content and of the settings it depends on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.audio.files import RefusedAudio, content_of, decode, encode, resample
from ttskit.audio.loudness import levelling_gain_db
from ttskit.audio.pitch import WIDE_RANGE_HZ
from ttskit.audio.trim import levels_dbfs, loud_level_dbfs, speech_span
from ttskit.config.corpus import CorpusConfig
from ttskit.corpus.problems import Problem
from ttskit.corpus.storage import write_atomic, write_json, write_npz
from ttskit.errors import AudioError, CorpusError
from ttskit.interfaces.descriptions import resolve

__all__ = [
    "AUDIO_VERSION",
    "FEATURES_VERSION",
    "LONGEST_S",
    "AudioJob",
    "AudioRecord",
    "AudioResult",
    "FeatureJob",
    "FeatureResult",
    "first_pass_pitch",
    "key_of",
    "prepare_audio",
    "prepare_features",
    "reference_durations",
]

# Raise when a step computes something else from the same input, so that old results are redone.
AUDIO_VERSION = 3
FEATURES_VERSION = 1

LONGEST_S = 300.0  # of sound that is searched for a clip (or four times corpus.max_s): memory follows from it
_LARGEST_JSON = 2**24  # bytes of a file of reference times


def key_of(*parts: object) -> str:
    """Hash of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class AudioJob:
    """Decode, resample, trim and level `source` into `<folder>/audio/<id>.flac`. With `folder` None only look."""

    id: str
    source: Path
    folder: Path | None
    sample_rate_hz: int
    config: CorpusConfig


@dataclass(frozen=True, slots=True)
class AudioRecord:
    """What became of a recording; kept beside the audio so that a second run need not decode."""

    key: str
    source_hash: str
    source_rate_hz: int
    samples: int
    loud_dbfs: float
    trim_start_s: float
    trim_end_s: float
    gain_db: float
    flac_bytes: int
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AudioResult:
    """Of one `AudioJob`: a record, or the problem why there is none; `made` False if it was there already.

    A problem beside a record is a warning.
    """

    record: AudioRecord | None
    problem: Problem | None
    made: bool


def prepare_audio(job: AudioJob) -> AudioResult:
    """Do an `AudioJob`. Bad recordings come back as a problem, whatever is wrong with them.

    Raises:
        CorpusError: the result cannot be written (disk full).
    """
    try:
        return _prepared(job)
    except RefusedAudio as error:
        told = ": ".join(part for part in (error.what, error.why) if part)
        return AudioResult(None, Problem(job.id, error.kind, f"{told}; {error.fix}" if error.fix else told), made=False)
    except CorpusError:
        raise
    except Exception as error:  # of decoders and of arithmetic on strangers' numbers: one clip's fault ends one clip
        return AudioResult(None, Problem(job.id, "unreadable", f"{job.source}: {type(error).__name__}: {error}"), made=False)


def _prepared(job: AudioJob) -> AudioResult:
    config = job.config
    content = content_of(job.source)
    source_hash = hashlib.sha256(content).hexdigest()[:20]
    settings = [config.trim, config.trim_below_db, config.trim_margin_s, config.level_dbfs, config.peak_dbfs]
    key = key_of(AUDIO_VERSION, source_hash, job.sample_rate_hz, settings)
    known = _stored_record(job, key)
    if known:
        return _judged(job, known, made=False)
    recording = decode(content, job.source, max(LONGEST_S, 4 * config.max_s))
    del content
    audio = resample(recording.audio, recording.sample_rate_hz, job.sample_rate_hz)
    loud = loud_level_dbfs(levels_dbfs(audio, job.sample_rate_hz))
    start, end = 0, len(audio)
    if config.trim:
        start, end = speech_span(audio, job.sample_rate_hz, config.trim_below_db, config.trim_margin_s)
    trimmed = audio[start:end]
    gain = 0.0
    if config.level_dbfs is not None:
        gain = levelling_gain_db(trimmed, job.sample_rate_hz, config.level_dbfs, config.peak_dbfs)
    record = AudioRecord(
        key,
        source_hash,
        recording.sample_rate_hz,
        len(trimmed),
        round(loud, 3),
        start / job.sample_rate_hz,
        (len(audio) - end) / job.sample_rate_hz,
        round(gain, 3),
        0,
        list(recording.notes),
    )
    result = _judged(job, record, made=True)
    if result.record is None or job.folder is None:
        return result
    data = encode(trimmed * np.float32(10 ** (gain / 20)), job.sample_rate_hz, "FLAC")
    record = replace(record, flac_bytes=len(data))
    write_atomic(_flac(job.folder, job.id), lambda temporary: temporary.write_bytes(data))
    write_json(_record(job.folder, job.id), asdict(record))
    return replace(result, record=record)


def _judged(job: AudioJob, record: AudioRecord, made: bool) -> AudioResult:
    problem = _limits(job, record)
    if problem:
        return AudioResult(None, problem, made)
    warning = Problem(job.id, "odd file", "; ".join(record.notes), skipped=False) if record.notes else None
    return AudioResult(record, warning, made)


def _flac(folder: Path, id: str) -> Path:
    return folder / "audio" / f"{id}.flac"


def _record(folder: Path, id: str) -> Path:
    return folder / "audio" / f"{id}.json"


def _stored_record(job: AudioJob, key: str) -> AudioRecord | None:
    if job.folder is None:
        return None
    try:
        record = AudioRecord(**json.loads(_record(job.folder, job.id).read_text(encoding="utf-8")))
        whole = _flac(job.folder, job.id).stat().st_size == record.flac_bytes
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return record if record.key == key and whole else None


def _limits(job: AudioJob, record: AudioRecord) -> Problem | None:
    config, seconds = job.config, record.samples / job.sample_rate_hz
    if record.loud_dbfs < config.silent_below_dbfs:
        return Problem(
            job.id, "silent", f"its loud parts are at {record.loud_dbfs:.0f} dBFS, limit {config.silent_below_dbfs:g}"
        )
    if seconds < config.min_s:
        return Problem(job.id, "too short", f"{seconds:.2f} s of speech, limit {config.min_s:g} s (corpus.min_s)")
    if seconds > config.max_s:
        return Problem(job.id, "too long", f"{seconds:.1f} s of speech, limit {config.max_s:g} s (corpus.max_s)")
    return None


@dataclass(frozen=True, slots=True)
class FeatureJob:
    """Mel and pitch of a prepared clip into `target`; `extractor` is a dotted path; `audio_key` names the clip's content."""

    id: str
    flac: Path
    target: Path
    mel: MelConfig
    audio_key: str
    extractor: str
    range_hz: tuple[float, float]


@dataclass(frozen=True, slots=True)
class FeatureResult:
    """Frames, and count, sum and sum of squares of voiced F0, from which a speaker's statistics are added up."""

    frames: int
    voiced: int
    pitch_sum: float
    pitch_squares: float
    made: bool
    problem: Problem | None = None


def prepare_features(job: FeatureJob) -> FeatureResult:
    """Do a `FeatureJob`.

    Raises:
        CorpusError: the result cannot be written (disk full).
    """
    key = key_of(FEATURES_VERSION, job.audio_key, job.mel.to_json(), job.extractor, job.range_hz)
    try:
        with np.load(job.target, allow_pickle=False) as data:
            if str(data["key"]) == key:
                return _summed(data["pitch_hz"], made=False)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        pass  # not there, or cut short by a crash of the machine: made anew
    try:
        audio = _read_flac(job.flac)
        import torch

        mel = _extractor(job.mel)(torch.from_numpy(audio)[None])[0].numpy()
        pitch = np.asarray(resolve(job.extractor)(audio, job.mel, *job.range_hz), dtype=np.float32)
        if pitch.shape != (mel.shape[1],) or not np.isfinite(pitch).all():
            raise AudioError(
                "the pitch extractor does not fit the mel", f"{pitch.shape} values for {mel.shape[1]} frames, or NaN", ""
            )
    except AudioError as error:
        return FeatureResult(0, 0, 0.0, 0.0, False, Problem(job.id, "no features", f"{error.what}: {error.why}"))
    except Exception as error:  # of the extractor, which may be a stranger's: one clip's fault ends one clip
        problem = Problem(job.id, "no features", f"{job.extractor}: {type(error).__name__}: {error}")
        return FeatureResult(0, 0, 0.0, 0.0, False, problem)
    write_npz(job.target, mel=mel, pitch_hz=pitch, key=np.array(key))
    return _summed(pitch, made=True)


def _summed(pitch_hz: np.ndarray, made: bool) -> FeatureResult:
    voiced = pitch_hz[pitch_hz > 0].astype(np.float64)
    return FeatureResult(len(pitch_hz), len(voiced), float(voiced.sum()), float((voiced**2).sum()), made)


def first_pass_pitch(job: tuple[Path, MelConfig]) -> np.ndarray:
    """F0 of a prepared clip over the widest range, to find its speaker's own (see `speaker_range_hz`)."""
    from ttskit.audio.pitch import autocorrelation

    flac, mel = job
    try:
        return autocorrelation(_read_flac(flac), mel, *WIDE_RANGE_HZ)
    except (OSError, RuntimeError, ValueError):  # damaged: `prepare_features` says so
        return np.zeros(0)


def _read_flac(path: Path) -> np.ndarray:
    import soundfile

    return soundfile.read(path, dtype="float32")[0]


@lru_cache(maxsize=2)
def _extractor(mel: MelConfig):
    from ttskit.audio.mel import MelExtractor

    return MelExtractor(mel).eval()


def reference_durations(path: Path, tokens: tuple[str, ...], start_s: float, samples: int, mel: MelConfig) -> Mapping | str:
    """The content of a reference alignment for the trimmed clip, or the reason why the given one does not fit."""
    from ttskit.corpus.prepared import durations_from_times

    try:
        if path.stat().st_size > _LARGEST_JSON:
            return f"{path.name} cannot be read: {path.stat().st_size} bytes are more than the times of one clip"
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        given, times = tuple(data["tokens"]), np.asarray(data["times_s"], dtype=np.float64)
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        return f"{path.name} cannot be read: {type(error).__name__}: {error!s:.200}"
    if not all(isinstance(token, str) for token in given):
        return f"{path.name}: tokens must be texts, {next(t for t in given if not isinstance(t, str))!r:.60} is none"
    if given != tokens:
        place = next((i for i, (a, b) in enumerate(zip(given, tokens, strict=False)) if a != b), min(len(given), len(tokens)))
        theirs, ours = " ".join(given[place : place + 3]), " ".join(tokens[place : place + 3])
        return f"{path.name} has other tokens than the frontend from token {place} on: {theirs!r} / {ours!r}"
    if times.shape != (len(tokens) + 1,) or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        return f"{path.name}: times_s must be {len(tokens) + 1} rising numbers"
    times = np.clip(times - start_s, 0.0, samples / mel.sample_rate_hz)
    durations = durations_from_times(times, mel, mel.frames(samples))
    return {"tokens": list(tokens), "durations": durations.tolist(), "times_s": [round(float(t), 6) for t in times]}
