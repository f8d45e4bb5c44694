"""The rules that were fixed before anyone listened, applied to each listener: what was found, and who is left out.

Every rule of `plan.Rules` has one finding a listener, in the rule's own unit; None where the test, or the file, says nothing
of it. A listener is left out by any rule that is broken, and all findings are reported, of those who stay as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ttskit_listen.answers import Answer, AnswerFile
from ttskit_listen.judgements import ScreenedListener
from ttskit_listen.plan import Form, Key, ListeningPlan, Rules, Trial

__all__ = ["RULES", "broken_rules", "hidden_reference", "screened", "shortest_s"]

RULES = ("least_answered", "least_gold", "most_same", "most_alike", "most_hasty", "mushra_share", "headphones")
_SLACK_S = 0.25  # clocks of browsers, and the last syllable's end
_FEWEST_ALIKE = 5  # of fewer answers nothing can be said to be always the same
_HEADPHONES = 5 / 6  # right answers that pass (Woods et al. 2017)


def screened(plan: ListeningPlan, key: Key, rules: Rules, file: AnswerFile) -> ScreenedListener:
    """A listener with what was found for each rule, and which rules are broken."""
    form = plan.forms[file.form]
    checks = {
        "least_answered": _answered(form, file),
        "least_gold": _gold(key, file),
        "most_same": _same(plan, key, file),
        "most_alike": _alike(plan, key, file),
        "most_hasty": _hasty(plan, key, form, file),
        "mushra_share": _below_reference(plan, key, form, file, rules.mushra_reference),
        "headphones": _headphones(plan, file),
    }
    return ScreenedListener(file, checks, broken_rules(rules, checks))


def broken_rules(rules: Rules, checks: Mapping[str, float | None]) -> tuple[str, ...]:
    """Names of the rules that these findings break."""
    broken = []
    for name in RULES:
        found = checks[name]
        if found is None:
            continue
        if name == "headphones":
            wrong = rules.headphones and found < _HEADPHONES - 1e-9
        elif name.startswith("least"):
            wrong = found < getattr(rules, name) - 1e-9
        else:
            wrong = found > getattr(rules, name) + 1e-9
        if wrong:
            broken.append(name)
    return tuple(broken)


def _answered(form: Form, file: AnswerFile) -> float:
    """Share of the trials, practice not counted, that were answered."""
    asked = {trial.id for trial in form.trials if not trial.practice}
    return len(asked & {answer.trial for answer in file.answers}) / len(asked) if asked else 1.0


def _gold(key: Key, file: AnswerFile) -> float | None:
    """Share of the gold and attention trials answered right."""
    known = [
        (key.roles[answer.trial].right, answer.response)
        for answer in file.answers
        if key.roles[answer.trial].role in ("gold", "attention") and key.roles[answer.trial].right
    ]
    return sum(str(response) in right for right, response in known) / len(known) if known else None


def _same(plan: ListeningPlan, key: Key, file: AnswerFile) -> float | None:
    """On pairs of one sound with itself: the mean of |answer| (cmos), or the share that heard a difference (ab)."""
    given = [answer.response for answer in file.answers if key.roles[answer.trial].role == "same"]
    if not given:
        return None
    if plan.kind == "cmos":
        return sum(abs(one) for one in given if isinstance(one, int)) / len(given)
    return sum(one != "none" for one in given) / len(given) if plan.kind == "ab" and plan.allow_none else None


def _alike(plan: ListeningPlan, key: Key, file: AnswerFile) -> float | None:
    """The largest share of scored answers (mushra: of scores) that are one and the same."""
    given: list[object] = []
    for answer in file.answers:
        if key.roles[answer.trial].role == "scored":
            given += answer.response if isinstance(answer.response, tuple) else [answer.response]
    if plan.kind == "transcribe":
        given = [" ".join(str(one).lower().split()) for one in given]
    return Counter(given).most_common(1)[0][1] / len(given) if len(given) >= _FEWEST_ALIKE else None


def shortest_s(plan: ListeningPlan, key: Key, trial: Trial) -> float:
    """Seconds before which a trial cannot have been answered by one who heard it: all its sounds, one after another."""
    return sum(key.sounds[name].seconds + plan.lead_s for name in trial.sounds) - _SLACK_S


def _hasty(plan: ListeningPlan, key: Key, form: Form, file: AnswerFile) -> float | None:
    """Share of the answers that came before their sounds could have been heard; None where no times were taken."""
    trials = {trial.id: trial for trial in form.trials if not trial.practice}
    given = [answer for answer in file.answers if answer.trial in trials]
    if not any(answer.rt_ms for answer in given):
        return None  # of another platform, that keeps no times
    hasty = [answer.rt_ms / 1000 < shortest_s(plan, key, trials[answer.trial]) for answer in given]
    return sum(hasty) / len(hasty)


def hidden_reference(key: Key, trial: Trial) -> int | None:
    """The place, among a mushra trial's sounds, of the reference that is not named."""
    if not trial.reference or trial.reference not in key.sounds:
        return None
    named = key.sounds[trial.reference]
    for place, name in enumerate(trial.sounds):
        said = key.sounds[name]
        if (said.system, said.run, said.sentence, said.anchor) == (named.system, named.run, named.sentence, named.anchor):
            return place
    return None


def _below_reference(plan: ListeningPlan, key: Key, form: Form, file: AnswerFile, least: float) -> float | None:
    """Share of mushra trials whose hidden reference is rated below `least` (ITU-R BS.1534-3, 4.1.2)."""
    if plan.kind != "mushra":
        return None
    trials = {trial.id: trial for trial in form.trials if not trial.practice}
    rated = [_of_reference(key, trials[answer.trial], answer) for answer in file.answers if answer.trial in trials]
    known = [score for score in rated if score is not None]
    return sum(score < least for score in known) / len(known) if known else None


def _of_reference(key: Key, trial: Trial, answer: Answer) -> float | None:
    place = hidden_reference(key, trial)
    return float(answer.response[place]) if place is not None and isinstance(answer.response, tuple) else None


def _headphones(plan: ListeningPlan, file: AnswerFile) -> float | None:
    """Share of right answers in the last round of the check for headphones; 0 for one who went without."""
    if not plan.headphones:
        return None
    if file.headphones is None or not file.headphones.answers:
        return 0.0
    last = file.headphones.answers[-len(plan.headphones) :]
    return sum(given == right for given, right in zip(last, plan.headphones, strict=True)) / len(last)
