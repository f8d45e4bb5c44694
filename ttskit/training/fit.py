"""Fitting a vocoder to an acoustic model: the mels that it trains on, and figures before and after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttskit.corpus.forced import ForcedMels, forced_mels, name_of, require_teacher_forced
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import MismatchError, TTSKitError, UsageError
from ttskit.interfaces.descriptions import Plugin
from ttskit.plugins import Registry
from ttskit.training.checkpoints import choose
from ttskit.training.files import write_text
from ttskit.training.processes import Processes
from ttskit.training.run import RunFolder
from ttskit.training.stopping import StopRequest

if TYPE_CHECKING:
    from rich.console import Console

    from ttskit.compare.vocoders import VocoderFigures
    from ttskit.config import Recipe

CLIPS = 12  # held-out clips that are measured
FOLDER, REPORT = "fit", "figures.json"


def require_vocoder(plugin: Plugin, resume: bool) -> None:
    """`UsageError` where --from-acoustic has no meaning."""
    if resume:
        raise UsageError(
            "--resume and --from-acoustic exclude each other", "a resumed run goes on with its own mels", "give one of them"
        )
    if plugin.kind != "vocoder":
        raise UsageError(
            f"{plugin.name!r} is no vocoder",
            "--from-acoustic gives the mels that a vocoder is fitted to",
            "--model hifigan, or leave --from-acoustic out",
        )


def fitting_mels(
    corpus: PreparedCorpus,
    folder: RunFolder,
    source: str | Path | None,
    group: Processes,
    registry: Registry,
    console: Console | None,
    stop: StopRequest,
) -> ForcedMels | None:
    """The teacher-forced mels that this run trains on; None for a run on the corpus's own.

    Which ones is kept in run.json: a resumed run asks for the same checkpoint of the same run, and where its mels are
    all there it does not need the run at all.

    Raises:
        MismatchError: the run that they came from has changed since, and some are missing.
        KeyboardInterrupt: Ctrl-C; what is done is kept.
    """
    if source is not None:
        acoustic = RunFolder.open(source)
        require_teacher_forced(acoustic, registry)
        step = choose(acoustic.checkpoints, "best", acoustic.path).step
        facts = {"run": str(Path(source).resolve()), "step": step, "mels": name_of(acoustic, step)}
        if group.first:
            folder.update(from_acoustic=facts)
    else:
        facts = folder.info.get("from_acoustic")
    if facts is None:
        return None
    mels = ForcedMels(corpus, facts["mels"])
    # All processes take the same way, though some may find what others have just written.
    if not group.any(not all(mels.has(u) for u in corpus.utterances)):
        return mels
    if source is None and name_of(RunFolder.open(facts["run"]), facts["step"]) != facts["mels"]:
        raise MismatchError(
            f"{folder.path} was fitted to an acoustic model that has changed since",
            f"some of its mels {facts['mels']} are gone, and step {facts['step']} of {facts['run']} gives others",
            "start a new run with --from-acoustic",
        )
    interrupted = False
    try:
        forced_mels(
            corpus,
            facts["run"],
            checkpoint=facts["step"],
            device=str(group.device),
            registry=registry,
            share=(group.rank, group.world),
            console=console if group.first else None,
            stopped=lambda: stop.asked,
        )
    except KeyboardInterrupt:
        interrupted = True
    if group.any(interrupted):  # all stop, though some may have been done
        raise KeyboardInterrupt
    return mels


def report_fit(
    recipe: Recipe,
    corpus: PreparedCorpus,
    folder: RunFolder,
    mels: ForcedMels,
    device: torch.device,
    registry: Registry,
    console: Console | None,
) -> None:
    """Write RUN/fit: figures.json, and audio and pictures of held-out clips before and after; once per run."""
    from ttskit.compare.vocoders import MEASURES, held_out_clips, measure_vocoders, table
    from ttskit.synthesis.load import DEFAULT_VOCODER, load_vocoder

    clips = held_out_clips(corpus, CLIPS)
    if not clips or (folder.path / FOLDER / REPORT).is_file():
        return
    notes: list[str] = []
    vocoders: dict[str, Any] = {}
    if folder.info.get("init_from"):
        try:
            vocoders["before"] = RunFolder.open(folder.info["init_from"]).load(str(device), registry=registry).model
        except TTSKitError as error:  # moved away since: the fit itself needs it no more
            notes.append(f"no figures from before: {error.what}")
    try:
        other, name = load_vocoder(DEFAULT_VOCODER, corpus.mel, str(device), registry, recipe)
        vocoders[name] = other.to(device).eval()
    except TTSKitError as error:
        notes.append(f"no figures of {DEFAULT_VOCODER}: {error.what}")
    vocoders["after"] = folder.load(str(device), registry=registry).model
    kinds = {"teacher-forced": mels, "natural": lambda u: corpus.features(u).mel}
    figures = measure_vocoders(corpus, vocoders, kinds, clips, registry, folder.path / FOLDER)
    content = {
        "clips": [u.id for u in clips],
        "from_acoustic": folder.info["from_acoustic"],
        "init_from": folder.info.get("init_from"),
        "measures": MEASURES,
        "figures": [f.to_json() for f in figures],
        "notes": notes,
    }
    write_text(folder.path / FOLDER / REPORT, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    if console is not None:
        _show(console, figures, table(figures), folder.path / FOLDER, len(clips), notes)


def _show(console: Console, figures: list[VocoderFigures], lines: str, where: Path, clips: int, notes: list[str]) -> None:
    for line in (*notes, f"{clips} held-out clips; audio and pictures: {where}", lines):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
