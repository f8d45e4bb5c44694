"""The systems of a comparison: runs loaded with one vocoder, and what they do and do not have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.config.training import LEARNING
from ttskit.errors import MismatchError, UsageError
from ttskit.runs.folder import LoadedModel, RunFolder
from ttskit.synthesis.load import DEFAULT_VOCODER, build_frontend, load_vocoder
from ttskit.synthesis.voice import Voice

if TYPE_CHECKING:
    from ttskit.audio.config import MelConfig
    from ttskit.plugins import Registry

__all__ = ["System", "by_system", "corpus_folder", "load_systems", "require_same_mel"]

_LEARNED = (*LEARNING, "transfer")  # of a run's training settings: what its weights come from
_JOINTS = "-_. /\\"  # between a name and a seed


@dataclass(frozen=True)
class System:
    """One run in the comparison: a training of a system, which may have several.

    Args:
        label: what the page calls this run.
        run: its folder.
        loaded: model, options, context.
        voice: the model with the vocoder that all systems share.
        decoding: "autoregressive" or "parallel".
        aligns: whether the model can align real speech.
        teacher_forced: whether it gives mels with the target's frames.
        of: the system that it is a run of: runs that differ in nothing but the seed of training are runs of one system.
            "" where it is the only one, which then has the run's label.
    """

    label: str
    run: RunFolder
    loaded: LoadedModel
    voice: Voice
    decoding: str
    aligns: bool
    teacher_forced: bool
    of: str = ""

    @property
    def system(self) -> str:
        """Label of the system that it is a run of."""
        return self.of or self.label

    @property
    def seed(self) -> int | None:
        """Seed of its training; None where the run does not say (imports)."""
        return self.run.info.get("seed")

    @property
    def frames_per_step(self) -> int | None:
        """Frames that one step of the decoder gives; None where all frames are given at once."""
        return int(getattr(self.loaded.model, "reduction", 1)) if self.decoding == "autoregressive" else None

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(p.numel() for p in self.loaded.model.parameters())

    @property
    def features(self) -> tuple[str, ...]:
        """What the model takes besides tokens and mel when it trains: "pitch", "energy", "durations"."""
        return tuple(getattr(self.loaded.model, "features", ()))

    @property
    def alignment(self) -> str | None:
        """Name of the alignment that its durations came from; None if it was given none or the run does not say."""
        recipe = self.loaded.recipe
        return recipe.training_for(self.loaded.name).alignment if recipe is not None else None

    @property
    def given_durations(self) -> bool:
        """Whether the model was shown durations in training, whatever its kind, so that it did not learn to align unaided."""
        return "durations" in self.features

    @property
    def aids(self) -> tuple[str, ...]:
        """What helped the model beyond what its paper describes, in words."""
        return tuple(self.loaded.model.aids())


def load_systems(
    runs: Sequence[Path | str],
    vocoder: str | Path | None,
    device: str,
    checkpoint: str | int,
    registry: Registry,
    labels: Sequence[str] = (),
    least: int = 2,
) -> list[System]:
    """Load every run with the same vocoder (the first recipe's if none is named).

    Args:
        labels: what to call them; their folders' names if not given.
        least: fewest runs that there is anything to say of.

    Raises:
        UsageError: fewer than two runs, the same one twice, or one that is no acoustic model.
        MismatchError: mel contents that differ.
    """
    folders = [Path(r) for r in runs]
    if len(folders) < least:
        raise UsageError(
            "a comparison needs two runs or more",
            f"got {len(folders)}",
            "ttskit compare RUN RUN -o OUT, or --models NAME,NAME --data DATA --utterances 20000",
        )
    if len({f.resolve() for f in folders}) < len(folders):
        raise UsageError("the same run is named twice", ", ".join(map(str, folders)), "name different runs")
    systems: list[System] = []
    shared: tuple[Any, str] | None = None
    for label, folder in zip(labels or _labels(folders), folders, strict=True):
        run = RunFolder.open(folder)
        loaded = run.load(device=device, checkpoint=checkpoint, registry=registry)
        if loaded.kind != "acoustic model":
            raise UsageError(
                f"{folder} holds a {loaded.kind}, not an acoustic model",
                f"plugin {loaded.name!r}",
                f"compare acoustic models; give this one with --vocoder {folder}",
            )
        mel = loaded.context.mel
        if systems:
            require_same_mel(systems[0].loaded.context.mel, mel, systems[0].label, label)
        if shared is None:
            chosen = vocoder or getattr(loaded.recipe, "vocoder", None) or DEFAULT_VOCODER
            shared = load_vocoder(chosen, mel, device, registry, loaded.recipe)
        frontend, notes = build_frontend(loaded.frontend, registry)
        voice = Voice(frontend, loaded.model, shared[0], device=device, notes=notes, name=label, vocoder_name=shared[1])
        facts = registry.get("acoustic model", loaded.name).facts
        systems.append(
            System(
                label,
                run,
                loaded,
                voice,
                str(facts.get("decoding", "")),
                bool(facts.get("aligns")),
                bool(facts.get("teacher_forced")),
            )
        )
    return _of_one_system(systems)


def by_system(systems: Sequence[System]) -> dict[str, list[System]]:
    """Runs by the label of their system, in order."""
    found: dict[str, list[System]] = {}
    for system in systems:
        found.setdefault(system.system, []).append(system)
    return found


def _of_one_system(systems: Sequence[System]) -> list[System]:
    """Name the system of each run: those that differ in nothing but the seed of training are runs of one.

    Raises:
        UsageError: two that do not differ in the seed either: one training counted twice would narrow every interval.
    """
    groups: dict[str, list[System]] = {}
    for system in systems:
        groups.setdefault(_all_but_the_seed(system) or system.label, []).append(system)
    taken = {own[0].label for own in groups.values() if len(own) == 1}
    of: dict[str, str] = {}
    for own in groups.values():
        seeds = [system.seed for system in own]
        if len(set(seeds)) < len(own):
            again = next(i for i, seed in enumerate(seeds) if seed in seeds[:i])
            first = own[seeds.index(seeds[again])]
            raise UsageError(
                f"{first.label} and {own[again].label} are the same training",
                f"model, settings, corpus, steps and seed {seeds[again]} are equal",
                "name one of them; other trainings of it have other seeds: --train-seeds 3",
            )
        if len(own) > 1:
            name = _shared_label(own)
            while name in taken:
                name += " *"
            taken.add(name)
            of |= dict.fromkeys((system.label for system in own), name)
    return [replace(system, of=of.get(system.label, "")) for system in systems]


def _all_but_the_seed(system: System) -> str | None:
    """What a run's weights come from but the seed, as text that is equal for equal trainings; None for a run without seed."""
    info, recipe = system.run.info, system.loaded.recipe
    if system.seed is None or recipe is None:
        return None
    training = recipe.training_for(system.loaded.name).model_dump(mode="json")
    corpus = info.get("corpus") or {}
    parts = {
        "model": [system.loaded.name, info.get("plugin"), info.get("options")],
        "training": {name: training.get(name) for name in _LEARNED},
        "steps": [(info.get("steps") or {}).get("total"), system.loaded.step],
        "corpus": [corpus.get("manifest_sha256"), corpus.get("mel"), corpus.get("subset")],
        "frontend": info.get("frontend"),
        "start": [info.get("init_from"), info.get("init_from_step"), info.get("rehearsal")],
    }
    return json.dumps(parts, sort_keys=True, default=str)


def _shared_label(own: Sequence[System]) -> str:
    """What the labels of a system's runs have in common: without the seeds at their ends, else their common beginning."""
    bare = {_without_seed(system.label, system.seed) for system in own}
    if len(bare) == 1 and (name := bare.pop()):
        return name
    labels = [system.label for system in own]
    size = next((i for i, signs in enumerate(zip(*labels, strict=False)) if len(set(signs)) > 1), min(map(len, labels)))
    return labels[0][:size].rstrip(_JOINTS + "0123456789") or own[0].loaded.name


def _without_seed(label: str, seed: int | None) -> str:
    number = str(seed)
    return label.removesuffix(number).rstrip("0").rstrip(_JOINTS) if label.endswith(number) else label


def require_same_mel(one: MelConfig, other: MelConfig, mine: str, theirs: str) -> None:
    try:
        one.require_same_content(other, mine, theirs)
    except MismatchError as error:  # its advice is for a vocoder
        raise MismatchError(error.what, error.why, "compare runs of one prepared corpus, on that corpus") from error


def corpus_folder(systems: Sequence[System], data: Path | str | None) -> Path:
    """The prepared corpus: the one given, else the one that the first run was trained on.

    Raises:
        UsageError: not given and not known or not there any more.
    """
    if data is not None:
        return Path(data)
    known = (systems[0].run.info.get("corpus") or {}).get("folder")
    if known and (Path(known) / "corpus.json").is_file():
        return Path(known)
    raise UsageError(
        "the prepared corpus is not known",
        f"run {systems[0].label} names {known or 'none'}, and it is not there",
        "say where it is: --data PREPARED",
    )


def _labels(folders: Sequence[Path]) -> list[str]:
    names = [f.resolve().name for f in folders]
    if len(set(names)) == len(names):
        return names
    longer = ["/".join(f.resolve().parts[-2:]) for f in folders]
    return longer if len(set(longer)) == len(longer) else [str(f) for f in folders]
