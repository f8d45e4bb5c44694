"""Importers of public HiFi-GAN checkpoints: the authors' `g_*` and `do_*`, DeepLearningExamples' and NeMo's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.errors import CheckpointError, InputError, TTSKitError
from ttskit.importing import Importer, ImportReport, is_archive, open_archive, tensors_of, torch_content
from ttskit.importing.mels import described, mel_of_nemo, mel_of_nvidia
from ttskit.importing.numbers import made_mel, real, whole
from ttskit.interfaces import FrontendFingerprint, ModelContext
from ttskit.nn import MultiPeriodDiscriminator, MultiScaleDiscriminator
from ttskit.plugins import create_registry
from ttskit.reading import Misread, parse_json, shown
from ttskit.runs.building import build_for, only_to_speak
from ttskit.runs.checkpoints import write_checkpoint
from ttskit.runs.folder import RunFolder
from ttskit.symbols import SpeakerTable, SymbolTable
from ttskit.texts import read_text
from ttskit_hifigan.checkpoints import discriminator_state, generator_state, load_state, options_from_config
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.vocoder import LEARNT, Hifigan

_JUDGES = ("mpd", "msd")


class AuthorsHifigan(Importer):
    """`g_*` with the `config.json` beside it; discriminators from the `do_*` of the same step, where there is one."""

    def recognises(self, path: Path) -> bool:
        """A generator without a configuration of its own, or the discriminators that belong to one."""
        content = None if is_archive(path) else torch_content(path)
        if not isinstance(content, Mapping) or "config" in content:
            return False
        return isinstance(content.get("generator"), Mapping) or all(isinstance(content.get(n), Mapping) for n in _JUDGES)

    def __call__(
        self, path: Path, run: Path, *, config: Path | None = None, discriminator_scale: float | None = None
    ) -> ImportReport:
        """Write the run. `discriminator_scale`: of fresh discriminators, where there is no `do_*`."""
        if not self.recognises(path):
            raise CheckpointError(f"{path.name} is not a HiFi-GAN of its authors", "it has other contents", "")
        report = ImportReport()
        speaker = path if isinstance(torch_content(path).get("generator"), Mapping) else _beside(path, "do_", "g_")
        if speaker is None:
            raise CheckpointError(
                f"{path.name} holds discriminators only", "there is no g_* of that step beside it", "give the generator's file"
            )
        source = config or speaker.with_name("config.json")
        settings = _config_json(source, speaker)
        report.understood("model", f"HiFi-GAN of its authors, configured by {source.name}")
        state = _generator(tensors_of(torch_content(speaker)["generator"], speaker.name), report)
        content = _judges(_beside(speaker, "g_", "do_"), report)
        mel = _mel_of_authors(settings, speaker.name, report)
        _write(run, speaker, settings, mel, state, content, discriminator_scale, report)
        return report


class DleHifigan(Importer):
    """The generator's file of DeepLearningExamples, with its `config`; in its newer or older names.

    Discriminators come from the file `hifigan_discrim_checkpoint_*` of the same epoch, where it lies beside.
    DeepLearningExamples pools the waveform with one sample less at its edges than the authors; the networks are the same.
    """

    def recognises(self, path: Path) -> bool:
        """A generator with a configuration."""
        content = None if is_archive(path) else torch_content(path)
        return isinstance(content, Mapping) and all(isinstance(content.get(n), Mapping) for n in ("generator", "config"))

    def __call__(
        self, path: Path, run: Path, *, ema: bool | None = None, discriminator_scale: float | None = None
    ) -> ImportReport:
        """Write the run. `ema`: take the averaged generator."""
        if not self.recognises(path):
            raise CheckpointError(f"{path.name} is not a HiFi-GAN of DeepLearningExamples", "it has other contents", "")
        content, report = torch_content(path), ImportReport()
        averaged = isinstance(content.get("gen_ema"), Mapping)
        if ema and not averaged:
            raise CheckpointError(f"{path.name} has no averaged weights", "gen_ema is empty", "leave --ema out")
        report.understood("model", "HiFi-GAN of NVIDIA DeepLearningExamples")
        if averaged:
            report.ignored("generator" if ema else "gen_ema", "choose with --ema")
        setup = content.get("train_setup") if isinstance(content.get("train_setup"), Mapping) else {}
        state = _generator(tensors_of(content["gen_ema" if ema else "generator"], path.name), report)
        mel = mel_of_nvidia(setup, _bands(state, path), report)
        # Its mels for training are the authors': frames half a hop later than NVIDIA's other models, guarded root.
        mel = replace(mel, first_frame_centre_samples=mel.hop_samples // 2, magnitude_guard=1e-9)
        judges = _judges(_beside(path, "hifigan_gen_", "hifigan_discrim_"), report)
        _write(run, path, content["config"], mel, state, judges, discriminator_scale, report)
        return report


class NemoHifigan(Importer):
    """A `.nemo` archive of a HiFi-GAN, generator and discriminators."""

    def recognises(self, path: Path) -> bool:
        """A NeMo archive whose target is HifiGanModel."""
        return is_archive(path) and open_archive(path).target == "HifiGanModel"

    def __call__(self, path: Path, run: Path, *, discriminator_scale: float | None = None) -> ImportReport:
        """Write the run."""
        if not self.recognises(path):
            raise CheckpointError(f"{path.name} is not a NeMo HiFi-GAN", "it is not an archive of a HifiGanModel", "")
        report, archive = ImportReport(), open_archive(path)
        report.understood("model", f"HiFi-GAN of NVIDIA NeMo, version {shown(archive.config.get('nemo_version', 'not given'))}")
        weights = archive.weights()
        state = _generator(weights, report)
        mel = mel_of_nemo(archive.config.get("preprocessor") or {}, path.name, report)
        judges = weights if any(name.startswith("mpd.") for name in weights) else {}
        _write(run, path, archive.config, mel, state, judges, discriminator_scale, report)
        ignored = [name for name in ("train_ds", "validation_ds", "optim", "denoise_strength") if name in archive.config]
        report.ignored("training settings", ", ".join(ignored))
        return report


def _bands(state: Mapping[str, Tensor], path: Path) -> int:
    """Mel bands that the first convolution takes."""
    weight = state.get("conv_pre.weight_v")
    if weight is None or weight.dim() != 3:
        why = "conv_pre.weight_v is missing" if weight is None else f"conv_pre.weight_v is {tuple(weight.shape)}"
        raise CheckpointError(f"{path.name} is not a whole HiFi-GAN", why, "download it again")
    return weight.shape[1]


def _generator(state: Mapping[str, Tensor], report: ImportReport) -> dict[str, Tensor]:
    named = generator_state(state)
    report.understood("generator", f"{len(named)} tensors")
    return named


def _beside(path: Path, prefix: str, other: str) -> Path | None:
    """The file of the same step with another prefix."""
    if not path.name.startswith(prefix):
        return None
    file = path.with_name(other + path.name.removeprefix(prefix))
    return file if file.is_file() else None


def _judges(file: Path | None, report: ImportReport) -> dict[str, Mapping[str, Tensor]]:
    """Both discriminators of a file, or none."""
    if file is None:
        return {}
    content = {which: tensors_of(torch_content(file).get(which), file.name) for which in _JUDGES}
    report.ignored("optim_g, optim_d", "training goes on with fresh ones")
    return content


def _config_json(path: Path, checkpoint: Path) -> Mapping[str, Any]:
    try:
        if not path.exists():
            raise FileNotFoundError(path)
        content = parse_json(read_text(path, repair=False).text)
    except FileNotFoundError:
        raise CheckpointError(
            f"{checkpoint.name} does not say how its model is built",
            f"there is no {path}",
            "give its configuration: --config config.json",
        ) from None
    except (InputError, OSError, Misread) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(f"{path} cannot be read", why, "give the checkpoint's config.json") from error
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} is not a configuration", f"it is {type(content).__name__}", "")
    return content


def _mel_of_authors(settings: Mapping[str, Any], name: str, report: ImportReport) -> MelConfig:
    where = f"the configuration of {name}"
    rate, hop, fft, window, bands = (
        whole(settings, k, where) for k in ("sampling_rate", "hop_size", "n_fft", "win_size", "num_mels")
    )
    half = {**settings, "fmax": rate / 2} if "fmax" in settings and settings["fmax"] is None else settings
    mel = made_mel(
        where,
        rate,
        fft,
        window,
        hop_samples=hop,
        bands=bands,
        f_min_hz=real(settings, "fmin", where),
        f_max_hz=real(half, "fmax", where),
        first_frame_centre_samples=hop // 2,
        magnitude_guard=1e-9,
    )
    report.understood("audio", described(mel))
    return mel


def _write(
    run: Path,
    path: Path,
    settings: Mapping[str, Any],
    mel: MelConfig,
    state: Mapping[str, Tensor],
    judges: Mapping[str, Any],
    scale: float | None,
    report: ImportReport,
) -> None:
    try:
        options = options_from_config(settings)
    except (KeyError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
        raise CheckpointError(f"the configuration of {path.name} is not HiFi-GAN's", why, "give its config.json") from error
    options = HifiganOptions(**{**options.model_dump(exclude_unset=True), **({"discriminator_scale": scale} if scale else {})})
    options.check_mel(mel)
    with only_to_speak():
        model = build_for(state, lambda: Hifigan(options, mel), path.name)
    load_state(model.generator, state)
    if judges:
        try:
            found = {which: discriminator_state(judges, which) for which in _JUDGES}
            size = options.value("discriminator_scale")
            mpd = build_for(found["mpd"], lambda: MultiPeriodDiscriminator(size), path.name)
            msd = build_for(found["msd"], lambda: MultiScaleDiscriminator(size), path.name)
            load_state(mpd, found["mpd"])
            load_state(msd, found["msd"])
            model.mpd, model.msd = mpd, msd
            report.understood("discriminators", f"{sum(map(len, found.values()))} tensors")
        except TTSKitError as error:
            judges = {}
            report.ignored("discriminators", f"of another size, training starts with fresh ones ({error.why.splitlines()[0]})")
    else:
        report.missing("discriminators", "not in the file: training starts with fresh ones")
    symbols = SymbolTable(("<pad>",), pad="<pad>")
    folder = RunFolder.create(
        run,
        kind="vocoder",
        model="hifigan",
        options=options,
        context=ModelContext(mel, symbols, SpeakerTable(("0",))),
        frontend=FrontendFingerprint("none", "1"),
        registry=create_registry(),
    )
    # Fresh discriminators are left out: 280 MB of noise at the published size, and training would take them for trained ones.
    weights = model.state_dict()
    kept = {
        name: value
        for name, value in weights.items()
        if name != LEARNT and (judges or not name.startswith(model.training_only))
    }
    write_checkpoint(folder.path / "checkpoints", 0, kept)


authors = AuthorsHifigan()
dle = DleHifigan()
nemo = NemoHifigan()
