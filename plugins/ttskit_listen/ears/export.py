"""Measures beside ears for other programs: ears.csv for R and pandas, ears.tex for papers, ears.svg to show."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttskit.corpus.storage import write_atomic
from ttskit_listen.ears.drawing import EarsWords, forest, standing_alone

__all__ = ["EARS_COLUMNS", "write_ears"]

_NUMBERS = ("value", "low", "high")
_LEVELS = ("sentence", "system")
_KINDS = ("pearson", "spearman", "kendall")
EARS_COLUMNS = (
    "measure",
    "title",
    "unit",
    "better",
    "rank",
    "points",
    "sentences",
    "systems",
    *(f"{level}_{kind}_{number}" for level in _LEVELS for kind in _KINDS for number in _NUMBERS),
    *(f"within_pearson_{number}" for number in _NUMBERS),
    "p",
    "p_holm",
    "word",
    "warning",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet would run


def write_ears(out: Path, ears: Mapping[str, Any] | None, words: EarsWords) -> list[str]:
    """Write ears.csv, ears.tex and ears.svg into `out`; their names, none where no measure stood beside the listeners."""
    if not ears or not ears["measures"]:
        return []
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(EARS_COLUMNS)
    writer.writerows([[_cell(row[name]) for name in EARS_COLUMNS] for row in map(_flat, ears["measures"])])
    written = {"ears.csv": text.getvalue(), "ears.tex": _latex(ears)}
    picture = standing_alone(forest(ears, words), words("ears.figure"))
    if picture:
        written["ears.svg"] = picture
    for name, content in written.items():
        _write(out / name, content)
    return list(written)


def _write(path: Path, text: str) -> None:
    write_atomic(path, lambda file: file.write_text(text, encoding="utf-8", newline="\n", errors="backslashreplace"))


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    sentence, system = row["sentence"] or {}, row["system"] or {}
    flat: dict[str, Any] = {
        "measure": row["key"],
        "title": row["title"],
        "unit": row["unit"],
        "better": row["better"],
        "rank": row["rank"],
        "points": sentence.get("n"),
        "sentences": sentence.get("sentences"),
        "systems": system.get("systems"),
        "p": row["p"],
        "p_holm": row["holm"],
        "word": row["word"],
        "warning": " ".join(row["warning"]),
    }
    for level, own in (("sentence", sentence), ("system", system)):
        for kind in _KINDS:
            flat |= {f"{level}_{kind}_{number}": own.get(kind, {}).get(number) for number in _NUMBERS}
    return flat | {f"within_pearson_{number}": (row["within"] or {}).get(number) for number in _NUMBERS}


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        text = "".join(letter if letter.isprintable() else " " for letter in value)
        return f"'{text}" if value.startswith(_FORMULA) else text
    return "" if value is None else value


def _latex(ears: Mapping[str, Any]) -> str:
    percent = f"{100 * ears['confidence']:g}"
    lines = [
        "% needs \\usepackage{booktabs}",  # no message
        f"% Spearman and Pearson of all sounds, and within systems; {percent} % intervals; Holm over all",  # no message
        "\\begin{tabular}{lrlrrr}",
        "\\toprule",
        "Measure & $\\rho$ & Interval & $r$ & $r$ within & $p_{\\mathrm{Holm}}$ \\\\",  # no message
        "\\midrule",
    ]
    for row in ears["measures"]:
        if not row["sentence"]:
            continue
        own, holm = row["sentence"]["spearman"], row["holm"]
        between = f"$[{own['low']:.2f}, {own['high']:.2f}]$" if own["low"] is not None else "--"
        p = "--" if holm is None else "$<0.001$" if holm < 0.001 else f"${holm:.3f}$"
        numbers = [
            _maths(one) for one in (own["value"], row["sentence"]["pearson"]["value"], (row["within"] or {}).get("value"))
        ]
        lines.append(" & ".join([_escaped(row["title"]), numbers[0], between, *numbers[1:], p]) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _maths(value: float | None) -> str:
    return "--" if value is None else f"${value:.2f}$"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "−": "$-$", "\n": " ", "×": r"$\times$",
}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)
