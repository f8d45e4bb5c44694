"""The numbers of a listening test for other programs: CSV for R and pandas, LaTeX for papers.

ratings.csv    a row a scored answer: listener, kept, trial, place, kind, sentence, group, speaker, system, run, against,
               against_run, first, value, weight, rt_ms, text
systems.csv    a row a system; pairs.csv a row a pair, with the ordinal model beside the mixed one
listeners.csv  a row a listener: kept, broken rules, findings, minutes, agreement, device, the questionnaire's choices
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ttskit.corpus.storage import write_atomic
from ttskit_listen.answered.screening import RULES
from ttskit_listen.judgements import HeardAnswers
from ttskit_listen.report.plainly import pair_value
from ttskit_listen.report.results import names_of
from ttskit_listen.report.words import ReportWords

__all__ = ["latex_escaped", "ordinal_of", "write_tables"]

_RATINGS = (
    "listener", "kept", "trial", "place", "kind", "sentence", "group", "speaker", "system", "run", "against", "against_run",
    "first", "value", "weight", "rt_ms", "text",
)  # fmt: skip
_SYSTEMS = ("system", "natural", "anchor", "n", "listeners", "sentences", "runs", "mean", "low", "high", "sd")
_PAIRS = (
    "system", "against", "value", "low", "high", "p", "p_holm", "word", "n", "better", "equal", "worse", "about", "method",
    "ordinal_value", "ordinal_low", "ordinal_high", "ordinal_p",
)  # fmt: skip
# What a spreadsheet takes for a formula, and runs: texts of strangers that begin so get an apostrophe before them.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_tables(out: Path, heard: HeardAnswers, results: Mapping[str, Any]) -> list[str]:
    """Write all tables into `out`; their names."""
    names, kept = names_of(heard), {one.code for one in heard.listeners if one.kept}
    ratings = [
        {
            **{name: getattr(one, name) for name in _RATINGS if name not in ("listener", "kept")},
            "listener": names[one.listener],
            "kept": one.listener in kept,
        }
        for one in heard.all_judgements
    ]
    ratings.sort(key=lambda row: (row["listener"], row["place"]))
    statistics = results["statistics"]
    pairs = []
    for row in statistics.get("pairs") or ():
        beside = ordinal_of(results, row)
        more = {f"ordinal_{name}": beside.get(name) for name in ("value", "low", "high", "p")}
        pairs.append({**row, "p_holm": row.get("holm"), **more})
    asked = [one["name"] for one in results["test"]["questions"]]
    listeners = [
        {**row, **row["checks"], **row["questions"], "broken": " ".join(row["broken"])} for row in results["screening"]
    ]
    columns = ("listener", "form", "language", "kept", "broken", *RULES, "answered", "minutes", "agreement", "mobile", *asked)
    _write_csv(out / "ratings.csv", _RATINGS, ratings)
    _write_csv(out / "systems.csv", _SYSTEMS, statistics.get("systems") or ())
    _write_csv(out / "pairs.csv", _PAIRS, pairs)
    _write_csv(out / "listeners.csv", columns, listeners)
    words = ReportWords("en")
    _write(out / "systems.tex", _systems_latex(results, words))
    _write(out / "pairs.tex", _pairs_latex(results, words))
    return ["ratings.csv", "systems.csv", "pairs.csv", "listeners.csv", "systems.tex", "pairs.tex"]


def ordinal_of(results: Mapping[str, Any], pair: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same pair in the ordinal model; empty where there is none."""
    ordinal = results["statistics"].get("ordinal") or {}
    same = [row for row in ordinal.get("pairs") or () if (row["system"], row["against"]) == (pair["system"], pair["against"])]
    return same[0] if same else {}


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows({name: _cell(row.get(name)) for name in columns} for row in rows)
    _write(path, text.getvalue())


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    if isinstance(value, str):
        text = "".join(letter if letter.isprintable() else " " for letter in value)
        return f"'{text}" if value.startswith(_FORMULA) else text
    return "" if value is None else value


def _write(path: Path, text: str) -> None:
    write_atomic(path, lambda file: file.write_text(text, encoding="utf-8", newline="\n", errors="backslashreplace"))


def _systems_latex(results: Mapping[str, Any], words: ReportWords) -> str:
    percent = f"{100 * results['confidence']:g}"
    kind = results["test"]["kind"]
    times, digits = (100.0, 1) if kind == "transcribe" else (1.0, 1 if kind == "mushra" else 2)
    value = "Word errors (\\%)" if kind == "transcribe" else "Mean"  # no message
    lines = [
        "% needs \\usepackage{booktabs}",  # no message
        "\\begin{tabular}{lrlrrr}",
        "\\toprule",
        f"System & {value} & {percent}\\,\\% interval & Answers & Sentences & Trainings \\\\",  # no message
        "\\midrule",
    ]
    for row in results["statistics"].get("systems") or ():
        mean, low, high = (_maths(row.get(name), times, digits, words) for name in ("mean", "low", "high"))
        cells = (
            latex_escaped(row["system"]),
            mean,
            f"[{low}, {high}]" if row.get("low") is not None else "--",
            str(row.get("n") or "--"),
            str(row.get("sentences") or "--"),
            str(row.get("runs") or "--"),
        )
        lines.append(" & ".join(cells) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _pairs_latex(results: Mapping[str, Any], words: ReportWords) -> str:
    percent, kind = f"{100 * results['confidence']:g}", results["test"]["kind"]
    lines = [
        "% needs \\usepackage{booktabs}",  # no message
        "\\begin{tabular}{llrlrl}",
        "\\toprule",
        f"System & Against & Difference & {percent}\\,\\% interval & $p_{{\\mathrm{{Holm}}}}$ & Verdict \\\\",  # no message
        "\\midrule",
    ]
    for row in results["statistics"].get("pairs") or ():
        value, low, high = (_pair_maths(kind, row.get(name), words) for name in ("value", "low", "high"))
        p = row.get("holm")
        cells = (
            latex_escaped(row["system"]),
            latex_escaped(row["against"]),
            value,
            f"[{low}, {high}]" if row.get("low") is not None else "--",
            "--" if p is None else "$<0.001$" if p < 0.001 else f"${p:.3f}$",
            latex_escaped(row.get("word") or "--"),
        )
        lines.append(" & ".join(cells) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _maths(value: float | None, times: float, digits: int, words: ReportWords) -> str:
    return "--" if value is None else f"${words.number(times * value, digits)}$".replace("−", "-")


def _pair_maths(kind: str, value: float | None, words: ReportWords) -> str:
    if value is None:
        return "--"
    return f"${pair_value(kind, value, words)}$".replace("−", "-").replace("\u00a0%", "\\,\\%")


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "−": "$-$", "\n": " ",
}  # fmt: skip


def latex_escaped(text: str) -> str:
    """Text as LaTeX has it: nothing in a name is a command."""
    return "".join(_LATEX.get(letter, letter) for letter in text)
