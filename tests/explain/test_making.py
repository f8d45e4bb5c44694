"""The page as a whole."""

from __future__ import annotations


def test_a_page_is_made_of_two_runs(made):
    assert made.report.page == made.folder / "index.html"
    assert made.report.failed == {}
    assert (made.folder / "data" / "reading.js").is_file()
