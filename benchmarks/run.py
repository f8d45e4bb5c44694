"""Speeds of ttskit on this machine, each beside the limit it is measured against.

    python benchmarks/run.py [--threads 1] [--full] [--demo FOLDER] [--json FILE]

Limits are measured in the same run, since machines differ and drift: the rate of a large fp32 matrix
product (for anything made of matrix products: operations counted by torch / that rate is the shortest
possible time), and the bandwidth of reading memory (for autoregressive decoding, which reads its
weights once per step). Every time is the median of several runs after a warm-up.

Training is measured at the sizes of the recipes small and hifigan-small; --full adds the published sizes. --demo FOLDER adds
the stage times that `ttskit demo --out FOLDER` recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import build, matmul_rate, median_s, operations, read_bandwidth, row, wall_s, write


def start_up() -> None:
    """Import and --help, as whole processes; the limit is a bare interpreter."""

    def python(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)

    bare = wall_s(python("-c", "pass"))
    for what, words in (("import ttskit", ("-c", "import ttskit")), ("ttskit --help", ("-m", "ttskit", "--help"))):
        seconds = wall_s(python(*words))
        row(what, seconds, "s", f"bare interpreter {bare:.3f} s", bare / seconds)


def prepare(cores: int) -> None:
    """Seconds of `prepare` per hour of audio, with one process and with all cores."""
    from ttskit.config import load_recipe
    from ttskit.corpus import prepare as prepare_corpus
    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.testing import tiny_corpus

    with tempfile.TemporaryDirectory() as scratch:
        folder = tiny_corpus(Path(scratch) / "corpus", utterances=400)  # ten minutes: starting processes costs little beside it
        recipe = load_recipe("small")
        per_core = {}
        for jobs in sorted({1, cores}):
            out = Path(scratch) / f"prepared{jobs}"
            started = time.perf_counter()
            prepare_corpus(folder, out, recipe, jobs=jobs)
            seconds = time.perf_counter() - started
            corpus = PreparedCorpus.open(out)
            hours = sum(u.samples for u in corpus.utterances) / corpus.mel.sample_rate_hz / 3600
            per_core[jobs] = seconds / hours
            limit = "" if jobs == 1 else f"one process / {jobs}"
            share = None if jobs == 1 else per_core[1] / jobs / per_core[jobs]
            row(f"prepare, {jobs} process(es)", per_core[jobs], "s per hour", limit, share)


def training(rate: float, full: bool) -> None:
    """Steps and frames per second of a training step, with the optimiser."""
    import torch

    from ttskit.config import load_recipe
    from ttskit.interfaces import TrainState, VocoderBatch
    from ttskit.testing import tiny_batch, tiny_context

    context = tiny_context()
    recipes = {"small": load_recipe("small"), **({"base": load_recipe("base")} if full else {})}
    for size, recipe in recipes.items():
        for name in ("fastpitch", "tacotron2", "hifigan"):
            chosen = recipe.models.get(name)
            options = dict(chosen.options) if chosen else {}
            if name == "hifigan":
                options = options if size == "base" else {"preset": "small"}
                model = build("vocoder", name, options, context)
                frames = model.segment_frames
                batch = VocoderBatch(
                    ("a",) * 4, torch.randn(4, 80, frames) - 5, 0.1 * torch.randn(4, frames * 256), torch.arange(4)
                )
                shape = f"batch 4, {frames} frames"
            else:
                model = build("acoustic model", name, options, context)
                batch = tiny_batch(context, lengths=(60,) * 8, frames_per_token=5)
                shape = f"batch 8, 60 tokens, {batch.mel.shape[2]} frames"
            plans = model.train().optimizers(100)

            def optimize(key, losses, plans=plans):
                plans[key].optimizer.zero_grad(set_to_none=True)
                losses.total.backward()
                plans[key].optimizer.step()

            def step(model=model, batch=batch, optimize=optimize):
                model.training_step(batch, TrainState(10, 1, 100), optimize)

            seconds = median_s(step, repeats=3)
            shortest = operations(step) / rate
            used = "hifigan-small" if name == "hifigan" and size == "small" else size
            what = f"train {name}, {used} recipe ({shape})"
            row(what, 1 / seconds, "steps/s", "operations / matmul rate", shortest / seconds)
            row(what, batch.frames / seconds, "frames/s")


def synthesis(rate: float, bandwidth: float) -> None:
    """Mel frames per second of the acoustic models and real-time factors of the vocoders, published sizes."""
    import torch

    from ttskit.interfaces import AcousticInput, Controls
    from ttskit.testing import tiny_context

    context = tiny_context()
    hop_s = context.mel.hop_samples / context.mel.sample_rate_hz
    for batch in (1, 16):
        tokens = torch.randint(5, len(context.symbols), (batch, 100))
        inputs = AcousticInput(tokens, torch.full((batch,), 100), torch.zeros(batch, dtype=torch.long))

        def generators(batch=batch):
            return [torch.Generator().manual_seed(i) for i in range(batch)]

        model = build("acoustic model", "fastpitch", {}, context).eval()
        controls = Controls(durations=torch.full((batch, 100), 6.0))

        def speak(model=model, inputs=inputs, controls=controls, generators=generators):
            with torch.inference_mode():
                return model.infer(inputs, controls, generators())

        frames = int(speak().lengths.sum())
        seconds = median_s(speak, repeats=3)
        shortest = operations(speak) / rate
        row(
            f"FastPitch, batch {batch}, 100 tokens, 600 frames",
            frames / seconds,
            "frames/s",
            "operations / matmul rate",
            shortest / seconds,
        )

        model = build(
            "acoustic model", "tacotron2", {"stop_threshold": 1.0, "frames_per_token": 3.0, "rest_frames": 0}, context
        ).eval()

        def decode(model=model, inputs=inputs, generators=generators):
            with torch.inference_mode():
                return model.infer(inputs, None, generators())

        frames = int(decode().lengths.sum())
        seconds = median_s(decode, repeats=2)
        weights = sum(p.numel() * 4 for n, p in model.named_parameters() if "lstm" in n.lower() and "encoder" not in n)
        steps = frames / batch
        row(
            f"Tacotron 2, batch {batch}, 100 tokens, {frames // batch} frames",
            frames / seconds,
            "frames/s",
            f"{weights / 1e6:.0f} MB of LSTM weights per step at {bandwidth / 1e9:.1f} GB/s",
            steps * weights / bandwidth / seconds,
        )
    frames = round(4 / hop_s)
    mel = torch.randn(1, 80, frames) - 5
    for preset in ("V1", "V2", "V3"):
        model = build("vocoder", "hifigan", {"preset": preset}, context).eval()

        def vocode(model=model):
            with torch.inference_mode():
                return model.infer(mel)

        seconds = median_s(vocode, repeats=3)
        row(
            f"HiFi-GAN {preset}, batch 1, 4 s of audio",
            seconds / (frames * hop_s),
            "real-time factor",
            "operations / matmul rate",
            operations(vocode) / rate / seconds,
        )


def demo(folder: Path) -> None:
    """Stage times of a demo that has run."""
    stages = json.loads((folder / "stages.json").read_text(encoding="utf-8"))["seconds"]
    for name, seconds in stages.items():
        row(f"demo: {name}", seconds, "s")
    row("demo: all", sum(stages.values()), "s", "900 s", sum(stages.values()) / 900)


def main() -> None:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="also train at the published sizes")
    parser.add_argument("--demo", type=Path, help="folder of a demo that has run")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    start_up()
    prepare(os.cpu_count() or 1)
    rate, bandwidth = matmul_rate(), read_bandwidth()
    row(f"matrix product 1024³, fp32, {options.threads} thread(s)", rate / 1e9, "GFLOP/s")
    row("reading memory", bandwidth / 1e9, "GB/s")
    training(rate, options.full)
    synthesis(rate, bandwidth)
    if options.demo:
        demo(options.demo)
    write(options.json)


if __name__ == "__main__":
    main()
