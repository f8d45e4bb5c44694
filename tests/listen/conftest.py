"""One browser for all tests of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving_listen import CHROMIUM, chromium, listening
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def listener_browser() -> Iterator[Browser]:
    """An installed Chromium; each page that a test opens is a listener of its own."""
    if chromium() is None:
        pytest.skip(f"no browser on PATH: {', '.join(CHROMIUM)}")
    with listening() as browser:
        yield browser
