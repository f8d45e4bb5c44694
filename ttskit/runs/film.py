"""The film of a training: how the alignment of one sentence that it did not learn from came about, frame by frame.

A frame is one file of the run's film/, step_XXXXXXXX.npz, whole or absent. Runs made before there were films have none.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np

from ttskit.corpus.storage import read_npz
from ttskit.errors import CheckpointError
from ttskit.reading import Misread
from ttskit.runs.checkpoints import find_checkpoints, still_good
from ttskit.runs.files import TEMPORARY, explain_full_disk, remove_leftovers, rename, write_bytes

__all__ = ["FILM", "FilmFrame", "FilmKind", "cut_film", "read_film", "write_frame"]

FILM = "film"  # the folder within a run
FilmKind = Literal["attention", "soft", "spoken"]
_NAME = re.compile(r"step_(\d{8,})\.npz")
_MOST_BYTES = 64 << 20  # of one frame unpacked: an hour of speech over some hundred tokens


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """What a model says of the film's sentence after some steps.

    Args:
        step: steps done; 0 before the first.
        kind: "attention", where the decoder looks while it is told the recording's frames; "soft", what a learned aligner
            gives each token of each frame of the recording; "spoken", the durations with which the model, which is given
            those of others to learn from, would speak the sentence itself.
        utterance: its id.
        text: what is said, as written.
        tokens: N symbols.
        alignment: (T, N) float32, shares of each frame. T is the recording's, and the model's own where it is spoken.
    """

    step: int
    kind: FilmKind
    utterance: str
    text: str
    tokens: tuple[str, ...]
    alignment: np.ndarray


def write_frame(run: Path, frame: FilmFrame) -> Path:
    """Keep a frame, its alignment in float16, in place of one of the same step.

    Raises:
        TrainingError: the disk is full, or takes no file there.
    """
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        step=np.array(frame.step),
        kind=np.array(frame.kind),
        utterance=np.array(frame.utterance),
        text=np.array(frame.text),
        tokens=np.array(frame.tokens, dtype=str),
        alignment=frame.alignment.astype(np.float16),
    )
    path = run / FILM / f"step_{frame.step:08d}.npz"
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        with explain_full_disk(path, still_good(find_checkpoints(run / "checkpoints"))):
            path.parent.mkdir(exist_ok=True)
            write_bytes(temporary, packed.getvalue())
            rename(temporary, path)
    finally:
        with suppress(OSError):  # what was refused above is refused here
            temporary.unlink(missing_ok=True)
    return path


def read_film(run: Path | str, strict: bool = True) -> list[FilmFrame]:
    """The frames of a run, by step; none for a run that has no film.

    Args:
        run: its folder.
        strict: a frame that cannot be read is an error; else it is left out.

    Raises:
        CheckpointError: names the file and what is wrong with it.
    """
    frames = []
    for step, path in _files(Path(run)):
        try:
            frames.append(_frame(path, step))
        except Misread as error:
            if strict:
                fix = "delete that file: the film is whole without it, and so is the run"
                raise CheckpointError(f"{path} is damaged", str(error), fix) from error
    return frames


def cut_film(run: Path, step: int) -> None:
    """Drop the frames after `step`, and what a killed process left half written."""
    for at, path in _files(run):
        if at > step:
            path.unlink(missing_ok=True)
    remove_leftovers(run / FILM)


def _files(run: Path) -> list[tuple[int, Path]]:
    found = ((_NAME.fullmatch(path.name), path) for path in (run / FILM).glob("step_*.npz"))
    return sorted((int(match[1]), path) for match, path in found if match)


def _frame(path: Path, step: int) -> FilmFrame:
    data = read_npz(path, _MOST_BYTES)
    if missing := sorted({"step", "kind", "utterance", "text", "tokens", "alignment"} - set(data)):
        raise Misread(f"it has no {missing[0]}")
    kind, tokens, alignment = str(data["kind"]), data["tokens"], data["alignment"]
    if data["step"].shape or data["step"].dtype.kind not in "iu" or int(data["step"]) != step:
        raise Misread("its step is not that of its name")
    if kind not in get_args(FilmKind):
        raise Misread(f"it is of no known kind: {kind[:40]!r}")
    fits = alignment.dtype == np.float16 and alignment.ndim == 2 and alignment.shape[0] > 0 and tokens.dtype.kind == "U"
    if not fits or tokens.shape != alignment.shape[1:] or not np.isfinite(alignment).all():
        raise Misread(f"its alignment is {alignment.dtype} {alignment.shape} over {tokens.shape} tokens, or not finite")
    names = tuple(map(str, tokens))
    return FilmFrame(
        step, cast("FilmKind", kind), str(data["utterance"]), str(data["text"]), names, alignment.astype(np.float32)
    )
