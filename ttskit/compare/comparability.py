"""What the systems of a comparison have in common and what not, and what would make every number meaningless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ttskit.compare.given import Help
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CorpusError, MismatchError
from ttskit.measure.systems import System, by_system, require_same_mel
from ttskit.training.cost import Cost

__all__ = ["Fact", "comparability"]

_SAME_SIZE, _SAME_SPEECH = 0.05, 0.02  # sizes and amounts of speech that differ by less are told as equal


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparability table.

    Args:
        name: what is compared.
        values: one per system, as text (of its first run, where all its runs are equal in it).
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


def comparability(
    systems: Sequence[System],
    corpus: PreparedCorpus,
    costs: Mapping[str, Cost | None] | None = None,
    help: Mapping[str, Help] | None = None,
) -> list[Fact]:
    """What is equal and what differs; refuses what would make every number meaningless.

    Args:
        systems: all runs.
        costs: of each run, by label, what its training cost; None where that is not known.
        help: of each system, by label, what it had beside tokens and mels.

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
    groups = by_system(systems)
    firsts = [own[0] for own in groups.values()]
    corpora = [s.run.info.get("corpus") or {} for s in firsts]
    facts = [
        _fact("mel content", [_mel(s) for s in firsts], "must"),
        _fact("vocoder", [s.voice.vocoder_name for s in firsts], "must"),
        _fact("training data", [_short(c.get("manifest_sha256")) for c in corpora], "should"),
        _fact("utterances (train / validation / test)", [_sizes(c.get("utterances")) for c in corpora], "should"),
        _fact("frontend", [_frontend(s) for s in firsts], "should"),
        _fact("frame placement", [_plain(s.loaded.context.mel.placement()) for s in firsts], "should"),
        _fact("budget", [_budget(s) for s in firsts], "should"),
    ]
    if costs is not None:
        facts.append(_amount("utterances read in training", [_utterances(own, costs) for own in groups.values()], _SAME_SPEECH))
    facts += [
        _fact("seed", [_seeds(own) for own in groups.values()], "should"),
        _fact("durations given in training", [_durations(s) for s in firsts], "should"),
    ]
    if help is not None:
        facts += [
            _fact("learned from the recordings", [_supervision(help[name]) for name in groups], "should"),
            _fact("help that the model names", ["; ".join(help[name].aids) or "none" for name in groups], "should"),
            _fact("weights at the start", [help[name].start or "fresh" for name in groups], "should"),
        ]
    return [
        *facts,
        _amount("parameters", [s.parameters for s in firsts], _SAME_SIZE),
        _fact("model", [s.loaded.name for s in firsts], "may"),
        _fact("decoding", [s.decoding for s in firsts], "may"),
        _fact("frames per step", [str(s.frames_per_step or "all at once") for s in firsts], "may"),
        _fact("steps of the checkpoint", [f"{s.loaded.step:,}" for s in firsts], "may"),
    ]


def _fact(name: str, values: list[str], weight: str) -> Fact:
    return Fact(name, tuple(values), len(set(values)) == 1, weight)


def _amount(name: str, values: Sequence[float | None], tolerance: float) -> Fact:
    """Numbers that are told as equal where they differ by no more than a share."""
    known = [value for value in values if value is not None]
    same = len(known) == len(values) and max(known) <= (1 + tolerance) * min(known)
    return Fact(name, tuple("unknown" if v is None else f"{v:,.0f}" for v in values), same, "should")


def _utterances(own: Sequence[System], costs: Mapping[str, Cost | None]) -> float | None:
    """What the runs of a system read, in the mean."""
    known = [cost.utterances for system in own if (cost := costs[system.label]) is not None]
    return sum(known) / len(known) if len(known) == len(own) else None


def _seeds(own: Sequence[System]) -> str:
    return ", ".join("unknown" if system.seed is None else str(system.seed) for system in own)


def _supervision(help: Help) -> str:
    return ", ".join(("mel", *help.supervision))


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
