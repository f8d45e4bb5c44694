"""Aligners against exact phone times: a FastPitch's own alignment and a Tacotron 2's attention.

    python benchmarks/alignment.py TIMING [--more CORPUS] [--steps 800] [--teacher-steps 500] [--out FOLDER]

TIMING holds the sets `mbrola_es2` and `espeak_es419` (or TTSKIT_SHARED names the shared data). Both voices go into one
corpus of two speakers; `--more` adds a corpus with exact times of its own, such as the demo's (`demo/corpus`), to learn
from: 80 sentences are little. Aligners see all of it and are scored on the timing sets, each apart. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np

from ttskit.config import load_recipe
from ttskit.corpus import prepare
from ttskit.corpus.labels import read_labels
from ttskit.corpus.matching import match
from ttskit.corpus.prepared import SPLITS, PreparedCorpus
from ttskit.corpus.times import boundary_errors_ms
from ttskit.plugins import create_registry
from ttskit.runs.align import WITHIN_MS, align
from ttskit.training import train

SETS = ("mbrola_es2", "espeak_es419")
# Exact enough to score: recordings whose labels sound like what the text says.
FRONTEND = ("frontend.name=spanish", "frontend.options.dialect=latin_american", "frontend.options.locale=es-MX")


def gather(timing: Path, out: Path, more: Path | None) -> tuple[Path, float]:
    """A folder of speakers with exact times per token, and the share of sounds whose label agrees."""
    frontend = create_registry().get("frontend", "spanish").load()(dialect="latin_american", locale="es-MX")
    shares = []
    for name in SETS:
        place = out / name
        (place / "wavs").mkdir(parents=True)
        (place / "alignments").mkdir()
        shutil.copy(timing / name / "metadata.csv", place / "metadata.csv")
        for line in (timing / name / "metadata.csv").read_text(encoding="utf-8").splitlines():
            item, text = line.split("|")[:2]
            recording = next((timing / name / "wavs").glob(f"{item}.*"))
            shutil.copy(recording, place / "wavs" / recording.name)
            analysis = frontend.analyze(text)
            found = match(
                analysis.tokens,
                analysis.token_words,
                frontend.symbols.silent,
                read_labels(timing / name / "timing" / f"{item}.json"),
            )
            shares.append(found.share)
            content = {"tokens": list(analysis.tokens), "times_s": [round(float(t), 5) for t in found.times_s]}
            (place / "alignments" / f"{item}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if more is not None:
        shutil.copytree(more, out / "more")
        shutil.rmtree(out / "more" / "alignments", ignore_errors=True)  # only to learn from
    return out, float(np.mean(shares))


def scores(errors: np.ndarray) -> list[str]:
    """Cells of a table row."""
    within = [f"{100 * float((errors <= limit).mean()):.1f} %" for limit in WITHIN_MS]
    return [f"{np.median(errors):.1f} ms", f"{errors.mean():.1f} ms", *within, str(len(errors))]


def by_set(corpus: PreparedCorpus, name: str) -> dict[str, np.ndarray]:
    """Errors in ms of an alignment, per timing set."""
    found: dict[str, list[np.ndarray]] = {}
    for split in SPLITS:
        for u in corpus.split(split):
            if u.speaker in SETS:
                found.setdefault(u.speaker, []).append(boundary_errors_ms(corpus, u, corpus.alignment(u, name)))
    return {speaker: np.concatenate(parts) for speaker, parts in found.items()}


def even(corpus: PreparedCorpus) -> None:
    """The alignment "even": every sound as long as the others, to beat."""
    for split in SPLITS:
        for u in corpus.split(split):
            edges = np.linspace(0, u.frames, len(u.tokens) + 1).round().astype(int)
            corpus.write_alignment("even", u, np.diff(edges))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("TTSKIT_SHARED")
    parser.add_argument("timing", type=Path, nargs="?", default=Path(shared) / "data" / "timing" if shared else None)
    parser.add_argument("--more", type=Path, help="corpus folder (LJSpeech layout) to learn from besides")
    parser.add_argument("--steps", type=int, default=800, help="steps of the FastPitch aligner")
    parser.add_argument("--teacher-steps", type=int, default=500, help="steps of the Tacotron 2 teacher, 0 for none")
    parser.add_argument("--out", type=Path, default=Path("alignment_benchmark"))
    options = parser.parse_args()
    if options.timing is None:
        parser.error("give TIMING, or set TTSKIT_SHARED")
    source = options.out / "source"
    if not (options.out / "prepared" / "corpus.json").is_file():
        shutil.rmtree(options.out, ignore_errors=True)
        _, share = gather(options.timing, source, options.more)
        recipe = load_recipe("small", FRONTEND)
        prepare(source, options.out / "prepared", recipe, jobs=1)
        print(f"{100 * share:.1f} % of the sets' sounds have a label that sounds like them\n")
    prepared = options.out / "prepared"
    corpus = PreparedCorpus.open(prepared)
    rows = []
    even(corpus)
    rows.append(("every sound equally long", 0, 0.0, by_set(corpus, "even")))
    quiet = ("training.samples=0", "training.validate_every=100000", "training.checkpoint_every=100000", "training.threads=1")
    plans = [("fastpitch", "FastPitch's learned alignment", options.steps, ())]
    if options.teacher_steps:
        teacher = ("models.tacotron2.training.alignment=fastpitch",)
        plans.append(("tacotron2", "Tacotron 2's attention, led by the above", options.teacher_steps, teacher))
    for model, label, steps, changes in plans:
        run = options.out / f"run-{model}-{steps}"
        began = time.process_time()
        recipe = load_recipe("small", (*FRONTEND, *quiet, f"models.{model}.training.steps={steps}", *changes))
        train(recipe, model=model, data=prepared, run=run, device="cpu", resume=(run / "run.json").is_file())
        align(prepared, run, name=model, pictures=6)
        rows.append((label, steps, (time.process_time() - began) / 60, by_set(PreparedCorpus.open(prepared), model)))
    head = ["aligner", "steps, CPU minutes", "set", "median", "mean", *(f"≤ {ms} ms" for ms in WITHIN_MS), "onsets"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for label, steps, minutes, found in rows:
        for name, errors in found.items():
            cost = f"{steps}, {minutes:.1f}" if steps else "–"
            print("| " + " | ".join([label, cost, name, *scores(errors)]) + " |")


if __name__ == "__main__":
    main()
