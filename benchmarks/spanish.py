"""How well and how fast Spanish is read, by halves of each development set.

    python benchmarks/spanish.py [FOLDER] [--errors FILE] [--only NAME] [--markdown FILE] [--json FILE]

FOLDER holds the evaluation sets and their `score.py` (default: `eval_spanish` under TTSKIT_SHARED, or
beside the checkout). Each set is split by the first bit of the SHA-1 of the written form: A is looked at
and tuned on, B is only counted. --errors writes the errors of A, never those of B.
Speeds are CPU time of one core, in process, on words the caches have not seen; importing is measured in fresh processes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import util
from pathlib import Path
from types import ModuleType

from ttskit_spanish.frontend import SpanishFrontend
from ttskit_spanish.g2p import dialect, pronounce
from ttskit_spanish.normalize import normalize

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[1] / ".." / "shared"))
# set, kind, dialect
SETS = (
    ("normalization_dev.tsv", "norm", "rioplatense"),
    ("normalization_ar_dev.tsv", "norm", "rioplatense"),
    ("g2p_ca_dev.tsv", "g2p", "castilian"),
    ("g2p_la_dev.tsv", "g2p", "latin_american"),
    ("g2p_rp_dev.tsv", "g2p", "rioplatense"),
    ("syllables_dev.tsv", "syll", "castilian"),
)


def half(written: str) -> str:
    """ "A" or "B": the first bit of the SHA-1 of the written form."""
    return "AB"[hashlib.sha1(written.encode("utf-8")).digest()[0] >> 7]


def load_scorer(folder: Path) -> ModuleType:
    """The sets' own `score.py`."""
    spec = util.spec_from_file_location("score", folder / "score.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reader(kind: str, frontend: SpanishFrontend) -> Callable[[str], str]:
    """What is scored: the same as `ttskit text normalize | phonemize | syllables` print."""
    if kind == "norm":
        return frontend.normalize

    def syllables(text: str) -> str:
        words = frontend.analyze(text).words
        return " ".join("-".join(w.syllables) for w in words) + "\t" + " ".join(str(w.stress) for w in words)

    def phones(text: str) -> str:
        return " ".join(p for w in frontend.analyze(text).words for p in w.phonemes)

    return syllables if kind == "syll" else phones


def measure(folder: Path, name: str, kind: str, spoken: str) -> tuple[list[dict], list[tuple]]:
    """Rows of figures of both halves and the whole, and the errors of A."""
    score, frontend = load_scorer(folder), SpanishFrontend(dialect=spoken)
    gold = score.load_gold(kind, str(folder / name))
    read = reader(kind, frontend)
    said = {g[0]: read(g[0]) for g in gold}
    rows, errors = [], []
    for part in ("A", "B", "all"):
        chosen = [g for g in gold if part in ("all", half(g[0]))]
        kept = errors if part == "A" else None
        if kind == "norm":
            found = score.score_norm(chosen, said, kept)
        elif kind == "syll":
            found = score.score_syll(chosen, said, kept)
        else:
            found = score.score_g2p(chosen, said, name.split("_")[1], kept)
        rows += [{"set": name, "half": part, **row} for row in found]
    return rows, errors


def speeds(folder: Path) -> list[dict]:
    """Words per second of CPU time: letters to sound (distinct words, cold cache), normaliser, whole frontend."""
    words = [line.split("\t")[0] for line in (folder / "g2p_la_dev.tsv").read_text(encoding="utf-8").splitlines()]
    words = [w.lower() for w in words if w.isalpha()]
    spoken = dialect("rioplatense")
    lines = [line.split("\t")[1] for line in (folder / "normalization_ar_dev.tsv").read_text(encoding="utf-8").splitlines()]
    plain = [" ".join(words[i : i + 12]) + "." for i in range(0, len(words), 12)]
    frontend = SpanishFrontend()

    def timed(what: str, count: int, work: Callable[[], object]) -> dict:
        best = float("inf")
        for _ in range(3):
            pronounce.cache_clear()
            started = time.process_time()
            work()
            best = min(best, time.process_time() - started)
        return {"what": what, "words": count, "words_per_s": round(count / best)}

    dense = lines * 20
    return [
        timed("letters to sound, distinct words", len(words), lambda: [pronounce(w, spoken) for w in words]),
        timed("normaliser, plain words", len(words), lambda: [normalize(line) for line in plain]),
        timed("normaliser, text dense in numbers", sum(len(t.split()) for t in dense), lambda: [normalize(t) for t in dense]),
        timed("whole frontend, distinct words", len(words), lambda: [frontend.analyze(line) for line in plain]),
    ]


def importing(runs: int = 15) -> dict:
    """CPU milliseconds that importing and building the frontend takes beyond a bare interpreter, paired runs."""

    def cpu_ms(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    with tempfile.TemporaryDirectory() as kept:  # bytecode is kept, as where a package is installed
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": kept}
        build = "from ttskit_spanish.frontend import SpanishFrontend; SpanishFrontend()"
        cpu_ms(build)
        bare, built = zip(*((cpu_ms("pass"), cpu_ms(build)) for _ in range(runs)), strict=True)
    beyond = [b - a for a, b in zip(bare, built, strict=True)]
    return {"import_ms": {"median": statistics.median(beyond), "least": min(built) - min(bare), "bare": min(bare)}}


# What is measured, the anchor and the goal, and where the figure is: set, category, measure.
_ROWS = (
    ("common words, Castilian, WER %", "espeak-ng 0.16", "≤ 0.12", "g2p_ca_dev.tsv", "common", "WER_seg"),
    ("common words, Latin American, WER %", "espeak-ng 0.15", "≤ 0.12", "g2p_la_dev.tsv", "common", "WER_seg"),
    ("the same with stress, Castilian", "espeak-ng 0.45", "≤ 0.30", "g2p_ca_dev.tsv", "common", "WER_stress"),
    ("the same with stress, Latin American", "espeak-ng 0.44", "≤ 0.30", "g2p_la_dev.tsv", "common", "WER_stress"),
    ("names, Castilian, WER %", "espeak-ng 0.58", "≤ 0.4", "g2p_ca_dev.tsv", "name", "WER_seg"),
    ("names, Latin American, WER %", "espeak-ng 0.58", "≤ 0.4", "g2p_la_dev.tsv", "name", "WER_seg"),
    ("irregular words, Castilian, WER %", "espeak-ng 75.8", "≤ 60", "g2p_ca_dev.tsv", "irregular", "WER_seg"),
    ("irregular words, Latin American, WER %", "espeak-ng 75.8", "≤ 60", "g2p_la_dev.tsv", "irregular", "WER_seg"),
    ("Rioplatense, WER %", "espeak-ng with ʃ 5.1", "≤ 1", "g2p_rp_dev.tsv", "ALL", "WER_seg"),
    ("syllables and stress, % right", "silabeador 99.1", "≥ 99.5", "syllables_dev.tsv", "ALL", "acc_both"),
    ("NeMo's cases fit for es-AR, % right", "NeMo 100", "≥ 97", "normalization_dev.tsv", "ALL fit for es-AR", "accuracy"),
    ("NeMo's cases, all, % right", "", "", "normalization_dev.tsv", "ALL", "accuracy"),
    ("Argentine cases, % right", "NeMo 49.6, espeak-ng 35", "≥ 97", "normalization_ar_dev.tsv", "ALL", "accuracy"),
)


def markdown(rows: list[dict]) -> str:
    """The tables of RESULTS.md."""
    lines = ["| measure | anchor | goal | A | B | all | items A / B |", "|---|---|---|---|---|---|---|"]
    for what, anchor, goal, name, category, key in _ROWS:
        found = {r["half"]: r for r in rows if r.get("set") == name and r["category"] == category}
        counts = [str(found[h].get("items", found[h].get("words"))) for h in "AB"]
        values = " | ".join(f"{found[h][key]:.2f}" for h in ("A", "B", "all"))
        lines.append(f"| {what} | {anchor} | {goal} | {values} | {' / '.join(counts)} |")
    lines += ["", "| speed, one core, CPU time, cold cache | words/s |", "|---|---|"]
    lines += [f"| {r['what']} | {r['words_per_s']:,} |" for r in rows if "what" in r]
    ms = next(r["import_ms"] for r in rows if "import_ms" in r)
    lines += [
        "",
        f"Importing and building the frontend, CPU beyond a bare interpreter: median {ms['median']:.0f} ms, "
        f"least {ms['least']:.0f} ms of paired runs (goal 50; the bare one {ms['bare']:.0f}).",
    ]
    return "\n".join(lines)


def show(row: dict) -> str:
    """One line of a row's figures."""
    values = [f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items() if k not in ("set", "half")]
    return f"{row.get('set', 'speed'):26} {row.get('half', ''):4} " + ", ".join(values)


def main() -> None:
    """Measure, print, write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED / "eval_spanish")
    parser.add_argument("--errors", type=Path, help="write the errors of half A here (tab-separated)")
    parser.add_argument("--only", default="", help="only sets whose name contains this; no speeds")
    parser.add_argument("--markdown", type=Path, help="write the tables of RESULTS.md here")
    parser.add_argument("--json", type=Path, help="write all figures here")
    args = parser.parse_args()
    rows, lines = [], []
    for name, kind, spoken in SETS:
        if args.only in name:
            found, errors = measure(args.folder, name, kind, spoken)
            rows += found
            lines += ["\t".join((name, *e)) for e in errors]
            for row in found:
                if not args.json or row["category"].startswith("ALL"):
                    print(show(row), flush=True)
    if not args.only:
        rows += speeds(args.folder)
        print("\n".join(show(row) for row in rows[-4:]))
        rows.append(importing())
        print(rows[-1], flush=True)
        if args.markdown:
            args.markdown.write_text(markdown(rows) + "\n", encoding="utf-8")
    if args.errors:
        args.errors.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if args.json:
        args.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
