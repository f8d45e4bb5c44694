"""Simulated people in a real browser: many at once, each in a window of their own, who click what a person would click.

What they answer is `simulated.Person`'s, the same that a rehearsal writes into files. All is asynchronous: the sounds of one
are heard while another answers, so that a whole test takes little longer than one listener.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from ttskit.reading import read_json
from ttskit_listen.answers import AnswerFile
from ttskit_listen.simulated import Person

__all__ = ["QUIET", "Visit", "visited"]

# Nothing of the browser's own that would look for a network; sounds go nowhere.
QUIET = (
    "--disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-gpu --mute-audio"
).split()
_PATIENCE_MS = 90_000
_SILENCE_S = 25.0  # after which a person presses play once more
_PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
# What is on the page ("trial NAME", or a screen's name) and the number of the step, once that is another step than before, and
# once a trial's sounds have been heard; how many titles are seen, and by how much it is too wide.
_NEXT = """before => new Promise(done => {
  const look = () => {
    const stage = document.querySelector('#stage'), step = stage.dataset.step || '';
    const trial = stage.querySelector('.trial'), screen = stage.querySelector('[data-screen]');
    const seen = trial ? `trial ${trial.dataset.trial}` : screen ? screen.dataset.screen : '';
    const ready = seen && `${step} ${seen}` !== before && !(trial && trial.querySelector('.answers[disabled]'));
    const titles = [...stage.querySelectorAll('h1')].filter(node => node.checkVisibility()).length;
    const over = document.documentElement.scrollWidth - innerWidth;
    if (ready) done([`${step} ${seen}`, seen, titles, over]); else setTimeout(look, 40);
  };
  look();
})"""


@dataclass
class Visit:
    """One listener's way through a test.

    Args:
        person: who, and so what is answered.
        url: of index.html, with the code.
        phone: a small window that is touched.
        keys: by keyboard only, from the first trial on.
        closes_after: answers after which the browser is closed, and opened again.
        served: whether answers go to a server; else a file is downloaded at the end.

    Attributes:
        errors: of the page's script and console.
        silent: trials whose sounds had to be begun by hand, with how the players stood.
    """

    person: Person
    url: str
    phone: bool = False
    keys: bool = False
    closes_after: int | None = None
    served: bool = False
    errors: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    @property
    def window(self) -> dict[str, Any]:
        """As for `Browser.new_context`."""
        if self.phone:
            touched = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2, "user_agent": _PHONE}
            return {"viewport": {"width": 390, "height": 700}, "locale": "es-AR", **touched}
        return {"viewport": {"width": 1280, "height": 800}, "locale": "es-AR"}


async def visited(
    browser: Browser, visit: Visit, folder: Path, reopen: Callable[[], Any] | None = None, shots: Path | None = None
) -> AnswerFile | None:
    """Go through a test; what was downloaded, or None where a server has it.

    Args:
        browser: a window of it is opened.
        folder: for the download.
        reopen: opens a browser with a memory of its own (`launch_persistent_context`), for one who closes it.
        shots: a folder for pictures of the phone's screens.
    """
    if visit.closes_after is None:
        context = await browser.new_context(**visit.window)
    else:
        assert reopen is not None
        context = await reopen()
    page = await _opened(context, visit)
    try:
        if visit.closes_after is not None:
            await _walk(page, visit, answers=visit.closes_after, shots=None)
            await context.close()
            context = await reopen()
            page = await _opened(context, visit)
        await _walk(page, visit, answers=None, shots=shots)
        if visit.served:
            await page.locator('[data-screen="end"][data-sent="true"]').wait_for(timeout=_PATIENCE_MS)
            return None
        async with page.expect_download() as waiting:
            await page.locator('[data-go="download"]').click()
        download = await waiting.value
        path = folder / download.suggested_filename
        await download.save_as(path)
        return read_json(path, AnswerFile)
    finally:
        await context.close()


async def _opened(context: BrowserContext, visit: Visit) -> Page:
    context.set_default_timeout(_PATIENCE_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("console", lambda told: visit.errors.append(told.text) if told.type == "error" else None)
    await page.goto(visit.url)
    return page


async def _walk(page: Page, visit: Visit, answers: int | None, shots: Path | None) -> None:
    """From where the page stands to its end, or until so many answers were given."""
    trials = {trial.id: trial for trial in visit.person.world.plan.forms[_form(visit)].trials}
    step, given = "", 0
    while True:
        step, seen, titles, over = await _next(page, visit, step)
        if titles != 1:
            visit.errors.append(f"{seen}: {titles} titles on one screen")
        if over > 0:
            visit.errors.append(f"{seen}: {over} pixels wider than the window")
        if shots is not None:
            await page.screenshot(path=shots / f"{len(list(shots.iterdir())):02d}-{seen.replace(' ', '-')}.png")
        if seen == "end":
            return
        if not seen.startswith("trial "):
            await _screen(page, visit, seen)
            continue
        if given == answers:
            return
        response = visit.person.answer(trials[seen.removeprefix("trial ")])
        await _answer(page, visit, response)
        given += 1


async def _next(page: Page, visit: Visit, step: str) -> tuple[str, str, int, int]:
    """The next screen, ready; sounds that do not begin by themselves are begun, as the page says."""
    for _ in range(3):
        waiting = asyncio.ensure_future(page.evaluate(_NEXT, step))
        done, _ = await asyncio.wait([waiting], timeout=_SILENCE_S)
        if done:
            return tuple(waiting.result())
        waiting.cancel()
        players = await page.evaluate("[...document.querySelectorAll('#stage .player')].map(one => one.dataset.state)")
        visit.silent.append(f"after {step}: {players}")
        if await page.locator("#stage [data-space]:enabled").count():
            await _press(page, visit, "[data-space]")
    raise AssertionError(f"{visit.person.code} waits for ever: {visit.silent}")


def _form(visit: Visit) -> int:
    return int(visit.person.code.partition("-")[0]) % len(visit.person.world.plan.forms)


async def _answer(page: Page, visit: Visit, response: object) -> None:
    value = page.locator(f'.trial .answers input[value="{response}"]')
    if visit.keys:
        await page.keyboard.press(str(await value.get_attribute("data-key")))
        await page.keyboard.press("Enter")
        return
    await _press(page, visit, f'.trial .answers label:has(input[value="{response}"])')
    await _press(page, visit, ".trial .next:enabled")


async def _press(page: Page, visit: Visit, selector: str) -> None:
    target = page.locator(f"#stage {selector}")
    await (target.tap() if visit.phone else target.click())


async def _screen(page: Page, visit: Visit, name: str) -> None:
    """One screen that is not a trial."""
    if name == "volume":
        await _press(page, visit, "[data-sample]")
        await _press(page, visit, "#jspsych-html-slider-response-next:enabled")
    elif name in ("questions", "closing"):
        for question, answer in visit.person.questions().items():
            choice = page.locator(f'#stage label:has(input[name="{question}"][value="{answer}"])')
            if await choice.count():
                await (choice.tap() if visit.phone else choice.click())
        await _press(page, visit, "#jspsych-survey-html-form-next")
    else:  # "taken": a browser that was closed a moment ago may still seem to be open
        await _press(page, visit, f'[data-go="{ {"consent": "yes", "taken": "here"}.get(name, "on") }"]')
