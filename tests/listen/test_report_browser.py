"""The report in a real browser: accessible, no wider than a phone, playable, and quiet."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_core_python.base")

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser of Chromium's family on PATH")
_QUIET = "--disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-gpu"


def test_the_page_is_accessible_and_fits(analysed):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET.split())
        try:
            for kind, language, width, scheme in (
                ("cmos", "es", 390, "dark"),
                ("mos", "en", 1400, "light"),
                ("ab", "es", 768, "light"),
            ):
                page = browser.new_context(
                    offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme
                ).new_page()
                complaints: list[str] = []
                page.on(
                    "console", lambda message, own=complaints: own.append(message.text) if message.type == "error" else None
                )
                page.on("pageerror", lambda error, own=complaints: own.append(str(error)))
                page.on(
                    "request", lambda asked, own=complaints: None if asked.url.startswith("file:") else own.append(asked.url)
                )
                page.goto((analysed(kind)[1].folder / "index.html").as_uri() + f"?lang={language}")
                assert page.evaluate("document.documentElement.lang") == language
                assert page.locator(f"main[lang={language}]").is_visible() and page.locator("main:visible").count() == 1
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (kind, width)
                page.locator("main:visible details summary").first.click()
                page.evaluate(axe.AXE_SCRIPT)
                found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")["violations"]
                serious = {
                    one["id"]: one["nodes"][0]["target"]
                    for one in found
                    if one["impact"] in ("serious", "critical") or "scroll" in one["id"]
                }
                assert serious == {}, (kind, language)
                sound = page.evaluate(
                    """() => new Promise(done => { const one = document.querySelector('main:not([hidden]) audio');
                    one.onloadedmetadata = () => done(one.duration); one.onerror = () => done(-1); one.preload = 'metadata';
                    one.load(); })"""
                )
                assert sound == pytest.approx(0.25, abs=0.01) and complaints == []
                other = "en" if language == "es" else "es"
                page.locator(f"[data-to={other}]").click()
                assert page.locator(f"main[lang={other}]").is_visible() and page.title() in ("Trial", "Prueba")
        finally:
            browser.close()
