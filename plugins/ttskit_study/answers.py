"""The answer of a study in two sentences, made from its numbers: one that says what holds, one with the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttskit_study.drawing import number
from ttskit_study.wording import GLOSSARY, Words

__all__ = ["answers", "dependences", "verdict"]


def verdict(words_by_measure: Mapping[str, str]) -> str:
    """What the words of all primary measures come to.

    "better" or "worse" where no measure says the opposite, "mixed" where both are said, "equivalent" where all are, "no
    difference" where some are and nothing else is known, "not known" where nothing could be shown.
    """
    said = set(words_by_measure.values())
    if {"better", "worse"} <= said:
        return "mixed"
    for one in ("better", "worse"):
        if one in said:
            return one
    if said == {"equivalent"}:
        return "equivalent"
    return "no difference" if "equivalent" in said else "not known"


def answers(content: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """An answer for each main effect of the plan's factors: `factor`, `levels`, `verdict`, `sentences` (two)."""
    rows = [row for row in content["effects"] if row["kind"] == "main" and row["measure"] in content["picture"]]
    found: dict[tuple, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["factors"][0] not in ("minutes", "corpus"):
            found.setdefault((row["factors"][0], *row["levels"][0]), []).append(row)
    return [_answer(content, factor, first, second, own, words) for (factor, first, second), own in found.items()]


def _answer(
    content: Mapping[str, Any], factor: str, first: str, second: str, rows: Sequence[Mapping[str, Any]], words: Words
) -> dict[str, Any]:
    measures = content["measures"]
    said = {row["measure"]: row["word"] or "not known" for row in rows}
    titles = {word: words.listed([words.title(measures, k) for k in said if said[k] == word]) for word in set(said.values())}
    whole = verdict(said)
    a, b = words.level(factor, first), words.level(factor, second)
    figures = "; ".join(_figure(measures, row, words) for row in rows)
    numbers = _figures(content, a, b, figures, words) + _open(content, rows, words)
    return {
        "factor": factor,
        "levels": [first, second],
        "verdict": whole,
        "glossary": [(words(level), words(GLOSSARY[level])) for level in (first, second) if level in GLOSSARY],
        "sentences": [_says(content, whole, a, b, titles, words), numbers],
    }


def _says(content: Mapping[str, Any], whole: str, a: str, b: str, titles: Mapping[str, str], words: Words) -> str:
    """The first sentence. `titles`: the measures of each word, listed."""
    if content["about"] != "models":
        return words(
            "Cannot tell whether {b} is better than {a}: one training each, and nothing here is about the models.", a=a, b=b
        )
    open_ = titles.get("not known")
    same = titles.get("equivalent")
    if whole == "mixed":
        text = words("{b} is better than {a} in {x} and worse in {y}", a=a, b=b, x=titles["better"], y=titles["worse"])
    elif whole in ("better", "worse"):
        winner, other = (b, a) if whole == "better" else (a, b)
        text = words("{b} is better than {a} in {x}", a=other, b=winner, x=titles[whole])
    elif whole == "equivalent":
        return words("{a} and {b} are equivalent: there is no difference that matters in {x}.", a=a, b=b, x=same)
    elif whole == "no difference":
        return words(
            "Between {a} and {b} there is no difference that matters in {x}; for {y} this study cannot tell.",
            a=a, b=b, x=same, y=open_,
        )  # fmt: skip
    else:
        return words(
            "Cannot tell whether {b} is better or worse than {a}: no difference could be shown in {x}, and none ruled out.",
            a=a, b=b, x=open_,
        )  # fmt: skip
    if same:
        text += "; " + words("there is no difference that matters in {x}", x=same)
    if open_:
        text += "; " + words("for {x} this study cannot tell", x=open_)
    return text + "."


def _figures(content: Mapping[str, Any], a: str, b: str, figures: str, words: Words) -> str:
    percent = f"{100 * content['confidence']:g}"
    if content["about"] != "models":
        return words("Of these trainings alone, {b} − {a}: {figures} (in brackets, {percent} % intervals over sentences).",
                     a=a, b=b, figures=figures, percent=percent)  # fmt: skip
    return words("In numbers, {b} − {a}: {figures} (in brackets, {percent} % intervals over trainings and sentences).",
                 a=a, b=b, figures=figures, percent=percent)  # fmt: skip


def _open(content: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], words: Words) -> str:
    """Why nothing is said of a measure whose interval leaves out 0, if there is one."""
    open_ = [row for row in rows if row["word"] == "not known" and ((row["low"] or 0) > 0 or (row["high"] or 0) < 0)]
    if not open_ or content["about"] != "models":
        return ""
    return " " + words(
        "An interval without 0 is not enough for a word: it must hold for all comparisons of the study together (Holm), "
        "and between the {runs} trainings of each system alone.",
        runs=min(row["runs"] for row in open_),
    )


def _figure(measures: Mapping[str, Mapping[str, Any]], row: Mapping[str, Any], words: Words) -> str:
    key = row["measure"]
    digits = int(measures[key].get("digits", 2))
    unit = words.unit(measures, key, difference=True)
    return f"{words.title(measures, key)} {words.interval(row, digits)} {unit}".strip()


def dependences(content: Mapping[str, Any], words: Words) -> list[str]:
    """What a reader must know beside the answer: on what an effect depends, as far as it is known; a sentence for each."""
    measures = content["measures"]
    said = []
    for row in content["effects"]:
        if row["kind"] != "interaction" or row["measure"] not in content["picture"]:
            continue
        if row["word"] != "depends":
            continue
        (a, b), (first, second) = row["factors"], row["levels"][1]
        step = f"{words.level(a, row['levels'][0][1])} − {words.level(a, row['levels'][0][0])}"
        digits = int(measures[row["measure"]].get("digits", 2))
        said.append(
            words(
                "The difference {step} in {measure} depends on {factor}: with {second} it is {value} {unit} {more} "
                "than with {first}.",
                step=step,
                measure=words.title(measures, row["measure"]),
                factor=words(b),
                first=words.level(b, first),
                second=words.level(b, second),
                value=number(abs(row["value"]), digits),
                unit=words.unit(measures, row["measure"], difference=True),
                more=words("higher") if row["value"] > 0 else words("lower"),
            )
        )
    return said
