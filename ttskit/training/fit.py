"""Fitting a vocoder to an acoustic model: the mels that it trains on. Its figures: `ttskit.measure.fit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import MismatchError, UsageError
from ttskit.interfaces.descriptions import Plugin
from ttskit.offers import some_declaring
from ttskit.plugins import Registry
from ttskit.runs.checkpoints import CHOSEN, choose
from ttskit.runs.folder import RunFolder
from ttskit.runs.forced import ForcedMels, forced_mels, name_of, require_teacher_forced
from ttskit.training.processes import Processes
from ttskit.training.stopping import StopRequest

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["acoustic_facts", "fitting_mels", "require_vocoder"]


def require_vocoder(plugin: Plugin, resume: bool, registry: Registry) -> None:
    """`UsageError` where --from-acoustic has no meaning."""
    if resume:
        raise UsageError(
            "--resume and --from-acoustic cannot be given together",
            "a resumed run goes on with its own mels",
            "give one of them",
        )
    if plugin.kind != "vocoder":
        raise UsageError(
            f"{plugin.name!r} is not a vocoder",
            "--from-acoustic gives the mels that a vocoder is fitted to",
            f"--model with one of {some_declaring(registry, 'vocoder', trainable=True)}, or leave --from-acoustic out",
        )


def acoustic_facts(source: str | Path | None, registry: Registry) -> dict[str, Any]:
    """For run.json of a new run: which mels it is fitted to; {} for a run on the corpus's own.

    Raises:
        UsageError, CheckpointError: no run, or of a model that cannot give them.
    """
    if source is None:
        return {}
    acoustic = RunFolder.open(source)
    require_teacher_forced(acoustic, registry)
    step = choose(acoustic.checkpoints, CHOSEN[acoustic.kind], acoustic.path).step
    return {"from_acoustic": {"run": str(Path(source).resolve()), "step": step, "mels": name_of(acoustic, step)}}


def fitting_mels(
    corpus: PreparedCorpus,
    folder: RunFolder,
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
    facts = folder.info.get("from_acoustic")
    if facts is None:
        return None
    mels = ForcedMels(corpus, facts["mels"])
    # All processes take the same way, though some may find what others have just written.
    if not group.any(not all(mels.has(u) for u in corpus.utterances)):
        return mels
    if name_of(RunFolder.open(facts["run"]), facts["step"]) != facts["mels"]:
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
