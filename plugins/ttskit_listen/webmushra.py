"""A test as configurations of webMUSHRA (Schoeffler et al. 2018, doi:10.5334/jors.187), with its sounds as WAV.

Its format is described in webMUSHRA's doc/experimenter.md. It has page types for mushra (BS.1534), for a comparison with a
reference that is one of the two sounds (ABX), and for ratings on a scale (MOS).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml
from markupsafe import escape

from ttskit.corpus.storage import write_atomic
from ttskit.disk import explain
from ttskit.errors import AudioError, InputError
from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import Form, Key, ListeningPlan, SurveyQuestion, Trial
from ttskit_listen.serving.refusals import texts

__all__ = ["PAGE_TYPES", "config_of", "export_webmushra"]

PAGE_TYPES: Mapping[str, str] = {"mushra": "mushra", "abx": "paired_comparison", "mos": "likert_single_stimulus"}
_WHY_NOT = {
    "ab": "its paired comparison asks which of two sounds is the reference, and not which one is preferred",
    "cmos": "it has no page that asks how much better one of two sounds is",
    "transcribe": "it has no page on which a listener writes what was said",
}
_STARS = {
    "img": "configs/resources/images/star_off.png",
    "imgSelected": "configs/resources/images/star_on.png",
    "imgHigherResponseSelected": "configs/resources/images/star_on.png",
}


def export_webmushra(test: TestFolder, language: str, out: Path | None = None) -> Path:
    """Write configs/ID-form00.yaml …, configs/resources/ID/NAME.wav and README.txt, to be copied into webMUSHRA's folder.

    Sounds of one page get the same length by silence at their ends, as webMUSHRA asks for. Names in the results are those of
    the files, which the key says whose they are.

    Args:
        language: of the texts, "es" or "en".
        out: folder; webmushra/ in the test's.

    Raises:
        InputError: no test, or of a kind that webMUSHRA has no page for.
        AudioError: a sound cannot be read.
    """
    plan, key = test.plan(), test.key()
    if plan.kind not in PAGE_TYPES:
        fix = f"use the static pages or ttskit listen serve, or make a test of another kind: {', '.join(PAGE_TYPES)}"
        raise InputError(f"webMUSHRA cannot run a test of kind {plan.kind}", _WHY_NOT[plan.kind], fix)
    folder = out or test.path / "webmushra"
    lengths = _lengths(test, plan)
    for name, samples in lengths.items():
        _write_wav(test.audio / f"{name}.flac", folder / "configs" / "resources" / plan.id / f"{name}.wav", samples)
    addresses = []
    for number in range(len(plan.forms)):
        name = f"{plan.id}-form{number:02d}.yaml"
        content = config_of(plan, key, number, language)
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
        _write(folder / "configs" / name, text)
        addresses.append(f"  http://localhost/webMUSHRA?config={name}")
    words = texts(language, "export")["webmushra"]
    readme = "\n".join(line.format(id=plan.id, forms=len(plan.forms)) for line in words["readme"])
    _write(folder / "README.txt", "\n".join([readme, *addresses, ""]))
    return folder


def config_of(plan: ListeningPlan, key: Key, number: int, language: str) -> dict[str, Any]:
    """The configuration of a form, as webMUSHRA's YAML holds it."""
    words, own = texts(language, "export")["webmushra"], plan.words.get(language, {})
    title = plan.title.get(language) or next(iter(plan.title.values()), plan.id)
    form = plan.forms[number]
    welcome = [own.get("consent", ""), own.get("instructions", ""), words[f"instructions-{plan.kind}"]]
    finish: dict[str, Any] = {
        "type": "finish",
        "name": words["thanks"],
        "content": str(escape(words["thanks-text"])),
        "popupContent": str(escape(words["sent"])),
        "showResults": False,
        "writeResults": True,
    }
    if asked := [*plan.questions, *plan.closing]:
        finish["questionnaire"] = [_question(one, language) for one in asked]
    pages = [{"type": "generic", "id": "welcome", "name": title, "content": _html(part for part in welcome if part)}]
    return {
        "testname": title,
        "testId": f"{plan.id}-form{number:02d}",
        "bufferSize": 2048,
        "stopOnErrors": True,
        "showButtonPreviousPage": False,
        "remoteService": "service/write.php",
        "pages": [*pages, *_trials(plan, key, form, words), finish],
    }


def _trials(plan: ListeningPlan, key: Key, form: Form, words: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    tests = [trial for trial in form.trials if not trial.practice]
    for trial in form.trials:
        name = words["practice"] if trial.practice else words["trial"].format(n=tests.index(trial) + 1, of=len(tests))
        lines = [trial.text, words["ask"].format(answer=words.get(f"answer-{trial.ask}", trial.ask)) if trial.ask else ""]
        page = {
            "type": PAGE_TYPES[plan.kind],
            "id": trial.id,
            "name": name,
            "content": _html(line for line in lines if line),
        }
        yield page | _OF_KIND[plan.kind](plan, key, trial, words)


def _mushra(plan: ListeningPlan, key: Key, trial: Trial, words: Mapping[str, str]) -> dict[str, Any]:
    # webMUSHRA hides the reference among the others by itself.
    same = {name for name in trial.sounds if name == trial.reference or _alike(key, name, trial.reference)}
    return {
        "showWaveform": False,
        "enableLooping": True,
        "strict": False,
        "randomize": True,
        "showConditionNames": False,
        "reference": _path(plan, trial.reference),
        "createAnchor35": False,
        "createAnchor70": False,
        "stimuli": {name: _path(plan, name) for name in trial.sounds if name not in same},
    }


def _abx(plan: ListeningPlan, key: Key, trial: Trial, words: Mapping[str, str]) -> dict[str, Any]:
    a, b, x = trial.sounds
    # X as it is called among the two, so that its name tells nothing and the other one is the condition.
    other = b if x == a or _alike(key, x, a) else a
    return {
        "showWaveform": False,
        "enableLooping": True,
        "reference": _path(plan, x),
        "stimuli": {other: _path(plan, other)},
    }


def _mos(plan: ListeningPlan, key: Key, trial: Trial, words: Mapping[str, str]) -> dict[str, Any]:
    scale = [{"value": value, "label": f"{value} {words[f'mos-{value}']}", **_STARS} for value in range(1, 6)]
    return {
        "mustRate": True,
        "mustPlayback": "ended" if plan.whole else "processUpdate",
        "stimuli": {trial.sounds[0]: _path(plan, trial.sounds[0])},
        "response": scale,
    }


_OF_KIND = {"mushra": _mushra, "abx": _abx, "mos": _mos}


def _alike(key: Key, one: str, other: str) -> bool:
    """Whether two names are of one sound."""
    a, b = key.sounds[one], key.sounds[other]
    return (a.system, a.run, a.seed, a.sentence, a.anchor) == (b.system, b.run, b.seed, b.sentence, b.anchor)


def _question(one: SurveyQuestion, language: str) -> dict[str, Any]:
    def said(title: Mapping[str, str], otherwise: str) -> str:
        return title.get(language) or next(iter(title.values()), otherwise)

    field: dict[str, Any] = {"name": one.name, "label": said(one.title, one.name), "optional": not one.required}
    if one.kind == "choice":
        return {
            "type": "likert",
            **field,
            "response": [{"value": value, "label": said(label, value)} for value, label in one.choices.items()],
        }
    return {"type": "long_text" if one.kind == "long" else "text", **field}


def _path(plan: ListeningPlan, name: str) -> str:
    return f"configs/resources/{plan.id}/{name}.wav"


def _html(parts: Iterable[str]) -> str:
    """Texts as paragraphs; nothing in them is taken for HTML."""
    return "".join(f"<p>{escape(line)}</p>" for part in parts for line in part.splitlines() if line.strip())


def _lengths(test: TestFolder, plan: ListeningPlan) -> dict[str, int]:
    """Samples of each sound that is used: the longest of all that it shares a page with, directly or through others."""
    group: dict[str, set[str]] = {}
    for form in plan.forms:
        for trial in form.trials:
            together = {*trial.sounds, *([trial.reference] if trial.reference else [])}
            for name in list(together):
                together |= group.get(name, set())
            for name in together:
                group[name] = together
    own: dict[str, int] = {}
    for name in group:
        path = test.audio / f"{name}.flac"
        try:
            own[name] = soundfile.info(str(path)).frames
        except (OSError, soundfile.SoundFileError) as error:
            raise AudioError(f"{path} cannot be read", str(error), "make the test again") from error
    return {name: max(own[other] for other in group[name]) for name in sorted(group)}


def _write_wav(source: Path, target: Path, samples: int) -> None:
    try:
        audio, rate_hz = soundfile.read(str(source), dtype="int16", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise AudioError(f"{source} cannot be read", str(error), "make the test again") from error
    padded = np.pad(audio, ((0, samples - len(audio)), (0, 0)))

    def write(path: Path) -> None:
        with explain(AudioError, target):
            soundfile.write(str(path), padded, rate_hz, subtype="PCM_16", format="WAV")

    write_atomic(target, write)


def _write(path: Path, text: str) -> None:
    write_atomic(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))
