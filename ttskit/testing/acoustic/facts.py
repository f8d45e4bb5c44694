"""Checks of what an acoustic model says of itself: facts, precisions, rows of its inventories, names of its weights."""

from __future__ import annotations

from dataclasses import replace

import torch

from ttskit.interfaces.acoustic import AcousticModel, ModelContext
from ttskit.symbols import SpeakerTable
from ttskit.testing.acoustic.subject import AcousticSubject
from ttskit.testing.builders import tiny_context
from ttskit.testing.checks import CheckList, Fault, misspelt, need
from ttskit.testing.precision import check_precisions

__all__ = ["FACTS", "declared", "ends", "inventories", "precisions", "says", "weight_names"]

FACTS = CheckList()

_STATED = ("decoding", "controls", "multi_speaker")  # must be in the description
_METHODS = {
    "teacher_forced": "teacher_forced",
    "aligns": "durations",
    "streaming": "infer_stream",
}  # fact → method that keeps it
_KNOWN = (*_STATED, *_METHODS, "features", "precisions", "small_options", "structure")


@FACTS("declared facts are true")
def declared(subject: AcousticSubject) -> None:
    """A fact stands in the description, so that listing imports no torch, and in the class: both must say the same."""
    facts, model = subject.plugin.facts, subject.model
    misspelt(facts, _KNOWN)
    for fact in _STATED:
        need(fact in facts, f"the description does not declare the fact {fact!r}")
        said, has = facts[fact], getattr(model, fact)
        agree = sorted(said) == sorted(has) if fact == "controls" else said == has
        need(agree, f"fact {fact!r}: the description says {said!r}, the model {has!r}")
    declared_features, of_class = set(facts.get("features", ())), set(type(model).features)
    missing = set(model.features) - declared_features - {"durations"}  # durations only if options ask
    need(not missing, f"the model needs features {sorted(missing)} that its description does not declare")
    need(
        declared_features <= of_class | set(model.features),
        f"fact 'features': the description says {sorted(declared_features)}, the class {sorted(of_class)}",
    )
    streams = bool(facts.get("streaming", False))
    need(streams == model.streaming, f"fact 'streaming': the description says {streams}, the model {model.streaming}")
    need(facts["decoding"] in ("autoregressive", "parallel"), f"decoding is {facts['decoding']!r}")
    for fact, method in _METHODS.items():
        own = getattr(type(model), method) is not getattr(AcousticModel, method)
        need(
            own or not facts.get(fact),
            f"fact {fact!r}: the description says True, but {type(model).__name__} does not define {method}()",
        )


@FACTS("what it says of its training")
def says(subject: AcousticSubject) -> None:
    """Aids in words, and the step by which an alignment is due."""
    aids, due = subject.model.aids(), subject.model.alignment_due(1000)
    worded = isinstance(aids, tuple) and all(isinstance(aid, str) for aid in aids)
    need(worded, f"aids() gives {aids!r}, not a tuple of words")
    need(due is None or (isinstance(due, int) and 0 <= due <= 1000), f"alignment_due(1000) is {due!r}, no step of 1000")


@FACTS("decoding ends as declared")
def ends(subject: AcousticSubject) -> None:
    """Autoregressive models say which rows finished by themselves, parallel ones have no such thing."""
    finished, rows = subject.infer().finished, len(subject.batch.ids)
    if subject.plugin.facts.get("decoding") == "autoregressive":
        if finished is None:
            raise Fault("an autoregressive model must say which rows finished by themselves")
        shape = tuple(finished.shape)
        need(finished.dtype == torch.bool and shape == (rows,), f"finished is {finished.dtype} {shape}, not (B,) bool")
    else:
        need(finished is None, "decoding is declared parallel, but infer reports rows that finished by themselves")


@FACTS("declared precisions work")
def precisions(subject: AcousticSubject) -> None:
    """Each is near, changes nothing that is saved, and fp32 comes back exactly."""
    check_precisions(subject.plugin, subject.model, lambda: subject.infer().row(0).mel)


@FACTS("names of weights")
def weight_names(subject: AcousticSubject) -> None:
    """Names and shapes in the state dict follow the options that decide structure, and nothing else."""
    first = _shapes(subject.build())
    again = _shapes(subject.build(seed=1))
    need(first == again, f"built twice with the same options, it has other weights: {_differing(first, again)}")
    for padding in ("masked", "reference"):
        try:
            options = type(subject.options)(**{**dict(subject.plugin.facts.get("small_options", {})), "padding": padding})
            other = _shapes(subject.build(options=options))
        except (TypeError, ValueError):  # it has no such option
            return
        need(first == other, f"padding: {padding} changes the names or shapes of weights: {_differing(first, other)}")


def _shapes(model: AcousticModel) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in model.state_dict().items()}


def _differing(one: dict[str, torch.Size], other: dict[str, torch.Size]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))[:3]


@FACTS("rows of symbols and speakers")
def inventories(subject: AcousticSubject) -> None:
    """Fine-tuning by name relies on this: which shapes follow the inventories, and what leaving out speakers means."""
    big = tiny_context(speakers=("ana", "beto", "caro"))
    big = replace(big, symbols=replace(big.symbols, symbols=(*big.symbols.symbols, "x", "z")))
    one = replace(subject.context, speakers=SpeakerTable(("ana",)))
    first: dict[str, torch.Size] = {}
    for context in (subject.context, big, one, replace(one, speaker_vectors=True)):
        model = subject.build(context=context)
        declared, state = model.inventory_parameters(), model.state_dict()
        kinds = sorted(set(declared.values()))
        need(set(kinds) <= {"symbols", "speakers"}, f"inventory_parameters() gives kinds {kinds}")
        for name, axis in declared.items():
            need(name in state, f"inventory_parameters() names {name!r}, which is not in the state dict")
            rows, wanted = state[name].shape[0], len(getattr(context, axis))
            need(rows == wanted, f"{name!r} has {rows} rows for {wanted} {axis}")
        plain = {name: value.shape for name, value in state.items() if name not in declared}
        if context is subject.context:
            first = plain
        need(
            plain == first,
            f"{_differing(first, plain)} changes its shape "
            "with the symbols or speakers and is not among inventory_parameters()",
        )
    _zeros_are_nothing(subject, one)


def _zeros_are_nothing(subject: AcousticSubject, one: ModelContext) -> None:
    """A model of one speaker speaks as one with vectors of zeros."""
    bare, vectors = subject.build(context=one).eval(), subject.build(context=replace(one, speaker_vectors=True)).eval()
    left_out = {n for n, axis in vectors.inventory_parameters().items() if axis == "speakers"} - set(bare.state_dict())
    if not left_out:
        return
    vectors.load_state_dict(bare.state_dict(), strict=False)
    with torch.no_grad():
        for name in left_out:
            vectors.state_dict()[name].zero_()
    inputs = replace(subject.single(0), speaker=torch.tensor([0]))
    a, b = subject.infer(inputs, model=bare), subject.infer(inputs, model=vectors)
    need(
        a.mel.shape == b.mel.shape and torch.equal(a.mel, b.mel),
        f"{', '.join(sorted(left_out))} left out for one speaker is not the same as zeros",
    )
