"""Validation: losses on held-out data, alignment score, and samples to look at and listen to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ttskit.audio.files import write_wav
from ttskit.audio.mel import MelExtractor
from ttskit.config.training import TrainingConfig
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.errors import TrainingError, TTSKitError
from ttskit.interfaces.acoustic import AcousticBatch, AcousticInput, AcousticModel
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Trainable, TrainState
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators
from ttskit.pictures.attention import draw_attention, film, spoken_words
from ttskit.pictures.speech import draw_alignment, draw_spectrogram, figure, word_spans
from ttskit.runs.folder import RunFolder
from ttskit.runs.forced import ForcedMels
from ttskit.synthesis.load import DEFAULT_VOCODER, load_vocoder
from ttskit.training.alignment import batch_score, row_alignment
from ttskit.training.data import Batches, batches_for
from ttskit.training.held_out import SCORED, held_out, readable, speaking, whole_sentences
from ttskit.training.task import Note, Workshop
from ttskit.training.watch import AlignmentWatch

if TYPE_CHECKING:
    from ttskit.config import Recipe
    from ttskit.plugins import Registry

__all__ = ["LONGEST_SAMPLE_S", "LossValidator", "SpeechValidator", "sample_vocoder"]

LONGEST_SAMPLE_S = 12.0  # of a validation recording that a vocoder re-synthesises


class LossValidator:
    """The losses of one model on batches that it does not train on; a `Validator` that looks at nothing else.

    Args:
        batches: those batches, this process's shares; None where there are none, and nothing is measured.
        seed: of what is random in the model's losses.
    """

    def __init__(self, model: Trainable, batches: Batches | None, workshop: Workshop, seed: int) -> None:
        self._model, self._batches, self._seed = model, batches, seed
        self._processes, self._precision, self._loader = workshop.group, workshop.precision, workshop.loader

    def losses(self, state: TrainState) -> tuple[dict[str, float], float | None]:
        """Means of the loss terms over the split (all processes together), and the value that ranks checkpoints."""
        if self._batches is None:
            return {}, None
        sums: dict[str, list[float]] = {}  # by term: total, count, weight
        with speaking(self._model, self._seed), self._precision.autocast():
            for ids in self._batches.epoch(0):
                batch = self._loader.load(self._batches, ids, 0).to(self._processes.device)
                for name, term in self._model.validation_losses(batch, state).terms.items():
                    total, count, _ = sums.get(name, (0.0, 0.0, 0.0))
                    sums[name] = [total + float(term.total), count + float(term.count), float(term.weight)]
        heard = self._processes.gather(sums)  # by name: a process may lack a term of which its batches have nothing
        names = dict.fromkeys(name for there in heard for name in there)
        weights = {name: max((there[name][2] for there in heard if name in there), key=abs) for name in names}
        means = {
            name: sum(there[name][0] for there in heard if name in there)
            / max(sum(there[name][1] for there in heard if name in there), 1e-12)
            for name in names
        }
        ranking = means["total"] if "total" in means else sum(weights[name] * mean for name, mean in means.items())
        finite = {name: mean for name, mean in means.items() if math.isfinite(mean)}
        return {"loss": ranking, **finite} if math.isfinite(ranking) else finite, ranking if math.isfinite(ranking) else None

    def inspect(self, step: int) -> dict[str, float]:
        """Nothing."""
        return {}

    def hopeless(self) -> TTSKitError | None:
        """Never."""
        return None


class SpeechValidator(LossValidator):
    """Validates an acoustic model or a vocoder: losses, the watch over its alignment, pictures and sounds of some sentences.

    Without a validation split it measures nothing.
    """

    def __init__(
        self,
        corpus: PreparedCorpus,
        model: Trainable,
        plugin: Plugin,
        folder: RunFolder,
        recipe: Recipe,
        config: TrainingConfig,
        total: int,
        workshop: Workshop,
        note: Note,
        mels: ForcedMels | None = None,
    ) -> None:
        group, seed = workshop.group, recipe.seed
        self._shown = held_out(corpus)
        split = (model, corpus, "validation", config, seed, group.rank, group.world, mels)
        super().__init__(model, batches_for(*split) if self._shown else None, workshop, seed)
        self._corpus, self._plugin, self._folder, self._recipe, self._config = corpus, plugin, folder, recipe, config
        self._registry, self._note = workshop.registry, note
        self._mel = mels or (lambda u: corpus.features(u).mel)
        self._vocoder: list[Vocoder | None] = []
        speaks = isinstance(model, AcousticModel)
        self._watch = AlignmentWatch(
            model.alignment_due(total) if speaks else None,
            total,
            folder.metrics("validation"),
            "attention" if speaks and model.decoding == "autoregressive" else "alignment",
        )
        self._step = 0

    def inspect(self, step: int) -> dict[str, float]:
        """Alignment scores; pictures and sounds into the run's samples/."""
        self._step = step
        scores, draw = self._scores(step)
        samples = self._folder.path / "samples"
        try:
            if draw is not None and self._config.samples:
                draw(samples / "attention", step)
            if self._config.samples:
                self.samples(samples / f"step_{step:08d}", self._sample_vocoder())
        except Exception as error:  # pictures and sounds are for looking at: a training must not die of them
            self._note(f"no samples at step {step}: {type(error).__name__}: {error}")
        return scores

    def _scores(self, step: int) -> tuple[dict[str, float], Callable[[Path, int], None] | None]:
        """`alignment`, told to the watch; where the model's alignment fails, the watch is told that it is unknown."""
        try:
            scores, draw = self.alignment()
            unknown = "" if all(map(math.isfinite, scores.values())) else "it is not finite"
        except Exception as error:  # of the model, which may be anyone's
            unknown, draw = f"{type(error).__name__}: {error}", None
        if unknown:
            scores = {"alignment_unknown": 1.0}
            self._note(f"the alignment of {self._plugin.name} at step {step} is unknown: {unknown}")
            self._watch.add(step, None)
        elif scores:
            self._watch.add(step, scores["diagonality"])
        if scores and (words := self._watch.words()):
            self._note(words)
        return scores, draw

    def hopeless(self) -> TTSKitError | None:
        """The advice with which a training ends that does not learn to align."""
        said = self._watch.hopeless()
        if not (self._config.stop_when_hopeless and self._processes.any(bool(said))):
            return None
        path = self._folder.path
        return TrainingError(
            f"{self._plugin.name} does not learn to align: stopped at step {self._step}, saved in {path}",
            f"{said or 'another process found so'}\nlook at {path / 'samples' / 'attention'}",
            "check that transcripts say what is said (ttskit check DATA), then lead the attention: the recipe small shows how, "
            "with durations of a run that aligns; or go on all the same: "
            f"ttskit train --resume --run {path} --set training.stop_when_hopeless=false",
        )

    def _sample_vocoder(self) -> Vocoder | None:
        if self._plugin.kind == "vocoder":
            return None
        if not self._vocoder:
            self._vocoder.append(
                sample_vocoder(self._recipe, self._config, self._corpus, self._processes.device, self._registry, self._note)
            )
        return self._vocoder[0]

    def alignment(self) -> tuple[dict[str, float], Callable[[Path, int], None] | None]:
        """Alignment scores of the first validation sentences, and a function that draws one of them, always the same.

        `draw(folder, step)` writes step_XXXXXXXX.png and adds it to attention.gif. ({}, None) without an alignment.
        """
        if not isinstance(self._model, AcousticModel) or not self._shown:
            return {}, None
        batch = self._full(self._shown[:SCORED])
        with speaking(self._model, self._seed), self._precision.autocast():
            outputs = self._model(batch.to(self._processes.device))
            score = batch_score(outputs, batch)
        if score is None:
            return {}, None

        def draw(folder: Path, step: int) -> None:
            row = readable(batch.token_lengths.tolist())
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
        with speaking(self._model, self._seed):
            if isinstance(self._model, AcousticModel):
                self._speak(folder, chosen, vocoder)
            else:
                self._resynthesise(folder, chosen)

    def _full(self, utterances: Sequence[PreparedUtterance]) -> AcousticBatch:
        """Whole sentences in one batch."""
        return whole_sentences(utterances, self._corpus, self._model, self._config.alignment, self._loader, self._seed)

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
        mel = self._corpus.mel
        samples = wave[0].float().cpu().numpy()[max(0, -mel.waveform_start_samples) :]
        samples = np.clip(np.nan_to_num(samples), -1.0, 1.0)
        write_wav(path, samples, mel.sample_rate_hz)
        return samples


def sample_vocoder(
    recipe: Recipe,
    config: TrainingConfig,
    corpus: PreparedCorpus,
    device: torch.device,
    registry: Registry,
    note: Callable[[str], None],
) -> Vocoder | None:
    """The vocoder of the samples: the training section's, the recipe's, or the default recipe's; None if none can be built."""
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
