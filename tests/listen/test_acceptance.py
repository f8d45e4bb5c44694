"""A whole listening test in a real browser: 24 simulated people of a known truth go through its pages, half of them from a
folder on disk and half from `ttskit listen serve`; what they clicked comes back whole, the careless are found, and the analysis
says what was planted.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("playwright.async_api", reason="the pages are driven by playwright")
pytest.importorskip("starlette", reason="`ttskit listen serve` needs the extra `listen`")

from driving import CHROMIUM, chromium
from made_test import SYSTEMS, made_test
from playwright.async_api import async_playwright
from visiting import QUIET, Visit, visited

from ttskit_listen.answered.judging import heard_of
from ttskit_listen.answers import AnswerFile
from ttskit_listen.folder import TestFolder
from ttskit_listen.pages import write_pages
from ttskit_listen.simulated import Person, Truth, World
from ttskit_listen.statistics import statistics_of

pytestmark = pytest.mark.skipif(chromium() is None, reason=f"no browser on PATH: {', '.join(CHROMIUM)}")

LISTENERS = 24
AT_ONCE = 12  # windows that are open
SEED = 2  # of a world in which no careful listener is unlucky with the few checks of so short a test
PLANTED = 1.0  # points by which the second system is better
CARELESS = {2: "random", 5: "same", 9: "random", 13: "same", 17: "random", 22: "random"}
PHONE, CLOSES, KEYS = 3, 6, 8  # who does what, by number; odd numbers are served
BOTH = (0, 1)  # go through the static pages and the served ones


def people(test: TestFolder) -> list[Person]:
    """All listeners, with codes as invitations have them."""
    truth = Truth({SYSTEMS[0]: 2.7, SYSTEMS[1]: 2.7 + PLANTED}, run_sd=0.1, sentence_sd=0.2, residual_sd=0.8)
    world = World(test.plan(), test.key(), test.design(), truth, seed=SEED)
    return [Person(world, f"{n:02d}-{'abcdefgh'[n % 8]}{n:07d}", CARELESS.get(n, "careful"), n) for n in range(LISTENERS)]


@contextmanager
def served(test: TestFolder) -> Iterator[str]:
    """The address of `ttskit listen serve` in a process of its own."""
    words = [sys.executable, "-m", "ttskit", "listen", "serve", str(test.path), "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            assert process.stdout is not None
            yield str(json.loads(process.stdout.readline())["address"])
        finally:
            process.terminate()


async def all_of_them(test: TestFolder, visits: list[Visit], folder: Path, shots: Path) -> list[AnswerFile | None]:
    """Everyone at once, in one browser; who closes theirs has one of their own."""
    async with async_playwright() as playwright:
        chrome = {"executable_path": chromium(), "args": QUIET}
        browser = await playwright.chromium.launch(**chrome)

        def reopen(visit: Visit):
            own = folder / f"profile-{visit.person.number}"
            return lambda: playwright.chromium.launch_persistent_context(own, **chrome, **visit.window)

        shown = {visit.person.number: shots for visit in visits if visit.phone}
        seats = asyncio.Semaphore(AT_ONCE)

        async def seated(visit: Visit) -> AnswerFile | None:
            async with seats:
                return await visited(browser, visit, folder, reopen(visit), shown.get(visit.person.number))

        files = await asyncio.gather(*(seated(visit) for visit in visits))
        await browser.close()
        return files


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The test, who took it, and what came back: from the pages on disk, and from the server."""
    root = tmp_path_factory.mktemp("acceptance")
    test = made_test(root / "test", listeners=LISTENERS, sentences=6, runs=3)
    write_pages(test)
    who = people(test)
    test.invitations.write_text("code\n" + "".join(f"{person.code}\n" for person in who), encoding="utf-8")
    downloads, shots = root / "downloads", root / "shots"
    downloads.mkdir()
    shots.mkdir()
    page = (test.public / "index.html").as_uri()
    with served(test) as address:
        visits = []
        for n, person in enumerate(who):
            ways = (False, True) if n in BOTH else (n % 2 == 1,)
            for way in ways:
                url = f"{address if way else page + '?'}{'?' if way else ''}listener={person.code}"
                closes = 4 if n == CLOSES else None
                visits.append(Visit(person, url, phone=n == PHONE, keys=n == KEYS, closes_after=closes, served=way))
        files = asyncio.run(all_of_them(test, visits, downloads, shots))
    static = {v.person.number: file for v, file in zip(visits, files, strict=True) if not v.served}
    heard = heard_of(
        test, [downloads / f"answers-{v.person.code}.json" for v in visits if not v.served and v.person.number not in BOTH]
    )
    return test, who, visits, static, heard, shots


def untimed(file: AnswerFile) -> dict:
    """A file without its times, and without how often sounds had begun when the answer came."""
    content = file.model_dump(mode="json")
    answers = [{k: v for k, v in answer.items() if k not in ("at", "rt_ms")} for answer in content["answers"]]
    return {**content, "began": "", "ended": "", "answers": answers}


def test_no_page_complained(done):
    assert {visit.person.code: visit.errors for visit in done[2] if visit.errors} == {}


def test_everyone_comes_back_whole_with_exactly_what_was_clicked(done):
    _, who, _, _, heard, _ = done
    assert heard.problems == () and [one.code for one in heard.listeners] == sorted(person.code for person in who)
    for person in who:
        (listener,) = [one for one in heard.listeners if one.code == person.code]
        meant = person.file(person.number % LISTENERS)
        file = listener.file
        assert file.complete and file.consent and file.ended > file.began
        assert [(a.trial, a.response) for a in file.answers] == [(a.trial, a.response) for a in meant.answers]
        assert file.questions == meant.questions
        assert all(answer.heard == len(answer.plays) == 2 and min(answer.plays) >= 1 for answer in file.answers)
    assert {one.file.browser.mobile for one in heard.listeners if one.code == who[PHONE].code} == {True}


def test_the_careless_are_found_and_nobody_else(done):
    _, who, _, _, heard, _ = done
    left_out = {one.code for one in heard.listeners if not one.kept}
    assert left_out == {who[n].code for n in CARELESS}


def test_what_was_planted_is_found_within_its_interval(done):
    heard = done[4]
    (pair,) = statistics_of(heard)["pairs"]
    assert (pair["system"], pair["against"]) == (SYSTEMS[1], SYSTEMS[0])
    assert pair["low"] <= PLANTED <= pair["high"] and pair["low"] > 0 and pair["word"] == "better"


def test_static_and_served_pages_give_the_same_file(done):
    _, who, _, static, heard, _ = done
    for n in BOTH:
        (from_server,) = [one.file for one in heard.listeners if one.code == who[n].code]
        assert untimed(static[n]) == untimed(from_server)


def test_the_phone_was_shown_every_screen(done):
    """That nothing was wider than its window, `test_no_page_complained` says of all of them."""
    _, _, visits, *_, shots = done
    (phone,) = [visit for visit in visits if visit.phone]
    names = [path.stem.partition("-")[2] for path in sorted(shots.iterdir())]
    names = [name for name in names if name != "connecting"]  # shown as long as the server takes to answer
    trials = [f"trial-{trial.id}" for trial in phone.person.world.plan.forms[PHONE].trials]
    assert names == ["welcome", "consent", "volume", "questions", "instructions", trials[0], "test", *trials[1:], "end"]
