"""The recogniser of a corpus: read from its run folder in the prepared corpus, or trained there, and calibrated."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch
from pydantic import BaseModel

from ttskit.config.comparison import RecogniserConfig
from ttskit.config.training import TrainingConfig
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.errors import CheckpointError, CorpusError
from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.measure.phones import Thresholds, phone_inventory
from ttskit.measure.recogniser.batches import VOCODED_SHARE, BandStatistics, PhoneBatches, phones_of
from ttskit.measure.recogniser.limits import limits_of
from ttskit.measure.recogniser.listening import PhoneListener
from ttskit.measure.recogniser.network import PhoneRecogniser
from ttskit.measure.recogniser.sentences import Sentences
from ttskit.measure.recogniser.vocoded import VOCODER, evenly, mels_of, training_vocoder
from ttskit.plugins import Registry, create_registry
from ttskit.progress import duration
from ttskit.reading import Count, Finite, Misread, as_type
from ttskit.runs.folder import JUDGE, RunFolder
from ttskit.training.data import Loader, corpus_facts
from ttskit.training.logs import Pace
from ttskit.training.loop import Training
from ttskit.training.precision import pick_precision
from ttskit.training.processes import Processes
from ttskit.training.stopping import StopRequest
from ttskit.training.task import Task, Workshop
from ttskit.training.validation import LossValidator

__all__ = ["CTC_FRAME_S", "FORMAT", "THREADS", "Report", "TrainedRecogniser", "load_or_train"]

FORMAT = 3  # raise when network, training or calibration change: recognisers of before are not used any more
THREADS = 1
CTC_FRAME_S = 0.024  # longest frame after halving the rate: phones last 40 ms and more

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainedRecogniser:
    """A recogniser that is ready to judge.

    Args:
        network: in evaluation mode.
        thresholds: what natural speech that it was not trained on allows.
        calibration: the sentences that say so.
        facts: plain data: which and how many sentences served for what, steps, seconds, parameters, phone error rates
            ("validation_phone_error_rate" of the sentences that chose the checkpoint, None without any;
            "natural_phone_error_rate" of the calibration sentences, "other_timbres_phone_error_rate" of their copies in
            other timbres), which share of the slips "planted" into them is "found", and in which share of them one is
            although none was planted ("false_alarms"), whether these were held out of training ("held_out"), and whether
            it was there already ("cached").
    """

    network: PhoneRecogniser
    thresholds: Thresholds
    calibration: tuple[PreparedUtterance, ...]
    facts: dict


def load_or_train(
    corpus: PreparedCorpus,
    config: RecogniserConfig | None = None,
    report: Report = lambda text: None,
    registry: Registry | None = None,
) -> TrainedRecogniser:
    """The recogniser of this corpus: kept in it as the run recogniser/<key>, or trained now (on one thread of the CPU).

    The key names everything that it depends on, and a training that was stopped goes on, so that the same corpus gives
    the same recogniser whatever else the machine does. Where the corpus cannot be written, nothing is kept.

    Raises:
        CorpusError: the corpus has no training speech with phones.
        TrainingStopped: Ctrl-C, after saving.
    """
    config, registry = config or RecogniserConfig(), registry or create_registry()
    sentences = Sentences.of(corpus, config)
    if not sentences.training:
        raise CorpusError(
            "no speech to train the phone recogniser on",
            f"{corpus.folder} has no training sentence with phones",
            "prepare the corpus with a training split",
        )
    with _place(corpus.folder / "recogniser", _key(corpus, config, sentences, registry)) as folder, _undisturbed():
        try:
            return _opened(corpus, config, sentences, folder, report, registry)
        except CheckpointError:  # damaged: what it was can be made again
            shutil.rmtree(folder, ignore_errors=True)
            return _opened(corpus, config, sentences, folder, report, registry)


def _opened(
    corpus: PreparedCorpus, config: RecogniserConfig, sentences: Sentences, folder: Path, report: Report, registry: Registry
) -> TrainedRecogniser:
    """What the run folder holds; what is missing of it is made."""
    begun = (folder / "run.json").is_file()
    run = RunFolder.open(folder) if begun else _begin(corpus, config, folder)
    cached = "recogniser" in run.info
    if not cached:
        _train(corpus, config, sentences, run, begun, report, registry)
    network = _network(corpus, config)
    weights, step = run.weights("best")
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:  # other names or shapes
        why = f"its weights are not the recogniser's: {str(error).splitlines()[-1].strip()[:200]}"
        raise CheckpointError(f"{folder} is damaged", why, "it is made again") from error
    network.eval()
    if not cached:
        run.update(**_calibrated(corpus, sentences, network, run, step))
    try:
        thresholds = as_type(Thresholds, run.info.get("thresholds"), "thresholds")
        facts = run.info["recogniser"]
        as_type(_JudgeFacts, facts, "recogniser")
    except Misread as error:
        raise CheckpointError(f"{folder / 'run.json'} is damaged", str(error), "it is made again") from error
    return TrainedRecogniser(network, thresholds, sentences.calibration, {**facts, "cached": cached})


class _JudgeFacts(BaseModel):
    """What run.json says of a recogniser, as far as verdicts depend on it."""

    natural_phone_error_rate: Finite
    calibration_sentences: Count
    held_out: bool | int


def _begin(corpus: PreparedCorpus, config: RecogniserConfig, folder: Path) -> RunFolder:
    return RunFolder.create(
        folder,
        kind=JUDGE,
        model="ctc",
        options=config,
        context=corpus.context(),
        frontend=corpus.frontend,
        corpus=corpus_facts(corpus),
        seed=config.seed,
    )


def _train(
    corpus: PreparedCorpus,
    config: RecogniserConfig,
    sentences: Sentences,
    run: RunFolder,
    resume: bool,
    report: Report,
    registry: Registry,
) -> None:
    """Train for the steps of `config` in the one loop, from the last checkpoint on."""
    phones, statistics = phone_inventory(corpus.symbols), BandStatistics.of(corpus, sentences.training)
    vocoded = _vocoded(corpus, config, sentences, registry)

    def build() -> PhoneRecogniser:
        network = _network(corpus, config)
        network.mean.copy_(statistics.mean)
        network.std.copy_(statistics.std)
        return network

    def batches(utterances: Sequence[PreparedUtterance], distorted: bool) -> PhoneBatches:
        copies = vocoded if distorted else None
        return PhoneBatches(corpus, utterances, phones, statistics, config.batch, config.seed, distorted, copies)

    def select(network: Trainable, total: int, work: Workshop, note: Report) -> _Selection | None:
        if not sentences.selection:
            return None
        return _Selection(network, batches(sentences.selection, distorted=False), total, work, config.seed, report)

    task = Task(
        name="phone recogniser",
        folder=run,
        config=TrainingConfig(
            steps=config.steps,
            validate_every=config.validate_every,
            checkpoint_every=5 * config.validate_every,
            keep_last=1,
            precision="fp32",
            device="cpu",
            threads=THREADS,
            samples=0,
        ),
        seed=config.seed,
        build=build,
        batches=lambda model, rank, world: batches(sentences.training, distorted=True),
        validator=select,
        steps={"total": config.steps},
    )
    cpu = torch.device("cpu")
    with Loader() as loader, StopRequest() as stop:  # alone, even among processes that train something else together
        training = Training(task, Workshop(Processes(0, 1, cpu), pick_precision("fp32", cpu), loader, stop))
        training.prepare(resume)
        training.run()


def _vocoded(
    corpus: PreparedCorpus, config: RecogniserConfig, sentences: Sentences, registry: Registry
) -> dict[str, np.ndarray]:
    """Training mels through a vocoder, no more than will be heard; made anew where a training goes on, as they do not vary."""
    speak = training_vocoder(corpus, registry) if config.vocoded_s else None
    if speak is None:
        return {}
    heard = math.ceil(config.steps * config.batch * VOCODED_SHARE)
    return mels_of(corpus, evenly(sentences.training, heard, config.vocoded_s, corpus.mel.sample_rate_hz), speak)


class _Selection(LossValidator):
    """How often the network errs on the sentences that choose the checkpoint."""

    def __init__(
        self, network: Trainable, batches: PhoneBatches, total: int, work: Workshop, seed: int, report: Report
    ) -> None:
        super().__init__(network, batches, work, seed)
        self._total, self._report, self._pace = total, report, Pace(total)
        self._began = time.monotonic()

    def losses(self, state: TrainState) -> tuple[dict[str, float], float | None]:
        values, ranking = super().losses(state)
        error = values["phone_error_rate"]
        left = duration(self._pace.seconds_left(state.step, time.monotonic() - self._began))
        where = f"step {state.step} of {self._total}" + (f", {left} left" if state.step < self._total else "")
        self._report(f"phone recogniser: {where}, phone error {error:.1%} on validation speech")
        return values, ranking


def _calibrated(corpus: PreparedCorpus, sentences: Sentences, network: PhoneRecogniser, run: RunFolder, step: int) -> dict:
    """Facts for run.json: thresholds from the calibration sentences, and what is to be known of the recogniser."""
    natural = sentences.calibration
    thresholds, heard = limits_of(
        PhoneListener(network),
        [phones_of(corpus, u) for u in natural],
        [corpus.features(u).mel for u in natural],
        [u.samples / corpus.mel.sample_rate_hz for u in natural],
        corpus.mel,
        run.info["seed"],
    )
    chosen = [row["phone_error_rate"] for row in run.metrics("validation") if row["step"] == step]
    last = run.metrics("train")[-1]
    facts = {
        **sentences.facts(),
        "steps": last["step"],
        "epochs": last["epoch"] + 1,
        "step": step,
        "seconds": last["seconds"],
        "parameters": sum(p.numel() for p in network.parameters()),
        "stride": network.stride,
        "validation_phone_error_rate": chosen[-1] if chosen else None,
        **heard,
    }
    return {"recogniser": facts, "thresholds": thresholds.to_json()}


def _network(corpus: PreparedCorpus, config: RecogniserConfig) -> PhoneRecogniser:
    frame_s = corpus.mel.hop_samples / corpus.mel.sample_rate_hz
    stride = 2 if 2 * frame_s <= CTC_FRAME_S else 1
    return PhoneRecogniser(config, corpus.mel.bands, phone_inventory(corpus.symbols), stride)


def _key(corpus: PreparedCorpus, config: RecogniserConfig, sentences: Sentences, registry: Registry) -> str:
    """Names what a recogniser is made from: settings, mel, phones, and every sentence that serves for something."""
    settings = config.model_dump(mode="json", exclude={"max_natural_error"})  # decides on its use, not on what it is
    heard = VOCODER if config.vocoded_s and VOCODER in registry.all("vocoder") else None
    about = [FORMAT, settings, corpus.mel.to_json(), phone_inventory(corpus.symbols), heard]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for role in (sentences.training, sentences.selection, sentences.calibration):
        digest.update(f"{len(role)} sentences".encode())
        for u in role:
            digest.update(json.dumps([u.id, u.tokens, u.token_words, u.samples]).encode())
            digest.update(np.ascontiguousarray(corpus.features(u).mel).tobytes())
    return digest.hexdigest()[:16]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """One thread, as sums in another order are other sums; the caller's threads and random numbers stay as they were."""
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _place(parent: Path, key: str) -> Iterator[Path]:
    """The run folder, this process's alone; a temporary one where the corpus cannot be written."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        lock = (parent / f"{key}.lock").open("w")
    except OSError:
        kept = parent / key  # on a disk that is read-only: use it if it is whole
        with tempfile.TemporaryDirectory() as folder:
            if (kept / "run.json").is_file():
                shutil.copytree(kept, Path(folder) / key)
            yield Path(folder) / key
        return
    with lock, _locked(lock):
        yield parent / key


@contextmanager
def _locked(file: IO[str]) -> Iterator[None]:
    """Wait for another process that trains the same; closing the file, or the end of the process, lets the next one in."""
    with suppress(OSError):  # a disk that knows no locks: then two that train at once are on their own
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                    break
                except OSError as error:
                    if error.errno != errno.EDEADLOCK:
                        raise
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
    yield
