"""Make a listening test: material, sentences, forms, sounds, plan, key and design, put in place when all of it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import string
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ttskit_listen import pages
from ttskit_listen.folder import TestFolder
from ttskit_listen.making import headphones
from ttskit_listen.making.choosing import choose_sentences, usual_sentences
from ttskit_listen.making.forms import PAIRED, Outline, Shown, Slot, conditions_of, forms_of
from ttskit_listen.making.fresh import new_test
from ttskit_listen.making.levels import Clip, Levels, common_rate
from ttskit_listen.making.material import Examined, Progress, examine, judged, lengths_of
from ttskit_listen.making.questions import closing_questions, first_questions
from ttskit_listen.making.sounds import names_of, sources_of, write_sounds
from ttskit_listen.making.sources import NATURAL, Material, open_sources
from ttskit_listen.making.wording import USUAL_TITLES, no_names_in
from ttskit_listen.plan import (
    ANCHORS,
    LANGUAGES,
    Completion,
    Form,
    Key,
    Kind,
    ListeningDesign,
    ListeningPlan,
    Rules,
    SoundKey,
    SystemHeard,
    Trial,
    TrialRole,
)

__all__ = ["MOST_FORMS", "ListeningWishes", "Made", "make_test"]

MOST_FORMS = 96  # more listeners share forms: 96 has 2, 3, 4, 6, 8 … as divisors
_CODE_LETTERS = string.ascii_lowercase + string.digits
_SHARE = {"cmos": 0.08, "ab": 0.08, "abx": 0.08, "mos": 0.05}
_ATTENTIVE = ("cmos", "ab", "abx", "mos")  # kinds whose answer can be asked for in a word
# Seconds from the end of the sounds to the answer, and how often a sound is played, as estimated.
_ANSWER_S = {"cmos": 4.0, "ab": 3.0, "abx": 4.0, "mos": 3.0, "mushra": 25.0, "transcribe": 12.0}
_PLAYS = {"cmos": 1.3, "ab": 1.3, "abx": 1.5, "mos": 1.1, "mushra": 2.5, "transcribe": 1.5}
_COMMON = frozenset({NATURAL, "natural, through the vocoder"})  # no message: words of any text for listeners
_LEAST_TELLING = 3  # letters of a name that tells something: A is in every text
_AROUND_MIN, _HEADPHONES_MIN, _BREAK_MIN = 2.5, 1.5, 0.5


@dataclass(frozen=True)
class ListeningWishes:
    """How a test is to be made; what is None is found from the material.

    Args:
        kind: of the test.
        systems: which of the material, in order; () for all. "natural" takes part in mos and mushra without being named.
        sentences, hard: how many of each listener's are usual ones, and hard ones.
        listeners: planned; forms: how many different ones, None for one each (up to `MOST_FORMS`).
        seed: of all that is drawn.
        texts, natural: a table of texts, a folder of recordings.
        skip_bad: leave out sentences with a sound that cannot be used; else these are an error.
        longest_s: of a sound.
        lufs, lead_s: of all sounds.
        practice: trials before the test; checks: share of pairs of the same sound, and of gold trials; attention, repeats: how
            many; None for what is usual for the kind.
        show_text: whether the sentence is shown.
        words: texts of the pages, by language and key.
        address: where the test will be found, for invitations.
    """

    kind: Kind
    systems: tuple[str, ...] = ()
    sentences: int | None = None
    hard: int = 0
    listeners: int = 24
    forms: int | None = None
    seed: int = 1
    texts: Path | None = None
    natural: Path | None = None
    skip_bad: bool = False
    longest_s: float = 30.0
    lufs: float = -23.0
    lead_s: float = 0.25
    practice: int | None = None
    checks: float | None = None
    attention: int | None = None
    repeats: int = 0
    show_text: bool = True
    allow_none: bool = False
    whole: bool = True
    headphones: bool = True
    break_every: int = 20
    title: Mapping[str, str] = field(default_factory=lambda: dict(USUAL_TITLES))
    languages: tuple[str, ...] = LANGUAGES
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    completion: Completion = field(default_factory=Completion)
    rules: Rules = field(default_factory=Rules)
    smallest: float | None = None
    address: str = ""
    made: str = ""


@dataclass(frozen=True)
class Made:
    """A test that was made, and what should be said of it.

    Args:
        notes: what was left out, resampled, lowered.
    """

    test: TestFolder
    plan: ListeningPlan
    key: Key
    design: ListeningDesign
    notes: tuple[str, ...]


def make_test(sources: tuple[Path, ...], wishes: ListeningWishes, out: Path, progress: Progress | None = None) -> Made:
    """Make the test in `out`; nothing is left there if anything fails.

    The same sources, wishes, seed and date give the same bytes, but for the invitations: their codes are what lets a listener
    in, and come from the system's own generator.

    Raises:
        InputError: the sources have nothing that can be judged so.
        AudioError: a sound cannot be used.
        UsageError: `out` holds a test with answers, or something else.
    """
    progress = progress or (lambda label, total: nullcontext(lambda: None))
    with new_test(out) as folder:
        material = open_sources(sources, wishes.texts, wishes.natural)
        systems = judged(material, wishes)
        no_names_in(_told(wishes), _names(material))
        examined = examine(material, systems, wishes, progress)
        outline = _outline(material, systems, examined, wishes)
        forms = forms_of(outline)
        slots = {slot for form in forms for shown in form for slot in (*shown.slots, shown.reference) if slot is not None}
        used = [examined.clips[slot.system, slot.run, slot.sentence] for slot in slots]
        rate = common_rate(used)
        hashes = sources_of(slots, material)
        names = names_of(hashes, wishes.seed)
        test = TestFolder(folder)
        test.audio.mkdir(parents=True)
        originals = {(s.system, s.run, s.sentence, s.anchor) for s in slots}
        with progress("sounds", len(originals) + len(slots)) as advance:
            levels, said = write_sounds(
                names,
                hashes,
                material,
                test.audio,
                rate_hz=rate,
                lead_s=wishes.lead_s,
                lufs=wishes.lufs,
                advance=advance,
            )
        right = headphones.write_headphone_sounds(test.audio, seed=wishes.seed) if wishes.headphones else ()
        plan, key = _plan(outline, forms, names, said, wishes, right)
        design = _design(outline, material, plan, levels, wishes, out)
        plan, key, design = _identified(plan, key, design)
        test.write(plan, key, design)
        _invitations(test, plan, wishes)
        pages.write_pages(test)
    notes = (*material.notes, *examined.notes, *_of_levels(levels, used, slots, examined))
    return Made(TestFolder(out), plan, key, design, tuple(dict.fromkeys(notes)))


def _outline(material: Material, systems: dict[str, tuple[str, ...]], examined: Examined, wishes: ListeningWishes) -> Outline:
    kind = wishes.kind
    conditions = 1 if kind == "transcribe" else len(conditions_of(kind, list(systems)))
    usable = [material.sentences[name] for name in examined.sentences]
    usual = usual_sentences(kind, conditions)
    chosen = choose_sentences(usable, lengths_of(usable, examined), wishes.sentences, wishes.hard, usual, wishes.seed)
    trials = len(chosen.scored) * conditions
    share = wishes.checks if wishes.checks is not None else _SHARE.get(kind, 0.0)
    checks = max(1, round(share * trials)) if share else 0
    attention = wishes.attention if wishes.attention is not None else (1 if trials < 16 else 2)
    return Outline(
        kind=kind,
        systems=systems,
        scored=chosen.scored,
        spare=chosen.spare,
        forms=wishes.forms or min(wishes.listeners, MOST_FORMS),
        recorded=examined.recorded,
        practice=wishes.practice if wishes.practice is not None else (1 if kind == "mushra" else 3),
        # Who must choose a side of two equal sounds tells nothing by it.
        same=checks if kind == "cmos" or (kind == "ab" and wishes.allow_none) else 0,
        gold=checks if kind in (*PAIRED, "mos") else 0,
        attention=attention if kind in _ATTENTIVE else 0,
        repeats=wishes.repeats,
        seed=wishes.seed,
    )


def _plan(
    outline: Outline,
    forms: list[list[Shown]],
    names: Mapping[Slot, str],
    said: Mapping[str, SoundKey],
    wishes: ListeningWishes,
    right: tuple[int, ...],
) -> tuple[ListeningPlan, Key]:
    """The plan and the key, not yet with their id."""
    roles: dict[str, TrialRole] = {}
    made = []
    for number, form in enumerate(forms):
        trials = []
        for place, shown in enumerate(form):
            name = f"{number:02d}-{place:03d}"
            sounds = tuple(names[slot] for slot in shown.slots)
            text = said[sounds[0]].text if wishes.show_text and wishes.kind != "transcribe" else ""
            reference = names[shown.reference] if shown.reference else ""
            practice = shown.role == "practice"
            trials.append(Trial(id=name, practice=practice, sounds=sounds, reference=reference, text=text, ask=shown.ask))
            roles[name] = TrialRole(role=shown.role, right=shown.right)
        made.append(Form(trials=tuple(trials)))
    plan = ListeningPlan(
        id="x",
        kind=wishes.kind,
        title=dict(wishes.title),
        languages=wishes.languages,
        forms=tuple(made),
        words={language: dict(own) for language, own in wishes.words.items() if own},
        questions=first_questions(),
        closing=closing_questions(),
        headphones=right,
        allow_none=wishes.allow_none,
        whole=wishes.whole,
        break_every=wishes.break_every,
        minutes=_minutes(made, said, wishes),
        lead_s=wishes.lead_s,
        completion=wishes.completion,
    )
    return plan, Key(id="x", sounds=dict(said), roles=roles)


def _design(
    outline: Outline, material: Material, plan: ListeningPlan, levels: Levels, wishes: ListeningWishes, out: Path
) -> ListeningDesign:
    systems = [
        SystemHeard(name=name, runs=tuple(filter(None, runs)), natural=name == NATURAL)
        for name, runs in outline.systems.items()
    ]
    if wishes.kind == "mushra":
        systems += [SystemHeard(name=anchor, anchor=True) for anchor in ANCHORS]
    return ListeningDesign(
        id="x",
        kind=wishes.kind,
        title=dict(wishes.title),
        made=wishes.made or date.today().isoformat(),
        ttskit=version("ttskit"),
        source=material.source,
        names=material.names,
        origin=_relative(material.origin, out),
        systems=tuple(systems),
        sentences=outline.scored,
        listeners=wishes.listeners,
        forms=len(plan.forms),
        trials=len(plan.forms[0].trials),
        smallest=wishes.smallest,
        seed=wishes.seed,
        lufs=round(levels.lufs, 3),
        lead_s=wishes.lead_s,
        rate_hz=levels.rate_hz,
        rules=wishes.rules,
        asked=_asked(wishes),
    )


def _asked(wishes: ListeningWishes) -> dict[str, str]:
    """The wishes that are not the usual ones, for the record; paths by their names only."""
    usual = ListeningWishes(wishes.kind)
    found = {}
    for name in (
        "systems",
        "sentences",
        "hard",
        "forms",
        "skip_bad",
        "longest_s",
        "practice",
        "checks",
        "attention",
        "repeats",
    ):
        value = getattr(wishes, name)
        if value != getattr(usual, name):
            found[name] = ", ".join(value) if isinstance(value, tuple) else str(value)
    for name in ("show_text", "allow_none", "whole", "headphones", "break_every"):
        if getattr(wishes, name) != getattr(usual, name):
            found[name] = str(getattr(wishes, name))
    return found | {name: path.name for name in ("texts", "natural") if (path := getattr(wishes, name)) is not None}


def _identified(plan: ListeningPlan, key: Key, design: ListeningDesign) -> tuple[ListeningPlan, Key, ListeningDesign]:
    """The three with their id: a hash of all they hold, but for the date."""
    parts: list[Any] = [one.model_dump(mode="json", exclude={"id", "made"}) for one in (plan, key, design)]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    name = {"id": f"{plan.kind}-{digest}"}
    return plan.model_copy(update=name), key.model_copy(update=name), design.model_copy(update=name)


def _minutes(forms: list[Form], said: Mapping[str, SoundKey], wishes: ListeningWishes) -> float:
    """How long a listener takes, as estimated: the mean over forms."""
    played = _PLAYS[wishes.kind]
    seconds = 0.0
    for form in forms:
        for trial in form.trials:
            own = sum(said[name].seconds + wishes.lead_s for name in trial.sounds)
            seconds += own * played + _ANSWER_S[wishes.kind]
    minutes = seconds / len(forms) / 60 + _AROUND_MIN + (_HEADPHONES_MIN if wishes.headphones else 0.0)
    breaks = (len(forms[0].trials) - 1) // wishes.break_every if wishes.break_every else 0
    return round(minutes + breaks * _BREAK_MIN, 1)


def _invitations(test: TestFolder, plan: ListeningPlan, wishes: ListeningWishes) -> None:
    """A code and a link for each listener planned, the forms in turn."""
    page = wishes.address.rstrip("/") + "/index.html" if wishes.address else "index.html"
    lines = ["code,link,language"]
    for number in range(wishes.listeners):
        code = f"{number % len(plan.forms):02d}-{''.join(secrets.choice(_CODE_LETTERS) for _ in range(10))}"
        language = wishes.languages[0]
        lines.append(f"{code},{page}?listener={code}&lang={language},{language}")
    test.invitations.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _of_levels(levels: Levels, clips: list[Clip], slots: set[Slot], examined: Examined) -> list[str]:
    notes = []
    if levels.lowered_db > 0.005:
        notes.append(
            f"all sounds are at {levels.lufs:.1f} LUFS, {levels.lowered_db:.1f} LU lower than asked for, so that no peak of "
            f"{levels.lowered_by} is clipped"
        )
    other = sorted({s.system for s in slots if examined.clips[s.system, s.run, s.sentence].rate_hz != levels.rate_hz})
    if other:
        rates = sorted({clip.rate_hz for clip in clips if clip.rate_hz != levels.rate_hz})
        notes.append(f"resampled to {levels.rate_hz} Hz from {', '.join(str(rate) for rate in rates)} Hz: {', '.join(other)}")
    return notes


def _names(material: Material) -> list[str]:
    """Names that no listener may read: of systems and trainings; a training called by a number tells nothing."""
    runs = [run for own in material.runs.values() for run in own]
    told = [name for name in (*material.runs, *runs) if len(name) >= _LEAST_TELLING and not name.isdecimal()]
    return [name for name in told if name not in _COMMON]


def _told(wishes: ListeningWishes) -> dict[str, str]:
    """What listeners will read of the wishes, by option."""
    words = {
        f"--{key}": " ".join(own.get(key, "") for own in wishes.words.values()) for key in ("institution", "contact", "consent")
    }
    return words | {"--title": " ".join(wishes.title.values())}


def _relative(path: Path, out: Path) -> str:
    """Where the source lies, seen from the test; "" where there is no such way (another drive)."""
    try:
        return Path(os.path.relpath(path.resolve(), out.resolve())).as_posix()
    except ValueError:
        return ""
