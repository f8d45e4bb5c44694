"""The page in Firefox: another engine for scripts, MathML, colours and sound."""

from __future__ import annotations

import pytest
from driving import DRIVE
from marionette import FIREFOX, firefox, opened_firefox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(firefox() is None, reason=f"no browser on PATH: {', '.join(FIREFOX)}"),
]


@pytest.fixture(scope="module")
def browser(made):
    path = firefox()
    assert path is not None
    with opened_firefox(path) as found:
        found.ask("WebDriver:Navigate", {"url": made.report.page.as_uri()})
        found.run(
            "(window.complaints = [], ['error', 'warn'].forEach(kind => { console[kind] = (...said) => complaints.push(said.join(' ')); }),"
            " addEventListener('error', event => complaints.push(event.message)), ttskit.all())"
        )
        yield found


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_control_changes_what_its_figure_shows(browser, language):
    browser.run(f"ttskit.speak('{language}')")
    found = browser.run(f"{DRIVE}()")
    assert found.pop("figures") > 0 and found.pop("touched") >= 0
    assert {kind: what for kind, what in found.items() if what} == {}
    assert browser.run("complaints") == []


def test_formulas_are_drawn_as_formulas(browser):
    """A fraction whose numerator stands above its denominator is MathML that was understood."""
    found = browser.run(
        "[...document.querySelectorAll('mfrac')].filter(one => one.getClientRects().length).map(one => "
        "[...one.children].map(part => part.getBoundingClientRect().top))"
    )
    assert all(above < below for above, below in found)
    assert browser.run("document.querySelectorAll('merror').length") == 0


def test_every_sound_of_the_page_can_be_decoded(browser, made):
    for path in sorted((made.folder / "audio").iterdir()):
        said = browser.run(
            f"new Promise(done => {{ const sound = new Audio('audio/{path.name}'); "
            "sound.onloadedmetadata = () => done(sound.duration); sound.onerror = () => done('no'); })"
        )
        assert isinstance(said, (int, float)) and said > 0, path.name


def test_nothing_is_wider_than_the_window(browser):
    assert browser.run("document.documentElement.scrollWidth - innerWidth") <= 0
