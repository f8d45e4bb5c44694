"""What can be told of a corpus before its features are made; shared by `prepare` and `check`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ttskit.audio.config import MelConfig
from ttskit.config.corpus import CorpusConfig
from ttskit.corpus.problems import Problem
from ttskit.corpus.readers import CorpusReading, SourceUtterance, detect, without_duplicates
from ttskit.corpus.work import AudioResult
from ttskit.errors import CorpusError, TTSKitError
from ttskit.interfaces.frontend import Analysis, Frontend
from ttskit.plugins import Registry

__all__ = ["RECIPES_BY_RATE", "Candidate", "analyse", "low_rates", "read", "require_some"]

RECIPES_BY_RATE = {8_000: "telephone-8000"}  # Hz → shipped recipe whose mel ends where such recordings end


@dataclass(frozen=True, slots=True)
class Candidate:
    """An utterance whose text can be spoken."""

    source: SourceUtterance
    analysis: Analysis


def read(data: Path, reader: str | None, speaker: str | None, registry: Registry) -> tuple[CorpusReading, str]:
    """What the named (or detected) reader finds in `data`, each id once; and the reader's name."""
    if not data.exists():
        raise CorpusError(
            f"there is no corpus at {data}", "no such file or folder", "name the folder with the recordings and their texts"
        )
    reader = reader or detect(data)
    reading = without_duplicates(registry.get("corpus reader", reader).load()(data, speaker))
    require_some(reading.utterances, reading.problems, data)
    return reading, reader


def analyse(reading: CorpusReading, frontend: Frontend, config: CorpusConfig) -> tuple[list[Candidate], list[Problem]]:
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
            found = ", ".join(
                [f"{c.character!r} at {c.position}" for c in analysis.unknown[:5]] + [f"token {t!r}" for t in strange[:5]]
            )
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
    return [
        Problem(
            ids[0],
            "low rate",
            f"{len(ids)} recordings have {rate} Hz, {mel.sample_rate_hz} Hz is asked for: nothing above "
            f"{rate // 2} Hz in them, mel goes to {mel.f_max_hz:g} Hz" + _for_rate(rate),
            skipped=False,
        )
        for rate, ids in sorted(slow.items())
    ]


def _for_rate(rate_hz: int) -> str:
    """Advice for recordings of that rate: the shipped recipe whose mel they fill."""
    fitting = [(own, name) for own, name in RECIPES_BY_RATE.items() if own <= rate_hz < 1.25 * own]
    return f"; made for them: --recipe {max(fitting)[1]}" if fitting else ""


def require_some(items: Sequence, problems: Sequence[Problem], data: Path) -> None:
    """`CorpusError` with a count of the reasons, if nothing is left to work on."""
    if items:
        return
    kinds = Counter(p.kind for p in problems if p.skipped)
    first = next((f"\nfirst: {p.id}: {p.reason}" for p in problems if p.skipped), "")
    raise CorpusError(
        f"no usable utterance in {data}",
        (", ".join(f"{n} × {kind}" for kind, n in kinds.most_common()) or "it lists none") + first,
        f"ttskit check {data}",
    )
