"""The numbers of a study for other programs: tidy CSV, effects as CSV and LaTeX, one archive of all but the checkpoints."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ttskit.corpus.storage import write_atomic
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS
from ttskit_study.collected import Collected
from ttskit_study.drawing import number

__all__ = ["EFFECT_COLUMNS", "write_archive", "write_effects", "write_latex", "write_measurements"]

_ROW_COLUMNS = ("seed", "sentence", "group", "speaker", "measurement", "measure", "value", "unit", "weight")
EFFECT_COLUMNS = (
    "measure", "unit", "effect", "kind", "primary", "value", "low", "high", "se", "df", "p", "p_holm", "word", "smallest",
    "standardised", "mixed_low", "mixed_high", "runs", "sentences", "about", "method",
)  # fmt: skip
_DATE = (2020, 1, 1, 0, 0, 0)  # of every file in the archive, so that equal studies give equal archives
_OF_THE_STUDY = ("plan.yaml", "lock.json", "deviations.json", "speed.json")
_OF_A_RUN = ("cell.json", "state.json", "cost.json", "spoken/observations.csv", "spoken/sentences.json")


def write_measurements(study: Collected, path: Path) -> int:
    """Every observation a row with its factors, natural speech once for each corpus without factors; how many there are."""
    factors = list(dict.fromkeys(name for arm in study.arms for name in arm.factors))
    columns = ("system", *factors, "minutes", "corpus", "training_seed", *_ROW_COLUMNS)
    rows: list[Mapping[str, Any]] = []
    natural: set[tuple] = set()
    for run in study.done:
        for row in run.rows:
            if row["system"] in (NATURAL, RESYNTHESIS):
                key = (run.arm.corpus, row["system"], row["sentence"], row["speaker"], row["measure"], row["seed"])
                if key in natural:
                    continue
                natural.add(key)
                row = {**row, **dict.fromkeys(factors, ""), "minutes": "", "training_seed": ""}
            rows.append({**row, "value": repr(float(row["value"])), "weight": f"{row['weight']:g}"})
    _write_csv(path, columns, rows)
    return len(rows)


def write_effects(content: Mapping[str, Any], path: Path) -> None:
    """Every effect a row, numbers as in results.json."""
    rows = []
    for row in content["effects"]:
        mixed = row["mixed"] or {}
        more = {
            "mixed_low": mixed.get("low"),
            "mixed_high": mixed.get("high"),
            "unit": content["measures"][row["measure"]]["unit"],
        }
        rows.append({k: _exact({**row, **more}.get(k)) for k in EFFECT_COLUMNS})
    _write_csv(path, EFFECT_COLUMNS, rows)


def write_latex(content: Mapping[str, Any], path: Path) -> None:
    """The effects on primary measures as a table for LaTeX with booktabs."""
    percent = f"{100 * content['confidence']:g}"
    lines = [
        "% needs \\usepackage{booktabs}",  # no message
        "\\begin{tabular}{llrlrl}",
        "\\toprule",
        f"Measure & Effect & Difference & {percent}\\,\\% interval & $p_{{\\mathrm{{Holm}}}}$ & Verdict \\\\",  # no message
        "\\midrule",
    ]
    before = None
    for row in (row for row in content["effects"] if row["measure"] in content["picture"]):
        measure = content["measures"][row["measure"]]
        digits = int(measure["digits"])
        title = f"{measure['title']} ({measure['unit']})" if measure["unit"] else str(measure["title"])
        if before not in (None, row["measure"]):
            lines.append("\\addlinespace")
        interval = f"[{_maths(row['low'], digits)}, {_maths(row['high'], digits)}]" if row["low"] is not None else "--"
        p = "--" if row["p_holm"] is None else "$<0.001$" if row["p_holm"] < 0.001 else f"${row['p_holm']:.3f}$"
        cells = (
            _escaped(title) if row["measure"] != before else "",
            _escaped(row["effect"]) + ("" if row["primary"] else "$^{\\ast}$"),
            _maths(row["value"], digits),
            interval,
            p,
            row["word"] or "--",
        )
        lines.append(" & ".join(cells) + " \\\\")
        before = row["measure"]
    lines += ["\\bottomrule", "\\end{tabular}", "% $^{\\ast}$ exploratory, not corrected", ""]  # no message
    write_atomic(path, lambda file: file.write_text("\n".join(lines), encoding="utf-8", newline="\n"))


def write_archive(study: Collected, out: Path, path: Path) -> None:
    """One zip: plan, lock, deviations, costs, observations, and the report with its audio; no checkpoints."""
    files: list[tuple[str, Path]] = [(name, study.folder / name) for name in _OF_THE_STUDY]
    for run in study.runs:
        own = run.place.folder
        files += [("/".join(("cells", *own.parts[-2:], name)), own / name) for name in _OF_A_RUN]
    files += [(f"report/{at.relative_to(out).as_posix()}", at) for at in sorted(out.rglob("*")) if at.is_file() and at != path]

    def write(target: Path) -> None:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, source in files:
                if source.is_file():
                    info = zipfile.ZipInfo(name, _DATE)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    info.external_attr = 0o644 << 16
                    archive.writestr(info, source.read_bytes())

    write_atomic(path, write)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_atomic(path, lambda file: file.write_text(text.getvalue(), encoding="utf-8", newline="\n"))


def _exact(value: Any) -> Any:
    """A number that reads back as itself; true and false as R and pandas read them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) and math.isfinite(value) else value


def _maths(value: float | None, digits: int) -> str:
    return "--" if value is None else f"${number(value, digits, sign=True).replace('−', '-').replace(',', '{,}')}$"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "×": r"$\times$", "|": "$|$",
}  # fmt: skip


def _escaped(text: str) -> str:
    """Text as LaTeX has it."""
    return "".join(_LATEX.get(letter, letter) for letter in text)
