"""What the systems of a comparison have in common and what not, and what would make every number meaningless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, MismatchError
from ttskit.measure.systems import System, require_same_mel

__all__ = ["Fact", "comparability"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparability table.

    Args:
        name: what is compared.
        values: one per system, as text.
        same: whether all are equal.
        weight: "must" (was required), "should" (a fair comparison has it equal), "may" (belongs to the model).
    """

    name: str
    values: tuple[str, ...]
    same: bool
    weight: str

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


def comparability(systems: Sequence[System], corpus: PreparedCorpus) -> list[Fact]:
    """What is equal and what differs; refuses what would make every number meaningless.

    Raises:
        MismatchError: another mel content or other symbols than the corpus has.
        CorpusError: a speaker of the corpus that a run does not know.
    """
    for system in systems:
        context = system.loaded.context
        require_same_mel(context.mel, corpus.mel, f"run {system.label}", f"corpus {corpus.folder.name}")
        missing = [s for s in corpus.symbols.symbols if s not in context.symbols and s not in corpus.symbols.silent]
        if missing:
            raise MismatchError(
                f"run {system.label} does not know the corpus's symbols",
                ", ".join(missing[:10]),
                "compare runs of one prepared corpus, or give theirs with --data",
            )
        strangers = [n for n in corpus.speakers.names if n not in context.speakers.names]
        if strangers:
            raise CorpusError(
                f"run {system.label} does not know speaker {strangers[0]!r}",
                f"its speakers: {', '.join(context.speakers.names[:8])}",
                "compare runs of one prepared corpus",
            )
    infos = [s.run.info for s in systems]
    corpora = [info.get("corpus") or {} for info in infos]
    return [
        _fact("mel content", [_mel(s) for s in systems], "must"),
        _fact("vocoder", [s.voice.vocoder_name for s in systems], "must"),
        _fact("training data", [_short(c.get("manifest_sha256")) for c in corpora], "should"),
        _fact("utterances (train / validation / test)", [_sizes(c.get("utterances")) for c in corpora], "should"),
        _fact("frontend", [_frontend(s) for s in systems], "should"),
        _fact("frame placement", [_plain(s.loaded.context.mel.placement()) for s in systems], "should"),
        _fact("budget", [_budget(s) for s in systems], "should"),
        _fact("seed", [str(info.get("seed", "unknown")) for info in infos], "should"),
        _fact("model", [s.loaded.name for s in systems], "may"),
        _fact("decoding", [s.decoding for s in systems], "may"),
        _fact("parameters", [f"{s.parameters:,}" for s in systems], "may"),
        _fact("steps of the checkpoint", [f"{s.loaded.step:,}" for s in systems], "may"),
        _fact("durations given in training", [_durations(s) for s in systems], "may"),
    ]


def _fact(name: str, values: list[str], weight: str) -> Fact:
    return Fact(name, tuple(values), len(set(values)) == 1, weight)


def _mel(system: System) -> str:
    m = system.loaded.context.mel
    return f"{m.sample_rate_hz} Hz, FFT {m.fft_samples}, hop {m.hop_samples}, {m.bands} bands to {m.f_max_hz:g} Hz"


def _frontend(system: System) -> str:
    f = system.loaded.frontend
    return f"{f.name} {f.version} {_plain(f.options)}".strip()


def _plain(values: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in dict(values).items())


def _short(value: str | None) -> str:
    return value[:12] if value else "unknown"


def _sizes(sizes: dict | None) -> str:
    return " / ".join(str(sizes.get(k, "?")) for k in ("train", "validation", "test")) if sizes else "unknown"


def _budget(system: System) -> str:
    steps = system.run.info.get("steps")
    if isinstance(steps, dict):
        seconds = steps.get("budget_s")
        return f"{float(seconds):g} s" if seconds else f"{steps.get('total')} steps"
    return "unknown"


def _durations(system: System) -> str:
    if not system.given_durations:
        return "no"
    return f"yes, alignment {system.alignment!r}" if system.alignment else "yes"
