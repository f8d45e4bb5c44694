"""The listener's pages in a real browser, opened from disk and without network: every kind, what is recorded, and resumed."""

from __future__ import annotations

import json
import re

import pytest
from axe_core_python.base import AXE_SCRIPT
from driving_listen import LAPTOP, PHONE, opened, shown, walk
from paged import CLOSING, RESPONSES, paged

from ttskit_listen.answers import AnswerFile
from ttskit_listen.plan import KINDS, Completion, Form

CODE = "01-abcdef"
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


def faults(page) -> list[str]:
    """What axe finds on the screen that is shown."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(document, options)", AXE)["violations"]
    return [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]


# Those that other tests here walk through too are left to the nights.
@pytest.mark.parametrize("kind", [pytest.param(one, marks=pytest.mark.slow) if one in ("ab", "mos") else one for one in KINDS])
def test_a_listener_walks_to_the_end(listener_browser, tmp_path, kind):
    test = paged(tmp_path, kind, allow_none=True, closing=(CLOSING,))
    page, watched = opened(listener_browser, test.public / "index.html", listener=CODE, lang="es")
    screens, found = [], []

    def seen(name, state):
        if name == "trial" and name not in screens:
            found.extend(faults(page))
        screens.append(name)

    file = AnswerFile.model_validate(
        walk(page, lambda trial: RESPONSES[kind], questions={"variety": "other", "remarks": "nada"}, seen=seen)
    )
    trials = test.plan().forms[1].trials
    assert [one.trial for one in file.answers] == [one.id for one in trials]
    expected = tuple(RESPONSES[kind]) if kind == "mushra" else RESPONSES[kind]
    assert all(one.response == expected for one in file.answers)
    assert all(one.heard == len(one.plays) == len(trials[0].sounds) and min(one.plays) >= 1 for one in file.answers)
    assert (file.test, file.listener, file.form, file.language) == (test.plan().id, CODE, 1, "es")
    assert file.complete and file.consent and file.began < file.answers[0].at < file.ended
    assert file.questions == {"variety": "other", "remarks": "nada"}
    assert re.fullmatch(r"[a-z]+ \d+", file.browser.name) and (file.browser.width, file.browser.height) == (1280, 800)
    assert screens[:5] == ["welcome", "consent", "volume", "questions", "instructions"]
    assert screens.count("trial") == len(trials) and "test" in screens and screens[-2:] == ["closing", "end"]
    assert page.evaluate("[...ttskit.missing]") == []
    assert found == [] and watched.errors == [] and watched.strange == []
    page.context.close()


def test_a_closed_browser_goes_on_at_the_next_trial(listener_browser, tmp_path):
    test = paged(tmp_path)
    index = test.public / "index.html"
    page, _ = opened(listener_browser, index, listener=CODE, lang="es")
    assert walk(page, lambda trial: 3, stop_after=3) is None
    before = page.evaluate("ttskit.journal.file")
    page.close()
    page, _ = opened(listener_browser, index, listener=CODE, context=page.context)
    screens = []
    file = walk(page, lambda trial: -3, seen=lambda name, state: screens.append((name, state["trial"])))
    trials = [one.id for one in test.plan().forms[1].trials]
    assert screens == [("back", ""), *[("trial", name) for name in trials[3:]], ("end", "")]
    assert file["answers"][:3] == before["answers"] and [one["response"] for one in file["answers"]] == [3, 3, 3, -3, -3]
    assert file["language"] == "es" and file["began"] == before["began"] and file["complete"]
    # one who is done gets the same file again; another listener on the same device begins anew
    page.close()
    page, _ = opened(listener_browser, index, listener=CODE, context=page.context)
    assert walk(page, lambda trial: 1 / 0) == file
    page.close()
    page, _ = opened(listener_browser, index, listener="00-zzzzzz", context=page.context)
    assert shown(page)["screen"] == "welcome"
    page.context.close()


def test_a_second_tab_is_told_and_the_first_one_stops(listener_browser, tmp_path):
    test = paged(tmp_path)
    index = test.public / "index.html"
    first, _ = opened(listener_browser, index, listener=CODE)
    walk(first, lambda trial: 2, stop_after=1)
    second, _ = opened(listener_browser, index, listener=CODE, context=first.context)
    assert shown(second)["screen"] == "taken"
    file = walk(second, lambda trial: 1)
    first.wait_for_selector("[data-screen=lost]")
    assert [one["response"] for one in file["answers"]] == [2, 1, 1, 1, 1]
    first.context.close()


def test_without_a_code_the_page_draws_one_and_keeps_it_after_consent(listener_browser, tmp_path):
    test = paged(tmp_path, "mos", made={"listeners": 3}, questions=())
    index = test.public / "index.html"
    page, _ = opened(listener_browser, index)
    shown(page)
    page.click("#languages [data-to=es]")
    assert page.evaluate("Object.keys(localStorage).filter(key => !key.endsWith('/lock'))") == []
    walk(page, lambda trial: 4, stop_after=1)
    code = page.evaluate("ttskit.page.listener")
    assert re.fullmatch(r"0[0-2]-[a-z0-9]{8}", code)
    page.close()
    page, _ = opened(listener_browser, index, context=page.context)
    file = AnswerFile.model_validate(walk(page, lambda trial: 4))
    assert file.listener == code and file.form == int(code[:2])
    page.context.close()


@pytest.mark.parametrize("listener", ["nonsense", "1-x", "../../x", "01-ABC<script>"])
def test_a_damaged_code_is_told(listener_browser, tmp_path, listener):
    test = paged(tmp_path, made={"sounds": False})
    page, watched = opened(listener_browser, test.public / "index.html", listener=listener)
    assert shown(page)["screen"] == "fault" and watched.errors == []
    page.context.close()


def test_a_browser_that_keeps_nothing_says_so_and_goes_to_the_end(listener_browser, tmp_path):
    test = paged(tmp_path, "mos", questions=())
    context = listener_browser.new_context(locale="en-GB")
    context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('not allowed'); } })")
    page, watched = opened(listener_browser, test.public / "index.html", context=context)
    shown(page)
    assert page.locator("#stage .note").count() == 1
    file = AnswerFile.model_validate(walk(page, lambda trial: 2))
    assert file.complete and watched.errors == []
    context.close()


def test_one_who_declines_leaves_nothing_behind(listener_browser, tmp_path):
    test = paged(tmp_path)
    page, watched = opened(listener_browser, test.public / "index.html", listener=CODE)
    page.click("[data-go=on]")
    page.click("[data-go=no]")
    page.wait_for_selector("[data-screen=declined]")
    assert page.evaluate("localStorage.length") == 0 and watched.errors == []
    page.context.close()


def test_one_who_leaves_may_hand_in_what_there_is_or_erase_it(listener_browser, tmp_path):
    test = paged(tmp_path)
    page, watched = opened(listener_browser, test.public / "index.html", listener=CODE)
    walk(page, lambda trial: 2, stop_after=2)
    page.click("#leave")
    assert faults(page) == []
    with page.expect_download() as download:
        page.click("#leaving [data-go=download]")
    assert download.value.suggested_filename == f"answers-{CODE}.json"
    text = download.value.path().read_text(encoding="utf-8")
    file = AnswerFile.model_validate_json(text)
    assert len(file.answers) == 2 and not file.complete and file.ended == ""
    assert page.input_value("#leaving [data-file]") == text
    page.click("#leaving [data-go=erase]")
    page.wait_for_selector("[data-screen=declined]")
    assert page.evaluate("localStorage.length") == 0 and watched.errors == []
    page.context.close()


@pytest.mark.slow
def test_the_check_for_headphones_is_tried_twice_and_blocks_nobody(listener_browser, tmp_path):
    right = (2, 3, 1, 1, 2, 3)  # five are enough
    test = paged(tmp_path, "mos", headphones=right, questions=(), made={"sentences": 1})
    index = test.public / "index.html"
    screens: list[str] = []
    for code, said, answers, score in (
        ("00-oneoff", lambda number: 1 if number == 0 else right[number], [1, *right[1:]], 5),
        ("00-fails", lambda number: 1, [1] * 12, 2),
    ):
        page, watched = opened(listener_browser, index, listener=code)
        screens.clear()
        walk(page, lambda trial: 3, headphones=said, stop_after=0, seen=lambda name, state: screens.append(name))
        assert page.evaluate("ttskit.journal.file.headphones") == {"answers": answers, "right": score}
        assert screens.count("headphones-failed") == (2 if score < 5 else 0) and watched.errors == []
        page.context.close()
    page, _ = opened(listener_browser, index, listener="00-silent")
    while shown(page)["screen"] != "headphones":
        walk_one(page)
    step = shown(page)["step"]
    page.click("[data-silent]")
    shown(page, after=step)
    file = AnswerFile.model_validate(walk(page, lambda trial: 3))
    assert file.headphones is None and file.complete
    page.context.close()


def walk_one(page) -> None:
    """One screen before the trials, as `walk` does it."""
    state = shown(page)
    if state["screen"] == "volume":
        page.click("[data-sample]")
        page.click("#jspsych-html-slider-response-next:not(:disabled)")
    else:
        page.click("#stage [data-enter]")
    shown(page, after=state["step"])


def test_the_language_may_change_at_any_time(listener_browser, tmp_path):
    test = paged(tmp_path, words={"en": {"instructions": "OWN {minutes}\n\nsecond **bold** <b>"}}, minutes=7.4)
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE, lang="es")

    def seen(name, state):
        spanish = page.inner_text("#stage")
        page.click("#languages [data-to=en]")
        assert page.evaluate("document.documentElement.lang") == "en" and page.inner_text("#stage") != spanish
        if name == "instructions":
            assert "OWN 7" in page.inner_text("#stage") and page.inner_text("#stage strong") == "bold"
        if name == "trial":
            assert "Which one sounds more natural?" in page.inner_text("#stage h1")
        page.click("#languages [data-to=es]")
        assert name == "trial" or page.inner_text("#stage") == spanish

    file = walk(page, lambda trial: 0, seen=seen)
    assert file["language"] == "es" and page.evaluate("[...ttskit.missing]") == []
    page.context.close()


def test_keyboard_alone(listener_browser, tmp_path):
    test = paged(tmp_path, break_every=2)
    page, watched = opened(listener_browser, test.public / "index.html", listener=CODE)
    page.mouse.move(0, 0)
    given = []
    while (state := shown(page))["screen"] != "end":
        name = state["screen"]
        if name == "volume":
            page.keyboard.press("Space")
            page.wait_for_selector("#jspsych-html-slider-response-next:not(:disabled)")
        if name == "questions":
            page.keyboard.press("Tab")
            page.keyboard.press("Space")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Tab")
        if name == "trial":
            page.wait_for_function("!document.querySelector('#stage .answers').disabled")
            if not given:
                for key, slot in (("b", 1), ("a", 0)):
                    page.keyboard.press(key)
                    page.wait_for_selector(f"[data-sound='{slot}'][data-state=playing]")
                    page.wait_for_selector(f"[data-sound='{slot}'][data-state=heard]")
            page.keyboard.press("7")
            page.keyboard.press("ArrowLeft")
            focus = page.evaluate("getComputedStyle(document.activeElement.closest('label')).outlineStyle")
            assert focus == "solid" and page.locator("#stage .next").is_enabled()
            given.append(state["trial"])
        page.keyboard.press("Enter")
        shown(page, after=state["step"])
    file = json.loads(page.input_value("[data-file]"))
    assert [one["response"] for one in file["answers"]] == [2] * len(given) and file["answers"][0]["plays"] == [2, 2]
    assert file["questions"] == {"variety": "other"} and file["complete"] and watched.errors == []
    page.context.close()


@pytest.mark.parametrize(("view", "scheme"), [(PHONE, "dark"), pytest.param(LAPTOP, "light", marks=pytest.mark.slow)])
def test_every_screen_fits_the_window_and_is_read_in_the_dark(listener_browser, tmp_path, view, scheme):
    completion = Completion(code="C0DE-1234", url="https://example.org/done?cc=C0DE")
    test = paged(
        tmp_path, "mushra", headphones=(1,), break_every=1, made={"sentences": 2}, closing=(CLOSING,), completion=completion
    )
    page, watched = opened(
        listener_browser,
        test.public / "index.html",
        listener=CODE,
        lang="es",
        viewport=view,
        color_scheme=scheme,
        has_touch=view is PHONE,
    )
    wide, found, told = [], [], set()

    def seen(name, state):
        if page.evaluate(
            "document.documentElement.scrollWidth > innerWidth || document.querySelector('#stage').scrollWidth > innerWidth"
        ):
            wide.append(name)
        if name not in told:
            found.extend(faults(page))
        told.add(name)

    file = walk(page, lambda trial: RESPONSES["mushra"], headphones=lambda number: 2, seen=seen)
    assert {"headphones", "headphones-failed", "break", "closing", "end"} <= told
    assert wide == [] and found == [] and watched.errors == [] and file["complete"]
    assert page.inner_text("[data-completion]") == "C0DE-1234"
    assert page.get_attribute("[data-completion-url]", "href") == completion.url
    page.context.close()


def test_texts_of_the_plan_are_words_and_never_marks(listener_browser, tmp_path):
    evil = '<img src=x onerror="window.broken=1">\'"&'
    test = paged(tmp_path, "ab", title={"es": evil, "en": evil}, completion=Completion(code=evil, url="javascript:broken=1"))
    plan = test.plan()
    trials = tuple(one.model_copy(update={"text": evil, "ask": evil}) for one in plan.forms[1].trials[:1])
    words = {"en": {"consent": evil, "contact": evil, "thanks": evil}}
    asked = plan.questions[0].model_copy(update={"title": {"en": evil}, "choices": {evil: {"en": evil}}})
    plan = plan.model_copy(update={"forms": (Form(trials=trials),), "words": words, "questions": (asked,)})
    test.write(plan, test.key(), test.design())
    page, watched = opened(listener_browser, test.public / "index.html", listener="00-abcd")
    file = walk(page, lambda trial: "first", questions={})
    assert page.evaluate("window.broken") is None and page.locator("img").count() == 0
    assert file["questions"] == {"variety": evil} and page.inner_text("[data-completion]") == evil
    assert page.locator("[data-completion-url]").count() == 0 and watched.errors == []
    page.context.close()
