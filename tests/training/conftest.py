"""A prepared corpus of made-up features, tiny models, and ways to train them here or in another process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from ttskit.audio.config import MelConfig
from ttskit.config import load_recipe
from ttskit.corpus.prepared import FORMAT, PreparedCorpus, PreparedUtterance
from ttskit.hookspecs import hookimpl
from ttskit.plugins import create_registry
from ttskit.runs import RunFolder
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.training import train

MEL = MelConfig(bands=20)
SYMBOLS = ("<pad>", " ", "<edge>", ".", *"abdefiklmno")
MODELS = ("fastpitch", "tacotron2", "hifigan")
# two utterances or segments a batch: 7 steps an epoch, so that a stop at step 10 lies within an epoch
SMALL = (
    "training.log_every=1",
    "training.validate_every=1000",
    "training.checkpoint_every=5",
    "training.samples=0",
    "training.max_utterances=2",
    "training.segments_per_batch=2",
    "training.device=cpu",
)


def write_corpus(folder, utterances=18, seed=0, speakers=("ana", "beto"), table=None):
    """A prepared corpus: 14 utterances to train on, 2 to validate, 2 to test."""
    rng = np.random.default_rng(seed)
    table = table or SymbolTable(SYMBOLS, "<pad>", " ", "<edge>", frozenset(SYMBOLS[:4]))
    spoken = [s for s in table.symbols if s not in table.silent]
    for sub in ("audio", f"features/{MEL.hash()}", "alignments/reference"):
        (folder / sub).mkdir(parents=True)
    lines = []
    for i in range(utterances):
        tokens = ["<edge>", *rng.choice(spoken, size=3 + i % 4), "<edge>"]
        durations = rng.integers(4, 9, size=len(tokens))
        frames = int(durations.sum())
        samples = (frames - 1) * MEL.hop_samples
        name = f"u{i:02}"
        mel = rng.normal(-5, 2, (MEL.bands, frames)).astype(np.float32)
        pitch = np.where(rng.random(frames) > 0.3, rng.normal(150, 20, frames), 0).astype(np.float32)
        np.savez(folder / "features" / MEL.hash() / f"{name}.npz", mel=mel, pitch_hz=pitch)
        audio = (0.1 * rng.standard_normal(samples)).astype(np.float32)
        soundfile.write(folder / "audio" / f"{name}.flac", audio, MEL.sample_rate_hz, subtype="PCM_16")
        (folder / "alignments" / "reference" / f"{name}.json").write_text(
            json.dumps({"tokens": tokens, "durations": durations.tolist()}), encoding="utf-8"
        )
        split = "validation" if i in (3, 7) else "test" if i in (5, 9) else "train"
        text = "".join(tokens[1:-1])
        speaker, words = speakers[i % len(speakers)], (None,) * len(tokens)
        lines.append(
            PreparedUtterance(
                name,
                speaker,
                text,
                text,
                tuple(map(str, tokens)),
                words,
                split,
                samples,
                frames,
                0.0,
                0.0,
                0.0,
                f"wavs/{name}.wav",
            ).to_json()
        )
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (folder / "corpus.json").write_text(
        json.dumps(
            {
                "format": FORMAT,
                "mel": MEL.to_json(),
                "symbols": table.to_json(),
                "speakers": SpeakerTable(tuple(speakers)).to_json(),
                "frontend": {"name": "spanish", "version": "1", "options": {"dialect": "rioplatense"}},
                "statistics": {name: {"pitch_mean_hz": 150.0, "pitch_std_hz": 20.0} for name in speakers},
            }
        ),
        encoding="utf-8",
    )
    return folder


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def registry():
    return create_registry()


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("prepared") / "corpus")


@pytest.fixture
def corpus(corpus_folder):
    return PreparedCorpus.open(corpus_folder)


@pytest.fixture(scope="session")
def recipe(registry):
    """recipe("a.b=c", …): the shipped recipe `tiny` with these tests' settings."""
    return lambda *overrides: load_recipe("tiny", (*SMALL, *overrides), registry=registry)


@pytest.fixture
def trained(recipe, registry, corpus, tmp_path):
    """trained("fastpitch", steps=…, run=…, overrides=(…), more) -> RunFolder"""

    def call(model="fastpitch", *, run="run", overrides=(), steps=3, **more):
        more = {"registry": registry, "data": corpus, **more}
        return train(recipe(*overrides), model=model, run=tmp_path / run, steps=steps, **more)

    return call


def make_run(folder, registry, model="fastpitch", speakers=("ana", "beto"), symbols=None, pitch=None, options=None, seed=5):
    """A run with random weights for other inventories, as an importer writes one."""
    from ttskit.interfaces import FrontendFingerprint, ModelContext

    table = symbols or SymbolTable(
        ("a", "b", "<pad>", "d", "e", " ", ".", "<edge>", "q", "k"),
        "<pad>",
        " ",
        "<edge>",
        frozenset(("<pad>", " ", ".", "<edge>")),
    )
    context = ModelContext(MEL, table, SpeakerTable(tuple(speakers)), pitch or {})
    plugin = registry.get("acoustic model", model)
    made = options or load_recipe("tiny", registry=registry).options_for(model, registry)
    run = RunFolder.create(
        folder,
        kind="acoustic model",
        model=model,
        options=made,
        context=context,
        frontend=FrontendFingerprint("spanish", "1", {"dialect": "rioplatense"}),
    )
    torch.manual_seed(seed)
    built = plugin.load()(made, context)
    with torch.no_grad():
        for name, value in built.state_dict().items():
            if name.endswith("duration_predictor.out.bias"):
                value.fill_(1.5)
    run.save(built)
    return run


@pytest.fixture
def random_run(registry, tmp_path):
    """random_run("name", model, speakers, symbols=…, pitch=…) -> RunFolder with random weights."""

    def make(name, model="fastpitch", speakers=("ana", "beto"), **more):
        return make_run(tmp_path / name, registry, model, speakers, **more)

    return make


class At:
    """Does something when a step has been logged."""

    def __init__(self, step, action):
        self.step, self.action = step, action

    @hookimpl
    def ttskit_step_ended(self, run, step, values):
        if step == self.step:
            self.action()


@pytest.fixture
def at():
    """at(step, action): a registry with that event hook."""

    def make(step, action):
        registry = create_registry()
        registry.events.register(At(step, action))
        return registry

    return make


class Elsewhere:
    """Runs the train command in another process, from the same recipe as `recipe`."""

    def __init__(self, data, cwd):
        self.data, self.cwd = data, cwd

    def arguments(self, model, run, *more, overrides=()):
        sets = [a for o in (*SMALL, *overrides) for a in ("--set", o)]
        return ["train", "--model", model, "--recipe", "tiny", "--data", str(self.data), "--run", str(run), *sets, *more]

    def start(self, *arguments, launcher=("-m", "ttskit"), **more):
        env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **more.pop("env", {})}
        return subprocess.Popen(
            [sys.executable, *launcher, *arguments],
            cwd=self.cwd,
            env=env,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **more,
        )

    def run(self, *arguments, **more):
        process = self.start(*arguments, **more)
        try:
            out, err = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:  # processes that wait for each other
            process.terminate()
            raise
        return SimpleNamespace(code=process.returncode, out=out, err=err)


@pytest.fixture(scope="session")
def start_elsewhere():
    return Elsewhere


@pytest.fixture
def elsewhere(corpus_folder, tmp_path):
    return Elsewhere(corpus_folder, tmp_path)


def losses(run: Path, split="train"):
    """{step: {name: value}} of metrics.jsonl, without timings."""
    rows = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    timings = ("frames_per_s", "seconds")
    return {r["step"]: {k: v for k, v in r.items() if k not in timings} for r in rows if r["split"] == split}


@pytest.fixture(scope="session")
def all_settings():
    """What `recipe` sets besides the shipped recipe, for other processes."""
    return SMALL


@pytest.fixture
def new_corpus(tmp_path):
    """new_corpus("name", seed=…, speakers=…) -> folder of another prepared corpus."""
    return lambda name, **more: write_corpus(tmp_path / name, **more)


@pytest.fixture
def losses_of():
    return losses


@pytest.fixture
def same_weights():
    """same_weights(run, other, step=None): every tensor of the last checkpoints is equal bit for bit."""

    def check(run, other):
        mine, step = run.weights("last")
        theirs, other_step = other.weights("last")
        assert step == other_step and mine.keys() == theirs.keys()
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)

    return check
