"""What drives the page in a real browser: an installed Chromium, and what a reader would touch (`drive.js`)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

__all__ = ["CHROMIUM", "DRIVE", "Watched", "chromium", "opened", "printed_pages"]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
DRIVE = (Path(__file__).resolve().parent / "drive.js").read_text(encoding="utf-8")
# Nothing of the browser's own that would look for a network.
_QUIET = "--disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-gpu"


def chromium() -> str | None:
    """Path of an installed browser of Chromium's family; None if there is none on PATH."""
    return next((found for name in CHROMIUM if (found := shutil.which(name))), None)


class Watched:
    """A page and what it complained of.

    Args:
        page: before it opened anything.

    Attributes:
        errors: errors of its console and of its script.
        strange: addresses that it asked for and that are not on the disk.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.strange: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asked)

    def _asked(self, request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.strange.append(request.url)


@contextmanager
def opened(path: str, **context) -> Iterator[Watched]:
    """A browser with one page, without network; `context` as for `Browser.new_context`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET.split())
        try:
            yield Watched(browser.new_context(offline=True, **context).new_page())
        finally:
            browser.close()


def printed_pages(pdf: bytes) -> int:
    """Pages of a PDF that a browser printed."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
