"""What each training was given: what it read, and the help that it had beside tokens and mels. Its cost is charged to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.measure.systems import System
from ttskit.plugins import Registry
from ttskit.runs.align import alignment_source
from ttskit.runs.folder import RunFolder
from ttskit.training.cost import Cost, training_cost

__all__ = ["Help", "cost_of", "help_of"]


@dataclass(frozen=True, slots=True)
class Help:
    """What a system had beside tokens and mels.

    Args:
        aids: what its model names as help, in words.
        supervision: features of the recordings that it learned from: "pitch", "energy", "durations".
        alignment: of its durations: `name`, and what is known of its making: `kind` ("run" or "files"), `source`, and of a run
            `model`, `steps`, `utterances`, `seconds`; None without durations.
        start: run and step that its weights started from, as text; "" for fresh weights.
    """

    aids: tuple[str, ...]
    supervision: tuple[str, ...]
    alignment: dict[str, Any] | None
    start: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def cost_of(run: RunFolder | Path, corpus: PreparedCorpus, registry: Registry) -> Cost | None:
    """What the training of a run cost; None where it cannot be counted: an import, another corpus, a run that is gone."""
    try:
        folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
        if (folder.info.get("corpus") or {}).get("manifest_sha256") != _manifest(corpus):
            return None
        return training_cost(folder, data=corpus, registry=registry)
    except Exception:  # a third party's model may raise anything in a step; what it cost is then not known, and told so
        return None


def _manifest(corpus: PreparedCorpus) -> str:
    return hashlib.sha256((corpus.folder / "manifest.jsonl").read_bytes()).hexdigest()


def help_of(systems: Sequence[System], corpus: PreparedCorpus, registry: Registry) -> Help:
    """The help of a system, of which `systems` are the runs."""
    first = systems[0]
    info = first.run.info
    alignment = None
    if first.given_durations:
        made = alignment_source(corpus, first.alignment) if first.alignment else {}
        folder = made.pop("folder", None)
        cost = cost_of(Path(folder), corpus, registry) if folder else None
        if cost is not None:
            made |= {"utterances": cost.utterances, "seconds": cost.seconds, "multiply_adds": cost.multiply_adds}
        alignment = {"name": first.alignment, **made}
    start = f"{info['init_from']}, step {info.get('init_from_step', '?')}" if info.get("init_from") else ""
    return Help(first.aids, first.features, alignment, start)
