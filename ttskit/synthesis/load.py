"""Loads voices: an acoustic run with its frontend, and a vocoder by plugin name or run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.config.recipe import Recipe
from ttskit.errors import MismatchError, UsageError
from ttskit.offers import some_declaring
from ttskit.plugins import Registry, create_registry
from ttskit.runs.folder import RunFolder
from ttskit.synthesis.recording import PitchReader
from ttskit.synthesis.voice import Voice

if TYPE_CHECKING:
    from ttskit.audio.config import MelConfig
    from ttskit.interfaces import Frontend, FrontendFingerprint, Vocoder

__all__ = ["DEFAULT_VOCODER", "build_frontend", "load_vocoder", "load_voice"]

DEFAULT_VOCODER: str = Recipe.model_fields["vocoder"].default  # of runs whose recipe says nothing: it needs no training


def load_voice(
    run: str | Path,
    vocoder: str | Path | None = None,
    device: str = "cpu",
    checkpoint: str | int = "last",
    registry: Registry | None = None,
    options: Mapping[str, Any] | None = None,
    precision: str = "fp32",
    denoise: float = 0.0,
) -> Voice:
    """A voice from a run folder.

    Args:
        run: folder of a trained acoustic model.
        vocoder: plugin name or run folder; by default what the run's recipe names.
        device: "cpu", "cuda", …
        checkpoint: "last", "best" or a step of the acoustic model; a vocoder's run speaks with its best.
        options: options of the acoustic model to speak with other than it was trained with, such as {"monotonic": "window"}.
        precision: how weights are held: "fp32", exact, or what a part offers besides ("bf16", "fp16", "int8"), faster;
            a part that does not offer it stays in fp32, and `notes` says so.
        denoise: share of the vocoder's own hum to take out; 1 is all of it.

    Raises:
        UsageError: no acoustic model, or options that it has not or that need other weights.
    """
    registry = registry or create_registry()
    folder = RunFolder.open(Path(run))
    loaded = folder.load(device=device, checkpoint=checkpoint, registry=registry, changes=options)
    if loaded.kind != "acoustic model":
        raise UsageError(
            f"{run} holds a {loaded.kind}, not an acoustic model",
            f"plugin {loaded.name!r}",
            f"name a run of {some_declaring(registry, 'acoustic model')}, and this one with --vocoder {run}",
        )
    frontend, notes = build_frontend(loaded.frontend, registry)
    chosen = vocoder or getattr(loaded.recipe, "vocoder", None) or DEFAULT_VOCODER
    wave, name = load_vocoder(chosen, loaded.context.mel, device, registry, loaded.recipe)
    return Voice(
        frontend,
        loaded.model,
        wave,
        device=device,
        notes=notes,
        name=Path(run).name,
        vocoder_name=name,
        precision=precision,
        denoise=denoise,
        pitch_reader=PitchReader.choose(folder.pitch_extractor, registry),
    )


def build_frontend(wanted: FrontendFingerprint, registry: Registry) -> tuple[Frontend, list[str]]:
    """The frontend that a corpus or run was made with, and one line for each thing that has changed since."""
    frontend = registry.get("frontend", wanted.name).load()(**wanted.options)
    changed = wanted.differences(frontend.fingerprint())
    return frontend, [f"frontend {wanted.name!r} is not as it was in training: {line}" for line in changed]


def load_vocoder(
    chosen: str | Path, mel: MelConfig, device: str, registry: Registry, recipe: Recipe | None = None
) -> tuple[Vocoder, str]:
    """A vocoder by plugin name (those that need no training) or run folder, and its name.

    Args:
        recipe: where a plugin without weights finds its options (`models.NAME.options`); None: its defaults.

    Raises:
        UsageError: a plugin that must be trained first, or a folder that holds no vocoder.
    """
    vocoders = registry.all("vocoder")
    if str(chosen) in vocoders:
        plugin = vocoders[str(chosen)]
        if plugin.facts.get("trainable"):
            raise UsageError(
                f"vocoder {plugin.name!r} must be trained first",
                "a plugin name is enough only for vocoders without weights",
                f"ttskit train --model {plugin.name} --data DATA --run RUN, then --vocoder RUN",
            )
        if recipe is not None:
            options = recipe.options_for(plugin.name, registry)
        else:
            cls = plugin.load_options()
            options = cls() if cls else {}
        return plugin.load()(options, mel), plugin.name
    if not Path(chosen).is_dir():
        registry.get("vocoder", str(chosen))  # raises with the nearest name
    loaded = RunFolder.open(Path(chosen)).load(device=device, checkpoint="best", registry=registry)
    if loaded.kind != "vocoder":
        raise UsageError(
            f"{chosen} holds an {loaded.kind}, not a vocoder",
            f"plugin {loaded.name!r}",
            "name a vocoder's run, or "
            f"a vocoder that needs no training: {some_declaring(registry, 'vocoder', trainable=False)}",
        )
    if loaded.model.mel.sample_rate_hz != mel.sample_rate_hz:
        raise MismatchError(
            f"vocoder {Path(chosen).name!r} speaks at another rate",
            f"sample_rate_hz: model {mel.sample_rate_hz}, vocoder {loaded.model.mel.sample_rate_hz}",
            "train a vocoder on the same prepared corpus",
        )
    return loaded.model, Path(chosen).name
