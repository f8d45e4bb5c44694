"""What listeners said with the key applied: the table that all statistics of a listening test are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ttskit_listen.answers import AnswerFile
from ttskit_listen.plan import Key, Kind, ListeningDesign, ListeningPlan

__all__ = ["HeardAnswers", "Judgement", "ScreenedListener"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One number (or text) that one listener gave in one scored trial.

    Args:
        listener: code; trial: id; place: 0, 1, … among the listener's answers.
        kind: of the test.
        sentence, group, speaker: what was said.
        system, run: who said it. cmos and ab: the later of the two in the design's order.
        against, against_run: the other one of a pair, "" where none.
        value: cmos: how much better `system` is than `against`, −3 … 3, whichever was played first. ab: 1 `system` preferred,
            0 `against`, 0.5 no preference. abx: 1 right, 0 wrong. mos 1 … 5. mushra 0 … 100. transcribe: word errors.
        weight: 1; transcribe: words of the sentence.
        first: whether `system` was played first (pairs).
        text: what was transcribed.
        rt_ms: of the answer.
    """

    listener: str
    trial: str
    place: int
    kind: Kind
    sentence: str
    group: str
    speaker: str
    system: str
    run: str
    value: float
    against: str = ""
    against_run: str = ""
    weight: float = 1.0
    first: bool = False
    text: str = ""
    rt_ms: int = 0


@dataclass(frozen=True)
class ScreenedListener:
    """One listener, and whether the rules keep them.

    Args:
        file: what came in.
        checks: what was found for each rule, by its name in `Rules`: None where the test has nothing to say of it.
        broken: names of the rules that were broken; kept if there is none.
    """

    file: AnswerFile
    checks: dict[str, float | None] = field(default_factory=dict)
    broken: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """As in the file."""
        return self.file.listener

    @property
    def kept(self) -> bool:
        """Whether the answers count."""
        return not self.broken


@dataclass(frozen=True)
class HeardAnswers:
    """A test with its answers.

    Args:
        plan, key, design: of the test.
        listeners: all of them.
        judgements: scored answers of those who are kept.
        all_judgements: scored answers of all.
        problems: what could not be read or counted, a line each.
    """

    plan: ListeningPlan
    key: Key
    design: ListeningDesign
    listeners: Sequence[ScreenedListener]
    judgements: Sequence[Judgement]
    all_judgements: Sequence[Judgement]
    problems: Sequence[str] = ()
