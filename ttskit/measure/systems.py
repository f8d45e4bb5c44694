"""The systems of a comparison: runs loaded with one vocoder, and what they do and do not have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.errors import CorpusError, MismatchError, UsageError
from ttskit.runs.folder import LoadedModel, RunFolder
from ttskit.synthesis.load import DEFAULT_VOCODER, build_frontend, load_vocoder
from ttskit.synthesis.voice import Voice

if TYPE_CHECKING:
    from ttskit.audio.config import MelConfig
    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.plugins import Registry


@dataclass(frozen=True)
class System:
    """One run in the comparison.

    Args:
        label: what the page calls it.
        run: its folder.
        loaded: model, options, context.
        voice: the model with the vocoder that all systems share.
        decoding: "autoregressive" or "parallel".
        aligns: whether the model can align real speech.
        teacher_forced: whether it gives mels with the target's frames.
    """

    label: str
    run: RunFolder
    loaded: LoadedModel
    voice: Voice
    decoding: str
    aligns: bool
    teacher_forced: bool

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(p.numel() for p in self.loaded.model.parameters())

    @property
    def supervised_by_durations(self) -> bool:
        """Whether an autoregressive model was shown durations in training, so that its attention was not learned unaided."""
        return self.decoding == "autoregressive" and "durations" in tuple(getattr(self.loaded.model, "features", ()))

    @property
    def aids(self) -> tuple[str, ...]:
        """What helped the model beyond what its paper describes, in words."""
        return tuple(self.loaded.model.aids())


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparability table.

    Args:
        name: what is compared.
        values: one per system, as text.
        same: whether all are equal.
        weight: "must" (was required), "should" (a fair comparison has it equal), "may" (belongs to the model).
    """

    name: str
    values: tuple[str, ...]
    same: bool
    weight: str

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


def load_systems(
    runs: Sequence[Path | str], vocoder: str | Path | None, device: str, checkpoint: str | int, registry: Registry
) -> list[System]:
    """Load every run with the same vocoder (the first recipe's if none is named).

    Raises:
        UsageError: fewer than two runs, the same one twice, or one that is no acoustic model.
        MismatchError: mel contents that differ.
    """
    folders = [Path(r) for r in runs]
    if len(folders) < 2:
        raise UsageError(
            "a comparison needs two runs or more",
            f"got {len(folders)}",
            "ttskit compare RUN RUN -o OUT, or --models NAME,NAME --data DATA --budget 10m",
        )
    if len({f.resolve() for f in folders}) < len(folders):
        raise UsageError("the same run is named twice", ", ".join(map(str, folders)), "name different runs")
    systems: list[System] = []
    shared: tuple[Any, str] | None = None
    for label, folder in zip(_labels(folders), folders, strict=True):
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
            _require_same_mel(systems[0].loaded.context.mel, mel, systems[0].label, label)
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
    return systems


def _require_same_mel(one: MelConfig, other: MelConfig, mine: str, theirs: str) -> None:
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


def comparability(systems: Sequence[System], corpus: PreparedCorpus) -> list[Fact]:
    """What is equal and what differs; refuses what would make every number meaningless.

    Raises:
        MismatchError: another mel content or other symbols than the corpus has.
        CorpusError: a speaker of the corpus that a run does not know.
    """
    for system in systems:
        context = system.loaded.context
        _require_same_mel(context.mel, corpus.mel, f"run {system.label}", f"corpus {corpus.folder.name}")
        missing = [s for s in corpus.symbols.symbols if s not in context.symbols and s not in corpus.symbols.silent]
        if missing:
            raise MismatchError(
                f"run {system.label} does not know the corpus's symbols",
                ", ".join(missing[:10]),
                "compare runs of one prepared corpus, or give theirs with --data",
            )
        strangers = [n for n in corpus.speakers.names if n not in context.speakers.names]
        if strangers:
            raise CorpusError(
                f"run {system.label} does not know speaker {strangers[0]!r}",
                f"its speakers: {', '.join(context.speakers.names[:8])}",
                "compare runs of one prepared corpus",
            )
    infos = [s.run.info for s in systems]
    corpora = [info.get("corpus") or {} for info in infos]
    return [
        _fact("mel content", [_mel(s) for s in systems], "must"),
        _fact("vocoder", [s.voice.vocoder_name for s in systems], "must"),
        _fact("training data", [_short(c.get("manifest_sha256")) for c in corpora], "should"),
        _fact("utterances (train / validation / test)", [_sizes(c.get("utterances")) for c in corpora], "should"),
        _fact("frontend", [_frontend(s) for s in systems], "should"),
        _fact("frame placement", [_plain(s.loaded.context.mel.placement()) for s in systems], "should"),
        _fact("budget", [_budget(s) for s in systems], "should"),
        _fact("seed", [str(info.get("seed", "unknown")) for info in infos], "should"),
        _fact("model", [s.loaded.name for s in systems], "may"),
        _fact("decoding", [s.decoding for s in systems], "may"),
        _fact("parameters", [f"{s.parameters:,}" for s in systems], "may"),
        _fact("steps of the checkpoint", [f"{s.loaded.step:,}" for s in systems], "may"),
        _fact("durations given in training", [_durations(s) for s in systems], "may"),
    ]


def _fact(name: str, values: list[str], weight: str) -> Fact:
    return Fact(name, tuple(values), len(set(values)) == 1, weight)


def _labels(folders: Sequence[Path]) -> list[str]:
    names = [f.resolve().name for f in folders]
    if len(set(names)) == len(names):
        return names
    longer = ["/".join(f.resolve().parts[-2:]) for f in folders]
    return longer if len(set(longer)) == len(longer) else [str(f) for f in folders]


def _mel(system: System) -> str:
    m = system.loaded.context.mel
    return f"{m.sample_rate_hz} Hz, FFT {m.fft_samples}, hop {m.hop_samples}, {m.bands} bands to {m.f_max_hz:g} Hz"


def _frontend(system: System) -> str:
    f = system.loaded.frontend
    return f"{f.name} {f.version} {_plain(f.options)}".strip()


def _plain(values: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in dict(values).items())


def _short(value: str | None) -> str:
    return value[:12] if value else "unknown"


def _sizes(sizes: dict | None) -> str:
    return " / ".join(str(sizes.get(k, "?")) for k in ("train", "validation", "test")) if sizes else "unknown"


def _budget(system: System) -> str:
    steps = system.run.info.get("steps")
    if isinstance(steps, dict):
        seconds = steps.get("budget_s")
        return f"{float(seconds):g} s" if seconds else f"{steps.get('total')} steps"
    return "unknown"


def _durations(system: System) -> str:
    if not system.supervised_by_durations:
        return "no"
    recipe = system.loaded.recipe
    name = recipe.training_for(system.loaded.name).alignment if recipe else None
    return f"yes, alignment {name!r}" if name else "yes"
