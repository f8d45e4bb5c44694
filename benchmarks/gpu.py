"""The whole exercise on one GPU, in one call: prepare, train the three networks at full size, speak, compare.

    python benchmarks/gpu.py FOLDER --out OUT --minutes 3

FOLDER holds `corpus/` (recordings in any layout that `ttskit prepare` reads) and, where ttskit or its
dependencies are not installed, `wheels/`: a wheel of ttskit and of each missing package. The wheels are
unpacked into a temporary folder, so nothing is installed and nothing is fetched; torch, numpy and scipy
are the machine's own. To make FOLDER/wheels on a machine with a network:

    python -m build --wheel -o FOLDER/wheels
    pip download -c constraints.txt --no-deps --only-binary :all: --python-version 3.12 \
        --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 -d FOLDER/wheels \
        annotated-types audioread certifi cffi charset-normalizer click cloudpickle contourpy cycler decorator fonttools \
        idna jinja2 joblib kiwisolver lazy-loader librosa llvmlite markdown-it-py matplotlib mdurl msgpack narwhals \
        numba packaging pillow platformdirs pluggy pooch pycparser pydantic pydantic-core pygments pyparsing \
        python-dateutil pyyaml requests rich safetensors scikit-learn six soundfile soxr threadpoolctl typing-inspection urllib3

OUT gets `summary.json` (frames/s, memory, seconds per stage), the metrics of each run, the comparison's
results.json and the whole page (comparison.zip), and three sentences by each model through each vocoder.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

MODELS = ("fastpitch", "tacotron2", "hifigan")
SENTENCES = ("Por favor, espere en línea.", "El número que usted marcó no existe.", "Che, ¿venís mañana a la facultad?")


def unpack_wheels(wheels: Path, into: Path) -> list[str]:
    """Unpack those wheels whose package cannot be imported; returns their file names."""
    taken = []
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            tops = {n.split("/")[0] for n in archive.namelist()}
            tops = {t.split(".")[0] for t in tops if not t.endswith((".libs", ".data", ".dist-info"))}
            tops = {t for t in tops if t.isidentifier() and not t.endswith("_data")}  # the rest lies beside the package
            if wheel.name.startswith("ttskit-") or not all(importlib.util.find_spec(t) for t in tops):
                archive.extractall(into)
                taken.append(wheel.name)
    return taken


class Stages:
    """Runs ttskit commands, times them, and keeps their output."""

    def __init__(self, out: Path, environment: dict[str, str]) -> None:
        self.out, self.environment = out, environment
        self.seconds: dict[str, float] = {}
        self.failed: dict[str, str] = {}

    def run(self, name: str, *words: str | Path) -> bool:
        """One `ttskit` command; a failure is recorded and the rest goes on."""
        started = time.perf_counter()
        with (self.out / f"{name}.log").open("w", encoding="utf-8") as log:
            done = subprocess.run(
                [sys.executable, "-m", "ttskit", *map(str, words)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                check=False,
            )
        self.seconds[name] = round(time.perf_counter() - started, 1)
        print(f"{name}: {self.seconds[name]} s, exit {done.returncode}", flush=True)
        if done.returncode:
            self.failed[name] = (self.out / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-1500:]
            print(self.failed[name], flush=True)
        return done.returncode == 0


def speeds(metrics: Path) -> dict[str, float]:
    """The median training speed, the peak memory and the last losses of a run."""
    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines() if line.strip()]
    train = [line for line in lines if line.get("split") == "train"]
    validation = [line for line in lines if line.get("split") == "validation"]
    found: dict[str, float] = {"steps": train[-1]["step"] if train else 0}
    if train:
        values = sorted(line["frames_per_s"] for line in train[1:] or train)
        found["frames_per_s"] = values[len(values) // 2]
        found["steps_per_s"] = train[-1]["step"] / train[-1]["seconds"]
    found["memory_bytes"] = max((line.get("memory_bytes") or 0 for line in lines), default=0)
    if validation:
        found["validation"] = {k: v for k, v in validation[-1].items() if isinstance(v, float)}
    return found


def main() -> None:
    """Run everything; exits with 1 if a stage failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=2.0, help="training time of each model")
    parser.add_argument("--recipe", default="telephone-8000")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in ttskit train")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        environment = dict(os.environ, PYTHONUNBUFFERED="1", PYTHONUTF8="1")
        packages = work / "packages"
        taken = unpack_wheels(options.folder / "wheels", packages) if (options.folder / "wheels").is_dir() else []
        if taken:
            environment["PYTHONPATH"] = os.pathsep.join([str(packages), environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
            print("unpacked", ", ".join(taken), flush=True)
        stages = Stages(options.out, environment)
        stages.run("doctor", "doctor", "--json")
        prepared, runs = work / "prepared", work / "runs"
        if not stages.run("prepare", "prepare", options.folder / "corpus", "--out", prepared, "--recipe", options.recipe):
            sys.exit(1)
        changes = [word for change in options.set for word in ("--set", change)]
        summary: dict = {"recipe": options.recipe, "minutes": options.minutes, "models": {}}
        for model in MODELS:
            stages.run(
                f"train-{model}",
                "train",
                "--model",
                model,
                "--recipe",
                options.recipe,
                "--data",
                prepared,
                "--run",
                runs / model,
                "--budget",
                f"{options.minutes * 60:.0f}s",
                "--device",
                options.device,
                *changes,
            )
            if (runs / model / "metrics.jsonl").is_file():
                summary["models"][model] = speeds(runs / model / "metrics.jsonl")
                shutil.copy(runs / model / "metrics.jsonl", options.out / f"{model}.metrics.jsonl")
        (work / "sentences.txt").write_text("\n".join(SENTENCES), encoding="utf-8")
        for model in MODELS[:2]:
            for vocoder in ("griffinlim", runs / "hifigan"):
                name = f"{model}-{Path(vocoder).name}"
                stages.run(
                    f"speak-{name}",
                    "synthesize",
                    "--file",
                    work / "sentences.txt",
                    "--voice",
                    runs / model,
                    "--vocoder",
                    vocoder,
                    "--device",
                    options.device,
                    "-o",
                    options.out / name,
                )
        stages.run(
            "compare",
            "compare",
            runs / "tacotron2",
            runs / "fastpitch",
            "--data",
            prepared,
            "--vocoder",
            runs / "hifigan",
            "--device",
            options.device,
            "-o",
            work / "comparison",
        )
        if (work / "comparison" / "results.json").is_file():
            shutil.copy(work / "comparison" / "results.json", options.out / "results.json")
            shutil.make_archive(str(options.out / "comparison"), "zip", work / "comparison")
        summary |= {"stages_s": stages.seconds, "failed": stages.failed}
        (options.out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False), encoding="utf-8")
        print(json.dumps(summary, indent=1, ensure_ascii=False))
        sys.exit(1 if stages.failed else 0)


if __name__ == "__main__":
    main()
