"""What drives a listener's pages in a real browser: screens are found and touched as a listener would, by what is on the page.

    with listening() as browser:
        page, watched = opened(browser, test.public / "index.html", listener="00-abcd")
        file = walk(page, answer)  # answer(trial) -> response

`walk` goes from whatever screen is shown to the last one and hands back the answer file that the listener would send.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

__all__ = ["CHROMIUM", "LAPTOP", "PHONE", "Watched", "chromium", "listening", "opened", "shown", "walk"]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
_QUIET = (
    "--disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-gpu --mute-audio"
    " --disable-quic --disable-backgrounding-occluded-windows --disable-renderer-backgrounding"
).split()
_WAIT_MS = 30_000

_STATE = """() => {
  const stage = document.querySelector("#stage"), step = stage.dataset.step || "";
  const trial = stage.querySelector("[data-trial]"), screen = stage.querySelector("[data-screen]");
  if (trial) return { step, screen: "trial", trial: trial.dataset.trial };
  return screen && screen.dataset.screen !== "connecting" ? { step, screen: screen.dataset.screen, trial: "" } : null;
}"""
_TRIAL = "id => ttskit.page.plan.forms[ttskit.page.form].trials.find(one => one.id === id)"
_OPEN = "() => { const answers = document.querySelector('#stage .answers'); return answers && !answers.disabled; }"


class Watched:
    """What a page complained of.

    Attributes:
        errors: errors of its console and of its script.
        strange: addresses that it asked for and that are neither files nor the server's own (`home`).
    """

    def __init__(self, page: Page, home: str = "") -> None:
        self.errors: list[str] = []
        self.strange: list[str] = []
        own = ("file:", "data:", "blob:", *([home] if home else []))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(own) else self.strange.append(request.url))


def chromium() -> str | None:
    """Path of an installed browser of Chromium's family; None if there is none on PATH."""
    return next((found for name in CHROMIUM if (found := shutil.which(name))), None)


@contextmanager
def listening() -> Iterator[Browser]:
    """A browser; each `opened` is a listener of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_QUIET)
        try:
            yield browser
        finally:
            browser.close()


def opened(
    browser: Browser, place: Path | str, *, listener: str = "", lang: str = "", context: Any = None, **options: Any
) -> tuple[Page, Watched]:
    """A page of the test.

    Args:
        place: index.html on disk, or the address of a server.
        listener, lang: of the link; "" leaves them out.
        context: a browser context that had the test open before (what was kept is still there); else a new one is made.
        options: of a new context, as `viewport`, `locale`.
    """
    if context is None:
        context = browser.new_context(**{"viewport": LAPTOP, "locale": "en-GB", **options})
    page = context.new_page()
    page.set_default_timeout(_WAIT_MS)
    address = place.as_uri() if isinstance(place, Path) else place
    watched = Watched(page, "" if isinstance(place, Path) else address.split("?")[0].rsplit("/", 1)[0])
    asked = {name: value for name, value in (("listener", listener), ("lang", lang)) if value}
    joint = "&" if "?" in address else "?"
    page.goto(f"{address}{joint}{urlencode(asked)}" if asked else address, wait_until="load")
    return page, watched


def shown(page: Page, *, after: str | None = None) -> dict[str, str]:
    """Which screen is shown: {"step", "screen", "trial"}; waits for one, and for another step than `after`."""
    test = (
        f"after => {{ const state = ({_STATE})(); return state && (after === null || state.step !== after) ? state : false; }}"
    )
    return page.wait_for_function(test, arg=after, timeout=_WAIT_MS, polling=30).json_value()


def walk(
    page: Page,
    answer: Callable[[dict[str, Any]], Any],
    *,
    questions: Mapping[str, str] | None = None,
    headphones: Callable[[int], int] | None = None,
    stop_after: int | None = None,
    seen: Callable[[str, dict[str, Any]], None] | None = None,
) -> dict[str, Any] | None:
    """Go through the test.

    Args:
        answer: gives the response to a trial (id, practice, sounds, reference, text, ask), as answers.Answer has it.
        questions: answers by name; a question that is not named gets its first choice, or "-".
        headphones: which tone is said to be the softest, 1–3, by the number of the trial (0, 1, …); None says the right one.
        stop_after: leave after so many trials of this walk, with the browser as it is; then None is given back.
        seen: called with the name and the state of each screen once it is there (to look at it, say).

    Returns:
        The answer file: what the listener downloads, or on a server what the page has sent.
    """
    done, state = 0, shown(page)
    while True:
        name = state["screen"]
        if seen is not None:
            seen(name, state)
        if name == "end":
            return _file(page)
        if name == "trial":
            if stop_after is not None and done >= stop_after:
                return None
            trial = page.evaluate(_TRIAL, state["trial"])
            answer_trial(page, trial, answer(trial))
            done += 1
        elif name in ("questions", "closing"):
            _fill(page, questions or {})
        elif name == "volume":
            page.click("[data-sample]")
            page.click("#jspsych-html-slider-response-next:not(:disabled)")
        elif name == "headphones":
            number = int(page.evaluate("JSON.parse(document.querySelector('#stage .where [data-say]').dataset.values).n")) - 1
            right = page.evaluate("index => ttskit.page.plan.headphones[index]", number)
            page.click(f"#stage [data-choice='{(headphones(number) if headphones else right) - 1}']:not([disabled])")
        elif name == "consent":
            page.click("[data-go=yes]")
        elif name == "taken":
            page.click("[data-go=here]")
        elif page.locator("#stage [data-go=on]").count():
            page.click("#stage [data-go=on]")
        else:
            raise AssertionError(f"the page stands at {name!r}: {page.inner_text('#stage')}")
        state = shown(page, after=state["step"])


def answer_trial(page: Page, trial: Mapping[str, Any], response: Any) -> None:
    """Hear one trial and answer it."""
    kind = page.get_attribute("#stage [data-trial]", "data-kind")
    if kind == "mushra":
        slots = range(len(trial["sounds"]) + bool(trial["reference"]))
        for slot in reversed(slots):  # the reference first
            page.click(f"#stage [data-sound='{slot}']")
            page.wait_for_function(
                "slot => document.querySelector(`#stage [data-sound='${slot}']`).dataset.heard !== undefined",
                arg=slot,
                polling=30,
            )
        for slot, score in enumerate(response):
            slider = page.locator(f"#stage [data-slider='{slot}']")
            if str(score) == slider.input_value():
                slider.press("Enter")
            else:
                slider.fill(str(score))
    else:
        if kind == "transcribe":
            page.click("#stage [data-sound='0']")
        page.wait_for_function(_OPEN, polling=30)
        if kind == "transcribe":
            page.fill("#stage textarea", str(response))
        else:
            page.click(f"#stage .answers label:has(input[value='{response}'])")
    page.click("#stage .next:not(:disabled)")


def _fill(page: Page, answers: Mapping[str, str]) -> None:
    asked = page.eval_on_selector_all("#stage .question [name]", "all => [...new Set(all.map(one => one.name))]")
    for name in asked:
        radio = page.locator(f"#stage .question input[type=radio][name='{name}']")
        if radio.count():
            chosen = answers.get(name, radio.first.get_attribute("value"))
            values = radio.evaluate_all("all => all.map(one => one.value)")
            radio.nth(values.index(chosen)).check()
        else:
            page.fill(f"#stage .question [name='{name}']", answers.get(name, "-"))
    page.click("#jspsych-survey-html-form-next")


def _file(page: Page) -> dict[str, Any]:
    if page.evaluate("Boolean(ttskit.page.mode.server)"):
        page.wait_for_selector("[data-screen=end][data-sent=true]")
        return page.evaluate("ttskit.journal.file")
    with page.expect_download() as download:
        page.click("#stage [data-go=download]")
    path = download.value.path()
    return json.loads(Path(path).read_text(encoding="utf-8"))
