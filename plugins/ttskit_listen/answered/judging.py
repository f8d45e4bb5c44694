"""The key applied to the answers: what each listener said of which system, training and sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ttskit.errors import InputError
from ttskit_listen.answered.reading import Received, read_answers
from ttskit_listen.answered.screening import screened
from ttskit_listen.answers import Answer, AnswerFile
from ttskit_listen.folder import TestFolder
from ttskit_listen.judgements import HeardAnswers, Judgement
from ttskit_listen.plan import Key, Kind, ListeningDesign, ListeningPlan, Rules, SoundKey, Trial

if TYPE_CHECKING:
    from ttskit.plugins import Registry

__all__ = ["Errors", "heard_in", "heard_of", "judgements_of", "judging_system"]

# How many sounds a trial of each kind has, at least and at most.
_SOUNDS: dict[Kind, tuple[int, int]] = {
    "cmos": (2, 2), "ab": (2, 2), "abx": (3, 3), "mos": (1, 1), "mushra": (2, 16), "transcribe": (1, 1),
}  # fmt: skip
# (what was said, what was understood) → word errors, words said.
Errors = Callable[[str, str], tuple[float, int]]


def heard_of(
    test: TestFolder, paths: Sequence[Path] = (), registry: Registry | None = None, *, rules: Rules | None = None
) -> HeardAnswers:
    """A test with all answers to it: those in its folder and on its server, and those in `paths`.

    Args:
        registry: where the frontend is found that normalises transcriptions; the installed plugins by default.
        rules: instead of the design's; the report says that they were changed after the fact.

    Raises:
        InputError: a path is not there, or plan, key and design are not of one test.
        CheckpointError: the test is damaged.
    """
    plan, key, design = test.plan(), test.key(), test.design()
    _check_together(test, plan, key, design)
    errors = _word_errors(registry) if plan.kind == "transcribe" else None
    return heard_in(plan, key, design, read_answers(test, paths, plan=plan), rules=rules, errors=errors)


def heard_in(
    plan: ListeningPlan,
    key: Key,
    design: ListeningDesign,
    came: Received,
    *,
    rules: Rules | None = None,
    errors: Errors | None = None,
) -> HeardAnswers:
    """The same of what was read already; `errors` scores transcriptions."""
    listeners = [screened(plan, key, rules or design.rules, file) for file in came.files]
    said = [judgements_of(plan, key, design, one.file, errors) for one in listeners]
    every = [one for own in said for one in own]
    kept = [one for listener, own in zip(listeners, said, strict=True) if listener.kept for one in own]
    return HeardAnswers(plan, key, design, listeners, kept, every, tuple(came.problems))


def judgements_of(
    plan: ListeningPlan, key: Key, design: ListeningDesign, file: AnswerFile, errors: Errors | None = None
) -> tuple[Judgement, ...]:
    """What one listener said in scored trials; `errors` is needed for transcriptions alone."""
    trials = {trial.id: trial for trial in plan.forms[file.form].trials}
    order = {system.name: place for place, system in enumerate(design.systems)}
    found: list[Judgement] = []
    for place, answer in enumerate(file.answers):
        role = key.roles[answer.trial]
        if role.role == "scored":
            one = _Scored(plan, key, order, file.listener, place, trials[answer.trial], answer, role.right)
            found += one.rated(errors) if plan.kind in ("mos", "mushra", "transcribe") else one.paired()
    return tuple(found)


def judging_system(said: SoundKey, order: dict[str, int]) -> str:
    """The name under which a sound is judged: its anchor's where the test has the anchor as a system of its own."""
    return said.anchor if said.anchor and said.anchor in order else said.system


class _Scored:
    """One answer to one scored trial."""

    def __init__(
        self,
        plan: ListeningPlan,
        key: Key,
        order: dict[str, int],
        listener: str,
        place: int,
        trial: Trial,
        answer: Answer,
        right: Sequence[str],
    ) -> None:
        self._plan, self._order, self._listener, self._place = plan, order, listener, place
        self._trial, self._answer, self._right = trial, answer, right
        self._said = [key.sounds[name] for name in trial.sounds]

    def _judgement(self, said: SoundKey, value: float, **more: object) -> Judgement:
        return Judgement(
            listener=self._listener,
            trial=self._trial.id,
            place=self._place,
            kind=self._plan.kind,
            sentence=said.sentence,
            group=said.group,
            speaker=said.speaker,
            system=judging_system(said, self._order),
            run=said.run,
            value=value,
            rt_ms=self._answer.rt_ms,
            **more,  # type: ignore[arg-type]
        )

    def paired(self) -> Iterator[Judgement]:
        """cmos, ab and abx: of the later system in the design's order, against the earlier."""
        first, second = self._said[:2]
        places = [self._order.get(judging_system(one, self._order), len(self._order)) for one in (first, second)]
        swapped = places[0] > places[1]  # the later one was played first
        later, earlier = (first, second) if swapped else (second, first)
        response = self._answer.response
        if self._plan.kind == "cmos":
            value = float(response) * (-1.0 if swapped else 1.0)  # type: ignore[arg-type]
        elif self._plan.kind == "ab":
            value = 0.5 if response == "none" else float((response == "first") == swapped)
        else:
            value = float(response in (self._right or self._rights_of_x()))
        against = judging_system(earlier, self._order)
        yield self._judgement(later, value + 0.0, against=against, against_run=earlier.run, first=swapped)

    def _rights_of_x(self) -> tuple[str, ...]:
        """Which of A and B X is, where the key does not say it."""
        return tuple(
            name for name, sound in zip(("first", "second"), self._trial.sounds, strict=False) if sound == self._trial.sounds[2]
        )

    def rated(self, errors: Errors | None) -> Iterator[Judgement]:
        """mos, mushra and transcribe: of each sound by itself."""
        response = self._answer.response
        if self._plan.kind == "transcribe":
            assert errors is not None
            said, text = self._said[0], str(response)
            wrong, words = errors(said.text, text)
            yield self._judgement(said, float(wrong), weight=float(words), text=text)
            return
        for said, value in zip(self._said, response if isinstance(response, tuple) else (response,), strict=True):
            yield self._judgement(said, float(value))


def _check_together(test: TestFolder, plan: ListeningPlan, key: Key, design: ListeningDesign) -> None:
    """Refuse files of different tests: answers would be given to the wrong systems."""
    what = f"{test.path} holds files of different tests"
    fix = "take design.json, key.json and public/ from the test as it was made"
    if not plan.id == key.id == design.id or plan.kind != design.kind:
        why = f"test.js is of test {plan.id}, key.json of {key.id}, design.json of {design.id}"
        raise InputError(what, why, fix)
    for trial in (trial for form in plan.forms for trial in form.trials):
        if trial.id not in key.roles:
            raise InputError(what, f"key.json does not say what trial {trial.id} is there for", fix)
        least, most = _SOUNDS[plan.kind]
        if not least <= len(trial.sounds) <= most:
            raise InputError(what, f"trial {trial.id} has {len(trial.sounds)} sounds, in a test of kind {plan.kind}", fix)
        for sound in trial.sounds:
            if sound not in key.sounds:
                raise InputError(what, f"key.json does not say whose sound {sound} is", fix)


def _word_errors(registry: Registry | None) -> Errors:
    """How transcriptions are scored: words of both sides as the Spanish frontend normalises them."""
    from ttskit_listen.statistics.transcription import normaliser, word_errors

    if registry is None:
        from ttskit.plugins import create_registry

        registry = create_registry()
    normalise = normaliser(registry)

    def errors(said: str, understood: str) -> tuple[float, int]:
        wrong, words = word_errors(said, understood, normalise)
        return float(wrong), int(words)

    return errors
