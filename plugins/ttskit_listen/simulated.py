"""Listeners who never were: they answer a test by a truth that is known, so that the analysis can be tried on them.

A sound has a quality, in points of a five-point scale: the system's, and what its training, the sentence and the listener
change in it. An answer is what a person makes of that, with noise that is new each time, cut into the scale of the test. The
standard deviations are those of a *difference* between two systems, as in `calculator.Spreads`: each sound has 1/√2 of them.
Every number is a function of (seed, who, which trial): the same person answers the same trial alike in a page, in a file and
after a break.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ttskit.errors import UsageError
from ttskit_listen.answers import Answer, AnswerFile, Browser, Headphones
from ttskit_listen.plan import ANCHORS, Key, ListeningDesign, ListeningPlan, SoundKey, SurveyQuestion, Trial

__all__ = ["HABITS", "MARK", "Habit", "Person", "Truth", "World", "is_simulated", "planted", "simulate"]

MARK = "simulated"  # what follows the dash in the code of every simulated listener
Habit = Literal["careful", "random", "same", "hasty"]
# Of careless listeners. Pages that wait for the end of every sound (`ListeningPlan.whole`) let nobody be hasty.
HABITS: tuple[Habit, ...] = ("random", "same", "hasty")

_NATURAL = 4.7
_SPOILT = 1.0  # gold: nobody takes it for speech that is well
_ANCHORED: Mapping[str, float] = {"low-pass 3.5 kHz": 1.6, "low-pass 7 kHz": 3.0}  # no message
_MIDDLE = 3.0
_LAPSE = 0.02  # of trials whose right answer a careful listener knows and does not give
_SAME = 0.85  # of pairs of one and the same sound a careful listener calls equal
_NONE = 0.5  # below this difference someone who may say "no preference" says so


@dataclass(frozen=True)
class Truth:
    """What is so in the simulated world.

    Args:
        systems: quality of each system, in points of a five-point scale (25 points of MUSHRA are one). Natural speech and
            anchors have usual ones where none is given.
        run_sd, sentence_sd, listener_sd, residual_sd: of the difference between two systems: from training to training, from
            sentence to sentence, from listener to listener, and of one answer beside these.
        level_sd: how much easier or harder a sentence is for every system.
        strict_sd: how much kinder or stricter a listener is with all that is said.
        second: how much the second of a pair gains by its place.
    """

    systems: Mapping[str, float]
    run_sd: float = 0.21
    sentence_sd: float = 0.40
    listener_sd: float = 0.39
    residual_sd: float = 1.2
    level_sd: float = 0.2
    strict_sd: float = 0.3
    second: float = 0.0

    def __post_init__(self) -> None:
        spreads = (self.run_sd, self.sentence_sd, self.listener_sd, self.residual_sd, self.level_sd, self.strict_sd)
        numbers = (*self.systems.values(), *spreads, self.second)
        if not all(math.isfinite(one) for one in numbers) or min(spreads) < 0:
            why = "qualities are finite, standard deviations not negative"
            raise UsageError("no listener can be simulated by this truth", why, "give other numbers")


def planted(design: ListeningDesign, difference: float, middle: float = 3.2) -> Truth:
    """A truth in which the last system of a design is better than the first by so much; the others lie evenly between."""
    names = [one.name for one in design.systems if not (one.natural or one.anchor)]
    if len(names) < 2:  # two systems are what differs; one beside natural speech differs by itself
        return Truth(dict.fromkeys(names, middle))
    return Truth({name: middle + difference * (i / (len(names) - 1) - 0.5) for i, name in enumerate(names)})


def is_simulated(code: str) -> bool:
    """Whether a listener's code says that nobody listened."""
    return code.partition("-")[2].startswith(MARK)


def _generator(*names: object) -> np.random.Generator:
    """Random numbers that depend on these names alone."""
    content = "\x1f".join(str(name) for name in names).encode()
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(content, digest_size=16).digest(), "big"))


@dataclass(frozen=True)
class World:
    """A test, and how good each of its sounds is to anyone.

    Args:
        plan, key, design: of the test.
        truth: what is so.
        seed: of everything that is drawn.
    """

    plan: ListeningPlan
    key: Key
    design: ListeningDesign
    truth: Truth
    seed: int = 1
    _drawn: dict[tuple[str, ...], float] = field(default_factory=dict, repr=False)

    def normal(self, *names: str) -> float:
        """A number of the standard normal distribution that belongs to these names."""
        if names not in self._drawn:
            self._drawn[names] = float(_generator(self.seed, *names).standard_normal())
        return self._drawn[names]

    def said(self, name: str) -> SoundKey:
        """Whose a sound is."""
        found: SoundKey = self.key.sounds[name]
        return found

    def one(self, first: str, second: str) -> bool:
        """Whether two files are one and the same sound; each place in a test may have a file of its own."""
        left, right = self.said(first), self.said(second)
        same = ("system", "run", "seed", "sentence", "anchor")
        return all(getattr(left, name) == getattr(right, name) for name in same)

    def quality(self, said: SoundKey) -> float:
        """Of a sound to the average listener, in points of a five-point scale."""
        truth = self.truth
        if said.anchor == "gold":
            return _SPOILT
        if said.anchor in ANCHORS or said.system in ANCHORS:
            return truth.systems.get(said.system, _ANCHORED[said.anchor or said.system])
        natural = any(one.name == said.system and one.natural for one in self.design.systems) or said.system == "natural"
        known = truth.systems.get(said.system, _NATURAL if natural else _MIDDLE)
        level = truth.level_sd * self.normal("sentence", said.sentence)
        run = truth.run_sd * self.normal("run", said.system, said.run)
        own = truth.sentence_sd * self.normal("sentence of a system", said.system, said.sentence)  # no message
        return known + level + (run + own) / math.sqrt(2)


@dataclass(frozen=True)
class Person:
    """Someone who answers.

    Args:
        world: the test they take, and what is so in it.
        code: of the listener, which begins with the number of a form.
        habit: "careful", or what the careless do: "random" answers, the "same" one throughout, "hasty" random ones.
        number: who it is: another number, another person.
    """

    world: World
    code: str
    habit: Habit = "careful"
    number: int = 0

    def answer(self, trial: Trial) -> int | str | tuple[int, ...]:
        """What this person answers, as the page sends it (`answers.Response`)."""
        rng = self._rng("answer", trial.id)
        if self.habit != "careful":
            return self._anything(trial, rng)
        role = self.world.key.roles.get(trial.id)
        if trial.ask and rng.random() >= _LAPSE:
            return int(trial.ask) if re.fullmatch(r"-?\d+", trial.ask) else trial.ask
        if role is not None and role.role == "gold" and role.right and rng.random() >= _LAPSE:
            right = str(rng.choice(role.right))
            return int(right) if re.fullmatch(r"-?\d+", right) else right
        return self._judged(trial, rng)

    def _judged(self, trial: Trial, rng: np.random.Generator) -> int | str | tuple[int, ...]:
        kind = self.world.plan.kind
        if kind == "transcribe":
            return self._understood(trial.sounds[0], rng)
        if kind == "mushra":
            return tuple(self._rated(name, trial, rng) for name in trial.sounds)
        noise = self.world.truth.residual_sd / math.sqrt(2)
        heard = [self._quality(name) + noise * float(rng.standard_normal()) for name in trial.sounds]
        if kind == "mos":
            return _cut(heard[0], 1, 5)
        if kind == "abx":  # X is what is nearer to it, as it was heard
            first, second, x = heard
            return "first" if abs(x - first) < abs(x - second) else "second"
        if self.world.one(*trial.sounds):
            return self._equal(rng)
        difference = heard[1] - heard[0] + self.world.truth.second
        if kind == "cmos":
            return _cut(difference, -3, 3)
        if self.world.plan.allow_none and abs(difference) < _NONE:
            return "none"
        return "second" if difference > 0 else "first"

    def _equal(self, rng: np.random.Generator) -> int | str:
        """Of one sound twice: mostly no difference, else a small one, of either sign."""
        other = int(rng.choice([-1, 1]))
        equal = rng.random() < _SAME
        if self.world.plan.kind == "cmos":
            return 0 if equal else other
        return "none" if equal and self.world.plan.allow_none else ("first" if other < 0 else "second")

    def _rated(self, name: str, trial: Trial, rng: np.random.Generator) -> int:
        noise = float(rng.standard_normal())  # drawn for every sound, known or not
        said = self.world.said(name)
        reference = self.world.said(trial.reference) if trial.reference else None
        if reference is not None and not said.anchor and (said.system, said.sentence) == (reference.system, reference.sentence):
            return _cut(100 - 4 * abs(noise), 0, 100)
        # Beside all the others on one page a sound is rated more exactly than alone: half of the noise.
        quality = self._quality(name) + self.world.truth.residual_sd / math.sqrt(8) * noise
        return _cut(25 * (quality - 1), 0, 100)

    def _understood(self, name: str, rng: np.random.Generator) -> str:
        """The sentence with words missing or misheard, the more the worse it sounds: 23 % at 2 points, 7 % at 3, 2 % at 4."""
        said = self.world.said(name)
        wrong = 1 / (1 + math.exp(1.35 * (self._quality(name) - 1.1)))
        words = []
        for word in said.text.split():
            lost, missing = rng.random(2)
            if lost >= wrong:
                words.append(word)
            elif missing >= 0.3:
                words.append(f"{word[: max(1, len(word) // 2)]}ufa")  # no word of Spanish ends up as another by this
        return " ".join(words)

    def _quality(self, name: str) -> float:
        """Of a sound to this person, without the noise of the moment."""
        said, world = self.world.said(name), self.world
        strict = world.truth.strict_sd * world.normal("listener", str(self.number))
        names = ("listener of a system", str(self.number), said.system)  # no message
        own = world.truth.listener_sd / math.sqrt(2) * world.normal(*names)
        return world.quality(said) + strict + own

    def _anything(self, trial: Trial, rng: np.random.Generator) -> int | str | tuple[int, ...]:
        kind, count = self.world.plan.kind, len(trial.sounds)
        if self.habit == "same":  # one answer throughout, drawn once
            rng = self._rng("habit")
        if kind == "cmos":
            return int(rng.integers(-3, 4))
        if kind == "mos":
            return int(rng.integers(1, 6))
        if kind == "mushra":
            scores = rng.integers(0, 101, 16)
            return tuple(int(score) for score in ([scores[0]] * count if self.habit == "same" else scores[:count]))
        if kind == "transcribe":
            return (
                "no sé" if self.habit == "same" else " ".join(str(one) for one in rng.permutation(["eh", "la", "cosa", "no"]))
            )
        choices = ("first", "second", "none") if kind == "ab" and self.world.plan.allow_none else ("first", "second")
        return str(rng.choice(choices))

    def _rng(self, *what: str) -> np.random.Generator:
        return _generator(self.world.seed, "person", self.number, *what)

    def headphones(self) -> Headphones | None:
        """Answers to the check for headphones: who is careful wears them."""
        right = self.world.plan.headphones
        if not right:
            return None
        rng = self._rng("headphones")
        guesses = [int(one) for one in rng.integers(1, 4, len(right))]
        known = rng.random(len(right)) < (0.95 if self.habit == "careful" else 0.0)
        answers = tuple(r if k else g for r, k, g in zip(right, known, guesses, strict=True))
        return Headphones(answers=answers, right=sum(a == r for a, r in zip(answers, right, strict=True)))

    def questions(self) -> dict[str, str]:
        """Answers to the questionnaire and to what is asked at the end."""
        found = {}
        question: SurveyQuestion
        for question in (*self.world.plan.questions, *self.world.plan.closing):
            rng = self._rng("question", question.name)
            if question.choices:
                found[question.name] = str(rng.choice(list(question.choices)))
            elif question.required:
                found[question.name] = MARK
        return found

    def listened(self, trial: Trial) -> tuple[tuple[int, ...], int, int]:
        """How often each sound was begun, how many were heard to their end, and milliseconds to the answer."""
        rng = self._rng("time", trial.id)
        seconds = [self.world.said(name).seconds + self.world.plan.lead_s for name in trial.sounds]
        again = rng.random(len(seconds)) < 0.15
        thought = float(rng.lognormal(0.6, 0.4))
        if self.habit == "hasty":
            return (1,) * len(seconds), 0, 1 + round(1000 * sum(seconds) * float(rng.uniform(0.1, 0.5)))
        plays = tuple(2 if one and self.habit == "careful" else 1 for one in again)
        return plays, len(seconds), round(1000 * (thought + sum(s * p for s, p in zip(seconds, plays, strict=True))))

    def file(self, form: int, answered: float = 1.0) -> AnswerFile:
        """What this person hands in.

        Args:
            form: the number of the form that they are given.
            answered: the share after which they leave; 1 for all.
        """
        plan = self.world.plan
        trials = plan.forms[form].trials
        left = trials[: math.ceil(answered * len(trials))]
        now = began = _date(self.world.design.made) + datetime.timedelta(hours=9, minutes=7 * self.number)
        answers = []
        for trial in left:
            plays, heard, rt_ms = self.listened(trial)
            now += datetime.timedelta(milliseconds=rt_ms + 500)
            facts = {"plays": plays, "heard": heard, "rt_ms": rt_ms, "at": _utc(now)}
            answers.append(Answer(trial=trial.id, response=self.answer(trial), **facts))
        whole = len(left) == len(trials)
        rng = self._rng("browser")
        mobile = bool(rng.random() < 0.3)
        width, height = (390, 844) if mobile else (1366, 768)
        closing = {question.name for question in plan.closing}
        return AnswerFile(
            test=plan.id,
            listener=self.code,
            form=form,
            language=plan.languages[0],
            began=_utc(began),
            ended=_utc(now) if whole else "",
            complete=whole,
            consent=True,
            browser=Browser(name=MARK, mobile=mobile, width=width, height=height),
            headphones=self.headphones(),
            questions={k: v for k, v in self.questions().items() if whole or k not in closing},
            answers=tuple(answers),
        )


def simulate(
    plan: ListeningPlan,
    key: Key,
    design: ListeningDesign,
    truth: Truth,
    listeners: int,
    seed: int = 1,
    careless: int = 0,
    leaves: int = 0,
) -> list[AnswerFile]:
    """Answer files of so many listeners, who are given the forms in turn.

    Args:
        plan, key, design: of the test.
        truth: what is so.
        listeners: all of them.
        seed: of everything that is drawn.
        careless: how many of them do not care; their habits take turns.
        leaves: how many others leave half-way.

    Raises:
        UsageError: there are more of the careless and of those who leave than of all, or nobody.
    """
    if listeners < 1 or min(careless, leaves) < 0 or careless + leaves > listeners:
        why = f"{careless} are careless, {leaves} leave, of {listeners}"
        raise UsageError("that many listeners cannot be simulated", why, "ask for more listeners, or fewer of the others")
    world = World(plan, key, design, truth, seed)
    # Who they are is drawn: careless ones have no forms of their own.
    order = [int(one) for one in _generator(seed, "who").permutation(listeners)]
    bad = HABITS[:2] if plan.whole else HABITS
    habits: dict[int, Habit] = {who: bad[i % len(bad)] for i, who in enumerate(order[:careless])}
    gone = set(order[careless : careless + leaves])
    files = []
    for number in range(listeners):
        form = number % len(plan.forms)
        token = f"{int(_generator(seed, 'code', number).integers(1 << 32)):08x}"
        person = Person(world, f"{form:02d}-{MARK}{token}", habits.get(number, "careful"), number)
        files.append(person.file(form, 0.5 if number in gone else 1.0))
    return files


def _cut(value: float, low: int, high: int) -> int:
    """The nearest answer on a scale."""
    return max(low, min(high, round(value)))


def _utc(when: datetime.datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def _date(made: str) -> datetime.datetime:
    """The day a test was made; the files of one test and seed are the same on every day."""
    try:
        return datetime.datetime.fromisoformat(made[:10])
    except ValueError:
        return datetime.datetime(2000, 1, 1)
