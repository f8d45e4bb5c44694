"""Carrying a model over to other symbols and speakers by name: what each row of the new model starts from.

Three steps, each a pure function of its arguments: `target_context` says which symbols and speakers the new model
has, `plan_transfer` where each of their rows comes from, `carry_over` copies. Any acoustic model that declares its
`inventory_parameters` can be carried over; the core knows none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import torch
from torch import Tensor

from ttskit.articulation import NO_LETTERS, Letters, match, sounds
from ttskit.config.training import TransferConfig
from ttskit.corpus.batches import Rehearsal
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CheckpointError, MismatchError, UsageError
from ttskit.interfaces.acoustic import AcousticModel, ModelContext, PitchStats
from ttskit.symbols import SpeakerTable, SymbolTable

__all__ = ["AXES", "LEAST_MATCHED", "Inherited", "Transfer", "carry_over", "plan_transfer", "target_context"]

LEAST_MATCHED = 0.5  # of the corpus's sounds; below, the two inventories are of unrelated frontends
AXES = ("symbols", "speakers")


@dataclass(frozen=True, slots=True)
class Inherited:
    """Where the row of a symbol or speaker comes from.

    Args:
        name: the symbol or speaker.
        sources: names in the source run; their mean if several.
        kept: whether it is the same symbol or speaker there.
        why: one phrase.
    """

    name: str
    sources: tuple[str, ...]
    kept: bool
    why: str


@dataclass(frozen=True)
class Transfer:
    """The plan, and after `carry_over` what became of the tensors.

    Args:
        source: folder of the source run; step: of its checkpoint.
        rows: for "symbols" and "speakers", one `Inherited` for each of the new model, in its order.
        dropped: for both, what only the source has.
        pitch: per speaker of the new model, where its pitch statistics come from.
        tensors: "kept", "by row", "new", "dropped" and, of the new ones, "zeros" → names; filled by `carry_over`.
        notes: one line each on what is worth knowing before training.
    """

    source: str
    step: int
    rows: Mapping[str, tuple[Inherited, ...]]
    dropped: Mapping[str, tuple[str, ...]]
    pitch: Mapping[str, str]
    tensors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict:
        """Plain data for transfer.json."""

        def row(r: Inherited) -> dict:
            few = r.sources if len(r.sources) <= 8 else (*r.sources[:8], f"… {len(r.sources)} in all")
            return {"name": r.name, "from": list(few), "why": r.why}

        axes = {
            axis: {
                "kept": [r.name for r in self.rows[axis] if r.kept],
                "new": [row(r) for r in self.rows[axis] if not r.kept],
                "dropped": list(self.dropped[axis]),
            }
            for axis in AXES
        }
        return {
            "source": self.source,
            "step": self.step,
            **axes,
            "tensors": {k: list(v) for k, v in self.tensors.items()},
            "pitch": dict(self.pitch),
            "notes": list(self.notes),
        }


def target_context(
    corpus: PreparedCorpus, source: ModelContext | None, config: TransferConfig, rehearsal: Rehearsal | None = None
) -> ModelContext:
    """Symbols, speakers and pitch statistics of the new model.

    Symbols are the corpus's, then those that only the rehearsal corpus has. Speakers are the corpus's, then the
    rehearsed ones, then old ones that are to be kept. Pitch statistics come from the corpus for its speakers, from the
    source run for its own (the model has learned them so), else from the rehearsal corpus.

    Raises:
        UsageError: `keep_speakers` names someone the source does not have, or there is no source.
    """
    own = corpus.context()
    symbols, speakers, pitch = own.symbols, list(own.speakers.names), dict(own.pitch)
    known: dict[str, PitchStats] = dict(source.pitch) if source else {}
    if rehearsal is not None:
        said = rehearsal.utterances()
        used = {token for u in said for token in u.tokens}
        more = [s for s in rehearsal.corpus.symbols.symbols if s in used and s not in symbols]
        if more:
            extra = rehearsal.corpus.symbols
            described = {s: extra.features[s] for s in more if s in extra.features}
            symbols = replace(
                symbols,
                symbols=(*symbols.symbols, *more),
                silent=symbols.silent | (set(more) & extra.silent),
                features={**symbols.features, **described},
            )
        present = {u.speaker for u in said}
        rehearsed = [n for n in rehearsal.corpus.speakers.names if n in present and n not in speakers]
        speakers += rehearsed
        pitch |= {n: known.get(n) or rehearsal.corpus.pitch[n] for n in rehearsed}
    if config.keep_speakers != "auto":
        if source is None:
            raise UsageError("there are no old speakers to keep", "the training starts from no run", "--init-from RUN")
        if config.keep_speakers == "all":
            wanted = source.speakers.names
        else:
            wanted = [_known(name, source.speakers, "to keep") for name in config.keep_speakers]
        kept = [n for n in wanted if n not in speakers]
        speakers += kept
        pitch |= {n: known[n] for n in kept if n in known}
    vectors = bool(source and source.multi_speaker and len(speakers) == 1)
    return ModelContext(own.mel, symbols, SpeakerTable(tuple(speakers)), pitch, vectors)


def plan_transfer(
    run: Path,
    step: int,
    source: ModelContext,
    target: ModelContext,
    corpus: PreparedCorpus,
    config: TransferConfig,
    rehearsal: Rehearsal | None = None,
    letters: Letters = NO_LETTERS,
) -> Transfer:
    """Where each symbol and speaker of `target` comes from.

    Args:
        letters: what letters of an inventory without features sound like in the corpus's language (`Phonetics.letters`).

    Raises:
        MismatchError: too few of the corpus's sounds have a counterpart.
        UsageError: a donor that the source does not have, or for a speaker who is not new.
    """
    symbols = tuple(_symbol_row(symbol, target.symbols, source.symbols, letters) for symbol in target.symbols.symbols)
    _require_related(symbols, target.symbols, source.symbols, run, letters)
    speakers = _speaker_rows(target.speakers, source.speakers, config, run)
    used = {name for row in symbols if row.kept for name in row.sources}
    dropped = {
        "symbols": tuple(s for s in source.symbols.symbols if s not in used),
        "speakers": tuple(n for n in source.speakers.names if n not in target.speakers.names),
    }
    rehearsed = {u.speaker for u in rehearsal.utterances()} if rehearsal is not None else set()
    given = (("the corpus", corpus.speakers.names), ("the run", source.pitch), ("the rehearsal corpus", rehearsed))
    pitch = {name: next((where for where, names in given if name in names), "none") for name in target.speakers.names}
    alone = [n for n in target.speakers.names if n not in corpus.speakers.names and n not in rehearsed]
    notes = []
    if alone:
        said = f"{', '.join(alone[:4])}{f' and {len(alone) - 4} more' if len(alone) > 4 else ''}"
        notes.append(f"kept, but not rehearsed, so they will drift: {said} (training.rehearsal)")
    return Transfer(str(run), step, {"symbols": symbols, "speakers": speakers}, dropped, pitch, notes=tuple(notes))


def carry_over(plan: Transfer, weights: Mapping[str, Tensor], source: ModelContext, model: AcousticModel) -> Transfer:
    """Fill `model` with the source's weights as planned; gives the plan with what became of each tensor.

    A speaker parameter that the source leaves out (it had one speaker) becomes zeros: that is what leaving it out means.

    Raises:
        MismatchError: the two are of different sizes.
        CheckpointError: a tensor of the source has not one row for each of its symbols or speakers.
    """
    own, by_row = model.state_dict(), model.inventory_parameters()
    fate: dict[str, list[str]] = {
        "kept": [],
        "by row": [],
        "new": [],
        "zeros": [],
        "dropped": [n for n in weights if n not in own],
    }
    conflicts = []
    with torch.no_grad():
        for name, target in own.items():
            value, axis = weights.get(name), by_row.get(name)
            if axis is None:
                if value is None:
                    fate["new"].append(name)
                elif value.shape != target.shape:
                    conflicts.append(f"{name}: {_size(value)} there, {_size(target)} here")
                else:
                    target.copy_(value)
                    fate["kept"].append(name)
                continue
            if value is None:
                fate["new"].append(name)
                if axis == "speakers":
                    target.zero_()
                    fate["zeros"].append(name)
                continue
            if value.shape[1:] != target.shape[1:]:
                conflicts.append(f"{name}: rows of {_size(value[0])} there, {_size(target[0])} here")
                continue
            table = source.symbols.symbols if axis == "symbols" else source.speakers.names
            if value.shape[0] != len(table):
                raise CheckpointError(
                    f"{plan.source} does not fit its own {axis}",
                    f"{name} has {value.shape[0]} rows, there are {len(table)} {axis}",
                    "import or train it again",
                )
            _fill(target, value, plan.rows[axis], {n: i for i, n in enumerate(table)})
            fate["by row"].append(name)
    if conflicts:
        raise MismatchError(
            f"{plan.source} has other sizes than the model of this recipe",
            "\n".join(conflicts[:6]),
            "leave the model's options out of the recipe: a fine-tuned model has those of its source",
        )
    if not fate["kept"] and not fate["by row"]:
        raise MismatchError(
            f"{plan.source} has no parameter that fits", f"{len(weights)} there, {len(own)} here", "use that run's options"
        )
    return replace(plan, tensors={k: tuple(v) for k, v in fate.items()})


def _fill(target: Tensor, value: Tensor, rows: Sequence[Inherited], index: Mapping[str, int]) -> None:
    for i, row in enumerate(rows):
        chosen = [index[n] for n in row.sources]
        target[i].copy_(value[chosen[0]] if len(chosen) == 1 else value[chosen].mean(0))


def _symbol_row(symbol: str, here: SymbolTable, there: SymbolTable, letters: Letters) -> Inherited:
    found = match(symbol, here, there, letters)
    if found.symbol is not None:
        return Inherited(symbol, (found.symbol,), found.exact, found.why)
    everything = tuple(s for s in there.symbols if s != there.pad)
    return Inherited(symbol, everything, False, f"mean of all: {found.why}")


def _require_related(rows: Sequence[Inherited], here: SymbolTable, there: SymbolTable, run: Path, letters: Letters) -> None:
    spoken = set(sounds(here, letters)) or {s for s in here.symbols if s not in here.silent}
    matched = [row for row in rows if row.name in spoken and len(row.sources) == 1]
    same = sum(row.kept for row in matched)
    if len(matched) < LEAST_MATCHED * len(spoken):
        why = (
            f"of the corpus's {len(spoken)} sounds {same} are in the run and {len(matched) - same} have a near one; "
            f"the run has {', '.join(map(repr, there.symbols[:8]))} …"
        )
        raise MismatchError(
            f"the symbols of {run} and of the corpus are of unrelated frontends",
            why,
            "prepare the corpus with the run's frontend, or one whose symbols have articulatory features",
        )


def _speaker_rows(here: SpeakerTable, there: SpeakerTable, config: TransferConfig, run: Path) -> tuple[Inherited, ...]:
    asked = config.speaker_from
    new = [n for n in here.names if n not in there.names]
    if isinstance(asked, str):
        if not new:
            why = f"{run} has {', '.join(here.names[:6])} already"
            raise UsageError(f"no speaker is new, so none can start from {asked!r}", why, "leave --speaker-from out")
        donors = dict.fromkeys(new, asked)
    else:
        donors = dict(asked or {})
    for name in donors:
        if name not in new:
            old = f"{name} is in {run} and keeps its own voice"
            old = old if name in there.names else f"new speakers: {', '.join(new) or 'none'}"
            raise UsageError(f"{name!r} is not a new speaker", old, "--speaker-from NEW=OLD")
    rows = []
    for name in here.names:
        if name in there.names:
            rows.append(Inherited(name, (name,), True, "same"))
        elif name in donors:
            rows.append(Inherited(name, (_known(donors[name], there, "to start from"),), False, f"from {donors[name]}"))
        elif len(there) == 1:
            rows.append(Inherited(name, there.names, False, f"from {there.names[0]}, the only one"))
        else:
            rows.append(Inherited(name, there.names, False, f"mean of {len(there)}"))
    return tuple(rows)


def _known(name: str, table: SpeakerTable, what: str) -> str:
    if name in table.names:
        return name
    near = get_close_matches(name, table.names, n=3)
    some = f"{'near' if near else 'such as'}: {', '.join(near or table.names[:8])}"
    raise UsageError(
        f"there is no speaker {name!r} {what}",
        f"the run has {len(table)}; {some}",
        f"name one of them, such as {near[0] if near else table.names[0]!r}",
    )


def _size(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "1"
