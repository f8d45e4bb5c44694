"""A trial of the listener's pages in a real browser: what counts as heard, what is counted, and what goes wrong."""

from __future__ import annotations

from driving_listen import opened, walk
from made_test import tone
from paged import paged

from ttskit_listen.answers import AnswerFile

CODE = "01-abcdef"
# The page's sounds, seen from outside: they are not in the document.
SOUNDS = """
const Real = Audio;
window.made = [];
window.Audio = function (...all) { const one = new Real(...all); made.push(one); return one; };
window.audible = () => made.filter(one => !one.paused && !one.muted).map(one => [one.src.split("/").pop(), one.currentTime]);
"""


def test_answers_count_only_when_every_sound_was_heard_to_its_end(listener_browser, tmp_path):
    test = paged(tmp_path, "ab", questions=())
    for name in test.plan().forms[1].trials[0].sounds:
        tone(test.audio / f"{name}.flac", 300, 0.9)
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE)
    assert walk(page, lambda trial: "first", stop_after=0) is None
    closed = "document.querySelector('#stage .answers').disabled && document.querySelector('#stage .next').disabled"
    page.wait_for_selector("[data-sound='0'][data-heard]")
    page.wait_for_selector("[data-sound='1'][data-state=playing]")
    assert page.evaluate(closed)
    page.wait_for_timeout(250)
    page.click("[data-sound='1']")  # stopped before its end
    page.wait_for_selector("[data-sound='1'][data-state=waiting]")
    assert page.evaluate(closed)
    page.click("[data-sound='1']")
    page.wait_for_function(f"!({closed})")
    page.click("#stage .answers label:has(input[value='first'])")
    page.click("#stage .next")
    answer = page.evaluate("ttskit.journal.file.answers[0]")
    assert (answer["plays"], answer["heard"]) == ([1, 2], 2) and answer["rt_ms"] > 1800
    page.context.close()


def test_a_sound_that_is_stopped_and_begun_anew_at_once_is_heard(listener_browser, tmp_path):
    test = paged(tmp_path, "mos", questions=())
    tone(test.audio / f"{test.plan().forms[1].trials[0].sounds[0]}.flac", 300, 0.9)
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE)
    assert walk(page, lambda trial: 3, stop_after=0) is None
    page.wait_for_selector("[data-sound='0'][data-state=playing]")
    page.evaluate("() => { const one = document.querySelector(\"[data-sound='0']\"); one.click(); one.click(); }")
    page.wait_for_timeout(200)  # what the browser tells of the stop comes after the new beginning
    assert page.get_attribute("[data-sound='0']", "data-state") == "playing"
    page.wait_for_selector("[data-sound='0'][data-heard]", timeout=10_000)
    page.context.close()


def test_the_same_sound_twice_is_two_sounds(listener_browser, tmp_path):
    test = paged(tmp_path)
    same = next(one for one in test.plan().forms[1].trials if one.sounds[0] == one.sounds[1])
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE)
    file = AnswerFile.model_validate(walk(page, lambda trial: 0))
    answer = next(one for one in file.answers if one.trial == same.id)
    assert answer.plays == (1, 1) and answer.heard == 2
    page.context.close()


def test_a_sound_that_cannot_be_loaded_is_told_tried_again_and_recorded(listener_browser, tmp_path):
    test = paged(tmp_path, "mos", questions=())
    trials = test.plan().forms[1].trials
    gold = next(one for one in trials if test.key().roles[one.id].role == "gold")
    sound = test.audio / f"{gold.sounds[0]}.flac"
    content = sound.read_bytes()
    sound.unlink()
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE)
    walk(page, lambda trial: 4, stop_after=trials.index(gold))
    page.wait_for_selector("#stage .trouble:not([hidden])")
    assert page.evaluate("document.querySelector('#stage .answers').disabled")
    sound.write_bytes(content)
    page.click("[data-sound='0']")
    file = AnswerFile.model_validate(walk(page, lambda trial: 5))
    assert file.questions == {"sound_errors": gold.sounds[0]} and file.complete
    assert {one.trial: one.response for one in file.answers}[gold.id] == 5
    page.context.close()


def test_a_limit_of_plays_holds(listener_browser, tmp_path):
    test = paged(tmp_path, "transcribe", plays=2, questions=())
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE)
    walk(page, lambda trial: "", stop_after=0)
    for _ in range(2):
        page.click("[data-sound='0']:not(:disabled)")
        page.wait_for_function("document.querySelector('[data-sound]').dataset.state === 'heard'")
    assert page.is_disabled("[data-sound='0']")
    page.fill("textarea", "dos veces")
    page.click(".next:not(:disabled)")
    assert page.evaluate("ttskit.journal.file.answers[0].plays") == [2]
    page.context.close()


def test_sliders_by_keyboard_and_both_ways_of_leaving_the_middle(listener_browser, tmp_path):
    test = paged(tmp_path, "mushra", questions=())
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE)
    walk(page, lambda trial: [], stop_after=0)
    for key, slot in (("r", 3), ("1", 0), ("2", 1), ("3", 2)):
        page.keyboard.press(key)
        page.wait_for_function("slot => document.querySelector(`[data-sound='${slot}']`).dataset.heard !== undefined", arg=slot)
    page.keyboard.press("Space")  # on the button of the third: stops it
    assert page.locator("[data-state=playing]").count() == 0 and page.is_disabled(".next")
    page.focus("[data-slider='0']")
    page.keyboard.press("End")
    page.focus("[data-slider='1']")
    page.keyboard.press("Enter")
    assert page.is_disabled(".next")
    page.focus("[data-slider='2']")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    answer = page.evaluate("ttskit.journal.file.answers[0]")
    assert answer["response"] == [100, 50, 51] and answer["plays"] == [1, 1, 1] and answer["heard"] == 3
    page.context.close()


def test_going_to_another_version_keeps_the_place_in_time(listener_browser, tmp_path):
    test = paged(tmp_path, "mushra", questions=())
    trial = test.plan().forms[1].trials[0]
    for name in {*trial.sounds, trial.reference}:
        tone(test.audio / f"{name}.flac", 300, 1.6)
    context = listener_browser.new_context(locale="en-GB")
    context.add_init_script(SOUNDS)
    page, _ = opened(listener_browser, test.public / "index.html", listener=CODE, context=context)
    walk(page, lambda trial: [], stop_after=0)
    page.click("[data-sound='3']")
    page.wait_for_function("audible().some(([, time]) => time > 0.5)", polling=20)
    heard = page.evaluate("() => { document.querySelector(`[data-sound='0']`).click(); return audible(); }")
    assert [name for name, _ in heard] == [f"{trial.sounds[0]}.flac"] and 0.4 < heard[0][1] < 1.4
    assert page.evaluate("made.filter(one => !one.paused).length") == 4
    # its end came, not yet its beginning
    page.wait_for_function("audible()[0][1] < 0.3", polling=20)
    assert page.locator("[data-heard]").count() == 0
    page.wait_for_selector("[data-sound='0'][data-heard]")
    context.close()
