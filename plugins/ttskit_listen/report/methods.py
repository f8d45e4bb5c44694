"""A paragraph of methods for a paper: what was done, in the words of the field, and [brackets] where only people know.

It covers what surveys of papers found missing, and what reviewers are told to look for: Chiang, Huang & Lee (2023, "Why we
should report the details in subjective evaluation of TTS more rigorously", Interspeech: who the listeners were, how they were
recruited, paid and filtered, what they were told), Kirkland et al. (2023, "Stuck in the MOS pit", SSW: the scale's labels and
steps, what exactly was rated), Cooper et al. (2025, "Good practices for evaluation of synthesized speech": sentences, anchors,
statistics, claims), Wester et al. (2015, "Are we using enough listeners?", Interspeech: numbers of listeners and sentences).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ttskit_listen.answered.screening import RULES
from ttskit_listen.report.plainly import of_models, span_value
from ttskit_listen.report.words import ReportWords

__all__ = ["methods_of"]

_SHARES = ("least_answered", "least_gold", "most_alike", "most_hasty", "mushra_share")
_PASSED = 5 / 6 - 1e-9


def methods_of(results: Mapping[str, Any], words: ReportWords) -> list[str]:
    """Paragraphs: the test and its sounds; listeners and exclusion; statistics and claims."""
    return [" ".join(one for one in part(results, words) if one) for part in (_test, _people, _numbers)]


def _test(results: Mapping[str, Any], words: ReportWords) -> list[str]:
    test = results["test"]
    kind, systems = test["kind"], test["systems"]
    none = words("m.design.ab.none") if test["allow_none"] else ""
    trained = [one for one in systems if not (one["natural"] or one["anchor"])]
    anchors = [one["name"] for one in systems if one["anchor"]]
    runs = {len(one["runs"]) for one in trained}
    if runs == {1}:
        told = words("m.runs.one")
    else:
        known = 0 not in runs and runs
        told = words("m.runs", runs="–".join(str(one) for one in sorted(runs))) if known else words("m.runs.unknown")
    checks = [
        words("m.checks", count=test[role], what=words(f"m.check.{role}"))
        for role in ("practice", "gold", "same", "attention", "repeat")
        if test[role]
    ]
    lead = f"{1000 * test['lead_s']:.0f}"
    return [
        words("m.design.ab", none=none) if kind == "ab" else words(f"m.design.{kind}"),
        words("m.asked", languages=words.listed([words.either(f"language.{one}", one) for one in test["languages"]])),
        words("m.text.shown" if test["text_shown"] else "m.text.hidden"),
        words("m.systems", systems=words.listed([one["name"] for one in trained])),
        words("m.systems.natural" if any(one["natural"] for one in systems) else "m.systems.gone"),
        words("m.systems.anchors", anchors=words.listed(anchors)) if anchors else "",
        told,
        words("m.sentences", sentences=test["sentences"], seed=test["seed"]),
        words("m.sounds", lufs=words.number(test["lufs"], 1), rate=test["rate_hz"], lead=lead),
        words(
            "m.order",
            trials=test["trials"],
            scored=test["scored"],
            checks="".join(checks),
            minutes=words.number(test["minutes"], 0),
            forms=test["forms"],
        ),
    ]


def _people(results: Mapping[str, Any], words: ReportWords) -> list[str]:
    test, listeners, rows = results["test"], results["listeners"], results["screening"]
    rules = listeners["rules"]
    told = [_rule(results, name, words) for name in RULES if _applies(results, name)]
    reasons = [f"{words(f'rule.{name}.why')}: {count}" for name, count in listeners["by_rule"].items()]
    passed = sum((row["checks"].get("headphones") or 0) >= _PASSED for row in rows)
    checked = words("m.headphones.check", count=test["headphones"], passed=passed)
    return [
        words("m.simulated", count=listeners["simulated"]) if listeners["simulated"] else "",
        words("m.listeners", received=listeners["received"]),
        _groups(results, words),
        words("m.device", mobile=sum(row["mobile"] for row in rows), received=listeners["received"])
        + (checked if test["headphones"] else words("m.headphones.none")),
        words(
            "m.rules",
            rules="; ".join(told),
            left=listeners["left_out"],
            received=listeners["received"],
            reasons=words("m.rules.reasons", reasons="; ".join(reasons)) if reasons else "",
            kept=listeners["kept"],
            judgements=results["statistics"].get("judgements") or 0,
        ),
        words("m.changed", changes="; ".join(words.message(one) for one in results["deviations"]))
        if rules != test["rules"]
        else "",
    ]


def _applies(results: Mapping[str, Any], name: str) -> bool:
    """Whether a rule could leave anybody out in this test."""
    if name == "headphones":
        return bool(results["listeners"]["rules"]["headphones"])
    return name == "least_answered" or any(row["checks"].get(name) is not None for row in results["screening"])


def _rule(results: Mapping[str, Any], name: str, words: ReportWords) -> str:
    rules = results["listeners"]["rules"]
    if name == "headphones":
        return words("m.rule.headphones")
    share = name in _SHARES or results["test"]["kind"] == "ab"
    limit = words.percent(rules[name]) if share else words.number(rules[name], 1)
    if name == "most_same":
        return words(f"m.rule.most_same.{'ab' if results['test']['kind'] == 'ab' else 'cmos'}", limit=limit)
    if name == "mushra_share":
        return words("m.rule.mushra_share", limit=limit, reference=words.number(rules["mushra_reference"], 0))
    return words(f"m.rule.{name}", limit=limit)


def _groups(results: Mapping[str, Any], words: ReportWords) -> str:
    """How many chose each answer of the questionnaire."""
    told = []
    for question in results["test"]["questions"]:
        given = Counter(row["questions"].get(question["name"]) or "" for row in results["screening"])
        answers = [f"{words.titled(label)} ({given[value]})" for value, label in question["choices"].items() if given[value]]
        if answers:
            told.append(f"{words.titled(question['title'])} {', '.join(answers)}")
    return words("m.groups", groups="; ".join(told)) if told else ""


def _numbers(results: Mapping[str, Any], words: ReportWords) -> list[str]:
    test, statistics = results["test"], results["statistics"]
    kind = test["kind"]
    ordinal = words("m.stats.ordinal") if statistics.get("ordinal") else ""
    fitted = words(f"m.stats.{kind}", ordinal=ordinal) if kind in ("cmos", "mos") else words(f"m.stats.{kind}")
    percent = f"{100 * results['confidence']:g}"
    pairs = statistics.get("pairs") or []
    alpha = (statistics.get("reliability") or {}).get("alpha")
    smallest = results["shown"]["smallest"]
    return [
        fitted
        + (
            words("m.stats.rest", percent=percent, pairs=len(pairs))
            if len(pairs) > 1
            else words("m.stats.rest.one", percent=percent)
        ),
        words("m.smallest", smallest=span_value(kind, test["smallest"], words))
        if test["smallest"] is not None
        else words("m.smallest.none"),
        words("m.alpha", alpha=words.number(alpha, 2)) if alpha is not None else "",
        words("m.shown", smallest=span_value(kind, smallest, words)) if smallest is not None else "",
        words("m.claim.models" if of_models(results) else "m.claim.trainings"),
        words("m.tool", version=results["ttskit"], id=test["id"], made=test["made"]),
    ]
