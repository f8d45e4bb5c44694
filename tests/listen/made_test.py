"""A small listening test, written without any model: what the parts of `ttskit listen` are tested on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import (
    Completion,
    Form,
    Key,
    Kind,
    ListeningDesign,
    ListeningPlan,
    Rules,
    SoundKey,
    SurveyQuestion,
    SystemHeard,
    Trial,
    TrialRole,
)

__all__ = ["RATE_HZ", "SYSTEMS", "made_test", "tone"]

RATE_HZ = 16_000
SYSTEMS = ("tacotron2", "fastpitch")
_SECONDS = 0.25
_QUESTION = SurveyQuestion(
    name="variety",
    kind="choice",
    title={"es": "¿Qué español hablás?", "en": "Which Spanish do you speak?"},
    choices={"rioplatense": {"es": "rioplatense", "en": "Rioplatense"}, "other": {"es": "otro", "en": "another"}},
)


def tone(path: Path, hz: float, seconds: float = _SECONDS) -> None:
    """A tone as FLAC; a folder above it is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    soundfile.write(path, (0.1 * np.sin(2 * np.pi * hz * times)).astype(np.float32), RATE_HZ, subtype="PCM_16")


def made_test(
    folder: Path,
    kind: Kind = "cmos",
    *,
    listeners: int = 4,
    sentences: int = 6,
    runs: int = 2,
    systems: tuple[str, ...] = SYSTEMS,
    rules: Rules | None = None,
    sounds: bool = True,
    questions: bool = True,
    completion: Completion | None = None,
) -> TestFolder:
    """Write a test: one form a listener, the sides of each pair swapped from form to form, a practice trial, a pair of the same
    sound (cmos, ab), a gold and an attention trial. Natural speech takes part in mos and mushra. Names of sounds say nothing.
    """
    test = TestFolder(folder)
    heard = [*systems, "natural"] if kind in ("mos", "mushra") else list(systems)
    said: dict[str, SoundKey] = {}
    names: dict[tuple[str, str, str], str] = {}

    def sound(system: str, run: str, sentence: str, anchor: str = "") -> str:
        key = (system, run or anchor, sentence)
        if key not in names:
            names[key] = name = f"s{len(names) * 7919 % 10007:05d}"
            text = f"Esta es la oración {sentence[1:]}."
            facts = {
                "sentence": sentence,
                "group": "test",
                "speaker": "ana",
                "text": text,
                "anchor": anchor,
                "seconds": _SECONDS,
            }
            said[name] = SoundKey(system=system, run=run, **facts)
            if sounds:
                tone(test.audio / f"{name}.flac", 200 + 10 * len(names))
        return names[key]

    roles: dict[str, TrialRole] = {}
    forms = []
    for form in range(listeners):
        trials: list[Trial] = []

        def add(
            role: str,
            chosen: list[str],
            right: tuple[str, ...] = (),
            ask: str = "",
            reference: str = "",
            form=form,
            trials=trials,
        ) -> None:
            name = f"{form:02d}-{len(trials):03d}"
            roles[name] = TrialRole(role=role, right=right)
            text = "" if kind == "transcribe" else said[chosen[0]].text
            fields = {"id": name, "practice": role == "practice", "text": text, "ask": ask, "reference": reference}
            trials.append(Trial(sounds=tuple(chosen), **fields))

        def scored(index: int, role: str = "scored", ask: str = "", right: tuple[str, ...] = (), form=form, add=add) -> None:
            sentence, turn = f"u{index:03d}", (form + index) % 2
            run = lambda system: "" if system == "natural" else f"{system}-{1 + (form // 2 + index) % runs}"  # noqa: E731
            own = [sound(s, run(s), sentence) for s in heard]
            if kind in ("cmos", "ab"):
                add(role, own[:2][:: -1 if turn else 1], right, ask)
            elif kind == "abx":
                pair = own[:2][:: -1 if turn else 1]
                add(role, [*pair, pair[form % 2]], right or (("first", "second")[form % 2],), ask)
            elif kind == "mushra":
                add(role, [own[(form + i) % len(own)] for i in range(len(own))], right, ask, reference=own[-1])
            else:
                add(role, [own[(form + index) % len(own)]], right, ask)

        scored(0, "practice")
        for index in range(sentences):
            scored(index)
        spoilt, clean = sound("natural", "", "u000", "gold"), sound("natural", "", "u000")
        if kind in ("cmos", "ab"):
            same = sound(systems[0], f"{systems[0]}-1", "u001")
            add("same", [same, same])
            add("gold", [spoilt, clean], ("1", "2", "3") if kind == "cmos" else ("second",))
        if kind == "mos":
            add("gold", [spoilt], ("1", "2"))
        if kind in ("cmos", "mos"):
            scored(1, "attention", ask="2", right=("2",))
        forms.append(Form(trials=tuple(trials)))
    about = {"id": f"made-{kind}", "kind": kind, "title": {"es": "Prueba", "en": "Trial"}}
    asked = (_QUESTION,) if questions else ()
    plan = ListeningPlan(
        **about, forms=tuple(forms), questions=asked, minutes=1.0, lead_s=0.0, completion=completion or Completion()
    )
    shown = [SystemHeard(name=s, runs=tuple(f"{s}-{i + 1}" for i in range(runs)), natural=s == "natural") for s in heard]
    counts = {"listeners": listeners, "forms": listeners, "trials": len(forms[0].trials), "rate_hz": RATE_HZ, "lead_s": 0.0}
    origin = {"made": "2026-11-28", "ttskit": "0.1.0", "source": "folders", "rules": rules or Rules()}
    ids = tuple(f"u{i:03d}" for i in range(sentences))
    test.write(
        plan,
        Key(id=plan.id, sounds=said, roles=roles),
        ListeningDesign(**about, **origin, **counts, systems=tuple(shown), sentences=ids),
    )
    return test
