"""check: what `prepare` would skip, without writing anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.corpus.problems import Problem
from ttskit.corpus.progress import run_all
from ttskit.corpus.screening import analyse, low_rates, read, say_understood
from ttskit.corpus.splits import assign_splits
from ttskit.corpus.work import AudioJob, prepare_audio
from ttskit.errors import CorpusError
from ttskit.plugins import Registry, create_registry

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["CheckReport", "check"]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What is in a corpus and what is wrong with it.

    Args:
        reader: the layout it was read with.
        found, usable: utterances listed, and those that `prepare` would keep.
        seconds: speech of the usable ones after trimming, by speaker.
        problems: everything that was found, in the order of the corpus.
        blocked: why `prepare` would stop, "" if it would not.
    """

    reader: str
    found: int
    usable: int
    seconds: Mapping[str, float]
    problems: list[Problem] = field(default_factory=list)
    blocked: str = ""

    def to_json(self) -> dict:
        """Plain data."""
        return {
            "reader": self.reader,
            "found": self.found,
            "usable": self.usable,
            "seconds": dict(self.seconds),
            "problems": [p.to_json() for p in self.problems],
            "blocked": self.blocked,
        }


def check(
    data: Path | str,
    recipe: Any,
    *,
    reader: str | None = None,
    speaker: str | None = None,
    columns: str | None = None,
    jobs: int | None = None,
    console: Console | None = None,
    registry: Registry | None = None,
) -> CheckReport:
    """Read texts and audio of `data` as `prepare` would (same arguments) and report every problem.

    Raises:
        CorpusError: no corpus there, or a list that cannot be read at all.
    """
    registry = registry or create_registry()
    config, mel = recipe.corpus, recipe.mel_config()
    reading, reader = read(Path(data), reader, speaker, registry, columns)
    say_understood(reading, console)
    frontend = registry.get("frontend", recipe.frontend.name).load()(**recipe.frontend.options)
    candidates, problems = analyse(reading, frontend, config)
    audio = run_all(
        prepare_audio,
        [AudioJob(c.source.id, c.source.audio, None, mel.sample_rate_hz, config) for c in candidates],
        jobs,
        console,
        "checking",
    )
    problems += [r.problem for r in audio if r.problem] + low_rates(candidates, audio, mel)
    kept = [(c, r.record) for c, r in zip(candidates, audio, strict=True) if r.record]
    seconds: dict[str, float] = defaultdict(float)
    for c, record in kept:
        seconds[c.source.speaker] += record.samples / mel.sample_rate_hz
    blocked = "" if kept else "no usable utterance"
    if kept:
        try:
            assign_splits(
                [c.analysis.normalized for c, _ in kept],
                [c.source.speaker for c, _ in kept],
                {"validation": config.validation, "test": config.test},
                config.duplicate_similarity,
                recipe.seed,
            )
        except CorpusError as error:
            blocked = f"{error.what}: {error.why}"
    order = {u.id: i for i, u in enumerate(reading.utterances)}
    problems.sort(key=lambda p: order.get(p.id, -1))
    return CheckReport(
        reader, len(reading.utterances), len(kept), {k: round(v, 3) for k, v in sorted(seconds.items())}, problems, blocked
    )
