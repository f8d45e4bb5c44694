"""What is said at the top of the page before anything is shown: what was left out, and what the runs do not share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ttskit.audio.config import MelConfig
from ttskit.errors import MismatchError
from ttskit.measure.systems import require_same_mel
from ttskit_explain.lesson import Failed, Lesson, Subject

__all__ = ["opening_notes", "same_mel"]

_MOST = 8  # characters or symbols that a note lists


def opening_notes(lesson: Lesson) -> list[tuple[str, dict[str, object]]]:
    """Notes by key with the values of their places, in the order in which they are read."""
    return [*_unread(lesson), *_differences(lesson), *_vocoders(lesson), *_failures(lesson)]


def same_mel(one: Subject, other: Subject) -> bool:
    """Whether two runs' mels can be laid one on the other: equal content (see `MelConfig`)."""
    return _equal(one.model.context.mel, other.model.context.mel)


def _equal(one: MelConfig, other: MelConfig) -> bool:
    try:
        require_same_mel(one, other, "", "")
    except MismatchError:
        return False
    return True


def _unread(lesson: Lesson) -> Iterator[tuple[str, dict[str, object]]]:
    """Characters that a frontend could not read, and symbols that a model was not trained with."""
    said = set()
    for one in lesson.subjects:
        characters = tuple(dict.fromkeys(unknown.character for unknown in one.analysis.unknown))
        if characters and characters not in said:
            said.add(characters)
            yield "unknown_characters", {"characters": _listed(characters), "run": one.label}
        if one.unknown:
            yield "unknown_symbols", {"symbols": _listed(dict.fromkeys(one.unknown)), "run": one.label}


def _differences(lesson: Lesson) -> Iterator[tuple[str, dict[str, object]]]:
    """What keeps two runs from being laid side by side number for number."""
    first = lesson.subjects[0]
    for one in lesson.subjects[1:]:
        both: dict[str, object] = {"first": first.label, "other": one.label}
        if not same_mel(first, one):
            yield "different_mels", both
        corpora = [(run.run.info.get("corpus") or {}).get("manifest_sha256") for run in (first, one)]
        if None in corpora:
            yield "unknown_corpus", {"run": (first if corpora[0] is None else one).label}
        elif corpora[0] != corpora[1]:
            yield "different_corpora", both
        if first.tokens != one.tokens:
            yield "different_symbols", both


def _vocoders(lesson: Lesson) -> Iterator[tuple[str, dict[str, object]]]:
    """Voices that no trained vocoder gives."""
    untrained: dict[str, list[str]] = {}
    for one in lesson.subjects:
        if not type(one.voice.vocoder).trainable:
            untrained.setdefault(one.voice.vocoder_name, []).append(one.label)
    for name, runs in untrained.items():
        yield "no_vocoder", {"vocoder": name, "runs": ", ".join(runs)}


def _failures(lesson: Lesson) -> Iterator[tuple[str, dict[str, object]]]:
    """Runs that could not say how they speak: sections go on without them."""
    for one in lesson.subjects:
        try:
            one.explanation  # noqa: B018
        except Failed as error:
            yield "cannot_explain", {"run": one.label, "why": str(error)}


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    return " ".join(shown[:_MOST]) + (" …" if len(shown) > _MOST else "")
