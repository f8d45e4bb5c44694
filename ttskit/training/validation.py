"""Validation: losses on held-out data, alignment score, and samples to look at and listen to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ttskit.audio.mel import MelExtractor
from ttskit.config.training import TrainingConfig
from ttskit.corpus.batches import full_batch
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.errors import TTSKitError
from ttskit.interfaces.acoustic import AcousticBatch, AcousticInput, AcousticModel
from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators
from ttskit.pictures.attention import draw_attention, film, spoken_words
from ttskit.pictures.speech import draw_alignment, draw_spectrogram, figure, word_spans
from ttskit.runs.forced import ForcedMels
from ttskit.training.alignment import batch_score, row_alignment
from ttskit.training.data import Loader, batches_for
from ttskit.training.precision import Precision
from ttskit.training.processes import Processes

if TYPE_CHECKING:
    from ttskit.config import Recipe
    from ttskit.plugins import Registry

SCORED = 8  # sentences of the validation split whose alignment is scored
COMFORTABLE = 45  # tokens whose names are read easily along the axis of the attention's picture
LONGEST_SAMPLE_S = 12.0  # of a validation recording that a vocoder re-synthesises


class Validator:
    """Validates one model during its training. Without a validation split it measures nothing."""

    def __init__(
        self,
        corpus: PreparedCorpus,
        model: Trainable,
        config: TrainingConfig,
        seed: int,
        processes: Processes,
        precision: Precision,
        loader: Loader,
        mels: ForcedMels | None = None,
    ) -> None:
        self._corpus, self._model, self._config, self._seed = corpus, model, config, seed
        self._processes, self._precision, self._loader = processes, precision, loader
        self._shown = sorted(corpus.split("validation"), key=lambda u: u.id)
        self._mel = mels or (lambda u: corpus.features(u).mel)
        self._batches = batches_for(model, corpus, "validation", config, seed, processes, mels) if self._shown else None

    def losses(self, state: TrainState) -> tuple[dict[str, float], float | None]:
        """Means of the loss terms over the split (all processes together), and the value that ranks checkpoints."""
        if self._batches is None:
            return {}, None
        self._model.eval()
        torch.manual_seed(self._seed)
        totals: dict[str, list[float]] = {}
        weights: dict[str, float] = {}
        try:
            with torch.no_grad(), self._precision.autocast():
                for ids in self._batches.epoch(0):
                    batch = self._loader.load(self._batches, ids, 0).to(self._processes.device)
                    for name, term in self._model.validation_losses(batch, state).terms.items():
                        here = totals.setdefault(name, [0.0, 0.0])
                        here[0] += float(term.total)
                        here[1] += float(term.count)
                        weights[name] = float(term.weight)
        finally:
            self._model.train()
        flat = self._processes.sum_on_host([number for pair in totals.values() for number in pair])
        means = {name: flat[2 * i] / max(flat[2 * i + 1], 1e-12) for i, name in enumerate(totals)}
        ranking = means["total"] if "total" in means else sum(weights[name] * mean for name, mean in means.items())
        finite = {name: mean for name, mean in means.items() if math.isfinite(mean)}
        return {"loss": ranking, **finite} if math.isfinite(ranking) else finite, ranking if math.isfinite(ranking) else None

    def alignment(self) -> tuple[dict[str, float], Callable[[Path, int], None] | None]:
        """Alignment scores of the first validation sentences, and a function that draws one of them, always the same.

        `draw(folder, step)` writes step_XXXXXXXX.png and adds it to attention.gif. ({}, None) without an alignment.
        """
        if not isinstance(self._model, AcousticModel) or not self._shown:
            return {}, None
        batch = self._full(self._shown[:SCORED])
        self._model.eval()
        torch.manual_seed(self._seed)
        try:
            with torch.no_grad(), self._precision.autocast():
                outputs = self._model(batch.to(self._processes.device))
                score = batch_score(outputs, batch)
        finally:
            self._model.train()
        if score is None:
            return {}, None

        def draw(folder: Path, step: int) -> None:
            row = _readable(batch)
            draw_attention(
                folder / f"step_{step:08d}.png",
                row_alignment(outputs, batch, row),
                self._corpus.utterance(batch.ids[row]),
                self._corpus.mel,
                batch.mel[row, :, : batch.mel_lengths[row]].numpy(),
                f"step {step:,}",
            )
            film(folder)

        scores = {
            "alignment_score": score.score,
            "diagonality": score.diagonality,
            "coverage": score.coverage,
            "skipped_tokens": score.skipped,
            "repeated_frames": score.repeated,
            "at_rest": score.at_rest,
        }
        return scores, draw

    def samples(self, folder: Path, vocoder: Vocoder | None) -> None:
        """Speak the first validation sentences freely (or re-synthesise them, for a vocoder) into `folder`."""
        chosen = self._shown[: self._config.samples]
        if not chosen:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._model.eval()
        torch.manual_seed(self._seed)
        try:
            with torch.no_grad():
                if isinstance(self._model, AcousticModel):
                    self._speak(folder, chosen, vocoder)
                else:
                    self._resynthesise(folder, chosen)
        finally:
            self._model.train()

    def _full(self, utterances: Sequence[PreparedUtterance]) -> AcousticBatch:
        """Whole sentences in one batch, sorted by decreasing token length, whatever the number of processes."""
        ordered = sorted(utterances, key=lambda u: (-len(u.tokens), u.id))
        features = self._model.features
        alignment = self._config.alignment if "durations" in features else None
        seeds = torch.arange(len(ordered)) + self._seed
        return self._loader.call(full_batch, self._corpus, ordered, features, alignment, seeds, self._model.context)

    def _speak(self, folder: Path, chosen: Sequence[PreparedUtterance], vocoder: Vocoder | None) -> None:
        device, mel = self._processes.device, self._corpus.mel
        batch = self._full(chosen)
        inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker).to(device)
        generators = [torch.Generator().manual_seed(self._seed + i) for i in range(len(batch.ids))]
        spoken = self._model.infer(inputs, generators=generators)
        for i, name in enumerate(batch.ids):
            row = spoken.row(i)
            target = batch.mel[i, :, : batch.mel_lengths[i]].numpy()
            rows = 2 + (row.alignment is not None)
            with figure(folder / f"{name}.png", rows) as axes:
                low, high = float(target.min()), float(target.max())
                draw_spectrogram(axes[0], target, mel, f"{name}: recording", low, high)
                draw_spectrogram(axes[1], row.mel[0].float().cpu().numpy(), mel, "spoken freely", low, high)
                if row.alignment is not None:
                    utterance = self._corpus.utterance(name)
                    alignment = row.alignment[0, :, : len(utterance.tokens)].float().cpu().numpy()
                    words = word_spans(utterance.token_words, spoken_words(utterance))
                    draw_alignment(axes[2], alignment, utterance.tokens, mel, "alignment", words)
            if vocoder is not None and row.mel.shape[2] > 0:
                wave = vocoder.infer(row.mel.float(), generators=vocoder_generators([self._seed + i]))
                self._write(folder / f"{name}.wav", wave)

    def _resynthesise(self, folder: Path, chosen: Sequence[PreparedUtterance]) -> None:
        mel = self._corpus.mel
        most = max(1, int(LONGEST_SAMPLE_S * mel.sample_rate_hz / mel.hop_samples))
        extract = MelExtractor(mel)
        for i, utterance in enumerate(chosen):
            target = torch.tensor(self._loader.call(self._mel, utterance)[None, :, :most])
            generators = vocoder_generators([self._seed + i])
            wave = self._model.infer(target.to(self._processes.device), generators=generators)
            samples = self._write(folder / f"{utterance.id}.wav", wave)
            least = mel.fft_samples + mel.edge_samples
            spoken = extract(torch.from_numpy(np.pad(samples, (0, max(0, least - len(samples)))))[None])[0].numpy()
            shown = target[0].numpy()
            low, high = float(shown.min()), float(shown.max())
            with figure(folder / f"{utterance.id}.png", 2) as axes:
                draw_spectrogram(axes[0], shown, mel, f"{utterance.id}: mel", low, high)
                draw_spectrogram(axes[1], spoken, mel, "audio made of it", low, high)

    def _write(self, path: Path, wave: Tensor) -> np.ndarray:
        """Write a wave (1, S) from sample 0 of the recording's clock on; gives what was written."""
        from ttskit.audio.files import write_wav

        mel = self._corpus.mel
        samples = wave[0].float().cpu().numpy()[max(0, -mel.waveform_start_samples) :]
        samples = np.clip(np.nan_to_num(samples), -1.0, 1.0)
        write_wav(path, samples, mel.sample_rate_hz)
        return samples


def _readable(batch: AcousticBatch) -> int:
    """The row whose tokens fit best on an axis: the longest of at most COMFORTABLE, else the shortest."""
    lengths = batch.token_lengths.tolist()  # decreasing
    return next((i for i, length in enumerate(lengths) if length <= COMFORTABLE), len(lengths) - 1)


def sample_vocoder(
    recipe: Recipe,
    config: TrainingConfig,
    corpus: PreparedCorpus,
    device: torch.device,
    registry: Registry,
    note: Callable[[str], None],
) -> Vocoder | None:
    """The vocoder of the samples: the training section's, the recipe's, or Griffin-Lim; None if none can be built."""
    from ttskit.synthesis.load import DEFAULT_VOCODER, load_vocoder

    reasons = []
    for name in dict.fromkeys(n for n in (config.vocoder, recipe.vocoder, DEFAULT_VOCODER) if n):
        try:
            vocoder = load_vocoder(name, corpus.mel, str(device), registry, recipe)[0].to(device).eval()
            corpus.mel.require_same_content(vocoder.mel, "the corpus", f"vocoder {name!r}")
            return vocoder
        except TTSKitError as error:
            reasons.append(f"{name}: {error.what}")
    note(f"no audio samples: {'; '.join(reasons)}")
    return None
