"""prepare: recordings and transcripts into a prepared corpus. Resumable, incremental, in parallel."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit import __version__
from ttskit.audio.config import MelConfig
from ttskit.audio.pitch import speaker_range_hz
from ttskit.config.corpus import CorpusConfig
from ttskit.corpus.prepared import FORMAT, PreparedUtterance
from ttskit.corpus.problems import Problem
from ttskit.corpus.progress import run_all
from ttskit.corpus.readers import CorpusReading
from ttskit.corpus.screening import Candidate, analyse, low_rates, read, require_some, say_understood
from ttskit.corpus.splits import assign_splits
from ttskit.corpus.storage import write_json, write_jsonl
from ttskit.corpus.work import (
    AudioJob,
    AudioRecord,
    AudioResult,
    FeatureJob,
    FeatureResult,
    first_pass_pitch,
    key_of,
    prepare_audio,
    prepare_features,
    reference_durations,
)
from ttskit.errors import UsageError
from ttskit.interfaces.frontend import Frontend
from ttskit.plugins import Registry, create_registry
from ttskit.reading import read_json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["FIRST_PASS_CLIPS", "PrepareReport", "prepare"]

_RANGE = "voice range"  # messages

FIRST_PASS_CLIPS = 16  # of each speaker, to find the range of the voice


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What `prepare` did.

    Args:
        folder: the prepared corpus.
        utterances: usable ones, by split.
        seconds: prepared audio, by speaker.
        problems: what was skipped or warned about.
        audio_made, features_made: clips that were computed now; the rest was there already.
        wall_s: how long it took.
    """

    folder: Path
    utterances: Mapping[str, int]
    seconds: Mapping[str, float]
    problems: list[Problem] = field(default_factory=list)
    audio_made: int = 0
    features_made: int = 0
    wall_s: float = 0.0

    def to_json(self) -> dict:
        """Plain data."""
        return {**asdict(self), "folder": str(self.folder), "problems": [p.to_json() for p in self.problems]}


def prepare(
    data: Path | str,
    out: Path | str,
    recipe: Any,
    *,
    reader: str | None = None,
    speaker: str | None = None,
    columns: str | None = None,
    jobs: int | None = None,
    console: Console | None = None,
    registry: Registry | None = None,
) -> PrepareReport:
    """Make (or bring up to date) the prepared corpus `out` from the recordings in `data`.

    Bad utterances are skipped and listed in problems.jsonl. What is already there and still valid is
    kept, so an interrupted run continues where it was, and a changed setting redoes only what depends on it.

    Args:
        recipe: a `ttskit.config.Recipe`; its mel, frontend, corpus and seed are used.
        reader: corpus reader plugin; None finds out.
        speaker: name of the speaker of a single-voice corpus, or the one to take from several.
        columns: what a list's columns are ("path,text,speaker"); None: understood from its rows.
        jobs: worker processes; None: one per core.
        console: where progress goes; None: nowhere.

    Raises:
        UsageError: `out` is `data`.
        CorpusError: nothing usable, too few texts for the splits, disk full.
    """
    start = time.monotonic()
    data, out = Path(data), Path(out)
    if out.resolve() == data.resolve():
        raise UsageError("the prepared corpus needs a folder of its own", f"{out} holds the recordings", "--out prepared/NAME")
    registry = registry or create_registry()
    config, mel = recipe.corpus, recipe.mel_config()
    extractor = registry.get("pitch extractor", config.pitch_extractor).factory
    reading, reader = read(data, reader, speaker, registry, columns)
    say_understood(reading, console)
    frontend: Frontend = registry.get("frontend", recipe.frontend.name).load()(**recipe.frontend.options)
    settings = {
        "corpus": config.model_dump(mode="json"),
        "mel": mel.to_json(),
        "frontend": frontend.fingerprint().to_json(),
        "seed": recipe.seed,
        "reader": reader,
        **({} if columns is None else {"columns": columns}),
    }
    _retire(out, settings)
    _sweep(out)

    candidates, problems = analyse(reading, frontend, config)
    jobs_audio = [AudioJob(c.source.id, c.source.audio, out, mel.sample_rate_hz, config) for c in candidates]
    audio: list[AudioResult] = run_all(prepare_audio, jobs_audio, jobs, console, "audio")
    problems += [r.problem for r in audio if r.problem] + low_rates(candidates, audio, mel)
    kept = [(c, r.record) for c, r in zip(candidates, audio, strict=True) if r.record]
    require_some(kept, problems, data)

    ranges = _ranges(kept, out, mel, config, jobs, console)
    feature_jobs = [
        FeatureJob(
            c.source.id,
            out / "audio" / f"{c.source.id}.flac",
            out / "features" / mel.hash() / f"{c.source.id}.npz",
            mel,
            key_of(r.key),
            extractor,
            ranges[c.source.speaker],
        )
        for c, r in kept
    ]
    features: list[FeatureResult] = run_all(prepare_features, feature_jobs, jobs, console, "mel and pitch")
    problems += [f.problem for f in features if f.problem]
    done = [(c, r, f) for (c, r), f in zip(kept, features, strict=True) if not f.problem]
    require_some(done, problems, data)

    splits = assign_splits(
        [c.analysis.normalized for c, _, _ in done],
        [c.source.speaker for c, _, _ in done],
        {"validation": config.validation, "test": config.test},
        config.duplicate_similarity,
        recipe.seed,
    )
    utterances = [_utterance(c, r, f, split, data) for (c, r, f), split in zip(done, splits, strict=True)]
    problems += _keep_references(done, out, mel)
    statistics = _statistics(utterances, features=[f for _, _, f in done], mel=mel, ranges=ranges, problems=problems)
    write_jsonl(out / "manifest.jsonl", (u.to_json() for u in utterances))
    write_jsonl(out / "problems.jsonl", (p.to_json() for p in problems))
    write_json(
        out / "corpus.json",
        {
            "format": FORMAT,
            "settings": settings,
            "mel": mel.to_json(),
            "frontend": settings["frontend"],
            "symbols": frontend.symbols.to_json(),
            "speakers": sorted(statistics),
            "statistics": statistics,
            "provenance": _provenance(data, reader, reading, done, problems),
        },
    )
    return PrepareReport(
        out,
        dict(Counter(splits)),
        {name: s["seconds"] for name, s in statistics.items()},
        problems,
        sum(r.made for r in audio),
        sum(f.made for f in features),
        time.monotonic() - start,
    )


def _retire(out: Path, settings: Mapping) -> None:
    """Take away a corpus.json of other settings: while its features are redone, the folder is no prepared corpus."""
    path = out / "corpus.json"
    try:
        if read_json(path, limit_bytes=1 << 30).get("settings") != json.loads(json.dumps(settings)):
            path.unlink()
    except FileNotFoundError:
        pass
    except (OSError, ValueError, AttributeError):
        path.unlink(missing_ok=True)


def _sweep(out: Path) -> None:
    """Remove temporary files of a run that was killed."""
    for path in [*out.glob(".*.tmp*"), *out.glob("audio/.*.tmp*"), *out.glob("features/*/.*.tmp*")]:
        path.unlink(missing_ok=True)


def _ranges(
    kept: list[tuple[Candidate, AudioRecord]],
    out: Path,
    mel: MelConfig,
    config: CorpusConfig,
    jobs: int | None,
    console: Console | None,
) -> dict[str, tuple[float, float]]:
    """F0 search range of each speaker, from a wide first pass over some clips."""
    by_speaker: dict[str, list[str]] = defaultdict(list)
    for c, _ in kept:
        by_speaker[c.source.speaker].append(c.source.id)
    if config.pitch_range_hz is not None:
        return dict.fromkeys(by_speaker, config.pitch_range_hz)
    chosen = []
    for name, ids in sorted(by_speaker.items()):  # by hash of the id: a clip more or less hardly changes the choice
        chosen += [(name, id) for id in sorted(ids, key=lambda id: hashlib.sha256(id.encode()).digest())[:FIRST_PASS_CLIPS]]
    contours = run_all(first_pass_pitch, [(out / "audio" / f"{id}.flac", mel) for _, id in chosen], jobs, console, _RANGE)
    found: dict[str, list] = defaultdict(list)
    for (name, _), contour in zip(chosen, contours, strict=True):
        found[name].append(contour)
    return {name: speaker_range_hz(found[name]) for name in found}


def _utterance(c: Candidate, record: AudioRecord, features: FeatureResult, split: str, data: Path) -> PreparedUtterance:
    base = data if data.is_dir() else data.parent
    source = c.source.audio
    return PreparedUtterance(
        id=c.source.id,
        speaker=c.source.speaker,
        text=c.source.text,
        normalized=c.analysis.normalized,
        tokens=c.analysis.tokens,
        token_words=c.analysis.token_words,
        split=split,
        samples=record.samples,
        frames=features.frames,
        trim_start_s=record.trim_start_s,
        trim_end_s=record.trim_end_s,
        gain_db=record.gain_db,
        source=(source.relative_to(base) if source.is_relative_to(base) else source).as_posix(),
    )


def _keep_references(done: list[tuple[Candidate, AudioRecord, FeatureResult]], out: Path, mel: MelConfig) -> list[Problem]:
    """Write the alignment "reference" where the source has exact times; take away what no longer holds."""
    problems = []
    for c, record, _ in done:
        target = out / "alignments" / "reference" / f"{c.source.id}.json"
        if c.source.reference is None:
            target.unlink(missing_ok=True)
            continue
        value = reference_durations(c.source.reference, c.analysis.tokens, record.trim_start_s, record.samples, mel)
        if isinstance(value, str):
            target.unlink(missing_ok=True)
            problems.append(Problem(c.source.id, "reference times", value, skipped=False))
        else:
            write_json(target, value)
    return problems


def _statistics(
    utterances: list[PreparedUtterance],
    features: list[FeatureResult],
    mel: MelConfig,
    ranges: Mapping[str, tuple[float, float]],
    problems: list[Problem],
) -> dict[str, dict]:
    """Per speaker: count and seconds of everything; F0 over the voiced frames of the training split, which models see."""
    statistics = {}
    for name in sorted({u.speaker for u in utterances}):
        own = [(u, f) for u, f in zip(utterances, features, strict=True) if u.speaker == name]
        train = [f for u, f in own if u.split == "train"]
        voiced, total, squares = (sum(getattr(f, key) for f in train) for key in ("voiced", "pitch_sum", "pitch_squares"))
        mean, std = 0.0, 1.0
        if voiced > 1:
            mean = total / voiced
            std = max(1.0, (max(0.0, squares - voiced * mean**2) / (voiced - 1)) ** 0.5)
        else:
            problems.append(Problem(name, "no pitch", "no voiced frame in this speaker's training clips", skipped=False))
        statistics[name] = {
            "utterances": len(own),
            "seconds": round(sum(u.samples for u, _ in own) / mel.sample_rate_hz, 3),
            "pitch_mean_hz": mean,
            "pitch_std_hz": std,
            "pitch_range_hz": list(ranges[name]),
            "voiced_share": round(voiced / max(1, sum(f.frames for f in train)), 4),
        }
    return statistics


def _provenance(data: Path, reader: str, reading: CorpusReading, done: list, problems: list[Problem]) -> dict:
    """Where it came from and with what; no clock and no absolute path, so that equal inputs give equal files."""
    packages = {name: version(name) for name in ("numpy", "soundfile", "soxr", "librosa", "torch")}
    return {
        "source": data.resolve().name,
        "reader": reader,
        "found": len(reading.utterances),
        "used": len(done),
        "problems": dict(sorted(Counter(p.kind for p in problems).items())),
        "source_hash": key_of(sorted((c.source.id, c.source.text, r.source_hash) for c, r, _ in done)),
        "versions": {"ttskit": __version__, "python": platform.python_version(), **packages},
    }
