"""RunFolder: everything that a training leaves behind, enough to rebuild the model without its corpus."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from torch import Tensor

from ttskit.devices import pick_device
from ttskit.errors import CheckpointError, PluginError, TTSKitError, UsageError
from ttskit.interfaces.acoustic import ModelContext
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.frontend import FrontendFingerprint
from ttskit.interfaces.trainable import Trainable
from ttskit.plugins import Registry, create_registry
from ttskit.reading import Misread, as_type, read_json, shown
from ttskit.runs.building import TRAINING_VALUES, build_for, only_to_speak
from ttskit.runs.checkpoints import CHOSEN, Checkpoint, choose, find_checkpoints, read_weights, write_checkpoint
from ttskit.runs.files import remove_leftovers, write_json, write_text
from ttskit.runs.frontend_files import found_files, keep_files
from ttskit.runs.metrics import read_metrics
from ttskit.runs.starting import is_unfinished
from ttskit.runs.stored import RunFacts

if TYPE_CHECKING:
    from ttskit.config import Recipe

__all__ = [
    "FORMAT",
    "JUDGE",
    "KINDS",
    "LoadedModel",
    "RunFolder",
    "find_model",
    "plain_options",
    "read_metrics",
    "read_options",
]

FORMAT = 1
KINDS = ("acoustic model", "vocoder")  # what plugins bring, and voices are made of
JUDGE = "recogniser"  # kind of the run that a corpus keeps of its phone recogniser: trained like the others, and no voice


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model out of a run, in eval mode.

    Args:
        model: AcousticModel or Vocoder.
        kind: "acoustic model" or "vocoder".
        name: its plugin.
        options: the plugin's validated options.
        context: mel, symbols, speakers and pitch statistics that it was trained with.
        frontend: fingerprint of the frontend of its corpus.
        recipe: the run's resolved recipe; None for a run that has none.
        step: optimiser steps of this checkpoint.
    """

    model: Trainable
    kind: str
    name: str
    options: Any
    context: ModelContext
    frontend: FrontendFingerprint
    recipe: Recipe | None
    step: int


@dataclass
class RunFolder:
    """A run on disk. `RunFolder.open(path)` reads one, `RunFolder.create(…)` starts one (trainer, importers).

    Attributes:
        path: the folder.
        info: content of run.json.
    """

    path: Path
    info: dict = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """Read run.json.

        Raises:
            CheckpointError: no run folder, damaged, or from another version.
        """
        path = Path(path)
        file = path / "run.json"
        if not file.is_file() and is_unfinished(path):
            raise CheckpointError(
                f"{path} is not a run yet",
                "what should have made it was interrupted before there was anything to go on from",
                "give that command again as it was, without --resume",
            )
        if not file.is_file():
            why = f"there is no {file}" if path.is_dir() else f"there is no folder {path}"
            raise CheckpointError(f"{path} is not a run folder", why, f"ttskit train --model NAME --data DATA --run {path}")
        try:
            info = as_type(dict[str, Any], read_json(file))
            form = as_type(int, info.get("format"), "format")
        except (OSError, Misread) as error:
            raise CheckpointError(f"{file} is damaged", str(error), "restore it or train again") from error
        if form != FORMAT:
            made = info["versions"].get("ttskit") if isinstance(info.get("versions"), dict) else None
            raise CheckpointError(
                f"{path} is a run of another version of ttskit",
                f"run format {shown(form)} (written by ttskit {shown(made or 'unknown')}), this ttskit reads {FORMAT}",
                "use that version, or train again",
            )
        missing = [key for key in ("kind", "model", "options", "context", "frontend") if key not in info]
        if missing or info["kind"] not in (*KINDS, JUDGE):
            why = f"missing: {', '.join(missing)}" if missing else f"kind {shown(info['kind'])}"
            raise CheckpointError(f"{file} is damaged", why, "restore it or train again")
        run = cls(path, info)
        try:
            as_type(RunFacts, info)
        except Misread as error:
            raise run._damaged(error) from error
        _ = run.context  # what it says of itself is asked for all over: wrong, it is told here
        return run

    def _damaged(self, error: Exception) -> CheckpointError:
        why = f"{error.what}: {error.why}" if isinstance(error, TTSKitError) else str(error)
        return CheckpointError(f"{self.path / 'run.json'} is damaged", why, "restore it or train again")

    @classmethod
    def create(
        cls,
        path: Path | str,
        *,
        kind: str,
        model: str,
        options: Any,
        context: ModelContext,
        frontend: FrontendFingerprint,
        recipe: Recipe | None = None,
        registry: Registry | None = None,
        **facts: Any,
    ) -> RunFolder:
        """Make the folder with run.json (and config.yaml if there is a recipe).

        Args:
            kind: "acoustic model" or "vocoder".
            model: plugin name.
            options: the plugin's options (its class's instance, or plain data).
            facts: more for run.json, plain data: corpus, seed, steps, source …
        """
        import ttskit

        path = Path(path)
        (path / "checkpoints").mkdir(parents=True, exist_ok=True)
        origin = registry.found[kind, model][1] if registry and (kind, model) in registry.found else None
        info = {
            "format": FORMAT,
            "kind": kind,
            "model": model,
            "plugin": asdict(origin) if origin else None,
            "options": plain_options(options),
            "context": context.to_json(),
            "frontend": keep_files(frontend, path).to_json(),
            "versions": {"ttskit": ttskit.__version__},
            **facts,
        }
        if recipe is not None:
            write_text(path / "config.yaml", recipe.to_yaml())
        write_json(path / "run.json", info)
        return cls(path, info)

    def update(self, **facts: Any) -> None:
        """Change facts in run.json."""
        self.info = {**self.info, **facts}
        write_json(self.path / "run.json", self.info)

    @property
    def kind(self) -> str:
        """ "acoustic model", "vocoder" or "recogniser"."""
        return self.info["kind"]

    @property
    def model(self) -> str:
        """Name of the model's plugin."""
        return self.info["model"]

    @property
    def context(self) -> ModelContext:
        """What the model was built for; `CheckpointError` if run.json says it wrongly."""
        try:
            return ModelContext.from_json(self.info["context"])
        except (Misread, UsageError) as error:
            raise self._damaged(error) from error

    @property
    def frontend(self) -> FrontendFingerprint:
        """Frontend of the corpus, its files those of this folder."""
        try:
            return found_files(FrontendFingerprint.from_json(self.info["frontend"]), self.path)
        except Misread as error:
            raise self._damaged(error) from error

    @property
    def pitch_extractor(self) -> str | None:
        """Name of the plugin that read the F0 of its corpus; None for imports and for runs that do not say."""
        return (self.info.get("corpus") or {}).get("pitch_extractor")

    @property
    def total_steps(self) -> int | None:
        """Steps that this run is (or was) trained for; replay a budget with --steps and this number."""
        return (self.info.get("steps") or {}).get("total")

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """Checkpoints on disk, by step."""
        return find_checkpoints(self.path / "checkpoints")

    def save(self, model: Trainable, step: int = 0, trainer: Mapping[str, Any] | None = None, **facts: Any) -> Checkpoint:
        """Write a checkpoint; importers call it with the model alone."""
        return write_checkpoint(self.path / "checkpoints", step, model.state_dict(), trainer, facts)

    def metrics(self, split: str | None = None) -> list[dict]:
        """Rows of metrics.jsonl ({"step", "epoch", "split", values…}), of one split if named."""
        return [row for row in read_metrics(self.path / "metrics.jsonl") if split is None or row.get("split") == split]

    def cut_metrics(self, step: int) -> None:
        """Drop what was logged after `step`, and a line that was cut short."""
        file = self.path / "metrics.jsonl"
        if file.exists():
            write_text(file, "".join(json.dumps(row) + "\n" for row in read_metrics(file, strict=False) if row["step"] <= step))
        remove_leftovers(self.path)
        remove_leftovers(self.path / "checkpoints")

    def _described(self, registry: Registry, changes: Mapping[str, Any] | None) -> tuple[Callable[[], Trainable], Any]:
        """What builds the model, and its options; `changes` as in `load`."""
        if self.kind == JUDGE:
            raise UsageError(
                f"{self.path} is not a voice",
                "it is the phone recogniser that judges comparisons",
                "name a run of `ttskit train`",
            )
        plugin = registry.get(self.kind, self.model)
        if unknown := sorted(set(changes or {}) - set(self._option_names(plugin))):
            known = self._option_names(plugin)
            near = get_close_matches(unknown[0], known, n=1)
            raise UsageError(
                f"{self.model!r} has no option {unknown[0]!r}",
                f"it has {', '.join(known)}",
                f"did you mean {near[0]!r}?" if near else "",
            )
        try:
            options = read_options(plugin.load_options(), {**self.info["options"], **(changes or {})}, self.path)
        except CheckpointError as error:
            if changes:
                raise UsageError(f"{self.path} cannot speak with {_shown(changes)}", error.why, "") from error
            raise
        context = self.context
        return lambda: plugin.load()(options, context if self.kind == "acoustic model" else context.mel), options

    def build(self, registry: Registry | None = None, changes: Mapping[str, Any] | None = None) -> tuple[Trainable, Any]:
        """The model with fresh weights, and its options; `changes` as in `load`."""
        make, options = self._described(registry or create_registry(), changes)
        return make(), options

    def _option_names(self, plugin: Plugin) -> list[str]:
        cls = plugin.load_options()
        fields = getattr(cls, "model_fields", None) or getattr(cls, "__dataclass_fields__", ())
        return sorted({*self.info["options"], *fields})

    def weights(self, checkpoint: str | int | None = None) -> tuple[dict[str, Tensor], int]:
        """State dict (on the CPU) and step of a checkpoint; arguments and errors as `load`."""
        all_of_them = self.checkpoints
        chosen = choose(all_of_them, CHOSEN[self.kind] if checkpoint is None else checkpoint, self.path)
        return read_weights(chosen, all_of_them), chosen.step

    def load(
        self,
        device: str = "cpu",
        checkpoint: str | int | None = None,
        registry: Registry | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> LoadedModel:
        """The model with the weights of a checkpoint.

        Where the checkpoint has none of what only training needs, the model is made to speak and cannot be trained.

        Args:
            device: "cpu", "cuda", … or "auto".
            checkpoint: "last", "best" (lowest validation loss) or a step; None for the last of an acoustic model and the best
                of a vocoder (`ttskit.runs.checkpoints.CHOSEN` has the reason).
            changes: options to speak with other than it was trained with, by name; the weights must still fit.

        Raises:
            CheckpointError: missing, damaged (names the previous good one), or not fitting the plugin.
            UsageError: a change that is no option, or needs other weights.
            PluginError: the run's plugin is not installed.
        """
        registry = registry or create_registry()
        make, options = self._described(registry, changes)
        weights, step = self.weights(checkpoint)
        try:
            only_trained = getattr(registry.get(self.kind, self.model).load(), "training_only", ())
            whole = not only_trained or any(name.startswith(only_trained) for name in weights)
            with nullcontext() if whole else only_to_speak():
                model = build_for(weights, make, str(self.path), 0 if whole else TRAINING_VALUES)
        except CheckpointError as error:
            if changes:
                raise UsageError(f"{self.path} cannot speak with {_shown(changes)}", error.why, "") from error
            raise
        try:
            unlike = model.load_state_dict(weights, strict=False)
            needed = [name for name in unlike.missing_keys if not name.startswith(model.training_only)]
            problems = [*(f"missing: {name}" for name in needed), *(f"not known: {name}" for name in unlike.unexpected_keys)]
        except RuntimeError as error:  # shapes
            problems = [line.strip() for line in str(error).splitlines()[1:]]
        if problems:
            if changes:
                raise UsageError(
                    f"{self.path} cannot speak with {_shown(changes)}",
                    "these options make another network, which its weights do not fit",
                    "change options of speaking only, or train with them",
                )
            plugin = self.info.get("plugin") or {"distribution": "its plugin", "version": "of that time"}
            raise CheckpointError(
                f"{self.path} does not fit the installed plugin {self.model!r}",
                "\n".join(problems[:5]),
                f"install {plugin['distribution']} {plugin['version']}",
            )
        return LoadedModel(
            model.to(pick_device(device)).eval(),
            self.kind,
            self.model,
            options,
            self.context,
            self.frontend,
            self.recipe(registry),
            step,
        )

    def recipe(self, registry: Registry | None = None) -> Recipe | None:
        """The resolved recipe, or None if the run has none or it names plugins that are gone (weights need it not)."""
        from ttskit.config import load_recipe

        file = self.path / "config.yaml"
        if not file.is_file():
            return None
        try:
            return load_recipe(file, registry=registry)
        except TTSKitError:
            return None


def _shown(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in changes.items())


def plain_options(options: Any) -> dict:
    """Options as JSON data."""
    if isinstance(options, BaseModel) or is_dataclass(options):
        return TypeAdapter(type(options)).dump_python(options, mode="json")
    return dict(options or {})


def read_options(cls: Any, data: Mapping[str, Any], run: Path) -> Any:
    """Options out of run.json, validated by the plugin's class."""
    if cls is None:
        return dict(data)
    try:
        return TypeAdapter(cls).validate_python(dict(data))
    except ValidationError as error:
        lines = "\n".join(f"{'.'.join(map(str, e['loc']))[:200]}: {e['msg']}" for e in error.errors(include_url=False)[:20])
        raise CheckpointError(
            f"options of {run} do not fit the installed plugin", lines, "install the plugin's version of that time"
        ) from error


def find_model(name: str, registry: Registry) -> Plugin:
    """The plugin that `ttskit train --model NAME` means: an acoustic model or a trainable vocoder.

    Raises:
        PluginError: unknown, or a vocoder that needs no training.
    """
    vocoders = registry.all("vocoder").items()
    names = sorted([*registry.all("acoustic model"), *(n for n, plugin in vocoders if plugin.facts.get("trainable"))])
    for kind in KINDS:
        if (kind, name) in registry.taken or (kind, name) in registry.found:
            plugin = registry.get(kind, name)
            if kind == "vocoder" and not plugin.facts.get("trainable"):
                raise PluginError(
                    f"vocoder {name!r} needs no training", f"models to train: {', '.join(names)}", "use it as it is"
                )
            return plugin
    near = get_close_matches(name, names, n=1)
    left_out = "".join(f"\nleft out: {p.origin} ({p.cause})" for p in registry.problems)
    raise PluginError(
        f"unknown model {name!r}",
        f"models to train: {', '.join(names) or 'none'}{left_out}",
        f"did you mean {near[0]!r}?" if near else "ttskit plugins list",
    )
