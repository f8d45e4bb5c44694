"""A listening test on disk: what the pages may know (the plan), what only the analysis may (the key), and what was decided
beforehand (the design). Other parts find its fields by these names only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ANCHORS",
    "CODE",
    "FORMAT",
    "KINDS",
    "LANGUAGES",
    "Completion",
    "Form",
    "Key",
    "Kind",
    "ListeningDesign",
    "ListeningPlan",
    "Rules",
    "SoundKey",
    "SurveyQuestion",
    "SystemHeard",
    "Trial",
    "TrialRole",
    "form_of",
]

FORMAT = 1  # of all files of a test; raised when a field changes its meaning
Kind = Literal["cmos", "ab", "abx", "mos", "mushra", "transcribe"]
KINDS: tuple[Kind, ...] = ("cmos", "ab", "abx", "mos", "mushra", "transcribe")
LANGUAGES = ("es", "en")
ANCHORS: Mapping[str, float | None] = {"low-pass 3.5 kHz": 3500.0, "low-pass 7 kHz": 7000.0}  # no message
# A listener's code: the number of the form, then what nobody guesses.
CODE = re.compile(r"(\d{1,4})-([a-z0-9]{4,40})")

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class Strict(BaseModel):
    """Fields that are named here and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Trial(Strict):
    """One thing to judge, as the page shows it. Nothing in it says whose the sounds are, or whether it is scored.

    Args:
        id: unique in the whole test.
        practice: whether it stands before the test proper, and the page says so.
        sounds: names of audio files, in the order in which they are offered: one for mos and transcribe, two for cmos and ab,
            A, B and X for abx, all to be rated for mushra.
        reference: the named reference of mushra, else "".
        text: the sentence, where it is shown; "" where not.
        ask: an answer that the page asks for in words, to see whether someone reads ("" for none): "-2", "first", "4".
    """

    id: Id
    practice: bool = False
    sounds: tuple[Id, ...] = Field(min_length=1, max_length=16)
    reference: str = ""
    text: str = ""
    ask: str = ""


class Form(Strict):
    """What one listener is given, in order: practice first."""

    trials: tuple[Trial, ...]


class SurveyQuestion(Strict):
    """A question of the questionnaire, or of what is asked at the end.

    Args:
        name: its key in the answers.
        kind: "choice" (radio buttons or a list), "text" (one line) or "long" (several).
        title: by language.
        choices: value → label by language; none for texts.
        required: whether the page waits for it.
    """

    name: Id
    kind: Literal["choice", "text", "long"]
    title: dict[str, str]
    choices: dict[str, dict[str, str]] = {}
    required: bool = True


class Completion(Strict):
    """What a listener sees who has finished: a code to hand in, an address to go to (Prolific's, with its code), or nothing."""

    code: str = ""
    url: str = ""


class ListeningPlan(Strict):
    """All that the pages need. It holds no name of a system.

    Args:
        format, id: id is a hash of design, key and forms: answers say which test they are of.
        kind, title, languages: title by language; the first language is the one that opens where the browser's is another.
        forms: a listener's code begins with the number of one.
        words: texts that replace the pages' own, by language and key: consent, contact, instructions ….
        questions: of the questionnaire before the test.
        closing: questions after it.
        headphones: whether headphones are checked (Woods et al. 2017), by sounds hp_1 … hp_6 with these right answers (1–3).
        allow_none: whether "no preference" may be answered (ab).
        whole: whether a sound must have been heard to its end before an answer counts.
        break_every: trials between two breaks; 0 for none.
        plays: how often each sound may be begun in a trial; 0 for as often as wanted.
        minutes: that it takes, as estimated.
        lead_s: silence before each sound.
        completion: what the last page shows.
    """

    format: Literal[1] = 1
    id: Id
    kind: Kind
    title: dict[str, str]
    languages: tuple[str, ...] = ("es", "en")
    forms: tuple[Form, ...] = Field(min_length=1)
    words: dict[str, dict[str, str]] = {}
    questions: tuple[SurveyQuestion, ...] = ()
    closing: tuple[SurveyQuestion, ...] = ()
    headphones: tuple[int, ...] = ()
    allow_none: bool = False
    whole: bool = True
    break_every: int = 0
    plays: int = Field(0, ge=0)
    minutes: float = 0.0
    lead_s: float = 0.0
    completion: Completion = Completion()

    def trial(self, form: int, name: str) -> Trial | None:
        """A trial of a form by its id."""
        if not 0 <= form < len(self.forms):
            return None
        return next((one for one in self.forms[form].trials if one.id == name), None)


class SoundKey(Strict):
    """Whose a sound is.

    Args:
        system: as in the comparison; "natural" for recordings.
        run, seed: which training of it, "" where unknown; which seed of synthesis.
        sentence, group, speaker, text: what is said.
        source: the file that it was made of, relative to the test's source; sha256 of that file.
        anchor: how it was spoilt on purpose (a key of ANCHORS, or "gold"), else "".
        lufs, seconds: as written, without the lead.
    """

    system: str
    run: str = ""
    seed: int | None = None
    sentence: str = ""
    group: str = ""
    speaker: str = ""
    text: str = ""
    source: str = ""
    sha256: str = ""
    anchor: str = ""
    lufs: float | None = None
    seconds: float = 0.0


class TrialRole(Strict):
    """What a trial is there for.

    Args:
        role: "scored", "practice", "same" (the same sound twice), "gold" (the answer is known), "attention" (the page asks for
            an answer), "repeat" (a scored one a second time).
        right: answers that are right, as the page sends them (gold, attention, abx): "2", "first"; for gold trials of mos and
            cmos all that are right, for mushra and transcribe empty.
    """

    role: Literal["scored", "practice", "same", "gold", "attention", "repeat"]
    right: tuple[str, ...] = ()


class Key(Strict):
    """Which sound is whose, and what each trial is there for."""

    format: Literal[1] = 1
    id: Id
    sounds: dict[str, SoundKey]
    roles: dict[str, TrialRole]


class Rules(Strict):
    """Which listeners are left out, decided before anyone listened. All of them are reported, kept or not.

    Args:
        least_answered: share of the trials answered.
        least_gold: share of gold and attention trials right.
        most_same: mean of |answer| on pairs of the same sound (cmos), or share of answers other than "no difference".
        most_alike: largest share of scored answers that are one and the same.
        most_hasty: share of answers given before the sounds could have been heard.
        mushra_reference, mushra_share: a listener who rates the hidden reference below the first in more than this share of the
            trials is left out (ITU-R BS.1534-3, 4.1.2: 90, 15 %).
        headphones: whether those who fail the check for headphones are left out, or only reported.
    """

    least_answered: float = Field(0.9, ge=0, le=1)
    least_gold: float = Field(0.75, ge=0, le=1)
    most_same: float = Field(1.0, ge=0)
    most_alike: float = Field(0.95, ge=0, le=1)
    most_hasty: float = Field(0.2, ge=0, le=1)
    mushra_reference: float = Field(90.0, ge=0, le=100)
    mushra_share: float = Field(0.15, ge=0, le=1)
    headphones: bool = False


class SystemHeard(Strict):
    """A system of the test: its name, what is shown in reports, its trainings; whether it is natural speech or an anchor."""

    name: str
    runs: tuple[str, ...] = ()
    natural: bool = False
    anchor: bool = False


class ListeningDesign(Strict):
    """What was decided when the test was made.

    Args:
        id, kind, title, made: `made` is the date, and `ttskit` the version.
        source: "comparison", "study" or "folders", and its folders' names.
        origin: where the source was, relative to the test's folder (to find measures again); "" where it is elsewhere.
        systems: in order: differences are later minus earlier.
        sentences: of scored trials.
        listeners: planned.
        forms, trials: how many forms, and trials each (practice included).
        smallest: the smallest difference that matters, in the scale's units; None where none was named.
        seed: of all that was drawn.
        lufs, lead_s, rate_hz: of all sounds.
        rules: of exclusion.
        asked: the options of the command, for the record.
    """

    format: Literal[1] = 1
    id: Id
    kind: Kind
    title: dict[str, str]
    made: str
    ttskit: str
    source: Literal["comparison", "study", "folders"]
    names: tuple[str, ...] = ()
    origin: str = ""
    systems: tuple[SystemHeard, ...]
    sentences: tuple[str, ...]
    listeners: int = Field(ge=1)
    forms: int = Field(ge=1)
    trials: int = Field(ge=1)
    smallest: float | None = None
    seed: int = 1
    lufs: float = -23.0
    lead_s: float = 0.25
    rate_hz: int = 22050
    rules: Rules = Rules()
    asked: dict[str, str] = {}


def form_of(code: str, forms: int) -> int | None:
    """The number of the form that a listener's code asks for; None for what is not a code."""
    found = CODE.fullmatch(code)
    return int(found.group(1)) % forms if found else None
