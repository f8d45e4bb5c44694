"""Listening tests whose truth is known: judgements drawn from it, without pages or audio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ttskit_listen.answers import AnswerFile
from ttskit_listen.judgements import HeardAnswers, Judgement, ScreenedListener
from ttskit_listen.plan import Form, Key, Kind, ListeningDesign, ListeningPlan, SurveyQuestion, SystemHeard, Trial

__all__ = ["heard_of", "pairs_heard", "sounds_heard"]

WHEN = "2026-11-28T12:00:00Z"


def pairs_heard(
    kind: Kind = "cmos",
    *,
    listeners: int = 24,
    sentences: int = 12,
    runs: int = 1,
    difference: float = 0.0,
    spreads: tuple[float, float, float, float] = (0.21, 0.40, 0.39, 1.2),
    order: float = 0.0,
    systems: Sequence[str] = ("a", "b"),
    rounded: bool = True,
    seed: int = 1,
) -> HeardAnswers:
    """cmos, ab or abx: each listener hears each sentence once, in pairs of two systems that rotate.

    Args:
        difference: between a system and the one before it in the order.
        spreads: standard deviations of a difference: run, sentence, listener, one answer.
        order: how much better what is played first is judged.
        rounded: whether cmos is answered in whole steps of −3 … 3, ab in three.
    """
    rng = np.random.default_rng(seed)
    run_sd, sentence_sd, listener_sd, rest_sd = spreads
    k, half = len(systems), 0.5**0.5
    of_runs = rng.normal(0, run_sd * half, (k, runs))
    of_sentences = rng.normal(0, sentence_sd * half, (k, sentences))
    of_listeners = rng.normal(0, listener_sd * half, (k, listeners))
    pairs = [(i, j) for i in range(k) for j in range(i)]
    found = []
    for who in range(listeners):
        for what in range(sentences):
            later, earlier = pairs[(who + what) % len(pairs)]
            turn = (who + what) // len(pairs)
            # Of several pairs each must meet all trainings, not always the same ones.
            mine, other = (who + what) % runs, (who // runs + what) % runs
            if len(pairs) > 1:
                mine, other = (who // len(pairs) + what // 2) % runs, (who // len(pairs) // runs + what) % runs
            first = bool((turn + who) % 2)
            true = difference * (later - earlier) + of_runs[later, mine] - of_runs[earlier, other]
            true += (
                of_sentences[later, what] - of_sentences[earlier, what] + of_listeners[later, who] - of_listeners[earlier, who]
            )
            answer = true + (order if first else -order) + rng.normal(0, rest_sd)
            if kind == "cmos":
                value = float(np.clip(np.round(answer), -3, 3)) if rounded else answer
            elif kind == "ab":
                value = 0.5 if rounded and abs(answer) < 0.3 else float(answer > 0)
            else:  # right when the difference that was heard is larger than the noise makes up
                value = float(abs(true) * 0.5 + rng.normal(0, 1) > 0)
            found.append(
                Judgement(
                    listener=f"{who}-aaaa{who:04d}",
                    trial=f"{who}-{what}",
                    place=what,
                    kind=kind,
                    sentence=f"u{what:03d}",
                    group="",
                    speaker="ana",
                    system=systems[later],
                    run=f"{systems[later]}-{mine}",
                    value=value,
                    against=systems[earlier],
                    against_run=f"{systems[earlier]}-{other}",
                    first=first,
                )
            )
    return heard_of(kind, found, systems, runs)


def sounds_heard(
    kind: Kind = "mos",
    *,
    listeners: int = 24,
    sentences: int = 12,
    runs: int = 1,
    means: Sequence[float] = (3.0, 3.0),
    spreads: tuple[float, float, float, float] = (0.15, 0.30, 0.30, 0.8),
    strict: float = 0.4,
    systems: Sequence[str] = ("a", "b"),
    seed: int = 1,
) -> HeardAnswers:
    """mos (each listener hears each sentence of one system) or mushra (of all systems in one trial).

    Args:
        spreads: of a difference: run, sentence, listener; and of one answer.
        strict: by how much listeners, and sentences, differ whatever is heard.
    """
    rng = np.random.default_rng(seed)
    run_sd, sentence_sd, listener_sd, rest_sd = spreads
    k, half = len(systems), 0.5**0.5
    scale = 25.0 if kind == "mushra" else 1.0
    of_runs = rng.normal(0, run_sd * half, (k, runs))
    of_sentences = rng.normal(0, sentence_sd * half, (k, sentences)) + rng.normal(0, strict, sentences)
    of_listeners = rng.normal(0, listener_sd * half, (k, listeners)) + rng.normal(0, strict, listeners)
    found = []
    for who in range(listeners):
        for what in range(sentences):
            for own in range(k) if kind == "mushra" else [(who + what) % k]:
                mine = (who // k + what + own) % runs
                answer = means[own] + of_runs[own, mine] + of_sentences[own, what] + of_listeners[own, who]
                value = scale * (answer + rng.normal(0, rest_sd))
                found.append(
                    Judgement(
                        listener=f"{who}-aaaa{who:04d}",
                        trial=f"{who}-{what}",
                        place=what,
                        kind=kind,
                        sentence=f"u{what:03d}",
                        group="",
                        speaker="ana",
                        system=systems[own],
                        run=f"{systems[own]}-{mine}",
                        value=float(np.clip(np.round(value), 1, 5)) if kind == "mos" else value,
                    )
                )
    return heard_of(kind, found, systems, runs)


def heard_of(
    kind: Kind,
    judgements: Sequence[Judgement],
    systems: Sequence[str] = ("a", "b"),
    runs: int = 1,
    *,
    smallest: float | None = None,
    natural: str = "",
    anchor: str = "",
    questions: dict[str, str] | None = None,
) -> HeardAnswers:
    """A test around judgements.

    Args:
        natural, anchor: which system is natural speech, or an anchor.
        questions: listener → their variety of Spanish.
    """
    trial = Trial(id="t", sounds=("x", "y", "z") if kind == "abx" else ("x", "y") if kind in ("cmos", "ab") else ("x",))
    title = {"es": "Prueba", "en": "Trial"}
    asked = (SurveyQuestion(name="variety", kind="choice", title=title),) if questions else ()
    plan = ListeningPlan(id="made", kind=kind, title=title, forms=(Form(trials=(trial,)),), questions=asked)
    shown = [
        SystemHeard(name=s, runs=tuple(f"{s}-{i}" for i in range(runs)), natural=s == natural, anchor=s == anchor)
        for s in systems
    ]
    design = ListeningDesign(
        id="made",
        kind=kind,
        title=title,
        made="2026-11-28",
        ttskit="0.1.0",
        source="folders",
        systems=tuple(shown),
        sentences=tuple(sorted({j.sentence for j in judgements})),
        listeners=max(1, len({j.listener for j in judgements})),
        forms=1,
        trials=1,
        smallest=smallest,
    )
    about = {"test": "made", "form": 0, "language": "es", "began": WHEN, "consent": True}
    listeners = [
        ScreenedListener(AnswerFile(listener=code, questions={"variety": questions[code]} if questions else {}, **about))
        for code in sorted({j.listener for j in judgements})
    ]
    return HeardAnswers(plan, Key(id="made", sounds={}, roles={}), design, listeners, list(judgements), list(judgements))
