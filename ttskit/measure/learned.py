"""Whether the models learned to align: boundaries against exact times, attention against the truth.

A straight diagonal proves nothing (a blurred ramp is one), so each decoder step is asked which token it attends to and
compared with the token that is being said at that moment of the recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ttskit.corpus.batches import full_batch
from ttskit.corpus.times import boundary_errors_ms
from ttskit.errors import InputError
from ttskit.interfaces.measurement import Findings, Measure, Measurement, Observation, Row, Spoken
from ttskit.measure import metrics
from ttskit.measure.systems import System
from ttskit.measure.templates import template

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
    from ttskit.interfaces import AcousticBatch

__all__ = [
    "ATTENTION",
    "BOUNDARIES",
    "HELD_OUT",
    "MOST",
    "NEAR",
    "STOPPED",
    "TEACHER_FORCED",
    "Learned",
    "attention_hits",
    "held_out",
    "median_baseline",
    "own_boundary_errors_ms",
    "teacher_forced_mel_l1",
    "teacher_forced_mels",
]

HELD_OUT = ("validation", "test")
MOST = 40  # sentences; more sharpens the interval little
NEAR = 1  # tokens: a step that attends to a neighbour of the right token is right

BOUNDARIES = Measure(
    "boundary_error_ms",
    "boundary error of its own alignment",
    "ms",
    "lower",
    1,
    "The model aligns held-out recordings itself; mean absolute distance of phone onsets to the corpus's exact times.",
)
TEACHER_FORCED = Measure(
    "teacher_forced_mel_l1",
    "mel distance, teacher-forced",
    "natural log, frame by frame",
    "lower",
    3,
    "Mean absolute difference to the mel of held-out recordings, frame by frame, when the model is given their durations or "
    "frames. Not on the scale of the free-running mel distance, which is taken along a DTW path that makes it smaller.",
)
ATTENTION = Measure(
    "attention_within",
    "attention on the right token",
    "% of steps",
    "higher",
    1,
    "Free-running: share of frames whose strongest attention lies within one token of the truth. The "
    "truth is the token that the recording says at the moment that DTW pairs with the frame.",
    100.0,
)
STOPPED = Measure(
    "stopped",
    "stopped by itself",
    "% of sentences",
    "higher",
    0,
    "Share of the sentences of the split that, spoken freely, ended by the stop token and not by the frame limit.",
    100.0,
)


class Learned(Measurement):
    """The models' own alignments of held-out recordings, their mels with the target's frames, and attention as they spoke."""

    def measure(self, spoken: Spoken) -> Findings:
        """Rows that apply to at least one model and the corpus."""
        utterances = held_out(spoken.corpus)
        found: dict[Measure, list[Observation]] = {m: [] for m in (BOUNDARIES, TEACHER_FORCED, ATTENTION, STOPPED)}
        medians: dict[str, float] = {}
        with spoken.counted("what was learned", len(spoken.systems)) as advance:
            for system in spoken.systems:
                self._of(system, spoken, utterances, found, medians)
                advance(note=system.label)
        known = bool(utterances and spoken.corpus.split("train"))
        data = {
            "sentences": len(utterances),
            "exact_times": any(spoken.corpus.reference_times(u) is not None for u in utterances),
            "boundary_median_ms": medians,
            "median_baseline_mel_l1": median_baseline(spoken.corpus, utterances) if known else None,
        }
        rows = [
            Row(m, tuple(observations), summary=m is not TEACHER_FORCED) for m, observations in found.items() if observations
        ]
        return Findings(rows, template=template("learned"), data=data)

    def _of(
        self,
        system: System,
        spoken: Spoken,
        utterances: Sequence[PreparedUtterance],
        found: dict[Measure, list[Observation]],
        medians: dict[str, float],
    ) -> None:
        """One system's own alignments and mels."""
        if system.teacher_forced:
            for u, value in teacher_forced_mel_l1(system, spoken.corpus, utterances):
                found[TEACHER_FORCED].append(Observation(system.label, value, u.id))
        errors = own_boundary_errors_ms(system, spoken.corpus, utterances) if system.aligns else None
        for u, own in errors or ():
            if len(own):
                found[BOUNDARIES].append(Observation(system.label, float(own.mean()), u.id, weight=len(own)))
        if errors and any(len(own) for _, own in errors):
            medians[system.label] = float(np.median(np.concatenate([own for _, own in errors])))
        self._as_spoken(system, spoken, found)

    def _as_spoken(self, system: System, spoken: Spoken, found: dict[Measure, list[Observation]]) -> None:
        """Attention and the end of the sentences that were spoken anyway and have a recording."""
        for sample in spoken.of(system=system.label):
            recording = spoken.recording(sample)
            if recording is None:
                continue
            if sample.finished is not None:
                found[STOPPED].append(sample.observation(sample.finished))
            utterance = spoken.corpus.utterance(sample.sentence.id)
            times, sound = spoken.corpus.reference_times(utterance), sample.sound
            if sound.alignment is None or times is None or system.decoding != "autoregressive":
                continue
            produced = metrics.natural_log_magnitude(sound.mel, spoken.mel)
            target = metrics.natural_log_magnitude(spoken.corpus.features(utterance).mel, spoken.mel)
            path = metrics.dtw(metrics.cityblock(target, produced))
            hits = attention_hits(sound.alignment, path, times, spoken.corpus)
            found[ATTENTION].append(sample.observation(hits.mean(), len(hits)))


def held_out(corpus: PreparedCorpus) -> list[PreparedUtterance]:
    """Sentences that no model was trained on, at most MOST."""
    return [u for split in HELD_OUT for u in corpus.split(split)][:MOST]


def median_baseline(corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]) -> float:
    """Mel L1 (natural log) of saying each band's median over the training speech: what knowing nothing costs."""
    train = np.concatenate([np.asarray(corpus.features(u).mel) for u in corpus.split("train")[:400]], axis=1)
    median = np.median(metrics.natural_log_magnitude(train, corpus.mel), axis=1)
    mels = [metrics.natural_log_magnitude(corpus.features(u).mel, corpus.mel) for u in utterances]
    return float(sum(np.abs(m - median[:, None]).sum() for m in mels) / sum(m.size for m in mels))


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
) -> list[tuple[PreparedUtterance, np.ndarray]] | None:
    """Absolute onset errors of each sentence's phones, in ms, of the model's own alignment; empty without exact times.

    None for a model that was built without an aligner, whatever its kind can do.
    """
    errors: list[tuple[PreparedUtterance, np.ndarray]] = []
    for chunk in _chunks(utterances):
        batch = _batch(system, corpus, chunk, durations=False)
        try:
            with torch.inference_mode():
                durations = system.loaded.model.durations(batch).cpu().numpy()
        except InputError:
            return None
        errors += [(u, boundary_errors_ms(corpus, u, durations[i, : len(u.tokens)])) for i, u in enumerate(chunk)]
    return errors


def teacher_forced_mels(
    system: System, corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]
) -> Iterator[tuple[PreparedUtterance, np.ndarray]]:
    """The model's mel (M, T) with exactly the recording's frames, of each utterance that has what the model needs."""
    if "durations" in _features(system):  # another tool may not have aligned all
        utterances = [u for u in utterances if corpus.has_alignment(u, system.alignment)]
    for chunk in _chunks(utterances):
        batch = _batch(system, corpus, chunk)
        with torch.inference_mode():
            mel = system.loaded.model.teacher_forced(batch).mel.float().cpu().numpy()
        for i, u in enumerate(chunk):
            yield u, mel[i, :, : u.frames]


def teacher_forced_mel_l1(
    system: System, corpus: PreparedCorpus, utterances: Sequence[PreparedUtterance]
) -> list[tuple[PreparedUtterance, float]]:
    """Mean absolute difference (natural log) of each sentence's mel with the target's own frames."""
    return [
        (u, float(np.abs(metrics.natural_log_magnitude(mel - np.asarray(corpus.features(u).mel), corpus.mel)).mean()))
        for u, mel in teacher_forced_mels(system, corpus, utterances)
    ]


def _batch(system: System, corpus: PreparedCorpus, chunk: Sequence[PreparedUtterance], durations: bool = True) -> AcousticBatch:
    """A batch as the model knows it, which may have more symbols and speakers than the corpus, and its own pitch statistics."""
    features = tuple(f for f in _features(system) if durations or f != "durations")
    context = system.loaded.context
    return full_batch(corpus, chunk, features=features, alignment=system.alignment, context=context).to(system.voice.device)


def _features(system: System) -> tuple[str, ...]:
    """Features for a forward pass; durations only if the model was trained with an alignment that can be named."""
    return tuple(f for f in system.features if f != "durations" or system.alignment is not None)


def _chunks(utterances: Sequence[PreparedUtterance], size: int = 8) -> list[list[PreparedUtterance]]:
    """Batches sorted by decreasing token length, as models are promised."""
    ordered = sorted(utterances, key=lambda u: -len(u.tokens))
    return [list(ordered[i : i + size]) for i in range(0, len(ordered), size)]
