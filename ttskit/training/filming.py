"""A film of a training: the alignment of one held-out sentence, at steps ever further apart.

A run keeps its last checkpoints only, so that how an alignment came about must be written down while it comes. Much happens
in the first hundred steps and little in the last thousand; a fixed ratio between the steps shows both with a few dozen frames.
"""

from __future__ import annotations

import numpy as np
import torch

from ttskit.config.training import TrainingConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces.acoustic import AcousticBatch, AcousticInput, AcousticModel
from ttskit.interfaces.trainable import Trainable
from ttskit.runs.film import FilmFrame, FilmKind, write_frame
from ttskit.runs.folder import RunFolder
from ttskit.training.alignment import row_alignment
from ttskit.training.held_out import SCORED, held_out, longest_first, readable, speaking, whole_sentences
from ttskit.training.task import Note, Workshop

__all__ = ["RATIO", "Filming", "film_of", "on_film"]

RATIO = 1.25  # of a frame's step to that of the frame before: 26 frames in 500 steps, 50 in 100,000


def on_film(step: int) -> bool:
    """Whether a frame is made after `step` steps, however many there are going to be: 0, 1, 2, 3, 4, 5, 6, 8, 10, 13, …"""
    at = 0
    while at < step:
        at = max(at + 1, int(at * RATIO + 0.5))
    return at == step


def film_of(
    model: Trainable,
    corpus: PreparedCorpus,
    folder: RunFolder,
    config: TrainingConfig,
    seed: int,
    workshop: Workshop,
    note: Note,
) -> Filming | None:
    """What films this training in its first process; None for a vocoder, without a validation split, or not wanted."""
    if not (config.film and workshop.group.first and isinstance(model, AcousticModel) and held_out(corpus)):
        return None
    return Filming(model, corpus, folder, config, seed, workshop, note)


class Filming:
    """Makes the frames; the sentence is the one whose alignment validations draw.

    It leaves the training as it is: the model is only looked at (`speaking`), each step draws from a seed of its own, and
    whatever a model raises costs the frame, which is said once. Only a disk that takes no more ends the training, as with its
    other logs.
    """

    def __init__(
        self,
        model: AcousticModel,
        corpus: PreparedCorpus,
        folder: RunFolder,
        config: TrainingConfig,
        seed: int,
        workshop: Workshop,
        note: Note,
    ) -> None:
        self._model, self._corpus, self._folder, self._seed = model, corpus, folder, seed
        self._alignment, self._workshop, self._note = config.alignment, workshop, note
        among = longest_first(held_out(corpus)[:SCORED])
        self._utterance = among[readable([len(u.tokens) for u in among])]
        self._batch: AcousticBatch | None = None
        self._forced = True  # until `forward` is found to give no alignment
        self._told = False

    def take(self, step: int) -> None:
        """Make the frame after `step` steps.

        Raises:
            TrainingError: the disk is full, or takes no file there.
        """
        try:
            seen = self._look()
            if seen is None:
                return
            kind, alignment = seen
            if not np.isfinite(alignment).all():
                raise ValueError("the alignment is not finite")
        except Exception as error:  # of the model, which may be anyone's, or of this sentence's features
            if not self._told:
                self._told = True
                self._note(f"no frame of the film at step {step}: {type(error).__name__}: {error}")
            return
        u = self._utterance
        write_frame(self._folder.path, FilmFrame(step, kind, u.id, u.text, tuple(u.tokens), alignment))

    def _look(self) -> tuple[FilmKind, np.ndarray] | None:
        """The alignment as the model has it now, and what it is; None for a model that has none to show."""
        model, device = self._model, self._workshop.group.device
        if self._batch is None:
            sentence = (self._utterance,)
            self._batch = whole_sentences(sentence, self._corpus, model, self._alignment, self._workshop.loader, self._seed)
        batch = self._batch
        if self._forced:
            with speaking(model, self._seed), self._workshop.precision.autocast():
                outputs = model(batch.to(device))
            if outputs.alignment is not None:
                return "attention" if model.decoding == "autoregressive" else "soft", row_alignment(outputs, batch, 0)
            self._forced = False
        if model.decoding == "autoregressive":  # a decoder that is not told when to stop may go on for long
            return None
        with speaking(model, self._seed):
            inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker).to(device)
            spoken = model.infer(inputs, generators=[torch.Generator().manual_seed(self._seed)]).row(0)
        if spoken.alignment is None:
            return None
        return "spoken", spoken.alignment[0, :, : len(self._utterance.tokens)].float().cpu().numpy()
