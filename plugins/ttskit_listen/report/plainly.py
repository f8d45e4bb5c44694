"""The answer of a listening test in plain words: what was heard, how sure it is, what may be claimed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttskit_listen.report.words import ReportWords

__all__ = ["MOST", "answers", "claim", "in_short", "of_models", "pair_numbers", "pair_value", "span_value", "systems_of"]

MOST = 4  # answers on top; all pairs stand in their table
_SHARES = ("ab", "abx")


def pair_value(kind: str, value: float | None, words: ReportWords, *, sign: bool = True) -> str:
    """A difference as it is shown: shares in percent, word errors in points."""
    if value is None:
        return "–"
    if kind in _SHARES:
        return words.percent(0.5 + value)
    if kind == "transcribe":
        return words.number(100 * value, 1, sign=sign)
    return words.number(value, 1 if kind == "mushra" else 2, sign=sign)


def span_value(kind: str, value: float | None, words: ReportWords) -> str:
    """The size of a difference: its digits without a sign, shares in points."""
    if value is None:
        return "–"
    if kind in _SHARES:
        return words.percent(abs(value))
    return pair_value(kind, abs(value), words, sign=False)


def pair_numbers(kind: str, row: Mapping[str, Any], words: ReportWords) -> str:
    """0.52 [0.21, 0.83]."""
    value = pair_value(kind, row.get("value"), words)
    if row.get("low") is None or row.get("high") is None:
        return value
    between = "; " if words.name == "es" else ", "
    return f"{value} [{pair_value(kind, row['low'], words)}{between}{pair_value(kind, row['high'], words)}]"


def answers(results: Mapping[str, Any], words: ReportWords) -> list[dict[str, str]]:
    """`word` and sentences (`says`, `fact`, `sure`, `meaning`) for the pairs of systems; natural speech and anchors apart."""
    pairs = results["statistics"]["pairs"] or []
    chosen = systems_of(results) or pairs
    return [_answer(results, row, len(pairs), words) for row in chosen[:MOST]]


def systems_of(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Pairs of systems that were made; those with natural speech or an anchor apart."""
    apart = {one["name"] for one in results["test"]["systems"] if one["natural"] or one["anchor"]}
    return [row for row in results["statistics"]["pairs"] or () if not {row["system"], row["against"]} & apart]


def _answer(results: Mapping[str, Any], row: Mapping[str, Any], pairs: int, words: ReportWords) -> dict[str, str]:
    kind, word = results["test"]["kind"], row.get("word") or "not known"
    told = _turned(row, kind) if word == "worse" and kind != "abx" else dict(row)
    said = "better" if word == "worse" else word
    names = {"system": told["system"], "against": told["against"]}
    values = {name: pair_value(kind, told.get(name), words) for name in ("value", "low", "high")}
    percent = f"{100 * results['confidence']:g}"
    p = told["holm"] if told.get("holm") is not None else told.get("p")
    smallest = results["test"]["smallest"]
    meaning = ""
    if said == "equivalent" and smallest is not None:
        meaning = words("meaning.equivalent", smallest=span_value(kind, smallest, words))
    elif said == "not known" and told.get("low") is not None:
        alone = told["low"] > 0 or told["high"] < 0
        meaning = words("meaning.not known", low=values["low"], high=values["high"])
        if alone and pairs > 1:
            meaning = words("meaning.corrected", pairs=pairs)
    sure = ""
    if p is not None:
        sure = words("sure.holm", p=words.chance(p), pairs=pairs) if pairs > 1 else words("sure", p=words.chance(p))
    return {
        "word": word,
        "says": words(f"{kind}.{said}", **names),
        "fact": words(f"fact.{kind}", **names, **values, percent=percent) if told.get("value") is not None else "",
        "sure": sure if said != "equivalent" else "",
        "meaning": meaning,
    }


def _turned(row: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The same pair told from the other side."""
    low, high = row.get("low"), row.get("high")
    minus = lambda value: None if value is None else -value  # noqa: E731
    turned = {
        "system": row["against"],
        "against": row["system"],
        "value": minus(row["value"]),
        "low": minus(high),
        "high": minus(low),
    }
    return {**row, **turned}


def claim(results: Mapping[str, Any], words: ReportWords) -> str:
    """Of what these words may be said."""
    return words("claim.models" if of_models(results) else "claim.trainings")


def of_models(results: Mapping[str, Any]) -> bool:
    """Whether several trainings of each system were heard, so that models can be spoken of."""
    pairs = systems_of(results) or results["statistics"]["pairs"] or []
    return bool(pairs) and all(row.get("about") == "models" for row in pairs)


def in_short(kind: str, rows: Sequence[Mapping[str, Any]], words: ReportWords) -> str:
    """Pairs in one line: a − b 0.52 [0.21, 0.83], …"""
    return "; ".join(f"{row['system']} − {row['against']} {pair_numbers(kind, row, words)}" for row in rows)
