"""Importer of public Tacotron 2 checkpoints: NVIDIA's research repository and DeepLearningExamples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ttskit.errors import CheckpointError
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
from ttskit.importing.mels import mel_of_nvidia
from ttskit.importing.numbers import real
from ttskit.importing.symbol_sets import ENGLISH_BASIC, english_basic
from ttskit.interfaces import ModelContext
from ttskit.plugins import create_registry
from ttskit.runs.building import build_for
from ttskit.runs.folder import RunFolder
from ttskit_tacotron2.checkpoints import from_public, options_of
from ttskit_tacotron2.model import Tacotron2

_ASKED = "decoder.attention_rnn.weight_ih"


class NvidiaTacotron2(Importer):
    """`checkpoint_<iteration>` of NVIDIA/tacotron2, a `.pt` of DeepLearningExamples, or the bare state dict of one."""

    def recognises(self, path: Path) -> bool:
        """A torch file whose state dict has Tacotron 2's names."""
        state = None if is_archive(path) else _state(torch_content(path))
        return isinstance(state, Mapping) and _ASKED in state

    def __call__(self, path: Path, run: Path, *, symbols: Path | None = None) -> ImportReport:
        """Write the run. `symbols`: in the checkpoint's order, one a line."""
        if not self.recognises(path):
            raise CheckpointError(f"{path.name} is not a Tacotron 2 of NVIDIA", "it has other contents", "")
        content, report = torch_content(path), ImportReport()
        state = tensors_of(_state(content), path.name)
        config = content.get("config") if isinstance(content.get("config"), Mapping) else {}
        source = "NVIDIA DeepLearningExamples" if config else "NVIDIA/tacotron2"
        steps = f", iteration {content['iteration']}" if isinstance(content.get("iteration"), int) else ""
        report.understood("model", f"Tacotron 2 of {source}{steps}")
        # DeepLearningExamples' length leaves out the frame on which the stop token fires.
        changes = {"keep_stop_frame": False} if config else {}
        if "gate_threshold" in config:
            changes["stop_threshold"] = real(config, "gate_threshold", f"the configuration in {path.name}", most=1.0)
        try:
            bands = state["postnet.convolutions.0.0.conv.weight"].shape[1]
            options = options_of(state, bands, **changes)
            named = from_public(state)
        except (LookupError, ValueError, ArithmeticError) as error:
            why = f"{type(error).__name__}: {error}"[:300]
            raise CheckpointError(f"{path.name} is not a complete Tacotron 2", why, "download it again") from error
        report.understood("weights", f"{len(named)} tensors; sizes are read from their shapes")
        names = ("optimizer", "learning_rate", "scaler", "cuda_rng_state_all", "random_rng_states_all")
        ignored = [name for name in names if name in content]
        if ignored:
            report.ignored("training state", ", ".join(ignored))
        rows = named["embedding.weight"].shape[0]
        if symbols is not None:
            table = symbol_table(symbols, rows)
            report.understood("symbols", f"{rows}, from {symbols.name}")
        elif rows == len(english_basic()):
            table = english_basic()
            report.missing("symbols", f"assumed: NVIDIA's {ENGLISH_BASIC}, which has {rows} as well; otherwise --symbols FILE")
        else:
            raise CheckpointError(
                f"{path.name} does not hold its symbols", f"its embedding has {rows} rows", "give them in order: --symbols FILE"
            )
        mel = mel_of_nvidia({}, bands, report)
        context = ModelContext(mel, table, speaker_table(None, 1))
        model = build_for(named, lambda: Tacotron2(options, context), path.name)
        try:
            model.load_state_dict(named)
        except RuntimeError as error:
            lines = [line.strip() for line in str(error).splitlines()[1:6]]
            raise CheckpointError(f"the weights in {path.name} are not a whole Tacotron 2", "\n".join(lines), "") from error
        registry = create_registry()
        make = registry.get("frontend", "characters").load()
        frontend = make(symbols=table.symbols, pad=table.pad, case="lower" if symbols is None else "as written")
        folder = RunFolder.create(
            run,
            kind="acoustic model",
            model="tacotron2",
            options=options,
            context=context,
            frontend=frontend.fingerprint(),
            registry=registry,
        )
        folder.save(model)
        return report


def _state(content: object) -> object:
    return plain_names(content.get("state_dict", content)) if isinstance(content, Mapping) else None


nvidia = NvidiaTacotron2()
