"""The analysis in the terminal: a table of pairs, who was left out, and a summary for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttskit_listen.answered.screening import RULES
from ttskit_listen.report.page import ListeningAnalysis
from ttskit_listen.report.plainly import pair_numbers
from ttskit_listen.report.results import names_of
from ttskit_listen.report.words import ReportWords

__all__ = ["listener_rows", "pair_rows", "summary"]

_PAIRS = ("system", "against", "difference", "p (Holm)", "verdict", "answers")  # messages
_SHARES = ("system", "against", "share", "p (Holm)", "verdict", "answers")  # messages
_LEFT_OUT = ("left out", "code", "rules broken")  # messages
_VERDICTS = ("better", "worse", "equivalent", "not known", "told apart")  # messages
_REASONS = (  # messages
    "too few trials answered",
    "known answers wrong",
    "differences heard in the same sound",
    "answers all alike",
    "answered before it was heard",
    "hidden reference rated low",
    "no headphones",
)
_BROKEN = dict(zip(RULES, _REASONS, strict=True))


def pair_rows(results: Mapping[str, Any]) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Columns and rows: each pair with its difference (ab, abx: share), interval, p and verdict."""
    words, kind = ReportWords("en"), results["test"]["kind"]
    rows = [
        [
            row["system"],
            row["against"],
            pair_numbers(kind, row, words),
            words.chance(row.get("holm")),
            _verdict(kind, row),
            row["n"],
        ]
        for row in results["statistics"]["pairs"] or ()
    ]
    return (_SHARES if kind in ("ab", "abx") else _PAIRS), rows


def _verdict(kind: str, row: Mapping[str, Any]) -> str:
    word = row.get("word") or "not known"
    return "told apart" if kind == "abx" and word in ("better", "worse") else word


def listener_rows(found: ListeningAnalysis) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Columns and rows: those left out, with their codes, which stand nowhere in the report."""
    names = names_of(found.heard)
    rows = [
        [names[one.code], one.code, "; ".join(_BROKEN[rule] for rule in RULES if rule in one.broken)]
        for one in sorted(found.heard.listeners, key=lambda one: one.code)
        if not one.kept
    ]
    return _LEFT_OUT, rows


def summary(found: ListeningAnalysis) -> dict[str, Any]:
    """For `--json`: what the terminal shows, as data."""
    results, names = found.results, names_of(found.heard)
    statistics = results["statistics"]
    return {
        "report": str(found.folder / "index.html"),
        "kind": results["test"]["kind"],
        "listeners": {name: results["listeners"][name] for name in ("received", "kept", "left_out", "by_rule")},
        "left_out": [
            {"listener": names[one.code], "code": one.code, "broken": list(one.broken)}
            for one in sorted(found.heard.listeners, key=lambda one: one.code)
            if not one.kept
        ],
        "judgements": statistics["judgements"],
        "systems": statistics["systems"] or [],
        "pairs": statistics["pairs"] or [],
        "deviations": results["deviations"],
        "problems": results["problems"],
    }
