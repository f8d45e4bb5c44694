"""The pages of a listening test: copied into its public folder, with the libraries that they stand on."""

from __future__ import annotations

from ttskit_listen.folder import TestFolder

__all__ = ["write_pages"]


def write_pages(test: TestFolder) -> None:
    """Put index.html, listen.js, listen.css, words.js and vendor/ beside the plan and the sounds in `test.public`."""
    raise NotImplementedError
