"""Importer of ESPnet's Transformer-TTS: a `.pth` of weights and the `config.yaml` that stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttskit.audio.config import MelConfig
from ttskit.errors import CheckpointError, TTSKitError
from ttskit.importing import (
    Importer,
    ImportReport,
    is_archive,
    plain_names,
    speaker_table,
    symbol_table,
    tensors_of,
    torch_content,
)
from ttskit.importing.mels import described
from ttskit.importing.numbers import made_mel, real, whole
from ttskit.interfaces import ModelContext
from ttskit.plugins import create_registry
from ttskit.reading import Misread, YamlFault, parse_yaml, read_limited, shown
from ttskit.runs.building import build_for
from ttskit.runs.folder import RunFolder
from ttskit.symbols import SymbolTable
from ttskit_transformertts.checkpoints import ASKED, from_espnet, options_of
from ttskit_transformertts.model import TransformerTTS


class EspnetTransformer(Importer):
    """A `.pth` of ESPnet (`tts: transformer`): `train.total_count.ave.pth`, `<n>epoch.pth`, or `valid.loss.best.pth`."""

    def recognises(self, path: Path) -> bool:
        """A torch file with the names of ESPnet's transformer."""
        state = None if is_archive(path) else _state(torch_content(path))
        return isinstance(state, Mapping) and ASKED in state and "prob_out.weight" in state

    def __call__(
        self,
        path: Path,
        run: Path,
        *,
        config: Path | None = None,
        symbols: Path | None = None,
        speakers: Path | None = None,
    ) -> ImportReport:
        """Write the run.

        Args:
            path: the weights.
            run: the folder to make.
            config: ESPnet's configuration; by default config.yaml beside the weights.
            symbols: in the checkpoint's order, one a line, in place of the configuration's token_list.
            speakers: names of its speakers.
        """
        if not self.recognises(path):
            raise CheckpointError(f"{path.name} is not a Transformer-TTS of ESPnet", "it has other contents", "")
        report = ImportReport()
        state = tensors_of(_state(torch_content(path)), path.name)
        home = path.parent / "config.yaml" if config is None else Path(config)
        setup = _read(home)
        kind = setup.get("tts", "transformer")
        if kind != "transformer":
            raise CheckpointError(
                f"{home.name} is of another model", f"tts is {shown(kind)}", "give the one beside the weights"
            )
        settings = setup.get("tts_conf") or {}
        if not isinstance(settings, Mapping):
            raise CheckpointError(f"{home.name} cannot be used", f"tts_conf is {shown(settings)}, must be a mapping", "")
        report.understood("model", f"Transformer-TTS of ESPnet, version {shown(setup.get('version', 'not given'))}")
        try:
            bands = state["postnet.postnet.0.0.weight"].shape[1]
            rows = state["encoder.embed.0.0.embed.weight"].shape[0]
            options = options_of(state, settings, home.name)
            named = from_espnet(state, bands)
        except TTSKitError:
            raise
        except (LookupError, ValueError, ArithmeticError, RuntimeError) as error:
            why = f"{type(error).__name__}: {error}"[:300]
            raise CheckpointError(f"{path.name} is not a complete Transformer-TTS", why, "download it again") from error
        report.understood("weights", f"{len(named)} tensors; sizes are read from their shapes")
        if "normalize.mean" in state:
            report.understood("mel statistics", f"mean and deviation of {bands} bands, kept with the weights")
        elif setup.get("normalize") is not None:
            stats = setup.get("normalize_conf")
            raise CheckpointError(
                f"{path.name} does not hold what its mels were normalised with",
                f"normalize is {shown(setup['normalize'])}, {shown(stats)}, and there is no tensor normalize.mean",
                "give the weights as ESPnet saved them, whole",
            )
        table = self._symbols(setup, rows, symbols, home.name, report)
        mel = _mel(setup, bands, home.name, report)
        voices = speaker_table(speakers, named["speaker.weight"].shape[0] if "speaker.weight" in named else 1)
        if "speaker.weight" in named:
            report.understood("speakers", f"{len(voices)}")
        context = ModelContext(mel, table, voices, speaker_vectors="speaker.weight" in named)
        ignored = [name for name in ("optim", "optim_conf", "scheduler", "pitch_extract", "energy_extract") if setup.get(name)]
        if ignored:
            report.ignored("training settings", ", ".join(ignored))
        model = build_for(named, lambda: TransformerTTS(options, context), path.name)
        try:
            model.load_state_dict(named)
        except RuntimeError as error:
            lines = [line.strip() for line in str(error).splitlines()[1:6]]
            why = "\n".join(lines)
            raise CheckpointError(f"the weights in {path.name} are not a whole Transformer-TTS", why, "") from error
        registry = create_registry()
        frontend = registry.get("frontend", "characters").load()(symbols=table.symbols, pad=table.pad, case="as written")
        folder = RunFolder.create(
            run,
            kind="acoustic model",
            model="transformertts",
            options=options,
            context=context,
            frontend=frontend.fingerprint(),
            registry=registry,
        )
        folder.save(model)
        return report

    def _symbols(
        self, setup: Mapping[str, Any], rows: int, symbols: Path | None, where: str, report: ImportReport
    ) -> SymbolTable:
        if symbols is not None:
            report.understood("symbols", f"{rows}, from {symbols.name}")
            return symbol_table(symbols, rows)
        tokens = setup.get("token_list")
        if not isinstance(tokens, list) or not all(isinstance(t, (str, int, float)) and str(t) for t in tokens):
            raise CheckpointError(f"{where} does not hold its symbols", "token_list is missing", "give them: --symbols FILE")
        names = tuple(str(t).replace("<space>", " ") for t in tokens)
        if len(names) != rows or len(set(names)) != rows:
            why = f"token_list has {len(names)} ({len(set(names))} different), the embedding {rows} rows"
            raise CheckpointError(f"{where} does not fit the weights", why, "give the one beside the weights")
        silent = frozenset(name for name in names if not any(c.isalnum() for c in name) or name.startswith("<"))
        report.understood("symbols", f"{rows}, from token_list")
        kind, g2p = shown(setup.get("token_type", "not given")), shown(setup.get("g2p", "not given"))
        report.missing("frontend", f"token_type {kind}, g2p {g2p}: text is read symbol by symbol, as written")
        return SymbolTable(names, pad=names[0], space=" " if " " in names else None, silent=silent | {names[0]})


def _mel(setup: Mapping[str, Any], bands: int, where: str, report: ImportReport) -> MelConfig:
    """ESPnet's log-mel (`feats_extract: fbank`): librosa's mel of a magnitude, clamped at 1e-10, log10 unless told."""
    kind = setup.get("feats_extract", "fbank")
    section = setup.get("feats_extract_conf") or {}
    if kind != "fbank" or not isinstance(section, Mapping):
        raise CheckpointError(f"the features of {where} cannot be used", f"feats_extract is {shown(kind)}", "")
    legal: dict[str, tuple[Any, ...]] = {
        "window": ("hann",),
        "center": (True,),
        "normalized": (False,),
        "onesided": (True,),
        "htk": (False,),
        "log_base": (None, 10.0),
    }
    strange = [f"{key}: {shown(section[key])}" for key, known in legal.items() if key in section and section[key] not in known]
    if strange:
        raise CheckpointError(f"the features of {where} have settings that ttskit does not have", ", ".join(strange), "")
    rate, fft = whole({"fs": _hertz(section.get("fs", 16_000))}, "fs", where), whole(section, "n_fft", where, 1024)
    window = section.get("win_length")
    edges = {"fmin": 0.0, "fmax": rate / 2}  # where the configuration says null
    given = {**{"fmin": 80.0, "fmax": 7600.0}, **section}
    low, high = (edges[key] if given[key] is None else real(given, key, where) for key in ("fmin", "fmax"))
    mel = made_mel(
        where,
        sample_rate_hz=rate,
        fft_samples=fft,
        window_samples=fft if window is None else whole(section, "win_length", where),
        hop_samples=whole(section, "hop_length", where, 256),
        bands=bands,
        f_min_hz=low,
        f_max_hz=high,
        log_base="e" if section.get("log_base", 10.0) is None else "10",
        log_guard=1e-10,
    )
    report.understood("audio", described(mel))
    return mel


def _hertz(written: object) -> object:
    """ESPnet also takes 24k and "22050"."""
    if not isinstance(written, str):
        return written
    number, factor = (written[:-1], 1000) if written[-1:] in ("k", "K") else (written, 1)
    try:
        return float(number) * factor
    except ValueError:
        return written


def _read(path: Path) -> Mapping[str, Any]:
    try:
        setup = parse_yaml(read_limited(path).decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise CheckpointError(f"no {path.name} beside the weights", f"there is no {path}", "give it: --config FILE") from error
    except (OSError, UnicodeDecodeError, YamlFault, Misread) as error:
        raise CheckpointError(f"{path.name} cannot be read", str(error), "give the file that ESPnet wrote") from error
    if not isinstance(setup, Mapping):
        raise CheckpointError(f"{path.name} is not a configuration", f"it holds {type(setup).__name__}", "")
    return setup


def _state(content: object) -> object:
    """Tensors without the prefix that ESPnet's task gives the network (`tts.`)."""
    if not isinstance(content, Mapping):
        return None
    return {str(name).removeprefix("tts."): value for name, value in plain_names(content).items()}


espnet = EspnetTransformer()
