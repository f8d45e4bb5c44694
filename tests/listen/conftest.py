"""One browser for all tests of the pages; a small test of every kind with answers, and its report, made once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from answering import answered, write_answers
from driving_listen import CHROMIUM, chromium, listening
from made_test import made_test
from plain_statistics import plain_statistics
from playwright.sync_api import Browser

from ttskit_listen.report import page as reports


@pytest.fixture(scope="module")  # no longer: an event loop of its own runs beside it, and others need theirs
def listener_browser() -> Iterator[Browser]:
    """An installed Chromium; each page that a test opens is a listener of its own."""
    if chromium() is None:
        pytest.skip(f"no browser on PATH: {', '.join(CHROMIUM)}")
    with listening() as browser:
        yield browser


def plain_errors(registry):
    """Words of the one that the other has not, and how many there were."""
    return lambda said, got: (float(len(set(said.lower().split()) - set(got.lower().split()))), len(said.split()))


@pytest.fixture(scope="session")
def analysed(tmp_path_factory):
    """analysed("cmos") -> (test, analysis): twelve listeners, one of them hasty, and a file that is not whole."""
    made: dict[str, tuple] = {}
    folder = tmp_path_factory.mktemp("analysed")

    def call(kind: str):
        if kind not in made:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(reports, "statistics_of", plain_statistics)
                patch.setattr("ttskit_listen.answered.judging._word_errors", plain_errors)
                test = made_test(folder / kind, kind, listeners=6, sentences=4)
                write_answers(test, 12)
                hasty = answered(test.plan(), test.key(), 0, seed=9, rt_ms=1)
                (test.answers / "hasty.json").write_text(json.dumps(hasty))
                (test.answers / "broken.json").write_text("{")
                made[kind] = test, reports.analyse_test(test)
        return made[kind]

    return call
