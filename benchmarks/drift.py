"""How far old voices drift in a fine-tuning, with and without rehearsal, on voices that espeak-ng speaks.

    python benchmarks/drift.py OUT [--steps 1100] [--sentences 200] [--new-sentences 60]

Two voices (ana, beto) train a small FastPitch; it is fine-tuned on a third (caro) with the recipe `finetune`, once with the
old speakers merely kept and once with 30 % of the utterances rehearsed. What exists in OUT is kept, so it can be stopped.
Needs the extra `demo`; about 25 minutes of one core.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import torch

from ttskit.compare.drift import drift
from ttskit_demo.corpus import make_corpus

VOICES = {"ana": ("es-419+f2", 1), "beto": ("es-419+m3", 2), "caro": ("es-419+f4", 3)}
WAYS = {"kept": ["--keep-speakers", "all"], "rehearsed": ["--rehearse", "PREPARED"]}


def ttskit(*words: object) -> None:
    """Run a command, its progress shown."""
    subprocess.run([sys.executable, "-m", "ttskit", *map(str, words)], check=True)


def main() -> None:
    """Make, train, fine-tune, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=1100, help="of the first training")
    parser.add_argument("--tune-steps", type=int, help="of each fine-tuning; by default 200 for each minute of speech")
    parser.add_argument("--sentences", type=int, default=200, help="of each old voice")
    parser.add_argument("--new-sentences", type=int, default=60, help="of the new one")
    given = parser.parse_args()
    out = given.out
    for name, (voice, seed) in VOICES.items():
        group, count = ("new", given.new_sentences) if name == "caro" else ("old", given.sentences)
        make_corpus(out / group / name, limit=count, seed=seed, voice=voice)
    old, new = out / "prepared-old", out / "prepared-new"
    splits = ["--set", "corpus.test=12", "--set", "corpus.validation=12"]
    ttskit("prepare", out / "old", "--recipe", "small", "--out", old, *splits)
    ttskit(
        "prepare",
        out / "new" / "caro",
        "--speaker",
        "caro",
        "--recipe",
        "small",
        "--out",
        new,
        "--set",
        "corpus.test=8",
        "--set",
        "corpus.validation=6",
    )
    runs, common = out / "runs", ["--model", "fastpitch", "--threads", 1, "--set", "training.samples=0"]
    if not (runs / "old").exists():
        ttskit("train", *common, "--recipe", "small", "--data", old, "--run", runs / "old", "--steps", given.steps)
    steps = ["--steps", given.tune_steps] if given.tune_steps else []
    for name, flags in WAYS.items():
        if not (runs / name).exists():
            flags = [old if word == "PREPARED" else word for word in flags]
            ttskit("train", *common, "--init-from", runs / "old", "--data", new, "--run", runs / name, *flags, *steps)
    torch.set_num_threads(1)
    print("| old voice | way | MCD moved | F0 moved | F0 shift | MCD to natural | F0 to natural |")
    print("|---|---|---|---|---|---|---|")
    for name in WAYS:
        for row in drift(runs / "old", runs / name, old):
            mcd, f0 = row.natural_mcd_db, row.natural_f0_semitones
            moved = f"{row.mcd_db:.2f} dB | {row.f0_rmse_semitones:.2f} st | {row.f0_shift_semitones:+.2f} st"
            print(f"| {row.speaker} | {name} | {moved} | {mcd[0]:.2f} → {mcd[1]:.2f} dB | {f0[0]:.2f} → {f0[1]:.2f} st |")


if __name__ == "__main__":
    main()
