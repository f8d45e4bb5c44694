"""What each of Tacotron 2's aids is worth on 5, 15 or 60 minutes of speech: trains small models, speaks, and judges the audio.

    python benchmarks/tacotron2_aids.py --out DIR [--minutes 5,15] [--aids none,guided,alf,durations,…] [--steps 500]
    python benchmarks/tacotron2_aids.py --out DIR --data PREPARED --alignment fastpitch    # recorded speech instead
    python benchmarks/tacotron2_aids.py --out DIR --data PREPARED --runs RUN RUN            # only judge runs that exist

Speech is espeak-ng's, with exact token times: the demo's 273 sentences (11 minutes), and those of --sentences FILE after
them (one a line), of which 5, 15, 60 minutes are taken for training; the same 24 sentences are held out each time. What is
done already is not done again. Sizes are those of the recipe `small`, so the figures choose between aids and promise no voice.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

SPLITS = ("corpus.validation=12", "corpus.test=12")
NOTHING = {
    "attention_supervision_weight": 0,
    "context_mixing": 0,
    "guided_attention_weight": 0,
    "reduction_schedule": [],
    "frame_dropout": 0,
    "forward_sum_weight": 0,
    "alignment_prior_until": 0,
    "reduction": 4,
    "prenet_input": "all",
}
LED = {"attention_supervision_weight": 1, "context_mixing": 0.9}
FORWARD_SUM = {"forward_sum_weight": 1, "alignment_prior_until": 0.3}
FALLING = {"reduction": 2, "reduction_schedule": [[6, 0.3], [4, 0.6]], "prenet_input": "last"}
AIDS = {
    "none": {},
    "guided": {"guided_attention_weight": 5},
    "alf": {**FORWARD_SUM, "reduction": 2},  # the sum over paths needs more steps than tokens: 5 frames a token here
    "durations": LED,
    "durations+mean": {**LED, "frame_dropout": 0.2},
    "durations+own": {**LED, "frame_dropout": 0.3, "frame_dropout_with": "own", "frame_dropout_ramp": 0.5},
    "durations+last": {**LED, "prenet_input": "last"},
    "durations+falling": {**LED, **FALLING},
    "durations+fine": {**LED, "reduction": 2},
    "alf+falling": {**FORWARD_SUM, **FALLING, "reduction_schedule": [[4, 0.5]]},
}
SPEAKING = {"": {}, "window": {"monotonic": "window"}, "forward": {"monotonic": "forward"}}


@dataclass(frozen=True)
class Setting:
    """What is the same for all runs."""

    out: Path
    steps: int
    threads: int
    hard: int
    alignment: str


def corpus(out: Path, minutes: float, sentences: Path | None) -> Path:
    """Enough speech for the longest wish, prepared once."""
    from ttskit.config import load_recipe
    from ttskit.corpus import prepare
    from ttskit_demo.corpus import demo_sentences, make_corpus

    lines = demo_sentences()
    if sentences is not None:
        lines += [s for s in sentences.read_text(encoding="utf-8").splitlines() if s.strip() and s not in set(lines)]
    folder = out / "prepared"
    if not (folder / "manifest.jsonl").exists():
        wanted = lines[: max(60, int((minutes + 2) * 26))]  # about 2.5 s a sentence
        prepare(make_corpus(out / "corpus", sentences=wanted), folder, load_recipe("small", SPLITS))
    return folder


def part_of(prepared: Path, minutes: float | None, out: Path) -> Path:
    """A prepared corpus with the first `minutes` of the training split; the other splits stay whole."""
    if minutes is None:
        return prepared
    folder = out / f"prepared-{minutes:g}"
    if (folder / "manifest.jsonl").exists():
        return folder
    folder.mkdir(parents=True)
    info = json.loads((prepared / "corpus.json").read_text(encoding="utf-8"))
    rate, left_s, kept = info["mel"]["sample_rate_hz"], 60 * minutes, []
    for line in (prepared / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] == "train":
            if left_s < row["samples"] / rate:
                continue
            left_s -= row["samples"] / rate
        kept.append(line)
    if left_s > 60 * minutes * 0.1 + 5:
        raise SystemExit(f"there are only {minutes - left_s / 60:.1f} minutes to train on: give more with --sentences FILE")
    for name in ("audio", "features", "alignments"):
        shutil.copytree(prepared / name, folder / name, copy_function=os.link)  # the same files under another name
    shutil.copy(prepared / "corpus.json", folder)
    (folder / "manifest.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder


def trained(data: Path, aid: str, setting: Setting) -> Path:
    """The run of one aid on one corpus, trained if it is not there."""
    from ttskit.config import load_recipe
    from ttskit.runs import RunFolder
    from ttskit.training import train

    run = setting.out / "runs" / f"{data.name}-{aid}-{setting.steps}"
    options = {**NOTHING, **AIDS[aid]}
    overrides = [f"models.tacotron2.options.{key}={json.dumps(value)}" for key, value in options.items()]
    overrides += [
        "training.samples=0",
        f"training.validate_every={setting.steps // 2}",
        "training.stop_when_hopeless=false",
        f"models.tacotron2.training.alignment={setting.alignment}",
    ]
    recipe = load_recipe("small", [*SPLITS, *overrides])
    there = (run / "run.json").exists()
    if (
        not there
        or (RunFolder.open(run).checkpoints or [None])[-1] is None
        or (RunFolder.open(run).checkpoints[-1].step < setting.steps)
    ):
        train(
            recipe,
            model="tacotron2",
            data=data,
            run=run,
            resume=there,
            steps=setting.steps,
            device="cpu",
            threads=setting.threads,
        )
    return run


def measure(run: Path, data: Path, setting: Setting, speaking: str) -> dict:
    """Figures of one run: mels and attention of test sentences, verdicts on the audio of the hard ones."""
    from ttskit.config import CompareConfig
    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.measure.analysis import Analyser
    from ttskit.measure.run import measure_all
    from ttskit.measure.sentences import hard_sentences, recorded_sentences
    from ttskit.measure.spoken import SoundStore, speak
    from ttskit.measure.systems import System
    from ttskit.plugins import create_registry
    from ttskit.runs import RunFolder
    from ttskit.synthesis import load_voice
    from ttskit.training.alignment import alignment_score

    registry, known, folder = create_registry(), PreparedCorpus.open(data), RunFolder.open(run)
    loaded = folder.load(checkpoint="last", registry=registry, changes=SPEAKING[speaking])
    voice = load_voice(run, checkpoint="last", registry=registry, options=SPEAKING[speaking])
    system = System("tacotron2", folder, loaded, voice, "autoregressive", False, True)
    config = CompareConfig(limit=None, hard_limit=setting.hard)
    out = setting.out / f"{run.name}{'-' + speaking if speaking else ''}"
    sentences = [*recorded_sentences(known, config, registry), *hard_sentences(known, config, registry)]
    with SoundStore(out / ".sounds") as store:
        spoken = speak([system], sentences, known, config, Analyser(known, registry), store, out, "cpu")
        measured = {m.name: m for m in measure_all(spoken, registry, only=("quality", "robustness", "learned"))}
        scores = [alignment_score(s.sound.alignment).diagonality for s in spoken.of("tacotron2", "hard")]
    values = {row.row.measure.key: row.values.get("tacotron2") for m in measured.values() for row in m.rows}
    data_of = measured["robustness"].findings.data
    verdicts, own = data_of["verdicts"]["hard"]["tacotron2"], data_of["own_alignments"]["tacotron2"]["hard"]
    last = [r for r in folder.metrics("train") if "seconds" in r][-1]
    return {
        "run": run.name,
        "speaking": speaking or "as trained",
        "steps": loaded.step,
        "training_s": last["seconds"],
        "mel_l1": values["mel_l1"].value,
        "attention_within": getattr(values.get("attention_within"), "value", None),
        "stopped": values["stopped"].value,
        "diagonality": float(np.mean(scores)),
        "hard": own["sentences"],
        "hard_finished": own["finished"],
        "skips": own["skips"],
        "repeats": own["repeats"],
        "heard_skipped": verdicts.get("words skipped", 0),
        "heard_repeated": verdicts.get("words repeated", 0),
        "phone_error_rate": values["phone_error_rate_hard"].value,
        "verdicts": dict(verdicts),
    }


def table(rows: list[dict]) -> str:
    """Markdown."""
    head = [
        "training",
        "speaking",
        "mel L1",
        "attention ±1 token",
        "diagonality",
        "stops",
        "hard: finished",
        "without fault",
        "heard: skipped / repeated",
        "attention: skipped / repeated",
        "phone errors",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for r in rows:
        within = "–" if r["attention_within"] is None else f"{100 * r['attention_within']:.0f} %"
        cells = [
            r["run"],
            r["speaking"],
            f"{r['mel_l1']:.3f}",
            within,
            f"{r['diagonality']:.2f}",
            f"{100 * r['stopped']:.0f} %",
            f"{r['hard_finished']}/{r['hard']}",
            str(r["verdicts"].get("ok", 0)),
            f"{r['heard_skipped']} / {r['heard_repeated']}",
            f"{r['skips']} / {r['repeats']}",
            f"{100 * r['phone_error_rate']:.0f} %",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Parse, train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", default="5,15", help="training speech, minutes; all: everything of --data")
    parser.add_argument("--aids", default="none,guided,alf,durations,durations+mean,durations+falling", help=", ".join(AIDS))
    parser.add_argument("--speaking", default="", help="also speak with: window,forward")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--hard", type=int, default=34, help="hard sentences, of 102")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sentences", type=Path, help="more sentences, one a line")
    parser.add_argument("--data", type=Path, help="prepared corpus instead of espeak-ng's speech")
    parser.add_argument("--alignment", default="reference", help="its alignment that gives durations")
    parser.add_argument("--runs", type=Path, nargs="*", help="runs to judge instead of training")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    asked.out.mkdir(parents=True, exist_ok=True)
    setting = Setting(asked.out, asked.steps, asked.threads, asked.hard, asked.alignment)
    minutes = [None if m == "all" else float(m) for m in asked.minutes.split(",")]
    if asked.runs:
        jobs = [(run, asked.data) for run in asked.runs]
    else:
        base = asked.data or corpus(asked.out, max(m or 0.0 for m in minutes), asked.sentences)
        parts = [part_of(base, m, asked.out) for m in minutes]
        jobs = [(aid, part) for part in parts for aid in asked.aids.split(",")]
    rows, kept = [], asked.out / "results.jsonl"
    done = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []
    for what, data in jobs:
        started = time.perf_counter()
        run = what if isinstance(what, Path) else trained(data, what, setting)
        for speaking in dict.fromkeys(["", *filter(None, asked.speaking.split(","))]):
            key = (run.name, speaking or "as trained", asked.hard)
            found = next((r for r in done if (r["run"], r["speaking"], r["hard"]) == key), None)
            if found is None:
                found = measure(run, data, setting, speaking)
                with kept.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(found) + "\n")
            rows.append(found)
        print(f"{run.name}: {time.perf_counter() - started:.0f} s", flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
