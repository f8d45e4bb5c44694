"""Importers of public FastPitch checkpoints: NVIDIA NeMo's `.nemo` and NVIDIA DeepLearningExamples' `.pt`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.errors import CheckpointError, MismatchError, TTSKitError
from ttskit.importing import (
    Importer,
    ImportReport,
    NemoArchive,
    is_archive,
    open_archive,
    pitch_statistics,
    plain_name,
    plain_names,
    speaker_table,
    symbol_table,
    tensors_of,
    torch_content,
)
from ttskit.importing.archive import last_part
from ttskit.importing.mels import mel_of_nemo, mel_of_nvidia
from ttskit.importing.numbers import real
from ttskit.importing.symbol_sets import ENGLISH_BASIC, english_basic
from ttskit.interfaces import Frontend, FrontendFingerprint, ModelContext, PitchStats
from ttskit.plugins import create_registry
from ttskit.reading import Misread, as_type, shown
from ttskit.runs.building import build_for
from ttskit.runs.folder import RunFolder
from ttskit.symbols import SymbolTable
from ttskit_fastpitch.checkpoints import from_dle, from_nemo, options_from_dle, options_from_nemo
from ttskit_fastpitch.config import FastPitchOptions
from ttskit_fastpitch.model import FastPitch

# What of NeMo's tokenizer configuration the frontend knows; the rest must be absent, empty or of no effect on reading.
_TOKENIZER = ("locale", "punct", "apostrophe", "pad_with_space", "add_blank_at", "non_default_punct_list", "grapheme_case")
_G2P = ("use_chars", "use_stresses", "ignore_ambiguous_words", "grapheme_case")
_NO_EFFECT = ("_target_", "g2p", "phoneme_dict", "phoneme_probability", "locale", "sep", "set_graphemes_upper")
# What NeMo takes where its configuration says nothing.
_NEMO_DEFAULTS = {
    "locale": "en-US",
    "punct": True,
    "apostrophe": False,
    "pad_with_space": False,
    "use_chars": False,
    "use_stresses": True,
    "ignore_ambiguous_words": True,
    "grapheme_case": "upper",
}
_UPSTREAM_MEAN_HZ, _UPSTREAM_STD_HZ = 218.14, 67.24  # what NVIDIA's code assumes where a checkpoint holds zeros


class NemoFastPitch(Importer):
    """A `.nemo` archive of a FastPitch whose text is read by the IPA tokenizer."""

    def recognises(self, path: Path) -> bool:
        """A NeMo archive whose target is FastPitchModel, wherever NeMo kept that class."""
        return is_archive(path) and open_archive(path).target == "FastPitchModel"

    def __call__(
        self,
        path: Path,
        run: Path,
        *,
        speakers: Path | None = None,
        pitch_stats: Path | None = None,
        symbols: Path | None = None,
        reading: str | None = None,
        dialect: str | None = None,
    ) -> ImportReport:
        """Write the run. `symbols`: for a tokenizer that ttskit does not have; `reading`, `dialect`: see `nemo-ipa`."""
        if not self.recognises(path):
            raise CheckpointError(f"{path.name} is not a NeMo FastPitch", "it is not an archive of a FastPitchModel", "")
        report, archive = ImportReport(), open_archive(path)
        version = shown(archive.config.get("nemo_version", "not given")).strip('"')
        report.understood("model", f"FastPitch of NVIDIA NeMo, version {version}")
        imported = from_nemo(archive.weights())
        options = _options(path, lambda: options_from_nemo(archive.config), imported.state)
        report.understood("weights", f"{len(imported.state)} tensors")
        report.ignored("tensors", f"{len(imported.ignored)} that are computed, or saved twice")
        rows = _rows(imported.state, "embedding.weight", path)
        if symbols is None:
            extra = {k: v for k, v in (("reading", reading), ("dialect", dialect)) if v is not None}
            frontend = _nemo_frontend(archive, rows, run, extra, report)
        else:
            frontend = _characters(symbol_table(symbols, rows), "as written")
            report.understood("symbols", f"{rows}, from {symbols.name}; the archive's own tokenizer is ignored")
        mel = mel_of_nemo(archive.config.get("preprocessor") or {}, path.name, report)
        context = _context(mel, frontend.symbols, imported.state, speakers, pitch_stats, None, report)
        ignored = [name for name in ("train_ds", "validation_ds", "test_ds", "optim") if name in archive.config]
        if ignored:
            report.ignored("training settings", ", ".join(ignored))
        _write(run, path, options, context, frontend.fingerprint(), imported.state)
        return report


class DleFastPitch(Importer):
    """A `.pt` file of NVIDIA DeepLearningExamples' FastPitch."""

    def recognises(self, path: Path) -> bool:
        """A torch file with FastPitch's `config` and a state dict with its names."""
        content = None if is_archive(path) else torch_content(path)
        if not isinstance(content, Mapping) or not isinstance(content.get("state_dict"), Mapping):
            return False
        return any(plain_name(str(name)) == "encoder.word_emb.weight" for name in content["state_dict"])

    def __call__(
        self,
        path: Path,
        run: Path,
        *,
        speakers: Path | None = None,
        pitch_stats: Path | None = None,
        symbols: Path | None = None,
        ema: bool | None = None,
    ) -> ImportReport:
        """Write the run. `ema`: take the averaged weights."""
        if not self.recognises(path):
            raise CheckpointError(f"{path.name} is not a FastPitch of DeepLearningExamples", "it has other contents", "")
        content, report = torch_content(path), ImportReport()
        if not isinstance(content.get("config"), Mapping):
            raise CheckpointError(f"{path.name} does not say how its model is built", "it has no `config`", "")
        setup = content.get("train_setup") if isinstance(content.get("train_setup"), Mapping) else {}
        epoch = shown(content.get("epoch", "not given")).strip('"')
        report.understood("model", f"FastPitch of NVIDIA DeepLearningExamples, epoch {epoch}")
        averaged = isinstance(content.get("ema_state_dict"), Mapping)
        if ema and not averaged:
            raise CheckpointError(f"{path.name} has no averaged weights", "there is no ema_state_dict", "leave --ema out")
        which = "ema_state_dict" if ema else "state_dict"
        state = tensors_of(plain_names(content[which]), path.name)
        imported = from_dle(state)
        options = _options(path, lambda: options_from_dle(content["config"], setup), imported.state)
        report.understood("weights", f"{len(imported.state)} tensors of {which}")
        if averaged:
            report.ignored("state_dict" if ema else "ema_state_dict", "choose with --ema")
        report.ignored("tensors", f"{len(imported.ignored)} that are computed or unused")
        for name in ("optimizer", "scaler"):
            if name in content:
                report.ignored(name, "training goes on with a fresh one")
        table = self._symbols(path, setup, _rows(imported.state, "embedding.weight", path), symbols, report)
        mel = mel_of_nvidia(setup, _rows(imported.state, "projection.weight", path), report)
        stats = self._pitch(state, report) if pitch_stats is None else None
        context = _context(mel, table, imported.state, speakers, pitch_stats, stats, report)
        _write(run, path, options, context, _characters(table, "lower").fingerprint(), imported.state)
        return report

    def _symbols(self, path: Path, setup: Mapping, rows: int, listed: Path | None, report: ImportReport) -> SymbolTable:
        if listed is not None:
            report.understood("symbols", f"{rows}, from {listed.name}")
            return symbol_table(listed, rows)
        if setup.get("symbol_set") != ENGLISH_BASIC or rows != len(english_basic()):
            why = f"its embedding has {rows} rows, its symbol set is {shown(setup.get('symbol_set', 'not given'))}"
            raise CheckpointError(f"{path.name} does not hold its symbols", why, "give them in order: --symbols FILE")
        # Share of words trained in ARPAbet; NVIDIA's published models have 1.0.
        given = {} if setup.get("p_arpabet") is None else setup
        spoken = real(given, "p_arpabet", f"the train_setup of {path.name}", -1.0, least=-1.0, most=1.0)
        trained_on = "letters" if 0 <= spoken <= 0.5 else "arpabet"
        report.understood("symbols", f"{rows}, NVIDIA's set {ENGLISH_BASIC}: letters and ARPAbet")
        report.missing("pronunciation", "texts are read as letters; ARPAbet and NVIDIA's English cleaners are not in ttskit")
        said = f"p_arpabet {spoken:g}" if spoken >= 0 else "p_arpabet is not given, 1 assumed"
        report.understood("sounds for fine-tuning", f"{'ARPAbet' if trained_on == 'arpabet' else 'letters'} ({said})")
        return english_basic(trained_on)

    def _pitch(self, state: Mapping[str, Tensor], report: ImportReport) -> PitchStats:
        mean, std = (float(state[n]) if n in state and state[n].numel() == 1 else 0.0 for n in ("pitch_mean", "pitch_std"))
        if std > 0 and mean > 0:
            report.understood("pitch", f"mean {mean:.1f} Hz, deviation {std:.1f} Hz, for all speakers")
            return PitchStats(mean, std)
        report.missing(
            "pitch",
            f"the file has zeros; mean {_UPSTREAM_MEAN_HZ} Hz, deviation {_UPSTREAM_STD_HZ} Hz, as "
            "NVIDIA's code assumes; better: --pitch-stats FILE",
        )
        return PitchStats(_UPSTREAM_MEAN_HZ, _UPSTREAM_STD_HZ)


def _options(path: Path, read: Any, state: Mapping[str, Tensor]) -> FastPitchOptions:
    """Validated options; a checkpoint without aligner has durations from outside."""
    aligner = any(name.startswith("aligner.") for name in state)
    try:
        return as_type(FastPitchOptions, {**read(), **({} if aligner else {"alignment": "external"})})
    except KeyError as error:
        raise CheckpointError(f"the configuration in {path.name} is not FastPitch's", f"{error} is missing", "") from error
    except (Misread, TypeError, AttributeError) as error:
        raise CheckpointError(f"the configuration in {path.name} cannot be used", str(error)[:400], "") from error


def _rows(state: Mapping[str, Tensor], name: str, path: Path) -> int:
    """Rows of a tensor that has to be there."""
    shape = tuple(state[name].shape) if name in state else None
    if not shape or not shape[0]:
        why = f"{name} is missing" if shape is None else f"{name} is {shape}"
        raise CheckpointError(f"{path.name} is not a whole FastPitch", why, "download it again")
    return shape[0]


def _context(
    mel: MelConfig,
    table: SymbolTable,
    state: Mapping[str, Tensor],
    speakers: Path | None,
    pitch_stats: Path | None,
    same: PitchStats | None,
    report: ImportReport,
) -> ModelContext:
    count = _rows(state, "speaker_embedding.weight", Path("the checkpoint")) if "speaker_embedding.weight" in state else 1
    names = speaker_table(speakers, count)
    if speakers is None and count > 1:
        report.missing("speaker names", f"{count} speakers are called 0 … {count - 1}; names: --speakers FILE")
    else:
        report.understood("speakers", f"{count}" + (f", named by {speakers.name}" if speakers else ""))
    if pitch_stats is not None:
        stats = pitch_statistics(pitch_stats, names)
        report.understood("pitch statistics", f"of {len(stats)} of {count} speakers, from {pitch_stats.name}")
    elif same is not None:
        stats = dict.fromkeys(names.names, same)
    else:
        stats = {}
        report.missing("pitch statistics", "no shifts in semitones or Hz without them: --pitch-stats FILE")
    return ModelContext(mel, table, names, stats)


def _characters(table: SymbolTable, case: str) -> Frontend:
    make = create_registry().get("frontend", "characters").load()
    return make(symbols=table.symbols, pad=table.pad, case=case)


def _nemo_frontend(archive: NemoArchive, rows: int, run: Path, extra: dict, report: ImportReport) -> Frontend:
    """The frontend `nemo-ipa` on the archive's own dictionary, which is put into the run."""
    tokenizer = archive.config.get("text_tokenizer")
    tokenizer = tokenizer if isinstance(tokenizer, Mapping) else {}
    g2p = tokenizer.get("g2p") if isinstance(tokenizer.get("g2p"), Mapping) else {}
    kinds = last_part(tokenizer.get("_target_")), last_part(g2p.get("_target_"))
    if kinds[0] != "IPATokenizer" or kinds[1].lower() != "ipag2p":
        found = " with ".join(kind or "none" for kind in kinds)
        raise CheckpointError(
            f"the text of {archive.path.name} is read in a way that ttskit does not have",
            f"{found}",
            "only NeMo's Spanish IPA is known; give the tokens in order: --symbols FILE",
        )
    strange = [
        f"{k}: {shown(v)}"
        for section, known in ((tokenizer, _TOKENIZER), (g2p, _G2P))
        for k, v in section.items()
        if k not in (*known, *_NO_EFFECT) and v not in (None, "", False)
    ]
    if strange:
        what = f"the tokenizer of {archive.path.name} has settings that ttskit does not have"
        raise CheckpointError(what, ", ".join(strange), "give the tokens in order: --symbols FILE")
    given = {
        k: section[k] for section, names in ((tokenizer, _TOKENIZER), (g2p, _G2P)) for k in names if section.get(k) is not None
    }
    case = {"grapheme_case": "mixed"} if g2p.get("set_graphemes_upper") is False else {}
    how = {**_NEMO_DEFAULTS, **case, **given}
    member, content = archive.artifact(g2p.get("phoneme_dict"))
    name = re.sub(r"^[0-9a-f]{32}_", "", PurePosixPath(member).name)
    place = run / "frontend" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    make = create_registry().get("frontend", "nemo-ipa").load()
    counts = {}
    for letters in ("latin1", "ascii"):
        try:
            frontend = make(dictionary=str(place), letters=letters, **how, **({} if extra.get("reading") else extra))
        except TTSKitError as error:
            why = f"{error.what}: {error.why}"
            raise CheckpointError(f"the tokenizer of {archive.path.name} cannot be used", why, "") from error
        counts[letters] = len(frontend.symbols)
        if counts[letters] == rows:
            said = f"{rows} tokens from {name}" + ("" if letters == "latin1" else ", read as NeMo 1.15 did")
            report.understood("tokenizer", f"NeMo IPA, {said}")
            if g2p.get("phoneme_probability") is not None:
                report.ignored("phoneme_probability", "words are left as letters at random in training only")
            return make(dictionary=str(place), letters=letters, **how, **extra) if extra else frontend
    raise MismatchError(
        f"the dictionary in {archive.path.name} does not fit the embedding",
        f"it gives {counts['latin1']} tokens ({counts['ascii']} as NeMo 1.15 read it), the embedding has {rows}",
        "the archive was put together from two models; download it again",
    )


def _write(
    run: Path,
    path: Path,
    options: FastPitchOptions,
    context: ModelContext,
    frontend: FrontendFingerprint,
    state: Mapping[str, Tensor],
) -> None:
    model = build_for(state, lambda: FastPitch(options, context), path.name)
    try:
        model.load_state_dict(dict(state))
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:6]]
        raise CheckpointError(f"the weights in {path.name} do not fit its configuration", "\n".join(lines), "") from error
    folder = RunFolder.create(
        run,
        kind="acoustic model",
        model="fastpitch",
        options=options,
        context=context,
        frontend=frontend,
        registry=create_registry(),
    )
    folder.save(model)


nemo = NemoFastPitch()
dle = DleFastPitch()
