"""5,000 spoilt answer files: never a traceback, and what is counted is what a slow, plain recount counts."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from answering import answered
from made_test import made_test

from ttskit.reading import Misread
from ttskit_listen.answered.judging import heard_in
from ttskit_listen.answered.reading import Received, parsed, received
from ttskit_listen.plan import KINDS

INPUTS = 5_000
_ODD = (
    None, True, False, -4, -3, 0, 3, 5, 6, 100, 101, 2.0, 1e308, -1e-320, 10**30, "", "first", "none", "2", "NaN", "🙂\u202e",
    "00-000", "01-000", "x" * 2001, "<img src=x onerror=alert(1)>", [], [0], [1, 2, 3], [[]], {}, {"a": 1},
    "2026-11-28T20:00:00Z",
)  # fmt: skip


def spoilt(rng: random.Random, file: dict[str, Any]) -> bytes:
    """A file with a few things wrong in it, or none that matters."""
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        _change(rng, file)
    text = json.dumps(file, ensure_ascii=rng.random() < 0.5)
    match rng.randrange(14):
        case 0:
            text = re.sub(
                r'"response": -?\d+', f'"response": {rng.choice(("NaN", "Infinity", "9" * 5000, "-0", "1e2"))}', text, count=1
            )
        case 1:
            text = text[: rng.randrange(len(text))]
        case 2:
            text = text.replace("[", "[" * rng.choice((1, 2, 50_000)), 1)
        case 3:
            text = text.replace('"consent"', '"consent": false, "consent"', 1)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if rng.random() < 0.15:
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(data)


def _change(rng: random.Random, file: dict[str, Any]) -> None:
    answers = file.get("answers")
    if not isinstance(answers, list) or not answers or not all(isinstance(one, dict) for one in answers):
        return
    one = rng.choice(answers)
    match rng.randrange(10):
        case 0:
            file[rng.choice(list(file))] = rng.choice(_ODD)
        case 1 | 2:
            one["response"] = rng.choice(_ODD)
        case 3:
            one[rng.choice([*one, "more"])] = rng.choice(_ODD)
        case 4:
            one.pop(rng.choice(list(one)), None)
        case 5:
            answers.append(dict(rng.choice(answers)))
        case 6:
            del answers[rng.randrange(len(answers)) :]
        case 7:
            rng.shuffle(answers)
        case 8:
            file["listener"] = rng.choice(
                ("00-aaaaaaaa", "01-aaaaaaaa", "04-aaaaaaaa", "7-aaaa", "", "00-AAAA", file.get("listener"))
            )
        case 9:
            file.pop(rng.choice(list(file)))


# The recount: by hand, without the models, the plan's methods or the reader.
_STRINGS = {"test": r"[A-Za-z0-9_-]{1,40}", "listener": r"\d{1,4}-[a-z0-9]{4,40}", "language": "[a-z]{2}"}
_WHEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"
_ID = _STRINGS["test"]


def _text(value: Any, pattern: str = "", most: int = 2000) -> bool:
    if not isinstance(value, str) or len(value) > most or any("\ud800" <= letter <= "\udfff" for letter in value):
        return False
    return re.fullmatch(pattern, value, re.ASCII) is not None if pattern else True


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 1_000_000_000


def recount_file(data: bytes, plan: Any) -> dict[str, Any] | None:
    """The file as plain data if every word of it is right, else None."""

    def pairs(found):
        assert len({name for name, _ in found}) == len(found)
        return dict(found)

    def stop(text):
        raise AssertionError

    try:
        file = json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=stop)
        assert isinstance(file, dict)
        known = {"format", "test", "listener", "form", "language", "began", "ended", "complete", "consent", "browser",
                 "headphones", "questions", "answers"}  # fmt: skip
        assert set(file) <= known and {"test", "listener", "form", "language", "began", "consent"} <= set(file)
        assert "format" not in file or (type(file["format"]) is int and file["format"] == 1)
        assert all(_text(file[name], pattern) for name, pattern in _STRINGS.items())
        assert _count(file["form"]) and _text(file["began"], _WHEN)
        assert file.get("ended", "") == "" or _text(file["ended"], _WHEN)
        assert isinstance(file.get("complete", False), bool) and file["consent"] is True
        browser = file.get("browser", {})
        assert isinstance(browser, dict) and set(browser) <= {"name", "mobile", "width", "height"}
        assert _text(browser.get("name", "")) and isinstance(browser.get("mobile", False), bool)
        assert _count(browser.get("width", 0)) and _count(browser.get("height", 0))
        assert file.get("headphones") is None
        questions = file.get("questions", {})
        assert isinstance(questions, dict) and len(questions) <= 40
        assert all(_text(name, _ID) and _text(value) for name, value in questions.items())
        assert questions.get("variety", "") in ("", "rioplatense", "other")
        assert file["test"] == plan.id and file["form"] == int(file["listener"].split("-")[0]) % len(plan.forms)
        trials = {one.id: one for one in plan.forms[file["form"]].trials}
        answers = file.get("answers", [])
        assert isinstance(answers, list)
        for one in answers:
            assert isinstance(one, dict) and set(one) <= {"trial", "response", "plays", "heard", "rt_ms", "at"}
            assert {"trial", "response", "at"} <= set(one) and _text(one["at"], _WHEN)
            assert isinstance(one["trial"], str) and one["trial"] in trials
            assert isinstance(one.get("plays", []), list) and all(_count(value) for value in one.get("plays", []))
            assert _count(one.get("heard", 0)) and _count(one.get("rt_ms", 0))
            value = one["response"]
            if plan.kind == "cmos":
                assert type(value) is int and abs(value) <= 3
            elif plan.kind == "mos":
                assert type(value) is int and 1 <= value <= 5
            elif plan.kind in ("ab", "abx"):
                assert value in ("first", "second") and isinstance(value, str)
            elif plan.kind == "mushra":
                assert isinstance(value, list) and len(value) == len(trials[one["trial"]].sounds)
                assert all(type(score) is int and 0 <= score <= 100 for score in value)
            else:
                assert _text(value)
        assert len({one["trial"] for one in answers}) == len(answers)
    except (AssertionError, ValueError, RecursionError, TypeError):
        return None
    return file


def recount(files: list[bytes], plan: Any, key: Any) -> tuple[int, int]:
    """How many listeners count, and how many judgements of them."""
    listeners: dict[str, list[dict[str, Any]]] = {}
    for data in files:
        if (file := recount_file(data, plan)) is not None:
            listeners.setdefault(file["listener"], []).append(file)
    counted = judged = 0
    for own in listeners.values():
        longest = max(own, key=lambda file: (len(file.get("answers", [])), len(file.get("questions", {}))))
        plain = lambda one: {"plays": [], "heard": 0, "rt_ms": 0, **one}  # noqa: E731
        whole = [plain(one) for one in longest.get("answers", [])]
        agree = True
        for file in own:
            start = [plain(one) for one in file.get("answers", [])]
            agree &= whole[: len(start)] == start and file["began"] == longest["began"]
            agree &= all(longest.get("questions", {}).get(k) == v for k, v in file.get("questions", {}).items())
        if agree:
            counted += 1
            for one in whole:
                if key.roles[one["trial"]].role == "scored":
                    judged += len(one["response"]) if plan.kind == "mushra" else 1
    return counted, judged


@pytest.fixture(scope="module")
def tests(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    made = [made_test(folder / kind, kind, sounds=False, sentences=4) for kind in KINDS]
    return [(test.plan(), test.key(), test.design()) for test in made]


def errors_of(said: str, understood: str) -> tuple[float, int]:
    return float(len(set(said.split()) - set(understood.split()))), len(said.split())


def test_spoilt_files_never_a_traceback_never_a_wrong_count(tests):
    seen = {"read": 0, "refused": 0, "misfit": 0, "judged": 0}
    tried = 0
    for seed in range(INPUTS):
        rng = random.Random(seed)
        plan, key, design = tests[seed % len(tests)]
        form = rng.randrange(4)
        files = [spoilt(rng, answered(plan, key, form, most=rng.choice((None, None, 2))))]
        tried += 1
        if rng.random() < 0.3:  # others of the same listener, or of another, that are whole
            files += [
                json.dumps(answered(plan, key, rng.choice((form, form, (form + 1) % 4)), most=rng.choice((None, 3)))).encode()
            ]
        found, problems = [], []
        for number, data in enumerate(files):
            try:
                found.append((f"{number}", parsed(data)))
            except Misread as error:
                problems.append(f"{number}: {error}")
        seen["read"] += len(found)
        seen["refused"] += len(problems)
        came = received(plan, found, problems)
        seen["misfit"] += len(came.problems) - len(problems)
        assert isinstance(came, Received) and all(line.strip() and "\n" not in line for line in came.problems)
        heard = heard_in(plan, key, design, came, errors=errors_of)
        counted, judged = recount(files, plan, key)
        assert (len(came.files), len(heard.all_judgements)) == (counted, judged), f"seed {seed}: {came.problems}"
        seen["judged"] += judged
    assert tried == INPUTS
    assert min(seen["read"], seen["refused"], seen["misfit"]) > INPUTS / 20 and seen["judged"] > INPUTS, seen
