"""Which systems of the material a test of some kind takes, and which sentences of them can be used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttskit.errors import AudioError, InputError
from ttskit_listen.making.choosing import HARD
from ttskit_listen.making.forms import PAIRED
from ttskit_listen.making.levels import Clip, examined
from ttskit_listen.making.sources import NATURAL, Material, Utterance
from ttskit_listen.plan import Kind

if TYPE_CHECKING:
    from ttskit_listen.making.assembling import ListeningWishes

__all__ = ["Examined", "Progress", "examine", "judged", "lengths_of"]

Progress = Callable[[str, int], AbstractContextManager[Callable[[], object]]]
_LEAST: Mapping[Kind, int] = {"cmos": 2, "ab": 2, "abx": 2, "mushra": 1, "mos": 1, "transcribe": 1}
# mushra: with hidden reference and anchors no more than 16 sounds stand on a page; the others: pairs grow with the square.
_MOST: Mapping[Kind, int] = {"mushra": 13, "cmos": 8, "ab": 8, "abx": 8}
_RESYNTHESIS = "natural, through the vocoder"  # no message: takes part where it is named


@dataclass(frozen=True)
class Examined:
    """What can be used.

    Args:
        sentences: ids that every judged system has whole.
        clips: what was found in each sound.
        recorded: sentences with a recording that can be used.
        notes: what a person should know.
    """

    sentences: tuple[str, ...]
    clips: Mapping[tuple[str, str, str], Clip]
    recorded: frozenset[str]
    notes: tuple[str, ...]


def judged(material: Material, wishes: ListeningWishes) -> dict[str, tuple[str, ...]]:
    """The systems that are judged, with their trainings: those that were named, else all; in mos and mushra natural speech too.

    Raises:
        InputError: no such system, too few for the kind or too many, or no recordings where they are needed.
    """
    kind, natural = wishes.kind, NATURAL in material.runs
    own = list(dict.fromkeys(wishes.systems)) or [name for name in material.runs if name not in (_RESYNTHESIS, NATURAL)]
    for name in own:
        if name not in material.runs:
            why, fix = f"there are {', '.join(material.runs)}", "--system NAME, one of these"
            raise InputError(f"there is no system {name}", why, fix)
    if kind == "mushra" and not natural:
        fix = "--natural FOLDER, a recording for each sentence; or --kind mos"
        raise InputError("mushra needs recordings", "its reference is natural speech, and there is none", fix)
    synthetic = [name for name in own if name != NATURAL]
    if len(own if kind in PAIRED else synthetic) < _LEAST[kind]:
        why = f"{kind} needs {_LEAST[kind]}, and there is {', '.join(own) or 'none'}"
        fix = "give a folder for each: ttskit listen make FOLDER FOLDER; or --kind mos, which judges one by itself"
        raise InputError("there are too few systems", why, fix)
    if len(own) > _MOST.get(kind, len(own)):
        why = f"{len(own)}, at most {_MOST[kind]} in a test of kind {kind}"
        raise InputError("there are too many systems", why, "choose some: --system NAME --system NAME")
    if natural and NATURAL not in own and (kind == "mushra" or (kind == "mos" and not wishes.systems)):
        own.append(NATURAL)
    return {name: material.runs[name] for name in own}


def examine(material: Material, systems: Collection[str], wishes: ListeningWishes, progress: Progress) -> Examined:
    """Read every sound that may be chosen, and find the sentences of which all can be used.

    Recordings that are not judged serve gold trials where they are there, and are not asked for.

    Raises:
        InputError: no sentence is left.
        AudioError: a sound cannot be used, and `skip_bad` is not wished for.
    """
    common, notes = _usual(material, material.common(list(systems)), wishes), []
    if NATURAL in systems:
        spoken = _usual(material, material.common([name for name in systems if name != NATURAL]), wishes)
        if without := len(spoken) - len(common):
            notes.append(f"{without} sentences have no recording, and are left out")
    if wishes.kind == "transcribe":
        common = _told(material, common, notes)
    wanted = set(common)
    keys = [key for key in material.sounds if key[2] in wanted and (key[0] in systems or key[0] == NATURAL)]
    clips: dict[tuple[str, str, str], Clip] = {}
    with progress("reading", len(keys)) as advance:
        for key in keys:
            clips[key] = examined(material.sounds[key].path, wishes.longest_s)
            advance()
    bad = {key: clip.fault for key, clip in clips.items() if clip.fault and key[0] in systems}
    if bad:
        lines = [f"{material.sounds[key].path} {fault}" for key, fault in bad.items()]
        shown = "\n".join(lines[:5]) + (f"\nand {len(lines) - 5} more" if len(lines) > 5 else "")
        if not wishes.skip_bad:
            what = f"{len(bad)} of {len(clips)} sounds cannot be used"
            fix = "repair them, or leave their sentences out for all systems: --skip-bad; what is long is allowed by --longest"
            raise AudioError(what, shown, fix)
        left_out = sorted({key[2] for key in bad})
        common = [name for name in common if name not in left_out]
        named = ", ".join(left_out[:6]) + (" …" if len(left_out) > 6 else "")
        notes.append(f"left out for all systems, which favours those that failed there: {named} ({lines[0]})")
        if not common:
            raise InputError("no sentence is left", shown, "repair the sounds")
    remarks = [f"{material.sounds[key].source}: {clip.remark}" for key, clip in clips.items() if clip.remark]
    notes += [*remarks[:3], *([f"and {len(remarks) - 3} more clipped sounds"] if len(remarks) > 3 else [])]
    recorded = frozenset(key[2] for key, clip in clips.items() if key[0] == NATURAL and not clip.fault)
    return Examined(tuple(common), clips, recorded, tuple(notes))


def _told(material: Material, sentences: list[str], notes: list[str]) -> list[str]:
    """Those whose text is known: without it nobody can say what was understood wrongly."""
    told = [name for name in sentences if material.sentences[name].text]
    if not told:
        why = "what was understood is compared with what was said"
        raise InputError("transcribe needs the texts of the sentences", why, "--texts FILE, with a line for each: id, text")
    if len(told) < len(sentences):
        notes.append(f"{len(sentences) - len(told)} sentences have no text, and are left out")
    return told


def _usual(material: Material, sentences: list[str], wishes: ListeningWishes) -> list[str]:
    """Without the hard ones where none is wished for: what will not be chosen need not be whole."""
    usual = [name for name in sentences if material.sentences[name].group != HARD]
    return usual if usual and not wishes.hard else sentences


def lengths_of(sentences: Sequence[Utterance], examined: Examined) -> dict[str, float]:
    """Of each sentence: letters where all texts are known, else seconds, the mean over systems."""
    if all(one.text for one in sentences):
        return {one.id: float(len(one.text)) for one in sentences}
    found: dict[str, list[float]] = {}
    for (_, _, sentence), clip in examined.clips.items():
        found.setdefault(sentence, []).append(clip.seconds)
    return {one.id: sum(found[one.id]) / len(found[one.id]) for one in sentences}
