"""The page in a real browser, opened from disk and without network: what it draws, says and plays, and how it is touched."""

from __future__ import annotations

import time

import pytest
from axe_core_python.base import AXE_SCRIPT
from driving import CHROMIUM, DRIVE, Watched, chromium, opened, printed_pages

pytestmark = pytest.mark.skipif(chromium() is None, reason=f"no browser on PATH: {', '.join(CHROMIUM)}")
VIEW = {"width": 1400, "height": 900}


@pytest.fixture(scope="module")
def browser(made):
    """One browser, one page, every section loaded."""
    path = chromium()
    assert path is not None
    with opened(path, viewport=VIEW, locale="es-AR") as watched:
        started = time.perf_counter()
        watched.page.goto(made.report.page.as_uri(), wait_until="load")
        watched.opened_s = time.perf_counter() - started
        watched.page.evaluate("ttskit.all()")
        yield watched


@pytest.fixture
def watched(browser) -> Watched:
    """The page as it was at first, at the top."""
    page = browser.page
    page.set_viewport_size(VIEW)
    page.emulate_media(media="screen", color_scheme="light")
    page.evaluate("document.documentElement.classList.contains('presenting') && document.querySelector('[data-leave]').click()")
    page.evaluate("ttskit.speak('es'); scrollTo(0, 0)")
    return browser


def test_it_opens_from_disk_without_network(watched, record_property):
    record_property("opened_s", round(watched.opened_s, 2))  # a machine's own; never asserted
    assert watched.strange == []
    assert watched.page.evaluate("document.querySelectorAll('main > section').length") >= 1
    assert watched.errors == []


def test_both_languages_have_every_word_that_a_figure_says(watched):
    for language in ("en", "es"):
        watched.page.evaluate("language => ttskit.speak(language)", language)
    assert watched.page.evaluate("[...ttskit.missing]") == []
    assert watched.errors == []


def test_every_control_changes_what_its_figure_shows(watched):
    found = watched.page.evaluate(f"{DRIVE}()")
    assert found.pop("figures") > 0 and found.pop("touched") >= 0
    assert {kind: what for kind, what in found.items() if what} == {}
    assert watched.errors == []


def test_a_sound_plays_and_stops_the_one_before(watched):
    page = watched.page
    players = page.locator("button.player:visible")
    assert players.count() > 0
    players.first.click()
    page.wait_for_function("(sound => sound.currentTime > 0.05 || sound.ended)(document.querySelector('button.player').sound)")
    assert page.evaluate("document.querySelector('button.player').sound.error") is None
    assert players.first.get_attribute("data-playing") == "true"
    page.evaluate("ttskit.redraw()")  # a figure that is drawn anew still has the button that stops what it began
    assert players.first.get_attribute("data-playing") == "true"
    players.first.click()
    page.wait_for_function("document.querySelector('button.player').dataset.playing === 'false'")


def test_every_sound_of_the_page_can_be_decoded(watched, made):
    files = sorted(path.name for path in (made.folder / "audio").iterdir())
    bad = watched.page.evaluate(
        """async names => (await Promise.all(names.map(name => new Promise(done => {
            const sound = new Audio(`audio/${name}`);
            sound.onloadedmetadata = () => done(sound.duration > 0 ? null : name);
            sound.onerror = () => done(name);
        })))).filter(Boolean)""",
        files,
    )
    assert files and bad == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(watched, scheme):
    page = watched.page
    page.emulate_media(color_scheme=scheme)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    # Contrast is what changes in the dark. What is inside of a picture is not told: that it has a name, `drive.js` looks at.
    options = {"resultTypes": ["violations"]} | ({"runOnly": ["color-contrast"]} if scheme == "dark" else {})
    found = page.evaluate("options => axe.run({ exclude: [['.drawn svg']] }, options)", options)["violations"]
    serious = {
        one["id"]: [node["target"] for node in one["nodes"]][:5] for one in found if one["impact"] in ("serious", "critical")
    }
    assert serious == {}


@pytest.mark.parametrize("width", [1400, 768, 390])
def test_nothing_is_wider_than_the_window(watched, width):
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(250)  # figures follow the width with a delay
    wide = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(node => node.getClientRects().length
            && node.getBoundingClientRect().right > innerWidth + 1
            && !node.closest(".equation, .numbers, .contents, .skip, [data-scrolls]"))
            .map(node => `${(node.closest("[id]") || node).id} ${node.tagName} ${node.getAttribute("class") || ""}`)"""
    )
    assert wide[:5] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_keyboard_reaches_and_reads_a_picture(watched):
    page = watched.page
    heat = page.locator(".heat[tabindex]").first
    heat.focus()
    said = heat.locator("xpath=following-sibling::*[contains(@class, 'readout')]")
    read = [said.text_content()]
    for key in ("ArrowRight", "ArrowUp", "ArrowDown"):  # at an edge one of the last two stays where it is
        page.keyboard.press(key)
        read.append(said.text_content())
    assert read[1] != read[0] and len(set(read)) >= 3
    page.locator("[data-to=es]").focus()
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.closest('figure') ? 'figure' : document.activeElement.tagName"))
    assert {"BUTTON", "A", "figure"} <= set(seen)


def test_the_language_is_kept_in_the_address(watched, made):
    page = watched.page
    page.click("[data-to=en]")
    assert page.evaluate("document.documentElement.lang") == "en" and page.url.endswith("/en")
    card = page.evaluate("[...document.querySelectorAll('.card')].pop().id")
    page.evaluate("localStorage.clear()")
    page.goto(f"{made.report.page.as_uri()}#{card}/en")
    page.reload()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.evaluate("ttskit.all()")  # figures above are drawn, and the card stays where it is
    page.wait_for_function(
        "id => { const top = document.getElementById(id).getBoundingClientRect().top; return top > -50 && top < innerHeight; }",
        arg=card,
    )
    page.click("[data-to=es]")
    assert "/en" not in page.url
    page.evaluate("ttskit.all()")
    assert watched.errors == []


def test_contents_mark_where_the_reader_is(watched):
    page = watched.page
    card = page.evaluate("[...document.querySelectorAll('.card')].pop().id")
    page.evaluate(
        "id => { const card = document.getElementById(id); scrollTo({top: card.offsetTop + 5, behavior: 'instant'}); }", card
    )
    page.wait_for_timeout(80)
    assert page.evaluate("document.querySelector('.contents [aria-current=location]').hash") == f"#{card}"
    page.set_viewport_size({"width": 390, "height": 900})
    assert not page.locator("#contents-list").is_visible()
    page.click(".contents .fold")
    assert page.locator("#contents-list").is_visible()
    page.click(".contents .fold")


def test_one_card_at_a_time_for_a_projector(watched):
    page = watched.page
    count = page.locator("main .card").count()
    width = "document.querySelector('.card.now canvas, .card:has(.heat canvas) canvas').getBoundingClientRect().width"
    small = page.evaluate(width)
    card = page.evaluate("document.querySelector('.card:has(.heat canvas)').id")
    page.evaluate("id => { location.hash = id; }", card)
    page.wait_for_function("id => document.getElementById(id).getBoundingClientRect().top < 50", arg=card)
    page.keyboard.press("p")
    assert page.locator("main .card:visible").get_attribute("id") == card
    page.wait_for_function(f"small => {width} > small * 1.1", arg=small)  # drawn anew, larger
    assert page.locator("main .card:visible").count() == 1 and not page.locator(".contents").is_visible()
    page.keyboard.press("Home")
    first = page.locator("main .card:visible").get_attribute("id")
    assert page.locator(".stage .place").text_content() == f"1 / {count}"
    page.keyboard.press("PageDown")
    assert (page.locator("main .card:visible").get_attribute("id") == first) == (count == 1)
    page.keyboard.press("ArrowLeft")
    assert page.locator("main .card:visible").get_attribute("id") == first
    page.keyboard.press("Escape")
    assert page.locator("main .card:visible").count() == count
    page.wait_for_function(f"small => Math.abs({width} - small) < 2", arg=small)
    assert watched.errors == []


def test_it_opens_where_nothing_can_be_stored(watched, made):
    page = watched.page.context.new_page()
    other = Watched(page)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })")
    page.goto(made.report.page.as_uri())
    page.click("[data-to=en]")
    page.click("[data-theme-button]")
    page.wait_for_function("document.querySelector('.drawn').dataset.ready === 'true'")
    assert page.evaluate("document.documentElement.lang + document.documentElement.dataset.theme") == "endark"
    assert other.errors == []
    page.close()


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_hand_out_is_one_sheet_of_paper(watched, language):
    page = watched.page
    page.evaluate("language => { ttskit.speak(language); document.documentElement.classList.add('handout-only'); }", language)
    try:
        page.emulate_media(media="print")
        assert page.locator("main .card:visible").evaluate_all("cards => cards.map(card => card.id)") == ["questions.handout"]
        assert printed_pages(page.pdf(format="A4", print_background=True)) == 1
    finally:
        page.evaluate("document.documentElement.classList.remove('handout-only')")


def test_only_what_is_no_sound_is_drawn_as_an_edge(watched):
    short = watched.page.evaluate("['<edge>', 'ˈaɪ̯', '<', ' ', 'a'].map(ttskit.ui.short)")
    assert short == ["‖", "ˈaɪ̯", "<", "␣", "a"]
