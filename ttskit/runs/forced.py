"""Teacher-forced mels of a prepared corpus: what an acoustic model says of each recording in the recording's own timing.

A vocoder fitted on them hears what it will be given when the voice speaks, beside the audio that it should have
become ("fine-tuning" in Kong et al. 2020, section 4.4). They lie in the corpus, one file an utterance, in a folder
named after the run, its step and a hash of its weights; each file knows what it was made from, so that a second
call makes only what is missing or has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ttskit.corpus.batches import full_batch, require_known, utterance_seeds
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.corpus.progress import progress
from ttskit.corpus.readers import safe_name
from ttskit.corpus.storage import read_npz, write_npz
from ttskit.errors import CheckpointError, CorpusError, UsageError
from ttskit.interfaces.acoustic import AcousticBatch
from ttskit.offers import some_declaring
from ttskit.plugins import Registry, create_registry
from ttskit.reading import Misread
from ttskit.runs.checkpoints import WEIGHTS, choose
from ttskit.runs.folder import LoadedModel, RunFolder

if TYPE_CHECKING:
    from rich.console import Console


__all__ = ["BATCH", "SEED", "ForcedMels", "forced_mels", "name_of", "require_teacher_forced"]

BATCH = 8
SEED = 0  # of the dropout that stays on (Tacotron 2's prenet): the same mels whoever asks


class ForcedMels:
    """The mels of one run's checkpoint on disk; called with an utterance it gives (M, T) float32, T its frames."""

    def __init__(self, corpus: PreparedCorpus, name: str) -> None:
        self.corpus, self.name = corpus, name
        self.folder = corpus.folder / "forced" / name

    def __call__(self, utterance: PreparedUtterance) -> np.ndarray:
        """The mel of an utterance.

        Raises:
            CorpusError: missing, damaged, or of another length.
        """

        def read() -> tuple[np.ndarray, int]:
            mel, _ = self._read(utterance)
            if mel is None or mel.shape != (self.corpus.mel.bands, utterance.frames):
                raise CorpusError(
                    f"{self._path(utterance)} is missing or damaged",
                    "",
                    "run the same ttskit train again: it makes what is missing",
                )
            mel.flags.writeable = False
            return mel, mel.nbytes

        return self.corpus.cached(("forced", self.name, utterance.id), read)

    def has(self, utterance: PreparedUtterance) -> bool:
        """Whether it is on disk and was made from what the corpus holds now."""
        mel, source = self._read(utterance)
        fits = mel is not None and mel.shape == (self.corpus.mel.bands, utterance.frames)
        return fits and source == _source(self.corpus, utterance)

    def write(self, utterance: PreparedUtterance, mel: np.ndarray) -> None:
        """Keep the mel (M, T) of an utterance."""
        write_npz(self._path(utterance), mel=mel, source=np.array(_source(self.corpus, utterance)))

    def _path(self, utterance: PreparedUtterance) -> Path:
        return self.folder / f"{utterance.id}.npz"

    def _read(self, utterance: PreparedUtterance) -> tuple[np.ndarray | None, str]:
        try:
            data = read_npz(self._path(utterance))
            return data["mel"], str(data["source"])
        except (Misread, KeyError):
            return None, ""


def forced_mels(
    corpus: PreparedCorpus,
    run: Path | str,
    *,
    checkpoint: str | int = "last",
    device: str = "cpu",
    splits: Sequence[str] = ("train", "validation", "test"),
    share: tuple[int, int] = (0, 1),
    registry: Registry | None = None,
    console: Console | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> ForcedMels:
    """Make what is missing of the teacher-forced mels of `run` on `corpus`.

    Args:
        checkpoint: of the run: "last", "best" or a step.
        share: (rank, number) of the processes that divide the work.
        stopped: asked between batches; KeyboardInterrupt follows a yes, with what is done kept.

    Raises:
        UsageError: the run's model gives no teacher-forced mels.
        MismatchError: it does not know all symbols and speakers of the corpus, or has another mel.
        CorpusError: an utterance whose frames and samples disagree, or a disk that is full.
        CheckpointError: a mel that is not finite or not as long as the recording's.
    """
    registry = registry or create_registry()
    folder = RunFolder.open(run)
    require_teacher_forced(folder, registry)
    utterances = [u for split in splits for u in corpus.split(split)]
    for u in utterances:
        _require_whole_frames(corpus, u)
    mels = ForcedMels(corpus, name_of(folder, checkpoint))
    # Fixed groups, done whole: a mel never depends on what an interrupted call had left to do.
    ordered = sorted(utterances, key=lambda u: (-len(u.tokens), u.id))
    groups = [ordered[i : i + BATCH] for i in range(0, len(ordered), BATCH)][share[0] :: share[1]]
    left = [group for group in groups if not all(mels.has(u) for u in group)]
    if not left:
        return mels
    loaded = folder.load(device=device, checkpoint=checkpoint, registry=registry)
    require_known(corpus, loaded.context, folder.path.name)
    with progress(console, f"mels of {folder.path.name}", sum(map(len, left))) as advance:
        for group in left:
            if stopped():
                raise KeyboardInterrupt
            for u, mel in zip(group, _speak(corpus, group, loaded), strict=True):
                mels.write(u, mel)
                advance()
    return mels


def name_of(run: RunFolder, checkpoint: str | int = "last") -> str:
    """The folder's name for a run's checkpoint: it changes with the weights, the options and the alignment."""
    chosen = choose(run.checkpoints, checkpoint, run.path)
    weights = (chosen.facts.get("sha256") or {}).get(WEIGHTS, "")
    facts = [weights, run.model, run.info["options"], run.info["context"], _alignment_of(run)]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    return safe_name(f"{run.path.resolve().name}-{chosen.step}-{digest}")


def require_teacher_forced(run: RunFolder, registry: Registry) -> None:
    """`UsageError` unless the run is of an acoustic model that declares `teacher_forced`."""
    if run.kind != "acoustic model":
        raise UsageError(
            f"{run.path} holds a {run.kind}, not an acoustic model",
            f"plugin {run.model!r}",
            f"name a run of {some_declaring(registry, 'acoustic model', teacher_forced=True)}",
        )
    if not registry.get("acoustic model", run.model).facts.get("teacher_forced"):
        able = some_declaring(registry, "acoustic model", teacher_forced=True)
        raise UsageError(
            f"model {run.model!r} gives no teacher-forced mels",
            "its plugin does not declare teacher_forced",
            f"leave --from-acoustic out, or fit to a model that has it: {able}",
        )


def _require_whole_frames(corpus: PreparedCorpus, u: PreparedUtterance) -> None:
    """Frames and samples must agree, or the vocoder would learn to shift."""
    frames = corpus.mel.frames(u.samples)
    if u.frames != frames:
        hop = corpus.mel.hop_samples
        raise CorpusError(
            f"frames and samples of {u.id!r} disagree",
            f"{u.frames} frames of {hop} samples, but {u.samples} samples make {frames} frames",
            "prepare the corpus again",
        )


def _speak(corpus: PreparedCorpus, group: Sequence[PreparedUtterance], loaded: LoadedModel) -> list[np.ndarray]:
    device = next(iter((*loaded.model.parameters(), *loaded.model.buffers()))).device
    with torch.inference_mode():
        out = loaded.model.teacher_forced(_batch(corpus, group, loaded).to(device))
    result = []
    for i, u in enumerate(group):
        mel = out.mel[i, :, : u.frames].float().cpu().numpy()
        if int(out.lengths[i]) != u.frames or mel.shape != (corpus.mel.bands, u.frames) or not np.isfinite(mel).all():
            why = "it is not finite" if mel.shape[1] == u.frames else f"{int(out.lengths[i])} frames, need {u.frames}"
            raise CheckpointError(
                f"teacher-forced mel of {u.id!r} cannot be used",
                why,
                "use another checkpoint, or check the model: ttskit plugins check " + loaded.name,
            )
        result.append(np.ascontiguousarray(mel))
    return result


def _batch(corpus: PreparedCorpus, group: Sequence[PreparedUtterance], loaded: LoadedModel) -> AcousticBatch:
    """A batch as the model knows it: its own numbers of symbols and speakers, and pitch by its own statistics."""
    alignment = loaded.recipe.training_for(loaded.name).alignment if loaded.recipe is not None else None
    features = tuple(f for f in loaded.model.features if f != "durations" or alignment is not None)
    return full_batch(
        corpus, group, features, alignment if "durations" in features else None, utterance_seeds(SEED, 0, group), loaded.context
    )


def _alignment_of(run: RunFolder) -> str | None:
    recipe = run.recipe()
    return recipe.training_for(run.model).alignment if recipe is not None else None


def _source(corpus: PreparedCorpus, u: PreparedUtterance) -> str:
    """Hash of what an utterance's mel is made from."""
    digest = hashlib.sha256("\n".join([u.speaker, *u.tokens]).encode())
    features = corpus.features(u)
    digest.update(features.mel.tobytes())
    digest.update(features.pitch_hz.tobytes())
    return digest.hexdigest()[:16]
