"""How a run's alignment came about: its film, or the checkpoints that it kept if it was trained before there were films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.errors import TTSKitError
from ttskit.interfaces.acoustic import AcousticModel, Spectrogram
from ttskit.runs.film import FilmFrame, read_film
from ttskit.runs.folder import RunFolder
from ttskit.training.alignment import alignment_score
from ttskit_explain.lesson import Failed, Subject

__all__ = ["MOST_COLUMNS", "MOST_FRAMES", "Film", "checkpoints_as_film", "losses", "recorded_film"]

MOST_FRAMES = 40  # of a film: those left out lie between others that are shown
MOST_COLUMNS = 140  # of a picture; neighbours are averaged until it has no more
_MOST_POINTS = 300  # of a line
_NO_LOSS = ("step", "epoch", "split", "gradient_norm", "learning_rate", "frames_per_s", "seconds")


@dataclass(frozen=True)
class Film:
    """What is shown of one run.

    Args:
        label: the run's.
        kind: "attention", "soft" or "spoken" as in `ttskit.runs.film`; "free" where checkpoints say the page's own sentence.
        text: the sentence; "" for the page's own.
        tokens: N symbols.
        steps: F of them, rising.
        pictures: (F, N, C) shares, C columns of `pooled` frames each, 0 where a sentence is shorter than the longest.
        pooled: frames that a column averages.
        seconds: (F,) length of the alignment.
        diagonality: (F,) of each; None where it says nothing, since whole durations always make a diagonal.
    """

    label: str
    kind: str
    text: str
    tokens: tuple[str, ...]
    steps: tuple[int, ...]
    pictures: np.ndarray
    pooled: int
    seconds: tuple[float, ...]
    diagonality: tuple[float, ...] | None


def recorded_film(label: str, run: Path, mel: MelConfig) -> tuple[Film | None, int]:
    """The film that a run kept while it trained, and how many of its frames cannot be read; None without one."""
    whole = read_film(run, strict=False)
    damaged = len(list((run / "film").glob("step_*.npz"))) - len(whole)
    if not whole:
        return None, damaged
    last = whole[-1]
    same = [one for one in whole if (one.utterance, one.kind, one.tokens) == (last.utterance, last.kind, last.tokens)]
    return _film(label, last.kind, last.text, last.tokens, _thinned(same), mel), damaged


def checkpoints_as_film(subject: Subject) -> Film:
    """The page's sentence as each checkpoint that is there says it, freely.

    Raises:
        Failed: none of them gives an alignment.
    """
    here = subject.system.loaded.step
    frames = []
    for step in [one.step for one in subject.run.checkpoints][-MOST_FRAMES:]:
        spoken = subject.spectrogram if step == here else _spoken(subject, step)
        found = None if spoken is None else spoken.row(0).alignment
        if found is not None:
            alignment = found[0, :, : len(subject.tokens)].float().cpu().numpy()
            frames.append(FilmFrame(step, "spoken", "", "", subject.tokens, alignment))
    if not frames:
        raise Failed(f"{subject.label} gives no alignment")
    mel = subject.model.context.mel
    return _film(subject.label, "free", "", subject.tokens, frames, mel, subject.decoding == "autoregressive")


def _spoken(subject: Subject, step: int) -> Spectrogram | None:
    """The sentence by the weights of another checkpoint; None where they cannot be loaded or cannot speak."""

    def ask() -> Spectrogram:
        model = cast("AcousticModel", subject.run.load(checkpoint=step, registry=subject.registry).model)
        model = model.to(subject.voice.device)
        with torch.inference_mode():
            return model.infer(subject.inputs, None, [torch.Generator().manual_seed(subject.seed)])

    try:
        return subject.ask("speaking with a checkpoint", ask)
    except (Failed, TTSKitError):
        return None


def _thinned(frames: Sequence[FilmFrame]) -> list[FilmFrame]:
    """MOST_FRAMES of them at most, first and last among them."""
    if len(frames) <= MOST_FRAMES:
        return list(frames)
    return [frames[i] for i in np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int)]


def _film(
    label: str,
    kind: str,
    text: str,
    tokens: tuple[str, ...],
    frames: Sequence[FilmFrame],
    mel: MelConfig,
    scored: bool | None = None,
) -> Film:
    scored = kind in ("attention", "soft") if scored is None else scored
    lengths = [len(one.alignment) for one in frames]
    # An untrained predictor may ask for minutes: beyond twice what it comes to in the end there is nothing to see.
    shown = min(max(lengths), 2 * lengths[-1])
    pooled = -(-shown // MOST_COLUMNS)
    pictures = np.zeros((len(frames), len(tokens), -(-shown // pooled)), np.float32)
    for i, one in enumerate(frames):
        picture = _pooled(one.alignment[:shown], pooled)
        pictures[i, :, : picture.shape[1]] = picture
    each_s = mel.hop_samples / mel.sample_rate_hz
    scores = tuple(alignment_score(one.alignment).diagonality for one in frames) if scored else None
    steps = tuple(one.step for one in frames)
    return Film(label, kind, text, tokens, steps, pictures, pooled, tuple(n * each_s for n in lengths), scores)


def _pooled(alignment: np.ndarray, by: int) -> np.ndarray:
    """(T, N) → (N, ⌈T / by⌉): means of `by` neighbouring frames; of the last ones, of those that there are."""
    starts = np.arange(0, len(alignment), by)
    sums = np.add.reduceat(alignment, starts, axis=0)
    counts = np.diff(np.append(starts, len(alignment)))
    return (sums / counts[:, None]).T


def losses(run: RunFolder) -> dict[str, dict[str, dict[str, list[float]]]]:
    """The loss and its terms: name → split ("train", "validation") → `steps` and `values`.

    Terms are what validation measures as training does, the total first. Long logs are averaged to some hundred points.

    Raises:
        CheckpointError: metrics.jsonl is damaged.
    """
    rows = {split: run.metrics(split) for split in ("train", "validation")}
    names = [set().union(*(row.keys() for row in rows[split])) for split in rows]
    known = (names[0] & names[1] if names[1] else names[0]).difference(_NO_LOSS)
    ordered = sorted(known, key=lambda name: (name != "loss", name))
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for name in ordered:
        for split in rows:
            points = [(row["step"], row[name]) for row in rows[split] if isinstance(row.get(name), (int, float))]
            if points:
                found.setdefault(name, {})[split] = _averaged(np.array(points, dtype=np.float64))
    return found


def _averaged(points: np.ndarray) -> dict[str, list[float]]:
    """(P, 2) steps and values, in groups of neighbours; a group stands at its last step, as a log line does."""
    groups = np.array_split(points, min(len(points), _MOST_POINTS))
    return {"steps": [float(g[-1, 0]) for g in groups], "values": [float(f"{g[:, 1].mean():.5g}") for g in groups]}
