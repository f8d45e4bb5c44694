"""The report of a study: page, data, tables and archive, from whatever of the study there is."""

from __future__ import annotations

import shutil
from pathlib import Path

from ttskit.corpus.storage import write_json
from ttskit.errors import UsageError
from ttskit.messages import LANGUAGES
from ttskit.messages import language as readers_language
from ttskit_study.analysis import analyse
from ttskit_study.collected import collect
from ttskit_study.export import write_archive, write_effects, write_latex, write_measurements
from ttskit_study.layout import StudyFolder
from ttskit_study.page import write_page
from ttskit_study.samples import copy_samples

__all__ = ["ARCHIVE", "write_report"]

ARCHIVE = "study.zip"
_DATA = ("results.json", "measurements.csv", "effects.csv", "effects.tex", ARCHIVE)


def write_report(
    folder: Path | str, *, out: Path | str | None = None, language: str | None = None, blind: bool = False, mixed: bool = True
) -> Path:
    """Write the report of a study, complete or not.

    Args:
        folder: the study.
        out: folder of the report; report/ in the study by default. Its audio/ is made anew.
        language: "en" or "es"; by default both are on the page, with a switch.
        blind: the players of the page start with hidden names.
        mixed: whether the mixed model is fitted beside the intervals, where statsmodels is installed.

    Returns:
        The page, index.html. Beside it: results.json, measurements.csv, effects.csv, effects.tex, audio/ and study.zip.

    Raises:
        CheckpointError: the folder is no study.
        UsageError: an unknown language.
    """
    if language is not None and language not in LANGUAGES:
        raise UsageError(f"unknown language {language!r}", f"there are {', '.join(LANGUAGES)}", "name one of these, or none")
    study = collect(folder)
    place = Path(out) if out is not None else StudyFolder(study.folder).report
    place.mkdir(parents=True, exist_ok=True)
    content = analyse(study, mixed=mixed)
    write_json(place / "results.json", content)  # before the page: a template costs no number
    write_measurements(study, place / "measurements.csv")
    write_effects(content, place / "effects.csv")
    write_latex(content, place / "effects.tex")
    shutil.rmtree(place / "audio", ignore_errors=True)
    samples = copy_samples(study, place)
    languages = (language,) if language is not None else LANGUAGES
    first = language or readers_language()
    page = write_page(place, content, samples, languages=languages, first=first, blind=blind, named=_DATA)
    write_archive(study, place, place / ARCHIVE)
    return page
