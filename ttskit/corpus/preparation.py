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
from ttskit.corpus.config import CorpusConfig
from ttskit.corpus.prepared import FORMAT, PreparedUtterance
from ttskit.corpus.problems import Problem
from ttskit.corpus.progress import run_all
from ttskit.corpus.readers import Reading, SourceUtterance, detect, without_duplicates
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
from ttskit.errors import CorpusError, TTSKitError
from ttskit.interfaces.frontend import Analysis, Frontend
from ttskit.plugins import Registry, create_registry

if TYPE_CHECKING:
    from rich.console import Console

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


@dataclass(frozen=True, slots=True)
class Candidate:
    """An utterance whose text can be spoken."""

    source: SourceUtterance
    analysis: Analysis


def prepare(data: Path | str, out: Path | str, recipe: Any, *, reader: str | None = None, speaker: str | None = None,
            jobs: int | None = None, console: Console | None = None, registry: Registry | None = None) -> PrepareReport:
    """Make (or bring up to date) the prepared corpus `out` from the recordings in `data`.

    Bad utterances are skipped and listed in problems.jsonl. What is already there and still valid is
    kept, so an interrupted run continues where it was, and a changed setting redoes only what depends on it.

    Args:
        recipe: a `ttskit.config.Recipe`; its mel, frontend, corpus and seed are used.
        reader: corpus reader plugin; None finds out.
        speaker: name of the speaker of a single-voice corpus, or the one to take from several.
        jobs: worker processes; None: one per core.
        console: where progress goes; None: nowhere.

    Raises:
        CorpusError: nothing usable, too few texts for the splits, disk full.
    """
    start = time.monotonic()
    data, out = Path(data), Path(out)
    registry = registry or create_registry()
    config, mel = recipe.corpus, recipe.mel_config()
    extractor = registry.get("pitch extractor", config.pitch_extractor).factory
    reading, reader = read(data, reader, speaker, registry)
    frontend: Frontend = registry.get("frontend", recipe.frontend.name).load()(**recipe.frontend.options)
    settings = {"corpus": config.model_dump(mode="json"), "mel": mel.to_json(), "frontend": frontend.fingerprint().to_json(),
                "seed": recipe.seed, "reader": reader}
    _retire(out, settings)

    candidates, problems = analyse(reading, frontend, config)
    jobs_audio = [AudioJob(c.source.id, c.source.audio, out, mel.sample_rate_hz, config) for c in candidates]
    audio: list[AudioResult] = run_all(prepare_audio, jobs_audio, jobs, console, "audio")
    problems += [r.problem for r in audio if r.problem] + low_rates(candidates, audio, mel)
    kept = [(c, r.record) for c, r in zip(candidates, audio, strict=True) if r.record]
    _require_some(kept, problems, data)

    ranges = _ranges(kept, out, mel, config, jobs, console)
    feature_jobs = [FeatureJob(c.source.id, out / "audio" / f"{c.source.id}.flac", out / "features" / mel.hash() / f"{c.source.id}.npz",
                               mel, key_of(r.key), extractor, ranges[c.source.speaker]) for c, r in kept]
    features: list[FeatureResult] = run_all(prepare_features, feature_jobs, jobs, console, "mel and pitch")
    problems += [f.problem for f in features if f.problem]
    done = [(c, r, f) for (c, r), f in zip(kept, features, strict=True) if not f.problem]
    _require_some(done, problems, data)

    splits = assign_splits([c.analysis.normalized for c, _, _ in done], [c.source.speaker for c, _, _ in done],
                           {"validation": config.validation, "test": config.test}, config.duplicate_similarity, recipe.seed)
    utterances = [_utterance(c, r, f, split, data) for (c, r, f), split in zip(done, splits, strict=True)]
    problems += _keep_references(done, out, mel)
    statistics = _statistics(utterances, features=[f for _, _, f in done], mel=mel, ranges=ranges, problems=problems)
    write_jsonl(out / "manifest.jsonl", (u.to_json() for u in utterances))
    write_jsonl(out / "problems.jsonl", (p.to_json() for p in problems))
    write_json(out / "corpus.json", {
        "format": FORMAT, "settings": settings, "mel": mel.to_json(), "frontend": settings["frontend"],
        "symbols": frontend.symbols.to_json(), "speakers": sorted(statistics), "statistics": statistics,
        "provenance": _provenance(data, reader, reading, done, problems),
    })
    return PrepareReport(out, dict(Counter(splits)), {name: s["seconds"] for name, s in statistics.items()}, problems,
                         sum(r.made for r in audio), sum(f.made for f in features), time.monotonic() - start)


def read(data: Path, reader: str | None, speaker: str | None, registry: Registry) -> tuple[Reading, str]:
    """What the named (or detected) reader finds in `data`, each id once; and the reader's name."""
    if not data.exists():
        raise CorpusError(f"there is no corpus at {data}", "no such file or folder", "name the folder with the recordings and their texts")
    reader = reader or detect(data)
    reading = without_duplicates(registry.get("corpus reader", reader).load()(data, speaker))
    _require_some(reading.utterances, reading.problems, data)
    return reading, reader


def analyse(reading: Reading, frontend: Frontend, config: CorpusConfig) -> tuple[list[Candidate], list[Problem]]:
    """Utterances whose text the frontend can speak, and all problems so far."""
    candidates, problems = [], list(reading.problems)
    for u in reading.utterances:
        if not u.text.strip():
            problems.append(Problem(u.id, "no text", "the transcript is missing or empty"))
            continue
        try:
            analysis = frontend.analyze(u.text)
        except TTSKitError as error:
            problems.append(Problem(u.id, "text", f"{error.what}: {error.why}"))
            continue
        strange = [t for t in analysis.tokens if t not in frontend.symbols]
        if analysis.unknown or strange:
            found = ", ".join([f"{c.character!r} at {c.position}" for c in analysis.unknown[:5]] + [f"token {t!r}" for t in strange[:5]])
            skip = config.unknown_symbols == "skip" or bool(strange)
            problems.append(Problem(u.id, "unknown symbols", f"{found} in {u.text[:60]!r}", skipped=skip))
            if skip:
                continue
        if not analysis.words:
            problems.append(Problem(u.id, "no text", f"nothing to speak in {u.text[:60]!r}"))
            continue
        candidates.append(Candidate(u, analysis))
    return candidates, problems


def low_rates(candidates: list[Candidate], audio: list[AudioResult], mel: MelConfig) -> list[Problem]:
    """A warning for each rate below the one asked for: the upper bands will be empty."""
    slow: dict[int, list[str]] = defaultdict(list)
    for c, result in zip(candidates, audio, strict=True):
        if result.record and result.record.source_rate_hz < min(mel.sample_rate_hz, 2 * mel.f_max_hz):
            slow[result.record.source_rate_hz].append(c.source.id)
    return [Problem(ids[0], "low rate", f"{len(ids)} recordings have {rate} Hz, {mel.sample_rate_hz} Hz is asked for: nothing above "
                    f"{rate // 2} Hz in them, mel goes to {mel.f_max_hz:g} Hz", skipped=False) for rate, ids in sorted(slow.items())]


def _require_some(items: list, problems: list[Problem], data: Path) -> None:
    if items:
        return
    kinds = Counter(p.kind for p in problems if p.skipped)
    first = next((f"\nfirst: {p.id}: {p.reason}" for p in problems if p.skipped), "")
    raise CorpusError(f"no usable utterance in {data}", (", ".join(f"{n} × {kind}" for kind, n in kinds.most_common()) or "it lists none") + first,
                      f"ttskit check {data}")


def _retire(out: Path, settings: Mapping) -> None:
    """Take away a corpus.json of other settings: while its features are redone, the folder is no prepared corpus."""
    path = out / "corpus.json"
    try:
        if json.loads(path.read_text(encoding="utf-8")).get("settings") != json.loads(json.dumps(settings)):
            path.unlink()
    except FileNotFoundError:
        pass
    except (OSError, ValueError, AttributeError):
        path.unlink(missing_ok=True)


def _ranges(kept: list[tuple[Candidate, AudioRecord]], out: Path, mel: MelConfig, config: CorpusConfig, jobs: int | None,
            console: Console | None) -> dict[str, tuple[float, float]]:
    """F0 search range of each speaker, from a wide first pass over some clips."""
    by_speaker: dict[str, list[str]] = defaultdict(list)
    for c, _ in kept:
        by_speaker[c.source.speaker].append(c.source.id)
    if config.pitch_range_hz is not None:
        return dict.fromkeys(by_speaker, config.pitch_range_hz)
    chosen = []
    for name, ids in sorted(by_speaker.items()):  # by hash of the id: a clip more or less hardly changes the choice
        chosen += [(name, id) for id in sorted(ids, key=lambda id: hashlib.sha256(id.encode()).digest())[:FIRST_PASS_CLIPS]]
    contours = run_all(first_pass_pitch, [(out / "audio" / f"{id}.flac", mel) for _, id in chosen], jobs, console, "voice range")
    found: dict[str, list] = defaultdict(list)
    for (name, _), contour in zip(chosen, contours, strict=True):
        found[name].append(contour)
    return {name: speaker_range_hz(found[name]) for name in found}


def _utterance(c: Candidate, record: AudioRecord, features: FeatureResult, split: str, data: Path) -> PreparedUtterance:
    base = data if data.is_dir() else data.parent
    source = c.source.audio
    return PreparedUtterance(
        id=c.source.id, speaker=c.source.speaker, text=c.source.text, normalized=c.analysis.normalized, tokens=c.analysis.tokens,
        token_words=c.analysis.token_words, split=split, samples=record.samples, frames=features.frames,
        trim_start_s=record.trim_start_s, trim_end_s=record.trim_end_s, gain_db=record.gain_db,
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


def _statistics(utterances: list[PreparedUtterance], features: list[FeatureResult], mel: MelConfig,
                ranges: Mapping[str, tuple[float, float]], problems: list[Problem]) -> dict[str, dict]:
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
            "utterances": len(own), "seconds": round(sum(u.samples for u, _ in own) / mel.sample_rate_hz, 3), "pitch_mean_hz": mean,
            "pitch_std_hz": std, "pitch_range_hz": list(ranges[name]),
            "voiced_share": round(voiced / max(1, sum(f.frames for f in train)), 4),
        }
    return statistics


def _provenance(data: Path, reader: str, reading: Reading, done: list, problems: list[Problem]) -> dict:
    """Where it came from and with what; no clock and no absolute path, so that equal inputs give equal files."""
    packages = {name: version(name) for name in ("numpy", "soundfile", "soxr", "librosa", "torch")}
    return {
        "source": data.resolve().name, "reader": reader, "found": len(reading.utterances), "used": len(done),
        "problems": dict(sorted(Counter(p.kind for p in problems).items())),
        "source_hash": key_of(sorted((c.source.id, c.source.text, r.source_hash) for c, r, _ in done)),
        "versions": {"ttskit": __version__, "python": platform.python_version(), **packages},
    }

