"""Frames per token of a whole prepared corpus, from a trained model's own alignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttskit.errors import MismatchError, UsageError

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
    from ttskit.plugins import Registry


@dataclass(frozen=True, slots=True)
class AlignReport:
    """What `align` did; errors are over phone onsets, in milliseconds, None without reference times."""

    name: str
    utterances: int
    boundary_error_ms: float | None
    median_error_ms: float | None

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


def align(
    data: Path,
    run: Path,
    *,
    name: str = "aligned",
    checkpoint: str | int = "last",
    device: str = "cpu",
    splits: Sequence[str] = ("train", "validation", "test"),
    registry: Registry | None = None,
) -> AlignReport:
    """Align every utterance of `data` with the model of `run` and keep the durations under `name`.

    Raises:
        UsageError: the model does not align, or `name` is no name for an alignment.
        MismatchError: the run was trained with other symbols, speakers or another mel.
    """
    import torch

    from ttskit.corpus.batches import full_batch
    from ttskit.corpus.prepared import PreparedCorpus, require_alignment_name
    from ttskit.plugins import create_registry
    from ttskit.training.run import RunFolder

    require_alignment_name(name)
    registry = registry or create_registry()
    corpus = PreparedCorpus.open(data)
    loaded = RunFolder.open(run).load(device=device, checkpoint=checkpoint, registry=registry)
    if not registry.get(loaded.kind, loaded.name).facts.get("aligns"):
        raise UsageError(f"{loaded.name!r} cannot align speech", f"run {run}", "use a FastPitch run")
    if loaded.context.symbols != corpus.symbols or loaded.context.mel != corpus.mel:
        raise MismatchError(
            f"run {run} was not trained on features of {data}", "symbols or mel differ", "train the aligner on this corpus"
        )
    if loaded.context.speakers != corpus.speakers:  # a batch numbers speakers as its corpus does
        raise MismatchError(
            f"run {run} and {data} list other speakers",
            f"run: {', '.join(loaded.context.speakers.names[:8])}; corpus: {', '.join(corpus.speakers.names[:8])}",
            "train the aligner on this corpus",
        )
    model = loaded.model.eval()
    errors: list[np.ndarray] = []
    count = 0
    for split in splits:
        utterances = sorted(corpus.split(split), key=lambda u: -u.frames)
        for first in range(0, len(utterances), 16):
            chunk = utterances[first : first + 16]
            batch = full_batch(corpus, chunk, features=tuple(getattr(model, "features", ())))
            with torch.inference_mode():
                durations = model.durations(batch.to(device)).cpu().numpy()
            for row, item_id in enumerate(batch.ids):
                utterance = next(u for u in chunk if u.id == item_id)
                frames = durations[row, : len(utterance.tokens)]
                corpus.write_alignment(name, utterance, frames)
                errors.append(boundary_errors_ms(corpus, utterance, frames))
                count += 1
    known = np.concatenate(errors) if errors else np.zeros(0)
    return AlignReport(
        name, count, float(known.mean()) if len(known) else None, float(np.median(known)) if len(known) else None
    )


def boundary_errors_ms(corpus: PreparedCorpus, utterance: PreparedUtterance, durations: np.ndarray) -> np.ndarray:
    """Absolute error of each phone's onset against the corpus's exact times, in ms; empty without reference.

    Frame k covers the hop around its centre, so a token that begins with frame k begins half a hop
    before that frame's centre. Onsets of silent tokens (punctuation, edges) are not counted: a
    silence has no inner boundaries to be right about.
    """
    times = corpus.reference_times(utterance)
    if times is None:
        return np.zeros(0)
    mel = corpus.mel
    first = np.concatenate([[0], np.cumsum(durations)[:-1]])
    onset_s = (mel.waveform_start_samples + first * mel.hop_samples) / mel.sample_rate_hz
    spoken = np.array([t not in corpus.symbols.silent for t in utterance.tokens])
    return 1000.0 * np.abs(onset_s - np.asarray(times)[:-1])[spoken]
