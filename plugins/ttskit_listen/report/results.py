"""What an analysis found, as the plain data of results.json. Its fields, of format 1:

format, ttskit, confidence     1; the version that analysed; of all intervals
test          id, kind, title by language, made (when), ttskit (that made it), source, languages, systems (name, runs, natural,
              anchor), sentences, forms, trials (of one listener, practice included), planned (listeners), smallest (difference
              that matters, or null), seed, lufs, lead_s, rate_hz, minutes, headphones (sounds of the check), gold, same,
              attention, practice, repeat, scored (trials of each role in the first form), text_shown, allow_none, rules,
              questions (name, title and choices of those that have choices)
listeners     received, kept, left_out, simulated (in a rehearsal: nobody listened), by_rule (rule → how many broke it), rules
              (as they were applied)
screening     a row a listener: listener (L01 …: codes stay out), form, language, kept, broken (rules), checks (rule → finding
              or null), answered, minutes, agreement (correlation with the mean of the others, or null), mobile, questions
              (choices of the questionnaire; texts stay out)
statistics    what `statistics_of` gives: systems, pairs, ordinal, strengths, variances, order, reliability, groups, notes
everyone      pairs once more with nobody left out, to see what the rules did; null where nobody was
counts        answers of each kind: pairs "system|against" → value → how many (cmos, ab, abx), systems → value → how many (mos)
shown         what this number can show: width (median half width of the pairs' intervals), smallest (difference, at a power
              of 80 %, or null), spreads ("own" or "usual"), rows (listeners, sentences, runs, smallest: this test, and twice
              as many of each)
sentences     disagreed, and surest (pairs) or worst: rows of sentence, text, system, against, n, mean, sd, sounds (names of
              files in audio/)
ears          what `ears_of` gives, or null
comments      what listeners wrote in answer to open questions: question, text
deviations    sentences: what was changed after the fact
problems      a line for each file that was not counted
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

import ttskit
from ttskit_listen.answered.identity import as_made
from ttskit_listen.judgements import HeardAnswers, Judgement, ScreenedListener
from ttskit_listen.plan import Rules
from ttskit_listen.report.shown import shown_of
from ttskit_listen.simulated import is_simulated

__all__ = ["FORMAT", "agreement_of", "everyone_of", "names_of", "results_of"]

FORMAT = 1
_FEWEST = 4  # things heard by one and by others, for a correlation
_ROLES = ("gold", "same", "attention", "practice", "repeat")
_SENTENCES = 5  # of each list
_OF_PAIRS = ("cmos", "ab", "abx")


def results_of(
    heard: HeardAnswers,
    statistics: Mapping[str, Any],
    *,
    ears: Mapping[str, Any] | None = None,
    everyone: Sequence[Mapping[str, Any]] | None = None,
    rules: Rules | None = None,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """All of results.json.

    Args:
        statistics, ears: as `statistics_of` and `ears_of` give them.
        everyone: pairs of the statistics of all listeners, where some were left out.
        rules: that were applied, where they are not the design's.
    """
    applied = rules or heard.design.rules
    return _plain(
        {
            "format": FORMAT,
            "ttskit": ttskit.__version__,
            "confidence": confidence,
            "test": _test(heard),
            "listeners": _listeners(heard, applied),
            "screening": _screening(heard),
            "statistics": dict(statistics),
            "everyone": list(everyone) if everyone is not None else None,
            "counts": _counts(heard.judgements),
            "shown": shown_of(heard, statistics, confidence=confidence),
            "sentences": _sentences(heard),
            "ears": dict(ears) if ears is not None else None,
            "comments": _comments(heard),
            "deviations": _deviations(heard, applied),
            "problems": list(heard.problems),
        }
    )


def names_of(heard: HeardAnswers) -> dict[str, str]:
    """Codes → L01, L02, …: a code is a credential, and is not published."""
    codes = sorted(one.code for one in heard.listeners)
    width = max(2, len(str(len(codes))))
    return {code: f"L{number:0{width}d}" for number, code in enumerate(codes, 1)}


def _test(heard: HeardAnswers) -> dict[str, Any]:
    design, plan = heard.design, heard.plan
    first = plan.forms[0].trials
    roles: Counter[str] = Counter(heard.key.roles[trial.id].role for trial in first)
    return {
        **design.model_dump(
            mode="json",
            include={"id", "kind", "title", "made", "ttskit", "source", "forms", "trials", "smallest", "seed", "lufs", "lead_s",
                     "rate_hz", "rules"},
        ),
        "systems": [one.model_dump(mode="json") for one in design.systems],
        "sentences": len(design.sentences),
        "planned": design.listeners,
        "languages": list(plan.languages),
        "minutes": plan.minutes,
        "headphones": len(plan.headphones),
        "allow_none": plan.allow_none,
        "text_shown": any(trial.text for trial in first),
        "questions": [
            one.model_dump(mode="json", include={"name", "title", "choices"})
            for one in (*plan.questions, *plan.closing)
            if one.kind == "choice"
        ],
        "scored": roles["scored"],
        **{role: roles[role] for role in _ROLES},
    }  # fmt: skip


def _listeners(heard: HeardAnswers, applied: Rules) -> dict[str, Any]:
    kept = sum(one.kept for one in heard.listeners)
    return {
        "received": len(heard.listeners),
        "kept": kept,
        "left_out": len(heard.listeners) - kept,
        "simulated": sum(is_simulated(one.code) for one in heard.listeners),
        "by_rule": dict(Counter(rule for one in heard.listeners for rule in one.broken)),
        "rules": applied.model_dump(mode="json"),
    }


def _screening(heard: HeardAnswers) -> list[dict[str, Any]]:
    names, agreement = names_of(heard), agreement_of(heard.all_judgements)
    choices = [one.name for one in (*heard.plan.questions, *heard.plan.closing) if one.kind == "choice"]
    rows = []
    for one in sorted(heard.listeners, key=lambda listener: listener.code):
        rows.append(
            {
                "listener": names[one.code],
                "form": one.file.form,
                "language": one.file.language,
                "kept": one.kept,
                "broken": list(one.broken),
                "checks": dict(one.checks),
                "answered": len(one.file.answers),
                "minutes": _minutes(one),
                "agreement": agreement.get(one.code),
                "mobile": one.file.browser.mobile,
                "questions": {name: one.file.questions.get(name, "") for name in choices},
            }
        )
    return rows


def _minutes(one: ScreenedListener) -> float | None:
    """From the beginning to the last answer."""
    times = [_time(one.file.began), *(_time(answer.at) for answer in one.file.answers)]
    known = [time for time in times if time is not None]
    return max(0.0, (max(known) - known[0]) / 60) if len(known) > 1 and times[0] is not None else None


def _time(text: str) -> float | None:
    """Seconds since 1970; None for a day that no calendar has."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def agreement_of(judgements: Sequence[Judgement]) -> dict[str, float | None]:
    """Listener → the correlation of their answers with the mean of all others' answers to the same things."""
    own: dict[str, dict[tuple[str, ...], list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in judgements:
        if one.kind not in ("abx", "transcribe"):
            own[one.listener][one.sentence, one.speaker, one.system, one.against].append(one.value)
    means = {code: {thing: float(np.mean(values)) for thing, values in things.items()} for code, things in own.items()}
    totals: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for things in means.values():
        for thing, value in things.items():
            totals[thing][0] += value
            totals[thing][1] += 1
    found: dict[str, float | None] = {}
    for code, things in means.items():
        pairs = [(v, (totals[t][0] - v) / (totals[t][1] - 1)) for t, v in things.items() if totals[t][1] > 1]
        said, others = (np.array(side) for side in zip(*pairs, strict=True)) if pairs else (np.array([]), np.array([]))
        enough = len(pairs) >= _FEWEST and np.ptp(said) > 1e-9 and np.ptp(others) > 1e-9
        found[code] = float(np.corrcoef(said, others)[0, 1]) if enough else None
    return found


def _counts(judgements: Sequence[Judgement]) -> dict[str, Any]:
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    systems: dict[str, Counter[str]] = defaultdict(Counter)
    for one in judgements:
        if one.kind in _OF_PAIRS:
            pairs[f"{one.system}|{one.against}"][f"{one.value:g}"] += 1
        elif one.kind == "mos":
            systems[one.system][f"{one.value:g}"] += 1
    plain = [
        {name: dict(sorted(own.items(), key=lambda i: float(i[0]))) for name, own in group.items()}
        for group in (pairs, systems)
    ]
    return {"pairs": plain[0], "systems": plain[1]}


def _sentences(heard: HeardAnswers) -> dict[str, Any]:
    """What listeners disagreed on most, and what they were surest of, with the sounds that most of them heard."""
    trials = {trial.id: trial for form in heard.plan.forms for trial in form.trials}
    texts = {said.sentence: said.text for said in heard.key.sounds.values()}
    groups: dict[tuple[str, str, str], list[Judgement]] = defaultdict(list)
    for one in heard.judgements:
        groups[one.sentence, one.system, one.against].append(one)
    rows: list[dict[str, Any]] = []
    for (sentence, system, against), own in groups.items():
        if len(own) < 3:
            continue
        values = [one.value / max(one.weight, 1.0) if one.kind == "transcribe" else one.value for one in own]
        sounds = Counter(_sounds(heard, trials[one.trial].sounds, one) for one in own).most_common(1)[0][0]
        rows.append(
            {
                "sentence": sentence,
                "text": texts.get(sentence, ""),
                "system": system,
                "against": against,
                "n": len(own),
                "mean": float(np.mean(values)),
                "sd": float(np.std(values, ddof=1)),
                "sounds": [name for name in sounds if name],
            }
        )
    kind = heard.plan.kind
    found = {"disagreed": sorted(rows, key=lambda r: (-r["sd"], r["sentence"], r["system"]))[:_SENTENCES]}
    if kind in _OF_PAIRS:
        centre = 0.0 if kind == "cmos" else 0.5
        rest = [row for row in rows if row not in found["disagreed"]] or rows
        found["surest"] = sorted(rest, key=lambda r: (-abs(r["mean"] - centre) / (r["sd"] + 0.1), r["sentence"], r["system"]))
    else:
        apart = {one.name for one in heard.design.systems if one.natural or one.anchor}
        sign = -1 if kind == "transcribe" else 1
        worst = [row for row in rows if row["system"] not in apart]
        found["worst"] = sorted(worst, key=lambda r: (sign * r["mean"], r["sentence"], r["system"]))
    return {name: own[:_SENTENCES] for name, own in found.items()}


def _sounds(heard: HeardAnswers, sounds: Sequence[str], one: Judgement) -> tuple[str, str]:
    """Names of a judgement's sounds: of `system`, and of `against` or ""."""
    own = {name: heard.key.sounds[name] for name in sounds}
    of = lambda system, run: next(  # noqa: E731
        (n for n, said in own.items() if (system in (said.system, said.anchor)) and said.run == run), ""
    )
    return of(one.system, one.run), of(one.against, one.against_run) if one.against else ""


def _comments(heard: HeardAnswers) -> list[dict[str, str]]:
    asked = [one.name for one in (*heard.plan.questions, *heard.plan.closing) if one.kind == "long"]
    given = [(name, one.file.questions.get(name, "").strip()) for one in heard.listeners for name in asked]
    return [{"question": name, "text": text} for name, text in sorted(given) if text]  # in an order that is nobody's


def _deviations(heard: HeardAnswers, applied: Rules) -> list[str]:
    before, after = heard.design.rules.model_dump(), applied.model_dump()
    found = [
        f"the rule {name} was changed after the fact, from {before[name]} to {after[name]}"
        for name in before
        if before[name] != after[name]
    ]
    if as_made(heard.plan, heard.key, heard.design) is False:
        found.append("design.json, key.json or the plan in test.js were changed after the test was made: its id is of others")
    return found


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's, and no number as null: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def everyone_of(heard: HeardAnswers) -> HeardAnswers:
    """The same test with nobody left out."""
    return replace(heard, listeners=[replace(one, broken=()) for one in heard.listeners], judgements=heard.all_judgements)
