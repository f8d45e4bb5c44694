"""Whether the models learned to align: boundaries against exact times, attention against the truth.

Measured on held-out sentences whose token times are known (validation and test). A straight diagonal
proves nothing (a blurred ramp is one), so each decoder step is asked which token it attends to and
compared with the token that is being said at that moment of the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ttskit.config.comparison import CompareConfig
from ttskit.corpus.batches import full_batch
from ttskit.corpus.times import boundary_errors_ms
from ttskit.errors import InputError
from ttskit.measure import metrics
from ttskit.measure.stats import mean_interval, ratio_interval
from ttskit.measure.systems import System
from ttskit.synthesis.voice import part_seed

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
    from ttskit.interfaces import AcousticBatch

HELD_OUT = ("validation", "test")
MOST = 40  # sentences; more sharpens the interval little
NEAR = 1  # tokens: a step that attends to a neighbour of the right token is right


def held_out(corpus: PreparedCorpus) -> list[PreparedUtterance]:
    """Sentences that no model was trained on, at most MOST."""
    return [u for split in HELD_OUT for u in corpus.split(split)][:MOST]


def median_baseline(corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]) -> float:
    """Mel L1 (natural log) of saying each band's median over the training speech: what knowing nothing costs."""
    train = np.concatenate([np.asarray(corpus.features(u).mel) for u in corpus.split("train")[:400]], axis=1)
    median = np.median(metrics.natural_log_magnitude(train, corpus.mel), axis=1)
    mels = [metrics.natural_log_magnitude(corpus.features(u).mel, corpus.mel) for u in utterances]
    return float(sum(np.abs(m - median[:, None]).sum() for m in mels) / sum(m.size for m in mels))


def measure_learned(system: System, corpus: PreparedCorpus, config: CompareConfig) -> dict:
    """Numbers of one system as plain data; a key is absent where it does not apply to the model or the corpus.

    `boundary_error_ms`: the model's own alignment of the recording, mean absolute error of phone onsets.
    `teacher_forced_mel_l1`: with the target's frames, mean absolute difference (natural log).
    `free_mel_l1`: free-running, after DTW. `attention_within`: share of frames whose strongest token is
    within one token of the truth. `stopped`: share of sentences that ended by themselves.
    """
    utterances = held_out(corpus)
    setting = {"confidence": config.confidence, "resamples": config.resamples, "seed": config.bootstrap_seed}
    found: dict = {"sentences": len(utterances), "supervised_by_durations": system.supervised_by_durations}
    if not utterances:
        return found
    forced = teacher_forced_mel_l1(system, corpus, utterances) if system.teacher_forced else []
    if forced:
        found["teacher_forced_mel_l1"] = mean_interval(forced, **setting)
    errors = own_boundary_errors_ms(system, corpus, utterances) if system.aligns else None
    if errors is not None:
        found["boundary_error_ms"] = ratio_interval([e.sum() for e in errors], [len(e) for e in errors], **setting)
        if any(len(e) for e in errors):
            found["boundary_median_ms"] = float(np.median(np.concatenate(errors)))
    distances, near, frames, stopped = [], [], [], []
    for index, u in enumerate(utterances):
        (row,) = system.voice.spectrogram([u.tokens], speaker=u.speaker, seeds=[part_seed(config.seeds[0], index)])
        produced = metrics.natural_log_magnitude(row.mel[0].float().cpu().numpy(), corpus.mel)
        target = metrics.natural_log_magnitude(corpus.features(u).mel, corpus.mel)
        path = metrics.dtw(metrics.cityblock(target, produced))
        distances.append(path.cost)
        if row.finished is not None:
            stopped.append(float(row.finished[0]))
        times = corpus.reference_times(u)
        if row.alignment is not None and times is not None:
            hits = attention_hits(row.alignment[0].float().cpu().numpy(), path, times, corpus)
            near.append(int(hits.sum()))
            frames.append(len(hits))
    found["free_mel_l1"] = mean_interval(distances, **setting)
    if near and system.decoding == "autoregressive":
        found["attention_within"] = ratio_interval(near, frames, **setting)
    if stopped:
        found["stopped"] = mean_interval(stopped, **setting)
    return found


def attention_hits(alignment: np.ndarray, path: metrics.Path, times_s: np.ndarray, corpus: PreparedCorpus) -> np.ndarray:
    """Per produced frame (T,), whether the strongest token of `alignment` (T, N) is within NEAR of the truth.

    The truth: the reference frames that DTW pairs with the frame; the token at their middle, by exact times.
    """
    frames = alignment.shape[0]
    count = np.bincount(path.synthetic, minlength=frames)[:frames]
    partner = np.bincount(path.synthetic, weights=path.reference, minlength=frames)[:frames] / np.maximum(count, 1)
    mel = corpus.mel
    moment = mel.frame_centre(0) + partner * mel.hop_samples / mel.sample_rate_hz
    truth = np.clip(np.searchsorted(times_s, moment, side="right") - 1, 0, alignment.shape[1] - 1)
    return np.abs(alignment.argmax(1) - truth) <= NEAR


def own_boundary_errors_ms(
    system: System, corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]
) -> list[np.ndarray] | None:
    """Absolute onset errors of each sentence's phones, in ms, of the model's own alignment; empty without exact times.

    None for a model that was built without an aligner, whatever its kind can do.
    """
    errors: list[np.ndarray] = []
    for chunk in _chunks(utterances):
        batch = _batch(system, corpus, chunk, durations=False)
        try:
            with torch.inference_mode():
                durations = system.loaded.model.durations(batch).cpu().numpy()
        except InputError:
            return None
        errors += [boundary_errors_ms(corpus, u, durations[i, : len(u.tokens)]) for i, u in enumerate(chunk)]
    return errors


def teacher_forced_mel_l1(system: System, corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]) -> list[float]:
    """Mean absolute difference (natural log) of each sentence's mel with the target's own frames."""
    values: list[float] = []
    if "durations" in _features(system):  # another tool may not have aligned all
        utterances = [u for u in utterances if corpus.has_alignment(u, _alignment(system))]
    for chunk in _chunks(utterances):
        batch = _batch(system, corpus, chunk)
        with torch.inference_mode():
            mel = system.loaded.model.teacher_forced(batch).mel.float().cpu().numpy()
        for i, u in enumerate(chunk):
            target = np.asarray(corpus.features(u).mel)
            difference = metrics.natural_log_magnitude(mel[i, :, : u.frames] - target, corpus.mel)
            values.append(float(np.abs(difference).mean()))
    return values


def _batch(system: System, corpus: PreparedCorpus, chunk: Sequence[PreparedUtterance], durations: bool = True) -> AcousticBatch:
    """A batch as the model knows it, which may have more symbols and speakers than the corpus, and its own pitch statistics."""
    features = tuple(f for f in _features(system) if durations or f != "durations")
    context = system.loaded.context
    return full_batch(corpus, chunk, features=features, alignment=_alignment(system), context=context).to(system.voice.device)


def _features(system: System) -> tuple[str, ...]:
    """Features for a forward pass; durations only if the model was trained with an alignment that can be named."""
    wanted = tuple(getattr(system.loaded.model, "features", ()))
    return tuple(f for f in wanted if f != "durations" or _alignment(system) is not None)


def _alignment(system: System) -> str | None:
    recipe = system.loaded.recipe
    return recipe.training_for(system.loaded.name).alignment if recipe is not None else None


def _chunks(utterances: Sequence[PreparedUtterance], size: int = 8) -> list[list[PreparedUtterance]]:
    """Batches sorted by decreasing token length, as models are promised."""
    ordered = sorted(utterances, key=lambda u: -len(u.tokens))
    return [list(ordered[i : i + size]) for i in range(0, len(ordered), size)]
